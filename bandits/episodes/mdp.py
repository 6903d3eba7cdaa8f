"""Tabular Markov decision processes of H steps, and exact values, advantages and visits of policies in them.

A policy is an array (H, S, A) of probabilities of actions. With d_h(s) the probability of being in state s at step h,

    J = sum_h sum_s d_h(s) sum_a pi_h(a | s) R_h(s, a),    Q_h(s, a) = R_h(s, a) + sum_s' P_h(s' | s, a) V_{h+1}(s').
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import Checked, Numbers, checked
from bandits.core.checks import array, fits, integer

Array = NDArray[np.float64]
MOST_STEPS = 2**20


@dataclass(frozen=True, eq=False)
class EpisodicMDP(Checked):
    """A process with S states, A actions and H steps per episode; its rewards are not random.

    rewards: (S, A), or (H, S, A) where they change with the step, in [0, 1].  transitions: (S, A, S) or (H, S, A, S),
    probabilities of the next state; those of the last step are unused.  start: (S,) law of the first state; None starts
    in state 0.  steps: H in [1, 2^20]; None takes it from an array that has it. Both arrays are stored with H.
    Raises ValueError for shapes that do not fit together and for laws that do not sum to 1.
    """

    rewards: Numbers
    transitions: Numbers
    start: Numbers | None = None
    steps: int | None = None

    def __post_init__(self) -> None:
        rewards = array("rewards", self.rewards, None, 0.0, 1.0)
        transitions = array("transitions", self.transitions, None, 0.0, 1.0)
        if rewards.ndim not in (2, 3) or transitions.ndim not in (3, 4):
            shapes = f"{rewards.shape} and {transitions.shape}"
            raise ValueError(f"rewards must be (S, A) or (H, S, A), transitions have one more axis, got {shapes}")
        found = {len(a) for a, axes in ((rewards, 3), (transitions, 4)) if a.ndim == axes}
        found |= set() if self.steps is None else {integer("steps", self.steps, low=1, high=MOST_STEPS)}
        if len(found) != 1:
            raise ValueError(f"steps must be given, by itself or alike by rewards and transitions, got {sorted(found)}")
        shape = (found.pop(), *rewards.shape[-2:])
        if transitions.shape[-3:] != (*shape[1:], shape[1]):
            raise ValueError(
                f"transitions must end in {(*shape[1:], shape[1])} for these rewards, got shape {transitions.shape}"
            )
        fits("rewards and transitions", int(np.prod(shape)) * (shape[1] + 1))
        start = np.eye(shape[1])[0] if self.start is None else array("start", self.start, 1, 0.0, 1.0)
        if start.shape != (shape[1],):
            raise ValueError(f"start must have as many entries as rewards have states, {shape[1]}, got {start.size}")
        for name, given, full in (
            ("rewards", rewards, shape),
            ("transitions", transitions, (*shape, shape[1])),
            ("start", start, (shape[1],)),
        ):
            object.__setattr__(self, name, np.ascontiguousarray(np.broadcast_to(given, full)))
        object.__setattr__(self, "steps", shape[0])
        for name, laws in (("transitions", self.transitions), ("start", self.start)):
            sum_to_one(name, np.asarray(laws))

    @property
    def shape(self) -> tuple[int, int, int]:
        """(H, S, A)."""
        h, s, a = np.shape(self.rewards)
        return h, s, a

    def policy(self, name: str, given: ArrayLike) -> Array:
        """Return a policy, given as (S, A) or (H, S, A) of probabilities, with all axes; ValueError naming it."""
        laws = array(name, given, None, 0.0, 1.0)
        if laws.shape not in (self.shape, self.shape[1:]):
            raise ValueError(f"{name} must be {self.shape[1:]} or {self.shape} for this process, got {laws.shape}")
        sum_to_one(name, laws)
        return np.ascontiguousarray(np.broadcast_to(laws, self.shape))

    @property
    def uniform(self) -> Array:
        """The policy (H, S, A) that draws every action alike."""
        return np.full(self.shape, 1.0 / self.shape[2])

    def action_values(self, policy: ArrayLike | None = None) -> Array:
        """Return Q (H, S, A) of a policy, in [0, H]; of the best one for None."""
        laws = None if policy is None else self.policy("policy", policy)
        values, ahead = np.array(self.rewards), np.zeros(self.shape[1])
        for h in range(self.shape[0] - 1, -1, -1):
            values[h] += np.asarray(self.transitions)[h] @ ahead
            ahead = values[h].max(axis=1) if laws is None else (laws[h] * values[h]).sum(axis=1)
        return values

    def visits(self, policy: ArrayLike) -> Array:
        """Return the probabilities d (H, S) of being in each state at each step."""
        laws = self.policy("policy", policy)
        found = np.zeros(self.shape[:2])
        found[0] = self.start
        for h in range(self.shape[0] - 1):
            found[h + 1] = np.einsum("s,sa,sax->x", found[h], laws[h], np.asarray(self.transitions)[h])
        return found

    def value(self, policy: ArrayLike) -> float:
        """Return J, the expected sum of rewards of an episode, in [0, H]."""
        laws = self.policy("policy", policy)
        return float((self.visits(laws)[:, :, None] * laws * np.asarray(self.rewards)).sum())

    @property
    def best_value(self) -> float:
        """The largest J of any policy."""
        return float(np.asarray(self.start) @ self.action_values()[0].max(axis=1))


def sum_to_one(name: str, laws: Array) -> None:
    """Raise ValueError unless the last axis sums to 1, up to 1e-9."""
    wrong = np.abs(laws.sum(axis=-1) - 1.0)
    if wrong.max() > 1e-9:
        raise ValueError(f"{name} must be laws that sum to 1, got a sum of {laws.sum(axis=-1).flat[wrong.argmax()]:g}")


@checked
def chain(steps: int, n_actions: int = 2) -> EpisodicMDP:
    """Return the process whose state says whether the last action was right (0) or wrong (1).

    The last action is the right one in both states: it pays 1 and leads to state 0, where episodes start. All others
    pay 0 and lead to state 1. steps: H in [1, 2^20].  n_actions: A >= 2.
    """
    integer("steps", steps, low=1, high=MOST_STEPS)
    integer("n_actions", n_actions, low=2, high=2**20)
    rewards = np.zeros((2, n_actions))
    rewards[:, -1] = 1.0
    return EpisodicMDP(rewards, np.stack([rewards, 1.0 - rewards], axis=2), steps=steps)


@checked
def random_mdp(n_states: int, n_actions: int, steps: int, seed: int = 0) -> EpisodicMDP:
    """Return a process with rewards uniform in [0, 1] and laws uniform on the simplex, those of the start included."""
    for name, number in (("n_states", n_states), ("n_actions", n_actions), ("steps", steps)):
        integer(name, number, low=1, high=MOST_STEPS)
    fits("n_states, n_actions and steps", steps * n_states * n_actions * (n_states + 1))
    rng = np.random.default_rng(integer("seed", seed, low=0))
    shape = (steps, n_states, n_actions)
    return EpisodicMDP(rng.random(shape), rng.dirichlet(np.ones(n_states), shape), rng.dirichlet(np.ones(n_states)))
