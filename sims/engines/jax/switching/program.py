"""The switching game in JAX: all repetitions of a call at once, for sweeps with many repetitions and for accelerators.

The learners of `sims.engines.jax.switching.learners` draw from the same addresses as the compiled loop, so in double
precision they play the same actions up to the rounding of their weights. (A learner that divides by its own
probabilities magnifies a rounding about exp(eta L) times, L being the losses so far; on long runs trajectories
therefore diverge, and only their law is the same.)

Rounds are played in chunks of at most 64 that begin at multiples of their length. A chunk's draws are a pure function
of their addresses and are made before it. At its end the weights are recomputed from the cumulative losses less their
minimum. That is often enough: by Jensen's inequality the sum W of the weights obeys

    W_{t+1} / W_t = sum_i p_t(i) exp(-eta lhat_t(i)) >= exp(-eta sum_i p_t(i) lhat_t(i)) >= exp(-eta)

for losses in [0, 1] and for importance-weighted losses lhat_t(A_t) = l_t(A_t) / p_t(A_t) alike, whatever the
action. The chunk is so short that eta times its length is at most `_DECAY`, and no sum of weights underflows.

Metrics are summed in double precision (with float32: in double precision over the chunks). 64-bit types are enabled for
the duration of a call and for its thread only. Importing this module imports JAX.
"""

from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from bandits.core.jax_settings import local_settings
from bandits.core.rng import ENVIRONMENT, LEARNER, Stream
from bandits.core.rng_jax import stream
from bandits.core.stopping import pieces
from bandits.losses import LossTable
from bandits.protocol import Learner
from bandits.switching.feedback import FullInformation
from bandits.switching.problem import SwitchingCostGame
from sims.engines.jax.rounds import done
from sims.engines.jax.switching.learners import LEARNERS, Params, remade, uniform_weights
from sims.engines.jax.switching.losses import LOSSES

_CHUNK = 64  # rounds
_BLOCK = 4096  # rounds, as in bandits.core.summation
_DECAY = {"float32": 40.0, "float64": 300.0}
_MOST_ACTIONS = 128  # a round's program is unrolled over the actions
_WIDTH = 1 << 16  # repetitions in one call of the compiled program
_PADDING = 64  # repetitions: a program is compiled for a multiple of it


PAIRS = "{} in SwitchingCostGame on {}".format(
    *(" or ".join(kind.__name__ for kind in table) for table in (LEARNERS, LOSSES))
)


class Played(NamedTuple):
    """State of the play of a block of repetitions; sums as in `bandits.core.summation`."""

    state: Any  # the learner's
    made: Any  # the losses'
    arm: Any  # (R,) int32, the last action
    open: Any  # (2, R) loss and excess of means in the current block
    closed: Any  # (2, R) float64, of the finished blocks
    switches: Any  # (R,) int64


def play(
    problem: Any, learner: Learner, seed: int, first: int, count: int, rounds: NDArray[np.int64], precision: str
) -> NDArray[np.float64]:
    """Return the metrics (count, C, M) float64 of repetitions first.. at the checkpoints `rounds` (C,) int64.

    precision: "float32" or "float64".  Raises what `check` raises.
    """
    check(problem, learner, precision)
    parts = []
    with local_settings():
        for begin in range(first, first + count, _WIDTH):
            here = min(_WIDTH, first + count - begin)
            parts.append(_block(problem, learner, seed, begin, here, rounds, precision)[:here])
    return np.concatenate(parts)


def check(problem: Any, learner: Learner, precision: str) -> None:
    """Raise TypeError unless there is a JAX implementation of the pair, ValueError for too many actions."""
    game = type(problem).__name__
    if type(problem) is SwitchingCostGame:  # a subclass may override steps and has no JAX implementation
        if type(learner) in LEARNERS and type(problem.losses) in LOSSES:
            if problem.n_actions > _MOST_ACTIONS:
                raise ValueError(f"the JAX backend takes at most {_MOST_ACTIONS} actions, got {problem.n_actions}")
            return
        game += f" on {type(problem.losses).__name__}"
    raise TypeError(f"the JAX backend plays {PAIRS}, got {type(learner).__name__} in {game}")


def _block(
    problem: SwitchingCostGame, learner: Learner, seed: int, first: int, count: int, rounds: Any, precision: str
) -> NDArray[np.float64]:
    """Return the metrics of `count` repetitions, padded with more to a multiple of 64."""
    given = learner.parameters(problem)
    rate = float(given.learning_rate)
    params = Params(jnp.asarray(rate, precision), jnp.int64(getattr(given, "batch_length", 1)))
    setting = jax.tree.map(jnp.asarray, problem.setting().losses)
    advance = _program(type(learner), type(problem.losses), precision, chunk_length(rate, precision))
    padded = count + -count % _PADDING
    address = (jnp.uint64(seed), jnp.asarray((first + np.arange(padded)) % 2**32, jnp.uint32))
    report = LOSSES[type(problem.losses)].report
    of_table = _table_totals(problem.losses.table, rounds) if isinstance(problem.losses, LossTable) else np.empty(0)
    values = np.empty((padded, len(rounds), len(problem.metrics)))
    played, begin = _start(problem, learner, padded, precision), 0
    for column, end in enumerate(int(n) for n in rounds):
        for a, b in pieces(begin, end):
            played = done(advance(params, setting, address, played, jnp.int64(a), jnp.int64(b)))
        of_losses = report(setting, played.made, end) if report else {"best_loss": of_table[column]}
        _measure(problem, played, end, of_losses, values[:, column])
        begin = end
    return values


