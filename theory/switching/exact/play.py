"""The exact play of a learner on a loss table, and what its computations share."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.checks import array, real

Array = NDArray[np.float64]
MAX_NODES = 4_000_000  # draws enumerated at once: about 200 MB
NEVER = 1e-290  # branches this improbable are left out: 1 / p must not overflow


@dataclass(frozen=True, eq=False)
class ExactPlay:
    """Exact expectations of one learner on one loss table.

    loss, switches and redraws are expectations; best_loss is the best action's in hindsight.  probabilities: (T, K),
    the marginal law of the action in each round, or None where only its loss is known.  rounding: a bound on the
    floating-point error of each expectation, to first order.
    """

    loss: float
    best_loss: float
    switches: float
    redraws: float
    rounding: float
    probabilities: Array | None = None

    def regret(self, switching_cost: float = 0.0) -> float:
        """Return the expected regret with c = switching_cost >= 0 paid for each switch."""
        return self.loss + real("switching_cost", switching_cost, low=0.0) * self.switches - self.best_loss

    def expected(self, quantity: str, switching_cost: float) -> tuple[float, float]:
        """Return the expectation of "loss", "switches" or "regret", and its rounding."""
        value = self.regret(switching_cost) if quantity == "regret" else getattr(self, quantity)
        return float(value), self.rounding * (1.0 + switching_cost)


def applied(law: Callable[..., ExactPlay], table: Array, fields: Mapping[str, Any]) -> ExactPlay | None:
    """Return the play on a table by a law, which reads fields by name; None where there are too many draws."""
    arguments = {name: fields[name] for name in inspect.signature(law).parameters if name in fields}
    try:
        return law(table, **arguments)
    except ValueError:
        return None


def table_and_rate(losses: ArrayLike, learning_rate: float) -> tuple[Array, float]:
    """Return losses (T, K) in [0, 1] and a learning rate > 0, checked."""
    table = array("losses", losses, ndim=2, low=0.0, high=1.0)
    return table, real("learning_rate", learning_rate, low=0.0, open_low=True)


def before(table: Array) -> Array:
    """Return L_{t-1} (T, K), the cumulative losses before each round."""
    total = np.zeros_like(table)
    np.cumsum(table[:-1], axis=0, out=total[1:])
    return total


def softmax(z: Array) -> Array:
    """Return the rows of z (N, K) as probabilities proportional to their exponentials."""
    weights = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def play_of(
    table: Array, p: Array | None, rate: float, switches: float, redraws: float, loss: float | None = None
) -> ExactPlay:
    """Return a play from its law p (T, K), or from its loss, with a bound on the rounding."""
    horizon, n_actions = table.shape
    if loss is None:
        assert p is not None
        loss = float((p * table).sum())
    # The error of a cumulative loss is at most T^2 eps / 2, so that of a probability, relative, rate T^2 eps; T terms.
    rounding = 4.0 * np.finfo(float).eps * horizon * (rate * horizon**2 + horizon + n_actions)
    return ExactPlay(loss, float(table.sum(axis=0).min()), switches, redraws, float(rounding), p)


def check_tree(branches: int, n_batches: int, table: Array) -> None:
    """Raise ValueError if the draws of all batches but the last are too many to enumerate."""
    if (n_batches - 1) * np.log(branches) > np.log(MAX_NODES):
        raise ValueError(f"{branches}^{n_batches - 1} draws are too many to enumerate: use fewer batches, or sample")
