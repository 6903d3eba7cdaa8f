"""Numbers known from elsewhere, to the digits that are known."""

import numpy as np
import pytest

from bandits.preference import (
    COMAL,
    INPO,
    MPO,
    OMWU,
    ONPO,
    HedgeSelfPlay,
    NashMD,
    NashMP,
    NashProx,
    games,
    least_prox_weight,
    stability,
)
from bandits.preference.measures import gap0, gap_tau, kl
from bandits.preference.prox import prox
from bandits.preference.self_play.conventions import weight_from_magnet_step
from tests.bandits.preference.self_play.known_answers import ROWS, check_first_policies
from tests.bandits.preference.self_play.playing import MU, REFERENCE, Ask, case, trajectory

KNOWN = case()


@pytest.mark.parametrize("name", ROWS)
def test_first_policies(name):
    check_first_policies(*ROWS[name])


def test_half_steps_of_nash_mp():
    policies = trajectory(NashMP(0.5), KNOWN.game(), 2)
    half = [prox(p, KNOWN.skew @ np.exp(p), KNOWN.log_mu, 0.1, 0.5) for p in policies]
    expected = [
        [0.539681255801, 0.248014300501, 0.212304443697],
        [0.550687942477, 0.210375720590, 0.238936336933],
        [0.548765874542, 0.185692626024, 0.265541499434],
    ]
    assert np.abs(np.exp(half) - expected).max() < 1e-12


