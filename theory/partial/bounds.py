"""Bounds for finite games of partial monitoring, each with its proof. Outcomes do not depend on the play.

Let q_t be the exponential weights, with learning rate eta, of unbiased estimates dhat_t(b) of the losses of N
candidates up to a common term; s is the spread, the largest difference of two actions' losses against one outcome. A
best action in hindsight is among the Pareto-optimal ones, since their cells cover all laws of outcomes.

**Signals of all actions.** If eta |dhat| <= 1, then e^-x <= 1 - x + x^2 for x >= -1 gives

    sum_t <q_t, dhat_t> - min_b sum_t dhat_t(b) <= ln N / eta + eta sum_t <q_t, dhat_t^2>.

As p_t(c) >= gamma / k, |dhat| <= F k / gamma and E dhat_t(b)^2 = sum_c f(b, c, signal)^2 / p_t(c) <= k^2 F^2 / gamma,
F = max |f|; uniform play costs at most gamma s per round.

**A revealing action outside the candidates,** which is never the only best one. Shifted by their least, dhat >= 0, and
e^-x <= 1 - x + x^2 / 2 for x >= 0 gives eta / 2 in place of eta. E <q_t, dhat_t^2> <= s^2 / gamma; the query costs at
most gamma s per round.

**Two actions of which one reveals.** Their difference is estimated by dhat = D 1{A_t reveals} / p_t, |D| <= s. Taking
off the mean of dhat under q_t leaves its variance q (1 - q) dhat^2 as the second term, q the weight of the revealing
action, and in expectation q (1 - q) D^2 / p_t <= s^2 / (1 - gamma), as p_t >= (1 - gamma) q. Now eta |dhat| <= 1 where
eta s <= gamma, as p_t >= gamma.

**Water transfer.** The query loses the mean of both predictions, so the play loses what q_t = (1 - gamma) w_t + gamma/2
would, w_t the weights; mixing costs at most gamma s / 2 per round. The query has probability 2 m, m = min q_t, which is
at least gamma and at least 2 (1 - gamma) min w_t. As before with p_t = 2 m: the variance is in expectation
w (1 - w) D^2 / (2 m) <= s^2 / (2 (1 - gamma)), as w (1 - w) <= min w_t.

**Steps between neighbours** (`bandits.partial.neighbours`; rates c and shares of `bandits.partial.transport`). Let p'
be the play, p the stationary law before probability is moved, phi_b(i, j) = p(i) c(b, i, j), phi_w' its mean under w',
and g_b = sum_ij phi_b(i, j) (L_j - L_i), losses being those against x_t. Then <p', L> = <p, L>; E D(b) = g_b, as f is
unbiased; g_b <= L_b - <p, L> by the inequality of the rates; and sum_b w'(b) g_b = 0 by stationarity.

*A certificate.* On every path -sum_t D_t(b) <= ln N / eta + (1 / eta) sum_t ln <w_t, exp(-eta D_t)>, since the total
weight is at least that of b. By Jensen's inequality the mean of the last term given the past is at most lambda_t =
max_x (1 / eta) ln E <w_t, exp(-eta D_t)>, over the action and its signal of x. As <p, L> - L_b <= -g_b, for every b

    E R_T <= ln N / eta + E sum_t lambda_t.

Nothing else was used of p', f and D: it holds for any of them with <p', L> = <p, L> and E D(b) <= L_b - <p, L>.

*A closed form.* Let C = max_bi sum_j c(b, i, j); F_a the largest estimator with the own signals of candidate a, F the
largest F_a; S_ij the sum over actions between i and j of their largest estimators, S the largest; m_ij = max_b c(b, i,
j). Flow into and out of a are the same under phi_w', at most C p(a). Candidates keep 1 / kappa of p, kappa = 1, or 2
where others are played between them (where F = 0 they may keep nothing). At most 2 C tau p(i) is wanted of i, tau the
largest share of a pair's wanted plays that an end gives, so c between gets from a pair at least its weight times
(phi_w'(i, j) + phi_w'(j, i)) / rho, rho = max(1, 2 C tau / spare).

Range: phi_b <= (N / gamma) phi_w', so |D(b)| <= B / gamma with B = max(kappa C (N + 1) F, N S rho). Second moments
under w' are at most

    V = kappa (3 C^2 F^2 + C max_i sum_j m_ij F_j^2) + rho S max_i sum_j m_ij S_ij:

with a candidate a, D(b)^2 p'(a) <= kappa F_a^2 (out_b + in_b)^2 / p(a), and out_b <= C p(a), the mean of in_b is at
most C p(a), and in_b(a) <= sum_i p(i) m_ia; with c between, both factors of D(b)^2 are sums over pairs, the mean of one
over p'(c) is at most rho S, and the other, summed over c, at most sum_i p(i) sum_j m_ij S_ij. As w <= w' / (1 - gamma),
-<w, g> = gamma / (1 - gamma) times the mean of g_b, at most s, and e^-x <= 1 - x + (e - 2) x^2 for x >= -1:

    lambda_t <= ((e - 2) eta V + gamma s) / (1 - gamma)   if eta B <= gamma.
"""

