"""Preference games and their equilibria; learners that play them against themselves, or see single duels.

JAX does the work of self-play, and is imported only when a learner plays.
"""

from bandits.preference.double_thompson import DoubleThompsonSampling as DoubleThompsonSampling
from bandits.preference.dueling import Duel as Duel
from bandits.preference.dueling import DuelingBandit as DuelingBandit
from bandits.preference.equilibria import regularized_nash as regularized_nash
from bandits.preference.equilibria import von_neumann_winner as von_neumann_winner
from bandits.preference.hedge import OMWU as OMWU
from bandits.preference.hedge import HedgeSelfPlay as HedgeSelfPlay
from bandits.preference.inpo import INPO as INPO
from bandits.preference.inpo import stability as stability
from bandits.preference.nash_md import NashEMA as NashEMA
from bandits.preference.nash_md import NashMD as NashMD
from bandits.preference.nash_mp import NashMP as NashMP
from bandits.preference.nash_mp import least_prox_weight as least_prox_weight
from bandits.preference.nash_prox import NashProx as NashProx
from bandits.preference.optimistic_prox import ONPO as ONPO
from bandits.preference.problem import Comparisons as Comparisons
from bandits.preference.problem import ExactRow as ExactRow
from bandits.preference.problem import NoisyRow as NoisyRow
from bandits.preference.problem import PreferenceGame as PreferenceGame
from bandits.preference.regret_matching import RegretMatching as RegretMatching
from bandits.preference.regret_matching import RegretMatchingPlus as RegretMatchingPlus
from bandits.preference.rucb import RUCB as RUCB
from bandits.preference.sampled_inpo import SampledINPO as SampledINPO
from bandits.preference.sparring_exp3 import SparringExp3 as SparringExp3
from bandits.preference.sppo import SPPO as SPPO
from bandits.preference.trajectory import trajectory as trajectory
from bandits.preference.versatile_db import VersatileDB as VersatileDB

COMAL = NashProx
EGPO = NashMP
MMD = INPO
SPO = HedgeSelfPlay
