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

**Selection.** Answer z has probability pi_z, reward r(z) in [0, 1] and proxy p(z); y* is a best one, C = 1 / pi(y*). An
answer is kept if it is drawn g = a N / C times, 0 < a < 1. If y* is kept and S is submitted without it, then S has k
answers with p(z) >= p(y*), so r(y*) - r(z) <= eps_opt + |p(z) - r(z)|; the least |p - r| in S is at most
eps_RM / sqrt(pi(S)). So each draw that keeps y* has regret <= eps_opt + eps_RM / sqrt(pi(S)). By Chernoff, y* is lost
with probability at most exp(-(1 - a)^2 N / (2 C)). For b <= 1 - 1/g call z bad if pi_z < b g / N. By Chernoff again z
is kept with probability at most (x e)^g exp(-g x), x = pi_z N / g < b; x^(g - 1) exp(-g x) increases up to 1 - 1/g, so
the bad answers, however many, are kept with total probability at most (N / g) e^g b^(g - 1) exp(-g b). If none is kept,
pi(S) >= k b g / N = k a b / C. The regret of the rest is at most 1.
"""

from typing import Any

import sympy as sp

from theory.assumptions import feedback_is, learner_has, parameters_have, problem_has
from theory.bound import Bound, Source, Symbol, T, found_in
from theory.prediction.exact.selection import best_share, share_of

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

DRAWS = Symbol("draws", "N", positive=True, integer=True)
SUBMIT = Symbol("submit", "k", positive=True, integer=True)
COVERAGE = Symbol("coverage", "C", positive=True)
OPTIMISM = Symbol("optimism", "eps_opt", nonnegative=True)
PROXY_ERROR = Symbol("proxy_error", "eps_RM", nonnegative=True)
SHARE = Symbol("share", "a", positive=True)
MASS = Symbol("best_share", "b", positive=True)

PROXIES = feedback_is("proxies")
FILTERED = parameters_have(
    "answers are kept below the expected count of the best one, a < 1, and above C / N",
    lambda problem, params: params.by_proxy and params.least > 1 and share_of(problem, params) < 1.0,
)

BEST_OF_MAJORITY = Bound(
    "di2025.best_of_majority",
    "BestOfMajority",
    "regret",
    T
    * (
        OPTIMISM
        + PROXY_ERROR * sp.sqrt(COVERAGE / (SUBMIT * SHARE * MASS))
        + sp.exp(-((1 - SHARE) ** 2) * DRAWS / (2 * COVERAGE))
        + COVERAGE / (SHARE * MASS) * sp.exp(-(SHARE * DRAWS / COVERAGE) * (MASS - 1 - sp.log(MASS)))
    ),
    Source("Di et al. 2025", f"upper bound, with constants of our own; {_HERE}", "arXiv:2510.03199"),
    "With enough draws best-of-majority loses eps_opt + eps_RM sqrt(C / k) per round, up to a constant, for every N.",
    assumptions=(PROXIES, FILTERED),
    readers={"share": share_of, "best_share": best_share},
)

BOUNDS = found_in(vars())
