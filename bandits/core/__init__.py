"""What every family shares: compilation, random numbers, sums, draws, and the checks at the boundary."""
