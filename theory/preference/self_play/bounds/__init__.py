"""Bounds for preference games: self-play with exact rows in every game and round, with noisy ones in expectation.

Throughout S = P - 1/2 (skew), mu the reference, tau its weight, p* the equilibrium of the regularised game, pi_0 = mu,
D = log(1 / min mu) the largest divergence from mu, and averages are over the policies played. As P is linear in the
opponent, u -> the payoff of u against an average is the average of the payoffs; with <p, S p> = 0 a gap of an average
is twice the best fixed policy's gain per round over the play, that is twice a regret per round.

**Averages.** Hedge: regret <= D / a + a T / 8 (Hoeffding's lemma, rows in [0, 1]). Optimistic steps: two proximal
steps from one centre differ by at most |g_t - g_{t-1}|_inf / (lambda + tau) in the 1-norm, and rows by at most half
the change of the policy, so the divergences cancel everything but the first round (worked out in
`bandits.preference.self_play.optimistic_prox`; tau = 0 and lambda = 1 / a give OMWU). Regret matching:
max_y R_y <= |R^+|_2 <= sqrt(sum |r_t|^2) with |r_t|^2 <= n / 4. Mirror descent with any regulariser: see
`bandits.preference.regularizers`. INPO: the three-point equality, and
<r - p, S p> - lambda KL(r || p) <= 1 / (8 lambda).

**Last iterates.** From the exact balances of one round in `bandits.preference.self_play.inpo`, `mirror_descent`,
`nash_mp`, `nash_md` and `mixture_descent`. Nash-MP's span, with q the half step: log p_{k+1} - log p* = (lambda (log
p_k - log p*) + S (q - p*)) / (lambda + tau) up to a constant, span S (q - p*) <= |q - p*|_1 <= sqrt(2 KL(q || p*)) and
tau KL(q || p*) <= lambda KL(p* || p_k), summed from a span of at most 1 / tau. Its gap, with r = p_{k+1}: the
three-point equality at p* is tau KL(r || p*) = lambda KL(p* || p_k) - lambda KL(r || p_k) - (lambda + tau) KL(p* || r)
- <p* - r, S (q - p*)>, where the product is at most (lambda + tau) KL(p* || r) + KL(q || p*) / (4 (lambda + tau)); and
sub_tau(r) = tau KL(r || p*) + tau (log E e^z - E z) over p* for z = S (r - p*) / tau, the bracket at most span(z)^2 / 8
and so at most KL(p* || r) / (4 tau^2).

**Nash Prox.** Let r be the exact outer step from p_k, w the inner weight, m = lambda + tau, e the span of what J inner
rounds leave of log p - log r. Then KL(p* || p_{k+1}) <= lambda / m KL(p* || p_k) + e, which sums to the bound. All
iterates keep span log p / mu <= 1 / tau, so m (log r - log p_k) = tau (log mu - log p_k) + S r says that the inner
rounds begin at a span of at most 2 / m and at KL(r || p_k) <= (2 / m)^2 / 8. A round takes span L to at most
(w L + sqrt(2 KL)) / (w + m), as before, and KL to at most w / (w + m) KL where 4 w m >= 1.

**COMAL.** Without a reference m = lambda and lambda (log r - log p_k) = S r up to a constant, so the inner rounds begin
at a span of at most 1 / lambda. For a von Neumann winner v the three-point equality of r at v is lambda KL(v || r) =
lambda KL(v || p_k) - lambda KL(r || p_k) - <v, S r>, and <v, S r> >= 0: exact outer steps never lead away from v, and
inexact ones by at most e. With one inner round per outer step the sum of e says nothing, and play does lead away.

**Nash-MD.** Its balance adds eta^2 / 8 per round. With exact rows there is a second way: r = p_{t+1} is the proximal
step of weight lambda = 1 / eta - tau against m, so, as for Nash-MP,

    KL(p* || r) / eta = lambda KL(p* || p_t) - lambda KL(r || p_t) - tau KL(r || p*) - <p* - r, S (m - r)>,

where |r - m|_1 <= span(eta S m) / 2 <= eta / 2, and the product is at most |p* - r|_1 |m - r|_1 / 2 <= tau |p* - r|_1^2
/ 2 + |m - r|_1^2 / (8 tau) <= tau KL(r || p*) + eta^2 / (32 tau). So a round adds at most eta^3 / (32 tau), which sums
to eta^2 / (32 tau^2) at a constant step, and with the schedule, where (t + 1) (t + 2) times it is at most
1 / (4 tau^4 (t + 2)), to ln(T + 1) / (4 tau^4 T (T + 1)).

**Noise.** Estimates g of a row that are right on average, with entries in [0, 1], leave the last bracket of Nash-MD's
balance below eta^2 / 8 on every path and the rest unchanged on average. So what is proved from it holds on average;
what is proved in the second way does not, as S (m - r) then has the noise in it. A step of INPO that sees g for S p is
the exact r times e^{x / m}, normalised, for the error x: log E_r e^{x / m} - E_{p*} x / m is added to KL(p* || r). On
average over g the last term vanishes, and the first is at most log E_r E e^{x / m} <= 1 / (8 k m^2), as each entry of g
is a mean of k independent numbers in an interval of length 1.

**Inexact steps.** If p_{t+1} is the exact step r times e^x, normalised, then KL(p* || p_{t+1}) <= KL(p* || r) + span x,
for log E_r e^x - E_{p*} x is at most that; an error of span e in the row moves log r by e / m. If the half step q of
Nash-MP has an error x too, it is the exact step for a row with error m x: the balance of
`bandits.preference.self_play.nash_mp` gains m <q - r, x> <= m span x. Both sum like a geometric series.
"""

