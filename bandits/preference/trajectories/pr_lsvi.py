"""PR-LSVI: randomised least-squares value iteration with queries only where the rewards are uncertain.

Wu & Sun 2023 (arXiv:2310.14554), Algorithm 1, for the process of `bandits.preference.trajectories.problem`. In episode
t, with Sigma_h = lambda I + sum phi phi^T over all visits of stage h, Sigma_r = lambda I + sum x x^T over the
queried differences x = Phi_first - Phi_second, and theta_r fitted to the answers (`trajectories.fit`):

    theta' ~ N(theta_r, sigma_r^2 Sigma_r^{-1}),   V_{H+1} = 0, and for h = H, ..., 1
    eta'_h ~ N(Sigma_h^{-1} sum phi(s_h, a_h) V_{h+1}(s_{h+1}), sigma_P^2 Sigma_h^{-1}),
    Q_h = blend of phi . (theta'_h + eta'_h) and H - h + 1,   V_h = max_a Q_h.

One trajectory comes from the policy that is greedy for Q, the other from that of the previous episode. The blend is
after Zanette et al. 2020 (arXiv:1911.00567): with w = |phi| in the norm of Sigma_h^{-1} the first where w <= alpha_L,
the optimistic value where w >= alpha_U, linear in w between. A pair is queried where

    E |x . (u - v)| > epsilon,   u, v independent draws of N(theta_r, sigma_r^2 Sigma_r^{-1}).

As u - v ~ N(0, 2 sigma_r^2 Sigma_r^{-1}) the left side is (2 sigma_r / sqrt(pi)) |x|_{Sigma_r^{-1}}: no draw is needed.

**Queries are bounded on every path.** Each query multiplies det Sigma_r by 1 + |x|^2_{Sigma_r^{-1}} > 1 + u with u = pi
epsilon^2 / (4 sigma_r^2), and after q of them its product over the r dimensions that the differences span is at most
(lambda + q X^2 / r)^r, X the largest |x|. So

    q log(1 + u) < r log(1 + q X^2 / (lambda r)):    `query_cap` is the largest such q.

Ours, not the paper's: the reward fit has a ridge in place of a ball, the first term of the blend is clipped to
[-(H - h + 1), H - h + 1], and the noise scales are parameters (the paper's are known to us up to constants only).

The sums over visits are a matrix (d, S) of counts times V, so an episode costs O(H (d^2 + S A d) + (d H)^2) for every
t; only the fit reads the answers, and only after a new one.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.arguments import checked
from bandits.core.checks import integer, real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.normal import normal_quantile
from bandits.core.rng import Stream, uniform_index, uniform_pair
from bandits.preference.reward_fit import solve_lower, solve_upper
from bandits.preference.trajectories.fit import TrajectoryFit, TrajectoryFitParams, add_outer, no_answers, take_answer
from bandits.preference.trajectories.problem import LinearMDP, TrajectoryDuel
from bandits.preference.trajectories.steps import PolicyPair, TrajectoryPair, feature_difference
from bandits.protocol import Learner, LearnerSteps


class PRLSVIParams(NamedTuple):
    """The reward model, and the parameters of PR-LSVI."""

    model: TrajectoryFitParams
    ridge: float  # lambda
    threshold: float  # epsilon
    reward_scale: float  # sigma_r of the query rule
    reward_noise: float  # sigma_r of the draw
    transition_scale: float  # sigma_P
    trusted_width: float  # alpha_L
    unknown_width: float  # alpha_U


class PRLSVIState(NamedTuple):
    """Statistics of the episodes so far, and the plan for the next; D = d H."""

    fit: TrajectoryFit
    reward_factor: Any  # (D, D) lower triangular, of Sigma_r
    visit_factor: Any  # (H, d, d) lower triangular, of Sigma_h
    width: Any  # (H, S, A) squared widths phi . Sigma_h^{-1} phi
    counts: Any  # (H, d, S) sum of phi(s_h, a_h) by next state
    policies: Any  # (2, H, S) int64: the greedy one, and that of the previous episode
    draws: Any  # (2, D) scratch: theta', and the noise of the transitions
    target: Any  # (d,) scratch
    values: Any  # (2, S) scratch: V_h and V_{h+1}


@rare_kernel
def _fill(params: PRLSVIParams, reward_factor: Any, visit_factor: Any, width: Any) -> None:
    """Write the factors and widths before any visit or answer."""
    n_stages, n_states, n_actions = width.shape
    d = visit_factor.shape[1]
    for h in range(n_stages):
        for k in range(d):
            reward_factor[h * d + k, h * d + k] = math.sqrt(params.ridge)
            visit_factor[h, k, k] = math.sqrt(params.ridge)
        for s in range(n_states):
            for a in range(n_actions):
                for k in range(d):
                    width[h, s, a] += params.model.features[s, a, k] ** 2 / params.ridge


@kernel
def _init(params: PRLSVIParams, rng: Stream) -> PRLSVIState:
    n_states, n_actions, d = params.model.features.shape
    n_stages = params.model.n_stages
    size = d * n_stages
    reward_factor, visit_factor = np.zeros((size, size)), np.zeros((n_stages, d, d))
    width, counts = np.zeros((n_stages, n_states, n_actions)), np.zeros((n_stages, d, n_states))
    _fill(params, reward_factor, visit_factor, width)
    policies, draws, values = np.zeros((2, n_stages, n_states), np.int64), np.zeros((2, size)), np.zeros((2, n_states))
    fit = no_answers(params.model)
    return PRLSVIState(fit, reward_factor, visit_factor, width, counts, policies, draws, np.zeros(d), values)


@kernel
def query_level(threshold: float, reward_scale: float) -> float:
    """Return u: a pair is queried where |x|^2 in the norm of Sigma_r^{-1} is above u."""
    return 0.25 * math.pi * (threshold / reward_scale) ** 2


@kernel
def blended(estimate: float, width: float, top: float, trusted: float, unknown: float) -> float:
    """Return Q at a point of this width, with the estimate clipped to [-top, top]; top is the optimistic value."""
    if width >= unknown and width > trusted:
        return top
    cut = min(max(estimate, -top), top)
    if width <= trusted:
        return cut
    share = (unknown - width) / (unknown - trusted)
    return share * cut + (1.0 - share) * top


@kernel
def draw_rewards(params: PRLSVIParams, state: PRLSVIState, t: int, rng: Stream) -> None:
    """Write theta' and normals of scale sigma_P into state.draws."""
    rewards = state.draws[0]
    for k in range(rewards.size):
        pair = uniform_pair(rng, t, k)
        for i in range(2):
            scale = params.reward_noise if i == 0 else params.transition_scale
            state.draws[i, k] = scale * normal_quantile(pair[i] + 2.0**-54)
    solve_upper(state.reward_factor, rewards)
    for k in range(rewards.size):
        rewards[k] += state.fit.theta[k]


