"""Bounds for preferences between trajectories: how often PR-LSVI can ask on any path, and the rates of its theorem.

Let x_1, ..., x_q, |x_i| <= X, be the differences that were asked about, in a space of dimension D (where features are
unit vectors, one less than their number per stage), and W_i = |x_i|^2 in the norm of the inverse of
Sigma_i = lambda I + sum_{j < i} x_j x_j^T. PR-LSVI asks where (2 sigma_r / sqrt(pi)) sqrt(W_i) > epsilon, that is

    W_i > u = pi epsilon^2 / (4 sigma_r^2).

**The elliptical potential.** In that space det Sigma_{i+1} = det Sigma_i (1 + W_i), and by the inequality of the two
means det Sigma_{q+1} <= (lambda + q X^2 / D)^D. So q log(1 + u) < D log(1 + q X^2 / (lambda D)), whatever the process,
the answers and the noise. As log(1 + u) >= L = 2 u / (2 + u), the left side may be q L, which loses u^2 / 12 of it.

**Solved for q.** With m = X^2 / (lambda L) and y = 1 + q X^2 / (lambda D) it says y < 1 + m log y. Put x = y / m, so
that x - log x < 1 / m + log m = 1 + v, with v = log m + 1 / m - 1 >= 0. For s = sqrt(2 v) the number
x_0 = 1 + s + s^2 / 2 has x_0 - log x_0 >= 1 + v, as log(1 + s + s^2 / 2) <= s; and x - log x rises for x >= 1. So
x < x_0, and q = (x m - 1) lambda D / X^2 gives

    q < (D / L) (log m + sqrt(2 (log m + 1 / m - 1))).

For m <= 1 the first question is already impossible, X^2 / lambda <= L < u, and the right side is not negative.
"""

import sympy as sp

from theory.assumptions import feedback_is, parameters_have
from theory.bound import Bound, Source, Symbol, T, found_in

EPSILON = Symbol("threshold", "epsilon_q", positive=True)
SIGMA = Symbol("reward_scale", "sigma_r", positive=True)
RIDGE = Symbol("ridge", "lambda_r", positive=True)
DIMENSION = Symbol("difference_dimension", "D_X", positive=True, integer=True)
X = Symbol("largest_difference", "X", positive=True)

_PAPER, _URL = "Wu & Sun 2023", "arXiv:2310.14554"


ASSUMED = (
    feedback_is("trajectory duel"),
    parameters_have("the learner asks by PR-LSVI's rule", lambda _, parameters: hasattr(parameters, "reward_scale")),
    parameters_have("threshold is positive", lambda _, parameters: parameters.threshold > 0.0),
)

_U = sp.pi * EPSILON**2 / (4 * SIGMA**2)
_LOG = 2 * _U / (2 + _U)
_M = X**2 / (RIDGE * _LOG)
QUERIES = Bound(
    "wu2023.queries",
    "PRLSVI",
    "queries",
    DIMENSION / _LOG * (sp.log(_M) + sp.sqrt(2 * (sp.log(_M) + 1 / _M - 1))),
    Source(_PAPER, "query complexity of PR-LSVI (Theorem 4.2), on every path, with constants derived here", _URL),
    "PR-LSVI asks of the order of D sigma_r^2 log(1 / epsilon) / epsilon^2 times, on any path.",
    mode="every path",
    assumptions=ASSUMED,
)
REGRET = Bound(
    "wu2023.regret",
    "PRLSVI",
    "regret",
    EPSILON * T + sp.sqrt(T),
    Source(
        _PAPER, "regret of PR-LSVI (Theorem 4.2): its growth in T and epsilon; dimensions and constants left out", _URL
    ),
    "With noise scaled as the theorem says, regret grows like epsilon T + sqrt(T): epsilon = T^-b gives T^(1 - b).",
    assumptions=ASSUMED,
    rate_only=True,
)

BOUNDS = found_in(vars())
