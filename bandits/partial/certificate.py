"""A bound on regret that each play of `Exp3Neighbours` works out, without constants of the game: a probe."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.combine import Observed, Probe, ProbeSteps, observed
from bandits.core.arguments import checked
from bandits.core.checks import instance
from bandits.core.exponential_weights import probability
from bandits.core.jit import kernel, rare_kernel
from bandits.core.summation import Sum, empty_sum, plus, value
from bandits.partial.neighbours import Exp3Neighbours, NeighbourParams, NeighbourState, estimate, learn, start
from bandits.partial.problem import PartialMonitoring, PartialSetting, PartialWorld

_metrics_of_the_game = PartialMonitoring.steps.measure


class Certified(NamedTuple):
    """What the rounds of a path are certified to cost, and the regret beyond it."""

    certificate: float
    uncertified: float


class Kept(NamedTuple):
    """The learner, and the sum of lambda_t."""

    learner: NeighbourState
    rounds: Sum


@kernel
def _init(setting: PartialSetting, own: NeighbourParams) -> Kept:
    return Kept(start(own, None), empty_sum())


@kernel
def _mean(setting: PartialSetting, params: NeighbourParams, state: NeighbourState, x: int, shift: float) -> Any:
    """Return the largest -eta D(b) against outcome x, and the mean of exp(-eta D - shift), for shift 0 less 1."""
    largest, mean = -np.inf, 0.0
    for a in range(state.play.size):
        if state.play[a] > 0.0:
            estimate(params, state, a, setting.signals[a, x])
            for b in range(params.n_candidates):
                chance = state.play[a] * probability(state.weights, b)
                exponent = -params.learning_rate * state.estimates[b]
                if chance > 0.0:
                    largest = max(largest, exponent)
                    mean += chance * (math.exp(exponent - shift) if shift else math.expm1(min(exponent, 1.0)))
    return largest, mean


@rare_kernel
def _cost(setting: PartialSetting, params: NeighbourParams, state: NeighbourState) -> float:
    """Return lambda_t; the state's room for estimates is written."""
    worst = -np.inf
    for x in range(setting.losses.shape[1]):
        largest, mean = _mean(setting, params, state, x, 0.0)
        if largest <= 1.0:  # so it is where eta B <= gamma
            worst = max(worst, math.log1p(mean))
        else:
            worst = max(worst, largest + math.log(_mean(setting, params, state, x, largest)[1]))
    return worst / params.learning_rate


@kernel
def _update(
    setting: PartialSetting, own: NeighbourParams, kept: Kept, world: PartialWorld, t: int, action: int, signal: int
) -> Kept:
    rounds = plus(kept.rounds, _cost(setting, own, kept.learner), t)
    return Kept(learn(own, kept.learner, action, signal), rounds)


@rare_kernel
def _measure(
    setting: PartialSetting, own: NeighbourParams, kept: Kept, world: PartialWorld, n_rounds: int
) -> Certified:
    certificate = math.log(own.n_candidates) / own.learning_rate + value(kept.rounds)
    return Certified(certificate, _metrics_of_the_game(setting, world, n_rounds).regret - certificate)


@dataclass(frozen=True)
class NeighbourCertificate(Probe):
    """What the play of a learner is certified to cost, in the game that it plays.

    Metrics: certificate, ln N / eta + sum_t lambda_t, with lambda_t the largest over outcomes x of
    (1 / eta) ln E sum_b w_t(b) exp(-eta D_t(b)), the mean over the action and its signal of x; and uncertified, the
    regret less the certificate. The expected regret is at most the expected certificate (`theory.partial.bounds`).
    """

    learner: Exp3Neighbours
    kind: ClassVar[str] = "neighbour certificate"
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init, _update, _measure)

    def __post_init__(self) -> None:
        instance("learner", self.learner, Exp3Neighbours, "Exp3Neighbours()")

    def metrics(self, problem: Any) -> tuple[str, ...]:
        """Return the names of the metrics."""
        return Certified._fields

    def setting(self, problem: Any) -> NeighbourParams:
        """Return the learner's parameters; ValueError unless it plays partial monitoring with two candidates."""
        if not isinstance(problem, PartialMonitoring):
            raise ValueError(f"NeighbourCertificate is a probe of PartialMonitoring, got {type(problem).__name__}")
        params = self.learner.parameters(problem)
        if params.n_candidates < 2:
            raise ValueError("NeighbourCertificate needs a game in which no action is always best")
        return params

    def metric_range(self, problem: Any, metric: str, learner: Any) -> tuple[float, float]:
        """Return the range of `uncertified` by the closed form; ValueError for the other, and where gamma < eta B."""
        if metric != "uncertified":
            return super().metric_range(problem, metric, learner)
        params, s = self.setting(problem), problem.spread
        eta, gamma = params.learning_rate, params.exploration
        if gamma >= 1.0 or gamma < eta * params.reach * (1.0 - 1e-12):
            raise ValueError(f"no proven range of {metric!r} unless eta B <= gamma < 1")
        start, T = math.log(params.n_candidates) / eta, problem.horizon
        most = start + T * ((math.e - 2.0) * eta * params.second_moment + gamma * s) / (1.0 - gamma)
        least = start - T * gamma / (1.0 - gamma) * s * float(params.rates.sum(axis=2).max())
        return -T * s - most, T * s - least


@checked
def certified(problem: PartialMonitoring, learner: Exp3Neighbours) -> Observed:
    """Return the problem with the metrics of the learner's `NeighbourCertificate`."""
    return observed(problem, NeighbourCertificate(learner))
