"""Bounds for contextual bandits by online regression, each with its proof. Contexts may depend on the past.

Notation of a round: predictions yhat, mean losses f, the law p of the action, b the first best prediction, g = yhat -
yhat_b; K actions, gamma > 0. a* is any action; E_p averages over the action.

**Exact inverse gap weighting.** p_a (lambda + gamma g_a) = 1. For every yhat and every f in R^K

    E_p f - f(a*) <= (K - 1) / gamma + (gamma / 4) E_p (yhat - f)^2.

The left side less the squares is concave in each f_a; its maximum is at f_a = yhat_a + 2 / gamma for a != a*, and at
f(a*) = yhat(a*) - (2 / gamma) (1 - p*) / p*. It is E_p yhat - yhat(a*) + (1 / p* - 1) / gamma, and with E_p g =
(K - lambda) / gamma and 1 / p* = lambda + gamma g* it is (K - 1) / gamma, whatever a* is. For any law p these maxima
have (K - 1) / gamma for their mean under p: no law has a smaller worst case.

**SquareCB.** With 2 (K - 1) / gamma: E_p g <= (K - 1) / gamma, as g / (K + gamma g) < 1 / gamma; and -g* +
(1 / p* - 1) / gamma is (K - 1) / gamma for a* != b, at most that for b, as p_b >= 1 / K.

**FastCB.** For yhat, f >= 0, E_p f - f(a*) <= (2 K / gamma) E_p f + gamma E_p (yhat - f)^2 / (yhat + f). For gamma <=
2 K that is trivial. So is yhat_b = 0, where p_b = 1 and the last term is gamma f_b. Both sides are homogeneous in
(yhat, f), so let yhat_b = 1; c = 1 - 2 K / gamma, k = K / gamma <= 1/2, q = gamma p*, r = 1 - c p*. In x = f / yhat,

    (i)  c x - gamma (1 - x)^2 / (1 + x) <= c + 1 / gamma: with d = x - 1 > 0 the difference times 2 + d is at least
         (gamma - 1) d^2 - (2 - 1 / gamma) d + 2 / gamma, of discriminant -4 + 4 / gamma + 1 / gamma^2 < 0;
    (ii) r x + q (1 - x)^2 / (1 + x) >= r q / (r + q): with s = 1 + x it is (q + r) s + 4 q / s - 4 q - r. For r >= 3 q
         the least is at s = 1, q. Else it is 4 sqrt(q (q + r)) - 4 q - r, beyond r q / (r + q) by
         q (1 - w^2 (2 - w)^2) / w^2 >= 0 with w = sqrt(1 + r / q) <= 2.

By (i) for a != a* and (ii) for a*, E_p f - f(a*) less the right side is at most

    (c + 1 / gamma) sum_{a != a*} p_a (1 + g_a) - (1 + g*) / (1 / r + 1 / q).

The sum is at most 1 - p* + m / gamma, m = K - 2 for a* != b and K - 1 for b, as p_a g_a < 1 / gamma. 1 / q <= k + g*,
so the last term is at least 1 - (k + 1 / r - 1) r = 1 - k - c p* (1 - k) >= 1 - k - c p*. Together: at most -k +
m / gamma + (1 - p*) / gamma + (m / gamma^2) (1 - 2 K) <= (m + 1 - p* - K) / gamma <= 0.

**Greed.** With p_a >= epsilon / K: f_b - f* <= |f_b - yhat_b| + |yhat* - f*| <= sqrt(2 K E_p (yhat - f)^2 / epsilon).

**From the oracle to the errors.** Given the past and the action, the expected difference in square loss of yhat and f
is (yhat - f)^2, and that in log loss is kl(f, yhat) >= 2 (yhat - f)^2 (Pinsker's inequality). So the regret R of an
oracle in square loss against f, or half of that in log loss, bounds the expected sum of E_p (yhat - f)^2, and that in
log loss the sum of E_p kl(f, yhat). By ln z <= z - 1, kl(f, yhat) >= f ln(f / yhat) - f + yhat = yhat (x ln x - x + 1),
x = f / yhat, and (yhat - f)^2 / (yhat + f) = yhat (1 - x)^2 / (1 + x). The ratio of the second to the first is at most
its largest value kappa = 1.1159126, at x = 0.223379: the usual constant is 2.

**Delays**: `theory.contextual.bounds.late`.

**Pairs.** Predictions u' of the shortfall u and c' of the cost c make yhat = (1 - w) u' + w c' and f = (1 - w) u + w c.
Squares and relative entropy are convex: (yhat - f)^2 <= (1 - w) (u' - u)^2 + w (c' - c)^2. Summed up, with preferences
between v and w, R is at most (1 - v + w) times the oracle's for one of the two, whatever the order of preferences.

**Regret.** Sum over rounds. FastCB: (1 - 2 K / gamma) E Reg <= (2 K / gamma) L* + gamma kappa R, at its best gamma
2 sqrt(2 kappa K L* R) + 8 kappa K R at most. Greed: by Jensen's inequality over rounds.

**Oracles.** Forward algorithm, |y| <= 1: sum (y - yhat)^2 - min_theta {lambda |theta|^2 + sum (y - theta'x)^2} =
sum y^2 x'A_t^-1 x - sum yhat^2 x'A_(t-1)^-1 x <= ln det(A_T / lambda) <= d ln(1 + X^2 T / (lambda d)); predictions
clipped to [0, 1] are nearer to y. Aggregating: squares in [0, 1] are 2-mixable, so its loss is at most that of the mix
-(1/2) ln sum w exp(-2 L), at most min L + (ln N) / 2. Mixture: f^y (1 - f)^(1 - y) is concave in f. Gradient steps in
square loss, e = y - w'x and e_u = y - u'x: sum 2 eta e (e - e_u) - eta^2 e^2 |x|^2 = |u|^2 - |u - w|^2; given the past
E e (e - e_u) = (w'x - f)^2 and E e^2 <= (w'x - f)^2 + 1/4, so (2 - eta X^2) E sum (w'x - f)^2 <= |u|^2 / eta +
eta X^2 T / 4. In log loss gradients are (yhat - y) x: B^2 / (2 eta) + eta X^2 T / 2 (Zinkevich 2003).

**LinUCB.** The parameter is in the confidence set in all rounds with probability 1 - delta; then the gap is at most
min(1, 2 beta w) <= 2 beta min(1, w), w^2 = x'A^-1 x, if 2 beta >= 1; and sum min(1, w^2) <= 2 ln det(A_T / lambda).

**Posterior sampling.** In a round let alpha be the posterior of the best action A*, I the mutual information of A* and
the loss seen, d_a = E[f(a) | A* = a] - E f(a), so E Reg = -sum alpha_a d_a. By Pinsker's inequality I >= 2 sum_a
alpha_a^2 d_a^2, by Cauchy and Schwarz (E Reg)^2 <= (K / 2) I. The sum of I is at most the entropy ln N of the function.
"""

