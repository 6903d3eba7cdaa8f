"""Oracle-efficient learners: follow the perturbed leader, where the policy is a mixture of several leaders.

*Context-Semi-Bandit-FTPL* (Syrgkanis, Krishnamurthy & Schapire 2016, Algorithm 3), as Bechavod & Roth (2022,
Algorithms 4 and 5) adapt it. A leader is the oracle's answer to the cumulative estimated losses plus Laplace noise
of density (w / 2) exp(-w |u|) on the cells of a separator. The law of a leader is implicit, so R of them are drawn
with independent noise, their uniform mixture pi^ is audited by the panel and h^ is drawn from it. 1 / P(accepted) is
estimated by geometric resampling: J = min(L, number of further leaders until one accepts), E J = (1 - (1 - q)^L) / q.
In half-Lagrangian units an accepted individual's cell gains J (1 - y) - 1/2, a rejected one's -1/2, likewise for C
copies of the reported pair (of the first individual, if none is reported), and each of the 2 k' coordinates,
k' = k + 2 C, has independent noise, so that a separator cell's is a sum of 2 k' Laplace variables.

*Instance-level noise* (ours): one Laplace variable per separator cell, cells gaining 2 (1 - y) O z - 1, plus C on
rho1 and minus C on rho2, where z is J or, without any resampling, 1 / pi^(x): given the R leaders the law of h^ is
explicit, and the bias is the same as resampling's with L = R.

A round costs R + L oracle calls, or R without resampling, whatever the size of the class.
"""

import math
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import integer, optional_real
from bandits.core.jit import kernel
from bandits.core.rng import Stream, uniform
from bandits.one_sided.exponential import ceil_power, check_prices, fixed_price, slack_of
from bandits.one_sided.hypotheses import HypothesesSteps
from bandits.one_sided.problem import OneSided, OneSidedGame, Play, Report
from bandits.one_sided.reduction import risk_weight
from bandits.protocol import Learner, LearnerSteps


class LeadersParams(NamedTuple):
    """Class, oracle's data and tuning."""

    hypotheses: Any
    n_cells: int
    separator: Any  # (s,) int64
    individuals: int
    leaders: int  # R
    resamples: int  # L, 0 where the leaders themselves give the propensities
    noises: int  # Laplace variables per separator cell
    perturbation: float  # w
    price: float  # Lagrange multiplier C


class LeadersState(NamedTuple):
    """Cumulative signed weights of the cells, the round's leaders, and scratch."""

    risk: Any  # (n_cells,) float64
    noisy: Any  # (n_cells,) float64
    leaders: Any  # (R,) int64
    weight: Any  # (R,) float64, ones
    waited: Any  # (k,) int64: J, 0 until a leader accepts


@kernel
def laplace(u: float, rate: float) -> float:
    """Return the Laplace variable of density (rate / 2) exp(-rate |x|) at quantile u in [0, 1), made finite at 0."""
    centred = (u - 0.5) + 2.0**-54
    size = -math.log(max(1.0 - 2.0 * abs(centred), 2.0**-54)) / rate
    return size if centred >= 0.0 else -size


@kernel
def _init(params: LeadersParams, rng: Stream) -> LeadersState:
    return LeadersState(
        np.zeros(params.n_cells),
        np.zeros(params.n_cells),
        np.zeros(params.leaders, np.int64),
        np.ones(params.leaders),
        np.zeros(params.individuals, np.int64),
    )


def _make_leader(hypotheses: HypothesesSteps) -> Any:
    minimise = hypotheses.minimise

    @kernel
    def leader(params: LeadersParams, state: LeadersState, t: int, number: int, rng: Stream) -> int:
        """Return the oracle's answer with the noise of leader `number` of round t."""
        for cell in range(params.n_cells):
            state.noisy[cell] = state.risk[cell]
        index = 1 + number * params.separator.size * params.noises
        for j in range(params.separator.size):
            noise = 0.0
            for _ in range(params.noises):
                noise += laplace(uniform(rng, t, index), params.perturbation)
                index += 1
            state.noisy[params.separator[j]] += noise
        return minimise(params.hypotheses, state.noisy)

    return leader


