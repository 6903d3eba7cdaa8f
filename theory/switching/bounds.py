"""Bounds for online learning with switching costs, each with its proof or its source.

Throughout T rounds, K actions, oblivious losses in [0, 1], c >= 0 a switch, the first action free, and R_T the
regret against the best fixed action in hindsight, switches included.

**Exponential weights.** With p_t(i) proportional to exp(-eta Lhat_{t-1}(i)) and estimates lhat >= 0,
sum <p_t, lhat_t> - Lhat_T(i) <= ln K / eta + (eta/2) sum <p_t, lhat_t^2> for every i, and with eta/8 T in place of
the second term where lhat lies in [0, 1] (Hoeffding's lemma on ln sum p e^(-eta lhat)).

**Batches.** One action a batch of tau rounds, n = ceil(T / tau) batches, lhat_b an unbiased estimate of the batch's
summed losses over tau: the expected regret without switches is tau times that of the weights on lhat.
E <p, lhat^2> <= K for own losses over their probability (sum_i p_i l_i^2 / p_i <= K) and for one uniform look
(K^2 sum_i p_i l_i^2 / K <= K). A learner that draws afresh every batch switches at most n - 1 times.

**Dartboard.** Keeping action A with probability exp(-eta lhat(A)), where lhat does not depend on the learner's own
actions, keeps the law p; with W the sum of weights P(redraw) = 1 - W_{b+1} / W_b <= ln(W_b / W_{b+1}), so
E[redraws] <= ln K + eta E[min_i Lhat(i)] <= ln K + eta n, as E Lhat(i) <= n.

**Lazy perturbed leader.** Proved in `bandits.switching.perturbed_leader`.

**Lower bounds** are recalled from the papers; those with a constant hold for the adversary that they name.
"""

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.bound import ETA, Assumption, Bound, K, Source, Symbol, T, Tuning

B = Symbol("budget", "B", positive=True, integer=True)
TAU = Symbol("batch_length", "tau", positive=True, integer=True)
C = Symbol("switching_cost", "c", nonnegative=True)

HALF = sp.Rational(1, 2)
EIGHTH = sp.Rational(1, 8)
LOG_K = sp.log(K)
BATCHES = sp.ceiling(T / TAU)

CHENG = "Cheng, Zhou & Ji 2023"
_ARXIV = "arXiv:2306.09588"


def _feedback(*kinds: str, looks: tuple[str, ...] = ()) -> Assumption:
    """Assume a feedback class, and for a total budget its looks."""
    text = f"feedback is {' or '.join(kinds)}" + (f" with looks {' or '.join(looks)}" if looks else "")

    def holds(problem: Any, learner: Any) -> bool:
        kind = type(getattr(problem, "feedback", None)).__name__
        return kind in kinds and (not looks or getattr(problem.feedback, "looks", looks[0]) in looks)

    return Assumption(text, holds)


def _problem(text: str, test: Callable[[Any], bool]) -> Assumption:
    return Assumption(text, lambda problem, learner: bool(test(problem)))


FULL_INFORMATION = _feedback("FullInformation")
BANDIT = _feedback("Bandit")
AT_LEAST_TWO = _problem("at least two actions", lambda p: p.n_actions >= 2).where(sp.Ge(K, 2))
UNIT_COST = _problem("switching cost 1", lambda p: p.switching_cost == 1.0)
HARD_WALK = _problem(
    "losses are the multi-scale random walk with the theorem's gap and noise",
    lambda p: type(p.losses).__name__ == "MultiScaleRandomWalk" and p.losses.gap is None and p.losses.noise is None,
)
LONG = _problem("horizon at least max(K, 6)", lambda p: p.horizon >= max(p.n_actions, 6)).where(sp.Ge(T, sp.Max(K, 6)))

# ---------------------------------------------------------------- full information

