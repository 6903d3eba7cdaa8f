"""Wrong learners of the switching family, each rejected by a check that the right one passes.

The checks are the ones used elsewhere: exact means on small tables (false alarm 1e-9 per comparison), the
definition replayed from the actions, batches and budgets counted from the trace.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

from bandits.combine import BlockedState
from bandits.core.exponential_weights import add_loss, add_losses, draw, probability
from bandits.core.jit import kernel
from bandits.core.rng import uniform, uniform_pair
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import (
    Bandit,
    BatchedDartboard,
    BatchedExp3,
    BudgetedExp3,
    BudgetExceeded,
    Exp3,
    FullInformation,
    Hedge,
    LazyPerturbedLeader,
    ShrinkingDartboard,
    SwitchingCostGame,
    TotalBudget,
    TsallisSwitch,
)
from bandits.switching.feedback import Play
from bandits.switching.perturbed_leader import PerturbedState
from bandits.switching.shrinking_dartboard import DartboardState
from sims import simulate
from tests.bandits.switching.known_answers import ROWS, check_means
from tests.bandits.switching.test_bandit_learners import check_laws
from tests.bandits.switching.test_full_information import check_hedge, check_leader_switches
from tests.bandits.switching.tracing import has_weights, inside_blocks, plays_arm, trace

TABLE = ROWS["three actions"].losses
RATE = ROWS["three actions"].rate


def rejected(check, *arguments):
    with pytest.raises(AssertionError):
        check(*arguments)


# ---------------------------------------------------------------- full information


@kernel
def hedge_sign(params, state, t, arm, losses, rng):
    return add_losses(state, -params.learning_rate, losses)


@kernel
def hedge_late(params, state, t, arm, losses, rng):  # the first round's losses are forgotten
    if t == 0:
        return state
    return add_losses(state, params.learning_rate, losses)


@pytest.mark.parametrize("update", [hedge_sign, hedge_late])
def test_hedge_mutants(update):
    @dataclass(frozen=True)
    class Mutant(Hedge):
        steps = Hedge.steps._replace(update=update)

    check_hedge(Hedge, TABLE, RATE)
    rejected(check_hedge, Mutant, TABLE, RATE)


def test_rate_off_by_a_factor_is_seen_by_exact_means():
    rejected(check_means, "three actions", Hedge(2 * RATE), FullInformation(), ROWS["three actions"].hedge)
    rejected(check_means, "three actions", Exp3(2 * RATE), Bandit(), ROWS["three actions"].exp3)


class FaultyParams(NamedTuple):
    n_actions: int
    learning_rate: float
    fault: int  # a place in FAULTS: one compiled dartboard has them all


FAULTS = ["none", "law of the round before", "keeps too often", "redraws always", "one uniform for keeping and drawing"]


@kernel
def faulty_update(params, state, t, arm, losses, rng):
    keep = math.exp(-params.learning_rate * losses[arm])
    if params.fault == 1 and t > 0:
        keep = state.keep
    elif params.fault == 2:
        keep = math.exp(-0.5 * params.learning_rate * losses[arm])
    elif params.fault == 3:
        keep = 0.0
    return DartboardState(add_losses(state.weights, params.learning_rate, losses), arm, keep)


@kernel
def faulty_act(params, state, t, rng):
    first, second = uniform_pair(rng, t, 0)
    if first < state.keep:
        return state.arm
    return draw(state.weights, first if params.fault == 4 else second)


@dataclass(frozen=True)
class FaultyDartboard(ShrinkingDartboard):
    fault: int = 0
    steps = ShrinkingDartboard.steps._replace(act=faulty_act, update=faulty_update)

    def parameters(self, problem):
        return FaultyParams(*super().parameters(problem), self.fault)


def test_dartboard_mutants():
    case = "three actions"
    check_means(case, FaultyDartboard(RATE, 0), FullInformation(), ROWS[case].dartboard)
    for fault in range(1, len(FAULTS)):
        rejected(check_means, case, FaultyDartboard(RATE, fault), FullInformation(), ROWS[case].dartboard)


@kernel
def leader_fresh(params, state, t, arm, losses, rng):  # perturbations redrawn every round: right law, many switches
    leader = 0
    for i in range(params.n_actions):
        state.loss[i] += losses[i]
        fresh = -math.log1p(-uniform(rng, t + 1, i)) / params.learning_rate
        state.perturbed[i] = state.loss[i] - fresh
        if state.perturbed[i] < state.perturbed[leader]:
            leader = i
    return PerturbedState(state.loss, state.perturbed, leader)


def test_leader_mutant_switches_more_than_its_bound():
    @dataclass(frozen=True)
    class Mutant(LazyPerturbedLeader):
        steps = LazyPerturbedLeader.steps._replace(update=leader_fresh)

    check_leader_switches(LazyPerturbedLeader)
    rejected(check_leader_switches, Mutant)


# ---------------------------------------------------------------- bandit feedback


@kernel
def exp3_no_weight(params, state, t, arm, loss, rng):
    return add_loss(state, params.learning_rate, arm, loss)


@kernel
def exp3_credits_all(params, state, t, arm, loss, rng):
    for i in range(params.n_actions):
        state = add_loss(state, params.learning_rate, i, loss / probability(state, arm))
    return state


@kernel
def exp3_stale(params, state, t, arm, loss, rng):  # divides by the law of the round after
    half = add_loss(state, params.learning_rate, arm, 0.5 * loss / probability(state, arm))
    return add_loss(half, params.learning_rate, arm, 0.5 * loss / probability(half, arm))


@pytest.mark.parametrize("update", [exp3_no_weight, exp3_credits_all, exp3_stale])
def test_exp3_mutants(update):
    @dataclass(frozen=True)
    class Mutant(Exp3):
        steps = Exp3.steps._replace(update=update)

    def check(learner):
        seen = trace(learner(RATE), TABLE, Bandit(), seed=2)
        check_laws(seen, TABLE, RATE)

    check(Exp3)
    rejected(check, Mutant)


@kernel
def batched_sum(params, state, t, arm, loss, rng):  # feeds the batch's sum, not its mean
    batch_loss = state.loss + loss
    if t + 1 < state.start + params.batch_length:
        return BlockedState(state.inner, arm, batch_loss, state.start)
    estimate = batch_loss / probability(state.inner, arm)
    return BlockedState(add_loss(state.inner, params.learning_rate, arm, estimate), arm, 0.0, t + 1)


@kernel
def batched_redraws(params, state, t, rng):  # draws in every round of the batch
    return draw(state.inner, uniform(rng, t, 0))


@pytest.mark.parametrize("changed", [{"update": batched_sum}, {"act": batched_redraws}], ids=["sum", "redraws"])
def test_batched_exp3_mutants(changed):
    @dataclass(frozen=True)
    class Mutant(BatchedExp3):
        steps = BatchedExp3.steps._replace(**changed)

    table = np.tile(TABLE, (5, 1))

    def check(learner):
        seen = trace(learner(RATE, 4), table, Bandit(), seed=2, weights_of=inside_blocks)
        check_laws(seen, table, RATE, 4)

    check(BatchedExp3)
    rejected(check, Mutant)


def test_tsallis_mutant_without_blocks_pays_linearly():
    @dataclass(frozen=True)
    class Mutant(TsallisSwitch):
        def parameters(self, problem):
            return super().parameters(problem)._replace(growth=0.0)

    def check(learner):
        switches = []
        for horizon in (2**10, 2**16):
            game = SwitchingCostGame(MultiScaleRandomWalk(4), horizon)
            switches.append(simulate(game, learner, repetitions=8, seed=1).final("switches").mean())
        slope = math.log(switches[1] / switches[0]) / math.log(2**6)
        assert slope == pytest.approx(2 / 3, abs=0.05)

    check(TsallisSwitch())
    rejected(check, Mutant())


# ---------------------------------------------------------------- bought observations


@kernel
def looks_twice(params, state, t, rng):  # pays for the observation in two rounds of the batch
    arm = state.arm
    if t == state.start:
        arm = draw(state.weights, uniform(rng, t, 0))
    state.looks[0] = arm
    return Play(arm, state.looks, 1 if t == state.look_round or t == state.start else 0)


def test_overdrawn_budget_is_an_error():
    @dataclass(frozen=True)
    class Mutant(BudgetedExp3):
        steps = BudgetedExp3.steps._replace(act=looks_twice)

    def bought(learner):
        table = np.full((100, 2), 0.5)
        return trace(learner(), table, TotalBudget(10, "bandit"), seed=1, weights_of=None, arm_of=plays_arm).measured

    assert bought(BudgetedExp3)["observations"] <= 10
    with pytest.raises(BudgetExceeded, match="more observations than its budget"):
        bought(Mutant)


@kernel
def lazy_with_own_looks(params, state, t, rng):
    """Observe the action held instead of a uniform one: the estimate depends on the play."""
    arm = state.arm
    if t == state.start:
        first, second = uniform_pair(rng, t, 0)
        if first >= state.keep:
            arm = draw(state.weights, second)
    state.looks[0] = arm
    return Play(arm, state.looks, params.n_looks if t == state.look_round else 0)


def test_dartboard_on_its_own_looks_does_not_learn_the_good_action():
    """With observations of its own action the estimates are biased (K l on the action held, never on the others)."""

    @dataclass(frozen=True)
    class Mutant(BatchedDartboard):
        steps = BatchedDartboard.steps._replace(act=lazy_with_own_looks)

    rounds, rate = 5000, 0.05
    table = np.tile([0.9, 0.6], (rounds, 1))

    def check(learner):
        """E[Lhat(0) - Lhat(1)] = 0.3 per round, each round's own term in [-1.2, 1.8]: Azuma, false alarm 1e-9."""
        budget = TotalBudget(rounds, "flexible")
        seen = trace(learner(rate), table, budget, seed=4, weights_of=has_weights, arm_of=plays_arm)
        gap = -math.log(seen.laws[-1, 0] / seen.laws[-1, 1]) / rate
        radius = 3.0 * math.sqrt(math.log(2e9) * rounds / 2)
        assert abs(gap - 0.3 * (rounds - 1)) <= radius

    check(BatchedDartboard)
    rejected(check, Mutant)
