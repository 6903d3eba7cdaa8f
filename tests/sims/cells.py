"""A small sweep: a learner for each kind of feedback, in the problems that the tests of all learners play, too."""

from bandits.delays import DelayedExp3
from bandits.graphs import Exp3Set
from bandits.one_sided import Exp2OneSided, FullInformationExp2
from bandits.preference import RUCB, HedgeSelfPlay, NashMP, VersatileDB
from bandits.stochastic import BetaThompson
from bandits.switching import BatchedExp3, BudgetedExp3, ExtraObservationLearner, Hedge
from bandits.threshold import FullScoreSearch, OptimisticFeasibleSearch
from sims.sweep import Cell
from tests.small_games import opponent

LEARNERS = (
    Hedge(),
    BatchedExp3(),
    BetaThompson(),
    BudgetedExp3(),
    DelayedExp3(),
    Exp3Set(),
    ExtraObservationLearner(),
    OptimisticFeasibleSearch(),
    FullScoreSearch(),
    Exp2OneSided(2.0),
    FullInformationExp2(),
    RUCB(),
    VersatileDB(),
    HedgeSelfPlay(),  # in JAX
    NashMP(),
)


def every_kind(seeds=(0, 1)):
    """Return a cell for each learner and seed."""
    return [
        Cell(opponent(learner), learner, 3, seed, labels={"seed_label": seed}) for learner in LEARNERS for seed in seeds
    ]
