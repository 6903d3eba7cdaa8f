"""The probe game: what must be given up to see the state.

A state theta = +1 or -1 is hidden. A play of a sign costs Delta where it is wrong; a sign that is seen is theta's with
probability (1 + Delta) / 2. With paid signs a round is a probe, which costs 1 and shows a sign, or a play, which shows
nothing; with free signs every round is a play and shows one. As a partially observed decision process the two differ in
whether the observation sits behind an action that forfeits the reward, the mechanism behind the lower bounds of Chen et
al. (2023) for revealing processes, of which this game is ours.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.arguments import Checked
from bandits.core.checks import fits, instance, integer, optional_real, real
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform
from bandits.episodes.stopping import boundary
from bandits.protocol import Learner, LearnerSteps, ProblemSteps, RoundProblem

PROBE = 2


@dataclass(frozen=True)
class PaidSigns(Checked):
    """A probe (action 2), which costs 1, shows a sign: +1 or -1; a play shows nothing: 0."""

    kind: ClassVar[str] = "paid signs"


@dataclass(frozen=True)
class FreeSigns(Checked):
    """Every play shows a sign, +1 or -1; there are no probes."""

    kind: ClassVar[str] = "free signs"


class ProbeSetting(NamedTuple):
    """What the compiled functions receive; theta = 0: drawn."""

    gap: float
    theta: int
    paid: bool


class ProbeWorld(NamedTuple):
    """The state and what was counted."""

    theta: int
    probes: int
    wrong: int


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    regret: float
    probes: float
    wrong_plays: float


_check_action = returns(None, Part("the action", "integer"))


@kernel
def _init(setting: ProbeSetting, env: Stream) -> ProbeWorld:
    theta = setting.theta
    if theta == 0:
        theta = 1 if uniform(env, 0, 1) < 0.5 else -1
    return ProbeWorld(theta, 0, 0)


@kernel
def _respond(setting: ProbeSetting, world: ProbeWorld, t: int, action: int, env: Stream) -> Any:
    _check_action(action)
    play = index(action)
    if play < 0 or play > (PROBE if setting.paid else 1):
        raise InvalidAction("the action must be in 0, ..., {}, got {}", t, PROBE if setting.paid else 1, play)
    probe = play == PROBE
    sign = 0
    if probe or not setting.paid:
        sign = world.theta if uniform(env, t, 0) < 0.5 * (1.0 + setting.gap) else -world.theta
    wrong = 1 if not probe and 2 * play - 1 != world.theta else 0
    return sign, ProbeWorld(world.theta, world.probes + (1 if probe else 0), world.wrong + wrong)


@rare_kernel
def _measure(setting: ProbeSetting, world: ProbeWorld, n_rounds: int) -> Metrics:
    return Metrics(world.probes + setting.gap * world.wrong, world.probes, world.wrong)


@dataclass(frozen=True)
class ProbeGame(RoundProblem):
    """The probe game over `horizon` rounds (1 to 2^56).

    gap: Delta in (0, 1).  theta: the state, 1 or -1; 0 draws it, each with probability 1/2.  feedback: `PaidSigns()` or
    `FreeSigns()`.  Actions: 0 plays -1, 1 plays +1, 2 probes.
    Metrics: regret = probes + Delta wrong_plays; probes; wrong_plays.
    """

    gap: float
    horizon: int
    theta: int = 0
    feedback: PaidSigns | FreeSigns = PaidSigns()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure)
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        real("gap", self.gap, low=0.0, high=1.0, open_low=True, open_high=True)
        integer("horizon", self.horizon, low=1)
        integer("theta", self.theta, low=-1, high=1)
        instance("feedback", self.feedback, (PaidSigns, FreeSigns), "PaidSigns() or FreeSigns()")

    @property
    def paid(self) -> bool:
        """Whether signs are paid for."""
        return isinstance(self.feedback, PaidSigns)

    @property
    def n_actions(self) -> int:
        """Number of actions: 3, or 2 without probes."""
        return 3 if self.paid else 2

    @cached_property
    def _setting(self) -> ProbeSetting:
        return ProbeSetting(float(self.gap), int(self.theta), self.paid)

    def setting(self) -> ProbeSetting:
        """Return what the compiled functions receive."""
        return self._setting

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric at the horizon that hold for every draw."""
        most = {"regret": 1.0 if self.paid else self.gap, "probes": 1.0 if self.paid else 0.0, "wrong_plays": 1.0}
        return 0.0, most[metric] * self.horizon * (1.0 + 1e-12)