@pytest.mark.parametrize(
    ("learner", "divergences", "gaps"),
    [
        (
            INPO(2.5),
            [0.083334310680, 0.077512457788, 0.072112508347],
            [0.036306994195, 0.032920882180, 0.029975697224],
        ),
        (
            NashMP(0.5),
            [0.059226485905, 0.039411769064, 0.026244514715],
            [0.024343058083, 0.016069855992, 0.011177853711],
        ),
        (NashMD(), [0.117195271681, 0.068239479295, 0.046049120905], None),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_first_divergences(learner, divergences, gaps):
    policies = trajectory(learner, KNOWN.game(), 3)[1:]
    assert np.abs(kl(KNOWN.log_star, policies) - divergences).max() < 1e-12
    if gaps:
        assert np.abs(gap_tau(KNOWN.skew, policies, KNOWN.log_mu, 0.1) - gaps).max() < 1e-12


@pytest.mark.parametrize(
    ("mu", "average", "gap"),
    [
        (MU, [0.343773920452, 0.149699672747, 0.506526406801], 0.077629699082),
        ([1 / 3] * 3, [0.311816956980, 0.241419412124, 0.446763630896], 0.028159017942),
    ],
)
def test_average_of_hedge(mu, average, gap):
    known = case(mu=mu)
    found = np.exp(trajectory(HedgeSelfPlay(0.3), known.game(), 99)).mean(axis=0)
    assert np.abs(found - average).max() < 1e-12
    assert gap0(known.skew, found) == pytest.approx(gap, abs=1e-12)


@pytest.mark.parametrize(
    ("learner", "iterations"),
    [(INPO(2.5), 263), (INPO(0.1474), 39), (NashMP(0.5), 48), (NashMP(least_prox_weight(0.1)), 43)],
)
def test_rounds_to_a_gap_of_1e_10(learner, iterations):
    policies = trajectory(learner, KNOWN.game(), iterations)
    gaps = gap_tau(KNOWN.skew, policies, KNOWN.log_mu, 0.1)
    assert gaps[-1] < 1e-10 <= gaps[-2]


@pytest.mark.parametrize(
    ("rate", "bias", "digits"),
    [
        (0.1, 5.65e-6, 1e-2),
        (0.5, 1.467122e-4, 1e-6),
        (1.0, 6.146861e-4, 1e-6),
        (2.0, 2.681579e-3, 1e-6),
        (5.0, 2.040246e-2, 1e-6),
    ],
)
def test_nash_md_with_a_constant_step_stops_beside_the_equilibrium(rate, bias, digits):
    last = trajectory(NashMD(rate), KNOWN.game(), round(400 / rate))[-1]
    assert kl(KNOWN.log_star, last) == pytest.approx(bias, rel=digits)
    if rate == 1.0:
        assert np.abs(np.exp(last) - [0.451851321649, 0.167736612942, 0.380412065408]).max() < 1e-12


def test_a_cycle_of_three():
    """Hedge leaves the equilibrium, INPO stops at the regularised one, OMWU reaches the game's own."""
    for mu, hedge, inpo in (([1 / 3] * 3, 0.302, 0.024489777240), ([0.2, 0.5, 0.3], 0.631, 0.058827738278)):
        cycle = case(games.comal_cycle(), mu)
        last = {
            learner: float(gap0(cycle.skew, np.exp(trajectory(learner, cycle.game(), rounds)[-1])))
            for learner, rounds in ((HedgeSelfPlay(0.3), 1000), (INPO(1 / 0.3 - 0.1), 3000), (OMWU(0.5), 2000))
        }
        assert last[HedgeSelfPlay(0.3)] == pytest.approx(hedge, abs=5e-4)
        assert last[INPO(1 / 0.3 - 0.1)] == pytest.approx(inpo, abs=1e-12)
        assert last[OMWU(0.5)] < 5e-6


@pytest.mark.parametrize(
    ("learner", "tau", "outers"),
    [
        (
            NashProx(0.5, 400),
            0.1,
            [
                [0.529588120910, 0.249412192231, 0.220999686859],
                [0.541771991028, 0.214200502844, 0.244027506128],
                [0.542070002467, 0.190395556962, 0.267534440571],
            ],
        ),
        (
            COMAL(0.1, 800),
            0.0,
            [
                [0.446798045940, 0.180856128808, 0.372345825252],
                [0.313707586554, 0.195833833520, 0.490458579926],
                [0.251271299848, 0.252274505879, 0.496454194274],
            ],
        ),
    ],
    ids=["Nash-Prox", "COMAL"],
)
def test_proximal_points(learner, tau, outers):
    rounds = learner.inner_rounds
    found = np.exp(trajectory(learner, KNOWN.game(tau=tau), 3 * rounds))[rounds::rounds]
    assert np.abs(found - outers).max() < 1e-12
    if tau == 0.0:  # the gap is not monotone; only the divergence is
        gaps = [0.106376766853, 0.047149501214, 0.047818897801]
        assert np.abs(gap0(KNOWN.skew, found) - gaps).max() < 1e-12


def test_a_magnet_that_follows():
    """MMD of weight 0.1 and step 1 whose magnet moves to the policy after every second round, as MPO's does."""
    expected = [
        [0.522150231675, 0.270879799282, 0.206969969043],
        [0.538499531242, 0.245847269338, 0.215653199420],
        [0.552653803730, 0.220337886211, 0.227008310059],
    ]
    found = np.exp(trajectory(MPO(0.1, 2, weight_from_magnet_step(1.0)), KNOWN.game(tau=0.0), 3))[1:]
    assert np.abs(found - expected).max() < 1e-12


def test_centres_of_onpo():
    expected = [
        [0.515354936674, 0.279787458163, 0.204857605163],
        [0.526820701466, 0.261461431239, 0.211717867296],
        [0.535616348029, 0.245326347175, 0.219057304795],
    ]
    params, ask = ONPO(1.5).parameters(KNOWN.game()), Ask(KNOWN.skew)
    state, found = ONPO.start(params, KNOWN.log_mu), []
    for t in range(3):
        state = ONPO.step(params, state, t, ask)
        found.append(np.exp(state.log_centre))
    assert np.abs(np.array(found) - expected).max() < 1e-12


def test_the_schedule_of_nash_md_is_slow():
    last = trajectory(NashMD(), KNOWN.game(), 20_000)[-1]
    assert float(gap_tau(KNOWN.skew, last, KNOWN.log_mu, 0.1)) == pytest.approx(4.0e-10, rel=0.02)


@pytest.mark.parametrize(
    ("mu", "gaps"),
    [([1 / 3] * 3, [1.67e-2, 9.8e-4, 2.4e-5, 1.7e-8]), ([0.2, 0.5, 0.3], [0.103, 5.5e-3, 1.1e-4, 6.7e-8])],
)
def test_comal_on_its_own_cycle(mu, gaps):
    """After 1, 5, 10 and 20 outer rounds of 50, to the two digits that are known."""
    cycle = case(games.comal_cycle(), mu)
    found = np.exp(trajectory(COMAL(0.1, 50, 1 / 0.3 - 0.1), cycle.game(tau=0.0), 1000))
    for outer, gap in zip((1, 5, 10, 20), gaps):
        assert float(gap0(cycle.skew, found[50 * outer])) == pytest.approx(gap, rel=0.03)


def test_two_actions_have_closed_forms():
    p, tau, mu = 0.8, 0.3, np.array([0.6, 0.4])
    two = case([[0.5, p], [1 - p, 0.5]], mu, tau)
    assert np.abs(np.exp(two.log_star) - [0.803049686686, 0.196950313314]).max() < 1e-12
    start = odds = np.log(mu[0] / mu[1])
    eta, expected, mixed = 1.7, [start], [start]
    for _ in range(20):
        odds += (p - 0.5 - tau * (odds - start)) / eta
        expected.append(odds)
        mixed.append((1 - tau) * mixed[-1] + tau * start + (p - 0.5))
    for learner, known in ((INPO(eta - tau), expected), (NashMP(eta - tau), expected), (NashMD(1.0), mixed)):
        found = trajectory(learner, two.game(), 20)
        assert np.abs(found[:, 0] - found[:, 1] - known).max() < 1e-13


def test_stability_of_inpo():
    local = stability(REFERENCE, np.exp(KNOWN.log_star), 0.1)
    assert local.frequency == pytest.approx(0.121420923669, abs=1e-12)
    assert local.threshold == pytest.approx(0.123715203524, abs=1e-12)
    assert local.best == pytest.approx(0.247430407047, abs=1e-12)
    assert local.best_factor == pytest.approx(0.771910587, abs=1e-9)
    circle = stability(games.rock_paper_scissors(), [1 / 3] * 3, 0.1)
    assert circle.threshold == pytest.approx(0.466666667, abs=1e-9)


def test_local_factors_on_rock_paper_scissors():
    """From close to the equilibrium the distance shrinks by the spectral radius per round, to 8 digits."""
    mu = np.exp([1e-6, -1e-6, 0.0])
    cycle = case(games.rock_paper_scissors(), mu / mu.sum())
    eta, turn = 0.6, 12**-0.5 / 0.6 * 1j
    ahead = 1 - 0.1 / eta + turn  # INPO's step on the two eigenvectors, and Nash-MP's look ahead
    factors = {INPO(0.5): abs(ahead), NashMP(0.5): abs(1 - 0.1 / eta + turn * ahead)}
    assert factors[NashMP(0.5)] == pytest.approx(0.723171266, abs=1e-9)
    for learner, factor in factors.items():
        offset = trajectory(learner, cycle.game(), 10) - cycle.log_star
        size = np.linalg.norm(offset - offset.mean(axis=1, keepdims=True), axis=1)
        assert np.abs(size[1:] / size[:-1] - factor).max() < 1e-4 * factor
