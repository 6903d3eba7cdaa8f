"""Bounds for online convex optimisation, each with its proof. D is the diameter of the domain, |g_t| <= G.

Losses are convex, so f_t(x_t) - f_t(u) <= <g_t, x_t - u>, and all is proved for the right side; u is any point.

**Gradient descent.** A projection does not move a point away from u, so with eta_t nonincreasing

    sum <g_t, x_t - u> <= D^2 / (2 eta_T) + sum (eta_t / 2) |g_t|^2.

At eta_t = a / sqrt(t) this is sqrt(T) (D^2 / (2 a) + a G^2). A move is at most eta_t |g_t| long, so the path of T - 1
moves is at most 2 a G sqrt(T), which costs c times as much. In blocks of b rounds the same holds for ceil(T / b) rounds
with gradients up to b G. With S_t = sum_{s <= t} |g_s|^2 and eta_t = D / sqrt(2 S_t), sum |g_t|^2 / sqrt(S_t) <= 2
sqrt(S_T) gives sqrt(2) D sqrt(S_T). At a fixed eta and for u_t that move, |x - u_(t+1)|^2 - |x - u_t|^2 <= 2 D |u_(t+1)
- u_t|, so that D^2 + 2 D P stands in place of D^2. With losses or a comparison that are mu-strongly convex, eta_t = 1 /
(mu t) leaves sum [<g, x - u> - (mu/2) |x - u|^2] <= sum |g_t|^2 / (2 mu t). Followers of the leader obey it as well:
with P_t the first t losses, mu t-strongly convex, and x_t the least point of P_(t-1), P_t(x_t) - P_t(x_(t+1)) <= <g_t,
d> - (mu t / 2) |d|^2 for d = x_t - x_(t+1), and these differences sum to the regret.

**Optimistic descent.** x_t = Proj(w_t - eta_t M_t), w_(t+1) = Proj(w_t - eta_t g_t); the three-point inequality twice,
and <g - M, x_t - w_(t+1)> <= (eta_t / 2) |g - M|^2 + |x_t - w_(t+1)|^2 / (2 eta_t), give

    sum <g_t, x_t - u> <= D^2 / (2 eta_T) + sum [(eta_t / 2) |g_t - M_t|^2 - |x_t - w_t|^2 / (2 eta_t)].

With eta_t = D / sqrt(delta + 4 G^2 + V_(t-1)) and |g - M|^2 <= 4 G^2, this is at most (3/2) D sqrt(delta + 4 G^2 +
V_T). Half of the negative terms bound the path of x_t: sum |x_t - x_(t-1)|^2 sqrt(delta) / (8 D) may be taken off, if
(5/2) takes the place of 3/2. In expectation V_T <= G^2 + 8 sigma^2 + 4 Sigma^2 + 4 L^2 sum |x_t - x_(t-1)|^2 by Cauchy
& Schwarz for four differences, and delta = 20 D^2 L^2 lets the path cancel.

**Optimistic leader.** P_t = sum_{s <= t} [<g_s, x> + (mu/2) |x - x_s|^2] is mu t-strongly convex, w_t its minimiser for
the rounds before t. From the optimality of x_t and w_t, P_t(w_(t+1)) - P_(t-1)(w_t) >= l_t(w_(t+1)) + <M_t, x_t -
w_(t+1)> + (mu (t - 1)/2) (|w_(t+1) - x_t|^2 + |x_t - w_t|^2). Summed, this is `sachs2022.leader`.

**Newton step.** |x_(t+1) - u|_A^2 <= |x_t - u|_A^2 - 2 <g, x - u> / beta + g'A^-1 g / beta^2 for A = A_t, and sum
g'A_t^-1 g <= ln det(A_T / eps).

**Ader.** The best rate for a path P lies in [D / (G sqrt T), D sqrt(1 + 2 T) / (G sqrt T)], where one of the experts'
is within a factor 2, which costs 5/4. Exponential weights on losses of range G D cost G D sqrt(T ln N / 2).

**Experts that sleep.** For |r| <= 1, Phi(R + r, C + |r|) <= Phi(R, C) + w(R, C) r + (3/2) |r| / (C + 1); the weights
make sum w_i r_i <= 0, so the mean of Phi is at most B, and each Phi_i at most N B. A base learner's regret on the
rounds of its group adds to that of the master, since the loss is convex. |r| <= 1, so C_i is at most the rounds in
which i was awake.

**Values.** With R = D / 2 and r the radius of a ball in the domain, the estimates from two points have norm at most G
d, from one point d M / delta; smoothing and shrinking cost at most delta (3 + R / r) G per round. Against losses that
do not depend on the play.
"""

