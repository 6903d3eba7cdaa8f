"""Perturbed leaders: resampling, propensities, noise and the law of a leader against known answers.

Monte-Carlo checks use Hoeffding's radius at a false-alarm probability of 1e-9 each, with fixed seeds.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.core.rng import LEARNER
from bandits.one_sided import InstanceFtpl
from bandits.one_sided.perturbed_leader import _make_wait, laplace
from bandits.one_sided.problem import Report
from bandits.one_sided.reduction import risk_weight
from tests.bandits.one_sided.strategies import games
from tests.bandits.one_sided.test_learners import radius, recorded
from tests.drivers import plain, stream_of


@pytest.mark.parametrize(
    ("q", "cap", "mean", "square"), [(0.3, 5, 2.7731, 10.1119), (0.1, 20, 8.784233454094307, 118.26977379156418)]
)
def test_geometric_resampling(q, cap, mean, square):
    """J = min(L, first acceptance), from the learner's own text over every position of the first acceptance."""
    moments = [0.0, 0.0]
    for first in range(1, cap + 1):
        calls = itertools.count(1)
        wait = _make_wait(lambda *_, calls=calls: next(calls), lambda setting, h, cell, first=first: int(h == first))
        params = LeadersLike(resamples=cap)
        state = LeadersLike(waited=np.zeros(2, np.int64))
        plain(wait)(params, state, 0, Report(np.arange(2), None, np.array([1, 0]), None, -1, -1), None)
        assert state.waited.tolist() == [first, 0]
        chance = q * (1 - q) ** (first - 1) if first < cap else (1 - q) ** (cap - 1)
        moments = [moments[0] + chance * first, moments[1] + chance * first**2]
    assert moments == pytest.approx([mean, square], rel=1e-9)
    r = 1 - q
    closed = ((1 + r) - (2 * cap + 1) * r**cap + (2 * cap - 1) * r ** (cap + 1)) / q**2
    assert moments == pytest.approx([(1 - r**cap) / q, closed], rel=1e-12)
    assert q * r**cap <= 1 / (math.e * cap)


class LeadersLike:
    """Stub of the learner's parameters or state."""

    leaders, hypotheses = 1, None

    def __init__(self, **fields):
        self.__dict__.update(fields)


@pytest.mark.parametrize(
    ("q", "n", "seen", "inverse"),
    [
        (0.3, 5, 0.83193, 2.8308675),
        (0.1, 20, 0.8784233454094308, 10.135457754142246),
        (0.02, 50, 0.6358303199128832, 24.449345069118095),
    ],
)
def test_empirical_propensities(q, n, seen, inverse):
    """1 / pi^ with B of R leaders accepting: E[weight] has the bias of resampling with L = R."""
    chance = [math.comb(n, b) * q**b * (1 - q) ** (n - b) for b in range(n + 1)]
    weights = [0.5 * (plain(risk_weight)(0, 1, b / n) + 1.0) for b in range(1, n + 1)]  # 1 / pi^
    assert sum(c * b / n * w for c, b, w in zip(chance[1:], range(1, n + 1), weights, strict=True)) == pytest.approx(
        seen
    )
    assert sum(c * w for c, w in zip(chance[1:], weights, strict=True)) == pytest.approx(inverse)
    assert inverse <= min(2 / q, n)


def test_laplace_quantiles():
    u = np.arange(2**12) / 2**12
    values = np.array([plain(laplace)(float(x), 2.0) for x in u])
    centre = (u - 0.5) + 2.0**-54
    assert values == pytest.approx(-np.sign(centre) * np.log(1 - 2 * np.abs(centre)) / 2.0, abs=1e-12)
    assert np.isfinite([plain(laplace)(float(x), 1.0) for x in (0.0, 1.0 - 2.0**-53)]).all()
    assert plain(laplace)(0.0, 1.0) == -plain(laplace)(1.0 - 2.0**-53, 1.0)


@pytest.fixture(scope="module")
def leader_law():
    """The compiled law of a leader at given weights: 200 000 leaders of one round."""
    game = recorded([[1, 1], [0, 1], [0, 0]], [[0, 1]], [[1, 1]])
    act = InstanceFtpl(0.0).steps_for(game).act
    params = InstanceFtpl(0.0, leaders=200_000, perturbation=1.0).parameters(game)
    states = plain(InstanceFtpl(0.0).steps_for(game).init)(params, None)

    def law(risk, rate, noises=1):
        states.risk[:] = risk
        given = params._replace(perturbation=float(rate), noises=noises)
        play = act(given, states, 0, stream_of(11, 0, LEARNER))
        return np.bincount(play.atoms, minlength=3) / len(play.atoms)

    return law


@pytest.mark.parametrize(
    ("risk", "rate", "expected"),
    [
        ((0.0, 0.0), 1.0, (3 / 8, 1 / 4, 3 / 8)),
        ((1.0, -0.5), 1.0, (0.15604845056716746, 0.5685774895950696, 0.275374059837763)),
        ((0.7, 0.2), 0.5, (0.2550512606681822, 0.29301167111253645, 0.45193706821928137)),
    ],
)
def test_law_of_a_leader_on_two_points(leader_law, risk, rate, expected):
    assert np.abs(leader_law(risk, rate) - expected).max() <= radius(200_000) * 1.1  # three comparisons


@pytest.mark.parametrize(
    ("risk", "noises", "expected"),
    [
        (0.5, 1, 0.3032653298563167),
        (2.0, 1, 0.06766764161830635),
        (-1.0, 1, 0.8160602794142788),
        (0.5, 2, 0.37908166232039586),
        (1.0, 2, 0.27590958087858175),
    ],
)
def test_law_of_a_leader_on_one_point(leader_law, risk, noises, expected):
    """P(accept), with the other point pinned at a weight that always accepts it."""
    assert abs(leader_law((risk, -1e6), 1.0, noises)[0] - expected) <= radius(200_000)


@settings(max_examples=40)
@given(st.data())
def test_be_the_leader(data):
    """Fixed noise: sum [f(h_t) - f(h*)] <= sum [f(h_t) - f(h_{t+1})] + xi(h*) - xi(h_1), by the class's own oracle."""
    game = data.draw(games())
    table, oracle = game.table.astype(float), plain(game.hypotheses.steps.minimise)
    setting, n = game.hypotheses.setting(game.people), game.hypotheses.n_cells(game.people)
    reals = st.floats(-3.0, 3.0)
    noise, *rounds_ = (np.array(data.draw(st.lists(reals, min_size=n, max_size=n))) for _ in range(6))
    leaders = [oracle(setting, noise + sum(rounds_[:t])) for t in range(6)]
    for h in range(game.n_hypotheses):
        left = sum(f @ (table[:, a] - table[:, h]) for f, a in zip(rounds_, leaders, strict=False))
        moves = sum(
            f @ (table[:, a] - table[:, b]) for f, (a, b) in zip(rounds_, itertools.pairwise(leaders), strict=True)
        )
        assert left <= moves + noise @ (table[:, h] - table[:, leaders[0]]) + 1e-9
