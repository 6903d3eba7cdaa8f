"""Losses to check theorems on: hard ones, frozen so that the only randomness left is the learner's."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.checks import integer
from bandits.jit import borrow, keep_alive, program
from bandits.losses import LossProcess, LossSteps, LossTable
from bandits.rng import ENVIRONMENT, seed_word, stream


def freeze(losses: LossProcess, horizon: int, *, seed: int = 0, repetition: int = 0) -> LossTable:
    """Return the losses of one repetition as a table (horizon, K): what `simulate` plays with this seed.

    A frozen table narrows what regret can be (`theory.ranges`), so a verdict needs far fewer repetitions, and a theorem
    for every oblivious sequence must hold on it.
    """
    horizon = integer("horizon", horizon, low=1)
    repetition = integer("repetition", repetition, low=0, high=2**32 - 1)
    out = np.empty((horizon, losses.n_actions))
    _recorder(losses.steps)(losses.setting(horizon), seed_word(seed), repetition, out)
    return LossTable(out)


@cache
def _recorder(steps: LossSteps) -> Any:
    init, advance, loss_of = steps.init, steps.advance, steps.loss

    @program
    def record(setting_owner: Any, seed: Any, repetition: int, out: Any) -> None:
        setting = borrow(setting_owner)
        env = stream(seed, repetition, ENVIRONMENT)
        state_owner = init(setting, env)
        state = borrow(state_owner)
        for t in range(out.shape[0]):
            state = advance(setting, state, t, env)
            for arm in range(out.shape[1]):
                out[t, arm] = loss_of(setting, state, t, arm)
        keep_alive(state_owner)
        keep_alive(setting_owner)

    return record


def steady(horizon: int, n_actions: int, gap: float = 1.0) -> NDArray[np.float64]:
    """Return losses (T, K) in which action 0 always pays (1 - gap) / 2 and the others (1 + gap) / 2."""
    table = np.full((horizon, n_actions), 0.5 + 0.5 * gap)
    table[:, 0] = 0.5 - 0.5 * gap
    return table


def alternating(horizon: int, n_actions: int) -> NDArray[np.float64]:
    """Return losses (T, K) in which the actions pay 1 in turn."""
    return np.asarray(np.arange(horizon)[:, None] % n_actions == np.arange(n_actions), dtype=np.float64)


def ones_then_steady(horizon: int, n_actions: int) -> NDArray[np.float64]:
    """Return losses (T, K) that are 1 for half the horizon and then 0 for action 0 alone."""
    return np.where(np.arange(horizon)[:, None] < horizon // 2, 1.0, steady(horizon, n_actions))


def even_then_steady(horizon: int, n_actions: int) -> NDArray[np.float64]:
    """Return losses (T, K) that keep halves of the actions level until the last 2 sqrt(T) rounds: hard for Hedge."""
    t, arms = np.arange(horizon)[:, None], np.arange(n_actions)
    level = np.asarray(arms % 2 == t % 2, dtype=np.float64)
    return np.where(t < horizon - 2.0 * horizon**0.5, level, steady(horizon, n_actions))
