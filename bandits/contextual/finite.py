"""Oracles for a finite class: the features of an action are the predictions f_1, ..., f_N of N functions, in [0, 1].

Exponential weights w_j of the functions' losses on the values seen. The *aggregating* forecaster (Vovk 1998; Haussler,
Kivinen & Warmuth 1998) predicts

    yhat = 1/2 + (G(0) - G(1)) / 2, clipped to [0, 1], G(v) = -(1/2) ln sum_j w_j exp(-2 (f_j - v)^2),

with w_j proportional to exp(-2 L_j), L_j the squared errors: its regret in square loss is at most (ln N) / 2 on every
sequence of values in [0, 1]. The *mixture* predicts sum_j w_j f_j with w_j proportional to exp(-L_j), L_j the log loss:
its regret in log loss is at most ln N, and on values 0 and 1 w is the posterior of a uniform prior.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.contextual.oracles import Oracle, OracleSteps, product, row_of, within
from bandits.contextual.worlds import Size, World
from bandits.core.exponential_weights import Estimated, add_estimates, exponential, no_estimates, sum_of
from bandits.core.jit import kernel

_RATE = 2.0  # squared errors in [0, 1] are 2-mixable
_LEAST = 1e-300  # a probability that is 0 counts as this, so that log loss is finite


class FiniteParams(NamedTuple):
    """The number of functions N."""

    n_functions: int


@kernel
def finite_init(params: FiniteParams) -> Estimated:
    """Return equal weights."""
    return no_estimates(params.n_functions)


@kernel
def _aggregate(params: FiniteParams, state: Estimated, context: Any, out: Any) -> None:
    for a in range(out.size):
        values, weight = row_of(context, a), state.weights.weight
        for j in range(values.size):
            state.estimates[j] = weight[j] * exponential(-_RATE * values[j] * values[j])
        zero = sum_of(state.estimates)
        for j in range(values.size):
            state.estimates[j] *= exponential(_RATE * (2.0 * values[j] - 1.0))
        out[a] = within(0.5 + 0.25 * math.log(sum_of(state.estimates) / zero))


@kernel
def _learn_square(params: FiniteParams, state: Estimated, context: Any, arm: int, loss: float) -> Estimated:
    values = row_of(context, arm)
    for j in range(values.size):
        state.estimates[j] = (values[j] - loss) * (values[j] - loss)
    return add_estimates(state, _RATE)


@kernel
def _mix(params: FiniteParams, state: Estimated, context: Any, out: Any) -> None:
    for a in range(out.size):
        out[a] = within(product(state.weights.weight, row_of(context, a)) / state.weights.total)


@kernel
def learn_log(params: FiniteParams, state: Estimated, context: Any, arm: int, loss: float) -> Estimated:
    """Return the state after a loss; for losses 0 and 1 the weights are the posterior of a uniform prior."""
    values = row_of(context, arm)
    for j in range(values.size):
        state.estimates[j] = 0.0
        if loss > 0.0:
            state.estimates[j] -= loss * math.log(max(values[j], _LEAST))
        if loss < 1.0:
            state.estimates[j] -= (1.0 - loss) * math.log(max(1.0 - values[j], _LEAST))
    return add_estimates(state, 1.0)


class _Finite(Oracle):
    """Base of the oracles of a finite class."""

    def parameters(self, size: Size) -> FiniteParams:
        """Return N; ValueError unless every action has the predictions of the class as features."""
        return finite_params(size, self)

    def covers(self, world: World) -> bool:
        """Return whether one of the features is the mean loss."""
        return hasattr(world, "functions")


@dataclass(frozen=True)
class Aggregating(_Finite):
    """The aggregating forecaster of a finite class, in square loss: regret at most (ln N) / 2."""

    steps: ClassVar[OracleSteps] = OracleSteps(finite_init, _aggregate, _learn_square)

    def error(self, size: Size) -> float:
        """Return (ln N) / 2."""
        return 0.5 * math.log(size.dimension)


@dataclass(frozen=True)
class Mixture(_Finite):
    """The mixture forecaster of a finite class, in log loss: regret at most ln N."""

    steps: ClassVar[OracleSteps] = OracleSteps(finite_init, _mix, learn_log)
    log_loss: ClassVar[bool] = True

    def error(self, size: Size) -> float:
        """Return ln N."""
        return math.log(size.dimension)


def finite_params(size: Size, user: Any) -> FiniteParams:
    """Return N for an oracle or learner of a finite class; ValueError where features are not its predictions."""
    if (size.rows == 1 and size.n_actions > 1) or not size.unit:
        name = type(user).__name__
        raise ValueError(f"{name} needs features (K, N) in [0, 1], the predictions of N functions, as in FiniteWorld")
    return FiniteParams(size.dimension)
