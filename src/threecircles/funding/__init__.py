"""Floor 5: what is spent, what things cost, and who needs what share."""
