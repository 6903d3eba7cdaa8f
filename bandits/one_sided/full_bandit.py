"""Exp2 with the full-bandit estimator of the paper, which uses only the total loss of the round.

Bechavod & Roth (2022, Theorem 4.1) run Exp2 (Bubeck, Cesa-Bianchi & Kakade 2012, Figure 1) on the reduced problem,
whose actions are a_h in {0, 1}^(2 k') with k' = k + 2 C:

    p_t = (1 - g) q_t + g mu,   l~ = P^+ a <a, l>,  P = E_p[a a'],   q_{t+1}(h) proportional to exp(-eta sum <a_h, l~>).

Every a_h is an affine image of the predictions on the k individuals, a_h = M f_h with f_h = (1, h(x_1), ..., h(x_k)),
so <a_h, P^+ a> = f_h' v for any solution of E_p[f f'] v = f: a system of k + 1 unknowns, however large C is. Losses
are divided by k' to lie in [0, 1].

The proof requires eta |<a_h, l~>| <= 1 and gives E[regret] <= 2 g T + ln N / eta + eta E sum <p, <a_h, l~>^2>, whose
last part is at most the dimension of the round, k + 1. Let mu be John's law of the population (`one_sided.john`:
known before play, leverages at most r <= min(N, n_cells + 1) in every round, whatever is reported). Then
|<a_h, l~>| <= r / g, so g >= eta r suffices. With d = 2 k' >= r, g = eta d and eta = sqrt(ln N / (3 d T)) that is
2 sqrt(3 d T ln N), in Lagrangian units at most 4 sqrt(3) (2 k + 4 C)^(3/2) sqrt(T ln N), the theorem's constant. For
d < r the learner uses g = eta r, for which the theorem's constant is not claimed.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np

from bandits.core.checks import integer, optional_real
from bandits.core.exponential_weights import pick, remake
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform
from bandits.one_sided.exponential import ceil_power, listed_table
from bandits.one_sided.john import class_design
from bandits.one_sided.problem import OneSided, OneSidedGame, Play, Report
from bandits.protocol import Learner, LearnerSteps

Explorer = Literal["john", "uniform"]


class FullBanditParams(NamedTuple):
    """Class, eta, g, mu and C."""

    table: Any  # (n_cells, N) uint8
    individuals: int
    learning_rate: float
    exploration: float
    explorer: Any  # (N,) float64, mu
    price: float


class FullBanditState(NamedTuple):
    """Cumulative estimates, the policy played, and scratch."""

    loss: Any  # (N,) float64
    law: Any  # (N,) float64, sums to 1
    everyone: Any  # (0,) int64
    gram: Any  # (k + 1, k + 1) float64
    used: Any  # (k + 1,) int64
    solution: Any  # (k + 1,) float64


@kernel
def _init(params: FullBanditParams, rng: Stream) -> FullBanditState:
    size = params.table.shape[1]
    d = params.individuals + 1
    law = np.zeros(size)
    for h in range(size):
        law[h] = 1.0 / size
    return FullBanditState(
        np.zeros(size), law, np.zeros(0, np.int64), np.zeros((d, d)), np.zeros(d, np.int64), np.zeros(d)
    )


@kernel
def _act(params: FullBanditParams, state: FullBanditState, t: int, rng: Stream) -> Play:
    drawn = pick(state.law, 1.0, uniform(rng, t, 0))
    return Play(state.law, 1.0, state.everyone, 0.0, drawn, params.price)


@kernel
def paid_loss(report: Report, price: float) -> float:
    """Return <a, l> of the round, in [0, k + 2 C]; the null pair counts as the first individual, twice."""
    total = 0.0
    for i in range(report.cells.size):
        total += 1.0 - report.labels[i] if report.accepted[i] == 1 else 0.5
    first = max(report.first, 0)
    second = max(report.second, 0)
    total += price * (1.0 if report.accepted[first] == 1 else 0.5)
    return total + price * (0.0 if report.accepted[second] == 1 else 0.5)


@rare_kernel
def gram_matrix(table: Any, law: Any, cells: Any, gram: Any) -> None:
    """Write E_p[f f'] (k + 1, k + 1) for f = (1, h(x_1), ..., h(x_k))."""
    k = cells.size
    gram[0, 0] = 1.0
    for i in range(k):
        for j in range(i + 1):
            total = 0.0
            for h in range(law.size):
                total += law[h] * (table[cells[i], h] & table[cells[j], h])
            gram[i + 1, j + 1] = total
            gram[j + 1, i + 1] = total
        gram[0, i + 1] = gram[i + 1, i + 1]
        gram[i + 1, 0] = gram[i + 1, i + 1]


@rare_kernel
def solve_in_range(gram: Any, used: Any, out: Any) -> None:
    """Overwrite out (d,) with a solution of gram v = out, for a positive semidefinite gram with out in its range.

    Gauss-Jordan elimination with diagonal pivots; pivots below 1e-11 count as 0 and their unknowns are 0.
    gram (d, d) is overwritten, used (d,) int64 is scratch.
    """
    d = out.size
    for i in range(d):
        used[i] = 0
    for _ in range(d):
        pivot = -1
        largest = 1e-11
        for i in range(d):
            if used[i] == 0 and gram[i, i] > largest:
                pivot = i
                largest = gram[i, i]
        if pivot < 0:
            break
        used[pivot] = 1
        for i in range(d):
            if i != pivot and gram[i, pivot] != 0.0:
                factor = gram[i, pivot] / gram[pivot, pivot]
                for j in range(d):
                    gram[i, j] -= factor * gram[pivot, j]
                out[i] -= factor * out[pivot]
    for i in range(d):
        out[i] = out[i] / gram[i, i] if used[i] == 1 else 0.0


@rare_kernel
def mixed_law(loss: Any, learning_rate: float, exploration: float, explorer: Any, law: Any) -> None:
    """Write (1 - g) q + g mu with q proportional to exp(-eta loss)."""
    total, _ = remake(loss, law, learning_rate)
    for h in range(loss.size):
        law[h] = (1.0 - exploration) * (law[h] / total) + exploration * explorer[h]


@kernel
def _update(
    params: FullBanditParams, state: FullBanditState, t: int, play: Play, report: Report, rng: Stream
) -> FullBanditState:
    gram_matrix(params.table, state.law, report.cells, state.gram)
    state.solution[0] = 1.0
    for i in range(params.individuals):
        state.solution[i + 1] = report.accepted[i]
    solve_in_range(state.gram, state.used, state.solution)
    scale = paid_loss(report, params.price) / (params.individuals + 2.0 * params.price)
    for h in range(state.loss.size):
        state.loss[h] += scale * state.solution[0]
    for i in range(params.individuals):
        cell = report.cells[i]
        for h in range(state.loss.size):
            state.loss[h] += scale * state.solution[i + 1] * params.table[cell, h]
    mixed_law(state.loss, params.learning_rate, params.exploration, params.explorer, state.law)
    return state


@dataclass(frozen=True)
class Exp2FullBandit(Learner):
    """Exp2 as in Theorem 4.1.

    price: integer Lagrange multiplier C >= 0; None means ceil(T^(1/5)).  learning_rate: eta > 0 for losses in [0, 1];
    None means sqrt(ln N / (3 d T)), d = 2 k + 4 C.  exploration: g in (0, 1]; None means min(1, eta max(d, L)), L the
    largest leverage under mu.  explorer: mu, "john" or "uniform" over the class.
    """

    price: int | None = None
    learning_rate: float | None = None
    exploration: float | None = None
    explorer: Explorer = "john"
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (OneSided,)

    def __post_init__(self) -> None:
        if self.price is not None:
            integer("price", self.price, low=0, high=2**20)
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)
        optional_real("exploration", self.exploration, low=0.0, high=1.0, open_low=True)

    def parameters(self, problem: OneSidedGame) -> FullBanditParams:
        """Return the class, k, eta, g, mu and C."""
        table, k = listed_table(self, problem), problem.individuals
        price = ceil_power(problem.horizon, 1, 5) if self.price is None else int(self.price)
        d = 2 * k + 4 * price
        rate = self.learning_rate or math.sqrt(math.log(problem.n_hypotheses) / (3.0 * d * problem.horizon))
        size, reach = problem.n_hypotheses, float(d)
        law = np.full(size, 1.0 / size)
        if self.explorer == "john":
            design = class_design(table)
            law, reach = design.weight, max(reach, float(design.leverage.max()))
        return FullBanditParams(table, k, rate, self.exploration or min(1.0, rate * reach), law, float(price))
