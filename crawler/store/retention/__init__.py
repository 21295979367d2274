"""What is held, what was removed from the record, and the statements that do it."""
