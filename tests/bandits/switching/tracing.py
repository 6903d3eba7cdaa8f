"""Record what a learner does: its actions and the law it drew from, round by round, from the source of its steps.

Python runs it (`tests.drivers.plain`), so nothing is compiled; tests/sims/test_simulate.py holds the compiled
loop equal to it, bit for bit, for every learner of the family.
"""

from typing import Any, NamedTuple

import numpy as np

from bandits.core.records import writer
from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.losses import LossTable
from bandits.switching import Bandit, SwitchingCostGame
from tests.drivers import plain, stream_of


def is_weights(state):
    return state


def has_weights(state):
    return state.weights


def inside_blocks(state):
    return state.inner


def is_arm(action):
    return action


def plays_arm(action):
    return action.arm


class Trace(NamedTuple):
    actions: np.ndarray  # (T,)
    laws: np.ndarray  # (T, K)
    measured: dict[str, float]  # every metric at the end
    parameters: Any


def trace(learner, losses, feedback=None, cost=1.0, seed=0, weights_of=is_weights, arm_of=is_arm, repetition=0):
    """Play a table of losses (T, K) once and return the trace; weights_of=None where the learner keeps no weights."""
    table = np.asarray(losses, dtype=float)
    game = SwitchingCostGame(LossTable(table), len(table), cost, feedback or Bandit())
    learner.check(game)
    params, setting = learner.parameters(game), game.setting()
    init, act, update = map(plain, learner.steps_for(game))
    start, respond, measure = map(plain, game.steps[:3])
    rng, env = stream_of(seed, repetition, LEARNER), stream_of(seed, repetition, ENVIRONMENT)
    actions, laws = np.zeros(len(table), dtype=np.int64), np.full(table.shape, np.nan)
    state, world = init(params, rng), start(setting, env)
    for t in range(len(table)):
        action = act(params, state, t, rng)
        actions[t] = arm_of(action)
        if weights_of is not None:
            laws[t] = weights_of(state).weight / weights_of(state).total
        feedback, world = respond(setting, world, t, action, env)
        state = update(params, state, t, action, feedback, rng)
    out = np.zeros(len(game.metrics))
    writer(game.metrics)(measure(setting, world, len(table)), out)
    return Trace(actions, laws, dict(zip(game.metrics, out.tolist(), strict=True)), params)


def rounding(losses, *terms):
    """Return the floating-point slack of a sum of `terms` over the table (verification notes, 8 (n + K) u S)."""
    table = np.asarray(losses)
    return 8 * (table.size + 8) * 2.0**-53 * (1.0 + sum(float(np.sum(np.abs(x))) for x in terms))
