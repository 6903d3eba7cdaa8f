"""Private herds: agents report in turn, each from its own signal and all reports before (Liu & Rahimian 2025).

A state theta = +1 or -1 is hidden. Agent n sees a signal s_n, normal with mean theta and standard deviation sigma, and
the reports so far. It decides for +1 if s_n is above a threshold t and reports that decision, flipped with probability
chance e^{-rate |s_n - t|} so that its signal stays private. The learner is the reporting rule: it plays threshold, rate
and chance of the next agent, and sees the report.

The public log likelihood ratio l is that of all reports, ln P(reports | +1) - ln P(reports | -1).
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, returns
from bandits.core.arguments import Checked
from bandits.core.checks import HUGE, integer, real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.normal import normal_quantile
from bandits.core.rng import Stream, uniform, uniform_pair
from bandits.protocol import Learner, LearnerSteps, ProblemSteps, RoundProblem

_ROOT_HALF = math.sqrt(0.5)
_LOG_ROOT = 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True)
class Reports(Checked):
    """The report of the agent, +1 or -1."""

    kind: ClassVar[str] = "reports"


class Reporting(NamedTuple):
    """An action: the threshold, and the flips, of probability chance e^{-rate |s - threshold|}."""

    threshold: float
    rate: float
    chance: float


@kernel
def _log_scaled(x: float) -> float:
    """Return ln(Phi(x) e^{x^2 / 2}) for x <= 0."""
    if x > -30.0:
        return 0.5 * x * x + math.log(0.5 * math.erfc(-x * _ROOT_HALF))
    inverse = 1.0 / (x * x)
    series = inverse * (-1.0 + inverse * (3.0 + inverse * (-15.0 + inverse * 105.0)))
    return -math.log(-x) - _LOG_ROOT + math.log1p(series)


@kernel
def log_normal_below(x: float) -> float:
    """Return ln Phi(x), for any x."""
    if x > -30.0:
        return math.log(0.5 * math.erfc(-x * _ROOT_HALF))
    return _log_scaled(x) - 0.5 * x * x


@kernel
def _log_tilted(gap: float, rate: float, sigma: float) -> float:
    """Return ln(e^{-rate gap + (rate sigma)^2 / 2} Phi(gap / sigma - rate sigma)).

    For x <= 0, x^2 / 2 cancels the exponent but for (gap / sigma)^2 / 2, which is not left to rounding.
    """
    x = gap / sigma - rate * sigma
    if x > 0.0:
        return -rate * gap + 0.5 * (rate * sigma) ** 2 + log_normal_below(x)
    return _log_scaled(x) - 0.5 * (gap / sigma) ** 2


@kernel
def log_chance(report: int, theta: float, sigma: float, play: Reporting) -> float:
    """Return ln P(report | theta): P(decided so) - P(decided so and flipped) + P(decided otherwise and flipped).

    The flips integrate e^{-rate |s - t|} against the density of s: with g = report (theta - t), the second term is
    chance e^{-rate g + (rate sigma)^2 / 2} Phi((g - rate sigma^2) / sigma), the third the same with -g for g.
    """
    gap = report * (theta - play.threshold)
    decided = log_normal_below(gap / sigma)
    if play.chance == 0.0 or play.rate == np.inf:
        return decided
    gained = math.log(play.chance) + _log_tilted(-gap, play.rate, sigma)
    if decided == -np.inf:
        return gained
    lost = _log_tilted(gap, play.rate, sigma)
    kept = decided + math.log1p(-play.chance * math.exp(min(lost - decided, 0.0)))
    high = max(kept, gained)
    return high + math.log1p(math.exp(min(kept, gained) - high))


class HerdSetting(NamedTuple):
    """What the compiled functions receive; theta = 0: drawn."""

    sigma: float
    theta: int


class HerdWorld(NamedTuple):
    """The state, l, and what was counted."""

    theta: float
    log_ratio: float
    wrong_reports: int
    wrong_decisions: int
    first_correct: int
    most_wrong: float


class Metrics(NamedTuple):
    """Metrics after a number of agents."""

    wrong_reports: float
    wrong_decisions: float
    first_correct: float
    log_likelihood: float
    most_wrong: float


_check_action = returns(Reporting, Part("threshold", "number"), Part("rate", "number"), Part("chance", "number"))


@kernel
def _init(setting: HerdSetting, env: Stream) -> HerdWorld:
    theta = float(setting.theta)
    if setting.theta == 0:
        theta = 1.0 if uniform(env, 0, 1) < 0.5 else -1.0
    return HerdWorld(theta, 0.0, 0, 0, 0, 0.0)


@kernel
def _respond(setting: HerdSetting, world: HerdWorld, t: int, action: Reporting, env: Stream) -> Any:
    _check_action(action)
    fine = 0.0 <= action.rate <= HUGE or action.rate == np.inf
    if not (fine and 0.0 <= action.chance <= 0.5 and abs(action.threshold) <= HUGE):
        raise InvalidAction(
            "rate must be in [0, 1e100] or inf, chance in [0, 1/2] and threshold in [-1e100, 1e100], got {}, {} and {}",
            t,
            action.rate,
            action.chance,
            action.threshold,
        )
    theta, sigma = world.theta, setting.sigma
    first, second = uniform_pair(env, t, 0)
    signal = theta + sigma * normal_quantile(max(first, 2.0**-54))
    decision = 1 if signal > action.threshold else -1
    distance = abs(signal - action.threshold)
    flipped = action.rate < np.inf and second < action.chance * math.exp(-action.rate * distance)
    report = -decision if flipped else decision
    ratio = world.log_ratio + log_chance(report, 1.0, sigma, action) - log_chance(report, -1.0, sigma, action)
    first_correct = world.first_correct
    if first_correct == 0 and report == theta:
        first_correct = t + 1
    return report, HerdWorld(
        theta,
        ratio,
        world.wrong_reports + (1 if report != theta else 0),
        world.wrong_decisions + (1 if decision != theta else 0),
        first_correct,
        max(world.most_wrong, -theta * ratio),
    )


@rare_kernel
def _measure(setting: HerdSetting, world: HerdWorld, n_rounds: int) -> Metrics:
    first = world.first_correct if world.first_correct > 0 else n_rounds + 1
    return Metrics(world.wrong_reports, world.wrong_decisions, first, world.theta * world.log_ratio, world.most_wrong)


@dataclass(frozen=True)
class PrivateHerd(RoundProblem):
    """`horizon` agents (1 to 2^56) that report in turn.

    sigma: standard deviation of the signals, > 0.  theta: the state, 1 or -1; 0 draws it, each with probability 1/2.
    failure_probability: delta in (0, 1) of `most_wrong`'s theorem.

    Metrics: wrong_reports; wrong_decisions, before flips; first_correct, the first agent, counted from 1, whose report
    is right (one more than there were, if none was); log_likelihood, theta l; most_wrong, the largest -theta l so far.
    """

    horizon: int
    sigma: float = 1.0
    theta: int = 0
    failure_probability: float = 0.05
    feedback: ClassVar[Reports] = Reports()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure)
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        integer("horizon", self.horizon, low=1)
        real("sigma", self.sigma, low=1e-3, high=1e3)
        real("failure_probability", self.failure_probability, low=0.0, high=1.0, open_low=True, open_high=True)
        integer("theta", self.theta, low=-1, high=1)

    def payoff(self, metrics: Any) -> float:
        """Return minus the number of wrong reports."""
        return -float(metrics["wrong_reports"])

    @cached_property
    def _setting(self) -> HerdSetting:
        return HerdSetting(float(self.sigma), int(self.theta))

    def setting(self) -> HerdSetting:
        """Return what the compiled functions receive."""
        return self._setting

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric that hold for every draw; ValueError for those that have none."""
        ends = {"wrong_reports": 0.0, "wrong_decisions": 0.0, "first_correct": 1.0}
        if metric not in ends:
            raise ValueError(f"no proven range of {metric!r} for a PrivateHerd")
        return ends[metric], float(self.horizon) + ends[metric]


