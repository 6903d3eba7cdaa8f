"""Bounds for fair threshold decisions, with their proofs; source of the statements: Du 2025 (arXiv 2512.22313).

T rounds of n individuals, K thresholds, m residuals in pairs of one measured quantity each (parity: A_a - A_b of range
2, for every pair of groups; service: the acceptance rate of range 1), P pairs of groups (1 for two groups), reward of
range R = 1 + q, delta the failure probability, v the least violation of a threshold (0 where one is feasible), that of
parity being the worst pair's, L = ln(2 K (m + 1) T / delta).

**Confidence, reward and service.** A batch mean is an average of n independent variables, given the past, so k
batches err by more than range sqrt(L / (2 n k)) with probability at most 2 e^-L (Hoeffding); union over K thresholds
and T counts.

**Confidence, parity.** Of one pair of groups a, b. Given its group sizes a batch errs by xi, the difference of two
independent means of n_a and n_b variables, of variance proxy (1 / n_a + 1 / n_b) / 4 = 1 / N for N = 4 n_a n_b / (n_a +
n_b) in {0} or [2, n] (n >= 2), whatever the other groups are. With M = sum N xi and V = sum N over the plays so far,
E exp(s M - s^2 V / 2) <= 1, so M < L / s + s V / 2 at all times but with probability e^-L (Ville). At
s = sqrt(2 L / u) the right side is sqrt(2 L V) cosh(ln(V / u) / 2). T values of u cover ln V in [0, ln(n T)] to
within ln(n T) / (2 T), hence |M / V| is at most S sqrt(2 L / V), S = cosh(ln(n T) / (4 T)), but with probability
2 T e^-L for one threshold: the learner's radius.

Both residuals of a pair share one quantity, and there are 1 + m / 2 quantities with the reward, so all of this fails
with probability at most delta (1 + m / 2) / (m + 1) <= 2 delta / 3, for any m >= 2. A third of delta is left.

**Regret.** A feasible threshold is never excluded; the played one's optimistic reward is the highest, so it loses at
most twice its radius. sum_{i < k} 1 / sqrt(i) <= 2 sqrt(k) and Cauchy-Schwarz over thresholds give
R (K + 2 sqrt(2) sqrt(K T L / n)), the first play of each costing at most R.

**Gaps.** So a threshold that earns Delta less than the best feasible one is played again after k plays only if Delta <=
2 R sqrt(L / (2 n k)), at most 1 + 2 R^2 L / (n Delta^2) times in all, and its plays cost at most Delta + 2 R^2 L / (n
Delta). One that misses the service rates by g is not excluded after k plays only if g <= 2 sqrt(L / (2 n k)): its plays
violate by at most g + 2 L / (n g). Both sum to a logarithm of T; for parity nothing of the kind is stated, as the
evidence V of k plays is random and only its sum over all thresholds is bounded here.

**Violation.** What the learner minimises or finds to be zero, the optimistic violation of the worst pair and of
service, is below v at the least violating threshold. Each threshold has one pair p of groups whose means differ most;
its violation exceeds p's optimistic one by at most twice p's radius. So the played one exceeds v by at most x + y with
x <= min(1, 2 radius of p) for parity and y for service: no other pair enters. For service as above:
K + 2 sqrt(2) sqrt(K T L / n). For parity the radius is S sqrt(2 L / V) with p's V at the threshold, which is random. In
a round that adds N to V,

    sum N x / n <= U = 2 K + 4 sqrt(2) S sqrt(K T L / n):

until V >= n the sum is at most 2, and from then on sum N / sqrt(V before) <= 2 sqrt(V) (as sqrt V telescopes, and
sum N (1 / sqrt(V before) - 1 / sqrt(V)) <= sqrt n). Let a batch have E N >= beta n, and x is known before the batch:
e^(-p sum N x / n + (1 - e^-p) beta sum x) is a supermartingale, so sum x <= (p U + l) / ((1 - e^-p) beta) with
l = ln(3 / delta), but with probability delta / 3. With 1 - e^-p = u / (1 + u) and u = sqrt(2 l / U) that is at most
(U + sqrt(2 l U) + l) / beta.

**Balance.** For two groups N has mean beta n, beta = 4 (1 - 1/n) w (1 - w) with w the share of group 1. For a pair of
several with shares w_a, w_b, W = w_a + w_b, the pair has s ~ Bin(n, W) individuals and given s > 0, n_a is binomial
with chance p = w_a / W, so N has mean 4 p (1 - p) (s - 1), in all

    beta n = 4 p (1 - p) (n W - 1 + (1 - W)^n),

which increases in each share at the other groups' cost, for more individuals of a group never lower N. The bound takes
the least beta of all pairs and all thresholds.

Where the scores are seen, all thresholds share the V of each pair, and the P pairs take their place: K is P in U. What
bandit feedback costs is sqrt(K / P).

**Without a horizon.** In a population that stands still the sizes of a threshold's first k batches say nothing of
their errors, so given them M has variance proxy V, and S is not needed. Shares delta / (k (k + 1)) of the failure
probability sum to delta: L becomes ln(2 K (m + 1) k (k + 1) / delta), largest at k = T.

**Closed loop.** In a population that contracts at rate rho, h - 1 rounds of one threshold bring the means within
M D rho^(h - 1) of the fixed point's, M Lipschitz and D the diameter; the learner widens its radii by that. Blocks of
h rounds that learn from the last play the stationary game with ceil(T / h) decisions, each worth h rounds, plus twice
the bias in each round: a bound on regret and violation *at the fixed points of what is played*. Epochs double a
threshold's evidence, so that the settling rounds are few enough to bound the regret itself: with radius r / sqrt(k),
k = 0, 1, 2, 4, ... plays at the start of an epoch of h - 1 + max(1, k) rounds, a threshold with k plays in the end
loses at most h + 2 (h - 1) r (2 + sqrt 2) + 2 r (1 + sqrt 2) sqrt k; and after each of its at most 2 + log2 k changes
the state's distance costs M D (1 + rho + rho^2 + ...). Nothing of the kind is known for the search without holding.
"""

