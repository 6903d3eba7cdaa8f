"""Borrowed arrays are neither freed early nor twice; operations on bits."""

import sys
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba.core.runtime import _nrt_python, rtsys

from bandits.core.jit import (
    borrow,
    keep_alive,
    program,
    rare_kernel,
    shared_kernel,
    trailing_zeros,
)
from bandits.core.lanes import popcount
from tests.drivers import slow


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Keep compiled programs in an empty folder."""
    monkeypatch.setenv("REGRETLAB_CACHE_DIR", str(tmp_path / "kernels"))
    return tmp_path / "kernels"


# ---------------------------------------------------------------- borrowed references


class Inner(NamedTuple):
    numbers: np.ndarray
    count: int


class Outer(NamedTuple):
    inner: Inner
    more: np.ndarray
    scale: float


@program
def _use_borrowed(n, size):
    """Make one owner per round, work on a reference borrowed from it, and release it only then."""
    total = 0.0
    for i in range(n):
        owner = Outer(Inner(np.zeros(size), i), np.ones(size), 2.0)
        lent = borrow(owner)
        for j in range(size):
            lent.inner.numbers[j] = i + j
        litter = np.full(size, np.nan)  # would land in the owner's memory if that were free by now
        for j in range(size):
            total += lent.scale * lent.inner.numbers[j] * lent.more[j] + lent.inner.count
        keep_alive(owner)
        keep_alive(litter)
    return total


@pytest.fixture
def counted():
    """Let Numba count what it allocates and frees."""
    _nrt_python.memsys_enable_stats()
    yield rtsys.get_allocation_stats
    _nrt_python.memsys_disable_stats()


def test_borrowed_tuples_show_their_owners_memory_and_free_nothing(cache, counted):
    expected = sum(2.0 * (i + j) + i for i in range(300) for j in range(40))
    _use_borrowed(1, 1)
    before = counted()
    assert _use_borrowed(300, 40) == expected
    after = counted()
    assert after.alloc - before.alloc == after.free - before.free == 900, "three arrays per round, each freed once"


@rare_kernel
def _rotated(owner):
    return Outer(Inner(owner.more, owner.inner.count + 1), owner.inner.numbers, -owner.scale)


@program
def _pass_on(n, size):
    """Hand tuples of tuples of arrays from kernel to kernel, keep one of each two."""
    kept = Outer(Inner(np.zeros(size), 0), np.ones(size), 1.0)
    for i in range(n):
        turned = _rotated(_rotated(_rotated(kept)))
        fresh = Outer(Inner(np.full(size, 1.0 * i), turned.inner.count), turned.more, turned.scale)
        if i % 2 == 0:
            kept = fresh
    return kept.inner.numbers.sum() + kept.more.sum() + kept.inner.count


def test_arrays_in_nested_tuples_are_counted_each(cache, counted):
    """Every array of every level is freed exactly once, when the last tuple that holds it is gone."""
    _pass_on(1, 1)
    before = counted()
    assert _pass_on(201, 5) == 5 * 200 + 5 * 198 + 3 * 101
    after = counted()
    assert after.alloc - before.alloc == after.free - before.free == 2 + 201


def test_writing_through_a_borrowed_array_reaches_the_callers(cache):
    @program
    def write(owner):
        lent = borrow(owner)
        lent.numbers[1] = 7.0
        keep_alive(owner)

    numbers = np.zeros(3)
    write(Inner(numbers, 1))
    assert numbers.tolist() == [0.0, 7.0, 0.0]
    assert sys.getrefcount(numbers) == 2


def test_in_plain_python_borrowing_is_the_identity():
    owner = Inner(np.zeros(2), 1)
    assert borrow(owner) is owner
    assert keep_alive(owner) is None


@pytest.mark.parametrize("decorator", [shared_kernel, slow(rare_kernel)])
def test_kernels_without_a_wrapper_can_be_called_from_python_too(decorator, cache):
    """Tuples of arrays go in and come out, before and after a program has compiled the kernel for itself."""

    @decorator
    def doubled(pair):
        return Inner(pair.numbers * 2.0, pair.count + 1)

    @program
    def twice(pair):
        return doubled(doubled(pair)).numbers

    numbers = np.arange(3.0)
    for call in (lambda: doubled(doubled(Inner(numbers, 1))).numbers, lambda: twice(Inner(numbers, 1))) * 2:
        assert call().tolist() == [0.0, 4.0, 8.0]
        assert sys.getrefcount(numbers) == 2, "the kernel kept no reference, and dropped none of the caller's"


# ---------------------------------------------------------------- bit tricks


@program
def _bits(words, out):
    for i in range(words.size):
        out[i, 0] = popcount(words[i])
        out[i, 1] = trailing_zeros(np.int64(words[i] >> np.uint64(1)) | (np.int64(1) << np.int64(62)))


@given(st.lists(st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 63).map(lambda k: 2**k)), min_size=1, max_size=20))
def test_bit_counts(words):
    out = np.zeros((len(words), 2), np.int64)
    _bits(np.array(words, dtype=np.uint64), out)
    for word, (ones, zeros) in zip(words, out.tolist(), strict=True):
        assert ones == popcount(word) == bin(word).count("1")
        number = word >> 1 | 2**62
        assert zeros == trailing_zeros(number) == len(bin(number)) - len(bin(number).rstrip("0"))