from typing import Any

import sympy as sp

from theory.assumptions import declared, feedback_is, parameters_have, play_has, problem_has
from theory.bound import Assumption, Bound, Source, Symbol, T, Tuning, found_in

D = Symbol("diameter", "D")
G = Symbol("gradient_bound", "G", nonnegative=True)
L = Symbol("smoothness", "L", nonnegative=True)
C = Symbol("switching_cost", "c", nonnegative=True)
A = Symbol("step", "a")
BLOCK = Symbol("block", "b", positive=True, integer=True)
ETA = Symbol("learning_rate", "eta")
MU = Symbol("strong_convexity", "mu")
P = Symbol("path_length", "P", nonnegative=True)
N = Symbol("n_experts", "N", positive=True, integer=True)
NOISE = Symbol("noise_squares", "sigma2", nonnegative=True)
DRIFT = Symbol("drift_squares", "Sigma2", nonnegative=True)
DISCOUNTED = Symbol("discounted_drift", "Sigma2_t", nonnegative=True)
NU = Symbol("offset", "nu")
DIM = Symbol("dimension", "d", positive=True, integer=True)
REACH = Symbol("reach", "delta")
INNER = Symbol("inner_radius", "r")
M = Symbol("loss_bound", "M", nonnegative=True)
_HERE = "proved in theory.convex.bounds"

GRADIENTS = feedback_is("gradient")
GRADIENTS_OR_HINTS = feedback_is("gradient", "gradient with hint")
FREE = problem_has("movement costs nothing", lambda problem: problem.switching_cost == 0.0)


def _near(given: float, wanted: float) -> bool:
    """Return whether two parameters are equal up to rounding; where all gradients are 0, a learner may take any."""
    return wanted == 0.0 or abs(given - wanted) <= 1e-12 * wanted


def _measures(kind: str, *fields: tuple[str, str]) -> Assumption:
    """Assume that the terms of the theorem are measured, at the learner's parameters; fields: of probe and params."""

    def holds(problem: Any, learner: Any) -> bool:
        params = learner.parameters(problem)
        same = all(getattr(problem.probe, own) == getattr(params, theirs) for own, theirs in fields)
        return declared(problem.probe, "kind", "theory.convex") == kind and same

    return play_has(f"the {kind} measures it, at the learner's parameters", holds)


def _pathwise(
    name: str,
    learner: str,
    quantity: str,
    expression: Any,
    source: Source,
    statement: str,
    *assumed: Assumption,
    **more: Any,
) -> Bound:
    assumptions = assumed or (GRADIENTS,)
    return Bound(
        name, learner, quantity, sp.sympify(expression), source, statement, mode="every path", assumptions=assumptions,
        **more,
    )  # fmt: skip


def _stepped(name: str, learner: str, quantity: str, value: sp.Expr, source: Source, statement: str) -> Bound:
    """Return a theorem at the step that minimises it."""
    return _pathwise(name, learner, quantity, value, source, statement, tunings=(Tuning(A, value),))


