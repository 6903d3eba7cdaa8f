"""Independent losses with fixed laws: finitely many values, or normal.

The losses of all actions are generated in every round, since regret in hindsight needs their totals.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.arguments import Numbers
from bandits.core.checks import HUGE, array, real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import in_lanes, own, own_array
from bandits.core.normal import normal_quantile
from bandits.core.rng import Stream, uniform
from bandits.losses.process import LossProcess, LossSteps

_HALF_STEP = 2.0**-54  # makes a uniform in [0, 1) the middle of its interval
_ROUNDING = 1e-9  # of weights that should sum to 1
_LAST_OF_BLOCK = 4095


class IndependentState(NamedTuple):
    """The losses of the round, and every action's total in closed blocks of 4096 rounds and in the open one."""

    losses: Any  # (K,) float64
    closed: Any  # (K,) float64
    open: Any  # (K,) float64


@in_lanes()
@kernel
def _init(setting: Any, env: Stream) -> IndependentState:
    n = setting.mean.size
    return IndependentState(own_array(n, 0.0, env), own_array(n, 0.0, env), own_array(n, 0.0, env))


@kernel
def _add(state: IndependentState, t: int, arm: int, loss: float) -> None:
    state.losses[arm] = loss
    state.open[arm] += loss
    if t & _LAST_OF_BLOCK == _LAST_OF_BLOCK:
        state.closed[arm] += state.open[arm]
        state.open[arm] = 0.0


@in_lanes()
@kernel
def _loss(setting: Any, state: IndependentState, t: int, arm: int) -> float:
    return state.losses[arm]


@rare_kernel
def _totals(setting: Any, state: IndependentState, n_rounds: int, out: Any) -> None:
    for arm in range(out.size):
        out[arm] = state.closed[arm] + state.open[arm]


@in_lanes()
@kernel
def _gap(setting: Any, state: IndependentState, arm: int) -> float:
    return setting.mean[arm] - setting.best


# ---------------------------------------------------------------- finitely many values


class FiniteSetting(NamedTuple):
    """Means of the actions, the least of them, the values and their cumulative weights."""

    mean: Any  # (K,) float64
    best: float
    values: Any  # (m,) float64
    cumulative: Any  # (K, m) float64, rows that end in 1


@kernel
def _finite_advance(setting: FiniteSetting, state: IndependentState, t: int, env: Stream) -> IndependentState:
    for arm in range(setting.mean.size):
        u = uniform(env, t, arm)
        j = 0
        while u >= setting.cumulative[arm, j]:
            j += 1
        _add(state, t, arm, setting.values[j])
    return state


@in_lanes(of=_finite_advance)
@kernel
def _lanes_advance(setting: FiniteSetting, state: IndependentState, t: int, env: Stream) -> IndependentState:
    for arm in range(setting.mean.size):
        u = uniform(env, t, arm)
        j = own(0, env)
        for c in range(setting.values.size - 1):
            j += u >= setting.cumulative[arm, c]
        _add(state, t, arm, setting.values[j])
    return state


@dataclass(frozen=True)
class FiniteLosses(LossProcess):
    """Independent losses with finitely many values (m,) in [0, 1]: P(l_t(i) = values[j]) = weights[i, j].

    weights: (K, m), each row >= 0 and summing to 1 up to 1e-9.
    """

    values: Numbers
    weights: Numbers
    steps: ClassVar[LossSteps] = LossSteps(_init, _finite_advance, _loss, _totals, _gap)
    bounded: ClassVar[bool] = True

    def __post_init__(self) -> None:
        values = array("values", self.values, ndim=1, low=0.0, high=1.0)
        weights = array("weights", self.weights, ndim=2, low=0.0, high=1.0)
        if weights.shape[1] != len(values):
            raise ValueError(
                f"values and columns of weights must be equally many, got {len(values)}, {weights.shape[1]}"
            )
        sums = weights.sum(axis=1)
        if abs(sums - 1.0).max() > _ROUNDING:
            raise ValueError(f"weights must sum to 1 in every row, got {sums[abs(sums - 1.0).argmax()]:.12g}")
        object.__setattr__(self, "values", tuple(values.tolist()))
        object.__setattr__(self, "weights", tuple(map(tuple, (weights / sums[:, None]).tolist())))

    @property
    def n_actions(self) -> int:  # type: ignore[override]
        """Number of actions K."""
        return len(self.weights)

    @property
    def means(self) -> tuple[float, ...]:
        """Mean losses (K,)."""
        values, weights = self.outcomes()
        return tuple((weights @ values).tolist())

    def outcomes(self) -> tuple[Any, Any]:
        """Return the values (m,) and the weights (K, m)."""
        return np.array(self.values), np.array(self.weights)

    def mean_gap(self, horizon: int) -> float:
        """Return the largest mean less the smallest."""
        return max(self.means) - min(self.means)

    def setting(self, horizon: int) -> FiniteSetting:
        """Return what the compiled functions receive; the horizon is not used."""
        values, weights = self.outcomes()
        means, cumulative = weights @ values, weights.cumsum(axis=1)
        for row, weight in zip(cumulative, weights, strict=True):
            row[np.flatnonzero(weight)[-1] :] = 1.0  # no value of weight 0 is drawn, whatever the rounding
        return FiniteSetting(means, float(means.min()), values, cumulative)


# ---------------------------------------------------------------- normal


class GaussianSetting(NamedTuple):
    """Means of the actions, the least of them, and the standard deviation."""

    mean: Any  # (K,) float64
    best: float
    sigma: float


@in_lanes()
@kernel
def _gaussian_advance(setting: GaussianSetting, state: IndependentState, t: int, env: Stream) -> IndependentState:
    for arm in range(setting.mean.size):
        normal = normal_quantile(uniform(env, t, arm) + _HALF_STEP)
        _add(state, t, arm, setting.mean[arm] + setting.sigma * normal)
    return state


@dataclass(frozen=True)
class GaussianLosses(LossProcess):
    """Independent normal losses with means (K,) and standard deviation sigma >= 0. They are not bounded in [0, 1]."""

    means: Numbers
    sigma: float = 1.0
    steps: ClassVar[LossSteps] = LossSteps(_init, _gaussian_advance, _loss, _totals, _gap)

    def __post_init__(self) -> None:
        means = array("means", self.means, ndim=1, low=-HUGE, high=HUGE)
        object.__setattr__(self, "means", tuple(means.tolist()))
        real("sigma", self.sigma, low=0.0)

    @property
    def n_actions(self) -> int:  # type: ignore[override]
        """Number of actions K."""
        return len(self.means)

    def mean_gap(self, horizon: int) -> float:
        """Return the largest mean less the smallest."""
        return max(self.means) - min(self.means)

    def setting(self, horizon: int) -> GaussianSetting:
        """Return what the compiled functions receive; the horizon is not used."""
        return GaussianSetting(np.array(self.means), min(self.means), float(self.sigma))
