"""Closed loops of thresholds in JAX."""
