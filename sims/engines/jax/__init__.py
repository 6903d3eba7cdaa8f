"""Rounds in JAX for all repetitions of a call at once, one package per family."""
