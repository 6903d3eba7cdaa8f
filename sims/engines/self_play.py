"""The batched loop of self-play in JAX: `vmap` over games and repetitions, `lax.scan` over the checkpoints.

64-bit types are switched on for the duration of a call by JAX's own context manager, which is local to the
thread; no global setting changes. One program is compiled for a (learner class, feedback, shapes): numbers
such as steps and weights are arguments, and the list of checkpoints is padded to a multiple of 32.

With exact rows a repetition is a function of its game alone, so each game is played once and its numbers are
handed to all its repetitions. Noisy rows and comparisons draw from the repetition's own streams.

XLA may sum in another order when the batch has another size. So that a repetition's numbers depend on nothing
but the seed and its own number, the size is never that of the call: exact games are played all together, noisy
repetitions in aligned blocks (0..63, 64..127, ...), of which the ones not asked for are dropped.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from bandits.core.jax_settings import local_settings
from bandits.core.rng import ENVIRONMENT, LEARNER, Stream
from bandits.core.rng_jax import stream, uniform
from bandits.preference.measures import gap0, gap_tau, kl, payoff, span
from bandits.preference.self_play.learner import SelfPlay
from bandits.preference.self_play.problem import Comparisons, Feedback, NoisyRow, PreferenceGame
from sims.engines.self_play_faults import explained, fault_of_play, faulty

_PADDING = 32
_BLOCK = 64  # repetitions
_BLOCK_ENTRIES = 1 << 24  # of the matrices that a block holds
_INDICES = 1 << 32  # addresses of a round's draws


class Instance(NamedTuple):
    """One game and the address of its draws."""

    skew: Any  # (n, n)
    log_reference: Any  # (n,)
    log_equilibrium: Any  # (n,), the reference where tau = 0
    regularization: Any
    repetition: Any  # uint32
    context: Any  # uint32, tells apart the games of one repetition


def play(learner: SelfPlay, problem: PreferenceGame, seed: int, first: int, count: int, rounds: Any) -> Any:
    """Return the metrics (count, C, M) float64 at the checkpoints `rounds` (C,) int64 of `count` repetitions."""
    _check_addresses(learner, problem)
    padded = np.pad(np.asarray(rounds, np.int64), (0, -len(rounds) % _PADDING), mode="edge")
    shared = problem.n_games == 1
    with local_settings():
        program = _program(type(learner), problem.feedback, problem.regularization > 0.0, shared)
        params = jax.tree.map(jnp.asarray, learner.parameters(problem))

        def measured(games: NDArray[Any], owners: NDArray[Any]) -> NDArray[np.float64]:
            instances = _arrays(problem, games, owners)
            try:
                found = np.array(program(params, instances, jnp.uint64(seed), jnp.asarray(padded)))[:, : len(rounds)]
            except Exception as error:
                one = _instance(instances, 0, shared)
                raise explained(learner, params, one.log_reference, _asks(learner, problem, one, seed), error) from None
            wrong = np.argwhere(faulty(found[..., -2:]).any(axis=-1))
            if len(wrong):
                one = _instance(instances, int(wrong[0, 0]), shared)
                asks, end = _asks(learner, problem, one, seed), int(rounds[wrong[0, 1]])
                raise ValueError(fault_of_play(learner, params, one.log_reference, asks, end))
            return found[..., :-2]

        if isinstance(problem.feedback, NoisyRow | Comparisons):
            return _noisy(problem, measured, first, count)
        return _exact(problem, measured, first, count)


Measured = Callable[[NDArray[Any], NDArray[Any]], NDArray[np.float64]]


def _exact(problem: PreferenceGame, measured: Measured, first: int, count: int) -> NDArray[np.float64]:
    """Play every game once and hand out the numbers."""
    games = np.arange(problem.n_games)
    values = measured(games, np.zeros_like(games))
    if problem.contexts is not None:
        return np.repeat(_mixed(problem, values), count, axis=0)
    return values[np.arange(first, first + count) % problem.n_games]


def _noisy(problem: PreferenceGame, measured: Measured, first: int, count: int) -> NDArray[np.float64]:
    """Play whole blocks of repetitions and keep those asked for."""
    each = 1 if problem.contexts is None else problem.n_games
    entries = 0 if problem.n_games == 1 else problem.n_actions**2 * each
    size = _BLOCK if entries == 0 else max(1, min(_BLOCK, _BLOCK_ENTRIES // entries))
    begin = first - first % size
    parts = []
    for block in range(begin, first + count, size):
        repetitions = np.arange(block, block + size)
        if problem.contexts is None:
            parts.append(measured(repetitions % problem.n_games, repetitions))
        else:
            games = np.tile(np.arange(problem.n_games), size)
            parts.append(_mixed(problem, measured(games, np.repeat(repetitions, problem.n_games))))
    return np.concatenate(parts)[first - begin : first - begin + count]


def _mixed(problem: PreferenceGame, measured: NDArray[Any]) -> NDArray[np.float64]:
    """Return the metrics (R, C, M) of repetitions from those of their contexts (R * G, C, M)."""
    each = measured.reshape(-1, problem.n_games, *measured.shape[1:])
    mixed = np.einsum("g,rgcm->rcm", np.asarray(problem.contexts), each)
    for metric, joined in (("queries", np.sum), ("span", np.max)):
        if metric in problem.metrics:
            which = problem.metrics.index(metric)
            mixed[..., which] = joined(each[..., which], axis=1)
    return np.asarray(mixed)


def _arrays(problem: PreferenceGame, games: NDArray[Any], owners: NDArray[Any]) -> Instance:
    star = problem.log_equilibrium if problem.regularization > 0.0 else problem.log_reference
    context = games if problem.contexts is not None else np.zeros_like(games)
    return Instance(
        jnp.asarray(problem.skew[0] if problem.n_games == 1 else problem.skew[games]),
        jnp.asarray(problem.log_reference[games]),
        jnp.asarray(star[games]),
        jnp.float64(problem.regularization),
        jnp.asarray(owners % 2**32, jnp.uint32),
        jnp.asarray(context, jnp.uint32),
    )


def _instance(instances: Instance, which: int, shared: bool) -> Instance:
    """Return one of the instances."""
    skew = instances.skew if shared else instances.skew[which]
    logs = instances.log_reference[which], instances.log_equilibrium[which]
    return Instance(skew, *logs, instances.regularization, instances.repetition[which], instances.context[which])


def _asks(learner: SelfPlay, problem: PreferenceGame, instance: Instance, seed: int) -> Callable[[Any], "Asked"]:
    """Return (t) -> the feedback of round t of an instance."""
    return _feedback(type(learner), problem.feedback, instance, jnp.uint64(seed))


def _check_addresses(learner: SelfPlay, problem: PreferenceGame) -> None:
    """Raise ValueError where a round's draws would not all have an address of their own."""
    contexts = 1 if problem.contexts is None else problem.n_games
    needed = _draws_per_query(problem.feedback, problem.n_actions) * learner.queries * contexts
    if needed > _INDICES:
        raise ValueError(f"samples (or pairs) x actions x contexts must be at most 2^32 draws a round, got {needed}")


