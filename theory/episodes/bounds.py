"""Theorems about probes, locks and guides, each with its proof.

Chen et al. (2023) prove the rates for revealing processes; the probe game and the lock are ours.

**Least regret.** theta is drawn. What a learner knows is the number n and the sum s of its signs; with paid signs a
play shows nothing, so that probes may come first, and dynamic programming over (n, s) gives the least expected regret
(`bandits.episodes.stopping`). `SequentialProbes` attains it. With free signs the majority is best in every round, and
`theory.episodes.exact.free_value` is the least.

**Probe, then commit.** The majority of N signs is wrong with probability at most e^{-N Delta^2 / 2} (Hoeffding), so the
regret is at most N + T Delta e^{-N Delta^2 / 2}, and x e^{-N x^2 / 2} is at most 1 / sqrt(e N). N = ceil((T / (2
sqrt(e)))^(2/3)) gives 3 (T / (2 sqrt(e)))^(2/3) + 1, less than 1.3542 T^(2/3) + 1, for every gap.

**Free signs.** The same, round by round: the regret is at most 1/2 + sum_{t < T} 1 / sqrt(e t).

**Locks.** A bit's majority of n reveals is wrong with probability at most e^{-n c^2 / 2} (Hoeffding), so that the entry
is wrong with at most L times that, and the regret is at most n (1/2 + Delta) + (T - n) Delta L e^{-n c^2 / 2}. If c >=
Delta, Delta min(1, L e^{-n Delta^2 / 2}) <= sqrt(C / n) for every Delta, with C = 2 ln(L): for n Delta^2 <= C by the
1, beyond as x e^{-n x^2 / 2} falls from 1 / sqrt(n) < sqrt(C / n) on (L >= 2); for L = 1 with C = 1 / e, its maximum.

**Coverability** (Xie et al. 2023). Laws d_1, ..., d_T, a = max_t d_t, C = sum_x a(x), S_t = sum_{s <= t} d_s. u = d_t /
(a + S_{t-1}) is in [0, 1], where u <= log2(1 + u), so that the sum over t is at most log2((a + S_T) / a) <= log2(1 +
T) for each x; times d_t <= a, and summed over x: sum_t sum_x d_t u <= C log2(1 + T).

**Guides.** A process of H steps, visits d_n of the policy pi_n of episode n, the guide's Q and Adv, rho the largest
difference of Q in a state. J(pi_n) - J(g) = sum_h E_{d_n} Adv(pi_n) (Kakade & Langford 2002: add up V_{h+1}(s_{h+1}) -
V_h(s_h) + R_h along an episode). The greedy policy of Q maximises every Adv, so the shortfall from J(g) + sum_h E_{d_n}
max_a Adv is the sum over (h, s) of the regret of exponential weights with gains d_n(h, s) Adv(h, s, a), of ranges at
most d_n(h, s) rho: at most ln(A) / eta + eta sum_n d_n(h, s)^2 rho^2 / 8 for each, and sum_s d_n(h, s)^2 <= 1. As max_a
Adv >= 0, the regret against the guide is at most the shortfall.

**Completions.** l(h, s, a) = H A (H - h - rewards) for the step, state and action that were sampled, else 0, is at
least 0 and has mean d_n(h, s) (H - h - Q(h, s, a)). Exponential weights lose at most ln(A) / eta + (eta / 2) sum_n
pi_n . l_n^2 more than the greedy policy in each (h, s), and E sum_{h, s} pi_n . l_n^2 <= sum_h (1 / (H A)) (H A)^2 (H -
h)^2 = H A sum_{k <= H} k^2.

**Cloning.** Couple the clone with the guide: they differ for the first time at step h with probability at most epsilon,
and lose at most H - h from there: at most epsilon H (H + 1) / 2 per episode (Ross & Bagnell 2010). On `chain` a clone
that has left the guide's state returns with probability 1 / A only: with many actions its loss is close to that.

**One step.** The greedy policy of Q has Adv >= 0 everywhere: it is at least as good as the guide.
"""

import math
from typing import Any

import numpy as np
import sympy as sp

from theory.assumptions import feedback_is, learner_has, parameters_have, play_has, problem_has
from theory.bound import ETA, Bound, K, Source, Symbol, T, Tuning, found_in
from theory.episodes.exact import paid_value

H = Symbol("n_steps", "H", positive=True, integer=True)
S = Symbol("n_states", "S", positive=True, integer=True)
L = Symbol("n_bits", "L", positive=True, integer=True)
GAP = Symbol("gap", "Delta", positive=True)
RELIABILITY = Symbol("reliability", "c", at_most=1)
REVEALS = Symbol("reveals", "n", nonnegative=True, integer=True)
HARDNESS = Symbol("hardness", "C", positive=True)
COVER = Symbol("coverability", "C", positive=True)
RHO = Symbol("spread", "rho", nonnegative=True)
EPSILON = Symbol("error", "epsilon", nonnegative=True)
V = Symbol("least_regret", "V", nonnegative=True)
N = Symbol("probes", "N", positive=True, integer=True)

