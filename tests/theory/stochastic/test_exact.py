"""Exact plays by counts: published numbers, agreement of the code, and the learners that have none."""

import math

import numpy as np
import pytest
from scipy.stats import binom

import theory
from bandits.losses import BernoulliLosses, FiniteLosses, LossTable, PiecewiseLosses
from bandits.protocol import Learner
from bandits.stochastic import (
    ETC,
    KLUCB,
    MOSS,
    UCB,
    UCB1,
    UCBV,
    BetaThompson,
    EpsilonGreedy,
    GaussianThompson,
    SuccessiveElimination,
    stochastic_bandit,
)
from bandits.switching import Exp3, SwitchingCostGame
from sims import simulate
from theory.stochastic.exact import exact_play, expectation, marginals
from theory.stochastic.policies import LAWS

INSTANCES = (((0.6, 0.4), 50), ((0.4, 0.6), 50), ((0.9, 0.8), 60))
SHORT = (((0.6, 0.4), 30), ((0.4, 0.6), 30), ((0.9, 0.8), 30))
KNOWN = [
    (UCB1(), INSTANCES, (3.430118, 3.434867, 2.454882)),
    (UCB1(), SHORT, (2.213308, 2.221920, 1.291797)),
    (UCB(), INSTANCES, (2.982413, 2.988800, 2.240943)),
    (MOSS(), INSTANCES, (3.170130, 3.171157, 2.363685)),
    (KLUCB(), SHORT[:2], (1.743522, 1.777530)),
    (KLUCB("book"), INSTANCES[:1], (2.770665,)),
    (UCBV(), INSTANCES, (4.327674, 4.327786, 2.905931)),
    (BetaThompson(), SHORT, (1.940764, 1.940764, 1.104284)),
    (GaussianThompson(), INSTANCES[:1], (2.716804,)),
    (GaussianThompson(flat=True), INSTANCES[:1], (2.742452,)),
    (EpsilonGreedy(2.5, 1.0), SHORT, (1.752240, 2.105869, 0.989571)),
    (ETC(5), INSTANCES[:1], (2.329909,)),
    (ETC(2), (((0.6, 0.4), 10),), (0.615040,)),
]


@pytest.mark.parametrize(("learner", "instances", "values"), KNOWN, ids=lambda x: getattr(x, "name", ""))
def test_known_regrets(learner, instances, values):
    found = [exact_play(stochastic_bandit(means, horizon), learner).regret for means, horizon in instances]
    assert found == pytest.approx(values, abs=1e-6)


def test_known_numbers_of_plays():
    play = exact_play(stochastic_bandit((0.6, 0.4), 50), UCB1())
    assert play.pulls == pytest.approx([32.849411, 17.150589], abs=1e-6)
    assert play.regret == pytest.approx(0.2 * play.pulls[1], abs=1e-12)
    assert play.loss == pytest.approx(50 * 0.4 + play.regret, abs=1e-12)
    assert len(play.regrets) == 50
    assert play.regrets[0] == 0.0


@pytest.mark.parametrize("horizon", [10, 21])
def test_commitment_in_closed_form(horizon):
    """P(an action is chosen) = sum_s P(it has s losses) P(the earlier ones have more) P(the later ones not fewer)."""
    means, m = np.array([0.5, 0.6, 0.4]), 2
    mass = binom.pmf(np.arange(m + 1), m, means[:, None])
    above = 1.0 - mass.cumsum(axis=1)
    chosen = [
        sum(mass[i, s] * math.prod(above[:i, s]) * math.prod((above + mass)[i + 1 :, s]) for s in range(m + 1))
        for i in range(3)
    ]
    play = exact_play(SwitchingCostGame(BernoulliLosses(means), horizon, 0.0), ETC(m))
    assert play.pulls == pytest.approx(m + (horizon - 3 * m) * np.array(chosen), abs=1e-12)


PLAYED = [UCB1(), MOSS(), UCBV(), KLUCB(), BetaThompson(), GaussianThompson(), EpsilonGreedy(0.3), ETC(3)]
PLAYED += [SuccessiveElimination(0.1), UCB()]


@pytest.mark.parametrize("learner", PLAYED, ids=lambda x: x.name)
def test_the_mean_of_the_code_is_the_exact_one(learner):
    """The certified interval misses it with probability at most 1e-9."""
    game = stochastic_bandit((0.3, 0.7), 20)
    exact, rounding = expectation(game, learner, "pseudo_regret")
    low, high = simulate(game, learner, repetitions=20_000, seed=4).interval("pseudo_regret", level=1 - 1e-9)
    assert low[-1] <= exact <= high[-1]
    assert high[-1] - low[-1] < 0.3
    assert rounding < 1e-10


def test_losses_between_0_and_1():
    """Three actions and values: Thompson sampling sees rounded losses, the others the values."""
    losses = FiniteLosses([0.0, 0.5, 1.0], [[0.5, 0.5, 0.0], [0.25, 0.5, 0.25], [0.0, 0.25, 0.75]])
    game = SwitchingCostGame(losses, 8, 0.0)
    rounded = SwitchingCostGame(BernoulliLosses(losses.means), 8, 0.0)
    law = marginals(game, BetaThompson())
    np.testing.assert_allclose(law, marginals(rounded, BetaThompson()), atol=1e-14)
    np.testing.assert_allclose(law.sum(axis=1), 1.0, atol=1e-12)
    assert abs(marginals(game, UCB1()) - marginals(rounded, UCB1())).max() > 0.01
    normal = marginals(rounded, GaussianThompson())
    np.testing.assert_allclose(normal.sum(axis=1), 1.0, atol=1e-9)
    np.testing.assert_allclose(normal[0], 1 / 3, atol=1e-9)


class Own(UCB1):
    def parameters(self, problem):
        return super().parameters(problem)._replace(per_log=3.0)


def test_unknown_plays_are_none():
    game = stochastic_bandit((0.6, 0.4), 20)
    assert expectation(game, UCB1(), "regret") is None
    assert expectation(game, Exp3(), "pseudo_regret") is None
    assert expectation(SwitchingCostGame(BernoulliLosses((0.5, 0.4)), 20), UCB1(), "pseudo_regret") is None
    assert exact_play(game, Own()) is None
    assert exact_play(stochastic_bandit((0.6, 0.4), 1000), UCB1()) is None
    assert exact_play(stochastic_bandit([0.5] * 10, 20), UCB1()) is None
    assert exact_play(stochastic_bandit(PiecewiseLosses([[0.5, 0.4]]), 20), UCB1()) is None
    table = SwitchingCostGame(LossTable(np.zeros((9, 2))), 9, 0.0)
    assert theory.first_answer("exact", "marginals", table, UCB1()) is None


def test_every_law_is_a_learners():
    from sims.config import public_classes

    named = {cls.exact for cls in public_classes().values() if issubclass(cls, Learner)}
    assert set(LAWS) <= named