# ---------------------------------------------------------------- learners


class ProbeParams(NamedTuple):
    """After n signs with sum s the learner probes while |s| < lead[n]; after the last entry it plays."""

    lead: Any  # (N,) int64
    paid: bool


class ProbeState(NamedTuple):
    """The signs seen: their number and their sum; whether probing is over."""

    seen: int
    total: int
    over: bool


@kernel
def _start(params: ProbeParams, rng: Stream) -> ProbeState:
    return ProbeState(0, 0, params.lead.size == 0)


@kernel
def _act(params: ProbeParams, state: ProbeState, t: int, rng: Stream) -> int:
    if not state.over and abs(state.total) < params.lead[state.seen]:
        return PROBE
    return 1 if state.total >= 0 else 0


@kernel
def _update(params: ProbeParams, state: ProbeState, t: int, action: int, sign: int, rng: Stream) -> ProbeState:
    if sign == 0:
        return ProbeState(state.seen, state.total, True)
    seen = state.seen + 1
    return ProbeState(seen, state.total + sign, state.over or seen >= params.lead.size)


class _Prober(Learner):
    """Base of learners that probe first and play the majority of the signs, +1 at a tie."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_start, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (PaidSigns,)


@dataclass(frozen=True)
class ProbeThenCommit(_Prober):
    """Probes N times, then plays the majority: regret at most 1.3542 T^(2/3) + 1 for every gap.

    probes: N >= 0; None means ceil((T / (2 sqrt(e)))^(2/3)), which needs no gap; at most the horizon.
    ValueError where they do not fit in memory.
    """

    probes: int | None = None

    def __post_init__(self) -> None:
        if self.probes is not None:
            integer("probes", self.probes, low=0, high=2**40)

    def parameters(self, problem: ProbeGame) -> ProbeParams:
        """Return N leads that are never reached."""
        tuned = math.ceil((problem.horizon / (2.0 * math.sqrt(math.e))) ** (2.0 / 3.0))
        n = min(tuned if self.probes is None else int(self.probes), problem.horizon)
        fits("probes", n)
        return ProbeParams(np.full(n, 2**62, np.int64), True)


@dataclass(frozen=True)
class SequentialProbes(_Prober):
    """Probes while the signs' lead is below the optimal boundary for the gap, then plays the majority.

    The exact minimiser of the expected regret if theta is drawn (`bandits.episodes.stopping`).  gap: Delta in (0, 1);
    None takes the game's, which the learner then knows.
    """

    gap: float | None = None

    def __post_init__(self) -> None:
        optional_real("gap", self.gap, low=0.0, high=1.0, open_low=True, open_high=True)

    def parameters(self, problem: ProbeGame) -> ProbeParams:
        """Return the boundary; its computation takes O(T ln(T Delta) / Delta)."""
        lead, _ = boundary(problem.horizon, float(self.gap or problem.gap))
        return ProbeParams(lead, True)


@dataclass(frozen=True)
class MajoritySign(_Prober):
    """Plays the majority of the signs so far, +1 at a tie, and never probes."""

    accepts: ClassVar[tuple[type, ...]] = (FreeSigns, PaidSigns)

    def parameters(self, problem: ProbeGame) -> ProbeParams:
        """Return no leads."""
        return ProbeParams(np.zeros(0, np.int64), problem.paid)
