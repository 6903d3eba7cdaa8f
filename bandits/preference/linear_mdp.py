"""Episodes of a linear Markov decision process in pairs, and one bit for those pairs that the learner asks about.

Jin et al. 2020 (arXiv:1907.05388) for the process; preferences between trajectories as in Wu & Sun 2023
(arXiv:2310.14554). A state s and an action a have features phi(s, a) in R^d of length at most 1. In stage h = 1, ..., H

    r_h(s, a) = phi(s, a) . theta_h in [0, 1],        P_h(s' | s, a) = phi(s, a) . psi_h(s'),

every episode from one start. With Phi the features of a trajectory's H stages, one after the other, R = Phi . theta its
reward, unseen, and a scale b that the learner knows, the first trajectory is preferred with probability
sigma(b (R_first - R_second)).

A round: the learner sends two policies and a rule, a lower triangular L and a level; it sees one trajectory of each,
and the answer where |L^-1 (Phi_first - Phi_second)|^2 is above the level. Values are exact: V* by backward induction,
those of the policies played from the law of their states. Rewards lie in [0, 1], so 0 <= V <= V* <= H.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import Checked, checked
from bandits.checks import array, fits, integer, real
from bandits.jit import kernel, rare_kernel
from bandits.preference.reward_fit import solve_lower
from bandits.protocol import Problem, ProblemSteps
from bandits.rng import Stream, uniform, uniform_pair

_LARGEST = 1e6  # of measures and weights, before what they make is checked
_MANY = 2**20
_CLOSE = 1e-9  # to 1, of sums of probabilities and of the ends of rewards
Array = NDArray[np.float64]


@dataclass(frozen=True)
class TrajectoryDuel(Checked):
    """Two trajectories a round; for some the answer 1.0 where the first was preferred, else 0.0."""


class PolicyPair(NamedTuple):
    """Two policies, and the rule for asking: where |factor^-1 difference|^2 > level."""

    first: Any  # (H, S) int64, actions
    second: Any  # (H, S) int64
    factor: Any  # (d H, d H) float64, lower triangular
    level: float  # -inf asks always, inf never


class TrajectoryPair(NamedTuple):
    """What was seen of one trajectory of each policy."""

    states: Any  # (2, H) int64
    actions: Any  # (2, H) int64
    answer: float  # 1.0 where the first was preferred, 0.0 the second, -1.0 where nobody was asked


class LinearMDPSetting(NamedTuple):
    """What the compiled functions receive."""

    features: Any  # (S, A, d) float64
    transitions: Any  # (H, S, A, S) float64, P_h(s' | s, a); the last stage's lead nowhere
    rewards: Any  # (H, S, A) float64
    scale: float  # b
    start: int
    best: float  # V*


class LinearMDPWorld(NamedTuple):
    """The last pair of trajectories, and the sums so far."""

    states: Any  # (2, H) int64
    actions: Any  # (2, H) int64
    difference: Any  # (d H,) scratch
    law: Any  # (2, S) scratch: where a policy is in one stage and the next
    sums: Any  # (3,) float64: regret, queries, V* less the value of the last first policy


@kernel
def _init(setting: LinearMDPSetting, env: Stream) -> LinearMDPWorld:
    n_stages, n_states = setting.rewards.shape[0], setting.rewards.shape[1]
    states, actions = np.zeros((2, n_stages), np.int64), np.zeros((2, n_stages), np.int64)
    difference = np.zeros(n_stages * setting.features.shape[2])
    return LinearMDPWorld(states, actions, difference, np.zeros((2, n_states)), np.zeros(3))


@rare_kernel
def policy_value(setting: LinearMDPSetting, policy: Any, law: Any) -> float:
    """Return the value of `policy` (H, S) from the start; ValueError for what is no action. law (2, S) is scratch."""
    n_stages, n_states = policy.shape
    for s in range(n_states):
        law[0, s] = 1.0 if s == setting.start else 0.0
    value = 0.0
    for h in range(n_stages):
        for s in range(n_states):
            law[1, s] = 0.0
        for s in range(n_states):
            a = policy[h, s]
            if a < 0 or a >= setting.rewards.shape[2]:
                raise ValueError("the learner played an action outside 0, ..., n_actions - 1")
            if law[0, s] > 0.0:
                value += law[0, s] * setting.rewards[h, s, a]
                if h + 1 < n_stages:
                    for following in range(n_states):
                        law[1, following] += law[0, s] * setting.transitions[h, s, a, following]
        for s in range(n_states):
            law[0, s] = law[1, s]
    return value


@rare_kernel
def roll_out(setting: LinearMDPSetting, world: LinearMDPWorld, t: int, side: int, policy: Any, env: Stream) -> float:
    """Write one trajectory of `policy` into the world's row `side`; return its reward."""
    n_stages, n_states = policy.shape
    s, total = setting.start, 0.0
    for h in range(n_stages):
        a = policy[h, s]
        world.states[side, h] = s
        world.actions[side, h] = a
        total += setting.rewards[h, s, a]
        if h + 1 < n_stages:
            left, right = uniform_pair(env, t, h)
            u = left if side == 0 else right
            following = 0
            u -= setting.transitions[h, s, a, 0]
            while u >= 0.0 and following + 1 < n_states:
                following += 1
                u -= setting.transitions[h, s, a, following]
            s = following
    return total


