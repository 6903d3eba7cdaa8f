"""The JAX backend against the compiled loop and the learners' steps, run by Python."""

import math
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bandits.core.exponential_weights as core
from bandits.combine import BlockedState
from bandits.core.coins import bernoulli_word
from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.core.rng_jax import stream
from bandits.losses import AlternatingLosses, BernoulliLosses, LossTable
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import (
    Bandit,
    BatchedExp3,
    Exp3,
    FullInformation,
    Hedge,
    LazyPerturbedLeader,
    ShrinkingDartboard,
    SwitchingCostGame,
)
from bandits.switching.shrinking_dartboard import DartboardState
from sims import simulate
from sims.engines.jax.switching import learners as jax_learners
from sims.engines.jax.switching import losses as losses_twins
from sims.engines.jax.switching.program import chunk_length
from tests.drivers import plain, play_plainly, stream_of

LEARNERS = [Exp3(0.05), BatchedExp3(0.1, 7), Hedge(0.1), ShrinkingDartboard(0.1)]
TABLE = LossTable(np.random.default_rng(1).random((5000, 3)))
COINS = BernoulliLosses([0.3, 0.5, 0.71])
WALK = MultiScaleRandomWalk(3, gap=0.2, noise=0.1)  # wide enough to be clipped at times
CHECKPOINTS = [1, 2, 63, 64, 65, 150, 300]
SEED = 9


def game(losses, learner, horizon=300):
    return SwitchingCostGame(losses, horizon, 0.5, Bandit() if Bandit in learner.accepts else FullInformation())


def in_jax(losses, learner, repetitions=64, checkpoints=CHECKPOINTS, backend="jax", first_repetition=0):
    problem = game(losses, learner)
    return simulate(
        problem,
        learner,
        repetitions=repetitions,
        seed=SEED,
        checkpoints=checkpoints,
        first_repetition=first_repetition,
        backend=backend,
    ).values


@pytest.mark.parametrize(
    ("losses", "learner"),
    [*((TABLE, learner) for learner in LEARNERS), (COINS, LEARNERS[0]), (COINS, LEARNERS[3])],
    ids=lambda given: type(given).__name__,
)
def test_whole_runs_equal_the_text(losses, learner):
    """Losses, switches, observations and regret bit by bit, at checkpoints inside and at the ends of chunks.

    Roundings of the weights, magnified by the learner up to exp(0.1 x 150) = 3e6 times, move one of the 900 x 3
    comparisons of a draw with probability below 1e-5; the seeds are fixed.
    """
    expected = play_plainly(game(losses, learner), learner, 3, SEED, CHECKPOINTS)
    assert np.array_equal(in_jax(losses, learner)[:3], expected)


def test_runs_on_the_walk_equal_the_text():
    """Counts bit by bit; the walk to rounding, for its normal draws are another text's, right to a few 1e-16."""
    learner = LEARNERS[3]
    found = in_jax(WALK, learner)[:3]
    expected = play_plainly(game(WALK, learner), learner, 3, SEED, CHECKPOINTS)
    names = game(WALK, learner).metrics
    counts = [names.index(name) for name in ("switches", "observations", "clipped_rounds")]
    assert np.array_equal(found[..., counts], expected[..., counts])
    assert expected[:, -1, -1].min() > 0, "clipping is tried"
    assert np.allclose(found, expected, rtol=1e-13, atol=1e-13)


def test_long_sums_equal_the_text():
    """Past a block of 4096 rounds; Hedge does not magnify roundings, since no estimate depends on its law."""
    learner, checkpoints = LEARNERS[2], [4095, 4096, 4097, 5000]
    problem = game(TABLE, learner, 5000)
    found = simulate(problem, learner, repetitions=64, seed=SEED, checkpoints=checkpoints, backend="jax").values
    assert np.array_equal(found[:1], play_plainly(problem, learner, 1, SEED, checkpoints))


# ---------------------------------------------------------------- one round from equal states


