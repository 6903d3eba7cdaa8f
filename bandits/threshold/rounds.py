"""The compiled rounds of the threshold game: what its functions receive and keep, and the functions."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bandits.core.actions import InvalidAction, Part, index, returns
from bandits.core.jit import kernel, rare_kernel, shared_kernel
from bandits.core.rng import Stream
from bandits.core.sampling import BinomialTables, no_tables
from bandits.core.summation import Sum, empty_sum, plus, value
from bandits.protocol import ProblemSteps
from bandits.threshold.batch import (
    Batch,
    Constraints,
    Outcome,
    draw_chosen,
    make_draw_all,
    no_batch,
    parity_violation,
    scaled_reward,
    service_violation,
    write_information,
)
from bandits.threshold.population import PopulationSteps, Rates, mean_reward


class ThresholdSetting(NamedTuple):
    """What the compiled functions receive."""

    population: Any
    constraints: Constraints
    n_actions: int
    n_groups: int
    batch_size: int
    price: float
    adaptation: float
    best_reward: float
    settled_reward: Any  # (G,) mean reward at each threshold's fixed point
    settled_violation: Any  # (G,) summed violation there
    table_slots: int


class ThresholdWorld(NamedTuple):
    """State of the game."""

    state: Any  # of the population
    last_arm: int
    last_rates: Any  # (1 or G, K) the groups' acceptance rates of the batch, kept where a group is absent
    residuals: Any  # (1 or G, m)
    information: Any  # (m,)
    reward: Sum
    regret: Sum
    parity: Sum
    service: Sum
    settled_regret: Sum
    settled_violation: Sum
    infeasible: int
    switches: int
    absent: int
    tables: BinomialTables
    batch: Batch


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    reward: float
    regret: float
    violation: float
    parity_violation: float
    service_violation: float
    infeasible_rounds: int
    settled_regret: float
    settled_violation: float
    switches: int
    absent_groups: int


class StateMetrics(NamedTuple):
    """`Metrics`, and the observables of the population's state."""

    sums: Metrics
    state: Any  # the population's own NamedTuple


@cache
def steps_of(population: PopulationSteps, full: bool) -> ProblemSteps:
    """Return the compiled functions of the game in a population; full: the scores are observed."""
    draw = make_draw_all(population) if full else draw_chosen
    return ProblemSteps(_make_init(population, full), _make_respond(population, draw), _make_measure(population))


def _make_init(population: PopulationSteps, full: bool) -> Any:
    init_population = population.init

    @shared_kernel
    def init(setting: ThresholdSetting, env: Stream) -> ThresholdWorld:
        rows = setting.n_actions if full else 1
        m = setting.constraints.n_constraints
        zero = empty_sum()
        return ThresholdWorld(
            init_population(setting.population),
            -1,
            np.zeros((rows, setting.n_groups)),
            np.zeros((rows, m)),
            np.zeros(m),
            zero,
            zero,
            zero,
            zero,
            zero,
            zero,
            0,
            0,
            0,
            no_tables(setting.table_slots, setting.batch_size),
            no_batch(setting.n_groups),
        )

    return init


_check_arm = returns(None, Part("the threshold", "integer"))


def _make_respond(population: PopulationSteps, draw: Any) -> Any:
    _, rates_of, target_of, _, advance = population

    @shared_kernel
    def respond(setting: ThresholdSetting, world: ThresholdWorld, t: int, action: int, env: Stream) -> Any:
        _check_arm(action)
        arm = index(action)
        if arm < 0 or arm >= setting.n_actions:
            raise InvalidAction("the threshold must be in 0, ..., {}, got {}", t, setting.n_actions - 1, arm)
        limits = setting.constraints
        rates = rates_of(setting.population, world.state, arm)
        accepted, good = draw(setting, world, t, arm, rates, env)
        reward = scaled_reward(accepted, good, setting.batch_size, setting.price)
        write_information(limits, len(rates.shares), world.batch.sizes, setting.batch_size, world.information)

        mean = mean_reward(rates, setting.price)  # before the state moves, of which rates may be a part
        parity, service = parity_violation(limits, rates), service_violation(limits, rates)
        after = ThresholdWorld(
            advance(setting.adaptation, world.state, target_of(setting.population, rates)),
            arm,
            world.last_rates,
            world.residuals,
            world.information,
            plus(world.reward, (1.0 + setting.price) * reward - setting.price, t),
            plus(world.regret, setting.best_reward - mean, t),
            plus(world.parity, parity, t),
            plus(world.service, service, t),
            plus(world.settled_regret, setting.best_reward - setting.settled_reward[arm], t),
            plus(world.settled_violation, setting.settled_violation[arm], t),
            world.infeasible + int(parity + service > 0.0),
            world.switches + int(t > 0 and arm != world.last_arm),
            world.absent + int(some_absent(len(rates.shares), world.batch.sizes)),
            world.tables,
            world.batch,
        )
        return Outcome(reward, world.residuals, world.information), after

    return respond


@kernel
def some_absent(n_groups: int, sizes: Any) -> bool:
    """Return whether a group is absent."""
    absent = False
    for g in range(n_groups):
        absent = absent or sizes[g] == 0
    return absent


class PairRates(NamedTuple):
    """Rates of two groups, as they are recorded."""

    share: float  # of group 1
    accept_0: float
    accept_1: float
    good_0: float
    good_1: float


@kernel
def _pair(rates: Rates) -> PairRates:
    return PairRates(rates.shares[1], rates.accept[0], rates.accept[1], rates.good[0], rates.good[1])


@kernel
def _all_groups(rates: Rates) -> Rates:
    return Rates(rates.shares, rates.accept, rates.good)


@cache
def make_recorded_rates(rates_of: Any, pair: bool) -> Any:
    """Return the kernel of the rates of the round; pair: there are two groups."""
    recorded = _pair if pair else _all_groups

    @kernel
    def rates(setting: ThresholdSetting, world: ThresholdWorld, t: int, action: int) -> Any:
        _check_arm(action)
        arm = min(max(index(action), 0), setting.n_actions - 1)
        return recorded(rates_of(setting.population, world.state, arm))

    return rates


def _make_measure(population: PopulationSteps) -> Any:
    observe = population.observe

    @rare_kernel
    def measure(setting: ThresholdSetting, world: ThresholdWorld, n_rounds: int) -> StateMetrics:
        parity, service = value(world.parity), value(world.service)
        sums = Metrics(
            value(world.reward),
            value(world.regret),
            parity + service,
            parity,
            service,
            world.infeasible,
            value(world.settled_regret),
            value(world.settled_violation),
            world.switches,
            world.absent,
        )
        return StateMetrics(sums, observe(world.state))

    return measure
