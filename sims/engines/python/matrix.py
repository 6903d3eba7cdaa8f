"""The loop of `MatrixGame`s in the interpreter, on NumPy's arrays: the numbers of JAX's batches but for rounding.

A learner need not be traced by JAX: its functions may branch on values, use SciPy and be stepped through.
"""

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.interpreted import Interpreter
from bandits.core.rng import ENVIRONMENT, LEARNER, seed_word, stream, uniform
from bandits.protocol import Draws, MatrixGame
from sims.engines.faults import faulty
from sims.engines.python.players import global_generators


def play(
    problem: MatrixGame, learner: Any, seed: int, repetitions: Iterable[int], rounds: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the metrics (R, C, M) float64 of repetitions at the checkpoints `rounds` (C,) int64."""
    games = range(problem.n_games) if problem.games_at_once > 1 else None
    parts = []
    for repetition in repetitions:
        with np.errstate(all="ignore"), global_generators(seed_word(seed), repetition):
            parts.append([_one(problem, learner, seed, repetition, game, rounds) for game in games or [repetition]])
    values: NDArray[np.float64] = problem.joined(np.array(parts))
    return values


def _one(problem: MatrixGame, learner: Any, seed: int, repetition: int, which: int, rounds: Any) -> list[list[float]]:
    """Return the metrics (C, M) of one game of a repetition."""
    rules, params, interpret = problem.rules(learner), learner.parameters(problem), Interpreter()
    game = _game(problem, which % problem.n_games)
    streams = [interpret(stream)(seed_word(seed), repetition, purpose) for purpose in (ENVIRONMENT, LEARNER)]
    offset, draw = rules.draws * (which if problem.games_at_once > 1 else 0), interpret(uniform)
    state, total, measured, t = learner.start(params, rules.view(game)), rules.nothing(game), [], 0
    for checkpoint in map(int, rounds):
        while t < checkpoint:
            total = rules.add(game, total, _policy(learner, params, state, t))
            draws = Draws(*(partial(_uniforms, partial(draw, rng, t), offset) for rng in streams))
            state = learner.step(params, state, t, rules.ask(game, draws))
            t += 1
        metrics = rules.measure(game, _policy(learner, params, state, t), total, t)
        measured.append([float(metric) for metric in metrics if metric is not None])
    return measured


def _policy(learner: Any, params: Any, state: Any, t: int) -> Any:
    """Return the policy of round t; ValueError unless it is log-probabilities."""
    policy = learner.policy(params, state)
    for law in policy if isinstance(policy, tuple) else (policy,):
        if faulty(np.exp(law).sum(axis=-1)).any():
            raise ValueError(f"{learner.name}.policy must return log-probabilities: in round t = {t} it returned {law}")
    return policy


def _game(problem: MatrixGame, which: int) -> Any:
    """Return the arrays of one game."""
    arrays, axes = problem.arrays(), problem.axes()
    if axes is None:
        return _as_arrays(arrays)
    pairs = zip(arrays, axes, strict=True)
    return type(arrays)(*(np.asarray(leaf if axis is None else leaf[which]) for leaf, axis in pairs))


def _as_arrays(value: Any) -> Any:
    return type(value)(*map(_as_arrays, value)) if isinstance(value, tuple) else np.asarray(value)


def _uniforms(draw: Callable[[int], float], offset: int, first: int, shape: tuple[int, ...]) -> Any:
    """Return the uniforms offset + first, offset + first + 1, ... of a round in the given shape."""
    return np.array([draw(offset + first + i) for i in range(math.prod(shape))]).reshape(shape)
