"""The language game: the learner plays an action and is told a word, not the reward.

A hypothesis h* of the world is true. In round t the learner plays a_t and sees a word drawn from `words[h*, a_t]`.
Regret is sum_t max_a r[h*, a] - r[h*, a_t]; a mistake is a round with positive regret.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.combine import Probe, ProbeSteps
from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.arguments import Checked
from bandits.core.checks import instance, integer, optional_real, real
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform, uniform_index
from bandits.core.summation import Sum, empty_sum, plus, value
from bandits.language.world import WordWorld
from bandits.protocol import ProblemSteps, RoundProblem, draws_nothing
from bandits.switching.feedback import Bandit


@dataclass(frozen=True)
class Words(Checked):
    """The word that the action earned, an integer; the reward is not shown."""

    kind: ClassVar[str] = "words"


class LanguageSetting(NamedTuple):
    """What the compiled functions receive; truth = -1: drawn, -2: hypothesis r mod N in repetition r."""

    rewards: Any  # (N, K) float64
    words: Any  # (N, K, O) float64
    truth: int
    noisy: bool


class LanguageWorld(NamedTuple):
    """The true hypothesis, its best reward and its sums."""

    truth: int
    best: float
    regret: Sum
    mistakes: int
    word: int  # of the last round
    arm: int  # of the last round


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    regret: float
    mistakes: float


_check_action = returns(None, Part("the action", "integer"))


@kernel
def _init(setting: LanguageSetting, env: Stream) -> LanguageWorld:
    n = setting.rewards.shape[0]
    truth = setting.truth
    if truth == -1:
        truth = uniform_index(env, 0, 1, n)
    elif truth == -2:
        truth = int(env.repetition) % n
    return LanguageWorld(truth, setting.rewards[truth].max(), empty_sum(), 0, 0, 0)


@kernel
def _follow(setting: LanguageSetting, world: LanguageWorld, t: int, action: int, env: Stream) -> LanguageWorld:
    _check_action(action)
    arm = index(action)
    if arm < 0 or arm >= setting.rewards.shape[1]:
        raise InvalidAction("the action must be in 0, ..., {}, got {}", t, setting.rewards.shape[1] - 1, arm)
    u = uniform(env, t, 0) if setting.noisy else 0.5
    word = pick(setting.words[world.truth, arm], 1.0, u)
    lost = world.best - setting.rewards[world.truth, arm]
    mistakes = world.mistakes + (1 if lost > 0.0 else 0)
    return LanguageWorld(world.truth, world.best, plus(world.regret, lost, t), mistakes, word, arm)


@kernel
def _say(setting: LanguageSetting, world: LanguageWorld, t: int, action: int, env: Stream) -> Any:
    after = _follow(setting, world, t, action, env)
    return after.word, after


@kernel
def _charge(setting: LanguageSetting, world: LanguageWorld, t: int, action: int, env: Stream) -> Any:
    after = _follow(setting, world, t, action, env)
    return 1.0 - setting.rewards[after.truth, after.arm], after


@rare_kernel
def _measure(setting: LanguageSetting, world: LanguageWorld, n_rounds: int) -> Metrics:
    return Metrics(value(world.regret), world.mistakes)


@dataclass(frozen=True, eq=False)
class LanguageGame(RoundProblem):
    """A world played for `horizon` rounds (1 to 2^56).

    truth: the true hypothesis, an integer in [0, N); "drawn": uniformly, anew in each repetition; "each": hypothesis
    r mod N in repetition r, so that N repetitions go through all.  feedback: `Words()`, or that of the switching game,
    `Bandit()`, which shows one minus the reward instead of the word: every learner of bandit feedback plays.
    Metrics: regret, and mistakes, the rounds with positive regret.
    """

    world: WordWorld
    horizon: int
    truth: int | str = "drawn"
    feedback: Words | Bandit = Words()
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        instance("world", self.world, WordWorld, "a WordWorld such as WordWorld.password(3, 2)")
        instance("feedback", self.feedback, (Words, Bandit), "Words() or Bandit()")
        integer("horizon", self.horizon, low=1)
        if isinstance(self.truth, str):
            if self.truth not in ("drawn", "each"):
                raise ValueError(f"truth must be 'drawn', 'each' or a hypothesis, got {self.truth!r}")
        else:
            integer("truth", self.truth, low=0, high=self.world.n_hypotheses - 1)

    @property
    def n_actions(self) -> int:
        """Number of actions K."""
        return self.world.n_actions

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions for this feedback."""
        return _STEPS[self.feedback.kind]

    def plays(self, learner: Any) -> int | None:
        """Return the number of plays where neither the words nor the truth nor the learner is drawn."""
        if not self.world.certain or self.truth == "drawn" or not draws_nothing(learner):
            return None
        return self.world.n_hypotheses if self.truth == "each" else 1

    @cached_property
    def _setting(self) -> LanguageSetting:
        truth = {"drawn": -1, "each": -2}[self.truth] if isinstance(self.truth, str) else int(self.truth)
        return LanguageSetting(self.world.rewards, self.world.words, truth, not self.world.certain)

    def setting(self) -> LanguageSetting:
        """Return what the compiled functions receive."""
        return self._setting

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric at the horizon that hold for every draw."""
        widest = float(np.ptp(self.world.rewards, axis=1).max())
        most = {"regret": self.horizon * widest * (1.0 + 1e-12), "mistakes": float(self.horizon)}
        return 0.0, most[metric]


_STEPS = {
    "words": ProblemSteps(_init, _say, _measure),
    "bandit": ProblemSteps(_init, _charge, _measure),
}


# ---------------------------------------------------------------- what the words leave possible


def check_threshold(holder: Any) -> None:
    """Raise for a threshold or a failure probability out of range."""
    optional_real("threshold", holder.threshold, low=0.0)
    real("failure_probability", holder.failure_probability, low=0.0, high=1.0, open_low=True, open_high=True)


def threshold_of(world: WordWorld, threshold: float | None, failure_probability: float) -> float:
    """Return by how much a score may exceed the least: the given one, or 0 without noise, ln(2 N / delta) with.

    Raises ValueError for a verifier of one's own whose losses of the truth are not all 0: no threshold is known then.
    """
    if threshold is not None:
        return float(threshold)
    if world.verifier is None:
        return 0.0 if world.certain else float(np.log(2.0 * world.n_hypotheses / failure_probability))
    if np.einsum("hha->ha", world.expected_losses).max() > 0.0:
        raise ValueError("threshold must be given for a verifier under which the truth has losses, got None")
    return 0.0


@kernel
def least_of(scores: Any) -> float:
    """Return the least score, inf if none is finite."""
    least = np.inf
    for h in range(scores.size):
        least = min(least, scores[h])
    return least


@kernel
def add_scores(scores: Any, losses: Any, arm: int, word: int) -> float:
    """Add the verifier's losses of a word, `losses` (K, O, N), to the scores (N,); return the least."""
    least = np.inf
    for h in range(scores.size):
        scores[h] += losses[arm, word, h]
        least = min(least, scores[h])
    return least


