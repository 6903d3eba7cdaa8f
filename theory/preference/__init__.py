"""Theory of preference learning: self-play, duels, Stackelberg play, trajectories."""
