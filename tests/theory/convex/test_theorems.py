"""The bounds of online convex optimisation on arbitrary gradients, hints and comparators; played by the interpreter."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import theory
from bandits import convex
from bandits.combine import observed
from bandits.convex import (
    Ball,
    Box,
    ConvexGame,
    GradientTable,
    HintedGradient,
    Simplex,
    gradient_descent,
    newton_step,
    optimistic,
)
from bandits.core.jit import kernel
from bandits.core.regions import project
from sims import simulate
from tests.drivers import plain
from theory.convex.witnesses import certificates
from theory.convex.witnesses.moving_comparator import MovingComparator

ROUNDING = 1e-9
PAIRS = {  # theorem, learner, and the certificate where there is one
    "zinkevich2003.ogd": (convex.OGD(), None),
    "ours.moving_ogd": (convex.OGD(), None),
    "ours.lazy_ogd": (convex.LazyOGD(block=3), None),
    "streeter2010.adagrad_norm": (convex.AdaGradNorm(), certificates.AdaGradCertificate()),
    "hazan2007.strong_path": (convex.StronglyConvexOGD(0.7), certificates.StrongCertificate(0.7)),
    "chen2024.path": (convex.OptimisticDescent(0.5), certificates.DescentCertificate(0.5)),
    "chen2024.closed": (convex.OptimisticDescent(0.5), certificates.OptimisticCertificate(0.5)),
    "sachs2022.leader": (convex.OptimisticFTL(0.7), certificates.LeaderCertificate(0.7)),
    "hazan2007.newton": (convex.OnlineNewtonStep(2.0, 0.02), certificates.NewtonCertificate(2.0, 0.02)),
    "sachs2022.path": (convex.OptimisticFTRL(), None),
}
COSTLY = ("ours.moving_ogd", "ours.lazy_ogd")
HINTED = ("chen2024.path", "chen2024.closed", "sachs2022.leader", "sachs2022.path")


def domains(d):
    """Return a ball, a box that is not around 0, and a simplex."""
    return [Ball(d, 0.8), Box(np.linspace(-1.0, 0.3, d), np.linspace(-0.5, 1.0, d)), *([Simplex(d)] if d > 1 else [])]


@st.composite
def games(draw, comparators=False):
    """Return a game with arbitrary gradients, hints of its own or given, and points of the domain."""
    T, d = draw(st.integers(1, 10)), draw(st.integers(1, 3))
    numbers = st.one_of(st.floats(-1.0, 1.0, allow_subnormal=False), st.sampled_from([0.0, -1.0, 1.0]))
    rows = st.lists(numbers, min_size=T * d, max_size=T * d).map(lambda values: np.reshape(values, (T, d)))
    domain = draw(st.sampled_from(domains(d)))
    cost = draw(st.sampled_from([0.0, 0.5, 3.0]))
    game = ConvexGame(GradientTable(draw(rows)), domain, T, switching_cost=cost)
    return game, draw(rows)


def values(game, learner, metric):
    return simulate(game, learner, repetitions=1, checkpoints=range(1, game.horizon + 1), backend="python")[metric][0]


def worst_ratio(name, game, learner=None):
    """Return the largest value of the theorem's quantity at any checkpoint, divided by the bound."""
    own, probe = PAIRS[name]
    bound, learner = theory.theorem(name), learner or own
    problem = game if name in COSTLY else replace(game, switching_cost=0.0)
    problem = observed(problem, probe) if probe else problem
    assert bound.applies(problem, learner) == []
    value, reached = bound.value_for(problem, learner), values(problem, learner, bound.quantity)
    assert value >= 0.0
    largest = float(reached.max() if probe else reached[-1])
    return 0.0 if largest <= ROUNDING else largest / value


@settings(max_examples=40)
@given(games())
def test_every_path(drawn):
    game, hints = drawn
    hinted = replace(game, feedback=HintedGradient(hints))
    for name in PAIRS:
        if name == "hazan2007.newton" and not isinstance(game.domain, Ball):
            continue
        assert worst_ratio(name, game) <= 1.0 + ROUNDING
        if name in HINTED and np.linalg.norm(hints, axis=1).max() <= game.gradient_bound:
            assert worst_ratio(name, hinted) <= 1.0 + ROUNDING


