"""Loss processes against their definitions, read round by round."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bandits.core.coins import bernoulli_word, bernoulli_words
from bandits.core.rng import ENVIRONMENT
from bandits.losses import (
    AlternatingLosses,
    BernoulliLosses,
    BitwiseCoins,
    HiddenCoin,
    LossTable,
    PiecewiseLosses,
)
from bandits.losses.bernoulli import MANY_COINS
from bandits.losses.random_walk import MultiScaleRandomWalk
from tests import references
from tests.drivers import plain, read, stream_of
from tests.strategies import loss_processes, repetitions, seeds

FALSE_ALARM = 1e-9  # of each comparison of a frequency
EXACT = (
    BernoulliLosses,
    AlternatingLosses,
    PiecewiseLosses,
    BitwiseCoins,
    HiddenCoin,
)  # their totals are whole numbers


@st.composite
def readings(draw):
    """A horizon, increasing checkpoints within it, and a process for it."""
    horizon = draw(st.integers(2, 200))
    checkpoints = sorted(draw(st.sets(st.integers(1, horizon), min_size=1, max_size=5)))
    return horizon, checkpoints, draw(loss_processes(horizon))


def check_totals(process, horizon, seed, repetition, checkpoints, setting=None):
    """At each checkpoint the totals are the sums of the losses read, all of which lie in [0, 1]."""
    losses, totals = read(process, horizon, seed, repetition, checkpoints, setting)
    assert ((losses >= 0.0) & (losses <= 1.0)).all()
    for n, row in zip(checkpoints, totals):
        expected = [math.fsum(column) for column in losses[:n].T]
        np.testing.assert_allclose(row, expected, rtol=0 if isinstance(process, EXACT) else 1e-12, atol=0)


@given(readings(), seeds, repetitions)
def test_totals_are_the_sums_of_the_losses(reading, seed, repetition):
    horizon, checkpoints, process = reading
    check_totals(process, horizon, seed, repetition, checkpoints)


@given(readings(), seeds, repetitions)
def test_losses_depend_on_seed_repetition_and_round_alone(reading, seed, repetition):
    """Not on the horizon of the loop, the checkpoints, or what was read before."""
    horizon, checkpoints, process = reading
    setting = process.setting(horizon)
    whole, totals = read(process, horizon, seed, repetition, checkpoints, setting)
    part, part_totals = read(process, checkpoints[0], seed, repetition, None, setting)
    assert np.array_equal(part, whole[: checkpoints[0]])
    assert np.array_equal(part_totals[0], totals[0])


RANDOM = [
    BernoulliLosses([0.5, 0.4]),
    PiecewiseLosses([[0.5, 0.4], [0.1, 0.9]], [64]),
    MultiScaleRandomWalk(2),
    BitwiseCoins(3),
    HiddenCoin(3, 0.2),
]


@pytest.mark.parametrize("process", RANDOM, ids=lambda p: type(p).__name__)
def test_other_seeds_and_repetitions_give_other_losses(process):
    readings = [read(process, 128, *key)[0].tobytes() for key in ((1, 0), (1, 1), (1, 2**31), (2, 0), (1 + 2**40, 0))]
    assert len(set(readings)) == 5


# ---------------------------------------------------------------- Bernoulli


def bernoulli_by_digits(means, horizon, seed, repetition):
    """Compare 64-digit uniforms with the means digit by digit, in exact arithmetic, one loss at a time.

    Digit d of the uniform of (round, arm) is bit t mod 64 of word d of the arm in block t // 64.
    """
    losses = np.zeros((horizon, len(means)))
    for block in range((horizon + 63) // 64):
        for arm in range(len(means)):
            pairs = [references.words(seed, repetition, ENVIRONMENT, block, arm * 32 + i) for i in range(32)]
            digits = [word for pair in pairs for word in pair]
            for t in range(64 * block, min(64 * block + 64, horizon)):
                number = sum((word >> t % 64 & 1) << 63 - d for d, word in enumerate(digits))
                numerator, denominator = means[arm].as_integer_ratio()
                losses[t, arm] = number * denominator < numerator * 2**64
    return losses


MANY = [0.5, 0.3, 1.0, 0.0, 2.0**-40, 0.75, 1.0 - 2.0**-53, 1e-3, *np.linspace(0.1, 0.9, MANY_COINS - 8)]


@pytest.mark.parametrize("means", [[0.5], [0.3, 1.0, 0.0, 2.0**-40], [0.75, 1.0 - 2.0**-53, 1e-3, 0.1], MANY])
@pytest.mark.parametrize("seed", [0, 2**64 - 5])
def test_bernoulli_losses_are_comparisons_of_uniforms_with_the_means(means, seed):
    losses, _ = read(BernoulliLosses(means), 150, seed, 4)
    assert np.array_equal(losses, bernoulli_by_digits(means, 150, seed, 4))


def check_words(function, digits, seed, block):
    """The words made together are those made one by one."""
    digits, env = np.array(digits, np.uint64), stream_of(seed, 1, ENVIRONMENT)
    bits, scratch = np.full(digits.size, 77, np.uint64), np.zeros(digits.size, np.uint64)
    plain(function)(digits, env, block, bits, scratch)
    assert bits.tolist() == [plain(bernoulli_word)(d, env, block, arm) for arm, d in enumerate(digits)]


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=8), seeds, st.integers(0, 2**40))
@example([2**63] * 4, 3, 5)
@example([1, 2**64 - 1, 0], 3, 5)
def test_words_made_together_are_those_made_one_by_one(digits, seed, block):
    check_words(bernoulli_words, digits, seed, block)


def test_words_that_stop_early_are_rejected():
    """A mutant that compares the leading digits only, and one that forgets them in the rest."""
    leading = plain(bernoulli_words, _decided=lambda *_: np.uint64(0))
    whole = plain(bernoulli_words, _decided=lambda digits, env, block, arm, digit, undecided: undecided)
    for mutant in (leading, whole):
        with pytest.raises(AssertionError):
            check_words(mutant, [2**63 + 2**40] * 3 + [2**62 - 1] * 3, 3, 5)


@pytest.mark.parametrize("distance", range(-2, 3))
def test_bernoulli_comparison_at_its_edge(distance):
    """Means within two units of a uniform's own 53 leading digits: the comparison is decided by its last digits."""
    first = [references.words(9, 0, ENVIRONMENT, 0, i) for i in range(32)]
    number = sum((word & 1) << 63 - d for d, word in enumerate(word for pair in first for word in pair))
    mean = ((number >> 11) + distance) / 2**53
    losses, _ = read(BernoulliLosses([mean]), 1, 9, 0)
    assert losses[0, 0] == (number < int(mean * 2**64))


