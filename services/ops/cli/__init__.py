"""How a person speaks to `olcare`: where things are, what is typed, and how it answers."""
