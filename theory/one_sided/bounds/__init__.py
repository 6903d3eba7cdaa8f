"""Bounds for individually fair learning with one-sided feedback, each with its proof or its source.

T rounds of k individuals, N hypotheses, a panel that reports a pair with an (alpha, gamma)-violation (V rounds in all),
price C, slack epsilon, and comparators in Q = Q_(alpha - epsilon, gamma), fixed before the run. Error regret and
Lagrangian regret are against the best of Q for the labels' law, k' = k + 2 C.

**Lemma 3.3.** A pair is reported if pi gaps it by more than d + alpha, and pi* in Q does by at most d + alpha -
epsilon, d the swing auditor's distance. So every report adds more than C epsilon to the Lagrangian regret:

    Lagrangian regret - error regret = C sum over reports [gap of pi - gap of pi*] >= C epsilon V.

**Theorem 3.1.** 2 <a_h, l> = L(h) + n0 + 2 C for every h (`bandits.one_sided.reduction`), so Lagrangian regret is twice
the semi-bandit's; its losses <a, l> lie in [0, k'], and in [0, 1] once divided by 2 k + 4 C = 2 k' as in the paper.

**Exponential weights.** For estimates g >= 0, every path and every pi*,
sum <p - pi*, g> <= ln N / eta + (eta / 2) sum <p, g^2>.

**D1 (ours).** g is (R2), unbiased but for a constant. In the unit of an individual E <p, (2 h (1 - y) O / q + 1 - h)^2>
is 4 (1 - y) 1{q > 0} + 1 - q <= 5, and C h(rho1) + C (1 - h(rho2)) are 2 C units of at most 1: by Cauchy-Schwarz over
k' units E <p, g^2> <= 5 k'^2, hence E[Lagrangian regret] <= ln N / eta + (5 eta / 2) k'^2 T. Lemma 3.3 makes it a bound
on error regret, and, as error regret is at least -k T, on violations.

**D2 (ours, self-bounding).** E <p, g^2> <= 2 (5 k^2) + 2 (2 C)^2 v. With C = epsilon / (8 eta) the second part costs
4 eta C^2 V = C epsilon V / 2, half of what Lemma 3.3 adds: C epsilon V / 2 + error regret <= A in expectation,
A = ln N / eta + 5 eta k^2 T. So error regret <= A, and V <= 2 (A + k T) / (C epsilon). Both grow like sqrt(T), for this
epsilon; there is no bound for a smaller one. Sharper, for all small prices: `theory.one_sided.bounds.lagrangian` (D3).

**All labels.** (R2) with O / q = 1 has range k + 2 C v, so that Hoeffding's lemma gives (eta / 8)(k + 2 C v)^2
<= (eta / 4)(k^2 + 4 C^2 v) per round, on every path: with C = epsilon / (2 eta) as in D2,
A = ln N / eta + eta k^2 T / 4.

**EXP4.AT**, k = 1, p = q + eta (1 - q), q the weights' acceptance. ln E e^(-eta (X - E X)) <= eta^2 Var X where
eta (X - E X) >= -1 (e^-x <= 1 - x + x^2 for x >= -1), and 0 <= X <= 1 / p <= 1 / eta. The estimated loss has variance
q (1 - q) O / p^2, on average q (1 - q) / p <= 1 - q. A good individual costs (1 - eta)(1 - q), a bad one
q + eta (1 - q), against 1 - q and q of the weights alone; so regret <= ln N / eta + 2 eta T.

**Revealing action.** Rounds in which all are accepted cost at most k more; their estimates have E <p, g^2> <= k^2 / b.

**Apple tasting.** False positives are seen and at most M+; explored bad ones are at most b T; before each of at most
M- explored false negatives there are (1 - b) / b unseen ones. With M+ + M- <= N - 1 that is at most b T + (N - 1) / b.

**Greedy lower bound.** One kind, good with chance p > 1/2, accepted while goods are at least bads: a walk that falls
to -1 with probability L = (1 - p) / p, and then after 1 / (2 p - 1) rounds on average. So acceptances are at most
T (1 - L) + L / (2 p - 1) on average, and every rejection loses 2 p - 1.
"""

from typing import Any

import numpy as np
import sympy as sp

