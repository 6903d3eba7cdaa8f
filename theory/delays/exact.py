"""Exact expectations under delays, without sampling and without the learners' code.

`delayed_weights` computes all terms of the theorem in `theory.delays.bounds` on one path; its probabilities are the law
of Hedge. `exp3_tree` enumerates the draws of EXP3 on delayed feedback, feedback graphs or both, in short games:
playing i reveals the losses of the actions j with reveals[i, j]; p_t = (1 - gamma) q_t + gamma u, with q_t the
exponential weights of the estimates lhat_s(j) = l_s(j) / P_s(j) that have arrived, P_s(j) = sum_i p_s(i) reveals[i, j].
"""

import pkgutil
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import array, integer, integers, real
from bandits.protocol import known
from theory.switching.exact import MAX_NODES, ExactPlay, applied
from theory.switching.ranges import known_table

Array = NDArray[np.float64]
_NEVER = 1e-290  # branches this improbable are left out


@dataclass(frozen=True, eq=False)
class DelayedWeights:
    """Exponential weights on estimates that arrive late.

    probabilities: (T, K), p_t.  regret: sum_t <p_t, lhat_t> - min_i sum_t lhat_t(i).  squares: sum_t <p_t, lhat_t^2>.
    products: sum_t sum_{s in M_t} <p_t, lhat_s lhat_t>.  total_delay: sum_t |M_t|, which is sum_t min(d_t, T - t).
    bound: ln K / eta + (eta / 2) squares + eta products.
    """

    probabilities: Array
    regret: float
    squares: float
    products: float
    total_delay: int
    bound: float


@checked
def delayed_weights(estimates: ArrayLike, delays: ArrayLike, learning_rate: float) -> DelayedWeights:
    """Return all terms for estimates (T, K) >= 0 with delays (T,) >= 0, integers, and a learning rate > 0."""
    table = array("estimates", estimates, ndim=2, low=0.0, high=1e100)
    rate = real("learning_rate", learning_rate, low=0.0, open_low=True)
    horizon, n_actions = table.shape
    late = integers("delays", delays, 0)
    if len(late) != horizon:
        raise ValueError(f"delays must be {horizon} numbers, one per row of estimates, got {len(late)}")
    due = [t + d if t + d < horizon else horizon for t, d in enumerate(late)]
    order = sorted(range(horizon), key=lambda t: (due[t], t))
    known = np.zeros_like(table)  # cumulative estimates that have arrived before each round
    for t in range(horizon):
        known[t] = sum((table[s] for s in range(t) if due[s] < t), np.zeros(n_actions))
    p = np.exp(-rate * (known - known.min(axis=1, keepdims=True)))
    p /= p.sum(axis=1, keepdims=True)
    processed, count, products, total = np.zeros(n_actions), 0, 0.0, 0
    for t in order:
        products += float(p[t] @ ((processed - known[t]) * table[t]))
        total += count - sum(due[s] < t for s in range(t))
        processed, count = processed + table[t], count + 1
    squares = float((p * table**2).sum())
    regret = float((p * table).sum() - table.sum(axis=0).min())
    bound = float(np.log(n_actions) / rate + rate * (0.5 * squares + products))
    return DelayedWeights(p, regret, squares, products, total, bound)


@checked
def exp3_tree(
    losses: ArrayLike,
    learning_rate: float,
    delays: ArrayLike | None = None,
    reveals: ArrayLike | None = None,
    exploration: float = 0.0,
    explore: ArrayLike | None = None,
    patience: int = 2**56,
) -> ExactPlay:
    """Return the exact play on losses (T, K): K^(T - 1) draws, at most 4 million.

    delays: (T,), none by default.  reveals: (G, K, K), the graph of round t mod G; bandit feedback by default.
    exploration: gamma in [0, 1].  explore: u (K,), or (G, K) for each graph; uniform by default.  patience: longer
    delays are ignored.
    """
    table = array("losses", losses, ndim=2, low=0.0, high=1.0)
    horizon, n = table.shape
    rate = real("learning_rate", learning_rate, low=0.0, open_low=True)
    share = real("exploration", exploration, low=0.0, high=1.0)
    graphs = np.eye(n)[None] if reveals is None else array("reveals", reveals, 3, 0.0, 1.0)
    u = np.full((1, n), 1.0 / n) if explore is None else np.atleast_2d(array("explore", explore, None, 0.0, 1.0))
    late = [0] * horizon if delays is None else integers("delays", delays, 0)
    patience = integer("patience", patience, low=0)
    if (horizon - 1) * np.log(n) > np.log(MAX_NODES):
        raise ValueError(f"{n}^{horizon - 1} draws are too many to enumerate: use fewer rounds, or sample")
    weight, total, arm = np.ones(1), np.zeros((1, n)), np.full(1, -1)
    pending: dict[int, Array] = {}
    law, switches = np.empty_like(table), 0.0
    for t, row in enumerate(table):
        z = -rate * (total - total.min(axis=1, keepdims=True))
        p = (1.0 - share) * np.exp(z) / np.exp(z).sum(axis=1, keepdims=True) + share * u[t % len(u)]
        law[t] = weight @ p
        if t:
            switches += float(weight @ (1.0 - np.take_along_axis(p, arm[:, None], axis=1)[:, 0]))
        node, arm = np.nonzero(p > _NEVER)
        if t == horizon - 1:
            break
        shown = graphs[t % len(graphs)]
        seen = shown[arm] * row / np.maximum(p @ shown, _NEVER)[node]
        weight, total = weight[node] * p[node, arm], total[node]
        pending = {s: estimate[node] for s, estimate in pending.items()} | ({t: seen} if late[t] <= patience else {})
        for s in [s for s in pending if s + late[s] <= t]:
            total = total + pending.pop(s)
    loss = float((law * table).sum())
    rounding = 4.0 * np.finfo(float).eps * horizon * (rate * horizon**2 + horizon + n)
    return ExactPlay(loss, float(table.sum(axis=0).min()), switches, float(horizon - 1), float(rounding), law)


# ---------------------------------------------------------------- in the package's games


def exact_play(problem: Any, learner: Any) -> ExactPlay | None:
    """Return the exact play of a learner that names its law (`Learner.exact`) on a table with the same delays always.

    The law is a function of the losses, of `delays`, and of parameters of the learner by their names.
    """
    from bandits.delays import Delayed
    from bandits.switching import SwitchingCostGame

    law = known(learner, "exact")
    if type(problem) is not Delayed or type(problem.problem) is not SwitchingCostGame or ":" not in law:
        return None
    table, delays = known_table(problem.problem), getattr(problem.setting().schedule, "delays", None)
    if table is None or delays is None:
        return None
    function = pkgutil.resolve_name(law)
    fields = {"delays": np.resize(delays, len(table)), **learner.parameters(problem)._asdict()}
    return applied(function, table, fields)


def expectation(problem: Any, learner: Any, quantity: str) -> tuple[float, float] | None:
    """Return an exact expectation, of "loss", "switches" or "regret", and its rounding; None where it is not known."""
    play = exact_play(problem, learner) if quantity in ("loss", "switches", "regret") else None
    return None if play is None else play.expected(quantity, problem.switching_cost)


def marginals(problem: Any, learner: Any) -> Array | None:
    """Return the marginal law of the action in each round, (T, K); None where it is not known."""
    play = exact_play(problem, learner)
    return None if play is None else play.probabilities
