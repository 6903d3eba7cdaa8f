"""Suggestions that are shown or withheld: a population whose score is the predicted acceptance.

An assistant shows a suggestion if its predicted acceptance x, uniform on [0, 1], is at least the threshold. A user of
group g accepts it with probability trust_g x; whether one is accepted is seen only where it is shown. Checking it takes
v seconds, and one that is accepted saves s: in units of s - v the reward is 1 for an accepted one and -q for another,
q = v / (s - v). With trust 1 it pays to show where x >= q / (1 + q) = v / s.

Users trust an assistant whose suggestions were worth checking. With a share a_g of the shown ones accepted,

    trust_g' = (1 - k) trust_g + k (base_g + lift a_g),   a_g = trust_g (1 + theta) / 2,

and base_g in place of base_g + lift a_g where nothing is shown: a contraction with rho = 1 - k + k lift. Under a fixed
threshold trust tends to base_g / (1 - lift (1 + theta) / 2), so that showing less pays in the long run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from bandits.core.checks import HUGE, real
from bandits.core.jit import kernel, shared_kernel
from bandits.threshold.population import Population, PopulationSteps, Rates, Sensitivity, State, two_groups
from bandits.threshold.synthetic import pair


@checked
def price_of_checking(check: float, saved: float) -> float:
    """Return q = v / (s - v), the price of a suggestion that is shown in vain, for v = check < s = saved seconds."""
    v, s = real("check", check, 0.0, HUGE), real("saved", saved, 0.0, HUGE)
    if not v < s:
        raise ValueError(f"check must be less than saved, got {v:g} and {s:g}")
    return v / (s - v)


class SuggestionSetting(NamedTuple):
    """What the compiled functions receive."""

    thresholds: Any  # (G,) float64
    base_0: float
    base_1: float
    lift: float
    share: float


class Trust(NamedTuple):
    """The observables of the state: the trust of the groups."""

    trust_0: float
    trust_1: float


@kernel
def _init(setting: SuggestionSetting) -> State:
    return State(setting.base_0, setting.base_1)


@kernel
def _rates(setting: SuggestionSetting, state: State, index: int) -> Rates:
    theta = setting.thresholds[index]
    shown = 1.0 - theta
    worth = 0.5 * shown * (1.0 + theta)  # E x 1{x >= theta}
    return two_groups(setting.share, shown, shown, state.first * worth, state.second * worth)


@kernel
def _target(setting: SuggestionSetting, rates: Rates) -> State:
    if rates.accept[0] == 0.0:
        return State(setting.base_0, setting.base_1)
    lift = setting.lift / rates.accept[0]
    return State(setting.base_0 + lift * rates.good[0], setting.base_1 + lift * rates.good[1])


@shared_kernel
def _observe(state: State) -> Trust:
    return Trust(state.first, state.second)


@dataclass(frozen=True)
class Suggestions(Population):
    """Users in two groups, whose trust rises with the share of the shown suggestions that they accept.

    base: (2,) trust at the start, with base_g >= 0 and base_g + lift <= 1.  lift: in [0, 0.9].  adaptation: k in
    [0, 1]; 0 freezes the trust.  share: of group 1, in [0, 1].  Parity tolerances mean nothing here: both groups are
    shown equally many.
    """

    base: Sequence[float] = (0.7, 0.4)
    lift: float = 0.3
    adaptation: float = 0.1
    share: float = 0.5
    steps: ClassVar[PopulationSteps] = PopulationSteps(_init, _rates, _target, _observe)
    observables: ClassVar[tuple[str, ...]] = Trust._fields

    def __post_init__(self) -> None:
        lift = real("lift", self.lift, 0.0, 0.9)
        real("adaptation", self.adaptation, 0.0, 1.0)
        real("share", self.share, 0.0, 1.0)
        object.__setattr__(self, "base", pair("base", self.base))
        if max(self.base) + lift > 1.0:
            raise ValueError(f"base + lift must be at most 1, got base {self.base} and lift {lift:g}")

    def setting(self, thresholds: NDArray[np.float64]) -> SuggestionSetting:
        """Return what the compiled functions receive."""
        first, second = self.base
        return SuggestionSetting(thresholds, first, second, float(self.lift), float(self.share))

    @property
    def contraction(self) -> float:
        """Return rho = 1 - k + k lift."""
        return 1.0 - self.adaptation + self.adaptation * self.lift

    @property
    def reachable(self) -> tuple[tuple[float, float], ...]:
        """Return [base_g, base_g / (1 - lift)]; the trust at the start without adaptation."""
        most = 1.0 / (1.0 - self.lift) if self.adaptation > 0.0 else 1.0
        return tuple((base, base * most) for base in self.base)

    def sensitivity(self, price: float) -> Sensitivity:
        """Return M: the reward's slope in trust is at most E x = 1/2 of its range, and showing does not react."""
        return Sensitivity(0.5, 0.0, 0.0)
