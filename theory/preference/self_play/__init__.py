"""Theory of self-play in preference games."""
