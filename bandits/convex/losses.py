"""Convex losses, a new one every round: f_t(x) = (L/2) |x|^2 + <b_t, x> + c_t with a common curvature L, or your own.

| losses | b_t | c_t |
|---|---|---|
| `GradientTable(gradients, curvature)` | the rows of a table | 0 |
| `QuadraticLosses(targets, curvature)` | -L a_t: f_t(x) = (L/2) |x - a_t|^2 | (L/2) |a_t|^2 |
| `SEALosses(mean, drift, noise, curvature)` | a mean that may move, and noise | 0 |
| `OwnLosses(value, gradient, ...)` | any compiled convex loss | |

Between stochastic and adversarial (SEA; Sachs, Hadiji, van Erven & Guzman 2022): f_t is drawn from a law that the
adversary chooses, with mean F_t. sigma^2 bounds E |grad f_t - grad F_t|^2, and Sigma^2 is the sum over rounds of the
largest |grad F_t - grad F_(t-1)|^2 in the domain, F_0 = 0.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple, get_args

import numpy as np

from bandits.convex.domains import Domain
from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import HUGE, array, integer, optional_real, real
from bandits.core.coins import add_signs
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import in_lanes, own_array, where
from bandits.core.linear_algebra import dot
from bandits.core.regions import Region, least_linear, project
from bandits.core.rng import Stream
from bandits.core.summation import Sum, close_block, empty_sum, plus, value


class ConvexSteps(NamedTuple):
    """The compiled functions of a loss process; t counts from 0 and increases by one per call of `advance`."""

    init: Any  # (params, env) -> state
    advance: Any  # (params, state, t, x, env) -> state: draw the loss of round t; x (d,) is played in it
    value: Any  # (params, state, t, x) -> float: f_t(x), after advance
    gradient: Any  # (params, state, t, x, out): the gradient of f_t at x into out (d,)
    best: Any  # (params, state, region, scratch) -> float: the least total so far; None where it is not known
    linear: Any = None  # (params, state) -> (d,) float64 b_t of the round; None for other losses


class ConvexLosses(Checked):
    """Base of the losses: a frozen dataclass whose losses are convex on the whole domain."""

    curvature: float  # L: the losses are L-smooth, and those of one curvature L-strongly convex
    dimension: int  # d

    @property
    @abstractmethod
    def steps(self) -> ConvexSteps:
        """The compiled functions."""

    @abstractmethod
    def setting(self, horizon: int) -> Any:
        """Return what the compiled functions receive; ValueError if the losses do not reach the horizon."""

    @abstractmethod
    def lipschitz(self, domain: Domain, horizon: int) -> float:
        """Return G, an upper bound on the norms of all gradients in the domain."""

    @abstractmethod
    def largest(self, domain: Domain, horizon: int) -> float:
        """Return M, an upper bound on the size of all losses in the domain."""

    @property
    def fixed(self) -> bool:
        """Whether the losses are the same in every repetition."""
        return False

    @property
    def reacts(self) -> bool:
        """Whether the losses of a round depend on what is played in it."""
        return False


# ---------------------------------------------------------------- one curvature, moving linear parts


class LinearState(NamedTuple):
    """The linear part of the round and totals, those of the open block of 4096 rounds apart."""

    linear: Any  # (d,) float64, b_t
    open: Any  # (d,) float64
    closed: Any  # (d,) float64
    constant: float  # c_t
    constants: Sum
    rounds: int


class LinearSetting(NamedTuple):
    """What the losses of a table read; `constants` c_t."""

    table: Any  # (T, d) float64
    constants: Any  # (T,) float64
    curvature: float


@in_lanes()  # the losses, and so their totals, are the same in every lane
@kernel
def _init(params: Any, env: Stream) -> LinearState:
    d = params.table.shape[1]
    return LinearState(np.zeros(d), np.zeros(d), np.zeros(d), 0.0, empty_sum(), 0)


@kernel
def _count(state: LinearState, t: int, constant: float) -> LinearState:
    for i in range(state.linear.size):
        state.open[i] += state.linear[i]
    close_block(state.closed, state.open, t)
    return LinearState(state.linear, state.open, state.closed, constant, plus(state.constants, constant, t), t + 1)


@in_lanes()
@kernel
def _advance(params: LinearSetting, state: LinearState, t: int, x: Any, env: Stream) -> LinearState:
    for i in range(state.linear.size):
        state.linear[i] = params.table[t, i]
    return _count(state, t, params.constants[t])


@in_lanes()
@kernel
def _value(params: Any, state: LinearState, t: int, x: Any) -> float:
    return 0.5 * params.curvature * dot(x, x) + dot(state.linear, x) + state.constant


@in_lanes()
@kernel
def _gradient(params: Any, state: LinearState, t: int, x: Any, out: Any) -> None:
    for i in range(out.size):
        out[i] = params.curvature * x[i] + state.linear[i]


@rare_kernel
def _best(params: Any, state: LinearState, region: Region, scratch: Any) -> float:
    for i in range(scratch.size):
        scratch[i] = state.closed[i] + state.open[i]
    if params.curvature == 0.0:
        return least_linear(region, scratch) + value(state.constants)
    weight, total = params.curvature * state.rounds, 0.0
    for i in range(scratch.size):
        scratch[i] /= -weight
    project(region, scratch)
    for i in range(scratch.size):
        total += (0.5 * weight * scratch[i] + state.closed[i] + state.open[i]) * scratch[i]
    return total + value(state.constants)


@in_lanes()
@kernel
def _linear(params: Any, state: LinearState) -> Any:
    return state.linear


def _norms(rows: Any) -> Any:
    return np.linalg.norm(rows, axis=1)


TABLE_STEPS = ConvexSteps(_init, _advance, _value, _gradient, _best, _linear)


@dataclass(frozen=True, eq=False)
class GradientTable(ConvexLosses):
    """Losses (curvature/2) |x|^2 + <g_t, x> with given g_t, gradients (T, d); curvature >= 0; T must reach the horizon.

    At curvature 0 the gradients of the losses are the rows of the table.  row_bound: what learners are told of the
    largest norm of a row; at least that, which None means.
    """

    gradients: Numbers
    curvature: float = 0.0
    row_bound: float | None = None
    steps: ClassVar[ConvexSteps] = TABLE_STEPS
    fixed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "gradients", array("gradients", self.gradients, 2, -HUGE, HUGE))
        real("curvature", self.curvature, low=0.0, divides=True)
        optional_real("row_bound", self.row_bound, low=float(_norms(self.gradients).max()) * (1.0 - 1e-12))

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Number of coordinates d."""
        return int(self.gradients.shape[1])

    def _largest_row(self, horizon: int) -> float:
        return float(_norms(self.gradients[:horizon]).max()) if self.row_bound is None else self.row_bound

    def setting(self, horizon: int) -> LinearSetting:
        """Return the table."""
        if len(self.gradients) < horizon:
            raise ValueError(f"gradients must have at least horizon = {horizon} rows, got {len(self.gradients)}")
        return LinearSetting(self.gradients, np.zeros(len(self.gradients)), self.curvature)

    def lipschitz(self, domain: Domain, horizon: int) -> float:
        """Return the largest norm of a row and the curvature's share."""
        return self._largest_row(horizon) + self.curvature * domain.largest

    def largest(self, domain: Domain, horizon: int) -> float:
        """Return what the largest point can lose."""
        return (self._largest_row(horizon) + 0.5 * self.curvature * domain.largest) * domain.largest


