"""Preferences, in four packages: self-play on preference games, duels, Stackelberg matches, pairs of trajectories.

Shared by them: games, their equilibria and measures, the proximal step, the feedback, fits of rewards. JAX plays the
matrix games, and is imported only then.
"""

from bandits.preference.coarse import cce_gap as cce_gap
from bandits.preference.coarse import sparsest_cce as sparsest_cce
from bandits.preference.density import fit_density as fit_density
from bandits.preference.density import mixture_fit as mixture_fit
from bandits.preference.duels.apohf import APOHF as APOHF
from bandits.preference.duels.double_thompson import DoubleThompsonSampling as DoubleThompsonSampling
from bandits.preference.duels.feature_thompson import FeatureDoubleThompson as FeatureDoubleThompson
from bandits.preference.duels.linear_duels import LinearDuels as LinearDuels
from bandits.preference.duels.problem import Duel as Duel
from bandits.preference.duels.problem import DuelingBandit as DuelingBandit
from bandits.preference.duels.rucb import RUCB as RUCB
from bandits.preference.duels.sparring_exp3 import SparringExp3 as SparringExp3
from bandits.preference.duels.versatile_db import VersatileDB as VersatileDB
from bandits.preference.duels.vpo import VPO as VPO
from bandits.preference.duels.vpo import value_incentivized_rewards as value_incentivized_rewards
from bandits.preference.equilibria import log_regularized_nash as log_regularized_nash
from bandits.preference.equilibria import regularized_nash as regularized_nash
from bandits.preference.equilibria import von_neumann_winner as von_neumann_winner
from bandits.preference.feedback import Comparisons as Comparisons
from bandits.preference.feedback import ExactRow as ExactRow
from bandits.preference.feedback import NoisyRow as NoisyRow
from bandits.preference.identities import binary_loss as binary_loss
from bandits.preference.identities import entropy_slope as entropy_slope
from bandits.preference.identities import pair_loss as pair_loss
from bandits.preference.regularizers import Entropy as Entropy
from bandits.preference.regularizers import Regularizer as Regularizer
from bandits.preference.regularizers import Separable as Separable
from bandits.preference.regularizers import Tsallis as Tsallis
from bandits.preference.self_play.hedge import OMWU as OMWU
from bandits.preference.self_play.hedge import HedgeSelfPlay as HedgeSelfPlay
from bandits.preference.self_play.inpo import INPO as INPO
from bandits.preference.self_play.inpo import stability as stability
from bandits.preference.self_play.mirror_descent import MirrorDescent as MirrorDescent
from bandits.preference.self_play.mixture_descent import MixtureDescent as MixtureDescent
from bandits.preference.self_play.nash_md import NashEMA as NashEMA
from bandits.preference.self_play.nash_md import NashMD as NashMD
from bandits.preference.self_play.nash_mp import NashMP as NashMP
from bandits.preference.self_play.nash_mp import least_prox_weight as least_prox_weight
from bandits.preference.self_play.nash_prox import NashProx as NashProx
from bandits.preference.self_play.optimistic_prox import ONPO as ONPO
from bandits.preference.self_play.policy_gradient import IPOMD as IPOMD
from bandits.preference.self_play.policy_gradient import NashMDGradient as NashMDGradient
from bandits.preference.self_play.policy_gradient import OnlineIPO as OnlineIPO
from bandits.preference.self_play.policy_gradient import SampledIPOMD as SampledIPOMD
from bandits.preference.self_play.policy_gradient import SampledNashMDGradient as SampledNashMDGradient
from bandits.preference.self_play.policy_gradient import SampledOnlineIPO as SampledOnlineIPO
from bandits.preference.self_play.problem import PreferenceGame as PreferenceGame
from bandits.preference.self_play.regret_matching import RegretMatching as RegretMatching
from bandits.preference.self_play.regret_matching import RegretMatchingPlus as RegretMatchingPlus
from bandits.preference.self_play.sampled_inpo import SampledINPO as SampledINPO
from bandits.preference.self_play.sampled_nash_mp import SampledNashMP as SampledNashMP
from bandits.preference.self_play.sppo import SPPO as SPPO
from bandits.preference.stackelberg.game import StackelbergGame as StackelbergGame
from bandits.preference.stackelberg.game import hit_probabilities as hit_probabilities
from bandits.preference.stackelberg.game import stackelberg_gda as stackelberg_gda
from bandits.preference.stackelberg.leader_follower import StackelbergGDA as StackelbergGDA
from bandits.preference.stackelberg.problem import StackelbergLearner as StackelbergLearner
from bandits.preference.stackelberg.problem import StackelbergMatch as StackelbergMatch
from bandits.preference.trajectories.pr_lsvi import PRLSVI as PRLSVI
from bandits.preference.trajectories.pr_lsvi import CertainRewardLSVI as CertainRewardLSVI
from bandits.preference.trajectories.pr_lsvi import RandomPolicies as RandomPolicies
from bandits.preference.trajectories.pr_lsvi import query_cap as query_cap
from bandits.preference.trajectories.problem import LinearMDP as LinearMDP
from bandits.preference.trajectories.problem import TrajectoryDuel as TrajectoryDuel
from bandits.preference.trajectories.problem import random_linear_mdp as random_linear_mdp
from bandits.preference.trajectories.problem import random_tabular_mdp as random_tabular_mdp
from bandits.preference.trajectories.problem import tabular_mdp as tabular_mdp

COMAL = NashProx
EGPO = NashMP
MMD = INPO
MPO = NashProx
SPO = HedgeSelfPlay
