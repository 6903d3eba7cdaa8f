"""Losses and feedback of convex games, held to NumPy and to their definitions; played by the interpreter."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pytest
from scipy.optimize import minimize

import sims
from bandits import convex
from bandits.convex import (
    Ball,
    Box,
    ConvexGame,
    FullFunction,
    GradientTable,
    HintedGradient,
    OnePoint,
    Pair,
    QuadraticLosses,
    SEALosses,
    Simplex,
    TwoPoints,
)
from bandits.core import regions
from bandits.core.jit import kernel
from tests.drivers import plain

simulate = partial(sims.simulate, backend="python")
RNG = np.random.default_rng(7)
ROWS = RNG.normal(size=(30, 3))
SETS = [Ball(3, 0.7), Box([-1.0, 0.2, -0.5], [-0.5, 1.0, 2.0]), Simplex(3)]


class Fixed:
    """Plays the rows of a table: a plain learner. What it was shown last is in `shown` and `seen`."""

    shown, seen = [], []

    def __init__(self, points):
        self.points = points

    def reset(self, problem, rng):
        self.t = -1
        self.shown.clear()
        self.seen.clear()

    def act(self, observation, rng):
        self.t += 1
        self.shown.append(observation)
        return self.points[self.t]

    def update(self, observation, action, feedback, rng):
        self.seen.append(feedback)


# ---------------------------------------------------------------- metrics, recounted


def points_of(domain, count):
    project, found = plain(regions.project), RNG.normal(size=(count, 3))
    for x in found:
        project(domain.region, x)
    return found


@pytest.mark.parametrize("domain", SETS, ids=lambda domain: type(domain).__name__)
@pytest.mark.parametrize("curvature", [0.0, 0.8])
def test_metrics(domain, curvature):
    """On given gradients; the best point by SciPy."""
    losses = QuadraticLosses(ROWS, curvature) if curvature else GradientTable(ROWS)
    x, n = points_of(domain, 30), 30
    game = ConvexGame(losses, domain, n, switching_cost=0.5)
    run = simulate(game, Fixed(x), repetitions=1)
    shift = x - ROWS
    value = 0.5 * curvature * (shift**2).sum(axis=1) if curvature else (ROWS * x).sum(axis=1)
    g = curvature * shift if curvature else ROWS
    path = np.linalg.norm(np.diff(x, axis=0), axis=1).sum()

    def total(u):
        return 0.5 * curvature * ((u - ROWS) ** 2).sum() if curvature else (ROWS @ u).sum()

    found = run.final
    assert found("loss")[0] == pytest.approx(value.sum())
    assert found("path")[0] == pytest.approx(path)
    assert found("gradient_squares")[0] == pytest.approx((g**2).sum())
    assert found("variation")[0] == pytest.approx((np.diff(g, axis=0, prepend=0.0) ** 2).sum())
    best, line = least(total, domain), least(lambda u: g.sum(axis=0) @ u, domain)
    assert found("best_loss")[0] == pytest.approx(best, abs=1e-5)
    assert found("regret")[0] == pytest.approx(value.sum() + 0.5 * path - best, abs=1e-5)
    assert found("linear_regret")[0] == pytest.approx((g * x).sum() - line, abs=1e-5)
    assert np.linalg.norm(g, axis=1).max() <= game.gradient_bound
    assert np.abs(value).max() <= game.loss_bound
    table = ConvexGame(GradientTable(ROWS, curvature), domain, n)
    assert table.gradient_bound == pytest.approx(np.linalg.norm(ROWS, axis=1).max() + curvature * domain.largest)


def least(f, domain):
    """Return the least value of f over the points that projections of drawn ones improve to."""
    project = plain(regions.project)

    def at(y):
        u = np.array(y)
        project(domain.region, u)
        return f(u) + 1e-9 * np.linalg.norm(u - y)

    return min(
        minimize(at, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-11, "maxiter": 4000}).fun
        for start in RNG.normal(size=(4, 3))
    )


class Center(NamedTuple):
    centre: float


@kernel
def absolute(params, t, x):
    return abs(x[0] - params.centre) + 0.1 * t


@kernel
def slope(params, t, x, out):
    out[0] = 1.0 if x[0] > params.centre else -1.0


def test_losses_of_your_own():
    own = convex.OwnLosses(absolute, slope, Center(0.3), 1, 1.0, comparator=[0.3])
    run = simulate(ConvexGame(own, Ball(1), 200), convex.OGD(), repetitions=1)
    assert run.final("best_loss")[0] == pytest.approx(0.1 * 199 * 200 / 2)
    assert 0.0 < run.final("regret")[0] <= run.final("linear_regret")[0] < 3.0 * np.sqrt(200)
    alone = ConvexGame(replace(own, comparator=None), Ball(1), 10)
    assert "regret" not in alone.metrics
    assert simulate(alone, convex.OGD(), repetitions=1).final("loss")[0] > 0.0
    with pytest.raises(ValueError, match="longer than its gradient_bound"):
        simulate(ConvexGame(replace(own, gradient_bound=0.9), Ball(1), 10), convex.OGD(), repetitions=1)
    with pytest.raises(ValueError, match="loss_bound must be given"):
        simulate(replace(alone, feedback=OnePoint()), convex.OnePointDescent(), repetitions=1)


# ---------------------------------------------------------------- between stochastic and adversarial


def gradients(losses, T, played=None):
    """Return the linear parts (T, d) of the losses, from the gradients at given points."""
    x = np.zeros((T, losses.dimension)) if played is None else played
    learner = Fixed(x)
    simulate(ConvexGame(losses, Ball(losses.dimension), T), learner, repetitions=1)
    return np.array(learner.seen) - losses.curvature * x


def test_means_of_sea_losses():
    m = np.array([0.3, -0.4])
    assert (gradients(SEALosses(m), 5) == m).all()
    assert (gradients(SEALosses(m, "flips", period=2), 6) == np.outer([1, 1, -1, -1, 1, 1], m)).all()
    turned = gradients(SEALosses(m, "rotation", period=4), 5)
    assert turned == pytest.approx(np.array([m, (0.4, 0.3), -m, (-0.4, -0.3), m]))
    x = np.array([[0.1, -0.1], [-0.5, 0.2]])
    assert gradients(SEALosses(m, "sign"), 2, x).tolist() == [[0.3, -0.4], [-0.3, 0.4]]
    spoiled = SEALosses(m, "corrupted", period=1)
    assert gradients(spoiled, 3, np.array([[-0.9, 0.1], [-0.9, 0.1], [0.5, -0.5]])).tolist() == [
        [-0.3, 0.4],
        [0.3, 0.4],
        [0.3, 0.4],
    ]
    assert spoiled.drift_squares(Ball(2), 9) == pytest.approx(0.25 + 1.0)
    for losses in (
        SEALosses(m, "flips", period=2, curvature=0.5),
        SEALosses(m, "rotation", period=4),
        SEALosses(m, curvature=0.2),
    ):
        rows = gradients(losses, 9)
        steps = (np.diff(rows, axis=0) ** 2).sum(axis=1)
        first = (0.5 + losses.curvature) ** 2
        assert losses.drift_squares(Ball(2), 9) == pytest.approx(first + steps.sum())
        assert losses.discounted_drift(Ball(2), 9) == pytest.approx(first + (steps / np.arange(2, 10)).sum())


def test_noise_of_sea_losses():
    """Of norm sigma, new in every round. Five deviations of 40 rounds, fixed seed."""
    losses = SEALosses(np.zeros(3), noise=2.0)
    z = gradients(losses, 40)
    assert np.linalg.norm(z, axis=1) == pytest.approx(np.full(40, 2.0))
    assert np.abs(z.mean(axis=0)).max() < 5.0 * 2.0 / np.sqrt(3 * 40)
    assert np.abs(z.T @ z / 40 - 4.0 / 3.0 * np.eye(3)).max() < 5.0 * 4.0 / 3.0 / np.sqrt(40)
    assert len(np.unique(z, axis=0)) == 8
    assert (losses.noise_squares(200), losses.fixed) == (800.0, False)


def test_noise_is_new_in_every_round_and_word():
    """66 coordinates need two words."""
    wide = gradients(SEALosses(np.zeros(66), noise=2.0), 3)
    assert np.linalg.norm(wide, axis=1) == pytest.approx([2.0, 2.0, 2.0])
    assert len(np.unique(wide[:, :64], axis=0)) == len(np.unique(wide[:, 64:], axis=0)) == 3


def test_every_feedback_meets_the_same_losses():
    """Draws belong to rounds: what is paid at given points does not depend on what is revealed."""
    x = points_of(Ball(3), 20)
    game = ConvexGame(SEALosses([0.1, 0.2, 0.3], noise=1.0, curvature=0.5), Ball(3), 20)
    paid = simulate(game, Fixed(x), repetitions=1)["loss"]
    for feedback, played in (
        (OnePoint(), x),
        (TwoPoints(), [Pair(row, row) for row in x]),
        (FullFunction(), x),
        (HintedGradient(error=0.1), x),
    ):
        assert simulate(replace(game, feedback=feedback), Fixed(played), repetitions=1)["loss"] == pytest.approx(paid)


# ---------------------------------------------------------------- feedback


def test_hints_are_shown_before_the_play_and_after():
    table = RNG.normal(size=(4, 3))
    given_learner = Fixed(np.zeros((4, 3)))
    game = ConvexGame(GradientTable(ROWS), Ball(3), 4, HintedGradient(table))
    simulate(game, given_learner, repetitions=1)
    assert np.array(Fixed.shown) == pytest.approx(table)
    assert np.array([seen.hint for seen in Fixed.seen]) == pytest.approx(table)
    assert np.array([seen.gradient for seen in Fixed.seen]) == pytest.approx(ROWS[:4])
    run = simulate(replace(game, feedback=HintedGradient(error=0.5)), Fixed(np.zeros((4, 3))), repetitions=1)
    assert run.final("variation")[0] == pytest.approx(4 * 0.25)
    errors = np.array(Fixed.shown) - ROWS[:4]
    assert np.abs(errors) == pytest.approx(np.full((4, 3), 0.5 / np.sqrt(3.0)))
    assert len(np.unique(np.sign(errors))) == 2


def test_functions_and_values():
    learner = Fixed(points_of(Ball(3), 4))
    simulate(ConvexGame(QuadraticLosses(ROWS, 0.5), Ball(3), 4, FullFunction()), learner, repetitions=1)
    assert [seen.curvature for seen in Fixed.seen] == [0.5] * 4
    assert np.array([seen.linear for seen in Fixed.seen]) == pytest.approx(-0.5 * ROWS[:4])
    pairs = Fixed([Pair(x, -x) for x in learner.points])
    run = simulate(ConvexGame(GradientTable(ROWS), Ball(3), 4, TwoPoints()), pairs, repetitions=1)
    values = (ROWS[:4] * learner.points).sum(axis=1)
    assert np.array(Fixed.seen) == pytest.approx(np.column_stack([values, -values]))
    assert run.final("loss")[0] == pytest.approx(0.0, abs=1e-12)
    assert run.final("path")[0] == 0.0  # of their mean
    run = simulate(ConvexGame(GradientTable(ROWS), Ball(3), 4, OnePoint()), learner, repetitions=1)
    assert run.final("loss")[0] == pytest.approx(values.sum())
    assert Fixed.seen == pytest.approx(values.tolist())


def test_follow_the_leader():
    """On linear losses it plays a corner, on curved ones the least point of the past; the first is the centre."""
    linear = ConvexGame(GradientTable([[1.0, 0.0], [0.0, 3.0], [1.0, 1.0]]), Simplex(2), 3, FullFunction())
    run = simulate(linear, convex.FollowTheLeader(), repetitions=1, record=("actions",))
    assert run.actions[0].tolist() == [[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]]
    curved = ConvexGame(QuadraticLosses([[0.5, 0.0], [0.0, 0.5], [0.0, 0.0]]), Ball(2), 3, FullFunction())
    run = simulate(curved, convex.FollowTheLeader(), repetitions=1, record=("actions",))
    assert run.actions[0].tolist() == [[0.0, 0.0], [0.5, 0.0], [0.25, 0.25]]


# ---------------------------------------------------------------- what is refused


def test_points_outside_are_refused():
    game = ConvexGame(GradientTable(ROWS), Ball(3), 5)
    for points, text in [
        ([[0.0, 0.0, 1.1]], "the point must be in the domain, got one with norm 1.1"),
        ([[0.0, np.nan, 0.0]], "the point must be in the domain"),
        ([[0.0, 0.0]], "the point must have 3 coordinates, got 2"),
    ]:
        with pytest.raises(ValueError, match=text):
            simulate(game, Fixed(np.array(points)), repetitions=1)
    for domain, point in ((Box([0.0], [1.0]), [-1e-3]), (Simplex(2), [0.7, 0.7]), (Simplex(2), [1.5, -0.5])):
        assert not domain.contains(point)
        assert domain.contains(domain.region.start)


def test_wrong_games_are_refused():
    table = GradientTable(ROWS)
    for make, text in [
        (lambda: ConvexGame(table, Ball(2), 5), "losses must have the domain's 2 coordinates, got 3"),
        (lambda: ConvexGame(table, Ball(3), 31), "gradients must have at least horizon = 31 rows, got 30"),
        (lambda: GradientTable(ROWS, row_bound=0.1), "row_bound must be finite and in"),
        (lambda: Box([0.0, 1.0], [1.0, 1.0]), "high must be above low, got 1 and 1 at index 1"),
        (lambda: SEALosses([1.0], "rotation"), "mean must have at least two coordinates for a rotation"),
        (lambda: ConvexGame(table, Ball(3), 5, HintedGradient(ROWS[:2])), r"hints must be \(5, 3\) numbers"),
        (
            lambda: ConvexGame(SEALosses([1.0], "sign"), Ball(1), 5, HintedGradient()),
            "drift must not depend on the play",
        ),
        (lambda: convex.StronglyConvexOGD().parameters(ConvexGame(table, Ball(3), 5)), "needs strong_convexity"),
        (lambda: convex.TwoPointDescent(1.0).parameters(ConvexGame(table, Ball(3), 5)), "reach must be below"),
    ]:
        with pytest.raises(ValueError, match=text):
            make()
    far = convex.OwnLosses(absolute, slope, Center(0.3), 1, 1.0, comparator=[1.5])
    with pytest.raises(ValueError, match=r"comparator must be in the domain, got \[1.5\]"):
        ConvexGame(far, Ball(1), 5)
    own = convex.OwnLosses(absolute, slope, Center(0.3), 3, 1.0)
    for make, text in [
        (lambda: ConvexGame(own, Ball(3), 5, FullFunction()), "FullFunction needs losses of one curvature"),
        (lambda: convex.OnlineNewtonStep().parameters(ConvexGame(table, Simplex(3), 5)), "needs a Ball as domain"),
        (lambda: convex.TwoPointDescent().parameters(ConvexGame(table, Simplex(3), 5)), "needs a Ball or a Box"),
    ]:
        with pytest.raises(TypeError, match=text):
            make()