_CHEN = "Chen, Wang, Xiong, Mei & Bai 2023"
_URL = "arXiv:2302.01333"
_HERE = "proved in theory.episodes.bounds"

PAID, FREE = feedback_is("paid signs"), feedback_is("free signs")
LOCKED = feedback_is("reveals")
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
REVEALED = Bound(
    "ours.reveal_then_commit",
    "RevealThenCommit",
    "regret",
    REVEALS * (sp.Rational(1, 2) + GAP) + (T - REVEALS) * GAP * L * sp.exp(-REVEALS * RELIABILITY**2 / 2),
    Source("ours", _HERE),
    "A key that was revealed n times is entered wrongly with a probability that falls exponentially in n.",
    assumptions=(LOCKED,),
)
_ANY_GAP = REVEALS * (sp.Rational(1, 2) + GAP) + T * sp.sqrt(HARDNESS / REVEALS)
LOCK_RATE = Bound(
    "ours.lock_any_gap",
    "RevealThenCommit",
    "regret",
    _ANY_GAP,
    Source(_CHEN, f"the rate T^(2/3), for other games; {_HERE}", _URL),
    "Regret of order T^(2/3) (ln L)^(1/3) whatever the gap, if reveals are at least as reliable as entries.",
    assumptions=(
        LOCKED,
        problem_has("reliability at least the gap", lambda problem: problem.reliability >= problem.gap),
        parameters_have("at least one reveal", lambda problem, params: problem.n_bits >= 1 <= params.reveals),
    ),
    tunings=(Tuning(REVEALS, _ANY_GAP, sp.ceiling),),
    readers={"hardness": lambda problem, params: 2.0 * math.log(problem.n_bits) or math.exp(-1.0)},
)
COVERABILITY = Bound(
    "xie2023.coverability",
    "",
    "coverage_potential",
    COVER * sp.log(1 + T) / sp.log(2),
    Source("Xie, Foster, Bai, Jiang & Kakade 2023", f"the lemma; constant {_HERE}", "arXiv:2210.04157"),
    "Laws that one law covers can not be new, each to those before it, more than logarithmically often.",
    mode="every path",
)

EXACT = feedback_is("guide's values")
OWN_VISITS = learner_has("gains from the learner's own visits", lambda learner: learner.guide_share == 0.0)
_HEDGE = H * S * sp.log(K) / ETA + ETA * T * H * RHO**2 / 8

AGGREVATE = Bound(
    "ross2014.aggrevate",
    "AggreVaTe",
    "shortfall",
    _HEDGE,
    Source("Ross & Bagnell 2014", f"the reduction; constants {_HERE}", "arXiv:1406.5979"),
    "On average a policy is at least as good as the guide and one step of improvement in the states that it visits.",
    mode="every path",
    assumptions=(EXACT, OWN_VISITS),
    tunings=(Tuning(ETA, _HEDGE),),
)
GUIDED = Bound(
    "chang2023.guided",
    "AggreVaTe",
    "guide_regret",
    _HEDGE,
    Source("Chang, Brantley, Ramamurthy, Misra & Sun 2023", f"the setting; {_HERE}", "arXiv:2306.11816"),
    "On average a learner that asks a guide where it goes itself is at least as good as the guide.",
    mode="every path",
    assumptions=(EXACT, OWN_VISITS),
    tunings=AGGREVATE.tunings,
)
_SAMPLED = H * S * sp.log(K) / ETA + ETA * T * H**2 * K * (H + 1) * (2 * H + 1) / 12
SAMPLED = Bound(
    "ours.sampled_guide",
    "SampledAggreVaTe",
    "shortfall",
    _SAMPLED,
    Source("ours", _HERE),
    "One completion by the guide per episode suffices to be as good as the guide on average.",
    assumptions=(feedback_is("completions"),),
    tunings=(Tuning(ETA, _SAMPLED),),
)
CLONING = Bound(
    "ross2010.cloning",
    "CloneGuide",
    "guide_regret",
    T * EPSILON * H * (H + 1) / 2,
    Source("Ross & Bagnell 2010", f"Theorem 2.1; constant {_HERE}"),
    "A clone that errs with probability epsilon where the guide goes loses of order epsilon H^2 per episode.",
    mode="every path",
)
ONE_STEP = Bound(
    "howard1960.improvement",
    "OneStep",
    "guide_regret",
    sp.Integer(0),
    Source("Howard 1960", f"policy improvement; {_HERE}"),
    "The greedy policy of the guide's values is at least as good as the guide.",
    mode="every path",
)

LOOSE = {"xie2023.coverability": "it is about any laws, without a play; one law attains it"}

BOUNDS = found_in(vars())
