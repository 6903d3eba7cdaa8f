"""Imitation of a guide that can be asked: in each episode a learner plays a policy and hears the guide's values.

A guide g is a policy in a tabular process, known only by what it does and by how episodes end that it completes. With
Q its action values, V_h(s) = sum_a g_h(a | s) Q_h(s, a) and Adv = Q - V, every policy pi has (Kakade & Langford 2002)

    J(pi) - J(g) = sum_h sum_s d_h(s) sum_a pi_h(a | s) Adv_h(s, a),    d the visits of pi.

The tabular, exact form of learning from a guide's completions (Chang et al. 2023; Ross & Bagnell 2014).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.actions import InvalidAction, Part, returns
from bandits.core.arguments import Checked, Numbers, read_only
from bandits.core.checks import instance, integer
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.rng import Stream, uniform, uniform_index
from bandits.core.summation import Sum, empty_sum, plus
from bandits.core.summation import value as total_of
from bandits.episodes.mdp import EpisodicMDP
from bandits.protocol import ProblemSteps, RoundProblem, draws_nothing

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GuideValues(Checked):
    """`Visited` after each episode: the visits of the learner's policy and the guide's values."""

    kind: ClassVar[str] = "guide's values"


@dataclass(frozen=True)
class Completions(Checked):
    """`Completed` after each episode: the learner's policy as far as a random step, a random action, then the guide."""

    kind: ClassVar[str] = "completions"


class Visited(NamedTuple):
    """Probabilities of states at each step, and the guide's values."""

    visits: Any  # (H, S) float64, of the policy played
    guide_visits: Any  # (H, S) float64
    values: Any  # (H, S, A) float64, Q of the guide


class Completed(NamedTuple):
    """The step and state that the learner's policy reached, the action drawn there, and the rewards from there on."""

    step: int
    state: int
    action: int
    rewards: float


class Policy(NamedTuple):
    """An action: the probabilities of the process's actions, at every step in every state."""

    probability: Any  # (H, S, A) float64


class GuidedSetting(NamedTuple):
    """What the compiled functions receive."""

    rewards: Any  # (H, S, A) float64
    transitions: Any  # (H, S, A, S) float64
    start: Any  # (S,) float64
    guide: Any  # (H, S, A) float64
    guide_visits: Any  # (H, S) float64
    values: Any  # (H, S, A) float64, Q of the guide
    leads: Any  # (H, S) float64, max_a Adv
    guide_value: float
    best_value: float


class GuidedWorld(NamedTuple):
    """The visits of the last policy, sums over episodes, and the last value."""

    visits: Any  # (H, S) float64
    value: Sum
    improvement: Sum
    last: float


class Metrics(NamedTuple):
    """Metrics after a number of episodes."""

    regret: float
    guide_regret: float
    shortfall: float
    improvement: float
    last_value: float


_check_action = returns(Policy, Part("probability", "number", 3))


@kernel
def _init(setting: GuidedSetting, env: Stream) -> GuidedWorld:
    return GuidedWorld(np.zeros(setting.guide_visits.shape), empty_sum(), empty_sum(), 0.0)


@shared_kernel
def _play(setting: GuidedSetting, world: GuidedWorld, t: int, action: Policy, env: Stream) -> GuidedWorld:
    """Return the world after an episode with a policy, whose laws are checked."""
    _check_action(action)
    laws = action.probability
    steps, states, actions = setting.guide.shape
    if laws.shape[0] != steps or laws.shape[1] != states or laws.shape[2] != actions:
        raise InvalidAction(
            "probability must be ({}, {}, {}), got ({}, {}, {})",
            t, steps, states, actions, laws.shape[0], laws.shape[1], laws.shape[2],
        )  # fmt: skip
    value, improvement = 0.0, 0.0
    for s in range(states):
        world.visits[0, s] = setting.start[s]
    for h in range(steps):
        if h + 1 < steps:
            for s in range(states):
                world.visits[h + 1, s] = 0.0
        for s in range(states):
            total = 0.0
            improvement += world.visits[h, s] * setting.leads[h, s]
            for a in range(actions):
                p = laws[h, s, a]
                if not 0.0 <= p <= 1.0:
                    raise InvalidAction("probability must be in [0, 1], got {} at {}, {}, {}", t, p, h, s, a)
                total += p
                there = world.visits[h, s] * p
                value += there * setting.rewards[h, s, a]
                if h + 1 < steps and there > 0.0:
                    for after in range(states):
                        world.visits[h + 1, after] += there * setting.transitions[h, s, a, after]
            if abs(total - 1.0) > 1e-9:
                raise InvalidAction("probability must sum to 1, got a sum of {} at {}, {}", t, total, h, s)
    return GuidedWorld(world.visits, plus(world.value, value, t), plus(world.improvement, improvement, t), value)


@kernel
def _respond_values(setting: GuidedSetting, world: GuidedWorld, t: int, action: Policy, env: Stream) -> Any:
    after = _play(setting, world, t, action, env)
    return Visited(after.visits, setting.guide_visits, setting.values), after


