"""Queries routed to models, at a preference between quality and cost that changes from round to round.

A model answers a query well, quality 1, or not, quality 0, and costs c in [0, 1]. At preference w its loss is

    l = (1 - w) (1 - quality) + w c,   on average f = (1 - w) u + w c,   u = P(quality is 0), the shortfall.

Who sees only l (`PlayedLoss`) learns little of quality where w is near 1; with `PlayedPair` quality and cost are
revealed in every round, and what is learnt at one preference serves all.

Wei et al., "Learning to route LLMs from bandit feedback" (2025), arXiv:2510.07429.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.contextual.problem import ContextualFeedback, ContextualState, charge, measure, observe, start
from bandits.contextual.worlds import (
    ContextualSetting,
    KnownWorld,
    LinearWorld,
    Link,
    Pairs,
    World,
    logistic,
    order_of,
    put,
)
from bandits.core.actions import arm_of
from bandits.core.arguments import Numbers, checked
from bandits.core.checks import HUGE, array, instance
from bandits.core.jit import kernel, shared_kernel
from bandits.core.rng import Stream
from bandits.protocol import ProblemSteps

_MOST = 10**7  # numbers of the contexts


@dataclass(frozen=True, eq=False)
class RoutingWorld(World):
    """A context is a query at a preference: number q m + j is query q at preferences[j], n m in all.

    shortfall, cost: worlds of n contexts, such as `LinearWorld` or `KnownWorld`, with the same features z (n, R, d) and
    no order, one table of means each: the chance of quality 0, and the cost.  preferences: w in [0, 1], (m,).
    order: as in `LinearWorld`.

    The features are ((1 - w) z, w z): mean losses are linear in them for every preference where shortfall and cost are
    linear in z.
    """

    shortfall: World
    cost: World
    preferences: Numbers
    order: Numbers = None
    predictions: ClassVar[bool] = False

    def __post_init__(self) -> None:
        for name, part in (("shortfall", self.shortfall), ("cost", self.cost)):
            instance(name, part, World, "a world such as KnownWorld(queries, mean_losses)")
            if part.order is not None or len(part.means) > 1 or part.pairs.preferences.size > 0:
                raise ValueError(f"{name} must be a world without order or preferences and with one table of means")
        z, other = self.shortfall.features, self.cost.features
        if not np.array_equal(z, other) or self.shortfall.n_actions != self.cost.n_actions:
            got = f"{z.shape} and {other.shape}, {self.shortfall.n_actions} and {self.cost.n_actions}"
            raise ValueError(f"shortfall and cost must have the same features and as many actions, got {got}")
        w = array("preferences", self.preferences, 1, 0.0, 1.0)
        _few(len(z), len(w), max(self.shortfall.n_actions, 2 * z.shape[1] * z.shape[2]))
        parts = (z, self.shortfall.means[0], self.cost.means[0], w)
        pairs, each = Pairs(*map(np.ascontiguousarray, parts)), w[:, None, None]
        shown = np.concatenate([(1.0 - each) * z[:, None], each * z[:, None]], axis=3)
        losses = pairs.shortfalls[:, None] + w[:, None] * (pairs.costs - pairs.shortfalls)[:, None]
        features, means = shown.reshape(-1, *shown.shape[2:]), losses.reshape(1, -1, losses.shape[2])
        order = order_of(self.order, len(features))
        put(self, preferences=w, order=order, features=features, means=means, pairs=pairs)

    @property
    def parameter_norm(self) -> float:
        """Norm of the parameters of shortfall and cost, all of their numbers together; AttributeError without them."""
        return math.hypot(self.shortfall.parameter_norm, self.cost.parameter_norm)


def _few(queries: int, preferences: int, numbers: int) -> None:
    if queries * preferences * numbers > _MOST:
        raise ValueError(
            f"queries and preferences must make at most {_MOST} numbers, got {queries} times {preferences}"
        )


@checked
def routing_world(
    slopes: ArrayLike,
    offsets: ArrayLike,
    costs: ArrayLike,
    queries: ArrayLike,
    preferences: ArrayLike,
    quality: Link = "identity",
    pairs: bool = False,
) -> World:
    """Return the routing of queries to K models, where each query comes with a preference between quality and cost.

    A model of slope s (K, d), offset o (K,) and cost c (K,) in [0, 1] has mean quality q = s'x + o for a query x (n,
    d), which must lie in [0, 1], or with quality="logistic" 1 / (1 + exp(-s'x - o)). At preference w in [0, 1], (m,),
    its mean loss is (1 - w) (1 - q) + w c. A context is a query at a preference, n m in all.

    pairs: False for losses 0 or 1 and features ((1 - w) x, 1 - w, w), in which the mean loss is linear for every
    preference where quality is linear; True for a `RoutingWorld` with the features (x, 1) of queries, in which quality
    and cost make the loss and `PlayedPair` reveals them.
    """
    s, x = (array(name, value, 2, -HUGE, HUGE) for name, value in (("slopes", slopes), ("queries", queries)))
    o, c = array("offsets", offsets, 1, -HUGE, HUGE), array("costs", costs, 1, 0.0, 1.0)
    if not len(s) == len(o) == len(c) or s.shape[1] != x.shape[1]:
        got = f"{s.shape}, {o.shape}, {c.shape}, {x.shape}"
        raise ValueError(f"slopes, offsets, costs and queries must be (K, d), (K,), (K,), (n, d), got {got}")
    w = array("preferences", preferences, 1, 0.0, 1.0)
    _few(len(x), len(w), max(len(s), 2 * s.shape[1] + 2))
    z = np.hstack([x, np.ones((len(x), 1))])
    values = z @ np.hstack([s, o[:, None]]).T
    if quality == "identity" and (values.min() < 0.0 or values.max() > 1.0):
        got = f"{values.min():.6g} to {values.max():.6g}"
        raise ValueError(f"slopes, offsets and queries must make qualities in [0, 1], got {got}")
    if pairs:
        first = 1.0 if quality == "identity" else 0.0  # 1 - q, or the odds of quality 0
        lacking = LinearWorld(z, np.hstack([-s, first - o[:, None]]), quality)
        return RoutingWorld(lacking, LinearWorld(z, np.hstack([0.0 * s, c[:, None]])), w)
    weight, query = np.tile(w, len(x))[:, None], np.repeat(x, len(w), axis=0)
    features = np.hstack([(1.0 - weight) * query, 1.0 - weight, weight])
    if quality == "identity":
        return LinearWorld(features, np.hstack([-s, 1.0 - o[:, None], c[:, None]]))
    good = logistic(query @ s.T + o)
    return KnownWorld(features, (1.0 - weight) * (1.0 - good) + weight * c)


# ---------------------------------------------------------------- pairs as feedback


class Asked(NamedTuple):
    """What is shown before a round: the query and the preference."""

    features: Any  # (R, d) float64
    preference: float


class RevealedPair(NamedTuple):
    """What was shown in a round again, the loss, and quality and cost of the played action that make it."""

    context: Asked
    loss: float
    quality: float
    cost: float


@kernel
def _asked(pairs: Pairs, context: int) -> Asked:
    m = pairs.preferences.size
    return Asked(pairs.queries[context // m], pairs.preferences[context % m])


@shared_kernel
def _observe(setting: ContextualSetting, world: ContextualState, t: int, env: Stream) -> Any:
    _, after = observe(setting, world, t, env)
    return _asked(setting.pairs, after.context), after


@shared_kernel
def _respond(setting: ContextualSetting, world: ContextualState, t: int, action: Any, env: Stream) -> Any:
    loss, arm, pairs = charge(setting, world, t, action), arm_of(action), setting.pairs
    query = world.context // pairs.preferences.size
    quality = 0.0 if world.coin < pairs.shortfalls[query, arm] else 1.0
    return RevealedPair(_asked(pairs, world.context), loss, quality, pairs.costs[query, arm]), world


@dataclass(frozen=True)
class PlayedPair(ContextualFeedback):
    """Quality and cost of the played action, `RevealedPair`; shown are the query and the preference, `Asked`."""

    kind: ClassVar[str] = "contextual pairs"
    steps: ClassVar[ProblemSteps] = ProblemSteps(start, _respond, measure, _observe)

    def features(self, world: World) -> NDArray[np.float64]:
        """Return the features of the queries; ValueError for a world without preferences."""
        if world.pairs.preferences.size == 0:
            raise ValueError("PlayedPair needs a world of queries at preferences, such as RoutingWorld(...)")
        return np.asarray(world.pairs.queries)

    def share(self, world: World) -> float:
        """Return 1 - (least preference) + (largest preference): what weighs the errors of shortfall and cost.

        With predictions u' and c' of shortfall u and cost c the error of (1 - w) u' + w c' has a square of at most
        (1 - w) (u' - u)^2 + w (c' - c)^2, as squares are convex; relative entropy is convex in both arguments, too.
        """
        w = world.pairs.preferences
        return float(1.0 - w.min() + w.max())
