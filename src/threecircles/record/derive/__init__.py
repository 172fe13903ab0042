"""What follows from the record: pure functions from tables to a table, equal on every engine."""
