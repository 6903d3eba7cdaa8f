"""The data loop: a model labels items, the labels become data, and the next model is fitted to all data.

Data start with n_0 items per bin, a share p_g of which has label 1 in bin g. In each round m items per bin are labelled
by people, each 1 with probability p_g, and k by the learner's model, each 1 with the probability a_g that it plays.
With n_t items after t rounds, share s_t of label 1 among them, bias B_t = s_t - p, deviation h_t of the people's share
from p and error e_t of the model's share from s_t (Taori & Hashimoto 2023; the identity is derived here):

    n_{t+1} B_{t+1} = (n_t + k) B_t + k e_t + m h_t.

The learner sees the data before it acts. Bins do not interact.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, returns
from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import array, flag, integer
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform_pair
from bandits.core.sampling import binomial
from bandits.protocol import ProblemSteps, RoundProblem, draws_nothing


@dataclass(frozen=True)
class Labels(Checked):
    """All labels, added to the data that are shown before the next round."""

    kind: ClassVar[str] = "labels"


class Data(NamedTuple):
    """What is shown before a round, valid until the next."""

    ones: Any  # (G,) float64, items with label 1
    items: float  # in each bin, with either label


class LoopSetting(NamedTuple):
    """What the compiled functions receive."""

    shares: Any  # (G,) float64
    start: float
    people: int
    model: int
    drawn: bool


class LoopWorld(NamedTuple):
    """The data, and what was the largest so far."""

    ones: Any  # (G,) float64
    items: float
    errors: Any  # (G,) float64, e of the last round
    extremes: Any  # (3,) float64: eta, delta, and the largest |B| less its limit


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    bias: float
    largest_bias: float
    model_bias: float
    people_error: float
    model_error: float
    excess: float


class Labelled(NamedTuple):
    """An action: the probability of label 1 in each bin."""

    probability: Any  # (G,) float64


_check_action = returns(Labelled, Part("probability", "number", 1))


@kernel
def _init(setting: LoopSetting, env: Stream) -> LoopWorld:
    extremes = np.zeros(3)
    extremes[2] = -np.inf
    return LoopWorld(setting.shares * setting.start, setting.start, np.zeros(setting.shares.size), extremes)


@kernel
def _observe(setting: LoopSetting, world: LoopWorld, t: int, env: Stream) -> Any:
    return Data(world.ones, world.items), world


@kernel
def _respond(setting: LoopSetting, world: LoopWorld, t: int, action: Labelled, env: Stream) -> Any:
    _check_action(action)
    if action.probability.size != setting.shares.size:
        raise InvalidAction("probability must have {} entries, got {}", t, setting.shares.size, action.probability.size)
    items = world.items + setting.people + setting.model
    for g in range(setting.shares.size):
        p, a, share = setting.shares[g], action.probability[g], world.ones[g] / world.items
        if not 0.0 <= a <= 1.0:
            raise InvalidAction("probability must be in [0, 1], got {} at {}", t, a, g)
        people, model = _labels(setting, t, g, p, a, env)
        if setting.people > 0:
            world.extremes[0] = max(world.extremes[0], abs(people / setting.people - p))
        world.errors[g] = model / setting.model - share if setting.model > 0 else 0.0
        world.extremes[1] = max(world.extremes[1], abs(world.errors[g]))
        world.ones[g] += people + model
    if setting.people > 0:
        limit = world.extremes[0] + setting.model / setting.people * world.extremes[1]
        for g in range(setting.shares.size):
            over = abs(world.ones[g] / items - setting.shares[g]) - limit
            world.extremes[2] = max(world.extremes[2], over)
    return items, LoopWorld(world.ones, items, world.errors, world.extremes)


@kernel
def _labels(setting: LoopSetting, t: int, g: int, p: float, a: float, env: Stream) -> tuple[float, float]:
    """Return how many items of a bin people and the model label 1; the expected numbers where nothing is drawn."""
    if not setting.drawn:
        return setting.people * p, setting.model * a
    first, second = uniform_pair(env, t, g)
    return float(binomial(first, setting.people, p)), float(binomial(second, setting.model, a))


@rare_kernel
def _measure(setting: LoopSetting, world: LoopWorld, n_rounds: int) -> Metrics:
    bias, largest, largest_model = 0.0, 0.0, 0.0
    for g in range(setting.shares.size):
        own = world.ones[g] / world.items - setting.shares[g]
        bias += own / setting.shares.size
        largest = max(largest, abs(own))
        largest_model = max(largest_model, abs(own + world.errors[g]))
    over = world.extremes[2] if setting.people > 0 else 0.0
    return Metrics(bias, largest, largest_model, world.extremes[0], world.extremes[1], over)


@dataclass(frozen=True, eq=False)
class DataLoop(RoundProblem):
    """A data loop of `horizon` rounds (1 to 2^56).

    shares: (G,) in [0, 1], share p_g of label 1 that people give in each bin.  start: items per bin at the beginning,
    n_0 >= 1, a share p_g of them with label 1.  people, model: items m and k per bin and round, at least 0, together at
    least 1.  drawn: False takes expected numbers of labels instead of drawing them.

    Metrics: bias, the mean over bins of B = share in the data less p; largest_bias and model_bias, the largest |B| and
    |B + e| of a bin, e the model's error in the last round; people_error and model_error, the largest |h| and |e| of
    any bin in any round; excess, the largest |B| less people_error + (k / m) model_error, both so far, of any bin after
    any round, which is never positive (0 for m = 0, where nothing is claimed).
    """

    shares: Numbers
    horizon: int
    start: int = 1000
    people: int = 10
    model: int = 90
    drawn: bool = True
    feedback: ClassVar[Labels] = Labels()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure, _observe)
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        object.__setattr__(self, "shares", array("shares", self.shares, 1, 0.0, 1.0))
        integer("horizon", self.horizon, low=1)
        integer("start", self.start, low=1, high=2**52)
        integer("people", self.people, low=0, high=2**40)
        integer("model", self.model, low=0, high=2**40)
        flag("drawn", self.drawn)
        if self.people + self.model == 0:
            raise ValueError("people and model must label at least one item per round, got 0 and 0")

    @property
    def n_bins(self) -> int:
        """Number of bins G."""
        return len(self.shares)

    def payoff(self, metrics: Any) -> float:
        """Return minus the largest bias."""
        return -float(metrics["largest_bias"])

    def plays(self, learner: Any) -> int | None:
        """Return 1 where neither the labels nor the learner is drawn."""
        return 1 if not self.drawn and draws_nothing(learner) else None

    @cached_property
    def _setting(self) -> LoopSetting:
        return LoopSetting(self.shares, float(self.start), int(self.people), int(self.model), bool(self.drawn))

    def setting(self) -> LoopSetting:
        """Return what the compiled functions receive."""
        return self._setting

    def metric_range(self, metric: str, learner: Any) -> tuple[float, float]:
        """Return bounds on a metric that hold for every draw."""
        if metric == "excess":
            return -1.0 - self.model / max(self.people, 1), 1.0
        return (-1.0 if metric == "bias" else 0.0), 2.0 if metric == "model_bias" else 1.0
