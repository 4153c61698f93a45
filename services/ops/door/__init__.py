"""What people say at doors: samples, seeds, orders about notices and persons, and what no door could take."""
