"""Exact expectations on two small tables, by enumeration, and a test of a learner's means against them."""

import math
from typing import NamedTuple

import numpy as np

from bandits.losses import LossTable
from bandits.switching import SwitchingCostGame
from sims import simulate

FALSE_ALARM = 1e-9  # of one comparison of means
REPETITIONS = 400_000


class Case(NamedTuple):
    losses: np.ndarray
    rate: float
    hedge: tuple[float, float]  # expected loss and switches, drawn afresh every round
    dartboard: tuple[float, float]
    exp3: tuple[float, float]


ROWS = {
    "two actions": Case(
        np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]),
        0.5,
        (2.62245933120185, 1.5),
        (2.62245933120185, 0.367377993605564),
        (2.6135790537684, 1.73164510928752),
    ),
    "three actions": Case(
        np.array([[0.2, 0.9, 0.5], [0.7, 0.1, 0.4], [0.3, 0.3, 1.0], [0.0, 0.6, 0.2]]),
        0.7,
        (1.78796324526621, 1.99890510694591),
        (1.78796324526621, 0.586059652683619),
        (1.7658943057025, 2.32971651222112),
    ),
}


def check_means(case, learner, feedback, expected, seed=5):
    """Assert that mean loss and mean switches are the exact expectations, up to a Bernstein radius."""
    table = ROWS[case].losses
    game = SwitchingCostGame(LossTable(table), len(table), 1.0, feedback)
    run = simulate(game, learner, repetitions=REPETITIONS, seed=seed, checkpoints=[len(table)])
    for metric, value in zip(("loss", "switches"), expected, strict=True):
        samples = run.final(metric)
        logs = math.log(4 / FALSE_ALARM)  # two sides, and the variance estimated from the same samples
        radius = samples.std() * math.sqrt(2 * logs / REPETITIONS) + 7 * len(table) * logs / (3 * REPETITIONS)
        assert abs(samples.mean() - value) <= radius, f"{metric}: {samples.mean():.5f}, exactly {value:.5f}"
