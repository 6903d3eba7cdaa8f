"""Games of leader and follower in which `theory.tightness` climbs."""

from collections.abc import Mapping, Sequence

import numpy as np

from bandits.preference.stackelberg.game import StackelbergGame
from bandits.preference.stackelberg.leader_follower import StackelbergGDA
from bandits.preference.stackelberg.problem import StackelbergMatch
from theory.cases import Case
from theory.tightness import Space


def _space(answers: bool) -> Space:
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
        return Case(StackelbergMatch(game, 1 + int(length * 29.0)), player)

    return Space(8, case)


SPACES: Mapping[str, Space] = {
    "slhf2025.best_response_span": _space(True),
    "slhf2025.best_response": _space(True),
    "slhf2025.leader_span": _space(False),
    "slhf2025.leader_gap": _space(False),
    "slhf2025.follower_gap": _space(False),
}
