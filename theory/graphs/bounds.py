"""Bounds for feedback graphs, each with its proof. Losses in [0, 1] that do not depend on the play.

Let q_t be the exponential weights of lhat_t(j) = l_t(j) 1{A_t reveals j} / P_t(j) and p_t = (1 - gamma) q_t + gamma u
the law of A_t; mixing costs at most gamma per round. As for EXP3,

    E R_T <= gamma T + ln K / eta + (eta/2) sum_t E sum_i q_t(i) l_t(i)^2 / P_t(i).

**All loops, gamma = 0.** sum_i p(i) / P(i) <= mas, the most actions that span no cycle: take the action with the least
P, and delete all that reveal it: together they add at most 1. Repeat; of two actions taken, the later one does not
reveal the earlier. In an undirected graph what is taken is independent, and mas = alpha.

**Strongly observable graphs, u uniform.** S: the actions that do not reveal themselves. There lhat <= 1 / P
<= K / (gamma (K - 1)) <= 1 / eta, and with c = <q, lhat 1_S> <= 1 / eta, e^-x <= 1 - x + x^2 for x >= -1 gives

    <q, lhat> + (1/eta) ln <q, e^(-eta lhat)> <= eta <q, (lhat - c)^2>
        <= eta (sum_{i not in S} q(i) lhat(i)^2 + sum_{i in S} q(i) (1 - q(i)) lhat(i)^2).

On S, P(i) = 1 - p(i) >= (1 - gamma) (1 - q(i)), so the second sum has a mean of at most 1 / (1 - gamma); the first one
of at most a / (1 - gamma), a = mas of the graph of the other actions, as q <= p / (1 - gamma). In directed graphs mas
may be far above alpha; then a = 4 alpha ln(1 + K (1 + 1 / e) / alpha) counts, e = gamma / K <= p. In any graph
sum_i 1 / (1 + d(i)) <= 2 alpha ln(1 + K / alpha), d(i) the number of others that reveal i: by Turan's theorem some
d(i) >= (K / alpha - 1) / 2; take it off and repeat. Put ceil(M p(i)), M = K / e, copies in the place of i, which all
reveal each other: at most M + K, alpha is the same, and p(i) / P(i) is at most twice the sum of the copies' terms.

**Observable graphs.** P_t(i) >= gamma / delta*_t for the u of the fractional cover of the round's graph, so the sum is
at most delta*_t / gamma.

**Blocks** (`bandits.graphs.dartboard`). The estimate of a block is unbiased for its mean losses and E <q, lhat^2>
<= delta*, so the action held has tau times the regret of the weights over n blocks. Each exploring round costs at most
1 and two switches more, and the action held is redrawn at most ln K + eta n times (`theory.switching.bounds`).

**Delays.** The third term of `theory.delays.bounds` adds eta D: E q_t(i) lhat_s(i) lhat_t(i) <= E q_t(i).

**Weak graphs, from below.** Action 0 reveals all and has loss 1; 1 and 2 are fair coins, but one of them, at random,
has mean 1/2 - e. N_v: the expected plays of action 0 if v is better; each costs at least 1/2. By Bretagnolle and Huber
R_1 + R_2 >= (e T / 4) exp(-min(N_1, N_2) k), k = kl(1/2, 1/2 - e) + kl(1/2 - e, 1/2): a play that favours one coin for
half of the time loses e T / 2 if the other is better. So the mean regret is at least the least over N of
max(N / 2, (e T / 8) exp(-N k)), which is W(e T k / 4) / (2 k) with Lambert's W, and at e = 0.9 T^(-1/3) and T >= 100 at
least 0.0698 T^(2/3).

**Unobservable graphs.** Two actions that reveal nothing, one with loss 0 and one with loss 1 throughout, by a fair
coin: every learner has expected loss T / 2, and switching costs only add.
"""

import math
from typing import Any

import numpy as np
import sympy as sp

from theory.assumptions import AT_LEAST_TWO, UNIT_LOSSES, feedback_is, losses_are, parameters_have, problem_has
from theory.bound import ETA, Assumption, Bound, K, Source, Symbol, T, Tuning, found_in
from theory.delays.bounds import OBLIVIOUS

GAMMA = Symbol("exploration", "gamma", nonnegative=True, at_most=1)
SIZE = Symbol("mean_size", "a", positive=True)
LOOPED = Symbol("looped_size", "a", nonnegative=True)
COVER = Symbol("cover_size", "delta", positive=True)
D = Symbol("total_delay", "D", nonnegative=True)
TAU = Symbol("batch_length", "tau", positive=True, integer=True)
C = Symbol("switching_cost", "c", nonnegative=True)
_SWITCHES = C * (T - 1)
_LOG_K = sp.log(K)
_HERE = "constants proved in theory.graphs.bounds"
_ALON = Source("Alon, Cesa-Bianchi, Dekel & Koren 2015", f"the rate; {_HERE}", "arXiv:1502.07617")


