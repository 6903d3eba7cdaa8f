"""Wrong learners from comparisons, each rejected by a check that the right one passes."""

from dataclasses import dataclass, fields

import numpy as np
import pytest

from bandits.core.exponential_weights import add_loss, probability
from bandits.core.jit import kernel
from bandits.preference import (
    RUCB,
    DoubleThompsonSampling,
    SampledINPO,
    SampledNashMP,
    SparringExp3,
    VersatileDB,
)
from bandits.preference.duels.counts import count_win
from bandits.preference.duels.sparring_exp3 import SparringState
from bandits.preference.duels.versatile_db import _add
from bandits.preference.prox import normalise, prox
from bandits.preference.self_play.sampled_inpo import least_squares_gain
from bandits.switching.tsallis_switch import tsallis_probabilities
from tests.bandits.preference.duels import duels
from tests.bandits.preference.self_play.test_gradients import LOOPS, check_loops
from tests.bandits.preference.self_play.test_sampled_inpo import check_rounds
from tests.mutants.rejection import rejected

# ---------------------------------------------------------------- comparisons


@dataclass(frozen=True)
class ComparisonMutant(SampledINPO):
    """INPO from comparisons, put together from parts that a mutant replaces."""

    @staticmethod
    def laws(state):
        return state.log_policy, state.log_policy

    @staticmethod
    def gain(wins):
        return wins

    @staticmethod
    def move(params, state, gain):
        return prox(state.log_policy, gain, state.log_reference, *params)

    @classmethod
    def step(cls, params, state, t, ask):
        left, right = (ask.sample(law, side) for side, law in enumerate(cls.laws(state)))
        gain = least_squares_gain(3, left, right, cls.gain(ask.compare(left, right)))
        return state._replace(log_policy=cls.move(params, state, gain))


def altered(**parts):
    return type("Altered", (ComparisonMutant,), {name: staticmethod(part) for name, part in parts.items()})(2.5)


def test_comparison_mutants():
    check_rounds(SampledINPO(2.5))
    check_rounds(ComparisonMutant(2.5))
    wrong = {
        "pairs of the reference": altered(laws=lambda state: (state.log_reference, state.log_reference)),
        "one side of the reference": altered(laws=lambda state: (state.log_policy, state.log_reference)),
        "the loser wins": altered(gain=lambda wins: 1.0 - wins),
        "answers not centred": altered(gain=lambda wins: wins + 0.5),
        "answers halved": altered(gain=lambda wins: 0.5 + 0.5 * (wins - 0.5)),
        "reference dropped": altered(move=lambda p, state, g: normalise((2.5 * state.log_policy + g) / 2.6)),
        "from the reference": altered(move=lambda p, state, g: prox(state.log_reference, g, state.log_reference, *p)),
        "step of Hedge": altered(move=lambda p, state, g: normalise(state.log_policy + g / 2.5)),
    }
    for mutant in wrong.values():
        rejected(check_rounds, mutant)


@dataclass(frozen=True)
class HalvesInARow(SampledNashMP):
    """The second half starts where the first ended."""

    @staticmethod
    def step(params, state, t, ask):
        moved = SampledNashMP.step(params, state, t, ask)
        halfway = (t + 1) % params.inner_rounds == 0 and (t + 1) % (2 * params.inner_rounds) != 0
        return moved._replace(log_inner=moved.log_opponent) if halfway else moved


@dataclass(frozen=True)
class NeverLooksAhead(SampledNashMP):
    """Both halves answer pi_k."""

    @staticmethod
    def step(params, state, t, ask):
        moved = SampledNashMP.step(params, state, t, ask)
        return moved._replace(log_opponent=moved.log_outer)


@dataclass(frozen=True)
class NotProximal(SampledNashMP):
    """The term of the present iterate is left out."""

    @staticmethod
    def step(params, state, t, ask):
        return SampledNashMP.step(params._replace(prox_weight=0.0), state, t, ask)


