"""Bounds for delayed feedback, each with its proof.

Losses in [0, 1] and delays d_1, ..., d_T that do not depend on the play; the feedback of round t arrives at the end of
round t + d_t. D = sum_t min(d_t, T - t), or its expectation where delays are random: every right side is linear in D.

**Delayed exponential weights** (every path; `theory.delays.exact` computes all terms). Let lhat_1, ..., lhat_T >= 0 be
any estimates, and p_t the exponential weights of those that have arrived before round t. Process all of them in the
order of arrival, those that never arrive last. M_t is the set of rounds whose estimates were processed before that of
t, but had not arrived when p_t was formed. For every action i

    sum_t <p_t, lhat_t> - sum_t lhat_t(i)
        <= ln K / eta + (eta/2) sum_t <p_t, lhat_t^2> + eta sum_t sum_{s in M_t} <p_t, lhat_s lhat_t>,
    sum_t |M_t| = D.

Let q be the weights just before lhat_t is processed and m = sum_{s in M_t} lhat_s. Then q = p_t e^(-eta m) / W with
W <= 1, and the potential telescopes: sum_t -(1/eta) ln <q, e^(-eta lhat_t)> <= sum_t lhat_t(i) + ln K / eta. With
x = eta lhat_t,

    ln <q, e^-x> <= <q, e^-x - 1> <= <p_t, e^(-eta m) (e^-x - 1)> <= <p_t, -x + x^2/2 + eta m x>.

For s < t, s not yet arrived when t begins, either s is in M_t or t in M_s, whichever arrives first; there are
min(d_s, T - s) such t for each s.

**EXP3.** E <p_t, lhat_t^2> <= K. For s in M_t neither round knows the draw of the other, so E <p_t, lhat_s lhat_t>
= E <p_t, l_s l_t> <= 1. Losses that are late by more than b may be ignored (lhat_t = 0): each costs at most 1.

**Hedge.** In place of the second term Hoeffding's lemma gives eta T / 8 along the processed order. Processing m moves
the weights by at most tanh(eta |M_t| / 4) <= eta |M_t| / 4 in total variation, as exponential tilts by at most a do.

**Lower bound.** On `bandits.losses.BitwiseCoins` with two actions and coins that stand for b rounds, all of which have
passed when the first feedback of a coin arrives, every learner has expected loss T / 2, and the best action one of at
most T / 2 - (b / 2) E |S_n|, n = floor(T / b), S_n a sum of n random signs: E |S_n| >= sqrt(2 / pi) n / sqrt(n + 1).

**UCB**, losses with fixed means that are sigma-sub-Gaussian, gaps D_i: an action is played after 16 sigma^2 ln T / D^2
observed plays only if a mean of observed losses is off by its radius (`theory.stochastic.bounds`; losses that arrive
are independent of all that arrived before, as nothing depended on them). So at its last play fewer are observed, and
at most G_i, the most of its plays ever outstanding, are not: E N_i <= 16 sigma^2 ln T / D_i^2 + 3 + G_i.

**Sums of losses**: `bandits.delays.summed_exp3`.

**Copies.** Each of m copies plays a game without delays on rounds of its own; regrets add up (`bandits.delays.bold`).
Of as many copies as rounds each plays once, and the sum says nothing.
"""

from typing import Any

import numpy as np
import sympy as sp

from theory.assumptions import (
    AT_LEAST_TWO,
    UNIT_LOSSES,
    declared,
    feedback_is,
    learner_has,
    losses_are,
    parameters_have,
    play_has,
    problem_has,
)
from theory.bound import ETA, Assumption, Bound, K, Source, Symbol, T, Tuning, found_in
from theory.stochastic.bounds import GAP, GAPS, INVERSE_GAPS, READERS, SIGMA, STOCHASTIC, SUB_GAUSSIAN
from theory.stochastic.bounds.divergence import gaps_of