def _graphs(problem: Any) -> Any:
    return getattr(problem.feedback, "inner", problem.feedback).graphs


def _mean_size(problem: Any, params: Any) -> float:
    """Return the mean over the rounds of alpha, or of mas for directed graphs."""
    feedback = getattr(problem.feedback, "inner", problem.feedback)
    return float(feedback.total([graph.acyclic.most for graph in feedback.graphs], problem.horizon) / problem.horizon)


def _mean_cover(problem: Any, params: Any) -> float:
    """Return the mean over the rounds of delta*."""
    feedback = problem.feedback
    return float(feedback.total([graph.cover.size for graph in feedback.graphs], problem.horizon) / problem.horizon)


def _looped_size(problem: Any, params: Any) -> float:
    """Return the largest a of the actions that reveal themselves; 0 without any."""
    n = problem.n_actions
    return max(_least_size(graph, n, params.exploration) for graph in _graphs(problem))


def _least_size(graph: Any, n: int, share: float) -> float:
    """Return mas or, if that is less, 4 alpha ln(1 + K (1 + K / gamma) / alpha), of the actions with loops."""
    mas = float(graph.looped.most)
    if share == 0.0 or mas == 0.0:
        return mas
    loops = graph.loops
    alpha = float(type(graph)(graph.adjacency[np.ix_(loops, loops)]).independence.most)
    return min(mas, 4.0 * alpha * math.log1p(n * (1.0 + n / share) / alpha))


def _enough(problem: Any, params: Any) -> bool:
    n = problem.n_actions
    loopless = not all(graph.loops.all() for graph in _graphs(problem))
    return not loopless or params.exploration >= params.learning_rate * n / (n - 1) * (1.0 - 1e-12)


def _all(text: str, test: Any) -> Assumption:
    return problem_has(text, lambda problem: all(test(graph) for graph in _graphs(problem)))


def _mask(graph: Any) -> list[int]:
    """Return for each action the sum of 2^j over the actions j that it reveals."""
    return [sum(2**j for j, shown in enumerate(row) if shown) for row in graph.adjacency]


GRAPH = feedback_is("graph")
LOOPS = _all("every action reveals its own loss", lambda graph: graph.loops.all())
STRONG = _all("every graph is strongly observable", lambda graph: graph.kind == "strong")
OBSERVABLE = _all("every graph can reveal every loss", lambda graph: graph.kind != "unobservable")
ONE = problem_has("one graph", lambda problem: len(_graphs(problem)) == 1)
UNIFORM = parameters_have(
    "exploration is uniform", lambda problem, params: params.explore.max() == params.explore.min()
)
COVERING = parameters_have(
    "exploration is the fractional cover",
    lambda problem, params: all(
        graph.kind != "unobservable" and covered.min() * graph.cover.size > 1.0 - 1e-9
        for graph, covered in zip(_graphs(problem), np.atleast_2d(params.covered), strict=True)
    ),
)

