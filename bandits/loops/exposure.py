"""Exposure: what a recommender shows decides which clicks it sees.

In each round one of n items is shown and, with its relevance g_i as probability, clicked. The learner plays a law a of
items; item i is shown with probability p_i = (1 - f) a_i + f / n, f the floor. A recommender that shows items in
proportion to their clicks is Polya's urn: it settles on a preference even where all items are alike. As the
probabilities are known, clicks divided by them are unbiased estimates of the relevance (Saito et al., WSDM 2020, whose
one-shot estimate and its clip are in `bandits.loops.missing`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, returns
from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import array, integer, real
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform_pair
from bandits.core.summation import Sum, close_block, empty_sum, least, plus, value
from bandits.protocol import Learner, LearnerSteps, ProblemSteps, RoundProblem


@dataclass(frozen=True)
class Clicks(Checked):
    """The item that was shown, the probability with which it was, and whether it was clicked."""

    kind: ClassVar[str] = "clicks"


class Shown(NamedTuple):
    """The feedback of a round."""

    item: int
    probability: float
    clicked: bool


class ItemLaw(NamedTuple):
    """An action: the probabilities of the items."""

    law: Any  # (n,) float64


class ExposureSetting(NamedTuple):
    """What the compiled functions receive."""

    relevance: Any  # (n,) float64
    floor: float


class ExposureWorld(NamedTuple):
    """Sums over rounds, and the last probabilities."""

    shown: Any  # (n,) float64, p of the last round
    closed: Any  # (2, n) float64, sums of p and of clicks / p in whole blocks of 4096 rounds
    open: Any  # (2, n) float64, in the present block
    clicks: int
    regret: Sum


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    reward: float
    regret: float
    least_exposure: float
    concentration: float
    squared_error: float


_check_action = returns(ItemLaw, Part("law", "number", 1))


@kernel
def _init(setting: ExposureSetting, env: Stream) -> ExposureWorld:
    n = setting.relevance.size
    return ExposureWorld(np.zeros(n), np.zeros((2, n)), np.zeros((2, n)), 0, empty_sum())


@kernel
def _respond(setting: ExposureSetting, world: ExposureWorld, t: int, action: ItemLaw, env: Stream) -> Any:
    _check_action(action)
    law, g = action.law, setting.relevance
    if law.size != g.size:
        raise InvalidAction("law must have {} entries, got {}", t, g.size, law.size)
    total, fine = 0.0, True
    for i in range(g.size):
        total += law[i]
        fine &= law[i] >= 0.0
    if not (fine and abs(total - 1.0) <= 1e-9):
        raise InvalidAction("law must be probabilities that sum to 1, got a sum of {}", t, total)
    missed, best = 0.0, g.max()
    for i in range(g.size):
        world.shown[i] = (1.0 - setting.floor) * law[i] / total + setting.floor / g.size
        world.open[0, i] += world.shown[i]
        missed += world.shown[i] * (best - g[i])
    first, second = uniform_pair(env, t, 0)
    item = pick(world.shown, 1.0, first)
    clicked = second < g[item]
    if clicked:
        world.open[1, item] += 1.0 / world.shown[item]
    close_block(world.closed.reshape(-1), world.open.reshape(-1), t)
    clicks, regret = world.clicks + (1 if clicked else 0), plus(world.regret, missed, t)
    after = ExposureWorld(world.shown, world.closed, world.open, clicks, regret)
    return Shown(item, world.shown[item], clicked), after


@rare_kernel
def _measure(setting: ExposureSetting, world: ExposureWorld, n_rounds: int) -> Metrics:
    concentration, error, g = 0.0, 0.0, setting.relevance
    exposure, weighted = world.closed + world.open
    for i in range(g.size):
        concentration += world.shown[i] * world.shown[i]
        error += (weighted[i] / n_rounds - g[i]) ** 2 / g.size
    return Metrics(world.clicks, value(world.regret), least(exposure), concentration, error)


@dataclass(frozen=True, eq=False)
class ExposureLoop(RoundProblem):
    """`horizon` rounds (1 to 2^56) of a recommender that shows one item.

    relevance: (n,) in [0, 1], the probability g_i of a click where item i is shown.  floor: f in [0, 1], the share of
    rounds in which a uniform item is shown.

    Metrics: reward, the clicks; regret, the sum of max g - sum_i p_i g_i; least_exposure, the least sum over rounds of
    an item's p_i; concentration, sum_i p_i^2 of the last round, 1/n where all are shown alike and 1 for one item;
    squared_error, the mean over items of (mean over rounds of click / p_i, 0 if not clicked, less g_i)^2.
    """

    relevance: Numbers
    horizon: int
    floor: float = 0.0
    feedback: ClassVar[Clicks] = Clicks()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure)
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "relevance", array("relevance", self.relevance, 1, 0.0, 1.0))
        integer("horizon", self.horizon, low=1)
        real("floor", self.floor, low=0.0, high=1.0)

    @property
    def n_items(self) -> int:
        """Number of items n."""
        return len(self.relevance)

    @cached_property
    def _setting(self) -> ExposureSetting:
        return ExposureSetting(self.relevance, float(self.floor))

    def setting(self) -> ExposureSetting:
        """Return what the compiled functions receive."""
        return self._setting

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric that hold for every draw; ValueError for errors without a floor, which have none.

        An estimate lies between 0 and n / f.
        """
        above = 1.0 + 1e-9  # rounding of sums
        if metric == "squared_error":
            if self.floor == 0.0:
                raise ValueError("no proven range of 'squared_error' without a floor")
            return 0.0, above * (self.n_items / self.floor) ** 2
        if metric == "concentration":
            return (1.0 - 1e-9) / self.n_items, above
        gap = float(np.ptp(self.relevance))
        high = {"reward": self.horizon, "regret": gap * self.horizon, "least_exposure": self.horizon / self.n_items}
        return 0.0, above * high[metric]


