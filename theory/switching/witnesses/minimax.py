"""Small games solved exactly: the worst losses for one learner, and the minimax regret.

`worst_case_of_two`: the table with the largest regret of Hedge or Shrinking Dartboard among all 4^T tables of 0/1
losses of two actions, by dynamic programming over d = L(0) - L(1), which determines the probabilities:

    V_t(d) = max_l <p(d), l> - l(0) + c P(switch) + V_{t+1}(d + l(0) - l(1)),   V_T(d) = max(0, d).

`expert_value`: the minimax regret with full information and no switching cost, by backward linear programs
V_t(L) = min_p max_l <p, l> + V_{t+1}(L + l), V_T = -min L. For two actions it is E|S_T| / 2 with S a simple random
walk (Cover 1966; Cesa-Bianchi & Lugosi 2006, Section 8.4).

`bandit_value`: the minimax regret of the bandit game with switching costs against 0/1 oblivious losses, by one linear
program in sequence form: the unknowns are the learner's realisation weights of each history of actions and
observations (von Stengel, "Efficient computation of behavior strategies", Games and Economic Behavior 1996).

No learner has a worst-case regret below the value: one that seems to has used losses that it had not observed.
"""

import itertools
import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from bandits.core.checks import integer, real

_MOVES = ((0, 0), (0, 1), (1, 0), (1, 1))


@checked
def worst_case_of_two(
    horizon: int, learning_rate: float, switching_cost: float, lazy: bool = True
) -> tuple[float, NDArray[np.float64]]:
    """Return the largest expected regret over all 0/1 losses (T, 2), and a table that attains it; O(T^2).

    learning_rate > 0, switching_cost >= 0.  lazy: Shrinking Dartboard, else Hedge drawn afresh every round.
    """
    horizon = integer("horizon", horizon, low=1, high=10**4)
    rate = real("learning_rate", learning_rate, low=0.0, open_low=True)
    cost = real("switching_cost", switching_cost, low=0.0)
    d = np.arange(-horizon, horizon + 1)
    first = 0.5 * (1.0 - np.tanh(0.5 * rate * d))  # p_t(0)
    value = np.maximum(0.0, d.astype(np.float64))
    choice = np.empty((horizon, len(d)), dtype=np.int8)
    for t in range(horizon - 1, -1, -1):
        options = np.empty((4, len(d)))
        for m, (a, b) in enumerate(_MOVES):
            after = np.clip(np.arange(len(d)) + a - b, 0, len(d) - 1)
            options[m] = first * a + (1.0 - first) * b - a + value[after]
            if t < horizon - 1:
                leave = [-math.expm1(-rate * loss) if lazy else 1.0 for loss in (a, b)]
                later = first[after]
                options[m] += cost * (first * leave[0] * (1.0 - later) + (1.0 - first) * leave[1] * later)
        choice[t] = options.argmax(axis=0)
        value = options.max(axis=0)
    losses = np.empty((horizon, 2))
    at = horizon  # d = 0
    for t in range(horizon):
        losses[t] = _MOVES[choice[t, at]]
        at += int(losses[t, 0] - losses[t, 1])
    return float(value[horizon]), losses


@checked
def expert_value(horizon: int, n_actions: int) -> float:
    """Return the minimax regret with full information, without switching cost, over 0/1 losses.

    The state is the cumulative losses up to a shift and an order of the actions; horizon 12 with two or 8 with three
    actions takes a fraction of a second.
    """
    horizon = integer("horizon", horizon, low=1, high=1000)
    n_actions = integer("n_actions", n_actions, low=1, high=16)
    moves = list(itertools.product((0, 1), repeat=n_actions))
    matrix = np.array([[*move, -1.0] for move in moves])
    simplex = np.array([[1.0] * n_actions + [0.0]])

    @cache
    def value(t: int, state: tuple[int, ...]) -> float:
        if t == horizon:
            return 0.0
        then = []
        for move in moves:
            moved = [a + b for a, b in zip(state, move)]
            least = min(moved)
            then.append(value(t + 1, tuple(sorted(x - least for x in moved))) - least)
        return _least_maximum(matrix, np.array(then), simplex, np.ones(1))

    return value(0, (0,) * n_actions)