from typing import Any

import sympy as sp

from theory.assumptions import feedback_is, learner_has, parameters_have, problem_has
from theory.bound import DELTA, Assumption, Bound, K, Source, Symbol, T, found_in
from theory.threshold.bounds.readings import READERS, balance

N = Symbol("batch_size", "n", positive=True, integer=True)
M = Symbol("n_constraints", "m", positive=True, integer=True)
H = Symbol("hold", "h", positive=True, integer=True)
R = Symbol("reward_range", "R", positive=True)
BETA = Symbol("balance", "beta", positive=True)
RHO = Symbol("contraction", "rho", nonnegative=True)
D = Symbol("diameter", "D", nonnegative=True)
LEAST = Symbol("least_violation", "v", nonnegative=True)
GAPS = Symbol("reward_gaps", "G_r", nonnegative=True)
INVERSE_GAPS = Symbol("inverse_reward_gaps", "H_r", nonnegative=True)
MISSES = Symbol("service_misses", "G_s", nonnegative=True)
INVERSE_MISSES = Symbol("inverse_service_misses", "H_s", nonnegative=True)
PAIRS = Symbol("group_pairs", "P", positive=True, integer=True)
SERVICE_RATES = Symbol("service_rates", "s", nonnegative=True)
M_REWARD = Symbol("reward_sensitivity", "M_r", nonnegative=True)
M_PARITY = Symbol("parity_sensitivity", "M_p", nonnegative=True)
M_SERVICE = Symbol("service_sensitivity", "M_s", nonnegative=True)

_ROOT2 = sp.sqrt(2)


def source(where: str) -> Source:
    """Return a place in the paper, the constants being those of this module's proofs."""
    return Source("Du 2025", f"{where} (constants derived in theory.threshold.bounds)", "arXiv:2512.22313")


STATIONARY = problem_has("the population does not move", lambda p: p.population.stationary)
CONTRACTS = problem_has("the population contracts (rho < 1)", lambda p: p.contraction < 1.0).where(RHO < 1)
FEASIBLE = problem_has("some threshold is feasible", lambda p: p.fixed_points.feasible.any())
SERVICE = problem_has("service rates are asked for", lambda p: p.n_constraints > p.n_parity)
CHOSEN, SCORES = feedback_is("chosen threshold"), feedback_is("full scores")
ALL_GROUPS = parameters_have(
    "batches of at least two, with every group in them", lambda p, parameters: balance(p, parameters) > 0.0
).where(sp.Ge(N, 2), sp.Ge(M, 2))
FULL_WIDTH = learner_has("radii of the theorem's width", lambda learner: learner.width == 1.0)

# ---------------------------------------------------------------- the pieces


def _log(decisions: sp.Expr) -> sp.Expr:
    """Return L for this many decisions."""
    return sp.log(2 * K * (M + 1) * decisions / DELTA)


def _found(decisions: sp.Expr, log: sp.Expr) -> sp.Expr:
    """Return the loss from finding out a quantity of range 1."""
    return K + 2 * _ROOT2 * sp.sqrt(K * decisions * log / N)


