"""How a pair is played: compiled loops, and batches in JAX. Nothing outside this package loops over rounds."""
