"""Exact expectations of learners on loss tables, without sampling and without the learners' code.

Full information. Hedge plays A_t from p_t(i) proportional to exp(-eta L_{t-1}(i)), Shrinking Dartboard keeps A_t with
probability exp(-eta l_t(A_t)) and else draws from p_{t+1}; in both the law of A_t is p_t, so

    E loss = sum_t <p_t, l_t>,   E[switches, drawn afresh] = sum_t (1 - <p_t, p_{t+1}>),
    E[switches, dartboard] = sum_t sum_i p_t(i) (1 - exp(-eta l_t(i))) (1 - p_{t+1}(i)).

The law of the lazy perturbed leader has a closed form too: with a_i = exp(-eta (L(i) - min L)) and exponential
perturbations, P(i leads) = a_i int_0^1 prod_{j != i} (1 - a_j x) dx.

Bandit feedback and bought observations: the law depends on what was drawn, so every sequence of draws is enumerated,
level by level, with its probability (`exp3`, `budgeted_exp3`, `batched_dartboard`); short games only.

Long games, for losses that keep the law simple:

- EXP3 on two actions with constant losses 0 and 1: only the estimate of the second moves, by 1 / p when it is drawn,
  so the number of its draws determines p and is a Markov chain.
- One uniform observation per round, two actions, losses 0 or 1: what is observed does not depend on the play, and
  Lhat(0) - Lhat(1) is 2 d with d a walk on the integers; given it, the law of the action is that of the weights.
- The lazy perturbed leader while all K actions have loss 1: each perturbation grows by 1, or with probability
  r = 1 - exp(-eta) is redrawn below 1. The leader changes if it is redrawn and another is not, or all are and another
  is greatest: P(switch) = r (1 - r^(K-1) / K), in each round alike since the perturbations stay exponential.
"""

import inspect
import math
import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import array, integer, real
from bandits.protocol import known
from theory.switching.ranges import known_table

Array = NDArray[np.float64]
MAX_NODES = 4_000_000  # draws enumerated at once: about 200 MB
_NEVER = 1e-290  # branches this improbable are left out: 1 / p must not overflow


@dataclass(frozen=True, eq=False)
class ExactPlay:
    """Exact expectations of one learner on one loss table.

    loss, switches and redraws are expectations; best_loss is the best action's in hindsight.  probabilities: (T, K),
    the marginal law of the action in each round, or None where only its loss is known.  rounding: a bound on the
    floating-point error of each expectation, to first order.
    """

    loss: float
    best_loss: float
    switches: float
    redraws: float
    rounding: float
    probabilities: Array | None = None

    def regret(self, switching_cost: float = 0.0) -> float:
        """Return the expected regret with c = switching_cost >= 0 paid for each switch."""
        return self.loss + real("switching_cost", switching_cost, low=0.0) * self.switches - self.best_loss


def exact_play(game: Any, learner: Any) -> ExactPlay | None:
    """Return the exact play of a learner that names its law (`Learner.exact`) in a switching-cost game over a table.

    The law is a function of the losses and of parameters of the learner, or `looks`, by their names. None for random
    losses, for games and learners whose law is not known (subclasses too) and for trees that are too large.
    """
    from bandits.switching import SwitchingCostGame

    law = known(learner, "exact")
    table = known_table(game) if type(game) is SwitchingCostGame and (":" in law or law in globals()) else None
    if table is None:
        return None
    function = pkgutil.resolve_name(law) if ":" in law else globals()[law]
    fields = {"looks": getattr(game.feedback, "looks", "flexible"), **learner.parameters(game)._asdict()}
    arguments = {name: fields[name] for name in inspect.signature(function).parameters if name in fields}
    try:
        return function(table, **arguments)
    except ValueError:  # too many draws to enumerate
        return None


