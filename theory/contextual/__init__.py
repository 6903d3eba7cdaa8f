"""Theory of contextual bandits."""
