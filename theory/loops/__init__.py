"""Theory of predictions that come back as data."""
