"""Descent from the mixture and gradient steps: balances, fixed points, unbiased estimates, play round by round."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.preference import (
    INPO,
    IPOMD,
    Comparisons,
    MixtureDescent,
    NashMD,
    NashMDGradient,
    OnlineIPO,
    PreferenceGame,
    SampledIPOMD,
    SampledNashMDGradient,
    SampledNashMP,
    SampledOnlineIPO,
)
from bandits.preference.measures import gap_tau, kl
from bandits.preference.prox import geometric_mixture, normalise
from bandits.preference.self_play.mixture_descent import delay
from bandits.preference.self_play.policy_gradient import ascent, mixture_fixed_point, pair_ascent, score_ascent
from bandits.preference.self_play.sampled_nash_mp import SampledNashMPState, inner_step
from sims import simulate
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
from tests.bandits.preference.self_play.test_sampled_inpo import SampledAsk
from tests.bandits.preference.self_play.test_self_play import check_queries, check_simulation
from tests.drivers import slow
from theory import theorem

seeds = st.integers(0, 2**32 - 1)
shares = st.floats(0.01, 0.95)
KNOWN = case()
ROWS = [MixtureDescent(), OnlineIPO(0.7), IPOMD(0.7, 0.2), NashMDGradient(0.7, 0.2)]


# ---------------------------------------------------------------- descent from the mixture


@given(cases(), shares)
def test_with_a_constant_step_it_is_inpo(known, share):
    eta = share / known.tau
    first, second = (trajectory(x, known.game(), 8) for x in (MixtureDescent(eta), INPO(1.0 / eta - known.tau)))
    assert np.abs(first - second).max() <= 1e-11 * (1.0 + np.abs(first).max())


@given(cases(), shares, seeds)
def test_balance_with_any_row(known, share, seed):
    """The identity that both bounds come from, with a made-up row g beside the exact one."""
    rng, eta, star = np.random.default_rng(seed), share / known.tau, known.log_star
    p, g = np.log(random_policy(len(known.mu), rng, 0.5)), rng.uniform(-0.5, 0.5, len(known.mu))
    m = geometric_mixture(p, known.log_mu, share)
    r = normalise(m + eta * g)
    away, row = np.exp(star) - np.exp(m), known.skew @ np.exp(p)
    bracket = np.log(np.exp(m) @ np.exp(eta * g)) - eta * np.exp(m) @ g
    kept = (1.0 - share) * (divergence(star, p) - divergence(m, p)) - share * divergence(m, star)
    cross = eta * away @ known.skew @ (np.exp(p) - np.exp(m)) + eta * away @ (g - row)
    scale = 1e-12 * (1.0 + eta) * (1.0 + np.abs(p).max() + np.abs(star).max())
    assert abs(divergence(star, r) - (kept - cross + bracket)) <= scale
    assert -scale <= bracket <= eta**2 / 8.0 + scale


@given(cases())
def test_every_step_of_the_schedule_contracts_and_stays_below_its_bound(known):
    policies = trajectory(MixtureDescent(), known.game(), 60)
    left = [divergence(known.log_star, p) for p in policies]
    slack, descent = 1e-12 * (1.0 + np.abs(known.log_star).max()), theorem("ours.mixture_descent")
    for t in range(60):
        assert left[t + 1] <= (1.0 - 2.0 / (t + delay(known.tau))) * left[t] + slack
        assert left[t + 1] <= descent.value(horizon=t + 1, regularization=known.tau, initial_kl=left[0]) + slack


# ---------------------------------------------------------------- directions


def payoff_against(known, logits, opponent):
    """Return the regularised payoff of softmax(logits) against an opponent (n,)."""
    log_p = normalise(logits)
    return float(np.exp(log_p) @ known.skew @ opponent - known.tau * np.exp(log_p) @ (log_p - known.log_mu))


@given(cases(least=2), seeds)
def test_online_ipo_climbs_the_regularised_payoff(known, seed):
    """Central differences, and the loss of the paper: its gradient is -4 / tau times the direction."""
    log_p = np.log(random_policy(len(known.mu), np.random.default_rng(seed), 2.0))
    p, size, n = np.exp(log_p), 1e-5, len(known.mu)
    direction = (trajectory_step(OnlineIPO(1.0), known, log_p) - log_p) @ (np.eye(n) - 1.0 / n)

    def loss(logits):
        h = logits - known.log_mu
        target = known.skew / known.tau
        return p @ ((h[:, None] - h[None, :]) - target) ** 2 @ p

    for i, unit in enumerate(size * np.eye(n)):
        slope = (payoff_against(known, log_p + unit, p) - payoff_against(known, log_p - unit, p)) / (2.0 * size)
        assert slope == pytest.approx(direction[i], abs=1e-7)
        steep = (loss(log_p + unit) - loss(log_p - unit)) / (2.0 * size)  # of a quadratic: exact
        assert -known.tau / 4.0 * steep == pytest.approx(direction[i], abs=1e-7)


def trajectory_step(learner, known, log_p):
    """Return where one step from log_p leads."""
    params = learner.parameters(known.game())
    state = learner.start(params, known.log_mu)._replace(log_policy=log_p)
    return learner.step(params, state, 0, Ask(known.skew)).log_policy


@given(cases(least=2, most=5), seeds, shares)
def test_estimates_have_the_rows_direction_for_mean(known, seed, share):
    """Expectations over pairs and answers, enumerated."""
    rng = np.random.default_rng(seed)
    log_p, tau = np.log(random_policy(len(known.mu), rng)), known.tau
    mixed, h, n = geometric_mixture(log_p, known.log_mu, share), log_p - known.log_mu, len(known.mu)
    pairs, scores = np.zeros(n), np.zeros(n)
    for y in range(n):
        for other in range(n):
            for z in (0.0, 1.0):
                answer = known.preferences[y, other] if z else known.preferences[other, y]
                left, right, wins = np.array([y]), np.array([other]), np.array([z])
                law = np.exp(mixed[y] + mixed[other]) * answer
                pairs += law * pair_ascent(h, tau, left, right, wins)
                law = np.exp(log_p[y] + mixed[other]) * answer
                scores += law * score_ascent(log_p, wins - 0.5 - tau * h[left], left)
    advantage = known.skew @ np.exp(mixed) - tau * h
    size = 1e-13 * (1.0 + tau * np.abs(h).max())
    assert np.abs(pairs - ascent(mixed, advantage)).max() <= size
    assert np.abs(scores - ascent(log_p, advantage)).max() <= size


@given(cases(), shares)
def test_without_a_mixture_all_are_online_ipo(known, share):
    one = trajectory(OnlineIPO(share), known.game(), 6)
    for learner in (IPOMD(share, 0.0), NashMDGradient(share, 0.0)):
        assert np.abs(one - trajectory(learner, known.game(), 6)).max() <= 1e-12 * (1.0 + np.abs(one).max())


# ---------------------------------------------------------------- fixed points


def test_where_constant_mixtures_stop():
    """Known to 12 digits at eta = 1, tau = 0.1: Nash-MD, IPO-MD and Nash-MD-PG with b = 0.1 agree; b = 0 is p*."""
    expected = mixture_fixed_point(REFERENCE, 0.1, MU, 0.1)
    assert np.abs(np.exp(expected) - [0.451851321649, 0.167736612942, 0.380412065408]).max() < 1e-12
    assert kl(KNOWN.log_star, expected) == pytest.approx(6.146861e-4, rel=1e-6)
    for learner in (IPOMD(4.0, 0.1), NashMDGradient(4.0, 0.1)):
        last = trajectory(learner, KNOWN.game(), 1200)[-1]
        assert np.abs(np.exp(last) - np.exp(expected)).max() < 1e-10
    last = trajectory(OnlineIPO(4.0), KNOWN.game(), 1200)[-1]
    assert gap_tau(KNOWN.skew, last, KNOWN.log_mu, 0.1) < 1e-12


@given(cases(smallest=0.05), shares)
def test_the_mixture_is_the_equilibrium_of_another_weight(known, share):
    """A step of Nash-MD and the directions of IPO-MD and Nash-MD-PG vanish at the fixed point."""
    stop = mixture_fixed_point(known.preferences, known.tau, known.mu, share)
    size = 1e-9 * (1.0 + np.abs(stop).max()) / (1.0 - share)
    assert np.abs(trajectory_step(NashMD(share / known.tau), known, stop) - stop).max() <= size
    for learner in (IPOMD(1.0, share), NashMDGradient(1.0, share)):
        assert np.abs(trajectory_step(learner, known, stop) - stop).max() <= size


# ---------------------------------------------------------------- through simulate


@pytest.mark.parametrize("learner", ROWS, ids=lambda x: x.name)
def test_simulate_is_the_plain_loop(learner):
    check_simulation(learner)
    check_queries(learner)


GAME = PreferenceGame(REFERENCE, 12, 0.1, MU, Comparisons(20))
SAMPLED = [SampledOnlineIPO(2.0), SampledIPOMD(2.0, 0.3), SampledNashMDGradient(2.0, 0.3)]


def check_sampled_play(learner, rounds=12, steps=None):
    """`simulate` gives the divergences of the plain loop with pairs and answers from their definitions."""
    run = simulate(GAME, learner, repetitions=2, seed=9, checkpoints=list(range(1, rounds + 1)))
    for repetition in range(2):
        ask = SampledAsk(GAME, 9, repetition)
        found = (steps or plain_steps)(learner, ask, rounds)
        expected = [float(kl(GAME.log_equilibrium[0], log_p)) for log_p in found]
        assert run["kl"][repetition] == pytest.approx(expected, abs=1e-11)


def plain_steps(learner, ask, rounds):
    params = learner.parameters(GAME)
    state, found = learner.start(params, GAME.log_reference[0]), []
    for ask.t in range(rounds):
        state = learner.step(params, state, ask.t, ask)
        found.append(learner.policy(params, state))
    return found


@pytest.mark.parametrize("learner", [SAMPLED[0], *map(slow, SAMPLED[1:])], ids=lambda x: x.name)
def test_sampled_play_is_its_definition(learner):
    check_sampled_play(learner)


def as_written(learner, ask, rounds):
    """Nash-MP's loops as the paper nests them: outer steps, two halves, inner rounds; returns pi_k after each round."""
    log_mu, tau, weight = GAME.log_reference[0], GAME.regularization, learner.prox_weight
    outer, found, ask.t = log_mu, [], 0
    for _ in range(rounds // (2 * learner.inner_rounds)):
        opponent = outer
        for _half in range(2):
            theta = outer
            for _ in range(learner.inner_rounds):
                log_p = laws.softmax(theta)
                y, other = ask.sample(log_p, 0), ask.sample(opponent, 1)
                z, direction = ask.compare(y, other), np.zeros(len(theta))
                for action, answer in zip(y, z):
                    gain = answer - 0.5 - tau * (log_p - log_mu)[action] - weight * (log_p - outer)[action]
                    direction += gain * (np.eye(len(theta))[action] - np.exp(log_p)) / len(y)
                theta = log_p + learner.learning_rate * direction
                found.append(outer)
                ask.t += 1
            opponent = laws.softmax(theta)
        outer = found[-1] = opponent
    return found


LOOPS = SampledNashMP(0.5, 3, 0.8)


def check_loops(learner):
    """Step by step the learner is where the nested loops are."""
    found, expected = plain_steps(learner, SampledAsk(GAME, 9, 0), 12), as_written(LOOPS, SampledAsk(GAME, 9, 0), 12)
    assert np.abs(np.array(found) - expected).max() < 1e-12


def test_sampled_nash_mp_nests_its_loops_as_written():
    check_loops(LOOPS)
    check_sampled_play(LOOPS, steps=as_written)


@given(cases(least=2, most=4), seeds)
def test_inner_steps_climb_the_half_steps_objective(known, seed):
    """The mean over draws, enumerated, is the gradient of <p, P v> - tau KL(p || mu) - lambda KL(p || pi_k)."""
    rng, n = np.random.default_rng(seed), len(known.mu)
    inner, outer, opponent = np.log([random_policy(n, rng) for _ in range(3)])
    params = SampledNashMP(0.5, 3, 1.0).parameters(known.game())
    state, mean = SampledNashMPState(inner, outer, opponent, known.log_mu), np.zeros(n)
    for y in range(n):
        for other in range(n):
            for z in (0.0, 1.0):
                answer = known.preferences[y, other] if z else known.preferences[other, y]
                moved = inner_step(params, state, Fixed(y, other, z)) - inner
                mean += np.exp(inner[y] + opponent[other]) * answer * (moved - moved.mean())
    advantage = known.skew @ np.exp(opponent) - known.tau * (inner - known.log_mu) - 0.5 * (inner - outer)
    expected = ascent(inner, advantage)
    assert np.abs(mean - (expected - expected.mean())).max() <= 1e-12 * (1.0 + np.abs(inner).max())


class Fixed:
    """Feedback that was fixed beforehand."""

    def __init__(self, y, other, z):
        self.drawn, self.z = (y, other), z

    def sample(self, log_policy, side):
        return np.array([self.drawn[side]])

    def compare(self, left, right):
        return np.array([self.z])


@pytest.mark.parametrize(("inner", "rate", "known"), [(50, 0.5, 1.5e-3), (200, 0.3, 3.4e-3)])
def test_noise_beside_runs_of_another_program(inner, rate, known):
    """Mean KL after 25 outer steps of 32 comparisons per round: theirs of 5 runs; six standard errors, seed fixed."""
    game = replace(GAME, horizon=50 * inner, feedback=Comparisons(32))
    final = simulate(game, SampledNashMP(0.5, inner, rate), repetitions=64, checkpoints=[50 * inner]).final("kl")
    error = (final.var(ddof=1) * (1 / 64 + 1 / 5)) ** 0.5
    assert abs(final.mean() - known) < 6.0 * error


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: OnlineIPO(0.0), ValueError, r"learning_rate must be finite and in \(0, inf\)"),
        (lambda: IPOMD(1.0, 1.5), ValueError, r"mixture must be finite and in \[0, 1\], got 1.5"),
        (lambda: SampledNashMP(inner_rounds=0), ValueError, "inner_rounds must be at least 1, got 0"),
        (lambda: mixture_fixed_point(REFERENCE, 0.1, MU, 1.0), ValueError, r"mixture must be finite and in \[0, 1\)"),
        (lambda: MixtureDescent().parameters(KNOWN.game(tau=0.0)), ValueError, "regularization must be finite and in"),
        (lambda: MixtureDescent(11.0).parameters(KNOWN.game()), ValueError, "learning_rate must be finite and in"),
        (lambda: simulate(GAME, OnlineIPO()), TypeError, "OnlineIPO learns from ExactRow or NoisyRow feedback"),
        (
            lambda: simulate(KNOWN.game(), SampledNashMP()),
            TypeError,
            "SampledNashMP learns from Comparisons feedback, but the problem gives ExactRow",
        ),
    ],
)
def test_wrong_uses(call, error, message):
    with pytest.raises(error, match=message):
        call()
