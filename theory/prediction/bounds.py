"""Theorems about predictions, with proofs where they are ours.

**Paging.** OPT is the optimum's number of misses, eta_0 and eta_1 the numbers of bits that are wrongly 0 and wrongly 1.

For every algorithm B that evicts only in a miss with a full cache, with bits that are 1 exactly where B evicts the page
before its next request: misses(Flush) <= misses(B) + (k - 1) eta_0 + eta_1, and Flush flushes at most eta_0 times.
Proof. Consider a miss of Flush on a page p that B has in its cache. B kept p since its latest request, so the truth of
that bit is 0. If Flush evicted p because of p's own bit, this was a wrong 1, charged once. Else a flush had set it. At
a flush no cached page has bit 1, and the requested page x is not in the cache. After x is served, B holds x and at most
k - 1 other pages, so it lacks one of the k pages y that Flush held: B has evicted y since its latest request, where y's
bit is 0, wrongly. That request is not charged again, since a later flush finds y only after a later request. So there
are at most eta_0 flushes. Each sets the bits of k pages, of which y is one whose next request is a miss of B, too; so
it causes at most k - 1 misses that B lacks. The other misses of Flush are misses of B. The optimum is such a B.

**Mixtures.** w_i is the prior of expert i, L_i its loss. The factors q_t(x_t) of the Bayes mixture telescope to
sum_i w_i exp(-L_i), so its loss is -ln sum_i w_i exp(-L_i) <= L_i - ln w_i for each i. In the same way, by Jensen's
inequality, it is at most -ln w(B) plus the mean of L_i under w given B, for each set B of experts: what counts is the
weight of a neighbourhood of the truth, not the number of experts. Laplace's rule gives a binary sequence with k ones
the probability 1 / ((n + 1) C(n, k)), and C(n, k) (k/n)^k (1 - k/n)^(n - k) <= 1, so its regret is at most ln(n + 1).
"""

from typing import Any

import sympy as sp

from theory.assumptions import feedback_is, learner_has, parameters_have, problem_has
from theory.bound import Bound, Source, Symbol, T, found_in

CACHE = Symbol("cache", "k", positive=True, integer=True)
HARMONIC = Symbol("harmonic", "H_k", positive=True)
OPTIMUM = Symbol("optimum", "OPT", positive=True, integer=True)
WRONG_ZEROS = Symbol("wrong_zeros", "eta_0", nonnegative=True, integer=True)
WRONG_ONES = Symbol("wrong_ones", "eta_1", nonnegative=True, integer=True)

_ANTONIADIS = "Antoniadis et al. 2023"
_PAPER = "arXiv:2210.02775"
_HERE = "proved in theory.prediction.bounds"
_RESTATED = "restated from reviews; checked against exact expectations of every small case"

PAGING = feedback_is("advised paging")
ONE_ROW = problem_has("one row of requests", lambda problem: len(problem.requests) == 1)
DISCARD = problem_has('advice is "discard"', lambda problem: problem.advice == "discard")
PHASE = problem_has('advice is "phase"', lambda problem: problem.advice == "phase")
EAGER = learner_has("a flush empties the cache", lambda learner: learner.eager)

READERS: Any = {
    "harmonic": lambda problem, params: sum(1.0 / i for i in range(1, problem.cache + 1)),
    "optimum": lambda problem, params: int(problem.totals.optimum[0]),
    "wrong_zeros": lambda problem, params: int(problem.totals.wrong_zeros[0]),
    "wrong_ones": lambda problem, params: int(problem.totals.wrong_ones[0]),
}

FLUSH = Bound(
    "antoniadis2023.flush",
    "Flush",
    "misses",
    OPTIMUM + (CACHE - 1) * WRONG_ZEROS + WRONG_ONES,
    Source(_ANTONIADIS, f"deterministic rule for discard bits; {_HERE}", _PAPER),
    "Flush misses the optimum plus k - 1 for each bit that is wrongly 0, plus 1 for each that is wrongly 1.",
    mode="every path",
    assumptions=(PAGING, ONE_ROW, DISCARD),
    readers=READERS,
)
FLUSHES = Bound(
    "antoniadis2023.flushes",
    "Flush",
    "emptied",
    WRONG_ZEROS,
    Source(_ANTONIADIS, f"deterministic rule for discard bits; {_HERE}", _PAPER),
    "Flush empties the cache at most once for each bit that is wrongly 0.",
    mode="every path",
    assumptions=(PAGING, ONE_ROW, DISCARD, EAGER),
    readers=READERS,
)
MARK0 = Bound(
    "antoniadis2023.mark0",
    "Mark0",
    "misses",
    OPTIMUM + 2 * HARMONIC * WRONG_ZEROS + WRONG_ONES,
    Source(_ANTONIADIS, f"randomised rule for discard bits; {_RESTATED}", _PAPER),
    "Mark0 misses the optimum plus 2 H_k for each bit that is wrongly 0, plus 1 for each that is wrongly 1.",
    assumptions=(PAGING, ONE_ROW, DISCARD),
    readers=READERS,
)
MARK_PREDICT = Bound(
    "antoniadis2023.mark_predict",
    "MarkPredict",
    "misses",
    2 * OPTIMUM + HARMONIC * WRONG_ZEROS + WRONG_ONES,
    Source(_ANTONIADIS, f"randomised rule for phase bits; {_RESTATED}", _PAPER),
    "MarkPredict misses twice the optimum plus H_k for each bit that is wrongly 0, plus 1 for each that is wrongly 1.",
    assumptions=(PAGING, ONE_ROW, PHASE),
    readers=READERS,
)

LEAST_WEIGHT = Symbol("least_weight", "w", positive=True)

SYMBOLS = feedback_is("symbols")
BINARY = problem_has("two symbols", lambda problem: problem.n_symbols == 2)
CONSTANT = learner_has("order 0", lambda learner: learner.order == 0)
POSITIVE = parameters_have("a positive prior for each expert", lambda problem, params: params.least_weight > 0.0)

MIXTURE = Bound(
    "feder2025.mixture",
    "BayesMixture",
    "regret",
    -sp.log(LEAST_WEIGHT),
    Source("Feder, Urbanke & Fogel 2025", f"the mixture's loss for one expert; {_HERE}", "arXiv:2506.07661"),
    "The Bayes mixture loses at most -ln w_i more than expert i, ln M for a uniform prior.",
    mode="every path",
    assumptions=(SYMBOLS, POSITIVE),
)
KT_REGRET = Bound(
    "krichevsky1981.kt",
    "KT",
    "constant_regret",
    sp.log(T) / 2 + sp.log(2),
    Source("Krichevsky & Trofimov 1981", "upper bound for two symbols, equality at T = 1; checked for every count"),
    "KT loses at most (ln T)/2 + ln 2 more than the best constant law of two symbols.",
    mode="every path",
    assumptions=(SYMBOLS, BINARY, CONSTANT),
)
LAPLACE_REGRET = Bound(
    "ours.laplace_rule",
    "Laplace",
    "constant_regret",
    sp.log(T + 1),
    Source("ours", _HERE),
    "Laplace's rule loses at most ln(T + 1) more than the best constant law of two symbols.",
    mode="every path",
    assumptions=(SYMBOLS, BINARY, CONSTANT),
)

BOUNDS = found_in(vars())