def random_states(rate):
    """Return estimates (3, 64) and the weights of both sides for each of 64 states."""
    loss = np.random.default_rng(3).exponential(3.0 / rate, (3, 64))
    text = []
    for column in loss.T:
        weight = np.exp(-rate * (column - column.min()))
        text.append(core.Weights(column.copy(), weight, weight.sum(), column.min(), 0.5 * weight.sum(), 0))
    excess = loss - loss.min(axis=0)
    return text, jax_learners.Weights(excess, np.exp(-rate * excess))


STATES = {  # one learner's state, and all repetitions', from weights, an action and a number
    "Exp3": (lambda w, arm, x, t: w, lambda w, arms, xs: jax_learners.WeightsOnly(w)),
    "Hedge": (lambda w, arm, x, t: w, lambda w, arms, xs: jax_learners.WeightsOnly(w)),
    "BatchedExp3": (lambda w, arm, x, t: BlockedState(w, arm, x, t - t % 7), jax_learners.Held),
    "ShrinkingDartboard": (lambda w, arm, x, t: DartboardState(w, arm, x), jax_learners.Held),
}


@pytest.mark.parametrize(
    ("learner", "t"),
    [*((learner, 70) for learner in LEARNERS), (LEARNERS[1], 72), (LEARNERS[1], 76)],  # of a batch: first, inner, last
    ids=lambda given: getattr(given, "name", given),
)
def test_one_round_equals_the_text(learner, t):
    """Same action and, to 1e-12, same law and state, from 64 random states."""
    text, weights = random_states(learner.learning_rate)
    one, every = STATES[learner.name]
    held, numbers = np.arange(64, dtype=np.int32) % 3, np.linspace(0.0, 1.0, 64)
    losses = np.random.default_rng(4).random((3, 64))
    after, arms, own = jax_round(learner, every(weights, held, numbers), t, losses)
    params = learner.parameters(game(TABLE, learner))
    act, update = plain(learner.steps.act), plain(learner.steps.update)
    for r, column in enumerate(losses.T):
        rng, state = stream_of(SEED, r, LEARNER), one(text[r], int(held[r]), numbers[r], t)
        arm = act(params, state, t, rng)
        assert (arms[r], own[r]) == (arm, column[arm])
        state = update(params, state, t, arm, column[arm] if Bandit in learner.accepts else column, rng)
        fresh = state.inner if isinstance(state, BlockedState) else getattr(state, "weights", state)
        law = after.weights.weight[:, r] / after.weights.weight[:, r].sum()
        assert np.allclose(law, fresh.weight / fresh.total, rtol=1e-12, atol=0.0)
        shift = fresh.loss - after.weights.loss[:, r]
        assert np.ptp(shift) <= 1e-12 * fresh.loss.max()
        if len(after) > 1:
            assert after.arm[r] == state[1]
            assert after.number[r] == pytest.approx(state[2], rel=1e-15)


def jax_round(learner, state, t, losses):
    """Play round t of all repetitions on losses (3, 64); return the state, the actions and their losses."""
    batched = jax_learners.LEARNERS[type(learner)]
    shown = losses_twins.Shown(lambda _, arm: losses_twins.pick(losses, arm), lambda _: losses)
    with jax.enable_x64(True):
        params = jax_learners.Params(jnp.asarray(learner.learning_rate), jnp.int64(7))

        @jax.jit
        def played(state, t):
            rng = stream(jnp.uint64(SEED), jnp.arange(64, dtype=jnp.uint32), LEARNER)
            draws = jax.tree.map(lambda rows: rows[0], batched.draws(rng, t[None, None]))
            return batched.play(params, state, t, draws, rng, shown)

        return jax.tree.map(np.asarray, played(state, jnp.int64(t)))


def test_words_of_coins_equal_the_text():
    """Means with none, one, few and all binary digits; blocks below and above 2^32."""
    coins = BernoulliLosses([0.0, 0.5, 0.3, 1 - 2**-53, 1.0])
    with jax.enable_x64(True):
        setting = jax.tree.map(jnp.asarray, coins.setting(1))
        env = stream(jnp.uint64(SEED), jnp.arange(3, dtype=jnp.uint32), ENVIRONMENT)
        made = jax.jit(lambda block: losses_twins.bernoulli_words(setting, env, block))
        for block in (0, 5, 2**33 + 1):
            found = np.asarray(made(jnp.int64(block)))
            assert not found[0].any()
            assert (found[4] == 2**64 - 1).all()
            for arm in (1, 2, 3):
                digits = coins.setting(1).digits[arm]
                expected = [
                    plain(bernoulli_word)(digits, stream_of(SEED, r, ENVIRONMENT), block, arm) for r in range(3)
                ]
                assert found[arm].tolist() == expected


