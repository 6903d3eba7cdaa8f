"""Prediction for individuals of overlapping groups, with the regret of every group (Acharya et al., ICLR 2024).

In each round an individual is shown, its features x (d,) and which of the G groups it belongs to; the learner predicts
its label y in [0, 1] by p in [0, 1] and pays (p - y)^2. A group's regret is against its own best ridge regression, on
the rounds T_g of its members:

    regret_g = sum_g (p - y)^2 - min_theta [sum_g (<theta, x> - y)^2 + lambda |theta|^2].

With one regression per group and AdaNormalHedge as master over those that are awake, every group has

    regret_g <= d ln(1 + T_g X^2 / (lambda d)) + sqrt(3 T_g ln(G B)),   B = 5/2 + (3/2) ln(1 + T),

X the largest norm of features; `ratio` is the largest regret divided by its bound.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, returns
from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import HUGE, array, flag, instance, integer, real, zeros_and_ones
from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.linear_algebra import dot, factorise, solve_lower
from bandits.core.rng import Stream, uniform_index
from bandits.core.summation import Sum, empty_sum, plus, value
from bandits.protocol import ProblemSteps, RoundProblem, draws_nothing

_LEAST_RIDGE = 1e-8  # of the largest squared norm


@dataclass(frozen=True, eq=False)
class GroupedPeople(Checked):
    """Individuals: features (n, d), labels (n,) in [0, 1], and groups (n, G) of 0 and 1, at least one per individual.

    names: of the groups, by default their numbers.
    """

    features: Numbers
    labels: Numbers
    groups: Numbers
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        x, y = array("features", self.features, 2, -HUGE, HUGE), array("labels", self.labels, 1, 0.0, 1.0)
        groups = zeros_and_ones("groups", self.groups)
        for name, given in (("labels", y), ("groups", groups)):
            if len(given) != len(x):
                raise ValueError(f"{name} must be as many as features, {len(x)}, got {len(given)}")
        names = self.names or tuple(map(str, range(groups.shape[1])))
        if len(names) != groups.shape[1]:
            raise ValueError(f"names must be {groups.shape[1]} texts, one per group, got {len(names)}")
        for name, made in (("features", x), ("labels", y), ("groups", groups), ("names", names)):
            object.__setattr__(self, name, made)

    def members(self, group: int) -> "GroupedPeople":
        """Return the individuals of one group, with that group alone."""
        here = self.groups[:, integer("group", group, 0, self.groups.shape[1] - 1)]
        return GroupedPeople(self.features[here], self.labels[here], np.ones((int(here.sum()), 1)))


@dataclass(frozen=True)
class Label(Checked):
    """The label, after the prediction."""

    kind: ClassVar[str] = "label"


class Individual(NamedTuple):
    """What is shown before a prediction."""

    features: Any  # (d,) float64
    awake: Any  # (G,) bool, its groups
    cell: int  # number of the intersection: of those who are in the same groups


class Labelled(NamedTuple):
    """What is shown after a prediction."""

    label: float
    individual: Individual


class GroupSetting(NamedTuple):
    """What the compiled functions receive."""

    features: Any  # (n, d) float64
    labels: Any  # (n,) float64
    awake: Any  # (n, G) bool
    cells: Any  # (n,) int64
    shuffled: bool
    ridge: float
    square: float  # X^2


class GroupWorld(NamedTuple):
    """Losses so far, and the sums that the best regressions follow from, up to the last checkpoint."""

    order: Any  # (n,) int64
    loss: Sum
    losses: Any  # (G,) float64
    rounds: Any  # (G,) int64
    counted: Any  # (1,) int64
    gram: Any  # (G, d, d) float64, lambda I + sum x x'
    moments: Any  # (G, d) float64, sum y x
    squares: Any  # (G,) float64, sum y^2
    regrets: Any  # (G,) float64
    factor: Any  # (d, d) float64, scratch
    scratch: Any  # (d,) float64


class GroupMetrics(NamedTuple):
    """Metrics after a number of rounds, per group where they are arrays."""

    loss: float
    group_loss: Any
    group_regret: Any
    group_rounds: Any
    ratio: float


_check_prediction = returns(None, Part("the prediction", "number"))


@shared_kernel
def _init(setting: GroupSetting, env: Stream) -> GroupWorld:
    n, d = setting.features.shape
    g = setting.awake.shape[1]
    order = np.arange(n)
    if setting.shuffled:
        for i in range(n - 1, 0, -1):
            j = uniform_index(env, 0, i, i + 1)
            order[i], order[j] = order[j], order[i]
    gram = np.zeros((g, d, d))
    for k in range(g):
        for i in range(d):
            gram[k, i, i] = setting.ridge
    return GroupWorld(
        order, empty_sum(), np.zeros(g), np.zeros(g, np.int64), np.zeros(1, np.int64), gram, np.zeros((g, d)),
        np.zeros(g), np.zeros(g), np.zeros((d, d)), np.zeros(d),
    )  # fmt: skip


@kernel
def _individual(setting: GroupSetting, world: GroupWorld, t: int) -> Individual:
    i = world.order[t]
    return Individual(setting.features[i], setting.awake[i], setting.cells[i])


@kernel
def _observe(setting: GroupSetting, world: GroupWorld, t: int, env: Stream) -> Any:
    return _individual(setting, world, t), world


@kernel
def _respond(setting: GroupSetting, world: GroupWorld, t: int, prediction: float, env: Stream) -> Any:
    _check_prediction(prediction)
    if not 0.0 <= prediction <= 1.0:
        raise InvalidAction("the prediction must be in [0, 1], got {}", t, prediction)
    i = world.order[t]
    label = setting.labels[i]
    loss = (prediction - label) * (prediction - label)
    for k in range(world.losses.size):
        if setting.awake[i, k]:
            world.losses[k] += loss
            world.rounds[k] += 1
    after = GroupWorld(
        world.order, plus(world.loss, loss, t), world.losses, world.rounds, world.counted, world.gram, world.moments,
        world.squares, world.regrets, world.factor, world.scratch,
    )  # fmt: skip
    return Labelled(label, _individual(setting, world, t)), after


@rare_kernel
def _count(setting: GroupSetting, world: GroupWorld, n_rounds: int) -> int:
    """Add the rounds since the last checkpoint to the sums; return their number."""
    for t in range(world.counted[0], n_rounds):
        i = world.order[t]
        x, y = setting.features[i], setting.labels[i]
        for k in range(world.losses.size):
            if setting.awake[i, k]:
                world.squares[k] += y * y
                for a in range(x.size):
                    world.moments[k, a] += y * x[a]
                    for b in range(x.size):
                        world.gram[k, a, b] += x[a] * x[b]
    world.counted[0] = n_rounds
    return n_rounds


@kernel
def _measure(setting: GroupSetting, world: GroupWorld, n_rounds: int) -> GroupMetrics:
    _count(setting, world, n_rounds)
    g, d = world.losses.size, setting.features.shape[1]
    spread, worst = 3.0 * math.log(g * (2.5 + 1.5 * math.log1p(n_rounds))), 0.0
    for k in range(g):
        factorise(world.gram[k], 0.0, world.factor)
        solve_lower(world.factor, world.moments[k], world.scratch)
        best = world.squares[k] - dot(world.scratch, world.scratch)
        world.regrets[k] = world.losses[k] - best
        n = world.rounds[k]
        if n > 0:
            own = d * math.log1p(n * setting.square / (setting.ridge * d))
            worst = max(worst, world.regrets[k] / (own + math.sqrt(spread * n)))
    return GroupMetrics(value(world.loss), world.losses, world.regrets, world.rounds, worst)


@dataclass(frozen=True)
class GroupedPrediction(RoundProblem):
    """A game of `horizon` individuals, at most all of them; None means all.

    ridge: lambda > 0 of the regressions that regret is measured against.  shuffled: whether every repetition draws an
    order of its own. Metrics: loss; group_loss_g, group_regret_g and group_rounds_g for each group g; and ratio, the
    largest group_regret divided by its bound.
    """

    people: GroupedPeople
    horizon: int = None  # type: ignore[assignment]
    ridge: float = 0.01
    shuffled: bool = True
    feedback: ClassVar[Label] = Label()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure, _observe)

    def __post_init__(self) -> None:
        instance(
            "people", self.people, GroupedPeople, "GroupedPeople(features, labels, groups), such as compas_groups()"
        )
        n = len(self.people.labels)
        object.__setattr__(self, "horizon", n if self.horizon is None else integer("horizon", self.horizon, 1, n))
        self.check_ridge(self.ridge)
        flag("shuffled", self.shuffled)

    def check_ridge(self, ridge: float) -> None:
        """Raise ValueError for a lambda so small beside X^2 that regressions lose their digits."""
        real("ridge", ridge, low=0.0, open_low=True)
        if ridge < _LEAST_RIDGE * self.largest_square:
            least = _LEAST_RIDGE * self.largest_square
            raise ValueError(f"ridge must be at least {least:g}, 1e-8 of the largest |x|^2, got {ridge:g}")

    @property
    def largest_square(self) -> float:
        """X^2, the largest squared norm of features."""
        return float((self.people.features**2).sum(axis=1).max())

    @property
    def n_groups(self) -> int:
        """Number of groups G."""
        return int(self.people.groups.shape[1])

    @property
    def dimension(self) -> int:
        """Number of features d."""
        return int(self.people.features.shape[1])

    @property
    def cells(self) -> Any:
        """Number (n,) of the intersection of each individual: equal where all groups are."""
        return np.unique(self.people.groups, axis=0, return_inverse=True)[1].ravel().astype(np.int64)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured numbers."""
        fields = ("group_loss", "group_regret", "group_rounds")
        return ("loss", *(f"{field}_{g}" for field in fields for g in range(self.n_groups)), "ratio")

    def plays(self, learner: Any) -> int | None:
        """Return 1 in the given order, for a learner that draws nothing, else None."""
        return 1 if draws_nothing(learner) and not self.shuffled else None

    def setting(self) -> GroupSetting:
        """Return what the compiled functions receive."""
        people, square = self.people, self.largest_square
        return GroupSetting(
            people.features, people.labels, people.groups, self.cells, self.shuffled, self.ridge, square
        )
