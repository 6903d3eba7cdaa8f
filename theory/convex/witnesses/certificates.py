"""Theorems about every path, measured on it: probes for `bandits.combine.observed`.

A certificate is the right side of a theorem, computed from the gradients of the play and from parameters that are
given, not from the learner. `excess` is the left side, for the comparator u at which the difference is largest, less
the certificate: at most 0 on every path. `ratio` is left over right side, 0 where both are.

| probe | left side | certificate |
|---|---|---|
| `AdaGradCertificate` | linear regret | sqrt(2) D sqrt(sum |g|^2) |
| `OptimisticCertificate` | linear regret | (3/2) D sqrt(delta + 4 G^2 + V_T) |
| `DescentCertificate` | linear regret + sum |x_t - w_t|^2 / (2 eta_t) | D^2 / (2 eta_T) + sum (eta_t/2) |g - M|^2 |
| `StrongCertificate` | sum [<g, x - u> - (mu/2) |x - u|^2] | sum |g|^2 / (2 mu t) |
| `LeaderCertificate` | the same, and sum (mu (t - 1)/2) |x_t - w_t|^2 | sum |g - M|^2 / (2 mu t) |
| `NewtonCertificate` | sum [<g, x - u> - (beta/2) <g, x - u>^2] | ln det(A_T / eps) / (2 beta) + beta eps |u|^2 / 2 |
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.combine import Probe, ProbeSteps
from bandits.convex.feedback import HintedGradient
from bandits.convex.gradient_descent import descend
from bandits.convex.problem import ConvexGame, ConvexSetting, ConvexWorld, linear_regret
from bandits.core.checks import real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.linear_algebra import distance, dot, factorise, least_on_ball
from bandits.core.regions import BALL, project
from bandits.core.summation import value

_ROUNDING = 1e-12


class Own(NamedTuple):
    """What a certificate is computed from: delta + 4 G^2, mu or beta; D; eps; whether the game gives hints."""

    parameter: float
    diameter: float
    ridge: float
    hinted: bool


class Kept(NamedTuple):
    """Sums over the rounds."""

    terms: Any  # (4,) float64: sums of the right side and of the left; V; the last rate
    hint: Any  # (d,) float64, the gradient of the round before
    base: Any  # (d,) float64
    scratch: Any  # (d,) float64
    right: Any  # (d,) float64
    matrix: Any  # (d, d) float64, of the Newton step
    factor: Any  # (d, d) float64


class Certified(NamedTuple):
    """A theorem on the path so far."""

    certificate: float
    excess: float
    ratio: float


@kernel
def certified(left: float, right: float, size: float) -> Certified:
    """Return both sides compared; right >= 0; size: of the terms of the left side, whose rounding is allowed for."""
    certificate = right + _ROUNDING * size
    return Certified(certificate, left - certificate, left / certificate if certificate > 0.0 else 0.0)


@kernel
def _size(own: Own, world: ConvexWorld, n_rounds: int) -> float:
    """Return the most that the linear regret can be."""
    return own.diameter * math.sqrt(n_rounds * value(world.totals.squares))


@kernel
def _init(setting: ConvexSetting, own: Own) -> Kept:
    d = setting.region.start.size
    n = d if own.ridge > 0.0 else 0
    base, square = setting.region.start.copy(), np.zeros((n, n))
    if own.ridge > 0.0:
        for i in range(d):
            square[i, i] = own.ridge
    return Kept(np.zeros(4), np.zeros(d), base, np.zeros(d), np.zeros(d), square, np.zeros((n, n)))


@kernel
def _hint_error(own: Own, kept: Kept, world: ConvexWorld) -> float:
    """Return |g - M|^2; afterwards the gradient is the next hint, unless the game has hints."""
    error = 0.0
    for i in range(world.vectors.gradient.size):
        hint = world.vectors.hint[i] if own.hinted else kept.hint[i]
        error += (world.vectors.gradient[i] - hint) * (world.vectors.gradient[i] - hint)
        kept.scratch[i] = hint
        kept.hint[i] = world.vectors.gradient[i]
    return error


@kernel
def _nothing(
    setting: ConvexSetting, own: Own, kept: Kept, world: ConvexWorld, t: int, action: Any, feedback: Any
) -> Kept:
    return kept


class Certificate(Probe):
    """Base of the certificates; they need a game that reveals gradients."""

    def metrics(self, problem: Any) -> tuple[str, ...]:
        """Return certificate, excess and ratio."""
        return Certified._fields

    def setting(self, problem: ConvexGame) -> Own:
        """Return what the compiled functions receive; TypeError for other games."""
        if "linear_regret" not in getattr(problem, "metrics", ()):
            raise TypeError(f"{type(self).__name__} needs a ConvexGame that reveals gradients")
        parameter, ridge = self._numbers(problem)
        return Own(parameter, problem.diameter, ridge, isinstance(problem.feedback, HintedGradient))

    def _numbers(self, problem: ConvexGame) -> tuple[float, float]:
        """Return the parameter and eps."""
        return 0.0, 0.0


# ---------------------------------------------------------------- closed forms


@kernel
def _measure_adagrad(setting: ConvexSetting, own: Own, kept: Kept, world: ConvexWorld, n_rounds: int) -> Certified:
    right = own.diameter * math.sqrt(2.0 * value(world.totals.squares))
    return certified(linear_regret(setting, world), right, _size(own, world, n_rounds))


@dataclass(frozen=True)
class AdaGradCertificate(Certificate):
    """Of `AdaGradNorm` (Streeter & McMahan 2010)."""

    kind: ClassVar[str] = "AdaGrad certificate"
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init, _nothing, _measure_adagrad)


@kernel
def _measure_optimistic(setting: ConvexSetting, own: Own, kept: Kept, world: ConvexWorld, n_rounds: int) -> Certified:
    right = 1.5 * own.diameter * math.sqrt(own.parameter + value(world.totals.variation))
    return certified(linear_regret(setting, world), right, _size(own, world, n_rounds))


@dataclass(frozen=True)
class OptimisticCertificate(Certificate):
    """Of `OptimisticDescent` with its `offset` delta >= 0 (Chen et al. 2024)."""

    offset: float
    kind: ClassVar[str] = "optimistic certificate"
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init, _nothing, _measure_optimistic)

    def __post_init__(self) -> None:
        real("offset", self.offset, low=0.0)

    def _numbers(self, problem: ConvexGame) -> tuple[float, float]:
        return self.offset + 4.0 * problem.gradient_bound**2, 0.0


@kernel
def _update_descent(
    setting: ConvexSetting, own: Own, kept: Kept, world: ConvexWorld, t: int, action: Any, feedback: Any
) -> Kept:
    rate = own.diameter / math.sqrt(own.parameter + kept.terms[2])
    error = _hint_error(own, kept, world)
    kept.terms[0] += 0.5 * rate * error
    kept.terms[1] += distance(action, kept.base) ** 2 / (2.0 * rate)
    kept.terms[2] += error
    kept.terms[3] = rate
    descend(setting.region, kept.base, rate, world.vectors.gradient)
    return kept


@kernel
def _measure_descent(setting: ConvexSetting, own: Own, kept: Kept, world: ConvexWorld, n_rounds: int) -> Certified:
    left, first = linear_regret(setting, world) + kept.terms[1], own.diameter**2 / (2.0 * kept.terms[3])
    return certified(left, first + kept.terms[0], _size(own, world, n_rounds) + kept.terms[1])


@dataclass(frozen=True)
class DescentCertificate(OptimisticCertificate):
    """Of `OptimisticDescent` with the negative terms of its analysis; w_t is the point without hint."""

    kind: ClassVar[str] = "descent certificate"
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init, _update_descent, _measure_descent)

    def _numbers(self, problem: ConvexGame) -> tuple[float, float]:
        if self.offset + problem.gradient_bound == 0.0:
            raise ValueError("offset must be above 0 where all gradients are 0, got 0")
        return super()._numbers(problem)


# ---------------------------------------------------------------- strong convexity


@kernel
def _init_strong(setting: ConvexSetting, own: Own) -> Kept:
    d = setting.region.start.size
    return Kept(
        np.zeros(4), np.zeros(d), np.zeros(d), np.zeros(d), np.zeros(d), np.zeros((0, 0)), np.zeros((0, 0))
    )  # fmt: skip


@kernel
def _add_centre(own: Own, kept: Kept, world: ConvexWorld, x: Any) -> None:
    """Add mu x - g, and <g, x> - (mu/2) |x|^2."""
    g, mu = world.vectors.gradient, own.parameter
    kept.terms[1] += dot(g, x) - 0.5 * mu * dot(x, x)
    for i in range(g.size):
        kept.base[i] += mu * x[i] - g[i]


@kernel
def _update_strong(
    setting: ConvexSetting, own: Own, kept: Kept, world: ConvexWorld, t: int, action: Any, feedback: Any
) -> Kept:
    kept.terms[0] += dot(world.vectors.gradient, world.vectors.gradient) / (2.0 * own.parameter * (t + 1))
    _add_centre(own, kept, world, action)
    return kept


@kernel
def _update_leader(
    setting: ConvexSetting, own: Own, kept: Kept, world: ConvexWorld, t: int, action: Any, feedback: Any
) -> Kept:
    mu = own.parameter
    kept.terms[0] += _hint_error(own, kept, world) / (2.0 * mu * (t + 1))
    if t > 0:
        for i in range(action.size):
            kept.scratch[i] = kept.base[i] / (mu * t)
        project(setting.region, kept.scratch)
        kept.terms[1] += 0.5 * mu * t * distance(action, kept.scratch) ** 2
    _add_centre(own, kept, world, action)
    return kept


@rare_kernel
def _measure_strong(setting: ConvexSetting, own: Own, kept: Kept, world: ConvexWorld, n_rounds: int) -> Certified:
    weight = own.parameter * n_rounds
    for i in range(kept.base.size):
        kept.scratch[i] = kept.base[i] / weight
    project(setting.region, kept.scratch)
    u = kept.scratch
    left = kept.terms[1] + dot(kept.base, u) - 0.5 * weight * dot(u, u)
    size = _size(own, world, n_rounds) + weight * own.diameter**2
    return certified(left, kept.terms[0], size)


@dataclass(frozen=True)
class StrongCertificate(Certificate):
    """Of `StronglyConvexOGD` with its mu > 0."""

    strong_convexity: float
    kind: ClassVar[str] = "strong convexity certificate"
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init_strong, _update_strong, _measure_strong)

    def __post_init__(self) -> None:
        real("strong_convexity", self.strong_convexity, low=0.0, open_low=True)

    def _numbers(self, problem: ConvexGame) -> tuple[float, float]:
        return self.strong_convexity, 0.0


@dataclass(frozen=True)
class LeaderCertificate(StrongCertificate):
    """Of `OptimisticFTL` with its mu > 0; w_t is the leader without hint (Sachs et al. 2022, proof ours)."""

    kind: ClassVar[str] = "leader certificate"
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init_strong, _update_leader, _measure_strong)


# ---------------------------------------------------------------- Newton step


@kernel
def _update_newton(
    setting: ConvexSetting, own: Own, kept: Kept, world: ConvexWorld, t: int, action: Any, feedback: Any
) -> Kept:
    g, beta = world.vectors.gradient, own.parameter
    along = dot(g, action)
    kept.terms[1] += along - 0.5 * beta * along * along
    for i in range(g.size):
        kept.base[i] += (beta * along - 1.0) * g[i]
        for j in range(g.size):
            kept.matrix[i, j] += g[i] * g[j]
    return kept


@rare_kernel
def _measure_newton(setting: ConvexSetting, own: Own, kept: Kept, world: ConvexWorld, n_rounds: int) -> Certified:
    beta, u = own.parameter, kept.scratch
    for i in range(u.size):
        kept.right[i] = kept.base[i] / beta
    least_on_ball(kept.matrix, kept.right, setting.region.radius, kept.factor, kept.hint, u)
    along = kept.terms[1] + dot(kept.base, u)
    for i in range(u.size):
        along -= 0.5 * beta * u[i] * (dot(kept.matrix[i], u) - own.ridge * u[i])
    factorise(kept.matrix, 0.0, kept.factor)
    logdet = 0.0
    for i in range(u.size):
        logdet += 2.0 * math.log(kept.factor[i, i]) - math.log(own.ridge)
    right = logdet / (2.0 * beta) + 0.5 * beta * own.ridge * dot(u, u)
    size = _size(own, world, n_rounds) + beta * own.diameter**2 * value(world.totals.squares)
    return certified(along, right, size)


@dataclass(frozen=True)
class NewtonCertificate(Certificate):
    """Of `OnlineNewtonStep` with its rate beta > 0 and ridge eps > 0, on a ball."""

    rate: float
    ridge: float
    kind: ClassVar[str] = "Newton certificate"
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init, _update_newton, _measure_newton)

    def __post_init__(self) -> None:
        real("rate", self.rate, low=0.0, open_low=True)
        real("ridge", self.ridge, low=0.0, open_low=True)

    def _numbers(self, problem: ConvexGame) -> tuple[float, float]:
        if problem.domain.region.kind != BALL:
            raise TypeError(f"{type(self).__name__} needs a Ball as domain, got {type(problem.domain).__name__}")
        return self.rate, self.ridge
