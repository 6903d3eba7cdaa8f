"""A problem and a learner whose metric is drawn straight from NumPy, a function of the repetition's number.

Means, shares and exponents are known exactly, and nothing is compiled.
"""

import types
from dataclasses import dataclass
from functools import cache

import numpy as np
import sympy as sp

from bandits.protocol import Learner, RoundProblem
from theory.bound import Bound, Source


@dataclass(frozen=True)
class Scripted(RoundProblem):
    """A problem whose one metric, "score", lies in [0, 10]; `steps` are never needed."""

    horizon: int = 100
    n_actions: int = 3
    top: float = 10.0

    metrics = ("score",)
    steps = None

    def setting(self):
        return None

    def metric_range(self, metric, learner):
        assert metric == "score"
        return 0.0, self.top


@dataclass(frozen=True)
class Coin(Learner):
    """Scores `high` with the given chance, else `low`; grows like the horizon's power with relative noise."""

    chance: float
    low: float = 0.0
    high: float = 10.0
    power: float = 0.0
    delta: float | None = 0.2

    def check(self, problem):
        pass

    def parameters(self, problem):
        return types.SimpleNamespace(failure_probability=self.delta, _asdict=lambda: {})

    def play(self, problem, seed, first, count, rounds):
        score = np.where(uniforms(seed)[first : first + count] < self.chance, self.high, self.low)
        return (score * problem.horizon**self.power)[:, None, None]


@cache
def uniforms(seed):
    return np.random.default_rng(seed).random(20_000)


def claim(expression, **changes):
    """Return a bound on the score of any learner."""
    expression = sp.sympify(expression)
    return Bound("made.up", "Coin", "score", expression, Source("nobody", "nowhere"), "Made up.", **changes)
