"""Selection by a proxy: known answers, enumeration, the certificate on every draw, upper and lower theorem."""

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.prediction import BestOfMajority, Drawn, Majority, SelectionGame
from bandits.prediction.selection import SelectionParams, SelectionState, least_count
from sims import simulate
from tests.drivers import plain
from theory.prediction.exact import expected_regret
from theory.verification import bound_value

RARE = ([0.25, 0.70] + [0.001] * 50, [1.0, 0.5] + [0.0] * 50, [1.0, 0.5] + [1.01] * 50)
TIGHT = ((0.5, 0.36, 0.14), (0.3, 0.0, 0.0), (0.3, 0.3 + 1e-9, 0.0))
SELECT = plain(BestOfMajority.steps.act)


def chosen(counts, proxies, least, k, by_proxy=True):
    """Return what the kernel submits."""
    counts = np.asarray(counts)
    drawn = Drawn(counts, np.where(counts > 0, proxies, 0.0))
    picked = SELECT(SelectionParams(k, least, by_proxy), SelectionState(np.zeros(k, np.int64)), drawn, 0, None)
    return [int(y) for y in picked if y >= 0]


def by_definition(counts, proxies, least, k):
    kept = [y for y, count in enumerate(counts) if count >= least]
    return sorted(kept, key=lambda y: (-proxies[y], y))[:k]


@st.composite
def instances(draw, most=5):
    y = draw(st.integers(1, most))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    rewards = rng.integers(0, 5, y) / 4
    return rng.dirichlet(np.ones(y)), rewards, rewards + rng.integers(-2, 3, y) / 4, draw(st.integers(1, 3))


def test_known_answers():
    """Best-of-N turns up with N where rare answers have high proxies; best-of-majority goes down."""
    sizes = (5, 20, 50, 100, 200)
    games = [SelectionGame(*RARE, n, 1, 1) for n in sizes]
    best_of_n = [0.310254, 0.641913, 0.923055, 0.994079, 0.999965]
    assert [expected_regret(game) for game in games] == pytest.approx(best_of_n, abs=1e-6)
    majority = [expected_regret(game, 0.125) for game in games[:4]]
    assert majority == pytest.approx([0.310254, 0.045682, 0.009695, 0.000514], abs=1e-6)
    assert games[0].proxy_error == pytest.approx(0.225843, abs=1e-6)
    tight = [SelectionGame(*TIGHT, n, 1, 1) for n in (100, 200, 400)]
    assert [expected_regret(game, 0.3) for game in tight] == pytest.approx([0.274104, 0.290579, 0.298531], abs=1e-6)
    bounds = [bound_value("di2025.best_of_majority", game, BestOfMajority(0.3)) for game in tight]
    assert bounds == pytest.approx([0.503003, 0.431516, 0.398086], abs=1e-5)


@pytest.mark.parametrize("draws", [3, 10])
def test_best_of_n_in_closed_form(draws):
    """With one submission answer j is taken if it and none before it is drawn, in the order of proxies."""
    law, rewards, proxies = np.array([0.5, 0.2, 0.2, 0.1]), np.array([0.2, 1.0, 0.5, 0.0]), np.array([0, 1, 2, 3.0])
    order = np.argsort(-proxies)
    left = np.append(1.0, 1.0 - law[order].cumsum()).clip(0.0)
    expected = 1.0 - ((left[:-1] ** draws - left[1:] ** draws) * rewards[order]).sum()
    assert expected_regret(SelectionGame(law, rewards, proxies, draws, 1, 1)) == pytest.approx(expected, rel=1e-12)


@settings(max_examples=25)
@given(instance=instances(3), draws=st.integers(1, 5), alpha=st.sampled_from([0.0, 0.3, 0.6]))
def test_exact_regret_is_that_of_enumeration(instance, draws, alpha):
    """By the kernel on all draws, whose choices are those of the definition."""
    law, rewards, proxies, k = instance
    least, total = max(1, int(np.ceil(alpha * draws - 1e-9))), 0.0
    assert least_count(alpha, draws) == least
    for answers in product(range(len(law)), repeat=draws):
        counts = np.bincount(answers, minlength=len(law))
        picked = chosen(counts, proxies, least, k)
        assert picked == by_definition(counts, proxies, least, k)
        total += prod(law[y] for y in answers) * (max(rewards) - max((rewards[y] for y in picked), default=0.0))
    game = SelectionGame(law, rewards, proxies, draws, k, 1)
    assert expected_regret(game, alpha) == pytest.approx(total, rel=1e-9, abs=1e-12)
    assert expected_regret(SelectionGame(law, rewards, proxies, draws, k + 1, 1), alpha) <= total + 1e-9


