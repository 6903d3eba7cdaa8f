"""Theory of feedback graphs."""