@dataclass(frozen=True, eq=False)
class QuadraticLosses(ConvexLosses):
    """Losses (curvature/2) |x - a_t|^2 with given targets a_t (T, d); curvature > 0; T must reach the horizon."""

    targets: Numbers
    curvature: float = 1.0
    steps: ClassVar[ConvexSteps] = TABLE_STEPS
    fixed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", array("targets", self.targets, 2, -HUGE, HUGE))
        real("curvature", self.curvature, low=0.0, open_low=True)

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Number of coordinates d."""
        return int(self.targets.shape[1])

    def setting(self, horizon: int) -> LinearSetting:
        """Return linear parts and constants."""
        if len(self.targets) < horizon:
            raise ValueError(f"targets must have at least horizon = {horizon} rows, got {len(self.targets)}")
        constants = 0.5 * self.curvature * (self.targets**2).sum(axis=1)
        return LinearSetting(-self.curvature * self.targets, constants, self.curvature)

    def lipschitz(self, domain: Domain, horizon: int) -> float:
        """Return the curvature times the largest possible distance of a target."""
        return self.curvature * (domain.largest + float(_norms(self.targets[:horizon]).max()))

    def largest(self, domain: Domain, horizon: int) -> float:
        """Return the curvature times half the largest possible squared distance of a target."""
        return 0.5 * self.curvature * (self.lipschitz(domain, horizon) / self.curvature) ** 2


# ---------------------------------------------------------------- between stochastic and adversarial

Drift = Literal["fixed", "flips", "rotation", "sign", "corrupted"]
_DRIFTS = get_args(Drift)


class SEASetting(NamedTuple):
    """What the losses read."""

    drift: int
    mean: Any  # (d,) float64
    period: int
    noise: float  # of each coordinate
    curvature: float


@in_lanes()
@kernel
def _init_sea(params: SEASetting, env: Stream) -> LinearState:
    d = params.mean.size
    room = own_array(d, 0.0, env), own_array(d, 0.0, env), own_array(d, 0.0, env)
    return LinearState(*room, 0.0, empty_sum(), 0)


@kernel
def _mean(params: SEASetting, out: Any, t: int, x: Any) -> None:
    for i in range(out.size):
        out[i] = params.mean[i]
    if params.drift == 1 and (t // params.period) % 2 == 1:
        for i in range(out.size):
            out[i] = -out[i]
    elif params.drift == 2:
        angle = 2.0 * math.pi * (t % params.period) / params.period
        c, s = math.cos(angle), math.sin(angle)
        out[0], out[1] = c * params.mean[0] - s * params.mean[1], s * params.mean[0] + c * params.mean[1]
    elif params.drift == 3 or (params.drift == 4 and t < params.period):
        for i in range(out.size):
            out[i] = where(x[i] < 0.0, -out[i], out[i])


@in_lanes()
@kernel
def _advance_sea(params: SEASetting, state: LinearState, t: int, x: Any, env: Stream) -> LinearState:
    out = state.linear
    _mean(params, out, t, x)
    if params.noise > 0.0:
        add_signs(params.noise, env, t, out)
    return _count(state, t, 0.0)


SEA_STEPS = ConvexSteps(_init_sea, _advance_sea, _value, _gradient, _best, _linear)


@dataclass(frozen=True, eq=False)
class SEALosses(ConvexLosses):
    """Losses (curvature/2) |x|^2 + <m_t + z_t, x> between stochastic and adversarial.

    mean: (d,), m_t of the first round, and as `drift` says, "fixed"; "flips", with the sign changed every `period`
    rounds; "rotation", turned in the plane of the first two coordinates, once in `period` rounds; "sign", |m| with the
    signs of what is played in the round, the worst for it; "corrupted", so in the first `period` rounds, then |m|.
    noise: sigma >= 0; z_t has norm sigma and independent random signs.  curvature: L >= 0.  period: at least 1.
    """

    mean: Numbers
    drift: Drift = "fixed"
    noise: float = 0.0
    curvature: float = 0.0
    period: int = 1
    steps: ClassVar[ConvexSteps] = SEA_STEPS

    def __post_init__(self) -> None:
        mean = array("mean", self.mean, 1, -HUGE, HUGE)
        object.__setattr__(self, "mean", np.abs(mean) if self.reacts else mean)
        real("noise", self.noise, low=0.0)
        real("curvature", self.curvature, low=0.0, divides=True)
        integer("period", self.period, low=1)
        if self.drift == "rotation" and self.dimension < 2:
            raise ValueError("mean must have at least two coordinates for a rotation, got 1")

    @property
    def dimension(self) -> int:  # type: ignore[override]
        """Number of coordinates d."""
        return int(self.mean.size)

    @property
    def fixed(self) -> bool:
        """Whether there is no noise."""
        return self.noise == 0.0

    @property
    def reacts(self) -> bool:
        """Whether the means depend on the play."""
        return self.drift in ("sign", "corrupted")

    def setting(self, horizon: int) -> SEASetting:
        """Return mean, noise per coordinate and curvature."""
        d = self.dimension
        each = self.noise / math.sqrt(d)
        drift = _DRIFTS.index(self.drift)
        return SEASetting(drift, self.mean, self.period, each, self.curvature)

    def lipschitz(self, domain: Domain, horizon: int) -> float:
        """Return |m| + sigma and the curvature's share; all means have the norm of the first."""
        return float(np.linalg.norm(self.mean)) + self.noise + self.curvature * domain.largest

    def largest(self, domain: Domain, horizon: int) -> float:
        """Return what the largest point can lose."""
        row = float(np.linalg.norm(self.mean)) + self.noise
        return (row + 0.5 * self.curvature * domain.largest) * domain.largest

    def noise_squares(self, horizon: int) -> float:
        """Return sigma^2 summed over the rounds."""
        return self.noise**2 * horizon

    def drift_squares(self, domain: Domain, horizon: int) -> float:
        """Return Sigma^2 summed over the rounds; where the means depend on the play the largest possible value."""
        first, change, changes = self._drift(domain, horizon)
        return first + change * len(changes)

    def discounted_drift(self, domain: Domain, horizon: int) -> float:
        """Return the sum of Sigma^2 of round t divided by t, t = 1, ..., T, as `drift_squares`."""
        first, change, changes = self._drift(domain, horizon)
        return first + change * float((1.0 / (changes + 1.0)).sum())

    def _drift(self, domain: Domain, horizon: int) -> tuple[float, float, Any]:
        """Return Sigma^2 of the first round, that of each change, and the rounds, from 0, in which the mean changes."""
        size, changes = float(np.linalg.norm(self.mean)), np.arange(1, horizon)
        change = 0.0 if self.drift == "fixed" else 4.0 * size**2
        if self.drift == "rotation":
            change = (2.0 * float(np.linalg.norm(self.mean[:2])) * math.sin(math.pi / self.period)) ** 2
        if self.drift == "flips":
            changes = np.arange(self.period, horizon, self.period)
        elif self.drift == "corrupted":
            changes = np.arange(1, min(self.period + 1, horizon))
        return (size + self.curvature * domain.largest) ** 2, change, changes
