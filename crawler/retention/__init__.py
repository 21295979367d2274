"""How long things are kept, what holds them, and how they are removed so that nothing is falsified."""