D = Symbol("total_delay", "D", nonnegative=True)
ENDURED = Symbol("endured_delay", "D_b", nonnegative=True)
SKIPPED = Symbol("skipped_rounds", "S_b", nonnegative=True)
COPIES = Symbol("copies", "m", positive=True, integer=True)
C = Symbol("switching_cost", "c", nonnegative=True)
_SWITCHES = C * (T - 1)
_LOG_K = sp.log(K)
TAU = Symbol("batch_length", "tau", positive=True, integer=True)
DISCARDED = Symbol("discarded", "d", nonnegative=True, integer=True)
LATE_GAPS = Symbol("late_gaps", "D_late", nonnegative=True)
BANDIT = feedback_is("delayed bandit")
OBLIVIOUS = problem_has("delays do not depend on the actions", lambda problem: problem.schedule.oblivious)
FULL_INFORMATION = feedback_is("delayed full information")
PATIENT = learner_has("no loss is skipped", lambda learner: getattr(learner, "patience", None) is None)
_HERE = "proved in theory.delays.bounds"
_THUNE = Source("Thune, Cesa-Bianchi & Seldin 2019", f"the rate; constants {_HERE}", "arXiv:1906.00670")
_BOLD = Source("Joulani, Gyorgy & Szepesvari 2013", f"the reduction; constants {_HERE}", "arXiv:1306.0686")


def _stated(
    name: str,
    learner: str,
    expression: sp.Expr,
    source: Source,
    statement: str,
    *assumptions: Assumption,
    **more: object,
) -> Bound:
    """Return a theorem on the regret, at the learning rate that minimises it, with at most T - 1 switches."""
    tuning = (Tuning(ETA, expression),)
    total = expression + _SWITCHES
    assumed = (*assumptions, OBLIVIOUS, UNIT_LOSSES, AT_LEAST_TWO)
    return Bound(name, learner, "regret", total, source, statement, assumptions=assumed, tunings=tuning, **more)  # type: ignore[arg-type]


def _copies_of(law: str, name: str) -> Assumption:
    """Assume copies of a learner whose law of actions is known, in every round anew."""

    def holds(problem: Any, learner: Any) -> bool:
        inner = learner.learner
        return declared(inner, "exact") == law and declared(inner, "rounds_held")(problem.problem) == 1

    return play_has(f"copies of {name}", holds)


SHARED = parameters_have(
    "fewer copies than rounds (`longest_delay` limits random delays)",
    lambda problem, params: params.copies == 1 or params.copies < problem.horizon,
)
_OF_COPIES = {"learning_rate": lambda problem, params: params.inner.learning_rate}

OBSERVED = problem_has("the terms of the weights are measured", lambda problem: "excess" in problem.metrics)
GIVEN = problem_has("delays are given", lambda p: len(p.schedule.setting(p.horizon).delays) > 0)
WEIGHTS = Bound(
    "ours.delayed_weights",
    "",
    "excess",
    _LOG_K / ETA,
    Source("ours", _HERE),
    "Delayed exponential weights on any losses: regret at most ln K / eta and the terms of squares and of products.",
    mode="every path",
    assumptions=(FULL_INFORMATION, UNIT_LOSSES, OBSERVED),
    readers={"learning_rate": lambda problem, params: problem.probe.learning_rate},
)
OUTSTANDING = Bound(
    "ours.outstanding",
    "",
    "outstanding",
    D,
    Source("ours", _HERE),
    "The pairs of rounds that are processed out of step are as many as the total delay.",
    mode="every path",
    assumptions=(FULL_INFORMATION, OBSERVED, OBLIVIOUS, GIVEN),
)
EXP3 = _stated(
    "thune2019.delayed_exp3",
    "DelayedExp3",
    _LOG_K / ETA + ETA * (K * T / 2 + D),
    _THUNE,
    "EXP3 pays for delays with their total only: sqrt(2 (K T + 2 D) ln K), whatever the longest.",
    BANDIT,
    PATIENT,
)
SKIPPING = _stated(
    "thune2019.skipping",
    "DelayedExp3",
    _LOG_K / ETA + ETA * (K * T / 2 + ENDURED) + SKIPPED,
    _THUNE,
    "Losses that are too late may be ignored, at a cost of 1 each in the place of their delay.",
    BANDIT,
    readers={
        "endured_delay": lambda problem, params: problem.split_delay(params.patience)[0],
        "skipped_rounds": lambda problem, params: problem.split_delay(params.patience)[1],
    },
)
HEDGE = _stated(
    "joulani2016.delayed_hedge",
    "DelayedHedge",
    _LOG_K / ETA + ETA * (T + 2 * D) / 8,
    Source("Joulani, Gyorgy & Szepesvari 2016", f"the rate; constants {_HERE}"),
    "Hedge on losses as they arrive: sqrt((T + 2 D) ln K / 2).",
    FULL_INFORMATION,
)
BOLD_EXP3 = _stated(
    "joulani2013.bold_exp3",
    "Bold",
    COPIES * _LOG_K / ETA + ETA * K * T / 2,
    _BOLD,
    "Copies of EXP3, one more than feedback is ever outstanding: sqrt(2 m K T ln K).",
    BANDIT,
    _copies_of("exp3", "Exp3"),
    SHARED,
    readers=_OF_COPIES,
)
BOLD_HEDGE = _stated(
    "joulani2013.bold_hedge",
    "Bold",
    COPIES * _LOG_K / ETA + ETA * T / 8,
    _BOLD,
    "Copies of Hedge, one more than feedback is ever outstanding: sqrt(m T ln K / 2).",
    FULL_INFORMATION,
    _copies_of("hedge", "Hedge"),
    SHARED,
    readers=_OF_COPIES,
)