OGD = _stepped(
    "zinkevich2003.ogd",
    "OGD",
    "linear_regret",
    sp.sqrt(T) * (D**2 / (2 * A) + A * G**2),
    Source("Zinkevich 2003", f"Theorem 1, for any step; {_HERE}"),
    "Gradient descent at eta_t = a / sqrt(t): (3/2) D G sqrt(T) at a = D / G.",
)
MOVING = _stepped(
    "ours.moving_ogd",
    "OGD",
    "regret",
    sp.sqrt(T) * (D**2 / (2 * A) + A * G * (G + 2 * C)),
    Source("ours", _HERE),
    "Where movement costs c per distance: D sqrt(2 G (G + 2 c) T) at the best step.",
)
LAZY = _stepped(
    "ours.lazy_ogd",
    "LazyOGD",
    "regret",
    sp.sqrt(sp.ceiling(T / BLOCK)) * (D**2 / (2 * A) + A * BLOCK * G * (BLOCK * G + 2 * C)),
    Source("ours", _HERE),
    "One move in b rounds: about D sqrt(2 G (b G + 2 c) T). Where distance is what costs, blocks do not help.",
)
ADAGRAD = _pathwise(
    "streeter2010.adagrad_norm",
    "AdaGradNorm",
    "ratio",
    1,
    Source("Streeter & McMahan 2010", f"the learner; {_HERE}"),
    "Steps from past gradients: linear regret at most sqrt(2) D sqrt(sum |g|^2), without a bound on gradients.",
    GRADIENTS,
    _measures("AdaGrad certificate"),
)
STRONG = _pathwise(
    "hazan2007.strong_path",
    "StronglyConvexOGD",
    "ratio",
    1,
    Source("Hazan, Agarwal & Kale 2007", f"proof of Theorem 1; {_HERE}"),
    "eta_t = 1 / (mu t): sum [<g, x - u> - (mu/2) |x - u|^2] <= sum |g_t|^2 / (2 mu t).",
    GRADIENTS,
    _measures("strong convexity certificate", ("strong_convexity", "step")),
)
_LOG = G**2 * (1 + sp.log(T)) / (2 * MU)
CURVED = problem_has("losses have one curvature", lambda p: p.losses.steps.linear is not None and p.smoothness > 0.0)
STRONG_CLOSED = _pathwise(
    "hazan2007.strong",
    "StronglyConvexOGD",
    "regret",
    _LOG,
    Source("Hazan, Agarwal & Kale 2007", f"Theorem 1; {_HERE}"),
    "Strongly convex losses: G^2 (1 + ln T) / (2 mu).",
    GRADIENTS,
    FREE,
    CURVED,
    parameters_have("mu is at most the curvature", lambda problem, params: params.step <= problem.smoothness),
    readers={"strong_convexity": lambda problem, params: params.step},
)
FTL = _pathwise(
    "ours.leader",
    "FollowTheLeader",
    "regret",
    _LOG,
    Source("ours", _HERE),
    "Follow the leader on strongly convex losses: G^2 (1 + ln T) / (2 mu), as gradient descent.",
    feedback_is("full function"),
    FREE,
    CURVED,
    readers={"strong_convexity": lambda problem, params: problem.smoothness},
)

# ---------------------------------------------------------------- hints

_CHEN = "Chen, Tu, Zhao & Zhang 2024"


def _delta(problem: Any, learner: Any) -> bool:
    return _near(learner.parameters(problem).offset, problem.probe.offset + 4.0 * problem.gradient_bound**2)


GUESSES = problem_has("|g - M| <= 2 G", lambda p: p.hint_error <= 2.0 * p.gradient_bound * (1.0 + 1e-12))
DELTA = play_has("the probe has the learner's delta", _delta)
CHEN_PATH = _pathwise(
    "chen2024.path",
    "OptimisticDescent",
    "ratio",
    1,
    Source(_CHEN, f"the learner; {_HERE}", "arXiv:2302.04552"),
    "Optimistic descent with all terms of its analysis, the negative ones too.",
    GRADIENTS_OR_HINTS,
    _measures("descent certificate"),
    DELTA,
)
CHEN_CLOSED = _pathwise(
    "chen2024.closed",
    "OptimisticDescent",
    "ratio",
    1,
    Source(_CHEN, f"the learner; {_HERE}", "arXiv:2302.04552"),
    "Optimistic descent: linear regret at most (3/2) D sqrt(delta + 4 G^2 + sum |g - M|^2).",
    GRADIENTS_OR_HINTS,
    _measures("optimistic certificate"),
    DELTA,
    GUESSES,
)
_SACHS = "Sachs, Hadiji, van Erven & Guzman 2022"
SACHS_PATH = _pathwise(
    "sachs2022.path",
    "OptimisticFTRL",
    "linear_regret",
    3 * sp.sqrt(2) * D * G * sp.sqrt(T) + 4 * D * G,
    Source(_SACHS, "end of Theorem 5", "arXiv:2202.07554", confirmed=True),
    "Optimistic FTRL with nu = 2 D G on any gradients.",
    GRADIENTS_OR_HINTS,
    GUESSES,
    parameters_have("nu = 2 D G", lambda p, params: _near(params.offset, 2 * p.diameter * p.gradient_bound)),
)
LEADER = _pathwise(
    "sachs2022.leader",
    "OptimisticFTL",
    "ratio",
    1,
    Source(_SACHS, f"the learner of Theorem 7; {_HERE}", "arXiv:2202.07554"),
    "Optimistic FTL: sum [<g, x - u> - (mu/2) |x - u|^2] <= sum |g - M|^2 / (2 mu t), less its negative terms.",
    GRADIENTS_OR_HINTS,
    _measures("leader certificate", ("strong_convexity", "offset")),
)
NEWTON = _pathwise(
    "hazan2007.newton",
    "OnlineNewtonStep",
    "ratio",
    1,
    Source("Hazan, Agarwal & Kale 2007", f"proof of Theorem 2; {_HERE}"),
    "Newton step: sum [<g, x - u> - (beta/2) <g, x - u>^2] <= ln det(A_T / eps) / (2 beta) + beta eps |u|^2 / 2.",
    GRADIENTS,
    _measures("Newton certificate", ("rate", "rate"), ("ridge", "ridge")),
)

