"""What must be given up to see the state."""

from bandits.episodes.probing import FreeSigns as FreeSigns
from bandits.episodes.probing import MajoritySign as MajoritySign
from bandits.episodes.probing import PaidSigns as PaidSigns
from bandits.episodes.probing import ProbeGame as ProbeGame
from bandits.episodes.probing import ProbeThenCommit as ProbeThenCommit
from bandits.episodes.probing import SequentialProbes as SequentialProbes
