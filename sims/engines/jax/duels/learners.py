"""Steps of the learners of dueling bandits in JAX, for all repetitions at once.

Each implementation draws from the same addresses of the same streams as the learner's compiled steps. Arrays are in
double precision, repetitions (R) in the last axis. Double Thompson sampling has no JAX implementation: its rejection
sampling takes a random number of draws, so repetitions would wait for each other at each of K^2 draws.

`sims.engines.jax.duels.program` plays the rounds. Importing this module imports JAX.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from bandits.core.rng import Stream
from bandits.core.rng_jax import uniform, uniform_pair
from bandits.preference.duels.rucb import RUCB
from bandits.preference.duels.sparring_exp3 import SparringExp3
from bandits.preference.duels.versatile_db import VersatileDB
from bandits.protocol import Learner
from sims.engines.jax.rounds import computed_once
from sims.engines.jax.switching.learners import Weights, add_loss, chance, cumulative, draw, remade, uniform_weights
from sims.engines.jax.switching.losses import pick

_NEWTON_STEPS = 100


class BatchedLearner(NamedTuple):
    """A learner's functions on all repetitions at once."""

    start: Callable[..., Any]  # (n_actions, repetitions) -> state
    act: Callable[..., Any]  # (params, state, t, rng) -> the two sides' actions (R,), (R,) int32, and `kept`
    update: Callable[..., Any]  # (params, state, t, first, second, answer (R,) float64, kept, chunk) -> state


# ---------------------------------------------------------------- sparring EXP3


class Sides(NamedTuple):
    """The weights of the two sides."""

    first: Weights
    second: Weights


def _no_sides(n_actions: int, repetitions: int) -> Sides:
    return Sides(*(uniform_weights(n_actions, repetitions, np.float64) for _ in range(2)))


def _sides_act(params: Any, state: Sides, t: Any, rng: Stream) -> Any:
    left, right = uniform_pair(rng, t, 0)
    return draw(state.first, left).arm, draw(state.second, right).arm, ()


def _sides_update(
    params: Any, state: Sides, t: Any, first: Any, second: Any, answer: Any, kept: Any, chunk: int
) -> Sides:
    def learned(weights: Weights, arm: Any, loss: Any) -> Weights:
        after = add_loss(weights, params.learning_rate, chance(weights, arm), loss)
        return lax.cond((t + 1) % chunk == 0, lambda: remade(after, params.learning_rate), lambda: after)

    return Sides(learned(state.first, first, 1.0 - answer), learned(state.second, second, answer))


# ---------------------------------------------------------------- Versatile-DB


class Regularised(NamedTuple):
    """Estimated losses less their minimum, and the probabilities of the coming round, for the two sides."""

    first_loss: Any  # (K, R) float64
    first: Any  # (K, R)
    second_loss: Any  # (K, R)
    second: Any  # (K, R)


def _no_losses(n_actions: int, repetitions: int) -> Regularised:
    losses, law = np.zeros((n_actions, repetitions)), np.full((n_actions, repetitions), 1.0 / n_actions)
    return Regularised(losses, law, losses, law)


def _regularised_act(params: Any, state: Regularised, t: Any, rng: Stream) -> Any:
    left, right = uniform_pair(rng, t, 0)
    return drawn(state.first, left), drawn(state.second, right), ()


def drawn(law: Any, u: Any) -> Any:
    """Return the actions (R,) at quantiles u: the first whose cumulative probability exceeds u, at most the last."""
    arm = jnp.zeros(u.shape, jnp.int32)
    for row in cumulative(law)[:-1]:
        arm += u >= row
    return arm


def _regularised_update(
    params: Any, state: Regularised, t: Any, first: Any, second: Any, answer: Any, kept: Any, chunk: int
) -> Regularised:
    rate = 2.0 / jnp.sqrt(t + 2.0)

    def learned(total: Any, law: Any, arm: Any, loss: Any) -> Any:
        hit = jnp.arange(len(total), dtype=jnp.int32)[:, None] == arm
        charged = jnp.where(hit, total + loss / pick(law, arm), total)
        charged = charged - charged.min(axis=0)
        return charged, tsallis(charged, rate)

    return Regularised(
        *learned(state.first_loss, state.first, first, 1.0 - answer),
        *learned(state.second_loss, state.second, second, answer),
    )


