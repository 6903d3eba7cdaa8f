"""INPO from comparisons: the minimiser of its loss, each round from its definition, and the noise that is left."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.preference import INPO, Comparisons, ExactRow, PreferenceGame, SampledINPO
from bandits.preference.measures import kl
from bandits.preference.prox import normalise, prox
from bandits.preference.self_play.sampled_inpo import least_squares_gain
from sims import simulate
from tests import references
from tests.bandits.preference.self_play.playing import MU, REFERENCE, case, cases, random_policy

seeds = st.integers(0, 2**32 - 1)


def ratios(known, log_pi, log_p, weight):
    """h as log pi - (tau / eta) log mu - (lambda / eta) log pi_t, a function f of one action."""
    eta = known.tau + weight
    return log_pi - (known.tau * known.log_mu + weight * log_p) / eta


def sampled_loss(known, log_pi, log_p, weight):
    """E (h(winner, loser) - 1 / (2 eta))^2 over pairs from pi_t and answers, enumerated."""
    f, half, p = ratios(known, log_pi, log_p, weight), 0.5 / (known.tau + weight), np.exp(log_p)
    h = f[:, None] - f[None, :]
    wins = known.preferences
    return float(p @ (wins * (h - half) ** 2 + (1.0 - wins) * (-h - half) ** 2) @ p)


def population_loss(known, log_pi, log_p, weight):
    f, p = ratios(known, log_pi, log_p, weight), np.exp(log_p)
    row = known.skew @ p / (known.tau + weight)
    return float(p @ ((f[:, None] - f[None, :]) - (row[:, None] - row[None, :])) ** 2 @ p)


@given(cases(least=2), st.floats(0.1, 5.0), seeds)
def test_the_two_losses_differ_by_a_constant(known, weight, seed):
    rng = np.random.default_rng(seed)
    log_p, first, second = np.log([random_policy(len(known.mu), rng, 2.0) for _ in range(3)])
    difference = [
        loss(known, first, log_p, weight) - loss(known, second, log_p, weight)
        for loss in (sampled_loss, population_loss)
    ]
    size = 1.0 + sampled_loss(known, first, log_p, weight) + sampled_loss(known, second, log_p, weight)
    assert difference[0] == pytest.approx(difference[1], abs=1e-12 * size)


@given(cases(least=2), st.floats(0.1, 5.0), seeds)
def test_the_exact_step_minimises_the_sampled_loss(known, weight, seed):
    """The gradient in the logits vanishes there (central differences of a quadratic are exact)."""
    log_p = np.log(random_policy(len(known.mu), np.random.default_rng(seed), 2.0))
    best = prox(log_p, known.skew @ np.exp(log_p), known.log_mu, known.tau, weight)
    least = sampled_loss(known, best, log_p, weight)
    for unit in np.eye(len(known.mu)):
        slope = sampled_loss(known, best + unit, log_p, weight) - sampled_loss(known, best - unit, log_p, weight)
        assert abs(slope) <= 1e-12 * (1.0 + least) * (1.0 + np.abs(best).max()) ** 2


def test_pairs_of_another_law_have_another_minimiser():
    """With uniform pairs the least squares miss the exact row: why both sides are drawn from the policy."""
    known = case()
    row = known.skew @ known.mu

    def minimiser(law):
        weight = np.outer(law, law)
        laplacian = np.diag(weight.sum(axis=1)) - weight
        found = np.linalg.lstsq(laplacian, (weight * known.skew).sum(axis=1), rcond=None)[0]
        return found - found[0] - (row - row[0])

    assert np.abs(minimiser(known.mu)).max() < 1e-14
    assert np.abs(minimiser(np.full(3, 1 / 3))).max() > 0.01


def test_least_squares_by_hand():
    """0 beats 1 twice in three: a gap of 1/6, split evenly; action 2 was never seen."""
    gain = least_squares_gain(3, np.array([0, 0, 1]), np.array([1, 1, 0]), np.array([1.0, 0.0, 0.0]))
    assert gain == pytest.approx([1 / 12, -1 / 12, 0.0], abs=1e-9)


class SampledAsk:
    """Pairs and answers from their definitions, with the addresses that the engine gives them."""

    def __init__(self, game, seed, repetition):
        self.game, self.at, self.t = game, (seed, repetition), 0

    def uniforms(self, purpose, first):
        batch = self.game.feedback.batch
        return np.array([references.uniform(*self.at, purpose, self.t, first + i) for i in range(batch)])

    def sample(self, log_policy, side):
        cumulative = np.cumsum(np.exp(log_policy))
        u = self.uniforms(LEARNER, side * self.game.feedback.batch)
        return np.searchsorted(cumulative, u * cumulative[-1], side="right")

    def compare(self, left, right):
        return np.where(self.uniforms(ENVIRONMENT, 0) - 0.5 < self.game.skew[0][left, right], 1.0, 0.0)


GAME = PreferenceGame(REFERENCE, 200, 0.1, MU, Comparisons(20))


class Recorded(SampledAsk):
    """Remembers the round's question and answers."""

    def sample(self, log_policy, side):
        self.asked = [*self.asked, np.array(log_policy)] if side else [np.array(log_policy)]
        return super().sample(log_policy, side)

    def compare(self, left, right):
        self.answers = left, right, super().compare(left, right)
        return self.answers[2]


