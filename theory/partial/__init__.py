"""Theory of partial monitoring."""
