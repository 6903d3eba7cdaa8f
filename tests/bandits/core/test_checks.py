"""Validation: what is taken comes back converted, and what is refused is named with its value and range in one line."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.core.checks import array, instance, integer, optional_real, real


@given(st.integers(-(10**30), 10**30), st.sampled_from([int, np.int64, np.uint8, np.int16]))
def test_integers_of_every_kind_are_taken(number, kind):
    if kind is not int:
        info = np.iinfo(kind)
        number = kind(number % (int(info.max) + 1))
    taken = integer("n", number)
    assert type(taken) is int
    assert taken == number


@given(st.integers(-5, 15), st.integers(-5, 5), st.integers(5, 15))
def test_integer_ranges_are_closed(number, low, high):
    if low <= number <= high:
        assert integer("n", number, low, high) == number
    else:
        with pytest.raises(ValueError, match=rf"^n must be between {low} and {high}, got {number}$"):
            integer("n", number, low, high)


@given(st.floats(-2.0, 2.0).filter(lambda x: not 0.0 < x < 1e-100), st.booleans(), st.booleans())
def test_real_ranges_are_open_or_closed_as_asked(number, open_low, open_high):
    inside = (number > 0.0 or (number == 0.0 and not open_low)) and (number < 1.0 or (number == 1.0 and not open_high))
    interval = {"low": 0.0, "high": 1.0, "open_low": open_low, "open_high": open_high}
    if inside:
        assert real("x", number, **interval) == number
    else:
        ends = rf"{'(' if open_low else '['}0, 1{')' if open_high else ']'}"
        with pytest.raises(ValueError) as caught:
            real("x", number, **interval)
        assert str(caught.value) == f"x must be finite and in {ends}, got {number!r}"


@pytest.mark.parametrize("number", [3, 3.0, np.float32(3), np.int8(3), Fraction(3), np.array(3.0)])
def test_numbers_of_every_kind_become_floats(number):
    assert type(real("x", number)) is float
    assert real("x", number) == 3.0


TWO_AXES = "a must be an array of numbers with 2 axes"
REFUSED = [
    (lambda: integer("n", 2.0), TypeError, "n must be an integer, got 2.0"),
    (lambda: integer("n", True), TypeError, "n must be an integer, got True"),
    (lambda: integer("n", np.True_), TypeError, "n must be an integer, got np.True_"),
    (lambda: integer("n", "2"), TypeError, "n must be an integer, got '2'"),
    (lambda: integer("n", None), TypeError, "n must be an integer, got None"),
    (lambda: integer("n", 0, low=1), ValueError, "n must be at least 1, got 0"),
    (lambda: integer("n", 4, high=3), ValueError, "n must be at most 3, got 4"),
    (lambda: real("x", "1.0"), TypeError, "x must be a number, got '1.0'"),
    (lambda: real("x", b"1"), TypeError, "x must be a number, got b'1'"),
    (lambda: real("x", False), TypeError, "x must be a number, got False"),
    (lambda: real("x", None), TypeError, "x must be a number, got None"),
    (lambda: real("x", [1.0]), TypeError, "x must be a number, got [1.0]"),
    (lambda: real("x", 1j), TypeError, "x must be a number, got 1j"),
    (lambda: real("x", math.nan), ValueError, "x must be finite and in (-inf, inf), got nan"),
    (lambda: real("x", math.inf, low=0.0), ValueError, "x must be finite and in [0, inf), got inf"),
    (lambda: real("x", -math.inf, high=0.0), ValueError, "x must be finite and in (-inf, 0], got -inf"),
    (lambda: optional_real("x", -1, low=0.0), ValueError, "x must be finite and in [0, inf), got -1"),
    (lambda: array("a", [0.5, 2.0], 1, 0.0, 1.0), ValueError, "a must lie in [0, 1], got 2.0 at index (1,)"),
    (lambda: array("a", [[0.0, math.nan]], 2, 0, 1), ValueError, "a must lie in [0, 1], got nan at index (0, 1)"),
    (lambda: array("a", [0.5], 2, 0.0, 1.0), ValueError, "a must have 2 non-empty axes, got shape (1,)"),
    (lambda: array("a", np.zeros((0, 3)), 2, 0, 1), ValueError, "a must have 2 non-empty axes, got shape (0, 3)"),
    (lambda: array("a", [[1.0], [1.0, 0.0]], 2, 0, 1), TypeError, f"{TWO_AXES}, got [[1.0], [1.0, 0.0]]"),
    (lambda: array("a", "abc", 1, 0, 1), TypeError, "a must be an array of numbers with 1 axes, got 'abc'"),
    (lambda: array("a", 0.5, 1, 0, 1), ValueError, "a must have 1 non-empty axes, got shape ()"),
    (lambda: array("a", ["1", "5"], 1, 0, 1), TypeError, "a must be an array of numbers with 1 axes, got ['1', '5']"),
    (lambda: array("a", np.array([1, 5j]), 2, 0, 1), TypeError, f"{TWO_AXES}, got ndarray of shape (2,)"),
    (lambda: integer("n", 2**70, 1), ValueError, f"n must be between 1 and {2**56}, got {2**70}"),
    (lambda: instance("k", 3, str, "a word"), TypeError, "k must be a word, got int"),
    (lambda: instance("k", str, str, "a word"), TypeError, "k must be a word, got str (the class itself: call it)"),
    (lambda: instance("k", None, (str, bytes), "a word"), TypeError, "k must be a word, got NoneType"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED, ids=[message for _, _, message in REFUSED])
def test_refusals_name_argument_value_and_range_in_one_line(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_none_asks_for_the_theorems_tuning():
    assert optional_real("x", None, low=0.0) is None
    assert optional_real("x", 2, low=0.0) == 2.0


def test_arrays_become_contiguous_floats():
    given_array = np.asfortranarray(np.arange(6).reshape(2, 3))
    taken = array("a", given_array, ndim=2, low=0, high=5)
    assert taken.dtype == np.float64
    assert taken.flags.c_contiguous
    assert np.array_equal(taken, given_array)


def test_instances_come_back():
    assert instance("k", "x", (str, bytes), "a word") == "x"
    assert instance("k", True, int, "a number") is True
