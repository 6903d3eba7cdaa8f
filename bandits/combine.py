"""Combinators: learners built from learners, and problems built from problems.

* `blocked(learner, length)` plays a learner of bandit feedback in blocks: it holds an action for `length` rounds and
  learns from the mean loss of the block.
* `observed(problem, probe)` adds metrics to a problem. A `Probe` reads the state of the problem after each round; the
  feedback is unchanged, and so is the play.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar, NamedTuple

from bandits.core.arguments import Checked, checked
from bandits.core.checks import instance, integer
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import alike, in_lanes, own
from bandits.core.rng import Stream
from bandits.protocol import Learner, LearnerSteps, ProblemSteps, RoundProblem


class BlockedParams(NamedTuple):
    """The inner learner's parameters and the length of a block."""

    inner: Any
    batch_length: int


class BlockedState(NamedTuple):
    """The inner learner's state, the block's action and its loss so far, and the round in which the block began."""

    inner: Any
    action: int
    loss: float
    start: int


@kernel
def _own(params: Any) -> Any:
    return params.inner


@cache
def blocked_steps(steps: LearnerSteps, inner_params: Any = _own) -> LearnerSteps:
    """Return the steps that play `steps` in blocks of `params.batch_length` rounds.

    inner_params: kernel from the parameters to those of the inner learner, `params.inner` by default. The inner learner
    acts in the first round of a block, and learns in its last from the summed loss over the length; the last
    block is not learned from if the horizon cuts it short.
    """
    inner_init, inner_act, inner_update = steps

    @in_lanes(parts=steps)
    @kernel
    def init(params: Any, rng: Stream) -> BlockedState:
        return BlockedState(inner_init(inner_params(params), rng), own(0, rng), own(0.0, rng), 0)

    @in_lanes(parts=steps)
    @kernel
    def act(params: Any, state: BlockedState, t: int, rng: Stream) -> int:
        if t == state.start:
            return inner_act(inner_params(params), state.inner, t, rng)
        return state.action

    @in_lanes(parts=steps)
    @kernel
    def update(params: Any, state: BlockedState, t: int, action: int, loss: float, rng: Stream) -> BlockedState:
        total = state.loss + loss
        if t + 1 < state.start + params.batch_length:
            return BlockedState(state.inner, action, total, state.start)
        mean = total / params.batch_length
        inner = inner_update(inner_params(params), state.inner, t, action, mean, rng)
        return BlockedState(inner, action, alike(0.0, total), t + 1)

    return LearnerSteps(init, act, update)


@dataclass(frozen=True)
class Blocked(Learner):
    """A learner of bandit feedback that holds each action of `learner` for `length` >= 1 rounds: see `blocked`."""

    learner: Learner
    length: int

    def __post_init__(self) -> None:
        instance("learner", self.learner, Learner, "a learner such as Exp3()")
        integer("length", self.length, low=1)

    @property
    def accepts(self) -> tuple[type, ...]:  # type: ignore[override]
        """The inner learner's kinds of feedback."""
        return self.learner.accepts

    @property
    def name(self) -> str:
        """The inner learner's name and the length."""
        return f"{self.learner.name} in blocks of {self.length}"

    def check(self, problem: Any) -> None:
        """Raise TypeError unless the problem gives bandit feedback, and what the inner learner raises for it."""
        super().check(problem)
        if problem.feedback.kind != "bandit":
            raise TypeError(f"{self.name} learns from bandit feedback, but the problem gives {problem.feedback.kind}")
        self.learner.check(problem)

    def steps_for(self, problem: Any) -> LearnerSteps:
        """Return the inner learner's steps, played in blocks."""
        return blocked_steps(self.learner.steps_for(problem))

    def parameters(self, problem: Any) -> BlockedParams:
        """Return the inner learner's parameters and the length."""
        return BlockedParams(self.learner.parameters(problem), self.length)


@checked
def blocked(learner: Learner, length: int) -> Blocked:
    """Return `learner` playing in blocks of `length` >= 1 rounds, for bandit feedback (Arora, Dekel & Tewari 2012)."""
    return Blocked(learner, length)


# ---------------------------------------------------------------- more metrics


class ProbeSteps(NamedTuple):
    """The compiled functions of a probe; `own` is what `Probe.setting` returns, `kept` the state of the probe."""

    init: Any  # (setting, own) -> kept
    update: Any  # (setting, own, kept, world, t, action, feedback) -> kept, after each round; may write kept's arrays
    measure: Any  # (setting, own, kept, world, n_rounds) -> NamedTuple of the probe's metrics


