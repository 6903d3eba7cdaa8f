"""Exponential weights over a listed class: Exp2 for one-sided feedback, and with all labels.

*Exp2 for one-sided feedback.* p_{t+1}(h) proportional to exp(-eta sum_s g_s(h)) with the shifted estimator g of
(R2) in `bandits.one_sided.reduction`. It replaces the full-bandit estimator with which Bechavod & Roth (2022,
Theorem 4.1) apply Exp2 (Bubeck, Cesa-Bianchi & Kakade 2012), and needs no forced exploration. With N = |H|:

* for a fixed Lagrange multiplier C (D1, ours):  E[Lagrangian regret] <= ln N / eta + (5 eta / 2) (k + 2 C)^2 T, least
  at eta = sqrt(2 ln N / (5 T)) / (k + 2 C);
* self-bounding (D2, ours), C = epsilon / (8 eta):  E[error regret] <= ln N / eta + 5 eta k^2 T against every policy
  that is fair at alpha - epsilon, least at eta = sqrt(ln N / (5 k^2 T)), and the violations are O(sqrt T) too.

Proofs: `theory.one_sided.bounds`. C = 0 is the unconstrained Exp2.

*All labels* (after Bechavod, Jung & Wu 2020): O / q is replaced by 1, so g(h) is the Lagrangian loss up to a
constant, with a range of k + 2 C v over the class, and Hoeffding's lemma replaces the second moment:
E[Lagrangian regret] <= ln N / eta + (eta / 8) (k + 2 C)^2 T for a fixed multiplier, and for C = epsilon / (2 eta)
E[error regret] <= ln N / eta + eta k^2 T / 4.
"""

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import optional_real
from bandits.core.exponential_weights import Weights, add_losses, pick, uniform_weights
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform_pair
from bandits.one_sided.problem import FullLabels, OneSided, OneSidedGame, Play, Report
from bandits.one_sided.reduction import estimate_losses, known_losses
from bandits.protocol import Learner, LearnerSteps


class Exp2Params(NamedTuple):
    """Class, eta and C."""

    table: Any  # (n_cells, N) uint8
    individuals: int
    learning_rate: float
    price: float


class DenseState(NamedTuple):
    """Weights of all hypotheses."""

    weights: Weights
    estimate: Any  # (N,) float64 scratch: the round's estimated losses
    everyone: Any  # (0,) int64, the `atoms` of a play whose weights belong to all hypotheses in order


@kernel
def dense_state(size: int) -> DenseState:
    """Return equal weights on `size` hypotheses."""
    return DenseState(uniform_weights(size), np.zeros(size), np.zeros(0, np.int64))


@kernel
def dense_play(state: DenseState, tasting: float, price: float, t: int, rng: Stream) -> Play:
    """Return the policy of the weights, mixed with accepting all with probability `tasting`."""
    first, second = uniform_pair(rng, t, 0)
    drawn = -1
    if first >= tasting:
        drawn = pick(state.weights.weight, state.weights.total, second)
    return Play(state.weights.weight, state.weights.total, state.everyone, tasting, drawn, price)


@kernel
def _init(params: Exp2Params, rng: Stream) -> DenseState:
    return dense_state(params.table.shape[1])


@kernel
def _act(params: Exp2Params, state: DenseState, t: int, rng: Stream) -> Play:
    return dense_play(state, 0.0, params.price, t, rng)


@kernel
def _update(params: Exp2Params, state: DenseState, t: int, play: Play, report: Report, rng: Stream) -> DenseState:
    estimate_losses(params.table, report, params.price, state.estimate)
    weights = add_losses(state.weights, params.learning_rate, state.estimate)
    return DenseState(weights, state.estimate, state.everyone)


@kernel
def _update_full(params: Exp2Params, state: DenseState, t: int, play: Play, report: Report, rng: Stream) -> DenseState:
    known_losses(params.table, report, params.price, state.estimate)
    weights = add_losses(state.weights, params.learning_rate, state.estimate)
    return DenseState(weights, state.estimate, state.everyone)


