"""Engines that play a (problem, learner) pair: the compiled loop, and batches in JAX."""