class Probe(Checked):
    """Base of additional measurements: a frozen dataclass of parameters."""

    kind: ClassVar[str] = ""  # its name in the assumptions of theorems
    steps: ClassVar[ProbeSteps]
    undefined: ClassVar[tuple[str, ...]] = ()  # metrics that may be nan

    @abstractmethod
    def metrics(self, problem: Any) -> tuple[str, ...]:
        """Return the names of the metrics, in order."""

    def setting(self, problem: Any) -> Any:
        """Return what the compiled functions receive as `own`, a NamedTuple or None; ValueError for a wrong problem."""
        return None

    def metric_range(self, problem: Any, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric of the probe at the horizon; ValueError where none is known."""
        raise ValueError(f"no proven range of {metric!r}, which {type(self).__name__} measures")


class ObservedSetting(NamedTuple):
    """The problem's setting and the probe's."""

    problem: Any
    own: Any


class ObservedWorld(NamedTuple):
    """The state of the problem and of the probe."""

    problem: Any
    kept: Any


class ObservedMetrics(NamedTuple):
    """The problem's metrics and the probe's."""

    problem: Any
    own: Any


@cache
def _observed_steps(problem: ProblemSteps, probe: ProbeSteps) -> ProblemSteps:
    init_problem, respond_problem, measure_problem, observe_problem = problem
    init_probe, update_probe, measure_probe = probe

    @kernel
    def init(setting: ObservedSetting, env: Stream) -> ObservedWorld:
        return ObservedWorld(init_problem(setting.problem, env), init_probe(setting.problem, setting.own))

    @kernel
    def observe(setting: ObservedSetting, world: ObservedWorld, t: int, env: Stream) -> Any:
        observation, after = observe_problem(setting.problem, world.problem, t, env)
        return observation, ObservedWorld(after, world.kept)

    @kernel
    def respond(setting: ObservedSetting, world: ObservedWorld, t: int, action: Any, env: Stream) -> Any:
        feedback, after = respond_problem(setting.problem, world.problem, t, action, env)
        kept = update_probe(setting.problem, setting.own, world.kept, after, t, action, feedback)
        return feedback, ObservedWorld(after, kept)

    @rare_kernel
    def measure(setting: ObservedSetting, world: ObservedWorld, n_rounds: int) -> ObservedMetrics:
        measured = measure_problem(setting.problem, world.problem, n_rounds)
        own = measure_probe(setting.problem, setting.own, world.kept, world.problem, n_rounds)
        return ObservedMetrics(measured, own)

    return ProblemSteps(init, respond, measure, observe if observe_problem is not None else None)


class Wrapped(RoundProblem):
    """Base of problems made from one other, `problem`, whose attributes they have; dataclasses."""

    problem: RoundProblem

    def __getattr__(self, name: str) -> Any:
        """Return the attribute of the problem with this name."""
        if name.startswith("__") or name in type(self).__dataclass_fields__:  # type: ignore[attr-defined]
            raise AttributeError(name)
        return getattr(self.problem, name)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the problem's metrics."""
        return self.problem.metrics

    @property
    def undefined(self) -> tuple[str, ...]:  # type: ignore[override]
        """Metrics that may be nan."""
        return self.problem.undefined

    def payoff(self, metrics: Mapping[str, float]) -> float:
        """Return the problem's payoff."""
        return self.problem.payoff(metrics)


def at_horizon(problem: Any, horizon: int) -> Any:
    """Return the problem, a dataclass, with another horizon: that of the innermost one where it wraps others."""
    if isinstance(problem, Wrapped):
        return replace(problem, problem=at_horizon(problem.problem, horizon))  # type: ignore[type-var]
    return replace(problem, horizon=horizon)


@dataclass(frozen=True, eq=False)
class Observed(Wrapped):
    """A problem with a probe: see `observed`. All other attributes are those of the problem."""

    problem: RoundProblem
    probe: Probe

    def __post_init__(self) -> None:
        instance("problem", self.problem, RoundProblem, "a problem such as SwitchingCostGame(...)")
        instance("probe", self.probe, Probe, "a probe such as Exp2Analysis()")
        self.probe.setting(self.problem)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the problem's metrics and of the probe's."""
        return (*self.problem.metrics, *self.probe.metrics(self.problem))

    @property
    def undefined(self) -> tuple[str, ...]:  # type: ignore[override]
        """Metrics that may be nan."""
        return (*self.problem.undefined, *self.probe.undefined)

    @property
    def steps(self) -> ProblemSteps:
        """The problem's compiled functions, with the probe's."""
        return _observed_steps(self.problem.steps, self.probe.steps)

    def plays(self, learner: Any) -> int | None:
        """Return what the problem returns: a probe draws nothing."""
        return self.problem.plays(learner)

    def setting(self) -> ObservedSetting:
        """Return what the compiled functions receive."""
        return ObservedSetting(self.problem.setting(), self.probe.setting(self.problem))

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric at the horizon; ValueError where none is known."""
        if metric in self.probe.metrics(self.problem):
            return self.probe.metric_range(self.problem, metric, learner)
        return self.problem.metric_range(metric, learner)  # type: ignore[attr-defined]


@checked
def observed(problem: RoundProblem, probe: Probe) -> Observed:
    """Return `problem` with the metrics of `probe` added; the play is the same, draw by draw."""
    return Observed(problem, probe)
