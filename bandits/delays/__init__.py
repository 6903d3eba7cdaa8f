"""Delayed feedback: a problem whose feedback arrives rounds later, schedules of delays, and learners for it."""

from bandits.delays.bold import Bold as Bold
from bandits.delays.exponential_weights import DelayedExp3 as DelayedExp3
from bandits.delays.exponential_weights import DelayedHedge as DelayedHedge
from bandits.delays.probe import DelayedWeights as DelayedWeights
from bandits.delays.problem import Delayed as Delayed
from bandits.delays.problem import Late as Late
from bandits.delays.problem import Summed as Summed
from bandits.delays.problem import delayed as delayed
from bandits.delays.schedules import ActionDelay as ActionDelay
from bandits.delays.schedules import BlockDelay as BlockDelay
from bandits.delays.schedules import DelayTable as DelayTable
from bandits.delays.schedules import FixedDelay as FixedDelay
from bandits.delays.schedules import GeometricDelay as GeometricDelay
from bandits.delays.schedules import HeavyTailedDelay as HeavyTailedDelay
from bandits.delays.summed_exp3 import SummedExp3 as SummedExp3
from bandits.delays.ucb import DelayedUCB as DelayedUCB
from bandits.delays.updated_late import UpdatedLate as UpdatedLate
