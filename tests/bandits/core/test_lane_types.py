"""Operators and functions give on lane numbers of every type the bits that they give on numbers."""

import math

import numpy as np
import pytest

from bandits.core.jit import kernel, program
from bandits.core.lanes import LANES, alike, any_lane, as_lanes, where

EDGES = {
    "float64": [0.0, -0.0, math.nan, math.inf, -math.inf, 1.5, -1.5, 2.0**63, -(2.0**64), 5e-324, 2.0**32, -2.0, 300.7],
    "int64": [0, 1, -1, 2**63 - 1, -(2**63), 5, -5, 63, 64, 65, 2**32, -(2**32), 255],
    "uint64": [0, 1, 2, 2**63 - 1, 2**63, 5, 2**64 - 5, 63, 64, 65, 2**32, 2**64 - 1, 255],
    "int32": [0, 1, -1, 2**31 - 1, -(2**31), 5, -5, 63, 64, 65, 2**16, -(2**16), 255],
    "uint8": [0, 1, 2, 127, 128, 5, 251, 63, 64, 65, 16, 254, 255],
    "bool": [False, True, True] * 4 + [False],
}
SAME = {
    "truth values in arrays": (lambda x, y: x, "bool", "bool"),
    "comparisons with unsigned ones": (lambda x, y: (x < y) & (x != y), "uint64", "int64"),
    "absolute values of unsigned ones": (lambda x, y: abs(x) + min(x, y), "uint64", "uint64"),
    "quotients of integers": (lambda x, y: x / y, "int64", "uint64"),
    "roots of integers": (lambda x, y: math.sqrt(x), "uint8", "int64"),
    "narrow integers": (lambda x, y: (-x) + (~x) + (x << 3), "int32", "int64"),
    "narrow unsigned integers": (lambda x, y: (-x) ^ (~x) ^ (x >> y), "uint8", "uint8"),
    "negated truth values": (lambda x, y: -x + ~y, "bool", "bool"),
    "negated conditions": (lambda x, y: (not x) + 2 * (not y), "float64", "int64"),
    "shifts by more than there are bits": (lambda x, y: (x << y) ^ (x >> y), "int64", "int64"),
    "conversions to narrow integers": (lambda x, y: alike(x, np.int8(0)) + alike(x, np.uint8(0)), "float64", "int64"),
    "conditions that are numbers": (lambda x, y: where(x, y, 3) + where(y, 1, 2), "float64", "int64"),
    "conversions to truth values": (lambda x, y: alike(x, True) + alike(y, True), "float64", "int64"),
    "the lesser and the greater": (lambda x, y: min(x, 0.0) + max(x, y), "float64", "int64"),
}


def of_each_and_at_once(text, x, y):
    """Return the numbers of a kernel of two numbers, played one at a time and in lanes."""
    step = kernel(text)

    @program
    def one(x, y, out):
        for i in range(LANES):
            out[i] = step(x[i], y[i])

    @program
    def many(x, y, out):
        as_lanes(out)[0] = step(as_lanes(x)[0], as_lanes(y)[0])

    @program
    def first(x, y):
        return step(x[0], y[0])

    kind = type(first(x, y))
    alone, together = np.zeros((2, LANES), kind)
    one(x, y, alone)
    many(x.reshape(1, LANES), y.reshape(1, LANES), together.reshape(1, LANES))
    return alone, together


@pytest.mark.parametrize(("text", "left", "right"), SAME.values(), ids=SAME)
def test_lanes_have_the_bits_of_numbers(text, left, right):
    x = np.array(EDGES[left] + EDGES[left][:3], left)
    y = np.roll(np.array(EDGES[right] + EDGES[right][:3], right), 5)[::-1].copy()
    alone, together = of_each_and_at_once(text, x, y)
    assert np.array_equal(np.isnan(alone), np.isnan(together))
    known = ~np.isnan(alone)
    assert alone[known].tobytes() == together[known].tobytes()
    assert len(np.unique(alone[known])) > 1


@pytest.mark.parametrize("numbers", [np.zeros(LANES, np.int64), np.eye(1, LANES, 3, np.int64)[0]])
def test_some_lane_may_be_told_by_numbers(numbers):
    @program
    def some(numbers):
        return any_lane(as_lanes(numbers)[0])

    assert some(numbers.reshape(1, LANES)) == bool(numbers.any())
