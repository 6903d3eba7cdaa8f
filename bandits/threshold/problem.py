"""The threshold game: one threshold for all groups, a population that reacts, parity and service constraints.

Du, "Optimistic Feasible Search for Closed-Loop Fair Threshold Decision-Making" (2025), arXiv 2512.22313.
In round t the learner plays one of G thresholds theta; n individuals (group g in {0, ..., K - 1}, score x, outcome
y in {0, 1}) come from the population's current state and are accepted iff x >= theta. With q the price of a
bad acceptance, a_g the batch's acceptance rates by group and a its overall rate,

    reward    (1/n) sum accept (y - q (1 - y)), in [-q, 1]; rescaled to [0, 1] for the learner,
    parity    a_0 - a_1 - delta and a_1 - a_0 - delta      (residuals: satisfied iff <= 0),
    service   low - a and a - high                         (if service rates are constrained).

With K > 2 groups, parity is asked of every pair of them: K (K - 1) residuals, in the order of
`bandits.threshold.batch`. The signed pair has unbiased means; a single residual |a_0 - a_1| - delta is biased, since
E|X| >= |E X|. A batch in which a group is absent repeats the last rate of that group (0 before any), has information
0 for its pairs, and is counted. Given the state, counts by group, acceptances and good acceptances are binomial:
drawing these 3 K - 1 numbers is the same in law as drawing the n individuals.

`information` is the precision of a residual, as the number of individuals of an ideal batch of equal precision:
given the sizes n_a, n_b of two groups, a_a - a_b is sub-Gaussian with variance proxy (1/n_a + 1/n_b) / 4 =
R^2 / (4 N) for R = 2 and N = 4 n_a n_b / (n_a + n_b) <= n_a + n_b <= n, with equality only for two groups of one size
and no other; for service R = 1 and N = n. The count n would overstate the precision for unequal groups.

The violation of parity is that of the worst pair, max(0, max_g A_g - min_g A_g - delta), the demographic parity
difference beyond the tolerance; for K = 2 it is the sum of the positive parts of the two residuals.

Regret is against the oracle: the best feasible threshold of the grid, each evaluated at its fixed point
(`bandits.threshold.fixed_points`). Every metric but `reward` is computed from means.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import Checked, checked, read_only
from bandits.core.checks import HUGE, LARGEST, array, instance, integer, real, shown
from bandits.core.sampling import table_slots
from bandits.protocol import ProblemSteps, RoundProblem
from bandits.threshold.batch import Constraints
from bandits.threshold.fixed_points import FixedPoints, find_fixed_points
from bandits.threshold.population import Population, Sensitivity
from bandits.threshold.ranges import proven_range
from bandits.threshold.rounds import Metrics, ThresholdSetting, make_recorded_rates, steps_of

_MANY_THRESHOLDS = 10**6


@dataclass(frozen=True)
class ChosenThreshold(Checked):
    """Reward and residuals of the chosen threshold alone (bandit feedback)."""

    kind: ClassVar[str] = "chosen threshold"


@dataclass(frozen=True)
class FullScores(Checked):
    """The reward of the chosen threshold and the residuals of all thresholds: the scores of the batch are observed."""

    kind: ClassVar[str] = "full scores"


class WorstPair(NamedTuple):
    """Two groups, by name, and by how much their acceptance rates differ."""

    most: str
    least: str
    gap: float


@dataclass(frozen=True)
class ThresholdGame(RoundProblem):
    """`horizon` >= 1 rounds of batches from a closed-loop population.

    grid: number of thresholds G >= 2, equally spaced on [0, 1], or the thresholds themselves, increasing.
    batch_size: individuals per round n, in [1, 10^6].  price: q >= 0 of a bad acceptance.
    parity_tolerance: delta in [0, 1].  service: (low, high) with 0 <= low <= high <= 1, or None.

    Metrics (sums over rounds): reward (drawn, in units of a good acceptance); regret (mean reward below the
    oracle's; it can be negative under violated constraints); violation = parity_violation +
    service_violation (positive parts of the mean residuals, for parity that of the worst pair of groups);
    infeasible_rounds; settled_regret and settled_violation (the same at the fixed point of each threshold played);
    switches (of threshold); absent_groups (some group missing from a batch); and the current observables of the
    population.
    """

    population: Population
    horizon: int
    grid: int | Sequence[float] = 50
    batch_size: int = 100
    price: float = 1.0
    parity_tolerance: float = 0.1
    service: Sequence[float] | None = None
    feedback: ChosenThreshold | FullScores = field(default_factory=ChosenThreshold)

    def __post_init__(self) -> None:
        instance("population", self.population, Population, "a population such as Synthetic() or pools_from_table(...)")
        integer("horizon", self.horizon, low=1)
        integer("batch_size", self.batch_size, low=1, high=10**6)
        real("price", self.price, low=0.0)
        real("parity_tolerance", self.parity_tolerance, low=0.0, high=1.0)
        instance("feedback", self.feedback, (ChosenThreshold, FullScores), "ChosenThreshold() or FullScores()")
        object.__setattr__(self, "grid", _grid(self.grid))
        if self.service is not None:
            ends = array("service", self.service, 1, 0.0, 1.0).tolist()
            if len(ends) != 2 or ends[0] > ends[1]:
                raise ValueError(f"service must be (low, high) with low <= high, got {shown(self.service)}")
            object.__setattr__(self, "service", tuple(ends))

    @cached_property
    @read_only
    def thresholds(self) -> NDArray[np.float64]:
        """The thresholds, (G,)."""
        return np.linspace(0.0, 1.0, self.grid) if isinstance(self.grid, int) else np.asarray(self.grid)

    @property
    def n_actions(self) -> int:
        """Number of thresholds G."""
        return len(self.thresholds)

    @property
    def constraints(self) -> Constraints:
        """The limits, as the compiled functions receive them."""
        low, high = (0.0, 1.0) if self.service is None else self.service
        return Constraints(self.n_constraints, float(self.parity_tolerance), low, high, self.n_parity)

    @property
    def n_parity(self) -> int:
        """Number of parity residuals, K (K - 1) for K groups: 2 for two."""
        return self.population.n_groups * (self.population.n_groups - 1)

    @property
    def n_constraints(self) -> int:
        """Number of residuals m: those of parity, and 2 more with service rates."""
        return self.n_parity if self.service is None else self.n_parity + 2

    @property
    def reward_range(self) -> float:
        """Range of the reward, 1 + q."""
        return 1.0 + float(self.price)

    @property
    def contraction(self) -> float:
        """The population's rho."""
        return self.population.contraction

    @property
    def diameter(self) -> float:
        """The population's D."""
        return self.population.diameter

    @property
    def sensitivity(self) -> Sensitivity:
        """The population's Lipschitz constants M at this price."""
        return self.population.sensitivity(float(self.price))

    @cached_property
    def fixed_points(self) -> FixedPoints:
        """The fixed point of every threshold, and the best feasible one."""
        return find_fixed_points(self.population, self.thresholds, float(self.price), self.constraints)

    def worst_pair(self, index: int) -> WorstPair:
        """Return the groups that threshold `index` in 0..G-1 accepts most and least at its fixed point."""
        i, found = integer("index", index, low=0, high=self.n_actions - 1), self.fixed_points
        most, least = found.worst[i]
        names = self.population.group_names
        return WorstPair(names[most], names[least], float(found.accept[i, most] - found.accept[i, least]))

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured numbers."""
        return (*Metrics._fields, *self.population.observables)

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on `metric` after `horizon` rounds; ValueError for a name that is no metric."""
        return proven_range(self, metric, learner)

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions for this population and feedback."""
        full = isinstance(self.feedback, FullScores)
        return steps_of(self.population.steps, full)

    def recordable(self) -> dict[str, Any]:
        """Return the kernel of "rates": the exact ones of the round, by group.

        `PairRates` for two groups, with the share of group 1; `Rates` of arrays (K,) for more.
        """
        return {"rates": make_recorded_rates(self.population.steps.rates, self.population.n_groups == 2)}

    def setting(self) -> ThresholdSetting:
        """Return what the compiled functions receive."""
        found = self.fixed_points
        return ThresholdSetting(
            self.population.setting(self.thresholds),
            self.constraints,
            self.n_actions,
            self.population.n_groups,
            int(self.batch_size),
            float(self.price),
            float(self.population.adaptation),
            float(found.reward[found.best]),
            found.reward,
            found.violation,
            table_slots(self.batch_size, self.horizon) if isinstance(self.feedback, ChosenThreshold) else 0,
        )


@checked
def late_average(rounds: ArrayLike, totals: ArrayLike, share: float = 0.2) -> NDArray[np.float64]:
    """Return the average per round over the last `share` of the rounds of a cumulative metric.

    rounds: (C,) checkpoints; totals: (..., C) the metric there. It starts at the last checkpoint not beyond
    (1 - share) of the horizon; ValueError if there is none. For `regret` this is the steady-state gap.
    """
    at, sums = array("rounds", rounds, 1, 1, LARGEST), array("totals", totals, None, -HUGE, HUGE)
    if sums.ndim == 0 or sums.shape[-1] != at.size or (np.diff(at) <= 0.0).any():
        raise ValueError(f"rounds must increase, one for each of totals, got {shown(rounds)} and {shown(totals)}")
    share = real("share", share, 0.0, 1.0, open_low=True, open_high=True)
    first = int(np.searchsorted(at, (1.0 - share) * at[-1], side="right")) - 1
    if not 0 <= first < at.size - 1:
        raise ValueError(
            f"share = {share:g} and rounds leave no checkpoint within the first {1.0 - share:g} of the horizon {at[-1]}"
        )
    return np.asarray((sums[..., -1] - sums[..., first]) / (at[-1] - at[first]))


def _grid(value: Any) -> int | tuple[float, ...]:
    """Return the number of thresholds, or the thresholds themselves."""
    if not isinstance(value, (Sequence, np.ndarray)) or isinstance(value, str):
        return integer("grid", value, low=2, high=_MANY_THRESHOLDS)
    thresholds = array("grid", value, 1, 0.0, 1.0)
    if not 2 <= thresholds.size <= _MANY_THRESHOLDS or (np.diff(thresholds) <= 0.0).any():
        raise ValueError(f"grid must hold 2 to {_MANY_THRESHOLDS} increasing thresholds, got {shown(value)}")
    return tuple(thresholds.tolist())