from theory.assumptions import parameters_have, play_has, problem_has
from theory.bound import DELTA, ETA, Assumption, Bound, Source, T, Tuning, found_in
from theory.one_sided.bounds.lagrangian import EXPLORED as EXPLORED
from theory.one_sided.bounds.lagrangian import JOHN
from theory.one_sided.bounds.lagrangian import JOINT as JOINT
from theory.one_sided.bounds.lagrangian import PRICES as PRICES
from theory.one_sided.bounds.terms import (
    AUDITS_POLICY,
    COORDINATES,
    FULL_LABELS,
    GOOD,
    HALF,
    HAS_SLACK,
    INDIVIDUALS,
    LEADERS,
    LOG_N,
    ONE_AT_A_TIME,
    ONE_SIDED,
    OURS,
    OWN_MULTIPLIER,
    PAID,
    PRICE,
    REALIZABLE,
    REPORTED_GAPS,
    SEMI_BANDIT_REGRET,
    SEPARATOR,
    SLACK,
    TASTING,
    WIDTH,
    N,
    paper,
    stated,
)


def _one_kind(problem: Any) -> bool:
    people = problem.people
    return bool(people.chances.shape == (1, 1) and people.chances[0, 0] > 0.5)


def _each_alone_is_unfair(problem: Any, parameters: Any) -> bool:
    """Whether every hypothesis played accepts one of two kinds that come together in every round, and reports it."""
    arrivals = np.sort(np.asarray(getattr(problem.people, "people", np.zeros((1, 2)))), axis=1)
    both = arrivals.shape[1] == 2 and (arrivals == [0, 1]).all()
    shown = problem.table[problem.hypotheses.cells(problem.people)][:, parameters.atoms]
    return bool(both and (shown.sum(axis=0) == 1).all() and 1.0 - problem.swings.max() - problem.tolerance > 1e-12)


def _law_is_known(problem: Any, learner: Any) -> bool:
    """Whether `theory.one_sided.witnesses.leaders_law` is the law of the learner's leaders."""
    parameters, chances = learner.parameters(problem), problem.people.chances
    simple = chances.shape == (1, 1) and chances[0, 0] == 1.0 and problem.individuals == 1
    both = problem.n_hypotheses == 2 and set(problem.table[0].tolist()) == {0, 1}
    return bool(simple and both and parameters.price == 0 and parameters.perturbation == problem.probe.perturbation)


def _self_bounding(factor: int) -> Assumption:
    """Assume C = epsilon / (factor eta)."""

    def test(problem: Any, parameters: Any) -> bool:
        return abs(factor * parameters.learning_rate * parameters.price - problem.slack) <= 1e-12 * problem.slack

    return parameters_have(f"price C = epsilon / ({factor} eta)", test)


# ---------------------------------------------------------------- the paper's reduction

REDUCTION = Bound(
    "bechavod2022.reduction",
    "",
    "lagrangian_regret",
    2 * COORDINATES * SEMI_BANDIT_REGRET,
    paper("Theorem 3.1"),
    "Lagrangian regret is at most 2 (2 k + 4 C) times the regret R_A of the semi-bandit learner on losses in [0, 1].",
    mode="every path",
    assumptions=(OWN_MULTIPLIER,),
)
FROM_LAGRANGIAN = Bound(
    "bechavod2022.violations",
    "",
    "violations",
    REPORTED_GAPS / (PRICE * SLACK),
    paper("Lemma 3.3"),
    "Lagrangian regret exceeds error regret by G >= C epsilon times the number of violations.",
    mode="every path",
    assumptions=(HAS_SLACK, AUDITS_POLICY, PAID, OWN_MULTIPLIER),
)
SWING_VOTE = Bound(
    "bechavod2022.swing_vote",
    "",
    "miscounted_votes",
    sp.Integer(0),
    paper("Lemma B.1"),
    "A panel objects to a pair exactly if its swing auditor does: no vote is ever counted differently.",
    mode="every path",
)
DRAW_AUDIT = Bound(
    "bechavod2022.draw_audit_lower",
    "FixedPolicy",
    "reports",
    T,
    paper("Lemma D.2"),
    "A panel that sees the drawn hypotheses reports in every round what the fair policy behind them never does.",
    direction="lower",
    mode="every path",
    assumptions=(
        problem_has("the panel sees the draw", lambda p: p.panels.audit == "draw"),
        parameters_have(
            "each hypothesis played accepts one of two kinds that always come together", _each_alone_is_unfair
        ),
    ),
)
RESAMPLED = Bound(
    "bechavod2022.resampled_policy",
    "ContextSemiBanditFtpl",
    "acceptance_error",
    sp.sqrt(sp.log(2 * INDIVIDUALS * T / DELTA) / (2 * LEADERS)),
    paper("Lemma D.4"),
    "The mixture of R leaders accepts every individual of the run with nearly the probability of the leaders' law.",
    mode="probability",
    assumptions=(play_has("the leaders' law is known: one kind that is always good, and C = 0", _law_is_known),),
)

