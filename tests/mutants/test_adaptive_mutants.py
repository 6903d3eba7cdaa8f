"""Wrong adaptive learners, each rejected by the joint law of its actions."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from bandits.core.exponential_weights import Estimated, add_loss, add_losses, probability
from bandits.switching import AdaHedge, AnytimeExp3, Bandit, Exp3IX, Exp3P, FullInformation, TsallisINF
from bandits.switching.adahedge import AdaHedgeState
from bandits.switching.anytime import AnytimeState
from bandits.switching.tsallis_switch import tsallis_probabilities
from tests.drivers import plain, slow
from tests.laws.enumeration import law_of, plays
from tests.laws.test_switching import game_of

TABLE = np.array([[0.9, 0.1], [0.2, 0.8], [1.0, 0.3], [0.6, 0.7], [0.1, 0.9]])
tsallis = plain(tsallis_probabilities)


def law(learner, feedback):
    return law_of(plays(game_of(TABLE, feedback), learner, lambda arm, losses: int(arm)))


def wrong(learner, update):
    @dataclass(frozen=True)
    class Mutant(type(learner)):
        steps = type(learner).steps._replace(update=update)

    return Mutant(**vars(learner))


def rejected(learner, update, feedback=None):
    feedback = feedback or Bandit()
    right, other = law(learner, feedback), law(wrong(learner, update), feedback)
    return max(abs(right.get(path, 0.0) - other.get(path, 0.0)) for path in {*right, *other}) > 1e-6


def of_tsallis(rate=lambda t: math.sqrt(t), base=0.5, threshold=lambda rate: rate**2, late=False, steps=None):
    """The update of Tsallis-INF on estimates of reduced variance, with one fault."""

    def update(params, state, t, arm, loss, rng):
        eta, p = 4.0 * params.scale / rate(t + 1.0), state.probability.copy()
        if late:
            tsallis(state.loss, 4.0 * params.scale / rate(t + 2.0), p)
        bases = np.where(state.probability >= threshold(eta), base, 0.0)
        state.loss[:] += bases
        state.loss[arm] += (loss - bases[arm]) / p[arm]
        state.loss[:] -= state.loss.min()
        (steps or tsallis)(state.loss, 4.0 * params.scale / rate(t + 2.0), state.probability)
        return state

    return update


def three_steps(loss, rate, out):
    x = -2.0 / rate
    for _ in range(3):
        root = 2.0 / (rate * (loss - x))
        x -= ((root**2).sum() - 1.0) / (rate * (root**3).sum())
    out[:] = (2.0 / (rate * (loss - x))) ** 2
    out /= out.sum()


TSALLIS = {
    "none": of_tsallis(),
    "rate 2 sqrt(t) in the denominator": of_tsallis(rate=lambda t: 2.0 * math.sqrt(t)),
    "B = 1": of_tsallis(base=1.0),
    "B where p >= eta": of_tsallis(threshold=lambda rate: rate),
    "the next round's probabilities": of_tsallis(late=True),
    "three Newton steps": of_tsallis(steps=three_steps),
}


@pytest.mark.parametrize("fault", TSALLIS)
def test_tsallis_mutants(fault):
    learner = TsallisINF("reduced-variance", scale=0.2)
    assert rejected(learner, TSALLIS[fault]) == (fault != "none")


def of_ix(estimate):
    def update(params, state, t, arm, loss, rng):
        p = plain(probability)(state, arm)
        return plain(add_loss)(state, params.learning_rate, arm, estimate(loss, p, params.exploration))

    return update


IX = {
    "none": of_ix(lambda loss, p, gamma: loss / (p + gamma)),
    "no exploration": of_ix(lambda loss, p, gamma: loss / p),
    "gamma added to the estimate": of_ix(lambda loss, p, gamma: loss / p + gamma),
    "gamma = eta": of_ix(lambda loss, p, gamma: loss / (p + 2.0 * gamma)),
}


@pytest.mark.parametrize("fault", IX)
def test_exp3_ix_mutants(fault):
    assert rejected(Exp3IX(0.7), IX[fault]) == (fault != "none")


def p_update(bonus=True, mixed=True, gains=True):

    def update(params, state, t, arm, loss, rng):
        w = state.weights.weight / state.weights.total
        p = (1.0 - params.exploration) * w + params.exploration / params.n_actions if mixed else w
        credit = (1.0 - loss if gains else loss) * (np.arange(params.n_actions) == arm)
        estimate = (credit + (params.bonus if bonus else 0.0)) / p
        weights = plain(add_losses)(state.weights, params.learning_rate, estimate.max() - estimate)
        return Estimated(weights, state.estimates)

    return update


EXP3_P = {
    "none": p_update(),
    "no bonus": p_update(bonus=False),
    "weights without the mixture": p_update(mixed=False),
    "losses for gains": p_update(gains=False),
}


@pytest.mark.parametrize("fault", ["none", "no bonus", *map(slow, list(EXP3_P)[2:])])
def test_exp3_p_mutants(fault):
    assert rejected(Exp3P(0.7, 0.1, 0.3), EXP3_P[fault]) == (fault != "none")


def exp3_late(params, state, t, arm, loss, rng):  # the rate of the round before
    state.loss[arm] += loss * state.total / state.weight[arm]
    state.weight[:] = np.exp(-params.first_rate / math.sqrt(t + 1.0) * (state.loss - state.loss.min()))
    return AnytimeState(state.loss, state.weight, state.weight.sum())


def hedge_doubles(params, state, t, arm, losses, rng):  # the gap counts twice
    after = plain(AdaHedge.steps.update)(params, state, t, arm, losses, rng)
    gap = 2.0 * after.gap - state.gap
    state.weight[:] = np.exp(-params.log_actions / gap * (state.loss - state.loss.min()))
    return AdaHedgeState(state.loss, state.weight, state.weight.sum(), gap)


def test_mutants_of_rates():
    assert rejected(AnytimeExp3(), exp3_late)
    assert rejected(AdaHedge(), hedge_doubles, FullInformation())