# ---------------------------------------------------------------- recommenders


class PopularityParams(NamedTuple):
    """The number of items and each one's clicks at the start."""

    n_items: int
    start: float


class PopularityState(NamedTuple):
    """Clicks, those at the start included, and room for the action."""

    clicks: Any  # (n,) float64
    law: Any  # (n,) float64


@kernel
def _init_popularity(params: PopularityParams, rng: Stream) -> PopularityState:
    return PopularityState(np.full(params.n_items, params.start), np.zeros(params.n_items))


@kernel
def _act_popularity(params: PopularityParams, state: PopularityState, t: int, rng: Stream) -> ItemLaw:
    total = state.clicks.sum()
    for i in range(params.n_items):
        state.law[i] = state.clicks[i] / total
    return ItemLaw(state.law)


@kernel
def _update_popularity(
    params: PopularityParams, state: PopularityState, t: int, action: ItemLaw, seen: Shown, rng: Stream
) -> PopularityState:
    if seen.clicked:
        state.clicks[seen.item] += 1.0
    return state


@dataclass(frozen=True)
class Popularity(Learner):
    """Shows items in proportion to their clicks; start: clicks of each item before the first round, c > 0."""

    start: float = 1.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_popularity, _act_popularity, _update_popularity)
    accepts: ClassVar[tuple[type, ...]] = (Clicks,)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        real("start", self.start, low=1e-6, high=1e9)

    def parameters(self, problem: ExposureLoop) -> PopularityParams:
        """Return the number of items and the clicks at the start."""
        return PopularityParams(problem.n_items, float(self.start))


class ClippedParams(NamedTuple):
    """The number of items, the clip and the sharpness."""

    n_items: int
    clip: float
    sharpness: float


class ClippedState(NamedTuple):
    """Sums of clicks / max(p, clip), and room for the action."""

    weighted: Any  # (n,) float64
    law: Any  # (n,) float64


@kernel
def _init_clipped(params: ClippedParams, rng: Stream) -> ClippedState:
    return ClippedState(np.zeros(params.n_items), np.zeros(params.n_items))


@kernel
def _act_clipped(params: ClippedParams, state: ClippedState, t: int, rng: Stream) -> ItemLaw:
    largest, total = state.weighted.max(), 0.0
    for i in range(params.n_items):
        state.law[i] = np.exp(params.sharpness * (state.weighted[i] - largest) / max(t, 1))
        total += state.law[i]
    for i in range(params.n_items):
        state.law[i] /= total
    return ItemLaw(state.law)


@kernel
def _update_clipped(
    params: ClippedParams, state: ClippedState, t: int, action: ItemLaw, seen: Shown, rng: Stream
) -> ClippedState:
    if seen.clicked:
        state.weighted[seen.item] += 1.0 / max(seen.probability, params.clip)
    return state


@dataclass(frozen=True)
class ClippedInverse(Learner):
    """Shows items in proportion to e^{sharpness s_i}, s_i the mean over rounds of click / max(p_i, clip).

    clip: M in (0, 1]; 1 counts clicks as they are.  sharpness: in [0, 1e6].
    """

    clip: float = 0.05
    sharpness: float = 10.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init_clipped, _act_clipped, _update_clipped)
    accepts: ClassVar[tuple[type, ...]] = (Clicks,)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        real("clip", self.clip, low=1e-9, high=1.0)
        real("sharpness", self.sharpness, low=0.0, high=1e6)

    def parameters(self, problem: ExposureLoop) -> ClippedParams:
        """Return the number of items, the clip and the sharpness."""
        return ClippedParams(problem.n_items, float(self.clip), float(self.sharpness))
