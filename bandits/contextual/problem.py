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

from bandits.contextual.showing import room_for, show, shown
from bandits.contextual.worlds import ContextualSetting, Size, World
from bandits.core.actions import InvalidAction, Part, arm_of, array_at, returns
from bandits.core.arguments import Checked
from bandits.core.checks import instance, integer
from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.lanes import LANES, alike, any_lane, in_lanes, lane_of, own, own_array, where, with_lane
from bandits.core.rng import Stream, uniform_pair
from bandits.core.summation import close_block
from bandits.protocol import ProblemSteps, RoundProblem

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

    def features(self, world: World) -> NDArray[np.float64]:
        """Return what the world shows under this feedback (M, R, d); ValueError for one that it is not about."""
        return np.asarray(world.features)

    def share(self, world: World) -> float:
        """Return what an oracle's guarantee is multiplied by, so that it is one for predictions of the loss."""
        return 1.0


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
    shown: Any  # (R, d) float64, in lanes: the present context of each


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


@in_lanes()
@shared_kernel
def start(setting: ContextualSetting, env: Stream) -> ContextualState:
    """Draw the table of means, and return the state before the first round."""
    first, _ = uniform_pair(env, 0, 1)
    truth = alike(first * setting.means.shape[0], 0)
    sums, losses = (own_array(7, 0.0, env), own_array(7, 0.0, env)), own_array(setting.means.shape[2], 0.0, env)
    return ContextualState(truth, own(0, env), own(0.0, env), *sums, losses, room_for(setting.features, env))


@in_lanes()
@shared_kernel
def observe(setting: ContextualSetting, world: ContextualState, t: int, env: Stream) -> Any:
    """Return the features of the round's context, and the state with it."""
    first, coin = uniform_pair(env, t, 0)
    drawn = alike(first * setting.features.shape[0], 0)
    context = own(setting.order[t], env) if setting.order.size > 0 else drawn
    show(setting.features, context, world.shown)
    after = ContextualState(world.truth, context, coin, world.closed, world.open, world.losses, world.shown)
    return shown(setting.features, after.context, after.shown), after


@kernel
def triangle(guess: float, mean: float) -> float:
    """Return (guess - mean)^2 / (guess + mean), 0 where both are 0."""
    return (guess - mean) * (guess - mean) / where(guess + mean > 0.0, guess + mean, 1.0)


@kernel
def errors(law: Any, guess: Any, means: Any, truth: int, context: int, arm: int) -> tuple[float, float, float]:
    """Return E f, E (guess - f)^2 and E (guess - f)^2 / (guess + f), 0 / 0 = 0, under a law (K,); nan without a guess.

    An empty law is certainty of the arm.  means: (J, M, K), of which f is that of a table and a context.
    """
    expected, square, triangular = means[truth, context, arm], np.nan, np.nan
    if guess.size > 0:
        miss = guess[arm] - expected
        square, triangular = miss * miss, triangle(guess[arm], expected)
    if law.size > 0:
        expected = 0.0
        for a in range(law.size):
            expected += law[a] * means[truth, context, a]
        if guess.size > 0:
            square = 0.0
            triangular = 0.0
            for a in range(law.size):
                mean = means[truth, context, a]
                square += law[a] * (guess[a] - mean) * (guess[a] - mean)
                triangular += law[a] * triangle(guess[a], mean)
    return expected, square, triangular


@kernel
def _check_numbers(t: int, arm: int, law: Any, guess: Any, n_actions: int) -> None:
    if arm < 0 or arm >= n_actions:
        raise InvalidAction("the action must be in 0, ..., {}, got {}", t, n_actions - 1, arm)
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


@in_lanes(of=_check_numbers)
@kernel
def _lanes_check_numbers(t: int, arm: Any, law: Any, guess: Any, n_actions: int) -> None:
    if (law.size != 0 and law.size != n_actions) or (guess.size != 0 and guess.size != n_actions):
        raise InvalidAction("law and guess must have {} entries or none, got others", t, n_actions)
    total = alike(1.0 if law.size == 0 else 0.0, arm * 1.0)
    wrong = (arm < 0) | (arm >= n_actions)
    for a in range(law.size):
        total += law[a]
        wrong = wrong | (not law[a] >= 0.0)
    for a in range(guess.size):
        wrong = wrong | (not (guess[a] >= 0.0) & (guess[a] <= 1.0))
    if any_lane(wrong | (not abs(total - 1.0) <= 1e-9)):
        raise InvalidAction("the action must be in 0, ..., {}, law and guess in [0, 1], got others", t, n_actions - 1)


