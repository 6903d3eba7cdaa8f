"""Stackelberg learning from human feedback: the game, and learners for its leader and follower."""

from bandits.preference.stackelberg.game import StackelbergGame as StackelbergGame
from bandits.preference.stackelberg.game import hit_probabilities as hit_probabilities
from bandits.preference.stackelberg.game import stackelberg_gda as stackelberg_gda
from bandits.preference.stackelberg.leader_follower import StackelbergGDA as StackelbergGDA
from bandits.preference.stackelberg.problem import StackelbergLearner as StackelbergLearner
from bandits.preference.stackelberg.problem import StackelbergMatch as StackelbergMatch
