"""Populations, binomial draws and the optimistic search of the threshold family in JAX, for all repetitions at once.

Each implementation draws from the same addresses as the compiled loop, by the same inversion of binomials, so it plays
the same thresholds unless a rounding changes a comparison. Arrays are in double precision (single precision cannot
count the individuals), repetitions (R) in the last axis.

`sims.engines.jax.threshold.program` plays the rounds. Importing this module imports JAX.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.special import erfc

from bandits.core.limits import excess_of
from bandits.core.sampling import _STIRLING_ERROR
from bandits.threshold.optimistic_search import OptimisticFeasibleSearch
from bandits.threshold.pools import LARGEST_SHARE, LEAST_SHARE, EmpiricalPools
from bandits.threshold.population import Population, Rates, State
from bandits.threshold.scored import Compas, CsvPopulation, GermanCredit
from bandits.threshold.synthetic import Synthetic

_hidden: Any = lax.optimization_barrier


def over(numerator: Any, denominator: Any) -> Any:
    """Return the correctly rounded quotient of float64 arrays.

    XLA multiplies by the inverse where the denominator is one number or a square root. Bounds of different thresholds
    often differ by roundings only, and another rounding would choose another threshold.
    """
    whole = jnp.broadcast_to(jnp.asarray(denominator, jnp.float64), jnp.shape(numerator))
    return numerator / _hidden(whole)


# ---------------------------------------------------------------- binomial draws


def binomial(u: Any, n: Any, p: Any) -> Any:
    """Return `bandits.core.sampling.binomial` of arrays that broadcast: u and p float64, n int64; int64.

    Every element searches outwards from its mode; the loop ends with the longest search.
    """
    u, n, p = jnp.broadcast_arrays(u, n, p)
    plain = (n > 0) & (p > 0.0) & (p < 1.0)
    size, chance = jnp.where(plain, n, 1), jnp.where(plain, p, 0.5)
    mode = jnp.minimum(size, ((size + 1) * chance).astype(size.dtype))
    mass = binomial_mass(size, chance, mode)
    odds = chance / (1.0 - chance)

    def step(carry: Any) -> Any:
        left, at_high, at_low, low, high, found, done = carry
        can = ~done & (high < size)
        at_high = jnp.where(can, at_high * (odds * (size - high) / (high + 1.0)), at_high)
        high = jnp.where(can, high + 1, high)
        left = jnp.where(can, left - at_high, left)
        hit = can & (left < 0.0)
        found, done = jnp.where(hit, high, found), done | hit
        can = ~done & (low > 0)
        at_low = jnp.where(can, at_low * (low / (odds * (size - low + 1.0))), at_low)
        low = jnp.where(can, low - 1, low)
        left = jnp.where(can, left - at_low, left)
        hit = can & (left < 0.0)
        found, done = jnp.where(hit, low, found), done | hit
        return left, at_high, at_low, low, high, found, done | ((low == 0) & (high == size))

    begin = u - mass, mass, mass, mode, mode, mode, ~plain | (u - mass < 0.0)
    found = lax.while_loop(lambda carry: ~carry[-1].all(), step, begin)[5]
    return jnp.where(plain, found, jnp.where((n > 0) & (p >= 1.0), n, 0))


def binomial_mass(n: Any, p: Any, k: Any) -> Any:
    """Return P(Bin(n, p) = k) for 0 < p < 1 and 0 <= k <= n, as `bandits.core.sampling.binomial_mass`."""
    inner = (k > 0) & (k < n)
    safe = jnp.where(inner, k, 1)
    rest = jnp.where(inner, n - k, 1)
    mean, other = n * p, n * (1.0 - p)
    excess = safe - mean
    deviance = safe * jnp.log1p(excess / mean) + rest * jnp.log1p(-excess / other)
    error = _stirling_error(n) - _stirling_error(safe) - _stirling_error(rest)
    within = jnp.exp(error - deviance) * jnp.sqrt(n / (2.0 * math.pi * safe * rest))
    ends = jnp.exp(n * jnp.where(k == 0, jnp.log1p(-p), jnp.log(p)))
    return jnp.where(inner, within, ends)


def _stirling_error(k: Any) -> Any:
    inverse = 1.0 / jnp.maximum(k, 1)
    square = inverse * inverse
    series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square * (1.0 / 1260.0 - square / 1680.0)))
    return jnp.where(k < 16, jnp.asarray(_STIRLING_ERROR)[jnp.minimum(k, 15)], series)


# ---------------------------------------------------------------- populations


class BatchedPopulation(NamedTuple):
    """A population's functions on all repetitions at once; `state` holds two arrays (R,)."""

    init: Callable[..., Any]  # (setting) -> state of two numbers
    rates: Callable[..., Any]  # (setting, state, index (R,)) -> Rates of arrays (R,)
    target: Callable[..., Any]  # (setting, rates) -> state


def _two_groups(share: Any, accept_0: Any, accept_1: Any, good_0: Any, good_1: Any) -> Rates:
    return Rates((1.0 - share, share), (accept_0, accept_1), (good_0, good_1))


