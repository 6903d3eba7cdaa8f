"""Exact numbers of private herds: laws of short sequences of reports, the all-wrong path, exponents, cascades."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr, zeta

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
    """Return the growth of the expected number of wrong reports with ln n.

    With a = epsilon sigma^2 / 2, e^{a l} / n is stationary in ln n; the balance of its drift gives
    1 / (a (e^{2 epsilon} - 1 - 2 epsilon)). inf where kappa = `tail_exponent` is at most 1: sequences of reports that
    are all wrong add sum_n n^-kappa.
    """
    _checked(epsilon, sigma)
    if tail_exponent(epsilon, sigma) <= 1.0:
        return math.inf
    a = 0.5 * epsilon * sigma**2
    return 0.0 if epsilon > 300.0 else 1.0 / (a * (math.expm1(2.0 * epsilon) - 2.0 * epsilon))


@checked
def learning_speed(epsilon: float, sigma: float, log_ratio: float) -> float:
    """Return by how much l rises on average with the next report if theta = 1, for l = log_ratio: a relative entropy.

    Under smooth responses; epsilon: its agent's budget, which all know, in [0, 1000] or inf.
    """
    _checked(math.inf, sigma)
    if epsilon != math.inf:
        real("epsilon", epsilon, low=0.0, high=1e3)
    threshold = -0.5 * sigma**2 * real("log_ratio", log_ratio, low=-1e6, high=1e6)
    total = 0.0
    for report in (-1, 1):
        right, wrong = (float(_log_chances(report, s, sigma, epsilon, threshold)) for s in (1.0, -1.0))
        total += math.exp(right) * (right - wrong)
    return total


@checked
def budget_growth(sigma: float, highest: float) -> float:
    """Return the limit of l / n^(1/4) where budgets are public and uniform on [0, highest].

    With a = sigma^2 l / 2 and u = epsilon a, `learning_speed` is about 2 (u / a)^2 e^-u / (2 - e^-u). Its mean over
    budgets is 4 Li_3(1/2) / (highest a^3), as e^-u / (2 - e^-u) = sum_k 2^-k e^(-k u); so dl/dn = c / l^3 with c =
    32 Li_3(1/2) / (highest sigma^6), and l^4 ~ 4 c n. Where only their law is public, the mean chances of a report
    against l are about 1 / (2 (a + 1)) and 1 / (2 (a - 1)): dl/dn ~ 8 / (sigma^6 l^3) for highest = 1, the same power.
    """
    real("sigma", sigma, low=1e-3, high=1e3)
    real("highest", highest, low=1e-3, high=1e3)
    trilogarithm = 0.875 * float(zeta(3.0)) + math.log(2.0) ** 3 / 6.0 - math.pi**2 * math.log(2.0) / 12.0
    return float((128.0 * trilogarithm / (highest * sigma**6)) ** 0.25)


@checked
def shrinking_growth(sigma: float, scale: float) -> float:
    """Return the limit of l / n^(1/3) where the budgets are scale / (1 + |t|), largest for scale 1.8414.

    By `learning_speed` dl/dn ~ c / l^2 with c = 8 s^2 e^-s / ((2 - e^-s) sigma^4) at s = scale: l^3 ~ 3 c n.
    """
    real("sigma", sigma, low=1e-3, high=1e3)
    real("scale", scale, low=1e-3, high=1e3)
    part = math.exp(-scale)
    return float((24.0 * scale**2 * part / ((2.0 - part) * sigma**4)) ** (1.0 / 3.0))


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
