"""Step functions are translated once and inlined many times, each time with what their names mean then."""

import gc
import weakref

import numpy as np
import pytest

from bandits.core import inliner
from bandits.core.jit import kernel, program

OFFSET = 1


@kernel
def shifted(x):
    total = 0
    for i in range(x):
        total += i
    return total + OFFSET


@kernel
def twice(x, scale=2.0):
    return scale * shifted(x) if x > 0 else -shifted(x)


def called_by(step):
    @program
    def run(x):
        return step(x) + 10 * step(x + 1) + 100 * step(x)

    return run


def by_hand(step, x):
    return step(x) + 10 * step(x + 1) + 100 * step(x)


@pytest.mark.parametrize("x", [0, 1, 4])
def test_calls_in_one_expression_are_apart(x):
    assert called_by(twice)(x) == by_hand(twice.py_func, x)


def test_what_a_name_means_now_is_compiled(monkeypatch):
    assert called_by(shifted)(2) == by_hand(shifted.py_func, 2)
    monkeypatch.setitem(shifted.py_func.__globals__, "OFFSET", 7)
    assert called_by(shifted)(2) == by_hand(shifted.py_func, 2) == 908


def test_defaults_and_variables_around_are_those_of_the_function():
    def scaled(by):
        @kernel
        def step(x, offset=by):
            return by * x + offset

        return step

    assert [called_by(scaled(by))(3) for by in (2, 5)] == [by_hand(lambda x, by=by: by * x + by, 3) for by in (2, 5)]


def test_arrays_branches_and_unpacking_are_inlined():
    @kernel
    def split(values):
        best, place = values[0], 0
        for i, value in enumerate(values):
            if value > best:
                best, place = value, i
        return best, place

    @program
    def run(values):
        best, place = split(values)
        values[place] = 0.0
        second, other = split(values)
        return best, place, second, other

    assert run(np.array([1.0, 5.0, 3.0])) == (5.0, 1, 3.0, 2)


def test_functions_that_are_gone_are_forgotten(tmp_path, monkeypatch):
    monkeypatch.setenv("REGRETLAB_CACHE_DIR", str(tmp_path))  # empty, so that the function is inlined here

    @kernel
    def passing(x):
        return x + 3

    assert called_by(passing)(1) == 4 + 50 + 400
    kept = weakref.ref(passing.py_func)
    assert kept() in inliner._known
    del passing
    gc.collect()
    assert kept() is None
