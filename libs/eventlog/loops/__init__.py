"""What runs for ever: readers, writers, doors, reactions, duties, and who knows how far each of them is."""
