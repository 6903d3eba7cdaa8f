"""Bounds for Stackelberg play: leader and follower of `bandits.preference.StackelbergMatch`, mirror steps.

The proofs are in `bandits.preference.stackelberg.leader_follower`. With steps a and b, rho = 1 - a tau_L, sigma = 1 - b
tau_F, R the range of the leader's worths V and R_F the largest range of a row of preferences: the follower's log-ratio
to its solution shrinks by sigma per round, the leader's by rho up to a disturbance of at most a tau_F KL(omega ||
omega*), and KL(p || q) <= d^2 / 8 for policies whose log-ratio has range d. The sum of rho^{T-1-s} sigma^{2s} over s <
T is at most T m^{T-1} and at most m^T / |rho - sigma^2|, m the larger of rho and sigma^2, so at most the harmonic mean
of the two. Nothing here is quoted: the paper's own guarantee is about other steps.

**Refinement at the time of use.** The best response to y costs at most what copying y does, which wins in half of the
cases: E P[y, y'] + tau_F KL(omega* || omega_ref) <= 1/2 + tau_F log(1 / omega_ref(y | y)). So the answer that replaces
y is preferred to it with probability at least 1/2 - tau_F log(1 / omega_ref(y | y)).

**Consistency.** Let c beat every other action y by Delta_y. V(c) >= min P[c, .] = 1/2, and by the reply c alone
V(y) <= 1/2 - Delta_y + tau_F log(1 / omega_ref(c | y)). So pi*(y) / pi*(c) is at most

    b_y = pi_ref(y) / pi_ref(c) exp(-(Delta_y - tau_F log(1 / omega_ref(c | y))) / tau_L),

and pi*(c) >= 1 / (1 + b), b the sum of b_y: as tau_F and then tau_L fall to 0 the leader plays c alone. A policy whose
log-ratio to pi* has span s plays c with probability at least e^-s pi*(c), as log-ratios of policies change sign.
"""

from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

from theory.assumptions import feedback_is, learner_has, play_has, problem_has
from theory.bound import Assumption, Bound, K, Source, Symbol, T, found_in

TAU_L = Symbol("leader_weight", "tau_L", positive=True)
TAU_F = Symbol("follower_weight", "tau_F", positive=True)
A = Symbol("leader_rate", "a_L", positive=True)
B_F = Symbol("follower_rate", "a_F", positive=True)
R = Symbol("worth_range", "R_L", nonnegative=True)
R_F = Symbol("preference_range", "R_F", nonnegative=True)
ANSWERS = Symbol("answers", "m_a", positive=True)


EXACT = feedback_is("exact row")
WEIGHTS = problem_has("both weights are positive", lambda p: p.leader_weight > 0.0 and p.follower_weight > 0.0)
MIRROR = learner_has("steps are mirror steps", lambda learner: learner.geometry == "mirror")
CONSTANT = learner_has("the rates are constant", lambda learner: learner.leader_rate is not None).where(
    A * TAU_L <= 1,
    B_F * TAU_F <= 1,  # the learner takes no longer steps
)
FALLING = learner_has("the rates fall like 1 / t", lambda learner: learner.leader_rate is None)
SHORT = play_has(
    "a tau_L is less than 1", lambda p, learner: (learner.leader_rate or 0.0) * p.leader_weight < 1.0
).where(A * TAU_L < 1)
ANSWERED = learner_has("the follower gives its best response", lambda learner: learner.follower == "best response")
DESCENDS = learner_has("the follower descends its gradient", lambda learner: learner.follower == "gradient")
BITS = problem_has("feedback is noisy row with bits", lambda p: p.feedback.kind == "noisy row" and p.feedback.bits)
PAIRS = feedback_is("comparisons")

_RHO = 1 - A * TAU_L
_SQUARE = (1 - B_F * TAU_F) ** 2
_LARGER = sp.Max(_RHO, _SQUARE)
_LAG = 2 * _LARGER**T / (_LARGER / T + sp.Abs(_RHO - _SQUARE))  # a harmonic mean
_ALONE = _RHO**T * R / TAU_L
_SPAN = _ALONE + A * R_F**2 / (8 * TAU_F) * _LAG


def _answers(problem: Any, _: Any) -> float:
    return float(getattr(problem.feedback, "samples", 0) or problem.feedback.batch)


def _bound(name: str, quantity: str, expression: sp.Expr, statement: str, *assumptions: Assumption) -> Bound:
    """Return a theorem about mirror steps: on every path from exact rows, else in expectation."""
    return Bound(
        f"slhf2025.{name}",
        "StackelbergGDA",
        quantity,
        expression,
        Source("Pásztor, Kleine Buening & Krause 2025", "StackelbergGDA in tables (derived here)", "arXiv:2512.16626"),
        statement,
        mode="every path" if EXACT in assumptions else "expectation",
        assumptions=assumptions,
        readers={} if EXACT in assumptions else {"answers": _answers},
    )


