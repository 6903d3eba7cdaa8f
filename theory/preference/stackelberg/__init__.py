"""Theory of Stackelberg play."""
