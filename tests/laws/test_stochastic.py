"""The law of the next action of every stochastic learner after every history, against NumPy from the papers."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.special import betainc

from bandits.core.beta import beta_draw
from bandits.core.rng import LEARNER
from bandits.stochastic import (
    ETC,
    KLUCB,
    MOSS,
    UCB,
    UCB1,
    UCBV,
    BetaThompson,
    DiscountedUCB,
    EpsilonGreedy,
    GaussianThompson,
    SlidingWindowUCB,
    SuccessiveElimination,
)
from bandits.stochastic.kl_ucb import _index, kl_index
from bandits.stochastic.thompson import chance_below, draw_below
from tests.bandits.stochastic.histories import histories, marginals
from tests.drivers import plain, stream_of
from tests.laws.test_streams import Watch, watched
from theory.agreement import compare
from theory.stochastic.bounds.divergence import bernoulli_kl
from theory.stochastic.exact import play, record_of
from theory.stochastic.exact.policies import LAWS, Record, each_once

TWO = ([0.0, 1.0], np.array([[0.4, 0.6], [0.7, 0.3]]))
THREE = ([0.0, 0.25, 1.0], np.array([[0.2, 0.5, 0.3], [0.0, 1.0, 0.0], [0.5, 0.0, 0.5]]))
BY_COUNTS = [
    (UCB1(), 8),
    (UCB1(0.3), 8),
    (UCB(), 8),
    (UCB(0.1, sigma=0.25), 6),
    (MOSS(), 8),
    (UCBV(), 7),
    (UCBV(0.2, 0.1), 8),
    (KLUCB(), 6),
    (KLUCB("book"), 6),
    (EpsilonGreedy(0.3), 5),
    (EpsilonGreedy(2.5, 1.0), 5),
    (ETC(2), 8),
    (ETC(), 7),
    (SuccessiveElimination(0.1), 8),
]


def params_of(learner, weights, horizon):
    return learner.parameters(type("Problem", (), {"n_actions": len(weights), "horizon": horizon}))


def law_after(law, history, values, shape):
    """Return a law's answer after a history, its memory carried along."""
    counts, memory = np.zeros((1, *shape), np.int64), np.zeros(1, np.int64)
    for t in range(len(history) + 1):
        answer = law(t + 1, record_of(counts, np.array(values), memory))
        p, memory = answer if isinstance(answer, tuple) else (answer, memory)
        if t < len(history):
            counts[0][history[t]] += 1
    return p[0]


@pytest.mark.parametrize(("learner", "horizon"), BY_COUNTS, ids=lambda x: repr(x) if isinstance(x, int) else x.name)
@pytest.mark.parametrize("losses", [TWO, THREE], ids=["two actions", "three actions"])
def test_laws_by_counts_are_those_of_the_code_and_add_up(learner, horizon, losses):
    """For every history the code's next action has the law of `theory.stochastic`; so have all rounds, to 1e-12."""
    values, weights = losses
    horizon -= 2 * (len(weights) == 3)
    law = LAWS[learner.exact](params_of(learner, weights, horizon))
    nodes = list(histories(learner, values, weights, horizon))
    for _, history, found in nodes:
        np.testing.assert_allclose(found, law_after(law, history, values, weights.shape), atol=1e-12)
    exact = play(values, weights, horizon, law)
    np.testing.assert_allclose(exact.probabilities, marginals(nodes, horizon, len(weights)), atol=1e-12)
    np.testing.assert_allclose(exact.probabilities.sum(axis=1), 1.0, atol=1e-12)


# ---------------------------------------------------------------- Thompson sampling, with two-valued posteriors


def two_valued(center, spread):
    """Return the law that plays the least of independent center(record) -+ spread(record), fair signs."""

    def law(t, record):
        means, widths = center(record), spread(record)
        p = np.zeros_like(means)
        for signs in product((-1.0, 1.0), repeat=means.shape[1]):
            p[np.arange(len(p)), (means + np.array(signs) * widths).argmin(axis=1)] += 0.5 ** len(signs)
        return p

    return law


def beta_atom(draws, a, b, rng, t, index, step):
    assert step >= 2
    return 1e-3 * (index % step) + a / (a + b) + (-1.0 if draws.uniform(rng, t, index) < 0.5 else 1.0) / (a + 2.0 * b)


def no_edge(draws, a, b, edge):
    return 2.0


