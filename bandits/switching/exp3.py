"""EXP3: exponential weights on importance-weighted losses (bandit feedback).

Auer, Cesa-Bianchi, Freund & Schapire (2002), in the loss form of Bubeck & Cesa-Bianchi (2012), Section 3.1:

    p_t(i) proportional to exp(-eta Lhat_{t-1}(i)),   Lhat_t(A_t) = Lhat_{t-1}(A_t) + l_t(A_t) / p_t(A_t).

For every oblivious sequence of losses in [0, 1], E[sum l_t(A_t)] - min_i L_T(i) <= ln K / eta + eta T K / 2
(Theorem 3.1), least at eta = sqrt(2 ln K / (T K)). It redraws its action every round, so with a switching
cost c > 0 its regret grows linearly in T.

A round changes one weight. Below `MANY_ACTIONS` actions the draw scans the weights; from there on the weights are the
leaves of a tree of sums and a round costs log2 K steps. Both draw the first action whose cumulative probability exceeds
the same uniform, so they are equal up to the rounding of the sums.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import optional_real
from bandits.core.exponential_weights import (
    Weights,
    WeightTree,
    add_loss,
    draw,
    law,
    own_weights,
    tree_add_loss,
    tree_draw,
    tree_law,
    tree_probability,
    uniform_tree,
    weighted,
)
from bandits.core.jit import kernel
from bandits.core.lanes import in_lanes
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import Bandit
from bandits.switching.problem import SwitchingCostGame


class Exp3Params(NamedTuple):
    """K and eta."""

    n_actions: int
    learning_rate: float


@in_lanes()
@kernel
def _init(params: Exp3Params, rng: Stream) -> Weights:
    return own_weights(params.n_actions, rng)


@in_lanes()
@kernel
def _act(params: Exp3Params, state: Weights, t: int, rng: Stream) -> int:
    return draw(state, uniform(rng, t, 0))


@in_lanes()
@kernel
def _update(params: Exp3Params, state: Weights, t: int, arm: int, loss: float, rng: Stream) -> Weights:
    return add_loss(state, params.learning_rate, arm, weighted(state, arm, loss))


@kernel
def law_of_weights(params: Any, state: Weights, t: int) -> Any:
    """Return p_t, (K,) float64."""
    return law(state)


@kernel
def _tree_law(params: Exp3Params, state: WeightTree, t: int) -> Any:
    return tree_law(state)


@kernel
def _tree_init(params: Exp3Params, rng: Stream) -> WeightTree:
    return uniform_tree(params.n_actions)


@kernel
def _tree_act(params: Exp3Params, state: WeightTree, t: int, rng: Stream) -> int:
    return tree_draw(state, uniform(rng, t, 0))


@kernel
def _tree_update(params: Exp3Params, state: WeightTree, t: int, arm: int, loss: float, rng: Stream) -> WeightTree:
    if loss == 0.0:
        return state
    return tree_add_loss(state, params.learning_rate, arm, loss / tree_probability(state, arm))


MANY_ACTIONS = 96  # from here on the tree is faster (measured; equal between 80 and 96)
_TREE_STEPS = LearnerSteps(_tree_init, _tree_act, _tree_update)


@dataclass(frozen=True)
class Exp3(Learner):
    """EXP3 with learning rate eta > 0; None means sqrt(2 ln K / (T K))."""

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    exact: ClassVar[str] = "exp3"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def steps_for(self, problem: SwitchingCostGame) -> LearnerSteps:
        """Return the compiled functions; for many actions those of the weight tree."""
        if problem.n_actions >= MANY_ACTIONS and self.steps is Exp3.steps:  # not a subclass with its own steps
            return _TREE_STEPS
        return self.steps

    def probabilities(self, problem: SwitchingCostGame) -> Any:
        """Return the kernel of p_t."""
        return _tree_law if self.steps_for(problem) is _TREE_STEPS else law_of_weights

    def parameters(self, problem: SwitchingCostGame) -> Exp3Params:
        """Return K and eta for the game."""
        n_actions = problem.n_actions
        tuned = math.sqrt(2.0 * math.log(n_actions) / (problem.horizon * n_actions))
        return Exp3Params(n_actions, self.learning_rate or tuned)
