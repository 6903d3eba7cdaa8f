"""The switching family's bounds: hand-computed values, tunings that the learners use, exponents, mutants."""

import itertools
import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

import theory
from bandits.losses import BernoulliLosses, LossTable
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import (
    Bandit,
    BatchedDartboard,
    BatchedExp3,
    BudgetedExp3,
    Exp3,
    ExtraObservationLearner,
    ExtraObservations,
    FullInformation,
    Hedge,
    LazyPerturbedLeader,
    ShrinkingDartboard,
    SwitchingCostGame,
    TotalBudget,
    TsallisSwitch,
)
from theory.bound import ETA, K, T
from theory.expressions import compiled, growth_exponent, minimiser
from theory.switching import exact
from theory.switching.bounds import TAU, C, X, crossover_budget, minimax_exponent, terms

T_, K_, C_ = 5000, 4, 0.7
LOG = math.log(K_)


def game(feedback):
    return SwitchingCostGame(MultiScaleRandomWalk(K_), T_, C_, feedback)


LENGTHS = [max(1, math.ceil(0.525 * math.sqrt(n))) for n in range(1, 2000)]
BLOCKS = next(n for n in range(1, 2000) if sum(LENGTHS[:n]) >= T_)
SQUARES = sum(length**2 for length in LENGTHS[:BLOCKS])

CASES = [
    ("cesabianchi2006.hedge", FullInformation(), Hedge(), math.sqrt(T_ * LOG / 2) + C_ * (T_ - 1)),
    (
        "geulen2010.shrinking_dartboard",
        FullInformation(),
        ShrinkingDartboard(),
        2 * math.sqrt((C_ + 1 / 8) * T_ * LOG) + C_ * LOG,
    ),
    (
        "kalai2005.lazy_leader",
        FullInformation(),
        LazyPerturbedLeader(),
        2 * math.sqrt((1 + C_) * T_ * (1 + 1 / 2 + 1 / 3 + 1 / 4)),
    ),
    ("bubeck2012.exp3", Bandit(), Exp3(), math.sqrt(2 * T_ * K_ * LOG) + C_ * (T_ - 1)),
    # tau = ceil((2 c^2 T / (K ln K))^(1/3)) = ceil(9.59...) = 10, n = 500
    ("arora2012.batched_exp3", Bandit(), BatchedExp3(), 10 * math.sqrt(2 * 500 * K_ * LOG) + C_ * 499),
    # growth 1.5 c / sqrt K = 0.525
    ("rouyer2021.tsallis_blocks", Bandit(), TsallisSwitch(), 6 * math.sqrt(SQUARES) + C_ * (BLOCKS - 1)),
    # n = 100 batches of 50 rounds
    (
        "cheng2023.bandit_looks",
        TotalBudget(100, "bandit"),
        BudgetedExp3(),
        50 * math.sqrt(2 * 100 * K_ * LOG) + C_ * 99,
    ),
    (
        "cheng2023.flexible_looks",
        TotalBudget(100, "flexible"),
        BatchedDartboard(),
        2 * math.sqrt(50 * LOG * 100 * (50 * K_ / 2 + C_)) + C_ * LOG,
    ),
    (
        "cheng2023.full_looks",
        TotalBudget(100, "full"),
        BatchedDartboard(),
        2 * math.sqrt(200 * LOG * 25 * (200 / 8 + C_)) + C_ * LOG,
    ),
    (
        "cheng2023.extra_observations",
        ExtraObservations(10),
        ExtraObservationLearner(),
        10 * math.sqrt(2 * 500 * K_ * LOG) + C_ * 499,
    ),
    (
        "cheng2023.extra_observations",
        ExtraObservations(5000),
        ExtraObservationLearner(),
        2 * math.sqrt(LOG * 5000 * (K_ / 2 + C_)) + C_ * LOG,
    ),
]


@pytest.mark.parametrize(("name", "feedback", "learner", "expected"), CASES, ids=lambda x: x if type(x) is str else "")
def test_values_by_hand_at_the_learners_own_tuning(name, feedback, learner, expected):
    bound = theory.theorem(name)
    assert bound.applies(game(feedback), learner) == []
    assert bound.value_for(game(feedback), learner) == pytest.approx(expected, rel=1e-12)