_EXACT, _SAMPLED = (EXACT, WEIGHTS, MIRROR, CONSTANT), (WEIGHTS, MIRROR, FALLING, DESCENDS)
SPAN_BEST_RESPONSE = _bound(
    "best_response_span",
    "leader_span",
    _ALONE,
    "Against best responses the leader's log-ratio to its solution shrinks by 1 - a tau_L a round, exactly.",
    *_EXACT,
    ANSWERED,
)
GAP_BEST_RESPONSE = _bound(
    "best_response",
    "leader_gap",
    TAU_L * _ALONE**2 / 8,
    "Against best responses the leader's gap shrinks by (1 - a tau_L)^2 per round, up to a constant.",
    *_EXACT,
    ANSWERED,
)
SPAN = _bound(
    "leader_span",
    "leader_span",
    _SPAN,
    "Moving at once, the leader lags behind by no more than the follower's errors, at every ratio of the rates.",
    *_EXACT,
    SHORT,
    DESCENDS,
)
GAP = _bound(
    "leader_gap",
    "leader_gap",
    TAU_L * _SPAN**2 / 8,
    "Leader and follower move at once, and the leader's gap falls at a linear rate for every ratio of the rates.",
    *_EXACT,
    SHORT,
    DESCENDS,
)
FOLLOWER = _bound(
    "follower_gap",
    "follower_gap",
    _SQUARE**T * R_F**2 / (8 * TAU_F),
    "The follower's gap shrinks by (1 - b tau_F)^2 per round, up to a constant, whatever the leader does.",
    *_EXACT,
    DESCENDS,
)


FOLLOWER_BITS = _bound(
    "follower_bits",
    "follower_gap",
    sp.Min(K**2 / 16, (1 + sp.log(2 * K**2)) / 4) / (ANSWERS * T * TAU_F),
    "From m answers per entry and round, the follower's mean gap falls like log(n) / (m T tau_F).",
    BITS,
    *_SAMPLED,
)
FOLLOWER_PAIRS = _bound(
    "follower_pairs",
    "follower_gap",
    K**2 * (K - 1) ** 2 / (64 * ANSWERS * T * TAU_F),
    "From m uniform pairs per round, the follower's mean gap falls like n^4 / (m T tau_F).",
    PAIRS,
    *_SAMPLED,
)
_L = sp.log(2 * K**2)
_FOLLOWED = (sp.Rational(1, 64) + sp.pi**2 / 96 * (_L**2 + 2 * _L + 2) / ANSWERS**2) / TAU_F**2
LEADER_BITS = _bound(
    "leader_bits",
    "leader_gap",
    (2 * (1 + sp.log(2 * K)) + _FOLLOWED) / (4 * TAU_L * T),
    "From m answers per entry and round, the leader's mean gap falls like 1 / T too.",
    BITS,
    *_SAMPLED,
)

# ---------------------------------------------------------------- use of the solution


def _beats_all(problem: Any) -> bool:
    wins = np.asarray(problem.game.preferences) > 0.5
    return bool(wins.sum(axis=1).max() == len(wins) - 1)


def _odds(problem: Any, _: Any) -> float:
    """Return b, a bound on the odds of the solution's leader against the action that beats all others."""
    game, terms = np.asarray(problem.game.preferences), problem.game.terms
    c = int((game > 0.5).sum(axis=1).argmax())
    ahead = game[c] - 0.5 + terms.follower_weight * terms.log_follower_reference[:, c]
    logs = terms.log_reference - terms.log_reference[c] - ahead / terms.leader_weight
    return float(np.exp(np.minimum(np.delete(logs, c), 700.0)).sum())


def _copying(problem: Any, _: Any) -> float:
    return float(-np.diag(problem.game.terms.log_follower_reference).min())


ODDS = Symbol("odds", "b_c", nonnegative=True)
COPYING = Symbol("copying_cost", "D_F", nonnegative=True)
REFINEMENT = replace(
    _bound(
        "refinement",
        "refinement_loss",
        TAU_F * COPYING,
        "The follower's answer is preferred to the one that it replaces in half of the cases, but for tau_F D_F.",
        *_EXACT,
        ANSWERED,
    ),
    readers={"copying_cost": _copying},
)
CONSISTENCY = replace(
    _bound(
        "consistency",
        "missed_winner",
        1 - sp.exp(-_ALONE) / (1 + ODDS),
        "An action that beats all others is the leader's answer, but for exponentially small odds in 1 / tau_L.",
        *_EXACT,
        ANSWERED,
        problem_has("one action beats all others", _beats_all),
    ),
    readers={"odds": _odds},
)

LOOSE = {
    "slhf2025.leader_bits": "divergences are bounded by squared ranges of errors, and these by Hoeffding tails over "
    "all actions; near the solution a divergence is half a variance",
}

BOUNDS = found_in(vars())
