"""Loss processes of the switching game in JAX, for all repetitions at once, generated in blocks of 64 rounds.

Draws come from the same addresses as in the compiled loop. Repetitions (R) are the last axis of arrays; where all
repetitions have the same losses (a table) that axis has length W = 1. Metrics of the losses alone (the best action's
total, clipped rounds) are summed in double precision in the compiled loop's order.

Importing this module imports JAX.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import ndtri

from bandits.core.rng import Stream
from bandits.core.rng_jax import uniform, words
from bandits.losses import BernoulliLosses, LossProcess, LossTable
from bandits.losses.random_walk import MultiScaleRandomWalk


def pick(table: Any, arm: Any) -> Any:
    """Return table[arm[r], r] (R,) of a table (K, W)."""
    found = jnp.zeros(arm.shape, table.dtype)
    for k in range(len(table)):
        found = jnp.where(arm == k, table[k], found)
    return found


class Shown(NamedTuple):
    """A round's losses."""

    own: Callable[..., Any]  # (t, arm (R,)) -> (R,)
    all: Callable[..., Any]  # (t) -> (K, W)


class BatchedLosses(NamedTuple):
    """A loss process for all repetitions at once."""

    start: Callable[..., Any]  # (n_actions, repetitions) -> made, before the first round
    make: Callable[..., Any]  # (setting, env, t, made) -> made, for rounds t up to the next multiple of 64
    show: Callable[..., Shown]  # (setting, made, dtype) -> their losses
    shared: bool  # whether all repetitions have the same losses
    excess: Callable[..., Any] | None  # (setting, made, arm, dtype) -> (R,), mean above the best action's
    report: Callable[..., Any] | None  # (setting, made, n_rounds) -> metrics (R,) by name; None: from the table


# ---------------------------------------------------------------- Bernoulli losses


class Words(NamedTuple):
    """Bernoulli losses of 64 rounds, one bit per round, and the number of ones in the blocks before."""

    bits: Any  # (K, R) uint64
    ones: Any  # (K, R) int64


def _no_words(n_actions: int, repetitions: int) -> Words:
    return Words(np.zeros((n_actions, repetitions), np.uint64), np.zeros((n_actions, repetitions), np.int64))


