"""A client of the doors: publish as an upstream system would, and wait for the receipts."""