def test_longer_hints_are_not_what_the_closed_bound_is_about():
    """A hint of length 100 G: the closed bound does not apply, the one with all terms holds."""
    game = ConvexGame(GradientTable(np.ones((4, 1))), Ball(1), 4, HintedGradient(np.full((4, 1), -100.0)))
    assert game.hint_error == 101.0
    assert replace(game, feedback=HintedGradient(error=0.5)).hint_error == 0.5
    closed = observed(game, certificates.OptimisticCertificate(0.5))
    assert theory.theorem("chen2024.closed").applies(closed, convex.OptimisticDescent(0.5)) == ["|g - M| <= 2 G"]
    assert theory.theorem("sachs2022.path").applies(game, convex.OptimisticFTRL()) == ["|g - M| <= 2 G"]
    assert worst_ratio("chen2024.path", game) <= 1.0


@settings(max_examples=25)
@given(games(), st.integers(0, 2**32 - 1))
def test_comparators_that_move(drawn, seed):
    """Random points of the domain, and the best ones of each round; 0 rounds of Ader's grid are left out."""
    game, _ = drawn
    game, rng = replace(game, switching_cost=0.0), np.random.default_rng(seed)
    best = np.array([nearest(game.domain, -1e6 * g) for g in game.losses.gradients])
    for u in (best, np.array([nearest(game.domain, 2.0 * rng.normal(size=game.dimension)) for _ in best])):
        problem = observed(game, MovingComparator(u))
        for name, learner in (("zinkevich2003.dynamic", convex.FixedRateOGD()), ("zhang2018.ader", convex.Ader())):
            bound = theory.theorem(name)
            assert bound.applies(problem, learner) == []
            reached = values(problem, learner, "dynamic_regret")[-1]
            assert reached <= bound.value_for(problem, learner) * (1.0 + ROUNDING) + ROUNDING


def nearest(domain, x):
    """Return the projection of x on the domain."""
    x = np.array(x, dtype=float)
    plain(project)(domain.region, x)
    return x


@settings(max_examples=25)
@given(games())
def test_hints_that_are_right_or_nothing(drawn):
    """M_t = g_t leaves no variation; M_t = 0 is gradient descent with the variation of squares."""
    game, _ = drawn
    g = game.losses.gradients
    for hints, variation in ((g, np.zeros(len(g))), (0 * g, (g**2).sum(axis=1).cumsum())):
        found = values(replace(game, feedback=HintedGradient(hints)), convex.OptimisticDescent(1.0), "variation")
        assert found == pytest.approx(variation, abs=1e-12)
    told = replace(game, feedback=HintedGradient())
    assert values(told, convex.OptimisticDescent(1.0), "variation").max() == 0.0


@pytest.mark.parametrize("factor", [1e-3, 7.0])
def test_scaling_laws(factor):
    """Losses times c: the same points, regret and certificate times c. Domain times c: points too."""
    rng = np.random.default_rng(3)
    g = rng.normal(size=(12, 2))
    for name, (learner, probe) in PAIRS.items():
        if name.startswith(("ours", "hazan", "sachs2022.leader")):
            continue
        found = []
        for c, radius in ((1.0, 1.0), (factor, 1.0), (1.0, factor)):
            options = {"offset": 0.5 * c * c} if "offset" in vars(probe or object.__new__(convex.OGD)) else {}
            made = replace(learner, **options)
            game = ConvexGame(GradientTable(c * g), Ball(2, radius), 12)
            problem = observed(game, replace(probe, **options)) if probe else game
            run = simulate(problem, made, repetitions=1, record=("actions",), backend="python")
            value = run["certificate"][0, -1] if probe else theory.theorem(name).value_for(game, made)
            found.append((run.actions[0] / radius, run["linear_regret"][0, -1] / (c * radius), value / (c * radius)))
        for points, regret, value in found[1:]:
            assert points == pytest.approx(found[0][0], rel=1e-12, abs=1e-12)
            assert (regret, value) == pytest.approx(found[0][1:], rel=1e-12)


