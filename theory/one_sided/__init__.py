"""Theory of individually fair learning with one-sided feedback."""
