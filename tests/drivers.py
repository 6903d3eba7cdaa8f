"""Compiled loops around single parts of the core, so that tests can read them at speed; composed as the core does."""

from functools import cache

import numpy as np

from bandits.jit import borrow, keep_alive, program
from bandits.rng import ENVIRONMENT, Stream, seed_word, stream, uniform, uniform_index, uniform_pair, words


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


@cache
def _reader(steps):
    init, advance, loss, totals = steps[:4]

    @program
    def read(setting_owner, seed, repetition, checkpoints, losses, sums):
        env = stream(seed, repetition, ENVIRONMENT)
        setting = borrow(setting_owner)
        state_owner = init(setting, env)
        state = borrow(state_owner)
        row = 0
        for t in range(len(losses)):
            state = advance(setting, state, t, env)
            for arm in range(losses.shape[1]):
                losses[t, arm] = loss(setting, state, t, arm)
            if row < checkpoints.size and t + 1 == checkpoints[row]:
                totals(setting, state, t + 1, sums[row])
                row += 1
        keep_alive(state_owner)
        keep_alive(setting_owner)

    return read


def read(process, horizon, seed=0, repetition=0, checkpoints=None, setting=None):
    """Return (losses (T, K), totals (C, K)) of a loss process; `checkpoints` are increasing rounds, by default T."""
    rounds = np.array([horizon] if checkpoints is None else checkpoints, dtype=np.int64)
    losses = np.full((horizon, process.n_actions), np.nan)
    sums = np.full((len(rounds), process.n_actions), np.nan)
    setting = process.setting(horizon) if setting is None else setting
    _reader(process.steps)(setting, seed_word(seed), repetition, rounds, losses, sums)
    return losses, sums


def environment(seed, repetition):
    """Return the stream of a repetition's environment as Python sees it."""
    parts = (seed % 2**32, seed // 2**32, repetition, ENVIRONMENT)
    return Stream(*(np.uint32(part) for part in parts))