# ---------------------------------------------------------------- tight, and mutants of the constants


def constant(T, *row):
    return ConvexGame(GradientTable(np.tile([row], (T, 1))), Ball(len(row)), T)


TIGHT = [("hazan2007.strong_path", 1, 0.99), ("sachs2022.leader", 1, 0.999), ("hazan2007.newton", 1, 0.99)]


@pytest.mark.parametrize(("name", "T", "ratio"), TIGHT)
def test_tight_theorems(name, T, ratio):
    """One round with a gradient that leads to the comparator, mu = |g| for a regret of |g|^2 / (2 mu) = 1/2."""
    mu = 1.0
    learners = {
        "hazan2007.strong_path": (convex.StronglyConvexOGD(mu), certificates.StrongCertificate(mu)),
        "sachs2022.leader": (convex.OptimisticFTL(mu), certificates.LeaderCertificate(mu)),
        "hazan2007.newton": (convex.OnlineNewtonStep(0.05, 400.0), certificates.NewtonCertificate(0.05, 400.0)),
    }
    learner, probe = learners[name]
    found = values(observed(constant(T, 1.0), probe), learner, "ratio")[-1]
    assert ratio <= found <= 1.0 + ROUNDING


@kernel
def twice_as_fast(params, state, t, x, g, rng):
    return gradient_descent._update_strongly(params._replace(step=0.5 * params.step), state, t, x, g, rng)


@kernel
def without_centres(params, state, t, x, g, hint):
    for i in range(g.size):
        state.base[i] -= g[i]
    return state


@kernel
def euclidean(params, state, t, x, g, rng):
    after = newton_step._update(params._replace(radius=1e9), state, t, x, g, rng)
    size = max(np.sqrt((after.x**2).sum()), params.radius)
    for i in range(g.size):
        after.x[i] *= params.radius / size
    return after


def pieces_without_centres():
    return optimistic._steps(optimistic._init, optimistic._look_for_leader, without_centres)[0]


MUTANTS = {
    "hazan2007.strong_path": lambda: convex.StronglyConvexOGD.steps._replace(update=twice_as_fast),
    "sachs2022.leader": pieces_without_centres,
    "hazan2007.newton": lambda: convex.OnlineNewtonStep.steps._replace(update=euclidean),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants(name, monkeypatch):
    """A double step, no centres, the Euclidean projection: the inequality breaks on drawn gradients; fixed seeds."""
    rng = np.random.default_rng(1)
    drawn = [rng.normal(size=2) + width * rng.normal(size=(12, 2)) for width in (0.1, 1.0) for _ in range(20)]
    drawn = [g / np.linalg.norm(g, axis=1).max() for g in drawn]
    drawn.append(np.tile([[0.6, 0.8]], (12, 1)))
    plays = [ConvexGame(GradientTable(g), Ball(2), 12) for g in drawn]
    assert max(worst_ratio(name, game) for game in plays) <= 1.0 + ROUNDING
    steps = MUTANTS[name]()
    monkeypatch.setattr(type(PAIRS[name][0]), "steps_for", lambda self, problem: steps)
    assert max(worst_ratio(name, game) for game in plays) > 1.01


def test_worst_case_by_semidefinite_programming():
    """PEPit finds the largest regret of three rounds at a fixed rate over all games: it is the bound, sqrt(3) D G."""
    examples = pytest.importorskip("PEPit.examples.online_learning", reason="PEPit is not installed: pip install pepit")
    found, _ = examples.wc_online_gradient_descent(M=0.5, D=2.0, n=3, verbose=-1)
    game = ConvexGame(GradientTable(np.full((3, 1), 0.5)), Ball(1), 3)
    still = observed(game, MovingComparator(np.ones((3, 1))))
    bound = theory.theorem("zinkevich2003.dynamic").value_for(still, convex.FixedRateOGD())
    assert bound == pytest.approx(np.sqrt(3.0))
    assert found == pytest.approx(bound, rel=1e-5)
