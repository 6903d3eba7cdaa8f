"""Theorems about data loops, exposure, replay and private herds, each with its proof.

In the data loop n B' = (n_t + k) B_t + k e_t + m h_t, n = n_t + m + k.

**Amplification** (Theorem 1 of Taori & Hashimoto 2023; the closed form is ours). Without noise of the people's labels
and with |e| <= delta in every round, unrolling the identity gives |B_t| <= delta sum_i (k / n_i) prod_{j > i} (n_j -
m) / n_j, with equality for a constant error. The sum is (k / m) (1 - prod_{s < t} (n_s + k) / (n_s + m + k)): both
satisfy A' = (1 - m / n) A + k / n with A = 0 at the start.

**Every path, with noise.** Let eta be the largest |h| and delta the largest |e| so far, X = eta + (k / m) delta. If
|B_t| <= X, then n |B'| <= (n_t + k) X + k delta + m eta = (n_t + k) X + m X = n X.

**Sampled labels.** The mean share stays p, its variance follows a recursion (`theory.loops.exact.sampler_variance`),
and bins are independent: by Jensen's inequality the expected largest |B| of G bins is at most the square root of the
sum of their variances.

**Exposure.** p_t is known when the item of round t is drawn, so that X_t = click / p_t(i) of item i, 0 without a click,
has mean g_i given the past, and second moment g_i / p_t(i) <= g_i n / f with a floor f. The differences X_t - g_i are
uncorrelated: their mean over T rounds has expected square at most (g_i n / f - g_i^2) / T, with equality for f = 1.

**A preference from nothing.** Items of equal relevance g > 0 are shown in proportion to c plus their clicks. Rounds
without a click change nothing, so that given m clicks an item's are those of Polya's urn with A = n c: its share p has
mean 1/n and variance (1/n) (1 - 1/n) m / ((A + m) (A + 1)), and sum_i p_i^2 has mean 1/n + (1 - 1/n) m / ((A + m)
(A + 1)). Before the last of T rounds m is Binomial(T - 1, g), and for A >= 1 E[A / (A + m)] <= A E[1 / (1 + m)] =
A (1 - (1 - g)^T) / (g T) <= A / (g T). A share tends to Beta(c, A - c): the loop makes up its preference.

**Worse items.** C_i, c plus the clicks of item i, rises by 1 with probability g_i C_i / sum C, and the digamma function
psi(C_i) then by 1 / C_i: E psi(C_i) - psi(c) = g_i E sum_t 1 / sum C_t, in proportion to g_i. As psi(x) - ln x is
between -1 / x and 0, clicks of an item grow like those of the best to the power g_i / max g, in geometric means.

**Replay** (Racca, Valko & Sanyal 2026 prove that replay is harmless for uniform generation). d is the closure
dimension: the most strings of a language such that the intersection of all languages that hold them is finite. Suppose
all strings shown so far are in K. As long as at most d are different the generator repeats the first, which is in K.
With more, K is one of the languages that hold them, so that their intersection lies in K, and it is infinite by the
choice of d: the output is fresh and in K. Either way the next string, from K or replayed, is in K.

**Herds.** Whatever the reporting rule, e^{l} is the likelihood ratio of the reports, a martingale of mean 1 where theta
= -1 (as e^{-l} is where theta = +1): by Ville's inequality it ever exceeds 1 / delta with probability at most delta.

**Budgets that differ.** Smooth responses, theta = +1; agent n's budget epsilon is public and may depend on the reports
before. Let a = sigma^2 |l| / 2 and q, q' the chances of the report against l where theta = +1 and -1. Given the past, l
rises on average by a relative entropy, and both this and the second moment of the rise are at most C / (1 + l^2):

    epsilon <= 1: the rise is at most 2 epsilon in size on the report against l, as reports are private, and of order
        epsilon max(q, q') on the other; q and q' are at most e^{-epsilon a / 2} and a Gaussian tail at a / 2; and
        epsilon^2 e^{-epsilon a / 2} <= 16 / (e a)^2;
    epsilon > 1: q and q' are at most e^{-a / 2} and that tail; the rise is of order 1 + a^2 on the report against l, as
        a decision against l is kept with probability 1/2 at least, and of order q + q' on the other.

So E |l|^3 rises by at most 3 E l^2 C / (1 + l^2) + ... <= C' per agent, and E |l_n| <= (C' n)^(1/3): **no choice of
budgets grows faster than n^(1/3)**, which budgets in proportion to 1 / (1 + |t|) reach; budgets that are hidden teach
less, as relative entropy is convex. Independent budgets, uniform on [0, h], grow like n^(1/4), hidden or not
(`theory.loops.exact.budget_growth`): the rate sqrt(n) that the abstract states for budgets that differ does not hold
for this response. It comes out if the chance of a flip is averaged over budgets (1 / a) and what a report tells is not,
though it is worth epsilon^2 of that.
"""

