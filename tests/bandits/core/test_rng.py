"""The generator against its published vectors and a plain-Python text; addresses; the law of the uniforms."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from bandits.core.rng import ENVIRONMENT, LEARNER, OBSERVATION, philox4x32, seed_word
from tests import references
from tests.drivers import draws, draws_plainly
from tests.strategies import repetitions, seeds

PURPOSES = (LEARNER, ENVIRONMENT, OBSERVATION)
FALSE_ALARM = 1e-9  # of each test of a law

ones = 2**32 - 1
VECTORS = [  # (key, counter, block): Random123's known answers for philox4x32-10
    ((0, 0), (0, 0, 0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ones, ones), (ones, ones, ones, ones), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0xA4093822, 0x299F31D0),
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]

addresses = st.tuples(
    seeds,
    repetitions,
    st.sampled_from(PURPOSES),
    st.one_of(st.integers(0, 100), st.integers(0, 2**56 - 1)),
    st.one_of(st.integers(0, 100), st.integers(0, 2**32 - 1)),
)


def check_known_answers(function):
    for key, counter, block in VECTORS:
        assert tuple(int(word) for word in function(*(np.uint32(word) for word in key + counter))) == block


PLAIN = getattr(philox4x32, "py_func", philox4x32)  # itself where nothing is compiled


@pytest.mark.parametrize("function", [philox4x32, PLAIN], ids=["compiled", "plain"])
def test_known_answers(function):
    check_known_answers(function)


def test_known_answers_of_the_reference():
    check_known_answers(lambda k0, k1, *c: references.philox((int(k0), int(k1)), [int(word) for word in c]))


def check_words(address, draw):
    """The two words at an address are the block of the documented counter, by the plain-Python text."""
    seed, repetition, purpose, t, index = address
    got, _, _, _ = draw([address])
    assert tuple(int(word) for word in got[0]) == references.words(seed, repetition, purpose, t, index)


@given(addresses)
@example((2**64 - 1, 2**32 - 1, OBSERVATION, 2**56 - 1, 2**32 - 1))
@example((0, 0, LEARNER, 2**32, 0))
def test_words_are_the_block_of_the_documented_counter(address):
    check_words(address, draws)


@given(addresses)
def test_an_address_can_be_read_back_from_its_counter(address):
    """Decoding the counter gives the address, so no two addresses of one seed share a counter, nor a block."""
    _, repetition, purpose, t, index = address
    low, second, third, mixed = references.counter(repetition, purpose, t, index)
    assert (third, mixed & 0xFF, (mixed >> 8) * 2**32 + low, second) == (repetition, purpose, t, index)
    assert all(0 <= word < 2**32 for word in (low, second, third, mixed))
    block = references.philox((1, 2), (low, second, third, mixed))
    assert references.philox_inverse((1, 2), block) == (low, second, third, mixed)


def test_every_coordinate_beyond_32_bits_matters():
    base = (7, 3, LEARNER, 5, 2)
    moved = [
        (7 + 2**32, 3, LEARNER, 5, 2),
        (7 + 2**63, 3, LEARNER, 5, 2),
        (7, 3, ENVIRONMENT, 5, 2),
        (7, 3, OBSERVATION, 5, 2),
        (7, 4, LEARNER, 5, 2),
        (7, 3 + 2**31, LEARNER, 5, 2),
        (7, 3, LEARNER, 5 + 2**32, 2),
        (7, 3, LEARNER, 5 + 2**55, 2),
        (7, 3, LEARNER, 5, 2 + 2**31),
    ]
    got, _, _, _ = draws([base, *moved])
    assert len({tuple(row) for row in got.tolist()}) == len(moved) + 1


def check_streams_differ(draw):
    """No two repetitions, purposes, rounds or indices share a word: 4 x 3 x 40 x 4 addresses, 3840 words."""
    grid = [(1, r, p, t, i) for r in range(4) for p in PURPOSES for t in range(40) for i in range(4)]
    assert np.unique(draw(grid)[0]).size == 2 * len(grid)


def test_streams_differ():
    check_streams_differ(draws)


def check_uniforms(address, draw):
    """Uniforms are the words' 53 leading bits, the pair begins with the single one, the index is floor(5 u)."""
    two, single, pair, integer = draw([address])
    assert single[0] == pair[0, 0] == int(two[0, 0]) // 2**11 / 2**53
    assert pair[0, 1] == int(two[0, 1]) // 2**11 / 2**53
    assert 0.0 <= min(pair[0]) <= max(pair[0]) < 1.0
    assert integer[0] == int(single[0] * 5)


@given(addresses)
def test_uniforms_lie_on_the_grid_and_the_pair_begins_with_the_single(address):
    check_uniforms(address, draws)


def check_the_largest_word(draw):
    """Philox is a bijection: find the address, with seed 0, whose words are all ones."""
    low, index, repetition, mixed = references.philox_inverse((0, 0), (ones,) * 4)
    address = (0, repetition, mixed & 0xFF, (mixed >> 8) * 2**32 + low, index)
    _, _, pair, integer = draw([address])
    assert pair.tolist() == [[1.0 - 2.0**-53] * 2]
    assert integer[0] == 4


def test_the_largest_word_gives_a_uniform_below_one():
    check_the_largest_word(draws)


@given(addresses)
def test_plain_draws_are_the_compiled_ones(address):
    """What other tests run by Python is what the compiled core draws."""
    for compiled, text in zip(draws([address]), draws_plainly([address]), strict=True):
        assert compiled.tobytes() == text.tobytes()


@pytest.mark.parametrize("along", ["rounds", "indices", "repetitions", "seeds"])
def test_uniforms_are_uniform_along_every_coordinate(along):
    """Kolmogorov-Smirnov on both of the pair, and chi-square of 16 x 16 cells of the pair and of neighbours."""
    n = 50_000
    columns = {name: np.full(n, 3, np.uint64) for name in ("seeds", "repetitions", "purposes", "rounds", "indices")}
    columns["purposes"][:] = ENVIRONMENT
    columns[along] = np.arange(n, dtype=np.uint64)
    _, single, pair, integer = draws(np.stack(list(columns.values()), axis=1))
    for sample in pair.T:
        assert stats.kstest(sample, "uniform").pvalue > FALSE_ALARM
    for first, second in ((pair[:, 0], pair[:, 1]), (single[:-1:2], single[1::2])):
        cells = np.bincount((first * 16).astype(int) * 16 + (second * 16).astype(int), minlength=256)
        assert stats.chisquare(cells).pvalue > FALSE_ALARM
    assert stats.chisquare(np.bincount(integer.astype(int), minlength=5)).pvalue > FALSE_ALARM


@pytest.mark.parametrize("seed", [0, 2**64 - 1, np.int64(5)])
def test_seeds_that_are_taken(seed):
    word = seed_word(seed)
    assert isinstance(word, np.uint64)
    assert int(word) == int(seed)


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (2**64, ValueError), (1.0, TypeError), (True, TypeError), ("7", TypeError)]
)
def test_seeds_that_are_refused(seed, error):
    with pytest.raises(error, match=r"^seed must be") as caught:
        seed_word(seed)
    assert str(seed).lower() in str(caught.value).lower()
