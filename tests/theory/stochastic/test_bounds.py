"""Theorems on stochastic bandits: their cases, their numbers, the constants of Lai and Robbins."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

import theory
from bandits.losses import BernoulliLosses, FiniteLosses, GaussianLosses, PiecewiseLosses
from bandits.stochastic import ETC, KLUCB, MOSS, UCB, UCB1, SuccessiveElimination, stochastic_bandit
from bandits.switching import Exp3IX, Exp3P, SwitchingCostGame
from theory.ranges import proven_range
from theory.stochastic.bounds.divergence import bernoulli_kl, kl_inf, lai_robbins
from theory.stochastic.exact import exact_play
from theory.testing import assert_bound_broken

HARD = [(0.6, 0.4), (0.95, 0.05)]


@pytest.mark.parametrize("means", HARD)
@pytest.mark.parametrize("horizon", [5, 40])
def test_exact_regrets_are_within_the_bounds(means, horizon):
    learners = {"auer2002.ucb1": UCB1(), "lattimore2020.ucb": UCB(), "lattimore2020.ucb_worst_case": UCB()}
    learners |= {"audibert2009.moss": MOSS(), "evendar2006.elimination": SuccessiveElimination()}
    learners |= {"lattimore2020.explore_then_commit": ETC(horizon // 5), "lattimore2020.kl_ucb": KLUCB("book")}
    game = stochastic_bandit(means, horizon)
    for name, learner in learners.items():
        assert theory.theorem(name).applies(game, learner) == []
        assert exact_play(game, learner).regret <= theory.theorem(name).value_for(game, learner)


def test_numbers():
    game = stochastic_bandit((0.6, 0.4), 1000)
    at = lambda name, learner: theory.theorem(name).value_for(game, learner)  # noqa: E731
    log = np.log(1000)
    assert at("lattimore2020.ucb", UCB()) == pytest.approx(4 * log / 0.2 + 0.6)
    assert at("lattimore2020.ucb_worst_case", UCB()) == pytest.approx(4 * np.sqrt(2000 * log) + 0.6)
    assert at("auer2002.ucb1", UCB1()) == pytest.approx(8 * log / 0.2 + (1 + np.pi**2 / 3) * 0.2)
    assert at("audibert2009.moss", MOSS()) == pytest.approx(19.5 * np.sqrt(2000) + 0.2)
    assert at("lattimore2020.explore_then_commit", ETC(30)) == pytest.approx(6 + 940 * 0.2 * np.exp(-1.2))
    assert at("evendar2006.elimination", SuccessiveElimination()) == pytest.approx(8 * np.log(4e6) / 0.2 + 0.4)
    for horizon, plays in ((1000, 1378.60), (10**5, 1684.90), (10**9, 2168.38)):  # at the best epsilons
        value = theory.theorem("lattimore2020.kl_ucb").value_for(stochastic_bandit((0.4, 0.6), horizon), KLUCB("book"))
        assert value == pytest.approx(0.2 * plays, rel=1e-3)


def test_a_wrong_constant_is_broken():
    """Commitment after 20 plays each is almost never to the worse of two distant actions: 16 of at most 16.00004."""
    game, learner = stochastic_bandit((0.9, 0.1), 60), ETC(20)
    commit = theory.theorem("lattimore2020.explore_then_commit")
    assert 0.9999 < exact_play(game, learner).regret / commit.value_for(game, learner) < 1.0
    assert_bound_broken(replace(commit, expression=0.75 * commit.expression), game, learner)


def test_assumptions():
    game, ucb = stochastic_bandit((0.6, 0.4), 100), theory.theorem("lattimore2020.ucb")
    assert ucb.applies(stochastic_bandit(GaussianLosses([0.0, 1.0], 0.5), 100), UCB()) == []
    assert ucb.applies(stochastic_bandit(GaussianLosses([0.0, 1.0], 1.0), 100), UCB()) == [
        "losses are sigma-sub-Gaussian"
    ]
    assert ucb.applies(stochastic_bandit((0.5, 0.5), 100), UCB()) == ["some action is not best"]
    assert ucb.applies(game, UCB(0.5)) == ["failure probability 1 / T^2"]
    fixed = "independent losses with fixed means, no switching cost"
    assert fixed in ucb.applies(stochastic_bandit(PiecewiseLosses([[0.5, 0.4]]), 100), UCB())
    assert ucb.applies(SwitchingCostGame(BernoulliLosses([0.5, 0.4]), 100), UCB()) == [fixed]
    assert theory.theorem("lattimore2020.kl_ucb").applies(game, KLUCB()) == ["exploration of the book"]
    assert theory.theorem("lattimore2020.explore_then_commit").applies(game, ETC(51)) == ["m K <= T"]
    for name, learner in (("neu2015.exp3_ix", Exp3IX()), ("bubeck2012.exp3_p", Exp3P())):  # a share needs no range
        normal = stochastic_bandit(GaussianLosses([0.0, 1.0]), 10_000)
        assert theory.theorem(name).applies(normal, learner) == ["losses in [0, 1]"]
    assert theory.theorem("auer2002.ucb1").exponent("horizon") == 0
    assert theory.theorem("audibert2009.moss").exponent("horizon") == sp.Rational(1, 2)


def test_gaps_bound_the_regret_of_means_whatever_the_losses_are():
    normal = stochastic_bandit(GaussianLosses([0.0, 2.0]), 10)
    assert proven_range(normal, UCB(), "pseudo_regret") == pytest.approx((0.0, 20.0), abs=1e-9)
    with pytest.raises(ValueError, match="no proven range of losses of GaussianLosses"):
        proven_range(normal, UCB(), "regret")
    moving = stochastic_bandit(PiecewiseLosses([[0.5, 0.4]]), 10)
    assert proven_range(moving, UCB(), "dynamic_regret") == pytest.approx((0.0, 10.0), abs=1e-9)


def test_known_divergences():
    """Losses are 1 less the rewards of the published numbers."""
    assert kl_inf([0, 1], [0.4, 0.6], 0.4) == pytest.approx(0.081093, abs=1e-6)
    assert kl_inf([0, 1], [0.4, 0.6], 0.4) == pytest.approx(float(bernoulli_kl(np.array(0.6), 0.4)), rel=1e-12)
    assert kl_inf([1.0, 0.5, 0.0], [0.3, 0.4, 0.3], 0.3) == pytest.approx(0.140947, abs=1e-6)
    assert kl_inf([0.8, 0.5], [0.5, 0.5], 0.4) == pytest.approx(0.458145, abs=1e-6)
    assert kl_inf([1.0, 0.7, 0.1], [0.2, 0.5, 0.3], 0.2) == pytest.approx(0.740325, abs=1e-6)
    assert kl_inf([0.0, 1.0], [0.5, 0.5], 0.5) == 0.0
    assert kl_inf([0.0, 1.0], [0.5, 0.5], 0.0) == np.inf


@pytest.mark.parametrize(
    ("rewards", "constant"),
    [((0.9, 0.8), 2.252100), ((0.6, 0.4), 2.466303), ((0.1, *3 * (0.05,), *3 * (0.02,), *3 * (0.01,)), 17.445174)],
)
def test_known_constants_of_lai_and_robbins(rewards, constant):
    assert lai_robbins(*stochastic_bandit(rewards, 9).losses.outcomes()) == pytest.approx(constant, abs=1e-6)


def test_rounding_of_equal_means_is_no_gap():
    losses = FiniteLosses([0.1, 0.2, 0.3], [[1 / 3] * 3, [0.0, 1.0, 0.0]])
    assert len(set(losses.means)) == 2
    assert (
        lai_robbins(*losses.outcomes())
        == theory.theorem("auer2002.ucb1").value_for(stochastic_bandit(losses, 99), UCB1())
        == 0.0
    )
    assert lai_robbins([0.0, 1.0], [[0.5, 0.5], [0.5 - 1e-12, 0.5 + 1e-12]]) > 1e11


def test_lai_robbins_of_other_values_is_below_that_of_rounded_losses():
    losses = FiniteLosses([0.0, 0.5, 1.0], [[0.5, 0.5, 0.0], [0.25, 0.5, 0.25]])
    assert lai_robbins(*losses.outcomes()) < lai_robbins(*BernoulliLosses(losses.means).outcomes())
