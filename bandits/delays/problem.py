"""A problem with delayed feedback: `delayed(problem, schedule)`.

The feedback of round s arrives at the end of round s + d_s, in the `update` of that round, together with s and the
action of round s. Feedback that would arrive after the last round never does; its losses count all the same. `update`
is called in every round, with the feedback of no round, of one or of several (in increasing order of s). All else is
the problem's own: with delays of 0 the play is the same, bit for bit.
"""

from copy import deepcopy
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy import uint32

from bandits.combine import Wrapped
from bandits.core.actions import InvalidActionType, Part, arm_of, returns
from bandits.core.arguments import Checked, checked
from bandits.core.checks import fits, flag, instance
from bandits.core.interpreted import Interpreter
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream
from bandits.core.shelf import shelf_for
from bandits.delays.schedules import Schedule
from bandits.protocol import ProblemSteps, RoundProblem


class Arrivals(NamedTuple):
    """The feedback of n earlier rounds; only the first n entries count."""

    rounds: Any  # (places,) int64, increasing
    actions: Any  # (places,) int64, those of these rounds
    feedback: Any  # rows of `Late.shelf`: (places,) losses, (places, K) loss vectors, ...
    n: int


@dataclass(frozen=True, eq=False)
class Late(Checked):
    """The feedback of a problem, `inner`, later: `Arrivals`."""

    inner: Any

    @property
    def kind(self) -> str:
        """Its name in the assumptions of theorems."""
        return f"delayed {self.inner.kind}"

    def example(self, n_actions: int) -> Any:
        """Return a record of the type of the inner feedback; TypeError where none is known."""
        if not hasattr(self.inner, "example"):
            raise TypeError(_refusal(self.inner, "it has no `example(n_actions)`"))
        return self.inner.example(n_actions)


def _refusal(feedback: Any, reason: object) -> str:
    return f"{type(feedback).__name__} feedback cannot be delayed: {reason}"


def _of_first_round(problem: Any) -> Any:
    """Return the feedback of one round in which action 0 is played, in the interpreter."""
    if not hasattr(problem, "n_actions"):
        raise TypeError(_refusal(problem.feedback, "its actions are not 0, ..., n_actions - 1"))
    interpret, zero = Interpreter(), uint32(0)
    init, respond, _, observe = problem.steps
    setting, env = problem.setting(), Stream(zero, zero, zero, zero)
    world = interpret.step(init)(setting, env)
    if observe is not None:
        _, world = interpret.step(observe)(setting, world, 0, env)
    try:
        feedback, _ = interpret.step(respond)(setting, world, 0, 0, env)
    except InvalidActionType as error:
        raise TypeError(_refusal(problem.feedback, f"actions must be integers, but {error}")) from None
    return deepcopy(feedback)  # whose arrays are the problem's, and may be read-only


@dataclass(frozen=True, eq=False)
class Summed(Checked):
    """The sum of the losses of a problem that arrive in a round, without the rounds and actions they belong to."""

    inner: Any

    @property
    def kind(self) -> str:
        """Its name in the assumptions of theorems."""
        return f"summed {self.inner.kind}"

    def example(self, n_actions: int) -> Any:
        """Return a loss; TypeError where the feedback is something else."""
        example = Late(self.inner).example(n_actions)
        if isinstance(example, tuple) or np.ndim(example):
            raise TypeError(f"summed feedback needs one loss per round, but {type(self.inner).__name__} is delayed")
        return example


class DelayedSetting(NamedTuple):
    """The problem's setting, the schedule's, and the size of the room for what is outstanding."""

    problem: Any
    schedule: Any
    horizon: int
    places: int  # a power of 2 beyond the longest delay: round s is kept at place s modulo places
    example: Any


class DelayedWorld(NamedTuple):
    """State of the problem, the feedback of past rounds, and which of it arrives when.

    first, last and after are linked lists: first[t modulo places] is the earliest round whose feedback arrives at the
    end of round t, after[s modulo places] the next one after s; -1 for none.
    """

    problem: Any
    kept: Any
    first: Any  # (places,) int64
    last: Any  # (places,) int64
    after: Any  # (places,) int64
    actions: Any  # (places,) int64
    arrived: Arrivals


_check_action = returns(None, Part("the action", "integer"))