from collections.abc import Callable
from dataclasses import replace

import sympy as sp

from theory.assumptions import REGULARIZED, at_least_one, learner_has
from theory.bound import ETA, Assumption, Bound, K, Source, Symbol, T, Tuning, found_in
from theory.preference.self_play.bounds.assumptions import (
    ENTROPIC,
    EXACT,
    NOISY,
    OTHER,
    SCHEDULE,
    SMALL_STEP,
    UNREGULARIZED,
    WHOLE_STEPS,
    declares,
)

D = Symbol("reference_range", "D_mu", nonnegative=True)
TAU = Symbol("regularization", "tau_mu", positive=True)
LAMBDA = Symbol("prox_weight", "lambda", positive=True)
RADIUS = Symbol("divergence", "D_psi", positive=True)
CONVEXITY = Symbol("strong_convexity", "sigma_psi", positive=True)
D_0 = Symbol("initial_divergence", "D_0", nonnegative=True)
KL_0 = Symbol("initial_kl", "KL_0", nonnegative=True)
INNER = Symbol("inner_weight", "lambda_J", positive=True)
J = Symbol("inner_rounds", "J", positive=True, integer=True)
SAMPLES = Symbol("samples", "k", positive=True, integer=True)
ROW_ERROR = Symbol("row_error", "e_row", nonnegative=True)
STEP_ERROR = Symbol("step_error", "e_step", nonnegative=True)

QUARTER = sp.Rational(1, 4)
EIGHTH = sp.Rational(1, 8)
CONSTANT = learner_has("the step is constant", lambda learner: learner.learning_rate is not None).where(
    ETA * TAU <= 1  # the learner takes no longer step
)


def _at_least_one(text: str, product: sp.Expr, number: Callable[[float, float], float]) -> Assumption:
    """Assume that `product` is at least 1: number(tau, lambda), of the regularization and the learner's weight."""
    return at_least_one(text, lambda p, params: number(p.regularization, params.prox_weight)).where(sp.Ge(product, 1))


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
    """Return a bound for exact rows; of a regularised game, with the relative entropy unless it says otherwise."""
    entropic = (ENTROPIC,) if REGULARIZED in assumptions and OTHER not in assumptions else ()
    given = (EXACT, *assumptions, *entropic)
    return Bound(name, learner, quantity, expression, source, statement, "upper", "every path", given, tunings)


