"""A Stackelberg game played for a number of rounds: leader and follower each move their policy once per round.

The game, its solution and the steps are those of `bandits.preference.stackelberg.game`. Both players know the
references, the weights and each other's policy; of the preferences P they see, in a round that begins at (pi, omega),

| feedback            | the follower's table, an unbiased P        | the leader's row, y -> P(y > omega_y) |
|---------------------|--------------------------------------------|---------------------------------------|
| `ExactRow()`        | P                                          | exact                                 |
| `NoisyRow(k)`       | P                                          | mean over k replies from omega_y      |
| `NoisyRow(k, True)` | means of k Bernoulli answers per entry      | mean of the table at k replies        |
| `Comparisons(b)`    | b uniform pairs, one Bernoulli answer each | mean of the table under omega_y       |

`Comparisons` draws pairs of different actions; an answer counts n (n - 1) / 2 times, so that the table is unbiased.
`queries` counts rows of P (n per round) or comparisons (b per round). With f the objective, (pi*, omega*) the solution
and F(pi) = min_omega f(pi, omega), the metrics after a round are

    leader_gap = max F - F(pi) = tau_L KL(pi || pi*)                what the leader's policy leaves on the table,
    follower_gap = f(pi, omega) - F(pi) = tau_F E_pi KL(omega || omega*)   what the follower's replies do,
    follower_regret = the sum of follower_gap over the rounds played,
    leader_kl = KL(pi* || pi), follower_kl = the largest KL(omega*(. | y) || omega(. | y)) over y,
    leader_span = max - min of log pi - log pi*, with tau_L > 0.

The two identities are those of entropic objectives; with a weight of 0 the differences themselves are measured.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from bandits.core.checks import instance, integer
from bandits.preference.feedback import Comparisons, ExactRow, Feedback, NoisyRow, drawn
from bandits.preference.measures import kl, span
from bandits.preference.prox import normalise
from bandits.preference.stackelberg.game import StackelbergGame, StackelbergPlay, StackelbergTerms, gradients
from bandits.protocol import GameRules, MatrixGame, MatrixLearner


class Metrics(NamedTuple):
    """What is measured, see the module; `leader_span` is None where tau_L = 0."""

    queries: Any
    leader_gap: Any
    follower_gap: Any
    follower_regret: Any
    leader_kl: Any
    follower_kl: Any
    leader_span: Any = None


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


class MatchArrays(NamedTuple):
    """The numbers of a match."""

    terms: StackelbergTerms
    target: Target


@dataclass(frozen=True)
class Ask:
    """The feedback of one round: what `StackelbergLearner.step` may call."""

    terms: StackelbergTerms
    table: Any  # (n, n), P or an estimate
    replies: Any = None  # (n, k) uniforms that draw the leader's replies, None for the whole follower

    def gradients(self, play: StackelbergPlay) -> tuple[Any, Any]:
        """Return (n,) and (n, n): estimates of the objective's gradients, from the same draws within a round."""
        xp = play.log_follower.__array_namespace__()
        law = xp.exp(play.log_follower)
        if self.replies is not None:
            from jax import vmap

            actions = vmap(drawn)(play.log_follower, self.replies)
            law = xp.where(actions[:, :, None] == xp.arange(law.shape[-1]), 1.0, 0.0).mean(axis=1)
        return gradients(self.terms, play, self.table, law)

    def best_response(self) -> Any:
        """Return the best replies (n, n) to the table, as logarithms."""
        return normalise(self.terms.log_follower_reference - self.table / self.terms.follower_weight)


