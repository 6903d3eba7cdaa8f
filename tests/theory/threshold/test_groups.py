"""The threshold family's bounds with three groups: values by hand, the balance of a pair, coverage, certified runs."""

import importlib
import math

import numpy as np
import pytest

import theory
from bandits.threshold import (
    BlockFeasibleSearch,
    EpochFeasibleSearch,
    FullScores,
    FullScoreSearch,
    OptimisticFeasibleSearch,
    PessimisticSearch,
    RewardUCB,
)
from bandits.threshold.batch import write_residuals
from bandits.threshold.evidence import radii
from tests.drivers import plain, play_plainly
from theory.threshold import cases
from theory.threshold.bounds.readings import balance, pair_balance
from theory.threshold.cases import game
from theory.verification import verify

# Groups 0 and 1 differ by at most 0.05, either of them and group 2 by up to 0.25: a search that checks the first pair
# only finds every threshold feasible, and the best reward where the others differ by 0.25.
THREE = ((5, 5, 5, 5), (5, 6, 5, 4), (8, 7, 3, 2))
HORIZON, BATCH, DELTA = 4000, 200, 0.2
STILL = game(HORIZON, batch_size=BATCH, counts=THREE)
ALPHA = 1e-6  # each verdict below is wrong with at most this probability, had the seed been drawn


def log_term(constraints):
    return math.log(2 * 4 * (constraints + 1) * HORIZON / DELTA)


def parity(log, thresholds, beta):
    stretch = math.cosh(math.log(BATCH * HORIZON) / (4 * HORIZON))
    seen = 2 * thresholds + 8 * stretch * math.sqrt(log / 2) * math.sqrt(thresholds * BATCH * HORIZON) / BATCH
    left = math.log(3 / DELTA)
    return (seen + math.sqrt(2 * left * seen) + left) / beta


# a pair of thirds has 2/3 of the individuals, N = 4 s / 4 - 1 of s > 0 of them in the mean
BETA = (BATCH * 2 / 3 - 1 + (1 / 3) ** BATCH) / BATCH


def test_values_by_hand():
    served = game(HORIZON, batch_size=BATCH, counts=THREE, service=(0.85, 0.9))  # missed by 0.1, or by 0.15 and parity
    search, found = OptimisticFeasibleSearch(DELTA), 4 + 2 * math.sqrt(2) * math.sqrt(4 * HORIZON * log_term(8) / BATCH)
    assert STILL.n_constraints == 6
    assert served.fixed_points.violation.min() == pytest.approx(0.1)
    expected = {
        ("du2025.regret", STILL): 2 * (4 + 2 * math.sqrt(2) * math.sqrt(4 * HORIZON * log_term(6) / BATCH)),
        ("du2025.parity_violation", STILL): parity(log_term(6), 4, BETA),
        ("du2025.violation", served): 0.1 * HORIZON + parity(log_term(8), 4, BETA) + found,
    }
    for (name, problem), value in expected.items():
        assert theory.theorem(name).applies(problem, search) == []
        assert theory.theorem(name).value_for(problem, search) == pytest.approx(value, rel=1e-9), name
    seen = game(HORIZON, batch_size=BATCH, counts=THREE, feedback=FullScores())
    value = theory.theorem("du2025.full_scores_parity_violation").value_for(seen, FullScoreSearch(DELTA))
    assert value == pytest.approx(parity(log_term(6), 3, BETA), rel=1e-9)  # three pairs take the thresholds' place


def test_the_learners_radii_are_the_theorems():
    made = radii(STILL, DELTA, 1.0)
    assert made.log_term == pytest.approx(log_term(6))
    assert made.n_parity == 6


@pytest.mark.parametrize(("first", "second", "n"), [(0.2, 0.5, 4), (0.1, 0.1, 7), (0.3, 0.7, 5), (0.6, 0.05, 3)])
def test_the_balance_of_a_pair_is_the_mean_of_its_information(first, second, n):
    total, rest = 0.0, max(0.0, 1.0 - first - second)
    for a in range(n + 1):
        for b in range(n + 1 - a):
            ways = math.factorial(n) / (math.factorial(a) * math.factorial(b) * math.factorial(n - a - b))
            total += ways * first**a * second**b * rest ** (n - a - b) * 4 * a * b / max(1, a + b)
    assert pair_balance(first, second, n) == pytest.approx(total / n, rel=1e-12)
    if first + second == 1.0:
        assert pair_balance(first, second, n) == pytest.approx(4 * (1 - 1 / n) * first * second, rel=1e-12)
    elif first + second < 0.99:
        assert pair_balance(first + 0.01, second, n) > pair_balance(first, second, n)


def test_balance_is_the_least_over_pairs_and_thresholds():
    moving = game(HORIZON, adaptation=0.9, batch_size=BATCH, counts=THREE)
    params = BlockFeasibleSearch(DELTA).parameters(moving)
    away = moving.diameter * 0.1 ** (params.hold - 1)
    least = min(
        pair_balance(row[a] - away, row[b] - away, BATCH)
        for row in moving.fixed_points.shares
        for a, b in ((0, 1), (0, 2), (1, 2))
    )
    assert balance(moving, params) == pytest.approx(least, rel=1e-12)
    assert balance(STILL, OptimisticFeasibleSearch(DELTA).parameters(STILL)) == pytest.approx(BETA, rel=1e-12)


