"""The theorem on delayed exponential weights, measured on every path: a probe of delayed full information."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.combine import Probe, ProbeSteps
from bandits.core.checks import real
from bandits.core.jit import kernel, rare_kernel
from bandits.delays.problem import Arrivals, Delayed, DelayedSetting, DelayedWorld


class Own(NamedTuple):
    """eta and K."""

    learning_rate: float
    n_actions: int


class Kept(NamedTuple):
    """What the weights know, what they knew in each round that is outstanding, and the terms so far."""

    known: Any  # (K,) float64, losses that have arrived
    arrived: Any  # (1,) int64, how many rounds that is
    losses: Any  # (K,) float64, all losses
    knew: Any  # (places, K) float64, `known` in round s, at s modulo places
    counted: Any  # (places,) int64, `arrived` in round s
    p: Any  # (places, K) float64, the weights' probabilities in round s
    waiting: Any  # (places,) int64: s until its losses arrive, else -1
    terms: Any  # (4,) float64: loss of the weights, squares, products, sum of |M_t|
    scratch: Any  # (K,) float64


class Terms(NamedTuple):
    """Regret of the weights less the terms with eta of its bound, and the sum of |M_t|."""

    excess: float
    outstanding: int


@kernel
def _init(setting: DelayedSetting, own: Own) -> Kept:
    n, k = setting.places, own.n_actions
    past = np.zeros((n, k))
    return Kept(
        np.zeros(k), np.zeros(1, np.int64), np.zeros(k), past, np.zeros(n, np.int64), past.copy(), np.full(n, -1),
        np.zeros(4), np.zeros(k),
    )  # fmt: skip


@kernel
def _products(kept: Kept, known: Any, place: int, losses: Any) -> float:
    """Return the sum over s in M_t of <p_t, l_s l_t> for the round t at a place, when its losses are processed."""
    total = 0.0
    for i in range(known.size):
        total += kept.p[place, i] * (known[i] - kept.knew[place, i]) * losses[i]
    return total


@kernel
def _update(
    setting: DelayedSetting, own: Own, kept: Kept, world: DelayedWorld, t: int, action: int, arrivals: Arrivals
) -> Kept:
    mask = setting.places - 1
    least, total = kept.known.min(), 0.0
    for i in range(own.n_actions):
        kept.scratch[i] = math.exp(-own.learning_rate * (kept.known[i] - least))
        total += kept.scratch[i]
    for i in range(own.n_actions):
        p, loss = kept.scratch[i] / total, world.kept[t & mask, i]
        kept.p[t & mask, i], kept.knew[t & mask, i] = p, kept.known[i]
        kept.losses[i] += loss
        kept.terms[0] += p * loss
        kept.terms[1] += p * loss * loss
    kept.counted[t & mask], kept.waiting[t & mask] = kept.arrived[0], t
    for j in range(arrivals.n):
        place = arrivals.rounds[j] & mask
        kept.terms[2] += _products(kept, kept.known, place, arrivals.feedback[j])
        kept.terms[3] += kept.arrived[0] - kept.counted[place]
        for i in range(own.n_actions):
            kept.known[i] += arrivals.feedback[j, i]
        kept.arrived[0] += 1
        kept.waiting[place] = -1
    return kept


@rare_kernel
def _measure(setting: DelayedSetting, own: Own, kept: Kept, world: DelayedWorld, n_rounds: int) -> Terms:
    products, outstanding, arrived = kept.terms[2], kept.terms[3], kept.arrived[0]
    for i in range(own.n_actions):
        kept.scratch[i] = kept.known[i]
    for s in range(max(0, n_rounds - setting.places), n_rounds):  # what has not arrived is processed last
        place = s & (setting.places - 1)
        if kept.waiting[place] == s:
            products += _products(kept, kept.scratch, place, world.kept[place])
            outstanding += arrived - kept.counted[place]
            for i in range(own.n_actions):
                kept.scratch[i] += world.kept[place, i]
            arrived += 1
    regret = kept.terms[0] - kept.losses.min()
    return Terms(regret - own.learning_rate * (0.5 * kept.terms[1] + products), int(outstanding))


@dataclass(frozen=True)
class DelayedWeights(Probe):
    """Exponential weights with learning rate eta > 0 on the losses of a game with late full information.

    Metrics: excess, sum <p_t, l_t> - min_i L(i) - (eta/2) sum <p_t, l_t^2> - eta sum_t sum_{s in M_t} <p_t, l_s l_t>,
    and outstanding, the sum of |M_t| (`theory.delays.bounds`). They do not depend on the learner that plays.
    """

    learning_rate: float
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init, _update, _measure)

    def __post_init__(self) -> None:
        real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def metrics(self, problem: Any) -> tuple[str, ...]:
        """Return the names of the metrics."""
        return Terms._fields

    def setting(self, problem: Any) -> Own:
        """Return eta and K; ValueError unless the problem delays full information."""
        if not isinstance(problem, Delayed) or problem.feedback.kind != "delayed full information":
            raise ValueError("DelayedWeights is a probe of delayed full information")
        return Own(self.learning_rate, problem.n_actions)
