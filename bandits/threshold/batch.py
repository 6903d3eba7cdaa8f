"""The outcome of a round: reward and residuals of a batch of individuals, drawn through binomials.

For a batch of n individuals with shares, acceptance and outcome probabilities given, n_1 ~ Bin(n, w),
accepted_g ~ Bin(n_g, A_g) and good_g ~ Bin(accepted_g, G_g / A_g), all independent given what they depend on:
the same law as drawing the individuals one by one. Under full scores, acceptances at all thresholds are
drawn jointly with the good ones at the chosen threshold: at theta_{i+1} > theta_i each of the accepted stays
with probability A_{i+1} / A_i, and above the chosen threshold each of the good ones with G_{i+1} / G_i and each of
the bad ones with (A_{i+1} - G_{i+1}) / (A_i - G_i).
"""

from typing import Any, NamedTuple

from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.limits import excess
from bandits.core.rng import Stream, uniform, uniform_pair
from bandits.core.sampling import binomial, recurring_binomial
from bandits.threshold.population import PopulationSteps, Rates, acceptance

_FIRST_THINNING = 3  # indices 0 to 2 of a round draw the batch


class Outcome(NamedTuple):
    """The feedback of a round. `residuals` has 1 row under `ChosenThreshold`, G rows under `FullScores`."""

    reward: float  # in [0, 1]
    residuals: Any  # (1 or G, m) float64: parity pair, then service pair if constrained
    information: Any  # (m,) float64, individuals of an ideal batch, at most n; 0: uninformative residual


class Constraints(NamedTuple):
    """The limits: parity tolerance delta, and service rates if n_constraints is 4."""

    n_constraints: int  # m, 2 or 4
    tolerance: float
    low: float
    high: float


class BatchUniforms(NamedTuple):
    """The uniforms that a batch is drawn from."""

    size: float
    accept_0: float
    accept_1: float
    good_0: float
    good_1: float


@rare_kernel
def batch_uniforms(env: Stream, t: int) -> BatchUniforms:
    """Return the uniforms of round t; not inlined, to save compilation time."""
    size, accept_0 = uniform_pair(env, t, 0)
    accept_1, good_0 = uniform_pair(env, t, 1)
    return BatchUniforms(size, accept_0, accept_1, good_0, uniform(env, t, 2))


@shared_kernel
def ratio(part: float, whole: float) -> float:
    """Return part / whole, 0 where whole is 0."""
    return part / whole if whole > 0.0 else 0.0


@kernel
def write_residuals(limits: Constraints, rate_0: float, rate_1: float, overall: float, row: int, out: Any) -> None:
    """Write the residuals of these acceptance rates into row `row` of out (rows, m)."""
    out[row, 0] = excess(rate_0 - rate_1, limits.tolerance)
    out[row, 1] = excess(rate_1 - rate_0, limits.tolerance)
    if limits.n_constraints == 4:
        out[row, 2] = excess(limits.low, overall)
        out[row, 3] = excess(overall, limits.high)


@shared_kernel
def parity_violation(limits: Constraints, rates: Rates) -> float:
    """Return max(0, |A_0 - A_1| - delta), the sum of the pair's positive parts: at most one is positive."""
    return max(0.0, excess(abs(rates.accept_0 - rates.accept_1), limits.tolerance))


@shared_kernel
def service_violation(limits: Constraints, rates: Rates) -> float:
    """Return how far the overall rate lies outside [low, high]; 0 without a service constraint."""
    if limits.n_constraints == 2:
        return 0.0
    overall = acceptance(rates)
    return max(0.0, excess(limits.low, overall)) + max(0.0, excess(overall, limits.high))


@shared_kernel
def scaled_reward(accepted: int, good: int, n: int, price: float) -> float:
    """Return a batch's reward rescaled to [0, 1]."""
    return ((1.0 + price) * good / n - price * accepted / n + price) / (1.0 + price)


@kernel
def write_information(n_0: int, n_1: int, out: Any) -> None:
    """Write the information (m,) of a batch of these group sizes: 4 n_0 n_1 / n for parity, n for service."""
    for j in range(out.size):
        out[j] = 4.0 * n_0 * n_1 / (n_0 + n_1) if j < 2 else float(n_0 + n_1)


