"""Imitation of a guide: AggreVaTe, which asks it where the learner goes, and what learns where the guide goes.

AggreVaTe (Ross & Bagnell 2014) runs exponential weights in every state at every step, with gains d_n(h, s) Adv(h, s, a)
after episode n, d_n the visits of the policy that was played. From the guide's visits instead, `guide_share` = 1, it
hears nothing of states that the guide avoids. A clone of the guide does as the guide does where the guide goes.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import optional_real, real
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.episodes.guided import Completed, Completions, GuidedGame, GuideValues, Policy, Visited
from bandits.protocol import Learner, LearnerSteps


class ImitationParams(NamedTuple):
    """Sizes, the learning rate, and which visits weight the gains."""

    n_steps: int
    n_states: int
    n_actions: int
    learning_rate: float
    guide_share: float


class ImitationState(NamedTuple):
    """Added gains and the policy that follows from them."""

    gains: Any  # (H, S, A) float64
    policy: Any  # (H, S, A) float64


@kernel
def _init(params: ImitationParams, rng: Stream) -> ImitationState:
    shape = (params.n_steps, params.n_states, params.n_actions)
    return ImitationState(np.zeros(shape), np.full(shape, 1.0 / params.n_actions))


@kernel
def _act(params: ImitationParams, state: ImitationState, t: int, rng: Stream) -> Policy:
    return Policy(state.policy)


@kernel
def _weigh(learning_rate: float, gains: Any, law: Any) -> None:
    """Write exponential weights of gains (A,) into a law (A,)."""
    top = gains[0]
    for a in range(1, gains.size):
        top = max(top, gains[a])
    total = 0.0
    for a in range(gains.size):
        law[a] = math.exp(learning_rate * (gains[a] - top))
        total += law[a]
    for a in range(gains.size):
        law[a] /= total


@kernel
def _update(
    params: ImitationParams, state: ImitationState, t: int, action: Policy, seen: Visited, rng: Stream
) -> ImitationState:
    for h in range(params.n_steps):
        for s in range(params.n_states):
            there = (1.0 - params.guide_share) * seen.visits[h, s] + params.guide_share * seen.guide_visits[h, s]
            if there > 0.0:
                for a in range(params.n_actions):
                    state.gains[h, s, a] += there * (seen.values[h, s, a] - seen.values[h, s, 0])
                _weigh(params.learning_rate, state.gains[h, s], state.policy[h, s])
    return state


@kernel
def _update_completed(
    params: ImitationParams, state: ImitationState, t: int, action: Policy, seen: Completed, rng: Stream
) -> ImitationState:
    h, s = seen.step, seen.state
    lost = params.n_steps - h - seen.rewards  # of the most that could come, so that no estimate is a gain
    state.gains[h, s, seen.action] -= params.n_steps * params.n_actions * lost
    _weigh(params.learning_rate, state.gains[h, s], state.policy[h, s])
    return state


@dataclass(frozen=True)
class AggreVaTe(Learner):
    """Exponential weights on the guide's advantages where the learner goes; on average at least as good as the guide.

    learning_rate: > 0; None: sqrt(8 S ln(A) / (N rho^2)) with the guide's spread rho.  guide_share: in [0, 1], the
    share of gains from states that the guide visits; above 0 the theorem fails.
    """

    learning_rate: float | None = None
    guide_share: float = 0.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (GuideValues,)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        real("guide_share", self.guide_share, low=0.0, high=1.0)

    def parameters(self, problem: GuidedGame) -> ImitationParams:
        """Return sizes, learning rate and share."""
        spread, sizes = problem.spread, problem.mdp.shape
        rate = 1.0
        if spread > 0.0 and sizes[2] > 1:
            rate = math.sqrt(8.0 * sizes[1] * math.log(sizes[2]) / problem.horizon) / spread
        return ImitationParams(*sizes, float(self.learning_rate or rate), float(self.guide_share))


@dataclass(frozen=True)
class SampledAggreVaTe(Learner):
    """AggreVaTe from one completion per episode: H A times the rewards missed estimate d_n(h, s) (H - h - Q), unbiased.

    learning_rate: > 0; None: sqrt(2 S ln(A) / (N A sum_{k <= H} k^2)).
    """

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update_completed)
    accepts: ClassVar[tuple[type, ...]] = (Completions,)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: GuidedGame) -> ImitationParams:
        """Return sizes and learning rate."""
        h, s, a = problem.mdp.shape
        squares = h * (h + 1) * (2 * h + 1) / 6.0
        rate = math.sqrt(2.0 * s * math.log(a) / (problem.horizon * a * squares)) if a > 1 else 1.0
        return ImitationParams(h, s, a, float(self.learning_rate or rate), 0.0)


# ---------------------------------------------------------------- one policy for all episodes


class FixedParams(NamedTuple):
    """The policy, and how far a clone's is from the guide's."""

    policy: Any  # (H, S, A) float64
    error: float


class FixedState(NamedTuple):
    """The number of episodes played."""

    episodes: int


@kernel
def _init_fixed(params: FixedParams, rng: Stream) -> FixedState:
    return FixedState(0)


@kernel
def _act_fixed(params: FixedParams, state: FixedState, t: int, rng: Stream) -> Policy:
    return Policy(params.policy)


@kernel
def _update_fixed(params: FixedParams, state: FixedState, t: int, action: Policy, seen: Any, rng: Stream) -> FixedState:
    return FixedState(state.episodes + 1)


class _Offline(Learner):
    """Base of learners that know the guide before the first episode and learn nothing from episodes."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_fixed, _act_fixed, _update_fixed)
    accepts: ClassVar[tuple[type, ...]] = (GuideValues, Completions)


@dataclass(frozen=True)
class CloneGuide(_Offline):
    """Behaviour cloning: the guide's law in states that the guide visits, a uniform one elsewhere.

    error: in [0, 1], the weight of a uniform law also in the guide's states, as from finitely many demonstrations.
    """

    error: float = 0.0
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        real("error", self.error, low=0.0, high=1.0)

    def parameters(self, problem: GuidedGame) -> FixedParams:
        """Return the clone's policy."""
        own = np.where(problem.guide_visits[:, :, None] > 0.0, 1.0 - self.error, 0.0)
        return FixedParams(own * problem.guide + (1.0 - own) / problem.n_actions, float(self.error))


@dataclass(frozen=True)
class OneStep(_Offline):
    """The action of the largest guide value everywhere, the first of equal ones: one step of policy improvement."""

    draws: ClassVar[bool] = False

    def parameters(self, problem: GuidedGame) -> FixedParams:
        """Return the greedy policy."""
        best = problem.guide_values.argmax(axis=2)
        return FixedParams(np.eye(problem.n_actions)[best], 0.0)
