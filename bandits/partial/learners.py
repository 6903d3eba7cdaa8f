"""Exponential weights on differences of losses that are estimated from signals.

The estimate of the loss of b beyond that of the first candidate is f[b, A_t, signal] / p_t(A_t), with
L_b(x) - L_first(x) = sum_c f[b, c, signals[c, x]]: its mean is the difference, whatever p_t > 0. The learners differ in
the actions that they compare (candidates), in the actions whose signals count, and in p_t:

| learner         | compares            | counts              | p_t, of the exponential weights q_t |
|-----------------|---------------------|---------------------|---|
| `Exp3Signals`   | Pareto-optimal ones | all                 | (1 - gamma) q_t + gamma / k |
| `RevealingExp3` | all                 | a revealing action  | (1 - gamma) q_t + gamma on the revealing action |
| `LabelEfficient`| all but revealing   | a revealing action  | (1 - gamma) q_t + gamma on the revealing action |
| `WaterTransfer` | two predictions     | their mean, a query | equal shares of both moved to the query |

`theory.partial.bounds` has the theorems. Sources: Cesa-Bianchi, Lugosi & Stoltz, "Minimizing Regret with
Label-Efficient Prediction" (IEEE Transactions on Information Theory 51, 2005); Piccolboni & Schindelhauer, "Discrete
Prediction Games with Arbitrary Feedback and Loss" (COLT 2001).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import optional_real
from bandits.core.exponential_weights import (
    Estimated,
    Weights,
    add_estimates,
    draw,
    no_estimates,
    pick,
    probability,
)
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform
from bandits.partial.problem import PartialMonitoring, Signals
from bandits.protocol import Learner, LearnerSteps


class SignalParams(NamedTuple):
    """N, eta, gamma and how losses are estimated."""

    n_candidates: int
    learning_rate: float
    exploration: float
    explore: Any  # (k,) float64, the actions that gamma is spent on
    candidates: Any  # (N,) int64
    place: Any  # (k,) int64, of an action among the candidates, or -1
    estimators: Any  # (N, k, d) float64, f


@kernel
def _init(params: SignalParams, rng: Stream) -> Estimated:
    return no_estimates(params.n_candidates)


@kernel
def _act(params: SignalParams, state: Estimated, t: int, rng: Stream) -> int:
    u = uniform(rng, t, 0)
    if u < params.exploration:
        return pick(params.explore, 1.0, u / params.exploration)
    return params.candidates[draw(state.weights, (u - params.exploration) / (1.0 - params.exploration))]


@kernel
def _chance(params: SignalParams, weights: Weights, arm: int) -> float:
    """Return the probability with which the action was played."""
    place = params.place[arm]
    own = probability(weights, place) if place >= 0 else 0.0
    return (1.0 - params.exploration) * own + params.exploration * params.explore[arm]


@kernel
def _learn(params: SignalParams, state: Estimated, arm: int, signal: int, chance: float) -> Estimated:
    """Return the state after a signal; what is added to all losses alike keeps them positive and changes no weight."""
    low = 0.0
    high = 0.0
    for b in range(params.n_candidates):
        low = min(low, params.estimators[b, arm, signal])
        high = max(high, params.estimators[b, arm, signal])
    if low == high:  # nothing is learnt
        return state
    for b in range(params.n_candidates):
        state.estimates[b] = (params.estimators[b, arm, signal] - low) / chance
    return add_estimates(state, params.learning_rate)


@kernel
def _update(params: SignalParams, state: Estimated, t: int, arm: int, signal: int, rng: Stream) -> Estimated:
    return _learn(params, state, arm, signal, _chance(params, state.weights, arm))


@dataclass(frozen=True)
class Exp3Signals(Learner):
    """EXP3 on signals, for every globally observable game: a share gamma of uniform play.

    With s the spread of the losses, F = max |f| and N candidates: exploration, gamma in (0, 1], None means
    (k^2 F^2 ln N / (s^2 T))^(1/3), at most 1; learning_rate, eta > 0, None means sqrt(gamma ln N / (k^2 F^2 T)).
    ValueError where the game is hopeless.
    """

    learning_rate: float | None = None
    exploration: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Signals,)
    exact: ClassVar[str] = "theory.partial.exact:mixing"
    must_explore: ClassVar[bool] = True  # without exploration there are differences that no signal tells

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        optional_real("exploration", self.exploration, low=0.0, high=1.0, open_low=self.must_explore)

    def parameters(self, problem: PartialMonitoring) -> SignalParams:
        """Return eta, gamma and the estimators of least squares."""
        game, k = problem.game, problem.n_actions
        f = game.differences(game.optimal, range(k))
        if f is None:
            raise ValueError(
                f"{self.name} needs a game whose signals tell the differences of losses, not a hopeless one"
            )
        return self._exploring(problem, game.optimal, f, np.full(k, 1.0 / k), (k * float(np.abs(f).max())) ** 2)

    def _exploring(self, problem: PartialMonitoring, compared: Any, f: Any, explore: Any, size: float) -> SignalParams:
        """Return the parameters with eta and gamma of T^(2/3) regret, for second moments of at most size / gamma."""
        log_n, T, s = math.log(len(compared)), problem.horizon, problem.spread or 1.0
        size = size or 1.0  # 0 with one candidate
        share = min(1.0, (size * log_n / (s * s * T)) ** (1.0 / 3.0)) if self.exploration is None else self.exploration
        return _params(
            problem, compared, f, explore, self.learning_rate or math.sqrt(share * log_n / (size * T)), share
        )


def _params(problem: PartialMonitoring, compared: Any, f: Any, explore: Any, rate: float, share: float) -> SignalParams:
    place = np.full(problem.n_actions, -1)
    place[list(compared)] = np.arange(len(compared))
    return SignalParams(len(compared), rate, share, explore, np.array(compared), place, f)


def _revealing(problem: PartialMonitoring, name: str, itself: bool) -> tuple[list[int], Any, int]:
    """Return candidates, estimators and the first action whose signals alone tell the candidates' differences.

    itself: whether that action is a candidate.
    """
    for r in range(problem.n_actions):
        compared = [a for a in range(problem.n_actions) if itself or a != r]
        f = problem.game.differences(compared, [r]) if len(compared) > 1 else None
        if f is not None:
            return compared, f, r
    others = "" if itself else " among at least two others"
    raise ValueError(f"{name} needs an action whose signals tell the differences of all losses{others}")


@dataclass(frozen=True)
class RevealingExp3(Exp3Signals):
    """Exponential weights in which the revealing action is played for its signals too: for apple tasting.

    With s the spread of the losses: learning_rate, eta > 0, None means sqrt(ln N / (2 s^2 T)), at most 1 / (2 s);
    exploration, gamma in [0, 1], None means eta s, at most 1/2.
    """

    exact: ClassVar[str] = "theory.partial.exact:mixing"
    must_explore: ClassVar[bool] = False

    def parameters(self, problem: PartialMonitoring) -> SignalParams:
        """Return eta, gamma and the estimators; ValueError in games without a revealing action."""
        return self._balanced(problem, *_revealing(problem, self.name, itself=True), growth=2.0)

    def _balanced(self, problem: PartialMonitoring, compared: Any, f: Any, r: int, growth: float) -> SignalParams:
        """Return the parameters with gamma = eta s and the least ln N / eta + growth eta s^2 T."""
        s = problem.spread or 1.0
        tuned = math.sqrt(math.log(len(compared)) / (growth * problem.horizon)) / s
        rate = self.learning_rate or min(0.5 / s, tuned)
        share = min(0.5, rate * s) if self.exploration is None else self.exploration
        return _params(problem, compared, f, np.eye(problem.n_actions)[r], rate, share)


@dataclass(frozen=True)
class LabelEfficient(Exp3Signals):
    """Exponential weights over the predictions, with a query of the revealing action with probability gamma.

    The query is never preferred for its own loss: where it may be the only best action, regret is linear. With s the
    spread of the losses: exploration, gamma in (0, 1], None means (ln N / (2 T))^(1/3), at most 1;
    learning_rate, eta > 0, None means sqrt(2 gamma ln N / (s^2 T)).
    """

    exact: ClassVar[str] = "theory.partial.exact:mixing"

    def parameters(self, problem: PartialMonitoring) -> SignalParams:
        """Return eta, gamma and the estimators; ValueError in games without a revealing action."""
        compared, f, r = _revealing(problem, self.name, itself=False)
        size = 0.5 * (problem.spread or 1.0) ** 2
        return self._exploring(problem, compared, f, np.eye(problem.n_actions)[r], size)


# ---------------------------------------------------------------- a query that costs nothing


@kernel
def _spare(params: SignalParams, state: Estimated) -> float:
    """Return m, the probability of the less likely prediction after a share gamma of uniform play."""
    least = min(state.weights.weight[0], state.weights.weight[1]) / state.weights.total
    return (1.0 - params.exploration) * least + 0.5 * params.exploration


@kernel
def _act_water(params: SignalParams, state: Estimated, t: int, rng: Stream) -> int:
    if uniform(rng, t, 0) < 2.0 * _spare(params, state):
        return 3 - params.candidates[0] - params.candidates[1]
    return params.candidates[0 if state.weights.weight[0] >= state.weights.weight[1] else 1]


@kernel
def _update_water(params: SignalParams, state: Estimated, t: int, arm: int, signal: int, rng: Stream) -> Estimated:
    if params.place[arm] >= 0:
        return state
    return _learn(params, state, arm, signal, 2.0 * _spare(params, state))


@dataclass(frozen=True)
class WaterTransfer(RevealingExp3):
    """Label-efficient prediction with regret of order sqrt(T), if the query loses the mean of both predictions.

    Equal probabilities of both predictions are moved to the query, at no loss: q_t = (1 - gamma) w_t + gamma / 2 for
    the exponential weights w_t, the query has probability 2 min q_t, and the likelier prediction the rest. With s the
    spread of the losses: learning_rate, eta > 0, None means sqrt(ln 2 / (s^2 T)), at most 1 / (2 s);
    exploration, gamma in [0, 1], None means eta s, at most 1/2.
    """

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act_water, _update_water)
    exact: ClassVar[str] = "theory.partial.exact:water"

    def parameters(self, problem: PartialMonitoring) -> SignalParams:
        """Return eta, gamma and the estimators; ValueError unless there are two predictions and a query."""
        compared, f, r = _revealing(problem, self.name, itself=False)
        if len(compared) != 2:
            raise ValueError(f"{self.name} needs two predictions and a query, got {len(compared)} predictions")
        return self._balanced(problem, compared, f, r, growth=1.0)
