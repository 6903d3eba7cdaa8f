"""Theory of language feedback."""
