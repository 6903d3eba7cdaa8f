"""Wrong games, panels and learners of the one-sided family, each rejected by a check that the right one passes."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import pytest

from bandits.core.exponential_weights import add_losses
from bandits.core.jit import kernel
from bandits.one_sided import (
    Exp2OneSided,
    FollowObserved,
    FullLabels,
    Listed,
    OneSidedGame,
    Panel,
    Panels,
    RecordedPeople,
    TableDistance,
    three_points,
    votes_needed,
)
from bandits.one_sided import benchmark as benchmark_module
from bandits.one_sided.audit import reported_pair
from bandits.one_sided.exponential import DenseState
from bandits.one_sided.full_bandit import gram_matrix, solve_in_range
from bandits.one_sided.reduction import _make_estimate, estimate_losses
from tests.bandits.one_sided.strategies import scattered_game
from tests.bandits.one_sided.test_game import check_metrics
from tests.bandits.one_sided.test_identities import check_unbiased
from tests.bandits.one_sided.test_learners import EXACT, check_exact_expectation
from tests.bandits.one_sided.test_panels import check_reports, check_votes
from tests.bandits.one_sided.tracing import check_blind_to_hidden_labels
from tests.drivers import plain


def rejected(check, *arguments):
    with pytest.raises(AssertionError):
        check(*arguments)


# ---------------------------------------------------------------- what a learner may see


@dataclass(frozen=True, eq=False)
class LeakingGame(OneSidedGame):
    """Labels of the rejected are revealed although the feedback is called one-sided."""

    @property
    def steps(self):
        shown = FullLabels()
        return OneSidedGame(self.people, self.hypotheses, self.panels, self.horizon, feedback=shown).steps


def test_label_leaked_on_a_rejected_individual():
    def small(kind):
        bad = np.zeros((8, 2))  # so that some are rejected
        people = RecordedPeople([[0.0], [1.0], [2.0]], np.random.default_rng(1).integers(0, 3, (8, 2)), bad)
        panels = Panels(Panel(TableDistance([[0.0, 0.3, 0.5], [0.3, 0.0, 0.1], [0.5, 0.1, 0.0]])))
        return kind(people, Listed.stumps(3), panels, 8)

    check_blind_to_hidden_labels(small(OneSidedGame), FollowObserved())
    rejected(check_blind_to_hidden_labels, small(LeakingGame), FollowObserved())


# ---------------------------------------------------------------- the estimator


@kernel
def weight_unweighted(label: int, accepted: int, acceptance: float) -> float:
    if accepted == 1 and label == 0:
        return 2.0 - 1.0
    return -1.0


@kernel
def weight_unshifted(label: int, accepted: int, acceptance: float) -> float:  # nothing pulls towards acceptance
    if accepted == 1 and label == 0:
        return 2.0 / acceptance
    return 0.0


@kernel
def weight_hidden_is_bad(label: int, accepted: int, acceptance: float) -> float:
    if accepted == 1 and label == 0:
        return 2.0 / acceptance - 1.0
    return 1.0 if accepted == 0 else -1.0


@kernel
def weight_rejection(label: int, accepted: int, acceptance: float) -> float:  # divides by the other probability
    if accepted == 1 and label == 0:
        return 2.0 / (1.0 - acceptance) - 1.0
    return -1.0


ROUND = np.array([[1, 1], [1, 0], [0, 0]]), np.array([0, 1]), np.array([0.5, 0.3, 0.2]), (0, 1)


@pytest.mark.parametrize("weight", [weight_unweighted, weight_unshifted, weight_hidden_is_bad, weight_rejection])
def test_estimator_mutants(weight):
    check_unbiased(estimate_losses, ROUND, 2.0)
    rejected(check_unbiased, _make_estimate(weight), ROUND, 2.0)


@kernel
def pair_turned_round(table, report, price, out):
    swapped = report._replace(first=report.second, second=report.first)
    estimate_losses(table, swapped, price, out)


@kernel
def price_forgotten(table, report, price, out):
    estimate_losses(table, report, 0.0, out)


@pytest.mark.parametrize("mutant", [pair_turned_round, price_forgotten])
def test_price_mutants(mutant):
    rejected(check_unbiased, mutant, ROUND, 2.0)


UNWEIGHTED = _make_estimate(weight_unweighted)


@kernel
def exp2_unweighted(params, state, t, play, report, rng):
    UNWEIGHTED(params.table, report, params.price, state.estimate)
    weights = add_losses(state.weights, params.learning_rate, state.estimate)
    return DenseState(weights, state.estimate, state.everyone)


@kernel
def exp2_gains(params, state, t, play, report, rng):
    estimate_losses(params.table, report, params.price, state.estimate)
    weights = add_losses(state.weights, -params.learning_rate, state.estimate)
    return DenseState(weights, state.estimate, state.everyone)


@kernel
def exp2_twice_the_rate(params, state, t, play, report, rng):
    estimate_losses(params.table, report, params.price, state.estimate)
    weights = add_losses(state.weights, 2.0 * params.learning_rate, state.estimate)
    return DenseState(weights, state.estimate, state.everyone)


@pytest.mark.parametrize("update", [exp2_unweighted, exp2_gains, exp2_twice_the_rate])
def test_exp2_mutants_miss_the_exact_expectation(update):
    @dataclass(frozen=True)
    class Mutant(Exp2OneSided):
        steps = Exp2OneSided.steps._replace(update=update)

    check_exact_expectation(*EXACT[1], Exp2OneSided)
    rejected(check_exact_expectation, *EXACT[1], Mutant)


# ---------------------------------------------------------------- panels

VOTES = np.array([[[0.0, 0.1], [0.1, 0.0]], [[0.0, 0.5], [0.5, 0.0]]]), np.array([0.6, 0.2]), 0.2, 1
LATE = np.array([[[0.0, 0.3], [0.3, 0.0]]]), np.array([0.6, 0.2]), 0.2, 1  # a gap of 0.4 is within 0.3 + alpha


def report_without_alpha(swing, people, audited, tolerance, rule, t, env):
    return plain(reported_pair)(swing, people, audited, 0.0, rule, t, env)


def report_turned_round(swing, people, audited, tolerance, rule, t, env):
    return plain(reported_pair)(swing, people, audited, tolerance, rule, t, env)[::-1]


def report_without_distance(swing, people, audited, tolerance, rule, t, env):
    return plain(reported_pair)(0.0 * swing, people, audited, tolerance, rule, t, env)


@pytest.mark.parametrize(
    ("mutant", "drawn"), [(report_without_alpha, LATE), (report_turned_round, VOTES), (report_without_distance, LATE)]
)
def test_panel_mutants(mutant, drawn):
    check_reports(plain(reported_pair), drawn)
    rejected(check_reports, mutant, drawn)


@dataclass(frozen=True, eq=False)
class StrictGame(OneSidedGame):
    """The panel objects to every gap beyond the distance: alpha is forgotten."""

    def setting(self):
        right = super().setting()
        return right._replace(audits=right.audits._replace(tolerance=0.0))


def test_alpha_forgotten_in_the_game():
    def check(kind):
        for seed in range(5):
            right = scattered_game(np.random.default_rng(seed))
            fields = (getattr(right, field.name) for field in dataclasses.fields(right))
            check_metrics(kind(*fields), Exp2OneSided(1.0, learning_rate=0.3), seed)

    check(OneSidedGame)
    rejected(check, StrictGame)


@pytest.mark.parametrize(
    "needed",
    [
        lambda gamma, m: math.ceil(float(gamma) * m),
        lambda gamma, m: math.floor(float(gamma) * m),
        lambda gamma, m: round(gamma * m) + 1,
    ],
    ids=["ceiling in floating point", "floor", "one too many"],
)
def test_vote_threshold_mutants(needed):
    check_votes(votes_needed)
    rejected(check_votes, needed)


# ---------------------------------------------------------------- the full-bandit estimator


def check_moment_matrix(gram_of):
    """The solution of E[f f'] v = f gives unbiased estimates."""
    table, law, paid = np.array([[1, 1], [1, 0], [0, 0]]), np.array([0.5, 0.3, 0.2]), np.array([1.5, 0.7, 1.0])
    features, mean = np.column_stack([np.ones(3), table]), np.zeros(3)
    for h in range(3):
        gram, solution = np.zeros((3, 3)), features[h].copy()
        gram_of(np.ascontiguousarray(table.T, dtype=np.uint8), law, np.arange(2), gram)
        plain(solve_in_range)(gram, np.zeros(3, np.int64), solution)
        mean += law[h] * paid[h] * (features @ solution)
    assert mean == pytest.approx(paid, abs=1e-9)


def test_moment_matrix_mutants():
    def uniform_law(table, law, cells, gram):
        plain(gram_matrix)(table, np.full(len(law), 1 / len(law)), cells, gram)

    def only_diagonal(table, law, cells, gram):
        plain(gram_matrix)(table, law, cells, gram)
        gram *= np.eye(len(gram))

    check_moment_matrix(plain(gram_matrix))
    rejected(check_moment_matrix, uniform_law)
    rejected(check_moment_matrix, only_diagonal)


# ---------------------------------------------------------------- the benchmark


def check_world_a_optimum():
    """OPT(Q_0.2) of environment A is 8 errors in 30 arrivals."""
    assert 30 * three_points(10).benchmark(0.0).error == pytest.approx(8.0, abs=1e-9)


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_benchmark_mutants(factor, monkeypatch):
    right = benchmark_module._cell_limits
    check_world_a_optimum()
    monkeypatch.setattr(benchmark_module, "_cell_limits", lambda *given: factor * right(*given))
    rejected(check_world_a_optimum)