@kernel
def draw_stage(state: PRLSVIState, h: int) -> None:
    """Write theta'_h + eta'_h into state.target, for V_{h+1} in the second row of state.values."""
    d = state.target.size
    for k in range(d):
        state.target[k] = 0.0
        for s in range(state.values.shape[1]):
            state.target[k] += state.counts[h, k, s] * state.values[1, s]
    solve_lower(state.visit_factor[h], state.target)
    for k in range(d):
        state.target[k] += state.draws[1, h * d + k]
    solve_upper(state.visit_factor[h], state.target)
    for k in range(d):
        state.target[k] += state.draws[0, h * d + k]


@rare_kernel
def plan(params: PRLSVIParams, state: PRLSVIState, t: int, rng: Stream) -> None:
    """Write episode t's greedy policy into the first of state.policies."""
    n_states, n_actions, d = params.model.features.shape
    draw_rewards(params, state, t, rng)
    for s in range(n_states):
        state.values[1, s] = 0.0
    for h in range(params.model.n_stages - 1, -1, -1):
        draw_stage(state, h)
        top = float(params.model.n_stages - h)
        for s in range(n_states):
            state.values[0, s] = -math.inf
            for a in range(n_actions):
                estimate = 0.0
                for k in range(d):
                    estimate += params.model.features[s, a, k] * state.target[k]
                width = math.sqrt(max(state.width[h, s, a], 0.0))
                worth = blended(estimate, width, top, params.trusted_width, params.unknown_width)
                if worth > state.values[0, s]:
                    state.values[0, s] = worth
                    state.policies[0, h, s] = a
        for s in range(n_states):
            state.values[1, s] = state.values[0, s]