import math
from typing import Any

import sympy as sp

from theory.assumptions import feedback_is, parameters_have, problem_has
from theory.bound import DELTA, Bound, Source, Symbol, T, found_in
from theory.loops.exact import amplification, sampler_variance

A = Symbol("amplification", "A", positive=True)
DELTA_E = Symbol("shift", "delta", nonnegative=True)
V = Symbol("total_variance", "V", nonnegative=True)
RATE = Symbol("rate", "epsilon", positive=True)
SIGMA = Symbol("sigma", "sigma", positive=True)

G = Symbol("relevance", "g", at_most=1)
C = Symbol("start", "c")
N = Symbol("n_items", "n", positive=True, integer=True)
F = Symbol("floor", "f", at_most=1)
G1 = Symbol("mean_relevance", "g_1", at_most=1, nonnegative=True)
G2 = Symbol("mean_square", "g_2", at_most=1, nonnegative=True)

_TAORI = "Taori & Hashimoto 2023"
_URL = "arXiv:2209.03942"
_HERE = "proved in theory.loops.bounds"

LABELS = feedback_is("labels")
EXPECTED = problem_has("labels are not drawn", lambda problem: not problem.drawn)
DRAWN = problem_has("labels are drawn", lambda problem: problem.drawn)
PRIVATE = parameters_have("private reports", lambda problem, params: params.rate < math.inf)
SHIFTED = parameters_have("the model samples its labels, but for a shift", lambda problem, params: params.mix == 1.0)
PEOPLE = problem_has("people label some items", lambda problem: problem.people > 0)


def _amplification(problem: Any, params: Any) -> float:
    return amplification(problem.start, problem.people, problem.model, problem.horizon)


def _total_variance(problem: Any, params: Any) -> float:
    sizes = (problem.start, problem.people, problem.model, problem.horizon)
    return math.fsum(sampler_variance(share, *sizes) for share in problem.shares)