from dataclasses import replace
from typing import Any

import sympy as sp

from theory.assumptions import feedback_is, learner_has, parameters_have, play_has, problem_has
from theory.bound import ETA, Bound, K, Source, Symbol, T, Tuning, found_in
from theory.contextual.bounds import late

GAMMA = Symbol("gamma", "gamma")
EPSILON = Symbol("exploration", "epsilon", positive=True, at_most=1)
R = Symbol("error", "R", nonnegative=True)
L = Symbol("expected_best_loss", "L", nonnegative=True)
N = Symbol("n_functions", "N", positive=True, integer=True)
D = Symbol("n_features", "d", positive=True, integer=True)
LAMBDA = Symbol("regularization", "lambda")
X = Symbol("feature_norm", "X", nonnegative=True)
S = Symbol("norm", "S")
B = Symbol("radius", "B")
BETA = Symbol("largest_width", "beta")
DETERMINANT = Symbol("determinant", "D", nonnegative=True)
KAPPA = sp.Float("1.1159126")


def _rate(params: Any) -> float:
    """Return eta of an oracle's gradient steps, or the learner's own."""
    return float((params.oracle if hasattr(params, "oracle") else params).learning_rate)


READERS = {
    "gamma": lambda problem, params: params.level,
    "exploration": lambda problem, params: params.level,
    "n_functions": lambda problem, params: problem.size.dimension,
    "n_features": lambda problem, params: problem.size.models * problem.size.dimension,
    "feature_norm": lambda problem, params: problem.size.feature_norm,
    "regularization": lambda problem, params: params.oracle.regularization,
    "learning_rate": lambda problem, params: _rate(params),
    "radius": lambda problem, params: params.oracle.radius,
    "norm": lambda problem, params: problem.world.parameter_norm,
}

