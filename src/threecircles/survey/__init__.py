"""Floor 5: asking children and families how they are, and turning answers into figures that can be defended."""
