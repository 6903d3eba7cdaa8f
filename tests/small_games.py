"""Small games of every family, and the one that a learner can play."""

import numpy as np

from bandits import (
    contextual,
    convex,
    delays,
    episodes,
    graphs,
    language,
    loops,
    losses,
    one_sided,
    partial,
    prediction,
    preference,
    switching,
    threshold,
)
from bandits.delays.exponential_weights import LateLearner
from bandits.preference import games

HORIZON = 24
RPS = games.rock_paper_scissors(0.3)
FEATURES = np.array([[0.1, 0.9], [0.4, 0.2], [0.7, 0.6], [0.8, 0.1], [0.3, 0.5]])
PEOPLE = one_sided.Lending(12)
AUDITOR = one_sided.RandomDistance(0, 0.25, 0.75)
PANELS = one_sided.Panels(one_sided.Panel([AUDITOR, one_sided.RandomDistance(1)], 2))
MDP = preference.random_tabular_mdp(3, 2, 2, 8)
COINS = losses.BernoulliLosses([0.5, 0.25, 0.75])
TABLE = np.tile([[0.5, 0.25, 1.0]], (HORIZON, 1))
LISTED = np.vstack([np.zeros(12), np.eye(12)[:3]])
RECORD = np.arange(2 * HORIZON).reshape(HORIZON, 2)
POOLS = {"scores": np.linspace(0, 1, 12), "good": np.arange(12) % 3 == 0, "group": np.arange(12) % 2}
GRAPH = graphs.FeedbackGraph.path(3)
ASKING = partial.FiniteGame.label_efficient(0.5)
CONTEXTS = contextual.FiniteWorld(np.arange(18).reshape(3, 2, 3) % 7 / 8.0)
SEQUENCE = prediction.SequencePrediction([[0.25, 0.75], [0.5, 0.5]], [[0.5, 0.5]], HORIZON)
SELECTION = prediction.SelectionGame([0.5, 0.25, 0.25], [0.5, 1.0, 0.0], [0.5, 0.75, 1.0], 4, 2, HORIZON)
PAGING = prediction.PagingGame(np.arange(HORIZON) * 2 % 5, 2, HORIZON)
GUESSING = language.WordWorld.number_guess(4).noisy(0.25)
REQUESTS = contextual.KnownWorld([[0.5, 0.25], [0.0, 1.0]], [[0.25, 0.5, 0.75], [0.5, 0.0, 0.25]])
ROUTING = contextual.RoutingWorld(
    REQUESTS, contextual.KnownWorld(REQUESTS.features, [[0.5, 0.0, 1.0]] * 2), [0.25, 0.5]
)
PULLS = np.column_stack([np.cos(np.arange(HORIZON)), np.sin(2.0 * np.arange(HORIZON))])
GROUPED = convex.synthetic_groups(HORIZON)
PROCESS = episodes.EpisodicMDP(
    [[0.125, 0.25], [1.0, 0.5]], [[[1.0, 0.0], [0.5, 0.5]], [[0.25, 0.75], [0.0, 1.0]]], steps=2
)
LANGUAGES = [loops.PeriodicLanguage(3, [0], 6, [1, 2]), loops.PeriodicLanguage(3, [1, 2])]
GUIDE = [[0.25, 0.75], [1.0, 0.0]]
DUELS = preference.DuelingBandit(RPS, HORIZON)


def one_sided_game(feedback=None, **changes):
    """Return a small game of Lending."""
    base = {"people": PEOPLE, "hypotheses": one_sided.GroupThresholds(5), "panels": PANELS, "horizon": HORIZON}
    return one_sided.OneSidedGame(**(base | {"feedback": feedback or one_sided.OneSided()} | changes))


def switching_game(feedback=None, **changes):
    """Return a small game with switching costs."""
    base = {"losses": COINS, "horizon": HORIZON, "feedback": feedback or switching.Bandit()}
    return switching.SwitchingCostGame(**(base | changes))


def signal_game(**changes):
    """Return a small game of partial monitoring that all its learners play."""
    base = {"game": ASKING, "outcomes": partial.IndependentOutcomes([0.25, 0.75]), "horizon": HORIZON}
    return partial.PartialMonitoring(**(base | changes))


def contextual_game(feedback=None, **changes):
    """Return a small contextual game that all its learners play: three functions of two contexts, three actions."""
    base = {"world": CONTEXTS, "horizon": HORIZON, "feedback": feedback or contextual.PlayedLoss()}
    return contextual.ContextualGame(**(base | changes))


def convex_game(feedback=None, **changes):
    """Return a small game of convex losses that all its learners play."""
    losses = convex.SEALosses([0.5, -0.25], noise=0.5, curvature=1.0)
    base = {"losses": losses, "domain": convex.Ball(2), "horizon": HORIZON}
    return convex.ConvexGame(**(base | {"feedback": feedback or convex.Gradient()} | changes))