def test_bernoulli_means():
    """Hoeffding with false alarm 1e-9 per arm; means 0 and 1 are exact."""
    blocks, means = 6250, np.array([0.0, 1.0, 0.5, 0.1, 1 / 3, 0.999])
    env, digits = stream_of(11, 0, ENVIRONMENT), BernoulliLosses(means).setting(1).digits
    words = [[bernoulli_word(digits[arm], env, block, arm) for arm in range(6)] for block in range(blocks)]
    losses = np.unpackbits(np.array(words, dtype=np.uint64).T.copy().view(np.uint8), axis=1, bitorder="little").T
    n, losses = len(losses), losses.astype(float)
    assert n == 64 * blocks
    assert np.array_equal(losses[:64, 2:], read(BernoulliLosses(means), 64, 11)[0][:, 2:])
    radius = math.sqrt(math.log(2 / FALSE_ALARM) / (2 * n))
    assert (np.abs(losses.mean(axis=0) - means)[[0, 2, 3, 4, 5]] <= radius).all()
    assert losses[:, 0].sum() == 0.0
    pairs = losses[:-1, 2:] * losses[1:, 2:]  # neighbours are independent; halved n, since every loss is in two pairs
    assert (np.abs(pairs[::2].mean(axis=0) - means[2:] ** 2) <= math.sqrt(2) * radius).all()
    across = losses[:, 2] * losses[:, 4]
    assert abs(across.mean() - means[2] * means[4]) <= radius


def test_certain_losses_are_certain():
    losses, totals = read(BernoulliLosses([0.0, 1.0]), 200, 11)
    assert np.array_equal(losses, np.tile([0.0, 1.0], (200, 1)))
    assert totals[0].tolist() == [0.0, 200.0]


def test_the_hidden_coin_is_one_of_the_coins_at_another_mean():
    """The better action has the words of its mean, the others those of 1/2; it is another per repetition."""
    process, found = HiddenCoin(3, 0.25), set()
    for repetition in range(12):
        losses, _ = read(process, 100, 5, repetition)
        fair, low = (read(BernoulliLosses([mean] * 3), 100, 5, repetition)[0] for mean in (0.5, 0.25))
        differing = [arm for arm in range(3) if not np.array_equal(losses[:, arm], fair[:, arm])]
        assert differing == [int(3 * references.uniform(5, repetition, ENVIRONMENT, 0, 2**32 - 1))]
        assert np.array_equal(losses[:, differing[0]], low[:, differing[0]])
        found.add(differing[0])
    assert found == {0, 1, 2}  # a third each: missed with probability below 3 (2/3)^12 over the seed


