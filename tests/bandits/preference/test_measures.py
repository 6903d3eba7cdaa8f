"""The measures against their definitions, in extended precision and at 60 digits near the equilibrium."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.preference.measures import best_response, expl0, gap0, gap_tau, kl, span, sub_tau
from bandits.preference.relative_entropy import phi
from tests.bandits.preference.self_play.playing import cases, divergence, random_policy

seeds = st.integers(0, 2**32 - 1)


def policies(known, seed, count=3):
    rng = np.random.default_rng(seed)
    return np.log([random_policy(len(known.mu), rng, 0.5) for _ in range(count)])


def payoff_tau(known, log_u, log_p):
    """P_tau(u > p) from its definition."""
    won = np.exp(log_u) @ known.preferences @ np.exp(log_p)
    return won - known.tau * (divergence(log_u, known.log_mu) - divergence(log_p, known.log_mu))


@given(cases(), seeds)
def test_gaps_are_what_their_definitions_say(known, seed):
    slack = 1e-12 * (1.0 + known.tau * 30)
    for log_p in policies(known, seed):
        p = np.exp(log_p)
        row = known.preferences @ p
        assert float(gap0(known.skew, p)) == pytest.approx(row.max() - (p @ known.preferences).min(), abs=1e-14)
        assert float(expl0(known.skew, p)) == pytest.approx(row.max() - 0.5, abs=1e-14)
        answer = best_response(known.skew, log_p, known.log_mu, known.tau)
        worst = payoff_tau(known, answer, log_p) - 0.5
        assert float(sub_tau(known.skew, log_p, known.log_mu, known.tau)) == pytest.approx(worst, abs=slack)
        assert float(gap_tau(known.skew, log_p, known.log_mu, known.tau)) == pytest.approx(2 * worst, abs=slack)
        shifted = known.log_mu + row / known.tau
        top = shifted.max()
        closed = known.tau * (top + np.log(np.exp(shifted - top).sum()) + divergence(log_p, known.log_mu)) - 0.5
        assert worst == pytest.approx(closed, abs=slack)


@given(cases(), seeds)
def test_nothing_beats_the_best_response(known, seed):
    log_p, *others = policies(known, seed, 5)
    answer = best_response(known.skew, log_p, known.log_mu, known.tau)
    best = payoff_tau(known, answer, log_p)
    assert all(payoff_tau(known, other, log_p) <= best + 1e-12 for other in others)


@given(cases(), seeds)
def test_the_equilibrium_and_the_measures(known, seed):
    """(G2), (G3), (G4), (G5) of any policy, and F1 for the span of the equilibrium."""
    tau, star, n = known.tau, known.log_star, len(known.mu)
    for log_p in policies(known, seed):
        off = divergence(log_p, star)
        slack = 1e-12 * (1.0 + tau * 30 + 1.0 / tau)
        assert payoff_tau(known, log_p, star) == pytest.approx(0.5 - tau * off, abs=slack)
        sub = float(sub_tau(known.skew, log_p, known.log_mu, tau))
        assert tau * off <= sub + slack
        assert sub <= (tau + 0.25 / tau) * off + slack
        both = off + divergence(star, log_p)
        distance = np.abs(np.exp(log_p) - np.exp(star)).sum()
        assert both <= 0.5 * distance * float(span(log_p, star)) + slack
    assert float(gap0(known.skew, np.exp(star))) <= 2.0 * tau * -known.log_mu.min() + 1e-12
    assert n == 1 or float(span(star, known.log_mu)) <= 1.0 / tau + 1e-9


def check_digits(divergence_of, log_p, log_q, size):
    """Against 60 digits: the error of KL near 1e-18 stays below what the last bits of the logarithms explain.

    They are up to 2^-53 |log q| off; the logarithms of the ratios are of order `size`, and KL of order size^2.
    """
    with mpmath.workdps(60):
        exact = mpmath.mpf(0)
        for a, b in zip(log_p, log_q):
            p, q = mpmath.exp(mpmath.mpf(float(a))), mpmath.exp(mpmath.mpf(float(b)))
            exact += p * (mpmath.mpf(float(a)) - mpmath.mpf(float(b))) - p + q
        exact = float(exact)
    found = float(divergence_of(log_p, log_q))
    assert found >= 0.0
    bits = 2.0**-52 * (1.0 + np.abs(log_q).max())
    assert found == pytest.approx(exact, rel=1e-12 + 8.0 * bits / size, abs=4.0 * bits**2)


@given(cases(least=2), seeds, st.floats(-9.0, -1.0))
def test_kl_and_gap_keep_their_digits_near_the_equilibrium(known, seed, exponent):
    rng = np.random.default_rng(seed)
    size = 10.0**exponent
    log_p = known.log_star + size * rng.uniform(-1.0, 1.0, len(known.mu))
    check_digits(kl, log_p - np.log(np.exp(log_p).sum()), known.log_star, size)


@pytest.mark.parametrize("z", [-40.0, -1.0, -0.031, -0.03, -0.0299, -1e-9, 0.0, 1e-300, 1e-5, 0.0299, 0.031, 0.9])
def test_phi_to_full_accuracy(z):
    with mpmath.workdps(60):
        exact = float(mpmath.expm1(mpmath.mpf(z)) - mpmath.mpf(z))
    assert float(phi(np.float64(z))) == pytest.approx(exact, rel=1e-13, abs=0.0)


def test_divergences_at_the_border():
    log = np.log
    half, edge = log([0.5, 0.5]), np.array([0.0, -np.inf])
    assert kl(edge, half) == pytest.approx(log(2.0), rel=1e-15)
    assert kl(half, edge) == np.inf
    assert kl(edge, edge) == 0.0
    low = np.array([0.0, -800.0])  # a probability below the least float64
    assert kl(half, low) == pytest.approx(0.5 * 800.0 + log(0.5), rel=1e-12)
    assert kl(low, half) == pytest.approx(log(2.0), rel=1e-12)