@kernel
def weighed(shortfall: float, cost: float, preference: float) -> float:
    """Return (1 - w) shortfall + w cost, which is in [0, 1] where these are."""
    return shortfall + preference * (cost - shortfall)


@kernel
def loss_of(setting: ContextualSetting, world: ContextualState, arm: int) -> float:
    """Return the loss of an action, by the coin of the round."""
    pairs = setting.pairs
    if pairs.preferences.size > 0:
        query, place = world.context // pairs.preferences.size, world.context % pairs.preferences.size
        shortfall = 1.0 if world.coin < pairs.shortfalls[query, arm] else 0.0
        return weighed(shortfall, pairs.costs[query, arm], pairs.preferences[place])
    return _coin_loss(setting, world, arm)


@kernel
def _coin_loss(setting: ContextualSetting, world: ContextualState, arm: int) -> float:
    mean = setting.means[world.truth, world.context, arm]
    return where(world.coin < mean, 1.0, 0.0) if setting.noisy else mean


@in_lanes(of=loss_of)
@kernel
def _lanes_loss_of(setting: ContextualSetting, world: ContextualState, arm: Any) -> Any:
    loss = _coin_loss(setting, world, arm)
    if setting.pairs.preferences.size > 0:
        for lane in range(LANES):
            loss = with_lane(loss, lane, loss_of(setting, lane_of(world, lane), lane_of(arm, lane)))
    return loss


@kernel
def charge(setting: ContextualSetting, world: ContextualState, t: int, action: Any) -> float:
    """Check the action, add up what is measured and return the loss."""
    check_action(action)
    arm, law, guess = arm_of(action), law_of(action), guess_of(action)
    n_actions = setting.means.shape[2]
    _check_numbers(t, arm, law, guess, n_actions)
    least, mean = setting.least[world.truth, world.context], setting.means[world.truth, world.context, arm]
    loss, oracle = loss_of(setting, world, arm), np.nan
    expected, square, triangular = errors(law, guess, setting.means, world.truth, world.context, arm)
    if guess.size > 0:
        oracle = (guess[arm] - loss) * (guess[arm] - loss) - (mean - loss) * (mean - loss)
    total = world.open
    total[0] += loss
    total[1] += least
    total[2] += mean - least
    total[3] += expected - least
    total[4] += square
    total[5] += triangular
    total[6] += oracle
    close_block(world.closed, total, t)
    return loss


@in_lanes()
@shared_kernel
def _respond(setting: ContextualSetting, world: ContextualState, t: int, action: Any, env: Stream) -> Any:
    loss = charge(setting, world, t, action)
    return Revealed(shown(setting.features, world.context, world.shown), loss), world


@shared_kernel
def _respond_all(setting: ContextualSetting, world: ContextualState, t: int, action: Any, env: Stream) -> Any:
    charge(setting, world, t, action)
    for a in range(world.losses.size):
        world.losses[a] = loss_of(setting, world, a)
    return AllRevealed(setting.features[world.context], world.losses), world


@rare_kernel
def measure(setting: ContextualSetting, world: ContextualState, n_rounds: int) -> Metrics:
    """Return the metrics."""
    total = world.closed + world.open
    return Metrics(total[0], total[1], total[2], total[3], total[4], total[5], total[6])


@dataclass(frozen=True)
class PlayedLoss(ContextualFeedback):
    """The loss of the played action, `Revealed` with its context."""

    kind: ClassVar[str] = "contextual bandit"
    steps: ClassVar[ProblemSteps] = ProblemSteps(start, _respond, measure, observe)


@dataclass(frozen=True)
class EveryLoss(ContextualFeedback):
    """The losses of all actions, `AllRevealed` with their context. One coin decides them: 1 where it is below f."""

    kind: ClassVar[str] = "contextual full information"
    steps: ClassVar[ProblemSteps] = ProblemSteps(start, _respond_all, measure, observe)


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
        instance("feedback", self.feedback, ContextualFeedback, "PlayedLoss(), EveryLoss() or PlayedPair()")
        self.feedback.features(self.world)
        self.setting()

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions for this feedback."""
        return self.feedback.steps

    @property
    def n_actions(self) -> int:
        """Number of actions K."""
        return self.world.n_actions

    @cached_property
    def size(self) -> Size:
        """What a learner is told of the problem."""
        features = self.feedback.features(self.world)
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

    def setting(self) -> ContextualSetting:
        """Return what the compiled functions receive."""
        return self.world.setting(self.horizon)
