"""Learners through `simulate`: the batched loop against plain NumPy, for all batches, contexts and noise."""

import subprocess
import sys
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import pytest

from bandits.core.rng import ENVIRONMENT
from bandits.preference import (
    INPO,
    OMWU,
    ONPO,
    SPPO,
    HedgeSelfPlay,
    NashEMA,
    NashMD,
    NashMP,
    NashProx,
    NoisyRow,
    PreferenceGame,
    RegretMatching,
    RegretMatchingPlus,
    games,
)
from bandits.preference.feedback import Feedback
from bandits.preference.measures import gap0, gap_tau, kl, payoff, span
from sims import simulate
from sims.engines.policies import trajectory as public_trajectory
from tests import references
from tests.bandits.preference.self_play.playing import MU, REFERENCE, Ask, trajectory

ROUNDS = [1, 2, 3, 40]
GAME = PreferenceGame(REFERENCE, 40, 0.1, MU)
LEARNERS = [
    HedgeSelfPlay(0.5),
    OMWU(0.5),
    RegretMatching(),
    RegretMatchingPlus(),
    SPPO(0.5),
    INPO(),
    NashMD(),
    NashMD(1.0),
    NashMP(),
    ONPO(),
    NashEMA(0.4),
    NashProx(0.5, 7),
]


def measured(policies, game, index=0, queries=1):
    """Return the metrics (C, 8) of a trajectory at ROUNDS, from the measures in NumPy."""
    matrix, mu = game.skew[index], game.log_reference[index]
    star, tau, rows = game.log_equilibrium[index], game.regularization, []
    for n in ROUNDS:
        last, mean = policies[n], np.exp(policies[:n]).mean(axis=0)
        with np.errstate(divide="ignore"):
            log_mean = np.log(mean)
        row = [queries * n, gap0(matrix, np.exp(last)), gap0(matrix, mean)]
        row += [gap_tau(matrix, last, mu, tau), kl(star, last), span(last, star)]
        rows.append([*row, gap_tau(matrix, log_mean, mu, tau), kl(star, log_mean)])
    return np.array(rows, dtype=float)


def check_simulation(learner, game=GAME):
    """`simulate` and NumPy agree at every checkpoint, last iterate and average apart."""
    run = simulate(game, learner, checkpoints=ROUNDS)
    expected = measured(trajectory(learner, game, ROUNDS[-1]), game, queries=learner.queries)
    assert np.array_equal(np.isfinite(run.values[0]), np.isfinite(expected))
    finite = np.isfinite(expected)
    assert np.abs(run.values[0][finite] - expected[finite]).max() < 1e-11


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda x: x.name)
def test_simulate_is_the_plain_loop(learner):
    check_simulation(learner)


def check_queries(learner):
    """A learner asks for as many rows per round as it says."""
    ask = Ask(GAME.skew[0])
    trajectory(learner, GAME, 7, ask)
    assert len(ask.asked) == 7 * learner.queries


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda x: x.name)
def test_queries_are_counted(learner):
    check_queries(learner)


def test_repetitions_are_the_games_in_turn_however_many_are_asked_for():
    rng = np.random.default_rng(1)
    batch = PreferenceGame([games.uniform_random(3, rng) for _ in range(5)], 40, 0.1)
    run = simulate(batch, NashMP(), repetitions=12, checkpoints=ROUNDS)
    assert np.array_equal(run.values[:5], run.values[5:10])
    assert np.array_equal(simulate(batch, NashMP(), first_repetition=7, checkpoints=ROUNDS).values[0], run.values[7])
    for index in range(5):
        game = PreferenceGame(0.5 + batch.skew[index], 40, 0.1)
        expected = measured(trajectory(NashMP(), game, 40), game, queries=2)
        assert np.abs(run.values[index] - expected).max() < 1e-11


def test_checkpoints_do_not_change_the_play():
    many = simulate(GAME, NashMP(), checkpoints=range(1, 41))
    few = simulate(GAME, NashMP(), checkpoints=[40])
    assert np.array_equal(few.values[0, 0], many.values[0, -1])


def test_contexts_are_averaged():
    weights = [0.2, 0.3, 0.5]
    matrices = [games.uniform_random(3, seed) for seed in range(3)]
    mixed = simulate(PreferenceGame(matrices, 40, 0.1, contexts=weights), NashMP(), repetitions=2, checkpoints=ROUNDS)
    each = simulate(PreferenceGame(matrices, 40, 0.1), NashMP(), repetitions=3, checkpoints=ROUNDS)
    assert np.array_equal(mixed.values[0], mixed.values[1])
    for metric in mixed.metrics:
        expected = np.einsum("g,gc->c", weights, each[metric])
        if metric == "queries":
            expected = each[metric].sum(axis=0)
        elif metric == "span":
            expected = each[metric].max(axis=0)
        assert np.abs(mixed[metric][0] - expected).max() < 1e-12


def test_policies_can_be_looked_at():
    """The public `trajectory` and the tests' own loop, which share only the learners' steps, agree."""
    pair = PreferenceGame([games.dice(), REFERENCE], 40, 0.1, MU)
    for learner in (NashMP(), NashMD(), RegretMatchingPlus()):
        found = public_trajectory(pair, learner, game=1)
        assert found.shape == (41, 3)
        with np.errstate(divide="ignore"):
            assert np.abs(np.exp(found) - np.exp(trajectory(learner, GAME, 40))).max() < 1e-14
    with pytest.raises(ValueError, match="game must be between 0 and 1, got 2"):
        public_trajectory(pair, NashMP(), game=2)
    with pytest.raises(TypeError, match=r"feedback must be ExactRow\(\), got NoisyRow"):
        public_trajectory(replace(pair, feedback=NoisyRow(1)), NashMP())


