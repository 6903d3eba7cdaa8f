"""Preferences between trajectories of a linear Markov decision process."""

from bandits.preference.trajectories.pr_lsvi import PRLSVI as PRLSVI
from bandits.preference.trajectories.pr_lsvi import CertainRewardLSVI as CertainRewardLSVI
from bandits.preference.trajectories.pr_lsvi import RandomPolicies as RandomPolicies
from bandits.preference.trajectories.pr_lsvi import query_cap as query_cap
from bandits.preference.trajectories.problem import LinearMDP as LinearMDP
from bandits.preference.trajectories.problem import TrajectoryDuel as TrajectoryDuel
from bandits.preference.trajectories.problem import random_linear_mdp as random_linear_mdp
from bandits.preference.trajectories.problem import random_tabular_mdp as random_tabular_mdp
from bandits.preference.trajectories.problem import tabular_mdp as tabular_mdp