def test_losses_by_round_are_the_words_by_action():
    """40 actions need two masks."""
    bits = np.random.default_rng(2).integers(0, 2**64, (40, 5), dtype=np.uint64)
    arms = np.array([0, 31, 32, 39, 7], dtype=np.int32)
    with jax.enable_x64(True):

        @jax.jit
        def shown(t):
            shown = losses_twins.LOSSES[BernoulliLosses].show(
                None, losses_twins.Words(jnp.asarray(bits), None), jnp.float64
            )
            return shown.all(t), shown.own(t, arms)

        for t in (0, 5, 64 + 63):
            expected = (bits >> np.uint64(t % 64)) & np.uint64(1)
            found, own = shown(jnp.int64(t))
            assert np.array_equal(found, expected)
            assert np.array_equal(own, expected[arms, np.arange(5)])


@pytest.mark.parametrize("block", [0, 1, 2**20 + 63, 2**34])
def test_a_block_of_the_walk_equals_the_text(block):
    """64 rounds from equal heights, round by round: any round's step is made from its address alone."""
    begin, heights = 64 * block, np.random.default_rng(7).normal(0.0, 0.3, (58, 5))
    if begin:  # the last height of the block before, which is an ancestor too
        lowest = (begin & -begin).bit_length() - 7
    setting = WALK.setting(1000)
    with jax.enable_x64(True):
        env = stream(jnp.uint64(SEED), jnp.arange(5, dtype=jnp.uint32), ENVIRONMENT)
        made = losses_twins.LOSSES[MultiScaleRandomWalk].start(3, 5)
        before = np.tile(heights[lowest], (65, 1)) if begin else made.height
        made = made._replace(ancestor=heights, height=before)

        @jax.jit
        def shown(t):
            after = losses_twins.walked(jax.tree.map(jnp.asarray, setting), env, t, jax.tree.map(jnp.asarray, made))
            return after, losses_twins.walk_losses(setting, after.height[1:])[0]

        after, losses = jax.tree.map(np.asarray, shown(jnp.int64(begin)))
    init, advance = plain(WALK.steps.init), plain(WALK.steps.advance)
    for r in range(5):
        rng = stream_of(SEED, r, ENVIRONMENT)
        state = init(setting, rng)
        state.ancestor[6:] = heights[:, r]
        assert after.good[r] == state.good
        for t in range(begin, begin + 64):
            state = advance(setting, state, t, rng)
            expected = state.good_loss, state.other_loss
            assert np.allclose(losses[t - begin, :, r], expected, rtol=0.0, atol=1e-14)
        assert np.allclose(after.ancestor[:, r], state.ancestor[6:], rtol=0.0, atol=1e-14)


def test_a_closed_block_of_the_walk_adds_up_as_the_text():
    """Sums of 64 rounds join the open sum in order, and that the closed one at multiples of 4096 rounds."""
    setting, process = WALK.setting(1000), losses_twins.LOSSES[MultiScaleRandomWalk]
    random = np.random.default_rng(8)
    with jax.enable_x64(True):
        made = process.start(3, 5)._replace(
            height=random.normal(0.0, 0.4, (65, 5)), open=random.random((2, 5)), closed=random.random((2, 5))
        )
        losses, clipped = map(np.asarray, losses_twins.walk_losses(setting, jnp.asarray(made.height[1:])))
        sums = np.cumsum([made.open, *losses], axis=0)[-1]
        for t in (64, 4096):
            after = jax.tree.map(np.asarray, losses_twins.closed_block(setting, jnp.int64(t), made))
            assert np.array_equal(after.open, sums if t == 64 else np.zeros((2, 5)))
            assert np.array_equal(after.closed, made.closed if t == 64 else made.closed + sums)
            assert np.array_equal(after.clipped, clipped.sum(axis=0))


