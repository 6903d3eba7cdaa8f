"""Models that label items from the data that they are fitted to: learners of the data loop.

With s the share of label 1 among the data of a bin, a model that samples from its data plays s, and is calibrated. One
that gives the likelier label plays 0 or 1, and the loop drives the data to it. In between are tempered models and
those of which a share of the labels is sampled, the remedy of Taori & Hashimoto (2023).
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import real
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.loops.data_loop import Data, DataLoop, Labelled, Labels
from bandits.protocol import Learner, LearnerSteps


class LabelParams(NamedTuple):
    """The number of bins and the rule: a = mix s + (1 - mix) s^beta / (s^beta + (1 - s)^beta) + shift."""

    n_bins: int
    exponent: float  # beta; inf: the likelier label
    mix: float
    shift: float


class LabelState(NamedTuple):
    """Room for the action."""

    probability: Any  # (G,) float64


@kernel
def _init(params: LabelParams, rng: Stream) -> LabelState:
    return LabelState(np.zeros(params.n_bins))


@kernel
def _act(params: LabelParams, state: LabelState, data: Data, t: int, rng: Stream) -> Labelled:
    for g in range(params.n_bins):
        share = data.ones[g] / data.items
        rest = 1.0 - params.mix
        a = params.mix * share + (rest * sharpened(share, params.exponent) if rest > 0.0 else 0.0) + params.shift
        state.probability[g] = min(1.0, max(0.0, a))
    return Labelled(state.probability)


@kernel
def sharpened(share: float, exponent: float) -> float:
    """Return s^beta / (s^beta + (1 - s)^beta), for beta = inf 0, 1/2 or 1."""
    if share == 0.5:
        return 0.5
    if exponent == np.inf:
        return 1.0 if share > 0.5 else 0.0
    small = min(share, 1.0 - share)
    odds = (small / (1.0 - small)) ** exponent  # at most 1: no overflow
    return odds / (1.0 + odds) if share < 0.5 else 1.0 / (1.0 + odds)


@kernel
def _update(params: LabelParams, state: LabelState, t: int, action: Labelled, items: float, rng: Stream) -> LabelState:
    return state


class _Labeller(Learner):
    """Base of the models; `rule` gives beta, mix and shift."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Labels,)
    draws: ClassVar[bool] = False

    @property
    def rule(self) -> tuple[float, float, float]:
        """Exponent beta, share that is sampled, and shift."""
        return 1.0, 1.0, 0.0

    def parameters(self, problem: DataLoop) -> LabelParams:
        """Return the number of bins and the rule."""
        return LabelParams(problem.n_bins, *(float(part) for part in self.rule))


@dataclass(frozen=True)
class SampleLabels(_Labeller):
    """Labels like the data: 1 with probability s. Calibrated: its expected error is 0."""


@dataclass(frozen=True)
class LikelierLabel(_Labeller):
    """Gives every item of a bin the label that is likelier there, 1/2 at a tie; samples a share `sampled` in [0, 1]."""

    sampled: float = 0.0

    def __post_init__(self) -> None:
        real("sampled", self.sampled, low=0.0, high=1.0)

    @property
    def rule(self) -> tuple[float, float, float]:
        """Exponent inf, the share that is sampled, no shift."""
        return np.inf, self.sampled, 0.0


@dataclass(frozen=True)
class TemperedLabels(_Labeller):
    """Labels 1 with probability s^beta / (s^beta + (1 - s)^beta); exponent: beta in [0, 10^6]; 1 samples."""

    exponent: float = 2.0

    def __post_init__(self) -> None:
        real("exponent", self.exponent, low=0.0, high=1e6)

    @property
    def rule(self) -> tuple[float, float, float]:
        """Exponent beta, nothing sampled, no shift."""
        return self.exponent, 0.0, 0.0


@dataclass(frozen=True)
class ShiftedLabels(_Labeller):
    """Labels 1 with probability s + shift, kept in [0, 1]; shift in [-1, 1]: an error that stays the same."""

    shift: float = 0.01

    def __post_init__(self) -> None:
        real("shift", self.shift, low=-1.0, high=1.0)

    @property
    def rule(self) -> tuple[float, float, float]:
        """All sampled, shifted."""
        return 1.0, 1.0, self.shift
