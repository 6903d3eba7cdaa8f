"""A synthetic population in which the scores of a group rise with its acceptance rate.

Group g has a latent mean m_g in [0, 1]; a score is x = clip(m_g + sigma Z, 0, 1) with Z standard normal,
its outcome is good with probability 0.1 + 0.8 x, and the groups are equally likely. After a round

    m_g' = (1 - k) m_g + k (base_g + lift A_g(theta, m_g)),   A_g = P(x >= theta) = Phi((m_g - theta) / sigma),

(A_g = 1 for theta = 0, where the clipped scores are accepted too). The slope of A_g in m_g lies between 0
and 1 / (sigma sqrt(2 pi)), so Phi is a contraction with rho = 1 - k + k lift / (sigma sqrt(2 pi)) if and only
if lift < sigma sqrt(2 pi), 0.376 for sigma = 0.15; beyond, one threshold can have two stable fixed points.
The rate of good acceptances is exact too: with a = max(theta, 0), z = (a - m) / sigma, z' = (1 - m) / sigma,

    E[x 1{x >= theta}] = m (Phi(z') - Phi(z)) + sigma (phi(z) - phi(z')) + 1 - Phi(z').
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.checks import array, real
from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.threshold.population import Population, PopulationSteps, Rates, Sensitivity, State, two_groups

_FLOOR, _SLOPE = 0.1, 0.8  # P(good | x) = 0.1 + 0.8 x


class SyntheticSetting(NamedTuple):
    """What the compiled functions receive."""

    thresholds: Any  # (G,) float64
    initial_0: float
    initial_1: float
    base_0: float
    base_1: float
    lift: float
    spread: float


@kernel
def normal_cdf(z: float) -> float:
    """Return P(Z <= z) for a standard normal Z."""
    return 0.5 * math.erfc(-z * math.sqrt(0.5))


@kernel
def _density(z: float) -> float:
    return math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)


@rare_kernel
def group_rates(mean: float, spread: float, threshold: float) -> tuple[float, float]:
    """Return A = P(x >= threshold) and G = P(x >= threshold and good) of a group with this latent mean."""
    low = (threshold - mean) / spread
    high = (1.0 - mean) / spread
    above = normal_cdf(-low)
    at_one = normal_cdf(-high)
    score = mean * (above - at_one) + spread * (_density(low) - _density(high)) + at_one
    accept = above if threshold > 0.0 else 1.0
    good = _FLOOR * accept + _SLOPE * score
    return accept, min(max(good, 0.0), accept)


@kernel
def _init(setting: SyntheticSetting) -> State:
    return State(setting.initial_0, setting.initial_1)


@kernel
def _rates(setting: SyntheticSetting, state: State, index: int) -> Rates:
    accept_0, good_0 = group_rates(state.first, setting.spread, setting.thresholds[index])
    accept_1, good_1 = group_rates(state.second, setting.spread, setting.thresholds[index])
    return two_groups(0.5, accept_0, accept_1, good_0, good_1)


@kernel
def _target(setting: SyntheticSetting, rates: Rates) -> State:
    return State(setting.base_0 + setting.lift * rates.accept[0], setting.base_1 + setting.lift * rates.accept[1])


class Latent(NamedTuple):
    """The observables of the state: the latent means of the groups."""

    latent_mean_0: float
    latent_mean_1: float


@shared_kernel
def _observe(state: State) -> Latent:
    return Latent(state.first, state.second)


@dataclass(frozen=True)
class Synthetic(Population):
    """Two equally large groups with latent means that rise with acceptance.

    base: (2,) with base_g >= 0 and base_g + lift <= 1.  lift: in [0, 1].  adaptation: k in [0, 1]; 0 freezes the
    state.  spread: sigma > 0 of the scores.  initial: (2,) latent means in [0, 1]; None means base.
    """

    base: Sequence[float] = (0.55, 0.40)
    lift: float = 0.2
    adaptation: float = 0.2
    spread: float = 0.15
    initial: Sequence[float] | None = None
    steps: ClassVar[PopulationSteps] = PopulationSteps(_init, _rates, _target, _observe)
    observables: ClassVar[tuple[str, ...]] = Latent._fields

    def __post_init__(self) -> None:
        lift = real("lift", self.lift, 0.0, 1.0)
        real("adaptation", self.adaptation, 0.0, 1.0)
        real("spread", self.spread, 0.0, open_low=True)
        object.__setattr__(self, "base", pair("base", self.base))
        if max(self.base) + lift > 1.0:
            raise ValueError(f"base + lift must be at most 1, got base {self.base} and lift {lift:g}")
        if self.initial is not None:
            object.__setattr__(self, "initial", pair("initial", self.initial))

    @property
    def start(self) -> tuple[float, float]:
        """Latent means of the first round."""
        first, second = self.base if self.initial is None else self.initial
        return first, second

    def setting(self, thresholds: NDArray[np.float64]) -> SyntheticSetting:
        """Return what the compiled functions receive."""
        (start_0, start_1), (base_0, base_1) = self.start, self.base
        return SyntheticSetting(thresholds, start_0, start_1, base_0, base_1, float(self.lift), float(self.spread))

    @property
    def steepest(self) -> float:
        """Return the largest slope of an acceptance rate in the latent mean, 1 / (sigma sqrt(2 pi))."""
        return 1.0 / (self.spread * math.sqrt(2.0 * math.pi))

    @property
    def contraction(self) -> float:
        """Return rho = 1 - k + k lift / (sigma sqrt(2 pi))."""
        return 1.0 - self.adaptation + self.adaptation * self.lift * self.steepest

    @property
    def reachable(self) -> tuple[tuple[float, float], ...]:
        """Return [min(base_g, initial_g), max(base_g + lift, initial_g)]; the initial means without adaptation."""
        if self.adaptation == 0.0:
            return tuple((start, start) for start in self.start)
        return tuple((min(b, s), max(b + self.lift, s)) for b, s in zip(self.base, self.start, strict=True))

    def sensitivity(self, price: float) -> Sensitivity:
        """Return M for reward, parity and service.

        A rate changes by at most the height of the density times the shift; the reward per individual f(x) = (1 + q)
        (0.1 + 0.8 x) - q adds its own slope (1 + q) 0.8 to the height times its largest absolute value on [0, 1].
        """
        size = max(abs((1.0 + price) * p - price) for p in (_FLOOR, _FLOOR + _SLOPE))
        reward = size * self.steepest / (1.0 + price) + _SLOPE
        return Sensitivity(reward, 2.0 * self.steepest, self.steepest)


def pair(name: str, values: Any) -> tuple[float, float]:
    """Return one number in [0, 1] for each group; ValueError for more or fewer."""
    numbers = array(name, values, 1, 0.0, 1.0)
    if numbers.size != 2:
        raise ValueError(f"{name} must have one number for each of the 2 groups, got {numbers.size}")
    return float(numbers[0]), float(numbers[1])
