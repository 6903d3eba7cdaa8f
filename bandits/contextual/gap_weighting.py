"""Learners that turn an oracle's predictions into a law: inverse gap weighting, and greed with exploration.

Foster & Rakhlin, "Beyond UCB: optimal and efficient contextual bandits with regression oracles" (ICML 2020, SquareCB);
Foster & Krishnamurthy, "Efficient first-order contextual bandits" (NeurIPS 2021, FastCB). The rule "exact" is ours:
among all laws it has the least worst case of regret less (gamma / 4) times squared error, (K - 1) / gamma.
`bandits.contextual.laws` has the laws, `theory.contextual.bounds` the theorems; `GapCertificate` measures what a rule
promises in every round.
"""

import math
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from bandits.combine import Observed, Probe, ProbeSteps, observed
from bandits.contextual.laws import RULES, write_law
from bandits.contextual.oracles import Oracle, OracleSteps, VovkAzouryWarmuth
from bandits.contextual.problem import (
    AllRevealed,
    ContextualGame,
    ContextualState,
    EveryLoss,
    Play,
    PlayedLoss,
    Revealed,
    errors,
    guess_of,
    law_of,
    weighed,
)
from bandits.contextual.routing import Asked, PlayedPair, RevealedPair
from bandits.contextual.worlds import ContextualSetting, Size
from bandits.core.actions import arm_of
from bandits.core.arguments import checked
from bandits.core.checks import instance, optional_real, real
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import in_lanes, own_array
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps

Rule = Literal["exact", "squarecb", "fastcb"]
KL_TO_TRIANGLE = 1.1159126  # triangular discrimination is at most this times relative entropy (theory.contextual)


class OracleParams(NamedTuple):
    """The rule, its gamma or epsilon, and the oracle's parameters."""

    rule: int  # place in RULES
    level: float
    n_actions: int
    error: float  # the oracle's guarantee
    oracle: Any


class OracleState(NamedTuple):
    """The oracle's state, and the law and the predictions of the round."""

    oracle: Any
    law: Any  # (K,) float64
    guess: Any  # (K,) float64


class Pair(NamedTuple):
    """The states of an oracle of shortfalls and of one of costs."""

    shortfall: Any
    cost: Any


@cache
def _steps(oracle: OracleSteps) -> LearnerSteps:
    """Return the steps over an oracle that learns from feedback, as `_reading` makes it."""
    start, predict, learn = oracle

    @in_lanes(parts=[start])
    @kernel
    def init(params: OracleParams, rng: Stream) -> OracleState:
        k = params.n_actions
        return OracleState(start(params.oracle), own_array(k, 0.0, rng), own_array(k, 0.0, rng))

    @in_lanes(parts=[predict])
    @kernel
    def act(params: OracleParams, state: OracleState, shown: Any, t: int, rng: Stream) -> Play:
        predict(params.oracle, state, shown)
        write_law(params.rule, params.level, state.guess, state.law)
        return Play(pick(state.law, 1.0, uniform(rng, t, 0)), state.law, state.guess)

    @in_lanes(parts=[learn])
    @kernel
    def update(params: OracleParams, state: OracleState, t: int, play: Any, seen: Any, rng: Stream) -> OracleState:
        return OracleState(learn(params.oracle, state.oracle, seen, arm_of(play)), state.law, state.guess)

    return LearnerSteps(init, act, update)


@cache
def _reading(oracle: OracleSteps, feedback: type) -> OracleSteps:
    """Return init(params), predict(params, state, shown) and learn(params, oracle, seen, arm) for a feedback."""
    start, predict, learn = oracle

    @kernel
    def start_pair(params: Any) -> Pair:
        return Pair(start(params), start(params))

    @in_lanes(parts=[predict])
    @kernel
    def guess(params: Any, state: OracleState, context: Any) -> None:
        predict(params, state.oracle, context, state.guess)

    @kernel
    def guess_pair(params: Any, state: OracleState, asked: Asked) -> None:
        costs = state.law  # not yet written
        predict(params, state.oracle.shortfall, asked.features, state.guess)
        predict(params, state.oracle.cost, asked.features, costs)
        for a in range(costs.size):
            state.guess[a] = weighed(state.guess[a], costs[a], asked.preference)

    @in_lanes(parts=[learn])
    @kernel
    def learn_played(params: Any, oracle: Any, seen: Revealed, arm: int) -> Any:
        return learn(params, oracle, seen.context, arm, seen.loss)

    @kernel
    def learn_all(params: Any, oracle: Any, seen: AllRevealed, arm: int) -> Any:
        for a in range(seen.losses.size):
            oracle = learn(params, oracle, seen.context, a, seen.losses[a])
        return oracle

    @kernel
    def learn_pair(params: Any, pair: Pair, seen: RevealedPair, arm: int) -> Pair:
        shortfall = learn(params, pair.shortfall, seen.context.features, arm, 1.0 - seen.quality)
        return Pair(shortfall, learn(params, pair.cost, seen.context.features, arm, seen.cost))

    if feedback is PlayedPair:
        return OracleSteps(start_pair, guess_pair, learn_pair)
    return OracleSteps(start, guess, learn_all if feedback is EveryLoss else learn_played)


