"""Theory of fair threshold decisions in closed loops."""
