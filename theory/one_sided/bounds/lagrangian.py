"""Sharper bounds for any small price and for the paper's own learner, each with its proof.

T rounds of k individuals, price C, slack epsilon, k' = k + 2 C, V rounds with a violation; the rest of the notation and
Lemma 3.3 are in `theory.one_sided.bounds`.

**The learner's possible gain.** Violations are bounded by the errors that the learner saves against the benchmark. That
is at most k T, and at most Delta T with Delta the mean, over the labels' law, of the benchmark's errors in a round less
those of the hypothesis that is best for this round's law: given the past, the round's individuals and labels do not
depend on the policy. Where the benchmark is the best hypothesis Delta is 0, and violations do not grow with T at all.

**Any small price (D3).** The estimate (R2) is g = X + Y with X >= 0 of the labels and Y = C (1 + h(rho1) - h(rho2)) in
an interval of length 2 C, or 0 without a report. By Cauchy & Schwarz

    ln E_p e^(-eta (X + Y)) <= (1 / 2) ln E_p e^(-2 eta X) + (1 / 2) ln E_p e^(-2 eta Y)
                            <= -eta <p, X + Y> + eta^2 <p, X^2> + eta^2 C^2 v,

the first part by e^-x <= 1 - x + x^2 / 2 for x >= 0, the second by Hoeffding's lemma. So on every path
sum <p - pi*, g> <= ln N / eta + eta sum <p, X^2> + eta C^2 V, and as E <p, X^2> <= 5 k^2,

    E[Lagrangian regret] <= A + eta C^2 E[V],   A = ln N / eta + 5 eta k^2 T.

(The paper's Cauchy-Schwarz over k + 2 C units has 4 eta C^2 V.) With Lemma 3.3, for every price C < epsilon / eta,

    error regret <= A,      V <= (A + Delta T) / (C (epsilon - eta C)),

least at C = epsilon / (2 eta): 4 eta (A + Delta T) / epsilon^2, where D2, with C = epsilon / (8 eta), has
16 eta (A + k T) / epsilon^2. At D2's price D3 gives (64 / 7) eta (A + Delta T) / epsilon^2. With all labels the same
holds for A = ln N / eta + eta k^2 T / 4 (`theory.one_sided.bounds`). Before it is split, and for any price, it says

    E[error regret + C (epsilon - eta C) V] <= A:

up to A, the cost of violations is offset by fewer errors than the benchmark.

**The full-bandit learner.** Losses <a_h, l> / k' are in [0, 1], l~ = P^+ a <a, l> / k' with P = E_p[a a'] and
p = (1 - g) q + g mu. P >= g M for the moments M of mu, so |<a_h, l~>| <= max leverage / g, at most 1 / eta if g is at
least eta times the largest leverage; whoever comes, that is at most the largest under mu over all cells
(`bandits.one_sided.john`). Then, by e^-x <= 1 - x + x^2 for x >= -1 and (1 - g) q <= p,

    sum <p - pi*, l> <= (1 - g) [ln N / eta + eta sum <q, <a, l~>^2>] + g T, in expectation
                     <= ln N / eta + eta (k + 1) T + g T,

for E <p, <a, l~>^2> <= E a' P^+ a = rank P <= k + 1. Lagrangian regret is 2 k' times that. Printed are 2 k + 4 C in
place of k + 1, twice g T, and 2 k + 4 C in place of k'.
"""

import math
from typing import Any

import numpy as np
import sympy as sp

from theory.assumptions import parameters_have
from theory.bound import ETA, Assumption, Bound, Source, T
from theory.one_sided.bounds.terms import (
    ADVANTAGE,
    AUDITS_POLICY,
    COORDINATES,
    EXPLORATION,
    FULL_LABELS,
    HAS_SLACK,
    INDIVIDUALS,
    LOG_N,
    ONE_SIDED,
    OURS_TOO,
    OWN_MULTIPLIER,
    OWN_RATE,
    PAID,
    PRICE,
    SLACK,
    WIDTH,
    stated,
)


def largest_leverage(table: Any, law: Any) -> float:
    """Return the largest f_h' P^+ f_h, f_h = (1, column h of table (n_cells, N)), P = E_law[f f']; law (N,)."""
    vectors = np.column_stack([np.ones(len(law)), np.asarray(table, dtype=float).T])
    inverse = np.linalg.pinv(vectors.T @ (np.asarray(law)[:, None] * vectors), rcond=1e-10, hermitian=True)
    reached = inverse @ (vectors.T @ (np.asarray(law)[:, None] * vectors))
    if np.abs(vectors @ reached.T - vectors).max() > 1e-6:
        return math.inf  # a hypothesis outside the span of those that are explored
    return float(np.einsum("ij,ij->i", vectors @ inverse, vectors).max())


def _explored(problem: Any, parameters: Any) -> bool:
    leverage = largest_leverage(problem.table, parameters.explorer)
    return bool(parameters.learning_rate * leverage <= parameters.exploration * (1.0 + 1e-9))