class OracleLearner(Learner):
    """Base of the learners over an `oracle`, a field; under full information it learns the losses of all actions.

    Under `PlayedPair` feedback two copies of the oracle predict what quality lacks and the cost.
    """

    oracle: Oracle
    accepts: ClassVar[tuple[type, ...]] = (PlayedLoss, EveryLoss, PlayedPair)
    updates_late: ClassVar[bool] = True

    @property
    def name(self) -> str:
        """The class and the oracle's."""
        return f"{type(self).__name__}({type(self.oracle).__name__})"

    def steps_for(self, problem: Any) -> LearnerSteps:
        """Return the compiled functions for the oracle."""
        feedback = next(kind for kind in self.accepts if isinstance(problem.feedback, kind))
        return _steps(_reading(self.oracle.steps, feedback))


def guarantee(learner: OracleLearner, problem: ContextualGame, given: float | None, in_log_loss: bool = False) -> float:
    """Return R, the oracle's guarantee for squared errors, or for kl(f, yhat): half of the latter bounds the former.

    ValueError where it has none and nothing is `given` in place of the tuning.
    """
    error = learner.oracle.error(problem.size) * problem.feedback.share(problem.world)
    if in_log_loss and not learner.oracle.log_loss:
        error = math.inf
    elif learner.oracle.log_loss and not in_log_loss:
        error /= 2.0
    if given is None and not 0.0 < error < math.inf:
        kind = "log loss" if in_log_loss else "square loss"
        known = "a guarantee of 0" if error == 0.0 else "no guarantee"
        raise ValueError(f"{learner.name} has {known} in {kind} to be tuned to: give gamma or exploration")
    return error


@dataclass(frozen=True)
class InverseGapWeighting(OracleLearner):
    """An action has probability inverse to its predicted gap times gamma, by one of three rules.

    rule: "exact", "squarecb" or "fastcb" (for small losses, over an oracle in log loss).
    gamma: > 0, None means the theorem's, with R the oracle's guarantee (halved for "exact" and "squarecb" over an
    oracle in log loss, by Pinsker's inequality): 2 sqrt((K - 1) T / R), "exact";
    2 sqrt(2 (K - 1) T / R), "squarecb"; 2 K + sqrt(4 K^2 + 2 K L / (kappa R)), kappa = 1.116, "fastcb".
    oracle: predicts losses.  best_loss: L >= 0, what the best actions are expected to lose in all, for "fastcb"; None
    means T, the worst case. ValueError where gamma is to be tuned to an oracle without a guarantee.
    """

    rule: Rule = "exact"
    gamma: float | None = None
    oracle: Oracle = field(default_factory=VovkAzouryWarmuth)
    best_loss: float | None = None

    def __post_init__(self) -> None:
        optional_real("gamma", self.gamma, low=0.0, open_low=True)
        optional_real("best_loss", self.best_loss, low=0.0)
        instance("oracle", self.oracle, Oracle, "an oracle such as VovkAzouryWarmuth()")

    @property
    def name(self) -> str:
        """The rule and the oracle."""
        return f"InverseGapWeighting({self.rule}, {type(self.oracle).__name__})"

    def parameters(self, problem: ContextualGame) -> OracleParams:
        """Return gamma, the oracle's guarantee and its parameters."""
        size, error = problem.size, guarantee(self, problem, self.gamma, self.rule == "fastcb")
        gamma = self.gamma or self._tuned(size, error)
        return OracleParams(RULES.index(self.rule), gamma, size.n_actions, error, self.oracle.parameters(size))

    def _tuned(self, size: Size, error: float) -> float:
        k, horizon = size.n_actions, size.horizon
        if self.rule == "fastcb":
            best = horizon if self.best_loss is None else self.best_loss
            return 2.0 * k + math.sqrt(4.0 * k * k + 2.0 * k * best / (KL_TO_TRIANGLE * error))
        return 2.0 * math.sqrt((1.0 if self.rule == "exact" else 2.0) * (k - 1) * horizon / error)