def at(expression, problem, parameters):
    symbols = sorted(expression.free_symbols, key=str)
    values = [float(getattr(problem if hasattr(problem, s.field) else parameters, s.field)) for s in symbols]
    return compiled(expression, symbols)(*values)


@pytest.mark.parametrize(("name", "feedback", "learner", "_expected"), CASES[:-2])
def test_learners_use_the_tuning_that_minimises_the_bound(name, feedback, learner, _expected):
    problem = game(feedback)
    parameters = learner.parameters(problem)
    tunings = theory.theorem(name).tunings
    assert tunings or name == "rouyer2021.tsallis_blocks"
    for tuning in tunings:
        used = parameters.learning_rate if tuning.symbol == ETA else parameters.batch_length
        assert at(tuning.rounded, problem, parameters) == pytest.approx(used, rel=1e-12)


def check_tsallis(bound):
    """Above the exact regret on random and steady tables of two and three actions."""
    rng = np.random.default_rng(0)
    for n_actions, horizon, cost in itertools.product((2, 3), (1, 2, 5, 9), (0.0, 1.0, 4.0)):
        for table in (rng.random((horizon, n_actions)), np.tile([0.0, 1.0, 1.0][:n_actions], (horizon, 1))):
            problem = SwitchingCostGame(LossTable(table), horizon, cost)
            play = exact.exact_play(problem, TsallisSwitch())
            assert play.regret(cost) <= bound.value_for(problem, TsallisSwitch()) + 1e-12


def test_tsallis_blocks_pay_for_their_squares():
    bound = theory.theorem("rouyer2021.tsallis_blocks")
    check_tsallis(bound)
    for wrong in ((4 * sp.sqrt(K) - 2) * sp.sqrt(terms.SQUARES) / 6, sp.sqrt(K * T) / 3 + C * (terms.BLOCKS - 1)):
        with pytest.raises(AssertionError):
            check_tsallis(replace(bound, expression=wrong))
    assert bound.applies(game(Bandit()), TsallisSwitch(2.0)) == ["the rate is the theorem's"]


@pytest.mark.parametrize("cost", [0.0, 0.01, 1.0, 50.0])
@pytest.mark.parametrize("horizon", [1, 2, 37, 10_000])
def test_batch_lengths_agree_over_a_range(cost, horizon):
    problem = SwitchingCostGame(BernoulliLosses([0.5] * 6), horizon, cost)
    tuning = theory.theorem("arora2012.batched_exp3").tunings[1]
    assert at(tuning.rounded, problem, None) == BatchedExp3().parameters(problem).batch_length


@pytest.mark.parametrize(
    ("name", "field", "along", "exponent"),
    [
        ("geulen2010.shrinking_dartboard", "horizon", {}, Fraction(1, 2)),
        ("kalai2005.lazy_leader", "horizon", {}, Fraction(1, 2)),
        ("cesabianchi2006.hedge", "horizon", {}, Fraction(1)),
        ("cesabianchi2006.hedge", "horizon", {"switching_cost": sp.Integer(0)}, Fraction(1, 2)),
        ("bubeck2012.exp3", "n_actions", {"switching_cost": sp.Integer(0)}, Fraction(1, 2)),
        ("arora2012.batched_exp3", "horizon", {}, Fraction(2, 3)),
        # K^(1/3) and c^(1/3) only while 1 < tau < T: let T grow with them
        ("arora2012.batched_exp3", "n_actions", {"horizon": K**4}, Fraction(1, 3) + 4 * Fraction(2, 3)),
        ("arora2012.batched_exp3", "switching_cost", {"horizon": C**4}, Fraction(1, 3) + 4 * Fraction(2, 3)),
        ("dekel2014.bandit_lower", "horizon", {}, Fraction(2, 3)),
        ("cheng2023.extra_observations", "horizon", {"budget": T ** sp.Rational(1, 2)}, Fraction(2, 3)),
        ("cheng2023.extra_observations", "horizon", {"budget": T ** sp.Rational(9, 10)}, Fraction(11, 20)),
    ],
)
def test_exponents(name, field, along, exponent):
    assert theory.theorem(name).exponent(field, along) == exponent


