"""Spiders: one a file. A spider yields requests and items, nothing else; it cannot pass the gate."""
