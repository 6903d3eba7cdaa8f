"""The losses of a loss process, round by round, equal to those of a simulation with the same seed."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core.jit import borrow, keep_alive, program
from bandits.core.rng import ENVIRONMENT, seed_word, stream
from bandits.losses import LossProcess, LossSteps


def recorded_losses(losses: LossProcess, horizon: int, seed: int, repetition: int) -> NDArray[np.float64]:
    """Return the losses (horizon, K) of one repetition."""
    out = np.empty((horizon, losses.n_actions))
    _recorder(losses.steps)(losses.setting(horizon), seed_word(seed), repetition, out)
    return out


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
