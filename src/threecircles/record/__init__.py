"""Floor 4: one child's history in one language. Without it each room would read thirty sources its own way."""
