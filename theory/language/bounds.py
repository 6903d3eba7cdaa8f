"""Theorems about language feedback, each with its proof. The true hypothesis is h*, its words f_*, their laws f_h.

**Certain words.** A possible hypothesis has no loss on any word so far. Where all possible hypotheses have a best
action in common, h* is among them and the round costs nothing. Else the learner plays the best action a of a possible
h+ that promises most, at least as much as h*: the regret is at most r_{h+}(a) - r_{h*}(a). If that is positive, a is
independent of all earlier actions in the sense of the transfer eluder dimension at level 0, since the words of h* have
cost h+ nothing. So the actions of the mistakes form an independent sequence (dropping predecessors keeps independence),
whose length is at most the dimension. It is attained: guessing a number by directions, ties to the first, makes N - 1
mistakes, where halving makes log2 N.

**Noisy words.** Scores are log losses, Lambda = ln(2 N / delta) the threshold, H2 = sum_o (sqrt p - sqrt q)^2.
(a) prod_s f_h(a_s)[o_s] / f_*(a_s)[o_s] is a nonnegative martingale of mean at most 1, so by Ville's inequality some h
ever has a log likelihood ratio above Lambda with probability at most N e^-Lambda = delta / 2: else h* stays possible.
(b) prod_s sqrt(f_h / f_*) / (1 - H2(f_h(a_s), f_*(a_s)) / 2) is one as well, since E sqrt(f_h / f_*) = 1 - H2 / 2. So
with probability 1 - delta / 2, (1/2) ln prod(f_h / f_*) + sum H2 / 2 <= Lambda for every h at all times. While h is
possible, its log likelihood is within Lambda of the largest one, so ln prod(f_h / f_*) >= -Lambda, and
sum H2 <= 3 Lambda.
(c) On both events the regret of a round is at most r_{h+}(a) - r_{h*}(a) <= sqrt(C H2(f_{h+}(a), f_*(a))), C the least
constant for which that holds for all pairs. Each h other than h* is played only while its sum is within 3 Lambda, so
over the rounds in which it is played the sum stays within 3 Lambda + 2. Over N - 1 hypotheses and T rounds
Cauchy-Schwarz gives the square root.
"""

import math
from typing import Any

import sympy as sp

from theory.assumptions import feedback_is, learner_has, parameters_have, play_has, problem_has
from theory.bound import DELTA, Bound, Source, Symbol, T, found_in
from theory.language.exact import LARGEST_DIMENSION, transfer_eluder_dimension

N = Symbol("n_hypotheses", "N", positive=True, integer=True)
DIMENSION = Symbol("transfer_eluder_dimension", "d", nonnegative=True)
LAMBDA = Symbol("threshold", "Lambda", nonnegative=True)
C = Symbol("discrimination", "C", nonnegative=True)

_XU = "Xu et al. 2025"
_URL = "arXiv:2506.10341"
_HERE = "proved in theory.language.bounds"

WORDS = feedback_is("words")
HELIX = learner_has("the most promising possible hypothesis is played", lambda learner: learner.optimistic)
CERTAIN = problem_has("words are certain", lambda problem: problem.world.certain and problem.world.verifier is None)
NOISY = problem_has("scores are log losses", lambda problem: not _own(problem) and not problem.world.certain)
EXACT_SCORES = parameters_have("threshold 0", lambda problem, params: params.threshold == 0.0)
FEW = problem_has(
    f"at most {LARGEST_DIMENSION} hypotheses, so that the dimension is known",
    lambda problem: problem.world.n_hypotheses <= LARGEST_DIMENSION,
)
FINITE = problem_has("a finite transfer eluder dimension", lambda problem: _dimension(problem.world) < math.inf)
TELLING = problem_has(
    "words tell hypotheses apart where rewards differ", lambda problem: problem.world.discrimination < math.inf
)
CONFIDENT = play_has(
    "threshold at least ln(2 N / delta)",
    lambda problem, learner: learner.parameters(problem).threshold >= _lambda(problem, learner) * (1 - 1e-12),
)
MEASURED = parameters_have(
    "the version space is measured with the learner's threshold",
    lambda problem, params: "budget" in problem.metrics and _measured(problem) == params.threshold,
)


def _dimension(world: Any) -> float:
    """Return the dimension where it is defined and known, else 0: other assumptions fail there."""
    few = world.n_hypotheses <= LARGEST_DIMENSION
    return transfer_eluder_dimension(world) if few and world.certain and world.verifier is None else 0.0


def _measured(problem: Any) -> float:
    return float(problem.probe.setting(problem).threshold)


def _own(problem: Any) -> bool:
    return problem.world.verifier is not None


def _lambda(problem: Any, learner: Any) -> float:
    return float(sp.log(2 * problem.world.n_hypotheses / learner.failure_probability))


READERS = {
    "n_hypotheses": lambda problem, params: problem.world.n_hypotheses,
    "transfer_eluder_dimension": lambda problem, params: transfer_eluder_dimension(problem.world),
    "threshold": lambda problem, params: params.threshold,
    "discrimination": lambda problem, params: problem.world.discrimination,
}

MISTAKES = Bound(
    "xu2025.mistakes",
    "Helix",
    "mistakes",
    DIMENSION,
    Source(_XU, f"transfer eluder dimension (Definition 3); {_HERE}", _URL),
    "With certain words HELiX makes at most as many mistakes as the transfer eluder dimension, for every tie rule.",
    mode="every path",
    assumptions=(WORDS, HELIX, CERTAIN, EXACT_SCORES, FEW, FINITE),
    readers=READERS,
)
TRUTH_KEPT = Bound(
    "ours.truth_kept",
    "Helix",
    "truth_lost",
    DELTA / 2,
    Source("ours", f"part (a); {_HERE}"),
    "With noisy words the truth is ever taken for impossible with probability at most delta / 2.",
    assumptions=(WORDS, NOISY, CONFIDENT, MEASURED),
    readers=READERS,
)
BUDGET = Bound(
    "ours.word_budget",
    "Helix",
    "budget",
    3 * LAMBDA,
    Source("ours", f"part (b); {_HERE}"),
    "With probability 1 - delta no hypothesis stays possible once its words are 3 Lambda from the truth's.",
    mode="probability",
    assumptions=(WORDS, NOISY, CONFIDENT, MEASURED),
    readers=READERS,
)
NOISY_REGRET = Bound(
    "ours.noisy_words",
    "Helix",
    "regret",
    sp.sqrt(C * (N - 1) * (3 * LAMBDA + 2) * T),
    Source("ours", f"part (c); {_HERE}"),
    "With probability 1 - delta the regret under noisy words grows like sqrt(T), where words tell rewards apart.",
    mode="probability",
    assumptions=(WORDS, HELIX, NOISY, CONFIDENT, TELLING),
    readers=READERS,
)
REGRET = Bound(
    "xu2025.regret",
    "Helix",
    "regret",
    T ** sp.Rational(3, 4),
    Source(_XU, "Theorem 1: its growth in T, constants and the dimension left out", _URL),
    "With an unbiased verifier HELiX loses of the order of T^(3/4), sqrt(T) where its loss is quadratic.",
    assumptions=(WORDS, HELIX),
    rate_only=True,
)

LOOSE = {
    "ours.noisy_words": "it counts the budget of every hypothesis, though one word rules out many, and Cauchy-Schwarz "
    "spreads the regret over all rounds",
}

BOUNDS = found_in(vars())
