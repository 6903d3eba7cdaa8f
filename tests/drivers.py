"""Single parts of the core for tests to drive: in compiled loops, composed as the core does, or as plain Python."""

from types import CellType, FunctionType

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from bandits.core.jit import program
from bandits.core.rng import (
    ENVIRONMENT,
    Stream,
    philox4x32,
    seed_word,
    stream,
    uniform,
    uniform_index,
    uniform_pair,
    words,
)
from sims.engines.compiled import compose
from tests import references


@program
def _draws(addresses, integers, reals):
    for i in range(len(addresses)):
        seed, repetition, purpose, t, index = addresses[i]
        rng = stream(seed, repetition, purpose)
        integers[i, 0], integers[i, 1] = words(rng, t, index)
        reals[i, 0] = uniform(rng, t, index)
        reals[i, 1], reals[i, 2] = uniform_pair(rng, t, index)
        integers[i, 2] = uniform_index(rng, t, index, 5)


def draws(addresses):
    """Return (words (N, 2), uniforms (N,), pairs (N, 2), integers of 0..4 (N,)) at addresses (N, 5).

    An address is (seed, repetition, purpose, t, index).
    """
    addresses = np.array(addresses, dtype=np.uint64).reshape(-1, 5)
    integers, reals = np.zeros((len(addresses), 3), np.uint64), np.zeros((len(addresses), 3))
    _draws(addresses, integers, reals)
    return integers[:, :2], reals[:, 0], reals[:, 1:], integers[:, 2]


def stream_of(seed, repetition, purpose):
    """Return a repetition's stream for a purpose, as Python sees it."""
    return Stream(*(np.uint32(part) for part in (seed % 2**32, seed // 2**32, repetition, purpose)))


# ---------------------------------------------------------------- the same source, run by Python


def plain(function, **instead):
    """Return a compiled function as plain Python, with all that it calls: nothing is compiled.

    The functions returned have their own copy of their module's names, so the core stays as it is. What the source
    calls by a name of `instead` is replaced. Philox alone runs as the tests' version on Python integers, which is
    twenty times faster; test_rng holds the two equal.
    """
    if function is philox4x32:
        return _philox
    if isinstance(function, Dispatcher):
        text = function.py_func
    elif isinstance(function, FunctionType) and instead and _draws_something(function):
        text = function  # NUMBA_DISABLE_JIT=1
    else:
        return function
    cells = tuple(CellType(plain(cell.cell_contents, **instead)) for cell in text.__closure__ or ())
    names = dict(text.__globals__)
    names |= {name: plain(names[name], **instead) for name in text.__code__.co_names if name in names} | instead
    return FunctionType(text.__code__, names, text.__name__, text.__defaults__, cells or None)


def _draws_something(function):
    """Return whether an interpreted function is a part of a family; the core's do not draw by a name of `instead`."""
    return function.__module__.startswith("bandits.") and not function.__module__.startswith("bandits.core.")


def _philox(k0, k1, *counter):
    return references.philox((int(k0), int(k1)), tuple(map(int, counter)))


def play_plainly(problem, learner, repetitions=1, seed=0, checkpoints=None, first_repetition=0):
    """Return what `simulate` should measure, (R, C, M), by the loop's own text run by Python."""
    rounds = np.array([problem.horizon] if checkpoints is None else checkpoints, dtype=np.int64)
    values = np.full((repetitions, len(rounds), len(problem.metrics)), np.nan)
    play = plain(compose(learner.steps_for(problem), problem.steps, problem.metrics))
    seed, stop = seed_word(seed), np.zeros(1, np.uint8)
    play(learner.parameters(problem), problem.setting(), seed, first_repetition, rounds, stop, values)
    return values


def read(process, horizon, seed=0, repetition=0, checkpoints=None, setting=None, **instead):
    """Return (losses (T, K), totals (C, K)) of a loss process; `checkpoints` are increasing rounds, by default T."""
    rounds = [horizon] if checkpoints is None else list(checkpoints)
    init, advance, loss, totals = (plain(step, **instead) for step in process.steps[:4])
    setting, env = process.setting(horizon) if setting is None else setting, stream_of(seed, repetition, ENVIRONMENT)
    losses = np.full((horizon, process.n_actions), np.nan)
    sums = np.full((len(rounds), process.n_actions), np.nan)
    state = init(setting, env)
    for t in range(horizon):
        state = advance(setting, state, t, env)
        losses[t] = [loss(setting, state, t, arm) for arm in range(process.n_actions)]
        if t + 1 in rounds:
            totals(setting, state, t + 1, sums[rounds.index(t + 1)])
    return losses, sums


def draws_plainly(addresses, **instead):
    """Return what `draws` should, by the generator's text run by Python."""
    loop = plain(_draws, **instead)
    integers, reals = np.zeros((len(addresses), 3), np.uint64), np.zeros((len(addresses), 3))
    loop([(np.uint64(seed), *map(int, rest)) for seed, *rest in addresses], integers, reals)
    return integers[:, :2], reals[:, 0], reals[:, 1:], integers[:, 2]


def slow(*values):
    """Return the values as a set of parameters that `make slow-tests` alone plays."""
    return pytest.param(*values, marks=pytest.mark.slow)
