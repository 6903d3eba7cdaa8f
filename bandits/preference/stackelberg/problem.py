"""A Stackelberg game played for a number of rounds: leader and follower each move their policy once a round.

The game, its solution and the steps are those of `bandits.preference.stackelberg.game`. Both players know the
references, the weights and each other's policy; of the preferences P they see, in a round that begins at (pi, omega),

| feedback            | the follower's table, an unbiased P        | the leader's row, y -> P(y > omega_y) |
|---------------------|--------------------------------------------|---------------------------------------|
| `ExactRow()`        | P                                          | exact                                 |
| `NoisyRow(k)`       | P                                          | mean over k replies from omega_y      |
| `NoisyRow(k, True)` | means of k Bernoulli answers an entry      | mean of the table at k replies        |
| `Comparisons(b)`    | b uniform pairs, one Bernoulli answer each | mean of the table under omega_y       |

`Comparisons` draws pairs of different actions; an answer counts n (n - 1) / 2 times, so that the table is unbiased.
`queries` counts rows of P (n a round) or comparisons (b a round). With f the objective, F(pi) = min_omega f(pi, omega)
and (pi*, omega*) the solution, the metrics after a round are

    leader_gap = max F - F(pi) = tau_L KL(pi || pi*)                what the leader's policy leaves on the table,
    follower_gap = f(pi, omega) - F(pi) = tau_F E_pi KL(omega || omega*)   what the follower's replies do,
    follower_regret = the sum of follower_gap over the rounds played,
    leader_kl = KL(pi* || pi), follower_kl = the largest KL(omega*(. | y) || omega(. | y)) over y,
    leader_span = max - min of log pi - log pi*, with tau_L > 0.

The two identities are those of entropic objectives; with a weight of 0 the differences themselves are measured.
"""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple, get_args

import numpy as np

from bandits.core.checks import instance, integer
from bandits.preference.measures import kl, span
from bandits.preference.self_play.problem import Comparisons, ExactRow, Feedback, NoisyRow
from bandits.preference.stackelberg.game import StackelbergGame, StackelbergPlay
from bandits.protocol import Learner, Problem, ProblemSteps

_METRICS = ("queries", "leader_gap", "follower_gap", "follower_regret", "leader_kl", "follower_kl")


@dataclass(frozen=True, eq=False)
class StackelbergMatch(Problem):
    """`horizon` >= 1 rounds of `game`, from the references on; metrics and feedback: see the module.

    Raises ValueError or TypeError naming the argument.
    """

    game: StackelbergGame
    horizon: int
    feedback: Feedback = field(default_factory=ExactRow)

    def __post_init__(self) -> None:
        instance("game", self.game, StackelbergGame, "a StackelbergGame")
        integer("horizon", self.horizon, low=1)
        instance("feedback", self.feedback, get_args(Feedback), "ExactRow(), NoisyRow(samples) or Comparisons(batch)")
        if isinstance(self.feedback, Comparisons) and self.n_actions < 2:
            raise ValueError("preferences must have at least 2 actions for comparisons, got 1")

    @property
    def n_actions(self) -> int:
        """Number of actions n."""
        return len(np.asarray(self.game.preferences))

    @property
    def leader_weight(self) -> float:
        """tau_L."""
        return float(self.game.leader_weight)

    @property
    def follower_weight(self) -> float:
        """tau_F."""
        return float(self.game.follower_weight)

    @property
    def worth_range(self) -> float:
        """Largest less smallest V: tau_L times the leader_span of the start."""
        return float(np.ptp(self.game.solution.worth))

    @property
    def preference_range(self) -> float:
        """Largest over y of max - min P[y, .]: tau_F times the largest span of log omega_ref - log omega*."""
        return float(np.ptp(np.asarray(self.game.preferences), axis=1).max())

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured numbers."""
        return (*_METRICS, "leader_span") if self.leader_weight > 0.0 else _METRICS

    @property
    def queries(self) -> int:
        """Rows or comparisons that a round asks for."""
        return self.feedback.batch if isinstance(self.feedback, Comparisons) else self.n_actions

    @property
    def steps(self) -> ProblemSteps:
        """Functions that refuse: learners of this problem play all repetitions at once (`StackelbergLearner.play`)."""
        return ProblemSteps(_no_loop, _no_loop, _no_loop)

    def setting(self) -> Any:
        """Return nothing: see `steps`."""
        return None

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return numbers that the metric cannot leave in any play; ValueError for divergences, which have none."""
        start = self.game.start
        leader = self.worth_range - self.leader_weight * float(start.log_leader.min())
        follower = self.preference_range - self.follower_weight * float(start.log_follower.min())
        ends = {"leader_gap": leader, "follower_gap": follower, "follower_regret": follower * self.horizon}
        if metric not in ends:
            raise ValueError(f"metric must be one of {', '.join(ends)} to have a proven range, got {metric!r}")
        return 0.0, ends[metric] * (1.0 + 1e-12) + 1e-12 * self.horizon  # sums of equal numbers may differ by roundings


