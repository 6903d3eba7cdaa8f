"""Stochastic bandits: problems with fixed or changing means, and the learners of that field."""

from bandits.stochastic.elimination import SuccessiveElimination as SuccessiveElimination
from bandits.stochastic.epsilon_greedy import EpsilonGreedy as EpsilonGreedy
from bandits.stochastic.explore_then_commit import ETC as ETC
from bandits.stochastic.forgetting import DiscountedUCB as DiscountedUCB
from bandits.stochastic.forgetting import SlidingWindowUCB as SlidingWindowUCB
from bandits.stochastic.gaussian_thompson import GaussianThompson as GaussianThompson
from bandits.stochastic.kl_ucb import KLUCB as KLUCB
from bandits.stochastic.problem import stochastic_bandit as stochastic_bandit
from bandits.stochastic.thompson import BetaThompson as BetaThompson
from bandits.stochastic.ucb import MOSS as MOSS
from bandits.stochastic.ucb import UCB as UCB
from bandits.stochastic.ucb import UCB1 as UCB1
from bandits.stochastic.ucb_v import UCBV as UCBV