def expectation(game: Any, learner: Any, quantity: str) -> tuple[float, float] | None:
    """Return an exact expectation, of "loss", "switches" or "regret", and its rounding; None where it is not known."""
    play = exact_play(game, learner) if quantity in ("loss", "switches", "regret") else None
    if play is None:
        return None
    cost = game.switching_cost
    value = play.regret(cost) if quantity == "regret" else getattr(play, quantity)
    return float(value), play.rounding * (1.0 + cost)


def marginals(game: Any, learner: Any) -> Array | None:
    """Return the marginal law of the action in each round, (T, K); None where it is not known."""
    play = exact_play(game, learner)
    return None if play is None else play.probabilities


# ---------------------------------------------------------------- full information


@checked
def hedge_probabilities(losses: ArrayLike, learning_rate: float) -> Array:
    """Return Hedge's p_t (T, K) on losses (T, K) in [0, 1], for a learning rate > 0."""
    table, rate = _checked(losses, learning_rate)
    return _softmax(-rate * _before(table))


@checked
def hedge(losses: ArrayLike, learning_rate: float) -> ExactPlay:
    """Return the exact play of Hedge, drawn afresh every round."""
    table, rate = _checked(losses, learning_rate)
    p = hedge_probabilities(table, rate)
    switches = float((1.0 - (p[:-1] * p[1:]).sum(axis=1)).sum())
    return _play(table, p, rate, switches, float(len(table) - 1))


@checked
def shrinking_dartboard(losses: ArrayLike, learning_rate: float) -> ExactPlay:
    """Return the exact play of Shrinking Dartboard (Geulen, Voecking & Winkler 2010)."""
    table, rate = _checked(losses, learning_rate)
    p = hedge_probabilities(table, rate)
    leave = p[:-1] * -np.expm1(-rate * table[:-1])
    return _play(table, p, rate, float((leave * (1.0 - p[1:])).sum()), float(leave.sum()))


@checked
def dartboard_transitions(losses: ArrayLike, learning_rate: float) -> Array:
    """Return P(A_{t+1} = j | A_t = i) of Shrinking Dartboard, (T - 1, K, K)."""
    table, rate = _checked(losses, learning_rate)
    keep = np.exp(-rate * table[:-1])
    p = hedge_probabilities(table, rate)
    return keep[:, :, None] * np.eye(table.shape[1]) + (1.0 - keep)[:, :, None] * p[1:, None, :]


@checked
def chain(losses: ArrayLike, initial: ArrayLike, transitions: Iterable[Array]) -> ExactPlay:
    """Return the exact play of a Markov chain of actions with transition matrices (K, K), by forward recursion.

    initial: (K,), the law of the first action.  transitions: T - 1 matrices, rows summing to 1.  Redraws are unknown
    here: nan.
    """
    table = array("losses", losses, ndim=2, low=0.0, high=1.0)
    law = [array("initial", initial, ndim=1, low=0.0, high=1.0)]
    switches = 0.0
    for matrix in transitions:
        switches += float(law[-1] @ (matrix.sum(axis=1) - np.diag(matrix)))
        law.append(law[-1] @ matrix)
    if len(law) != len(table):
        raise ValueError(f"transitions must be {len(table) - 1} matrices, got {len(law) - 1}")
    return _play(table, np.array(law), 0.0, switches, float("nan"))


