"""Wrong learners of stochastic bandits, each rejected where the right one passes: exact regret by counts."""

import math
from dataclasses import dataclass, fields

import numpy as np
import pytest

from bandits.core.rng import uniform
from bandits.stochastic import ETC, KLUCB, UCB1, GaussianThompson, SuccessiveElimination, stochastic_bandit
from bandits.stochastic.counts import count_loss
from bandits.stochastic.kl_ucb import kl_index
from tests.bandits.stochastic.histories import histories, marginals
from tests.drivers import plain
from theory.stochastic.exact import exact_play, play
from theory.stochastic.exact.policies import LAWS, each_once, least

LOSSES = [0.0, 1.0], np.array([[0.6, 0.4], [0.4, 0.6]])  # rewards of means 0.6 and 0.4


# ---------------------------------------------------------------- UCB1: six wrong radii, and ties


def index(t, record, radius):
    return record.mean - np.sqrt(radius(t) / record.plays)


def last_of_ties(t, record):
    return least(index(t, record, lambda t: 2.0 * math.log(t))[:, ::-1])[:, ::-1]


MUTANTS = {  # known regrets at T = 30
    "right": (2.213308, lambda t, r: least(index(t, r, lambda t: 2.0 * math.log(t)))),
    "ln T": (2.218309, lambda t, r: least(index(t, r, lambda t: 2.0 * math.log(30)))),
    "ln(t - 1)": (2.210881, lambda t, r: least(index(t, r, lambda t: 2.0 * math.log(t - 1)))),
    "N + 1": (2.125454, lambda t, r: least(r.mean - np.sqrt(2.0 * math.log(t) / (r.plays + 1.0)))),
    "no 2": (1.994816, lambda t, r: least(index(t, r, math.log))),
    "ties to the last": (2.221920, last_of_ties),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_exact_regret_tells_wrong_radii_of_ucb1_from_the_right_one(name):
    value, law = MUTANTS[name]
    assert play(*LOSSES, 30, each_once(law)).regret == pytest.approx(value, abs=1e-6)
    right = exact_play(stochastic_bandit((0.6, 0.4), 30), UCB1()).regret
    assert right == pytest.approx(MUTANTS["right"][0], abs=1e-6)
    assert (abs(right - value) > 1e-3) == (name != "right")


# ---------------------------------------------------------------- wrong steps, run by Python


def check(learner, right, horizon, **others):
    """Assert that the learner plays the law of the right one for all histories."""
    law = LAWS[right.exact](right.parameters(stochastic_bandit((0.6, 0.4), horizon)))
    found = marginals(histories(learner, *LOSSES, horizon, **others), horizon, 2)
    np.testing.assert_allclose(found, play(*LOSSES, horizon, law).probabilities, atol=1e-9)


def rejected(learner, right, horizon):
    check(right, right, horizon)
    with pytest.raises(AssertionError):
        check(learner, right, horizon)


def altered(learner, **steps):
    """Return the learner with other steps."""
    kind = dataclass(frozen=True)(type("Mutant", (type(learner),), {"steps": learner.steps._replace(**steps)}))
    return kind(**{field.name: getattr(learner, field.name) for field in fields(learner)})


def swapped_divergence(params, state, t, rng):
    """KL-UCB with kl(q, mean) in the place of kl(mean, q)."""
    if t < params.n_actions:
        return t
    found = []
    for mean, plays in zip(state.counts.mean, state.counts.plays):
        q = np.linspace(1e-9, mean, 100_001) if mean > 0.0 else np.zeros(1)
        with np.errstate(all="ignore"):
            parts = [np.where(a > 0.0, a * np.log(a / b), 0.0) for a, b in ((q, mean), (1.0 - q, 1.0 - mean))]
        found.append(q[plays * (parts[0] + parts[1]) <= math.log(t + 1.0)].min())
    return int(np.argmin(found))


def one_radius(params, state, t, arm, loss, rng):
    """Elimination at 1 radius instead of 2."""
    step = plain(SuccessiveElimination.steps.update)
    return step(params._replace(log_term=params.log_term / 4.0), state, t, arm, loss, rng)


def shared_draws(params, state, t, rng):
    """Thompson sampling with one normal draw for all actions."""
    sign = -1.0 if uniform(rng, t, 0) < 0.5 else 1.0
    return int(np.argmin(state.mean + sign * state.derived))


def late_start(params, state, t, arm, loss, rng):
    """UCB1 that forgets its first round."""
    return state if t == 0 else plain(UCB1.steps.update)(params, state, t, arm, loss, rng)


def test_kl_ucb_with_the_divergence_the_other_way_round():
    rejected(altered(KLUCB(), act=swapped_divergence), KLUCB(), 6)
    assert plain(kl_index)(0.4, 0.1) != pytest.approx(0.4 - math.sqrt(0.05), abs=1e-3)


def test_elimination_at_one_radius():
    rejected(altered(SuccessiveElimination(0.1), update=one_radius), SuccessiveElimination(0.1), 8)


def test_commitment_that_goes_on_learning():
    rejected(altered(ETC(2), update=count_loss), ETC(2), 8)


def test_ucb1_that_forgets_a_round():
    rejected(altered(UCB1(), update=late_start), UCB1(), 5)


def test_thompson_sampling_with_shared_draws():
    """With fair signs for normal draws the right one plays each of two equal posteriors half of the time."""
    signs = {"normal_quantile": lambda draws, u: -1.0 if u < 0.5 else 1.0}
    learner = GaussianThompson(0.5)
    first = [law for _, history, law in histories(learner, *LOSSES, 2, **signs) if len(history) == 1]
    wrong = altered(learner, act=shared_draws)
    shared = [law for _, history, law in histories(wrong, *LOSSES, 2, **signs) if len(history) == 1]
    assert any(abs(a - b).max() > 0.2 for a, b in zip(first, shared, strict=True))