@dataclass(frozen=True)
class StackelbergRules(GameRules):
    """Leader against follower; the follower's gaps are added up."""

    feedback: Feedback
    n_actions: int
    leader_regularized: bool
    follower_regularized: bool

    @property
    def draws(self) -> int:
        """How many numbers of one stream per round draws."""
        return self.feedback.table_draws(self.n_actions)

    def view(self, game: MatchArrays) -> StackelbergTerms:
        """Return references and weights."""
        return game.terms

    def reference(self, game: MatchArrays) -> StackelbergPlay:
        """Return both references."""
        return StackelbergPlay(game.terms.log_reference, game.terms.log_follower_reference)

    def ask(self, game: MatchArrays, draws: Any) -> Ask:
        """Return the feedback of one round."""
        table = self.feedback.table(game.target.preferences, draws)
        return Ask(game.terms, table, self.feedback.replies(self.n_actions, draws))

    def nothing(self, game: MatchArrays) -> Any:
        """Return no regret."""
        return 0.0 * game.terms.leader_weight

    def add(self, game: MatchArrays, total: Any, policy: StackelbergPlay) -> Any:
        """Return the follower's regret with the round that both play."""
        return total + follower_gap(game.target, policy, self.follower_regularized)

    def measure(self, game: MatchArrays, policy: StackelbergPlay, total: Any, n_rounds: Any) -> Metrics:
        """Return the metrics of both policies."""
        goal, xp = game.target, policy.log_leader.__array_namespace__()
        return Metrics(
            queries=n_rounds * float(self.feedback.queries(self.n_actions)),
            leader_gap=leader_gap(goal, policy, self.leader_regularized),
            follower_gap=follower_gap(goal, policy, self.follower_regularized),
            follower_regret=total,
            leader_kl=kl(goal.log_leader, policy.log_leader),
            follower_kl=xp.max(kl(goal.log_follower, policy.log_follower)),
            leader_span=span(policy.log_leader, goal.log_leader) if self.leader_regularized else None,
        )

    def laws(self, policy: StackelbergPlay, total: Any, n_rounds: Any) -> tuple[Any, ...]:
        """Return both policies, (n,) and (n, n)."""
        xp = policy.log_leader.__array_namespace__()
        return xp.exp(policy.log_leader), xp.exp(policy.log_follower)


@dataclass(frozen=True, eq=False)
class StackelbergMatch(MatrixGame):
    """`horizon` >= 1 rounds of `game`, from the references on; metrics and feedback: see the module.

    Raises ValueError or TypeError naming the argument.
    """

    game: StackelbergGame
    horizon: int
    feedback: Feedback = field(default_factory=ExactRow)

    def __post_init__(self) -> None:
        instance("game", self.game, StackelbergGame, "a StackelbergGame")
        integer("horizon", self.horizon, low=1)
        instance("feedback", self.feedback, Feedback, "ExactRow(), NoisyRow(samples) or Comparisons(batch)")
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
        return Metrics._fields if self.leader_weight > 0.0 else Metrics._fields[:6]

    def rules(self, learner: Any) -> "StackelbergRules":
        """Return the rules of the match, whoever plays."""
        return StackelbergRules(self.feedback, self.n_actions, self.leader_weight > 0.0, self.follower_weight > 0.0)

    def arrays(self) -> "MatchArrays":
        """Return what both players know, and what play is measured against."""
        return MatchArrays(self.game.terms, target(self.game))

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return numbers that the metric cannot leave in any play; ValueError for divergences, which have none."""
        start = self.game.start
        leader = self.worth_range - self.leader_weight * float(start.log_leader.min())
        follower = self.preference_range - self.follower_weight * float(start.log_follower.min())
        ends = {"leader_gap": leader, "follower_gap": follower, "follower_regret": follower * self.horizon}
        if metric not in ends:
            raise ValueError(f"metric must be one of {', '.join(ends)} to have a proven range, got {metric!r}")
        return 0.0, ends[metric] * (1.0 + 1e-12) + 1e-12 * self.horizon  # sums of equal numbers may differ by roundings


class StackelbergLearner(MatrixLearner):
    """Base of the learners that play a StackelbergMatch: `step` moves both policies.

    `step(params, play, t, ask)` returns the policies after round t = 0, 1, ...; it uses the arrays' own namespace.
    `ask.gradients(play)` returns estimates of the objective's gradients at a play (the same draws within a round), and
    `ask.best_response()` the follower's best replies (n, n), as logarithms, which needs exact preferences.
    """

    accepts = (ExactRow, NoisyRow, Comparisons)

    def check(self, problem: Any) -> None:
        """Raise TypeError unless the problem is a StackelbergMatch with a feedback that the learner accepts."""
        super().check(problem)
        instance("problem", problem, StackelbergMatch, "a StackelbergMatch")

    @staticmethod
    def start(params: Any, terms: StackelbergTerms) -> Any:
        """Return the state before the first round: both references."""
        return StackelbergPlay(terms.log_reference, terms.log_follower_reference)

    @staticmethod
    def policy(params: Any, state: Any) -> StackelbergPlay:
        """Return both policies of the coming round: the state."""
        return state
