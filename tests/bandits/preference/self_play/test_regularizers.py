"""Mirror descent with regularisers: the entropy is Hedge, the Tsallis entropy and one of a user keep the theorem."""

from dataclasses import dataclass

import numpy as np
import pytest

import theory
from bandits.preference import Entropy, HedgeSelfPlay, MirrorDescent, PreferenceGame, Separable, Tsallis, games
from sims import simulate

GAME = PreferenceGame([games.uniform_random(4, seed) for seed in range(3)], 30, reference=[0.7, 0.1, 0.1, 0.1])


@dataclass(frozen=True)
class Squares(Separable):
    """Half the sum of squares, as a user writes it: |x|_1^2 <= n |x|_2^2, so it is 1/n-strongly convex."""

    strong_convexity: float = 0.25

    def term(self, probability):
        return 0.5 * probability * probability

    def slope(self, probability):
        return probability

    def inverse(self, slope):
        return 0.5 * (slope + abs(slope))


def projected(point):
    """Return the nearest policy, from the sorted entries (Duchi et al. 2008)."""
    falling = np.sort(point)[::-1]
    levels = (np.cumsum(falling) - 1.0) / np.arange(1, point.size + 1)
    return np.maximum(point - levels[np.flatnonzero(falling > levels)[-1]], 0.0)


def test_with_the_entropy_it_is_hedge():
    plays = [
        simulate(GAME, learner, repetitions=3, backend="python", checkpoints=[1, 7, 30])
        for learner in (HedgeSelfPlay(0.5), MirrorDescent(prox_weight=2.0), MirrorDescent(Tsallis(1.0 - 1e-7), 2.0))
    ]
    for metric in ("gap0", "average_gap0"):
        hedge, same, near = (np.array(play[metric]) for play in plays)
        np.testing.assert_allclose(same, hedge, rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(near, hedge, atol=1e-6)
    hedge, mirror = HedgeSelfPlay(), MirrorDescent()
    assert hedge.parameters(GAME).learning_rate * mirror.parameters(GAME).prox_weight == pytest.approx(1.0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_policies_maximise_their_programs(scale):
    dual = scale * np.array([[0.3, -1.0, 0.31, 0.0], [2.0, 2.0, 2.0, 2.0], [0.0, -5.0, -3.0, 1.0]])
    squares, tsallis = (np.exp(each.log_policy(dual)) for each in (Squares(), Tsallis(0.5)))
    np.testing.assert_allclose(squares, [projected(row) for row in dual], atol=1e-12)
    levels = dual - Tsallis(0.5).slope(tsallis)  # equal where the derivative of the Lagrangian vanishes
    np.testing.assert_allclose(levels - levels[:, :1], 0.0, atol=1e-8 * max(scale, 1.0))
    np.testing.assert_allclose(tsallis.sum(-1), 1.0, rtol=1e-14)


@pytest.mark.parametrize("regularizer", [Entropy(), Tsallis(0.1), Tsallis(0.5), Tsallis(0.9), Squares()])
def test_they_are_as_strongly_convex_as_they_say(regularizer):
    one, other = np.random.default_rng(3).dirichlet(np.full(4, 0.3), (2, 500)) * (1.0 - 1e-9) + 0.25e-9
    least = 0.5 * regularizer.strong_convexity * np.abs(one - other).sum(-1) ** 2
    assert (regularizer.divergence(one, other) >= least * (1.0 - 1e-9)).all()
    mu = np.exp(GAME.log_reference[0])
    assert regularizer.radius(mu) == pytest.approx(regularizer.divergence(np.eye(4)[3], mu), rel=1e-14)


def test_the_theorem_holds_for_a_regularizer_of_ones_own():
    bound, learner = theory.theorem("nemirovski1983.mirror_descent"), MirrorDescent(Squares())
    least = bound.value_for(GAME, learner)
    assert least == pytest.approx(2.0 * np.sqrt(learner.parameters(GAME).divergence / (2.0 * 0.25 * 30)))
    run = simulate(GAME, learner, repetitions=3, backend="python")
    assert (np.array(run.final("average_gap0")) <= least).all()
    assert bound.applies(GAME, learner) == []  # nothing that it needs is missing


@dataclass(frozen=True)
class Crooked(Squares):
    """Its inverse does not undo its slope."""

    def inverse(self, slope):
        return 0.25 * (slope + abs(slope))


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (MirrorDescent(Crooked()), r"Crooked: log_policy\(gradient\(p\)\) must be log p, so inverse must undo slope"),
        (MirrorDescent(Squares(0.6)), r"Squares: value must exceed its tangent by strong_convexity / 2"),
    ],
)
def test_regularizers_whose_functions_disagree_are_refused(learner, message):
    with pytest.raises(ValueError, match=message):
        simulate(GAME, learner, backend="python")


def test_it_plays_games_without_regularization():
    with pytest.raises(ValueError, match=r"regularization must be 0 for MirrorDescent, got 0\.1"):
        simulate(PreferenceGame(games.dice(), 5, 0.1), MirrorDescent(Tsallis()))
