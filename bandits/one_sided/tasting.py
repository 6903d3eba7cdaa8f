"""Baselines with forced exploration: with some probability accept all individuals and observe all labels.

*EXP4.AT* (Raman, Subedi, Raman & Tewari 2024), for one individual per round: accept with probability
p(1) = (1 - eta) sum_i q_i h_i(x) + eta, estimate both predictions' losses by l(y') = 1{y' != y} O / p(1), and weigh
hypotheses by exp(-eta sum l(h(x))). With eta = sqrt(ln N / (2 T)) regret is at most 3 sqrt(T ln N). For k > 1 the
estimates are summed over the individuals (ours).

*Revealing action* (after Cesa-Bianchi, Lugosi & Stoltz 2006): with probability beta accept all, and only
then update Hedge with the losses divided by beta. Regret <= k beta T + k sqrt(2 T ln N / beta), of order T^(2/3).

*Forced exploration*: with probability beta_t = min(1, scale t^(-1/3)) accept all, else play the leader of the
importance-weighted losses 1{h(x_i) != y_i} O_i / q_i. No guarantee under label drift.

*Apple tasting* (Helmbold, Littlestone & Long 2000), labels given by some h in the class, k = 1: a deterministic
learner with at most M- false negatives predicts; where it rejects, the individual is accepted with probability
sqrt(M- / T); it learns from revealed labels only. E[mistakes] <= M+ + 2 sqrt(T M-). Its learner here plays the first
hypothesis, in the order of the class, that agrees with all labels seen, so M+ + M- <= N - 1.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import integer, optional_real, real
from bandits.core.exponential_weights import add_losses
from bandits.core.jit import kernel
from bandits.core.linear_algebra import first_least
from bandits.core.rng import Stream, uniform
from bandits.one_sided.exponential import DenseState, dense_play, dense_state, listed_table
from bandits.one_sided.problem import OneSided, OneSidedGame, Play, Report
from bandits.protocol import Learner, LearnerSteps


class TastingParams(NamedTuple):
    """Class, eta and the probability of accepting all."""

    table: Any  # (n_cells, N) uint8
    learning_rate: float
    tasting: float


@kernel
def observed_errors(table: Any, report: Report, divide_by: float, out: Any) -> None:
    """Write sum over accepted individuals of 1{h(x_i) != y_i} / weight_i into out (N,).

    weight_i is divide_by, or the probability q_i of observing the label where divide_by is 0.
    """
    for h in range(out.size):
        out[h] = 0.0
    for i in range(report.cells.size):
        if report.accepted[i] == 1:
            seen = divide_by if divide_by > 0.0 else report.acceptance[i]
            cell = report.cells[i]
            for h in range(out.size):
                if table[cell, h] != report.labels[i]:
                    out[h] += 1.0 / seen


@kernel
def _dense_init(params: TastingParams, rng: Stream) -> DenseState:
    return dense_state(params.table.shape[1])


@kernel
def _dense_act(params: TastingParams, state: DenseState, t: int, rng: Stream) -> Play:
    return dense_play(state, params.tasting, 0.0, t, rng)


@kernel
def _exp4_update(
    params: TastingParams, state: DenseState, t: int, play: Play, report: Report, rng: Stream
) -> DenseState:
    observed_errors(params.table, report, 0.0, state.estimate)
    return DenseState(add_losses(state.weights, params.learning_rate, state.estimate), state.estimate, state.everyone)


@kernel
def _revealing_update(
    params: TastingParams, state: DenseState, t: int, play: Play, report: Report, rng: Stream
) -> DenseState:
    weights = state.weights
    if play.drawn < 0:
        observed_errors(params.table, report, params.tasting, state.estimate)
        weights = add_losses(weights, params.learning_rate, state.estimate)
    return DenseState(weights, state.estimate, state.everyone)


@dataclass(frozen=True)
class Exp4AppleTasting(Learner):
    """EXP4.AT; learning_rate: eta in (0, 1/2), also the exploration probability; None means sqrt(ln N / (2 T))."""

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_dense_init, _dense_act, _exp4_update)
    accepts: ClassVar[tuple[type, ...]] = (OneSided,)

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, high=0.5, open_low=True, open_high=True)

    def parameters(self, problem: OneSidedGame) -> TastingParams:
        """Return class and eta; the tuned eta is cut to 0.49 on very short horizons."""
        tuned = min(math.sqrt(math.log(problem.n_hypotheses) / (2.0 * problem.horizon)), 0.49)
        rate = self.learning_rate or tuned
        return TastingParams(listed_table(self, problem), rate, rate)


@dataclass(frozen=True)
class RevealingAction(Learner):
    """Hedge on exploration rounds, in which all individuals are accepted.

    tasting: exploration probability beta in (0, 1]; None means (ln N / (2 T))^(1/3), at most 1.
    learning_rate: eta > 0; None means sqrt(2 beta ln N / T) / k.
    """

    tasting: float | None = None
    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_dense_init, _dense_act, _revealing_update)
    accepts: ClassVar[tuple[type, ...]] = (OneSided,)

    def __post_init__(self) -> None:
        optional_real("tasting", self.tasting, low=0.0, high=1.0, open_low=True)
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: OneSidedGame) -> TastingParams:
        """Return class, eta and beta."""
        per_round = math.log(problem.n_hypotheses) / problem.horizon
        tasting = self.tasting or min((0.5 * per_round) ** (1.0 / 3.0), 1.0)
        rate = self.learning_rate or math.sqrt(2.0 * tasting * per_round) / problem.individuals
        return TastingParams(listed_table(self, problem), rate, tasting)


# ---------------------------------------------------------------- leaders


class LeaderState(NamedTuple):
    """Cumulative losses and the hypothesis that leads."""

    loss: Any  # (N,) float64
    estimate: Any  # (N,) float64 scratch
    one: Any  # (1,) float64: the weight of the leader
    leader: Any  # (1,) int64


@kernel
def leader_state(size: int) -> LeaderState:
    """Return the initial state, led by hypothesis 0."""
    return LeaderState(np.zeros(size), np.zeros(size), np.ones(1), np.zeros(1, np.int64))


@kernel
def leader_play(state: LeaderState, tasting: float, t: int, rng: Stream) -> Play:
    """Return the leader, mixed with accepting all with probability `tasting`."""
    drawn = state.leader[0]
    if uniform(rng, t, 0) < tasting:
        drawn = -1
    return Play(state.one, 1.0, state.leader, tasting, drawn, 0.0)


class EpsilonParams(NamedTuple):
    """Class and scale of the exploration probability."""

    table: Any
    scale: float


@kernel
def _init(params: Any, rng: Stream) -> LeaderState:
    return leader_state(params.table.shape[1])


@kernel
def _epsilon_act(params: EpsilonParams, state: LeaderState, t: int, rng: Stream) -> Play:
    return leader_play(state, min(params.scale * (t + 1.0) ** (-1.0 / 3.0), 1.0), t, rng)


@kernel
def _epsilon_update(
    params: EpsilonParams, state: LeaderState, t: int, play: Play, report: Report, rng: Stream
) -> LeaderState:
    observed_errors(params.table, report, 0.0, state.estimate)
    for h in range(state.loss.size):
        state.loss[h] += state.estimate[h]
    state.leader[0] = first_least(state.loss)[0]
    return state


@dataclass(frozen=True)
class EpsilonTasting(Learner):
    """Play the importance-weighted leader; explore with probability min(1, scale t^(-1/3)), scale > 0."""

    scale: float = 1.0
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _epsilon_act, _epsilon_update)
    accepts: ClassVar[tuple[type, ...]] = (OneSided,)

    def __post_init__(self) -> None:
        real("scale", self.scale, low=0.0, open_low=True)

    def parameters(self, problem: OneSidedGame) -> EpsilonParams:
        """Return class and scale."""
        return EpsilonParams(listed_table(self, problem), float(self.scale))


class AppleParams(NamedTuple):
    """Class and exploration probability."""

    table: Any
    tasting: float


@kernel
def _apple_act(params: AppleParams, state: LeaderState, t: int, rng: Stream) -> Play:
    return leader_play(state, params.tasting, t, rng)


@kernel
def _apple_update(
    params: AppleParams, state: LeaderState, t: int, play: Play, report: Report, rng: Stream
) -> LeaderState:
    for i in range(report.cells.size):
        if report.accepted[i] == 1:
            for h in range(state.loss.size):
                if params.table[report.cells[i], h] != report.labels[i]:
                    state.loss[h] = 1.0  # refuted
    state.leader[0] = first_least(state.loss)[0]  # hypothesis 0 once all are refuted
    return state


@dataclass(frozen=True)
class AppleTasting(Learner):
    """The apple-tasting conversion of Helmbold, Littlestone & Long, of the learner "first hypothesis not refuted".

    false_negatives: M- >= 0, a bound on the false negatives of that learner; None means N - 1. The bound requires that
    some hypothesis agrees with all labels; once all are refuted, the first is played.
    """

    false_negatives: int | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _apple_act, _apple_update)
    accepts: ClassVar[tuple[type, ...]] = (OneSided,)

    def __post_init__(self) -> None:
        if self.false_negatives is not None:
            integer("false_negatives", self.false_negatives, low=0)

    def parameters(self, problem: OneSidedGame) -> AppleParams:
        """Return class and exploration probability min(1, sqrt(M- / T))."""
        most = problem.n_hypotheses - 1 if self.false_negatives is None else self.false_negatives
        return AppleParams(listed_table(self, problem), min(1.0, math.sqrt(most / problem.horizon)))
