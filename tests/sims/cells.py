"""A small sweep over the learners of every family."""

from dataclasses import replace

from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.one_sided import (
    AppleTasting,
    ContextSemiBanditFtpl,
    EpsilonTasting,
    Exp2FullBandit,
    Exp2OneSided,
    Exp4AppleTasting,
    FollowObserved,
    FullInformationExp2,
    FullLabels,
    InstanceFtpl,
    OmniscientFair,
    RevealingAction,
    three_points,
)
from bandits.preference import (
    RUCB,
    DoubleThompsonSampling,
    DuelingBandit,
    HedgeSelfPlay,
    NashMP,
    PreferenceGame,
    SparringExp3,
    VersatileDB,
    games,
)
from bandits.switching import (
    Bandit,
    BatchedDartboard,
    BatchedExp3,
    BudgetedExp3,
    Exp3,
    ExtraObservationLearner,
    ExtraObservations,
    FullInformation,
    Hedge,
    LazyPerturbedLeader,
    ShrinkingDartboard,
    SwitchingCostGame,
    TotalBudget,
    TsallisSwitch,
)
from bandits.threshold import (
    BlockFeasibleSearch,
    ConstrainedThompson,
    DoublyOptimisticSearch,
    EpochFeasibleSearch,
    ExploreThenCommit,
    FixedThreshold,
    FullScores,
    FullScoreSearch,
    LagrangianExp3,
    OptimisticFeasibleSearch,
    PessimisticSearch,
    PrimalDualBandit,
    RewardEpsilonGreedy,
    RewardUCB,
    Synthetic,
    ThresholdGame,
)
from sims.sweep import Cell

SWITCHING = [
    (FullInformation(), Hedge()),
    (FullInformation(), ShrinkingDartboard()),
    (FullInformation(), LazyPerturbedLeader()),
    (Bandit(), Exp3()),
    (Bandit(), BatchedExp3()),
    (Bandit(), TsallisSwitch()),
    (TotalBudget(32, "bandit"), BudgetedExp3()),
    (TotalBudget(32, "full"), BatchedDartboard()),
    (TotalBudget(32, "flexible"), BatchedDartboard()),
    (ExtraObservations(64), ExtraObservationLearner()),
]
SEARCHES = [
    OptimisticFeasibleSearch(),
    EpochFeasibleSearch(),
    BlockFeasibleSearch(),
    DoublyOptimisticSearch(),
    PessimisticSearch(),
    RewardUCB(),
    RewardEpsilonGreedy(),
    PrimalDualBandit(),
    LagrangianExp3(),
    ConstrainedThompson(),
    ExploreThenCommit(),
    FixedThreshold(),
]
ONE_SIDED = [
    Exp2OneSided(2.0),
    Exp2FullBandit(1, 0.2, 0.1),
    ContextSemiBanditFtpl(1, leaders=3, resamples=3, perturbation=0.5),
    InstanceFtpl(1.5, leaders=3, resamples=3, perturbation=0.5),
    AppleTasting(1),
    Exp4AppleTasting(0.3),
    EpsilonTasting(0.7),
    RevealingAction(0.4, 0.3),
    FollowObserved(),
    OmniscientFair(),
]
DUELS = [SparringExp3(), VersatileDB(), RUCB(), DoubleThompsonSampling()]
SELF_PLAY = [HedgeSelfPlay(), NashMP()]


def every_learner(horizon=256, seeds=(0, 1)):
    """Return a cell for every learner of the families (self-play: two, they are one program in JAX)."""
    walk, search = MultiScaleRandomWalk(4), ThresholdGame(Synthetic(), 60, grid=5, batch_size=9, price=1.35)
    duel, self_play = (kind(games.rock_paper_scissors(0.3), 60) for kind in (DuelingBandit, PreferenceGame))
    pairs = [
        (SwitchingCostGame(walk, horizon, feedback=f), learner, seed) for f, learner in SWITCHING for seed in seeds
    ]
    pairs += [(search, learner, 0) for learner in SEARCHES]
    pairs += [(replace(search, feedback=FullScores()), FullScoreSearch(), 0)]
    pairs += [(three_points(40), learner, 0) for learner in ONE_SIDED]
    pairs += [(replace(three_points(40), feedback=FullLabels()), FullInformationExp2(), 0)]
    pairs += [(duel, learner, 0) for learner in DUELS]
    pairs += [(replace(self_play, regularization=0.1), learner, 0) for learner in SELF_PLAY]
    return [Cell(game, learner, 3, seed, labels={"seed_label": seed}) for game, learner, seed in pairs]
