"""Symbols, assumptions and what they read of a game, for the bounds of the one-sided family."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp

from theory.assumptions import feedback_is, parameters_have, play_has, problem_has
from theory.bound import Assumption, Bound, Source, Symbol

INDIVIDUALS = Symbol("individuals", "k", positive=True, integer=True)
N = Symbol("n_hypotheses", "N", positive=True, integer=True)
PRICE = Symbol("price", "C", nonnegative=True)
SLACK = Symbol("slack", "epsilon", positive=True)
SEPARATOR = Symbol("separator_size", "s", positive=True, integer=True)
LEADERS = Symbol("leaders", "R_L", positive=True, integer=True)
TASTING = Symbol("tasting", "b", positive=True, at_most=1)
GOOD = Symbol("good_chance", "p", positive=True, at_most=1)
SEMI_BANDIT_REGRET = Symbol("semi_bandit_regret", "R_A", nonnegative=True)
REPORTED_GAPS = Symbol("reported_gaps", "G", nonnegative=True)
ADVANTAGE = Symbol("advantage", "Delta", nonnegative=True)
EXPLORATION = Symbol("exploration", "g", positive=True, at_most=1)

HALF = sp.Rational(1, 2)
LOG_N = sp.log(N)
WIDTH = INDIVIDUALS + 2 * PRICE  # k'
COORDINATES = 2 * INDIVIDUALS + 4 * PRICE  # of the reduced problem

BECHAVOD = "Bechavod & Roth 2022"
ARXIV = "arXiv:2206.04475"
OURS = Source("ours", "proof in theory.one_sided.bounds")
OURS_TOO = Source("ours", "proof in theory.one_sided.bounds.lagrangian")


def paper(where: str) -> Source:
    """Return a place in the paper."""
    return Source(BECHAVOD, where, ARXIV, confirmed=True)


def realizable(problem: Any) -> bool:
    """Whether some hypothesis agrees with every label that can come."""
    shares = problem.people.expected(problem.horizon)
    predictions = problem.table[problem.hypotheses.cells(problem.people)]
    wrong = shares[0][:, None] * predictions + shares[1][:, None] * (1 - predictions)
    return bool((wrong.sum(axis=0) == 0.0).any())


ONE_SIDED, FULL_LABELS = feedback_is("one-sided"), feedback_is("full labels")
ONE_AT_A_TIME = problem_has("one individual per round", lambda p: p.individuals == 1)
HAS_SLACK = problem_has("slack above 0", lambda p: p.slack > 0.0)
AUDITS_POLICY = problem_has("the panel sees the policy", lambda p: p.panels.audit == "policy")
PAID = parameters_have("price above 0", lambda problem, parameters: parameters.price > 0.0).where(PRICE > 0)
OWN_MULTIPLIER = play_has(
    "what is measured is at the learner's own multiplier",
    lambda problem, learner: problem.probe.price == learner.parameters(problem).price,
)
OWN_RATE = play_has(
    "what is measured is at the learner's own rate",
    lambda problem, learner: problem.probe.learning_rate == learner.parameters(problem).learning_rate,
)
REALIZABLE = problem_has("labels agree with some hypothesis", realizable)


def advantage(problem: Any) -> float:
    """Return the most that any play gains on the strict benchmark, on average per round and over the labels' law.

    Independent arrivals: in each piece of the law some hypothesis is best. A recorded sequence: in each round. Where
    the law is not known it is k, for a round's errors are between 0 and k.
    """
    people, k, horizon = problem.people, problem.individuals, problem.horizon
    cells = problem.hypotheses.cells(people)
    table, fair = problem.table[cells].astype(float), problem.benchmarks[0].acceptance[cells]
    if hasattr(people, "labels"):
        rounds, count = np.unique(np.hstack([people.people, people.labels])[:horizon], axis=0, return_counts=True)
        who, good = rounds[:, :k], rounds[:, k:]
        errors = np.abs(table[who] - good[:, :, None]).sum(axis=1)
        fair_errors = (good + fair[who] * (1 - 2 * good)).sum(axis=1)
        return float(count @ (fair_errors - errors.min(axis=1)) / horizon)
    law = getattr(people, "law", None)
    if law is None:
        return float(k)
    pieces = np.arange(0, horizon, law.block)
    lengths = np.minimum(law.block, horizon - pieces)
    share = np.bincount(pieces // law.block % len(law.chance), lengths, len(law.chance)) / horizon
    weight = np.diff(law.cumulative, prepend=0.0)
    gain = (2.0 * law.chance - 1.0) * weight  # (S, n): errors saved by accepting
    return float(k * (share @ ((gain @ table).max(axis=1) - gain @ fair)))


READERS: Mapping[str, Callable[[Any, Any], float]] = {
    "separator_size": lambda problem, parameters: len(problem.hypotheses.separator(problem.people)),
    "good_chance": lambda problem, parameters: float(problem.people.chances[0, 0]),
    "advantage": lambda problem, parameters: advantage(problem),
}


def stated(
    name: str,
    learner: str,
    quantity: str,
    expression: sp.Expr,
    source: Source,
    words: str,
    *assumptions: Assumption,
    **fields: Any,
) -> Bound:
    """Return a theorem about one learner, whose statement is the learner's name and these words."""
    readers = {s.field: READERS[s.field] for s in expression.free_symbols if s.field in READERS}
    statement = f"{learner}: {words}."
    return Bound(
        name, learner, quantity, expression, source, statement, assumptions=assumptions, readers=readers, **fields
    )