def threshold_game(feedback=None, **changes):
    """Return a small game of thresholds."""
    base = {"population": threshold.Synthetic(), "horizon": HORIZON, "grid": 5, "batch_size": 20}
    return threshold.ThresholdGame(**(base | {"feedback": feedback or threshold.ChosenThreshold()} | changes))


def preference_game(feedback=None, **changes):
    """Return a small regularised preference game."""
    base = {"preferences": RPS, "horizon": HORIZON, "regularization": 0.25}
    return preference.PreferenceGame(**(base | {"feedback": feedback or preference.ExactRow()} | changes))


def stackelberg_match(**changes):
    """Return a small match with a leader and a follower."""
    game = preference.StackelbergGame(RPS, 0.25, 0.25)
    return preference.StackelbergMatch(**({"game": game, "horizon": HORIZON} | changes))


def replay_game():
    """Return a small game of generation with replay."""
    return loops.ReplayGame(LANGUAGES, 1, loops.random_adversary(LANGUAGES[1], HORIZON, 2), HORIZON)


def guided_game(feedback=None):
    """Return a small game with a guide."""
    return episodes.GuidedGame(PROCESS, GUIDE, HORIZON, feedback or episodes.GuideValues())


def opponent(learner):
    """Return a small problem that gives a feedback which the learner accepts."""
    if isinstance(learner, preference.StackelbergGDA):
        return stackelberg_match()
    if isinstance(learner, preference.MirrorDescent):
        return preference_game(regularizer=learner.regularizer)
    if isinstance(learner, contextual.DiagonalLinUCB):
        return contextual_game(world=REQUESTS)
    if isinstance(learner, LateLearner):
        return delays.delayed(GAMES[learner.inner_accepts[0]](), delays.DelayTable([2, 0, 1]))
    for kind in learner.accepts:
        make = GAMES.get(kind)
        if make is not None:
            return make()
    raise LookupError(f"no game in tests.small_games gives what {type(learner).__name__} accepts")


GAMES = {
    prediction.Advised: lambda: PAGING,
    prediction.Symbols: lambda: SEQUENCE,
    prediction.Proxies: lambda: SELECTION,
    switching.Bandit: switching_game,
    switching.FullInformation: lambda: switching_game(switching.FullInformation()),
    graphs.Neighbours: lambda: switching_game(graphs.Neighbours(GRAPH)),
    partial.Signals: signal_game,
    convex.Gradient: convex_game,
    convex.HintedGradient: lambda: convex_game(convex.HintedGradient()),
    convex.FullFunction: lambda: convex_game(convex.FullFunction()),
    convex.TwoPoints: lambda: convex_game(convex.TwoPoints()),
    convex.OnePoint: lambda: convex_game(convex.OnePoint()),
    convex.Label: lambda: convex.GroupedPrediction(GROUPED),
    convex.AwakeLosses: lambda: convex.SleepingExperts(TABLE, np.tile([[1, 1, 0], [0, 1, 1]], (HORIZON // 2, 1))),
    delays.Summed: lambda: delays.delayed(switching_game(), delays.FixedDelay(2), summed=True),
    contextual.PlayedLoss: contextual_game,
    contextual.PlayedPair: lambda: contextual_game(contextual.PlayedPair(), world=ROUTING),
    loops.Reports: lambda: loops.PrivateHerd(HORIZON),
    episodes.PaidSigns: lambda: episodes.ProbeGame(0.25, HORIZON),
    episodes.FreeSigns: lambda: episodes.ProbeGame(0.25, HORIZON, feedback=episodes.FreeSigns()),
    loops.Clicks: lambda: loops.ExposureLoop([0.25, 0.5, 0.75], HORIZON, 0.25),
    episodes.Reveals: lambda: episodes.LockGame(2, 0.25, 0.5, HORIZON),
    episodes.GuideValues: guided_game,
    episodes.Completions: lambda: guided_game(episodes.Completions()),
    loops.Strings: replay_game,
    loops.Labels: lambda: loops.DataLoop([0.25, 0.5], HORIZON, 20, 2, 5),
    language.Words: lambda: language.LanguageGame(GUESSING, HORIZON),
    contextual.EveryLoss: lambda: contextual_game(contextual.EveryLoss()),
    switching.ExtraObservations: lambda: switching_game(switching.ExtraObservations(8)),
    switching.TotalBudget: lambda: switching_game(switching.TotalBudget(8)),
    one_sided.OneSided: one_sided_game,
    one_sided.FullLabels: lambda: one_sided_game(one_sided.FullLabels()),
    threshold.ChosenThreshold: threshold_game,
    threshold.FullScores: lambda: threshold_game(threshold.FullScores()),
    preference.Duel: lambda: DUELS,
    preference.TrajectoryDuel: lambda: MDP,
    preference.ExactRow: preference_game,
    preference.NoisyRow: lambda: preference_game(preference.NoisyRow(3)),
    preference.Comparisons: lambda: preference_game(preference.Comparisons(3)),
}
