"""Forecasters of sequences: the Bayes mixture of the experts, and rules that count symbols.

All keep logarithms of weights, so that nothing underflows in long sequences.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.arguments import Numbers
from bandits.core.checks import integer
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.prediction.mixture import SequencePrediction, Symbols, as_laws
from bandits.protocol import Learner, LearnerSteps

MOST_CONTEXTS = 2**20


class _Forecaster(Learner):
    """Base of the forecasters."""

    accepts: ClassVar[tuple[type, ...]] = (Symbols,)


class MixtureParams(NamedTuple):
    """The prior."""

    log_prior: Any  # (M,) float64
    least_weight: float
    n_symbols: int


class MixtureState(NamedTuple):
    """Log weights, not normalised: minus the log of their sum is the loss so far."""

    log_weights: Any  # (M,) float64
    laws: Any  # (M, A) float64, the experts' of the round, scratch
    law: Any  # (A,) float64, scratch


@kernel
def _mix(log_weights: Any, laws: Any, law: Any) -> None:
    """Write the mean of the laws (M, A) under the weights; uniform where all weights are 0."""
    most, total = log_weights[0], 0.0
    for lw in log_weights:
        most = max(most, lw)
    law[:] = 0.0
    for i in range(log_weights.size):
        if log_weights[i] > -np.inf:
            weight = np.exp(log_weights[i] - most)
            total += weight
            for x in range(law.size):
                law[x] += weight * laws[i, x]
    for x in range(law.size):
        law[x] = law[x] / total if total > 0.0 else 1.0 / law.size


@kernel
def _log(p: float) -> float:
    return np.log(p) if p > 0.0 else -np.inf


@kernel
def _init_mixture(params: MixtureParams, rng: Stream) -> MixtureState:
    m, a = params.log_prior.size, params.n_symbols
    return MixtureState(params.log_prior.copy(), np.zeros((m, a)), np.zeros(a))


@kernel
def _act_mixture(params: MixtureParams, state: MixtureState, laws: Any, t: int, rng: Stream) -> Any:
    state.laws[:] = laws
    _mix(state.log_weights, laws, state.law)
    return state.law


@kernel
def _update_mixture(
    params: MixtureParams, state: MixtureState, t: int, law: Any, symbol: int, rng: Stream
) -> MixtureState:
    for i in range(state.log_weights.size):
        state.log_weights[i] += _log(state.laws[i, symbol])
    return state


@dataclass(frozen=True, eq=False)
class BayesMixture(_Forecaster):
    """Posts the mean of the experts' laws under the posterior. A round costs O(M A).

    prior: (M,) probabilities of the experts; None means uniform.
    """

    prior: Numbers | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_mixture, _act_mixture, _update_mixture)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.prior is not None:
            object.__setattr__(self, "prior", as_laws("prior", self.prior, 1))

    def parameters(self, problem: SequencePrediction) -> MixtureParams:
        """Return the logarithm of the prior; ValueError where it is not for this number of experts."""
        m = problem.n_experts
        prior = np.full(m, 1.0 / m) if self.prior is None else self.prior
        if prior.size != m:
            raise ValueError(f"prior must have {m} probabilities, one per expert, got {prior.size}")
        with np.errstate(divide="ignore"):
            return MixtureParams(np.log(prior), float(prior.min()), problem.n_symbols)


# ---------------------------------------------------------------- counts


class CountParams(NamedTuple):
    """Orders of Markov chains, what is added to each count, and the number of symbols."""

    orders: Any  # (R,) int64
    added: float
    n_symbols: int


class CountState(NamedTuple):
    """Counts of the symbols after each context, the last symbols, and log weights of the orders."""

    counts: Any  # (R, C, A) int64
    context: int
    log_weights: Any  # (R,) float64
    laws: Any  # (R, A) float64, scratch
    law: Any  # (A,) float64, scratch


@kernel
def _init_counts(params: CountParams, rng: Stream) -> CountState:
    r, a = params.orders.size, params.n_symbols
    return CountState(
        np.zeros((r, a ** params.orders.max(), a), np.int64), 0, np.zeros(r), np.zeros((r, a)), np.zeros(a)
    )


@kernel
def _forecast(params: CountParams, state: CountState, t: int) -> None:
    """Write the law of each order; uniform before there are as many symbols, and where nothing has been counted."""
    a = params.n_symbols
    for i in range(params.orders.size):
        counts = state.counts[i, state.context % a ** params.orders[i]]
        total = counts.sum() + a * params.added
        for x in range(a):
            known = t >= params.orders[i] and total > 0.0
            state.laws[i, x] = (counts[x] + params.added) / total if known else 1.0 / a


@kernel
def _act_counts(params: CountParams, state: CountState, laws: Any, t: int, rng: Stream) -> Any:
    _forecast(params, state, t)
    _mix(state.log_weights, state.laws, state.law)
    return state.law


@kernel
def _update_counts(params: CountParams, state: CountState, t: int, law: Any, symbol: int, rng: Stream) -> CountState:
    a, x = params.n_symbols, symbol
    _forecast(params, state, t)
    for i in range(params.orders.size):
        state.log_weights[i] += _log(state.laws[i, x])
        if t >= params.orders[i]:
            state.counts[i, state.context % a ** params.orders[i], x] += 1
    context = (state.context * a + x) % state.counts.shape[1]
    return CountState(state.counts, context, state.log_weights, state.laws, state.law)


class _Counts(_Forecaster):
    """Base of the rules that count symbols after the last `order` ones."""

    order: int
    added: ClassVar[float]
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_counts, _act_counts, _update_counts)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        integer("order", self.order, 0, 20)

    def _orders(self) -> list[int]:
        return [self.order]

    def parameters(self, problem: SequencePrediction) -> CountParams:
        """Return the orders and what is added; ValueError for more than 2^20 contexts."""
        if problem.n_symbols**self.order > MOST_CONTEXTS:
            most = f"at most {MOST_CONTEXTS} contexts of {problem.n_symbols} symbols"
            raise ValueError(f"order must give {most}, got {self.order}")
        return CountParams(np.array(self._orders()), self.added, problem.n_symbols)


@dataclass(frozen=True)
class KT(_Counts):
    """Adds 1/2 to each count (Krichevsky & Trofimov 1981), after each `order` symbols; uniform for so many rounds."""

    order: int = 0
    added: ClassVar[float] = 0.5


@dataclass(frozen=True)
class Laplace(_Counts):
    """Adds 1 to each count: Laplace's rule of succession; order: as in `KT`."""

    order: int = 0
    added: ClassVar[float] = 1.0


@dataclass(frozen=True)
class PlugIn(_Counts):
    """Posts the frequencies so far, which may lose infinitely much in one round; order: as in `KT`."""

    order: int = 0
    added: ClassVar[float] = 0.0


@dataclass(frozen=True)
class DoubleMixture(_Counts):
    """The Bayes mixture of `KT` of the orders 0, ..., `order`, with equal prior weights."""

    order: int = 2
    added: ClassVar[float] = 0.5

    def _orders(self) -> list[int]:
        return list(range(self.order + 1))