def _make_act(leader: Any) -> Any:
    @kernel
    def act(params: LeadersParams, state: LeadersState, t: int, rng: Stream) -> Play:
        for number in range(params.leaders):
            state.leaders[number] = leader(params, state, t, number, rng)
        drawn = state.leaders[int(uniform(rng, t, 0) * params.leaders)]
        return Play(state.weight, float(params.leaders), state.leaders, 0.0, drawn, params.price)

    return act


def _make_wait(leader: Any, predict: Any) -> Any:
    @kernel
    def wait(params: LeadersParams, state: LeadersState, t: int, report: Report, rng: Stream) -> None:
        """Write J of every accepted individual; all use the same sequence of further leaders."""
        waiting = 0
        for i in range(report.cells.size):
            state.waited[i] = 0
            waiting += report.accepted[i]
        call = 0
        while waiting > 0:
            call += 1
            fresh = leader(params, state, t, params.leaders + call, rng)
            for i in range(report.cells.size):
                accepts = call >= params.resamples or predict(params.hypotheses, fresh, report.cells[i]) == 1
                if accepts and report.accepted[i] == 1 and state.waited[i] == 0:
                    state.waited[i] = call
                    waiting -= 1

    return wait


def _make_literal_update(wait: Any) -> Any:
    @kernel
    def update(
        params: LeadersParams, state: LeadersState, t: int, play: Play, report: Report, rng: Stream
    ) -> LeadersState:
        wait(params, state, t, report, rng)
        for i in range(report.cells.size):
            loss = 1.0 - report.labels[i] if report.accepted[i] == 1 else 0.0
            state.risk[report.cells[i]] += state.waited[i] * loss - 0.5
        first = max(report.first, 0)
        second = max(report.second, 0)
        state.risk[report.cells[first]] += params.price * (state.waited[first] - 0.5)  # J is 0 where rejected
        state.risk[report.cells[second]] -= params.price * 0.5
        return state

    return update


def _make_instance_update(wait: Any) -> Any:
    @kernel
    def update(
        params: LeadersParams, state: LeadersState, t: int, play: Play, report: Report, rng: Stream
    ) -> LeadersState:
        if params.resamples > 0:
            wait(params, state, t, report, rng)
        for i in range(report.cells.size):
            propensity = report.acceptance[i]
            if params.resamples > 0 and report.accepted[i] == 1:
                propensity = 1.0 / state.waited[i]
            state.risk[report.cells[i]] += risk_weight(report.labels[i], report.accepted[i], propensity)
        if report.first >= 0:
            state.risk[report.cells[report.first]] += params.price
            state.risk[report.cells[report.second]] -= params.price
        return state

    return update


@cache
def _leader_steps(hypotheses: HypothesesSteps, literal: bool) -> LearnerSteps:
    leader = _make_leader(hypotheses)
    wait = _make_wait(leader, hypotheses.predict)
    update = _make_literal_update(wait) if literal else _make_instance_update(wait)
    return LearnerSteps(_init, _make_act(leader), update)


def _class(learner: Learner, problem: OneSidedGame) -> tuple[Any, int, Any, int]:
    """Return the class's compiled setting, its number of cells, its separator and k."""
    if problem.n_hypotheses < 2:
        raise ValueError(f"{learner.name} needs at least 2 hypotheses to choose from, got {problem.n_hypotheses}")
    people, hypotheses = problem.people, problem.hypotheses
    return hypotheses.setting(people), hypotheses.n_cells(people), hypotheses.separator(people), problem.individuals


_MANY_COPIES = 1000  # of the reported pair: every round draws noise for each; the tuned number is 31 at 2^56 rounds
_MANY_LEADERS = 2**20  # and as many resamples


def _check_counts(leaders: int | None, resamples: int | None, perturbation: float | None) -> None:
    for name, value in (("leaders", leaders), ("resamples", resamples)):
        if value is not None:
            integer(name, value, low=1, high=_MANY_LEADERS)
    optional_real("perturbation", perturbation, low=0.0, open_low=True)


