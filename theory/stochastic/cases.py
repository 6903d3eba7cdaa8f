"""Default cases of the stochastic family: two or more actions with Bernoulli losses."""

from functools import partial
from typing import Any

from theory.cases import Case, Cases


def _case(learner: str, rewards: Any, horizon: int, *arguments: Any) -> Case:
    """Return the case of a learner (class name) on Bernoulli rewards with these means."""
    from bandits import stochastic

    return Case(stochastic.stochastic_bandit(rewards, horizon), getattr(stochastic, learner)(*arguments))


def _normal() -> Case:
    from bandits.losses import GaussianLosses
    from bandits.stochastic import UCB, stochastic_bandit

    return Case(stochastic_bandit(GaussianLosses([0.0, 0.5, 0.5], sigma=0.25), 1000), UCB(sigma=0.25))


def _both_worlds() -> Case:
    from bandits.stochastic import stochastic_bandit
    from bandits.switching import TsallisINF

    return Case(stochastic_bandit((0.9, 0.1), 10_000), TsallisINF())


_FOUR = (0.6, 0.5, 0.5, 0.5)

CASES: Cases = {
    "lattimore2020.ucb": (partial(_case, "UCB", (0.9, 0.1), 100), _normal),
    "lattimore2020.ucb_worst_case": partial(_case, "UCB", (0.9, 0.1), 1000),
    "auer2002.ucb1": partial(_case, "UCB1", (0.9, 0.1), 500),
    "audibert2009.moss": partial(_case, "MOSS", (0.9, *4 * (0.1,)), 10_000),
    "lattimore2020.kl_ucb": partial(_case, "KLUCB", (0.9, 0.1), 2000, "book"),
    "lattimore2020.explore_then_commit": (
        partial(_case, "ETC", (0.7, 0.3), 60, 20),
        partial(_case, "ETC", _FOUR, 1000, 100),
    ),
    "ours.tsallis_inf_stochastic": _both_worlds,
    "evendar2006.elimination": partial(_case, "SuccessiveElimination", (0.9, 0.1), 1000),
}
WITHOUT_CASE = {
    "lai1985.lower": "a statement about ever longer horizons and all problems at once; the figure lattimore2020_slope "
    "compares slopes in ln T with its constant",
    "kaufmann2012.thompson": "the constant of an asymptotic rate: the exponent of T is 0, so a fit of exponents tests "
    "nothing; the figure lattimore2020_slope compares slopes in ln T",
    "lattimore2020.minimax_lower": "the losses are chosen for the learner",
}
