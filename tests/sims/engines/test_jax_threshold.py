"""The optimistic search in JAX against its compiled steps, run by Python: binomials, one round, runs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.core.sampling import binomial as binomial_text
from bandits.core.sampling import no_tables
from bandits.core.summation import empty_sum
from bandits.threshold import (
    EmpiricalPools,
    FullScores,
    FullScoreSearch,
    OptimisticFeasibleSearch,
    Synthetic,
    ThresholdGame,
)
from bandits.threshold.batch import no_batch
from bandits.threshold.evidence import Evidence, best_feasible, rivals
from bandits.threshold.optimistic_search import LedState, SearchState, refresh
from bandits.threshold.population import State
from bandits.threshold.rounds import ThresholdWorld
from sims import simulate
from sims.engines.jax.threshold.learners import Search, binomial
from sims.engines.jax.threshold.program import Played, program
from tests.drivers import plain, play_plainly, stream_of

CURVES = ThresholdGame(Synthetic(), 150, grid=50, batch_size=100, price=1.35)
PEOPLE = EmpiricalPools(
    scores=(0.1, 0.3, 0.6, 0.9, 0.2, 0.5, 0.8), good=(0, 0, 1, 1, 0, 1, 1), group=(0,) * 4 + (1,) * 3
)
POOLS = ThresholdGame(PEOPLE, 150, grid=5, batch_size=4, service=(0.2, 0.8))  # a group is absent now and then
REGIONS = EmpiricalPools(scores=(0.1, 0.3, 0.6), good=(0, 1, 1), group=(0, 1, 2))
SEARCH = OptimisticFeasibleSearch()
SEED, WIDTH = 2**40 + 9, 64


@pytest.mark.parametrize("game", [CURVES, POOLS], ids=["curves", "pools"])
def test_whole_runs_equal_the_text(game):
    """Counts bit by bit, sums to rounding.

    Bounds of several thresholds are often equal up to the roundings of a reward, so these must be the compiled steps'.
    """
    options = {"seed": SEED, "checkpoints": [1, 20, 150], "first_repetition": 5}
    found = simulate(game, SEARCH, repetitions=12, backend="jax", **options).values
    expected = play_plainly(game, SEARCH, 12, **options)
    counts = [game.metrics.index(name) for name in ("infeasible_rounds", "switches", "absent_groups")]
    assert np.array_equal(found[..., counts], expected[..., counts])
    assert np.allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_binomials_equal_the_text():
    """Small and large counts, certain and impossible successes, both ends of the uniforms."""
    random = np.random.default_rng(3)
    n = np.array([0, 1, 2, 15, 16, 17, 100, 10**4])[:, None] * np.ones(48, int)
    p = np.concatenate([[-0.5, 0.0, 1e-12, 0.5, 1.0 - 2.0**-53, 1.0, 1.5], random.random(41)]) * np.ones((8, 1))
    u = random.random((8, 48))
    u[:, :12:4], u[:, 1:12:4] = 0.0, 1.0 - 2.0**-53
    with jax.enable_x64(True):
        found = np.asarray(jax.jit(binomial)(*map(jnp.asarray, (u, n, p))))
    text = plain(binomial_text)
    expected = [text(float(a), int(b), float(c)) for a, b, c in zip(u.flat, n.flat, p.flat, strict=True)]
    assert found.ravel().tolist() == expected


# ---------------------------------------------------------------- one round from equal states


def random_states(game, params, t):
    """Return the compiled steps' (learner, world) of each repetition and the JAX state of all, from random evidence.

    Some thresholds were never played, and some only when a group was absent.
    """
    random = np.random.default_rng(t)
    g, m, shape = game.n_actions, game.n_constraints, (game.n_actions, WIDTH)
    plays = random.integers(0, 40, shape) * (random.random(shape) < 0.9)
    mean, residual = random.random(shape) * (plays > 0), random.uniform(-0.4, 0.4, (m, *shape)) * (plays > 0)
    known = np.where(random.random(shape) < 0.9, plays * game.batch_size * random.random((m, *shape)), 0.0)
    latent, arm, rates = random.uniform(0.3, 0.7, (2, WIDTH)), random.integers(0, g, WIDTH), random.random((2, WIDTH))
    pairs, optimistic, excess = [], np.empty(shape), np.empty(shape)
    for r in range(WIDTH):
        columns = plays[:, r].copy(), mean[:, r].copy(), residual[..., r].T.copy(), known[..., r].T.copy()
        search = SearchState(Evidence(*columns), optimistic[:, r].copy(), excess[:, r].copy())
        for i in range(g):
            plain(refresh)(params, search, i)
        optimistic[:, r], excess[:, r] = search[1:]
        leader = plain(best_feasible)(*search[1:])
        world = ThresholdWorld(
            State(*latent[:, r]),
            int(arm[r]),
            rates[None, :, r].copy(),
            np.zeros((1, m)),
            np.zeros(m),
            *[empty_sum.py_func()] * 6,
            *[0] * 3,
            plain(no_tables)(0, 1),
            plain(no_batch)(2),
        )
        pairs.append((LedState(search, leader, *plain(rivals)(leader, *search[1:])), world))
    evidence = np.concatenate([plays[None] * 1.0, mean[None], residual, known])
    sums, counts = np.zeros((6, WIDTH)), np.zeros((3, WIDTH), np.int64)
    state = State(latent[0], latent[1])
    return pairs, Played(Search(evidence, optimistic, excess), state, arm.astype(np.int32), rates, sums, sums, counts)


@pytest.mark.parametrize(("game", "t"), [(CURVES, 4095), (POOLS, 2**32 + 7)], ids=["curves", "pools"])
def test_one_round_equals_the_text(game, t):
    """Same threshold and batch and, to 1e-12, same evidence, bounds, population and sums from 64 random states."""
    params, setting = SEARCH.parameters(game), game.setting()
    pairs, played = random_states(game, params, t)
    with jax.enable_x64(True):
        address = jnp.uint64(SEED), jnp.arange(WIDTH, dtype=jnp.uint32)
        given = jax.tree.map(jnp.asarray, (params, setting))
        advance = program(type(game.population), game.n_constraints)
        found = jax.tree.map(np.asarray, advance(given, address, played, jnp.int64(t), jnp.int64(t + 1)))
    act, update, respond = plain(SEARCH.steps.act), plain(SEARCH.steps.update), plain(game.steps.respond)
    for r, (state, world) in enumerate(pairs):
        rng, env = stream_of(SEED, r, LEARNER), stream_of(SEED, r, ENVIRONMENT)
        arm = act(params, state, t, rng)
        outcome, world = respond(setting, world, t, arm, env)
        search = update(params, state, t, arm, outcome, rng).search
        assert found.last_arm[r] == arm
        assert tuple(found.counts[:, r]) == (world.infeasible, world.switches, world.absent)
        evidence = search.evidence
        rows = [evidence.plays, evidence.reward, *evidence.residual.T, *evidence.information.T]
        sums = world.reward, world.regret, world.parity, world.service, world.settled_regret, world.settled_violation
        for ours, expected in (
            (found.search.evidence[..., r], rows),
            (found.search.optimistic[:, r], search.optimistic),
            (found.search.excess[:, r], search.excess),
            ((found.state.first[r], found.state.second[r]), world.state),
            (found.last_rates[:, r], world.last_rates[0]),
            ((found.closed[:, r], found.open[:, r]), np.transpose(sums)),
        ):
            assert np.allclose(ours, expected, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------- what it refuses


class OwnGame(ThresholdGame):
    pass


class OwnCurves(Synthetic):
    pass


@pytest.mark.parametrize(
    ("game", "learner", "backend", "error", "message"),
    [
        (ThresholdGame(OwnCurves(), 9), SEARCH, "jax", TypeError, "got Optimistic.* in ThresholdGame of OwnCurves"),
        (OwnGame(Synthetic(), 9), SEARCH, "jax", TypeError, "got OptimisticFeasibleSearch in OwnGame"),
        (ThresholdGame(REGIONS, 9), SEARCH, "jax", TypeError, "the JAX backend plays two groups, got 3: use another"),
        (CURVES, SEARCH, "jax-float32", ValueError, "backend must be 'jax' for ThresholdGame"),
        (
            ThresholdGame(Synthetic(), 9, feedback=FullScores()),
            FullScoreSearch(),
            "jax",
            TypeError,
            "plays OptimisticFeasibleSearch in ThresholdGame of Synthetic or .* got FullScoreSearch",
        ),
    ],
)
def test_pairs_without_a_twin_are_refused(game, learner, backend, error, message):
    with pytest.raises(error, match=message):
        simulate(game, learner, backend=backend)
