"""The outcome of a round: reward and residuals of a batch of individuals, drawn through binomials.

For a batch of n individuals with shares, acceptance and outcome probabilities given, the groups' sizes are
multinomial, drawn from the last group to the first: n_g ~ Bin(those left, w_g / (w_0 + ... + w_g)), and group 0 is
the rest. accepted_g ~ Bin(n_g, A_g) and good_g ~ Bin(accepted_g, G_g / A_g), all independent given what they depend
on: the same law as drawing the individuals one by one. Under full scores, acceptances at all thresholds are
drawn jointly with the good ones at the chosen threshold: at theta_{i+1} > theta_i each of the accepted stays
with probability A_{i+1} / A_i, and above the chosen threshold each of the good ones with G_{i+1} / G_i and each of
the bad ones with (A_{i+1} - G_{i+1}) / (A_i - G_i).

Parity is asked of every pair of the K groups. Its residuals come in pairs, A_a - A_b - delta and then A_b - A_a -
delta for groups a < b, in lexicographic order of (a, b): K (K - 1) in all.
"""

from typing import Any, NamedTuple

import numpy as np

from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.limits import excess
from bandits.core.rng import Stream, uniform_pair
from bandits.core.sampling import binomial, recurring_binomial
from bandits.threshold.population import PopulationSteps, Rates, acceptance


class Outcome(NamedTuple):
    """The feedback of a round. `residuals` has 1 row under `ChosenThreshold`, G rows under `FullScores`."""

    reward: float  # in [0, 1]
    residuals: Any  # (1 or G, m) float64: parity of each pair, both ways, then the service pair if constrained
    information: Any  # (m,) float64, individuals of an ideal batch, at most n; 0: uninformative residual


class Constraints(NamedTuple):
    """The limits: parity tolerance delta, and service rates if n_constraints is above n_parity."""

    n_constraints: int  # m, K (K - 1), or 2 more
    tolerance: float
    low: float
    high: float
    n_parity: int = 2  # K (K - 1) for K groups


class Batch(NamedTuple):
    """What a batch consists of, by group; overwritten in every round."""

    sizes: Any  # (K,) int64
    good: Any  # (K,) int64, good individuals among the accepted
    bad: Any  # (K,) int64, other accepted individuals


@kernel
def no_batch(n_groups: int) -> Batch:
    """Return the place for the batches of this many groups."""
    counts = np.zeros((3, n_groups), np.int64)
    return Batch(counts[0], counts[1], counts[2])


