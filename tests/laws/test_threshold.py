"""The law of a batch of the threshold game, person by person, and what a learner is shown of it."""

import math
from collections import defaultdict
from dataclasses import replace
from itertools import combinations, product
from statistics import NormalDist

import numpy as np
import pytest

from bandits.core.rng import LEARNER
from bandits.threshold import (
    BlockFeasibleSearch,
    ChosenThreshold,
    ConstrainedThompson,
    DoublyOptimisticSearch,
    EmpiricalPools,
    EpochFeasibleSearch,
    ExploreThenCommit,
    FixedThreshold,
    FullScores,
    FullScoreSearch,
    OptimisticFeasibleSearch,
    PessimisticSearch,
    PrimalDualBandit,
    Synthetic,
    ThresholdGame,
)
from bandits.threshold.batch import Outcome
from bandits.threshold.evidence import rivals
from bandits.threshold.ranges import round_ranges
from tests import references
from tests.bandits.threshold.replay import Bounds, log_term
from tests.bandits.threshold.scripted import arms, script
from tests.drivers import plain
from tests.laws.enumeration import plays

GAME = ThresholdGame(Synthetic(), 1, [0.2, 0.5, 0.7], 2, 0.4, 0.1, (0.3, 0.6))
REGIONS = EmpiricalPools(
    scores=(0.1, 0.6, 0.8, 0.3, 0.6, 0.4, 0.9, 0.6), good=(0, 1, 1, 0, 1, 1, 1, 0), group=(0, 0, 0, 1, 1, 2, 2, 2)
)


def kinds(game):
    """Return {(group, number of thresholds that accept, good): probability} of one individual."""
    setting = game.setting()
    world = plain(game.steps.init)(setting, None)
    rates_of = plain(game.population.steps.rates)
    rates = [rates_of(setting.population, world.state, i) for i in range(game.n_actions)]
    law = {}
    for group in range(game.population.n_groups):
        share = rates[0].shares[group]
        accept = [1.0, *[r.accept[group] for r in rates], 0.0]
        good = [r.good[group] for r in rates]  # good and accepted
        for n in range(game.n_actions + 1):
            inside = accept[n] - accept[n + 1]
            if n == 0:  # their outcomes are never seen
                law[group, n, 0] = share * inside
                continue
            of_good = good[n - 1] - (good[n] if n < game.n_actions else 0.0)
            law[group, n, 1], law[group, n, 0] = share * of_good, share * (inside - of_good)
    assert math.isclose(math.fsum(law.values()), 1.0, abs_tol=1e-12)
    return law


def residuals(game, people, arm):
    """Return the residuals of a threshold; the rate of an absent group is that of the round before, at first 0."""
    rates = []
    for group in range(game.population.n_groups):
        inside = [n > arm for g, n, _ in people if g == group]
        rates.append(sum(inside) / len(inside) if inside else 0.0)
    overall = sum(n > arm for _, n, _ in people) / len(people)
    low, high = game.service
    gaps = [sign * (a - b) for a, b in combinations(rates, 2) for sign in (1, -1)]
    return *(gap - game.parity_tolerance for gap in gaps), low - overall, overall - high


def information(game, people):
    """Return the information of the residuals, which for a pair is that of its own members."""
    sizes = [sum(g == group for g, _, _ in people) for group in range(game.population.n_groups)]
    pairs = [4 * a * b / max(1, a + b) for a, b in combinations(sizes, 2) for _ in range(2)]
    return [*pairs, len(people), len(people)]


