"""Populations drawn with replacement from empirical pools, whose composition reacts to acceptance rates.

Each group g has a pool of scored individuals with known outcomes, so that its rates at a threshold theta, A_g(theta)
(accepted) and G_g(theta) (accepted and good), are constant shares. The state is w, the share of group 1:

    w' = (1 - k) w + k clip(w_0 + lift (A_1 - A_0), 0.05, 0.95):

a group that is accepted less applies less. For a fixed theta this contracts at rate rho = 1 - k towards
w*(theta) = clip(w_0 + lift (A_1(theta) - A_0(theta)), 0.05, 0.95), and w never leaves [0.05, 0.95].
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import array, optional_real, real
from bandits.core.jit import kernel, shared_kernel
from bandits.core.limits import lowered
from bandits.threshold.population import Population, PopulationSteps, Rates, Sensitivity, State

LEAST_SHARE, LARGEST_SHARE = 0.05, 0.95


class PoolSetting(NamedTuple):
    """Rates of both groups at the G thresholds, and the parameters of the reaction."""

    accept: Any  # (2, G) float64, shares accepted
    good: Any  # (2, G) float64, shares accepted and good
    share: float  # w_0
    lift: float


@kernel
def clip_share(share: float) -> float:
    """Return the share clipped to [0.05, 0.95]."""
    return min(max(share, LEAST_SHARE), LARGEST_SHARE)


@kernel
def _init(setting: PoolSetting) -> State:
    return State(clip_share(setting.share), 0.0)


@kernel
def _rates(setting: PoolSetting, state: State, index: int) -> Rates:
    accept, good = setting.accept, setting.good
    return Rates(state.first, accept[0, index], accept[1, index], good[0, index], good[1, index])


@kernel
def _target(setting: PoolSetting, rates: Rates) -> State:
    return State(clip_share(setting.share + setting.lift * (rates.accept_1 - rates.accept_0)), 0.0)


def _cut(share: float) -> float:
    return min(max(share, LEAST_SHARE), LARGEST_SHARE)


class Pools(NamedTuple):
    """Scored individuals with outcomes, group by group."""

    scores: tuple[NDArray[np.float64], NDArray[np.float64]]  # (N_g,) in [0, 1]
    good: tuple[NDArray[np.float64], NDArray[np.float64]]  # (N_g,) 0 or 1

    @property
    def share(self) -> float:
        """Return the share of group 1 among all."""
        return len(self.scores[1]) / (len(self.scores[0]) + len(self.scores[1]))


@checked
def split_pools(scores: ArrayLike, good: ArrayLike, group: ArrayLike) -> Pools:
    """Return the pools of groups 0 and 1 from (N,) scores in [0, 1], outcomes 0/1 and group labels 0/1.

    Raises ValueError for lengths that differ, values out of range, or a group without any individual.
    """
    columns = [array(name, v, 1, 0.0, 1.0) for name, v in (("scores", scores), ("good", good), ("group", group))]
    x, y, g = columns
    if not len(x) == len(y) == len(g):
        raise ValueError(f"scores, good and group must be of one length, got {len(x)}, {len(y)}, {len(g)}")
    for name, labels in (("good", y), ("group", g)):
        if not np.isin(labels, (0.0, 1.0)).all():
            raise ValueError(f"{name} must be 0 or 1, got {labels[~np.isin(labels, (0.0, 1.0))][0]:g}")
    if len(np.unique(g)) < 2:
        raise ValueError(f"both groups must be present, got only group {g[0]:g}")
    return Pools((x[g == 0], x[g == 1]), (y[g == 0], y[g == 1]))


class Composition(NamedTuple):
    """Metrics of the state: the share of group 1."""

    share: float


@shared_kernel
def _observe(state: State) -> Composition:
    return Composition(state.first)


@dataclass(frozen=True)
class PoolPopulation(Population):
    """Base of the populations with pools: adaptation k in [0, 1] (0 freezes the composition), lift in [0, 1].

    share: w_0 in [0, 1] of group 1 before feedback; None means the pools' own.
    """

    adaptation: float = 0.1
    lift: float = 0.3
    share: float | None = None
    steps: ClassVar[PopulationSteps] = PopulationSteps(_init, _rates, _target, _observe)
    observables: ClassVar[tuple[str, ...]] = Composition._fields

    def __post_init__(self) -> None:
        real("adaptation", self.adaptation, 0.0, 1.0)
        real("lift", self.lift, 0.0, 1.0)
        optional_real("share", self.share, low=0.0, high=1.0)

    @property
    @abstractmethod
    def pools(self) -> Pools:
        """The two groups' pools."""

    def setting(self, thresholds: NDArray[np.float64]) -> PoolSetting:
        """Return what the compiled functions receive: exact rates by counting."""
        accept, good = np.empty((2, len(thresholds))), np.empty((2, len(thresholds)))
        for g in range(2):
            order = np.argsort(self.pools.scores[g], kind="stable")
            first = np.searchsorted(self.pools.scores[g][order], lowered(thresholds), side="left")
            good_above = np.append(np.cumsum(self.pools.good[g][order][::-1])[::-1], 0.0)
            accept[g] = (len(order) - first) / len(order)
            good[g] = good_above[first] / len(order)
        return PoolSetting(accept, good, self.start, float(self.lift))

    @property
    def start(self) -> float:
        """Share of group 1 before feedback."""
        return self.pools.share if self.share is None else float(self.share)

    @property
    def contraction(self) -> float:
        """Return rho = 1 - k."""
        return 1.0 - self.adaptation

    @property
    def reachable(self) -> tuple[tuple[float, float], ...]:
        """Return [clip(w_0 - lift), clip(w_0 + lift)]; the initial share without adaptation."""
        lift = self.lift if self.adaptation > 0.0 else 0.0
        return ((_cut(self.start - lift), _cut(self.start + lift)),)

    def sensitivity(self, price: float) -> Sensitivity:
        """Return M, the Lipschitz constants in w, for reward, parity and service.

        Reward and overall rate are mixtures by w, so their slopes in w are the groups' differences, here the largest
        at any threshold (which is constant between neighbouring scores); the groups' own rates do not depend on w.
        """
        here = self.setting(np.unique(np.concatenate(self.pools.scores)))
        reward = ((1.0 + price) * here.good - price * here.accept) / (1.0 + price)
        return Sensitivity(float(np.ptp(reward, axis=0).max()), 0.0, float(np.ptp(here.accept, axis=0).max()))


@dataclass(frozen=True)
class EmpiricalPools(PoolPopulation):
    """Pools from given scores: scores (N,) in [0, 1], good (N,) 0/1, group (N,) 0/1 with both groups present."""

    scores: Sequence[float] = ()
    good: Sequence[int] = ()
    group: Sequence[int] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        split_pools(self.scores, self.good, self.group)
        for name, kind in (("scores", np.float64), ("good", np.int64), ("group", np.int64)):
            object.__setattr__(self, name, tuple(np.asarray(getattr(self, name), dtype=kind).tolist()))

    @cached_property
    def pools(self) -> Pools:
        """The two groups' pools."""
        return split_pools(self.scores, self.good, self.group)
