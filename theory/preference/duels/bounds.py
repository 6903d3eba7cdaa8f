"""Bounds for duels, in which a learner sees one answer per round: in expectation, with high probability, and rates.

With w a von Neumann winner and S = P - 1/2 a round of (a, b) costs (<w, S e_a> + <w, S e_b>) / 2. Where an action beats
all others (a Condorcet winner) w is that action, Delta_i = <w, S e_i> its advantage over i, and Delta_max the largest.

**Two learners, one a side**, who lose 1 - o and o for the answer o: the regret of the duels is half the sum of their
regrets against w (`bandits.preference.duels.sparring_exp3`), and each side plays an adversarial bandit. EXP3: ln K /
eta + eta T K / 2. Versatile-DB follows the regularised leader with Psi(p) = -4 sum sqrt(p_i) and eta_t = 2 / sqrt(t).
Its penalties telescope to (4 sqrt(K) - 4) / eta_T; an estimate l / p_i >= 0 moves the leader's value by at most (eta_t
/ 2) p_i^(3/2) (l / p_i)^2, as the conjugate -4 / (eta^2 y) has an increasing second derivative, which is eta p_i^(3/2)
at the present y; its mean is at most (eta_t / 2) sqrt(K). With sum of 1 / sqrt(t) <= 2 sqrt(T) - 1 a side's regret is
at most 2 sqrt(T) (sqrt(K) - 1) + 2 sqrt(K T) - sqrt(K).

Against a Condorcet winner w its penalties are 2 (sqrt(t) - sqrt(t - 1)) (sum sqrt(p_i) - 1) per round, which is at most
that factor times Q = sum over i != w of sqrt(p_i). Taking the loss l off all estimates changes no probability; those
below zero cost 1 / (1 - sqrt(p_i / t)) times as much, so the mean is at most 1 / sqrt(t) times the sum of
sqrt(p_i) (1 - p_i) + p_i^2 (1 - p_i) / (sqrt(t) - 1), which is at most (1.25 + 1.05 / (sqrt(t) - 1)) Q as
1 - p_w = sum of the others. Together at most c_t Q with c_t <= 2.62 / sqrt(t) for t > 16; before, 6.67 sqrt(K) for the
moves, and c_t <= 2 at t = 1, 1.172 / sqrt(t) later for the penalties: c_1^2 + ... + c_T^2 <= 7 ln T + 4. Twice the
regret R is sum Delta_i p_i over rounds, actions and sides, so 2 R = 4 R - 2 R <= 2 (both sides' bounds) -
sum Delta_i p_i, where 2 c_t sqrt(p_i) - Delta_i p_i <= c_t^2 / Delta_i.

**RUCB** with alpha > 1/2. For one pair and n comparisons the estimate is off by sqrt(alpha ln t / n) at some round
t > C with probability at most 2 max(C, n)^(-2 alpha), as t > n; summed over n and over K (K - 1) / 2 pairs that is
K (K - 1) C^(1 - 2 alpha) 2 alpha / (2 alpha - 1), which is delta at the C of the bound. From round C on, otherwise: the
winner is always a candidate; a champion i other than it is challenged by some j of u_ji >= u_wi >= 1/2 + Delta_i,
while u_ij >= 1/2 says l_ji <= 1/2; and if the winner is challenged by j, then u_jw >= 1/2 and l_jw <= 1/2 - Delta_j.
So the pair's interval is at least Delta wide and has been compared at most 4 alpha ln T / min(Delta_i, Delta_j)^2
times before, the winner left out of the minimum. No action but the winner duels itself.
"""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import sympy as sp

from theory.assumptions import feedback_is, learner_has, problem_has
from theory.bound import DELTA, ETA, Bound, K, Source, Symbol, T, Tuning, found_in

ALPHA = Symbol("alpha", "alpha", positive=True)
LARGEST_GAP = Symbol("largest_gap", "Delta_max", nonnegative=True)
PAIR_GAPS = Symbol("pair_gaps", "G_2", nonnegative=True)
HARDNESS = Symbol("hardness", "H_2", nonnegative=True)
INVERSE_GAPS = Symbol("inverse_gaps", "H_1", nonnegative=True)


def gaps(problem: Any) -> Any:
    """Return the advantages (K,) of the Condorcet winner over each action, 0 for itself."""
    preferences = np.asarray(problem.preferences)
    return preferences[_winner(preferences)] - 0.5


def _winner(preferences: Any) -> int:
    return int(np.argmax((preferences > 0.5).sum(axis=1)))