CONTEXTUAL = feedback_is("contextual bandit")
COVERED = play_has(
    "the mean losses are in the oracle's class", lambda problem, learner: learner.oracle.covers(problem.world)
)
SQUARE = learner_has("an oracle in square loss", lambda learner: not learner.oracle.log_loss)
LOG = learner_has("an oracle in log loss", lambda learner: learner.oracle.log_loss)
_HERE = "proved in theory.contextual.bounds"


def _rule(*names: str) -> Any:
    return learner_has(f"the rule {' or '.join(names)}", lambda learner: learner.rule in names)


def _kind(text: str, *names: str) -> Any:
    """Assume an oracle whose parameters have these fields."""
    return parameters_have(text, lambda problem, params: all(hasattr(params.oracle, name) for name in names))


def _stated(
    name: str,
    learner: str,
    quantity: str,
    expression: sp.Expr,
    source: Source,
    statement: str,
    *assumes: Any,
    **more: Any,
) -> Bound:
    assumptions = (CONTEXTUAL, *assumes)
    return Bound(
        name, learner, quantity, expression, source, statement, assumptions=assumptions, readers=READERS, **more
    )


# ---------------------------------------------------------------- regret of the rules

_FOSTER = "Foster & Rakhlin 2020"
_EXACT = (K - 1) * T / GAMMA + GAMMA * R / 4
EXACT = _stated(
    "ours.inverse_gap_weighting",
    "InverseGapWeighting",
    "regret",
    _EXACT,
    Source(_FOSTER, f"the method; the rule and its constant are ours, {_HERE}", "arXiv:2002.04926"),
    "Exact inverse gap weighting: sqrt((K - 1) T R), with R the regret of the oracle in square loss.",
    _rule("exact"),
    COVERED,
    tunings=(Tuning(GAMMA, _EXACT),),
)
_SQUARECB = 2 * (K - 1) * T / GAMMA + GAMMA * R / 4
SQUARECB = _stated(
    "foster2020.squarecb",
    "InverseGapWeighting",
    "regret",
    _SQUARECB,
    Source(_FOSTER, f"SquareCB, with a constant {_HERE}", "arXiv:2002.04926"),
    "SquareCB: sqrt(2 (K - 1) T R).",
    _rule("squarecb"),
    COVERED,
    tunings=(Tuning(GAMMA, _SQUARECB),),
)
_LEAST_GAMMA = 2 * K + sp.sqrt(4 * K**2 + 2 * K * L / (KAPPA * R))
_FASTCB = (2 * K * L + GAMMA**2 * KAPPA * R) / (GAMMA - 2 * K)
FASTCB = _stated(
    "foster2021.fastcb",
    "InverseGapWeighting",
    "regret",
    _FASTCB,
    Source("Foster & Krishnamurthy 2021", f"FastCB, with constants {_HERE}", "arXiv:2107.02237"),
    "FastCB: 2 sqrt(2 kappa K L* R) + 8 kappa K R, with R the oracle's regret in log loss: small where losses are.",
    _rule("fastcb"),
    LOG,
    COVERED,
    parameters_have("gamma > 2 K", lambda problem, params: params.level > 2 * problem.n_actions).where(
        sp.Gt(GAMMA, 2 * K)
    ),
    tunings=(Tuning(GAMMA, _FASTCB, given=_LEAST_GAMMA),),
)
_GREEDY = EPSILON * T + sp.sqrt(2 * K * R * T / EPSILON)
GREEDY = _stated(
    "ours.greedy_regression",
    "GreedyRegression",
    "regret",
    _GREEDY,
    Source("ours", _HERE),
    "Greed with a share epsilon of uniform play: 3 (K R T^2 / 2)^(1/3).",
    COVERED,
    parameters_have("epsilon > 0", lambda problem, params: params.level > 0.0),
    tunings=(Tuning(EPSILON, _GREEDY),),
)
_LMS = (S**2 / ETA + ETA * X**2 * T / 4) / (2 - ETA * X**2)
LMS = _stated(
    "ours.lms_gap_weighting",
    "InverseGapWeighting",
    "regret",
    (K - 1) * T / GAMMA + GAMMA * _LMS / 4,
    Source("ours", _HERE),
    "Exact inverse gap weighting over gradient steps: order T^(3/4) whatever the number of features.",
    _rule("exact"),
    COVERED,
    _kind("an oracle of gradient steps in square loss", "learning_rate"),
    SQUARE,
    parameters_have(
        "eta X^2 < 2", lambda problem, params: params.oracle.learning_rate * problem.size.feature_norm**2 < 2.0
    ).where(sp.Lt(ETA * X**2, 2)),
)
PAIRS = replace(
    EXACT,
    name="ours.pair_gap_weighting",
    source=Source("ours", f"{_HERE}; the game is that of Wei et al. 2025", "arXiv:2510.07429"),
    statement="Exact inverse gap weighting over predictions of quality and cost: one learner for all preferences.",
    assumptions=(
        feedback_is("contextual pairs"),
        _rule("exact"),
        play_has(
            "shortfall and cost are in the oracle's class",
            lambda problem, learner: all(map(learner.oracle.covers, (problem.world.shortfall, problem.world.cost))),
        ),
    ),
)

