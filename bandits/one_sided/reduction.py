"""Losses of a round, and the reduction to a contextual combinatorial semi-bandit.

Bechavod & Roth, "Individually Fair Learning with One-Sided Feedback" (2022), Algorithms 2 and 3. With the reported
pair rho = (rho1, rho2) and a Lagrange multiplier C, the round's Lagrangian loss of a policy is

    L_{C,rho}(pi) = Error(pi) + C (pi(rho1) - pi(rho2)),   Error(pi) = sum_i [y_i + pi(x_i) (1 - 2 y_i)],

without the second term if nothing is reported. `reduce` appends C copies of rho1 labelled 0 and of rho2 labelled 1
and charges 1 - y for a positive prediction (its label is revealed) and 1/2 for a negative one, so that no unseen
label is needed. For every hypothesis, deterministically,

    2 <a_h, l> = L_{C,rho}(h) + n0 + 2 C,   n0 = number of individuals with label 0,                       (R1)

because 2 [h (1 - y) + (1 - h) / 2] = 1{h != y} + 1{y = 0} for every individual, synthetic ones included.

*The estimator without copies* (derived here). With O_i = h_t(x_i) and q_i = pi_t(x_i) it is, in Lagrangian units,

    g(h) = sum_i [2 h(x_i) (1 - y_i) O_i / q_i + 1 - h(x_i)] + v C (1 + h(rho1) - h(rho2)) >= 0,           (R2)

v = 1 if a pair was reported. It is unbiased up to a constant, E g(h) = L_{C,rho}(h) + n0 + v C, needs no forced
exploration (a rejection has the known loss 1, so unobserved labels favour acceptance) and takes any real C >= 0.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import array, integer, real, shown
from bandits.core.jit import kernel

HIDDEN = -1  # a label that is not revealed
NOBODY = -1  # in place of a position where no pair is reported


class Reduced(NamedTuple):
    """A round of the semi-bandit: k' = k + 2 C individuals, K = 2 k' coordinates."""

    individuals: NDArray[np.int64]  # (k',) positions in the round: all k, then C times rho1 and C times rho2
    labels: NDArray[np.int64]  # (k',)
    losses: NDArray[np.float64]  # (2 k',) l: 1 - y for predicting 1, then 1/2 for predicting 0
    action: NDArray[np.float64]  # (2 k',) a_h: predictions, then their complements; sums to k'


@checked
def reduce(predictions: ArrayLike, labels: ArrayLike, pair: tuple[int, int] | None, copies: int) -> Reduced:
    """Return the semi-bandit round of Algorithm 2.

    predictions: (k,) 0/1 predictions of the hypothesis played.  labels: (k,) 0/1.  pair: positions (rho1, rho2) of
    the reported individuals, or None (the null pair, both of which are the first individual).
    copies: the integer multiplier C >= 0.
    """
    h, y = _bits("predictions", predictions), _bits("labels", labels)
    if len(h) != len(y):
        raise ValueError(f"labels must be as many as predictions, {len(h)}, got {len(y)}")
    copies = integer("copies", copies, low=0, high=10**6)
    first, second = (0, 0) if pair is None else _positions("predictions", pair, len(h))
    individuals = np.concatenate([np.arange(len(h)), np.full(copies, first), np.full(copies, second)])
    all_labels = np.concatenate([y, np.zeros(copies), np.ones(copies)])
    losses = np.concatenate([1.0 - all_labels, np.full(len(individuals), 0.5)])
    action = np.concatenate([h[individuals], 1.0 - h[individuals]])
    return Reduced(individuals.astype(np.int64), all_labels.astype(np.int64), losses, action)


def _positions(owner: str, pair: tuple[int, int], size: int) -> tuple[int, int]:
    if len(pair) != 2 or not 0 <= min(pair) <= max(pair) < size:
        raise ValueError(f"pair must be two positions in {owner}, 0 to {size - 1}, got {shown(pair)}")
    return pair


def _bits(name: str, value: ArrayLike) -> NDArray[np.float64]:
    bits = array(name, value, 1, 0, 1)
    if not np.isin(bits, (0.0, 1.0)).all():
        raise ValueError(f"{name} must be 0 or 1, got {shown(value)}")
    return bits


@checked
def policy_error(acceptance: ArrayLike, labels: ArrayLike) -> float:
    """Return Error(pi) = sum_i [y_i + pi(x_i) (1 - 2 y_i)] for acceptance (k,) in [0, 1] and labels (k,)."""
    q, y = array("acceptance", acceptance, 1, 0.0, 1.0), _bits("labels", labels)
    if len(q) != len(y):
        raise ValueError(f"labels must be as many as acceptance has numbers, {len(q)}, got {len(y)}")
    return float((y + q * (1.0 - 2.0 * y)).sum())


@checked
def lagrangian_loss(acceptance: ArrayLike, labels: ArrayLike, pair: tuple[int, int] | None, price: float) -> float:
    """Return L_{C,rho}(pi) for acceptance (k,), labels (k,), reported positions or None, and multiplier C >= 0."""
    q = array("acceptance", acceptance, 1, 0.0, 1.0)
    price = real("price", price, low=0.0)
    first, second = (0, 0) if pair is None else _positions("acceptance", pair, len(q))
    penalty = price * float(q[first] - q[second])
    return policy_error(acceptance, labels) + penalty


@kernel
def risk_weight(label: int, accepted: int, acceptance: float) -> float:
    """Return 2 (1 - y) O / q - 1: (R2) is, up to a constant, the sum of these times h(x_i).

    Hidden labels are not used: O = 0 there.
    """
    if accepted == 1 and label == 0:
        return 2.0 / acceptance - 1.0
    return -1.0


@kernel
def known_risk_weight(label: int, accepted: int, acceptance: float) -> float:
    """Return 1 - 2 y, the quantity that `risk_weight` estimates, from a known label."""
    return 1.0 - 2.0 * label


def _make_estimate(weigh: Any) -> Any:
    @kernel
    def estimate(table: Any, report: Any, price: float, out: Any) -> None:
        fixed = float(report.cells.size)
        if report.first >= 0:
            fixed += price
        for h in range(out.size):
            out[h] = fixed
        for i in range(report.cells.size):
            weight = weigh(report.labels[i], report.accepted[i], report.acceptance[i])
            if i == report.first:
                weight += price
            if i == report.second:
                weight -= price
            cell = report.cells[i]
            for h in range(out.size):
                out[h] += weight * table[cell, h]

    return estimate


# (table (n_cells, N), report, C, out (N,)): write (R2) of every hypothesis, and the same with O / q = 1
estimate_losses = _make_estimate(risk_weight)
known_losses = _make_estimate(known_risk_weight)