def test_parity_radii_cover_every_pair_under_random_group_sizes():
    """The share of runs in which some pair ever leaves its radius is at most 3 pairs x 2 T e^-L, 0.2 here.

    400 runs of 200 batches of n = 6, shares (0.5, 0.3, 0.2), rates 0.5. A true claim would fail this with probability
    at most P(Bin(400, 0.2) > 110) < 2e-4; the seed is fixed. With a quarter of the radius most runs leave it.
    """
    rng = np.random.default_rng(6)
    n, rounds, runs = 6, 200, 400
    log = math.log(6 * rounds / 0.2)
    sizes = rng.multinomial(n, (0.5, 0.3, 0.2), (runs, rounds))
    rates = rng.binomial(sizes, 0.5) / np.maximum(sizes, 1)
    outside, far = np.zeros(runs, bool), np.zeros(runs, bool)
    for a, b in ((0, 1), (0, 2), (1, 2)):
        both = sizes[..., a] + sizes[..., b]
        information = 4.0 * sizes[..., a] * sizes[..., b] / np.maximum(both, 1)
        drift = np.abs(np.cumsum(information * (rates[..., a] - rates[..., b]), axis=1))
        radius = math.cosh(math.log(n * rounds) / (4 * rounds)) * np.sqrt(2 * log * np.cumsum(information, axis=1))
        outside |= (drift > radius).any(axis=1)
        far |= (drift > 0.25 * radius).any(axis=1)
    assert outside.sum() <= 110
    assert far.sum() > 110


# ---------------------------------------------------------------- certified runs

LONGER = {  # so that no play can keep the violation below the bound by its range alone
    "du2025.violation": {"horizon": 20_000, "batch_size": 100},
    "du2025.full_scores_parity_violation": {"horizon": 20_000, "batch_size": 50},
    "chen2022.parity_violation": {"horizon": 40_000, "batch_size": 50},
    "du2025.epoch_regret": {"horizon": 4000, "batch_size": 200},
}
QUICK = ("du2025.parity_violation", "du2025.service_violation", "du2025.violation")  # one pair, compiled once


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in cases.CASES]
)
def test_bounds_hold_with_three_groups(name):
    made = cases.CASES[name]
    make = made[0] if isinstance(made, tuple) else made
    case = make(counts=THREE, **LONGER.get(name, {}))
    assert theory.theorem(name).applies(case.problem, case.learner) == []
    verdict = verify(name, case.problem, case.learner, alpha=ALPHA, seed=11)
    assert verdict.holds, verdict.explain()


# ---------------------------------------------------------------- mutants

_write = plain(write_residuals)


def first_pair_only(limits, n_groups, rates, overall, row, out):
    _write(limits, n_groups, rates, overall, row, out)
    out[row, 2 : limits.n_parity] = -limits.tolerance


def last_pair_one_way(limits, n_groups, rates, overall, row, out):
    """Write A_2 - A_a in place of A_a - A_2, a wrong sign in the pairs of the last group."""
    _write(limits, n_groups, rates, overall, row, out)
    out[row, 2 : limits.n_parity : 2] = out[row, 3 : limits.n_parity : 2]


@pytest.mark.parametrize(
    ("learner", "name"),
    [
        (OptimisticFeasibleSearch(DELTA), "du2025.parity_violation"),
        pytest.param(FullScoreSearch(DELTA), "du2025.full_scores_parity_violation", marks=pytest.mark.slow),
        (PessimisticSearch(DELTA, safe=0), "sui2015.no_violation"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
@pytest.mark.parametrize("mutant", [first_pair_only, last_pair_one_way])
def test_a_game_that_forgets_a_pair_breaks_the_bound(learner, name, mutant, monkeypatch):
    """Each run leaves the bound with probability at most DELTA; the right game is far within, the wrong one beyond.

    For the safe search the tolerance is 0.2, so that it can certify the second threshold and no other.
    """
    bound, changes = theory.theorem(name), {"parity_tolerance": 0.2} if learner.name == "PessimisticSearch" else {}
    changes |= {"feedback": FullScores()} if isinstance(learner, FullScoreSearch) else {}
    problem = game(600, batch_size=5000, counts=THREE, **changes)
    assert bound.applies(problem, learner) == []
    limit, column = bound.value_for(problem, learner), problem.metrics.index(bound.quantity)
    assert play_plainly(problem, learner)[0, 0, column] <= limit
    monkeypatch.setattr(importlib.import_module("bandits.threshold.batch"), "write_residuals", mutant)
    assert play_plainly(problem, learner)[0, 0, column] > limit


def test_bounds_on_the_reward_do_not_depend_on_the_groups():
    for learner, name in ((RewardUCB(DELTA), "auer2002.reward_ucb"), (EpochFeasibleSearch(DELTA), None)):
        problem = game(HORIZON, batch_size=BATCH, counts=THREE, adaptation=0.0 if name else 0.9)
        assert theory.theorem(name or "du2025.epoch_regret").applies(problem, learner) == []
