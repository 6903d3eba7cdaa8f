"""Contextual bandits by online regression: contexts are shown before the action."""

from bandits.contextual.certificates import GapCertificate as GapCertificate
from bandits.contextual.certificates import certified as certified
from bandits.contextual.finite import Aggregating as Aggregating
from bandits.contextual.finite import Mixture as Mixture
from bandits.contextual.gap_weighting import GreedyRegression as GreedyRegression
from bandits.contextual.gap_weighting import InverseGapWeighting as InverseGapWeighting
from bandits.contextual.linear import LinearThompson as LinearThompson
from bandits.contextual.linear import LinUCB as LinUCB
from bandits.contextual.oracles import LeastMeanSquares as LeastMeanSquares
from bandits.contextual.oracles import LogisticDescent as LogisticDescent
from bandits.contextual.oracles import Ridge as Ridge
from bandits.contextual.oracles import VovkAzouryWarmuth as VovkAzouryWarmuth
from bandits.contextual.oracles import regress as regress
from bandits.contextual.policies import ContextualExp4 as ContextualExp4
from bandits.contextual.policies import PosteriorSampling as PosteriorSampling
from bandits.contextual.problem import ContextualGame as ContextualGame
from bandits.contextual.problem import EveryLoss as EveryLoss
from bandits.contextual.problem import Play as Play
from bandits.contextual.problem import PlayedLoss as PlayedLoss
from bandits.contextual.worlds import FiniteWorld as FiniteWorld
from bandits.contextual.worlds import LinearWorld as LinearWorld
from bandits.contextual.worlds import TableWorld as TableWorld
from bandits.contextual.worlds import linear_world as linear_world
from bandits.contextual.worlds import policy_world as policy_world
from bandits.contextual.worlds import world_from_table as world_from_table