def test_costly_actions_always_lose():
    found = set()
    for repetition in range(20):
        losses, totals = read(HiddenCoin(3, 0.4, costly=1), 100, 5, repetition)
        assert losses[:, 0].min() == 1.0
        found.add(int(totals[0].argmin()))
    assert found == {1, 2}  # a half each: missed with probability below 2^-19 over the seed


@pytest.mark.parametrize(("n_actions", "horizon"), [(2, 7), (5, 7), (8, 64), (9, 2)])
def test_bitwise_coins_split_the_actions_by_one_bit_per_block(n_actions, horizon):
    losses, _ = read(BitwiseCoins(n_actions), horizon, 3)
    n_bits = n_actions.bit_length() - 1
    for t, row in enumerate(losses):
        block = min(t // max(1, horizon // n_bits), n_bits - 1)
        bits = np.arange(n_actions) >> block & 1
        assert row.tolist() in (bits.tolist(), (1 - bits).tolist())


def test_with_gap_lowers_one_mean():
    assert BernoulliLosses.with_gap(3, 0.25, 0.5, best=1).means == (0.5, 0.25, 0.5)
    assert BernoulliLosses.with_gap(2, 0.5).means == (0.0, 0.5)


# ---------------------------------------------------------------- the others


@given(st.integers(1, 5), st.integers(1, 50), st.integers(1, 200))
def test_alternating_closed_form(n_actions, period, horizon):
    losses, totals = read(AlternatingLosses(n_actions, period), horizon)
    expected = np.eye(n_actions)[np.arange(horizon) // period % n_actions]
    assert np.array_equal(losses, expected)
    assert np.array_equal(totals[0], expected.sum(axis=0))


def test_piecewise_changes_at_its_change_points():
    """Means 0 and 1 show the pieces without noise; a point beyond the horizon is never reached."""
    process = PiecewiseLosses([[0, 1], [1, 1], [1, 0], [0, 0]], [5, 6, 100])
    losses, _ = read(process, 20)
    assert np.array_equal(losses, np.repeat([[0, 1], [1, 1], [1, 0]], [5, 1, 14], axis=0))


@pytest.mark.parametrize("drift", [False, True])
def test_piecewise_losses_are_comparisons_with_the_moving_mean(drift):
    means, points, horizon = np.array([[0.1, 0.8], [0.9, 0.2], [0.4, 0.5]]), [64, 100], 160
    losses, _ = read(PiecewiseLosses(means, points, drift), horizon, 5, 2)
    starts = np.array([0, *points])
    if drift:
        moving = np.stack([np.interp(np.arange(horizon), starts, column) for column in means.T], axis=1)
    else:
        moving = means[np.searchsorted(starts, np.arange(horizon), side="right") - 1]
    uniforms = [[references.uniform(5, 2, ENVIRONMENT, t, arm) for arm in range(2)] for t in range(horizon)]
    assert np.array_equal(losses, np.array(uniforms) < moving)


def test_long_tables_are_summed_accurately():
    """10^6 rounds: (4096 + n / 4096) 2^-53 relative, a thirtieth of what a naive running sum may lose."""
    table = np.random.default_rng(1).random((1_000_000, 2)) * 0.9 + 0.1
    process = LossTable(table)
    setting = process.setting(len(table))
    state, row = process.steps.init(setting, stream_of(0, 0, ENVIRONMENT)), np.zeros(2)
    for n in [4095, 4096, 500_001, len(table)]:
        process.steps.totals(setting, state, n, row)
        exact = np.array([math.fsum(column) for column in table[:n].T])
        assert (np.abs(row - exact) <= exact * (4096 + n / 4096) * 2.0**-53).all()


def test_totals_may_be_asked_for_anywhere():
    """Within a block, at its ends, in a later block, twice at one round: always the same numbers as from the start."""
    table = np.random.default_rng(3).random((10_000, 2))
    process, env = LossTable(table), stream_of(0, 0, ENVIRONMENT)
    setting, totals = process.setting(len(table)), process.steps.totals
    state, row, fresh = process.steps.init(setting, env), np.zeros(2), np.zeros(2)
    for n in [1, 1, 4000, 4096, 4096, 4097, 8191, 9000, 10_000]:
        totals(setting, state, n, row)
        totals(setting, process.steps.init(setting, env), n, fresh)
        assert np.array_equal(row, fresh)
        assert row == pytest.approx(table[:n].sum(axis=0), rel=1e-12)


def test_nobody_can_write_into_a_table():
    mine = np.full((3, 2), 0.5)
    process = LossTable(mine)
    mine[0, 0] = 0.25  # the caller's array stays the caller's, and the table stays as it was
    assert (process.table == 0.5).all()
    with pytest.raises(ValueError, match="read-only"):
        process.steps.row(process.setting(3), None, 1)[0] = 1.0


def test_tables_are_read_as_given():
    table = np.asfortranarray(np.random.default_rng(2).random((7, 3)))
    losses, _ = read(LossTable(table.tolist()), 5)
    assert np.array_equal(losses, table[:5])
    assert np.array_equal(read(LossTable(table), 7)[0], table)


# ---------------------------------------------------------------- wrong arguments

WRONG = [
    (lambda: BernoulliLosses([0.5, 1.5]), ValueError, "means", "1.5", r"\[0, 1\]"),
    (lambda: BernoulliLosses([0.5, math.nan]), ValueError, "means", "nan", r"\[0, 1\]"),
    (lambda: BernoulliLosses([]), ValueError, "means", r"\(0,\)", "1 non-empty"),
    (lambda: BernoulliLosses([[0.5]]), ValueError, "means", r"\(1, 1\)", "1 non-empty"),
    (lambda: BernoulliLosses("abc"), TypeError, "means", "1 axes", "array of numbers"),
    (lambda: BernoulliLosses.with_gap(0, 0.1), ValueError, "n_actions", "0", "between 1 and"),
    (lambda: BernoulliLosses.with_gap(2, 0.6), ValueError, "gap", "0.6", "at most mean = 0.5"),
    (lambda: BernoulliLosses.with_gap(2, -0.1), ValueError, "gap", "-0.1", r"\[0, 1\]"),
    (lambda: BernoulliLosses.with_gap(2, 0.1, 1.1), ValueError, "mean", "1.1", r"\[0, 1\]"),
    (lambda: BernoulliLosses.with_gap(2, 0.1, best=2), ValueError, "best", "2", "below n_actions = 2"),
    (lambda: AlternatingLosses(0), ValueError, "n_actions", "0", "between 1 and"),
    (lambda: AlternatingLosses(2.0), TypeError, "n_actions", "2.0", "integer"),
    (lambda: AlternatingLosses(2, 0), ValueError, "period", "0", "at least 1"),
    (lambda: PiecewiseLosses([0.5]), ValueError, "means", r"\(1,\)", "2 non-empty"),
    (lambda: PiecewiseLosses([[0.5], [2.0]], [3]), ValueError, "means", "2.0", r"\[0, 1\]"),
    (lambda: PiecewiseLosses([[0.5], [0.1]]), ValueError, "change_points", r"\[\]", "1 increasing"),
    (lambda: PiecewiseLosses([[0.5]] * 3, [5, 5]), ValueError, "change_points", r"\[5, 5\]", "2 increasing"),
    (lambda: PiecewiseLosses([[0.5]] * 3, [6, 5]), ValueError, "change_points", r"\[6, 5\]", "2 increasing"),
    (lambda: PiecewiseLosses([[0.5]] * 2, [0]), ValueError, "change_points", "0", "at least 1"),
    (lambda: PiecewiseLosses([[0.5]] * 2, [1.5]), TypeError, "change_points", "1.5", "integer"),
    (lambda: LossTable([[0.5, 1.5]]), ValueError, "losses", "1.5", r"\[0, 1\]"),
    (lambda: LossTable([0.5, 0.5]), ValueError, "losses", r"\(2,\)", "2 non-empty"),
    (lambda: LossTable(np.zeros((0, 2))), ValueError, "losses", r"\(0, 2\)", "2 non-empty"),
    (lambda: LossTable([[0.5], [0.1, 0.2]]), TypeError, "losses", "2 axes", "array of numbers"),
    (lambda: LossTable([[0.5]] * 3).setting(4), ValueError, "losses", "3", "horizon = 4"),
    (lambda: MultiScaleRandomWalk(1), ValueError, "n_actions", "1", "between 2 and 67108864"),
    (lambda: MultiScaleRandomWalk(3, gap=-0.1), ValueError, "gap", "-0.1", r"\[0, 1\]"),
    (lambda: MultiScaleRandomWalk(3, gap="0.1"), TypeError, "gap", "'0.1'", "number"),
    (lambda: MultiScaleRandomWalk(3, noise=-1), ValueError, "noise", "-1", r"\[0, inf\)"),
    (lambda: MultiScaleRandomWalk(3, noise=math.inf), ValueError, "noise", "inf", "finite"),
    (lambda: MultiScaleRandomWalk(3).setting(1), ValueError, "horizon", "1", "at least 2"),
]


@pytest.mark.parametrize(("make", "error", "argument", "value", "allowed"), WRONG)
def test_wrong_arguments(make, error, argument, value, allowed):
    with pytest.raises(error, match=f"^{argument} must .*{allowed}") as caught:
        make()
    assert "\n" not in str(caught.value)
    with pytest.raises(error, match=value):
        make()