def test_beta_thompson_compares_draws_of_its_posteriors():
    """Losses of 1/4 count as 1 with that probability: the law is that of losses 0 and 1 with the same means."""
    ones = lambda record: np.nan_to_num(record.mean) * record.plays  # noqa: E731
    law = two_valued(
        lambda r: (1.0 + ones(r)) / (2.0 + r.plays) + 1e-3 * np.arange(2),
        lambda r: 1.0 / (3.0 + ones(r) + 2.0 * (r.plays - ones(r))),
    )
    for values, weights in (TWO, ([0.25, 1.0], np.array([[0.5, 0.5], [1.0, 0.0]]))):
        means = weights @ values
        nodes = list(histories(BetaThompson(), values, weights, 4, beta_draw=beta_atom, chance_below=no_edge))
        exact = play([0.0, 1.0], np.stack([1.0 - means, means], axis=1), 4, law)
        found = marginals(nodes, 4, 2)
        np.testing.assert_allclose(found, exact.probabilities, atol=1e-12)


def test_beta_thompson_draws_few_actions_by_the_law_of_all():
    """Far from the least mean actions are drawn only below an edge. Chernoff's bound; false alarm 1e-9."""
    plays, ones, rounds = np.array([900.0, 100.0, 60.0]), np.array([360.0, 52.0, 32.0]), 2500
    init, act, _ = (plain(step) for step in BetaThompson.steps)
    params, rng = params_of(BetaThompson(), plays, 0), stream_of(2, 0, 0)
    state = init(params, rng)
    state.counts.plays[:], state.counts.total[:] = plays, ones
    counts = np.bincount([act(params, state, t, rng) for t in range(rounds)], minlength=3)
    assert (state.chance[1:] < 0.25).all()
    law = LAWS["beta_thompson"](params)(
        int(plays.sum()) + 1, Record(plays[None], ones[None] / np.maximum(plays, 1.0), None, None)
    )
    assert compare(counts[None], law, rounds, 1e-9).against == ""


@pytest.mark.parametrize(("a", "b"), [(1, 1), (1, 7), (9, 1), (2, 2), (3, 40), (400, 700)])
def test_beta_draws(a, b):
    """The empirical distribution function is within the bound of Dvoretzky, Kiefer and Wolfowitz; false alarm 1e-9."""
    drawn = np.sort([plain(beta_draw)(float(a), float(b), stream_of(6, r, 0), 3, 1, 2) for r in range(3000)])
    gap = np.arange(3000) / 3000 - betainc(a, b, drawn)
    assert max(gap.max() + 1 / 3000, -gap.min()) <= math.sqrt(math.log(2e9) / 6000)


def test_chances_below_an_edge_bound_the_distribution_function():
    for a, b, edge in ((30, 40, 0.2), (1, 50, 1e-4), (60, 1, 0.9), (5, 5, 0.05)):
        chance = plain(chance_below)(float(a), float(b), edge)
        assert betainc(a, b, edge) <= chance * (1 + 1e-9)
        assert chance <= 2.0 * betainc(a, b, edge)
    assert plain(chance_below)(30.0, 40.0, 0.42) == 2.0
    assert plain(chance_below)(30.0, 40.0, 0.6) == 2.0


@pytest.mark.parametrize("flat", [False, True])
def test_gaussian_thompson_compares_draws_of_its_posteriors(flat):
    learner, prior = GaussianThompson(0.3, 0.2, flat), 0.0 if flat else 1.0
    seen = lambda r: np.maximum(r.plays + prior, 1e-9)  # noqa: E731
    law = two_valued(
        lambda r: (np.nan_to_num(r.mean) * r.plays + prior * 0.2) / seen(r), lambda r: 0.3 / np.sqrt(seen(r))
    )
    law = each_once(law) if flat else law
    nodes = histories(learner, *TWO, 5, normal_quantile=lambda draws, u: -1.0 if u < 0.5 else 1.0)
    for _, history, found in nodes:
        np.testing.assert_allclose(found, law_after(law, history, TWO[0], (2, 2)), atol=1e-12)


# ---------------------------------------------------------------- recent rounds, and parts


def forgetful(history, values, t, weight, square):
    """Return the action of least mean - sqrt(square / N) where the round s back counts weight(s)."""
    plays, total = np.zeros(2), np.zeros(2)
    for s, (arm, j) in enumerate(history):
        plays[arm] += weight(t - 1 - s)
        total[arm] += weight(t - 1 - s) * values[j]
    if (plays == 0.0).any():
        return int(plays.argmin())
    return int((total / plays - np.sqrt(square(plays) / plays)).argmin())


