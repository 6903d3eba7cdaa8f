"""Bounds as objects: values, minimisers, exponents, assumptions, errors."""

import math
import pickle
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

import theory
from theory.bound import (
    ETA,
    Assumption,
    Bound,
    K,
    Source,
    Symbol,
    T,
    Tuning,
    growth_exponent,
    minimiser,
)
from theory.switching.bounds import TAU, C

SIMPLE = Bound(
    "test2026.simple",
    "Learner",
    "regret",
    sp.log(K) / ETA + ETA * T / 8 + C * (sp.ceiling(T / TAU) - 1),
    Source("Nobody 2026", "Theorem 0"),
    "A bound to test with.",
    assumptions=(Assumption("an even horizon", lambda problem, learner: problem.horizon % 2 == 0),),
    tunings=(Tuning(ETA, sp.log(K) / ETA + ETA * T / 8),),
)
FIELDS = {"horizon": 100, "n_actions": 3, "learning_rate": 0.2, "switching_cost": 0.5, "batch_length": 7}


def test_value_by_hand():
    expected = math.log(3) / 0.2 + 0.2 * 100 / 8 + 0.5 * (15 - 1)
    assert SIMPLE.value(**FIELDS) == pytest.approx(expected, rel=1e-15)


def test_value_for_reads_problem_and_parameters():
    problem = SimpleNamespace(horizon=100, n_actions=3, switching_cost=0.5)
    learner = SimpleNamespace(parameters=lambda p: SimpleNamespace(learning_rate=0.2, batch_length=7))
    assert SIMPLE.value_for(problem, learner) == SIMPLE.value(**FIELDS)
    with pytest.raises(TypeError, match="needs batch_length, which neither the problem nor the learner has"):
        SIMPLE.value_for(problem, SimpleNamespace(parameters=lambda p: SimpleNamespace(learning_rate=0.2)))


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"horizon": 0}, ValueError, "horizon must be finite and at least 1, got 0"),
        ({"learning_rate": 0.0}, ValueError, r"learning_rate must be finite and positive, got 0.0"),
        ({"learning_rate": math.nan}, ValueError, "learning_rate must be finite"),
        ({"switching_cost": -1.0}, ValueError, "switching_cost must be finite"),
        ({"horizon": None}, TypeError, r"missing \['horizon'\]"),
        ({"horison": 3}, TypeError, r"unknown \['horison'\]"),
    ],
)
def test_bad_fields_are_named(changes, error, message):
    fields = {name: value for name, value in (FIELDS | changes).items() if value is not None}
    with pytest.raises(error, match=message):
        SIMPLE.value(**fields)


def test_assumptions_that_fail_are_listed():
    assert SIMPLE.applies(SimpleNamespace(horizon=4), None) == []
    assert SIMPLE.applies(SimpleNamespace(horizon=5), None) == ["an even horizon"]


BEST_LENGTH = sp.lambdify((T, K, C), minimiser(sp.sqrt(2 * TAU * T * K * sp.log(K)) + C * T / TAU, TAU), "math")


@given(st.integers(2, 10**6), st.integers(2, 100), st.floats(0.01, 100.0))
def test_minimiser_beats_its_neighbours(horizon, n_actions, cost):
    best = BEST_LENGTH(horizon, n_actions, cost)

    def value(tau):
        return math.sqrt(2 * tau * horizon * n_actions * math.log(n_actions)) + cost * horizon / tau

    assert value(best) <= min(value(best * factor) for factor in (0.5, 0.9, 0.999, 1.001, 1.1, 2.0)) * (1 + 1e-12)


@pytest.mark.parametrize("objective", [ETA, 1 / ETA, sp.exp(ETA), ETA + ETA**2 + 1 / ETA])
def test_minimiser_refuses_what_it_cannot_do(objective):
    with pytest.raises(ValueError, match="is not a"):
        minimiser(objective, ETA)


@pytest.mark.parametrize(
    ("expression", "exponent"),
    [
        (T ** sp.Rational(2, 3) * sp.log(T) ** 5, Fraction(2, 3)),
        (sp.sqrt(T) + T ** sp.Rational(1, 3), Fraction(1, 2)),
        (T / sp.log(T), Fraction(1)),
        (K * sp.log(K), Fraction(0)),
        (1 / sp.sqrt(T), Fraction(-1, 2)),
        (sp.Min(T, T ** sp.Rational(3, 4)), Fraction(3, 4)),
    ],
)
def test_growth_exponent(expression, exponent):
    assert growth_exponent(expression, T) == exponent


