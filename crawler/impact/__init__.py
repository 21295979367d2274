"""What other terms would make of a record: every URL decided again from stored evidence alone."""
