"""Bounds for stochastic bandits, each with its proof or its source.

Throughout T rounds, K actions, independent losses with means m_i that are sigma-sub-Gaussian (sigma = 1/2 in [0, 1]),
gaps D_i = m_i - min m, and the pseudo-regret R = sum_i D_i E N_i(T); sums are over actions with D_i > 0.

**UCB** with radius sqrt(4 sigma^2 ln T / N) (delta = 1 / T^2). Let u = ceil(16 sigma^2 ln T / D^2). If an action is
played after u plays, its index is at most that of the best action. Then the best action's index exceeds its mean, or
the action's own mean is too low by its radius, as D >= 2 radii: each has probability at most 1 / T^2 for given counts,
so 1 / T over all of them, and E N <= u + T (2 / T) <= 16 sigma^2 ln T / D^2 + 3. Actions with D below
4 sigma sqrt(K ln T / T) cost at most T times that, the others as much again: R <= 8 sigma sqrt(K T ln T) + 3 sum D.

**Explore-then-commit**, losses in [0, 1]: a worse action has the least mean of m plays with probability at most
exp(-m D^2) (Hoeffding's inequality for 2 m variables).

**Successive elimination**, L = ln(2 K T^2): with probability at least 1 - 1 / T all means of n plays are within
sigma sqrt(2 L / n). Then the best action stays, and the others are dropped once 4 radii are below D, so
N <= 32 sigma^2 L / D^2 + 1; otherwise the regret is at most T max D, which counts max D <= 1 in the mean.

**Tsallis-INF** on importance-weighted losses in [0, 1], one best action. With eta_t = 2 / sqrt(t) round t adds
(1 + 1 / t) (sum sqrt(p_i) - 1) / sqrt(t) from the regulariser, and from the estimate, for t >= 4 (eta_t <= 1, losses
shifted by the round's), at most sum sqrt(p_i) (1 - p_i) / sqrt(t) + 1 / (2 t). The best action's terms are at most
those of the others' p_i / sqrt(t), as sqrt(p_*) <= 1 and 1 - p_* = sum p_i; so with sums over the others

    R <= sum_t sum_i [(2 / sqrt(t) + t^(-3/2)) sqrt(p_i) + p_i / sqrt(t)] + (ln T) / 2 + 1.75,

rounds 1 to 3 included. R = 2 R - R, and R = sum D_i p_i: every action and round adds at most the maximum over w in
[0, 1] of (4 / sqrt(t) + 2 t^(-3/2)) sqrt(w) - (D - 2 / sqrt(t)) w. Up to t = 16 / D^2 that is at most 6 / sqrt(t) +
2 t^(-3/2), in sum 48 / D + 5.3; later (4 / (t D)) (1 + 1 / (2 t))^2 (1 + 4 / (D sqrt(t))), in sum (4 ln T + 8.9) / D.

**Minimax lower bound**, unit normal losses: let the best action be better by D = sqrt((K - 1) / (4 T)), and i the
one of the others that the learner plays least, at most T / (K - 1) times on average. Make i better by 2 D instead. By
the inequality of Bretagnolle and Huber the two regrets sum to at least (T D / 4) exp(-2 T D^2 / (K - 1)), so the larger
one is at least e^(-1/2) / 16 sqrt((K - 1) T), which is above sqrt((K - 1) T) / 27.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory.assumptions import AT_LEAST_TWO, UNIT_LOSSES, feedback_is, learner_has, parameters_have, problem_has
from theory.bound import Assumption, Bound, K, Source, Symbol, T, found_in
from theory.stochastic.bounds.divergence import bernoulli_kl, gaps_of, lai_robbins

SIGMA = Symbol("sigma", "sigma")
M = Symbol("pulls", "m", positive=True, integer=True)
GAPS = Symbol("gaps", "D_sum", nonnegative=True)
INVERSE_GAPS = Symbol("inverse_gaps", "D_inv", nonnegative=True)
LARGEST_GAP = Symbol("largest_gap", "D_max", nonnegative=True)
MISTAKES = Symbol("mistakes", "D_m", nonnegative=True)
CONCENTRATED = Symbol("kl_plays", "N_kl", nonnegative=True)
CONSTANT = Symbol("lai_robbins", "C", nonnegative=True)


def gaps(problem: Any) -> NDArray[np.float64]:
    """Return the positive gaps of the mean losses."""
    found = gaps_of(np.array(problem.losses.means))
    return np.asarray(found[found > 0.0])


def _mistakes(problem: Any, parameters: Any) -> float:
    """Return the sum of D exp(-m D^2)."""
    found = gaps(problem)
    return float((found * np.exp(-parameters.pulls * found**2)).sum())


def _kl_plays(problem: Any, parameters: Any) -> float:
    """Return the sum over actions of D times the bound on their plays, at the best epsilons on a grid."""
    means, horizon = np.array(problem.losses.means), problem.horizon
    level = math.log(1.0 + horizon * math.log(horizon) ** 2)
    share = np.arange(1, 100) / 100.0
    total = 0.0
    for gap in gaps(problem):
        first, second = np.meshgrid(gap * share, gap * share, indexing="ij")
        inside = first + second < gap * (1.0 - 1e-9)
        first, second = first[inside], second[inside]
        best = means.min()
        plays = level / bernoulli_kl(best + gap - first, best + second) + 0.5 / first**2 + 2.0 / second**2
        total += gap * float(plays.min())
    return total


READERS: Mapping[str, Callable[[Any, Any], float]] = {
    "gaps": lambda problem, parameters: float(gaps(problem).sum()),
    "inverse_gaps": lambda problem, parameters: float((1.0 / gaps(problem)).sum()),
    "largest_gap": lambda problem, parameters: float(gaps(problem).max(initial=0.0)),
    "mistakes": _mistakes,
    "kl_plays": _kl_plays,
    "lai_robbins": lambda problem, parameters: lai_robbins(*problem.losses.outcomes()),
}

BANDIT = feedback_is("bandit")
STOCHASTIC = problem_has(
    "independent losses with fixed means, no switching cost",
    lambda p: p.losses.steps.gap and not p.losses.steps.moving and p.losses.means and p.switching_cost == 0.0,
)
BERNOULLI = problem_has("losses are 0 or 1", lambda p: set(p.losses.outcomes()[0]) <= {0.0, 1.0})
GAP = problem_has("some action is not best", lambda problem: gaps(problem).size > 0)
SUB_GAUSSIAN = parameters_have(
    "losses are sigma-sub-Gaussian",
    lambda p, params: params.sigma >= (0.5 if p.losses.bounded else getattr(p.losses, "sigma", math.inf)),
)
EACH_ONCE = problem_has("T >= K", lambda p: p.horizon >= p.n_actions).where(sp.Ge(T, K))


def _stated(
    name: str, learner: str, expression: sp.Expr, source: Source, statement: str, *assumes: Assumption, **fields: Any
) -> Bound:
    assumptions = (BANDIT, STOCHASTIC, AT_LEAST_TWO, GAP, *assumes)
    return Bound(
        name,
        learner,
        "pseudo_regret",
        expression,
        source,
        statement,
        assumptions=assumptions,
        readers=READERS,
        **fields,
    )


def _book(where: str) -> Source:
    return Source("Lattimore & Szepesvari 2020", where, "https://tor-lattimore.com/downloads/book/book.pdf")


# ---------------------------------------------------------------- upper confidence bounds

_TUNED = learner_has("failure probability 1 / T^2", lambda learner: learner.failure_probability is None)
UCB = _stated(
    "lattimore2020.ucb",
    "UCB",
    16 * SIGMA**2 * sp.log(T) * INVERSE_GAPS + 3 * GAPS,
    _book("Theorem 7.1 (constants for sigma-sub-Gaussian losses)"),
    "A worse action is played until its radius is below half its gap, and then rarely: regret like ln T over the gaps.",
    SUB_GAUSSIAN,
    _TUNED,
)
UCB_WORST = _stated(
    "lattimore2020.ucb_worst_case",
    "UCB",
    8 * SIGMA * sp.sqrt(K * T * sp.log(T)) + 3 * GAPS,
    _book("Theorem 7.2 (constants for sigma-sub-Gaussian losses)"),
    "Whatever the gaps are, UCB loses at most of order sqrt(K T ln T).",
    SUB_GAUSSIAN,
    _TUNED,
)
UCB1 = _stated(
    "auer2002.ucb1",
    "UCB1",
    8 * sp.log(T) * INVERSE_GAPS + (1 + sp.pi**2 / 3) * GAPS,
    Source("Auer, Cesa-Bianchi & Fischer 2002", "Theorem 1", "https://doi.org/10.1023/A:1013689704352"),
    "UCB1 needs neither the horizon nor the gaps: regret at most 8 ln T over the gaps, and a constant.",
    UNIT_LOSSES,
    learner_has("exploration 2", lambda learner: learner.exploration == 2.0),
)
MOSS = _stated(
    "audibert2009.moss",
    "MOSS",
    39 * SIGMA * sp.sqrt(K * T) + GAPS,
    Source("Lattimore & Szepesvari 2020", "Theorem 9.1, for MOSS of Audibert & Bubeck 2009 (scaled to sigma)"),
    "MOSS has the minimax rate sqrt(K T), without a logarithm.",
    SUB_GAUSSIAN,
    EACH_ONCE,
)
KL_UCB = _stated(
    "lattimore2020.kl_ucb",
    "KLUCB",
    CONCENTRATED,
    _book("Theorem 10.6, at the best epsilons"),
    "For losses 0 or 1 KL-UCB plays a worse action about ln T / kl(m_i, m_*) times, the least that is possible.",
    BERNOULLI,
    learner_has("exploration of the book", lambda learner: learner.exploration == "book"),
)

# ---------------------------------------------------------------- explore, then decide

COMMIT = _stated(
    "lattimore2020.explore_then_commit",
    "ETC",
    M * GAPS + (T - M * K) * MISTAKES,
    _book("Theorem 6.1 (constant for losses in [0, 1])"),
    "Explore m rounds each, then commit: a worse action is chosen with probability at most exp(-m D^2).",
    UNIT_LOSSES,
    parameters_have("m K <= T", lambda p, params: params.pulls * p.n_actions <= p.horizon).where(sp.Le(M * K, T)),
)
ELIMINATION = _stated(
    "evendar2006.elimination",
    "SuccessiveElimination",
    32 * SIGMA**2 * sp.log(2 * K * T**2) * INVERSE_GAPS + GAPS + LARGEST_GAP,
    Source("Even-Dar, Mannor & Mansour 2006", "successive elimination (constants derived in theory.stochastic.bounds)"),
    "Actions are dropped for good once their gap is certain: regret like ln T over the gaps.",
    SUB_GAUSSIAN,
)

TSALLIS_INF = _stated(
    "ours.tsallis_inf_stochastic",
    "TsallisINF",
    (4 * sp.log(T) + 57) * INVERSE_GAPS + sp.Rational(53, 10) * (K - 1) + sp.log(T) + sp.Rational(7, 2),
    Source("Zimmert & Seldin 2021", "as in Theorem 1, with constants derived here", "arXiv:1807.07623"),
    "Tsallis-INF, which keeps order sqrt(K T) against any losses, has regret like 4 ln T over the gaps here.",
    UNIT_LOSSES,
    problem_has("one best action", lambda p: len(gaps(p)) == p.n_actions - 1),
    learner_has("importance-weighted estimates", lambda learner: learner.estimates == "importance-weighted"),
    learner_has("scale 1", lambda learner: learner.scale == 1.0),
)

# ---------------------------------------------------------------- rates and lower bounds

_CONSISTENT = problem_has("the learner has regret o(T^a) for every a > 0 in every problem", lambda p: False)
LAI_ROBBINS = _stated(
    "lai1985.lower",
    "",
    CONSTANT * sp.log(T),
    Source("Lai & Robbins 1985", "Theorem 1, and Burnetas & Katehakis 1996 for finitely many values"),
    "No learner that is good everywhere beats ln T sum D_i / KL_inf(i) asymptotically: the constant is exact.",
    _CONSISTENT,
    direction="lower",
    rate_only=True,
)
THOMPSON = _stated(
    "kaufmann2012.thompson",
    "BetaThompson",
    CONSTANT * sp.log(T),
    Source("Kaufmann, Korda & Munos 2012", "Theorem 1", "arXiv:1205.4217"),
    "Thompson sampling reaches the constant of Lai & Robbins for losses 0 or 1.",
    BERNOULLI,
    rate_only=True,
)
MINIMAX = _stated(
    "lattimore2020.minimax_lower",
    "",
    sp.sqrt((K - 1) * T) / 27,
    _book("Theorem 15.2"),
    "For every learner there are unit normal losses with regret at least sqrt((K - 1) T) / 27.",
    problem_has("the normal losses that are worst for the learner", lambda p: False),
    direction="lower",
)

WITHOUT_THEOREM = {
    "sliding windows and discounts": "the bounds of Garivier & Moulines 2011 depend on the least gap and the number of "
    "changes over all stretches of constant means, for a window tuned to them; they are not in the catalogue",
    "constants at finite horizons": "the constant of Lai & Robbins is asymptotic: at a finite horizon regret may lie "
    "on either side of C ln T, and only slopes in ln T are compared (figure lattimore2020_slope)",
}
LOOSE = {
    "lattimore2020.ucb_worst_case": "gaps on both sides of sqrt(K ln T / T) are charged in full",
    "audibert2009.moss": "the constant 39 is the proof's",
    "lattimore2020.kl_ucb": "the terms 1 / epsilon^2 dominate at every horizon that can be played",
}

BOUNDS = found_in(vars())
