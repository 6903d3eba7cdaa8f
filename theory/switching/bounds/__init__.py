"""Bounds for online learning with switching costs, each with its proof or its source.

Throughout T rounds, K actions, oblivious losses in [0, 1], c >= 0 per switch, the first action free, and R_T the
regret against the best fixed action in hindsight, switches included.

**Exponential weights.** With p_t(i) proportional to exp(-eta Lhat_{t-1}(i)) and estimates lhat >= 0,
sum <p_t, lhat_t> - Lhat_T(i) <= ln K / eta + (eta/2) sum <p_t, lhat_t^2> for every i, and with eta/8 T in place of
the second term where lhat lies in [0, 1] (Hoeffding's lemma on ln sum p e^(-eta lhat)).

**Batches.** One action per batch of tau rounds, n = ceil(T / tau) batches, lhat_b an unbiased estimate of the batch's
summed losses over tau: the expected regret without switches is tau times that of the weights on lhat.
E <p, lhat^2> <= K for own losses over their probability (sum_i p_i l_i^2 / p_i <= K) and for one uniform observation
(K^2 sum_i p_i l_i^2 / K <= K). A learner that draws afresh every batch switches at most n - 1 times.

**Dartboard.** Keeping action A with probability exp(-eta lhat(A)), where lhat does not depend on the learner's own
actions, keeps the law p; with W the sum of weights P(redraw) = 1 - W_{b+1} / W_b <= ln(W_b / W_{b+1}), so
E[redraws] <= ln K + eta E[min_i Lhat(i)] <= ln K + eta n, as E Lhat(i) <= n.

**Lazy perturbed leader.** Proved in `bandits.switching.perturbed_leader`.

**Tsallis-INF** on blocks of lengths b_1, ..., b_N with losses b_n <p, l_n>, eta_n = 2 / sqrt(b_1^2 + ... + b_n^2) and
Psi(p) = -4 sum sqrt(p_i) + 2: the penalties of a regularised leader telescope to (4 sqrt K - 4) / eta_N, as Psi has a
range of 4 sqrt K - 4 over the simplex and the rates fall. An estimate lhat / p_i >= 0 of one action moves the leader's
value by at most (eta_n / 2) p_i^(3/2) (lhat / p_i)^2 (`theory.preference.duels.bounds`), whose mean is at most
(eta_n / 2) b_n^2 sum sqrt(p_i) <= (eta_n / 2) b_n^2 sqrt K. With Q_n = b_1^2 + ... + b_n^2 that is b_n^2 sqrt(K / Q_n),
and b_n^2 / sqrt(Q_n) <= 2 (sqrt(Q_n) - sqrt(Q_(n-1))), with 1 in the place of 2 for n = 1: in all

    (2 sqrt K - 2) sqrt Q + (2 sqrt Q - b_1) sqrt K <= (4 sqrt K - 2) sqrt Q,   and at most c (N - 1) for switches.

**Learners that adapt, and bounds with high probability**: `theory.switching.bounds.adaptive`. **Lower bounds**:
`theory.switching.bounds.lower`.
"""

from dataclasses import replace

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from theory.assumptions import AT_LEAST_TWO, UNIT_LOSSES, feedback_is, learner_has, problem_has
from theory.bound import ETA, Bound, K, Source, T, Tuning, found_in
from theory.switching.bounds.adaptive import ADAPTIVE_BOUNDS as ADAPTIVE_BOUNDS
from theory.switching.bounds.lower import LOWER_BOUNDS as LOWER_BOUNDS
from theory.switching.bounds.terms import (
    BANDIT,
    BATCHES,
    BLOCKS,
    EIGHTH,
    EXTRA,
    FULL_INFORMATION,
    HALF,
    LOG_K,
    SQUARES,
    TAU,
    B,
    C,
    budget_of,
    cheng,
    stated,
)

# ---------------------------------------------------------------- full information

_HEDGE = LOG_K / ETA + EIGHTH * ETA * T
HEDGE = stated(
    "cesabianchi2006.hedge",
    "Hedge",
    FULL_INFORMATION,
    _HEDGE + C * (T - 1),
    Source("Cesa-Bianchi & Lugosi 2006", "Theorem 2.2, and at most T - 1 switches"),
    "Hedge loses at most ln K / eta + eta T / 8 more than the best action; drawn afresh, it may switch every round.",
    Tuning(ETA, _HEDGE),
)

_DARTBOARD = LOG_K / ETA + EIGHTH * ETA * T + C * (LOG_K + ETA * T)
DARTBOARD = stated(
    "geulen2010.shrinking_dartboard",
    "ShrinkingDartboard",
    FULL_INFORMATION,
    _DARTBOARD,
    Source("Geulen, Voecking & Winkler 2010", "Theorem 1 (constants re-derived)"),
    "Shrinking Dartboard keeps Hedge's regret and switches about ln K + eta T times.",
    Tuning(ETA, _DARTBOARD),
)
DARTBOARD_SWITCHES = stated(
    "geulen2010.shrinking_dartboard_switches",
    "ShrinkingDartboard",
    FULL_INFORMATION,
    LOG_K + ETA * T,
    Source("Geulen, Voecking & Winkler 2010", "Lemma 2 (re-derived)"),
    "Shrinking Dartboard redraws at most ln K + eta T times on average.",
    quantity="switches",
)