_SET = _LOG_K / ETA + ETA * SIZE * T / 2
EXP3_SET = Bound(
    "alon2013.exp3_set",
    "Exp3Set",
    "regret",
    _SET + _SWITCHES,
    Source("Alon, Cesa-Bianchi, Gentile & Mansour 2013", f"the rate; {_HERE}", "arXiv:1307.4564"),
    "EXP3-SET on graphs with all loops: sqrt(2 a T ln K), with a = alpha (mas, if directed) in place of K.",
    assumptions=(GRAPH, LOOPS, UNIT_LOSSES, AT_LEAST_TWO),
    tunings=(Tuning(ETA, _SET),),
    readers={"mean_size": _mean_size},
)
_LATE = _LOG_K / ETA + ETA * (SIZE * T / 2 + D)
DELAYED = Bound(
    "ours.delayed_exp3_set",
    "DelayedExp3Set",
    "regret",
    _LATE + _SWITCHES,
    Source("ours", _HERE),
    "Graphs and delays add up: sqrt(2 ln K (a T + 2 D)), whatever the longest delay.",
    assumptions=(feedback_is("delayed graph"), OBLIVIOUS, LOOPS, UNIT_LOSSES, AT_LEAST_TWO),
    tunings=(Tuning(ETA, _LATE),),
    readers={"mean_size": _mean_size},
)
_STRONG = _LOG_K / ETA + ETA * T * (4 + 2 * LOOPED)
EXP3_G = Bound(
    "alon2015.exp3_g",
    "Exp3G",
    "regret",
    GAMMA * T + _LOG_K / ETA + ETA * T * (1 + LOOPED) / (1 - GAMMA) + _SWITCHES,
    _ALON,
    "EXP3.G on strongly observable graphs: 2 sqrt((4 + 2 a) T ln K), a of the actions that reveal themselves.",
    assumptions=(
        GRAPH,
        STRONG,
        UNIFORM,
        parameters_have("gamma >= eta K / (K - 1), or all loops", _enough),
        parameters_have("gamma < 1", lambda problem, params: params.exploration < 1.0).where(sp.Lt(GAMMA, 1)),
        UNIT_LOSSES,
        AT_LEAST_TWO,
    ),
    tunings=(Tuning(GAMMA, _STRONG, given=2 * ETA), Tuning(ETA, _STRONG)),
    readers={"looped_size": _looped_size},
)
_WEAK_RATE = Tuning(ETA, _LOG_K / ETA + ETA * T * COVER / (2 * GAMMA))
EXPLORING = Bound(
    "alon2015.exploring_exp3",
    "ExploringExp3",
    "regret",
    GAMMA * T + _LOG_K / ETA + ETA * T * COVER / (2 * GAMMA) + _SWITCHES,
    _ALON,
    "EXP3 that explores fractional covers of observable graphs: 3 (delta* ln K / 2)^(1/3) T^(2/3), delta* on average.",
    assumptions=(GRAPH, OBSERVABLE, COVERING, UNIT_LOSSES, AT_LEAST_TWO),
    tunings=(_WEAK_RATE, Tuning(GAMMA, GAMMA * T + sp.sqrt(2 * T * COVER * _LOG_K / GAMMA))),
    readers={"cover_size": _mean_cover},
)
_BLOCKS = sp.ceiling(T / TAU)
DARTBOARD = Bound(
    "ours.graph_dartboard",
    "GraphDartboard",
    "regret",
    TAU * (_LOG_K / ETA + ETA * _BLOCKS * COVER / 2) + (1 + 2 * C) * _BLOCKS + C * (_LOG_K + ETA * _BLOCKS),
    Source("ours", _HERE),
    "With switching costs, on every observable graph: 3 ((1 + 2 c) delta* ln K / 2)^(1/3) T^(2/3) in the main.",
    assumptions=(GRAPH, ONE, OBSERVABLE, COVERING, UNIT_LOSSES, AT_LEAST_TWO),
    tunings=(
        Tuning(ETA, TAU * _LOG_K / ETA + ETA * _BLOCKS * (TAU * COVER / 2 + C)),
        Tuning(
            TAU,
            sp.sqrt(2 * TAU * T * COVER * _LOG_K) + (1 + 2 * C) * T / TAU,
            lambda best: sp.Min(T, sp.Max(1, sp.ceiling(best))),
        ),
    ),
    readers={"cover_size": lambda problem, params: _graphs(problem)[0].cover.size},
)
WEAK_LOWER = Bound(
    "alon2015.weak_lower",
    "",
    "regret",
    sp.Rational(698, 10_000) * T ** sp.Rational(2, 3),
    _ALON,
    "Where what reveals losses is costly, no learner does better than T^(2/3).",
    "lower",
    assumptions=(
        GRAPH,
        _all("action 0 of 3 reveals all losses, the others none", lambda graph: _mask(graph) == [7, 0, 0]),
        losses_are("hidden coin", "fair coins but for one hidden action and a costly one", lambda p: p.costly == 1),
        problem_has(
            "the hidden coin's gap is 0.9 T^(-1/3)",
            lambda p: math.isclose(getattr(p.losses, "gap", None) or 0.0, 0.9 * p.horizon ** (-1 / 3), rel_tol=1e-9),
        ),
        problem_has("horizon at least 100", lambda p: p.horizon >= 100).where(sp.Ge(T, 100)),
    ),
)
UNOBSERVABLE_LOWER = Bound(
    "alon2015.unobservable_lower",
    "",
    "regret",
    T / 2,
    _ALON,
    "Where no loss is revealed, every learner's regret grows like T.",
    "lower",
    assumptions=(
        GRAPH,
        losses_are(
            "bitwise coins",
            "one fair coin for two actions and all rounds",
            lambda losses: losses.n_actions == 2 and losses.held >= 2**56,
        ),
        _all("no loss is revealed", lambda graph: not graph.adjacency.any()),
    ),
)

BOUNDS = found_in(vars())
