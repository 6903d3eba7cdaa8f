"""The law of the next action of every stochastic learner after every history, against NumPy from the papers."""

import math
from itertools import product

import numpy as np
import pytest
from scipy.special import betainc, betaincinv

from bandits.core.beta import beta_draw
from bandits.core.rng import ENVIRONMENT, LEARNER, uniform
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
from bandits.stochastic.thompson import _beyond_fence, _set_fence, chance_below, draw_below
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


def beta_atom(draws, a, b, low, high, rng, t, index, step):
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


PLAYED = (
    np.array([900.0, 60.0, 60.0, 60.0]),
    np.array([360.0, 31.0, 31.0, 31.0]),
)  # plays and losses; the first is the leader
CLOSE = np.array([60.0, 50.0, 40.0]), np.array([18.0, 26.0, 22.0])
FEW = np.array([9.0, 15.0, 0.0]), np.array([1.0, 13.0, 0.0])


def thompson_after(plays, ones, fenced=True):
    """Return the parameters, a stream and the state after some plays, with a fence around the first action."""
    params, rng = params_of(BetaThompson(), plays, 0), stream_of(2, 0, LEARNER)
    state = plain(BetaThompson.steps.init)(params, rng)
    state.counts.plays[:], state.counts.total[:] = plays, ones
    if not fenced:
        return params, rng, state
    fence, others = plain(_set_fence)(state, 0)
    apart = others * (1.0 - state.chance[0])
    return params, rng, state._replace(fence=fence, others=others, apart=apart, due=np.inf)


def law_of_all(plays, ones):
    record = Record(plays[None], ones[None] / np.maximum(plays, 1.0), None, None)
    return LAWS["beta_thompson"](None)(int(plays.sum()) + 1, record)


@pytest.mark.parametrize(("plays", "ones", "fenced"), [(*PLAYED, False), (*CLOSE, True)])
def test_beta_thompson_draws_few_actions_by_the_law_of_all(plays, ones, fenced):
    """Far from the least mean actions are drawn only below an edge. Chernoff's bound; false alarm 1e-9."""
    rounds, act = 2500, plain(BetaThompson.steps.act)
    params, rng, state = thompson_after(plays, ones, fenced)
    counts = np.bincount([act(params, state, t, rng) for t in range(rounds)], minlength=len(plays))
    assert (state.counts.derived[1:] > 0.0).all()
    assert compare(counts[None], law_of_all(plays, ones), rounds, 1e-9).against == ""


@pytest.mark.parametrize(("plays", "ones"), [CLOSE, FEW])
def test_beta_thompson_beyond_its_fence(plays, ones):
    """The law of the rounds in which some draw may be beyond the fence, with that of the others, is the law of all.

    Chernoff's bound; false alarm 1e-9.
    """
    rounds, beyond = 4000, plain(_beyond_fence)
    params, rng, state = thompson_after(plays, ones)
    assert 0.5 < state.apart < 0.8
    coins = stream_of(2, 0, ENVIRONMENT)
    u = [state.apart + (1.0 - state.apart) * plain(uniform)(coins, t, 0) for t in range(rounds)]
    counts = np.bincount([beyond(params, state, u[t], rng, t) for t in range(rounds)], minlength=3)
    law = (law_of_all(plays, ones) - state.apart * np.eye(3)[0]) / (1.0 - state.apart)
    assert compare(counts[None], law, rounds, 1e-9).against == ""


