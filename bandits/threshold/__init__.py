"""Fair threshold decisions in closed loops: the game, its populations and its learners."""

from bandits.threshold.block_search import BlockFeasibleSearch as BlockFeasibleSearch
from bandits.threshold.block_search import EpochFeasibleSearch as EpochFeasibleSearch
from bandits.threshold.doubly_optimistic import DoublyOptimisticSearch as DoublyOptimisticSearch
from bandits.threshold.examples import environments as environments
from bandits.threshold.explore_then_commit import ExploreThenCommit as ExploreThenCommit
from bandits.threshold.fixed import FixedThreshold as FixedThreshold
from bandits.threshold.lagrangian import LagrangianExp3 as LagrangianExp3
from bandits.threshold.lagrangian import PrimalDualBandit as PrimalDualBandit
from bandits.threshold.optimistic_search import FullScoreSearch as FullScoreSearch
from bandits.threshold.optimistic_search import OptimisticFeasibleSearch as OptimisticFeasibleSearch
from bandits.threshold.own_table import acceptance_by_group as acceptance_by_group
from bandits.threshold.own_table import pools_from_table as pools_from_table
from bandits.threshold.pessimistic_search import PessimisticSearch as PessimisticSearch
from bandits.threshold.pools import EmpiricalPools as EmpiricalPools
from bandits.threshold.problem import ChosenThreshold as ChosenThreshold
from bandits.threshold.problem import FullScores as FullScores
from bandits.threshold.problem import ThresholdGame as ThresholdGame
from bandits.threshold.problem import late_average as late_average
from bandits.threshold.scored import Compas as Compas
from bandits.threshold.scored import CsvPopulation as CsvPopulation
from bandits.threshold.scored import GermanCredit as GermanCredit
from bandits.threshold.synthetic import Synthetic as Synthetic
from bandits.threshold.thompson import ConstrainedThompson as ConstrainedThompson
from bandits.threshold.unconstrained import RewardEpsilonGreedy as RewardEpsilonGreedy
from bandits.threshold.unconstrained import RewardUCB as RewardUCB