AMPLIFICATION = Bound(
    "taori2023.amplification",
    "ShiftedLabels",
    "model_bias",
    A * DELTA_E,
    Source(_TAORI, f"Theorem 1; closed form {_HERE}", _URL),
    "A model's error of delta in every round becomes a bias of the model of at most (1 + k / m) delta.",
    mode="every path",
    assumptions=(LABELS, EXPECTED, SHIFTED),
    readers={"amplification": _amplification, "shift": lambda problem, params: abs(params.shift)},
)
LOOP_BIAS = Bound(
    "ours.loop_bias",
    "",
    "excess",
    sp.Integer(0),
    Source("ours", _HERE),
    "No bias exceeds the largest error of the people's labels plus k / m times the largest error of the model's.",
    mode="every path",
    assumptions=(LABELS, PEOPLE),
)
SAMPLED_LABELS = Bound(
    "ours.sampled_labels",
    "SampleLabels",
    "largest_bias",
    sp.sqrt(V),
    Source("ours", _HERE),
    "A model that samples from its data drifts by its variance alone.",
    assumptions=(LABELS, DRAWN),
    readers={"total_variance": _total_variance},
)
CLICKS = feedback_is("clicks")
FLOOR = problem_has("a floor", lambda problem: problem.floor > 0.0)
NO_FLOOR = problem_has("no floor", lambda problem: problem.floor == 0.0)
ALIKE = problem_has(
    "items of equal relevance above 0", lambda problem: 0.0 < problem.relevance.min() == problem.relevance.max()
)
ONE_CLICK = parameters_have(
    "at least one click at the start", lambda problem, params: problem.n_items * params.start >= 1.0
).where(sp.Ge(N * C, 1))
EXPOSURE_ERROR = Bound(
    "ours.exposure_error",
    "",
    "squared_error",
    (G1 * N / F - G2) / T,
    Source("ours", f"{_HERE}; unbiasedness: Saito et al. 2020", "arXiv:1909.03601"),
    "With a floor, clicks over the known probabilities estimate every item's relevance, whatever the learner shows.",
    assumptions=(CLICKS, FLOOR),
    readers={
        "mean_relevance": lambda problem, params: float(problem.relevance.mean()),
        "mean_square": lambda problem, params: float((problem.relevance**2).mean()),
    },
)
INVENTED = Bound(
    "ours.invented_preference",
    "Popularity",
    "concentration",
    1 / N + (1 - 1 / N) * (1 - N * C / (G * T)) / (N * C + 1),
    Source("ours", _HERE),
    "Shown in proportion to their clicks, items that are all alike do not stay so: it makes up a preference.",
    direction="lower",
    assumptions=(CLICKS, NO_FLOOR, ALIKE, ONE_CLICK),
    readers={"relevance": lambda problem, params: float(problem.relevance[0])},
)
_RACCA = Source("Racca, Valko & Sanyal 2026", f"the claim; {_HERE}", "arXiv:2603.11784")
STRINGS = feedback_is("strings")
WAITED = parameters_have("burn-in of the closure dimension", lambda game, params: params.burn_in == game.dimension)
BURN_IN = Bound(
    "racca2026.burn_in",
    "BurnIn",
    "late_errors",
    sp.Integer(0),
    _RACCA,
    "After more different strings than the closure dimension no output is wrong, whatever is replayed.",
    mode="every path",
    assumptions=(STRINGS, WAITED),
)
CLEAN = Bound(
    "racca2026.clean",
    "BurnIn",
    "outside",
    sp.Integer(0),
    _RACCA,
    "No string outside the target comes back among the examples.",
    mode="every path",
    assumptions=(STRINGS, WAITED),
)
REPORTS = feedback_is("reports")
WRONG_SIDE = Bound(
    "ours.wrong_side",
    "",
    "most_wrong",
    sp.log(1 / DELTA),
    Source("ours", _HERE),
    "With probability 1 - delta the reports never favour the wrong state by a log likelihood ratio of ln(1 / delta).",
    mode="probability",
    assumptions=(REPORTS,),
    readers={"failure_probability": lambda problem, params: problem.failure_probability},
)
PRIVATE_LEARNING = Bound(
    "liu2025.private",
    "SmoothResponse",
    "log_likelihood",
    2 * sp.log(T) / (RATE * SIGMA**2),
    Source("Liu & Rahimian 2025", "growth with smooth randomised response; the constant is ours", "arXiv:2502.19525"),
    "With private reports the log likelihood grows like (2 / (epsilon sigma^2)) ln n, without privacy like its root.",
    assumptions=(REPORTS, PRIVATE),
    rate_only=True,
)
UNIFORM_BUDGETS = Bound(
    "ours.uniform_budgets",
    "UniformBudgets",
    "log_likelihood",
    T ** sp.Rational(1, 4),
    Source("ours", f"{_HERE}; the paper states sqrt(n) for budgets that differ", "arXiv:2502.19525"),
    "With budgets uniform on [0, h] the log likelihood grows like (128 Li_3(1/2) n / (h sigma^6))^(1/4).",
    assumptions=(REPORTS,),
    rate_only=True,
)
ANY_BUDGETS = Bound(
    "ours.any_budgets",
    "ShrinkingBudgets",
    "log_likelihood",
    T ** sp.Rational(1, 3),
    Source("ours", _HERE),
    "With smooth responses no choice of public budgets lets the log likelihood grow faster than n^(1/3).",
    assumptions=(REPORTS,),
    rate_only=True,
)

LOOSE = {
    "ours.loop_bias": "the right side is 0; the path without errors reaches it",
}

BOUNDS = found_in(vars())
