"""Closed-loop populations: a state that the acceptance rates of each round change.

A population of K >= 2 groups is described, for its current state s and each threshold of the grid, by three
numbers for each group: its share w_g, its acceptance rate A_g and the rate G_g of individuals who are accepted
and turn out good. A batch of n individuals is then drawn through binomials, and the state changes by the exact
rates, so the only randomness is in the sample. It moves towards a target,

    s' = Phi(s, theta) = (1 - k) s + k target(theta, s),   k the adaptation in [0, 1],

each coordinate of which is non-decreasing in that coordinate of s and does not depend on the other. Under a fixed
threshold a coordinate is then monotone in time, with the same limit for every k > 0.
"""

from abc import abstractmethod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import Checked
from bandits.core.jit import shared_kernel


class Rates(NamedTuple):
    """Rates of one threshold in one state; a population of many groups may give arrays (K,), and further fields."""

    shares: Any  # K floats, w_g, of sum 1
    accept: Any  # K floats, A_g = P(accepted | group g)
    good: Any  # K floats, G_g = P(accepted and good | group g) <= A_g


@shared_kernel
def two_groups(share: float, accept_0: float, accept_1: float, good_0: float, good_1: float) -> Rates:
    """Return the rates of two groups; share: w, of group 1."""
    return Rates((1.0 - share, share), (accept_0, accept_1), (good_0, good_1))


class State(NamedTuple):
    """Two numbers, named by `Population.observables`; the second is 0 for a population with one."""

    first: float
    second: float


class Sensitivity(NamedTuple):
    """Lipschitz constants, in the state's largest coordinate, of the means of a round."""

    reward: float  # of the reward rescaled to [0, 1]
    parity: float  # of A_a - A_b, for any two groups
    service: float  # of the overall acceptance rate


@shared_kernel
def advance(adaptation: float, state: State, target: State) -> State:
    """Return the state moved the fraction `adaptation` of the way to the target."""
    rest = 1.0 - adaptation
    return State(rest * state.first + adaptation * target.first, rest * state.second + adaptation * target.second)


class PopulationSteps(NamedTuple):
    """The compiled functions of a population; `setting` is what `Population.setting` returns."""

    init: Any  # (setting) -> state: a `State`, or an array (K,) that belongs to the play
    rates: Any  # (setting, state, index) -> Rates of a threshold
    target: Any  # (setting, rates) -> target state under these rates
    observe: Any  # (state) -> NamedTuple of the state's numbers, by the names in `Population.observables`
    advance: Any = advance  # (adaptation, state, target) -> state; an array may be moved in place


class Population(Checked):
    """Base of all populations: a frozen dataclass of parameters."""

    adaptation: float

    @property
    @abstractmethod
    def steps(self) -> PopulationSteps:
        """Return the compiled functions."""

    @property
    @abstractmethod
    def observables(self) -> tuple[str, ...]:
        """Return the names of the state's numbers, for the metrics."""

    @property
    def n_groups(self) -> int:
        """Return the number of groups K >= 2."""
        return 2

    @property
    def group_names(self) -> tuple[str, ...]:
        """Return the names of the K groups, by default their numbers."""
        return tuple(str(g) for g in range(self.n_groups))

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
def mean_reward(rates: Rates, price: float) -> float:
    """Return E[accept (y - price (1 - y))], in [-price, 1]."""
    total = 0.0
    for g in range(len(rates.shares)):
        total += rates.shares[g] * ((1.0 + price) * rates.good[g] - price * rates.accept[g])
    return total


@shared_kernel
def acceptance(rates: Rates) -> float:
    """Return the overall acceptance rate."""
    total = 0.0
    for g in range(len(rates.shares)):
        total += rates.shares[g] * rates.accept[g]
    return total