def _parity(decisions: sp.Expr, log: sp.Expr, thresholds: sp.Expr = K) -> sp.Expr:
    """Return the excess parity violation."""
    stretch = sp.cosh(sp.log(N * decisions) / (4 * decisions))
    seen = 2 * thresholds + 4 * _ROOT2 * stretch * sp.sqrt(thresholds * decisions * log / N)
    rest = sp.log(3 / DELTA)
    return (seen + sp.sqrt(2 * rest * seen) + rest) / BETA


_L = _log(T)
_BLOCKS = sp.ceiling(T / H)
_L_BLOCKS = _log(_BLOCKS)
_L_ANYTIME = _log(T * (T + 1))
_AWAY = D * RHO ** (H - 1)


def _bound(
    name: str, learner: str, quantity: str, expression: sp.Expr, where: Source, statement: str, *assumes: Assumption
) -> Bound:
    return Bound(
        name, learner, quantity, expression, where, statement, mode="probability", assumptions=assumes, readers=READERS
    )


def _du(name: str, learner: str, expression: sp.Expr, where: str, statement: str, *assumes: Assumption) -> Bound:
    """Return a theorem of Du 2025, whose quantity ends its name."""
    quantity = name.removeprefix("full_scores_").removeprefix("block_").removeprefix("epoch_").removeprefix("gaps_")
    return _bound(f"du2025.{name}", learner, quantity, expression, source(where), statement, *assumes)


_SEARCH, _BLOCK = "OptimisticFeasibleSearch", "BlockFeasibleSearch"
_STATIONARY, _CLOSED = (STATIONARY, FULL_WIDTH), (CONTRACTS, FULL_WIDTH, CHOSEN)
_SHOWN = (*_STATIONARY, CHOSEN)
_VIOLATION = "violation of optimistic feasible search"

REGRET = _du(
    "regret",
    _SEARCH,
    R * _found(T, _L),
    "reward of optimistic feasible search",
    "With bandit feedback on reward and constraints the search earns all but about R sqrt(8 K T L / n) of the best "
    "feasible threshold's reward.",
    *_SHOWN,
    FEASIBLE,
)
PARITY = _du(
    "parity_violation",
    _SEARCH,
    _parity(T, _L),
    _VIOLATION,
    "While it learns, the search breaks the parity constraint by about sqrt(32 K T L / n) in all.",
    *_SHOWN,
    FEASIBLE,
    ALL_GROUPS,
)
SERVICE_VIOLATION = _du(
    "service_violation",
    _SEARCH,
    _found(T, _L),
    _VIOLATION,
    "While it learns, the search leaves the asked service rates by about sqrt(8 K T L / n) in all.",
    *_SHOWN,
    FEASIBLE,
    SERVICE,
)
VIOLATION = _du(
    "violation",
    _SEARCH,
    LEAST * T + _parity(T, _L) + SERVICE_RATES * _found(T, _L),
    f"{_VIOLATION}, feasible or not",
    "The search's violation exceeds the least there is by a sum of order sqrt(K T L / n), even if nothing is feasible.",
    *_SHOWN,
    ALL_GROUPS,
)
REGRET_GAPS = _du(
    "gaps_regret",
    _SEARCH,
    GAPS + 2 * R**2 * _L / N * INVERSE_GAPS,
    "reward of optimistic feasible search, by gaps",
    "A threshold that earns less by Delta is played at most about 2 R^2 L / (n Delta^2) times: regret like log T.",
    *_SHOWN,
    FEASIBLE,
)
SERVICE_GAPS = _du(
    "gaps_service_violation",
    _SEARCH,
    MISSES + 2 * _L / N * INVERSE_MISSES,
    f"{_VIOLATION}, by gaps",
    "A threshold that misses the service rates by g is played at most about 2 L / (n g^2) times: violation like log T.",
    *_SHOWN,
    FEASIBLE,
    SERVICE,
)
_SEES_SCORES = "optimistic feasible search that sees all scores"
SCORES_REGRET = _du(
    "full_scores_regret",
    "FullScoreSearch",
    R * _found(T, _L),
    _SEES_SCORES,
    "Seeing the scores of everybody does not change what has to be tried to learn the rewards.",
    *_STATIONARY,
    SCORES,
    FEASIBLE,
)
SCORES_PARITY = _du(
    "full_scores_parity_violation",
    "FullScoreSearch",
    _parity(T, _L, PAIRS),
    _SEES_SCORES,
    "With the scores seen all thresholds learn at once: the violation grows with the logarithm of their number only.",
    *_STATIONARY,
    SCORES,
    FEASIBLE,
    ALL_GROUPS,
)

# ---------------------------------------------------------------- closed loop

