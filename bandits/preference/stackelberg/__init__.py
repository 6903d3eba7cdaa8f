"""Stackelberg learning from human feedback: the game, and learners for its leader and follower.

Import them from `bandits.preference`.
"""