def _draws_per_query(feedback: Feedback, n_actions: int) -> int:
    if isinstance(feedback, NoisyRow):
        return feedback.samples * (1 + (n_actions if feedback.bits else 0))
    return 2 * feedback.batch if isinstance(feedback, Comparisons) else 0


# ---------------------------------------------------------------- the compiled program


@cache
def _program(kind: type[SelfPlay], feedback: Feedback, regularized: bool, shared: bool) -> Callable[..., Any]:
    """Return the jitted (params, instances, seed, rounds) -> (I, C, M) of a learner class."""
    axes = Instance(None if shared else 0, 0, 0, None, 0, 0)
    batch = feedback.batch if isinstance(feedback, Comparisons) else 1

    def one(params: Any, instance: Instance, seed: Any, rounds: Any) -> Any:
        n_actions = instance.log_reference.shape[-1]
        ask = _feedback(kind, feedback, instance, seed)

        def round_(t: Any, carry: Any) -> Any:
            state, total = carry
            total = total + jnp.exp(kind.policy(params, state))
            return kind.step(params, state, t, ask(t)), total

        def until(carry: Any, checkpoint: Any) -> Any:
            begin, state, total = carry
            state, total = lax.fori_loop(begin, checkpoint, round_, (state, total))
            last, average = kind.policy(params, state), total / checkpoint
            measured = _measure(instance, last, average, regularized)
            queries = (checkpoint * kind.queries * batch).astype(jnp.float64)
            sums = [jnp.sum(jnp.exp(last)), jnp.sum(average)]  # 1, where policies are policies
            return (checkpoint, state, total), jnp.stack([queries, *measured, *sums])

        begin = (jnp.int64(0), kind.start(params, instance.log_reference), jnp.zeros(n_actions))
        return lax.scan(until, begin, rounds)[1]

    return jax.jit(jax.vmap(one, in_axes=(None, axes, None, None)))


