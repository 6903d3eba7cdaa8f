"""Gradient play of leader and follower, the follower faster; from exact preferences or from sampled answers.

Stackelberg learning from human feedback (arXiv:2512.16626), in tables: simultaneous ascent of the leader with step a
and descent of the follower with step b = kappa a (the paper's grid is kappa = 1, 5, 10; 5 did best there). The steps
are `mirror_step` and `projected_step` of `bandits.preference.stackelberg.game`.

**Exact preferences, mirror steps from the references.** Let rho = 1 - a tau_L, sigma = 1 - b tau_F, both in [0, 1), R
the range of V and R_F the largest range of a row of P, both at most 1. By the recursions there, after t rounds
log omega - log omega* = sigma^t (log omega_ref - log omega*) up to constants, of span sigma^t R_F / tau_F at most.
For policies p, q with log p - log q of span d, KL(p || q) <= d^2 / 8: along q_u prop. to q e^{u (log p - log q)} the
derivative of KL(q_u || q) is u times the variance of a variable of range d under q_u, at most u d^2 / 4. So

    follower_gap <= tau_F max_y KL(omega_t || omega*) <= sigma^{2t} R_F^2 / (8 tau_F),

and the leader's recursion, whose disturbance a tau_F KL(omega_s || omega*) lies between 0 and a multiple of that, gives

    leader_span after T rounds <= rho^T R / tau_L + (a R_F^2 / (8 tau_F)) sum_{s<T} rho^{T-1-s} sigma^{2s},
    leader_gap = tau_L KL(pi || pi*) <= tau_L leader_span^2 / 8.

Both policies converge at linear rates for every ratio kappa > 0. A follower that always gives its best response
leaves the first term alone, with equality in the span: leader_gap <= rho^{2T} R^2 / (8 tau_L).

**Sampled answers** need falling steps, a = 1 / (tau_L (t + 1)) and b = 1 / (tau_F (t + 1)) (`leader_rate` None). Then
the follower's policy is omega_ref exp(-A / tau_F), normalised, with A the average of the tables seen: it is the best
response to A, and with d_y the range of row y of A - P, follower_gap <= max_y d_y^2 / (8 tau_F). From k answers an
entry per round, the n^2 entries of A - P have mean 0 and, by Hoeffding's lemma, variance factor v = 1 / (4 k T) after T
rounds. With d_y^2 <= 2 (the sum of squares of row y), E max d^2 <= 2 n^2 v; with d_y <= 2 max |A - P|, whose square
exceeds x with probability 2 n^2 e^{-x / (2 v)} at most, E max d^2 <= 8 v (1 + log(2 n^2)):

    E follower_gap <= min(n^2 / 16, (1 + log(2 n^2)) / 4) / (k T tau_F).

From m pairs per round, uniform among N = n (n - 1) / 2, an entry above the diagonal has variance N / (4 m T) at most,
and no row's squares sum to more than those above the diagonal:

    E follower_gap <= N^2 / (16 m T tau_F).

The leader's log-ratio to its solution is then 1 / tau_L times an average over s < T of noise in its row, of range 1 and
mean 0 given the past, and of tau_F KL(omega_s || omega*), which is at most 1 / (8 tau_F) at s = 0 and x_s^2 / (2 tau_F)
later, x_s the largest entry of |A - P| after s rounds. With k answers per entry, L = log(2 n^2) and v = 1 / (4 k s),
the tail bound gives E x_s^4 <= 4 v^2 (L^2 + 2 L + 2); the squared range of a sum is at most twice the sum of the
squared ranges, and the sum of 1 / s^2 is below pi^2 / 6. So

    E leader_gap <= (2 (1 + log(2 n)) + (1 / 64 + pi^2 (L^2 + 2 L + 2) / (96 k^2)) / tau_F^2) / (4 tau_L T).
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

from bandits.core.checks import instance, optional_real, real
from bandits.preference.feedback import ExactRow
from bandits.preference.stackelberg.game import Step, checked_rates, mirror_step, projected_step
from bandits.preference.stackelberg.problem import StackelbergLearner, StackelbergMatch

Geometry = Literal["mirror", "projected"]
Follower = Literal["gradient", "best response"]
_STEPS: dict[str, Step] = {"mirror": mirror_step, "projected": projected_step}


class StackelbergGDAParams(NamedTuple):
    """The steps of round t are leader_rate / (1 + fall t) and follower_rate / (1 + fall t)."""

    leader_rate: float
    follower_rate: float
    fall: float  # 0 or 1


@dataclass(frozen=True)
class StackelbergGDA(StackelbergLearner):
    """Leader and follower by gradients of the objective at once, the follower `ratio` > 0 times as fast.

    leader_rate: a > 0; with mirror steps a tau_L <= 1 and ratio a tau_F <= 1, ValueError otherwise. None means steps
    1 / (tau (t + 1)) for both, whatever the ratio, which sampled answers need; both weights must be positive then.
    geometry: "mirror" steps, or "projected" Euclidean ones.
    follower: "gradient", or "best response" to exact preferences in every round (tau_F > 0), before the leader moves.
    """

    leader_rate: float | None = None
    ratio: float = 5.0
    geometry: Geometry = "mirror"
    follower: Follower = "gradient"

    def __post_init__(self) -> None:
        optional_real("leader_rate", self.leader_rate, low=0.0, open_low=True)
        real("ratio", self.ratio, low=0.0, open_low=True)

    def check(self, problem: Any) -> None:
        """Raise TypeError unless the problem is a StackelbergMatch, with exact preferences for best responses."""
        super().check(problem)
        if self.follower == "best response":
            instance("feedback", problem.feedback, ExactRow, "ExactRow(): a best response needs exact preferences")

    def parameters(self, problem: StackelbergMatch) -> StackelbergGDAParams:
        """Return the steps; ValueError where they are too long, or undefined at a weight of 0."""
        weights = problem.leader_weight, problem.follower_weight
        if self.leader_rate is None or self.follower == "best response":
            real("follower_weight", weights[1], 0.0, open_low=True)
        if self.leader_rate is None:
            real("leader_weight", weights[0], 0.0, open_low=True)
            return StackelbergGDAParams(1.0 / weights[0], 1.0 / weights[1], 1.0)
        ratio = 0.0 if self.follower == "best response" else self.ratio
        rates = checked_rates(problem.game, self.leader_rate, ratio, _STEPS[self.geometry])
        return StackelbergGDAParams(*rates, 0.0)

    @property
    def step(self) -> Any:
        """The function of this geometry and this follower."""
        return _step(_STEPS[self.geometry], self.follower)


@cache
def _step(move: Step, follower: Follower) -> Any:
    def gradients(params: Any, play: Any, t: Any, ask: Any) -> Any:
        slower = 1.0 + params.fall * t
        return move(ask, play, params.leader_rate / slower, params.follower_rate / slower)

    def best_response(params: Any, play: Any, t: Any, ask: Any) -> Any:
        answered = play._replace(log_follower=ask.best_response())
        return move(ask, answered, params.leader_rate / (1.0 + params.fall * t), 0.0)

    return best_response if follower == "best response" else gradients
