"""Theorems on contextual bandits: values and tunings, assumptions, known answers of simulations, wrong constants."""

import math
from dataclasses import replace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import theory
from bandits.contextual import (
    Aggregating,
    ContextualExp4,
    ContextualGame,
    GreedyRegression,
    InverseGapWeighting,
    LeastMeanSquares,
    LinUCB,
    LogisticDescent,
    Mixture,
    Ridge,
    TableWorld,
    VovkAzouryWarmuth,
    certified,
    linear_world,
    policy_world,
)
from bandits.delays import ActionDelay, Bold, FixedDelay, UpdatedLate, delayed
from sims import simulate
from theory.bound import T
from theory.contextual import bounds
from theory.contextual.bounds import KAPPA, late
from theory.contextual.cases import CASES
from theory.ranges import proven_range
from theory.rates import fit_exponent
from theory.testing import assert_bound_broken
from theory.verification import tuned_parameters

POLICIES = ContextualGame(policy_world(), 1024)
SMALL = ContextualGame(policy_world(mean=0.0, gap=0.5), 1024)
EXACT, SQUARECB = InverseGapWeighting(oracle=Aggregating()), InverseGapWeighting("squarecb", oracle=Aggregating())
FASTCB = InverseGapWeighting("fastcb", oracle=Mixture(), best_loss=0.0)
LINEAR = ContextualGame(linear_world(5, 50, 20), 1000)
LN = math.log(16)
FASTCB_GAMMA = 10 + math.sqrt(100 + 10 * 307.2 / (float(KAPPA) * LN))
EXACT_GAMMA = 2 * math.sqrt(4 * 1024 / (LN / 2))
ROUTING = CASES["ours.pair_gap_weighting"]()