def _make_words(setting: Any, env: Stream, t: Any, made: Words) -> Words:
    def fresh() -> Words:
        ones = made.ones + lax.population_count(made.bits).astype(jnp.int64)
        return Words(bernoulli_words(setting, env, t // 64), ones)

    return lax.cond(t % 64 == 0, fresh, lambda: made)


def _excess_words(setting: Any, made: Words, arm: Any, dtype: Any) -> Any:
    return pick((setting.mean - setting.best).astype(dtype)[:, None], arm)


def _report_words(setting: Any, made: Words, n_rounds: int) -> dict[str, Any]:
    played = np.asarray(made.bits) << np.uint64(63 - (n_rounds - 1) % 64)
    return {"best_loss": (np.asarray(made.ones) + np.bitwise_count(played)).min(axis=0)}


def _show_words(setting: Any, made: Words, dtype: Any) -> Shown:
    masks = transposed(made.bits)

    def own(t: Any, arm: Any) -> Any:
        mask = pick(masks[t % 64], arm // 32)
        return ((mask >> (arm % 32).astype(jnp.uint32)) & 1).astype(dtype)

    return Shown(own, lambda t: ((made.bits >> (t % 64).astype(jnp.uint64)) & 1).astype(dtype))


def transposed(bits: Any) -> Any:
    """Return the losses by round, (64, ceil(K / 32), R) uint32, one bit per action, from words by action (K, R)."""
    rounds = jnp.arange(64, dtype=jnp.uint64)[:, None]
    masks = []
    for first in range(0, len(bits), 32):
        mask = jnp.zeros((64, bits.shape[1]), jnp.uint32)
        for k, word in enumerate(bits[first : first + 32]):
            mask |= ((word >> rounds) & 1).astype(jnp.uint32) << jnp.uint32(k)
        masks.append(mask)
    return jnp.stack(masks, axis=1)


def bernoulli_words(setting: Any, env: Stream, block: Any) -> Any:
    """Return the words (K, R) of `bandits.losses.bernoulli_word` for a block of 64 rounds."""

    def word(one: Any) -> Any:
        mean, digits, arm = one
        start = (~jnp.zeros_like(env.repetition, jnp.uint64), jnp.zeros_like(env.repetition, jnp.uint64))
        begin = (*start, digits, arm * jnp.uint32(32))
        _, below, _, _ = lax.while_loop(undecided, partial(two_digits, env, block), begin)
        return jnp.where(mean == 1.0, ~jnp.uint64(0), below)

    def undecided(carry: Any) -> Any:
        return (carry[2] != 0) & jnp.any(carry[0] != 0)

    arms = jnp.arange(len(setting.mean), dtype=jnp.uint32)
    return lax.map(word, (setting.mean, setting.digits, arms))


def two_digits(env: Stream, block: Any, carry: Any) -> Any:
    """Compare two more binary digits of 64 uniforms with the mean."""
    undecided, below, rest, index = carry
    for word in words(env, block, index):
        one = rest >> jnp.uint64(63) == 1
        below = jnp.where(one, below | (undecided & ~word), below)
        undecided = undecided & jnp.where(one, word, ~word)
        rest = rest << jnp.uint64(1)
    return undecided, below, rest, index + jnp.uint32(1)


# ---------------------------------------------------------------- the multi-scale random walk


class Walk(NamedTuple):
    """The walk over a block of 64 rounds, which starts at a multiple b of 64, and the totals of the blocks before."""

    height: Any  # (65, R) float64, W_b to W_{b + 64}
    ancestor: Any  # (58, R) float64, the walk at the latest multiple of 64 with lowest set bit 6 + i
    actions: Any  # (K,) int32, 0 to K - 1
    good: Any  # (R,) int32, chi
    closed: Any  # (2, R) float64, losses of the good action and of the others; sums as in `bandits.core.summation`
    open: Any  # (2, R) float64
    clipped: Any  # (R,) int64


def _no_walk(n_actions: int, repetitions: int) -> Walk:
    height, ancestor, closed, open_ = (np.zeros((n, repetitions)) for n in (65, 58, 2, 2))
    actions, good = np.arange(n_actions, dtype=np.int32), np.zeros(repetitions, np.int32)
    return Walk(height, ancestor, actions, good, closed, open_, np.zeros(repetitions, np.int64))


def _make_walk(setting: Any, env: Stream, t: Any, made: Walk) -> Walk:
    def fresh() -> Walk:
        before = lax.cond(t > 0, lambda: closed_block(setting, t, made), lambda: made)
        return walked(setting, env, t, before)

    return lax.cond(t % 64 == 0, fresh, lambda: made)


def walked(setting: Any, env: Stream, t: Any, made: Walk) -> Walk:
    """Return the heights of the block that starts at round t, a multiple of 64.

    Within the block the parent of b + j is b + (j less its lowest set bit), and that of b + 64 is an ancestor.
    """

    def step(i: Any) -> Any:
        first, _ = words(env, t + i, 0)
        return setting.noise * ndtri(((first >> jnp.uint64(11)).astype(jnp.float64) + 0.5) * 2.0**-53)

    steps = lax.map(step, jnp.arange(64))  # a separate loop: otherwise XLA repeats the draws for every level
    rows = made.height[64:]
    for bit in (32, 16, 8, 4, 2, 1):  # rows has the multiples of 2 bit; their children lie `bit` above
        sons = rows + steps[bit - 1 :: 2 * bit]
        rows = jnp.stack([rows, sons], axis=1).reshape(-1, rows.shape[-1])
    end = t + 64
    parent = end & (end - 1)
    last = jnp.where(parent > 0, made.ancestor[_lowest_bit(parent) - 6], 0.0) + steps[63]
    ancestor = lax.dynamic_update_index_in_dim(made.ancestor, last, _lowest_bit(end) - 6, 0)
    good = (uniform(env, 0, 1) * setting.n_actions).astype(jnp.int32)
    return made._replace(height=jnp.concatenate([rows, last[None]]), ancestor=ancestor, good=good)


def _lowest_bit(x: Any) -> Any:
    """Return the place of the lowest set bit; 64 for 0."""
    return lax.population_count((x & -x) - 1)


def closed_block(setting: Any, t: Any, made: Walk) -> Walk:
    """Return the totals including the block that ends before round t."""
    losses, clipped = walk_losses(setting, made.height[1:])
    open_, _ = lax.scan(lambda total, row: (total + row, None), made.open, losses)
    full = t % 4096 == 0
    return made._replace(
        closed=jnp.where(full, made.closed + open_, made.closed),
        open=jnp.where(full, 0.0, open_),
        clipped=made.clipped + clipped.sum(axis=0),
    )


def walk_losses(setting: Any, height: Any) -> Any:
    """Return the losses (n, 2, R) of the good action and of the others, and where one was clipped (n, R)."""
    middle = 0.5 + height
    both = jnp.stack([middle - setting.gap, middle], axis=1)
    return jnp.clip(both, 0.0, 1.0), (middle > 1.0) | (middle - setting.gap < 0.0)


def _show_walk(setting: Any, made: Walk, dtype: Any) -> Shown:
    def two(t: Any) -> Any:
        return walk_losses(setting, made.height[t % 64 + 1][None])[0][0].astype(dtype)

    def own(t: Any, arm: Any) -> Any:
        good, other = two(t)
        return jnp.where(arm == made.good, good, other)

    return Shown(own, lambda t: own(t, made.actions[:, None]))


def _excess_walk(setting: Any, made: Walk, arm: Any, dtype: Any) -> Any:
    return jnp.where(arm == made.good, 0.0, setting.gap).astype(dtype)


def _report_walk(setting: Any, made: Walk, n_rounds: int) -> dict[str, Any]:
    """Add the rounds of the open block that were played."""
    rows = np.asarray(made.height)[1 : (n_rounds - 1) % 64 + 2]
    losses, clipped = (np.asarray(found) for found in walk_losses(setting, rows))
    totals = np.asarray(made.closed) + np.cumsum([np.asarray(made.open), *losses], axis=0)[-1]
    return {"best_loss": totals.min(axis=0), "clipped_rounds": np.asarray(made.clipped) + clipped.sum(axis=0)}


# ---------------------------------------------------------------- tables


def _show_table(setting: Any, made: Any, dtype: Any) -> Shown:
    def row(t: Any) -> Any:
        return setting.table[t][:, None].astype(dtype)

    return Shown(lambda t, arm: pick(row(t), arm), row)


LOSSES: dict[type[LossProcess], BatchedLosses] = {
    BernoulliLosses: BatchedLosses(_no_words, _make_words, _show_words, False, _excess_words, _report_words),
    LossTable: BatchedLosses(lambda *_: (), lambda *given: given[-1], _show_table, True, None, None),
    MultiScaleRandomWalk: BatchedLosses(_no_walk, _make_walk, _show_walk, False, _excess_walk, _report_walk),
}
