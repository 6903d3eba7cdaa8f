"""A threshold game with scripted outcomes: a learner's plays are then a function of the script."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.jit import kernel, rare_kernel
from bandits.protocol import ProblemSteps, RoundProblem
from bandits.threshold.batch import Constraints, Outcome
from bandits.threshold.population import Sensitivity
from bandits.threshold.problem import ChosenThreshold, FullScores
from tests.drivers import play_plainly


class ScriptSetting(NamedTuple):
    reward: Any  # (T, G)
    residuals: Any  # (T, G, m)
    information: Any  # (T, m)
    rows: int  # 1, or G where the scores are seen


class ScriptWorld(NamedTuple):
    arm: int
    residuals: Any  # (rows, m)
    information: Any  # (m,)


@kernel
def _init(setting, env):
    m = setting.information.shape[1]
    return ScriptWorld(-1, np.zeros((setting.rows, m)), np.zeros(m))


@kernel
def _respond(setting, world, t, arm, env):
    for j in range(world.information.size):
        for row in range(setting.rows):
            world.residuals[row, j] = setting.residuals[t, arm if setting.rows == 1 else row, j]
        world.information[j] = setting.information[t, j]
    after = ScriptWorld(arm, world.residuals, world.information)
    return Outcome(setting.reward[t, arm], world.residuals, world.information), after


class ScriptMetrics(NamedTuple):
    arm: int


@rare_kernel
def _measure(setting, world, n_rounds):
    return ScriptMetrics(world.arm)


class FakeFixedPoints(NamedTuple):
    residuals: Any
    feasible: Any
    best: int


class FakePopulation(NamedTuple):
    stationary: bool


@dataclass(frozen=True, eq=False)
class Script(RoundProblem):
    """reward (T, G) in [0, 1]; rates (T, G, 2) acceptance by group; sizes (T, 2) of the groups, of one sum n."""

    reward: Any
    rates: Any
    sizes: Any
    tolerance: float = 0.1
    service: tuple[float, float] | None = None
    contraction: float = 0.5
    diameter: float = 0.0
    sensitivity: Sensitivity = field(default_factory=lambda: Sensitivity(1.0, 0.0, 1.0))
    feedback: ChosenThreshold | FullScores = field(default_factory=ChosenThreshold)
    metrics: ClassVar[tuple[str, ...]] = ("arm",)
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure)

    @property
    def horizon(self):
        return len(self.reward)

    @property
    def n_actions(self):
        return self.reward.shape[1]

    @property
    def n_constraints(self):
        return 2 if self.service is None else 4

    @property
    def batch_size(self):
        return int(self.sizes[0].sum())

    @property
    def parity_tolerance(self):
        return self.tolerance

    @property
    def thresholds(self):
        return np.linspace(0.0, 1.0, self.n_actions)

    @property
    def constraints(self):
        return Constraints(self.n_constraints, self.tolerance, *(self.service or (0.0, 1.0)))

    @property
    def population(self):
        return FakePopulation(self.diameter == 0.0)

    @property
    def fixed_points(self):
        worst = self.residuals.mean(axis=0)
        feasible = (worst <= 0.0).all(axis=1)
        return FakeFixedPoints(worst, feasible, int(np.where(feasible, self.reward.mean(axis=0), -1.0).argmax()))

    @cached_property
    def residuals(self):
        """(T, G, m), written out from the definition."""
        gap = self.rates[..., 0] - self.rates[..., 1]
        parts = [gap - self.tolerance, -gap - self.tolerance]
        if self.service is not None:
            shares = self.sizes / self.sizes.sum(axis=1, keepdims=True)
            overall = (self.rates * shares[:, None, :]).sum(axis=2)
            parts += [self.service[0] - overall, overall - self.service[1]]
        return np.stack(parts, axis=2)

    @cached_property
    def information(self):
        """(T, m)."""
        n = self.sizes.sum(axis=1).astype(float)
        parity = 4.0 * self.sizes[:, 0] * self.sizes[:, 1] / n
        return np.stack([parity, parity, n, n][: self.n_constraints], axis=1)

    def setting(self):
        rows = self.n_actions if isinstance(self.feedback, FullScores) else 1
        return ScriptSetting(np.ascontiguousarray(self.reward), self.residuals.copy(), self.information, rows)


def script(seed, horizon=80, n_actions=5, batch_size=20, service=None, **changes):
    """Return a random script: acceptance falls with the threshold, groups of random size, sometimes one absent."""
    rng = np.random.default_rng(seed)
    rates = np.sort(rng.random((1, n_actions, 2)), axis=1)[:, ::-1] + 0.1 * rng.standard_normal((horizon, n_actions, 2))
    first = rng.binomial(batch_size, rng.choice([0.1, 0.5]), horizon)
    reward = np.clip(rng.random(n_actions) + 0.2 * rng.standard_normal((horizon, n_actions)), 0.0, 1.0)
    sizes = np.stack([batch_size - first, first], axis=1)
    return Script(reward, np.clip(rates, 0.0, 1.0), sizes, service=service, **changes)


def arms(problem, learner, seed=0):
    """Return the thresholds played, (T,) int64, by the steps' own text: nothing is compiled."""
    rounds = np.arange(1, problem.horizon + 1)
    return play_plainly(problem, learner, seed=seed, checkpoints=rounds)[0, :, 0].astype(np.int64)
