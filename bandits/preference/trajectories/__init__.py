"""Preferences between trajectories of a linear Markov decision process: import them from `bandits.preference`."""
