"""Populations drawn with replacement from empirical pools, whose composition reacts to acceptance rates.

Each group g has a pool of scored individuals with known outcomes, so that its rates at a threshold theta, A_g(theta)
(accepted) and G_g(theta) (accepted and good), are constant shares. The state is w, the share of group 1:

    w' = (1 - k) w + k clip(w_0 + lift (A_1 - A_0), 0.05, 0.95):

a group that is accepted less applies less. For a fixed theta this contracts at rate rho = 1 - k towards
w*(theta) = clip(w_0 + lift (A_1(theta) - A_0(theta)), 0.05, 0.95), and w never leaves [0.05, 0.95].
The shares of more than two groups move as `bandits.threshold.group_pools` says.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import array, instance, optional_real, real, shown, text
from bandits.core.jit import kernel, shared_kernel
from bandits.core.limits import lowered
from bandits.threshold import group_pools
from bandits.threshold.group_pools import GroupPoolSetting
from bandits.threshold.population import Population, PopulationSteps, Rates, Sensitivity, State, two_groups

LEAST_SHARE, LARGEST_SHARE = 0.05, 0.95
MOST_GROUPS = 50  # K (K - 1) residuals are kept for every threshold


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
    return two_groups(state.first, accept[0, index], accept[1, index], good[0, index], good[1, index])


@kernel
def _target(setting: PoolSetting, rates: Rates) -> State:
    return State(clip_share(setting.share + setting.lift * (rates.accept[1] - rates.accept[0])), 0.0)


def _cut(share: float) -> float:
    return min(max(share, LEAST_SHARE), LARGEST_SHARE)


class Pools(NamedTuple):
    """Scored individuals with outcomes, group by group."""

    scores: tuple[NDArray[np.float64], ...]  # (N_g,) in [0, 1]
    good: tuple[NDArray[np.float64], ...]  # (N_g,) 0 or 1

    @property
    def share(self) -> float:
        """Return the share of group 1 among all."""
        return len(self.scores[1]) / sum(map(len, self.scores))

    @property
    def shares(self) -> NDArray[np.float64]:
        """Return the shares (K,) of the groups."""
        sizes = np.array([len(part) for part in self.scores])
        return np.asarray(sizes / sizes.sum())

    def rates(self, cuts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the shares (K, C) of each group with scores from the cuts (C,) on, and of the good ones with them."""
        accept, good = np.empty((2, len(self.scores), len(cuts)))
        for g, (scores, outcomes) in enumerate(zip(*self, strict=True)):
            order = np.argsort(scores, kind="stable")
            first = np.searchsorted(scores[order], cuts, side="left")
            good_above = np.append(np.cumsum(outcomes[order][::-1])[::-1], 0.0)
            accept[g] = (len(order) - first) / len(order)
            good[g] = good_above[first] / len(order)
        return accept, good

    @property
    def all_rates(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the rates at every score, between which they are constant."""
        return self.rates(np.unique(np.concatenate(self.scores)))


@checked
def split_pools(scores: ArrayLike, good: ArrayLike, group: ArrayLike) -> Pools:
    """Return the pools of the K >= 2 groups from (N,) scores in [0, 1], outcomes 0/1 and group labels 0, ..., K - 1.

    Raises ValueError for lengths that differ, values out of range, or a group without any individual.
    """
    x, y = (array(name, v, 1, 0.0, 1.0) for name, v in (("scores", scores), ("good", good)))
    g = array("group", group, 1, 0.0, MOST_GROUPS - 1)
    if not len(x) == len(y) == len(g):
        raise ValueError(f"scores, good and group must be of one length, got {len(x)}, {len(y)}, {len(g)}")
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError(f"good must be 0 or 1, got {y[~np.isin(y, (0.0, 1.0))][0]:g}")
    if (g % 1.0 != 0.0).any():
        raise ValueError(f"group must hold whole numbers, 0 for the first group, got {g[g % 1.0 != 0.0][0]:g}")
    n_groups = max(2, int(g.max()) + 1)
    absent = np.setdiff1d(np.arange(n_groups), g)
    if len(absent):
        all_of_them = "both groups" if n_groups == 2 else f"all groups 0, ..., {n_groups - 1}"
        got = f"only group {g[0]:g}" if n_groups == 2 else f"none of group {absent[0]}"
        raise ValueError(f"{all_of_them} must be present, got {got}")
    parts = [g == label for label in range(n_groups)]
    return Pools(tuple(x[part] for part in parts), tuple(y[part] for part in parts))


class Composition(NamedTuple):
    """Metrics of the state: the share of group 1."""

    share: float


@shared_kernel
def _observe(state: State) -> Composition:
    return Composition(state.first)


_STEPS = PopulationSteps(_init, _rates, _target, _observe)


@dataclass(frozen=True)
class PoolPopulation(Population):
    """Base of the populations with pools: adaptation k in [0, 1] (0 freezes the composition), lift in [0, 1].

    share: w_0 in [0, 1] of group 1 before feedback, or K positive numbers of sum 1 for K > 2 groups; None means the
    pools' own.
    """

    adaptation: float = 0.1
    lift: float = 0.3
    share: float | Sequence[float] | None = None

    def __post_init__(self) -> None:
        real("adaptation", self.adaptation, 0.0, 1.0)
        real("lift", self.lift, 0.0, 1.0)
        if self.n_groups == 2:
            object.__setattr__(self, "share", optional_real("share", self.share, low=0.0, high=1.0))
        elif self.share is not None:
            object.__setattr__(self, "share", _shares(self.share, self.n_groups))

    @property
    @abstractmethod
    def pools(self) -> Pools:
        """The groups' pools."""

    @property
    def steps(self) -> PopulationSteps:
        """The compiled functions."""
        return _STEPS if self.n_groups == 2 else group_pools.STEPS

    @property
    def observables(self) -> tuple[str, ...]:
        """Names of the shares: that of group 1, or of every group of more than two."""
        return Composition._fields if self.n_groups == 2 else tuple(f"share_{g}" for g in range(self.n_groups))

    def setting(self, thresholds: NDArray[np.float64]) -> PoolSetting | GroupPoolSetting:
        """Return what the compiled functions receive: exact rates by counting."""
        accept, good = self.pools.rates(lowered(thresholds))
        if self.n_groups == 2:
            return PoolSetting(accept, good, self.start, float(self.lift))
        rates = np.ascontiguousarray(accept.T), np.ascontiguousarray(good.T)
        targets = group_pools.targets(self.starts, rates[0], float(self.lift))
        return GroupPoolSetting(*rates, targets, self.starts)

    @property
    def start(self) -> float:
        """Share of group 1 before feedback."""
        return float(self.starts[1])

    @property
    def starts(self) -> NDArray[np.float64]:
        """Shares (K,) of the groups before feedback."""
        if self.share is None:
            return self.pools.shares
        shares = np.ravel(np.asarray(self.share, dtype=np.float64))
        return shares if len(shares) > 1 else np.array([1.0 - shares[0], shares[0]])

    @property
    def contraction(self) -> float:
        """Return rho = 1 - k."""
        return 1.0 - self.adaptation

    @property
    def reachable(self) -> tuple[tuple[float, float], ...]:
        """Return [clip(w_0 - lift), clip(w_0 + lift)]; the initial share without adaptation.

        For more than two groups, the least and the largest share of each that the start or a threshold's target has.
        """
        lift = float(self.lift) if self.adaptation > 0.0 else 0.0
        if self.n_groups == 2:
            return ((_cut(self.start - lift), _cut(self.start + lift)),)
        found = np.vstack([self.starts, group_pools.targets(self.starts, self.pools.all_rates[0].T, lift)])
        return tuple(zip(found.min(axis=0).tolist(), found.max(axis=0).tolist(), strict=True))

    def sensitivity(self, price: float) -> Sensitivity:
        """Return M, the Lipschitz constants in the shares, for reward, parity and service.

        Reward and overall rate are mixtures of the groups' own, which do not depend on the shares. Changes of the
        shares by at most e have sum 0, so they change a mixture by at most e (the sum of the larger half of the groups'
        numbers less that of the smaller half), for two groups their difference; here the largest at any threshold.
        """
        accept, good = self.pools.all_rates
        reward = ((1.0 + price) * good - price * accept) / (1.0 + price)
        return Sensitivity(_halves_apart(reward), 0.0, _halves_apart(accept))


def _halves_apart(numbers: NDArray[np.float64]) -> float:
    """Return the largest sum over a column of (K, C) of its larger half less its smaller half."""
    ordered, half = np.sort(numbers, axis=0), len(numbers) // 2
    return float((ordered[len(numbers) - half :].sum(axis=0) - ordered[:half].sum(axis=0)).max())


def _shares(share: Any, n_groups: int) -> tuple[float, ...]:
    """Return the shares of K > 2 groups before feedback; ValueError unless they are positive and of sum 1."""
    shares = array("share", share, None, 0.0, 1.0)
    if shares.shape != (n_groups,) or not (shares > 0.0).all() or abs(shares.sum() - 1.0) > 1e-9:
        raise ValueError(f"share must be {n_groups} positive numbers of sum 1, one per group, got {shown(share)}")
    return tuple((shares / shares.sum()).tolist())


@dataclass(frozen=True)
class EmpiricalPools(PoolPopulation):
    """Pools from given scores: scores (N,) in [0, 1], good (N,) 0/1, group (N,) 0, ..., K - 1 with K in [2, 50].

    Every group must be present.  names: of the K groups, distinct; () means their numbers.
    """

    scores: Sequence[float] = ()
    good: Sequence[int] = ()
    group: Sequence[int] = ()
    names: Sequence[str] = ()

    def __post_init__(self) -> None:
        split_pools(self.scores, self.good, self.group)
        for name, kind in (("scores", np.float64), ("good", np.int64), ("group", np.int64)):
            object.__setattr__(self, name, tuple(np.asarray(getattr(self, name), dtype=kind).tolist()))
        names = tuple(text("names", name) for name in instance("names", self.names, (list, tuple), "a list of names"))
        if names and (len(names) != self.n_groups or len(set(names)) < len(names)):
            raise ValueError(f"names must be {self.n_groups} distinct names, one per group, got {shown(self.names)}")
        object.__setattr__(self, "names", names)
        super().__post_init__()

    @cached_property
    def n_groups(self) -> int:
        """Number of groups K."""
        return max(self.group) + 1

    @property
    def group_names(self) -> tuple[str, ...]:
        """Names of the groups."""
        return tuple(self.names) or super().group_names

    @cached_property
    def pools(self) -> Pools:
        """The groups' pools."""
        return split_pools(self.scores, self.good, self.group)