def _with_noise(bound: Bound, expression: sp.Expr | None = None, **readers: Callable[..., float]) -> Bound:
    """Return the bound for noisy rows, on average; expression: its own, where the proof is not linear in the row."""
    assumptions = tuple(NOISY if a is EXACT else a for a in bound.assumptions)
    right = bound.expression if expression is None else expression
    statement = f"{bound.statement} With noisy rows it holds on average."
    changes = {"name": f"{bound.name}_noisy", "mode": "expectation", "expression": right, "statement": statement}
    changes |= {"readers": readers}
    return replace(bound, assumptions=assumptions, **changes)


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
    tunings=(Tuning(ETA, _HEDGE),),
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

_MIRROR = 2 * (LAMBDA * RADIUS / T + EIGHTH / (LAMBDA * CONVEXITY))
MIRROR = _bound(
    "nemirovski1983.mirror_descent",
    "MirrorDescent",
    "average_gap0",
    _MIRROR,
    Source("Nemirovski & Yudin 1983", "mirror descent, in self-play (constants re-derived)"),
    "With any strongly convex regulariser the average of mirror descent approaches a von Neumann winner like "
    "sqrt(2 D / (sigma T)).",
    UNREGULARIZED,
    tunings=(Tuning(LAMBDA, _MIRROR),),
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
    tunings=(Tuning(LAMBDA, _INPO),),
)
ONPO = _bound(
    "zhang2025.onpo",
    "ONPO",
    "average_gap_tau",
    2 * (LAMBDA * D + QUARTER / (LAMBDA + TAU)) / T,
    Source("Zhang et al. 2025", "O(1/T) average duality gap (constants derived here)", "arXiv:2502.16852"),
    "Optimistic proximal steps have an average whose regularised gap falls like 1 / T.",
    REGULARIZED,
    _at_least_one(
        "lambda (lambda + tau) at least 1", LAMBDA * (LAMBDA + TAU), lambda tau, weight: weight * (weight + tau)
    ),
)

# ---------------------------------------------------------------- last iterates