@kernel
def agreed_action(best: Any, scores: Any, limit: float) -> int:
    """Return the first action that is best for every hypothesis of score at most `limit`, -1 if there is none.

    best: (N, K) uint8, 1 where the action is best under the hypothesis.
    """
    for a in range(best.shape[1]):
        agreed = True
        for h in range(scores.size):
            if scores[h] <= limit and best[h, a] == 0:
                agreed = False
                break
        if agreed:
            return a
    return -1


def best_actions(world: WordWorld) -> Any:
    """Return (N, K) uint8: 1 where the action is best under the hypothesis."""
    return (world.rewards == world.rewards.max(axis=1, keepdims=True)).astype(np.uint8)


class SpaceSetting(NamedTuple):
    """What the probe receives."""

    losses: Any  # (K, O, N) float64
    best: Any  # (N, K) uint8
    hellinger: Any  # (N, N, K) float64
    threshold: float


class SpaceState(NamedTuple):
    """The scores, the Hellinger distance spent by each hypothesis, and the largest one among the survivors."""

    scores: Any  # (N,) float64
    spent: Any  # (N,) float64
    agreed: int  # the round of the first consensus, -1 before it
    lost: int
    budget: float


class SpaceMetrics(NamedTuple):
    """Metrics after a number of rounds."""

    survivors: float
    consensus: float
    truth_lost: float
    budget: float


