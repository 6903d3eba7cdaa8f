"""Learners of duels in JAX against their compiled steps, run by Python: one round, and short runs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import bandits.core.exponential_weights as core
from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.preference import RUCB, DoubleThompsonSampling, DuelingBandit, SparringExp3, VersatileDB
from bandits.preference.duels.counts import CountState
from bandits.preference.duels.sparring_exp3 import SparringState
from bandits.preference.duels.versatile_db import VersatileState
from sims import simulate
from sims.engines.jax.duels.learners import Counts, Regularised, Sides, Weights
from sims.engines.jax.duels.program import Played, program
from sims.engines.jax.switching.program import chunk_length
from tests.drivers import plain, play_plainly, stream_of

MATRIX = [[0.5, 0.7, 0.6, 0.2], [0.3, 0.5, 0.8, 0.55], [0.4, 0.2, 0.5, 0.65], [0.8, 0.45, 0.35, 0.5]]  # a cycle
GAME = DuelingBandit(MATRIX, 150)
RATE = 0.1
LEARNERS = [SparringExp3(RATE), VersatileDB(), RUCB()]
SEED, WIDTH = 2**40 + 9, 64
RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: learner.name)
def test_whole_runs_equal_the_text(learner):
    """Bit by bit: the metrics are made of counts, and a rounding moves none of 450 comparisons (fixed seeds)."""
    checkpoints = [1, 64, 65, 150]
    options = {"seed": SEED, "checkpoints": checkpoints, "first_repetition": 5}
    found = simulate(GAME, learner, repetitions=3, backend="jax", **options).values
    assert np.array_equal(found, play_plainly(GAME, learner, 3, **options))


# ---------------------------------------------------------------- one round from equal states


def sides():
    """Return random weights of both sides, for the compiled steps one state per repetition."""
    text, twin = [], []
    for _ in range(2):
        loss = RANDOM.exponential(3.0 / RATE, (4, WIDTH))
        weight = np.exp(-RATE * (loss - loss.min(axis=0)))
        shifts = loss.min(axis=0)
        text.append(
            [
                core.Weights(loss[:, r].copy(), weight[:, r].copy(), weight[:, r].sum(), shifts[r], 0.0, 0)
                for r in range(WIDTH)
            ]
        )
        twin.append(Weights(loss - shifts, weight))
    return [SparringState(*both) for both in zip(*text, strict=True)], Sides(*twin)


def regularised():
    """Return random losses and laws of both sides."""
    arrays = []
    for _ in range(2):
        loss = RANDOM.exponential(9.0, (4, WIDTH))
        arrays += [loss - loss.min(axis=0), RANDOM.dirichlet(np.ones(4), WIDTH).T.copy()]
    columns = [VersatileState(*(array[:, r].copy() for array in arrays)) for r in range(WIDTH)]
    return columns, Regularised(*arrays)


def counts():
    """Return random wins, some of them 0, and last lone candidates, some of them no candidates any more."""
    wins = RANDOM.integers(0, 30, (4, 4, WIDTH)) * (RANDOM.random((4, 4, WIDTH)) < 0.8) * 1.0
    wins[range(4), range(4)] = 0.0
    lone = RANDOM.integers(-1, 4, WIDTH).astype(np.int32)
    columns = [CountState(wins[..., r].copy(), int(lone[r]), np.zeros(4, bool), np.zeros(4)) for r in range(WIDTH)]
    return columns, Counts(wins, lone)


def numbers(state):
    """Return what determines the coming rounds, for either implementation (one repetition)."""
    if isinstance(state, SparringState | Sides):
        laws = [side.weight / side.weight.sum(axis=0) for side in state]
        return np.concatenate([*laws, *(side.loss - side.loss.min(axis=0) for side in state)])
    if isinstance(state, CountState | Counts):
        return np.append(state.wins.ravel(), state.lone)
    return np.concatenate(state)


@pytest.mark.parametrize(("learner", "states"), [*zip(LEARNERS, (sides, regularised, counts), strict=True)])
@pytest.mark.parametrize("t", [2, 63, 2**32 + 70])  # the weights of sparring EXP3 are recomputed after the second
def test_one_round_equals_the_text(learner, states, t):
    """Same pair and, to 1e-12, same state, from 64 random states."""
    text, twin = states()
    params, setting = learner.parameters(GAME), GAME.setting()
    with jax.enable_x64(True):
        address = jnp.uint64(SEED), jnp.arange(WIDTH, dtype=jnp.uint32)
        advance = program(type(learner), chunk_length(getattr(params, "learning_rate", 0.0), "float64"))
        given = jax.tree.map(jnp.asarray, (params, setting.skew))
        played = Played(twin, np.zeros((4, WIDTH)))
        found = jax.tree.map(np.asarray, advance(given, address, played, jnp.int64(t), jnp.int64(t + 1)))
    act, update, respond = plain(learner.steps.act), plain(learner.steps.update), plain(GAME.steps.respond)
    for r, state in enumerate(text):
        rng, env = stream_of(SEED, r, LEARNER), stream_of(SEED, r, ENVIRONMENT)
        pair = act(params, state, t, rng)
        answer, world = respond(setting, plain(GAME.steps.init)(setting, env), t, pair, env)
        assert np.array_equal(found.plays[:, r], world.plays)
        expected = numbers(update(params, state, t, pair, answer, rng))
        column = jax.tree.map(lambda array, r=r: array[..., r], found.state)
        assert np.allclose(numbers(column), expected, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------- what it refuses


class OwnGame(DuelingBandit):
    pass


@pytest.mark.parametrize(
    ("problem", "learner", "backend", "error", "message"),
    [
        (
            GAME,
            DoubleThompsonSampling(),
            "jax",
            TypeError,
            "plays SparringExp3 or VersatileDB or RUCB in DuelingBandit",
        ),
        (OwnGame(MATRIX, 10), RUCB(), "jax", TypeError, "got RUCB in OwnGame"),
        (GAME, RUCB(), "jax-float32", ValueError, "its learners play in double precision"),
        (DuelingBandit(np.full((65, 65), 0.5), 10), RUCB(), "jax", ValueError, "at most 64 actions in duels, got 65"),
    ],
)
def test_pairs_without_a_twin_are_refused(problem, learner, backend, error, message):
    with pytest.raises(error, match=message):
        simulate(problem, learner, backend=backend)