# ---------------------------------------------------------------- reporting rules


class ReporterParams(NamedTuple):
    """The signals' deviation and the flips."""

    sigma: float
    rate: float  # or what the rates of single agents are made from
    chance: float


class ReporterState(NamedTuple):
    """The public log likelihood ratio."""

    log_ratio: float


@kernel
def _start(params: ReporterParams, rng: Stream) -> ReporterState:
    return ReporterState(0.0)


@kernel
def _act(params: ReporterParams, state: ReporterState, t: int, rng: Stream) -> Reporting:
    return Reporting(-0.5 * params.sigma**2 * state.log_ratio, params.rate, params.chance)


@kernel
def _act_uniform(params: ReporterParams, state: ReporterState, t: int, rng: Stream) -> Reporting:
    return Reporting(-0.5 * params.sigma**2 * state.log_ratio, params.rate * uniform(rng, t, 0), params.chance)


@kernel
def _act_shrinking(params: ReporterParams, state: ReporterState, t: int, rng: Stream) -> Reporting:
    threshold = -0.5 * params.sigma**2 * state.log_ratio
    return Reporting(threshold, params.rate / (1.0 + abs(threshold)), params.chance)


@kernel
def _update(
    params: ReporterParams, state: ReporterState, t: int, action: Reporting, report: int, rng: Stream
) -> ReporterState:
    more = log_chance(report, 1.0, params.sigma, action) - log_chance(report, -1.0, params.sigma, action)
    return ReporterState(state.log_ratio + more)


