"""EXP3 and Hedge with delayed feedback, and skipping of what is too late.

Each loss is added to the exponential weights when it arrives, with its probability of the round in which it was
incurred (`theory.delays.bounds` has the theorem; Thune, Cesa-Bianchi & Seldin, "Nonstochastic Multiarmed Bandits with
Unrestricted Delays", NeurIPS 2019, the rate). For delays d_t with D = sum_t min(d_t, T - t)

    EXP3:   E R_T <= ln K / eta + eta (K T / 2 + D),       least at eta = sqrt(ln K / (K T / 2 + D)),
    Hedge:    R_T <= ln K / eta + (eta / 8) (T + 2 D),     least at eta = sqrt(8 ln K / (T + 2 D)).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import integer, optional_real
from bandits.core.exponential_weights import Weights, add_loss, add_losses, draw, probability, uniform_weights
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform
from bandits.delays.problem import Arrivals, Delayed, Late
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import Bandit, FullInformation
from bandits.switching.hedge import Hedge as _Hedge
from bandits.switching.hedge import HedgeParams


class LateLearner(Learner):
    """Base of the learners of delayed feedback; `inner_accepts` lists what may be delayed."""

    inner_accepts: ClassVar[tuple[type, ...]]
    accepts: ClassVar[tuple[type, ...]] = (Late,)

    def check(self, problem: Any) -> None:
        """Raise TypeError unless `problem` delays a feedback that this learner accepts."""
        super().check(problem)
        inner = problem.feedback.inner
        if not isinstance(inner, self.inner_accepts):
            wanted = " or ".join(kind.__name__ for kind in self.inner_accepts)
            raise TypeError(f"{self.name} learns from delayed {wanted} feedback, but {type(inner).__name__} is delayed")


class OfOneLearner(LateLearner):
    """Base of learners of delayed feedback that play by another learner, which accepts what is delayed."""

    learner: Learner

    @property
    def inner_accepts(self) -> tuple[type, ...]:  # type: ignore[override]
        """The kinds of feedback of the inner learner."""
        return self.learner.accepts

    def check(self, problem: Any) -> None:
        """Raise as the inner learner does for the problem without delays."""
        super().check(problem)
        self.learner.check(problem.problem)


class DelayedExp3Params(NamedTuple):
    """K, eta, rounds for which feedback may be outstanding, and the longest delay that is not skipped."""

    n_actions: int
    learning_rate: float
    places: int
    patience: int


class DelayedExp3State(NamedTuple):
    """The weights, and the probability of the action of each round whose loss may be outstanding."""

    weights: Weights
    chances: Any  # (places,) float64, of round s at s modulo places


@kernel
def _init(params: DelayedExp3Params, rng: Stream) -> DelayedExp3State:
    return DelayedExp3State(uniform_weights(params.n_actions), np.ones(params.places))


@kernel
def _act(params: DelayedExp3Params, state: DelayedExp3State, t: int, rng: Stream) -> int:
    return draw(state.weights, uniform(rng, t, 0))


@kernel
def _update(
    params: DelayedExp3Params, state: DelayedExp3State, t: int, arm: int, arrivals: Arrivals, rng: Stream
) -> DelayedExp3State:
    state.chances[t & (params.places - 1)] = probability(state.weights, arm)
    weights = state.weights
    for j in range(arrivals.n):
        s = arrivals.rounds[j]
        if t - s <= params.patience:
            estimate = arrivals.feedback[j] / state.chances[s & (params.places - 1)]
            weights = add_loss(weights, params.learning_rate, arrivals.actions[j], estimate)
    return DelayedExp3State(weights, state.chances)


@dataclass(frozen=True)
class DelayedExp3(LateLearner):
    """EXP3 with learning rate eta > 0 on losses as they arrive; those late by more than `patience` >= 0 are skipped.

    eta None means sqrt(2 ln K / (K T + 2 D)), D the expected total delay of what is not skipped; patience None skips
    nothing.
    """

    learning_rate: float | None = None
    patience: int | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    inner_accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    exact: ClassVar[str] = "theory.delays.exact:exp3_tree"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        if self.patience is not None:
            integer("patience", self.patience, low=0)

    def parameters(self, problem: Delayed) -> DelayedExp3Params:
        """Return K, eta and the room for what is outstanding."""
        n_actions, horizon = problem.n_actions, problem.horizon
        patience = horizon if self.patience is None else self.patience
        rate = self.learning_rate
        if rate is None:
            endured, _ = problem.split_delay(patience)
            rate = math.sqrt(2.0 * math.log(n_actions) / (horizon * n_actions + 2.0 * endured))
        return DelayedExp3Params(n_actions, rate, problem.places, patience)


# ---------------------------------------------------------------- full information


@kernel
def _hedge_update(params: HedgeParams, state: Weights, t: int, arm: int, arrivals: Arrivals, rng: Stream) -> Weights:
    for j in range(arrivals.n):
        state = add_losses(state, params.learning_rate, arrivals.feedback[j])
    return state


@dataclass(frozen=True)
class DelayedHedge(LateLearner):
    """Hedge with learning rate eta > 0 on losses as they arrive; None means sqrt(8 ln K / (T + 2 D))."""

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = _Hedge.steps._replace(update=_hedge_update)
    inner_accepts: ClassVar[tuple[type, ...]] = (FullInformation,)

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: Delayed) -> HedgeParams:
        """Return K and eta for the problem."""
        rate = self.learning_rate
        if rate is None:
            rate = math.sqrt(8.0 * math.log(problem.n_actions) / (problem.horizon + 2.0 * problem.total_delay))
        return HedgeParams(problem.n_actions, rate)
