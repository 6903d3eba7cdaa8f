"""What must be given up to see the state."""

from bandits.episodes.guided import Completions as Completions
from bandits.episodes.guided import GuidedGame as GuidedGame
from bandits.episodes.guided import GuideValues as GuideValues
from bandits.episodes.guided import Policy as Policy
from bandits.episodes.imitation import AggreVaTe as AggreVaTe
from bandits.episodes.imitation import CloneGuide as CloneGuide
from bandits.episodes.imitation import OneStep as OneStep
from bandits.episodes.imitation import SampledAggreVaTe as SampledAggreVaTe
from bandits.episodes.lock import LockGame as LockGame
from bandits.episodes.lock import Reveals as Reveals
from bandits.episodes.lock import RevealThenCommit as RevealThenCommit
from bandits.episodes.lock import revealing_constant as revealing_constant
from bandits.episodes.mdp import EpisodicMDP as EpisodicMDP
from bandits.episodes.mdp import chain as chain
from bandits.episodes.mdp import random_mdp as random_mdp
from bandits.episodes.probing import FreeSigns as FreeSigns
from bandits.episodes.probing import MajoritySign as MajoritySign
from bandits.episodes.probing import PaidSigns as PaidSigns
from bandits.episodes.probing import ProbeGame as ProbeGame
from bandits.episodes.probing import ProbeThenCommit as ProbeThenCommit
from bandits.episodes.probing import SequentialProbes as SequentialProbes
