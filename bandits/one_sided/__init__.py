"""Individually fair learning with one-sided feedback: the game, its worlds and its learners."""

from bandits.one_sided.auditors import MahalanobisDistance as MahalanobisDistance
from bandits.one_sided.auditors import Panel as Panel
from bandits.one_sided.auditors import Panels as Panels
from bandits.one_sided.auditors import RandomDistance as RandomDistance
from bandits.one_sided.auditors import ScaledDistance as ScaledDistance
from bandits.one_sided.auditors import TableDistance as TableDistance
from bandits.one_sided.exponential import Exp2OneSided as Exp2OneSided
from bandits.one_sided.exponential import FullInformationExp2 as FullInformationExp2
from bandits.one_sided.fixed import FollowObserved as FollowObserved
from bandits.one_sided.fixed import OmniscientFair as OmniscientFair
from bandits.one_sided.full_bandit import Exp2FullBandit as Exp2FullBandit
from bandits.one_sided.hypotheses import Conjunctions as Conjunctions
from bandits.one_sided.hypotheses import GroupThresholds as GroupThresholds
from bandits.one_sided.hypotheses import Listed as Listed
from bandits.one_sided.people import Crowd as Crowd
from bandits.one_sided.people import Lending as Lending
from bandits.one_sided.people import RecordedPeople as RecordedPeople
from bandits.one_sided.perturbed_leader import ContextSemiBanditFtpl as ContextSemiBanditFtpl
from bandits.one_sided.perturbed_leader import InstanceFtpl as InstanceFtpl
from bandits.one_sided.problem import FullLabels as FullLabels
from bandits.one_sided.problem import OneSided as OneSided
from bandits.one_sided.problem import OneSidedGame as OneSidedGame
from bandits.one_sided.tasting import AppleTasting as AppleTasting
from bandits.one_sided.tasting import EpsilonTasting as EpsilonTasting
from bandits.one_sided.tasting import Exp4AppleTasting as Exp4AppleTasting
from bandits.one_sided.tasting import RevealingAction as RevealingAction
