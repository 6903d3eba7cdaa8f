"""Online learning with switching costs and several kinds of feedback."""

from bandits.switching.exp3 import Exp3 as Exp3
from bandits.switching.problem import Bandit as Bandit
from bandits.switching.problem import BudgetExceeded as BudgetExceeded
from bandits.switching.problem import ExtraObservations as ExtraObservations
from bandits.switching.problem import FullInformation as FullInformation
from bandits.switching.problem import SwitchingCostGame as SwitchingCostGame
from bandits.switching.problem import TotalBudget as TotalBudget
