"""Online learning with switching costs and several kinds of feedback: the game and its learners."""

from bandits.switching.adahedge import AdaHedge as AdaHedge
from bandits.switching.anytime import AnytimeExp3 as AnytimeExp3
from bandits.switching.anytime import AnytimeHedge as AnytimeHedge
from bandits.switching.batched_exp3 import BatchedExp3 as BatchedExp3
from bandits.switching.budgeted import BatchedDartboard as BatchedDartboard
from bandits.switching.budgeted import BudgetedExp3 as BudgetedExp3
from bandits.switching.budgeted import ExtraObservationLearner as ExtraObservationLearner
from bandits.switching.exp3 import Exp3 as Exp3
from bandits.switching.exp3_ix import Exp3IX as Exp3IX
from bandits.switching.exp3_p import Exp3P as Exp3P
from bandits.switching.exp4 import Exp4 as Exp4
from bandits.switching.feedback import Bandit as Bandit
from bandits.switching.feedback import BudgetExceeded as BudgetExceeded
from bandits.switching.feedback import ExtraObservations as ExtraObservations
from bandits.switching.feedback import Feedback as Feedback
from bandits.switching.feedback import FullInformation as FullInformation
from bandits.switching.feedback import TotalBudget as TotalBudget
from bandits.switching.hedge import Hedge as Hedge
from bandits.switching.perturbed_leader import LazyPerturbedLeader as LazyPerturbedLeader
from bandits.switching.problem import SwitchingCostGame as SwitchingCostGame
from bandits.switching.shrinking_dartboard import ShrinkingDartboard as ShrinkingDartboard
from bandits.switching.tsallis_inf import TsallisINF as TsallisINF
from bandits.switching.tsallis_switch import TsallisSwitch as TsallisSwitch