_LAZY = Source("Kalai & Vempala 2005", "lazy perturbed leader, Section 3.2 (constants re-derived)")
_LEADER = sp.harmonic(K) / ETA + (1 + C) * ETA * T
LEADER = stated(
    "kalai2005.lazy_leader",
    "LazyPerturbedLeader",
    FULL_INFORMATION,
    _LEADER,
    _LAZY,
    "The lazy perturbed leader's regret and its switches both grow like sqrt(T ln K).",
    Tuning(ETA, _LEADER),
)
LEADER_SWITCHES = stated(
    "kalai2005.lazy_leader_switches",
    "LazyPerturbedLeader",
    FULL_INFORMATION,
    ETA * T,
    _LAZY,
    "The lazy perturbed leader moves only when its own perturbation is redrawn: at most eta T times on average.",
    quantity="switches",
)

# ---------------------------------------------------------------- bandit feedback

_EXP3 = LOG_K / ETA + HALF * ETA * T * K
EXP3 = stated(
    "bubeck2012.exp3",
    "Exp3",
    BANDIT,
    _EXP3 + C * (T - 1),
    Source("Bubeck & Cesa-Bianchi 2012", "Theorem 3.1, and at most T - 1 switches", "arXiv:1204.5721"),
    "EXP3 loses at most ln K / eta + eta T K / 2 more than the best action; it may switch every round.",
    Tuning(ETA, _EXP3),
)


def _blocks(horizon: int, growth: float) -> NDArray[np.float64]:
    """Return the lengths max(1, ceil(growth sqrt(n))) of the blocks n = 1, 2, ... that begin before the horizon."""
    count = 64
    while True:  # 2^27 blocks take a second
        lengths = np.maximum(1.0, np.ceil(growth * np.sqrt(np.arange(1.0, count + 1.0))))
        ends = np.cumsum(lengths)
        if ends[-1] >= horizon:
            return np.asarray(lengths[: int(np.searchsorted(ends, horizon)) + 1])
        count *= 2


def _batched(n: sp.Expr) -> sp.Expr:
    return TAU * (LOG_K / ETA + HALF * ETA * n * K)


def _at_least_one(best: sp.Expr) -> sp.Expr:
    return sp.Min(T, sp.Max(1, sp.ceiling(best)))


_BATCH_RATE = Tuning(ETA, _batched(BATCHES))
_BATCH_LENGTH = Tuning(TAU, sp.sqrt(2 * TAU * T * K * LOG_K) + C * T / TAU, _at_least_one)
BATCHED_EXP3 = stated(
    "arora2012.batched_exp3",
    "BatchedExp3",
    BANDIT,
    _batched(BATCHES) + C * (BATCHES - 1),
    Source("Arora, Dekel & Tewari 2012", "Theorem 2 with EXP3 (constants re-derived)", "arXiv:1206.6400"),
    "EXP3 over batches reaches (c K ln K)^(1/3) T^(2/3), the minimax rate under bandit feedback up to logarithms.",
    _BATCH_RATE,
    _BATCH_LENGTH,
)
BATCHED_EXP3_SWITCHES = stated(
    "arora2012.batched_exp3_switches",
    "BatchedExp3",
    BANDIT,
    BATCHES - 1,
    Source("Arora, Dekel & Tewari 2012", "Section 3"),
    "One action per batch: at most n - 1 switches.",
    quantity="switches",
    mode="every path",
)
_TSALLIS = Source("Rouyer, Seldin & Cesa-Bianchi 2021", "Theorem 1 (adversarial; re-derived for our learning rate)")
TSALLIS_BLOCKS = replace(
    stated(
        "rouyer2021.tsallis_blocks",
        "TsallisSwitch",
        BANDIT,
        (4 * sp.sqrt(K) - 2) * sp.sqrt(SQUARES) + C * (BLOCKS - 1),
        _TSALLIS,
        "Tsallis-INF over N growing blocks of lengths b_n: regret of order sqrt(K sum b_n^2), N - 1 switches.",
    ),
    assumptions=(
        BANDIT,
        AT_LEAST_TWO,
        UNIT_LOSSES,
        learner_has("the rate is the theorem's", lambda learner: learner.scale == 1.0),
    ),
    readers={
        "squared_lengths": lambda problem, params: float((_blocks(problem.horizon, params.growth) ** 2).sum()),
        "blocks": lambda problem, params: float(len(_blocks(problem.horizon, params.growth))),
    },
)
TSALLIS = stated(
    "rouyer2021.tsallis_switch",
    "TsallisSwitch",
    BANDIT,
    (C * K) ** sp.Rational(1, 3) * T ** sp.Rational(2, 3) + sp.sqrt(K * T),
    _TSALLIS,
    "Tsallis-INF over growing blocks reaches the minimax rate without the horizon, and less on stochastic losses.",
    rate_only=True,
)