@kernel
def _open(setting: LanguageSetting, own: SpaceSetting) -> SpaceState:
    n = own.best.shape[0]
    scores = np.zeros(n)
    return SpaceState(scores, np.zeros(n), 0 if agreed_action(own.best, scores, 0.0) >= 0 else -1, 0, 0.0)


@kernel
def _narrow(
    setting: LanguageSetting, own: SpaceSetting, kept: SpaceState, world: LanguageWorld, t: int, action: int, said: Any
) -> SpaceState:
    limit = add_scores(kept.scores, own.losses, world.arm, world.word) + own.threshold
    budget = kept.budget
    for h in range(kept.scores.size):
        kept.spent[h] += own.hellinger[world.truth, h, world.arm]
        if kept.scores[h] <= limit:
            budget = max(budget, kept.spent[h])
    lost = 1 if kept.lost == 1 or kept.scores[world.truth] > limit else 0
    agreed = kept.agreed
    if agreed < 0 and agreed_action(own.best, kept.scores, limit) >= 0:
        agreed = t + 1
    return SpaceState(kept.scores, kept.spent, agreed, lost, budget)


@rare_kernel
def _count(
    setting: LanguageSetting, own: SpaceSetting, kept: SpaceState, world: LanguageWorld, n_rounds: int
) -> SpaceMetrics:
    limit, survivors = least_of(kept.scores) + own.threshold, 0
    for h in range(kept.scores.size):
        survivors += 1 if kept.scores[h] <= limit else 0
    return SpaceMetrics(survivors, kept.agreed if kept.agreed >= 0 else n_rounds, kept.lost, kept.budget)


@dataclass(frozen=True)
class VersionSpace(Probe):
    """The hypotheses that the words leave possible: those whose score is within `threshold` of the least.

    threshold >= 0: None means 0 without noise and ln(2 N / failure_probability) with; failure_probability: delta in
    (0, 1). Metrics, whatever the learner does with the words: survivors, the number of them; consensus, the number of
    rounds after which they first have a best action in common (all rounds so far, if they never had); truth_lost, 1
    once the true hypothesis was not among them; budget, the largest sum over the rounds of squared Hellinger distances
    to the words of the truth that any of them reached while it was possible.
    """

    threshold: float | None = None
    failure_probability: float = 0.05
    steps: ClassVar[ProbeSteps] = ProbeSteps(_open, _narrow, _count)

    def __post_init__(self) -> None:
        check_threshold(self)

    def metrics(self, problem: LanguageGame) -> tuple[str, ...]:
        """Return the names of the metrics."""
        return SpaceMetrics._fields

    def setting(self, problem: LanguageGame) -> SpaceSetting:
        """Return the losses, the best actions, the Hellinger distances and the threshold."""
        world = problem.world
        threshold = threshold_of(world, self.threshold, self.failure_probability)
        return SpaceSetting(world.losses, best_actions(world), world.hellinger, threshold)

    def metric_range(self, problem: LanguageGame, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric at the horizon that hold for every draw."""
        n, t = float(problem.world.n_hypotheses), float(problem.horizon)
        return {"survivors": (1.0, n), "consensus": (0.0, t), "truth_lost": (0.0, 1.0), "budget": (0.0, 2.0 * t)}[
            metric
        ]
