"""Theorems about the probe game, each with its proof. Chen et al. (2023) prove the rates for revealing processes.

**Least regret.** theta is drawn. What a learner knows is the number n and the sum s of its signs; with paid signs a
play shows nothing, so that probes may come first, and dynamic programming over (n, s) gives the least expected regret
(`bandits.episodes.stopping`). `SequentialProbes` attains it. With free signs the majority is best in every round, and
`theory.episodes.exact.free_value` is the least.

**Probe, then commit.** The majority of N signs is wrong with probability at most e^{-N Delta^2 / 2} (Hoeffding), so the
regret is at most N + T Delta e^{-N Delta^2 / 2}, and x e^{-N x^2 / 2} is at most 1 / sqrt(e N). N = ceil((T / (2
sqrt(e)))^(2/3)) gives 3 (T / (2 sqrt(e)))^(2/3) + 1, less than 1.3542 T^(2/3) + 1, for every gap.

**Free signs.** The same, round by round: the regret is at most 1/2 + sum_{t < T} 1 / sqrt(e t).
"""

from typing import Any

import numpy as np
import sympy as sp

from theory.assumptions import feedback_is, parameters_have, play_has, problem_has
from theory.bound import Bound, Source, Symbol, T, found_in
from theory.episodes.exact import paid_value

V = Symbol("least_regret", "V", nonnegative=True)
N = Symbol("probes", "N", positive=True, integer=True)

_CHEN = "Chen, Wang, Xiong, Mei & Bai 2023"
_URL = "arXiv:2302.01333"
_HERE = "proved in theory.episodes.bounds"

PAID, FREE = feedback_is("paid signs"), feedback_is("free signs")
DRAWN = problem_has("theta is drawn", lambda problem: problem.theta == 0)
SOME_PROBES = parameters_have("at least one probe", lambda problem, params: params.lead.size >= 1)
COMMITTED = parameters_have(
    "the number of probes is fixed", lambda problem, params: bool((params.lead > problem.horizon).all())
)
KNOWN_GAP = play_has(
    "the learner knows the gap", lambda problem, learner: learner.gap is None or learner.gap == problem.gap
)


def _paid(problem: Any, params: Any) -> float:
    return paid_value(problem.horizon, problem.gap)


LEAST_PAID = Bound(
    "ours.paid_signs_lower",
    "",
    "regret",
    V,
    Source(_CHEN, f"the rate T^(2/3), for other games; value {_HERE}", _URL),
    "With paid signs no learner has less expected regret than the exact value, which grows like T^(2/3) at worst.",
    direction="lower",
    assumptions=(PAID, DRAWN),
    readers={"least_regret": _paid},
)
SEQUENTIAL = Bound(
    "ours.sequential_probes",
    "SequentialProbes",
    "regret",
    3 * (T / (2 * sp.sqrt(sp.E))) ** sp.Rational(2, 3) + 1,
    Source("ours", _HERE),
    "Probing up to the optimal boundary has the least expected regret, so at most that of a fixed number of probes.",
    assumptions=(PAID, DRAWN, KNOWN_GAP),
)
COMMIT = Bound(
    "ours.probe_then_commit",
    "ProbeThenCommit",
    "regret",
    N + T / sp.sqrt(sp.E * N),
    Source("ours", _HERE),
    "A fixed number of probes has regret of at most 1.3542 T^(2/3) + 1, without knowing the gap.",
    assumptions=(PAID, SOME_PROBES, COMMITTED),
    readers={"probes": lambda problem, params: int(np.size(params.lead))},
)
MAJORITY = Bound(
    "ours.majority_sign",
    "MajoritySign",
    "regret",
    sp.Rational(1, 2) + 2 * sp.sqrt(T / sp.E),
    Source("ours", _HERE),
    "With free signs the majority has regret of at most 1.2131 sqrt(T) + 1/2 for every gap.",
    assumptions=(FREE, DRAWN),
)

BOUNDS = found_in(vars())
