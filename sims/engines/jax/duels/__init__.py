"""Dueling bandits in JAX."""
