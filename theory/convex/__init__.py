"""Theory of online convex optimisation."""
