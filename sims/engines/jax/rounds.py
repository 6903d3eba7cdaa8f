"""A plain loop over rounds in JAX, all repetitions at once, for families that do not split rounds into chunks.

Importing this module imports JAX.
"""

from collections.abc import Callable
from typing import Any

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

Start = Callable[[int], Any]  # (repetitions) -> the values carried from round to round
Measure = Callable[[Any, int, NDArray[np.float64]], None]  # (carried, n_rounds, out (R, M)): write the metrics


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


def play_rounds(
    advance: Any, given: Any, start: Start, measure: Measure, seed: int, first: int, shape: tuple[int, ...], rounds: Any
) -> NDArray[np.float64]:
    """Return the metrics, of shape (count, C, M), of repetitions first.. at the checkpoints `rounds` (C,).

    advance: what `compiled` returns. 64-bit types are enabled for the duration of the call and for its thread.
    """
    values = np.empty(shape)
    with local_settings():
        given = jax.tree.map(jnp.asarray, given)
        for row in range(0, shape[0], _WIDTH):
            here = min(_WIDTH, shape[0] - row)
            padded = here + -here % _PADDING
            address = jnp.uint64(seed), jnp.asarray((first + row + np.arange(padded)) % 2**32, jnp.uint32)
            carried, begin, out = start(padded), 0, np.empty((padded, shape[2]))
            for column, end in enumerate(int(n) for n in rounds):
                for a, b in pieces(begin, end):
                    carried = done(advance(given, address, carried, jnp.int64(a), jnp.int64(b)))
                measure(carried, end, out)
                values[row : row + here, column] = out[:here]
                begin = end
    return values


def computed_once(t: Any, make: Callable[[], Any]) -> Any:
    """Return make()'s arrays, computed once: a barrier against XLA's re-computation.

    XLA would otherwise compute them again inside every operation that reads them (a draw once per action). It does not
    fuse into the branches of a conditional, and cannot know that this condition (round t >= 0) always holds.
    """
    shapes = jax.eval_shape(make)
    return lax.cond(t >= 0, make, lambda: jax.tree.map(lambda like: jnp.zeros(like.shape, like.dtype), shapes))