@settings(max_examples=60)
@given(instance=instances(6), draws=st.sampled_from([4, 12]), seed=st.integers(0, 999))
def test_certificate_on_every_draw(instance, draws, seed):
    """If the best answer is kept, regret is at most eps_opt + eps_RM / sqrt(pi(S)); the choice of mutants breaks it."""
    law, rewards, proxies, k = instance
    game, rng = SelectionGame(law, rewards, proxies, draws, k, 1), np.random.default_rng(seed)
    for counts in rng.multinomial(draws, law, 10):
        picked = chosen(counts, proxies, 2, k)
        if counts[game.best] >= 2:
            regret = max(rewards) - max(rewards[picked])
            assert regret <= game.optimism + game.proxy_error / np.sqrt(law[picked].sum()) + 1e-9
        common = chosen(counts, proxies, 1, k, by_proxy=False)
        assert common == by_definition(counts, counts, 1, k)
        assert common == chosen(counts, -np.asarray(proxies), 1, k, by_proxy=False)


def test_the_certificate_needs_the_filter_and_the_proxies():
    """Filtering after ranking, or taking the most frequent, has regret 1 where the certificate allows less."""
    law, rewards, proxies = [0.5, 0.4999, 0.0001], [1.0, 0.0, 0.0], [1.0, 0.0, 2.0]
    game = SelectionGame(law, rewards, proxies, 10, 1, 1)
    counts = [4, 5, 1]
    assert (chosen(counts, proxies, 2, 1), chosen(counts, proxies, 1, 1)) == ([0], [2])
    assert chosen(counts, proxies, 2, 1, by_proxy=False) == [1]
    assert game.optimism + game.proxy_error / np.sqrt(law[1]) < 1.0


@settings(max_examples=40)
@given(instance=instances(), draws=st.sampled_from([20, 60]), a=st.sampled_from([0.3, 0.5, 0.8]))
def test_upper_theorem(instance, draws, a):
    law, rewards, proxies, k = instance
    game = SelectionGame(law, rewards, proxies, draws, k, 1)
    learner = BestOfMajority(a / game.coverage)
    least, share = learner.parameters(game).least, learner.parameters(game).least * game.coverage / draws
    if least > 1 and share < 1.0:
        assert expected_regret(game, learner.alpha) <= bound_value("di2025.best_of_majority", game, learner) + 1e-9


@pytest.mark.parametrize(("k", "coverage", "lower"), [(1, 4, 0.1), (2, 8, 0.081650), (3, 10, 0.070711)])
def test_lower_theorem(k, coverage, lower):
    """2 k answers with one proxy, of which one, anybody's guess, is good: every rule loses (eps/2) sqrt(C/(2k-1))."""
    delta = 0.1 * np.sqrt(coverage / (2 * k - 1))
    law = np.append(np.full(2 * k, 1 / coverage), 1 - 2 * k / coverage)
    proxies = np.append(np.full(2 * k, delta), 0.0)
    for alpha, draws in ((0.0, 10), (0.5 / coverage, 60)):
        games = [SelectionGame(law, delta * (np.arange(2 * k + 1) == j), proxies, draws, k, 1) for j in range(2 * k)]
        assert games[0].proxy_error == pytest.approx(0.1)
        mean = np.mean([expected_regret(game, alpha) for game in games])
        assert mean >= delta / 2 - 1e-12
        assert delta / 2 == pytest.approx(lower, abs=1e-6)
    assert mean == pytest.approx(lower, abs=1e-3)  # of 60 draws nearly all answers are among


@pytest.mark.parametrize("learner", [BestOfMajority(), BestOfMajority(0.125)])
def test_play_follows_its_law(learner):
    """The mean regret of 1500 rounds is within 0.08 of its expectation with probability 1 - 1e-8."""
    run = simulate(SelectionGame([0.3, 0.6, 0.1], [1, 0.5, 0], [1, 0.5, 1.5], 10, 1, 1500), learner, backend="python")
    exact = expected_regret(SelectionGame([0.3, 0.6, 0.1], [1, 0.5, 0], [1, 0.5, 1.5], 10, 1, 1), learner.alpha)
    assert float(run.final("regret")[0]) / 1500 == pytest.approx(exact, abs=0.08)


def test_majority_by_the_play():
    run = simulate(SelectionGame([0.1, 0.9], [1.0, 0.25], [1.0, 0.0], 200, 1, 50), Majority(), backend="python")
    assert float(run.final("regret")[0]) == 50 * 0.75  # wrong in a round with probability below 1e-50


WRONG = [
    (lambda: SelectionGame([0.5, 0.4], [1, 0], [1, 0], 3, 1, 1), "law must be laws that sum to 1, got a sum of 0.9"),
    (lambda: SelectionGame([0.5, 0.5], [1, 2], [1, 0], 3, 1, 1), r"rewards must lie in \[0, 1\]"),
    (lambda: SelectionGame([0.5, 0.5], [1, 0], [1], 3, 1, 1), "proxies must have 2 entries, as law has, got 1"),
    (lambda: SelectionGame([1.0], [1], [1], 0, 1, 1), "draws must be"),
    (lambda: SelectionGame([1.0], [1], [1], 1, 0, 1), "submit must be"),
    (lambda: BestOfMajority(1.5), "alpha must be"),
    (lambda: expected_regret(SelectionGame([1.0], [1], [1], 401, 1, 1)), "game must have at most 400 draws"),
]


@pytest.mark.parametrize(("make", "said"), WRONG)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)