def _as_printed(problem: Any, parameters: Any) -> bool:
    d = 2 * problem.individuals + 4 * parameters.price
    rate = math.sqrt(math.log(problem.n_hypotheses) / (3.0 * d * problem.horizon))
    near = abs(parameters.learning_rate - rate) <= 1e-9 * rate
    return bool(near and parameters.exploration <= rate * d * (1.0 + 1e-5))


def _small_price(problem: Any, parameters: Any) -> bool:
    return bool(parameters.learning_rate * parameters.price < problem.slack)


JOHN = parameters_have("exploration g of at least eta times every leverage, as John's is", _explored)
PRINTED = parameters_have("eta = sqrt(ln N / (3 d T)) and g = eta d, d = 2 k + 4 C", _as_printed)
SMALL_PRICE = parameters_have("price below epsilon / eta", _small_price).where(PRICE * ETA < SLACK)

# ---------------------------------------------------------------- the paper's learner, explored by John's law

_LITERAL = "Exp2FullBandit"
_PRINTED = 4 * sp.sqrt(3) * COORDINATES ** sp.Rational(3, 2) * sp.sqrt(T * LOG_N)
_OURS = 2 * WIDTH * (LOG_N / ETA + ETA * (INDIVIDUALS + 1) * T + EXPLORATION * T)
_BCK = Source(
    "Bubeck, Cesa-Bianchi & Kakade 2012", "Theorem 4, put into Theorem 3.1 of the paper", "arXiv:1202.3079", True
)


def _full_bandit(stem: str, source: Source, right: sp.Expr, gained: sp.Expr, *needs: Assumption) -> tuple[Bound, ...]:
    """Return the bounds on Lagrangian regret, error regret and violations of the full-bandit learner."""
    assumed = (ONE_SIDED, AUDITS_POLICY, JOHN, *needs)
    words = "Exp2 on the round's total loss, explored by John's law"
    paid = "error regret is at most Lagrangian regret"
    violations = (right + gained * T) / (PRICE * SLACK)
    costs = "each violation costs C epsilon"
    return (
        stated(f"{stem}_lagrangian", _LITERAL, "lagrangian_regret", right, source, words, *assumed),
        stated(f"{stem}_regret", _LITERAL, "error_regret", right, source, paid, *assumed),
        stated(f"{stem}_violations", _LITERAL, "violations", violations, source, costs, *assumed, HAS_SLACK, PAID),
    )


EXPLORED = (
    *_full_bandit("bubeck2012.exp2", _BCK, _PRINTED, INDIVIDUALS, PRINTED),
    *_full_bandit("ours.full_bandit", OURS_TOO, _OURS, ADVANTAGE),
)

# ---------------------------------------------------------------- any small price


def _paid(start: sp.Expr) -> sp.Expr:
    return (start + ADVANTAGE * T) / (PRICE * (SLACK - ETA * PRICE))


_ONE_SIDED = LOG_N / ETA + 5 * ETA * INDIVIDUALS**2 * T
_FULL = LOG_N / ETA + sp.Rational(1, 4) * ETA * INDIVIDUALS**2 * T
_SPLIT = LOG_N / ETA + ETA * (5 * INDIVIDUALS**2 + PRICE**2) * T

_EXP2, _HEDGE = "Exp2OneSided", "FullInformationExp2"
_GAINED = "violations are limited by the errors saved against the benchmark, Delta per round"
_CHEAP = (HAS_SLACK, SMALL_PRICE)


def _small_price_bound(name: str, learner: str, expression: sp.Expr, words: str, *assumptions: Assumption) -> Bound:
    quantity = {"lagrangian": "lagrangian_regret", "regret": "error_regret"}.get(name.rsplit("_", 1)[1], "violations")
    return stated(f"ours.{name}", learner, quantity, expression, OURS_TOO, words, AUDITS_POLICY, *assumptions)


PRICES = (
    _small_price_bound("exp2_split_lagrangian", _EXP2, _SPLIT, "errors and reports in separate moments", ONE_SIDED),
    _small_price_bound(
        "exp2_small_price_regret",
        _EXP2,
        _ONE_SIDED,
        "at any price below epsilon / eta fewer errors offset the violations",
        ONE_SIDED,
        *_CHEAP,
    ),
    _small_price_bound("exp2_small_price_violations", _EXP2, _paid(_ONE_SIDED), _GAINED, ONE_SIDED, PAID, *_CHEAP),
    _small_price_bound(
        "full_information_small_price_violations", _HEDGE, _paid(_FULL), _GAINED, FULL_LABELS, PAID, *_CHEAP
    ),
)

# ---------------------------------------------------------------- regret and violations together


def _joint(name: str, learner: str, start: sp.Expr, feedback: Assumption, mode: str) -> Bound:
    words = "errors beyond the benchmark and C (epsilon - eta C) per violation, together"
    assumed = (feedback, AUDITS_POLICY, HAS_SLACK, OWN_MULTIPLIER, OWN_RATE)
    return stated(f"ours.{name}", learner, "regret_and_violations", start, OURS_TOO, words, *assumed, mode=mode)


JOINT = (
    _joint("exp2_joint", _EXP2, _ONE_SIDED, ONE_SIDED, "expectation"),
    _joint("full_information_joint", _HEDGE, _FULL, FULL_LABELS, "every path"),
)