@checked
def perturbed_leader_probabilities(losses: ArrayLike, learning_rate: float) -> Array:
    """Return the law (T, K) of the action of follow the (lazy) perturbed leader with exponential perturbations.

    The integrand is a polynomial of degree K - 1, for which Gauss's rule with ceil(K / 2) points is exact.
    """
    table, rate = _checked(losses, learning_rate)
    total = _before(table)
    a = np.exp(-rate * (total - total.min(axis=1, keepdims=True)))
    nodes, weights = np.polynomial.legendre.leggauss((table.shape[1] + 1) // 2)
    factors = 1.0 - a[:, :, None] * (0.5 + 0.5 * nodes)
    p = np.empty_like(a)
    for i in range(a.shape[1]):
        others = np.delete(factors, i, axis=1).prod(axis=1)
        p[:, i] = a[:, i] * (others @ (0.5 * weights))
    return p


# ---------------------------------------------------------------- trees of draws


@checked
def exp3(losses: ArrayLike, learning_rate: float, batch_length: int = 1) -> ExactPlay:
    """Return the exact play of EXP3 over batches: K^(number of batches - 1) draws, at most 4 million.

    After a batch with own losses summing to s, Lhat(A) grows by (s / batch_length) / p(A).
    """
    table, rate = _checked(losses, learning_rate)
    length = integer("batch_length", batch_length, low=1, high=len(table))
    starts = range(0, len(table), length)
    return _own_tree(
        table, starts, lambda n, total: _softmax(-rate * total), lambda batch: batch.sum(0)[None] / length, rate
    )


@checked
def budgeted_exp3(losses: ArrayLike, learning_rate: float, batch_length: int) -> ExactPlay:
    """Return the exact play of batched EXP3 that observes the played action in one uniform round per batch."""
    table, rate = _checked(losses, learning_rate)
    length = integer("batch_length", batch_length, low=1, high=len(table))
    starts = range(0, len(table), length)
    return _own_tree(
        table, starts, lambda n, total: _softmax(-rate * total), lambda batch: batch * len(batch) / length, rate
    )


@checked
def tsallis_switch(losses: ArrayLike, growth: float, scale: float = 1.0) -> ExactPlay:
    """Return the exact play of Tsallis-INF over blocks of lengths max(1, ceil(growth sqrt(n))), its rate times scale.

    After a block with own losses summing to s, Lhat(A) grows by s / p(A).
    """
    table, factor = _checked(losses, scale)
    steepness = real("growth", growth, low=0.0)
    starts, squares = [0], [0.0]
    while starts[-1] < len(table) and len(starts) <= 64:  # more blocks are too many in any case
        length = max(1, math.ceil(steepness * math.sqrt(len(starts))))
        starts.append(starts[-1] + length)
        squares.append(squares[-1] + length**2)

    def law(n: int, total: Array) -> Array:
        return _tsallis_law(total - total.min(axis=1, keepdims=True), factor * 2.0 / math.sqrt(squares[n + 1]))

    return _own_tree(table, starts[:-1], law, lambda batch: batch.sum(axis=0)[None], 2.0 * factor)


def _tsallis_law(total: Array, rate: float) -> Array:
    """Return the p (N, K) of greatest 4 sum sqrt(p_i) / rate - <p, total>, by bisection for sqrt(p_i) = 2 / (rate d_i).

    d_i = total_i - x, with x below min(total) = 0 such that the p_i sum to 1.
    """
    low, high = np.full((len(total), 1), -2.0 * math.sqrt(total.shape[1]) / rate), np.full((len(total), 1), -2.0 / rate)
    for _ in range(100):
        middle = 0.5 * (low + high)
        heavy = ((2.0 / (rate * (total - middle))) ** 2).sum(axis=1, keepdims=True) > 1.0
        low, high = np.where(heavy, low, middle), np.where(heavy, middle, high)
    p = (2.0 / (rate * (total - low))) ** 2
    return np.asarray(p / p.sum(axis=1, keepdims=True))


@checked
def batched_dartboard(
    losses: ArrayLike, learning_rate: float, batch_length: int, looks: Literal["flexible", "full"] = "full"
) -> ExactPlay:
    """Return the exact play of Shrinking Dartboard over batches with one observation per batch, at a uniform round.

    looks: "full", all actions; "flexible", one uniformly random action, its loss times K. The observations are the
    tree; given them the law of the action is that of the weights.
    """
    table, rate = _checked(losses, learning_rate)
    length = integer("batch_length", batch_length, low=1, high=len(table))
    if looks not in ("flexible", "full"):
        raise ValueError(f"looks must be 'flexible' or 'full', got {looks!r}")
    n_actions = table.shape[1]
    _check_tree(length * (n_actions if looks == "flexible" else 1), -(-len(table) // length), table)
    weight, total = np.ones(1), np.zeros((1, n_actions))
    switches = redraws = 0.0
    law, starts = np.empty_like(table), range(0, len(table), length)
    for start in starts:
        batch, p = table[start : start + length], _softmax(-rate * total)
        law[start : start + length] = weight @ p
        if start == starts[-1]:
            break
        seen = batch * len(batch) / length
        if looks == "flexible":
            seen = (n_actions * seen[:, :, None] * np.eye(n_actions)).reshape(-1, n_actions)
        weight = np.repeat(weight / len(seen), len(seen))
        total = (total[:, None, :] + seen).reshape(-1, n_actions)
        leave = np.repeat(p, len(seen), axis=0) * -np.expm1(-rate * np.tile(seen, (len(p), 1)))
        redraws += float(weight @ leave.sum(axis=1))
        switches += float(weight @ (leave * (1.0 - _softmax(-rate * total))).sum(axis=1))
    return _play(table, law, rate, switches, redraws)


def _own_tree(
    table: Array, starts: Sequence[int], law: Callable[[int, Array], Array], outcomes: Any, rate: float
) -> ExactPlay:
    """Enumerate (action, outcome) of every batch but the last.

    starts: of the batches.  law: (n, estimates (N, K)) -> probabilities (N, K) of batch n.  outcomes: `outcomes(batch)`
    (R, K) are equally likely losses of each action.  rate: at which rounding errors of estimates enter.
    """
    n_actions, ends = table.shape[1], (*starts[1:], len(table))
    _check_tree(n_actions * len(outcomes(table[: ends[0]])), len(starts), table)
    weight, total, arm = np.ones(1), np.zeros((1, n_actions)), np.full(1, -1)
    chances, switches = np.empty_like(table), 0.0
    for n, (start, end) in enumerate(zip(starts, ends, strict=True)):
        batch, p = table[start:end], law(n, total)
        chances[start:end] = weight @ p
        if start > 0:
            switches += float(weight @ (1.0 - np.take_along_axis(p, arm[:, None], axis=1)[:, 0]))
        if end == len(table):
            break
        seen = outcomes(batch)
        parents, arms = np.nonzero(p > _NEVER)
        node, arm = np.repeat(parents, len(seen)), np.repeat(arms, len(seen))
        chance = p[node, arm]
        value = np.ravel(seen[:, arms].T)  # (parent and arm, outcome), outcomes fastest
        weight = weight[node] * chance / len(seen)
        total = total[node]
        total[np.arange(len(arm)), arm] += value / chance
    return _play(table, chances, rate, switches, float(len(starts) - 1))


# ---------------------------------------------------------------- long horizons


@checked
def exp3_on_steady_losses(rounds: int, rate: float) -> ExactPlay:
    """Return the exact play of EXP3, learning rate > 0, on constant losses 0 and 1 of two actions, in O(rounds^2)."""
    rounds = integer("rounds", rounds, low=1, high=10**5)
    rate = real("rate", rate, low=0.0, open_low=True)
    paying = np.zeros(rounds)  # probability of the action with loss 1 after it was drawn k times
    estimate = 0.0
    for k in range(rounds):
        paying[k] = 1.0 / (1.0 + math.exp(min(rate * estimate, 700.0)))
        if paying[k] < 1e-290:
            paying[k] = 0.0
            break
        estimate += 1.0 / paying[k]
    last = np.zeros((2, rounds + 1))  # law of (last action, draws of the action with loss 1)
    last[0, 0] = 1.0
    loss = switches = 0.0
    for t in range(rounds):
        draws = last[:, :rounds]
        loss += float((draws.sum(axis=0) * paying).sum())
        if t > 0:
            switches += float((draws[0] * paying).sum() + (last[1].sum() - (draws[1] * paying).sum()))
        after = np.zeros_like(last)
        after[1, 1:] = draws.sum(axis=0) * paying
        after[0, :rounds] = draws.sum(axis=0) * (1.0 - paying)
        last = after
    return _play(np.tile((0.0, 1.0), (rounds, 1)), None, rate, switches, float(rounds - 1), loss)


@checked
def uniform_looks(losses: ArrayLike, rate: float) -> ExactPlay:
    """Return the exact play of the dartboard with one uniform observation per round; losses (n, 2), 0 or 1; O(n^2)."""
    table, rate = array("losses", losses, ndim=2, low=0.0, high=1.0), real("rate", rate, low=0.0, open_low=True)
    if table.shape[1] != 2 or not np.isin(table, (0.0, 1.0)).all():
        raise ValueError(f"losses must be 0 or 1, two per round, got {losses!r}")
    n = len(table)
    walk = np.arange(-n - 1, n + 2)
    first = 0.5 * (1.0 - np.tanh(rate * walk))  # Lhat(0) - Lhat(1) = 2 walk
    law = np.zeros(len(walk))
    law[n + 1] = 1.0
    loss = switches = 0.0
    leave = -math.expm1(-2.0 * rate)
    for t, (a, b) in enumerate(table):
        loss += float(law @ (first * a + (1.0 - first) * b))
        up, down = np.roll(law, 1) if a else law, np.roll(law, -1) if b else law
        if t < n - 1:
            switches += 0.5 * leave * float(a * (law[:-1] * first[:-1]) @ (1.0 - first[1:]))
            switches += 0.5 * leave * float(b * (law[1:] * (1.0 - first[1:])) @ first[:-1])
        law = 0.5 * (up + down)
    return _play(table, None, 2.0 * rate, switches, math.nan, loss)


@checked
def leader_switches(rounds: int, n_actions: int, rate: float) -> float:
    """Return the lazy perturbed leader's expected switches in `rounds` rounds in which all actions have loss 1."""
    rounds, n_actions = integer("rounds", rounds, low=1), integer("n_actions", n_actions, low=1)
    redrawn = -math.expm1(-real("rate", rate, low=0.0, open_low=True))
    return (rounds - 1) * redrawn * (1.0 - redrawn ** (n_actions - 1) / n_actions)


# ---------------------------------------------------------------- parts


def _checked(losses: ArrayLike, learning_rate: float) -> tuple[Array, float]:
    table = array("losses", losses, ndim=2, low=0.0, high=1.0)
    return table, real("learning_rate", learning_rate, low=0.0, open_low=True)


def _before(table: Array) -> Array:
    """Return L_{t-1} (T, K), the cumulative losses before each round."""
    total = np.zeros_like(table)
    np.cumsum(table[:-1], axis=0, out=total[1:])
    return total


def _softmax(z: Array) -> Array:
    weights = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _play(
    table: Array, p: Array | None, rate: float, switches: float, redraws: float, loss: float | None = None
) -> ExactPlay:
    horizon, n_actions = table.shape
    if loss is None:
        assert p is not None
        loss = float((p * table).sum())
    # The error of a cumulative loss is at most T^2 eps / 2, so that of a probability, relative, rate T^2 eps; T terms.
    rounding = 4.0 * np.finfo(float).eps * horizon * (rate * horizon**2 + horizon + n_actions)
    return ExactPlay(loss, float(table.sum(axis=0).min()), switches, redraws, float(rounding), p)


def _check_tree(branches: int, n_batches: int, table: Array) -> None:
    """Raise ValueError if the draws of all batches but the last are too many to enumerate."""
    if (n_batches - 1) * np.log(branches) > np.log(MAX_NODES):
        raise ValueError(f"{branches}^{n_batches - 1} draws are too many to enumerate: use fewer batches, or sample")
