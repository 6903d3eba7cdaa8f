"""The batched loop of `bandits.protocol.MatrixGame` in JAX: `vmap` over games and repetitions, `scan` over checkpoints.

64-bit types are enabled for the duration of a call by JAX's thread-local context manager; no global setting changes.
One program is compiled per learner's functions, game rules and array shapes: numbers such as steps and weights are
arguments, and the list of checkpoints is padded to a multiple of 32.

Without draws a repetition is a function of its game alone, so each game is played once and its metrics are copied to
all its repetitions. Otherwise draws are from the repetition's own streams.

XLA's order of summation may depend on the batch size. So that a repetition's numbers depend only on the seed and its
own number, the batch size does not depend on the call: exact games are played all together, noisy repetitions in
aligned blocks (0..63, 64..127, ...), of which the ones not asked for are dropped.
"""

import math
from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from bandits.core.checks import instance
from bandits.core.jax_settings import local_settings
from bandits.core.rng import ENVIRONMENT, LEARNER, Stream
from bandits.core.rng_jax import stream, uniform
from bandits.protocol import Draws, GameRules, Learner, MatrixGame, MatrixLearner
from sims.engines.faults import faulty
from sims.engines.self_play_faults import explained, fault_of_play

_PADDING = 32
_BLOCK = 64  # repetitions
_BLOCK_ENTRIES = 1 << 24  # entries of the matrices of a block
_INDICES = 1 << 32  # addresses of a round's draws


class Plays(NamedTuple):
    """A batch of I plays."""

    game: Any  # the arrays of I games, or of one that all share
    repetition: Any  # (I,) uint32
    context: Any  # (I,) uint32, number of the game within its repetition


Batch = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.float64]]


def check(problem: Any, learner: Learner, precision: str) -> None:
    """Raise TypeError unless the learner plays matrix games. They are always played in double precision."""
    instance("learner", learner, MatrixLearner, f"one that plays {type(problem).__name__}, such as a SelfPlay")


def play(
    problem: MatrixGame, learner: Any, seed: int, first: int, count: int, rounds: Any, precision: str = "float64"
) -> NDArray[np.float64]:
    """Return the metrics (count, C, M) float64 at the checkpoints `rounds` (C,) int64 of `count` repetitions."""
    check(problem, learner, precision)
    rules = problem.rules(learner)
    needed = rules.draws * problem.games_at_once
    if needed > _INDICES:
        raise ValueError(f"samples (or pairs) x actions x contexts must be at most 2^32 draws per round, got {needed}")
    with local_settings():
        batch = _batch(problem, learner, rules, seed, np.asarray(rounds, np.int64))
        return (_noisy if rules.draws else _exact)(problem, batch, first, count)


def _batch(problem: MatrixGame, learner: Any, rules: GameRules, seed: int, rounds: NDArray[np.int64]) -> Batch:
    """Return (games, repetitions) -> the metrics (I, C, M) of a batch of plays."""
    padded = jnp.asarray(np.pad(rounds, (0, -len(rounds) % _PADDING), mode="edge"))
    params, arrays, axes = jax.tree.map(jnp.asarray, learner.parameters(problem)), problem.arrays(), problem.axes()
    program = _program((learner.start, learner.policy, learner.step), rules, axes)

    def batch(games: NDArray[Any], repetitions: NDArray[Any]) -> NDArray[np.float64]:
        contexts = games if problem.games_at_once > 1 else np.zeros_like(games)
        plays = Plays(
            _of_games(arrays, axes, games),
            jnp.asarray(repetitions % 2**32, jnp.uint32),
            jnp.asarray(contexts, jnp.uint32),
        )
        try:
            played = program(params, plays, jnp.uint64(seed), padded)
            found, sums = (np.array(part)[:, : len(rounds)] for part in played)
        except Exception as error:
            raise explained(learner, params, rules, *_one(plays, axes, rules, seed, 0), error) from None
        wrong = np.argwhere(faulty(sums).any(axis=-1))
        if len(wrong):
            game, asks = _one(plays, axes, rules, seed, int(wrong[0, 0]))
            raise ValueError(fault_of_play(learner, params, rules, game, asks, int(rounds[wrong[0, 1]])))
        return found

    return batch


def _exact(problem: MatrixGame, batch: Batch, first: int, count: int) -> NDArray[np.float64]:
    """Play every game once and copy its metrics to all its repetitions."""
    games = np.arange(problem.n_games)
    values = batch(games, np.zeros_like(games))
    if problem.games_at_once > 1:
        return np.repeat(problem.joined(values[None]), count, axis=0)
    return values[np.arange(first, first + count) % problem.n_games]


