"""Witnesses of the stochastic family's theorems: small bandits with their exact regret (`theory.tightness`)."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from theory.stochastic.exact import exact_play
from theory.tightness import Witness

_HORIZONS = (5, 20, 60)
_REWARDS = ((0.95, 0.05), (0.9, 0.1), (0.7, 0.3))


def _exact(learner: str, *arguments: Any) -> Iterator[Witness]:
    """Yield the exact regret of a learner (class name) on bandits of two arms."""
    from bandits import stochastic

    for horizon in _HORIZONS:
        for rewards in _REWARDS:
            bandit, played = stochastic.stochastic_bandit(rewards, horizon), getattr(stochastic, learner)(*arguments)
            play = exact_play(bandit, played)
            if play is not None:
                yield Witness(bandit, played, play.regret, "hand-made")


def _commitment() -> Iterator[Witness]:
    """Yield plays that explore so long that a distant arm is hardly ever chosen: only exploration counts."""
    from bandits.stochastic import ETC, stochastic_bandit

    for pulls in (8, 12, 20):
        bandit, learner = stochastic_bandit((0.9, 0.1), 60), ETC(pulls)
        play = exact_play(bandit, learner)
        if play is not None:
            yield Witness(bandit, learner, play.regret, "hand-made")


WITNESSES: Mapping[str, Callable[[], Iterator[Witness]]] = {
    "lattimore2020.ucb": partial(_exact, "UCB"),
    "lattimore2020.ucb_worst_case": partial(_exact, "UCB"),
    "auer2002.ucb1": partial(_exact, "UCB1"),
    "audibert2009.moss": partial(_exact, "MOSS"),
    "lattimore2020.kl_ucb": partial(_exact, "KLUCB", "book"),
    "lattimore2020.explore_then_commit": _commitment,
    "evendar2006.elimination": partial(_exact, "SuccessiveElimination"),
}