@rare_kernel
def feature_difference(features: Any, states: Any, actions: Any, difference: Any) -> None:
    """Write Phi_first - Phi_second of the trajectories `states`, `actions` (2, H) into difference (d H,)."""
    d = features.shape[2]
    for h in range(states.shape[1]):
        for k in range(d):
            first = features[states[0, h], actions[0, h], k]
            difference[h * d + k] = first - features[states[1, h], actions[1, h], k]


@rare_kernel
def squared_width(factor: Any, vector: Any) -> float:
    """Return |factor^-1 vector|^2 for a lower triangular factor; the vector is spoilt."""
    solve_lower(factor, vector)
    total = 0.0
    for k in range(vector.size):
        total += vector[k] * vector[k]
    return total


@kernel
def _respond(setting: LinearMDPSetting, world: LinearMDPWorld, t: int, pair: PolicyPair, env: Stream) -> Any:
    margin = 0.0
    for side in range(2):
        policy = pair.first if side == 0 else pair.second
        gap = setting.best - policy_value(setting, policy, world.law)
        reward = roll_out(setting, world, t, side, policy, env)
        world.sums[0] += gap
        world.sums[2] = gap if side == 0 else world.sums[2]
        margin += reward if side == 0 else -reward
    answer = -1.0
    feature_difference(setting.features, world.states, world.actions, world.difference)
    if squared_width(pair.factor, world.difference) > pair.level:
        world.sums[1] += 1.0
        answer = 0.0
        if uniform(env, t, setting.rewards.shape[0]) < 0.5 + 0.5 * math.tanh(0.5 * setting.scale * margin):
            answer = 1.0
    return TrajectoryPair(world.states, world.actions, answer), world


@kernel
def _measure(setting: LinearMDPSetting, world: LinearMDPWorld, n_rounds: int, out: Any) -> None:
    out[0] = world.sums[0]
    out[1] = world.sums[0] / n_rounds
    out[2] = world.sums[1]
    out[3] = world.sums[2]


@dataclass(frozen=True, eq=False)
class LinearMDP(Problem):
    """`horizon` >= 1 pairs of episodes in a process of H stages, S states and A actions.

    features: (S, A, d), phi, rows of length at most 1.  measures: (H, d, S), psi, such that features and measures give
    probabilities; the last stage's lead nowhere.  weights: (H, d), theta, such that rewards lie in [0, 1].
    scale: b in (0, 100].  start: state 0, ..., S - 1 in which every episode begins.

    Metrics: regret = sum over episodes of 2 V* less the values of the two policies, regret_per_episode, queries = how
    often the learner asked, and gap = V* less the value of the last episode's first policy.
    Raises ValueError or TypeError naming the argument.
    """

    features: ArrayLike
    measures: ArrayLike
    weights: ArrayLike
    horizon: int
    scale: float = 1.0
    start: int = 0
    feedback: ClassVar[TrajectoryDuel] = TrajectoryDuel()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure)
    metrics: ClassVar[tuple[str, ...]] = ("regret", "regret_per_episode", "queries", "gap")

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
        """A bound on |Phi - Phi'| for any two trajectories: stages differ by no more than any two features there."""
        squares = [max(float(((rows - row) ** 2).sum(axis=1).max()) for row in rows) for rows in self._rows]
        return math.sqrt(squares[0] + (self.n_stages - 1) * squares[1])

    @cached_property
    def difference_dimension(self) -> int:
        """A dimension that holds Phi - Phi' for any two trajectories, at most d H: in unit vectors one less a stage."""
        ranks = [int(np.linalg.matrix_rank(rows - rows[0])) for rows in self._rows]
        return ranks[0] + (self.n_stages - 1) * ranks[1]

    @property
    def _rows(self) -> tuple[Array, Array]:
        """The features that an episode can meet in its first stage, (A, d), and later, (S A, d)."""
        features = np.asarray(self.features)
        return features[self.start], features.reshape(-1, features.shape[2])

    @cached_property
    def rewards(self) -> Array:
        """The rewards (H, S, A), which no learner sees."""
        return np.ascontiguousarray(np.einsum("sak,hk->hsa", np.asarray(self.features), np.asarray(self.weights)))

    @cached_property
    def _products(self) -> Array:
        return np.asarray(np.einsum("sak,hkx->hsax", np.asarray(self.features), np.asarray(self.measures)))

    @cached_property
    def transitions(self) -> Array:
        """The probabilities (H, S, A, S) of the next state."""
        clean = np.maximum(self._products, 0.0)
        return np.ascontiguousarray(clean / clean.sum(axis=3, keepdims=True))

    @cached_property
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
        """Return numbers that the metric cannot leave in any play of any learner."""
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
    """Return a process with rewards uniform in [0, 1] and next states' probabilities uniform on the simplex."""
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
    """Return a process whose features are weights of `n_features` random laws of the next state.

    phi(s, a) is on the simplex and each component of psi_h is a law, so what they make is one; theta is uniform in
    [0, 1]^d, so rewards lie there too.
    """
    sizes = {"n_states": n_states, "n_actions": n_actions, "n_stages": n_stages, "n_features": n_features}
    for name, number in sizes.items():
        integer(name, number, low=1, high=_MANY)
    fits(", ".join(sizes), n_states * (n_actions + n_stages) * n_features)
    rng = np.random.default_rng(integer("seed", seed, low=0))
    features = rng.dirichlet(np.full(n_features, 0.5), (n_states, n_actions))
    measures = rng.dirichlet(np.full(n_states, 0.5), (n_stages, n_features))
    return LinearMDP(features, measures, rng.random((n_stages, n_features)), horizon, scale)