from typing import Any

import numpy as np
import sympy as sp

from theory.assumptions import AT_LEAST_TWO, feedback_is, parameters_have, play_has
from theory.bound import ETA, Bound, K, Source, Symbol, T, Tuning, found_in

GAMMA = Symbol("exploration", "gamma", nonnegative=True, at_most=1)
N = Symbol("n_candidates", "N", positive=True, integer=True)
S = Symbol("spread", "s")
F = Symbol("largest_estimator", "F")
_LOG_N = sp.log(N)
_HERE = "proved in theory.partial.bounds"
_ROUNDING = 1.0 - 1e-12

SIGNALS = feedback_is("signal")
SPREAD = parameters_have("some action is not best", lambda problem, params: problem.spread > 0.0)
TWO = parameters_have("two candidates or more", lambda problem, params: params.n_candidates >= 2).where(sp.Ge(N, 2))


def _largest(problem: Any, params: Any) -> float:
    """Return F, the largest estimator in size."""
    return float(np.abs(params.estimators).max())


def _loses_the_mean(problem: Any, params: Any) -> bool:
    losses = problem.game.losses
    query = losses[3 - params.candidates.sum()]
    return bool(np.abs(query - losses[params.candidates].mean(axis=0)).max() <= 1e-12 * problem.spread)


def _hides_no_best(problem: Any, params: Any) -> bool:
    """Return whether some candidate has the losses of each Pareto-optimal action."""
    losses = problem.game.losses
    return all((losses[params.candidates] == losses[a]).all(axis=1).any() for a in problem.game.optimal)


def _moderate(text: str, largest: Any) -> Any:
    """Assume that eta |dhat| <= 1: that eta times `largest(problem, params)` is at most gamma."""
    return parameters_have(
        text, lambda problem, params: params.exploration >= params.learning_rate * largest(problem, params) * _ROUNDING
    )


_STEPS = (SIGNALS, AT_LEAST_TWO, SPREAD, TWO)
_BY_SPREAD = _moderate("gamma >= eta s", lambda problem, params: problem.spread)
_NOT_ALL = parameters_have("gamma < 1", lambda problem, params: params.exploration < 1.0).where(sp.Lt(GAMMA, 1))