# ---------------------------------------------------------------- bought observations

OWN_LOOKS = stated(
    "cheng2023.bandit_looks",
    "BudgetedExp3",
    budget_of("bandit", "flexible"),
    _batched(BATCHES) + C * (BATCHES - 1),
    cheng("Section 5, bandit feedback"),
    "Observations of the played action: T sqrt(K / B), until T^(2/3) of them; more cannot be used.",
    _BATCH_RATE,
)


def _lazy(curvature: sp.Expr) -> sp.Expr:
    return TAU * (LOG_K / ETA + ETA * BATCHES * curvature) + C * (LOG_K + ETA * BATCHES)


FULL_LOOKS = stated(
    "cheng2023.full_looks",
    "BatchedDartboard",
    budget_of("full"),
    _lazy(EIGHTH),
    cheng("Section 5, full-information feedback"),
    "All actions observed once per batch, B / K batches: T sqrt(K / B) for every budget.",
    Tuning(ETA, _lazy(EIGHTH)),
)
FLEXIBLE_LOOKS = stated(
    "cheng2023.flexible_looks",
    "BatchedDartboard",
    feedback_is("total budget", "extra observations", looks=("flexible",)),
    _lazy(HALF * K),
    cheng("Sections 4 and 5, flexible feedback"),
    "One uniform action observed once per batch, B batches: T sqrt(K / B) for every budget.",
    Tuning(ETA, _lazy(HALF * K)),
)


def _tuned_batched() -> sp.Expr:
    """Return batched EXP3's bound at its tuned integer batch length, in T, K and c."""
    length = _BATCH_LENGTH.rounded
    n = sp.ceiling(T / length)
    return length * sp.sqrt(2 * n * K * LOG_K) + C * (n - 1)


def _tuned_flexible() -> sp.Expr:
    """Return the bound for one uniform observation per batch at its tuned rate, in T, K, c and B."""
    length = sp.ceiling(T / sp.Min(B, T))
    n = sp.ceiling(T / length)
    return 2 * sp.sqrt(length * LOG_K * n * (HALF * K * length + C)) + C * LOG_K


EXTRA_OBSERVATIONS = Bound(
    "cheng2023.extra_observations",
    "ExtraObservationLearner",
    "regret",
    sp.Min(_tuned_batched(), _tuned_flexible()),
    cheng("Theorem on extra observations, Section 4"),
    "Extra observations help only past B of order K^(1/3) T^(2/3), and then as T sqrt(K / B).",
    assumptions=(EXTRA, AT_LEAST_TWO, UNIT_LOSSES, problem_has("at least one observation", lambda p: p.budget >= 1)),
)


def crossover_budget() -> sp.Expr:
    """Return the budget beyond which bought observations beat free bandit feedback, leading terms only.

    The leading terms of the two bounds, T sqrt(2 K ln K / B) and batched EXP3's tuned one, are equal there.
    """
    free = sp.sqrt(2 * TAU * T * K * LOG_K) + C * T / TAU
    free = free.subs(TAU, _BATCH_LENGTH.best)
    return sp.simplify(2 * K * LOG_K * T**2 / free**2)


LOOSE = {
    "zimmert2021.tsallis_inf_reduced": "14 K ln T, from the first rounds, is as large as 2 sqrt(K T) up to about 10^5 "
    "rounds",
    "dekel2014.bandit_lower": "the constant 50 and the factor log2 T are the proof's: the minimax regret of six "
    "rounds is 60 times as large",
    "cheng2023.bandit_looks_lower": "as for the walk with bandit feedback",
}
WITHOUT_THEOREM = {
    "kink of the regret as a function of the budget": "the budget where two upper bounds meet is `crossover_budget`; "
    "that the least regret bends there is a statement about rates up to logarithms, which are measured, not certified",
}

BOUNDS = found_in(vars())

# ---------------------------------------------------------------- phase diagrams

X = sp.Symbol("x", nonnegative=True)


def minimax_exponent(looks: str) -> sp.Expr:
    """Return the exponent of T in the minimax regret as a function of x = log_T(budget), for fixed K.

    looks: "extra" (bandit feedback and extra observations, 0 <= x <= 1), or with a total budget "flexible", "full"
    or "bandit" (0 <= x <= 1).  Source: Cheng, Zhou & Ji 2023, Sections 4 and 5 (their Figures 1 and 2).
    """
    bought, bandit = 1 - X / 2, sp.Rational(2, 3)
    exponents = {
        "extra": sp.Min(bandit, bought),
        "flexible": bought,
        "full": bought,
        "bandit": sp.Max(bandit, bought),
    }
    if looks not in exponents:
        raise ValueError(f"looks must be one of {', '.join(exponents)}, got {looks!r}")
    return exponents[looks]
