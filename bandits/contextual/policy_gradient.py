"""Softmax policy gradient: a law of actions that learns by gradient steps on its expected loss."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.contextual.oracles import model_of, product, row_of
from bandits.contextual.problem import ContextualGame, Play, PlayedLoss, Revealed
from bandits.core.actions import arm_of
from bandits.core.checks import real
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps


class GradientParams(NamedTuple):
    """The step, 1 / X, and the size."""

    learning_rate: float
    scale: float
    n_models: int
    dimension: int
    n_actions: int


class GradientState(NamedTuple):
    """The parameters, the law of the round, and the mean of the losses so far."""

    theta: Any  # (m, d) float64
    law: Any  # (K,) float64
    guess: Any  # (0,) float64, no prediction
    mean: float
    rounds: float


@kernel
def _init(params: GradientParams, rng: Stream) -> GradientState:
    theta = np.zeros((params.n_models, params.dimension))
    return GradientState(theta, np.zeros(params.n_actions), np.zeros(0), 0.0, 0.0)


@kernel
def _act(params: GradientParams, state: GradientState, context: Any, t: int, rng: Stream) -> Play:
    law, most, total = state.law, -np.inf, 0.0
    for a in range(law.size):
        law[a] = params.scale * product(state.theta[model_of(context, a)], row_of(context, a))
        most = max(most, law[a])
    for a in range(law.size):
        law[a] = math.exp(law[a] - most)
        total += law[a]
    for a in range(law.size):
        law[a] /= total
    return Play(pick(law, 1.0, uniform(rng, t, 0)), law, state.guess)


@kernel
def _update(
    params: GradientParams, state: GradientState, t: int, play: Any, seen: Revealed, rng: Stream
) -> GradientState:
    arm, theta = arm_of(play), state.theta
    step = params.learning_rate * params.scale * (state.mean - seen.loss if state.rounds > 0.0 else 0.0)
    for a in range(params.n_actions):
        x, model = row_of(seen.context, a), model_of(seen.context, a)
        for i in range(x.size):
            theta[model, i] += step * ((1.0 if a == arm else 0.0) - play.law[a]) * x[i]
    rounds = state.rounds + 1.0
    return GradientState(theta, state.law, state.guess, state.mean + (seen.loss - state.mean) / rounds, rounds)


@dataclass(frozen=True)
class PolicyGradient(Learner):
    """REINFORCE (Williams 1992) on p_a proportional to exp(theta'x_a / X), with the mean of past losses as baseline.

    theta += learning_rate (baseline - loss) (x_arm - sum_a p_a x_a) / X, learning_rate > 0; a parameter per action
    where the actions share their features. It has no bound on its regret: its gradient vanishes with the probability
    of what would be better.
    """

    learning_rate: float = 2.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (PlayedLoss,)

    def __post_init__(self) -> None:
        real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: ContextualGame) -> GradientParams:
        """Return the step and the size."""
        size = problem.size
        scale = 1.0 / (size.feature_norm or 1.0)
        return GradientParams(float(self.learning_rate), scale, size.models, size.dimension, size.n_actions)
