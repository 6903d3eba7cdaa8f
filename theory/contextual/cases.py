"""Default cases of the bounds for contextual bandits: finite classes of policies, and linear mean losses."""

from dataclasses import replace
from functools import partial
from typing import Any

from theory.cases import Case, Cases


def _policies(learner: Any, mean: float = 0.3, gap: float = 0.4, horizon: int = 1024, **changes: Any) -> Case:
    """Return the case of a learner, made by a function of the family, on 16 policies for 5 actions."""
    from bandits import contextual

    world = contextual.policy_world(5, 16, mean, gap, **changes)
    return Case(contextual.ContextualGame(world, horizon), learner(contextual))


def _weighting(rule: str, oracle: str, **changes: Any) -> Any:
    return lambda family: family.InverseGapWeighting(rule, oracle=getattr(family, oracle)(), **changes)


def _linear(learner: Any, horizon: int = 1024, link: str = "identity", **size: Any) -> Case:
    """Return the case of a learner on a world with linear mean losses."""
    from bandits import contextual

    world: Any = contextual.linear_world(**size)
    world = world if link == "identity" else replace(world, link=link)
    return Case(contextual.ContextualGame(world, horizon), learner(contextual))


def _late(rounds: int, made: Any, wrapper: str = "UpdatedLate") -> Case:
    """Return a case with all feedback late by `rounds`, its learner updated late or in copies."""
    from bandits import delays

    case = made()
    return Case(delays.delayed(case.problem, delays.FixedDelay(rounds)), getattr(delays, wrapper)(case.learner))


def _repeated() -> Case:
    """Return contexts that are shown for eight rounds each, after which all of their feedback arrives."""
    import numpy as np

    from bandits import contextual, delays

    world = replace(contextual.policy_world(2, 16, 0.0, 1.0), order=np.arange(16).repeat(8))
    game = delays.delayed(contextual.ContextualGame(world, 128), delays.BlockDelay(8))
    return Case(game, delays.UpdatedLate(_EXACT(contextual)))


def _two_directions() -> Case:
    from bandits import contextual

    world = contextual.LinearWorld([[[1.0, 0.0], [0.0, 1.0]]], [0.0, 1.0])
    return Case(contextual.ContextualGame(world, 2**13), _linucb(contextual))


def _certified(made: Any) -> Case:
    from bandits.contextual import certified

    case = made()
    return Case(certified(case.problem, case.learner), case.learner)


def _routing(horizon: int = 1024) -> Case:
    """Return queries to three models, whose linear quality rises with their cost, at eleven preferences."""
    import numpy as np

    from bandits import contextual

    queries, preferences = np.random.default_rng(0).uniform(-1.0, 1.0, (50, 2)), np.linspace(0.0, 1.0, 11)
    models = [[0.1, 0.0], [0.0, 0.2], [-0.2, 0.1]], [0.15, 0.4, 0.7], [0.0, 0.3, 0.9]
    world = contextual.routing_world(*models, queries, preferences, pairs=True)
    game = contextual.ContextualGame(world, horizon, contextual.PlayedPair())
    return Case(game, contextual.InverseGapWeighting(oracle=contextual.VovkAzouryWarmuth(norm=1.25)))


def _linucb(family: Any) -> Any:
    return family.LinUCB(failure_probability=0.1)


_FASTCB, _EXACT = _weighting("fastcb", "Mixture"), _weighting("exact", "Aggregating")
_FEW: dict[str, Any] = {"n_actions": 3, "dimension": 3, "n_contexts": 100}
_TWO: dict[str, Any] = {"n_actions": 3, "dimension": 2, "n_contexts": 100}
_MANY: dict[str, Any] = {"n_actions": 5, "dimension": 50, "n_contexts": 100}

CASES: Cases = {
    "ours.inverse_gap_weighting": (
        partial(_policies, _EXACT),
        partial(_linear, lambda family: family.InverseGapWeighting()),
    ),
    "foster2020.squarecb": partial(_policies, _weighting("squarecb", "Aggregating")),
    "foster2021.fastcb": (
        partial(_policies, _weighting("fastcb", "Mixture", best_loss=0.0), 0.0, 0.5),
        partial(_policies, _weighting("fastcb", "Mixture", best_loss=51.2), 0.05, 0.4),
    ),
    "ours.greedy_regression": partial(
        _policies, lambda family: family.GreedyRegression(oracle=family.Aggregating()), 0.0, 0.5
    ),
    "ours.lms_gap_weighting": partial(_linear, _weighting("exact", "LeastMeanSquares"), **_MANY),
    "ours.gap_certificate": (
        partial(_certified, partial(_linear, lambda family: family.InverseGapWeighting(), **_FEW)),
        partial(_certified, partial(_policies, _weighting("squarecb", "Aggregating"))),
        partial(_certified, partial(_policies, _FASTCB)),
    ),
    "ours.pair_gap_weighting": _routing,
    "ours.delayed_gap_weighting": partial(_late, 7, partial(_policies, _EXACT), "Bold"),
    "ours.late_gap_weighting": (
        partial(_late, 7, partial(_policies, _weighting("exact", "Aggregating", gamma=38.4))),
        partial(_late, 3, partial(_linear, _weighting("exact", "VovkAzouryWarmuth", gamma=12.3), **_TWO)),
    ),
    "ours.late_estimation": _repeated,
    "ours.late_linucb": partial(_late, 1, _two_directions),
    "foster2020.estimation": (
        partial(_policies, _EXACT, horizon=128),
        partial(_linear, _weighting("exact", "LeastMeanSquares"), **_MANY),
    ),
    "ours.triangular": partial(_policies, _FASTCB, horizon=128),
    "vovk1998.aggregating": partial(_policies, _EXACT),
    "haussler1998.mixture": partial(_certified, partial(_policies, _FASTCB)),
    "azoury2001.forward": partial(_linear, lambda family: family.InverseGapWeighting(), **_FEW),
    "zinkevich2003.logistic": partial(
        _certified, partial(_linear, _weighting("fastcb", "LogisticDescent"), link="logistic", **_FEW)
    ),
    "auer2002.contextual_exp4": partial(_policies, lambda family: family.ContextualExp4()),
    "abbasi2011.linucb": partial(_linear, _linucb, 2**14, **_TWO),
    "russo2016.posterior_sampling": partial(_policies, lambda family: family.PosteriorSampling(), truth=None),
}