_HEDGE = LOG_K / ETA + EIGHTH * ETA * T
HEDGE = Bound(
    "cesabianchi2006.hedge",
    "Hedge",
    "regret",
    _HEDGE + C * (T - 1),
    Source("Cesa-Bianchi & Lugosi 2006", "Theorem 2.2, and at most T - 1 switches"),
    "Hedge loses at most ln K / eta + eta T / 8 more than the best action; drawn afresh, it may switch every round.",
    assumptions=(FULL_INFORMATION, AT_LEAST_TWO),
    tunings=(Tuning.minimising(ETA, _HEDGE),),
)

_DARTBOARD = LOG_K / ETA + EIGHTH * ETA * T + C * (LOG_K + ETA * T)
DARTBOARD = Bound(
    "geulen2010.shrinking_dartboard",
    "ShrinkingDartboard",
    "regret",
    _DARTBOARD,
    Source("Geulen, Voecking & Winkler 2010", "Theorem 1 (constants re-derived)"),
    "Shrinking Dartboard keeps Hedge's regret and pays for about ln K + eta T switches.",
    assumptions=(FULL_INFORMATION, AT_LEAST_TWO),
    tunings=(Tuning.minimising(ETA, _DARTBOARD),),
)
DARTBOARD_SWITCHES = Bound(
    "geulen2010.shrinking_dartboard_switches",
    "ShrinkingDartboard",
    "switches",
    LOG_K + ETA * T,
    Source("Geulen, Voecking & Winkler 2010", "Lemma 2 (re-derived)"),
    "Shrinking Dartboard redraws at most ln K + eta T times on average.",
    assumptions=(FULL_INFORMATION, AT_LEAST_TWO),
)

_HARMONIC = sp.harmonic(K)
_LEADER = _HARMONIC / ETA + (1 + C) * ETA * T
LEADER = Bound(
    "kalai2005.lazy_leader",
    "LazyPerturbedLeader",
    "regret",
    _LEADER,
    Source("Kalai & Vempala 2005", "lazy perturbed leader, Section 3.2 (constants re-derived)"),
    "The lazy perturbed leader's regret and its switches both grow like sqrt(T ln K).",
    assumptions=(FULL_INFORMATION, AT_LEAST_TWO),
    tunings=(Tuning.minimising(ETA, _LEADER),),
)
LEADER_SWITCHES = Bound(
    "kalai2005.lazy_leader_switches",
    "LazyPerturbedLeader",
    "switches",
    ETA * T,
    Source("Kalai & Vempala 2005", "lazy perturbed leader, Section 3.2 (constants re-derived)"),
    "The lazy perturbed leader moves only when its own perturbation is redrawn: at most eta T times on average.",
    assumptions=(FULL_INFORMATION, AT_LEAST_TWO),
)

# ---------------------------------------------------------------- bandit feedback

_EXP3 = LOG_K / ETA + HALF * ETA * T * K
EXP3 = Bound(
    "bubeck2012.exp3",
    "Exp3",
    "regret",
    _EXP3 + C * (T - 1),
    Source("Bubeck & Cesa-Bianchi 2012", "Theorem 3.1, and at most T - 1 switches", "arXiv:1204.5721"),
    "EXP3 loses at most ln K / eta + eta T K / 2 more than the best action; it may switch every round.",
    assumptions=(BANDIT, AT_LEAST_TWO),
    tunings=(Tuning.minimising(ETA, _EXP3),),
)


def _batched(n: sp.Expr) -> sp.Expr:
    return TAU * (LOG_K / ETA + HALF * ETA * n * K)


def _at_least_one(best: sp.Expr) -> sp.Expr:
    return sp.Min(T, sp.Max(1, sp.ceiling(best)))