def test_chances_beyond_a_fence_follow_the_posteriors():
    """After plays of all actions they are what they would be if computed anew, until too many draws are beyond."""
    params, rng, state = thompson_after(*CLOSE)
    counts, update = state.counts, plain(BetaThompson.steps.update)
    fence, plays = state.fence, ((0, 1.0), (0, 0.0), (1, 1.0), (2, 0.0), (0, 0.0), (2, 1.0))
    for t, (arm, loss) in enumerate(plays):
        state = update(params, state, t, arm, loss, rng)
        a, b = 1.0 + counts.total, 1.0 + counts.plays - counts.total
        chance = [plain(chance_below)(a[i], b[i], fence) for i in (1, 2)]
        chance = np.array([plain(chance_below)(b[0], a[0], 1.0 - fence), *chance])
        np.testing.assert_allclose(state.chance, chance, rtol=1e-12)
        np.testing.assert_allclose((state.others, state.apart), ((1 - chance)[1:].prod(), (1 - chance).prod()))
    for t in range(20):
        before = state
        state = update(params, state, t, 2, 0.0, rng)
        if state.apart == 0.0:
            break
    assert before.apart > 0.5
    assert (counts.derived == [-1.0, fence, -1.0]).all()
    assert state.due == counts.plays[2] + 16.0


def test_chances_that_would_underflow_are_followed_too():
    """Actions more than 50 deviations apart: a chance of 0 would stay 0 however many losses the leader has."""
    params, rng, state = thompson_after(np.array([2e5, 2e5]), np.array([1e4, 2.4e4]))
    counts, update, others = state.counts, plain(BetaThompson.steps.update), state.others
    assert state.chance[0] > 0.0
    for t in range(1500):
        state = update(params, state, t, 0, 1.0, rng)
    assert state.apart == others
    b, a = 1.0 + counts.plays[0] - counts.total[0], 1.0 + counts.total[0]
    np.testing.assert_allclose(state.chance[0], plain(chance_below)(b, a, 1.0 - state.fence), rtol=1e-9)


def test_a_fence_is_set_after_plays_of_one_action_in_a_row_and_set_anew_as_its_plays_grow():
    params, rng, state = thompson_after(np.array([40.0, 60.0, 0.0]), np.array([34.0, 40.0, 0.0]), fenced=False)
    update, due = plain(BetaThompson.steps.update), []
    state = update(params, state, 0, 0, 1.0, rng)
    for t in range(60):
        before = state
        state = update(params, state, t, 2, float(t % 4 == 0), rng)
        if state.fence != before.fence:
            due.append(t + 1)
            assert (state.counts.derived == [state.fence, state.fence, -1.0]).all()
            assert state.fence > 0.25
            assert state.apart > 0.5
            assert state.leader == 2
    assert due == [17, 36, 57]


@pytest.mark.parametrize(("a", "b"), [(1, 1), (1, 7), (9, 1), (2, 2), (3, 40), (400, 700)])
@pytest.mark.parametrize("part", [(0.0, 1.0), (0.3, 0.8)])
def test_beta_draws(a, b, part):
    """The empirical distribution function is within the bound of Dvoretzky, Kiefer and Wolfowitz; false alarm 1e-9.

    Draws between two quantiles have the law given that.
    """
    low, high = betaincinv(a, b, part)
    law = lambda x: (betainc(a, b, x) - part[0]) / (part[1] - part[0])  # noqa: E731
    draw, rounds = plain(beta_draw), 3000
    drawn = np.sort([draw(float(a), float(b), low, high, stream_of(6, r, 0), 3, 1, 2) for r in range(rounds)])
    gap = np.arange(rounds) / rounds - law(drawn)
    assert max(gap.max() + 1 / rounds, -gap.min()) <= math.sqrt(math.log(2e9) / (2 * rounds))


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


@pytest.mark.parametrize(("plays", "ones", "fenced"), [(*PLAYED, False), (*CLOSE, True), (*FEW, True)])
def test_beta_thompson_uses_no_draw_twice(monkeypatch, plays, ones, fenced):
    """Of actions, coins of edges and coins of losses."""
    watch = Watch()
    _, act, update = (watched(step, watch, monkeypatch) for step in BetaThompson.steps)
    for t in range(60):
        params, rng, state = thompson_after(plays, ones, fenced)
        update(params, state, t, act(params, state, t, rng), 0.5, rng)
    seen = [(t, index) for (_, _, _, t, index), n in watch.seen.items() for _ in range(n)]
    assert len(set(seen)) == len(seen)
    assert sum(index > 2**31 for _, index in seen) > 60  # the coins of losses, and draws below edges
