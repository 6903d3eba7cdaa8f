"""Symbols and assumptions of the switching family's bounds."""

from typing import Any

import sympy as sp

from theory.assumptions import AT_LEAST_TWO, UNIT_LOSSES, feedback_is
from theory.bound import Assumption, Bound, K, Source, Symbol, T, Tuning

B = Symbol("budget", "B", positive=True, integer=True)
TAU = Symbol("batch_length", "tau", positive=True, integer=True)
C = Symbol("switching_cost", "c", nonnegative=True)
GAP = Symbol("gap", "Delta", below=0.5)
SQUARES = Symbol("squared_lengths", "Q_b", positive=True)
BLOCKS = Symbol("blocks", "N_b", positive=True, integer=True)

HALF = sp.Rational(1, 2)
EIGHTH = sp.Rational(1, 8)
LOG_K = sp.log(K)
BATCHES = sp.ceiling(T / TAU)

FULL_INFORMATION = feedback_is("full information")
BANDIT = feedback_is("bandit")
EXTRA = feedback_is("extra observations")


def budget_of(*looks: str) -> Assumption:
    """Assume a total budget of observations, of one of these kinds."""
    return feedback_is("total budget", looks=looks)


def stated(
    name: str,
    learner: str,
    feedback: Assumption,
    expression: sp.Expr,
    source: Source,
    statement: str,
    *tunings: Tuning,
    quantity: str = "regret",
    more: tuple[Assumption, ...] = (),
    **fields: Any,
) -> Bound:
    """Return a theorem for one kind of feedback, at least two actions and losses in [0, 1], and what `more` assumes."""
    assumptions = (feedback, AT_LEAST_TWO, UNIT_LOSSES, *more)
    return Bound(
        name, learner, quantity, expression, source, statement, assumptions=assumptions, tunings=tunings, **fields
    )


def cheng(where: str, constants: str = " (constants re-derived)") -> Source:
    """Return the source: a place in Cheng, Zhou & Ji (2023)."""
    return Source("Cheng, Zhou & Ji 2023", where + constants, "arXiv:2306.09588")
