"""Contextual bandits: in every round the learner is shown a context before it acts.

In round t a context x is shown, the learner plays an action a, and the loss is 1 with probability f(x, a), else 0; in
a table it is the number f(x, a) itself. Regret is against the best action of each context:

    R_n = sum_{t <= n} f(x_t, A_t) - min_a f(x_t, a).

A learner plays an action, an integer, or a `Play`: an action with the law it was drawn from and the predictions that it
was made from, which the game reads only to measure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.actions import InvalidAction, Part, arm_of, array_at, returns
from bandits.core.arguments import Checked, read_only
from bandits.core.checks import instance, integer
from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.rng import Stream, uniform_pair
from bandits.core.summation import close_block
from bandits.protocol import ProblemSteps, RoundProblem


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


class ContextualSetting(NamedTuple):
    """What the compiled functions receive."""

    features: Any  # (M, R, d) float64
    means: Any  # (J, M, K) float64
    least: Any  # (J, M) float64
    order: Any  # (T,) int64 the contexts in their order; empty where they are drawn
    noisy: bool  # whether losses are 0 or 1


class World(Checked):
    """Base of what shows contexts and sets losses: a frozen dataclass. It has M contexts, shown in order or drawn.

    features: (M, R, d), a row for each action, R = K, or one that all actions share, R = 1.  means: (J, M, K) in
    [0, 1], mean losses in J tables, of which each repetition draws one.  order: (T,), or None where contexts are drawn.
    noisy: whether losses are 0 or 1.
    """

    features: Any
    means: Any
    order: Any
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
        return ContextualSetting(self.features, self.means, self.least, order, self.noisy)


# ---------------------------------------------------------------- feedback


class Revealed(NamedTuple):
    """The context of a round again, and the loss of the played action."""

    context: Any  # (R, d) float64
    loss: float


class AllRevealed(NamedTuple):
    """The context of a round again, and the losses of all actions."""

    context: Any  # (R, d) float64
    losses: Any  # (K,) float64


class ContextualFeedback(Checked):
    """Base of the feedback of contextual games: a frozen dataclass."""

    kind: ClassVar[str]
    steps: ClassVar[ProblemSteps]


# ---------------------------------------------------------------- the game


class Play(NamedTuple):
    """An action, the law that it was drawn from, and the predicted losses of all actions.

    An empty law is certainty of the action, an empty guess no prediction.
    """

    arm: int
    law: Any  # (K,) or (0,) float64, probabilities
    guess: Any  # (K,) or (0,) float64, in [0, 1]


class ContextualState(NamedTuple):
    """State of the game: which table of means is true, the present context, and sums of what is measured."""

    truth: int
    context: int
    coin: float
    closed: Any  # (7,) float64, sums of whole blocks of 4096 rounds
    open: Any  # (7,) float64, sums of the present block
    losses: Any  # (K,) float64, what full information reveals


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    loss: float
    best_loss: float
    regret: float
    law_regret: float
    estimation: float
    triangular: float
    oracle_regret: float


check_action = returns(Play, Part("arm", "integer"), Part("law", "number", 1), Part("guess", "number", 1), alone=True)
law_of, guess_of = array_at(1), array_at(2)


@shared_kernel
def _init(setting: ContextualSetting, env: Stream) -> ContextualState:
    first, _ = uniform_pair(env, 0, 1)
    truth = int(first * setting.means.shape[0])
    return ContextualState(truth, 0, 0.0, np.zeros(7), np.zeros(7), np.zeros(setting.means.shape[2]))


@shared_kernel
def _observe(setting: ContextualSetting, world: ContextualState, t: int, env: Stream) -> Any:
    first, coin = uniform_pair(env, t, 0)
    context = setting.order[t] if setting.order.size > 0 else int(first * setting.features.shape[0])
    after = ContextualState(world.truth, context, coin, world.closed, world.open, world.losses)
    return setting.features[context], after


@kernel
def triangle(guess: float, mean: float) -> float:
    """Return (guess - mean)^2 / (guess + mean), 0 where both are 0."""
    return (guess - mean) * (guess - mean) / (guess + mean) if guess + mean > 0.0 else 0.0


@kernel
def _check_numbers(t: int, law: Any, guess: Any, n_actions: int) -> None:
    if (law.size != 0 and law.size != n_actions) or (guess.size != 0 and guess.size != n_actions):
        reason = "law and guess must have {} entries or none, got {} and {}"
        raise InvalidAction(reason, t, n_actions, law.size, guess.size)
    total = 1.0 if law.size == 0 else 0.0
    fine = True
    for a in range(law.size):
        total += law[a]
        fine &= law[a] >= 0.0
    if not (fine and abs(total - 1.0) <= 1e-9):
        raise InvalidAction("law must be probabilities that sum to 1, got a sum of {}", t, total)
    for a in range(guess.size):
        fine &= (guess[a] >= 0.0) & (guess[a] <= 1.0)
    if not fine:
        raise InvalidAction("guess must lie in [0, 1], as losses do, got {} to {}", t, guess.min(), guess.max())


@kernel
def _charge(setting: ContextualSetting, world: ContextualState, t: int, action: Any) -> float:
    """Check the action, add up what is measured and return the loss."""
    check_action(action)
    arm, law, guess = arm_of(action), law_of(action), guess_of(action)
    n_actions = setting.means.shape[2]
    if arm < 0 or arm >= n_actions:
        raise InvalidAction("the action must be in 0, ..., {}, got {}", t, n_actions - 1, arm)
    _check_numbers(t, law, guess, n_actions)
    means, least = setting.means[world.truth, world.context], setting.least[world.truth, world.context]
    mean = means[arm]
    loss = mean
    if setting.noisy:
        loss = 1.0 if world.coin < mean else 0.0
    expected, square, triangular, oracle = mean, np.nan, np.nan, np.nan
    if guess.size > 0:
        square, triangular = (guess[arm] - mean) * (guess[arm] - mean), triangle(guess[arm], mean)
        oracle = (guess[arm] - loss) * (guess[arm] - loss) - (mean - loss) * (mean - loss)
    if law.size > 0:
        expected = 0.0
        for a in range(n_actions):
            expected += law[a] * means[a]
        if guess.size > 0:
            square = 0.0
            triangular = 0.0
            for a in range(n_actions):
                square += law[a] * (guess[a] - means[a]) * (guess[a] - means[a])
                triangular += law[a] * triangle(guess[a], means[a])
    _add(world, t, loss, least, mean - least, expected - least, square, triangular, oracle)
    return loss


@kernel
def _add(
    world: ContextualState, t: int, loss: float, least: float, gap: float, mean_gap: float, square: float,
    triangular: float, oracle: float,
) -> None:  # fmt: skip
    total = world.open
    total[0] += loss
    total[1] += least
    total[2] += gap
    total[3] += mean_gap
    total[4] += square
    total[5] += triangular
    total[6] += oracle
    close_block(world.closed, total, t)


@shared_kernel
def _respond(setting: ContextualSetting, world: ContextualState, t: int, action: Any, env: Stream) -> Any:
    loss = _charge(setting, world, t, action)
    return Revealed(setting.features[world.context], loss), world


@shared_kernel
def _respond_all(setting: ContextualSetting, world: ContextualState, t: int, action: Any, env: Stream) -> Any:
    _charge(setting, world, t, action)
    for a in range(world.losses.size):
        mean = setting.means[world.truth, world.context, a]
        world.losses[a] = (1.0 if world.coin < mean else 0.0) if setting.noisy else mean
    return AllRevealed(setting.features[world.context], world.losses), world


@rare_kernel
def _measure(setting: ContextualSetting, world: ContextualState, n_rounds: int) -> Metrics:
    done, present = world.closed, world.open
    return Metrics(
        done[0] + present[0], done[1] + present[1], done[2] + present[2], done[3] + present[3], done[4] + present[4],
        done[5] + present[5], done[6] + present[6],
    )  # fmt: skip


@dataclass(frozen=True)
class PlayedLoss(ContextualFeedback):
    """The loss of the played action, `Revealed` with its context."""

    kind: ClassVar[str] = "contextual bandit"
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure, _observe)


@dataclass(frozen=True)
class EveryLoss(ContextualFeedback):
    """The losses of all actions, `AllRevealed` with their context. One coin decides them: 1 where it is below f."""

    kind: ClassVar[str] = "contextual full information"
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond_all, _measure, _observe)


@kernel
def _context(setting: ContextualSetting, world: ContextualState, t: int, action: Any) -> int:
    return world.context


@dataclass(frozen=True)
class ContextualGame(RoundProblem):
    """`horizon` rounds (1 to 2^56) in a world of contexts.

    Metrics: loss; best_loss, the least mean loss of each context, summed; regret, of the mean losses of the actions;
    law_regret, the same on average over the law of each action. Of the predictions yhat, nan without them, with A drawn
    from the law: estimation, the sum of E (yhat(A) - f(A))^2; triangular, of E (yhat(A) - f(A))^2 / (yhat(A) + f(A));
    oracle_regret, of (yhat(A_t) - loss)^2 - (f(A_t) - loss)^2.
    """

    world: World
    horizon: int
    feedback: ContextualFeedback = field(default_factory=PlayedLoss)
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields
    undefined: ClassVar[tuple[str, ...]] = Metrics._fields[4:]
    check_action: ClassVar[Any] = staticmethod(check_action)

    def __post_init__(self) -> None:
        instance("world", self.world, World, "a world such as linear_world()")
        integer("horizon", self.horizon, low=1)
        instance("feedback", self.feedback, ContextualFeedback, "PlayedLoss() or EveryLoss()")
        self.setting()

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions for this feedback."""
        return self.feedback.steps

    @property
    def n_actions(self) -> int:
        """Number of actions K."""
        return int(self.world.means.shape[2])

    @cached_property
    def size(self) -> Size:
        """What a learner is told of the problem."""
        features = self.world.features
        norm = float(np.sqrt((features**2).sum(axis=2).max()))
        unit = self.world.predictions and bool(features.min() >= 0.0 and features.max() <= 1.0)
        _, rows, dimension = features.shape
        return Size(self.n_actions, rows, dimension, self.horizon, norm, unit)

    @property
    def gap(self) -> float:
        """Largest difference of two mean losses in one context."""
        means = self.world.means
        return float((means.max(axis=2) - means.min(axis=2)).max())

    @cached_property
    def expected_best_loss(self) -> float:
        """Expected best_loss, the L* of bounds for small losses."""
        least, order = self.world.least, self.world.order
        shown = least if order is None else least[:, np.asarray(order)[: self.horizon]]
        return float(self.horizon * shown.mean())

    def recordable(self) -> Mapping[str, Any]:
        """Return the number of the context, by the name "context": a row of the world's features."""
        return {"context": _context}

    def example(self) -> Any:
        """Return a record of the type of the feedback, by which it can be kept and delayed."""
        shown = np.zeros((self.size.rows, self.size.dimension))
        played = isinstance(self.feedback, PlayedLoss)
        return Revealed(shown, 0.0) if played else AllRevealed(shown, np.zeros(self.n_actions))

    def payoff(self, metrics: Mapping[str, float]) -> float:
        """Return minus the loss."""
        return -metrics["loss"]

    def setting(self) -> ContextualSetting:
        """Return what the compiled functions receive."""
        return self.world.setting(self.horizon)