_BATCH_RATE = Tuning.minimising(ETA, _batched(BATCHES))
_BATCH_LENGTH = Tuning.minimising(TAU, sp.sqrt(2 * TAU * T * K * LOG_K) + C * T / TAU, _at_least_one)
BATCHED_EXP3 = Bound(
    "arora2012.batched_exp3",
    "BatchedExp3",
    "regret",
    _batched(BATCHES) + C * (BATCHES - 1),
    Source("Arora, Dekel & Tewari 2012", "Theorem 2 with EXP3 (constants re-derived)", "arXiv:1206.6400"),
    "EXP3 over batches reaches (c K ln K)^(1/3) T^(2/3), the minimax rate under bandit feedback up to logarithms.",
    assumptions=(BANDIT, AT_LEAST_TWO),
    tunings=(_BATCH_RATE, _BATCH_LENGTH),
)
BATCHED_EXP3_SWITCHES = Bound(
    "arora2012.batched_exp3_switches",
    "BatchedExp3",
    "switches",
    BATCHES - 1,
    Source("Arora, Dekel & Tewari 2012", "Section 3"),
    "One action a batch: at most n - 1 switches.",
    mode="every path",
    assumptions=(BANDIT, AT_LEAST_TWO),
)
TSALLIS = Bound(
    "rouyer2021.tsallis_switch",
    "TsallisSwitch",
    "regret",
    (C * K) ** sp.Rational(1, 3) * T ** sp.Rational(2, 3) + sp.sqrt(K * T),
    Source("Rouyer, Seldin & Cesa-Bianchi 2021", "Theorem 1 (adversarial; re-derived for our learning rate)"),
    "Tsallis-INF over growing blocks reaches the minimax rate without the horizon, and less on stochastic losses.",
    assumptions=(BANDIT, AT_LEAST_TWO),
    rate_only=True,
)

# ---------------------------------------------------------------- bought looks

OWN_LOOKS = Bound(
    "cheng2023.bandit_looks",
    "BudgetedExp3",
    "regret",
    _batched(BATCHES) + C * (BATCHES - 1),
    Source(CHENG, "Section 5, bandit feedback (constants re-derived)", _ARXIV),
    "Looks at the played action: T sqrt(K / B), until T^(2/3) looks; more cannot be used.",
    assumptions=(_feedback("TotalBudget", looks=("bandit", "flexible")), AT_LEAST_TWO),
    tunings=(_BATCH_RATE,),
)


def _lazy(curvature: sp.Expr) -> sp.Expr:
    return TAU * (LOG_K / ETA + ETA * BATCHES * curvature) + C * (LOG_K + ETA * BATCHES)


FULL_LOOKS = Bound(
    "cheng2023.full_looks",
    "BatchedDartboard",
    "regret",
    _lazy(EIGHTH),
    Source(CHENG, "Section 5, full-information feedback (constants re-derived)", _ARXIV),
    "All actions looked at once a batch, B / K batches: T sqrt(K / B) for every budget.",
    assumptions=(_feedback("TotalBudget", looks=("full",)), AT_LEAST_TWO),
    tunings=(Tuning.minimising(ETA, _lazy(EIGHTH)),),
)
FLEXIBLE_LOOKS = Bound(
    "cheng2023.flexible_looks",
    "BatchedDartboard",
    "regret",
    _lazy(HALF * K),
    Source(CHENG, "Sections 4 and 5, flexible feedback (constants re-derived)", _ARXIV),
    "One uniform action looked at once a batch, B batches: T sqrt(K / B) for every budget.",
    assumptions=(_feedback("TotalBudget", "ExtraObservations", looks=("flexible",)), AT_LEAST_TWO),
    tunings=(Tuning.minimising(ETA, _lazy(HALF * K)),),
)


def _tuned_batched() -> sp.Expr:
    """Return batched EXP3's bound at its tuned integer batch length, in T, K and c."""
    length = _BATCH_LENGTH.rounded
    n = sp.ceiling(T / length)
    return length * sp.sqrt(2 * n * K * LOG_K) + C * (n - 1)


def _tuned_flexible() -> sp.Expr:
    """Return the bound for one uniform look a batch at its tuned rate, in T, K, c and B."""
    length = sp.ceiling(T / sp.Min(B, T))
    n = sp.ceiling(T / length)
    return 2 * sp.sqrt(length * LOG_K * n * (HALF * K * length + C)) + C * LOG_K


