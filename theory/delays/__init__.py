"""Theory of delayed feedback."""