@pytest.mark.parametrize("mutant", [HalvesInARow, NeverLooksAhead, NotProximal])
def test_stochastic_mirror_prox_mutants(mutant):
    check_loops(LOOPS)
    rejected(check_loops, mutant(0.5, 3, 0.8))


# ---------------------------------------------------------------- duels


@kernel
def both_lose(params, state, t, pair, answer, rng):  # the second side is told the first side's loss
    first = add_loss(
        state.first, params.learning_rate, pair.first, (1.0 - answer) / probability(state.first, pair.first)
    )
    second = (1.0 - answer) / probability(state.second, pair.second)
    return SparringState(first, add_loss(state.second, params.learning_rate, pair.second, second))


@kernel
def unweighted(params, state, t, pair, answer, rng):  # importance weights forgotten
    first = add_loss(state.first, params.learning_rate, pair.first, 1.0 - answer)
    return SparringState(first, add_loss(state.second, params.learning_rate, pair.second, answer))


@kernel
def loser_wins(params, state, t, pair, answer, rng):
    return count_win(params, state, t, pair, 1.0 - answer, rng)


@kernel
def never_alone(params, state, t, pair, answer, rng):  # RUCB without its lone candidate
    return count_win(params, state, t, pair, answer, rng)


@kernel
def coming_round(state, rate):
    tsallis_probabilities(state.first_loss, rate, state.first)
    tsallis_probabilities(state.second_loss, rate, state.second)
    return state


@kernel
def versatile_both_lose(params, state, t, pair, answer, rng):
    _add(state.first_loss, state.first, pair.first, 1.0 - answer)
    _add(state.second_loss, state.second, pair.second, 1.0 - answer)
    return coming_round(state, 2.0 / np.sqrt(t + 2.0))


@kernel
def versatile_answers_exchanged(params, state, t, pair, answer, rng):
    _add(state.first_loss, state.first, pair.first, answer)
    _add(state.second_loss, state.second, pair.second, 1.0 - answer)
    return coming_round(state, 2.0 / np.sqrt(t + 2.0))


@kernel
def versatile_unweighted(params, state, t, pair, answer, rng):
    state.first_loss[pair.first] += 1.0 - answer
    state.second_loss[pair.second] += answer
    return coming_round(state, 2.0 / np.sqrt(t + 2.0))


@kernel
def versatile_late_rate(params, state, t, pair, answer, rng):
    _add(state.first_loss, state.first, pair.first, 1.0 - answer)
    _add(state.second_loss, state.second, pair.second, answer)
    return coming_round(state, 2.0 / np.sqrt(t + 1.0))


@kernel
def versatile_half_rate(params, state, t, pair, answer, rng):
    _add(state.first_loss, state.first, pair.first, 1.0 - answer)
    _add(state.second_loss, state.second, pair.second, answer)
    return coming_round(state, 1.0 / np.sqrt(t + 2.0))


@kernel
def versatile_constant_rate(params, state, t, pair, answer, rng):
    _add(state.first_loss, state.first, pair.first, 1.0 - answer)
    _add(state.second_loss, state.second, pair.second, answer)
    return coming_round(state, 2.0)


VERSATILE = [
    versatile_both_lose,
    versatile_answers_exchanged,
    versatile_unweighted,
    versatile_late_rate,
    versatile_half_rate,
    versatile_constant_rate,
]


def test_duel_mutants():
    checks = {
        SparringExp3(0.2): (duels.check_sparring_exp3, [both_lose, unweighted]),
        VersatileDB(): (duels.check_versatile, VERSATILE),
        RUCB(): (duels.check_rucb, [loser_wins, never_alone]),
        DoubleThompsonSampling(): (duels.check_double_thompson, [loser_wins]),
    }
    for learner, (check, wrong) in checks.items():
        check(learner, duels.ARITHMETIC)
        for update in wrong:
            mutant = type("Mutant", (type(learner),), {"steps": learner.steps._replace(update=update)})
            arguments = {field.name: getattr(learner, field.name) for field in fields(learner)}
            rejected(check, mutant(**arguments), duels.ARITHMETIC)
