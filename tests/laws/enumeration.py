"""Exact laws of play: every draw of a learner and of a problem enumerated, with its probability.

A draw is replaced by a `Chance`, a uniform of which only an interval is known. A comparison with a number splits the
interval: both cases are followed, each with its probability, by replaying the play from its start. Whatever uses its
uniforms through comparisons of affine functions (all draws from discrete laws) is enumerated exactly, from the
source of its steps. The same address gives the same uniform, as in the generator; a draw from the other side's stream
is an error.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from bandits.core.records import writer
from bandits.core.rng import ENVIRONMENT, LEARNER
from tests.drivers import plain, stream_of

MANY = 200_000  # paths
ROUNDING = 1e-12  # cases less probable arise from the rounding of cumulative sums


class Draws:
    """The uniforms of one path; `choices` leads to it, and grows as new cases arise."""

    def __init__(self, choices: list[bool], horizon: int) -> None:
        self.choices, self.horizon = choices, horizon
        self.used, self.probability = 0, 1.0
        self.intervals: dict[Any, list[float]] = {}
        self.owner = LEARNER

    def below(self, address: Any, level: float) -> bool:
        """Return whether the uniform at an address is below a level; a case of the path where it is not yet known."""
        low, high = self.intervals[address]
        if not low + ROUNDING < level < high - ROUNDING:
            return bool(level > (low + high) / 2)
        share = (level - low) / (high - low)
        if self.used == len(self.choices):
            self.choices.append(True)
        under = self.choices[self.used]
        self.used += 1
        self.probability *= share if under else 1.0 - share
        self.intervals[address] = [low, level] if under else [level, high]
        return under

    def _at(self, rng: Any, t: int, index: int, half: int) -> Any:
        purpose = LEARNER if int(rng.purpose) & 255 == LEARNER else ENVIRONMENT  # above: numbers of copies
        assert purpose == self.owner, "a draw from the other side's stream"
        assert min(t, index) >= 0
        if t >= self.horizon:  # no part of the play: drawn ahead
            return 0.5
        address = (int(rng.purpose), int(t), int(index), half)
        self.intervals.setdefault(address, [0.0, 1.0])
        return Chance(self, address)

    def uniform(self, rng: Any, t: int, index: int) -> Any:
        return self._at(rng, t, index, 0)

    def uniform_pair(self, rng: Any, t: int, index: int) -> Any:
        return self._at(rng, t, index, 0), self._at(rng, t, index, 1)

    def uniform_index(self, rng: Any, t: int, index: int, n: int) -> int:
        return int(self._at(rng, t, index, 0) * n)


class Chance:
    """slope * U + shift for the uniform U of an address."""

    __array_ufunc__ = None  # NumPy's numbers leave comparisons with it to this class

    def __init__(self, draws: Draws, address: Any, slope: float = 1.0, shift: float = 0.0) -> None:
        self.draws, self.address, self.slope, self.shift = draws, address, slope, shift

    def _affine(self, slope: float, shift: float) -> "Chance":
        return Chance(self.draws, self.address, self.slope * slope, self.shift * slope + shift)

    def __mul__(self, other: float) -> "Chance":
        return self._affine(float(other), 0.0)

    def __truediv__(self, other: float) -> "Chance":
        return self._affine(1.0 / float(other), 0.0)

    def __add__(self, other: float) -> "Chance":
        return self._affine(1.0, float(other))

    def __sub__(self, other: float) -> "Chance":
        return self._affine(1.0, -float(other))

    def __rsub__(self, other: float) -> "Chance":
        return self._affine(-1.0, float(other))

    def __neg__(self) -> "Chance":
        return self._affine(-1.0, 0.0)

    __rmul__, __radd__ = __mul__, __add__

    def __lt__(self, other: float) -> bool:
        if self.slope == 0.0:
            return self.shift < other
        under = self.draws.below(self.address, (float(other) - self.shift) / self.slope)
        return under if self.slope > 0.0 else not under

    __le__ = __lt__

    def __ge__(self, other: float) -> bool:
        return not self < other

    __gt__ = __ge__

    def __int__(self) -> int:
        low, high = self.draws.intervals[self.address]
        ends = sorted((self.slope * low + self.shift, self.slope * high + self.shift))
        whole = math.floor(ends[0])
        while whole + 1 < ends[1] and not self < whole + 1:
            whole += 1
        return whole


def paths(play: Callable[[Draws], Any], horizon: int) -> Iterator[tuple[float, Any]]:
    """Yield (probability, result) of every path of a play."""
    choices: list[bool] = []
    for _ in range(MANY):
        draws = Draws(choices, horizon)
        result = play(draws)
        yield draws.probability, result
        del choices[draws.used :]
        while choices and not choices[-1]:
            choices.pop()
        if not choices:
            return
        choices[-1] = False
    raise AssertionError("more paths than can be enumerated")


class Played(NamedTuple):
    """One path: what was done, what was learnt, and the metrics."""

    actions: tuple[Any, ...]  # what was recorded of every round
    metrics: dict[str, float]
    state: Any
    world: Any


def plays(
    problem: Any, learner: Any, kept: Callable[[Any, Any], Any], **others: Callable[..., Any]
) -> Iterator[tuple[float, Played]]:
    """Yield (probability, path) of all plays of a learner in a problem; kept: what is recorded of (action, feedback).

    others: by name, functions (draws, ...) put in the place of samplers of continuous laws.
    """
    learner.check(problem)
    steps, owned, current = learner.steps_for(problem), problem.steps, [Draws([], 0)]
    drawing = {name: getattr(Draws, name) for name in ("uniform", "uniform_pair", "uniform_index")} | others
    instead = {name: _with_draws(function, current) for name, function in drawing.items()}
    init, act, update = (plain(step, **instead) for step in steps)
    start, respond, measure, observe = (step and plain(step, **instead) for step in owned)
    params, setting = learner.parameters(problem), problem.setting()
    write = writer(problem.metrics)

    def play(draws: Draws) -> Played:
        current[0] = draws
        rng, env, actions = stream_of(0, 0, LEARNER), stream_of(0, 0, ENVIRONMENT), []
        state = init(params, rng)
        draws.owner = ENVIRONMENT
        world = start(setting, env)
        for t in range(problem.horizon):
            shown = ()
            if observe:
                draws.owner = ENVIRONMENT
                observation, world = observe(setting, world, t, env)
                shown = (observation,)
            draws.owner = LEARNER
            action = act(params, state, *shown, t, rng)
            draws.owner = ENVIRONMENT
            feedback, world = respond(setting, world, t, action, env)
            actions.append(kept(action, feedback))
            draws.owner = LEARNER
            state = update(params, state, t, action, feedback, rng)
        out = np.zeros(len(problem.metrics))
        write(measure(setting, world, problem.horizon), out)
        return Played(tuple(actions), dict(zip(problem.metrics, out.tolist(), strict=True)), state, world)

    with np.errstate(all="ignore"):
        yield from paths(play, problem.horizon)


def _with_draws(function: Callable[..., Any], current: list[Draws]) -> Callable[..., Any]:
    return lambda *arguments: function(current[0], *arguments)


def next_law(
    problem: Any, learner: Any, history: Any, kept: Callable[[Any], Any], **others: Callable[..., Any]
) -> dict[Any, float]:
    """Return the law of the action after a history of (action, feedback), for learners that draw in `act` only.

    kept: what is recorded of the action, which must be hashable.  others: as in `plays`.
    """
    current = [Draws([], 0)]
    drawing = {name: getattr(Draws, name) for name in ("uniform", "uniform_pair", "uniform_index")} | others
    instead = {name: _with_draws(function, current) for name, function in drawing.items()}
    init, act, update = (plain(step, **instead) for step in learner.steps_for(problem))
    params, rng, t = learner.parameters(problem), stream_of(0, 0, LEARNER), len(history)
    law: dict[Any, float] = defaultdict(float)
    with np.errstate(all="ignore"):
        state = init(params, rng)
        for s, (action, feedback) in enumerate(history):
            current[0] = Draws([], s + 1)
            act(params, state, s, rng)  # may use scratch arrays, and nothing else
            state = update(params, state, s, action, feedback, rng)

        def play(draws: Draws) -> Any:
            current[0] = draws
            return kept(act(params, state, t, rng))

        for probability, action in paths(play, t + 1):
            law[action] += probability
    return law


def law_of(played: Any) -> dict[Any, float]:
    """Return the joint law of the actions."""
    law: dict[Any, float] = defaultdict(float)
    for probability, path in played:
        law[path.actions] += probability
    return law


def assert_same_law(law: dict[Any, float], expected: dict[Any, float], tolerance: float = 1e-9) -> None:
    """Assert that two laws give all outcomes the same probability."""
    assert math.isclose(math.fsum(law.values()), 1.0, abs_tol=tolerance)
    for outcome in law.keys() | expected.keys():
        assert abs(law.get(outcome, 0.0) - expected.get(outcome, 0.0)) <= tolerance, outcome
