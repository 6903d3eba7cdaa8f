"""Bounds for contextual bandits with delayed feedback, each with its proof: copies, and one learner updated late.

Delays do not depend on the play, nor do the contexts. S_t is the set of rounds whose feedback has arrived before round
t; it grows with t. At most m - 1 of the rounds before t are not in S_t. So m colours are enough for all rounds such
that S_t has every earlier round of the colour of t; for `Bold` the colours are the copies.

**Copies.** Each of them plays rounds of its own without delay, at most ceil(T / m), and its bound grows with their
number.

**One oracle, updated late.** Round t is predicted from S_t. Suppose that for an oracle there is a function Phi of what
it has learnt, in any order, with Phi = 0 for nothing and Phi <= R for T rounds, such that for every set S of rounds,
every further context x, action a, loss y and mean loss f,

    loss(yhat_S(x, a), y) - loss(f, y) <= Phi(S and (x, a, y)) - Phi(S),                                           (1)

yhat_S being its prediction from S. Then the errors e_t = E_p (yhat_t - f)^2, or E_p kl(f, yhat_t) in log loss, obey

    E sum_t e_t <= m R.                                                                                            (2)

For a round r, let S be any set of rounds of which none acted on the loss of r. Given S, context and action of r, that
loss has mean f; so the left side of (1) is on average the error of yhat_S, at least 0, and E Phi does not fall when r
joins S. For S = S_t and r = t it is e_t: E e_t <= E Phi(S_t and t) - E Phi(S_t). Let s be the last round of a colour
before t. S_t has S_s and s, and E Phi(S_s and s) <= E Phi(S_t): add the other rounds of S_t in increasing order. None
acted on what is added later: neither a round of S_s, nor s, on the loss of a round outside S_s, nor a round on those
after it. Hence E e_s <= E Phi(S_t) - E Phi(S_s), and the sum over a colour is at most the last Phi, at most R.

Oracles with (1), f being in their class, A = lambda I + sum of x x' and L the loss of f over S less that of f_j:

    aggregating        Phi = -(1/2) ln((1/N) sum_j exp(2 L_j)), as squares are 2-mixable; R = (ln N) / 2
    mixture            Phi = -ln((1/N) sum_j exp(L_j)), as f^y (1 - f)^(1 - y) is concave in f; R = ln N
    forward algorithm  Phi = min_theta {lambda |theta|^2 + sum (y - theta'x)^2} - sum (y - f)^2 + ln det(A / lambda)

For the last let z = x'theta_S and q = x'A^-1 x: the minimum rises by (y - z)^2 / (1 + q), and yhat = z / (1 + q) has
(y - yhat)^2 - (y - z)^2 / (1 + q) = y^2 q / (1 + q) - z^2 q / (1 + q)^2 <= q / (1 + q) <= ln(1 + q), as |y| <= 1. With
theta that of f, Phi <= lambda |theta|^2 + d ln(1 + X^2 T / (lambda d)). Gradient steps depend on the order, and have no
such Phi. In a block of m rounds whose feedback arrives together all are predicted alike, so that m stays.

**Regret, updated late.** The inequalities of the rules (`theory.contextual.bounds`) hold whatever the predictions are:
their bounds hold with m R for R, where half of R in log loss bounds squares.

**LinUCB, updated late.** Its confidence set holds, for losses in the order in which they arrive, in all rounds with
probability 1 - delta; then the gap of round t is at most min(1, 2 beta w_t) <= 2 beta min(1, w_t), w_t^2 = x'A^-1 x
with the A of S_t, if 2 beta >= 1. ln det A grows with S as Phi does: over a colour min(1, w^2) <= 2 ln(1 + w^2) sum to
at most 2 ln det(A_T / lambda), and over all rounds to m times that.
"""

from typing import Any

import sympy as sp

from theory.assumptions import feedback_is, learner_has, parameters_have, play_has, problem_has
from theory.bound import Bound, K, Source, Symbol, T, found_in

