"""What every game obeys before any learner plays, proximal points exactly, noise, and facts that papers leave out."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.preference import INPO, ONPO, NashMP, NashProx, least_prox_weight, log_regularized_nash
from bandits.preference.measures import gap0, gap_tau, kl
from bandits.preference.prox import geometric_mixture, prox
from tests.bandits.preference.self_play import laws
from tests.bandits.preference.self_play.playing import (
    MU,
    REFERENCE,
    Ask,
    case,
    cases,
    divergence,
    random_policy,
    trajectory,
)

seeds = st.integers(0, 2**32 - 1)
weights = st.floats(-2.0, 2.0).map(lambda x: 10.0**x)


def two_policies(known, seed):
    rng = np.random.default_rng(seed)
    return (random_policy(len(known.mu), rng, 0.5) for _ in range(2))


# ---------------------------------------------------------------- games


@given(cases(), seeds, weights)
def test_rows_and_pairings(known, seed, eta):
    """Rows have span at most 1, S is worth at most half the 1-norms, nothing against itself; and log E e^(eta P p)."""
    p, q = two_policies(known, seed)
    signed = p - q
    assert np.ptp(known.preferences @ p) <= 1.0 + 1e-15
    for a, b in ((p, q), (signed, p), (signed, known.mu - q)):
        assert abs(a @ known.skew @ b) <= 0.5 * np.abs(a).sum() * np.abs(b).sum() + 1e-15
    assert abs(signed @ known.skew @ signed) <= 1e-15
    assert np.abs(signed).sum() ** 2 <= 2.0 * divergence(np.log(p), np.log(q)) + 1e-12
    row = known.skew @ p
    top = row.max()
    left = eta * top + math.log(p @ np.exp(eta * (row - top)))
    assert -1e-12 * (1.0 + eta) <= left <= eta**2 / 8.0 + 1e-12 * (1.0 + eta)


# ---------------------------------------------------------------- proximal points


def proximal_point(known, log_policy, weight):
    """Return the exact outer step, by Newton's method on the one game that it is the equilibrium of."""
    total = known.tau + weight
    centre = np.exp(geometric_mixture(log_policy, known.log_mu, known.tau / total))
    return log_regularized_nash(known.preferences, total, centre / centre.sum())


def check_proximal_identity(known, weight, step=proximal_point):
    """(tau + lambda) KL(p* || r) = lambda KL(p* || p) - lambda KL(r || p) - tau KL(r || p*) for r the step from p."""
    p, star, tau = known.log_mu, known.log_star, known.tau
    for _ in range(3):
        r = step(known, p, weight)
        right = weight * (divergence(star, p) - divergence(r, p)) - tau * divergence(r, star)
        slack = laws.scaled(known, weight) * (1.0 + 1.0 / tau)
        assert abs((tau + weight) * divergence(star, r) - right) <= slack
        p = r


@given(cases(smallest=0.1), st.floats(0.1, 3.0))
def test_balance_of_proximal_points(known, weight):
    check_proximal_identity(known, weight)


@given(cases(smallest=0.1), st.floats(0.3, 2.0))
def test_nash_prox_takes_proximal_points(known, weight):
    """Newton's method and 80 rounds of mirror descent, which leave 1e-14 of a span, agree on the outer policies."""
    outers = trajectory(NashProx(weight, 80), known.game(), 160)[::80]
    for before, after in pairwise(outers):
        exact = proximal_point(known, before, weight)
        assert np.abs(after - exact).max() <= 1e-10 * (1.0 + np.abs(exact).max())


@given(cases(), weights)
def test_two_fixed_point_rounds_of_the_proximal_point_are_nash_mp(known, weight):
    p = r = known.log_mu
    for _ in range(2):
        r = prox(p, known.skew @ np.exp(r), known.log_mu, known.tau, weight)
    found = trajectory(NashMP(weight), known.game(), 1)[-1]
    assert np.abs(found - r).max() <= 1e-13 * (1.0 + np.abs(r).max())