@dataclass(frozen=True)
class GreedyRegression(OracleLearner):
    """The action with the least prediction, and with probability epsilon a uniform one.

    exploration: epsilon in [0, 1], None means the theorem's (K R / (2 T))^(1/3), at most 1, with R the oracle's
    guarantee in square loss.  oracle: predicts losses.
    """

    exploration: float | None = None
    oracle: Oracle = field(default_factory=VovkAzouryWarmuth)

    def __post_init__(self) -> None:
        optional_real("exploration", self.exploration, low=0.0, high=1.0)
        instance("oracle", self.oracle, Oracle, "an oracle such as VovkAzouryWarmuth()")

    def parameters(self, problem: ContextualGame) -> OracleParams:
        """Return epsilon, the oracle's guarantee and its parameters."""
        size, error = problem.size, guarantee(self, problem, self.exploration)
        share = min(1.0, (size.n_actions * error / (2.0 * size.horizon)) ** (1.0 / 3.0))
        epsilon = share if self.exploration is None else self.exploration
        return OracleParams(RULES.index("greedy"), epsilon, size.n_actions, error, self.oracle.parameters(size))


# ---------------------------------------------------------------- certificates


class Own(NamedTuple):
    """The rule, as a place in RULES, and gamma."""

    rule: int
    gamma: float


class Terms(NamedTuple):
    """What the certificate and the log loss leave."""

    gap_excess: float
    log_regret: float


@kernel
def _init(setting: ContextualSetting, own: Own) -> Any:
    return np.zeros(2)


@kernel
def _log_loss(value: float, loss: float) -> float:
    """Return -loss ln(value) - (1 - loss) ln(1 - value), with -1000 for ln 0: 0 ln 0 is 0, and no difference is nan."""
    first = math.log(value) if value > 0.0 else -1000.0
    return -loss * first - (1.0 - loss) * (math.log(1.0 - value) if value < 1.0 else -1000.0)


@kernel
def _update(
    setting: ContextualSetting, own: Own, kept: Any, world: ContextualState, t: int, action: Any, seen: Revealed
) -> Any:
    law, guess, arm = law_of(action), guess_of(action), arm_of(action)
    if law.size == 0 or guess.size == 0:
        kept[:] = np.nan
        return kept
    truth, context = world.truth, world.context
    least, of_arm = setting.least[truth, context], setting.means[truth, context, arm]
    mean, square, triangular = errors(law, guess, setting.means, truth, context, arm)
    if own.rule == 2:
        allowed = 2.0 * law.size / own.gamma * mean + own.gamma * triangular
    else:
        allowed = (1.0 + own.rule) * (law.size - 1.0) / own.gamma + own.gamma / 4.0 * square
    kept[0] += mean - least - allowed
    kept[1] += _log_loss(guess[arm], seen.loss) - _log_loss(of_arm, seen.loss)
    return kept


@rare_kernel
def _measure(setting: ContextualSetting, own: Own, kept: Any, world: ContextualState, n_rounds: int) -> Terms:
    return Terms(kept[0], kept[1])


@dataclass(frozen=True)
class GapCertificate(Probe):
    """What a rule of inverse gap weighting with gamma > 0 promises of every round, held against the play.

    Metrics, nan for a learner without law or predictions: gap_excess, law_regret less the sum of
    (K - 1) / gamma + (gamma / 4) E (yhat - f)^2 ("exact"), 2 (K - 1) / gamma + (gamma / 4) E (yhat - f)^2 ("squarecb"),
    or (2 K / gamma) E f + gamma E (yhat - f)^2 / (yhat + f) ("fastcb"), which is at most 0 on every path;
    log_regret, the log loss of the predictions for the actions played less that of their mean losses.
    """

    rule: Rule
    gamma: float
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init, _update, _measure)
    undefined: ClassVar[tuple[str, ...]] = Terms._fields

    def __post_init__(self) -> None:
        real("gamma", self.gamma, low=0.0, open_low=True)

    def metrics(self, problem: Any) -> tuple[str, ...]:
        """Return the names of the metrics."""
        return Terms._fields

    def setting(self, problem: Any) -> Own:
        """Return rule and gamma; ValueError unless the problem is a contextual game with the played action's loss."""
        if getattr(getattr(problem, "feedback", None), "kind", "") not in ("contextual bandit", "contextual pairs"):
            raise ValueError("GapCertificate is a probe of a ContextualGame with the played action's loss as feedback")
        return Own(RULES.index(self.rule), self.gamma)


@checked
def certified(game: ContextualGame, learner: InverseGapWeighting) -> Observed:
    """Return the game with the metrics of the learner's `GapCertificate`."""
    instance("game", game, ContextualGame, "a ContextualGame")
    instance("learner", learner, InverseGapWeighting, "InverseGapWeighting(...)")
    return observed(game, GapCertificate(learner.rule, learner.parameters(game).level))
