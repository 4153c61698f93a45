"""What people send to doors: samples, seeds, orders about notices and persons; and what no door could take."""