@dataclass(frozen=True)
class ContextSemiBanditFtpl(Learner):
    """Context-Semi-Bandit-FTPL with resampling, as in Theorem 4.2.

    price: integer multiplier C >= 0; None means ceil(T^(4/45)).  resamples: L >= 1; None means ceil(T^(1/3)).
    leaders: R >= 1; None means ceil(T^(16/45)), the smallest that keeps the theorem's rate (its statement has R = T).
    perturbation: w > 0; None means the minimiser sqrt(10 sqrt(s k') ln N / (8 (2 k')^2 s L k' T)) of the bound.
    """

    price: int | None = None
    leaders: int | None = None
    resamples: int | None = None
    perturbation: float | None = None
    accepts: ClassVar[tuple[type, ...]] = (OneSided,)

    def __post_init__(self) -> None:
        if self.price is not None:
            integer("price", self.price, low=0, high=_MANY_COPIES)
        _check_counts(self.leaders, self.resamples, self.perturbation)

    def steps_for(self, problem: OneSidedGame) -> LearnerSteps:
        """Return the compiled functions for the problem's class."""
        return _leader_steps(problem.hypotheses.steps, True)

    def parameters(self, problem: OneSidedGame) -> LeadersParams:
        """Return the class and the tuning."""
        setting, n_cells, separator, k = _class(self, problem)
        horizon, s = problem.horizon, len(separator)
        price = ceil_power(horizon, 4, 45) if self.price is None else int(self.price)
        resamples = self.resamples or ceil_power(horizon, 1, 3)
        leaders = self.leaders or ceil_power(horizon, 16, 45)
        m = k + 2 * price
        scale = 10.0 * math.sqrt(s * m) * math.log(problem.n_hypotheses)
        tuned = math.sqrt(scale / (8.0 * (2 * m) ** 2 * s * resamples * m * horizon))
        rate = self.perturbation or tuned
        return LeadersParams(setting, n_cells, separator, k, leaders, resamples, 2 * m, rate, float(price))


@dataclass(frozen=True)
class InstanceFtpl(Learner):
    """Perturbed leaders with one noise variable per separator cell.

    price, price_exponent: multiplier C or T^b; with neither C = epsilon / (16 w s), self-bounding.  leaders: R >= 1;
    None means ceil(T^(1/3)).  resamples: L >= 1 for geometric resampling; None computes propensities from the leaders.
    perturbation: w > 0; None means sqrt(10 ln N / (8 sqrt(s) k^2 (1 + 8 L) T)), with L = R without resampling.
    """

    price: float | None = None
    price_exponent: float | None = None
    leaders: int | None = None
    resamples: int | None = None
    perturbation: float | None = None
    accepts: ClassVar[tuple[type, ...]] = (OneSided,)

    def __post_init__(self) -> None:
        check_prices(self.price, self.price_exponent)
        _check_counts(self.leaders, self.resamples, self.perturbation)

    def steps_for(self, problem: OneSidedGame) -> LearnerSteps:
        """Return the compiled functions for the problem's class."""
        return _leader_steps(problem.hypotheses.steps, False)

    def parameters(self, problem: OneSidedGame) -> LeadersParams:
        """Return the class and the tuning."""
        setting, n_cells, separator, k = _class(self, problem)
        horizon, s = problem.horizon, len(separator)
        leaders = self.leaders or ceil_power(horizon, 1, 3)
        reach = self.resamples or leaders
        spread = 8.0 * math.sqrt(s) * k * k * (1.0 + 8.0 * reach) * horizon
        rate = self.perturbation or math.sqrt(10.0 * math.log(problem.n_hypotheses) / spread)
        price = fixed_price(self.price, self.price_exponent, horizon)
        if price is None:
            price = slack_of(self, problem) / (16.0 * rate * s)
        return LeadersParams(setting, n_cells, separator, k, leaders, self.resamples or 0, 1, rate, float(price))
