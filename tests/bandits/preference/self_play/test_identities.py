"""What the proofs rest on: exact balances of one round, rates at every round, and methods that are one method."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import lambertw

from bandits.preference import (
    COMAL,
    EGPO,
    INPO,
    MMD,
    OMWU,
    ONPO,
    SPO,
    SPPO,
    HedgeSelfPlay,
    NashEMA,
    NashMD,
    NashMP,
    NashProx,
    RegretMatching,
    RegretMatchingPlus,
    games,
    least_prox_weight,
    stability,
    von_neumann_winner,
)
from bandits.preference.measures import gap0, gap_tau, span
from bandits.preference.prox import geometric_mixture, prox
from bandits.preference.self_play.conventions import (
    weight_from_inverse_step,
    weight_from_logit_step,
    weight_from_magnet_step,
    weight_from_mirror_prox_step,
)
from bandits.preference.self_play.sppo import sppo_log_ratios
from tests.bandits.preference.self_play import laws
from tests.bandits.preference.self_play.playing import Ask, case, cases, divergence, matrices, random_policy, trajectory

weights = st.floats(-2.0, 2.0).map(lambda x: 10.0**x)
seeds = st.integers(0, 2**32 - 1)

# ---------------------------------------------------------------- balances


@given(cases(), weights, seeds)
def test_three_point_equality(known, weight, seed):
    rng = np.random.default_rng(seed)
    u, w = np.log([random_policy(len(known.mu), rng, 0.5) for _ in range(2)])
    gain = rng.uniform(-1.0, 1.0, len(known.mu))
    r, tau = prox(w, gain, known.log_mu, known.tau, weight), known.tau
    left = (np.exp(u) - np.exp(r)) @ gain - tau * (divergence(u, known.log_mu) - divergence(r, known.log_mu))
    right = weight * (divergence(u, w) - divergence(r, w)) - (weight + tau) * divergence(u, r)
    assert abs(left - right) <= 1e-12 * (1.0 + weight + tau) * 40


@given(cases(), weights)
def test_nash_mp_balance(known, weight):
    laws.check_nash_mp_identity(NashMP(weight), known, weight)


@given(cases(), weights)
def test_inpo_balance(known, weight):
    laws.check_inpo_identity(INPO(weight), known, weight)


@given(cases(), st.one_of(st.none(), st.floats(0.01, 1.0)))
def test_nash_md_balance(known, share):
    rate = None if share is None else share / known.tau * (1 - 1e-12)
    laws.check_nash_md_identity(NashMD(rate), known, lambda t: rate or 2.0 / (known.tau * (t + 2)))


@given(cases(), weights)
def test_onpo_balance(known, weight):
    laws.check_onpo_identity(ONPO(weight), known, weight)


# ---------------------------------------------------------------- rates at every round


@given(cases(), st.floats(0.0, 3.0))
def test_nash_mp_contracts_at_every_round(known, beyond):
    weight = least_prox_weight(known.tau) + beyond
    laws.check_contraction(NashMP(weight), known, weight / (weight + known.tau))


@given(cases())
def test_the_papers_weight_contracts_by_one_over_one_plus_two_tau(known):
    laws.check_contraction(NashMP(), known, 1.0 / (1.0 + 2.0 * known.tau))


@given(cases())
def test_spans_and_half_steps_of_nash_mp(known):
    """Linear rates that do not depend on n: of the span of log p - log p*, and of the gap of the half step."""
    tau, star, game = known.tau, known.log_star, known.game()
    ask = Ask(known.skew)
    policies = trajectory(NashMP(), game, 10, ask)
    scale = 1e-12 * (1.0 + 1.0 / tau) * (1.0 + np.abs(star).max())
    for k in range(10):
        left = divergence(star, policies[k])
        before, after = (float(span(policies[i], star)) for i in (k, k + 1))
        assert after <= (before + 2.0 * math.sqrt(max(left, 0.0) / tau)) / (1.0 + 2.0 * tau) + math.sqrt(scale)
        half = float(gap_tau(known.skew, ask.asked[2 * k + 1], known.log_mu, tau))
        assert half <= (tau + 0.25 / tau) / tau * left + scale / tau


@given(cases(), seeds, st.floats(-4.0, 0.0))
def test_inexact_rounds_of_nash_mp_add_their_errors(known, seed, exponent):
    """With span at most e of error in the logarithms of each half: KL <= KL / (1 + 2 tau) + e_half + e_full."""
    rng, tau, star, p = np.random.default_rng(seed), known.tau, known.log_star, known.log_mu
    for _ in range(10):
        errors = 10.0**exponent * rng.uniform(-1.0, 1.0, (2, len(p)))
        half = laws.softmax(prox(p, known.skew @ np.exp(p), known.log_mu, tau, 0.5) + errors[0])
        after = laws.softmax(prox(p, known.skew @ np.exp(half), known.log_mu, tau, 0.5) + errors[1])
        limit = divergence(star, p) / (1.0 + 2.0 * tau) + np.ptp(errors, axis=1).sum()
        assert divergence(star, after) <= limit + 1e-12 * (1.0 + np.abs(star).max())
        p = after


@given(cases(), st.floats(1.0, 5.0))
def test_inpo_contracts_at_every_round(known, times):
    weight = 0.25 / known.tau * times
    laws.check_contraction(INPO(weight), known, weight / (weight + known.tau))


@given(cases(), st.one_of(st.none(), st.floats(0.05, 1.0)))
def test_nash_md_stays_below_its_bound(known, share):
    rate = None if share is None else share / known.tau * (1 - 1e-12)
    left = [divergence(known.log_star, p) for p in trajectory(NashMD(rate), known.game(), 60)]
    for t, value in enumerate(left[1:], start=1):
        if rate is None:
            limit = 1.0 / (2.0 * known.tau**2 * (t + 1))
        else:
            limit = (1.0 - share) ** t * left[0] + rate / (8.0 * known.tau)
        assert value <= limit * (1 + 1e-9) + 1e-10


@given(cases(smallest=0.1), st.floats(0.3, 2.0))
def test_proximal_points_contract_for_every_weight(known, weight):
    """At outer rounds; the 60 inner ones of factor 1 / (1 + 4 * 0.4^2) or less leave at most 1e-12 of a divergence."""
    policies = trajectory(NashProx(weight, 60), known.game(), 180)[::60]
    left = [divergence(known.log_star, p) for p in policies]
    for before, after in pairwise(left):
        assert after <= weight / (weight + known.tau) * before + 1e-10


@given(matrices(least=2, most=6), seeds)
def test_comal_comes_closer_to_every_winner(preferences, seed):
    winner = von_neumann_winner(preferences)
    mu = random_policy(len(preferences), np.random.default_rng(seed))
    known = case(preferences, mu, 1.0)
    policies = trajectory(COMAL(0.5, 40), known.game(tau=0.0), 200)[::40]
    with np.errstate(divide="ignore"):
        left = [divergence(np.log(winner), p) for p in policies]
    assert all(after <= before + 1e-8 for before, after in pairwise(left))


def average_gap(learner, known, rounds, tau):
    mean = np.exp(trajectory(learner, known.game(rounds, tau), rounds - 1)).mean(axis=0)
    if tau == 0.0:
        return float(gap0(known.skew, mean))
    return float(gap_tau(known.skew, np.log(mean), known.log_mu, tau))


@given(cases(), st.integers(1, 60), weights)
def test_average_iterates_stay_below_their_bounds(known, rounds, weight):
    wide, n = -known.log_mu.min(), len(known.mu)
    step = min(weight, 1.0)
    assert average_gap(OMWU(step), known, rounds, 0.0) <= 2.0 * (wide / step + step / 4.0) / rounds + 1e-12
    for learner in (RegretMatching(), RegretMatchingPlus()):
        assert average_gap(learner, known, rounds, 0.0) <= math.sqrt(n / rounds) + 1e-12
    inpo = average_gap(INPO(weight), known, rounds, known.tau)
    assert inpo <= 2.0 * weight * wide / rounds + 0.25 / weight + 1e-12
    weight = max(weight, 0.5 * (math.sqrt(known.tau**2 + 4.0) - known.tau) * (1 + 1e-12))  # least with w (w + tau) >= 1
    onpo = average_gap(ONPO(weight), known, rounds, known.tau)
    assert onpo <= 2.0 * (weight * wide + 0.25 / (weight + known.tau)) / rounds + 1e-12


@given(cases(), st.integers(1, 60), weights)
def test_hedge_gap_is_twice_its_regret(known, rounds, step):
    gap = laws.check_regret_is_the_gap(HedgeSelfPlay(step), known, rounds)
    assert gap <= 2.0 * (-known.log_mu.min() / (step * rounds) + step / 8.0) + 1e-12


@pytest.mark.parametrize(("step", "rounds"), [(0.2, 1000), (1.0, 40)])  # KL grows like exp(a^2 omega^2 t)
def test_hedge_leaves_interior_equilibria(step, rounds):
    known = case(games.biased_rock_paper_scissors(0.5, 0.3, 0.2), [0.4, 0.4, 0.2])
    laws.check_leaves_interior_equilibria(HedgeSelfPlay(step), known, np.array([0.3, 0.2, 0.5]), rounds)


def test_hedge_grows_by_its_local_factor():
    """sqrt(1 + a^2 omega^2) a round close to an interior equilibrium."""
    cycle, start = games.rock_paper_scissors(), np.exp([1e-6, -1e-6, 0.0])
    omega = stability(cycle, [1 / 3] * 3, 1.0).frequency
    log_p = trajectory(HedgeSelfPlay(0.5), case(cycle, start / start.sum()).game(), 8)
    size = np.linalg.norm(log_p - log_p.mean(axis=1, keepdims=True), axis=1)
    assert omega == pytest.approx(12**-0.5, rel=1e-12)
    assert size[1:] / size[:-1] == pytest.approx(math.sqrt(1.0 + 0.25 * omega**2), rel=1e-5)


def test_inpo_converges_just_above_its_threshold_and_not_just_below():
    known = case(games.condorcet_cycle(5, 0.4), [0.2001, 0.1999, 0.2, 0.2, 0.2])
    local = stability(known.preferences, np.exp(known.log_star), known.tau)
    for share, grows in ((1.05, False), (0.95, True)):
        policies = trajectory(INPO(share * local.threshold - known.tau), known.game(), 400)
        left = [divergence(known.log_star, p) for p in policies]
        assert (left[-1] > 10.0 * left[0]) if grows else (left[-1] < 0.1 * left[0])


# ---------------------------------------------------------------- one method under several names


def same(learner, other, known, rounds=8, tau=None):
    """Two learners have the same policies, up to rounding of logarithms."""
    first, second = (trajectory(x, known.game(rounds, tau), rounds) for x in (learner, other))
    assert np.abs(first - second).max() <= 1e-11 * (1.0 + np.abs(first).max())


def published(step, known, rounds=8):
    """Return the log-policies of an update written as its paper writes it: step(log_p, log_mu, P) -> log_p."""
    policies = [known.log_mu]
    for _ in range(rounds):
        policies.append(laws.softmax(step(policies[-1], known.log_mu, known.preferences)))
    return np.array(policies)


def check_egpo(learner, known, eta):
    """EGPO: an extragradient step on the logits, theta <- (1 - eta beta) theta + eta beta theta_ref + eta P pi."""

    def step(theta, ref, preferences):
        kept = (1.0 - eta * known.tau) * theta + eta * known.tau * ref
        half = laws.softmax(kept + eta * preferences @ np.exp(theta))
        return kept + eta * preferences @ np.exp(half)

    check_published(learner, known, step)


def check_inpo(learner, known, eta):
    """INPO: log pi <- P pi / eta + (tau / eta) log mu + (1 - tau / eta) log pi."""
    ratio = known.tau / eta
    check_published(learner, known, lambda p, mu, wins: wins @ np.exp(p) / eta + ratio * mu + (1 - ratio) * p)


def check_mmd(learner, known, s):
    """MMD: (1 + s alpha) log pi <- log pi + s alpha log rho + s P pi."""
    a = known.tau
    check_published(learner, known, lambda p, mu, wins: (p + s * a * mu + s * (wins @ np.exp(p))) / (1 + s * a))


def check_published(learner, known, step):
    expected = published(step, known)
    found = trajectory(learner, known.game(), len(expected) - 1)
    assert np.abs(found - expected).max() <= 1e-11 * (1.0 + np.abs(expected).max())


@given(cases(), st.floats(0.05, 0.95))
def test_egpo_is_nash_mp(known, share):
    eta = share / known.tau
    check_egpo(EGPO(weight_from_logit_step(eta, known.tau)), known, eta)


@given(cases(), weights)
def test_inpo_and_mmd_are_one_method(known, weight):
    eta, s = known.tau + weight, 1.0 / weight
    check_inpo(INPO(weight_from_inverse_step(eta, known.tau)), known, eta)
    check_mmd(MMD(weight_from_magnet_step(s)), known, s)


@given(cases(), st.floats(0.05, 4.0))
def test_nash_mp_in_its_own_symbols(known, eta):
    """Both halves maximise <pi, P q> - beta KL(pi || mu) - (beta / eta) KL(pi || pi_k)."""
    beta = known.tau

    def half(p, ref, wins, q):
        return laws.softmax((p / eta + ref) / (1 / eta + 1) + wins @ np.exp(q) / (beta * (1 / eta + 1)))

    def step(p, ref, wins):
        return half(p, ref, wins, half(p, ref, wins, p))

    check_published(NashMP(weight_from_mirror_prox_step(eta, beta)), known, step)


@given(cases(), st.floats(0.05, 1.0))
def test_optimism_without_a_reference_is_omwu(known, step):
    same(OMWU(step), ONPO(1.0 / step), known, tau=0.0)

    rows = [np.zeros(len(known.mu))]
    policies = [known.log_mu]
    for _ in range(8):  # pi_{t+1} prop. to pi_t exp(a (2 u_t - u_{t-1}))
        rows.append(known.skew @ np.exp(policies[-1]))
        policies.append(laws.softmax(policies[-1] + step * (2.0 * rows[-1] - rows[-2])))
    found = trajectory(OMWU(step), known.game(8, 0.0), 8)
    assert np.abs(found - policies).max() <= 1e-11 * (1.0 + np.abs(found).max())


@given(cases(), weights)
def test_without_a_reference_inpo_is_hedge(known, weight):
    same(INPO(weight), SPO(1.0 / weight), known, tau=0.0)


@given(cases(), weights)
def test_an_average_of_one_policy_is_that_policy(known, weight):
    same(NashEMA(weight, 1.0), INPO(weight), known)


@given(cases(), st.floats(0.05, 1.0))
def test_nash_md_with_the_opponent_put_back_is_inpo(known, share):
    """Nash-MD answers the mixture; answered at pi_t from the same centre it would be INPO with eta = 1 / step."""
    eta = share / known.tau * (1 - 1e-12)
    p = known.log_mu
    for log_p in trajectory(INPO(1.0 / eta - known.tau), known.game(), 5):
        assert np.abs(log_p - p).max() <= 1e-11 * (1.0 + np.abs(p).max())
        mixture = geometric_mixture(p, known.log_mu, eta * known.tau)
        p = laws.softmax(mixture + eta * known.skew @ np.exp(p))


# ---------------------------------------------------------------- SPPO


@given(cases(), st.floats(0.05, 4.0))
def test_sppo_minimises_its_loss(known, eta):
    """Log-ratios b - W(c e^b) with c from the normalisation, by Lambert's function and bisection."""
    log_p = trajectory(HedgeSelfPlay(1.0), known.game(), 2)[-1]
    p, target = np.exp(log_p), eta * (known.skew @ np.exp(log_p))

    def ratios(c):
        return target - lambertw(c * np.exp(target)).real

    def excess(c):
        return p @ np.exp(ratios(c)) - 1.0

    c = brentq(excess, -1e-9, 10.0, xtol=1e-16, rtol=1e-15)
    assert np.abs(sppo_log_ratios(log_p, target) - ratios(c)).max() < 1e-10


@pytest.mark.parametrize(("eta", "excess"), [(0.5, 0.000643165778), (1.0, 0.002544703110), (2.0, 0.009948857547)])
def test_why_sppo_is_not_hedge(eta, excess):
    """The constant that SPPO replaces by 1/2 is log Z - eta / 2 too small, so its policy is not the ideal step."""
    known = case()
    row = known.skew @ known.mu
    assert math.log(known.mu @ np.exp(eta * row)) == pytest.approx(excess, abs=1e-12)
    ideal, found = (np.exp(trajectory(x, known.game(), 1)[-1]) for x in (HedgeSelfPlay(eta), SPPO(eta)))
    distance = {0.5: 1e-5, 1.0: 7.5e-5, 2.0: 5.2e-4}[eta]
    assert 0.5 * np.abs(ideal - found).sum() == pytest.approx(distance, rel=0.1)
