"""Theory of what must be given up to see the state."""