@kernel
def _act(params: PRLSVIParams, state: PRLSVIState, t: int, rng: Stream) -> PolicyPair:
    plan(params, state, t, rng)
    level = query_level(params.threshold, params.reward_scale)
    return PolicyPair(state.policies[0], state.policies[1], state.reward_factor, level)


@kernel
def count_visit(params: PRLSVIParams, state: PRLSVIState, h: int, s: int, a: int) -> None:
    """Add phi(s, a) to the factor of Sigma_h and update the widths of stage h (Sherman-Morrison formula)."""
    n_states, n_actions, d = params.model.features.shape
    factor, direction = state.visit_factor[h], state.target
    for k in range(d):
        direction[k] = params.model.features[s, a, k]
    solve_lower(factor, direction)
    solve_upper(factor, direction)
    rest = 1.0 + state.width[h, s, a]
    for i in range(n_states):
        for j in range(n_actions):
            along = 0.0
            for k in range(d):
                along += params.model.features[i, j, k] * direction[k]
            state.width[h, i, j] -= along * along / rest
    for k in range(d):
        direction[k] = params.model.features[s, a, k]
    add_outer(factor, direction)


@rare_kernel
def count_trajectories(params: PRLSVIParams, state: PRLSVIState, pair: TrajectoryPair) -> None:
    """Add both trajectories to the visits and the counts of next states."""
    n_stages = params.model.n_stages
    for side in range(2):
        for h in range(n_stages):
            s, a = pair.states[side, h], pair.actions[side, h]
            count_visit(params, state, h, s, a)
            if h + 1 < n_stages:
                for k in range(state.target.size):
                    state.counts[h, k, pair.states[side, h + 1]] += params.model.features[s, a, k]


@kernel
def count_answer(params: PRLSVIParams, state: PRLSVIState, pair: TrajectoryPair) -> None:
    """Add the queried difference to Sigma_r, and the answer to the fit."""
    take_answer(params.model, state.fit, pair.states, pair.actions, pair.answer)
    difference = state.draws[0]
    feature_difference(params.model.features, pair.states, pair.actions, difference)
    add_outer(state.reward_factor, difference)


@kernel
def _update(params: PRLSVIParams, state: PRLSVIState, t: int, action: Any, pair: TrajectoryPair, rng: Stream) -> Any:
    count_trajectories(params, state, pair)
    if pair.answer >= 0.0:
        count_answer(params, state, pair)
    for h in range(state.policies.shape[1]):
        for s in range(state.policies.shape[2]):
            state.policies[1, h, s] = state.policies[0, h, s]
    return state


@checked
def query_cap(threshold: float, reward_scale: float, ridge: float, dimension: int, largest_difference: float) -> int:
    """Return the largest q with q log(1 + u) < r log(1 + q X^2 / (lambda r)), or 0; 2^62 at most.

    threshold: epsilon >= 0.  reward_scale: sigma_r > 0.  ridge: lambda > 0.  dimension: r >= 0 and
    largest_difference: X >= 0, of the differences of features of two trajectories.
    """
    real("threshold", threshold, 0.0)
    real("reward_scale", reward_scale, 0.0, open_low=True)
    real("ridge", ridge, 0.0, open_low=True)
    integer("dimension", dimension, low=0)
    real("largest_difference", largest_difference, 0.0)
    rate = math.log1p(query_level(threshold, reward_scale))
    most = 2**62

    def allowed(q: int) -> bool:
        return q * rate < dimension * math.log1p(q * largest_difference**2 / (ridge * dimension))

    if dimension == 0 or not allowed(1):  # the right side is concave in q, and both sides are 0 at 0
        return 0
    if allowed(most):
        return most
    low, high = 1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if allowed(middle) else (low, middle)
    return low