def test_tuned_exponents():
    assert SIMPLE.exponent("horizon") == 1
    assert SIMPLE.exponent("horizon", {"switching_cost": sp.Integer(0)}) == Fraction(1, 2)


def test_a_rate_has_no_value():
    rate = Bound("x.rate", "", "regret", sp.sqrt(T), Source("X", "Y"), "A rate.", rate_only=True)
    with pytest.raises(ValueError, match=r"x\.rate claims a rate only"):
        rate.value(horizon=4)
    assert rate.latex().startswith("O(")


def test_families_use_a_letter_each_in_their_own_way():
    """Two symbols of one text are different, keep their fields, and survive a pickle."""
    weight, price = (Symbol(name, "lambda", positive=True) for name in ("prox_weight", "multiplier"))
    assert weight != price
    assert weight == Symbol("prox_weight", "lambda", positive=True) == pickle.loads(pickle.dumps(weight))
    assert sp.latex(weight) == sp.latex(price) == r"\lambda"
    here, there = (replace(SIMPLE, expression=K / letter, tunings=()) for letter in (weight, price))
    assert (here.fields, there.fields) == (("n_actions", "prox_weight"), ("multiplier", "n_actions"))
    assert here.value(n_actions=3, prox_weight=2.0) == there.value(n_actions=3, multiplier=2.0) == 1.5
    for wrong in (weight * price, weight + Symbol("prox_weight", "mu")):
        with pytest.raises(ValueError, match="each field must have one symbol and each symbol one field"):
            replace(SIMPLE, expression=wrong)


def test_a_field_that_a_bound_does_not_depend_on_may_be_given():
    assert SIMPLE.value(**FIELDS, contraction=0.5) == SIMPLE.value(**FIELDS)
    assert SIMPLE.exponent("contraction") == 0
    with pytest.raises(ValueError, match="contractoin: no such field; there are"):
        SIMPLE.exponent("contractoin")


def test_unknown_names_give_the_nearest():
    with pytest.raises(KeyError, match=r"did you mean bubeck2012\.exp3"):
        theory.theorem("bubeck2012.exp4")
    with pytest.raises(KeyError, match=r"did you mean cesabianchi2006\.hedge"):
        theory.theorem("hedge")
    with pytest.raises(KeyError, match="no theorem named 'qqqq'; `regretlab bounds` lists all"):
        theory.theorem("qqqq")


def test_a_field_out_of_range_names_its_range():
    with pytest.raises(ValueError, match="switching_cost must be finite and at least 0, got -1"):
        theory.theorem("cesabianchi2006.hedge").value(horizon=9, n_actions=2, learning_rate=0.1, switching_cost=-1.0)


def test_catalogue():
    for name, bound in theory.catalogue().items():
        assert bound.name == name
        assert bound.source.paper
        assert bound.source.where
        assert bound.statement.endswith(".")
        assert bound.statement.count("\n") == 0
        assert bound.explain().startswith(name)
        assert all(isinstance(symbol, Symbol) for symbol in bound.expression.free_symbols)


def test_latex_is_drawn_by_mathtext():
    from matplotlib.mathtext import MathTextParser

    parser = MathTextParser("path")
    for bound in theory.catalogue().values():
        parser.parse(f"${bound.latex()}$")


def test_import_theory_does_not_import_sympy():
    code = "import sys, theory; print(sorted({'sympy', 'jax', 'matplotlib', 'polars', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_bound_is_checked_when_it_is_made():
    hedge = theory.theorem("cesabianchi2006.hedge")
    for field, wrong, message in (
        ("mode", "always", "mode must be one of expectation, probability, every path, got 'always'"),
        ("direction", "above", "direction must be one of upper, lower, got 'above'"),
        ("expression", sp.Symbol("zz"), r"in symbols of fields \(theory.bound.Symbol\), got zz"),
    ):
        with pytest.raises(ValueError, match=message):
            replace(hedge, **{field: wrong})
    with pytest.raises(TypeError, match="expression must be a SymPy expression"):
        replace(hedge, expression="sqrt(T)")
