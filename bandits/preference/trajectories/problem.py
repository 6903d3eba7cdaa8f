"""Duels of trajectories in a linear Markov decision process, with one bit of feedback for each queried pair.

Jin et al. 2020 (arXiv:1907.05388) for the process; preferences between trajectories as in Wu & Sun 2023
(arXiv:2310.14554). A state s and an action a have features phi(s, a) in R^d of length at most 1. In stage h = 1, ..., H

    r_h(s, a) = phi(s, a) . theta_h in [0, 1],        P_h(s' | s, a) = phi(s, a) . psi_h(s'),

and every episode starts in the same state. With Phi the concatenated features of the H stages of a trajectory, R = Phi
. theta its unobserved reward, and a scale b known to the learner, the first trajectory is preferred with probability
sigma(b (R_first - R_second)).

In a round the learner plays two policies and a query rule, a lower triangular L and a level. It observes one trajectory
of each policy, and the answer where |L^-1 (Phi_first - Phi_second)|^2 is above the level. Values are exact: V* by
backward induction, those of the policies played from the law of their states. Rewards lie in [0, 1], so 0 <= V <= V* <=
H.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import Checked, checked, read_only
from bandits.core.checks import array, fits, integer, real
from bandits.preference.trajectories.steps import STEPS, EpisodeMetrics, LinearMDPSetting
from bandits.preference.trajectories.steps import PolicyPair as PolicyPair
from bandits.protocol import ProblemSteps, RoundProblem

_LARGEST = 1e6  # of measures and weights, before probabilities and rewards are checked
_MANY = 2**20
_CLOSE = 1e-9  # tolerance of sums of probabilities and of the range of rewards
Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrajectoryDuel(Checked):
    """Two trajectories per round; for some the answer 1.0 where the first was preferred, else 0.0."""

    kind: ClassVar[str] = "trajectory duel"


@dataclass(frozen=True, eq=False)
class LinearMDP(RoundProblem):
    """`horizon` >= 1 pairs of episodes in a process of H stages, S states and A actions.

    features: (S, A, d), phi, rows of length at most 1.  measures: (H, d, S), psi, such that features and measures give
    probabilities; those of the last stage are unused.  weights: (H, d), theta, such that rewards lie in [0, 1].
    scale: b in (0, 100].  start: state 0, ..., S - 1 in which every episode begins.

    Metrics: regret = sum over episodes of 2 V* less the values of the two policies, regret_per_episode, queries =
    number of queried pairs, and gap = V* less the value of the last episode's first policy.
    Raises ValueError or TypeError naming the argument.
    """

    features: ArrayLike
    measures: ArrayLike
    weights: ArrayLike
    horizon: int
    scale: float = 1.0
    start: int = 0
    feedback: ClassVar[TrajectoryDuel] = TrajectoryDuel()
    steps: ClassVar[ProblemSteps] = STEPS
    metrics: ClassVar[tuple[str, ...]] = EpisodeMetrics._fields

    def __post_init__(self) -> None:
        features = array("features", self.features, 3, -1.0, 1.0)
        measures = array("measures", self.measures, 3, -_LARGEST, _LARGEST)
        weights = array("weights", self.weights, 2, -_LARGEST, _LARGEST)
        shape = (len(weights), features.shape[2], len(features))
        if weights.shape != shape[:2]:
            raise ValueError(f"weights must be (H, {shape[1]}) for these features, got shape {weights.shape}")
        if measures.shape != shape:
            raise ValueError(f"measures must be {shape} for these features and weights, got shape {measures.shape}")
        longest = float(np.sqrt((features**2).sum(axis=2).max()))
        if longest > 1.0 + _CLOSE:
            raise ValueError(f"features must have rows of length at most 1, got {longest:g}")
        for name, found in (("features", features), ("measures", measures), ("weights", weights)):
            object.__setattr__(self, name, found)
        integer("horizon", self.horizon, low=1)
        real("scale", self.scale, 0.0, 100.0, open_low=True)
        integer("start", self.start, low=0, high=len(features) - 1)
        self._check_process()

    def _check_process(self) -> None:
        lowest, total = self._products.min(), self._products.sum(axis=3)
        if lowest < -_CLOSE or np.abs(total - 1.0).max() > _CLOSE:
            wrong = lowest if lowest < -_CLOSE else total.flat[np.abs(total - 1.0).argmax()]
            raise ValueError(f"features and measures must give probabilities >= 0 that sum to 1, got {wrong:g}")
        if self.rewards.min() < -_CLOSE or self.rewards.max() > 1.0 + _CLOSE:
            ends = f"[{self.rewards.min():g}, {self.rewards.max():g}]"
            raise ValueError(f"features and weights must give rewards in [0, 1], got rewards in {ends}")

    @property
    def n_stages(self) -> int:
        """Number of stages H of an episode."""
        return len(np.asarray(self.weights))

    @property
    def n_states(self) -> int:
        """Number of states S."""
        return len(np.asarray(self.features))

    @property
    def n_actions(self) -> int:
        """Number of actions A."""
        return int(np.asarray(self.features).shape[1])

    @property
    def n_parameters(self) -> int:
        """Number of reward parameters d H."""
        return int(np.asarray(self.weights).size)

    @cached_property
    def largest_difference(self) -> float:
        """A bound on |Phi - Phi'| for any two trajectories, from the largest distance of two features in each stage."""
        squares = [max(float(((rows - row) ** 2).sum(axis=1).max()) for row in rows) for rows in self._rows]
        return math.sqrt(squares[0] + (self.n_stages - 1) * squares[1])

    @cached_property
    def difference_dimension(self) -> int:
        """The dimension spanned by the differences Phi - Phi', at most d H; one less per stage for tabular features."""
        ranks = [int(np.linalg.matrix_rank(rows - rows[0])) for rows in self._rows]
        return ranks[0] + (self.n_stages - 1) * ranks[1]

    @property
    def _rows(self) -> tuple[Array, Array]:
        """The features that can occur in the first stage of an episode, (A, d), and in later ones, (S A, d)."""
        features = np.asarray(self.features)
        return features[self.start], features.reshape(-1, features.shape[2])

    @cached_property
    @read_only
    def rewards(self) -> Array:
        """The rewards (H, S, A), not observed by learners."""
        return np.ascontiguousarray(np.einsum("sak,hk->hsa", np.asarray(self.features), np.asarray(self.weights)))

    @cached_property
    @read_only
    def _products(self) -> Array:
        return np.asarray(np.einsum("sak,hkx->hsax", np.asarray(self.features), np.asarray(self.measures)))

    @cached_property
    @read_only
    def transitions(self) -> Array:
        """The probabilities (H, S, A, S) of the next state."""
        clean = np.maximum(self._products, 0.0)
        return np.ascontiguousarray(clean / clean.sum(axis=3, keepdims=True))

    @cached_property
    @read_only
    def optimal_policy(self) -> NDArray[np.int64]:
        """A policy (H, S) of largest value from every state and stage, by backward induction."""
        return backward_induction(self.rewards, self.transitions)[0]

    @cached_property
    def optimal_value(self) -> float:
        """V*, the largest value of any policy from the start, in [0, H]."""
        return float(backward_induction(self.rewards, self.transitions)[1][self.start])

    @cached_property
    def worst_value(self) -> float:
        """The least value of any policy from the start."""
        return float(-backward_induction(-self.rewards, self.transitions)[1][self.start])

    def setting(self) -> LinearMDPSetting:
        """Return what the compiled functions receive."""
        features = np.asarray(self.features)
        scale, start = float(self.scale), int(self.start)
        return LinearMDPSetting(features, self.transitions, self.rewards, scale, start, self.optimal_value)

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on the metric that hold for every learner and draw."""
        worst = self.optimal_value - self.worst_value
        rounding = 1e-12 * self.n_stages
        if metric == "queries":
            return 0.0, float(self.horizon)
        most = {"regret": 2.0 * self.horizon, "regret_per_episode": 2.0, "gap": 1.0}[metric]
        return -most * rounding, most * (worst + rounding)


def backward_induction(rewards: Array, transitions: Array) -> tuple[NDArray[np.int64], Array]:
    """Return a best policy (H, S) and its values (S,) in the first stage, for rewards (H, S, A).

    transitions: (H, S, A, S), those of the last stage unused.
    """
    value = np.zeros(rewards.shape[1])
    policy = np.zeros(rewards.shape[:2], np.int64)
    for h in range(len(rewards) - 1, -1, -1):
        worth = rewards[h] + transitions[h] @ value
        policy[h], value = worth.argmax(axis=1), worth.max(axis=1)
    return policy, value


@checked
def tabular_mdp(rewards: ArrayLike, transitions: ArrayLike, horizon: int, scale: float = 1.0) -> LinearMDP:
    """Return the process of rewards (H, S, A) in [0, 1] and probabilities (H, S, A, S): features are unit vectors."""
    table = array("rewards", rewards, 3, 0.0, 1.0)
    chances = array("transitions", transitions, 4, 0.0, 1.0)
    n_stages, n_states, n_actions = table.shape
    if chances.shape != (*table.shape, n_states):
        raise ValueError(f"transitions must be {(*table.shape, n_states)} for these rewards, got shape {chances.shape}")
    d = n_states * n_actions
    features = np.eye(d).reshape(n_states, n_actions, d)
    return LinearMDP(features, chances.reshape(n_stages, d, n_states), table.reshape(n_stages, d), horizon, scale)


@checked
def random_tabular_mdp(
    n_states: int, n_actions: int, n_stages: int, horizon: int, *, scale: float = 1.0, seed: int = 0
) -> LinearMDP:
    """Return a process with rewards uniform in [0, 1] and transition probabilities uniform on the simplex."""
    for name, number in (("n_states", n_states), ("n_actions", n_actions), ("n_stages", n_stages)):
        integer(name, number, low=1, high=_MANY)
    fits("n_states, n_actions and n_stages", n_stages * n_states * n_actions * (n_states + n_actions * n_states))
    rng = np.random.default_rng(integer("seed", seed, low=0))
    rewards = rng.random((n_stages, n_states, n_actions))
    chances = rng.dirichlet(np.ones(n_states), (n_stages, n_states, n_actions))
    return tabular_mdp(rewards, chances, horizon, scale)


@checked
def random_linear_mdp(
    n_states: int, n_actions: int, n_stages: int, n_features: int, horizon: int, *, scale: float = 1.0, seed: int = 0
) -> LinearMDP:
    """Return a process whose features are mixture weights of `n_features` random laws of the next state.

    phi(s, a) is on the simplex and each component of psi_h is a law, so their mixture is a law; theta is uniform in
    [0, 1]^d, so rewards are in [0, 1].
    """
    sizes = {"n_states": n_states, "n_actions": n_actions, "n_stages": n_stages, "n_features": n_features}
    for name, number in sizes.items():
        integer(name, number, low=1, high=_MANY)
    fits(", ".join(sizes), n_states * (n_actions + n_stages) * n_features)
    rng = np.random.default_rng(integer("seed", seed, low=0))
    features = rng.dirichlet(np.full(n_features, 0.5), (n_states, n_actions))
    measures = rng.dirichlet(np.full(n_states, 0.5), (n_stages, n_features))
    return LinearMDP(features, measures, rng.random((n_stages, n_features)), horizon, scale)
