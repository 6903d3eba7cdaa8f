"""The action of a one-sided game: a policy and the hypothesis drawn from it, with its checks and acceptances."""

from typing import Any, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.jit import checking_kernel, kernel, rare_kernel, shared_kernel
from bandits.one_sided.hypotheses import HypothesesSteps

_CLOSE = 1e-9  # relative, of `total` to the sum of the weights


class Play(NamedTuple):
    """A policy and the hypothesis drawn from it.

    With probability `tasting` all individuals are accepted (forced exploration); otherwise a hypothesis is drawn with
    probabilities proportional to the weights.
    """

    weight: Any  # (M,) float64 >= 0; M = N, or one weight per atom
    total: float  # sum of the weights, to a relative 1e-9; positive and finite
    atoms: Any  # (M,) int64 in 0, ..., N - 1, hypothesis of each weight; empty (0,): weight h belongs to hypothesis h
    tasting: float  # in [0, 1]
    drawn: int  # 0, ..., N - 1; -1: all are accepted
    price: float  # Lagrange multiplier C >= 0, finite; used only in the metric lagrangian_regret


_check_types = returns(
    Play,
    Part("weight", "number", 1),
    Part("total", "number"),
    Part("atoms", "integer", 1),
    Part("tasting", "number"),
    Part("drawn", "integer"),
    Part("price", "number"),
)


@shared_kernel
def check_play(setting: Any, play: Play, t: int) -> int:
    """Return the hypothesis drawn in round t, or -1; InvalidAction where a field of the play is out of range."""
    _check_types(play)
    most = setting.n_hypotheses - 1
    drawn = index(play.drawn)
    if drawn < -1 or drawn > most:
        raise InvalidAction("drawn must be in -1, ..., {}, got {}", t, most, drawn)
    if not 0.0 <= play.tasting <= 1.0:
        raise InvalidAction("tasting must be in [0, 1], got {}", t, play.tasting)
    if not 0.0 <= play.price < np.inf:
        raise InvalidAction("price must be finite and at least 0, got {}", t, play.price)
    size = play.atoms.size
    if size == 0 and setting.table.size == 0:
        raise InvalidAction("atoms must name the hypotheses of a class too large to list ({}): got none", t, most + 1)
    if play.weight.size != (size if size > 0 else most + 1):
        reason = "weight must have one entry per atom, or per hypothesis where atoms is empty: {}, got {}"
        raise InvalidAction(reason, t, size if size > 0 else most + 1, play.weight.size)
    for j in range(size):
        if play.atoms[j] < 0 or play.atoms[j] > most:
            raise InvalidAction("atoms must be in 0, ..., {}, got {} at {}", t, most, index(play.atoms[j]), j)
    total, faults = _sum_and_faults(play.weight)
    fits = 0.0 < total < np.inf and abs(total - play.total) <= _CLOSE * total
    if not fits or faults > 0:
        _refuse_weights(play.weight, total, play.total, t)
    return drawn


@checking_kernel
def _sum_and_faults(weight: Any) -> tuple[float, int]:
    """Return the sum of weight (M,), and how many are negative or nan."""
    total = 0.0
    faults = 0
    for j in range(weight.size):
        total += weight[j]
        faults += 0 if weight[j] >= 0.0 else 1
    return total, faults


@rare_kernel
def _refuse_weights(weight: Any, total: float, given: float, t: int) -> None:
    for j in range(weight.size):
        if not 0.0 <= weight[j] < np.inf:
            raise InvalidAction("weight must be finite and at least 0, got {} at {}", t, weight[j], j)
    raise InvalidAction("total must be the sum of weight, positive and finite: {}, got {}", t, total, given)


def make_acceptance(hypotheses: HypothesesSteps) -> Any:
    """Return the compiled function (setting, play, cell) -> pi(cell) for a class."""
    predict = hypotheses.predict

    @kernel
    def acceptance(setting: Any, play: Play, cell: int) -> float:
        reached = 0.0
        if play.atoms.size == 0:
            reached = _dense_acceptance(setting.table, play.weight, cell)
        else:
            for j in range(play.atoms.size):
                if play.weight[j] > 0.0 and predict(setting.hypotheses, index(play.atoms[j]), cell) == 1:
                    reached += play.weight[j]
        return min(play.tasting + (1.0 - play.tasting) * (reached / play.total), 1.0)

    return acceptance


@shared_kernel
def _dense_acceptance(table: Any, weight: Any, cell: int) -> float:
    """Return the sum of weight (N,) over the hypotheses that accept, in four independent partial sums."""
    first = 0.0
    second = 0.0
    third = 0.0
    fourth = 0.0
    whole = weight.size & ~3
    for h in range(0, whole, 4):
        first += weight[h] * table[cell, h]
        second += weight[h + 1] * table[cell, h + 1]
        third += weight[h + 2] * table[cell, h + 2]
        fourth += weight[h + 3] * table[cell, h + 3]
    for h in range(whole, weight.size):
        first += weight[h] * table[cell, h]
    return (first + second) + (third + fourth)