@cache
def _steps(problem: ProblemSteps, delay_of: Any, shelf: Any, check_action: Any) -> ProblemSteps:
    init_problem, respond_problem, measure_problem, observe_problem = problem
    make, put, get = shelf

    @kernel
    def init(setting: DelayedSetting, env: Stream) -> DelayedWorld:
        n = setting.places
        shown = Arrivals(np.zeros(n, np.int64), np.zeros(n, np.int64), make(n, setting.example), 0)
        ends, kept, actions = np.full(n, -1), make(n, setting.example), np.zeros(n, np.int64)
        return DelayedWorld(init_problem(setting.problem, env), kept, ends, ends.copy(), ends.copy(), actions, shown)

    @kernel
    def observe(setting: DelayedSetting, world: DelayedWorld, t: int, env: Stream) -> Any:
        observation, after = observe_problem(setting.problem, world.problem, t, env)
        return observation, DelayedWorld(
            after, world.kept, world.first, world.last, world.after, world.actions, world.arrived
        )

    @kernel
    def respond(setting: DelayedSetting, world: DelayedWorld, t: int, action: int, env: Stream) -> Any:
        check_action(action)
        feedback, problem = respond_problem(setting.problem, world.problem, t, action, env)
        place, due = t & (setting.places - 1), t + delay_of(setting.schedule, t, arm_of(action), env)
        put(world.kept, place, feedback)
        world.actions[place] = arm_of(action)
        if due < setting.horizon:
            list_arrival(world, t, due)
        n, arrived, earlier = 0, world.arrived, world.first[place]
        while earlier >= 0:
            at = earlier & (setting.places - 1)
            arrived.rounds[n] = earlier
            arrived.actions[n] = world.actions[at]
            put(arrived.feedback, n, get(world.kept, at))
            n += 1
            earlier = world.after[at]
        world.first[place] = -1
        shown = Arrivals(arrived.rounds, arrived.actions, arrived.feedback, n)
        return shown, DelayedWorld(
            problem, world.kept, world.first, world.last, world.after, world.actions, world.arrived
        )

    @rare_kernel
    def measure(setting: DelayedSetting, world: DelayedWorld, n_rounds: int) -> Any:
        return measure_problem(setting.problem, world.problem, n_rounds)

    return ProblemSteps(init, respond, measure, observe if observe_problem is not None else None)


@cache
def _summed(respond: Any) -> Any:
    @kernel
    def respond_with_sum(setting: DelayedSetting, world: DelayedWorld, t: int, action: int, env: Stream) -> Any:
        arrived, after = respond(setting, world, t, action, env)
        total = 0.0
        for j in range(arrived.n):
            total += arrived.feedback[j]
        return total, after

    return respond_with_sum


@kernel
def list_arrival(world: DelayedWorld, t: int, due: int) -> None:
    """Put round t at the end of the list of what arrives at the end of round `due`."""
    mask = world.first.size - 1
    when = due & mask
    world.after[t & mask] = -1
    if world.first[when] < 0:
        world.first[when] = t
    else:
        world.after[world.last[when] & mask] = t
    world.last[when] = t


@dataclass(frozen=True, eq=False)
class Delayed(Wrapped):
    """A problem whose feedback is late by a schedule: see `delayed`. All other attributes are those of the problem."""

    problem: RoundProblem
    schedule: Schedule
    summed: bool = False

    def __post_init__(self) -> None:
        instance("problem", self.problem, RoundProblem, "a problem such as SwitchingCostGame(...)")
        instance("schedule", self.schedule, Schedule, "a schedule such as FixedDelay(rounds=10)")
        flag("summed", self.summed)
        if isinstance(getattr(self.problem, "feedback", None), (Late, Summed)):
            raise TypeError("problem is delayed already: give it one schedule")
        self.example()
        self.schedule.outstanding_of(self.problem.horizon, getattr(self.problem, "n_actions", 1))
        fits("schedule", 2 * self.places * self.n_actions)

    @property
    def feedback(self) -> Late | Summed:
        """The problem's feedback, delayed."""
        inner = self.problem.feedback  # type: ignore[attr-defined]
        return Summed(inner) if self.summed else Late(inner)

    @property
    def places(self) -> int:
        """Rounds for which feedback is kept: a power of 2 beyond the longest delay."""
        return 1 << min(self.schedule.longest(self.problem.horizon), self.problem.horizon - 1).bit_length()

    @property
    def total_delay(self) -> float:
        """Expected total delay D: the sum over rounds t of min(d_t, T - 1 - t), t counted from 0."""
        return self.split_delay(self.problem.horizon)[0]

    def split_delay(self, patience: int) -> tuple[float, float]:
        """Return the expected total delay of rounds with a delay of at most `patience`, and the number of others."""
        return self.schedule.expected(self.problem.horizon, patience)

    @property
    def steps(self) -> ProblemSteps:
        """The problem's compiled functions, with delays."""
        check = getattr(self.problem, "check_action", _check_action)
        steps = _steps(self.problem.steps, type(self.schedule).delay, shelf_for(self.example()), check)
        return steps._replace(respond=_summed(steps.respond)) if self.summed else steps

    def setting(self) -> DelayedSetting:
        """Return what the compiled functions receive."""
        horizon, setting = self.problem.horizon, self.problem.setting()
        return DelayedSetting(setting, self.schedule.setting(horizon), horizon, self.places, self.example())

    def example(self) -> Any:
        """Return a record of the type of the inner feedback; TypeError where none is known."""
        return self._example

    @cached_property
    def _example(self) -> Any:
        own = getattr(self.problem, "example", None)  # where it depends on more than the number of actions
        if own is not None and not self.summed:
            return own()
        if self.summed or hasattr(self.problem.feedback, "example"):  # type: ignore[attr-defined]
            return self.feedback.example(getattr(self.problem, "n_actions", 1))
        return _of_first_round(self.problem)


@checked
def delayed(problem: RoundProblem, schedule: Schedule, summed: bool = False) -> Delayed:
    """Return `problem` with its feedback late by `schedule`; actions must be integers, with `n_actions` of them.

    In a contextual game an action may also be a `Play`; the context of a round comes back with its loss.

    summed: of the losses that arrive in a round only the sum is revealed, 0 where none does; for bandit feedback.
    """
    return Delayed(problem, schedule, summed)