@given(cases(), weights)
def test_nash_mp_balance_in_the_other_direction(known, weight):
    """tau KL(p_{k+1} || p*), which the gap needs, from what KL(p* || p_k) was; q is the half step asked about."""
    tau, star, ask = known.tau, known.log_star, Ask(known.skew)
    policies = trajectory(NashMP(weight), known.game(), 4, ask)
    for k in range(4):
        p, q, r = policies[k], ask.asked[2 * k + 1], policies[k + 1]
        cross = (np.exp(star) - np.exp(r)) @ known.skew @ (np.exp(q) - np.exp(star))
        before = weight * divergence(star, p)
        right = before - weight * divergence(r, p) - (weight + tau) * divergence(star, r) - cross
        slack = laws.scaled(known, weight)
        assert abs(tau * divergence(r, star) - right) <= slack
        if 4.0 * weight * (weight + tau) >= 1.0:
            assert tau * divergence(r, star) <= before * (1.0 + 0.25 / (tau * (weight + tau))) + slack


# ---------------------------------------------------------------- optimism and noise


@given(cases(), weights, seeds)
def test_optimistic_balance_against_any_policy(known, weight, seed):
    tau, mu = known.tau, known.log_mu
    u = np.log(next(two_policies(known, seed)))
    centre, last = mu, np.zeros(len(known.mu))
    for p in trajectory(ONPO(weight), known.game(), 4)[:-1]:
        gain = known.skew @ np.exp(p)
        after = prox(centre, gain, mu, tau, weight)
        left = (np.exp(u) - np.exp(p)) @ gain - tau * (divergence(u, mu) - divergence(p, mu))
        kept = weight * divergence(u, centre) - (weight + tau) * divergence(u, after)
        spent = weight * divergence(p, centre) + (weight + tau) * divergence(after, p)
        moved = (np.exp(after) - np.exp(p)) @ (gain - last)
        assert abs(left - (kept - spent + moved)) <= laws.scaled(known, weight) * 40
        centre, last = after, gain


@given(cases(), weights, seeds, st.floats(-3.0, 1.0))
def test_noise_moves_a_step_by_half_its_span(known, weight, seed, exponent):
    """|noisy - exact|_1 <= span(noise) / (2 (lambda + tau))."""
    rng = np.random.default_rng(seed)
    gain = known.skew @ known.mu
    noise = 10.0**exponent * rng.uniform(-1.0, 1.0, len(gain))
    steps = [np.exp(prox(known.log_mu, g, known.log_mu, known.tau, weight)) for g in (gain, gain + noise)]
    assert np.abs(steps[1] - steps[0]).sum() <= 0.5 * np.ptp(noise) / (weight + known.tau) + 1e-14


# ---------------------------------------------------------------- facts


def test_the_gap_of_the_equilibrium_is_not_monotone_in_the_weight():
    """A reference can be nearer to a winner than the equilibrium that is tied to it, and less tied may be worse."""
    skew = case().skew
    gaps = [float(gap0(skew, np.exp(log_regularized_nash(REFERENCE, tau, MU)))) for tau in (1.0, 0.1, 0.01)]
    assert float(gap0(skew, MU)) == pytest.approx(0.1, abs=1e-15)
    assert gaps[1] > gaps[0] > 0.1 > gaps[2]


def test_tuned_inpo_can_need_fewer_queries_than_nash_mp():
    """Rows until the regularised gap is below 1e-10, each at its best step on this game; two per round for Nash-MP."""
    known, queries = case(), {}
    for learner in (INPO(0.1474), NashMP(least_prox_weight(known.tau)), NashMP()):
        gaps = gap_tau(known.skew, trajectory(learner, known.game(), 100), known.log_mu, known.tau)
        queries[learner] = int(np.argmax(gaps < 1e-10)) * learner.queries
    assert list(queries.values()) == [39, 86, 96]


def test_nash_md_is_biased_only_by_its_opponent():
    """The same centre answered at the policy itself has the equilibrium for its fixed point; at the mixture, not."""
    known, eta = case(), 1.0
    mixture = geometric_mixture(known.log_star, known.log_mu, eta * known.tau)
    ends = [laws.softmax(mixture + eta * (known.skew @ np.exp(row))) for row in (known.log_star, mixture)]
    assert float(kl(known.log_star, ends[0])) < 1e-28
    assert float(kl(known.log_star, ends[1])) > 1e-6