def test_crossover_is_where_the_leading_terms_meet():
    budget = crossover_budget()
    flexible = sp.sqrt(2 * K * sp.log(K) / budget) * T
    tau = theory.theorem("arora2012.batched_exp3").tunings[1].best
    free = sp.sqrt(2 * tau * T * K * sp.log(K)) + C * T / tau
    numbers = {T: 10**6, K: 7, C: 0.3}
    assert float(flexible.subs(numbers)) == pytest.approx(float(free.subs(numbers)), rel=1e-12)
    assert growth_exponent(budget, T) == Fraction(2, 3)
    assert growth_exponent(budget.subs(T, K**6), K) == Fraction(1, 3) + 4


def test_phase_diagram():
    kink = sp.Rational(2, 3)
    assert minimax_exponent("extra").subs(X, 0) == minimax_exponent("extra").subs(X, kink) == kink
    assert minimax_exponent("extra").subs(X, 1) == minimax_exponent("full").subs(X, 1) == sp.Rational(1, 2)
    assert minimax_exponent("bandit").subs(X, 1) == kink
    assert minimax_exponent("flexible").subs(X, 0) == minimax_exponent("bandit").subs(X, 0) == 1
    with pytest.raises(ValueError, match="looks must be one of extra, flexible, full, bandit, got 'none'"):
        minimax_exponent("none")


@pytest.mark.parametrize(
    ("name", "problem", "failing"),
    [
        ("bubeck2012.exp3", game(FullInformation()), ["feedback is bandit"]),
        ("cheng2023.full_looks", game(TotalBudget(100, "flexible")), ["feedback is total budget with looks full"]),
        ("dekel2014.bandit_lower", game(Bandit()), ["switching cost 1"]),
        (
            "dekel2014.bandit_lower",
            SwitchingCostGame(MultiScaleRandomWalk(3, gap=0.1), 5),
            ["losses are the multi-scale random walk with the theorem's gap and noise", "horizon at least max(K, 6)"],
        ),
    ],
)
def test_assumptions(name, problem, failing):
    assert theory.theorem(name).applies(problem, None) == failing


# ---------------------------------------------------------------- mutants of the bounds


def tuning_matches_learner(objective, symbol, name, learner, feedback):
    """The check of `test_learners_use_the_tuning...` for a changed objective."""
    problem = game(feedback)
    parameters = learner.parameters(problem)
    used = parameters.learning_rate if symbol == ETA else parameters.batch_length
    value = at(minimiser(objective, symbol), problem, parameters)
    assert (value if symbol == ETA else math.ceil(value)) == pytest.approx(used, rel=1e-12)


N = sp.ceiling(T / TAU)
MUTANTS = {
    "1/8 read as 1/2": (sp.log(K) / ETA + ETA * T / 2, ETA, Hedge(), FullInformation()),
    "switching cost left out of the rate": (
        sp.log(K) / ETA + ETA * T / 8,
        ETA,
        ShrinkingDartboard(),
        FullInformation(),
    ),
    "K dropped": (sp.log(K) / ETA + ETA * T / 2, ETA, Exp3(), Bandit()),
    "T for the number of batches": (TAU * (sp.log(K) / ETA + ETA * T * K / 2), ETA, BatchedExp3(), Bandit()),
    "tau balanced as if the loss grew like tau": (TAU * T * K + C * T / TAU, TAU, BatchedExp3(), Bandit()),
    "ln K for the harmonic number": (
        sp.log(K) / ETA + (1 + C) * ETA * T,
        ETA,
        LazyPerturbedLeader(),
        FullInformation(),
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutants_of_the_bounds_are_rejected(mutant):
    objective, symbol, learner, feedback = MUTANTS[mutant]
    with pytest.raises(AssertionError):
        tuning_matches_learner(objective, symbol, mutant, learner, feedback)


def test_the_right_objective_passes_the_same_check():
    right = sp.log(K) / ETA + ETA * T * K / 2
    tuning_matches_learner(right, ETA, "right", Exp3(), Bandit())
    assert N.subs({T: 7, TAU: 2}) == 4