LATE = late.BOUNDS

# ---------------------------------------------------------------- certificates and errors

CERTIFICATE = _stated(
    "ours.gap_certificate",
    "InverseGapWeighting",
    "gap_excess",
    sp.Integer(0),
    Source("ours", _HERE),
    "The inequality of the rule in each round, summed up: for every oracle and whatever the mean losses are.",
    play_has(
        "the certificate of the learner's own rule and gamma",
        lambda problem, learner: (
            problem.probe.rule == learner.rule and problem.probe.gamma == learner.parameters(problem).level
        ),
    ),
    mode="every path",
)
ESTIMATION = _stated(
    "foster2020.estimation",
    "InverseGapWeighting",
    "estimation",
    R,
    Source(_FOSTER, f"as in the proof of SquareCB; {_HERE}", "arXiv:2002.04926"),
    "The expected squared errors under the laws played sum to at most the oracle's regret.",
    COVERED,
)
TRIANGULAR = _stated(
    "ours.triangular",
    "InverseGapWeighting",
    "triangular",
    KAPPA * R,
    Source("Foster & Krishnamurthy 2021", f"with 2 for kappa = 1.116, {_HERE}", "arXiv:2107.02237"),
    "An oracle's regret in log loss bounds the triangular discrimination of its predictions.",
    _rule("fastcb"),
    LOG,
    COVERED,
)

# ---------------------------------------------------------------- oracles