# ---------------------------------------------------------------- the paper's learners


_EXP2_RATE = INDIVIDUALS ** sp.Rational(3, 2) * T ** sp.Rational(4, 5) * sp.sqrt(LOG_N)
_FTPL_RATE = (
    INDIVIDUALS ** sp.Rational(11, 4) * SEPARATOR ** sp.Rational(3, 4) * T ** sp.Rational(41, 45) * sp.sqrt(LOG_N)
)
_PANEL_RATE = (
    COORDINATES ** sp.Rational(11, 4) * SEPARATOR ** sp.Rational(3, 4) * T ** sp.Rational(2, 3) * sp.sqrt(LOG_N)
    + 2 * COORDINATES * T * RESAMPLED.expression
)


def _exp2_rate(name: str, quantity: str, expression: sp.Expr, words: str) -> Bound:
    stem, source = f"bechavod2022.exp2_{name}", paper("Theorem 4.1")
    return stated(stem, "Exp2FullBandit", quantity, expression, source, words, ONE_SIDED, JOHN, rate_only=True)


def _leaders_rate(name: str, quantity: str, expression: sp.Expr, where: str, words: str) -> Bound:
    stem, source, mode = f"bechavod2022.ftpl_{name}", paper(f"Theorem {where}"), "probability"
    learner = "ContextSemiBanditFtpl"
    return stated(stem, learner, quantity, expression, source, words, ONE_SIDED, mode=mode, rate_only=True)


PAPER_RATES = (
    _exp2_rate("regret", "error_regret", _EXP2_RATE, "C = T^(1/5) gives error regret of order T^(4/5)"),
    _exp2_rate("violations", "violations", _EXP2_RATE / SLACK, "and violations of order T^(4/5) / epsilon"),
    _leaders_rate("lagrangian", "lagrangian_regret", _PANEL_RATE, "D.3", "T^(2/3), and what a panel of R leaders adds"),
    _leaders_rate("regret", "error_regret", _FTPL_RATE, "4.2", "C = T^(4/45) gives error regret of order T^(41/45)"),
    _leaders_rate("violations", "violations", _FTPL_RATE / SLACK, "4.2", "and violations of order T^(41/45) / epsilon"),
)

# ---------------------------------------------------------------- exponential weights, ours


def _weights(
    stem: str,
    learner: str,
    source: Source,
    fixed: sp.Expr,
    tied: sp.Expr,
    factor: int,
    needs: Assumption,
    mode: str,
) -> tuple[Bound, ...]:
    """Return the five bounds of exponential weights: at a fixed price, and at one tied to the rate.

    fixed, tied: the bounds on regret.  factor: the tied price is epsilon / (factor eta).
    """
    least = INDIVIDUALS * T  # error regret is above minus this

    def one(ending: str, quantity: str, right: sp.Expr, least_at: sp.Expr, words: str, *extra: Assumption) -> Bound:
        name, assumed, tunings = f"{stem}_{ending}", (needs, AUDITS_POLICY, *extra), (Tuning(ETA, least_at),)
        return stated(name, learner, quantity, right, source, words, *assumed, mode=mode, tunings=tunings)

    costs = (fixed + least) / (PRICE * SLACK)
    self_paid = 2 * (tied + least) / (SLACK / (factor * ETA) * SLACK)
    pays, price = "fewer errors than the benchmark offset the violations", (HAS_SLACK, _self_bounding(factor))
    orders = "violations of order sqrt(T) / epsilon^2, with error regret of order sqrt(T)"
    return (
        one("lagrangian", "lagrangian_regret", fixed, fixed, "k + 2 C times sqrt(T ln N)"),
        one("regret", "error_regret", fixed, fixed, "error regret is at most Lagrangian regret"),
        one("violations", "violations", costs, fixed, "each violation costs C epsilon", HAS_SLACK, PAID),
        one("bounding_regret", "error_regret", tied, tied, pays, *price),
        one("bounding_violations", "violations", self_paid, tied, orders, *price),
    )