M = Symbol("copies", "m", positive=True, integer=True)
GAMMA, R = Symbol("inner_gamma", "gamma"), Symbol("inner_error", "R", nonnegative=True)
BETA, DETERMINANT = Symbol("largest_width", "beta"), Symbol("determinant", "D", nonnegative=True)
LATE = feedback_is("delayed contextual bandit")
OBLIVIOUS = problem_has("delays do not depend on the actions", lambda problem: problem.schedule.oblivious)
COVERED = play_has(
    "the mean losses are in the oracle's class",
    lambda problem, learner: learner.learner.oracle.covers(problem.world),
)
EXACT = learner_has("copies or late updates of the rule exact", lambda learner: learner.learner.rule == "exact")
UNORDERED = parameters_have(
    "an oracle of a finite class, or the forward algorithm",
    lambda problem, params: hasattr(params.oracle, "n_functions") or params.oracle.forward == 1.0,
)
_HERE = "proved in theory.contextual.bounds.late"
_SHARE = sp.ceiling(T / M)


def _late(
    name: str, learner: str, quantity: str, expression: sp.Expr, statement: str, *assumes: Any, **more: Any
) -> Bound:
    """Return a theorem on one learner over an oracle, or on LinUCB, that is updated late."""
    readers = {
        "copies": lambda problem, params: problem.schedule.outstanding(problem.horizon) + 1,
        "inner_gamma": lambda problem, params: params.level,
        "inner_error": lambda problem, params: params.error,
    }
    source, assumptions = Source("ours", _HERE), (LATE, OBLIVIOUS, *assumes)
    return Bound(
        name, learner, quantity, expression, source, statement, assumptions=assumptions, readers=readers, **more
    )


COPIES = Bound(
    "ours.delayed_gap_weighting",
    "Bold",
    "regret",
    M * ((K - 1) * _SHARE / GAMMA + GAMMA * R / 4),
    Source("Joulani, Gyorgy & Szepesvari 2013", f"copies, for delayed feedback; {_HERE}", "arXiv:1306.0686"),
    "Copies of exact inverse gap weighting, one more than delayed rounds: m sqrt((K - 1) (T / m) R(T / m)).",
    assumptions=(
        LATE,
        EXACT,
        COVERED,
    ),
    readers={
        "inner_gamma": lambda problem, params: params.inner.level,
        "inner_error": lambda problem, params: params.inner.error,
    },
)
UPDATED_LATE = _late(
    "ours.late_gap_weighting",
    "UpdatedLate",
    "regret",
    (K - 1) * T / GAMMA + GAMMA * M * R / 4,
    "Exact inverse gap weighting, updated late: sqrt(m (K - 1) T R(T)) at gamma = 2 sqrt((K - 1) T / (m R)).",
    EXACT,
    UNORDERED,
    COVERED,
)
ESTIMATION = _late(
    "ours.late_estimation",
    "UpdatedLate",
    "estimation",
    M * R,
    "The errors of an oracle that is updated late sum to at most m times its regret without delays.",
    EXACT,
    UNORDERED,
    COVERED,
)
LINUCB = _late(
    "ours.late_linucb",
    "UpdatedLate",
    "regret",
    2 * BETA * sp.sqrt(2 * M * T * DETERMINANT),
    "LinUCB, updated late: with probability 1 - delta at most sqrt(m) times its bound without delays.",
    parameters_have("the width of the confidence set", lambda problem, params: params.width < 0.0),
    play_has(
        "the parameter's norm is at most S",
        lambda problem, learner: problem.world.parameter_norm <= learner.learner.norm,
    ),
    parameters_have("2 beta >= 1", lambda problem, params: 2.0 * params.largest_width >= 1.0).where(sp.Ge(2 * BETA, 1)),
    mode="probability",
)

BOUNDS = found_in(vars())
