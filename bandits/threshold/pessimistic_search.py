"""Safe search: play only what is certified feasible, starting from a known safe threshold.

After Sui, Gotovos, Burdick & Krause, "Safe Exploration for Optimization with Gaussian Processes" (ICML
2015), with confidence intervals on a grid and a Lipschitz constant in place of the Gaussian process:

    upper_j(i) = min over past plays i' of  ghat_j(i') + beta_j(i') + slope |theta_i - theta_{i'}|,
    theta_t = argmax of rhat + beta over {i: upper_j(i) <= 0 for all j} and the safe threshold.

An unplayed threshold can only be certified through its neighbours, so the learner leaves the safe one only with a
slope. The intervals hold simultaneously, so the running minimum of the bounds is a bound. The safe threshold and
the slope are prior knowledge: by default they are taken from the fixed points.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import integer, optional_real
from bandits.core.jit import kernel
from bandits.core.limits import exceeds
from bandits.core.rng import Stream
from bandits.protocol import LearnerSteps
from bandits.threshold.batch import Outcome
from bandits.threshold.evidence import Evidence, Radii, no_evidence, observe, radii, residual_radius, reward_radius
from bandits.threshold.optimistic_search import ConfidentLearner
from bandits.threshold.problem import ThresholdGame


class PessimisticParams(NamedTuple):
    """Radii and prior knowledge."""

    radii: Radii
    safe: int
    slope: float
    thresholds: Any  # (G,)
    failure_probability: float


class PessimisticState(NamedTuple):
    """Evidence and the certified thresholds."""

    evidence: Evidence
    optimistic: Any  # (G,) rhat + beta
    upper: Any  # (G, m) running upper bounds of the residuals
    certified: Any  # (G,) bool


@kernel
def _init(params: PessimisticParams, rng: Stream) -> PessimisticState:
    g, m = params.radii.n_actions, params.radii.n_constraints
    state = PessimisticState(no_evidence(g, m), np.full(g, np.inf), np.full((g, m), np.inf), np.zeros(g, np.bool_))
    state.certified[params.safe] = True
    return state


@kernel
def _act(params: PessimisticParams, state: PessimisticState, t: int, rng: Stream) -> int:
    best = params.safe
    for i in range(state.optimistic.size):
        if state.certified[i] and state.optimistic[i] > state.optimistic[best]:
            best = i
    return best


@kernel
def _update(
    params: PessimisticParams, state: PessimisticState, t: int, arm: int, outcome: Outcome, rng: Stream
) -> PessimisticState:
    evidence, m = state.evidence, params.radii.n_constraints
    observe(evidence, arm, outcome)
    state.optimistic[arm] = evidence.reward[arm] + reward_radius(params.radii, evidence, arm)
    for i in range(state.certified.size):
        reach = params.slope * abs(params.thresholds[i] - params.thresholds[arm])
        safe = True
        for j in range(m):
            bound = evidence.residual[arm, j] + residual_radius(params.radii, evidence, arm, j) + reach
            state.upper[i, j] = min(state.upper[i, j], bound)
            safe = safe and not exceeds(state.upper[i, j], 0.0)
        if safe:
            state.certified[i] = True
    return state


@dataclass(frozen=True)
class PessimisticSearch(ConfidentLearner):
    """Safe search.

    safe: index of a threshold known to be feasible; None means the feasible fixed point of largest margin (ties to
    the lowest index; the oracle where nothing is feasible).
    slope: Lipschitz constant >= 0 of the residuals in the threshold; None means the largest between fixed points.
    """

    safe: int | None = None
    slope: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.safe is not None:
            integer("safe", self.safe, low=0)
        optional_real("slope", self.slope, low=0.0)

    def parameters(self, problem: ThresholdGame) -> PessimisticParams:
        """Return radii and prior knowledge; ValueError if the grid has no threshold `safe`."""
        found, thresholds = problem.fixed_points, problem.thresholds
        safe, slope = self.safe, self.slope
        if safe is None:
            safe = int(found.residuals.max(axis=1).argmin()) if found.feasible.any() else found.best
        if slope is None:
            slope = float((np.abs(np.diff(found.residuals, axis=0)).max(axis=1) / np.diff(thresholds)).max())
        delta = float(self.failure_probability)
        index = integer("safe", safe, low=0, high=problem.n_actions - 1)
        return PessimisticParams(radii(problem, delta, float(self.width)), index, slope, thresholds, delta)