@rare_kernel
def record_batch(setting: Any, world: Any, n_0: int, n_1: int, accepted_0: int, accepted_1: int, row: int) -> None:
    """Write the batch's rates and residuals at one threshold; an absent group keeps its previous rate."""
    if n_0 > 0:
        world.last_rates[row, 0] = accepted_0 / n_0
    if n_1 > 0:
        world.last_rates[row, 1] = accepted_1 / n_1
    overall = (accepted_0 + accepted_1) / (n_0 + n_1)
    rate_0, rate_1 = world.last_rates[row, 0], world.last_rates[row, 1]
    write_residuals(setting.constraints, rate_0, rate_1, overall, row, world.residuals)


@kernel
def draw_chosen(setting: Any, world: Any, t: int, arm: int, rates: Rates, u: BatchUniforms, env: Stream) -> Any:
    """Draw a batch at the chosen threshold; return how many are accepted, good among them, and in group 1."""
    tables = world.tables
    n_1 = recurring_binomial(tables, u.size, setting.batch_size, rates.share)
    n_0 = setting.batch_size - n_1
    accepted_0 = recurring_binomial(tables, u.accept_0, n_0, rates.accept_0)
    accepted_1 = recurring_binomial(tables, u.accept_1, n_1, rates.accept_1)
    record_batch(setting, world, n_0, n_1, accepted_0, accepted_1, 0)
    good = recurring_binomial(tables, u.good_0, accepted_0, ratio(rates.good_0, rates.accept_0))
    good += recurring_binomial(tables, u.good_1, accepted_1, ratio(rates.good_1, rates.accept_1))
    return accepted_0 + accepted_1, good, n_1


@rare_kernel
def thin(env: Stream, t: int, index: int, left_0: int, left_1: int, keep_0: float, keep_1: float) -> tuple[int, int]:
    """Return the binomial numbers kept of each group, given the probability of keeping an individual."""
    u_0, u_1 = uniform_pair(env, t, _FIRST_THINNING + index)
    return binomial(u_0, left_0, keep_0), binomial(u_1, left_1, keep_1)


def make_draw_all(population: PopulationSteps) -> Any:
    """Return `draw_all`: as `draw_chosen`, and the residuals of every threshold for the same individuals.

    The reward depends on the outcomes at the chosen threshold, which are correlated with scores: above it, good and
    bad individuals are thinned separately.
    """
    rates_of = population.rates

    @kernel
    def draw_all(setting: Any, world: Any, t: int, arm: int, rates: Rates, u: BatchUniforms, env: Stream) -> Any:
        n_1 = binomial(u.size, setting.batch_size, rates.share)
        n_0 = setting.batch_size - n_1
        accepted, good = 0, 0
        good_0, good_1, bad_0, bad_1 = 0, 0, n_0, n_1  # up to the chosen threshold all are counted as bad
        before = Rates(rates.share, 1.0, 1.0, 0.0, 0.0)
        for i in range(setting.n_actions):
            here = rates_of(setting.population, world.state, i)
            if i > arm:
                keep_0, keep_1 = ratio(here.good_0, before.good_0), ratio(here.good_1, before.good_1)
                good_0, good_1 = thin(env, t, 2 * i + 1, good_0, good_1, keep_0, keep_1)
                keep_0 = ratio(here.accept_0 - here.good_0, before.accept_0 - before.good_0)
                keep_1 = ratio(here.accept_1 - here.good_1, before.accept_1 - before.good_1)
            else:
                keep_0, keep_1 = ratio(here.accept_0, before.accept_0), ratio(here.accept_1, before.accept_1)
            bad_0, bad_1 = thin(env, t, 2 * i, bad_0, bad_1, keep_0, keep_1)
            record_batch(setting, world, n_0, n_1, good_0 + bad_0, good_1 + bad_1, i)
            if i == arm:
                good_0 = binomial(u.good_0, bad_0, ratio(here.good_0, here.accept_0))
                good_1 = binomial(u.good_1, bad_1, ratio(here.good_1, here.accept_1))
                accepted, good = bad_0 + bad_1, good_0 + good_1
                bad_0, bad_1 = bad_0 - good_0, bad_1 - good_1
            before = here
        return accepted, good, n_1

    return draw_all