def _has_winner(problem: Any) -> bool:
    preferences = np.asarray(problem.preferences)
    return bool((preferences > 0.5).sum(axis=1).max() == len(preferences) - 1)


def _over_pairs(term: Callable[[float, float], float]) -> Callable[[Any, Any], float]:
    """Return the sum over pairs i < j of (Delta_i + Delta_j) / 2 term(Delta_i, Delta_j), the winner's Delta = inf."""

    def total(problem: Any, _: Any) -> float:
        delta = gaps(problem)
        least = np.where(np.arange(len(delta)) == _winner(np.asarray(problem.preferences)), np.inf, delta)
        pairs = combinations(range(len(delta)), 2)
        return float(sum(0.5 * (delta[i] + delta[j]) * term(least[i], least[j]) for i, j in pairs))

    return total


DUELS = feedback_is("duel")
CONDORCET = problem_has("one action beats all others", _has_winner).where(sp.Ge(K, 2))
WIDE = learner_has("alpha above 1/2", lambda learner: getattr(learner, "alpha", 1.0) > 0.5).where(2 * ALPHA > 1)

_SPARRING = sp.log(K) / ETA + ETA * T * K / 2
SPARRING = Bound(
    "ailon2014.sparring_exp3",
    "SparringExp3",
    "regret",
    _SPARRING,
    Source("Ailon, Karnin & Joachims 2014", "sparring with EXP3 (constants derived here)", "arXiv:1405.3396"),
    "Two EXP3 learners against each other lose at most sqrt(2 T K ln K) to a von Neumann winner.",
    assumptions=(DUELS,),
    tunings=(Tuning(ETA, _SPARRING),),
)
VERSATILE = Bound(
    "saha2022.versatile_db",
    "VersatileDB",
    "regret",
    4 * sp.sqrt(K * T) - 2 * sp.sqrt(T) - sp.sqrt(K),
    Source("Saha & Gaillard 2022", "adversarial regret of Versatile-DB (constants derived here)", "arXiv:2202.06694"),
    "Two Tsallis-INF learners against each other lose at most 4 sqrt(K T) to a von Neumann winner, tuned to nothing.",
    assumptions=(DUELS,),
)
VERSATILE_GAPS = Bound(
    "saha2022.versatile_db_gaps",
    "VersatileDB",
    "regret",
    (7 * sp.log(T) + 4) * INVERSE_GAPS + 14 * sp.sqrt(K),
    Source("Saha & Gaillard 2022", "regret against a Condorcet winner (constants derived here)", "arXiv:2202.06694"),
    "Where one action beats all others the same learner loses at most about 7 ln T times the sum of 1 / gap.",
    assumptions=(DUELS, CONDORCET),
    readers={"inverse_gaps": lambda problem, _: float(sum(1.0 / gap for gap in gaps(problem) if gap > 0.0))},
)
_LATE = sp.log(2 * ALPHA * K * (K - 1) / ((2 * ALPHA - 1) * DELTA)) / (2 * ALPHA - 1)  # ln C, which may be large
RUCB = Bound(
    "zoghi2014.rucb",
    "RUCB",
    "regret",
    LARGEST_GAP * sp.exp(sp.Min(_LATE, sp.log(T))) + ALPHA * HARDNESS * sp.log(T) + PAIR_GAPS,
    Source(
        "Zoghi, Whiteson, Munos & de Rijke 2014",
        "regret with high probability (constants derived here)",
        "arXiv:1312.3393",
    ),
    "Where one action beats all others RUCB loses with high probability of the order of ln T, at every horizon.",
    mode="probability",
    assumptions=(DUELS, CONDORCET, WIDE),
    readers={
        "largest_gap": lambda problem, _: float(gaps(problem).max()),
        "hardness": _over_pairs(lambda i, j: 4.0 / min(i, j) ** 2),
        "pair_gaps": _over_pairs(lambda i, j: 1.0),
    },
)
DOUBLE_THOMPSON = Bound(
    "wu2016.double_thompson",
    "DoubleThompsonSampling",
    "regret",
    K * sp.log(T) + K**2 * sp.log(sp.log(T)),
    Source("Wu & Liu 2016", "refined regret in Condorcet games", "arXiv:1604.07101"),
    "Where one action beats all others double Thompson sampling loses of the order of K ln T + K^2 ln ln T.",
    assumptions=(DUELS, CONDORCET),
    rate_only=True,
)

WITHOUT_THEOREM = {
    "regret of VPO": "the published rate of order sqrt(T) is of the global optimum of an objective that optimism makes "
    "non-convex, with a constant exponential in the rewards; the learner here finds a stationary point",
}

BOUNDS = found_in(vars())
