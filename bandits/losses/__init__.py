"""Oblivious loss processes: losses that depend on (seed, repetition, round) only."""

from bandits.losses.alternating import AlternatingLosses as AlternatingLosses
from bandits.losses.bernoulli import BernoulliLosses as BernoulliLosses
from bandits.losses.bernoulli import HiddenCoin as HiddenCoin
from bandits.losses.bitwise import BitwiseCoins as BitwiseCoins
from bandits.losses.independent import FiniteLosses as FiniteLosses
from bandits.losses.independent import GaussianLosses as GaussianLosses
from bandits.losses.piecewise import PiecewiseLosses as PiecewiseLosses
from bandits.losses.process import LossProcess as LossProcess
from bandits.losses.process import LossSteps as LossSteps
from bandits.losses.random_walk import MultiScaleRandomWalk as MultiScaleRandomWalk
from bandits.losses.table import LossTable as LossTable