_FACTOR = (LAMBDA / (LAMBDA + TAU)) ** T
_EXTRAPOLATES = _at_least_one(
    "4 lambda (lambda + tau) at least 1", 4 * LAMBDA * (LAMBDA + TAU), lambda tau, weight: 4.0 * weight * (weight + tau)
)
_TIAPKIN = ("Tiapkin et al. 2025", "arXiv:2505.19731")
INPO = _bound(
    "zhang2024.inpo",
    "INPO",
    "kl",
    _FACTOR * KL_0,
    Source("Sokota et al. 2023", "Theorem 3.4, for the divergence (re-derived)", "arXiv:2206.05825"),
    "Every round of INPO contracts the divergence from the equilibrium by lambda / (lambda + tau).",
    REGULARIZED,
    _at_least_one("4 lambda tau at least 1", 4 * LAMBDA * TAU, lambda tau, weight: 4.0 * weight * tau),
)
MIRROR_LAST = _bound(
    "sokota2023.mirror_descent",
    "MirrorDescent",
    "divergence",
    _FACTOR * D_0,
    Source("Sokota et al. 2023", "Theorem 3.4 in self-play, for any regulariser (re-derived)", "arXiv:2206.05825"),
    "Mirror descent in a game regularised by the same function contracts the divergence from the equilibrium by "
    "lambda / (lambda + tau) per round; for the relative entropy it is INPO.",
    REGULARIZED,
    OTHER,
    at_least_one(
        "4 sigma^2 lambda tau at least 1",
        lambda p, params: 4.0 * params.strong_convexity**2 * params.prox_weight * p.regularization,
    ).where(sp.Ge(4 * CONVEXITY**2 * LAMBDA * TAU, 1)),
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
_RHO = LAMBDA / (LAMBDA + TAU)
NASH_MP_SPAN = _bound(
    "tiapkin2025.nash_mp_span",
    "NashMP",
    "span",
    _RHO**T / TAU + sp.sqrt(2 * KL_0 / (LAMBDA * TAU)) * _RHO ** ((T + 1) / 2) / (1 - sp.sqrt(_RHO)),
    Source(_TIAPKIN[0], "linear rate of the span, whatever the number of actions (re-derived)", _TIAPKIN[1]),
    "All log-probabilities of Nash-MP converge together, at half the exponent of the divergence.",
    REGULARIZED,
    _EXTRAPOLATES,
)
NASH_MP_GAP = _bound(
    "tiapkin2025.nash_mp_gap",
    "NashMP",
    "gap_tau",
    (2 * (LAMBDA + TAU) + 1 / TAU) * NASH_MP.expression,
    Source(_TIAPKIN[0], "linear rate of the gap, whatever the number of actions (re-derived)", _TIAPKIN[1]),
    "The regularised gap of Nash-MP falls at the rate of the divergence, for any number of actions.",
    REGULARIZED,
    _EXTRAPOLATES,
)
_WEIGHT = LAMBDA + TAU  # of the inner games


def _left(start: int, weight: sp.Expr) -> sp.Expr:
    """Return the span that J inner rounds leave of log p - log r, from start / weight on."""
    rho = INNER / (INNER + weight)
    return (start * rho**J + start * sp.sqrt(rho) ** (J - 1) / (2 * (INNER + weight) * (1 - sp.sqrt(rho)))) / weight


NASH_PROX = _bound(
    "tiapkin2025.nash_prox",
    "NashProx",
    "kl",
    _RHO ** (T / J) * KL_0 + _WEIGHT / TAU * _left(2, _WEIGHT),
    Source(_TIAPKIN[0], "Nash Prox with inexact outer steps (re-derived)", _TIAPKIN[1]),
    "Outer steps of Nash Prox contract by lambda / (lambda + tau) for any lambda, up to what J inner rounds leave.",
    REGULARIZED,
    at_least_one(
        "4 inner_weight (lambda + tau) at least 1",
        lambda p, params: 4.0 * params.inner_weight * (p.regularization + params.prox_weight),
    ).where(sp.Ge(4 * INNER * (LAMBDA + TAU), 1)),
    WHOLE_STEPS,
)
COMAL = _bound(
    "liu2024.comal",
    "NashProx",
    "winner_kl",
    D + T / J * _left(1, LAMBDA),
    Source("Liu et al. 2024", "COMAL, with inexact outer steps (constants derived here)", "arXiv:2410.23223"),
    "Without a reference outer steps of Nash Prox lead away from no von Neumann winner, but for what J rounds leave.",
    UNREGULARIZED,
    at_least_one(
        "4 inner_weight lambda at least 1", lambda p, params: 4.0 * params.inner_weight * params.prox_weight
    ).where(sp.Ge(4 * INNER * LAMBDA, 1)),
    WHOLE_STEPS,
)
_NASH_MD = 1 / (2 * TAU**2 * (T + 1))
NASH_MD = _bound(
    "munos2023.nash_md",
    "NashMD",
    "kl",
    sp.Min(_NASH_MD, sp.log(T + 1) / (4 * TAU**4 * T * (T + 1))),
    Source("Munos et al. 2023", "Theorem 1, of order ln T / T^2 beside 1 / T (re-derived)", "arXiv:2312.00886"),
    "With steps 2 / (tau (t + 2)) Nash-MD approaches the equilibrium like 1 / (tau^2 T), then ln T / (tau^4 T^2).",
    REGULARIZED,
    SCHEDULE,
)
_START = (1 - ETA * TAU) ** T * KL_0
_CONSTANT = ETA / (8 * TAU)
NASH_MD_CONSTANT = _bound(
    "munos2023.nash_md_constant",
    "NashMD",
    "kl",
    _START + sp.Min(_CONSTANT, ETA**2 / (32 * TAU**2)),
    Source(
        "Munos et al. 2023", "Lemma 1, summed for a constant step, and a second way (re-derived)", "arXiv:2312.00886"
    ),
    "With a constant step Nash-MD stays within eta / (8 tau) and eta^2 / (32 tau^2) of the equilibrium, which is not "
    "its fixed point.",
    REGULARIZED,
    CONSTANT,
)

_DELAY = 2 + 1 / (2 * TAU**2)
MIXTURE_DESCENT = _bound(
    "ours.mixture_descent",
    "MixtureDescent",
    "kl",
    ((_DELAY - 1) * (_DELAY - 2) * KL_0 + T / (2 * TAU**2)) / ((T + _DELAY - 1) * (T + _DELAY - 2)),
    Source("Munos et al. 2023", "the baseline of Section 5 (schedule and proof derived here)", "arXiv:2312.00886"),
    "Mirror descent from the mixture, answering the policy itself, approaches the equilibrium like 1 / T.",
    REGULARIZED,
    SCHEDULE,
)
# ---------------------------------------------------------------- noise and inexact steps

_RATE = LAMBDA / (LAMBDA + TAU)


INPO_NOISY = _with_noise(
    replace(INPO, statement="Noise leaves INPO within 1 / (8 k (lambda + tau) tau) of the equilibrium."),
    INPO.expression + (1 - _RATE**T) / (8 * SAMPLES * _WEIGHT * TAU),
    samples=lambda problem, params: float(problem.feedback.samples),
)
WITH_NOISE = (
    INPO_NOISY,
    _with_noise(NASH_MD, _NASH_MD),
    _with_noise(NASH_MD_CONSTANT, _START + _CONSTANT),
    _with_noise(MIXTURE_DESCENT),
)
INPO_INEXACT = replace(
    INPO,
    name="zhang2024.inpo_inexact",
    learner="InexactINPO",
    expression=INPO.expression + (1 - _RATE**T) * ROW_ERROR / TAU,
    source=Source("ours", "proof in theory.preference.self_play.bounds"),
    statement="INPO from rows with errors of span e stays within e / tau of the equilibrium.",
    assumptions=(declares("row_error", "a bound on the span of its rows' errors"), *INPO.assumptions[1:]),
)
NASH_MP_INEXACT = replace(
    NASH_MP,
    name="tiapkin2025.nash_mp_inexact",
    learner="InexactNashMP",
    expression=NASH_MP.expression + (1 - _RATE**T) * _WEIGHT / TAU * STEP_ERROR,
    source=Source(_TIAPKIN[0], "approximate Nash-MP (constants derived here)", _TIAPKIN[1]),
    statement="Half steps with errors of total span e (in the logarithms) add e to each round's contracted divergence.",
    assumptions=(declares("step_error", "the total span of its two steps' errors"), *NASH_MP.assumptions[1:]),
)

LOOSE = {
    "munos2023.nash_md": "the first round goes to the best response to the reference, where the divergence is already "
    "far below 1 / (4 tau^2), and later rounds contract faster than is counted",
}
_ERRORS = "of samples is not bounded here: an action that is hardly played is hardly compared. For the errors made, "
WITHOUT_THEOREM = {
    "SampledINPO with finitely many comparisons": "least squares on drawn pairs is biased, and the error "
    f"{_ERRORS}zhang2024.inpo_inexact holds",
    "SampledNashMP with finitely many comparisons": f"the error {_ERRORS}tiapkin2025.nash_mp_inexact holds",
    "densities of several annotators": "the fit matches the mean win rate of every action, and recovers the density of "
    "a single annotator; it need not rank first the action that beats all others (`bandits.preference.density`)",
}

BOUNDS = found_in(vars())
