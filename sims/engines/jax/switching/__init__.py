"""The switching-cost game in JAX."""