# ---------------------------------------------------------------- comparators that move

COMPARED = problem_has("dynamic regret is measured", lambda problem: "dynamic_regret" in problem.metrics)
_PATH = {"path_length": lambda problem, params: problem.probe.path_length(problem.horizon)}
DYNAMIC = _pathwise(
    "zinkevich2003.dynamic",
    "FixedRateOGD",
    "dynamic_regret",
    (D**2 + 2 * D * P) / (2 * ETA) + ETA * G**2 * T / 2,
    Source("Zinkevich 2003", f"Theorem 2; {_HERE}"),
    "Gradient descent at a fixed rate, against any path of length P.",
    GRADIENTS,
    COMPARED,
    readers=_PATH | {"learning_rate": lambda problem, params: params.step},
    tunings=(Tuning(ETA, (D**2 + 2 * D * P) / (2 * ETA) + ETA * G**2 * T / 2),),
)
ADER = _pathwise(
    "zhang2018.ader",
    "Ader",
    "dynamic_regret",
    sp.Rational(5, 4) * G * sp.sqrt(T * (D**2 + 2 * D * P)) + G * D * sp.sqrt(T * sp.log(N) / 2),
    Source("Zhang, Lu & Zhou 2018", f"Theorem 3, with other constants; {_HERE}", "arXiv:1810.10815"),
    "Ader knows neither the path of the comparator nor its length.",
    GRADIENTS,
    COMPARED,
    parameters_have(
        "the experts' rates reach those of all paths",
        lambda problem, params: 4.0 ** (params.n_experts - 1) >= 1.0 + 2.0 * problem.horizon,
    ),
    readers=_PATH,
)

# ---------------------------------------------------------------- between stochastic and adversarial

SEA = problem_has("losses between stochastic and adversarial", lambda problem: problem.losses.noise_squares(1) >= 0.0)
_SEA_FIELDS = {
    "noise_squares": lambda problem, params: problem.losses.noise_squares(problem.horizon),
    "drift_squares": lambda problem, params: problem.losses.drift_squares(problem.domain, problem.horizon),
    "discounted_drift": lambda problem, params: problem.losses.discounted_drift(problem.domain, problem.horizon),
    "strong_convexity": lambda problem, params: params.offset,
}


def _sea_offset(problem: Any, params: Any) -> bool:
    return _near(params.offset, 20.0 * (problem.diameter * problem.smoothness) ** 2 + 4.0 * problem.gradient_bound**2)


