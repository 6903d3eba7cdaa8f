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
def first_uniforms(env: Stream, t: int) -> Any:
    """Return uniforms 0 to 5 of round t, at once and not inlined, to save time and compilation time."""
    return (*uniform_pair(env, t, 0), *uniform_pair(env, t, 1), *uniform_pair(env, t, 2))


@rare_kernel
def uniform_at(env: Stream, t: int, j: int) -> float:
    """Return uniform j of round t; not inlined."""
    even, odd = uniform_pair(env, t, j // 2)
    return odd if j % 2 else even


@kernel
def either(first: Any, env: Stream, t: int, j: int) -> float:
    """Return uniform j of round t, whose first six are given."""
    return first[j] if j < len(first) else uniform_at(env, t, j)


@shared_kernel
def ratio(part: float, whole: float) -> float:
    """Return part / whole, 0 where whole is 0."""
    return part / whole if whole > 0.0 else 0.0


@kernel
def write_residuals(limits: Constraints, n_groups: int, rates: Any, overall: float, row: int, out: Any) -> None:
    """Write the residuals of the acceptance rates in row `row` of (rows, K) into that row of out (rows, m)."""
    j = 0
    for a in range(n_groups):
        for b in range(a + 1, n_groups):
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
def write_information(limits: Constraints, n_groups: int, sizes: Any, n: int, out: Any) -> None:
    """Write the information (m,) of a batch of n: 4 n_a n_b / (n_a + n_b) for the parity of a pair, n for service."""
    j = 0
    for a in range(n_groups):
        for b in range(a + 1, n_groups):
            both = sizes[a] + sizes[b]
            seen = 4.0 * sizes[a] * sizes[b] / both if both > 0 else 0.0
            out[j], out[j + 1] = seen, seen
            j += 2
    if limits.n_constraints > limits.n_parity:
        out[j], out[j + 1] = float(n), float(n)


@rare_kernel
def record_batch(setting: Any, world: Any, shares: Any, row: int) -> None:
    """Write the batch's rates and residuals at one threshold; an absent group keeps its previous rate.

    shares: K numbers, a tuple where there are two groups, so that K is a constant of the machine code.
    """
    sizes, good, bad, rates = world.batch.sizes, world.batch.good, world.batch.bad, world.last_rates
    total = 0
    for g in range(len(shares)):
        accepted = good[g] + bad[g]
        total += accepted
        if sizes[g] > 0:
            rates[row, g] = accepted / sizes[g]
    write_residuals(setting.constraints, len(shares), rates, total / setting.batch_size, row, world.residuals)


@kernel
def draw_sizes(setting: Any, world: Any, t: int, rates: Rates, first: Any, env: Stream) -> None:
    """Draw the groups' sizes from the last group to the first, by uniforms 0 to K - 2."""
    sizes, last = world.batch.sizes, len(rates.shares) - 1
    left, below = setting.batch_size, 1.0
    for i in range(last):
        share = rates.shares[last - i]
        n = recurring_binomial(world.tables, either(first, env, t, i), left, ratio(share, below))
        sizes[last - i], left, below = n, left - n, below - share
    sizes[0] = left


@kernel
def draw_chosen(setting: Any, world: Any, t: int, arm: int, rates: Rates, env: Stream) -> tuple[int, int]:
    """Draw a batch at the chosen threshold; return how many are accepted, and the good ones among them.

    Uniforms K - 1 to 2 K - 2 draw the accepted, 2 K - 1 to 3 K - 2 the good ones.
    """
    tables, sizes, bad, k = world.tables, world.batch.sizes, world.batch.bad, len(rates.shares)
    first = first_uniforms(env, t)
    draw_sizes(setting, world, t, rates, first, env)
    accepted, good = 0, 0
    for g in range(k):
        n = recurring_binomial(tables, either(first, env, t, k - 1 + g), sizes[g], rates.accept[g])
        bad[g], accepted = n, accepted + n
    record_batch(setting, world, rates.shares, 0)  # whether they are good is not drawn yet
    for g in range(k):
        u = either(first, env, t, 2 * k - 1 + g)
        good += recurring_binomial(tables, u, bad[g], ratio(rates.good[g], rates.accept[g]))
    return accepted, good


@rare_kernel
def thin(env: Stream, t: int, index: int, left_0: int, left_1: int, keep_0: float, keep_1: float) -> tuple[int, int]:
    """Return the binomial numbers kept of two groups, given the probability of keeping an individual."""
    u_0, u_1 = uniform_pair(env, t, index)
    return binomial(u_0, left_0, keep_0), binomial(u_1, left_1, keep_1)


@shared_kernel
def kept_of_bad(here: Rates, before: Rates, g: int, i: int, arm: int) -> float:
    """Return the probability that one who is counted as bad in group g is kept at threshold i."""
    if i > arm:
        return ratio(here.accept[g] - here.good[g], before.accept[g] - before.good[g])
    return ratio(here.accept[g], before.accept[g] if i > 0 else 1.0)


@kernel
def thin_all(world: Any, t: int, arm: int, i: int, here: Rates, before: Rates, env: Stream) -> None:
    """Keep those accepted at threshold i, among all for i = 0; up to the chosen threshold all are counted as bad.

    Step 2 i of the thinning, of the bad ones, and step 2 i + 1, of the good ones, take pairs of uniforms after those of
    the batch, one for each two groups. Of an odd number the last group is thinned beside itself.
    """
    good, bad, k = world.batch.good, world.batch.bad, len(here.shares)
    pairs = (k + 1) // 2
    for pair in range(pairs):
        a, b = 2 * pair, min(2 * pair + 1, k - 1)
        index = 3 * k // 2 + 2 * i * pairs + pair
        if i == 0:
            good[a], good[b], bad[a], bad[b] = 0, 0, world.batch.sizes[a], world.batch.sizes[b]
        keep_a, keep_b = kept_of_bad(here, before, a, i, arm), kept_of_bad(here, before, b, i, arm)
        bad_a, bad_b = thin(env, t, index, bad[a], bad[b], keep_a, keep_b)
        bad[b], bad[a] = bad_b, bad_a  # in this order for a group beside itself
        if i > arm:
            keep_a, keep_b = ratio(here.good[a], before.good[a]), ratio(here.good[b], before.good[b])
            good_a, good_b = thin(env, t, index + pairs, good[a], good[b], keep_a, keep_b)
            good[b], good[a] = good_b, good_a


def make_draw_all(population: PopulationSteps) -> Any:
    """Return `draw_all`: as `draw_chosen`, and the residuals of every threshold for the same individuals.

    The reward depends on the outcomes at the chosen threshold, which are correlated with scores: above it, good and
    bad individuals are thinned separately.
    """
    rates_of = population.rates

    @kernel
    def draw_all(setting: Any, world: Any, t: int, arm: int, rates: Rates, env: Stream) -> tuple[int, int]:
        batch, k = world.batch, len(rates.shares)
        first, accepted, good = first_uniforms(env, t), 0, 0
        draw_sizes(setting, world, t, rates, first, env)
        before = rates  # of no meaning until a threshold has been passed
        for i in range(setting.n_actions):
            here = rates_of(setting.population, world.state, i)
            thin_all(world, t, arm, i, here, before, env)
            record_batch(setting, world, here.shares, i)
            if i == arm:
                for g in range(k):
                    chance = ratio(here.good[g], here.accept[g])
                    batch.good[g] = binomial(either(first, env, t, 2 * k - 1 + g), batch.bad[g], chance)
                    accepted, good = accepted + batch.bad[g], good + batch.good[g]
                    batch.bad[g] -= batch.good[g]
            before = here
        return accepted, good

    return draw_all