EXTRA_OBSERVATIONS = Bound(
    "cheng2023.extra_observations",
    "ExtraObservationLearner",
    "regret",
    sp.Min(_tuned_batched(), _tuned_flexible()),
    Source(CHENG, "Theorem on extra observations, Section 4 (constants re-derived)", _ARXIV),
    "Extra observations help only past B of order K^(1/3) T^(2/3), and then as T sqrt(K / B).",
    assumptions=(_feedback("ExtraObservations"), AT_LEAST_TWO, _problem("at least one look", lambda p: p.budget >= 1)),
)


def crossover_budget() -> sp.Expr:
    """Return the budget beyond which bought looks beat free bandit feedback, leading terms only.

    The leading terms of the two bounds, T sqrt(2 K ln K / B) and batched EXP3's tuned one, are equal there.
    """
    free = sp.sqrt(2 * TAU * T * K * LOG_K) + C * T / TAU
    free = free.subs(TAU, _BATCH_LENGTH.best)
    return sp.simplify(2 * K * LOG_K * T**2 / free**2)


# ---------------------------------------------------------------- lower bounds


def _lower(
    name: str, expression: sp.Expr, source: Source, statement: str, *assumptions: Assumption, rate: bool
) -> Bound:
    return Bound(
        name, "", "regret", expression, source, statement, direction="lower", assumptions=assumptions, rate_only=rate
    )


_KINK = K ** sp.Rational(1, 3) * T ** sp.Rational(2, 3)
LOWER_BOUNDS = (
    _lower(
        "dekel2014.bandit_lower",
        _KINK / (50 * sp.log(T) / sp.log(2)),
        Source("Dekel, Ding, Koren & Peres 2014", "Theorem 1 (recalled)", "arXiv:1310.2997"),
        "No bandit learner does better than T^(2/3) on the multi-scale random walk.",
        BANDIT,
        HARD_WALK,
        UNIT_COST,
        AT_LEAST_TWO,
        LONG,
        rate=False,
    ),
    _lower(
        "cheng2023.full_information_lower",
        sp.sqrt(T * LOG_K),
        Source(CHENG, "Section 3", _ARXIV),
        "Even with full information the regret is of order sqrt(T ln K).",
        FULL_INFORMATION,
        AT_LEAST_TWO,
        rate=True,
    ),
    _lower(
        "cheng2023.extra_observations_lower",
        sp.Min(_KINK, T * sp.sqrt(K / B)),
        Source(CHENG, "lower bound for extra observations, Section 4", _ARXIV),
        "No learner does better than the lesser of K^(1/3) T^(2/3) and T sqrt(K / B_ex), logarithms apart.",
        _feedback("ExtraObservations"),
        AT_LEAST_TWO,
        rate=True,
    ),
    _lower(
        "cheng2023.total_budget_lower",
        T * sp.sqrt(K / B),
        Source(CHENG, "lower bound for a total budget, Section 5", _ARXIV),
        "With B observations in all no learner does better than T sqrt(K / B), logarithms apart.",
        _feedback("TotalBudget"),
        AT_LEAST_TWO,
        rate=True,
    ),
    _lower(
        "cheng2023.bandit_looks_lower",
        _KINK,
        Source(CHENG, "lower bound for bandit feedback, Section 5", _ARXIV),
        "Looks at the played action alone never beat K^(1/3) T^(2/3), whatever the budget.",
        _feedback("TotalBudget", looks=("bandit",)),
        AT_LEAST_TWO,
        rate=True,
    ),
)

BOUNDS: tuple[Bound, ...] = (
    HEDGE,
    DARTBOARD,
    DARTBOARD_SWITCHES,
    LEADER,
    LEADER_SWITCHES,
    EXP3,
    BATCHED_EXP3,
    BATCHED_EXP3_SWITCHES,
    TSALLIS,
    OWN_LOOKS,
    FULL_LOOKS,
    FLEXIBLE_LOOKS,
    EXTRA_OBSERVATIONS,
    *LOWER_BOUNDS,
)

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
