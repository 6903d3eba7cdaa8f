"""Bounds for preference games: self-play with exact rows (every game, every round), and duels in expectation.

Throughout S = P - 1/2 (skew), mu the reference, tau its weight, p* the equilibrium of the regularised game, pi_0 = mu,
D = log(1 / min mu) the largest divergence from mu, and averages are over the policies played. As P is linear in the
opponent, u -> the payoff of u against an average is the average of the payoffs; with <p, S p> = 0 a gap of an average
is twice the best fixed policy's gain a round over the play, that is twice a regret a round.

**Averages.** Hedge: regret <= D / a + a T / 8 (Hoeffding's lemma, rows in [0, 1]). Optimistic steps: two proximal
steps from one centre differ by at most |g_t - g_{t-1}|_inf / (lambda + tau) in the 1-norm, and rows by at most half
the change of the policy, so the divergences pay for everything but the first round (worked out in
`bandits.preference.optimistic_prox`; tau = 0 and lambda = 1 / a give OMWU). Regret matching:
max_y R_y <= |R^+|_2 <= sqrt(sum |r_t|^2) with |r_t|^2 <= n / 4. INPO: the three-point equality, and
<r - p, S p> - lambda KL(r || p) <= 1 / (8 lambda).

**Last iterates.** From the exact balances of one round in `bandits.preference.inpo`, `nash_mp` and `nash_md`.

**Duels.** The regret is half the sum of the two sides' regrets against a von Neumann winner: see
`bandits.preference.sparring_exp3`, and Bubeck & Cesa-Bianchi 2012, Theorem 3.1, for each side.
"""

from collections.abc import Callable
from typing import Any

import sympy as sp

from theory.bound import ETA, Assumption, Bound, K, Source, T, Tuning, new_symbol

D = new_symbol("reference_range", "D_mu", nonnegative=True)
TAU = new_symbol("regularization", "tau_mu", positive=True)
LAMBDA = new_symbol("prox_weight", "lambda", positive=True)
KL_0 = new_symbol("initial_kl", "KL_0", nonnegative=True)

QUARTER = sp.Rational(1, 4)
EIGHTH = sp.Rational(1, 8)
_ROUNDING = 1e-12  # of products such as 4 lambda tau at the weight that makes them 1


def _assume(text: str, test: Callable[[Any, Any], bool]) -> Assumption:
    return Assumption(text, lambda problem, learner: bool(test(problem, learner)))


def _at_least(text: str, number: Callable[[float, float], float]) -> Assumption:
    """Assume number(tau, lambda) >= 1."""

    def holds(problem: Any, learner: Any) -> bool:
        weight = learner.parameters(problem).prox_weight
        return number(problem.regularization, weight) >= 1.0 - _ROUNDING

    return Assumption(text, holds)


EXACT = _assume("feedback is ExactRow", lambda p, _: type(getattr(p, "feedback", None)).__name__ == "ExactRow")
REGULARIZED = _assume("regularization is positive", lambda p, _: p.regularization > 0.0)
SCHEDULE = _assume("the step follows the schedule", lambda _, learner: learner.learning_rate is None)
CONSTANT = _assume("the step is constant", lambda _, learner: learner.learning_rate is not None)
SMALL_STEP = _assume("step at most 1", lambda _, learner: learner.learning_rate <= 1.0)


def _bound(
    name: str,
    learner: str,
    quantity: str,
    expression: sp.Expr,
    source: Source,
    statement: str,
    *assumptions: Assumption,
    tunings: tuple[Tuning, ...] = (),
) -> Bound:
    assumptions = (EXACT, *assumptions)
    return Bound(name, learner, quantity, expression, source, statement, "upper", "every path", assumptions, tunings)


# ---------------------------------------------------------------- averages

_HEDGE = 2 * (D / (ETA * T) + EIGHTH * ETA)
HEDGE = _bound(
    "swamy2024.hedge_self_play",
    "HedgeSelfPlay",
    "average_gap0",
    _HEDGE,
    Source(
        "Freund & Schapire 1999; Swamy et al. 2024", "self-play with Hedge (constants re-derived)", "arXiv:2401.04056"
    ),
    "The average of Hedge against itself approaches a von Neumann winner like sqrt(2 D / T).",
    tunings=(Tuning.minimising(ETA, _HEDGE),),
)
OMWU = _bound(
    "syrgkanis2015.omwu",
    "OMWU",
    "average_gap0",
    2 * (D / ETA + QUARTER * ETA) / T,
    Source(
        "Syrgkanis, Agarwal, Luo & Schapire 2015",
        "Proposition 7 in self-play (constants re-derived)",
        "arXiv:1507.00407",
    ),
    "Optimism makes the average's gap fall like 1 / T.",
    SMALL_STEP,
)


def _matching(name: str, learner: str, source: Source) -> Bound:
    text = "Regret matching needs no step, and its average approaches a von Neumann winner like sqrt(n / T)."
    return _bound(name, learner, "average_gap0", sp.sqrt(K / T), source, text)