def _feedback(kind: type[SelfPlay], feedback: Feedback, instance: Instance, seed: Any) -> Callable[[Any], "Asked"]:
    """Return (t) -> the feedback of round t."""
    n_actions = instance.log_reference.shape[-1]
    chance = stream(seed, instance.repetition, ENVIRONMENT)
    own = stream(seed, instance.repetition, LEARNER)
    offset = instance.context.astype(jnp.uint64) * (_draws_per_query(feedback, n_actions) * kind.queries)
    return lambda t: Asked(instance.skew, feedback, chance, own, t, offset)


def _measure(instance: Instance, last: Any, average: Any, regularized: bool) -> list[Any]:
    matrix, mu, star, tau = instance.skew, instance.log_reference, instance.log_equilibrium, instance.regularization
    found = [gap0(matrix, jnp.exp(last)), gap0(matrix, average)]
    if regularized:
        log_average = jnp.log(average)
        found += [gap_tau(matrix, last, mu, tau), kl(star, last), span(last, star)]
        found += [gap_tau(matrix, log_average, mu, tau), kl(star, log_average)]
    return found


@dataclass(frozen=True)
class Asked:
    """The feedback of one round: what `SelfPlay.step` may call."""

    skew: Any
    feedback: Feedback
    chance: Stream  # opponents and answers, common to all learners
    own: Stream  # the learner's draws
    t: Any
    offset: Any  # first index of this game's draws

    def row(self, log_policy: Any, query: int = 0) -> Any:
        """Return y -> P(y > p) - 1/2 (n,), or its estimate from sampled opponents."""
        if not isinstance(self.feedback, NoisyRow):
            return payoff(self.skew, jnp.exp(log_policy))
        samples, n_actions = self.feedback.samples, len(log_policy)
        first = self.offset + query * _draws_per_query(self.feedback, n_actions)
        opponents = drawn(log_policy, uniform(self.chance, self.t, first + jnp.arange(samples)))
        rows = self.skew[:, opponents]
        if self.feedback.bits:
            address = first + samples + jnp.arange(n_actions * samples).reshape(n_actions, samples)
            rows = jnp.where(uniform(self.chance, self.t, address) - 0.5 < rows, 0.5, -0.5)
        return rows.mean(axis=1)

    def sample(self, log_policy: Any, side: int) -> Any:
        """Return the actions (B,) of one side of the round's pairs, drawn from the policy; side: 0 or 1."""
        batch = self.feedback.batch  # type: ignore[union-attr]
        return drawn(log_policy, uniform(self.own, self.t, self.offset + side * batch + jnp.arange(batch)))

    def compare(self, left: Any, right: Any) -> Any:
        """Return the answers (B,) to the pairs, 1.0 where `left` is preferred."""
        wins = uniform(self.chance, self.t, self.offset + jnp.arange(len(left))) - 0.5 < self.skew[left, right]
        return jnp.where(wins, 1.0, 0.0)


def drawn(log_policy: Any, u: Any) -> Any:
    """Return the actions at quantiles u: the first whose cumulative probability exceeds u times the sum."""
    weight = jnp.exp(log_policy)
    cumulative = jnp.cumsum(weight)
    last = len(log_policy) - 1 - jnp.argmax((weight > 0.0)[::-1])  # rounding must not reach an action of weight 0
    return jnp.minimum(jnp.searchsorted(cumulative, u * cumulative[-1], side="right"), last)