def listed_table(learner: Learner, problem: OneSidedGame) -> Any:
    """Return the table of all predictions; ValueError if the class is too large to list or has one hypothesis."""
    size = problem.n_hypotheses
    if problem.table.size == 0:
        raise ValueError(f"{learner.name} keeps a weight for every hypothesis, too many in this class: {size}")
    if size < 2:
        raise ValueError(f"{learner.name} needs at least 2 hypotheses to choose from, got {size}")
    return problem.table


def check_prices(price: float | None, price_exponent: float | None) -> None:
    """Raise unless at most one of the two is given, both at least 0, the exponent at most 4."""
    optional_real("price", price, low=0.0)
    optional_real("price_exponent", price_exponent, low=0.0, high=4.0)
    if price is not None and price_exponent is not None:
        raise ValueError(f"give price or price_exponent, not both: got {price} and {price_exponent}")


def ceil_power(base: int, numerator: int, denominator: int) -> int:
    """Return the least integer n with n^denominator >= base^numerator; exact, where floats give 11 for 100000^(1/5)."""
    n = max(1, math.floor(base ** (numerator / denominator)) - 1)
    while n**denominator < base**numerator:
        n += 1
    return n


def fixed_price(price: float | None, price_exponent: float | None, horizon: int) -> float | None:
    """Return the multiplier C, T^b for an exponent b, or None where neither is given."""
    return float(horizon) ** price_exponent if price_exponent is not None else price


def slack_of(learner: Learner, problem: OneSidedGame) -> float:
    """Return the problem's epsilon > 0, which self-bounding needs; ValueError if it is 0."""
    slack = float(problem.slack or 0.0)
    if slack == 0.0:
        raise ValueError(f"{learner.name} sets its price by the problem's slack, which is 0: give price")
    return slack


@dataclass(frozen=True)
class _Weights(Learner):
    """Base: a price, fixed or T^b or by the slack (self-bounding), and a learning rate, given or tuned for it."""

    price: float | None = None
    price_exponent: float | None = None
    learning_rate: float | None = None
    self_bounding: ClassVar[float]  # C = epsilon / (self_bounding eta)

    def __post_init__(self) -> None:
        check_prices(self.price, self.price_exponent)
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    @staticmethod
    @abstractmethod
    def tuned(per_round: float, k: int, price: float | None) -> float:
        """Return the tuned rate for per_round = ln N / T and a price, None for the self-bounding one."""

    def parameters(self, problem: OneSidedGame) -> Exp2Params:
        """Return the class, k, eta and C."""
        table, k = listed_table(self, problem), problem.individuals
        per_round = math.log(problem.n_hypotheses) / problem.horizon
        price = fixed_price(self.price, self.price_exponent, problem.horizon)
        rate = self.learning_rate or self.tuned(per_round, k, price)
        if price is None:
            price = slack_of(self, problem) / (self.self_bounding * rate)
        return Exp2Params(table, k, rate, float(price))


@dataclass(frozen=True)
class Exp2OneSided(_Weights):
    """Exp2 with the shifted estimator.

    price: Lagrange multiplier C >= 0.  price_exponent: b >= 0 sets C = T^b.  With neither, C = epsilon / (8 eta),
    self-bounding.  learning_rate: eta > 0; None means the minimiser of the bound for that C (module docstring).
    """

    self_bounding: ClassVar[float] = 8.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (OneSided,)

    @staticmethod
    def tuned(per_round: float, k: int, price: float | None) -> float:
        """Return the minimiser of the bound."""
        return math.sqrt(per_round / 5.0) / k if price is None else math.sqrt(0.4 * per_round) / (k + 2.0 * price)


@dataclass(frozen=True)
class FullInformationExp2(_Weights):
    """Exponential weights on the Lagrangian losses, for `FullLabels` feedback.

    price, price_exponent: as in `Exp2OneSided`; with neither, C = epsilon / (2 eta).  learning_rate: eta > 0; None
    means (2 / k) sqrt(ln N / T) (self-bounding) or sqrt(8 ln N / T) / (k + 2 C).
    """

    self_bounding: ClassVar[float] = 2.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update_full)
    accepts: ClassVar[tuple[type, ...]] = (FullLabels,)

    @staticmethod
    def tuned(per_round: float, k: int, price: float | None) -> float:
        """Return the minimiser of the bound."""
        return 2.0 * math.sqrt(per_round) / k if price is None else math.sqrt(8.0 * per_round) / (k + 2.0 * price)
