"""Default cases of dueling bandits: one best action, with gaps of about the detectable size."""

import math
from functools import partial
from typing import Any

import numpy as np

from theory.cases import Case, Cases


def _planted(n_actions: int, horizon: int, gaps: float) -> Any:
    """Return a game whose best action wins by `gaps` times sqrt(n / T), about the size that T duels can detect."""
    from bandits.preference import DuelingBandit

    matrix = np.full((n_actions, n_actions), 0.5)
    matrix[0, 1:] += gaps * math.sqrt(n_actions / horizon)
    matrix[1:, 0] -= gaps * math.sqrt(n_actions / horizon)
    return DuelingBandit(matrix, horizon)


def _duels(learner: str, n_actions: int, horizon: int, gaps: float, **parameters: Any) -> Case:
    from bandits import preference

    return Case(_planted(n_actions, horizon, gaps), getattr(preference, learner)(**parameters))


def _rucb(n_actions: int) -> Case:
    """Return RUCB with intervals so wide that the theorem has little left to say about the first rounds."""
    from bandits.preference import RUCB

    return Case(_planted(n_actions, 4096, 10.0), RUCB(2.0), {"parameters": {"failure_probability": 0.05}})


CASES: Cases = {
    "ailon2014.sparring_exp3": partial(_duels, "SparringExp3", 10, 2048, 4.0),
    "saha2022.versatile_db": partial(_duels, "VersatileDB", 10, 2048, 4.0),
    "saha2022.versatile_db_gaps": partial(_duels, "VersatileDB", 2, 4096, 20.0),
    "zoghi2014.rucb": (partial(_rucb, 2), partial(_rucb, 3)),
}
WITHOUT_CASE = {
    "wu2016.double_thompson": "no grid of horizons tells a logarithm from a small power of T (tests compare decades)",
}
