"""The batched loop of Stackelberg play in JAX: `vmap` over repetitions, `lax.scan` over the checkpoints.

As in `sims.engines.self_play`, whose conventions hold here too: 64-bit types for the duration of a call only, one
program for a (rule, feedback, shapes), exact play once for all repetitions, noisy play in aligned blocks, so that a
repetition's numbers depend on nothing but the seed and its own number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bandits.core.jax_settings import local_settings
from bandits.core.rng import ENVIRONMENT, LEARNER, Stream
from bandits.core.rng_jax import stream, uniform
from bandits.preference.prox import normalise
from bandits.preference.self_play.problem import Comparisons, Feedback, NoisyRow
from bandits.preference.stackelberg.game import StackelbergPlay, StackelbergTerms, gradients
from bandits.preference.stackelberg.problem import (
    Rule,
    StackelbergLearner,
    StackelbergMatch,
    follower_gap,
    measure,
    target,
)
from sims.engines.self_play import drawn
from sims.engines.self_play_faults import faulty, in_short

_PADDING = 32
_BLOCK = 64  # repetitions
_INDICES = 1 << 32  # addresses of a round's draws


def play(learner: StackelbergLearner, problem: StackelbergMatch, seed: int, first: int, count: int, rounds: Any) -> Any:
    """Return the metrics (count, C, M) float64 at the checkpoints `rounds` (C,) int64 of `count` repetitions."""
    needed = _draws(problem.feedback, problem.n_actions)
    if needed > _INDICES:
        raise ValueError(f"samples (or pairs) x entries must be at most 2^32 draws a round, got {needed}")
    padded = np.pad(np.asarray(rounds, np.int64), (0, -len(rounds) % _PADDING), mode="edge")
    noisy = isinstance(problem.feedback, NoisyRow | Comparisons)
    begin = first - first % _BLOCK
    with local_settings():
        weighted = problem.leader_weight > 0.0, problem.follower_weight > 0.0
        program = _program(learner.rule, problem.feedback, weighted)
        params = jax.tree.map(jnp.asarray, learner.parameters(problem))
        terms, goal = (jax.tree.map(jnp.asarray, part) for part in (problem.game.terms, target(problem.game)))

        def block(start: int, size: int) -> Any:
            numbers = jnp.asarray(np.arange(start, start + size) % 2**32, jnp.uint32)
            try:
                found = np.array(program(params, terms, goal, numbers, jnp.uint64(seed), jnp.asarray(padded)))
            except Exception as error:
                raise TypeError(f"{learner.name}.rule fails when JAX traces it: {in_short(error)}") from None
            wrong = np.argwhere(faulty(found[..., -2:]).any(axis=-1))
            if len(wrong):
                promise = f"{learner.name}.rule must return the logarithms of probabilities"
                raise ValueError(f"{promise}: up to round {padded[wrong[:, 1].min()]} it returned others, or nan")
            return found[..., :-2]

        if not noisy:
            values = np.repeat(block(0, 1), count, axis=0)
        else:
            parts = [block(start, _BLOCK) for start in range(begin, first + count, _BLOCK)]
            values = np.concatenate(parts)[first - begin : first - begin + count]
    values = values[:, : len(rounds)]
    values[..., 0] = np.asarray(rounds) * float(problem.queries)
    return values


def _draws(feedback: Feedback, n_actions: int) -> int:
    """Return how many numbers a round draws, of one stream."""
    if isinstance(feedback, NoisyRow):
        return n_actions * feedback.samples * (1 + (n_actions if feedback.bits else 0))
    return feedback.batch if isinstance(feedback, Comparisons) else 0


@cache
def _program(rule: Rule, feedback: Feedback, regularized: tuple[bool, bool]) -> Callable[..., Any]:
    """Return the jitted (params, terms, goal, repetitions, seed, rounds) -> (R, C, M) of a rule."""

    def one(params: Any, terms: StackelbergTerms, goal: Any, repetition: Any, seed: Any, rounds: Any) -> Any:
        chance, own = (stream(seed, repetition, purpose) for purpose in (ENVIRONMENT, LEARNER))

        def round_(t: Any, carry: Any) -> Any:
            here, regret = carry
            table, replies = _seen(goal.preferences, feedback, chance, own, t)
            after = rule(params, here, t, Asked(terms, table, replies))
            return after, regret + follower_gap(goal, here, regularized[1])

        def until(carry: Any, checkpoint: Any) -> Any:
            begin, state = carry
            here, regret = state = lax.fori_loop(begin, checkpoint, round_, state)
            leader, follower, *rest = measure(goal, here, regularized)
            total = [jnp.exp(here.log_leader).sum(), jnp.exp(here.log_follower).sum(axis=-1)]
            sums = [total[0], total[1][jnp.argmax(jnp.abs(total[1] - 1.0))]]  # 1, where policies are policies
            return (checkpoint, state), jnp.stack([jnp.float64(0.0), leader, follower, regret, *rest, *sums])

        start = StackelbergPlay(terms.log_reference, terms.log_follower_reference)
        return lax.scan(until, (jnp.int64(0), (start, jnp.float64(0.0))), rounds)[1]

    return jax.jit(jax.vmap(one, in_axes=(None, None, None, 0, None, None)))


@dataclass(frozen=True)
class Asked:
    """The feedback of one round: what a rule may call."""

    terms: StackelbergTerms
    table: Any  # (n, n), P or an estimate
    replies: Any  # (n, k) uniforms that draw the leader's replies, None for the whole follower

    def gradients(self, play: StackelbergPlay) -> tuple[Any, Any]:
        """Return (n,) and (n, n): estimates of the objective's gradients."""
        law = jnp.exp(play.log_follower)
        if self.replies is not None:
            actions = jax.vmap(drawn)(play.log_follower, self.replies)
            law = jnp.where(actions[:, :, None] == jnp.arange(law.shape[-1]), 1.0, 0.0).mean(axis=1)
        return gradients(self.terms, play, self.table, law)

    def best_response(self) -> Any:
        """Return the best replies (n, n) to the table, as logarithms."""
        return normalise(self.terms.log_follower_reference - self.table / self.terms.follower_weight)


def _seen(preferences: Any, feedback: Feedback, chance: Stream, own: Stream, t: Any) -> tuple[Any, Any]:
    """Return the table (n, n) that the round shows, and the uniforms (n, k) that draw replies, or None."""
    n = preferences.shape[-1]
    if isinstance(feedback, NoisyRow):
        k = feedback.samples
        replies = uniform(own, t, jnp.arange(n * k).reshape(n, k))
        if not feedback.bits:
            return preferences, replies
        wins = uniform(chance, t, jnp.arange(n * n * k).reshape(n, n, k)) < preferences[:, :, None]
        return jnp.where(wins, 1.0, 0.0).mean(axis=-1), replies  # a mean of booleans would be in single precision
    if isinstance(feedback, Comparisons):
        left, right = np.triu_indices(n, 1)
        pair = (uniform(own, t, jnp.arange(feedback.batch)) * len(left)).astype(jnp.int64)
        i, j = jnp.asarray(left)[pair], jnp.asarray(right)[pair]
        wins = jnp.where(uniform(chance, t, jnp.arange(feedback.batch)) < preferences[i, j], 0.5, -0.5)
        upper = jnp.zeros((n, n)).at[i, j].add(wins * (len(left) / feedback.batch))
        return 0.5 + upper - upper.T, None
    return preferences, None
