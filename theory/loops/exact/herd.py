"""Exact numbers of private herds: laws of short sequences of reports, the all-wrong path, exponents, cascades."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr

from bandits.core.arguments import checked
from bandits.core.checks import instance, integer, real
from bandits.loops.herd import PrivateHerd


def _log_tilted(gap: Any, sigma: float, epsilon: float) -> Any:
    """Return ln(e^{-epsilon gap + (epsilon sigma)^2 / 2} Phi(gap / sigma - epsilon sigma)), without cancellation."""
    x = gap / sigma - epsilon * sigma
    below = np.log(0.5 * erfcx(-np.minimum(x, 0.0) * math.sqrt(0.5))) - 0.5 * (gap / sigma) ** 2
    return np.where(x > 0.0, -epsilon * gap + 0.5 * (epsilon * sigma) ** 2 + log_ndtr(x), below)


def _log_chances(report: Any, theta: float, sigma: float, epsilon: float, threshold: Any) -> Any:
    """Return ln P(report | theta) under smooth randomised response, for arrays of reports and thresholds."""
    gap = report * (theta - threshold)
    decided = log_ndtr(gap / sigma)
    if epsilon == math.inf:
        return decided
    lost, gained = _log_tilted(gap, sigma, epsilon), _log_tilted(-gap, sigma, epsilon) - math.log(2.0)
    return np.logaddexp(decided + np.log1p(-0.5 * np.exp(np.minimum(lost - decided, 0.0))), gained)


def _checked(epsilon: float, sigma: float) -> None:
    real("sigma", sigma, low=1e-3, high=1e3)
    if epsilon != math.inf:
        real("epsilon", epsilon, low=1e-3, high=1e3)


@checked
def herd_law(problem: PrivateHerd, epsilon: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ln P(reports | +1) and l, each (2^T,), of all report sequences under smooth responses, T <= 20.

    Bit n of the place, from the lowest, is 1 where agent n reports +1.  epsilon: in [0.001, 1000] or inf.
    """
    instance("problem", problem, PrivateHerd, "a PrivateHerd")
    _checked(epsilon, problem.sigma)
    if problem.horizon > 20:
        raise ValueError(f"problem must have at most 20 agents, got {problem.horizon}")
    log, ratio = np.zeros(1), np.zeros(1)
    for _ in range(problem.horizon):
        threshold = -0.5 * problem.sigma**2 * ratio
        parts = []
        for report in (-1, 1):
            right, wrong = (_log_chances(report, s, problem.sigma, epsilon, threshold) for s in (1.0, -1.0))
            parts.append((log + right, ratio + right - wrong))
        log, ratio = (np.concatenate([low, high]) for low, high in zip(*parts, strict=True))
    return log, ratio


@checked
def log_survival(epsilon: float, sigma: float, agents: int) -> NDArray[np.float64]:
    """Return ln P(the first n reports are all wrong), (agents + 1,) for n = 0, ..., agents, under smooth responses.

    Its sum of exponentials is the expected number of agents up to the first right report.  agents: in [0, 10^6].
    """
    _checked(epsilon, sigma)
    integer("agents", agents, low=0, high=10**6)
    ratio, total, out = 0.0, 0.0, np.zeros(agents + 1)
    for n in range(agents):
        threshold = -0.5 * sigma**2 * ratio
        right, wrong = (float(_log_chances(-1, s, sigma, epsilon, threshold)) for s in (1.0, -1.0))
        ratio, total = ratio + right - wrong, total + right
        out[n + 1] = total
    return out


@checked
def tail_exponent(epsilon: float, sigma: float) -> float:
    """Return kappa with P(the first n reports are all wrong) ~ n^-kappa, for finite epsilon.

    On that path l ~ -(2 / (epsilon sigma^2)) ln n, and a right report is e^{2 epsilon} times as likely where it is
    right, so that its chance is |dl/dn| / (1 - e^{-2 epsilon}). The expected wait is finite iff kappa > 1.
    """
    _checked(epsilon, sigma)
    return 0.0 if epsilon == math.inf else -2.0 / (epsilon * sigma**2 * math.expm1(-2.0 * epsilon))


@checked
def wrong_report_slope(epsilon: float, sigma: float) -> float:
    """Return the growth of the expected number of wrong reports with ln n, for finite epsilon.

    With a = epsilon sigma^2 / 2, e^{a l} / n is stationary in ln n; the balance of its drift gives
    1 / (a (e^{2 epsilon} - 1 - 2 epsilon)).
    """
    _checked(epsilon, sigma)
    a = 0.5 * epsilon * sigma**2
    return 0.0 if epsilon > 300.0 else 1.0 / (a * (math.expm1(2.0 * epsilon) - 2.0 * epsilon))


@checked
def binary_cascade(accuracy: float, epsilon: float) -> float:
    """Return the probability of a right cascade where signals are binary, right with probability `accuracy`.

    accuracy: in (1/2, 1).  epsilon: reports are flipped with probability 1 / (1 + e^epsilon); inf for none. Reports are
    right with probability q; the cascade starts k reports ahead, the least lead that outweighs an own signal: gambler's
    ruin.
    """
    real("accuracy", accuracy, low=0.5, high=1.0, open_low=True, open_high=True)
    flip = 0.0 if epsilon == math.inf else 1.0 / (1.0 + math.exp(real("epsilon", epsilon, low=1e-3, high=700.0)))
    q = accuracy * (1.0 - flip) + (1.0 - accuracy) * flip
    odds = math.log(q / (1.0 - q))
    lead = math.floor(math.log(accuracy / (1.0 - accuracy)) / odds * (1.0 + 1e-12)) + 1
    return 1.0 / (1.0 + math.exp(-lead * odds))
