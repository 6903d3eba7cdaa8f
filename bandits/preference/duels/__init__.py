"""Dueling bandits: the problem, and learners that see one answer per round."""

from bandits.preference.duels.apohf import APOHF as APOHF
from bandits.preference.duels.double_thompson import DoubleThompsonSampling as DoubleThompsonSampling
from bandits.preference.duels.feature_thompson import FeatureDoubleThompson as FeatureDoubleThompson
from bandits.preference.duels.linear_duels import LinearDuels as LinearDuels
from bandits.preference.duels.problem import Duel as Duel
from bandits.preference.duels.problem import DuelingBandit as DuelingBandit
from bandits.preference.duels.rucb import RUCB as RUCB
from bandits.preference.duels.sparring_exp3 import SparringExp3 as SparringExp3
from bandits.preference.duels.versatile_db import VersatileDB as VersatileDB
