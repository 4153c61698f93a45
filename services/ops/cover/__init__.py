"""Who is under cover, as intake decides it at its door, in words and as JSON."""
