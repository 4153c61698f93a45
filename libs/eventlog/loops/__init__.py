"""What runs for ever: readers, writers, doors, reactions and duties, and how far each of them has come."""
