"""The audit of a round: choose the panel, compare the policy's acceptances, report a violating pair or none."""

from typing import Any, NamedTuple

import numpy as np

from bandits.core.jit import kernel
from bandits.core.limits import exceeds
from bandits.core.rng import Stream, uniform
from bandits.one_sided.reduction import NOBODY


class AuditSetting(NamedTuple):
    """Distances of the panels, and how they are chosen, observe and report."""

    swings: Any  # (P, n, n) float64
    tolerance: float
    schedule: int  # position in `Schedule`
    rule: int  # position in `Rule`
    audit: int  # position in `Audit`


@kernel
def objection(swing: Any, people: Any, audited: Any) -> float:
    """Return the largest excess pi(x) - pi(x') - d(x, x') over ordered pairs of the round; swing is (n, n)."""
    worst = -np.inf
    for i in range(people.size):
        for j in range(people.size):
            if i != j:
                worst = max(worst, audited[i] - audited[j] - swing[people[i], people[j]])
    return worst


@kernel
def reported_pair(
    swing: Any, people: Any, audited: Any, tolerance: float, rule: int, t: int, env: Stream
) -> tuple[int, int]:
    """Return the positions of a pair whose excess is above the tolerance, chosen by the rule, or NOBODY twice."""
    first = NOBODY
    second = NOBODY
    largest = tolerance
    found = 0
    k = people.size
    for i in range(k):
        for j in range(k):
            if i != j:
                excess = audited[i] - audited[j] - swing[people[i], people[j]]
                if exceeds(excess, tolerance):
                    found += 1
                    if rule == 0:
                        take = exceeds(excess, largest)
                    elif rule == 1:
                        take = found == 1
                    else:  # each of the pairs found so far is equally likely
                        take = uniform(env, t, k + 1 + i * k + j) * found < 1.0
                    if take:
                        largest = max(largest, excess)
                        first = i
                        second = j
    return first, second


@kernel
def sitting_panel(audits: AuditSetting, people: Any, audited: Any, t: int, env: Stream) -> int:
    """Return the index of the panel that audits round t."""
    n_panels = audits.swings.shape[0]
    if n_panels == 1:
        return 0
    if audits.schedule == 0:
        return t % n_panels
    if audits.schedule == 1:
        return int(uniform(env, t, people.size) * n_panels)
    worst = 0
    most = -np.inf
    for p in range(n_panels):
        excess = objection(audits.swings[p], people, audited)
        if exceeds(excess, most):
            worst = p
            most = excess
    return worst
