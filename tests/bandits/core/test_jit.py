"""Compiling: what the decorators promise, and what a program's key is made of."""

import ctypes
import random
from typing import NamedTuple

import numpy as np
import pytest

from bandits.core.addresses import GlobalRandomness
from bandits.core.jit import kernel, origin_of, program, rare_kernel, shared_kernel
from tests.bandits.core.programs import BASE, CHANGES, IRRELEVANT, digest, made


@pytest.mark.parametrize("decorator", [kernel, shared_kernel, rare_kernel, program])
def test_compiled_functions_follow_ieee_and_release_the_interpreter(decorator, cache):
    @decorator
    def ratio(a, b):
        return a / b

    assert ratio(1.0, 0.0) == np.inf
    assert np.isnan(ratio(0.0, 0.0))
    assert ratio(1.0, 3.0) == 1.0 / 3.0
    assert ratio.targetoptions["nogil"]


def test_the_three_kernels_differ_in_how_they_are_inlined_alone(cache):
    def step(x):
        return 3 * x + 1

    @program
    def sum_of(first, second, third, n):
        total = 0
        for i in range(n):
            total += first(i) + second(i) + third(i)
        return total

    steps = kernel(step), shared_kernel(step), rare_kernel(step)
    assert sum_of(*steps, 10) == 3 * sum(step(i) for i in range(10))
    assert steps[0].targetoptions["inline"] == "always"
    assert steps[1].targetoptions["forceinline"]
    assert "inline" not in steps[2].targetoptions


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_within_reach_changes_the_key(change):
    before, after = CHANGES[change]
    assert BASE.count(before) == 1
    assert digest(made(BASE.replace(before, after))) != digest(made(BASE))


@pytest.mark.parametrize("change", IRRELEVANT)
def test_what_is_out_of_reach_does_not(change):
    assert BASE.count(IRRELEVANT[change][0]) == 1
    assert digest(made(BASE.replace(*IRRELEVANT[change]))) == digest(made(BASE))


def test_named_tuples_enter_the_key_by_name_and_fields():
    text = "@program\ndef main(x):\n    return Pair(x, x)"
    Pair, Other = NamedTuple("Pair", [("a", int), ("b", int)]), NamedTuple("Pair", [("a", int), ("c", int)])
    keys = [digest(made(text, Pair=kind)) for kind in (Pair, Other)]
    assert len(set(keys)) == 2


def test_functions_of_other_modules_enter_the_key():
    import types

    def module(factor):
        holder = types.ModuleType("elsewhere")
        exec(f"def scaled(x):\n    return {factor} * x", holder.__dict__)
        holder.scaled = kernel(holder.scaled)
        return holder

    text = "@program\ndef main(x):\n    return elsewhere.scaled(x)"
    keys = [digest(made(text, elsewhere=module(factor))) for factor in (2, 2, 3)]
    assert keys[0] == keys[1] != keys[2]


def test_recursion_ends():
    text = "@rare_kernel\ndef f(n):\n    return 1 if n == 0 else n * f(n - 1)\n@program\ndef main(n):\n    return f(n)"
    assert digest(made(text)) == digest(made(text))


def test_what_cannot_be_followed_is_not_cached(cache):
    """Machine code of unknown origin gives no digest: such a program compiles in every process, and says why."""
    text = "@program\ndef main(x):\n    return negated(x)"
    negated = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long)(ctypes.CDLL(None).labs)
    compiled = made(text, negated=negated)
    assert origin_of(compiled).reached is None
    assert origin_of(compiled).reason.startswith("main reads an object of")
    assert compiled(-3) == 3
    assert not cache.exists()


def test_a_function_that_calls_itself_is_not_cached(cache):
    """Numba's compiled code of such a function jumps to an invalid address once it is read from disk."""
    text = "@rare_kernel\ndef f(n):\n    return 1 if n == 0 else n * f(n - 1)\n@program\ndef main(n):\n    return f(n)"
    assert made(text)(4) == 24
    assert not cache.exists()


@pytest.mark.parametrize("draw", ["np.random.random()", "random.random()", "shuffled()"])
def test_a_program_must_not_draw_from_a_generator_of_the_process(draw):
    with pytest.raises(GlobalRandomness, match=r"^step draws from .*, which the seed of a run does not reach$"):
        made(
            f"@kernel\ndef step():\n    return {draw}\n@program\ndef main():\n    return step()",
            random=random,
            shuffled=np.random.rand,
        )
