"""Theory of online learning with switching costs."""