@checked
def bandit_value(horizon: int, switching_cost: float) -> float:
    """Return the minimax regret of two actions, bandit feedback and switching_cost >= 0, over 0/1 oblivious losses.

    horizon in 2..6. Exchanging the actions is a symmetry of the game, so the best learner may start with either:
    the first action is taken as 0 and every table is averaged with its mirror image.
    """
    from scipy.sparse import csr_matrix, hstack

    horizon = integer("horizon", horizon, low=2, high=6)
    cost = real("switching_cost", switching_cost, low=0.0)
    tables = np.array(list(itertools.product((0, 1), repeat=2 * horizon))).reshape(-1, horizon, 2)
    powers = 2 ** np.arange(2 * horizon - 1, -1, -1)
    mirrored = tables[:, :, ::-1].reshape(len(tables), -1) @ powers  # number of the table with actions exchanged
    fixed = tables[:, 0, 0] - tables.sum(axis=1).min(axis=1)
    paid = _paid(tables, cost)
    one_each = np.arange(len(tables)) <= mirrored
    matrix = (0.5 * (paid + paid[mirrored]))[one_each]
    equal, right = _realisation(horizon)
    matrix = hstack([matrix, csr_matrix(-np.ones((matrix.shape[0], 1)))], format="csr")
    equal = hstack([equal, csr_matrix((equal.shape[0], 1))], format="csr")
    return _least_maximum(matrix, (0.5 * (fixed + fixed[mirrored]))[one_each], equal, right)


def _sequence(t: int, history: Any, action: int) -> Any:
    """Return the number of the unknown for `action` in round t >= 1 (from 0) after a history.

    The history o_0, a_1, o_1, ..., a_{t-1}, o_{t-1} is a number of 2 t - 1 bits (a_0 = 0 is left out).
    """
    earlier = sum(4**s for s in range(1, t))
    return earlier + 2 * history + action


def _paid(tables: Any, cost: float) -> Any:
    """Return the loss plus switching cost from round 1 on, per table and unit of each unknown, as a sparse matrix."""
    from scipy.sparse import csr_matrix

    n_tables, horizon, _ = tables.shape
    rows, columns, entries = [], [], []
    for t in range(1, horizon):
        for path in itertools.product((0, 1), repeat=t):  # a_1, ..., a_t
            played = (0, *path)
            history = tables[:, 0, 0]
            for s in range(1, t):
                history = 4 * history + 2 * played[s] + tables[:, s, played[s]]
            rows.append(np.arange(n_tables))
            columns.append(_sequence(t, history, played[t]))
            entries.append(tables[:, t, played[t]] + cost * (played[t] != played[t - 1]))
    place = (np.concatenate(rows), np.concatenate(columns))
    return csr_matrix((np.concatenate(entries), place), shape=(n_tables, _sequence(horizon, 0, 0)))


def _realisation(horizon: int) -> tuple[Any, Any]:
    """Return the equations of a strategy: the weights of the actions after a history sum to that of the history."""
    from scipy.sparse import csr_matrix

    terms: list[tuple[int, int, float]] = []
    right: list[float] = []
    for t in range(1, horizon):
        for history in range(2 * 4 ** (t - 1)):
            terms += [(len(right), _sequence(t, history, a), 1.0) for a in (0, 1)]
            if t > 1:  # the history ends with a_{t-1}, o_{t-1}
                terms.append((len(right), _sequence(t - 1, history // 4, history // 2 % 2), -1.0))
            right.append(1.0 if t == 1 else 0.0)
    rows, columns, entries = zip(*terms)
    shape = (len(right), _sequence(horizon, 0, 0))
    return csr_matrix((entries, (rows, columns)), shape=shape), np.array(right)


def _least_maximum(matrix: Any, constant: Any, equal: Any, right: Any) -> float:
    """Return min over x >= 0 with `equal` x = `right` of max over rows of (matrix x + constant).

    The last column of both matrices belongs to the maximum itself: -1 in `matrix`, 0 in `equal`.
    """
    from scipy.optimize import linprog

    objective = np.zeros(matrix.shape[1])
    objective[-1] = 1.0
    bounds = [(0.0, None)] * (matrix.shape[1] - 1) + [(None, None)]
    solution = linprog(objective, matrix, -constant, equal, right, bounds, method="highs")
    if not solution.success:
        raise ArithmeticError(f"the linear program was not solved: {solution.message}")
    return float(solution.fun)
