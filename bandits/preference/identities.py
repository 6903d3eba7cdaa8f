"""Facts about losses of rewards and about entropy that hold for every input; tests hold the code to them.

**Binary classification bounds preference learning** (Jung et al. 2024, BCO). sigma(a) sigma(b) <= sigma(a + b) for the
logistic function sigma: 1 + e^{-a - b} <= (1 + e^{-a}) (1 + e^{-b}). With a = r_w - s and b = s - r_l, whatever the
shift s, the loss of telling apart chosen and rejected answers one by one is at least that of telling them apart in
pairs.

**Entropy along a natural gradient.** For pi_eta proportional to pi e^{eta A}, d pi / d eta at 0 is pi (A - E A), so
that of the entropy -sum pi ln pi is -sum pi (A - E A) ln pi = -Cov_pi(ln pi, A): entropy falls where likely actions
have the advantage.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import HUGE, array, real
from bandits.preference.games import distribution


@checked
def pair_loss(chosen: ArrayLike, rejected: ArrayLike) -> NDArray[np.float64]:
    """Return -ln sigma(r_w - r_l), the loss of DPO; rewards of the chosen and the rejected answers, of equal shape."""
    wins, losses = _pair(chosen, rejected)
    return np.logaddexp(0.0, losses - wins)


@checked
def binary_loss(chosen: ArrayLike, rejected: ArrayLike, shift: float) -> NDArray[np.float64]:
    """Return -ln sigma(r_w - shift) - ln sigma(shift - r_l), the loss of BCO, at least `pair_loss`."""
    wins, losses = _pair(chosen, rejected)
    s = real("shift", shift, -HUGE, HUGE)
    return np.logaddexp(0.0, s - wins) + np.logaddexp(0.0, losses - s)


@checked
def entropy_slope(policy: ArrayLike, advantages: ArrayLike) -> float:
    """Return dH / d eta at eta = 0 of pi_eta proportional to pi e^{eta A}, for pi and A (n,); entropy in nats."""
    p, a = distribution("policy", policy), array("advantages", advantages, 1, -HUGE, HUGE)
    if p.shape != a.shape:
        raise ValueError(f"advantages must be of shape {p.shape} like policy, got {a.shape}")
    logs = np.log(np.where(p > 0.0, p, 1.0))
    return float(-(p * logs) @ (a - p @ a))


def _pair(chosen: ArrayLike, rejected: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    wins, losses = array("chosen", chosen, None, -HUGE, HUGE), array("rejected", rejected, None, -HUGE, HUGE)
    if wins.shape != losses.shape:
        raise ValueError(f"rejected must be of shape {wins.shape} like chosen, got {losses.shape}")
    return wins, losses
