"""Steps of the finite-action learners of the switching game in JAX, for all repetitions at once.

Each implementation draws from the same addresses of the same streams as the compiled steps. Repetitions (R) are the
last axis of arrays; where the weights do not depend on draws (Hedge on a table of losses) that axis has length W = 1
and the weights are computed once for all repetitions. Weights, losses and estimates are in the precision asked for;
draws are always compared with sums in double precision: 2^-24 is too coarse for the probabilities of bandit learners.

`sims.engines.jax.switching.program` plays the rounds. Importing this module imports JAX.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from bandits.core.rng import Stream
from bandits.core.rng_jax import uniform, uniform_pair
from bandits.protocol import Learner
from bandits.switching.batched_exp3 import BatchedExp3
from bandits.switching.exp3 import Exp3
from bandits.switching.hedge import Hedge
from bandits.switching.shrinking_dartboard import ShrinkingDartboard
from sims.engines.jax.switching.losses import Shown, pick

# ---------------------------------------------------------------- exponential weights


class Weights(NamedTuple):
    """Exponential weights; W is the number of repetitions, or 1 where they share the weights."""

    loss: Any  # (K, W) cumulative losses or estimates, less their minimum when the weights were last recomputed
    weight: Any  # (K, W)


class Drawn(NamedTuple):
    """Actions and their probabilities weight / total."""

    arm: Any  # (R,) int32
    weight: Any  # (R,)
    total: Any  # (R,) or (1,)


def uniform_weights(n_actions: int, width: int, dtype: Any) -> Weights:
    """Return the weights of the first round."""
    return Weights(np.zeros((n_actions, width), dtype), np.ones((n_actions, width), dtype))


def draw(weights: Weights, u: Any) -> Drawn:
    """Return the actions at quantiles u (R,) float64: the first whose cumulative probability exceeds u.

    u is at most 1 - 2^-53, so u times the total, rounded, is below the total and no action of weight 0 is drawn.
    """
    rows = cumulative(weights.weight.astype(jnp.float64))
    target = u * rows[-1]
    arm = jnp.zeros(target.shape, jnp.int32)
    for row in rows[:-1]:
        arm += target >= row
    return chance(weights, arm)


def cumulative(weight: Any) -> list[Any]:
    """Return the K cumulative sums (W,) of weight (K, W), in the compiled steps' order of summation."""
    rows = [weight[0]]
    for k in range(1, len(weight)):
        rows.append(rows[-1] + weight[k])
    return rows


def chance(weights: Weights, arm: Any) -> Drawn:
    """Return the probabilities of actions (R,)."""
    return Drawn(arm, pick(weights.weight, arm), cumulative(weights.weight)[-1])


def add_loss(weights: Weights, rate: Any, drawn: Drawn, loss: Any) -> Weights:
    """Return the weights after adding loss (R,) / probability to the drawn actions.

    The divisions are there for speed: XLA would fuse the look-ups of probability and loss into each of the K rows of
    the result, but it does not fuse a division.
    """
    estimate = loss / (drawn.weight / drawn.total)
    fresh = drawn.weight / jnp.exp(rate * estimate)
    hit = jnp.arange(len(weights.loss), dtype=jnp.int32)[:, None] == drawn.arm
    charged = jnp.where(hit, weights.loss + estimate, weights.loss)
    return Weights(charged, jnp.where(hit, fresh, weights.weight))


def add_losses(weights: Weights, rate: Any, losses: Any) -> Weights:
    """Return the weights after adding losses (K, W) of all actions."""
    return Weights(weights.loss + losses, weights.weight * jnp.exp(-rate * losses))


def remade(weights: Weights, rate: Any) -> Weights:
    """Return the weights recomputed from the cumulative losses less their minimum."""
    loss = weights.loss - weights.loss.min(axis=0)
    return Weights(loss, jnp.exp(-rate * loss))


# ---------------------------------------------------------------- learners


class Params(NamedTuple):
    """Parameters of any of the learners."""

    rate: Any  # eta
    batch_length: Any  # int64


class BatchedLearner(NamedTuple):
    """A learner's functions on all repetitions at once."""

    start: Callable[..., Any]  # (weights, repetitions) -> state with a field `weights`
    draws: Callable[..., Any]  # (rng, rounds (n, 1)) -> arrays (n, R) of a chunk; `play` gets one row per round
    play: Callable[..., Any]  # (params, state, t, draws, rng, losses) -> state, actions (R,), their losses (R,)
    full: bool = False  # whether all repetitions share weights where they share losses


class WeightsOnly(NamedTuple):
    """State of EXP3 and Hedge."""

    weights: Weights


def _weights_only(weights: Weights, repetitions: int) -> WeightsOnly:
    return WeightsOnly(weights)


def _uniform(rng: Stream, rounds: Any) -> Any:
    return uniform(rng, rounds, 0)


def _exp3(params: Params, state: WeightsOnly, t: Any, u: Any, rng: Stream, losses: Shown) -> Any:
    drawn = draw(state.weights, u)
    own = losses.own(t, drawn.arm)
    return WeightsOnly(add_loss(state.weights, params.rate, drawn, own)), drawn.arm, own


def _hedge(params: Params, state: WeightsOnly, t: Any, u: Any, rng: Stream, losses: Shown) -> Any:
    arm = draw(state.weights, u).arm
    after = add_losses(state.weights, params.rate, losses.all(t))
    return WeightsOnly(after), arm, losses.own(t, arm)


class Held(NamedTuple):
    """State of Shrinking Dartboard and batched EXP3."""

    weights: Weights
    arm: Any  # (R,) int32, the action held
    number: Any  # (R,) dartboard: the probability of keeping the action; batched EXP3: the batch's loss so far


def _held(weights: Weights, repetitions: int) -> Held:
    return Held(weights, np.zeros(repetitions, np.int32), np.zeros(repetitions, weights.loss.dtype))


def _dartboard(params: Params, state: Held, t: Any, draws: Any, rng: Stream, losses: Shown) -> Any:
    first, second = draws
    arm = jnp.where(first < state.number, state.arm, draw(state.weights, second).arm)
    own = losses.own(t, arm)
    after = add_losses(state.weights, params.rate, losses.all(t))
    return Held(after, arm, jnp.exp(-params.rate * own)), arm, own


def _uniform_pair(rng: Stream, rounds: Any) -> Any:
    return uniform_pair(rng, rounds, 0)


def _no_draws(rng: Stream, rounds: Any) -> Any:
    return jnp.zeros((len(rounds), 0))


def _batched(params: Params, state: Held, t: Any, draws: Any, rng: Stream, losses: Shown) -> Any:
    weights, length = state.weights, params.batch_length
    arm = lax.cond(t % length == 0, lambda: draw(weights, uniform(rng, t, 0)).arm, lambda: state.arm)
    own = losses.own(t, arm)
    total = state.number + own

    def close() -> Held:
        mean = total / length.astype(total.dtype)
        return Held(add_loss(weights, params.rate, chance(weights, arm), mean), arm, jnp.zeros_like(total))

    return lax.cond((t + 1) % length == 0, close, lambda: Held(weights, arm, total)), arm, own


LEARNERS: dict[type[Learner], BatchedLearner] = {
    Exp3: BatchedLearner(_weights_only, _uniform, _exp3),
    BatchedExp3: BatchedLearner(_held, _no_draws, _batched),
    Hedge: BatchedLearner(_weights_only, _uniform, _hedge, full=True),
    ShrinkingDartboard: BatchedLearner(_held, _uniform_pair, _dartboard, full=True),
}