def test_recent_rounds_count():
    values, weights = [0.0, 0.7, 1.0], np.array([[0.2, 0.5, 0.3], [0.5, 0.0, 0.5]])
    for _, history, law in histories(SlidingWindowUCB(3, 0.4), values, weights, 8):
        t = len(history)
        square = 0.4 * math.log(min(t + 1, 3))
        assert law[forgetful(history, values, t, lambda s: float(s < 3), lambda plays, x=square: x)] == 1.0
    for _, history, law in histories(DiscountedUCB(0.8, 0.1), values, weights, 7):
        square = lambda plays: 0.4 * math.log(plays.sum())  # noqa: E731
        assert law[forgetful(history, values, len(history), lambda s: 0.8**s, square)] == 1.0


def test_tuned_numbers():
    at = params_of(SlidingWindowUCB(), TWO[1], 100)
    assert at.window == math.ceil(2.0 * math.sqrt(100 * math.log(100)))
    assert params_of(DiscountedUCB(), TWO[1], 100).discount == 1.0 - 1.0 / 40.0
    assert params_of(ETC(), TWO[1], 54).pulls == 9
    assert params_of(MOSS(0.25), THREE[1], 54)[1:] == (0.0, 0.25, 18.0, 0.25)
    assert params_of(SuccessiveElimination(0.25), THREE[1], 54).log_term == pytest.approx(0.25 * math.log(6 * 54**2))


@pytest.mark.parametrize("mean", [1e-12, 0.001, 0.2, 0.5, 0.99, 1.0 - 1e-12])
@pytest.mark.parametrize("level", [0.0, 1e-9, 0.01, 0.7, 30.0])
def test_index_of_kl_ucb_is_a_root(mean, level):
    q = plain(kl_index)(mean, level)
    assert 0.0 <= q <= mean
    if level == 0.0:
        assert q == mean
    elif q > 1e-300:
        assert bernoulli_kl(np.array(mean), q) == pytest.approx(level, rel=1e-6, abs=1e-13)
    assert plain(kl_index)(0.0, level) == 0.0
    assert plain(kl_index)(1.0, level) == math.exp(-level)


@pytest.mark.parametrize("mean", [0.0, 0.2, 0.7, 1.0])
def test_tangents_of_kl_ucb_are_below_its_index_at_later_levels(mean):
    state = plain(KLUCB.steps.init)(params_of(KLUCB(), TWO[1], 9), None)
    state.counts.mean[1], state.counts.plays[1] = mean, 20.0
    q = plain(_index)(state, 1, 2.0)
    line = lambda level: state.counts.derived[1] + state.slope[1] * level  # noqa: E731
    assert line(2.0) == pytest.approx(q, abs=1e-12) == plain(kl_index)(mean, 0.1)
    assert line(2.0 + 1e-5) == pytest.approx(plain(kl_index)(mean, (2.0 + 1e-5) / 20.0), abs=1e-9)
    assert line(5.0) <= plain(kl_index)(mean, 0.25)


def test_draws_below_an_edge():
    """P(draw <= x) = P(Beta <= x) / Q below the edge. Hoeffding's bound; false alarm 1e-9."""
    a, b, edge = 30.0, 40.0, 0.34
    drawn = np.array([plain(draw_below)(a, b, edge, stream_of(6, r, 0), 3, 1) for r in range(3000)])
    assert ((drawn <= edge) | (drawn == 2.0)).all()
    for x in (0.28, 0.31, edge):
        expected = betainc(a, b, x) / plain(chance_below)(a, b, edge)
        assert abs((drawn <= x).mean() - expected) <= math.sqrt(math.log(6e9) / 6000)


def test_beta_thompson_uses_no_draw_twice(monkeypatch):
    """Of actions, coins of edges and coins of losses."""
    watch = Watch()
    init, act, update = (watched(step, watch, monkeypatch) for step in BetaThompson.steps)
    params, rng = params_of(BetaThompson(), np.zeros((4, 1)), 0), stream_of(7, 0, LEARNER)
    state = init(params, rng)
    state.counts.plays[:], state.counts.total[:] = (900.0, 60.0, 60.0, 60.0), (360.0, 33.0, 33.0, 33.0)
    for t in range(60):
        state = update(params, state, t, act(params, state, t, rng), 0.5, rng)
    seen = [(t, index) for (_, _, _, t, index), n in watch.seen.items() for _ in range(n)]
    assert len(set(seen)) == len(seen)
    assert sum(index > 2**31 for _, index in seen) > 60  # the coins of losses, and draws below edges
