"""Lower bounds for online learning with switching costs.

They hold in expectation over random losses, so for at least one loss sequence; switching costs only add to the regret.

- Full information: on `bandits.losses.BitwiseCoins` every learner has expected loss T / 2, and over a block of n rounds
  the best action has an expected loss of n / 2 - E |S_n| / 2, S_n a sum of n random signs. For even n = 2 k,
  E |S_n| = n C(2 k, k) / 4^k >= n / sqrt(pi (k + 1/2)) = sqrt(2 / pi) n / sqrt(n + 1); for odd n it is that of n + 1.
- Total budget of observations: on `bandits.losses.HiddenCoin`, let P_0 be the law of the play if all coins are fair,
  and P_i if action i is better by the gap. An observation of i adds -ln(1 - 4 gap^2) / 2 to KL(P_0 | P_i), one of
  another action nothing. By Pinsker, action i is played at most T sqrt(KL(P_0 | P_i) / 2) times more often under P_i;
  by Jensen the mean over i is at most T / K + T sqrt(-B ln(1 - 4 gap^2) / (4 K)). Every other round costs the gap.
- Bandit feedback, and a budget of observations of the played action: the paper's, on the multi-scale random walk.
"""

from dataclasses import replace

import sympy as sp

from theory.assumptions import AT_LEAST_TWO, losses_are, problem_has
from theory.bound import Assumption, Bound, K, Source, T
from theory.switching.bounds.terms import BANDIT, EXTRA, GAP, HALF, LOG_K, B, budget_of, cheng, stated

_KINK = K ** sp.Rational(1, 3) * T ** sp.Rational(2, 3)


WALK = losses_are(
    "multi-scale random walk",
    "the multi-scale random walk with the theorem's gap and noise",
    lambda losses: losses.gap is None and losses.noise is None,
)
COINS = losses_are(
    "bitwise coins",
    "fair coins per round, split by the bits of the actions' numbers",
    lambda losses: losses.held == 1,
)
HIDDEN = losses_are("hidden coin", "fair coins but for one hidden action", lambda losses: losses.costly == 0)
EACH_NOISY = losses_are("noisy random walk", "the paper's, a walk with noise for each action, which the package lacks")


def _on_the_walk(name: str, feedback: Assumption, source: Source, statement: str) -> Bound:
    """Return the lower bound on the walk for learners that observe at most the loss of the action they play."""
    expression = _KINK / (50 * sp.log(T) / sp.log(2))
    unit = problem_has("switching cost 1", lambda p: p.switching_cost == 1.0)
    long = problem_has("horizon at least max(K, 6)", lambda p: p.horizon >= max(p.n_actions, 6))
    assumptions = (feedback, WALK, unit, AT_LEAST_TWO, long.where(sp.Ge(T, sp.Max(K, 6))))
    return Bound(name, "", "regret", expression, source, statement, "lower", assumptions=assumptions)


BANDIT_LOWER = _on_the_walk(
    "dekel2014.bandit_lower",
    BANDIT,
    Source("Dekel, Ding, Koren & Peres 2014", "Theorem 1", "arXiv:1310.2997"),
    "No bandit learner does better than T^(2/3) on the multi-scale random walk.",
)
OWN_LOOKS_LOWER = _on_the_walk(
    "cheng2023.bandit_looks_lower",
    budget_of("bandit"),
    cheng("lower bound for bandit feedback, Section 5", " (from the one of Dekel et al. 2014)"),
    "Observations of the played action alone never beat K^(1/3) T^(2/3), whatever the budget.",
)
_BITS = sp.floor(LOG_K / sp.log(2))
_BLOCK = sp.floor(T / _BITS)
FULL_INFORMATION_LOWER = Bound(
    "cheng2023.full_information_lower",
    "",
    "regret",
    _BITS * _BLOCK / sp.sqrt(2 * sp.pi * (_BLOCK + 1)),
    cheng("Section 3", " (constants derived here)"),
    "On coins split by bits no learner, whatever it sees, does better than about 0.4 sqrt(T log2 K).",
    "lower",
    assumptions=(COINS, AT_LEAST_TWO),
)
TOTAL_BUDGET_LOWER = Bound(
    "cheng2023.total_budget_lower",
    "",
    "regret",
    GAP * T * (1 - 1 / K - HALF * sp.sqrt(-B / K * sp.log(1 - 4 * GAP**2))),
    cheng("lower bound for a total budget, Section 5", " (constants derived here)"),
    "B observations do not find an action that is better by sqrt(K / B) / 4: regret of order T sqrt(K / B).",
    "lower",
    assumptions=(budget_of(), HIDDEN, AT_LEAST_TWO),
    readers={"gap": lambda problem, params: float(problem.losses.gap)},
)
EXTRA_LOWER = stated(
    "cheng2023.extra_observations_lower",
    "",
    EXTRA,
    sp.Min(_KINK, T * sp.sqrt(K / B)),
    cheng("lower bound for extra observations, Section 4", ""),
    "No learner does better than the lesser of K^(1/3) T^(2/3) and T sqrt(K / B_ex), logarithms apart.",
    direction="lower",
    rate_only=True,
)
EXTRA_LOWER = replace(EXTRA_LOWER, assumptions=(*EXTRA_LOWER.assumptions, EACH_NOISY))

LOWER_BOUNDS = (BANDIT_LOWER, FULL_INFORMATION_LOWER, EXTRA_LOWER, TOTAL_BUDGET_LOWER, OWN_LOOKS_LOWER)