@pytest.mark.parametrize(
    ("bound", "game", "learner", "value"),
    [
        (bounds.EXACT, POLICIES, EXACT, math.sqrt(4 * 1024 * LN / 2)),
        (bounds.SQUARECB, POLICIES, SQUARECB, math.sqrt(8 * 1024 * LN / 2)),
        (bounds.FASTCB, SMALL, FASTCB, 40 * float(KAPPA) * LN),
        (bounds.FASTCB, POLICIES, replace(FASTCB, best_loss=307.2), 2 * float(KAPPA) * LN * FASTCB_GAMMA),
        (bounds.GREEDY, POLICIES, GreedyRegression(oracle=Aggregating()), 3 * (2.5 * LN / 2 * 1024**2) ** (1 / 3)),
        (bounds.LMS, LINEAR, InverseGapWeighting(gamma=100.0, oracle=LeastMeanSquares()), None),
        (bounds.EXP4, POLICIES, ContextualExp4(), math.sqrt(2 * 1024 * 5 * LN)),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_values(bound, game, learner, value):
    """At the learner's own tuning, which is the bound's."""
    assert bound.applies(game, learner) == []
    found = bound.value_for(game, learner)
    if value is None:
        value = 4 * 1000 / 100 + 25 * learner.oracle.error(game.size)
    assert found == pytest.approx(value, rel=1e-9)
    for name, best in tuned_parameters(bound, game, learner).items() if bound.tunings else ():
        assert best == pytest.approx(bound.read(name, game, learner.parameters(game)), rel=1e-9)


def test_oracles_in_log_loss():
    """By Pinsker's inequality half their regret bounds squared errors: the mixture is as good as the forecaster."""
    mixed = InverseGapWeighting(oracle=Mixture())
    assert bounds.EXACT.applies(POLICIES, mixed) == []
    assert bounds.EXACT.value_for(POLICIES, mixed) == pytest.approx(bounds.EXACT.value_for(POLICIES, EXACT))
    with pytest.raises(ValueError, match="has no guarantee in log loss to be tuned to: give gamma"):
        InverseGapWeighting("fastcb").parameters(POLICIES)


def test_fastcb_at_its_best_gamma():
    """2 gamma kappa R, at most 2 sqrt(2 kappa K L R) + 8 kappa K R; other gammas are worse."""
    learner = InverseGapWeighting("fastcb", oracle=Mixture(), best_loss=0.3 * 1024)
    gamma = learner.parameters(POLICIES).level
    best = bounds.FASTCB.value_for(POLICIES, learner)
    assert best == pytest.approx(2 * gamma * float(KAPPA) * LN, rel=1e-9)
    assert best <= 2 * math.sqrt(2 * float(KAPPA) * 5 * 307.2 * LN) + 40 * float(KAPPA) * LN
    for other in (0.9 * gamma, 1.1 * gamma):
        assert bounds.FASTCB.value_for(POLICIES, replace(learner, gamma=other)) > best
    with pytest.raises(ValueError, match=r"foster2021.fastcb must have gamma > 2\*n_actions"):
        bounds.FASTCB.value(gamma=10.0, n_actions=5, error=1.0, expected_best_loss=0.0)


def test_copies():
    """m times the bound for its share of the rounds, at the tuning for that share."""
    game = delayed(POLICIES, FixedDelay(7))
    share = bounds.EXACT.value_for(replace(POLICIES, horizon=128), EXACT)
    assert late.COPIES.applies(game, Bold(EXACT)) == []
    assert late.COPIES.value_for(game, Bold(EXACT)) == pytest.approx(8 * share, rel=1e-9)
    assert late.COPIES.applies(game, Bold(SQUARECB)) == ["copies or late updates of the rule exact"]


def test_late_updates():
    """m R for R, and sqrt(m) times the regret at the best gamma; for LinUCB at any tuning."""
    game, best = (
        delayed(POLICIES, FixedDelay(7)),
        InverseGapWeighting(gamma=EXACT_GAMMA / math.sqrt(8), oracle=Aggregating()),
    )
    for learner in (best, replace(best, oracle=Mixture())):
        assert late.UPDATED_LATE.applies(game, UpdatedLate(learner)) == []
        value = late.UPDATED_LATE.value_for(game, UpdatedLate(learner))
        assert value == pytest.approx(math.sqrt(8) * bounds.EXACT.value_for(POLICIES, EXACT), rel=1e-9)
        assert late.ESTIMATION.value_for(game, UpdatedLate(learner)) == pytest.approx(4 * LN, rel=1e-9)
    linear, learner = delayed(LINEAR, FixedDelay(2)), LinUCB()
    assert late.LINUCB.applies(linear, UpdatedLate(learner)) == []
    assert late.LINUCB.value_for(linear, UpdatedLate(learner)) == pytest.approx(
        math.sqrt(3) * bounds.LINUCB.value_for(LINEAR, learner), rel=1e-9
    )
    assert late.UPDATED_LATE.applies(linear, UpdatedLate(InverseGapWeighting())) == []


@pytest.mark.parametrize(
    ("bound", "game", "learner", "failing"),
    [
        (late.UPDATED_LATE, POLICIES, SQUARECB, "copies or late updates of the rule exact"),
        (late.UPDATED_LATE, LINEAR, InverseGapWeighting(oracle=LeastMeanSquares()), "an oracle of a finite class, or"),
        (late.ESTIMATION, LINEAR, InverseGapWeighting(gamma=9.0, oracle=Ridge()), "an oracle of a finite class, or"),
        (late.ESTIMATION, LINEAR, InverseGapWeighting(oracle=VovkAzouryWarmuth(norm=0.5)), "the mean losses are in"),
        (late.LINUCB, LINEAR, LinUCB(width=1.0), "the width of the confidence set"),
        (late.LINUCB, LINEAR, LinUCB(norm=0.5), "the parameter's norm is at most S"),
    ],
)
def test_assumptions_of_late_updates(bound, game, learner, failing):
    (found,) = bound.applies(delayed(game, FixedDelay(2)), UpdatedLate(learner))
    assert found.startswith(failing)
    by_action = delayed(game, ActionDelay([1] * game.n_actions))
    assert "delays do not depend on the actions" in bound.applies(by_action, UpdatedLate(learner))


def test_pairs():
    """sqrt((K - 1) T R) with twice the oracle's guarantee, as preferences reach from 0 to 1; outside its class none."""
    game, learner = ROUTING.problem, ROUTING.learner
    error = 2 * learner.oracle.error(game.size)
    assert bounds.PAIRS.applies(game, learner) == []
    assert bounds.PAIRS.value_for(game, learner) == pytest.approx(math.sqrt(2 * 1024 * error), rel=1e-9)
    assert bounds.EXACT.applies(game, learner)[0] == "feedback is contextual bandit"
    for wrong, failing in (
        (InverseGapWeighting("squarecb", oracle=learner.oracle), "the rule exact"),
        (InverseGapWeighting(oracle=VovkAzouryWarmuth(norm=1.1)), "shortfall and cost are in the oracle's class"),
        (InverseGapWeighting(oracle=LogisticDescent()), "shortfall and cost are in the oracle's class"),
    ):
        assert bounds.PAIRS.applies(game, wrong) == [failing]


def test_exponents():
    exponents = {
        "ours.inverse_gap_weighting": 1 / 2,
        "ours.greedy_regression": 2 / 3,
        "auer2002.contextual_exp4": 1 / 2,
    }
    for name, exponent in exponents.items():
        assert float(theory.theorem(name).exponent("horizon")) == pytest.approx(exponent)
    tuned = bounds.LMS.expression.subs(bounds.ETA, 2 * bounds.S / (bounds.X * sp.sqrt(T)))
    gamma = sp.sqrt(4 * (bounds.K - 1) * T / bounds._LMS.subs(bounds.ETA, 2 * bounds.S / (bounds.X * sp.sqrt(T))))
    values = [tuned.subs(bounds.GAMMA, gamma).subs({bounds.K: 5, bounds.S: 1, bounds.X: 1, T: 10**n}) for n in (12, 14)]
    assert math.log(float(values[1] / values[0]), 100) == pytest.approx(0.75, abs=1e-3)


@pytest.mark.parametrize(
    ("bound", "game", "learner", "failing"),
    [
        (bounds.EXACT, POLICIES, SQUARECB, "the rule exact"),
        (bounds.FASTCB, POLICIES, InverseGapWeighting("fastcb", 99.0, Aggregating()), "an oracle in log loss"),
        (bounds.FASTCB, POLICIES, replace(FASTCB, gamma=9.0), "gamma > 2 K"),
        (bounds.TRIANGULAR, POLICIES, InverseGapWeighting(oracle=Mixture()), "the rule fastcb"),
        (bounds.EXACT, LINEAR, InverseGapWeighting(oracle=VovkAzouryWarmuth(1.0, 0.5)), "the mean losses are in the"),
        (
            bounds.EXACT,
            ContextualGame(TableWorld([[1.0]], [[0.5, 1.0]]), 1),
            InverseGapWeighting(),
            "the mean losses are",
        ),
        (bounds.LOGISTIC, LINEAR, InverseGapWeighting("fastcb", oracle=LogisticDescent()), "the mean losses are in"),
        (bounds.FORWARD, LINEAR, InverseGapWeighting(gamma=9.0, oracle=Ridge()), "the forward algorithm"),
        (bounds.LINUCB, LINEAR, LinUCB(width=1.0), "the width of the confidence set"),
        (bounds.POSTERIOR, POLICIES, EXACT, "the function is drawn uniformly"),
        (bounds.CERTIFICATE, certified(POLICIES, EXACT), SQUARECB, "the certificate of the learner's own rule"),
    ],
)
def test_assumptions(bound, game, learner, failing):
    assert [text for text in bound.applies(game, learner) if text.startswith(failing)]


@pytest.mark.slow
def test_known_answers():
    """1000 repetitions: within 2 of 44.5 and 32 (standard errors 0.3), and of the errors within 0.1 of 1.33 (0.01)."""
    for learner, regret, value in ((EXACT, 44.46, 75.354), (SQUARECB, 32.0, 106.57)):
        run = simulate(POLICIES, learner, repetitions=1000, seed=1, checkpoints=[1024])
        assert run.mean("law_regret")[-1] == pytest.approx(regret, abs=2.0)
        assert run.mean("estimation")[-1] == pytest.approx(1.325, abs=0.1)
        assert run.mean("estimation")[-1] <= LN / 2
        bound = bounds.EXACT if learner is EXACT else bounds.SQUARECB
        assert bound.value_for(POLICIES, learner) == pytest.approx(value, rel=1e-4)


SLOPES = [(EXACT, 0.5), (SQUARECB, 0.5), (ContextualExp4(), 0.5), (GreedyRegression(oracle=Aggregating()), 2 / 3)]


@pytest.mark.slow
@pytest.mark.parametrize(("learner", "slope"), SLOPES, ids=lambda value: getattr(value, "name", None))
def test_slopes(learner, slope):
    """From 2^11 to 2^14, where the regret approaches its rate from below: the 95% interval is within 0.05 of it."""
    horizons = tuple(2**k for k in range(11, 15))
    runs = [simulate(replace(SMALL, horizon=n), learner, repetitions=20, seed=2, checkpoints=[n]) for n in horizons]
    metric = "law_regret" if isinstance(learner, InverseGapWeighting) else "regret"
    fit = fit_exponent(horizons, np.stack([run.final(metric) for run in runs], axis=1))
    assert slope - 0.05 < fit.low < fit.high < slope + 0.05


@pytest.mark.slow
def test_small_losses():
    """FastCB loses nothing more from 2^12 to 2^14, once the function is known."""
    games = [replace(SMALL, horizon=horizon) for horizon in (2**12, 2**14)]
    first, last = (simulate(game, FASTCB, repetitions=20, seed=2, checkpoints=[game.horizon]) for game in games)
    assert last.mean("law_regret")[-1] - first.mean("law_regret")[-1] < 1.0


def test_wrong_theorems_are_refuted():
    """A third of a bound is broken, and squares do not sum to half of what the oracle's regret allows; alpha = 1e-6."""
    third = replace(bounds.EXACT, expression=bounds.EXACT.expression / 3)
    assert_bound_broken(third, POLICIES, EXACT, alpha=1e-6)
    half = replace(bounds.ESTIMATION, expression=bounds.R / 2)
    assert_bound_broken(half, replace(POLICIES, horizon=128), EXACT, alpha=1e-6)


def test_ranges():
    low, high = proven_range(POLICIES, EXACT, "regret")
    assert (low, high) == pytest.approx((0.0, 0.4 * 1024), abs=1e-8)
    assert proven_range(POLICIES, EXACT, "best_loss") == pytest.approx((0.3 * 1024, 0.3 * 1024), abs=1e-8)
    assert proven_range(POLICIES, EXACT, "estimation") == pytest.approx((0.0, 0.49 * 1024), abs=1e-8)
    assert proven_range(POLICIES, EXACT, "triangular") == pytest.approx((0.0, 0.7 * 1024), abs=1e-8)


# ---------------------------------------------------------------- the information ratio

probabilities = st.lists(st.floats(0.01, 1.0), min_size=2, max_size=5)


@settings(max_examples=60)
@given(probabilities, st.integers(2, 5), st.randoms(use_true_random=False))
def test_information_ratio(prior, k, random):
    """(E reg)^2 <= (K / 2) I for every finite posterior of mean losses."""
    weights = np.array(prior) / sum(prior)
    f = np.array([[random.random() for _ in range(k)] for _ in weights])
    best = f.argmin(axis=1)
    alpha = np.bincount(best, weights, k)
    mean = weights @ f
    given_best = np.array([weights[best == a] @ f[best == a] / alpha[a] if alpha[a] > 0 else mean for a in range(k)])
    regret = alpha @ (mean - given_best.diagonal())
    p, q = np.clip(given_best, 1e-12, 1 - 1e-12), np.clip(mean, 1e-12, 1 - 1e-12)
    divergence = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    assert regret**2 <= k / 2 * (alpha @ divergence @ alpha) + 1e-9
