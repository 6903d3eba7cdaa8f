"""Preference games and their equilibria; learners that play them against themselves, or see single duels.

JAX does the work of self-play, and is imported only when a learner plays.
"""

from bandits.preference.apohf import APOHF as APOHF
from bandits.preference.density import fit_density as fit_density
from bandits.preference.density import mixture_fit as mixture_fit
from bandits.preference.double_thompson import DoubleThompsonSampling as DoubleThompsonSampling
from bandits.preference.dueling import Duel as Duel
from bandits.preference.dueling import DuelingBandit as DuelingBandit
from bandits.preference.equilibria import regularized_nash as regularized_nash
from bandits.preference.equilibria import von_neumann_winner as von_neumann_winner
from bandits.preference.feature_thompson import FeatureDoubleThompson as FeatureDoubleThompson
from bandits.preference.hedge import OMWU as OMWU
from bandits.preference.hedge import HedgeSelfPlay as HedgeSelfPlay
from bandits.preference.inpo import INPO as INPO
from bandits.preference.inpo import stability as stability
from bandits.preference.leader_follower import StackelbergGDA as StackelbergGDA
from bandits.preference.linear_duels import LinearDuels as LinearDuels
from bandits.preference.linear_mdp import LinearMDP as LinearMDP
from bandits.preference.linear_mdp import TrajectoryDuel as TrajectoryDuel
from bandits.preference.linear_mdp import random_linear_mdp as random_linear_mdp
from bandits.preference.linear_mdp import random_tabular_mdp as random_tabular_mdp
from bandits.preference.linear_mdp import tabular_mdp as tabular_mdp
from bandits.preference.mixture_descent import MixtureDescent as MixtureDescent
from bandits.preference.nash_md import NashEMA as NashEMA
from bandits.preference.nash_md import NashMD as NashMD
from bandits.preference.nash_mp import NashMP as NashMP
from bandits.preference.nash_mp import least_prox_weight as least_prox_weight
from bandits.preference.nash_prox import NashProx as NashProx
from bandits.preference.optimistic_prox import ONPO as ONPO
from bandits.preference.policy_gradient import IPOMD as IPOMD
from bandits.preference.policy_gradient import NashMDGradient as NashMDGradient
from bandits.preference.policy_gradient import OnlineIPO as OnlineIPO
from bandits.preference.policy_gradient import SampledIPOMD as SampledIPOMD
from bandits.preference.policy_gradient import SampledNashMDGradient as SampledNashMDGradient
from bandits.preference.policy_gradient import SampledOnlineIPO as SampledOnlineIPO
from bandits.preference.pr_lsvi import PRLSVI as PRLSVI
from bandits.preference.pr_lsvi import CertainRewardLSVI as CertainRewardLSVI
from bandits.preference.pr_lsvi import RandomPolicies as RandomPolicies
from bandits.preference.pr_lsvi import query_cap as query_cap
from bandits.preference.problem import Comparisons as Comparisons
from bandits.preference.problem import ExactRow as ExactRow
from bandits.preference.problem import NoisyRow as NoisyRow
from bandits.preference.problem import PreferenceGame as PreferenceGame
from bandits.preference.regret_matching import RegretMatching as RegretMatching
from bandits.preference.regret_matching import RegretMatchingPlus as RegretMatchingPlus
from bandits.preference.rucb import RUCB as RUCB
from bandits.preference.sampled_inpo import SampledINPO as SampledINPO
from bandits.preference.sampled_nash_mp import SampledNashMP as SampledNashMP
from bandits.preference.sparring_exp3 import SparringExp3 as SparringExp3
from bandits.preference.sppo import SPPO as SPPO
from bandits.preference.stackelberg import StackelbergGame as StackelbergGame
from bandits.preference.stackelberg import hit_probabilities as hit_probabilities
from bandits.preference.stackelberg import stackelberg_gda as stackelberg_gda
from bandits.preference.stackelberg_match import StackelbergLearner as StackelbergLearner
from bandits.preference.stackelberg_match import StackelbergMatch as StackelbergMatch
from bandits.preference.trajectory import trajectory as trajectory
from bandits.preference.versatile_db import VersatileDB as VersatileDB
from bandits.preference.vpo import VPO as VPO
from bandits.preference.vpo import value_incentivized_rewards as value_incentivized_rewards

COMAL = NashProx
EGPO = NashMP
MMD = INPO
MPO = NashProx
SPO = HedgeSelfPlay