@pytest.mark.parametrize("arm", [0, 1, 2])
@pytest.mark.parametrize("feedback", [ChosenThreshold(), FullScores()])
@pytest.mark.parametrize("population", [GAME.population, REGIONS], ids=["two groups", "three groups"])
def test_a_batch(arm, feedback, population):
    game = replace(GAME, population=population, feedback=feedback)
    full = isinstance(feedback, FullScores)
    expected, law = defaultdict(float), kinds(game)
    for people in product(law, repeat=game.batch_size):
        chance = math.prod(law[one] for one in people)
        accepted = sum(n > arm for _, n, _ in people)
        good = sum(n > arm and y for _, n, y in people)
        reward = ((1 + game.price) * good - game.price * accepted) / game.batch_size
        rows = [residuals(game, people, i) for i in (range(game.n_actions) if full else [arm])]
        shown = [(reward + game.price) / (1 + game.price), *np.ravel(rows), *information(game, people)]
        expected[tuple(np.round(shown, 9) + 0.0)] += chance

    def kept(action, outcome):
        shown = [outcome.reward, *outcome.residuals.flat, *outcome.information]
        return tuple(np.round(np.array(shown, dtype=float), 9) + 0.0)

    found = defaultdict(float)
    for chance, path in plays(game, _fixed(game, arm), kept):
        found[path.actions[0]] += chance
    assert {k: v for k, v in found.items() if v > 1e-10} == pytest.approx(
        {k: v for k, v in expected.items() if v > 1e-10}, abs=1e-9
    )


def _fixed(game, arm):
    class Anywhere(FixedThreshold):
        accepts = (ChosenThreshold, FullScores)

    return Anywhere(arm)


# ---------------------------------------------------------------- searches: no draws, so the play itself is compared


def best_of(value, excess):
    """Return the choice: the highest value among those with excess 0, else the least excess; ties to the lowest."""
    inside = np.flatnonzero(excess == 0.0)
    return int(inside[value[inside].argmax()] if len(inside) else excess.argmin())


def settled(bounds, arm):
    return best_of(bounds.optimistic, np.where(bounds.excess <= 1e-12, 0.0, bounds.excess)) == arm


CASES = [(seed, service) for seed in range(3) for service in (None, (0.2, 0.7))]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("seed", "service"), CASES)
def test_optimistic_search(seed, service, full):
    feedback = FullScores() if full else ChosenThreshold()
    game = script(seed, 30, service=service, feedback=feedback)
    played = arms(game, (FullScoreSearch if full else OptimisticFeasibleSearch)(width=0.3))
    for t, arm in enumerate(played):
        bounds = Bounds(game, log_term(game, 0.05, 30), 30, list(enumerate(played[:t])), 0.3)
        if full and t:  # residuals of every threshold in every round
            every = [Bounds(game, log_term(game, 0.05, 30), 30, [(s, i) for s in range(t)], 0.3) for i in range(5)]
            bounds.residual = np.stack([each.residual[i] for i, each in enumerate(every)])
            bounds.residual_radius = np.stack([each.residual_radius[i] for i, each in enumerate(every)])
        assert settled(bounds, arm)