_BLOCKS = sp.ceiling(T / TAU)
_SUMMED = TAU * (_LOG_K / ETA + ETA * _BLOCKS * K / 2)
SUMMED = Bound(
    "ours.summed_exp3",
    "SummedExp3",
    "regret",
    _SUMMED + 2 * DISCARDED * _BLOCKS + C * (_BLOCKS - 1),
    Source("ours", "proved in bandits.delays.summed_exp3"),
    "Sums of losses that are late by at most d: of order (d K ln K)^(1/3) T^(2/3), in blocks sqrt(2 b T K ln K).",
    assumptions=(feedback_is("summed bandit"), UNIT_LOSSES, AT_LEAST_TWO),
    tunings=(
        Tuning(ETA, _SUMMED),
        Tuning(
            TAU,
            sp.sqrt(2 * TAU * T * K * _LOG_K) + (2 * DISCARDED + C) * T / TAU,
            lambda best: sp.Min(T, sp.Max(1, sp.ceiling(best))),
        ),
    ),
)
UCB = Bound(
    "joulani2013.delayed_ucb",
    "DelayedUCB",
    "pseudo_regret",
    16 * SIGMA**2 * sp.log(T) * INVERSE_GAPS + 3 * GAPS + LATE_GAPS,
    Source("Joulani, Gyorgy & Szepesvari 2013", f"Theorem 8 for UCB(1 / T^2); constants {_HERE}", "arXiv:1306.0686"),
    "UCB pays for delays with G_i D_i more per action, G_i the most of its losses that are ever outstanding.",
    assumptions=(BANDIT, STOCHASTIC, SUB_GAUSSIAN, GAP, AT_LEAST_TWO),
    readers={
        **READERS,
        "late_gaps": lambda problem, params: float(
            gaps_of(np.array(problem.losses.means))
            @ problem.schedule.outstanding_of(problem.horizon, problem.n_actions)
        ),
    },
)

HELD = Symbol("held", "b", positive=True, integer=True)
_TOSSES = sp.floor(T / HELD)


def _hides_each_coin(problem: Any) -> bool:
    """Return whether no feedback of a coin arrives before its last round has been played."""
    held, t = problem.losses.held, np.arange(problem.horizon)
    arrival = t + np.resize(problem.setting().schedule.delays, problem.horizon)
    return bool((arrival >= np.minimum((t // held + 1) * held, problem.horizon) - 1).all())


LOWER = Bound(
    "cesabianchi2019.delay_lower",
    "",
    "regret",
    HELD * _TOSSES / sp.sqrt(2 * sp.pi * (_TOSSES + 1)),
    Source("Cesa-Bianchi, Gentile & Mansour 2019", f"the rate; constants {_HERE}", "arXiv:1605.04624"),
    "With a delay of b - 1 rounds no learner does better than sqrt(b T / (2 pi)) on coins that stand for b rounds.",
    "lower",
    assumptions=(
        losses_are("bitwise coins", "fair coins for two actions", lambda losses: losses.n_actions == 2),
        OBLIVIOUS,
        problem_has("no feedback arrives while its coin stands", _hides_each_coin),
    ),
    readers={"held": lambda problem, params: float(problem.losses.held)},
)

BOUNDS = found_in(vars())