def chunk_length(rate: float, precision: str) -> int:
    """Return the largest power of 2 <= 64 in whose rounds the weights' sum cannot fall below exp(-_DECAY)."""
    length = _CHUNK
    while length > 1 and rate * length > _DECAY[precision]:
        length //= 2
    return length


def _start(problem: SwitchingCostGame, learner: Learner, repetitions: int, precision: str) -> Played:
    batched, losses = LEARNERS[type(learner)], LOSSES[type(problem.losses)]
    width = 1 if batched.full and losses.shared else repetitions
    state = batched.start(uniform_weights(problem.n_actions, width, precision), repetitions)
    made = losses.start(problem.n_actions, repetitions)
    sums = np.zeros((2, repetitions), precision), np.zeros((2, repetitions))
    return Played(state, made, np.zeros(repetitions, np.int32), *sums, np.zeros(repetitions, np.int64))


@cache
def _program(kind: type[Learner], process: type[Any], precision: str, chunk: int) -> Any:
    """Return the compiled (params, setting, address, played, begin, end) -> played for a learner and its losses."""
    batched, losses, dtype = LEARNERS[kind], LOSSES[process], jnp.dtype(precision)
    block = _BLOCK if precision == "float64" else chunk

    def segment(params: Params, setting: Any, rng: Stream, env: Stream, played: Played, t: Any, stop: Any) -> Played:
        """Play rounds t..stop-1, all of one chunk."""
        base = t - t % chunk
        made = losses.make(setting, env, t, played.made)
        shown = losses.show(setting, made, dtype)
        draws = batched.draws(rng, (base + jnp.arange(chunk))[:, None])
        excess_of = losses.excess or (lambda *_: jnp.zeros((), dtype))

        def one(t: Any, carry: Any) -> Any:
            state, last, paid, excess, moves = carry
            row = jax.tree.map(lambda table: table[t - base], draws)
            state, arm, own = batched.play(params, state, t, row, rng, shown)
            moves += ((arm != last) & (t > 0)).astype(jnp.int32)
            return state, arm, paid + own, excess + excess_of(setting, made, arm, dtype), moves

        begin = (played.state, played.arm, *played.open, jnp.zeros(played.arm.shape, jnp.int32))
        state, arm, paid, excess, moves = lax.fori_loop(t, stop, one, begin)
        fresh = lax.cond(stop % chunk == 0, partial(remade, rate=params.rate), lambda weights: weights, state.weights)
        sums, full = jnp.stack([paid, excess]), stop % block == 0
        closed = jnp.where(full, played.closed + sums, played.closed)
        open_ = jnp.where(full, jnp.zeros_like(sums), sums)
        return Played(state._replace(weights=fresh), made, arm, open_, closed, played.switches + moves)

    def advance(params: Params, setting: Any, address: Any, played: Played, begin: Any, end: Any) -> Played:
        word, repetition = address
        rng, env = stream(word, repetition, LEARNER), stream(word, repetition, ENVIRONMENT)

        def step(carry: Any) -> Any:
            t, played = carry
            stop = jnp.minimum(end, t - t % chunk + chunk)
            return stop, segment(params, setting, rng, env, played, t, stop)

        return lax.while_loop(lambda carry: carry[0] < end, step, (begin, played))[1]

    return jax.jit(advance)


# ---------------------------------------------------------------- metrics


def _table_totals(table: NDArray[np.float64], rounds: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the best action's cumulative loss (C,) after each of `rounds`, summed in the compiled loop's order."""
    closed, found, done = np.zeros(table.shape[1]), np.empty(len(rounds)), 0
    for begin in range(0, int(rounds[-1]), _BLOCK):
        sums = np.cumsum(table[begin : begin + _BLOCK], axis=0)
        while done < len(rounds) and rounds[done] <= begin + len(sums):
            found[done] = (closed + sums[rounds[done] - begin - 1]).min()
            done += 1
        closed += sums[-1]
    return found


def _measure(
    problem: SwitchingCostGame, played: Played, n_rounds: int, of_losses: dict[str, Any], out: NDArray[np.float64]
) -> None:
    """Write the metrics (R, M) after n_rounds; of_losses: those that depend on the losses alone."""
    loss, excess = np.asarray(played.open, np.float64) + np.asarray(played.closed)
    switches = np.asarray(played.switches)
    paid = problem.switching_cost * switches
    columns = {
        "loss": loss,
        "switches": switches,
        "observations": n_rounds * (problem.n_actions if isinstance(problem.feedback, FullInformation) else 1),
        "regret": loss + paid - of_losses["best_loss"],
        "pseudo_regret": excess + paid,
        **of_losses,
    }
    for index, name in enumerate(problem.metrics):
        out[:, index] = columns[name]
