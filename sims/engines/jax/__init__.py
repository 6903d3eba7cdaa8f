"""Wide batches of rounds in JAX, one package per family: all repetitions of a call at once."""