_START = LOG_N / ETA
ONE_SIDED_WEIGHTS = _weights(
    "ours.exp2",
    "Exp2OneSided",
    OURS,
    _START + sp.Rational(5, 2) * ETA * WIDTH**2 * T,
    _START + 5 * ETA * INDIVIDUALS**2 * T,
    8,
    ONE_SIDED,
    "expectation",
)
FULL_WEIGHTS = _weights(
    "bechavod2020.full_information",
    "FullInformationExp2",
    Source("Bechavod, Jung & Wu 2020", "exponential weights (constants ours, proof in theory.one_sided.bounds)"),
    _START + sp.Rational(1, 8) * ETA * WIDTH**2 * T,
    _START + sp.Rational(1, 4) * ETA * INDIVIDUALS**2 * T,
    2,
    FULL_LABELS,
    "every path",
)

# ---------------------------------------------------------------- baselines

_EXP4 = LOG_N / ETA + 2 * ETA * T
EXP4_AT = Bound(
    "raman2024.exp4_at",
    "Exp4AppleTasting",
    "error_regret",
    _EXP4,
    Source("Raman, Subedi, Raman & Tewari 2024", "Theorem on EXP4.AT (re-derived, 2 sqrt(2) for 3)", confirmed=True),
    "Exponential weights that explore with probability eta: regret of order sqrt(T ln N), one individual per round.",
    assumptions=(ONE_SIDED, ONE_AT_A_TIME),
    tunings=(Tuning(ETA, _EXP4),),
)


def _at_most_one(best: sp.Expr) -> sp.Expr:
    return sp.Min(1, best)


_REVEALING = INDIVIDUALS * TASTING * T + LOG_N / ETA + HALF * ETA * INDIVIDUALS**2 * T / TASTING
REVEALING_ACTION = Bound(
    "cesabianchi2006.revealing_action",
    "RevealingAction",
    "error_regret",
    _REVEALING,
    Source("Cesa-Bianchi, Lugosi & Stoltz 2006", "revealing action (constants ours, proof in theory.one_sided.bounds)"),
    "Hedge on rounds in which all are accepted: of order T^(2/3), where one-sided feedback allows sqrt(T).",
    assumptions=(ONE_SIDED,),
    tunings=(
        Tuning(ETA, _REVEALING - INDIVIDUALS * TASTING * T),
        Tuning(TASTING, INDIVIDUALS * TASTING * T + INDIVIDUALS * sp.sqrt(2 * T * LOG_N / TASTING), _at_most_one),
    ),
)
APPLE_TASTING = Bound(
    "helmbold2000.apple_tasting",
    "AppleTasting",
    "loss",
    TASTING * T + (N - 1) / TASTING,
    Source("Helmbold, Littlestone & Long 2000", "conversion of a deterministic learner (re-derived)"),
    "Forced exploration with probability b: at most b T + (N - 1) / b mistakes where some hypothesis is right.",
    assumptions=(ONE_SIDED, ONE_AT_A_TIME, REALIZABLE),
    tunings=(Tuning(TASTING, TASTING * T + (N - 1) / TASTING, _at_most_one),),
)
GREEDY = Bound(
    "ours.greedy_lower",
    "FollowObserved",
    "error_regret",
    (1 - GOOD) / GOOD * ((2 * GOOD - 1) * T - 1),
    OURS,
    "Follow-the-leader rejects a good kind for ever with probability (1 - p) / p: its regret grows linearly.",
    direction="lower",
    assumptions=(
        ONE_SIDED,
        ONE_AT_A_TIME,
        problem_has("one kind, good with a chance above 1/2", _one_kind).where(2 * GOOD > 1),
        problem_has("a hypothesis accepts it and one rejects it", lambda p: set(p.table[0].tolist()) == {0, 1}),
    ),
    readers={"good_chance": lambda problem, parameters: float(problem.people.chances[0, 0])},
)

_ROUNDING = "the right side is 0 in its case, where both sides are compared on every path"
LOOSE = {
    "bechavod2022.reduction": _ROUNDING,
    "bechavod2022.violations": _ROUNDING,
    "bubeck2012.exp2_violations": "it has no case, see WITHOUT_CASE",
}

BOUNDS = found_in(vars())