@dataclass(frozen=True)
class HalfRow(Feedback):
    """A feedback of one's own: rows that tell half of the margins."""

    kind: ClassVar[str] = "half row"

    def row(self, skew, log_policy, query, draws):
        return 0.5 * payoff(skew, log_policy.__array_namespace__().exp(log_policy))


class FromHalves(NashMP):
    accepts = (HalfRow,)


def test_feedback_written_outside_plays():
    run = simulate(replace(GAME, feedback=HalfRow()), FromHalves(), checkpoints=ROUNDS)
    seen = trajectory(NashMP(), GAME, ROUNDS[-1], Ask(0.5 * GAME.skew[0]))
    assert np.abs(run.values[0] - measured(seen, GAME, queries=2)).max() < 1e-11
    with pytest.raises(TypeError, match="NashMP learns from ExactRow or NoisyRow feedback, but the problem gives Half"):
        simulate(replace(GAME, feedback=HalfRow()), NashMP())


# ---------------------------------------------------------------- noise

NOISY = replace(GAME, feedback=NoisyRow(3))
BITS = replace(GAME, feedback=NoisyRow(2, bits=True))


@pytest.mark.parametrize("game", [NOISY, BITS], ids=["rows", "bits"])
def test_noisy_repetitions_depend_on_the_seed_and_their_number_alone(game):
    run = simulate(game, NashMP(), repetitions=70, seed=5, checkpoints=[1, 10])
    part = simulate(game, NashMP(), repetitions=3, first_repetition=63, seed=5, checkpoints=[1, 10])
    assert np.array_equal(part.values, run.values[63:66])
    assert len(np.unique(run["kl"][:, 1])) > 60
    assert not np.array_equal(simulate(game, NashMP(), repetitions=70, seed=6, checkpoints=[1, 10]).values, run.values)


class NoisyAsk:
    """A noisy row from its definition: opponents by inversion, each with the address that the engine gives it."""

    def __init__(self, game, seed, repetition):
        self.game, self.seed, self.repetition, self.t = game, seed, repetition, 0

    def uniform(self, index):
        return references.uniform(self.seed, self.repetition, ENVIRONMENT, self.t, index)

    def row(self, log_policy, query=0):
        k, bits, n = self.game.feedback.samples, self.game.feedback.bits, self.game.n_actions
        first, cumulative = query * k * (1 + n * bits), np.cumsum(np.exp(log_policy))
        row = np.zeros(n)
        for s in range(k):
            opponent = int(np.searchsorted(cumulative, self.uniform(first + s) * cumulative[-1], side="right"))
            for y in range(n):
                wins = self.game.skew[0][y, opponent]
                row[y] += (0.5 if self.uniform(first + k + y * k + s) - 0.5 < wins else -0.5) if bits else wins
        return row / k


@pytest.mark.parametrize("game", [NOISY, BITS], ids=["rows", "bits"])
def test_noisy_play_is_its_definition(game):
    run = simulate(game, NashMP(), repetitions=4, seed=5, checkpoints=[1, 2, 3])
    for repetition in range(4):
        ask = NoisyAsk(game, 5, repetition)
        params = NashMP().parameters(game)
        state = NashMP.start(params, game.log_reference[0])
        for t in range(3):
            ask.t = t
            state = NashMP.step(params, state, t, ask)
            expected = kl(game.log_equilibrium[0], state.log_policy)
            assert run["kl"][repetition, t] == pytest.approx(float(expected), abs=1e-12)


def test_noisy_contexts_draw_apart():
    """Two contexts with the same game see different opponents: their mean differs from either."""
    alone = simulate(NOISY, NashMP(), repetitions=8, checkpoints=[5])["kl"]
    twice = PreferenceGame([REFERENCE] * 2, 40, 0.1, MU, NoisyRow(3), [0.5, 0.5])
    both = simulate(twice, NashMP(), repetitions=8, checkpoints=[5])["kl"]
    assert (np.abs(alone - both) > 1e-6).all()


def test_more_samples_bring_the_play_closer_to_the_exact_one():
    """The noise floor is of order 1 / samples: 16 times the samples take it down by more than 4."""
    finals = [
        simulate(replace(GAME, horizon=200, feedback=NoisyRow(k)), NashMP(4.0), repetitions=64, checkpoints=[200])["kl"]
        for k in (3, 48)
    ]
    assert finals[0].mean() > 4.0 * finals[1].mean()


# ---------------------------------------------------------------- JAX


def test_jax_comes_in_with_the_first_play_and_keeps_its_settings():
    code = """
import sys
import bandits, sims, theory, bandits.preference
from bandits.preference import NashMP, PreferenceGame
game = PreferenceGame([[0.5, 0.8], [0.2, 0.5]], 5, 0.1)
game.initial_kl
assert not {"jax", "matplotlib", "sympy", "polars"} & set(sys.modules), sorted(sys.modules)
run = sims.simulate(game, NashMP())
import jax, jax.numpy as jnp
assert run.values.dtype == "float64"
assert jnp.ones(2).dtype == "float32"
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