@pytest.mark.parametrize(("seed", "service"), CASES)
@pytest.mark.parametrize(("hold", "diameter"), [(1, 0.0), (3, 0.2)])
def test_block_search(seed, service, hold, diameter):
    game = script(seed, 40, service=service, diameter=diameter)
    played = arms(game, BlockFeasibleSearch(hold=hold, width=0.3))
    blocks, bias = -(-40 // hold), diameter * 0.5 ** (hold - 1)
    for start in range(0, 40, hold):
        assert len(set(played[start : start + hold])) == 1
        history = [(end, played[end]) for end in range(hold - 1, start, hold)]
        assert settled(Bounds(game, log_term(game, 0.05, blocks), blocks, history, 0.3, bias), played[start])


@pytest.mark.parametrize(("seed", "service"), CASES)
@pytest.mark.parametrize("hold", [1, 3])
def test_epoch_search(seed, service, hold):
    game, t, last, history = script(seed, 60, service=service), 0, -1, []
    played = arms(game, EpochFeasibleSearch(hold=hold, width=0.3))
    while t < 60:
        bounds = Bounds(game, log_term(game, 0.05, 60), 60, history, 0.3)
        arm = played[t]
        assert settled(bounds, arm) if t else arm == 0
        begin = t + (hold - 1 if arm != last else 0)
        end = begin + max(1, bounds.plays[arm])
        assert len(set(played[t:end])) == 1
        history += [(s, arm) for s in range(begin, min(end, 60))]
        t, last = end, arm


@pytest.mark.parametrize(("seed", "service"), CASES)
@pytest.mark.parametrize("widths", [(1.0, 1.0), (0.5, 2.0)])
def test_doubly_optimistic_search(seed, service, widths):
    game = script(seed, 30, service=service)
    played = arms(game, DoublyOptimisticSearch(width=0.4, reward_width=widths[0], residual_width=widths[1]))
    for t, arm in enumerate(played):
        bounds = Bounds(game, 1.0, 30, list(enumerate(played[:t])), 0.4)
        k = np.maximum(bounds.plays, 1)
        root = np.sqrt(log_term(game, 0.05, 1) + np.log(k * (k + 1.0)))
        value = bounds.reward + root * widths[0] * bounds.reward_radius
        worst = (bounds.residual - root[:, None] * widths[1] * bounds.residual_radius).max(axis=1)
        assert best_of(value, np.maximum(worst, 0.0)) == arm


@pytest.mark.parametrize(("seed", "service"), CASES)
@pytest.mark.parametrize("slope", [0.0, 0.3])
def test_pessimistic_search(seed, service, slope):
    game = script(seed, 40, batch_size=400, tolerance=0.5, service=service)
    played = arms(game, PessimisticSearch(safe=1, slope=slope, width=0.5))
    upper, certified, log = np.full((5, game.n_constraints), np.inf), {1}, log_term(game, 0.05, 40)
    for t, arm in enumerate(played):
        bounds = Bounds(game, log, 40, list(enumerate(played[:t])), 0.5)
        if t:
            last = played[t - 1]
            reach = slope * np.abs(game.thresholds - game.thresholds[last])
            upper = np.minimum(upper, (bounds.residual + bounds.residual_radius)[last] + reach[:, None])
            certified |= set(np.flatnonzero((upper <= 0.0).all(axis=1)).tolist())
        value = bounds.optimistic
        # ties go to the safe threshold, then to the lowest
        assert arm == max(certified, key=lambda i: (value[i], i == 1, -i))


@pytest.mark.parametrize(("seed", "service"), CASES)
def test_explore_then_commit(seed, service):
    game = script(seed, 30, service=service, tolerance=0.4)
    played = arms(game, ExploreThenCommit(4))
    assert played[:20].tolist() == [t // 4 for t in range(20)]
    means = Bounds(game, 1.0, 30, list(enumerate(played[:20])))
    assert set(played[20:]) == {best_of(means.reward, np.maximum(means.residual, 0.0).sum(axis=1))}


@pytest.mark.parametrize(("seed", "service"), CASES)
def test_thompson(seed, service):
    """Gaussian posteriors with one individual more, at the prior, from the generator's own draws."""
    game = script(seed, 20, service=service)
    played = arms(game, ConstrainedThompson(0.7), seed=6)
    for t, arm in enumerate(played):
        normals = {}
        for index in range(10):
            words = references.words(6, 0, LEARNER, t, index)
            normals[index] = [NormalDist().inv_cdf((word >> 11) / 2**53) for word in words]
        seen = Bounds(game, 1.0, 20, list(enumerate(played[:t])))
        value, broken = np.zeros(5), np.zeros(5)
        for i in range(5):
            n = 20 * seen.plays[i]
            value[i] = (seen.reward[i] * n + 0.5) / (n + 1) + 0.35 * normals[2 * i][0] / math.sqrt(n + 1)
            weights = game.information[:t][played[:t] == i].sum(axis=0) if n else np.zeros(game.n_constraints)
            gap = (seen.residual[i, 0] + game.tolerance) * (weights[0] > 0)
            gap = gap * weights[0] / (weights[0] + 1) + 0.7 * normals[2 * i][1] / math.sqrt(weights[0] + 1)
            broken[i] = max(0.0, abs(gap) - game.tolerance)
            if service:
                rate = (seen.residual[i, 3] + service[1]) * (weights[3] > 0)
                rate = (rate * weights[3] + 0.5) / (weights[3] + 1)
                rate += 0.35 * normals[2 * i + 1][0] / math.sqrt(weights[3] + 1)
                broken[i] += max(0.0, service[0] - rate) + max(0.0, rate - service[1])
        assert best_of(value, broken) == arm


# ---------------------------------------------------------------- parts


def test_rivals_by_brute_force():
    rng = np.random.default_rng(2)
    for _ in range(40):
        value, broken = rng.random(4), rng.choice([0.0, 0.0, 0.3], 4) * rng.random(4)
        others = [i for i in range(4) if i != 1]
        best = max((value[i] for i in others if broken[i] == 0.0), default=-np.inf)
        assert plain(rivals)(1, value, broken) == (best, min(broken[i] for i in others))


def test_a_dual_learner_meets_a_group_that_is_absent_at_first():
    """Without information a residual is taken for the least possible, not for minus infinity."""
    game = script(3, 30)
    sizes = game.sizes.copy()
    sizes[:8] = [20, 0]
    played = arms(replace(game, sizes=sizes), PrimalDualBandit())
    params = PrimalDualBandit().parameters(replace(game, sizes=sizes))
    state = plain(PrimalDualBandit.steps.init)(params, None)
    residuals, none = np.array([[0.3, -0.5]]), np.zeros(2)
    state = plain(PrimalDualBandit.steps.update)(params, state, 0, 0, Outcome(0.5, residuals, none), None)
    assert np.isfinite(state.optimistic_residual[0]).all()
    assert np.isfinite(state.score[0])
    assert len(set(played[:5])) == 5


def test_means_that_a_population_can_reach():
    assert Synthetic((0.3, 0.4), 0.2, 0.1, initial=(0.9, 0.1)).reachable == ((0.3, 0.9), (0.1, pytest.approx(0.6)))
    assert Synthetic((0.3, 0.4), 0.2, 0.0, initial=(0.9, 0.1)).reachable == ((0.9, 0.9), (0.1, 0.1))


@pytest.mark.parametrize("price", [0.0, 0.5, 2.0])
def test_sensitivities(price):
    """By the formula of the docstring, and for pools by the groups' rates counted one by one."""
    people = Synthetic()
    size = max(abs((1.0 + price) * p - price) for p in (0.1, 0.9))
    assert people.sensitivity(price).reward == pytest.approx(
        (size * people.steepest + (1.0 + price) * 0.8) / (1.0 + price)
    )
    rng = np.random.default_rng(4)
    scores, good, group = rng.integers(0, 6, 30) / 5, rng.integers(0, 2, 30), np.arange(30) % 2
    worst = [0.0, 0.0]
    for cut in np.unique(scores):
        accept, right = (
            np.array([column[group == g].mean() for g in (0, 1)])
            for column in ((scores >= cut) * 1.0, (scores >= cut) * good)
        )
        reward = ((1.0 + price) * right - price * accept) / (1.0 + price)
        worst = [max(worst[0], abs(np.diff(reward)[0])), max(worst[1], abs(np.diff(accept)[0]))]
    found = EmpiricalPools(scores=scores, good=good, group=group).sensitivity(price)
    assert (found.reward, found.parity, found.service) == pytest.approx((worst[0], 0.0, worst[1]))


def test_service_violations_over_the_rates_that_can_occur():
    game = ThresholdGame(Synthetic(adaptation=0.02), 10, 6, 20, service=(0.45, 0.55))
    ranges, slope = round_ranges(game), game.sensitivity.service * game.diameter
    for i, centre in enumerate(game.fixed_points.residuals[:, 3] + 0.55):
        rates = np.linspace(max(0.0, centre - slope), min(1.0, centre + slope), 2001)
        broken = np.maximum(0.45 - rates, 0.0) + np.maximum(rates - 0.55, 0.0)
        assert ranges.service[0][i] == pytest.approx(broken.min(), abs=1e-3)
        assert ranges.service[1][i] == pytest.approx(broken.max(), abs=1e-9)
