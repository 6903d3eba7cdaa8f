"""Theorems about data loops, replay and private herds, each with its proof.

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

**Replay** (Racca, Valko & Sanyal 2026 prove that replay is harmless for uniform generation). d is the closure
dimension: the most strings of a language such that the intersection of all languages that hold them is finite. Suppose
all strings shown so far are in K. As long as at most d are different the generator repeats the first, which is in K.
With more, K is one of the languages that hold them, so that their intersection lies in K, and it is infinite by the
choice of d: the output is fresh and in K. Either way the next string, from K or replayed, is in K.

**Herds.** Whatever the reporting rule, e^{l} is the likelihood ratio of the reports, a martingale of mean 1 where theta
= -1 (as e^{-l} is where theta = +1): by Ville's inequality it ever exceeds 1 / delta with probability at most delta.
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

_TAORI = "Taori & Hashimoto 2023"
_URL = "arXiv:2209.03942"
_HERE = "proved in theory.loops.bounds"

LABELS = feedback_is("labels")
EXPECTED = problem_has("labels are not drawn", lambda problem: not problem.drawn)
DRAWN = problem_has("labels are drawn", lambda problem: problem.drawn)
PRIVATE = parameters_have("private reports", lambda problem, params: params.rate < math.inf)
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
    assumptions=(LABELS, EXPECTED),
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

LOOSE = {
    "ours.loop_bias": "the right side is 0; the path without errors reaches it",
}

BOUNDS = found_in(vars())
