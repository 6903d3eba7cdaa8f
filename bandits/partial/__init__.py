"""Finite games of partial monitoring: the learner sees signals instead of losses."""

from bandits.partial.certificate import NeighbourCertificate as NeighbourCertificate
from bandits.partial.certificate import certified as certified
from bandits.partial.game import Classification as Classification
from bandits.partial.game import FiniteGame as FiniteGame
from bandits.partial.learners import Exp3Signals as Exp3Signals
from bandits.partial.learners import LabelEfficient as LabelEfficient
from bandits.partial.learners import RevealingExp3 as RevealingExp3
from bandits.partial.learners import WaterTransfer as WaterTransfer
from bandits.partial.neighbours import Exp3Neighbours as Exp3Neighbours
from bandits.partial.problem import IndependentOutcomes as IndependentOutcomes
from bandits.partial.problem import OutcomeTable as OutcomeTable
from bandits.partial.problem import PartialMonitoring as PartialMonitoring
from bandits.partial.problem import Signals as Signals
