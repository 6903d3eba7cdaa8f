"""Default cases of the preference family: random games by the hundred for claims about every game, and single duels.

Repetition r plays game r mod G, so a claim about every path meets each of the G games.
"""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from theory.instances import Instance

_GAMES = 200
_HORIZONS = tuple(2**k for k in range(9, 16))


def _self_play(learner: str, horizon: int = 100, tau: float = 0.0, **parameters: Any) -> Instance:
    """Return a learner against itself in random tournaments of four actions with uneven references."""
    from bandits import preference
    from bandits.preference import games

    rng = np.random.default_rng(11)
    matrices = [games.tournament(4, rng) for _ in range(_GAMES)]
    references = rng.dirichlet(np.full(4, 0.5), _GAMES) + 1e-2
    references /= references.sum(axis=1, keepdims=True)
    game = preference.PreferenceGame(matrices, horizon, tau, references)
    return Instance(game, getattr(preference, learner)(**parameters))


def _sparring() -> Instance:
    from bandits.preference import DuelingBandit, SparringExp3, games

    return Instance(DuelingBandit(games.arithmetic(5), 4096), SparringExp3())


def _versatile() -> Instance:
    """Return games whose best action wins by sqrt(n / T), too little to be told from the others in T duels."""
    from bandits.preference import DuelingBandit, VersatileDB

    def game(horizon: int) -> Any:
        matrix = np.full((5, 5), 0.5)
        matrix[0, 1:] += math.sqrt(5 / horizon)
        matrix[1:, 0] -= math.sqrt(5 / horizon)
        return DuelingBandit(matrix, horizon)

    return Instance(game, VersatileDB(), {"horizons": _HORIZONS})


INSTANCES: Mapping[str, Callable[[], Instance] | tuple[Callable[[], Instance], ...]] = {
    "swamy2024.hedge_self_play": partial(_self_play, "HedgeSelfPlay"),
    "syrgkanis2015.omwu": partial(_self_play, "OMWU"),
    "hart2000.regret_matching": partial(_self_play, "RegretMatching"),
    "tammelin2014.regret_matching_plus": partial(_self_play, "RegretMatchingPlus"),
    "zhang2024.inpo_average": partial(_self_play, "INPO", tau=0.1),
    "zhang2025.onpo": partial(_self_play, "ONPO", tau=0.1),
    "zhang2024.inpo": partial(_self_play, "INPO", 20, tau=0.1),
    "tiapkin2025.nash_mp": partial(_self_play, "NashMP", 20, tau=0.1),
    "munos2023.nash_md": partial(_self_play, "NashMD", 20, tau=0.1),
    "munos2023.nash_md_constant": partial(_self_play, "NashMD", tau=0.1, learning_rate=0.5),
    "ailon2014.sparring_exp3": _sparring,
    "saha2022.versatile_db": _versatile,
}
