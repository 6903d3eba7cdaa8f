"""Theory of dueling bandits."""
