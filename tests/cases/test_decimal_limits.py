"""Limits met with equality by decimals whose binary roundings lie on either side."""

from fractions import Fraction

import numpy as np
import pytest

from bandits.combine import observed
from bandits.core.limits import ROUNDING, exceeds, excess, excess_of, lowered
from bandits.one_sided import (
    Conjunctions,
    Crowd,
    FixedPolicy,
    GroupThresholds,
    Listed,
    OneSidedGame,
    Panel,
    Panels,
    TableDistance,
    ViolationsByVotes,
)
from bandits.threshold import EmpiricalPools, ExploreThenCommit, FixedThreshold, OptimisticFeasibleSearch, ThresholdGame
from sims import simulate
from tests.drivers import slow

TENTHS = [k / 10 for k in range(11)]


def pools(accepted, sizes):
    scores, good, group = [], [], []
    for g in (0, 1):
        scores += [0.9] * accepted[g] + [0.1] * (sizes[g] - accepted[g])
        good += [1] * accepted[g] + [0] * (sizes[g] - accepted[g])
        group += [g] * sizes[g]
    return EmpiricalPools(adaptation=0.0, lift=0.0, scores=scores, good=good, group=group)


def game(accepted, sizes, delta, **more):
    return ThresholdGame(pools(accepted, sizes), 200, grid=[0.05, 0.5, 0.95], parity_tolerance=delta, **more)


def test_parity_met_with_equality_in_the_oracle():
    """Every pair of shares whose difference is the tolerance is feasible; one individual more is not."""
    for n in (5, 10, 20, 25, 50):
        for delta in ("0.05", "0.1", "0.2", "0.3"):
            for a in range(n + 1):
                b = (Fraction(a, n) - Fraction(delta)) * n
                if b < 0 or b.denominator != 1:
                    continue
                assert game((a, int(b)), (n, n), float(delta)).fixed_points.feasible[1]
                assert game((int(b), a), (n, n), float(delta)).fixed_points.feasible[1]
                if b >= 1:
                    assert not game((a, int(b) - 1), (n, n), float(delta)).fixed_points.feasible[1]


def test_groups_of_many_sizes():
    """1/3 - 1/7 = 4/21: a tolerance just below it, by 1e-9, is broken."""
    assert game((5, 3), (15, 21), 4 / 21).fixed_points.feasible[1]
    assert not game((5, 3), (15, 21), 4 / 21 - 1e-9).fixed_points.feasible[1]


@pytest.mark.parametrize("backend", ["python", *map(slow, ("numba", "jax"))])
def test_metrics_and_searches_agree_with_the_oracle(backend):
    here = game((4, 3), (10, 10), 0.1)
    run = simulate(here, OptimisticFeasibleSearch(width=0.0), backend=backend)
    assert run.final("infeasible_rounds") == 0.0
    assert run.final("violation") == 0.0
    if backend != "jax":
        run = simulate(here, FixedThreshold(1), backend=backend)
        assert run.final("infeasible_rounds") == 0.0
        assert abs(run.final("regret")[0]) < 1e-12
        simulate(here, ExploreThenCommit(1), backend=backend)


def test_service_rates_met_with_equality():
    both = game((3, 3), (10, 10), 1.0, service=(0.3, 0.3)).fixed_points
    assert both.feasible.tolist() == [False, True, False]
    mixed = game((1, 5), (10, 10), 1.0, service=(0.1 + 0.2, 1.0)).fixed_points
    assert mixed.feasible[1]


def test_scores_on_a_grid_of_thresholds():
    scores = np.tile(TENTHS[1:], 2)
    population = EmpiricalPools(scores=scores, good=(scores > 0.5).astype(int), group=np.repeat([0, 1], 10))
    accept = population.setting(np.linspace(0.0, 1.0, 11)).accept
    assert accept[0].tolist() == [1.0, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]


def violations(kind, distance, tolerance, accepts, metric="violations"):
    people = Crowd([[0.0], [1.0]], [0.2, 0.8])
    panels = Panels(Panel(TableDistance([[0.0, distance], [distance, 0.0]])))
    here = kind(people, Listed([[0, 0], [0, 1]]), panels, 300, tolerance=tolerance, slack=0.0)
    return simulate(here, FixedPolicy([1.0 - accepts, accepts]), backend="python").final(metric)[0]


def counted(*arguments, **named):
    return observed(OneSidedGame(*arguments, **named), ViolationsByVotes())


@pytest.mark.parametrize("tolerance", [1, 2, 3, 4])
@pytest.mark.parametrize("distance", range(1, 7))
def test_gaps_equal_to_distance_and_tolerance(distance, tolerance):
    met = (distance / 10, tolerance / 10, (distance + tolerance) / 10)
    assert violations(OneSidedGame, *met) == 0.0
    assert violations(counted, *met, "violations_votes_1") == 0.0
    assert violations(OneSidedGame, met[0], met[1] - 1e-9, met[2]) > 0.0


def test_features_on_a_quantile():
    for scale in (1.0, 1e-6, 1e9):
        values = scale * np.round(np.arange(1, 101) / 100, 2)
        cells = GroupThresholds(cuts=100, by_group=False).cells(Crowd(values[:, None], np.full(100, 0.5)))
        assert len(set(cells.tolist())) == 99


def test_features_above_a_decimal():
    """0.1 + 0.2 is no more than 0.3, at any scale."""
    for scale in (1.0, 1e-9, 1e12):
        features = scale * np.array([[0.1 + 0.2], [0.3], [0.3 + 1e-9]])
        cells = Conjunctions((0.3 * scale,)).cells(Crowd(features, np.full(3, 0.5)))
        assert cells.tolist() == [0, 0, 1]


def test_the_comparisons_themselves():
    values = np.array([0.4 - 0.3, 1.0 - 0.7, 0.5, 0.0])
    limits = np.array([0.1, 0.3, 0.5 - 1e-9, 0.5])
    array = excess_of(values, limits)
    for value, limit, over in zip(values, limits, array, strict=True):
        assert excess(value, limit) == over
        assert exceeds(value, limit) == (over > 0.0)
    assert array.tolist() == [0.0, 0.0, pytest.approx(1e-9, rel=1e-3), -0.5]
    assert (np.array(TENTHS) >= lowered(np.linspace(0.0, 1.0, 11))).all()
    assert exceeds(1.0, -np.inf)
    assert not exceeds(-np.inf, 1.0)
    assert ROUNDING < 1e-10


def test_single_precision_allows_four_epsilons():
    eps = float(np.finfo(np.float32).eps)
    over = excess_of(np.float32([1.0 + 2.0 * eps, 1.0 + 4.0 * eps, 1.0 + 5.0 * eps]), np.float32(1.0))
    assert over.tolist() == [0.0, 0.0, 5.0 * eps]