REGRET_MATCHING = _matching(
    "hart2000.regret_matching", "RegretMatching", Source("Hart & Mas-Colell 2000", "Theorem B, in self-play")
)
REGRET_MATCHING_PLUS = _matching(
    "tammelin2014.regret_matching_plus",
    "RegretMatchingPlus",
    Source("Tammelin 2014", "Lemmas 1 and 2, in self-play", "arXiv:1407.5042"),
)

_INPO = 2 * LAMBDA * D / T + QUARTER / LAMBDA
INPO_AVERAGE = _bound(
    "zhang2024.inpo_average",
    "INPO",
    "average_gap_tau",
    _INPO,
    Source(
        "Zhang et al. 2024", "average duality gap (re-derived, without the bound on log-ratios)", "arXiv:2407.00617"
    ),
    "The average of INPO has a regularised gap of order sqrt(D / T), whatever the weight of the reference.",
    REGULARIZED,
    tunings=(Tuning.minimising(LAMBDA, _INPO),),
)
ONPO = _bound(
    "zhang2025.onpo",
    "ONPO",
    "average_gap_tau",
    2 * (LAMBDA * D + QUARTER / (LAMBDA + TAU)) / T,
    Source("Zhang et al. 2025", "O(1/T) average duality gap (constants derived here)", "arXiv:2502.16852"),
    "Optimistic proximal steps have an average whose regularised gap falls like 1 / T.",
    REGULARIZED,
    _at_least("lambda (lambda + tau) at least 1", lambda tau, weight: weight * (weight + tau)),
)

# ---------------------------------------------------------------- last iterates

_FACTOR = (LAMBDA / (LAMBDA + TAU)) ** T
_EXTRAPOLATES = _at_least("4 lambda (lambda + tau) at least 1", lambda tau, weight: 4.0 * weight * (weight + tau))
_TIAPKIN = ("Tiapkin et al. 2025", "arXiv:2505.19731")
INPO = _bound(
    "zhang2024.inpo",
    "INPO",
    "kl",
    _FACTOR * KL_0,
    Source("Sokota et al. 2023", "Theorem 3.4, for the divergence (re-derived)", "arXiv:2206.05825"),
    "Every round of INPO contracts the divergence from the equilibrium by lambda / (lambda + tau).",
    REGULARIZED,
    _at_least("4 lambda tau at least 1", lambda tau, weight: 4.0 * weight * tau),
)
NASH_MP = _bound(
    "tiapkin2025.nash_mp",
    "NashMP",
    "kl",
    _FACTOR * KL_0,
    Source(_TIAPKIN[0], "last iterate of Nash-MP, and every weight that its proof allows (re-derived)", _TIAPKIN[1]),
    "Every round of Nash-MP contracts the divergence from the equilibrium by 1 / (1 + 2 tau) at lambda = 1/2.",
    REGULARIZED,
    _EXTRAPOLATES,
)
NASH_MD = _bound(
    "munos2023.nash_md",
    "NashMD",
    "kl",
    1 / (2 * TAU**2 * (T + 1)),
    Source("Munos et al. 2023", "Theorem 1, with a constant 16 times smaller (re-derived)", "arXiv:2312.00886"),
    "With steps 2 / (tau (t + 2)) the last iterate of Nash-MD approaches the equilibrium like 1 / T.",
    REGULARIZED,
    SCHEDULE,
)
NASH_MD_CONSTANT = _bound(
    "munos2023.nash_md_constant",
    "NashMD",
    "kl",
    (1 - ETA * TAU) ** T * KL_0 + ETA / (8 * TAU),
    Source("Munos et al. 2023", "Lemma 1, summed for a constant step (re-derived)", "arXiv:2312.00886"),
    "With a constant step Nash-MD stays within eta / (8 tau) of the equilibrium, which is not its fixed point.",
    REGULARIZED,
    CONSTANT,
)

# ---------------------------------------------------------------- duels

DUELS = _assume("feedback is Duel", lambda p, _: type(getattr(p, "feedback", None)).__name__ == "Duel")

_SPARRING = sp.log(K) / ETA + ETA * T * K / 2
SPARRING = Bound(
    "ailon2014.sparring_exp3",
    "SparringExp3",
    "regret",
    _SPARRING,
    Source("Ailon, Karnin & Joachims 2014", "sparring with EXP3 (constants derived here)", "arXiv:1405.3396"),
    "Two EXP3 learners against each other lose at most sqrt(2 T K ln K) to a von Neumann winner.",
    assumptions=(DUELS,),
    tunings=(Tuning.minimising(ETA, _SPARRING),),
)
VERSATILE = Bound(
    "saha2022.versatile_db",
    "VersatileDB",
    "regret",
    sp.sqrt(K * T),
    Source("Saha & Gaillard 2022", "adversarial regret of Versatile-DB", "arXiv:2202.06694"),
    "Two Tsallis-INF learners against each other lose of the order of sqrt(K T), less where one action is best.",
    assumptions=(DUELS,),
    rate_only=True,
)

BOUNDS: tuple[Bound, ...] = (
    HEDGE,
    OMWU,
    REGRET_MATCHING,
    REGRET_MATCHING_PLUS,
    INPO_AVERAGE,
    ONPO,
    INPO,
    NASH_MP,
    NASH_MD,
    NASH_MD_CONSTANT,
    SPARRING,
    VERSATILE,
)
