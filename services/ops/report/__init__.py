"""How well promises were kept and how long cycles took, counted for a span of days."""