_SQUARES = K**2 * F**2
EXP3_SIGNALS = Bound(
    "ours.exp3_signals",
    "Exp3Signals",
    "regret",
    GAMMA * S * T + _LOG_N / ETA + ETA * T * _SQUARES / GAMMA,
    Source("Piccolboni & Schindelhauer 2001", f"a slower rate; {_HERE}"),
    "Every game that is not hopeless: 3 (s k^2 F^2 ln N)^(1/3) T^(2/3), F the largest estimator.",
    assumptions=(*_STEPS, _moderate("gamma >= eta F k", lambda p, params: _largest(p, params) * p.n_actions)),
    tunings=(
        Tuning(ETA, _LOG_N / ETA + ETA * T * _SQUARES / GAMMA),
        Tuning(GAMMA, GAMMA * S * T + 2 * sp.sqrt(T * _SQUARES * _LOG_N / GAMMA)),
    ),
    readers={"largest_estimator": _largest},
)
LABEL_EFFICIENT = Bound(
    "ours.label_efficient",
    "LabelEfficient",
    "regret",
    GAMMA * S * T + _LOG_N / ETA + ETA * T * S**2 / (2 * GAMMA),
    Source("Cesa-Bianchi, Lugosi & Stoltz 2005", f"the rate; {_HERE}"),
    "Label-efficient prediction with paid queries: 3 s (ln N / 2)^(1/3) T^(2/3).",
    assumptions=(*_STEPS, parameters_have("the query is never the only best action", _hides_no_best)),
    tunings=(
        Tuning(ETA, _LOG_N / ETA + ETA * T * S**2 / (2 * GAMMA)),
        Tuning(GAMMA, GAMMA * S * T + S * sp.sqrt(2 * T * _LOG_N / GAMMA)),
    ),
)
_APPLES = _LOG_N / ETA + 2 * ETA * T * S**2  # up to 1 / (1 - gamma), near 1 in long games
APPLE_TASTING = Bound(
    "ours.apple_tasting",
    "RevealingExp3",
    "regret",
    GAMMA * S * T + _LOG_N / ETA + ETA * T * S**2 / (1 - GAMMA),
    Source("ours", _HERE),
    "Two actions of which one reveals both losses: 2 s sqrt(2 T ln 2) in long games.",
    assumptions=(
        SIGNALS,
        SPREAD,
        parameters_have("two actions", lambda problem, params: problem.n_actions == 2).where(sp.Eq(N, 2)),
        _BY_SPREAD,
        _NOT_ALL,
    ),
    tunings=(Tuning(GAMMA, _APPLES, given=ETA * S), Tuning(ETA, _APPLES)),
)
_WATER = sp.log(2) / ETA + ETA * T * S**2
WATER_TRANSFER = Bound(
    "ours.water_transfer",
    "WaterTransfer",
    "regret",
    GAMMA * S * T / 2 + sp.log(2) / ETA + ETA * T * S**2 / (2 * (1 - GAMMA)),
    Source("ours", _HERE),
    "A query that loses the mean of two predictions: 2 s sqrt(T ln 2) in long games.",
    assumptions=(
        SIGNALS,
        SPREAD,
        parameters_have("the query loses the mean of both predictions", _loses_the_mean),
        _BY_SPREAD,
        _NOT_ALL,
    ),
    tunings=(Tuning(GAMMA, _WATER, given=ETA * S), Tuning(ETA, _WATER)),
)

V, B = Symbol("second_moment", "V"), Symbol("reach", "B")
_STEPPED = _LOG_N / ETA + ETA * T * ((sp.E - 2) * V + B * S)
_CLOSED = _LOG_N / ETA + T * ((sp.E - 2) * ETA * V + GAMMA * S) / (1 - GAMMA)
_NEIGHBOURS = Source("ours", f"after Foster & Rakhlin 2012 and Lattimore & Szepesvari 2019; {_HERE}")
_SLOW = (
    SIGNALS,
    SPREAD,
    TWO,
    _moderate("gamma >= eta B", lambda problem, params: params.reach),
    _NOT_ALL,
)
_OWN = play_has("the certificate is the learner's own", lambda problem, learner: problem.probe.learner == learner)
_TUNED = (Tuning(GAMMA, _STEPPED, given=ETA * B), Tuning(ETA, _STEPPED))
EXP3_NEIGHBOURS = Bound(
    "ours.exp3_neighbours",
    "Exp3Neighbours",
    "regret",
    _CLOSED,
    _NEIGHBOURS,
    "Every easy game: 2 sqrt(((e - 2) V + B s) T ln N) in long games, V and B constants of the game.",
    assumptions=_SLOW,
    tunings=_TUNED,
)
CERTIFIED_NEIGHBOURS = Bound(
    "ours.certified_neighbours",
    "Exp3Neighbours",
    "uncertified",
    sp.Integer(0),
    _NEIGHBOURS,
    "Every easy game, whatever eta and gamma: regret is at most the certificate that the play works out for itself.",
    assumptions=(SIGNALS, TWO, _OWN),
)
NEIGHBOUR_CERTIFICATE = Bound(
    "ours.neighbour_certificate",
    "Exp3Neighbours",
    "certificate",
    _CLOSED,
    _NEIGHBOURS,
    "The certificate never exceeds its closed form.",
    mode="every path",
    assumptions=(*_SLOW, _OWN),
    tunings=_TUNED,
)

LOOSE = {"ours.certified_neighbours": "the right side is 0; both sides are compared exactly in short games"}

BOUNDS = found_in(vars())
