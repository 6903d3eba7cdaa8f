"""The compiled steps of duels of trajectories in a linear Markov decision process (`problem`)."""

import math
from typing import Any, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform, uniform_pair
from bandits.preference.reward_fit import solve_lower
from bandits.protocol import ProblemSteps


class PolicyPair(NamedTuple):
    """Two policies and the query rule: a pair is queried where |factor^-1 difference|^2 > level."""

    first: Any  # (H, S) int64, actions
    second: Any  # (H, S) int64
    factor: Any  # (d H, d H) float64, lower triangular
    level: float  # -inf: always, inf: never


_check_pair = returns(
    PolicyPair,
    Part("first", "integer", 2),
    Part("second", "integer", 2),
    Part("factor", "number", 2),
    Part("level", "number"),
)


class TrajectoryPair(NamedTuple):
    """The feedback: one trajectory of each policy, and the answer."""

    states: Any  # (2, H) int64
    actions: Any  # (2, H) int64
    answer: float  # 1.0: the first was preferred, 0.0: the second, -1.0: not queried


class LinearMDPSetting(NamedTuple):
    """What the compiled functions receive."""

    features: Any  # (S, A, d) float64
    transitions: Any  # (H, S, A, S) float64, P_h(s' | s, a); unused in the last stage
    rewards: Any  # (H, S, A) float64
    scale: float  # b
    start: int
    best: float  # V*


class LinearMDPWorld(NamedTuple):
    """The last pair of trajectories, and the sums so far."""

    states: Any  # (2, H) int64
    actions: Any  # (2, H) int64
    difference: Any  # (d H,) scratch
    law: Any  # (2, S) scratch: law of the state in one stage and the next
    sums: Any  # (3,) float64: regret, queries, V* less the value of the last first policy


@kernel
def _init(setting: LinearMDPSetting, env: Stream) -> LinearMDPWorld:
    n_stages, n_states = setting.rewards.shape[0], setting.rewards.shape[1]
    states, actions = np.zeros((2, n_stages), np.int64), np.zeros((2, n_stages), np.int64)
    difference = np.zeros(n_stages * setting.features.shape[2])
    return LinearMDPWorld(states, actions, difference, np.zeros((2, n_states)), np.zeros(3))


@rare_kernel
def policy_value(setting: LinearMDPSetting, policy: Any, law: Any, t: int) -> float:
    """Return the value of `policy`, which must be (H, S) of actions, from the start; law (2, S) is scratch."""
    n_stages, n_states, n_actions = setting.rewards.shape
    if policy.shape[0] != n_stages or policy.shape[1] != n_states:
        reason = "policies must have shape ({}, {}), stages by states, got ({}, {})"
        raise InvalidAction(reason, t, n_stages, n_states, policy.shape[0], policy.shape[1])
    for s in range(n_states):
        law[0, s] = 1.0 if s == setting.start else 0.0
    value = 0.0
    for h in range(n_stages):
        for s in range(n_states):
            law[1, s] = 0.0
        for s in range(n_states):
            a = index(policy[h, s])
            if a < 0 or a >= n_actions:
                raise InvalidAction("policies must hold actions in 0, ..., {}, got {}", t, n_actions - 1, a)
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
    n_stages, n_states = setting.rewards.shape[:2]
    s, total = setting.start, 0.0
    for h in range(n_stages):
        a = index(policy[h, s])
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
    """Return |factor^-1 vector|^2 for a lower triangular factor; the vector is overwritten."""
    solve_lower(factor, vector)
    total = 0.0
    for k in range(vector.size):
        total += vector[k] * vector[k]
    return total


@rare_kernel
def check_rule(pair: PolicyPair, size: int, t: int) -> None:
    """Raise InvalidAction unless the factor is (size, size) with a positive diagonal and the level a number."""
    if pair.factor.shape[0] != size or pair.factor.shape[1] != size:
        reason = "factor must have shape ({}, {}), got ({}, {})"
        raise InvalidAction(reason, t, size, size, pair.factor.shape[0], pair.factor.shape[1])
    if np.isnan(pair.level):
        raise InvalidAction("level must be a number, got {}", t, pair.level)
    for i in range(size):
        if not 0.0 < pair.factor[i, i] < np.inf:
            raise InvalidAction("factor must have a finite positive diagonal, got {} at {}", t, pair.factor[i, i], i)


@kernel
def _respond(setting: LinearMDPSetting, world: LinearMDPWorld, t: int, pair: PolicyPair, env: Stream) -> Any:
    _check_pair(pair)
    check_rule(pair, world.difference.size, t)
    margin = 0.0
    for side in range(2):
        policy = pair.first if side == 0 else pair.second
        gap = setting.best - policy_value(setting, policy, world.law, t)
        reward = roll_out(setting, world, t, side, policy, env)
        world.sums[0] += gap
        world.sums[2] = gap if side == 0 else world.sums[2]
        margin += reward if side == 0 else -reward
    answer = -1.0
    feature_difference(setting.features, world.states, world.actions, world.difference)
    width = squared_width(pair.factor, world.difference)
    if not width < np.inf:
        raise InvalidAction("factor must give finite widths |factor^-1 difference|^2, got {}", t, width)
    if width > pair.level:
        world.sums[1] += 1.0
        answer = 0.0
        if uniform(env, t, setting.rewards.shape[0]) < 0.5 + 0.5 * math.tanh(0.5 * setting.scale * margin):
            answer = 1.0
    return TrajectoryPair(world.states, world.actions, answer), world


class EpisodeMetrics(NamedTuple):
    """Metrics after a number of pairs of episodes."""

    regret: float
    regret_per_episode: float
    queries: float
    gap: float


@kernel
def _measure(setting: LinearMDPSetting, world: LinearMDPWorld, n_rounds: int) -> EpisodeMetrics:
    regret, queries, gap = world.sums[0], world.sums[1], world.sums[2]
    return EpisodeMetrics(regret, regret / n_rounds, queries, gap)


STEPS = ProblemSteps(_init, _respond, _measure)
