"""BOLD: copies of a learner of timely feedback, each of which waits for its feedback before it plays again.

Joulani, Gyorgy & Szepesvari, "Online Learning under Delayed Feedback" (ICML 2013). Every round is played by an idle
copy, which is busy until the feedback of that round arrives; so each plays a game without delays on rounds of its own.
With m copies, one more than are ever outstanding, the regrets of the m games add up: the least loss of the whole game
is at least the sum of the least losses of the parts.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bandits.combine import at_horizon
from bandits.core.checks import instance, integer
from bandits.core.interpreted import Interpreter
from bandits.core.jit import kernel, uint32
from bandits.core.rng import LEARNER, Stream, for_purpose
from bandits.core.shelf import Shelf, shelf_for
from bandits.delays.exponential_weights import OfOneLearner
from bandits.delays.problem import Arrivals, Delayed
from bandits.protocol import Learner, LearnerSteps


class BoldParams(NamedTuple):
    """The parameters of each copy, the number of copies, and rounds for which feedback may be outstanding."""

    inner: Any
    copies: int
    places: int


class BoldState(NamedTuple):
    """States of the copies, the rounds that each has played, those that are idle, and who played which round."""

    states: Any
    played: Any  # (copies,) int64
    idle: Any  # (copies,) int64, a stack of which the first n_idle count; its last copy plays next
    n_idle: int
    player: Any  # (places,) int64, of round s at s modulo places


@kernel
def stream_of(rng: Stream, copy: int) -> Stream:
    """Return the stream of a copy: each has its own, the first one the learner's."""
    return for_purpose(rng, LEARNER + (copy << 8))


@cache
def _steps(steps: LearnerSteps, states: Shelf, feedback_at: Any, observes: bool) -> LearnerSteps:
    init_copy, act_copy, update_copy = steps
    make, put, get = states

    @kernel
    def init(params: BoldParams, rng: Stream) -> BoldState:
        kept = make(params.copies, init_copy(params.inner, rng))
        idle = np.zeros(params.copies, np.int64)
        for copy in range(params.copies):
            put(kept, copy, init_copy(params.inner, stream_of(rng, copy)))
            idle[params.copies - 1 - copy] = copy
        return BoldState(
            kept, np.zeros(params.copies, np.int64), idle, params.copies, np.zeros(params.places, np.int64)
        )

    @kernel
    def act(params: BoldParams, state: BoldState, t: int, rng: Stream) -> int:
        copy = state.idle[state.n_idle - 1]
        return act_copy(params.inner, get(state.states, copy), state.played[copy], stream_of(rng, copy))

    @kernel
    def act_on(params: BoldParams, state: BoldState, observation: Any, t: int, rng: Stream) -> Any:
        copy = state.idle[state.n_idle - 1]
        return act_copy(params.inner, get(state.states, copy), observation, state.played[copy], stream_of(rng, copy))

    @kernel
    def update(params: BoldParams, state: BoldState, t: int, arm: int, arrivals: Arrivals, rng: Stream) -> BoldState:
        n_idle = state.n_idle - 1
        state.player[t & (params.places - 1)] = state.idle[n_idle]
        for j in range(arrivals.n):
            copy = state.player[arrivals.rounds[j] & (params.places - 1)]
            own, stream = get(state.states, copy), stream_of(rng, copy)
            seen = feedback_at(arrivals.feedback, j)
            put(
                state.states,
                copy,
                update_copy(params.inner, own, state.played[copy], arrivals.actions[j], seen, stream),
            )
            state.played[copy] += 1
            state.idle[n_idle] = copy
            n_idle += 1
        return BoldState(state.states, state.played, state.idle, n_idle, state.player)

    return LearnerSteps(init, act_on if observes else act, update)


@dataclass(frozen=True)
class Bold(OfOneLearner):
    """Copies of `learner`, each tuned for its share of the rounds; the learner must take the feedback that is delayed.

    The state of the learner must consist of numbers and arrays; its actions are integers, or a `Play`. Random delays
    need a `longest_delay`: without it there are as many copies as rounds, and each plays once.
    """

    learner: Learner

    def __post_init__(self) -> None:
        instance("learner", self.learner, Learner, "a learner such as Exp3()")

    def check(self, problem: Any) -> None:
        """Raise as the inner learner does for the problem without delays; ValueError beyond 2^24 copies, 2^32 rounds.

        There the copies would draw what others have drawn: their numbers are where streams count 2^32 rounds each.
        """
        super().check(problem)
        if problem.schedule.outstanding(problem.horizon) > 0:
            integer("horizon", problem.horizon, low=1, high=2**32)
            integer("copies", problem.schedule.outstanding(problem.horizon) + 1, low=1, high=2**24)

    @property
    def name(self) -> str:
        """The inner learner's name, in copies."""
        return f"copies of {self.learner.name}"

    def steps_for(self, problem: Delayed) -> LearnerSteps:
        """Return the inner learner's steps, played by copies."""
        steps = self.learner.steps_for(problem.problem)
        zero = uint32(0)
        example = Interpreter().step(steps.init)(self.parameters(problem).inner, Stream(zero, zero, zero, zero))
        observes = problem.steps.observe is not None
        return _steps(steps, shelf_for(example), shelf_for(problem.example()).get, observes)

    def parameters(self, problem: Delayed) -> BoldParams:
        """Return the inner learner's parameters for its share of the rounds, and the number of copies."""
        copies = problem.schedule.outstanding(problem.horizon) + 1
        share = at_horizon(problem.problem, -(-problem.horizon // copies))
        return BoldParams(self.learner.parameters(share), copies, problem.places)
