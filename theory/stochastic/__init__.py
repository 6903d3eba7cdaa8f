"""Theory of stochastic bandits."""
