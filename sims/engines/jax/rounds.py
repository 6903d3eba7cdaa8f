"""A plain loop over rounds in JAX, all repetitions at once, for families that do not split rounds into chunks.

Importing this module imports JAX.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from bandits.core.jax_settings import local_settings
from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.core.rng_jax import stream
from bandits.core.stopping import pieces

_WIDTH = 1 << 16  # repetitions in one call of the compiled program
_PADDING = 64  # repetitions: a program is compiled for a multiple of it

done: Any = jax.block_until_ready  # a running program cannot be interrupted


class Programmed(NamedTuple):
    """The program of a pair."""

    advance: Any  # what `compiled` returns
    given: Any  # its constant numbers and arrays
    start: Callable[[int], Any]  # (repetitions) -> the values carried from round to round
    measure: Callable[[Any, int, NDArray[np.float64]], None]  # (carried, n_rounds, out (R, M)): write the metrics


def compiled(play_round: Callable[..., Any]) -> Any:
    """Return the compiled (given, address, carried, begin, end) -> carried after rounds begin..end-1.

    play_round: (given, carried, t, rng, env) -> carried, t int64 from 0, rng and env the learner's and the
    environment's streams of all repetitions.  given: constant numbers and arrays.  address: seed and repetitions.
    """

    def advance(given: Any, address: Any, carried: Any, begin: Any, end: Any) -> Any:
        word, repetition = address
        rng, env = stream(word, repetition, LEARNER), stream(word, repetition, ENVIRONMENT)
        return lax.fori_loop(begin, end, lambda t, carried: play_round(given, carried, t, rng, env), carried)

    return jax.jit(advance)


def player(check: Callable[[Any, Any, str], None], programmed: Callable[[Any, Any, str], Programmed]) -> Any:
    """Return `play` of a family: (problem, learner, seed, first, count, rounds, precision) -> metrics.

    check, programmed: of (problem, learner, precision); `check` raises where the pair has no program.
    The metrics are (count, C, M) float64, of repetitions first.. at the checkpoints `rounds` (C,) int64. 64-bit types
    are enabled for the duration of the call and for its thread.
    """

    def play(
        problem: Any, learner: Any, seed: int, first: int, count: int, rounds: Any, precision: str
    ) -> NDArray[np.float64]:
        check(problem, learner, precision)
        advance, given, start, measure = programmed(problem, learner, precision)
        values = np.empty((count, len(rounds), len(problem.metrics)))
        with local_settings():
            given = jax.tree.map(jnp.asarray, given)
            for row in range(0, count, _WIDTH):
                here = min(_WIDTH, count - row)
                padded = here + -here % _PADDING
                address = jnp.uint64(seed), jnp.asarray((first + row + np.arange(padded)) % 2**32, jnp.uint32)
                carried, begin, out = start(padded), 0, np.empty((padded, values.shape[2]))
                for column, end in enumerate(int(n) for n in rounds):
                    for a, b in pieces(begin, end):
                        carried = done(advance(given, address, carried, jnp.int64(a), jnp.int64(b)))
                    measure(carried, end, out)
                    values[row : row + here, column] = out[:here]
                    begin = end
        return values

    return play


def computed_once(t: Any, make: Callable[[], Any]) -> Any:
    """Return make()'s arrays, computed once: a barrier against XLA's re-computation.

    XLA would otherwise compute them again inside every operation that reads them (a draw once per action). It does not
    fuse into the branches of a conditional, and cannot know that this condition (round t >= 0) always holds.
    """
    shapes = jax.eval_shape(make)
    return lax.cond(t >= 0, make, lambda: jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), shapes))
