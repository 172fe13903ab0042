"""Floor 0: what every room stands on. Without it each would count, date and round in its own way."""