def _no_loop(*_: Any) -> Any:
    raise TypeError("StackelbergMatch has no compiled loop: its learners are StackelbergLearner's")


class Target(NamedTuple):
    """What plays are measured against."""

    log_leader: Any  # (n,) log pi*
    log_follower: Any  # (n, n) log omega*
    worth: Any  # (n,) V
    leader_weight: Any
    follower_weight: Any
    preferences: Any  # (n, n)


def target(game: StackelbergGame) -> Target:
    """Return the solution of a game, to measure by."""
    best = game.solution
    weights = float(game.leader_weight), float(game.follower_weight)
    return Target(best.log_leader, best.log_follower, best.worth, *weights, np.asarray(game.preferences))


def follower_gap(goal: Target, play: StackelbergPlay, regularized: bool) -> Any:
    """Return f(pi, omega) - min over omega of f(pi, omega), never negative; `regularized`: tau_F > 0."""
    xp = play.log_leader.__array_namespace__()
    if regularized:
        lost = goal.follower_weight * kl(play.log_follower, goal.log_follower)
    else:
        lost = xp.sum(xp.exp(play.log_follower) * goal.preferences, axis=-1) - goal.worth
    return xp.maximum(xp.sum(xp.exp(play.log_leader) * lost), 0.0)


def leader_gap(goal: Target, play: StackelbergPlay, regularized: bool) -> Any:
    """Return max F - F(pi), never negative; `regularized`: tau_L > 0."""
    xp = play.log_leader.__array_namespace__()
    if regularized:
        return goal.leader_weight * kl(play.log_leader, goal.log_leader)
    return xp.maximum(xp.max(goal.worth) - xp.sum(xp.exp(play.log_leader) * goal.worth), 0.0)


def measure(goal: Target, play: StackelbergPlay, regularized: tuple[bool, bool]) -> list[Any]:
    """Return leader_gap, follower_gap, leader_kl, follower_kl and, with tau_L > 0, leader_span.

    regularized: whether tau_L > 0, and whether tau_F > 0.
    """
    xp = play.log_leader.__array_namespace__()
    found = [leader_gap(goal, play, regularized[0]), follower_gap(goal, play, regularized[1])]
    found += [kl(goal.log_leader, play.log_leader), xp.max(kl(goal.log_follower, play.log_follower))]
    return [*found, span(play.log_leader, goal.log_leader)] if regularized[0] else found


Rule = Callable[[Any, StackelbergPlay, Any, Any], StackelbergPlay]


class StackelbergLearner(Learner):
    """Base of the learners that play a StackelbergMatch: a rule that moves both policies.

    `rule(params, play, t, ask)` returns the policies after round t = 0, 1, ...; it uses the arrays' own namespace.
    `ask.gradients(play)` returns estimates of the objective's gradients at a play (the same draws within a round), and
    `ask.best_response()` the follower's best replies (n, n), as logarithms, which needs exact preferences.
    """

    accepts = (ExactRow, NoisyRow, Comparisons)

    @property
    @abstractmethod
    def rule(self) -> Rule:
        """The function (params, play, t, ask) -> play; one object for equal learners, as it is compiled once."""

    def play(self, problem: StackelbergMatch, seed: int, first: int, count: int, rounds: Any) -> Any:
        """Return the metrics (count, len(rounds), len(metrics)) of repetitions first..first+count-1."""
        from sims.engines.stackelberg import play

        return play(self, problem, seed, first, count, rounds)
