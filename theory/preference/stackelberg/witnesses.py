"""Metrics for the theorems on the use of a solution, and the games that hill climbing searches (`theory.tightness`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bandits.preference.stackelberg.game import StackelbergGame
from bandits.preference.stackelberg.leader_follower import StackelbergGDA
from bandits.preference.stackelberg.problem import MatchArrays, StackelbergMatch, StackelbergRules
from theory.cases import Case
from theory.tightness import Space


class UseMetrics(NamedTuple):
    """1 minus the leader's probability of the action with most wins, and the worst loss by replacing an answer."""

    missed_winner: Any
    refinement_loss: Any


class UseRules(StackelbergRules):
    """Rules that measure these metrics for the policies of the next round."""

    def measure(self, game: MatchArrays, policy: Any, total: Any, n_rounds: Any) -> UseMetrics:  # type: ignore[override]
        """Return both numbers; the loss is how much less than 1/2 a replacement is preferred to what it replaces."""
        table, xp = game.target.preferences, policy.log_leader.__array_namespace__()
        winner = xp.argmax(xp.sum(table > 0.5, axis=1))
        loss = xp.max(xp.sum(xp.exp(policy.log_follower) * table, axis=1)) - 0.5
        return UseMetrics(1.0 - xp.exp(policy.log_leader)[winner], loss)


@dataclass(frozen=True, eq=False)
class UseMatch(StackelbergMatch):
    """A StackelbergMatch whose metrics are missed_winner and refinement_loss."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of what is measured."""
        return UseMetrics._fields

    def rules(self, learner: Any) -> UseRules:
        """Return the rules of the match."""
        return UseRules(self.feedback, self.n_actions, self.leader_weight > 0.0, self.follower_weight > 0.0)


def _space(answers: bool, kind: type[StackelbergMatch] = StackelbergMatch) -> Space:
    """Return matches of two actions: the preference, both weights, the references, both rates and the horizon."""

    def case(point: Sequence[float]) -> Case:
        won, leader, follower, first, second, rate, share, length = point
        matrix = np.array([[0.5, won], [1.0 - won, 0.5]])
        weights = 0.01 * 300.0**leader, 0.01 * 300.0**follower
        references = [np.array([p, 1.0 - p]) for p in (0.01 + 0.98 * first, 0.01 + 0.98 * second)]
        game = StackelbergGame(matrix, *weights, *references)
        step = (0.01 + 0.98 * rate) / weights[0]
        ratio = (0.01 + 0.98 * share) / (step * weights[1])
        player = StackelbergGDA(step, follower="best response") if answers else StackelbergGDA(step, ratio)
        return Case(kind(game, 1 + int(length * 29.0)), player)

    return Space(8, case)


SPACES: Mapping[str, Space] = {
    "slhf2025.best_response_span": _space(True),
    "slhf2025.best_response": _space(True),
    "slhf2025.refinement": _space(True, UseMatch),
    "slhf2025.consistency": _space(True, UseMatch),
    "slhf2025.leader_span": _space(False),
    "slhf2025.leader_gap": _space(False),
    "slhf2025.follower_gap": _space(False),
}