@rare_kernel
def next_uniform(env: Stream, t: int, first: int, j: int, spare: float) -> tuple[float, float]:
    """Return uniform j of those from index `first` on, and the one to give as `spare` for uniform j + 1.

    They come in pairs. Not inlined, to save compilation time.
    """
    if j % 2 == 0:
        return uniform_pair(env, t, first + j // 2)
    return spare, spare


@rare_kernel
def uniform_at(env: Stream, t: int, j: int) -> float:
    """Return uniform j of round t."""
    even, odd = uniform_pair(env, t, j // 2)
    return odd if j % 2 else even


@shared_kernel
def ratio(part: float, whole: float) -> float:
    """Return part / whole, 0 where whole is 0."""
    return part / whole if whole > 0.0 else 0.0


@kernel
def write_residuals(limits: Constraints, rates: Any, overall: float, row: int, out: Any) -> None:
    """Write the residuals of the acceptance rates in row `row` of (rows, K) into that row of out (rows, m)."""
    j = 0
    for a in range(rates.shape[1]):
        for b in range(a + 1, rates.shape[1]):
            out[row, j] = excess(rates[row, a] - rates[row, b], limits.tolerance)
            out[row, j + 1] = excess(rates[row, b] - rates[row, a], limits.tolerance)
            j += 2
    if limits.n_constraints > limits.n_parity:
        out[row, j] = excess(limits.low, overall)
        out[row, j + 1] = excess(overall, limits.high)


@shared_kernel
def parity_violation(limits: Constraints, rates: Rates) -> float:
    """Return max(0, |A_a - A_b| - delta) of the pair of groups that differs most."""
    least = most = rates.accept[0]
    for g in range(1, len(rates.accept)):
        least, most = min(least, rates.accept[g]), max(most, rates.accept[g])
    return max(0.0, excess(most - least, limits.tolerance))


@shared_kernel
def service_violation(limits: Constraints, rates: Rates) -> float:
    """Return how far the overall rate lies outside [low, high]; 0 without a service constraint."""
    if limits.n_constraints == limits.n_parity:
        return 0.0
    overall = acceptance(rates)
    return max(0.0, excess(limits.low, overall)) + max(0.0, excess(overall, limits.high))


@shared_kernel
def scaled_reward(accepted: int, good: int, n: int, price: float) -> float:
    """Return a batch's reward rescaled to [0, 1]."""
    return ((1.0 + price) * good / n - price * accepted / n + price) / (1.0 + price)


@kernel
def write_information(limits: Constraints, sizes: Any, n: int, out: Any) -> None:
    """Write the information (m,) of a batch of n: 4 n_a n_b / (n_a + n_b) for the parity of a pair, n for service."""
    j = 0
    for a in range(sizes.size):
        for b in range(a + 1, sizes.size):
            both = sizes[a] + sizes[b]
            seen = 4.0 * sizes[a] * sizes[b] / both if both > 0 else 0.0
            out[j], out[j + 1] = seen, seen
            j += 2
    if limits.n_constraints > limits.n_parity:
        out[j], out[j + 1] = float(n), float(n)


@rare_kernel
def record_batch(setting: Any, world: Any, row: int) -> None:
    """Write the batch's rates and residuals at one threshold; an absent group keeps its previous rate."""
    sizes, good, bad = world.batch.sizes, world.batch.good, world.batch.bad
    accepted = 0
    for g in range(sizes.size):
        accepted += good[g] + bad[g]
        if sizes[g] > 0:
            world.last_rates[row, g] = (good[g] + bad[g]) / sizes[g]
    write_residuals(setting.constraints, world.last_rates, accepted / setting.batch_size, row, world.residuals)


@kernel
def draw_sizes(setting: Any, world: Any, t: int, rates: Rates, env: Stream) -> float:
    """Draw the groups' sizes from the last group to the first, by uniforms 0 to K - 2; return the spare uniform."""
    sizes, last = world.batch.sizes, len(rates.shares) - 1
    left, below, spare = setting.batch_size, 1.0, 0.0
    for i in range(last):
        u, spare = next_uniform(env, t, 0, i, spare)
        share = rates.shares[last - i]
        sizes[last - i] = recurring_binomial(world.tables, u, left, ratio(share, below))
        left, below = left - sizes[last - i], below - share
    sizes[0] = left
    return spare


@kernel
def draw_chosen(setting: Any, world: Any, t: int, arm: int, rates: Rates, env: Stream) -> tuple[int, int]:
    """Draw a batch at the chosen threshold; return how many are accepted, and the good ones among them.

    Uniforms K - 1 to 2 K - 2 draw the accepted, 2 K - 1 to 3 K - 2 the good ones.
    """
    tables, batch, k = world.tables, world.batch, len(rates.shares)
    spare = draw_sizes(setting, world, t, rates, env)
    accepted, good = 0, 0
    for g in range(k):
        u, spare = next_uniform(env, t, 0, k - 1 + g, spare)
        batch.bad[g] = recurring_binomial(tables, u, batch.sizes[g], rates.accept[g])
        accepted += batch.bad[g]
    record_batch(setting, world, 0)  # whether they are good is not drawn yet
    for g in range(k):
        u, spare = next_uniform(env, t, 0, 2 * k - 1 + g, spare)
        good += recurring_binomial(tables, u, batch.bad[g], ratio(rates.good[g], rates.accept[g]))
    return accepted, good


@rare_kernel
def thin(u: float, left: int, keep: float) -> int:
    """Return the binomial number kept, given the probability of keeping an individual; not inlined."""
    return binomial(u, left, keep)


@shared_kernel
def kept_of_bad(here: Rates, before: Rates, g: int, beyond: bool) -> float:
    """Return the probability that one counted as bad in group g is kept; beyond: the chosen threshold is passed."""
    if beyond:
        return ratio(here.accept[g] - here.good[g], before.accept[g] - before.good[g])
    return ratio(here.accept[g], before.accept[g])


def make_draw_all(population: PopulationSteps) -> Any:
    """Return `draw_all`: as `draw_chosen`, and the residuals of every threshold for the same individuals.

    The reward depends on the outcomes at the chosen threshold, which are correlated with scores: above it, good and
    bad individuals are thinned separately; up to it all are counted as bad. Step 2 i of the thinning, of the bad ones
    at threshold i, and step 2 i + 1, of the good ones, take their uniforms after those of the batch.
    """
    rates_of = population.rates

    @kernel
    def draw_all(setting: Any, world: Any, t: int, arm: int, rates: Rates, env: Stream) -> tuple[int, int]:
        batch, k = world.batch, len(rates.shares)
        draw_sizes(setting, world, t, rates, env)
        first, pairs, spare = 3 * k // 2, (k + 1) // 2, 0.0
        accepted, good = 0, 0
        before = rates_of(setting.population, world.state, 0)
        for i in range(setting.n_actions):
            here = rates_of(setting.population, world.state, i)
            if i > arm:
                for g in range(k):
                    u, spare = next_uniform(env, t, first + (2 * i + 1) * pairs, g, spare)
                    batch.good[g] = thin(u, batch.good[g], ratio(here.good[g], before.good[g]))
            for g in range(k):
                u, spare = next_uniform(env, t, first + 2 * i * pairs, g, spare)
                keep = here.accept[g] if i == 0 else kept_of_bad(here, before, g, i > arm)
                batch.bad[g] = thin(u, batch.sizes[g] if i == 0 else batch.bad[g], keep)
                batch.good[g] = batch.good[g] if i > arm else 0
            record_batch(setting, world, i)
            if i == arm:
                for g in range(k):
                    chance = ratio(here.good[g], here.accept[g])
                    batch.good[g] = binomial(uniform_at(env, t, 2 * k - 1 + g), batch.bad[g], chance)
                    accepted, good = accepted + batch.bad[g], good + batch.good[g]
                    batch.bad[g] -= batch.good[g]
            before = here
        return accepted, good

    return draw_all
