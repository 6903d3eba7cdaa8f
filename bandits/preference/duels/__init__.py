"""Dueling bandits: the problem, and learners that see one answer per round. Import them from `bandits.preference`."""