BLOCK_REGRET = _du(
    "block_settled_regret",
    _BLOCK,
    R * (H * _found(_BLOCKS, _L_BLOCKS) + 2 * M_REWARD * _AWAY * T),
    "closed loop, blocks",
    "In a contracting population, blocks as long as it takes to settle cost a factor sqrt(h) on the stationary bound.",
    *_CLOSED,
    FEASIBLE,
)
BLOCK_VIOLATION = _du(
    "block_settled_violation",
    _BLOCK,
    LEAST * T
    + H * _parity(_BLOCKS, _L_BLOCKS)
    + 2 * M_PARITY * _AWAY * T
    + SERVICE_RATES * (H * _found(_BLOCKS, _L_BLOCKS) + 2 * M_SERVICE * _AWAY * T),
    "closed loop, blocks",
    "At the fixed points of what it plays, the block search violates by a sum of order sqrt(h K T L / n).",
    *_CLOSED,
    ALL_GROUPS,
)
EPOCH_REGRET = _du(
    "epoch_regret",
    "EpochFeasibleSearch",
    R
    * (
        K * H
        + 2 * (1 + _ROOT2) * K * (H - 1) * sp.sqrt(_L / N)
        + (2 + _ROOT2) * sp.sqrt(K * T * _L / N)
        + 2 * M_REWARD * _AWAY * T
        + M_REWARD * D / (1 - RHO) * K * (2 + sp.log(1 + T / K) / sp.log(2))
    ),
    "closed loop, doubling epochs",
    "Epochs that double a threshold's evidence settle seldom: the regret itself, on the way to the fixed points "
    "included, is of order sqrt(K T L / n) + h K.",
    *_CLOSED,
    FEASIBLE,
)

# ---------------------------------------------------------------- relatives

_OWN_WIDTHS = learner_has("separate widths of 1", lambda x: x.reward_width == 1.0 and x.residual_width == 1.0)


def _doubly(quantity: str, expression: sp.Expr, *assumes: Assumption) -> Bound:
    """Return a bound of doubly-optimistic play."""
    where = "doubly-optimistic play, on a grid (constants derived in theory.threshold.bounds)"
    paper = Source("Chen, Gangrade & Saligrama 2022", where, "arXiv:2209.13694")
    statement = "Radii that need no horizon cost a logarithm."
    assumes = (*_STATIONARY, _OWN_WIDTHS, CHOSEN, FEASIBLE, *assumes)
    return _bound(f"chen2022.{quantity}", "DoublyOptimisticSearch", quantity, expression, paper, statement, *assumes)


DOUBLY_REGRET = _doubly("regret", R * _found(T, _L_ANYTIME))
DOUBLY_PARITY = _doubly("parity_violation", _parity(T, _L_ANYTIME), ALL_GROUPS)
UCB_REGRET = _bound(
    "auer2002.reward_ucb",
    "RewardUCB",
    "regret",
    R * _found(T, _L),
    Source(
        "Auer, Cesa-Bianchi & Fischer 2002", "upper confidence bounds (constants derived in theory.threshold.bounds)"
    ),
    "Upper confidence bounds on the reward alone fall short of no feasible threshold by more than the search does.",
    *_SHOWN,
    FEASIBLE,
)


def _prior_is_true(problem: Any, params: Any) -> bool:
    """Return whether the safe threshold is feasible and the slope holds between all neighbours."""
    found = problem.fixed_points
    rises = abs(found.residuals[1:] - found.residuals[:-1]).max(axis=1)
    steps = problem.thresholds[1:] - problem.thresholds[:-1]
    return bool(found.feasible[params.safe] and (rises <= params.slope * steps * (1.0 + 1e-12)).all())


SAFE = _bound(
    "sui2015.no_violation",
    "PessimisticSearch",
    "violation",
    sp.Integer(0),
    Source("Sui, Gotovos, Burdick & Krause 2015", "Theorem 1, with a Lipschitz constant on a grid"),
    "From a feasible threshold and a true Lipschitz constant, the safe search never violates a constraint.",
    *_SHOWN,
    parameters_have("the safe threshold is feasible and the slope is a Lipschitz constant", _prior_is_true),
)

_RADII = (
    "radii hold for all thresholds, counts and quantities at once, and 2 radii are allowed where about one is lost; "
    "the same play reaches a fifth of its gap-dependent bound"
)
LOOSE = {
    "du2025.regret": _RADII,
    "du2025.full_scores_regret": _RADII,
    "auer2002.reward_ucb": _RADII,
    "chen2022.regret": f"{_RADII}; and they hold at every horizon",
    "du2025.block_settled_regret": _RADII,
    "du2025.epoch_regret": _RADII,
}
WITHOUT_THEOREM = {
    "parity violations by gaps": "the evidence of k plays is random, and only its sum over all thresholds is bounded",
    "the closed loop without holding": "means drift while they are estimated; no bound on the search's bias is known",
}

BOUNDS = found_in(vars())