def _latent_rates(setting: Any, state: State, index: Any) -> Rates:
    threshold = setting.thresholds[index]
    accept_0, good_0 = group_rates(state.first, setting.spread, threshold)
    accept_1, good_1 = group_rates(state.second, setting.spread, threshold)
    half: Any = jnp.full(index.shape, 0.5)
    return _two_groups(half, accept_0, accept_1, good_0, good_1)


def group_rates(mean: Any, spread: Any, threshold: Any) -> Any:
    """Return A = P(x >= threshold) and G = P(x >= threshold and good), see `bandits.threshold.synthetic`."""
    low, high = (threshold - mean) / spread, (1.0 - mean) / spread
    above, at_one = _normal_cdf(-low), _normal_cdf(-high)
    score = mean * (above - at_one) + spread * (_density(low) - _density(high)) + at_one
    accept = jnp.where(threshold > 0.0, above, 1.0)
    return accept, jnp.clip(0.1 * accept + 0.8 * score, 0.0, accept)


def _normal_cdf(z: Any) -> Any:
    return 0.5 * erfc(-z * math.sqrt(0.5))


def _density(z: Any) -> Any:
    return jnp.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


def _latent_target(setting: Any, rates: Rates) -> State:
    return State(setting.base_0 + setting.lift * rates.accept[0], setting.base_1 + setting.lift * rates.accept[1])


def _cut(share: Any) -> Any:
    return jnp.clip(share, LEAST_SHARE, LARGEST_SHARE)


def _pool_rates(setting: Any, state: State, index: Any) -> Rates:
    accept, good = setting.accept, setting.good
    return _two_groups(state.first, accept[0, index], accept[1, index], good[0, index], good[1, index])


def _pool_target(setting: Any, rates: Rates) -> State:
    share: Any = _cut(setting.share + setting.lift * (rates.accept[1] - rates.accept[0]))
    return State(share, 0.0 * share)


_LATENT = BatchedPopulation(lambda setting: State(setting.initial_0, setting.initial_1), _latent_rates, _latent_target)
_POOLS = BatchedPopulation(
    lambda setting: State(np.clip(setting.share, LEAST_SHARE, LARGEST_SHARE), 0.0), _pool_rates, _pool_target
)

POPULATIONS: dict[type[Population], BatchedPopulation] = {
    Synthetic: _LATENT,
    EmpiricalPools: _POOLS,
    GermanCredit: _POOLS,
    Compas: _POOLS,
    CsvPopulation: _POOLS,
}


# ---------------------------------------------------------------- the optimistic search


class Search(NamedTuple):
    """Evidence from the plays of each threshold, and the bounds computed from it.

    evidence: (2 + 2 m, G, R), plays, mean reward, weighted mean residuals, information.
    """

    evidence: Any
    optimistic: Any  # (G, R), mean reward + radius
    excess: Any  # (G, R), summed optimistic violation; 0: looks feasible


def no_search(n_actions: int, n_constraints: int, repetitions: int) -> Search:
    """Return the state before any play: every threshold looks perfect."""
    shape = n_actions, repetitions
    return Search(np.zeros((2 + 2 * n_constraints, *shape)), np.full(shape, np.inf), np.zeros(shape))


def choose(state: Search) -> Any:
    """Return the thresholds (R,): the highest bound among those that look feasible, else the least excess.

    Ties go to the lowest threshold. `min` and `max` are vectorised, `argmax` is not.
    """
    score = jnp.where(state.excess == 0.0, state.optimistic, -jnp.inf)
    best, least = score.max(axis=0), state.excess.min(axis=0)
    chosen = jnp.where(least == 0.0, score == best, state.excess == least)
    index = jnp.arange(len(score), dtype=jnp.int32)[:, None]
    return jnp.where(chosen, index, len(score)).min(axis=0)


def learn(params: Any, state: Search, arm: Any, reward: Any, residuals: Any, information: Any) -> Search:
    """Return the state after one play of arm (R,): reward (R,), residuals and information (m, R)."""
    m = len(residuals)
    each = jnp.arange(arm.shape[0])
    plays, mean, *rest = state.evidence[:, arm, each]
    residual, known = jnp.stack(rest[:m]), jnp.stack(rest[m:])
    plays = plays + 1.0
    mean = mean + (reward - mean) / plays
    known = known + information
    share = jnp.where(information > 0.0, information / known, 0.0)
    residual = residual + share * (residuals - residual)
    parity = jnp.arange(m)[:, None] < 2
    scale = jnp.broadcast_to(jnp.where(parity, params.parity, params.service), known.shape)
    bias = jnp.where(parity, params.parity_bias, params.service_bias)
    radius = jnp.where(known == 0.0, jnp.inf, over(scale, jnp.sqrt(known)) + bias)
    broken = jnp.maximum(0.0, excess_of(residual, radius))
    excess = sum(broken[1:], start=broken[0])
    optimistic = mean + (over(jnp.broadcast_to(params.reward, plays.shape), jnp.sqrt(plays)) + params.reward_bias)
    evidence = jnp.concatenate([plays[None], mean[None], residual, known])
    return Search(
        state.evidence.at[:, arm, each].set(evidence, unique_indices=True),
        state.optimistic.at[arm, each].set(optimistic, unique_indices=True),
        state.excess.at[arm, each].set(excess, unique_indices=True),
    )


LEARNERS = (OptimisticFeasibleSearch,)