@kernel
def _respond_completion(setting: GuidedSetting, world: GuidedWorld, t: int, action: Policy, env: Stream) -> Any:
    """Roll in with the learner's policy, draw an action uniformly, complete with the guide."""
    after = _play(setting, world, t, action, env)
    steps, _, actions = setting.guide.shape
    step = uniform_index(env, t, 0, steps)
    s, state, chosen, rewards = pick(setting.start, 1.0, uniform(env, t, 1)), 0, 0, 0.0
    for h in range(steps):
        if h == step:
            state = s
            chosen = a = uniform_index(env, t, 2 + 2 * h, actions)
        else:
            law = action.probability[h, s] if h < step else setting.guide[h, s]
            a = pick(law, 1.0, uniform(env, t, 2 + 2 * h))
        rewards += setting.rewards[h, s, a] if h >= step else 0.0
        if h + 1 < steps:
            s = pick(setting.transitions[h, s, a], 1.0, uniform(env, t, 3 + 2 * h))
    return Completed(step, state, chosen, rewards), after


@rare_kernel
def _measure(setting: GuidedSetting, world: GuidedWorld, n_rounds: int) -> Metrics:
    played, improvement = total_of(world.value), total_of(world.improvement)
    lost = n_rounds * setting.guide_value - played
    return Metrics(n_rounds * setting.best_value - played, lost, lost + improvement, improvement, world.last)


@dataclass(frozen=True, eq=False)
class GuidedGame(RoundProblem):
    """`horizon` episodes (1 to 2^56) in a process, with a guide to ask.

    mdp: an `EpisodicMDP`.  guide: its policy, (S, A) or (H, S, A) of probabilities.  feedback: `GuideValues()`, exact,
    or `Completions()`, sampled. A learner plays `Policy(probability)`, (H, S, A).

    Metrics, with J the exact value of the policy played: regret, the sum of J* - J, J* the best value; guide_regret,
    the sum of J(g) - J; improvement, the sum over episodes of E max_a Adv in the states visited, at least 0;
    shortfall = guide_regret + improvement, at least 0; last_value, J of the last episode.
    """

    mdp: EpisodicMDP
    guide: Numbers
    horizon: int
    feedback: GuideValues | Completions = GuideValues()
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        instance("mdp", self.mdp, EpisodicMDP, "an EpisodicMDP")
        instance("feedback", self.feedback, (GuideValues, Completions), "GuideValues() or Completions()")
        integer("horizon", self.horizon, low=1)
        object.__setattr__(self, "guide", self.mdp.policy("guide", self.guide))

    @property
    def steps(self) -> ProblemSteps:
        """The compiled functions."""
        respond = _respond_values if isinstance(self.feedback, GuideValues) else _respond_completion
        return ProblemSteps(_init, respond, _measure)

    @property
    def n_steps(self) -> int:
        """Number of steps H of an episode."""
        return self.mdp.shape[0]

    @property
    def largest_loss(self) -> float:
        """The most that an episode can lose, H."""
        return float(self.n_steps)

    @property
    def n_states(self) -> int:
        """Number of states S."""
        return self.mdp.shape[1]

    @property
    def n_actions(self) -> int:
        """Number of actions A of the process."""
        return self.mdp.shape[2]

    @cached_property
    @read_only
    def guide_values(self) -> Array:
        """Q of the guide, (H, S, A)."""
        return self.mdp.action_values(self.guide)

    @cached_property
    @read_only
    def advantages(self) -> Array:
        """Adv of the guide, (H, S, A)."""
        mean = (np.asarray(self.guide) * self.guide_values).sum(axis=2, keepdims=True)
        return np.asarray(self.guide_values - mean)

    @cached_property
    @read_only
    def guide_visits(self) -> Array:
        """The probabilities of states under the guide, (H, S)."""
        return self.mdp.visits(self.guide)

    @cached_property
    def spread(self) -> float:
        """rho, the largest difference of two actions' guide values in one state, in [0, H]."""
        return float(np.ptp(self.guide_values, axis=2).max())

    @cached_property
    def _setting(self) -> GuidedSetting:
        mdp = self.mdp
        arrays = (mdp.rewards, mdp.transitions, mdp.start, self.guide, self.guide_visits, self.guide_values)
        return GuidedSetting(*arrays, self.advantages.max(axis=2), mdp.value(self.guide), mdp.best_value)

    def setting(self) -> GuidedSetting:
        """Return what the compiled functions receive."""
        return self._setting

    def plays(self, learner: Any) -> int | None:
        """Return 1 where neither the feedback nor the learner draws."""
        return 1 if isinstance(self.feedback, GuideValues) and draws_nothing(learner) else None

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric at the horizon that hold for every learner and draw."""
        guide, best = self._setting.guide_value, self._setting.best_value
        rounding = 1e-12 * self.n_steps * self.n_states * self.n_actions
        most = self.n_steps * self.spread
        per_episode = {
            "regret": (0.0, best),
            "guide_regret": (guide - best, guide),
            "shortfall": (0.0, most),
            "improvement": (0.0, most),
        }
        if metric == "last_value":
            return 0.0, best + rounding
        low, high = per_episode[metric]
        return (low - rounding) * self.horizon, (high + rounding) * self.horizon
