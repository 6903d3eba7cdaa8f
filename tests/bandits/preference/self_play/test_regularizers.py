"""Mirror descent with regularisers: the entropy is Hedge, the Tsallis entropy and one of a user keep the theorems."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

import theory
from bandits.preference import (
    INPO,
    Entropy,
    HedgeSelfPlay,
    MirrorDescent,
    NashMD,
    NoisyRow,
    PreferenceGame,
    RegretMatching,
    Separable,
    Tsallis,
    games,
    regularized_nash,
)
from sims import simulate
from sims.engines.policies import trajectory
from tests.bandits.preference.self_play.playing import Ask

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


class Exchanged(Squares):
    """Two inner actions are exchanged in its policies."""

    def log_policy(self, dual):
        return super().log_policy(dual[..., [0, 2, 1, 3]])


class OneNumber(Squares):
    """Its value is right for one policy, and of many it is the sum."""

    def value(self, policy):
        return self.term(policy).sum()


class OnePolicy(Squares):
    """Its policy is right for one dual, and of many it is that of the first."""

    def log_policy(self, dual):
        return super().log_policy(dual.ravel()[:4])


CONVEX = "Squares: value must exceed its tangent by strong_convexity / 2"


@pytest.mark.parametrize(
    ("regularizer", "message"),
    [
        (Crooked(), r"Crooked: log_policy\(gradient\(p\)\) must be log p, so inverse must undo slope"),
        (Exchanged(), r"Exchanged: log_policy\(gradient\(p\)\) must be log p"),
        (Squares(0.6), CONVEX),
        (Squares(0.2501), CONVEX),
        (OneNumber(), r"OneNumber: value must act on the last axis of an array .* must have shape \(23,\), got \(\)"),
        (OnePolicy(), r"OnePolicy: log_policy must act on the last axis .* must have shape \(18, 4\), got \(4,\)"),
    ],
)
def test_regularizers_whose_functions_disagree_are_refused(regularizer, message):
    with pytest.raises(ValueError, match=message):
        simulate(GAME, MirrorDescent(regularizer), backend="python")
    with pytest.raises(ValueError, match=message):
        theory.theorem("nemirovski1983.mirror_descent").value_for(GAME, MirrorDescent(regularizer))


@dataclass(frozen=True)
class Weighted(Squares):
    """Has an array, which has no hash."""

    weights: Any = None


def test_fields_of_regularizers_have_a_hash():
    for make in (MirrorDescent, lambda psi: replace(GAME, regularizer=psi)):
        with pytest.raises(TypeError, match=r"regularizer must have fields that are numbers or tuples, got Weighted"):
            make(Weighted(weights=np.ones(4)))


# ---------------------------------------------------------------- games regularised by another function

SPARSE = PreferenceGame([games.uniform_random(4, seed) for seed in range(3)], 30, 0.4, [0.7, 0.1, 0.1, 0.1])
LAST = "sokota2023.mirror_descent"


def regularized_metrics(game, which, p):
    """Return gap_tau and the divergence of a policy from their definitions."""
    psi, tau, matrix = game.regularizer, game.regularization, game.skew[which]
    mu, star = np.exp(game.log_reference[which]), np.exp(game.log_equilibrium[which])
    answer = np.exp(psi.log_policy(psi.gradient(mu) + matrix @ p / tau))
    gap = 2.0 * (answer @ matrix @ p - tau * (psi.divergence(answer, mu) - psi.divergence(p, mu)))
    return gap, psi.divergence(star, p)


def measured(game, learner, rounds):
    """Return the metrics (G, 8) of every game after `rounds` rounds, from their definitions."""
    found = []
    for which in range(game.n_games):
        policies = np.exp(trajectory(game, learner, rounds, which))
        last, mean = policies[-1], policies[:-1].mean(axis=0)
        row = [rounds, *(2.0 * (game.skew[which] @ p).max() for p in (last, mean))]
        duals = game.regularizer.gradient(last) - game.regularizer.gradient(np.exp(game.log_equilibrium[which]))
        row += [*regularized_metrics(game, which, last), np.ptp(duals), *regularized_metrics(game, which, mean)]
        found.append(row)
    return np.array(found)


@pytest.mark.parametrize(("regularizer", "backend"), [(Squares(), "numba"), (Tsallis(0.5), "python")])
def test_metrics_of_a_game_with_another_regularizer(regularizer, backend):
    game = replace(SPARSE, regularizer=regularizer)
    learner = MirrorDescent(regularizer, 2.0)
    run = simulate(game, learner, repetitions=3, backend=backend, checkpoints=[1, 9])
    names = "queries gap0 average_gap0 gap_tau divergence span average_gap_tau average_divergence"
    assert run.metrics == tuple(names.split())
    for c, rounds in enumerate((1, 9)):
        np.testing.assert_allclose(run.values[:, c], measured(game, learner, rounds), rtol=1e-9, atol=1e-13)
    assert game.initial_divergence == pytest.approx(
        max(regularizer.divergence(np.exp(star), np.exp(game.log_reference[0])) for star in game.log_equilibrium)
    )


@pytest.mark.parametrize(("psi", "tau", "least"), [(Tsallis(0.05), 0.01, 1e-50), (Tsallis(), 1.0, 1e-200)])
def test_equilibria_where_the_reference_hardly_plays_an_action(psi, tau, least):
    """The slope at the reference is so large there that its digits hide the payoffs; the other actions are balanced."""
    matrix, mu = games.uniform_random(3, 1), np.array([least, 0.5, 0.5])
    p = regularized_nash(matrix, tau, mu, psi)
    gain = (matrix - 0.5) @ p - tau * (psi.gradient(p) - psi.gradient(mu))
    assert p[0] < 2.0 * least
    assert p[1:].sum() == pytest.approx(1.0, rel=1e-14)
    assert gain[1] == pytest.approx(gain[2], abs=2e-12)


def test_with_the_entropy_it_is_inpo():
    noisy = replace(SPARSE, feedback=NoisyRow(2))
    for game in (SPARSE, noisy):
        inpo, mirror = (
            simulate(game, learner, repetitions=3, backend="python") for learner in (INPO(), MirrorDescent())
        )
        assert inpo.metrics == mirror.metrics
        np.testing.assert_allclose(mirror.values, inpo.values, rtol=1e-9, atol=1e-14)
    assert MirrorDescent().parameters(SPARSE).prox_weight == INPO().parameters(SPARSE).prox_weight


def fenchel(psi, policy, dual):
    """Return psi(p) + psi*(y) - <y, p>."""
    best = np.exp(psi.log_policy(dual))
    return psi.value(policy) - psi.value(best) - dual @ (policy - best)


def check_balance(psi, learner, game=SPARSE, rounds=12):
    """Every round keeps the balance of `self_play.mirror_descent`, and contracts as the theorem says."""
    game = replace(game, regularizer=psi)
    tau, params = game.regularization, learner.parameters(game)
    weight, sigma = params.prox_weight, psi.strong_convexity
    star, matrix = np.exp(game.log_equilibrium[0]), game.skew[0]
    dual_star = psi.gradient(np.exp(game.log_reference[0])) + matrix @ star / tau
    state = learner.start(params, game.log_reference[0])
    for t in range(rounds):
        p = np.exp(learner.policy(params, state))
        after = learner.step(params, state, t, Ask(matrix))
        r = np.exp(learner.policy(params, after))
        before, left = fenchel(psi, star, state.dual), fenchel(psi, star, after.dual)
        cross = (star - r) @ matrix @ (p - r)
        right = weight * (before - fenchel(psi, r, state.dual)) - tau * fenchel(psi, r, dual_star) - cross
        assert (weight + tau) * left == pytest.approx(right, rel=1e-9, abs=1e-12)
        assert left <= weight / (weight + tau) * before + 1e-13 or 4.0 * sigma**2 * weight * tau < 1.0 - 1e-9
        state = after


@pytest.mark.parametrize("psi", [Entropy(), Tsallis(0.3), Squares()])
def test_every_round_keeps_its_balance(psi):
    for weight in (None, 0.5):
        check_balance(psi, MirrorDescent(psi, weight))


def test_the_theorem_of_last_iterates_holds_with_sparse_equilibria():
    game, learner = replace(SPARSE, regularizer=Squares()), MirrorDescent(Squares())
    assert (np.exp(game.log_equilibrium) == 0.0).any()
    bound = theory.theorem(LAST)
    assert bound.applies(game, learner) == []
    run = simulate(game, learner, repetitions=3, backend="python", checkpoints=[1, 10, 30])
    for c, rounds in enumerate((1, 10, 30)):
        limit = bound.value_for(replace(game, horizon=rounds), learner)
        assert 0.0 < run["divergence"][:, c].max() <= limit


TSALLIS = replace(SPARSE, regularizer=Tsallis())


@pytest.mark.parametrize(
    ("game", "learner", "message"),
    [
        (TSALLIS, INPO(), r"regularizer must be Entropy\(\) for INPO, got Tsallis\(exponent=0.5\): Mirr"),
        (TSALLIS, NashMD(), r"for NashMD, got Tsallis\(exponent=0.5\): MirrorDescent\(Tsallis\(exponent=0.5\)\) plays"),
        (TSALLIS, MirrorDescent(), r"the game's for MirrorDescent, Tsallis\(exponent=0.5\) where tau > 0, got Entr"),
        (SPARSE, MirrorDescent(Tsallis()), r"the game's for MirrorDescent, Entropy\(\) where tau > 0, got Tsallis"),
        (replace(SPARSE, regularizer=Crooked()), HedgeSelfPlay(), "Crooked: log_policy"),
    ],
)
def test_learners_and_regularizers_that_do_not_fit(game, learner, message):
    with pytest.raises(ValueError, match=message):
        simulate(game, learner, backend="python")


def test_learners_without_a_reference_play_any_game():
    for learner in (HedgeSelfPlay(), RegretMatching()):
        run = simulate(TSALLIS, learner, backend="python", checkpoints=[5])
        plain = simulate(SPARSE, learner, backend="python", checkpoints=[5])
        assert np.array_equal(run.values[..., :3], plain.values[..., :3])
        assert np.isfinite(run.values).all()
    with pytest.raises(TypeError, match=r"regularizer must be a Regularizer such as Entropy\(\) or .*, got str"):
        replace(SPARSE, regularizer="tsallis")
