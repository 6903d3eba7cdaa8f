"""The threshold game in JAX: all repetitions of a call at once.

A round is that of `bandits.threshold.problem` with the same draws; sums are kept as in `bandits.core.summation`. Double
precision only. Importing this module imports JAX.
"""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from bandits.core.limits import excess_of
from bandits.core.rng import Stream
from bandits.core.rng_jax import uniform_pair
from bandits.protocol import Learner
from bandits.threshold.population import Population, Rates, State
from bandits.threshold.problem import ChosenThreshold, ThresholdGame
from sims.engines.jax.rounds import Programmed, compiled, player
from sims.engines.jax.threshold.learners import LEARNERS, POPULATIONS, Search, binomial, choose, learn, no_search, over

PAIRS = "{} in ThresholdGame of {} with ChosenThreshold feedback, in double precision".format(
    *(" or ".join(kind.__name__ for kind in table) for table in (LEARNERS, POPULATIONS))
)


class Played(NamedTuple):
    """State of the play of a block of repetitions."""

    search: Search
    state: State  # of the population, (R,) and (R,)
    last_arm: Any  # (R,) int32
    last_rates: Any  # (2, R), the groups' acceptance rates of the batch, kept where a group is absent
    open: Any  # (6, R) reward, regret, parity, service, settled regret, settled violation in the open block
    closed: Any  # (6, R) of the closed blocks
    counts: Any  # (3, R) int64: infeasible rounds, switches, absent groups


def check(problem: Any, learner: Learner, precision: str) -> None:
    """Raise TypeError unless there is a JAX implementation of the pair, ValueError for single precision."""
    played = f"{type(learner).__name__} in {type(problem).__name__}"
    if type(problem) is ThresholdGame:  # a subclass may override steps and has no JAX implementation
        known = type(problem.population) in POPULATIONS and isinstance(problem.feedback, ChosenThreshold)
        if type(learner) in LEARNERS and known and problem.population.n_groups > 2:
            raise TypeError(f"the JAX backend plays two groups, got {problem.population.n_groups}: use another backend")
        if type(learner) in LEARNERS and known:
            if precision == "float32":
                raise ValueError("backend must be 'jax' for ThresholdGame: counts of individuals need double precision")
            return
        played += f" of {type(problem.population).__name__}"
    raise TypeError(f"the JAX backend plays {PAIRS}, got {played}")


def _programmed(problem: Any, learner: Learner, precision: str) -> Programmed:
    setting = problem.setting()

    def start(repetitions: int) -> Played:
        begin = POPULATIONS[type(problem.population)].init(setting.population)
        state = jax.tree.map(lambda number: np.full(repetitions, float(number)), begin)
        search = no_search(problem.n_actions, problem.n_constraints, repetitions)
        sums, pair = np.zeros((6, repetitions)), np.zeros((2, repetitions))
        nowhere = np.full(repetitions, -1, np.int32)
        return Played(search, state, nowhere, pair, sums, sums, np.zeros((3, repetitions), np.int64))

    def measure(played: Played, n_rounds: int, out: NDArray[np.float64]) -> None:
        reward, regret, parity, service, settled, broken = np.asarray(played.closed) + np.asarray(played.open)
        infeasible, switches, absent = np.asarray(played.counts)
        columns = [reward, regret, parity + service, parity, service, infeasible, settled, broken, switches, absent]
        columns += list(played.state)[: out.shape[1] - len(columns)]
        out[:] = np.stack([np.asarray(column) for column in columns], axis=1)

    population: type[Population] = type(problem.population)
    advance = program(population, problem.n_constraints)
    return Programmed(advance, (learner.parameters(problem), setting), start, measure)


play = player(check, _programmed)


