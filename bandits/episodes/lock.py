"""The lock: an episode tries an entry, or forfeits its reward to see every bit of the key through a noisy channel.

A key of L bits is hidden. An entry of L bits pays a Bernoulli reward of mean 1/2 + Delta if it is the key, else 1/2,
and shows nothing else. To reveal pays 0 and shows each bit of the key, right with probability (1 + c) / 2. Without
reveals this is a bandit with 2^L actions; ours, for how the regret of processes that reveal their states depends on the
number of states (Chen et al. 2023). `revealing_constant` measures how well observations tell states apart.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.arguments import Checked, checked
from bandits.core.checks import array, integer, real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform
from bandits.episodes.mdp import sum_to_one
from bandits.protocol import Learner, LearnerSteps, ProblemSteps, RoundProblem

MOST_BITS = 40


@dataclass(frozen=True)
class Reveals(Checked):
    """`Tried` after each episode: the reward of an entry, or the bits that were revealed."""

    kind: ClassVar[str] = "reveals"


class Tried(NamedTuple):
    """The reward 0 or 1, and the bits shown as an integer, bit b of it the key's bit b; -1 after an entry."""

    reward: float
    shown: int


class LockSetting(NamedTuple):
    """What the compiled functions receive; key = -1: drawn."""

    n_bits: int
    gap: float
    reliability: float
    key: int


class LockWorld(NamedTuple):
    """The key and what was counted."""

    key: int
    reveals: int
    wrong: int


class Metrics(NamedTuple):
    """Metrics after a number of episodes."""

    regret: float
    reveals: float
    wrong_entries: float


_check_action = returns(None, Part("the action", "integer"))


@kernel
def _init(setting: LockSetting, env: Stream) -> LockWorld:
    key = setting.key
    if key < 0:
        key = 0
        for b in range(setting.n_bits):
            key += (1 << b) if uniform(env, 0, setting.n_bits + b) < 0.5 else 0
    return LockWorld(key, 0, 0)


@kernel
def _respond(setting: LockSetting, world: LockWorld, t: int, action: int, env: Stream) -> Any:
    _check_action(action)
    entry = index(action)
    if entry < 0 or entry > (1 << setting.n_bits):
        raise InvalidAction("the action must be in 0, ..., {}, got {}", t, 1 << setting.n_bits, entry)
    if entry == (1 << setting.n_bits):
        shown = 0
        for b in range(setting.n_bits):
            bit = (world.key >> b) & 1
            right = uniform(env, t, b) < 0.5 * (1.0 + setting.reliability)
            shown += (bit if right else 1 - bit) << b
        return Tried(0.0, shown), LockWorld(world.key, world.reveals + 1, world.wrong)
    wrong = 1 if entry != world.key else 0
    reward = 1.0 if uniform(env, t, 0) < 0.5 + (0.0 if wrong else setting.gap) else 0.0
    return Tried(reward, -1), LockWorld(world.key, world.reveals, world.wrong + wrong)


@rare_kernel
def _measure(setting: LockSetting, world: LockWorld, n_rounds: int) -> Metrics:
    regret = (0.5 + setting.gap) * world.reveals + setting.gap * world.wrong
    return Metrics(regret, world.reveals, world.wrong)


@dataclass(frozen=True)
class LockGame(RoundProblem):
    """`horizon` episodes (1 to 2^56) with a lock of L = n_bits bits, 1 to 40.

    gap: Delta in (0, 1/2].  reliability: c in (0, 1].  key: in [0, 2^L), bit b of it the key's bit b; -1 draws it.
    Actions: an entry in [0, 2^L), or 2^L to reveal.
    Metrics: regret = (1/2 + Delta) reveals + Delta wrong_entries; reveals; wrong_entries.
    """

    n_bits: int
    gap: float
    reliability: float
    horizon: int
    key: int = -1
    feedback: ClassVar[Reveals] = Reveals()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure)
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        integer("n_bits", self.n_bits, low=1, high=MOST_BITS)
        real("gap", self.gap, low=0.0, high=0.5, open_low=True)
        real("reliability", self.reliability, low=0.0, high=1.0, open_low=True)
        integer("horizon", self.horizon, low=1)
        integer("key", self.key, low=-1, high=2**self.n_bits - 1)

    @property
    def n_actions(self) -> int:
        """Number of actions 2^L + 1."""
        return int(2**self.n_bits) + 1

    @cached_property
    def _setting(self) -> LockSetting:
        return LockSetting(int(self.n_bits), float(self.gap), float(self.reliability), int(self.key))

    def setting(self) -> LockSetting:
        """Return what the compiled functions receive."""
        return self._setting

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric at the horizon that hold for every draw."""
        return 0.0, (0.5 + self.gap if metric == "regret" else 1.0) * self.horizon * (1.0 + 1e-12)


# ---------------------------------------------------------------- learner


class LockParams(NamedTuple):
    """The number of bits and of reveals."""

    n_bits: int
    reveals: int


class LockState(NamedTuple):
    """For each bit, how often it was shown as 1 less how often as 0, and the entry of the majorities."""

    votes: Any  # (L,) int64
    entry: int


@kernel
def _start(params: LockParams, rng: Stream) -> LockState:
    return LockState(np.zeros(params.n_bits, np.int64), 0)


@kernel
def _act(params: LockParams, state: LockState, t: int, rng: Stream) -> int:
    return (1 << params.n_bits) if t < params.reveals else state.entry


@kernel
def _update(params: LockParams, state: LockState, t: int, action: int, tried: Tried, rng: Stream) -> LockState:
    entry = state.entry
    if tried.shown >= 0:
        entry = 0
        for b in range(params.n_bits):
            state.votes[b] += 1 if (tried.shown >> b) & 1 else -1
            entry += (1 << b) if state.votes[b] > 0 else 0
    return LockState(state.votes, entry)


@dataclass(frozen=True)
class RevealThenCommit(Learner):
    """Reveals n times, then enters the majority of what each bit was shown as, 0 at a tie.

    reveals: n >= 0; None: about (T sqrt(C) / 2)^(2/3), odd, C = 2 ln(L) but 1 / e for one bit, which needs neither gap
    nor reliability; at most the horizon.
    """

    reveals: int | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_start, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Reveals,)
    draws: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.reveals is not None:
            integer("reveals", self.reveals, low=0)

    def parameters(self, problem: LockGame) -> LockParams:
        """Return the number of bits and of reveals."""
        hardness = 2.0 * math.log(problem.n_bits) if problem.n_bits > 1 else 1.0 / math.e
        tuned = math.ceil((problem.horizon * math.sqrt(hardness) / 2.0) ** (2.0 / 3.0)) | 1
        chosen = tuned if self.reveals is None else int(self.reveals)
        return LockParams(int(problem.n_bits), min(chosen, int(problem.horizon)))


@checked
def revealing_constant(emissions: ArrayLike) -> float:
    """Return the S-th largest singular value of emissions (S, O), laws of the observation in each state.

    In [0, 1]; 0 where a mixture of states looks like another one, and more than 0 for processes that reveal
    their states in one step. For several steps emissions are the laws of what is seen in them.
    Raises ValueError for rows that do not sum to 1.
    """
    laws = array("emissions", emissions, 2, 0.0, 1.0)
    sum_to_one("emissions", laws)
    values = np.linalg.svd(laws, compute_uv=False)
    return float(values[-1]) if len(laws) <= laws.shape[1] else 0.0
