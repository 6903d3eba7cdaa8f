"""Default cases of Stackelberg play: two actions with balanced solutions, where bounds are nearly tight, and ties."""

import math
from functools import partial
from typing import Any

from theory.cases import Case, Cases


def _exact(**learner: Any) -> Case:
    """Return a game whose solution is uniform for both players, far from uneven references.

    There a divergence is an eighth of the squared range of the log-ratio, up to higher orders.
    """
    from bandits.preference import StackelbergGame, StackelbergGDA, StackelbergMatch

    share = 1.0 / (1.0 + math.exp(4.0))  # both rows, and V, differ by 0.4, four times the weights
    reference = [share, 1.0 - share]
    game = StackelbergGame([[0.5, 0.9], [0.1, 0.5]], 0.1, 0.1, reference, reference)
    return Case(StackelbergMatch(game, 40), StackelbergGDA(0.5, **learner))


def _sampled(pairs: bool, leader_weight: float = 0.5, follower_weight: float = 0.5, answers: int = 2) -> Case:
    """Return the case of three equal actions, where answers carry no information and every difference is noise."""
    from bandits.preference import Comparisons, NoisyRow, StackelbergGame, StackelbergGDA, StackelbergMatch

    game = StackelbergGame([[0.5] * 3] * 3, leader_weight, follower_weight)
    return Case(StackelbergMatch(game, 64, Comparisons(6) if pairs else NoisyRow(answers, True)), StackelbergGDA())


def _used(leader_weight: float, follower_weight: float) -> Case:
    """Return an action that beats both others, which the references hardly play, after 20 rounds of best responses."""
    from bandits.preference import StackelbergGame, StackelbergGDA
    from theory.preference.stackelberg.witnesses import UseMatch

    reference = [0.1, 0.45, 0.45]
    game = StackelbergGame(
        [[0.5, 0.8, 0.8], [0.2, 0.5, 0.9], [0.2, 0.1, 0.5]], leader_weight, follower_weight, reference
    )
    return Case(UseMatch(game, 20), StackelbergGDA(0.9 / leader_weight, follower="best response"))


_ANSWERED = partial(_exact, follower="best response")
_DESCENDS = tuple(partial(_exact, ratio=ratio) for ratio in (1.0, 5.0, 10.0))

CASES: Cases = {
    "slhf2025.best_response_span": _ANSWERED,
    "slhf2025.best_response": _ANSWERED,
    "slhf2025.refinement": partial(_used, 0.1, 1.0),
    "slhf2025.consistency": partial(_used, 0.1, 0.01),
    "slhf2025.leader_span": _DESCENDS,
    "slhf2025.leader_gap": _DESCENDS,
    "slhf2025.follower_gap": _DESCENDS[0],
    "slhf2025.follower_bits": partial(_sampled, False),
    "slhf2025.follower_pairs": partial(_sampled, True),
    "slhf2025.leader_bits": partial(_sampled, False, leader_weight=8.0, follower_weight=10.0, answers=1),
}