@cache
def program(population: type[Population], n_constraints: int) -> Any:
    """Return the compiled rounds of the search in a population; JAX compiles again for another grid."""
    batched = POPULATIONS[population]

    def play_round(given: Any, played: Played, t: Any, rng: Stream, env: Stream) -> Played:
        params, setting = given
        arm = choose(played.search)
        rates = batched.rates(setting.population, played.state, arm)
        batch = draw_batch(setting.batch_size, rates, played.last_rates, t, env)
        residuals, information = measured(setting, batch, n_constraints)
        reward = scaled_reward(setting, batch)
        target, k = batched.target(setting.population, rates), setting.adaptation
        state = jax.tree.map(lambda here, there: (1.0 - k) * here + k * there, played.state, target)
        terms = _terms(setting, rates, reward, arm, n_constraints)
        full, sums = t & 4095 == 4095, played.open + terms
        counted = jnp.stack([terms[2] + terms[3] > 0.0, (t > 0) & (arm != played.last_arm), batch.absent])
        return Played(
            learn(params, played.search, arm, reward, residuals, information),
            state,
            arm,
            batch.rates,
            jnp.where(full, 0.0, sums),
            jnp.where(full, played.closed + sums, played.closed),
            played.counts + counted,
        )

    return compiled(play_round)


class Batch(NamedTuple):
    """A batch at the chosen threshold; arrays of R repetitions, int64 but for the rates."""

    sizes: Any  # (2, R), of the groups
    accepted: Any  # (R,)
    good: Any  # (R,), among the accepted
    rates: Any  # (2, R) float64, the groups' acceptance rates, the last ones where a group is absent
    absent: Any  # (R,) bool, whether a group is absent


def draw_batch(n: Any, rates: Rates, last_rates: Any, t: Any, env: Stream) -> Batch:
    """Draw a batch of n, as `bandits.threshold.batch.draw_chosen` does from the same uniforms."""
    (size, accept_1, good_1), (accept_0, good_0, _) = uniform_pair(env, t, jnp.arange(3)[:, None])
    n_1 = binomial(size, n, rates.shares[1])
    sizes = jnp.stack([n - n_1, n_1])
    accept, good = jnp.stack(rates.accept), jnp.stack(rates.good)
    accepted = binomial(jnp.stack([accept_0, accept_1]), sizes, accept)
    among = jnp.where(accept > 0.0, good / accept, 0.0)
    found = binomial(jnp.stack([good_0, good_1]), accepted, among)
    there = jnp.where(sizes > 0, accepted / sizes, last_rates)
    return Batch(sizes, accepted.sum(axis=0), found.sum(axis=0), there, (sizes == 0).any(axis=0))


def measured(setting: Any, batch: Batch, n_constraints: int) -> Any:
    """Return the residuals (m, R) of a batch and their information (m, R)."""
    limits, n = setting.constraints, setting.batch_size
    gap, overall = batch.rates[0] - batch.rates[1], over(batch.accepted * 1.0, n)
    over_limits = [(gap, limits.tolerance), (-gap, limits.tolerance), (limits.low, overall), (overall, limits.high)]
    residuals = [excess_of(value, limit) for value, limit in over_limits]
    parity = over(4.0 * batch.sizes[0] * batch.sizes[1], n)
    information = [parity, parity, jnp.full_like(parity, n), jnp.full_like(parity, n)]
    return jnp.stack(residuals[:n_constraints]), jnp.stack(information[:n_constraints])


def scaled_reward(setting: Any, batch: Batch) -> Any:
    """Return the batch's reward (R,) rescaled to [0, 1]."""
    price, n = setting.price, setting.batch_size
    return over(over((1.0 + price) * batch.good, n) - over(price * batch.accepted, n) + price, 1.0 + price)


def _terms(setting: Any, rates: Rates, reward: Any, arm: Any, n_constraints: int) -> Any:
    """Return the round's terms of the six sums, (6, R)."""
    price, limits = setting.price, setting.constraints
    first, second = ((1.0 + price) * g - price * a for g, a in zip(rates.good, rates.accept, strict=True))
    mean = rates.shares[0] * first + rates.shares[1] * second
    parity = jnp.maximum(0.0, excess_of(jnp.abs(rates.accept[0] - rates.accept[1]), limits.tolerance))
    overall = rates.shares[0] * rates.accept[0] + rates.shares[1] * rates.accept[1]
    service = jnp.maximum(0.0, excess_of(limits.low, overall)) + jnp.maximum(0.0, excess_of(overall, limits.high))
    terms = [
        (1.0 + price) * reward - price,
        setting.best_reward - mean,
        parity,
        service if n_constraints == 4 else jnp.zeros_like(parity),
        setting.best_reward - setting.settled_reward[arm],
        setting.settled_violation[arm],
    ]
    return jnp.stack(terms)