def check_rounds(learner, rounds=5):
    """Both sides come from the present policy, and the next one has no slope in INPO's loss on the answers."""
    known, ask, params = case(), Recorded(GAME, 9, 0), learner.parameters(GAME)
    state = learner.start(params, GAME.log_reference[0])
    for ask.t in range(rounds):
        before = state.log_policy
        state = learner.step(params, state, ask.t, ask)
        assert all(np.array_equal(asked, before) for asked in ask.asked)
        f, slope = ratios(known, state.log_policy, before, params.prox_weight), np.zeros(3)
        for y, other, z in zip(*ask.answers):
            winner, loser = (y, other) if z else (other, y)
            residual = f[winner] - f[loser] - 0.5 / (known.tau + params.prox_weight)
            slope[winner] += residual
            slope[loser] -= residual
        assert np.abs(slope).max() < 1e-7


def test_every_round_minimises_the_loss_on_its_answers():
    check_rounds(SampledINPO(2.5))


def test_play_is_its_definition():
    run = simulate(GAME, SampledINPO(2.5), repetitions=3, seed=9, checkpoints=[1, 2, 5])
    assert run["queries"].tolist() == [[20.0, 40.0, 100.0]] * 3
    for repetition in range(3):
        ask = SampledAsk(GAME, 9, repetition)
        params = SampledINPO(2.5).parameters(GAME)
        state, found = INPO.start(params, GAME.log_reference[0]), []
        for ask.t in range(5):
            state = SampledINPO.step(params, state, ask.t, ask)
            found.append(float(kl(GAME.log_equilibrium[0], normalise(state.log_policy))))
        assert run["kl"][repetition] == pytest.approx([found[0], found[1], found[4]], abs=1e-9)


def test_noise_falls_with_the_number_of_pairs():
    """Mean KL after 200 rounds at eta = 2.6: 2.7e-3 for 100 pairs in another program; 64 runs, six standard errors."""
    game = PreferenceGame(REFERENCE, 200, 0.1, MU, Comparisons(100))
    final = simulate(game, SampledINPO(2.5), repetitions=64, checkpoints=[200]).final("kl")
    error = (final.var(ddof=1) * (1 / 64 + 1 / 10)) ** 0.5
    assert abs(final.mean() - 2.7e-3) < 6.0 * error
    few = simulate(GAME, SampledINPO(2.5), repetitions=64, checkpoints=[200]).final("kl")
    assert 3.0 < few.mean() / final.mean() < 8.0  # of order 1 / pairs: five times as much


def test_wrong_uses():
    with pytest.raises(TypeError, match="SampledINPO learns from Comparisons feedback, but the problem gives ExactRow"):
        simulate(PreferenceGame(REFERENCE, 5, 0.1, MU, ExactRow()), SampledINPO())
    with pytest.raises(TypeError, match="INPO learns from ExactRow or NoisyRow feedback"):
        simulate(GAME, INPO())
    with pytest.raises(ValueError, match="batch must be between 1 and 1048576, got 0"):
        Comparisons(0)
