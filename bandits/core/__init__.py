"""Shared by all families: compilation, random numbers, sums, sampling, and checks of arguments."""
