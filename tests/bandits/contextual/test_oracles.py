"""Regression oracles: identities on every sequence, regret on every sequence, known answers, use by themselves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.contextual import (
    Aggregating,
    ContextualGame,
    LeastMeanSquares,
    LinUCB,
    LogisticDescent,
    Mixture,
    Ridge,
    TableWorld,
    VovkAzouryWarmuth,
    regress,
)
from bandits.contextual.worlds import Size
from tests.bandits.contextual import checks

TRIES = settings(max_examples=30)
X = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, -1.0]])
Y = np.array([1.0, 0.0, 0.5, 1.0])


@st.composite
def regressions(draw):
    """Draw rows (T, d) in [-1, 1], of which some are 0 or equal, and values (T,) in [0, 1]."""
    n, d = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    entries = st.one_of(st.floats(-1.0, 1.0), st.sampled_from([0.0, 1.0]))
    rows = np.array(draw(st.lists(entries, min_size=n * d, max_size=n * d))).reshape(n, d)
    return rows, np.array(draw(st.lists(st.floats(0.0, 1.0), min_size=n, max_size=n)))


@TRIES
@given(regressions(), st.floats(0.1, 10.0))
def test_ridge(problem, weight):
    checks.ridge_identity(Ridge(weight), *problem)


@TRIES
@given(regressions(), st.floats(0.1, 10.0))
def test_forward_algorithm(problem, weight):
    oracle = VovkAzouryWarmuth(weight)
    checks.forward_identity(oracle, *problem)
    rows, values = problem
    size = checks.size_of(rows)
    theta = np.full(rows.shape[1], 1.0 / rows.shape[1])
    made = np.clip(checks.trace(oracle, rows, values)[1], 0.0, 1.0)
    regret = ((made - values) ** 2).sum() - ((rows @ theta - values) ** 2).sum()
    assert regret <= oracle.error(size) + 1e-9


@TRIES
@given(regressions(), st.floats(0.01, 1.0))
def test_gradient_steps(problem, rate):
    rows, values = problem
    checks.gradient_identity(LeastMeanSquares(1.0, rate), rows, values, np.linspace(-0.5, 0.5, rows.shape[1]))


@TRIES
@given(regressions(), st.floats(0.1, 3.0))
def test_logistic_descent(problem, norm):
    """Regret in log loss against a parameter of the largest norm; weights stay within it."""
    rows, values = problem[0], np.round(problem[1])
    oracle = LogisticDescent(norm)
    states, made = checks.trace(oracle, rows, values)
    u = np.ones(rows.shape[1]) * norm / np.sqrt(rows.shape[1])
    assert max(np.linalg.norm(state.weights) for state in states) <= norm * (1.0 + 1e-12)
    with np.errstate(all="ignore"):
        best = 1.0 / (1.0 + np.exp(-rows @ u))
    regret = -np.log(np.abs(values + made - 1.0)).sum() + np.log(np.abs(values + best - 1.0)).sum()
    assert regret <= oracle.error(checks.size_of(rows)) + 1e-9


@TRIES
@given(st.data(), st.integers(1, 12), st.integers(1, 6))
def test_finite_classes(data, rounds, n):
    unit = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 1.0]))
    functions = np.array(data.draw(st.lists(unit, min_size=rounds * n, max_size=rounds * n))).reshape(rounds, n)
    values = np.array(data.draw(st.lists(unit, min_size=rounds, max_size=rounds)))
    assert checks.finite_regret(Aggregating(), functions, values) <= np.log(n) / 2 + 1e-9
    inner = 0.001 + 0.998 * functions
    assert checks.finite_regret(Mixture(), inner, np.round(values)) <= np.log(n) + 1e-9


def test_two_experts_that_differ():
    """Functions 0 and 1: the largest regret on sequences of 12 values 0 and 1, below (ln 2) / 2 = 0.347."""
    assert checks.worst_of_two(Aggregating(), 12) == pytest.approx(0.279, abs=1e-3)


def test_known_answers():
    states, ridge = checks.trace(Ridge(), X, Y)
    assert ridge == pytest.approx([0.0, 0.5, -0.2, 0.25], abs=1e-12)
    assert checks.trace(VovkAzouryWarmuth(), X, Y)[1] == pytest.approx([0.0, 0.2, -0.125, 0.125], abs=1e-12)
    assert states[-1].theta[0] == pytest.approx([0.5, -0.125], abs=1e-12)
    assert checks.least_squares(X, Y, 1.0) == pytest.approx(1.1875, abs=1e-12)
    assert float(states[-1].log_det[0]) == pytest.approx(2.772589, abs=1e-6)


def test_mixture_is_the_posterior():
    functions = np.array([[0.2, 0.6], [0.5, 0.9]])
    state = checks.trace(Mixture(), functions, np.array([1.0, 0.0]))[0][-1]
    joint = np.array([0.2 * 0.5, 0.6 * 0.1])
    assert state.weights.weight / state.weights.total == pytest.approx(joint / joint.sum(), abs=1e-12)


def test_models_of_actions_that_share_features():
    """With one row for all actions each action has its own model, which only its losses change."""
    size = Size(3, 1, 2, 10, 1.5, False)
    for oracle in (Ridge(), LeastMeanSquares(1.0, 0.5)):
        state, guess, learn = checks.predictor(oracle, size)
        for arm, x, y in ((0, X[0], Y[0]), (2, X[1], 1.0), (0, X[1], Y[1])):
            state = learn(state, x[None], arm, y)
        alone = checks.trace(oracle, X[:2], Y[:2])[0][-1] if isinstance(oracle, Ridge) else None
        made = guess(state, X[2:3], 3)
        assert made[1] == 0.0
        if alone is not None:
            assert made[0] == pytest.approx(alone.theta[0] @ X[2], abs=1e-12)
    forward = VovkAzouryWarmuth()
    assert forward.error(size) == pytest.approx(6.0 * np.log1p(2.25 * 10 / 6.0) + 1.0, rel=1e-12)


def test_steps_of_the_theorems():
    """2 S / (X sqrt(T)), at most 1 / X^2, and B / (X sqrt(T)); without features any X does."""
    size = Size(2, 1, 3, 100, 1.5, False)
    for oracle, rate in (
        (LeastMeanSquares(0.5), 1 / 15),
        (LeastMeanSquares(9.0), 1 / 2.25),
        (LogisticDescent(3.0), 0.2),
    ):
        assert oracle.parameters(size).learning_rate == pytest.approx(rate, rel=1e-12)
        assert 0.0 < oracle.parameters(size._replace(feature_norm=0.0)).learning_rate < np.inf


def test_too_little_regularization_is_named():
    """Where rounding would make predictions wrong beyond 1e-8."""
    for learner in (Ridge(1e-9), VovkAzouryWarmuth(1e-9)):
        with pytest.raises(ValueError, match="regularization must be at least 2e-08 for these features, got 1e-09"):
            regress(learner, X, Y)
    with pytest.raises(ValueError, match="regularization must be at least 2e-08"):
        LinUCB(1e-9).parameters(ContextualGame(TableWorld(X, np.zeros((4, 2))), 4))
    states, _ = checks.trace(Ridge(1e-7), X, Y)
    assert states[-1].theta[0] == pytest.approx(np.linalg.lstsq(X, Y)[0], abs=1e-6)


def test_large_odds():
    """Predictions near 0 and 1, without an overflow."""
    rows = np.array([[1000.0], [1000.0], [-1000.0]])
    states, made = checks.trace(LogisticDescent(10.0, 1.0), rows, np.array([0.0, 0.0, 1.0]))
    assert made.tolist() == [0.5, 0.0, 1.0]
    assert states[-1].weights.tolist() == [[-10.0]]


def test_forecaster_by_itself():
    """It clips its predictions; wrong lengths are named."""
    assert regress(Ridge(), X, Y) == pytest.approx([0.0, 0.5, 0.0, 0.25], abs=1e-12)
    with pytest.raises(ValueError, match="features and values must be of equal length, got 4 and 3"):
        regress(Ridge(), X, Y[:3])
    with pytest.raises(ValueError, match="Aggregating needs features"):
        regress(Aggregating(), X, Y)
