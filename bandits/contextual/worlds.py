"""Worlds of contextual games: linear mean losses, a finite class of functions, mean losses of any form, tables.

In each a context is a row of features per action, or one row for all. `linear_world` and `policy_world` draw worlds of
a given size; `world_from_table` reads a table of one's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import Checked, Numbers, checked, read_only
from bandits.core.checks import HUGE, array, fits, integer, integers, real, shown, text

_MOST = 2**24  # contexts
Link = Literal["identity", "logistic"]


class Size(NamedTuple):
    """What a learner is told of a problem: numbers K, R, d, T, the largest norm of a row of features.

    unit: whether the features may be predictions of functions with values in [0, 1].
    """

    n_actions: int
    rows: int
    dimension: int
    horizon: int
    feature_norm: float
    unit: bool

    @property
    def models(self) -> int:
        """Number of linear models: one, or one for each action where all actions share one row of features."""
        return self.n_actions if self.rows == 1 else 1


class Pairs(NamedTuple):
    """Queries at preferences: context c is query c // m at preference c % m; shortfall and cost make its losses.

    Without queries (n = m = 0) the means do.
    """

    queries: Any  # (n, R, d) float64
    shortfalls: Any  # (n, K) float64, mean of 1 - quality, which is 0 or 1
    costs: Any  # (n, K) float64
    preferences: Any  # (m,) float64


NO_PAIRS = Pairs(np.zeros((0, 1, 0)), np.zeros((0, 0)), np.zeros((0, 0)), np.zeros(0))


class ContextualSetting(NamedTuple):
    """What the compiled functions receive."""

    features: Any  # (M, R, d) float64
    means: Any  # (J, M, K) float64
    least: Any  # (J, M) float64
    order: Any  # (T,) int64 the contexts in their order; empty where they are drawn
    noisy: bool  # whether losses are 0 or 1
    pairs: Pairs


class World(Checked):
    """Base of what shows contexts and sets losses: a frozen dataclass. It has M contexts, shown in order or drawn.

    features: (M, R, d), a row for each action, R = K, or one that all actions share, R = 1.  means: (J, M, K) in
    [0, 1], mean losses in J tables, of which each repetition draws one.  order: (T,), or None where contexts are drawn.
    noisy: whether losses are 0 or 1.  pairs: quality and cost, where they make the losses.
    """

    features: Any
    means: Any
    order: Any
    pairs: Any = NO_PAIRS
    noisy: ClassVar[bool] = True
    predictions: ClassVar[bool] = True  # whether features in [0, 1] may be predictions of functions
    rounds: ClassVar[str] = "order"  # the argument that has a row for each round

    @property
    def parameter_norm(self) -> float:
        """Norm of the parameter of mean losses that are linear in the features; AttributeError where they are not."""
        raise AttributeError(f"{type(self).__name__} has no linear mean losses")

    @property
    def log_odds_norm(self) -> float:
        """Norm of the parameter of log odds that are linear in the features; AttributeError where they are not."""
        raise AttributeError(f"{type(self).__name__} has no linear log odds")

    @property
    def n_actions(self) -> int:
        """Number of actions K."""
        return int(self.means.shape[2])

    @cached_property
    @read_only
    def least(self) -> NDArray[np.float64]:
        """Least mean loss of each context, (J, M)."""
        return np.asarray(self.means.min(axis=2))

    def setting(self, horizon: int) -> ContextualSetting:
        """Return what the compiled functions receive; ValueError where the order does not reach the horizon."""
        order = np.zeros(0, np.int64) if self.order is None else np.asarray(self.order, np.int64)[:horizon]
        if self.order is not None and len(order) < horizon:
            raise ValueError(f"{self.rounds} must reach the horizon = {horizon}, got {len(order)} rounds")
        return ContextualSetting(self.features, self.means, self.least, order, self.noisy, self.pairs)


def put(world: World, **values: Any) -> None:
    """Set fields of a frozen world."""
    for name, value in values.items():
        object.__setattr__(world, name, value)


def order_of(given: Any, n_contexts: int) -> NDArray[np.int64] | None:
    """Return the numbers of the contexts in their order; ValueError beyond n_contexts - 1."""
    return None if given is None else np.array(integers("order", given, 0, n_contexts - 1), dtype=np.int64)


def logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-v)) for each value."""
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-values)))


def _rows(name: str, given: Any) -> NDArray[np.float64]:
    """Return features (M, R, d), from (M, d) with R = 1."""
    features = array(name, given, None, -HUGE, HUGE)
    if features.ndim not in (2, 3):
        raise ValueError(f"{name} must have shape (M, K, d), or (M, d) for all actions, got {features.shape}")
    return features if features.ndim == 3 else features[:, None, :]


