"""Closed-loop populations: a state that the acceptance rates of each round change.

A population of two groups g in {0, 1} is described, for its current state s and each threshold of the
grid, by five numbers: the share w of group 1, the acceptance rates A_g and the rates G_g of individuals
who are accepted and turn out good. A batch of n individuals is then drawn through binomials, and the
state changes by the exact rates, so the only randomness is in the sample. It moves towards a target,

    s' = Phi(s, theta) = (1 - k) s + k target(theta, s),   k the adaptation in [0, 1],

each coordinate of which is non-decreasing in that coordinate of s and does not depend on the other. Under a fixed
threshold a coordinate is then monotone in time, with the same limit for every k > 0.
"""

from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import Checked
from bandits.core.jit import shared_kernel


class Rates(NamedTuple):
    """Rates of one threshold in one state."""

    share: float  # w, of group 1
    accept_0: float  # A_0 = P(accepted | group 0)
    accept_1: float
    good_0: float  # G_0 = P(accepted and good | group 0) <= A_0
    good_1: float


class PopulationSteps(NamedTuple):
    """The compiled functions of a population; `setting` is what `Population.setting` returns."""

    init: Any  # (setting) -> state: a NamedTuple of two floats
    rates: Any  # (setting, state, index) -> Rates of a threshold
    target: Any  # (setting, rates) -> target state under these rates
    observe: Any  # (state) -> NamedTuple of the state's numbers, by the names in `Population.observables`


class State(NamedTuple):
    """Two numbers, named by `Population.observables`; the second is 0 for a population with one."""

    first: float
    second: float


class Sensitivity(NamedTuple):
    """Lipschitz constants, in the state's largest coordinate, of the means of a round."""

    reward: float  # of the reward rescaled to [0, 1]
    parity: float  # of A_0 - A_1
    service: float  # of the overall acceptance rate


class Population(Checked):
    """Base of all populations: a frozen dataclass of parameters."""

    adaptation: float
    steps: ClassVar[PopulationSteps]
    observables: ClassVar[tuple[str, ...]]  # names of the state's numbers, for the metrics

    @abstractmethod
    def setting(self, thresholds: NDArray[np.float64]) -> Any:
        """Return the NamedTuple that the compiled functions receive for these thresholds, (G,) in [0, 1]."""

    @property
    @abstractmethod
    def contraction(self) -> float:
        """Return rho with |Phi(s, theta) - Phi(u, theta)| <= rho |s - u| (largest coordinate); below 1 contracts."""

    @property
    @abstractmethod
    def reachable(self) -> tuple[tuple[float, float], ...]:
        """Return for each observable an interval that contains it, whatever is played."""

    @property
    def diameter(self) -> float:
        """Return D, the largest difference of two reachable states in a coordinate."""
        return max(high - low for low, high in self.reachable)

    @abstractmethod
    def sensitivity(self, price: float) -> Sensitivity:
        """Return the Lipschitz constants M of the means for the price of a bad acceptance."""

    @property
    def stationary(self) -> bool:
        """Whether the state is constant, so that the means of every threshold are fixed."""
        return self.diameter == 0.0


@shared_kernel
def advance(adaptation: float, state: State, target: State) -> State:
    """Return the state moved the fraction `adaptation` of the way to the target."""
    rest = 1.0 - adaptation
    return State(rest * state.first + adaptation * target.first, rest * state.second + adaptation * target.second)


@shared_kernel
def mean_reward(rates: Rates, price: float) -> float:
    """Return E[accept (y - price (1 - y))], in [-price, 1]."""
    first = (1.0 + price) * rates.good_0 - price * rates.accept_0
    second = (1.0 + price) * rates.good_1 - price * rates.accept_1
    return (1.0 - rates.share) * first + rates.share * second


@shared_kernel
def acceptance(rates: Rates) -> float:
    """Return the overall acceptance rate."""
    return (1.0 - rates.share) * rates.accept_0 + rates.share * rates.accept_1
