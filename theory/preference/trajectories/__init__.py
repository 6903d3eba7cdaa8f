"""Theory of preferences between trajectories."""