CHEN_SEA = Bound(
    "chen2024.sea",
    "OptimisticDescent",
    "regret",
    5 * sp.sqrt(2) * D * sp.sqrt(NOISE) + 5 * D * sp.sqrt(DRIFT) + 10 * sp.sqrt(5) * D**2 * L
    + sp.Rational(5, 2) * sp.sqrt(5) * D * G,
    Source(_CHEN, f"the rate; constants {_HERE}", "arXiv:2302.04552"),
    "Between stochastic and adversarial: of order sqrt(sigma^2) + sqrt(Sigma^2), sums of variance and of drift.",
    assumptions=(GRADIENTS, FREE, SEA, parameters_have("delta = 20 D^2 L^2", _sea_offset)),
    readers=_SEA_FIELDS,
)  # fmt: skip
_NU = NU + (4 * D**2 * G**2 + 9 * L**2 * D**4) / NU
SACHS_SEA = Bound(
    "sachs2022.sea",
    "OptimisticFTRL",
    "regret",
    D * (6 * sp.sqrt(NOISE) + 3 * sp.sqrt(2) * sp.sqrt(DRIFT)) + 3 * D * G / sp.sqrt(2) + _NU,
    Source(_SACHS, "Theorem 5", "arXiv:2202.07554", confirmed=True),
    "Optimistic FTRL between stochastic and adversarial.",
    assumptions=(GRADIENTS, FREE, SEA),
    readers=_SEA_FIELDS,
    tunings=(Tuning(NU, _NU),),
)
SACHS_STRONG = Bound(
    "sachs2022.strong",
    "OptimisticFTL",
    "regret",
    (8 * NOISE / T * (1 + sp.log(T)) + 4 * DISCOUNTED) / MU + 4 * D**2 * L**2 / MU * sp.log(1 + 16 * L / MU),
    Source(_SACHS, "Theorem 7, with the sum of 1 / t at most 1 + ln T", "arXiv:2202.07554", confirmed=True),
    "Optimistic FTL on strongly convex losses with one variance: (8 sigma^2 / mu) ln T where the mean does not move.",
    assumptions=(
        GRADIENTS,
        FREE,
        SEA,
        CURVED,
        parameters_have("mu is at most the curvature", lambda problem, params: params.offset <= problem.smoothness),
    ),
    readers=_SEA_FIELDS,
)

# ---------------------------------------------------------------- values

FIXED = problem_has("losses do not depend on draws or on the play", lambda p: p.losses.fixed and not p.losses.reacts)
_R = D / 2
_SHRUNK = REACH * (3 + _R / INNER) * G * T
_INNER = {"inner_radius": lambda problem, params: params.region.inner}
_TWO = _R**2 / (2 * ETA) + ETA * (G * DIM) ** 2 * T / 2
_ONE = _R**2 / (2 * ETA) + ETA * (DIM * M / REACH) ** 2 * T / 2
TWO_POINTS = Bound(
    "bubeck2012.two_point",
    "TwoPointDescent",
    "regret",
    _TWO + _SHRUNK,
    Source("Bubeck & Cesa-Bianchi 2012", f"Theorem 6.1, with half the constant; {_HERE}", "arXiv:1204.5721"),
    "Two values per round: R G d sqrt(T), R = D / 2, and delta (3 + R / r) G T.",
    assumptions=(feedback_is("two points"), FREE, FIXED),
    readers=_INNER,
    tunings=(Tuning(ETA, _TWO),),
)
ONE_POINT = Bound(
    "flaxman2005.one_point",
    "OnePointDescent",
    "regret",
    _ONE + _SHRUNK,
    Source("Flaxman, Kalai & McMahan 2005", f"the rate; constants {_HERE}", "arXiv:cs/0408007"),
    "One value per round: 2 T^(3/4) sqrt(R d M (3 + R / r) G) at the best rate and reach.",
    assumptions=(feedback_is("one point"), FREE, FIXED),
    readers=_INNER,
    tunings=(Tuning(ETA, _ONE),),
)


SLEEPING = _pathwise(
    "luo2015.sleeping",
    "AdaNormalHedge",
    "ratio",
    1,
    Source("Luo & Schapire 2015", f"the learner; constants {_HERE}", "arXiv:1502.05934"),
    "Each expert, over the C_i of its rounds: R_i <= sqrt(3 C_i ln(N B)), B = 1 + (3/2) mean (1 + ln(1 + C_j)).",
    feedback_is("losses of awake experts"),
)
GROUPS = _pathwise(
    "acharya2024.groups",
    "SleepingGroups",
    "ratio",
    1,
    Source("Acharya et al. 2024", f"the rate; constants {_HERE}", "arXiv:2310.04652"),
    "Each group: regret at most d ln(1 + T_g X^2 / (lambda d)) + sqrt(3 T_g ln(G B)), B = 5/2 + (3/2) ln(1 + T).",
    feedback_is("label"),
    parameters_have("the learner has the game's lambda", lambda problem, params: params.ridge == problem.ridge),
)

BOUNDS = found_in(vars())
LOOSE = {
    "sachs2022.sea": "triangle and Cauchy-Schwarz inequalities for four differences, with the paper's constants",
    "sachs2022.strong": "a variance of 8 sigma^2 stands for that of two differences, and 4 Sigma^2 for one change",
}
