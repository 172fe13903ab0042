"""Floor 2: files of any dress become typed tables, and every problem is kept in words."""