_FINITE = _kind("an oracle of a finite class", "n_functions")
AGGREGATING = _stated(
    "vovk1998.aggregating",
    "InverseGapWeighting",
    "oracle_regret",
    sp.log(N) / 2,
    Source("Vovk 1998; Haussler, Kivinen & Warmuth 1998", f"squares are 2-mixable; {_HERE}"),
    "The aggregating forecaster loses at most (ln N) / 2 more than the best of N functions, in square loss.",
    _FINITE,
    SQUARE,
    COVERED,
    mode="every path",
)
MIXTURE = _stated(
    "haussler1998.mixture",
    "InverseGapWeighting",
    "log_regret",
    sp.log(N),
    Source("Haussler, Kivinen & Warmuth 1998", f"the mixture in log loss; {_HERE}"),
    "The mixture loses at most ln N more than the best of N functions, in log loss.",
    _FINITE,
    LOG,
    COVERED,
    mode="every path",
)
FORWARD = _stated(
    "azoury2001.forward",
    "InverseGapWeighting",
    "oracle_regret",
    D * sp.log(1 + X**2 * T / (LAMBDA * D)) + LAMBDA * S**2,
    Source("Vovk 2001; Azoury & Warmuth 2001", f"the forward algorithm; {_HERE}"),
    "The forward algorithm's regret in square loss is logarithmic in T.",
    parameters_have("the forward algorithm", lambda problem, params: params.oracle.forward == 1.0),
    COVERED,
    mode="every path",
)
_DESCENT = B**2 / (2 * ETA) + ETA * X**2 * T / 2
LOGISTIC = _stated(
    "zinkevich2003.logistic",
    "InverseGapWeighting",
    "log_regret",
    _DESCENT,
    Source("Zinkevich 2003", f"gradient steps; {_HERE}"),
    "Gradient steps on the logistic model have regret B X sqrt(T) in log loss.",
    _kind("an oracle of gradient steps in log loss", "learning_rate"),
    LOG,
    COVERED,
    mode="every path",
    tunings=(Tuning(ETA, _DESCENT),),
)

# ---------------------------------------------------------------- other learners

_EXPERTS = sp.log(N) / ETA + ETA * T * sp.Min(K, N) / 2
EXP4 = _stated(
    "auer2002.contextual_exp4",
    "ContextualExp4",
    "regret",
    _EXPERTS,
    Source("Auer, Cesa-Bianchi, Freund & Schapire 2002", "EXP4 without mixing, as lattimore2020.exp4 (re-derived)"),
    "EXP4 over the policies of a finite class, one of which is best in every context: sqrt(2 T min(K, N) ln N).",
    problem_has("the mean losses are in the class", lambda problem: problem.world.functions is not None),
    tunings=(Tuning(ETA, _EXPERTS),),
)
LINUCB = _stated(
    "abbasi2011.linucb",
    "LinUCB",
    "regret",
    2 * BETA * sp.sqrt(2 * T * DETERMINANT),
    Source("Abbasi-Yadkori, Pal & Szepesvari 2011", f"the confidence set, Theorem 2; the regret {_HERE}"),
    "LinUCB: with probability 1 - delta the regret is of order d sqrt(T) up to logarithms.",
    parameters_have("the width of the confidence set", lambda problem, params: params.width < 0.0),
    play_has(
        "the parameter's norm is at most S", lambda problem, learner: problem.world.parameter_norm <= learner.norm
    ),
    parameters_have("2 beta >= 1", lambda problem, params: 2.0 * params.largest_width >= 1.0).where(sp.Ge(2 * BETA, 1)),
    mode="probability",
)
POSTERIOR = _stated(
    "russo2016.posterior_sampling",
    "PosteriorSampling",
    "regret",
    sp.sqrt(K * T * sp.log(N) / 2),
    Source("Russo & Van Roy 2016", f"the information ratio K / 2; with contexts {_HERE}", "arXiv:1403.5341"),
    "Posterior sampling with a right prior: sqrt(K T ln(N) / 2), on average over the function.",
    problem_has("the function is drawn uniformly", lambda problem: problem.world.truth is None),
    problem_has("losses are 0 or 1", lambda problem: problem.world.noisy),
)

WITHOUT_THEOREM = {
    "linear Thompson sampling": "its regret is of order d^(3/2) sqrt(T) with constants that are not in the catalogue, "
    "and its normal posterior is not exact for losses in [0, 1]",
}
LOOSE = {
    "ours.gap_certificate": "the right side is 0; a round with the mean losses of the proof reaches it",
    "foster2021.fastcb": "once the best function is known FastCB hardly explores, and the bound counts 2 K / gamma of "
    "the losses in every round",
    "ours.late_linucb": "as for abbasi2011.linucb",
    "abbasi2011.linucb": "the confidence set is counted at its largest in every round, and the gaps that are left are "
    "far below two radii",
}

BOUNDS = found_in(vars())