def _noisy(problem: MatrixGame, batch: Batch, first: int, count: int) -> NDArray[np.float64]:
    """Play whole blocks of repetitions and keep those asked for."""
    each = problem.games_at_once
    size = _block_size(problem)
    begin = first - first % size
    parts = []
    for block in range(begin, first + count, size):
        repetitions = np.arange(block, block + size)
        games = repetitions % problem.n_games if each == 1 else np.tile(np.arange(each), size)
        values = batch(games, np.repeat(repetitions, each))
        parts.append(problem.joined(values.reshape(size, each, *values.shape[1:])))
    return np.concatenate(parts)[first - begin : first - begin + count]


def _block_size(problem: MatrixGame) -> int:
    if problem.n_games == 1:
        return _BLOCK
    entries = max(np.size(leaf) for leaf in jax.tree.leaves(problem.arrays())) // problem.n_games
    return max(1, min(_BLOCK, _BLOCK_ENTRIES // (entries * problem.games_at_once)))


def _of_games(arrays: Any, axes: Any, which: Any) -> Any:
    """Return the arrays of the games `which`, one number or (I,); arrays that all games share are unchanged."""
    if axes is None:
        return jax.tree.map(jnp.asarray, arrays)
    pairs = zip(arrays, axes, strict=True)
    return type(arrays)(*(jnp.asarray(leaf if axis is None else leaf[which]) for leaf, axis in pairs))


def _one(plays: Plays, axes: Any, rules: GameRules, seed: int, which: int) -> tuple[Any, Callable[[Any], Any]]:
    """Return the arrays of one of the plays, and (t) -> its feedback of round t."""
    game = _of_games(plays.game, axes, which)
    return game, _asks(rules, game, jnp.uint64(seed), plays.repetition[which], plays.context[which])


# ---------------------------------------------------------------- the compiled program


@cache
def _program(steps: tuple[Any, Any, Any], rules: GameRules, axes: Any) -> Callable[..., Any]:
    """Return the jitted (params, plays, seed, rounds) -> metrics (I, C, M), sums of probabilities (I, C, L)."""
    start, policy, step = steps

    def one(params: Any, plays: Plays, seed: Any, rounds: Any) -> Any:
        game = plays.game
        asks = _asks(rules, game, seed, plays.repetition, plays.context)

        def round_(t: Any, carry: Any) -> Any:
            state, total = carry
            total = rules.add(game, total, policy(params, state))
            return step(params, state, t, asks(t)), total

        def until(carry: Any, checkpoint: Any) -> Any:
            begin, state, total = carry
            state, total = lax.fori_loop(begin, checkpoint, round_, (state, total))
            last = policy(params, state)
            metrics = rules.measure(game, last, total, checkpoint)
            sums = [_farthest_sum(law) for law in rules.laws(last, total, checkpoint)]
            return (checkpoint, state, total), (jnp.stack([m for m in metrics if m is not None]), jnp.stack(sums))

        begin = jnp.int64(0), start(params, rules.view(game)), rules.nothing(game)
        return lax.scan(until, begin, rounds)[1]

    return jax.jit(jax.vmap(one, in_axes=(None, Plays(axes, 0, 0), None, None)))


def _farthest_sum(law: Any) -> Any:
    """Return, of the sums over the last axis, the one farthest from 1."""
    sums = jnp.sum(law, axis=-1)
    return sums if sums.ndim == 0 else sums.ravel()[jnp.argmax(jnp.abs(sums - 1.0))]


def _asks(rules: GameRules, game: Any, seed: Any, repetition: Any, context: Any) -> Callable[[Any], Any]:
    """Return (t) -> the feedback of round t."""
    streams = stream(seed, repetition, ENVIRONMENT), stream(seed, repetition, LEARNER)
    offset = context.astype(jnp.uint64) * rules.draws
    return lambda t: rules.ask(game, draws_of(*streams, t, offset))


def draws_of(chance: Stream, own: Stream, t: Any, offset: Any) -> Draws:
    """Return the uniforms of round t from the index `offset` on: the environment's and the learner's."""
    return Draws(partial(_uniforms, chance, t, offset), partial(_uniforms, own, t, offset))


def _uniforms(rng: Stream, t: Any, offset: Any, first: int, shape: tuple[int, ...]) -> Any:
    """Return the uniforms offset + first, offset + first + 1, ... of a round in the given shape."""
    return uniform(rng, t, offset + first + jnp.arange(math.prod(shape)).reshape(shape))
