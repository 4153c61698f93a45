"""The other side of a door: say something there as an upstream system would, and wait for the receipts."""
