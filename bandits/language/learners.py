"""Learners of language feedback.

`Helix` (Xu et al. 2025, in tables) keeps the hypotheses that the words leave possible, plays an action that is best for
all of them where there is one, and else the best action of the one that promises most. The baselines draw one of the
possible hypotheses, or take the first.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import choice, flag
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform_index
from bandits.language.problem import (
    LanguageGame,
    Words,
    add_scores,
    agreed_action,
    best_actions,
    check_threshold,
    threshold_of,
)
from bandits.protocol import Learner, LearnerSteps

TIES = ("first", "random", "halving")


class HelixParams(NamedTuple):
    """The verifier's losses, what each hypothesis promises, and the rules."""

    losses: Any  # (K, O, N) float64
    best: Any  # (N, K) uint8: 1 where the action is best under the hypothesis
    favourite: Any  # (N,) int64: the first best action of each hypothesis
    promise: Any  # (N,) float64: its reward; all 0 where the learner does not prefer promising hypotheses
    word: Any  # (N, K) int64: the likeliest word
    threshold: float
    failure_probability: float
    tie: int  # place in TIES
    consensus: bool


class HelixState(NamedTuple):
    """The scores and the largest one that is still possible; room to count words."""

    scores: Any  # (N,) float64
    limit: float
    counts: Any  # (O,) int64, scratch


@kernel
def _init(params: HelixParams, rng: Stream) -> HelixState:
    return HelixState(np.zeros(params.favourite.size), params.threshold, np.zeros(params.losses.shape[1], np.int64))


@kernel
def _act(params: HelixParams, state: HelixState, t: int, rng: Stream) -> int:
    if params.consensus:
        agreed = agreed_action(params.best, state.scores, state.limit)
        if agreed >= 0:
            return agreed
    most, count, first = -1.0, 0, 0
    for h in range(state.scores.size):
        if state.scores[h] <= state.limit:
            if params.promise[h] > most:
                most, count, first = params.promise[h], 0, h
            count += 1 if params.promise[h] == most else 0
    if params.tie == 0 or count == 1:
        return params.favourite[first]
    if params.tie == 1:
        return params.favourite[_tied(params, state, most, uniform_index(rng, t, 0, count))]
    return _halve(params, state, most, count)


@kernel
def _tied(params: HelixParams, state: HelixState, most: float, place: int) -> int:
    """Return the possible hypothesis at this place among those that promise `most`."""
    for h in range(state.scores.size):
        if state.scores[h] <= state.limit and params.promise[h] == most:
            if place == 0:
                return h
            place -= 1
    return 0


@kernel
def _halve(params: HelixParams, state: HelixState, most: float, count: int) -> int:
    """Return the favourite of the tied hypothesis whose likeliest words leave the fewest possible in the worst case."""
    fewest, chosen = state.scores.size + 1, 0
    for h in range(state.scores.size):
        if state.scores[h] <= state.limit and params.promise[h] == most:
            left = _most_left(params, state, params.favourite[h], fewest)
            if left < fewest:
                fewest, chosen = left, params.favourite[h]
    return chosen


@kernel
def _most_left(params: HelixParams, state: HelixState, action: int, enough: int) -> int:
    """Return how many possible hypotheses say the commonest word of an action; at least `enough` if it reaches that."""
    state.counts[:] = 0
    most = 0
    for h in range(state.scores.size):
        if state.scores[h] <= state.limit:
            state.counts[params.word[h, action]] += 1
            most = max(most, state.counts[params.word[h, action]])
            if most >= enough:
                return most
    return most


@kernel
def _update(params: HelixParams, state: HelixState, t: int, action: int, word: int, rng: Stream) -> HelixState:
    least = add_scores(state.scores, params.losses, action, word)
    return HelixState(state.scores, least + params.threshold, state.counts)


class _OfWords(Learner):
    """Base of learners that keep the hypotheses which the words leave possible."""

    threshold: float | None
    failure_probability: float
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Words,)
    optimistic: ClassVar[bool] = True

    @property
    def rules(self) -> tuple[str, bool]:
        """The tie rule and whether a consensus is played."""
        return "first", False

    def __post_init__(self) -> None:
        check_threshold(self)

    def parameters(self, problem: LanguageGame) -> HelixParams:
        """Return the losses, the promises and the rules; ValueError where a threshold is needed."""
        world, (tie, consensus) = problem.world, self.rules
        promise = world.rewards.max(axis=1) if self.optimistic else np.zeros(world.n_hypotheses)
        return HelixParams(
            world.losses,
            best_actions(world),
            world.rewards.argmax(axis=1),
            promise,
            world.words.argmax(axis=2),
            threshold_of(world, self.threshold, self.failure_probability),
            float(self.failure_probability),
            TIES.index(tie),
            consensus,
        )


@dataclass(frozen=True)
class Helix(_OfWords):
    """HELiX for tables: the best action of the most promising possible hypothesis, unless all agree on one.

    A hypothesis is possible while its score, the sum of the verifier's losses, is within the threshold of the least.
    tie: among equally promising ones the "first", a "random" one, or "halving": the one whose best action leaves the
    fewest in the worst case.  consensus: whether to play an action that is best for all of them, where there is one.
    threshold >= 0: None means 0 without noise and ln(2 N / failure_probability) with; failure_probability: delta in
    (0, 1), of the theorems about noisy words.
    A round costs O(N) and, before a consensus, up to O(N K); O(N^2) with "halving".
    """

    tie: str = "first"
    consensus: bool = True
    threshold: float | None = None
    failure_probability: float = 0.05

    def __post_init__(self) -> None:
        super().__post_init__()
        choice("tie", self.tie, TIES)
        flag("consensus", self.consensus)

    @property
    def draws(self) -> bool:  # type: ignore[override]
        """Whether ties are drawn."""
        return self.tie == "random"

    @property
    def rules(self) -> tuple[str, bool]:
        """The tie rule and whether a consensus is played."""
        return self.tie, bool(self.consensus)


@dataclass(frozen=True)
class PossibleSampling(_OfWords):
    """Plays the best action of a possible hypothesis drawn uniformly: Thompson sampling where words are certain.

    threshold, failure_probability: as in `Helix`.
    """

    threshold: float | None = None
    failure_probability: float = 0.05
    optimistic: ClassVar[bool] = False

    @property
    def rules(self) -> tuple[str, bool]:
        """Random ties, no consensus."""
        return "random", False


@dataclass(frozen=True)
class FirstPossible(_OfWords):
    """Plays the best action of the first possible hypothesis, whatever it promises.

    threshold, failure_probability: as in `Helix`.
    """

    threshold: float | None = None
    failure_probability: float = 0.05
    optimistic: ClassVar[bool] = False
    draws: ClassVar[bool] = False
