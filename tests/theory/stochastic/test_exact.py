"""Exact plays by counts: published numbers, agreement of the code, and the learners that have none."""

import numpy as np
import pytest

import theory
from bandits.losses import BernoulliLosses, FiniteLosses, GaussianLosses, LossTable, PiecewiseLosses
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
from tests.drivers import slow
from theory.stochastic.exact import exact_play, expectation, marginals, play
from theory.stochastic.exact.bayes import bayesian_regret, least_bayesian_regret
from theory.stochastic.exact.policies import LAWS

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
    (ETC(20), (((0.5, 0.4, 0.6), 1000),), (46.099807,)),
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


@pytest.mark.parametrize("means", [(0.6, 0.4), (0.5, 0.4, 0.7)])
def test_commitment_in_closed_form_is_that_of_the_counts(means):
    for pulls, horizon in ((1, 9), (2, 9), (3, 9)):
        game = stochastic_bandit(means, horizon)
        counted = play(*game.losses.outcomes(), horizon, LAWS["commit"](ETC(pulls).parameters(game)))
        np.testing.assert_allclose(exact_play(game, ETC(pulls)).probabilities, counted.probabilities, atol=1e-12)


@pytest.mark.parametrize(
    ("gap", "horizon", "pulls", "value"), [(0.5, 1000, 25, 30.811220), (0.2, 1000, 100, 32.583937)]
)
def test_known_regrets_of_commitment_on_normal_losses(gap, horizon, pulls, value):
    game = stochastic_bandit(GaussianLosses([0.0, gap]), horizon)
    assert exact_play(game, ETC(pulls)).regret == pytest.approx(value, abs=1e-6)
    doubled = stochastic_bandit(GaussianLosses([0.0, gap, gap]), horizon)
    assert exact_play(doubled, ETC(pulls)).probabilities.sum(axis=1) == pytest.approx(np.ones(horizon))


@pytest.mark.parametrize(
    ("horizon", "gap", "pulls", "value"), [(1000, 0.5, 38, 25.767906), (10_000, 0.2, 279, 72.953020)]
)
def test_known_best_numbers_of_explorations(horizon, gap, pulls, value):
    game = stochastic_bandit(GaussianLosses([0.0, gap]), horizon)
    best, fewer, more = (exact_play(game, ETC(m)).regret for m in (pulls, pulls - 1, pulls + 1))
    assert best == pytest.approx(value, abs=1e-6)
    assert best < min(fewer, more)


@pytest.mark.parametrize(
    ("horizon", "least", "kl_ucb", "thompson", "ucb", "ucb1", "moss"),
    [
        (10, 0.644881, 0.747725, 0.962122, 0.905780, 1.065747, 1.118056),
        (20, 0.902068, 1.085150, 1.401542, 1.494982, 1.809588, 1.691095),
    ],
)
def test_known_bayesian_regrets_are_above_the_least(horizon, least, kl_ucb, thompson, ucb, ucb1, moss):
    assert least_bayesian_regret(horizon) == pytest.approx(least, abs=1e-6)
    game = stochastic_bandit((0.5, 0.5), horizon)
    known = {KLUCB(): kl_ucb, BetaThompson(): thompson, UCB(): ucb, UCB1(): ucb1, MOSS(): moss}
    for learner, value in known.items():
        law = LAWS[learner.exact](learner.parameters(game))
        assert bayesian_regret(law, horizon) == pytest.approx(value, abs=1e-6)


PLAYED = [UCB1(), BetaThompson(), EpsilonGreedy(0.3)]
PLAYED += map(slow, [MOSS(), UCBV(), KLUCB(), GaussianThompson(), ETC(3), SuccessiveElimination(0.1), UCB()])


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