# ---------------------------------------------------------------- repetitions, precision, extremes


def test_a_repetition_depends_on_its_number_alone():
    all_of_them = in_jax(TABLE, LEARNERS[0], repetitions=130)
    assert np.array_equal(all_of_them[100:103], in_jax(TABLE, LEARNERS[0], 3, first_repetition=100))
    assert len(np.unique(all_of_them[:, -1, 0])) > 100


def test_single_precision_plays_nearly_the_same():
    """Draws are shared, so only a rounding of 2^-24, magnified, can make runs diverge: of 64 few do, and by little."""
    double, single = in_jax(COINS, LEARNERS[0]), in_jax(COINS, LEARNERS[0], backend="jax-float32")
    same = np.isclose(double, single, rtol=1e-5).all(axis=(1, 2))
    assert same.mean() > 0.8
    assert not np.array_equal(double, single), "the option does something"


@pytest.mark.parametrize("backend", ["jax", "jax-float32"])
def test_weights_survive_enormous_rates(backend):
    """exp(-30 L) vanishes within a few rounds; the leaders' tie at the end is drawn from all the same."""
    learner, losses = Hedge(30.0), LossTable(np.tile(np.eye(3), (100, 1)))
    assert [chunk_length(30.0, precision) for precision in ("float32", "float64")] == [1, 8]
    expected = play_plainly(game(losses, learner), learner, 3, SEED, CHECKPOINTS)
    assert np.array_equal(in_jax(losses, learner, backend=backend)[:3], expected)


@given(st.floats(1e-6, 1e4), st.sampled_from(["float32", "float64"]))
def test_chunks_are_short_enough(rate, precision):
    length = chunk_length(rate, precision)
    assert 64 % length == 0
    assert length == 1 or math.exp(-rate * length) > 2e4 * np.finfo(precision).tiny / np.finfo(precision).eps


# ---------------------------------------------------------------- what it refuses, what it leaves alone


class OwnExp3(Exp3):
    pass


@pytest.mark.parametrize(
    ("losses", "learner", "error", "message"),
    [
        (
            TABLE,
            LazyPerturbedLeader(),
            TypeError,
            "plays Exp3 or BatchedExp3 or Hedge or ShrinkingDartboard .* got LazyPert",
        ),
        (TABLE, OwnExp3(), TypeError, "got OwnExp3 in SwitchingCostGame on LossTable"),
        (
            AlternatingLosses(3),
            Exp3(),
            TypeError,
            "on BernoulliLosses or LossTable or MultiScaleRandomWalk, got Exp3 .* on Alternating",
        ),
        (BernoulliLosses([0.5] * 129), Exp3(), ValueError, "at most 128 actions, got 129"),
    ],
)
def test_pairs_without_a_twin_are_refused(losses, learner, error, message):
    with pytest.raises(error, match=message):
        in_jax(losses, learner, checkpoints=None)


def test_unknown_backends_are_refused():
    with pytest.raises(ValueError, match=r"backend must be one of numba, .*, jax-float32, got 'torch'"):
        in_jax(TABLE, LEARNERS[0], backend="torch")


def test_the_users_settings_stay():
    before = dict(jax.config.values)
    in_jax(TABLE, LEARNERS[0])
    assert dict(jax.config.values) == before
    assert jnp.zeros(1).dtype == jnp.float32


def test_jax_stays_out_until_it_is_asked_for():
    text = """
import sys
import pytest
from bandits.losses import LossTable
from bandits.switching import Exp3, SwitchingCostGame
from sims import simulate
class Batched(Exp3):
    def play(self, problem, seed, first, count, rounds):
        return [[[0.0] * len(problem.metrics)] * len(rounds)] * count
game = SwitchingCostGame(LossTable([[0.0, 1.0]]), 1)
simulate(game, Batched())
assert "jax" not in sys.modules
with pytest.raises(TypeError, match="JAX backend"):
    simulate(game, type("Other", (Exp3,), {})(), backend="jax")
assert "jax" in sys.modules
"""
    subprocess.run([sys.executable, "-c", text], check=True, env={**os.environ, "PYTHONPATH": os.getcwd()})