@dataclass(frozen=True)
class PRLSVI(Learner):
    """PR-LSVI: `threshold` epsilon >= 0 of the query rule; 0 queries wherever the trajectories differ.

    reward_scale: sigma_r > 0.  transition_scale: sigma_P >= 0.  ridge: lambda > 0.
    trusted_width: alpha_L >= 0.  unknown_width: alpha_U >= alpha_L.
    """

    threshold: float = 0.05
    reward_scale: float = 0.3
    transition_scale: float = 0.3
    ridge: float = 1.0
    trusted_width: float = 0.9
    unknown_width: float = 0.9
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (TrajectoryDuel,)

    def __post_init__(self) -> None:
        real("threshold", self.threshold, 0.0)
        real("reward_scale", self.reward_scale, 0.0, open_low=True)
        real("transition_scale", self.transition_scale, 0.0)
        real("ridge", self.ridge, 0.0, open_low=True)
        if real("trusted_width", self.trusted_width, 0.0) > real("unknown_width", self.unknown_width, 0.0):
            widths = f"{self.trusted_width:g} and {self.unknown_width:g}"
            raise ValueError(f"trusted_width must be at most unknown_width, got {widths}")

    def parameters(self, problem: LinearMDP) -> PRLSVIParams:
        """Return the model for the problem's features, and the capacity for the largest number of queries."""
        scale, ridge, threshold = float(self.reward_scale), float(self.ridge), float(self.threshold)
        cap = query_cap(threshold, scale, ridge, problem.difference_dimension, problem.largest_difference)
        capacity = min(int(problem.horizon), cap + 1)  # one more: the norms are compared up to rounding
        features = np.asarray(problem.features)
        model = TrajectoryFitParams(features, problem.n_stages, float(problem.scale), ridge, capacity)
        widths = float(self.trusted_width), float(self.unknown_width)
        return PRLSVIParams(model, ridge, threshold, scale, self.reward_noise, float(self.transition_scale), *widths)

    @property
    def reward_noise(self) -> float:
        """The scale of the noise on the rewards used for planning."""
        return float(self.reward_scale)


@dataclass(frozen=True)
class CertainRewardLSVI(PRLSVI):
    """PR-LSVI without noise on the fitted rewards: a baseline with the same query rule."""

    @property
    def reward_noise(self) -> float:
        """No noise."""
        return 0.0


# ---------------------------------------------------------------- uniform policies


class RandomPolicyParams(NamedTuple):
    """The sizes of the process."""

    n_stages: int
    n_states: int
    n_actions: int
    n_parameters: int


class RandomPolicyState(NamedTuple):
    """The two policies of the episode, and a factor for the rule without queries."""

    first: Any  # (H, S) int64
    second: Any  # (H, S) int64
    factor: Any  # (D, D) the identity


@kernel
def _random_init(params: RandomPolicyParams, rng: Stream) -> RandomPolicyState:
    shape = (params.n_stages, params.n_states)
    return RandomPolicyState(np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.eye(params.n_parameters))


@kernel
def _random_act(params: RandomPolicyParams, state: RandomPolicyState, t: int, rng: Stream) -> PolicyPair:
    for h in range(params.n_stages):
        for s in range(params.n_states):
            place = h * params.n_states + s
            state.first[h, s] = uniform_index(rng, t, 2 * place, params.n_actions)
            state.second[h, s] = uniform_index(rng, t, 2 * place + 1, params.n_actions)
    return PolicyPair(state.first, state.second, state.factor, math.inf)


@kernel
def _random_update(params: RandomPolicyParams, state: Any, t: int, action: Any, pair: Any, rng: Stream) -> Any:
    return state


@dataclass(frozen=True)
class RandomPolicies(Learner):
    """Two policies drawn uniformly in every episode, without queries: a baseline."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_random_init, _random_act, _random_update)
    accepts: ClassVar[tuple[type, ...]] = (TrajectoryDuel,)

    def parameters(self, problem: LinearMDP) -> RandomPolicyParams:
        """Return the sizes of the process."""
        return RandomPolicyParams(problem.n_stages, problem.n_states, problem.n_actions, problem.n_parameters)