def _matching(name: str, rows: Any, table: str, given: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return features (M, R, d) and losses (M, K) in [0, 1]; ValueError where they do not match."""
    features, losses = _rows(name, rows), array(table, given, 2, 0.0, 1.0)
    m, n_actions = losses.shape
    if n_actions < 2:
        raise ValueError(f"{table} must have a column for each of K >= 2 actions, got {losses.shape}")
    if len(features) != m or features.shape[1] not in (1, n_actions):
        wanted = f"({m}, d) or ({m}, {n_actions}, d)"
        raise ValueError(f"{name} must have shape {wanted} for these {table}, got {np.shape(rows)}")
    return features, losses


@dataclass(frozen=True, eq=False)
class LinearWorld(World):
    """Contexts with features x(a) (M, K, d) and one parameter (d,), or with features x (M, d) and parameters (K, d).

    The mean loss of an action is the inner product v of features and parameter, which must lie in [0, 1], or with
    link="logistic" 1 / (1 + exp(-v)).  order: the contexts (T,) in the order in which they are shown; None means that
    each round draws one uniformly.
    """

    features: Numbers
    parameter: Numbers
    link: Link = "identity"
    order: Numbers = None
    predictions: ClassVar[bool] = False

    def __post_init__(self) -> None:
        features = _rows("features", self.features)
        parameter = array("parameter", self.parameter, None, -HUGE, HUGE)
        if parameter.ndim != (2 if features.shape[1] == 1 else 1) or parameter.shape[-1] != features.shape[2]:
            got = f"{np.shape(self.features)} and {parameter.shape}"
            raise ValueError(f"features and parameter must be (M, K, d) and (d,), or (M, d) and (K, d), got {got}")
        if features.shape[1] == 1 and len(parameter) < 2:
            raise ValueError(f"parameter must be (K, d) with K >= 2 actions, got {parameter.shape}")
        values = (features if parameter.ndim == 1 else features[:, 0]) @ parameter.T
        if self.link == "logistic":
            values = logistic(values)
        elif values.min() < -1e-12 or values.max() > 1.0 + 1e-12:
            got = f"{values.min():.6g} to {values.max():.6g}"
            raise ValueError(f"features times parameter must lie in [0, 1], got {got}")
        order = order_of(self.order, len(features))
        put(self, order=order, features=features, parameter=parameter, means=np.clip(values, 0.0, 1.0)[None])

    @property
    def parameter_norm(self) -> float:
        """Norm of the parameter of mean losses, all of its numbers together; AttributeError with the other link."""
        return self._norm("identity")

    @property
    def log_odds_norm(self) -> float:
        """Norm of the parameter of log odds; AttributeError with the other link."""
        return self._norm("logistic")

    def _norm(self, link: Link) -> float:
        if link != self.link:
            raise AttributeError(f"the link is {self.link}, not {link}")
        return float(np.linalg.norm(self.parameter))


@dataclass(frozen=True, eq=False)
class FiniteWorld(World):
    """Functions f_j (N, M, K) with values in [0, 1], of which `truth`, 0 to N - 1, gives the mean losses.

    With truth=None each repetition draws it uniformly. The features of an action are its N values f_j(x, a).
    order: as in `LinearWorld`.
    """

    functions: Numbers
    truth: int | None = 0
    order: Numbers = None
    parameter_norm: ClassVar[float] = 1.0  # the mean loss is one of the features

    def __post_init__(self) -> None:
        functions = array("functions", self.functions, 3, 0.0, 1.0)
        if functions.shape[2] < 2:
            raise ValueError(f"functions must be (N, M, K) with K >= 2 actions, got {functions.shape}")
        if self.truth is not None:
            integer("truth", self.truth, low=0, high=len(functions) - 1)
        features = np.ascontiguousarray(functions.transpose(1, 2, 0))
        means = functions if self.truth is None else functions[self.truth][None]
        put(self, order=order_of(self.order, len(features)), functions=functions, features=features, means=means)


@dataclass(frozen=True, eq=False)
class KnownWorld(World):
    """Contexts with features (M, K, d), or (M, d) for all actions, and mean losses (M, K) in [0, 1] of any form.

    order: as in `LinearWorld`.
    """

    features: Numbers
    mean_losses: Numbers
    order: Numbers = None

    def __post_init__(self) -> None:
        features, losses = _matching("features", self.features, "mean_losses", self.mean_losses)
        put(self, order=order_of(self.order, len(features)), features=features, mean_losses=losses, means=losses[None])


@dataclass(frozen=True, eq=False)
class TableWorld(World):
    """Rounds from a table: contexts (T, d), or (T, K, d) with features per action, and losses (T, K) in [0, 1]."""

    contexts: Numbers
    losses: Numbers
    noisy: ClassVar[bool] = False
    rounds: ClassVar[str] = "losses"

    def __post_init__(self) -> None:
        contexts, losses = _matching("contexts", self.contexts, "losses", self.losses)
        put(self, order=np.arange(len(losses)), features=contexts, contexts=contexts, losses=losses, means=losses[None])


# ---------------------------------------------------------------- a table of one's own


def world_from_table(
    data: Any,
    *,
    contexts: Sequence[str],
    losses: Sequence[str] | None = None,
    label: str | None = None,
    separator: str | None = None,
    encoding: str | None = None,
) -> TableWorld:
    """Return the rows of a table as rounds, in their order; everything is read and checked here.

    data: a polars or pandas DataFrame, or the path of a Parquet (.parquet, .pq) or CSV file.
    contexts: columns of numbers, the features that all actions share.
    losses: a column for each action, with its losses in [0, 1]; or label: the column with the right answer, whose
    values, sorted as text, are the actions: a wrong one has loss 1.
    separator, encoding: of a CSV file, by default found out.

    Raises TypeError or ValueError that names the column and the row; a missing value is an error.
    """
    from bandits.threshold.own_table import columns_of
    from bandits.threshold.tables import categories, numbers

    if (losses is None) == (label is None):
        raise ValueError("either losses (columns) or label (a column) must be given")
    features_of, paid = _names("contexts", contexts), _names("losses", losses) if losses is not None else []
    table = columns_of(data, [*features_of, *paid, *([label] if label is not None else [])], separator, encoding)
    features = np.column_stack([numbers(table, name) for name in features_of])
    if label is None:
        return TableWorld(features, np.column_stack([numbers(table, name) for name in paid]))
    answers = categories(table, label)
    return TableWorld(features, (answers[:, None] != np.unique(answers)).astype(float))


def _names(argument: str, given: Any) -> list[str]:
    if not isinstance(given, (list, tuple)) or len(given) == 0:
        raise TypeError(f"{argument} must be a list of column names, got {shown(given)}")
    return [text(argument, name) for name in given]


# ---------------------------------------------------------------- worlds of a given size


@checked
def linear_world(
    n_actions: int = 10, dimension: int = 5, n_contexts: int = 1000, scale: float = 1.0, seed: int = 0
) -> LinearWorld:
    """Return a world with `n_contexts` contexts: K actions, whose features are unit vectors of the positive orthant.

    The directions are those of normal vectors without their signs, and so is the parameter's, of norm `scale` in (0,
    1]. They are drawn once, by `seed`: they are part of the problem.
    """
    shape = (
        integer("n_contexts", n_contexts, 1, _MOST),
        integer("n_actions", n_actions, 2, _MOST),
        integer("dimension", dimension, 1, _MOST),
    )
    fits("n_contexts", n_contexts * n_actions * dimension)
    rng = np.random.default_rng(integer("seed", seed, low=0))
    features, parameter = np.abs(rng.standard_normal(shape)), np.abs(rng.standard_normal(dimension))
    features /= np.linalg.norm(features, axis=2, keepdims=True)
    norm = real("scale", scale, 0.0, 1.0, open_low=True)
    return LinearWorld(features, norm * (1.0 - 1e-15) * parameter / np.linalg.norm(parameter))


@checked
def policy_world(
    n_actions: int = 5,
    n_functions: int = 16,
    mean: float = 0.3,
    gap: float = 0.4,
    n_contexts: int = 1000,
    truth: int | None = 0,
    seed: int = 0,
) -> FiniteWorld:
    """Return N functions, each with a good action of mean loss `mean` in each context, and mean + gap for the others.

    The good actions are drawn uniformly once, by `seed`: they are part of the problem.  mean, gap: in [0, 1], and so
    must be their sum.  truth: as in `FiniteWorld`.
    """
    n, m = integer("n_functions", n_functions, 1, _MOST), integer("n_contexts", n_contexts, 1, _MOST)
    real("mean", mean, 0.0, 1.0)
    if real("gap", gap, 0.0, 1.0) + mean > 1.0:
        raise ValueError(f"mean + gap must be at most 1, got {mean:g} + {gap:g}")
    fits("n_functions", 2 * n * m * integer("n_actions", n_actions, 2, _MOST))
    rng = np.random.default_rng(integer("seed", seed, low=0))
    good = rng.integers(n_actions, size=(n, m))
    return FiniteWorld(mean + gap * (good[..., None] != np.arange(n_actions)), truth)