class _Reporter(Learner):
    """Base of rules with the threshold at which own signal and public ratio balance, t = -sigma^2 l / 2."""

    epsilon: float
    steps: ClassVar[LearnerSteps] = LearnerSteps(_start, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Reports,)

    def __post_init__(self) -> None:
        if self.epsilon != math.inf:
            real("epsilon", self.epsilon, low=1e-3, high=1e3)


@dataclass(frozen=True)
class SmoothResponse(_Reporter):
    """Flips with probability e^{-epsilon |s - t|} / 2: a report changes with the signal by a factor e^{epsilon |ds|}.

    epsilon: in [0.001, 1000], or inf for no privacy.
    """

    epsilon: float = 1.0

    def parameters(self, problem: PrivateHerd) -> ReporterParams:
        """Return sigma, the rate epsilon and the chance 1/2."""
        return ReporterParams(problem.setting().sigma, float(self.epsilon), 0.5)


@dataclass(frozen=True)
class ConstantResponse(_Reporter):
    """Flips with probability 1 / (1 + e^epsilon), wherever the signal lies; epsilon: as in `SmoothResponse`."""

    epsilon: float = 1.0

    def parameters(self, problem: PrivateHerd) -> ReporterParams:
        """Return sigma, the rate 0 and the chance."""
        chance = 0.0 if self.epsilon == math.inf else 1.0 / (1.0 + math.exp(min(self.epsilon, 700.0)))
        return ReporterParams(problem.setting().sigma, 0.0, chance)


@dataclass(frozen=True)
class UniformBudgets(Learner):
    """Smooth responses with a budget for each agent, uniform on [0, highest] and public; highest in [0.001, 1000].

    l grows like n^(1/4) (`theory.loops.bounds`).
    """

    highest: float = 1.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_start, _act_uniform, _update)
    accepts: ClassVar[tuple[type, ...]] = (Reports,)

    def __post_init__(self) -> None:
        real("highest", self.highest, low=1e-3, high=1e3)

    def parameters(self, problem: PrivateHerd) -> ReporterParams:
        """Return sigma, the highest rate and the chance 1/2."""
        return ReporterParams(problem.setting().sigma, float(self.highest), 0.5)


@dataclass(frozen=True)
class ShrinkingBudgets(Learner):
    """Smooth responses with the budget scale / (1 + |t|), t the threshold; scale in [0.001, 1000].

    l grows like n^(1/3), which no choice of budgets exceeds; fastest for the default (`theory.loops.bounds`).
    """

    scale: float = 1.84
    steps: ClassVar[LearnerSteps] = LearnerSteps(_start, _act_shrinking, _update)
    accepts: ClassVar[tuple[type, ...]] = (Reports,)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        real("scale", self.scale, low=1e-3, high=1e3)

    def parameters(self, problem: PrivateHerd) -> ReporterParams:
        """Return sigma, the scale of the rates and the chance 1/2."""
        return ReporterParams(problem.setting().sigma, float(self.scale), 0.5)