def tsallis(loss: Any, rate: Any) -> Any:
    """Return the probabilities (K, R) of `bandits.switching.tsallis_switch.tsallis_probabilities`, min loss 0.

    Each repetition stops at its own last Newton step, as in the compiled loop.
    """

    def step(carry: Any) -> Any:
        count, x, done = carry
        total, slope = jnp.zeros_like(x), jnp.zeros_like(x)
        for row in loss:
            root = 2.0 / (rate * (row - x))
            total, slope = total + root * root, slope + root * root * root
        move = (total - 1.0) / (rate * slope)
        after = jnp.where(done, x, x - move)
        return count + 1, after, done | (jnp.abs(move) <= 1e-15 * jnp.abs(after))

    x = jnp.full(loss.shape[1:], -2.0) / rate
    begin = jnp.int32(0), x, jnp.zeros(x.shape, bool)
    _, x, _ = lax.while_loop(lambda carry: (carry[0] < _NEWTON_STEPS) & ~carry[2].all(), step, begin)
    root = 2.0 / (rate * (loss - x))
    law = root * root
    return law / cumulative(law)[-1]


# ---------------------------------------------------------------- RUCB


class Counts(NamedTuple):
    """State of RUCB: wins, and the last lone candidate."""

    wins: Any  # (K, K, R) float64, of the first index over the second
    lone: Any  # (R,) int32, -1 for none


def _no_wins(n_actions: int, repetitions: int) -> Counts:
    return Counts(np.zeros((n_actions, n_actions, repetitions)), np.full(repetitions, -1, np.int32))


def upper(wins: Any, bonus: Any) -> Any:
    """Return the upper confidence bounds (K, K, R) of the preferences; 2 if never compared, 1/2 on the diagonal."""
    n = wins + wins.transpose(1, 0, 2)
    mean = jnp.where(n == 0.0, 0.5, wins / n)
    bound = mean + jnp.where(n == 0.0, 1.5, jnp.sqrt(bonus / n))
    return jnp.where(jnp.eye(len(wins), dtype=bool)[..., None], 0.5, bound)


def nth(marked: Any, n: Any) -> Any:
    """Return the n-th (R,) marked action, n from 0, of marked (K, R); -1 where there is none."""
    chosen, left = jnp.full(n.shape, -1, jnp.int32), n
    for i, row in enumerate(marked):
        chosen = jnp.where(row & (left >= 0), i, chosen)
        left = left - row
    return chosen


def _lone(state: Counts, marked: Any, count: Any) -> Any:
    """Return the lone candidate to prefer from now on (R,), -1 for none."""
    stays = (state.lone >= 0) & pick(marked, state.lone)
    return jnp.where(count == 1, nth(marked, jnp.zeros_like(count)), jnp.where(stays, state.lone, -1))


def _counts_act(params: Any, state: Counts, t: Any, rng: Stream) -> Any:
    bound = computed_once(t, lambda: upper(state.wins, params.alpha * jnp.log(t + 1.0)))
    marked = computed_once(t, lambda: (bound >= 0.5).all(axis=1))
    champion, lone = computed_once(t, lambda: _champion(state, marked, uniform_pair(rng, t, 0)))
    return champion, _challenger(t, bound, champion, uniform(rng, t, 1)), lone


def _champion(state: Counts, marked: Any, draws: Any) -> Any:
    """Return the champion and the lone candidate (R,): see `bandits.preference.duels.rucb`."""
    (coin, which), n_actions = draws, len(marked)
    count = marked.sum(axis=0)
    lone = _lone(state, marked, count)
    rest = jnp.where(lone >= 0, count - 1, count)
    others = marked & (jnp.arange(n_actions)[:, None] != lone)
    other = nth(others, (which * rest).astype(count.dtype))
    champion = jnp.where((lone >= 0) & ((count == 1) | (coin < 0.5)), lone, other)
    return jnp.where(count == 0, (which * n_actions).astype(jnp.int32), champion), lone


def _challenger(t: Any, bound: Any, champion: Any, u: Any) -> Any:
    """Return the action of the highest bound against the champion; ties go at random to actions other than it."""
    against = computed_once(t, lambda: pick(bound.transpose(1, 0, 2), champion))
    tied = (against == against.max(axis=0)) & (jnp.arange(len(bound))[:, None] != champion)
    ties = tied.sum(axis=0)
    return jnp.where(ties == 0, champion, nth(tied, (u * ties).astype(ties.dtype)))


def _counts_update(
    params: Any, state: Counts, t: Any, first: Any, second: Any, answer: Any, kept: Any, chunk: int
) -> Counts:
    actions = jnp.arange(len(state.wins), dtype=jnp.int32)
    rows, columns = actions[:, None, None], actions[None, :, None]
    won = jnp.where((rows == first) & (columns == second), answer, 0.0)
    lost = jnp.where((rows == second) & (columns == first), 1.0 - answer, 0.0)
    return Counts(state.wins + jnp.where(first == second, 0.0, won + lost), kept)


LEARNERS: dict[type[Learner], BatchedLearner] = {
    SparringExp3: BatchedLearner(_no_sides, _sides_act, _sides_update),
    VersatileDB: BatchedLearner(_no_losses, _regularised_act, _regularised_update),
    RUCB: BatchedLearner(_no_wins, _counts_act, _counts_update),
}
