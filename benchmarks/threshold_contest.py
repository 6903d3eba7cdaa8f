"""Optimistic Feasible Search on a cheap environment, ours and C's: the cost of the learner's step.

A round of the environment is one block of the generator: a reward of 0 or 1 and a gap of acceptance rates, uniform
around the threshold's own. The three bounds are the reward's and those of the parity pair.
"""

import ctypes
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.jit import kernel, shared_kernel
from bandits.core.rng import Stream, seed_word, uniform_pair
from bandits.protocol import ProblemSteps
from bandits.threshold import OptimisticFeasibleSearch, Synthetic, ThresholdGame
from bandits.threshold.batch import Outcome
from sims.engines.compiled import compose

GRID, BATCH, TOLERANCE = 50, 100, 0.1
Numbers = NDArray[np.float64]


class CheapSetting(NamedTuple):
    chance: Any  # (G,) float64 of a reward of 1
    gap: Any  # (G,) float64, the thresholds' mean gaps
    tolerance: float
    information: float


class CheapWorld(NamedTuple):
    residuals: Any  # (1, 2) float64
    information: Any  # (2,) float64
    last_arm: int
    reward: int
    switches: int
    arms: int  # sum of the arms played


@kernel
def _start(setting: CheapSetting, env: Stream) -> CheapWorld:
    return CheapWorld(np.zeros((1, 2)), np.full(2, setting.information), -1, 0, 0, 0)


@shared_kernel
def _respond(setting: CheapSetting, world: CheapWorld, t: int, arm: int, env: Stream) -> Any:
    u, v = uniform_pair(env, t, 0)
    won = int(u < setting.chance[arm])
    gap = setting.gap[arm] + (v - 0.5)
    world.residuals[0, 0] = gap - setting.tolerance
    world.residuals[0, 1] = -gap - setting.tolerance
    switched = int(t > 0 and arm != world.last_arm)
    after = CheapWorld(
        world.residuals,
        world.information,
        arm,
        world.reward + won,
        world.switches + switched,
        world.arms + arm,
    )
    return Outcome(float(won), world.residuals, world.information), after


class CheapMetrics(NamedTuple):
    """What is measured at the end."""

    reward: int
    switches: int
    arms: int


@kernel
def _measure(setting: CheapSetting, world: CheapWorld, n_rounds: int) -> CheapMetrics:
    return CheapMetrics(world.reward, world.switches, world.arms)


CHEAP = ProblemSteps(_start, _respond, _measure)


def setting(feasible: bool) -> CheapSetting:
    """Return the environment: better rewards at stricter thresholds, whose gaps are wider; or all with one wide gap."""
    place = np.linspace(0.0, 1.0, GRID) if feasible else np.full(GRID, 0.5)
    return CheapSetting(0.3 + 0.4 * place, 0.3 * place, TOLERANCE, float(BATCH))


def searched(horizon: int, seed: int, feasible: bool) -> Callable[[int], Numbers]:
    """Return a function from repetitions to (repetitions, 3): rewards, switches and the sum of the arms played."""
    learner = OptimisticFeasibleSearch()
    play = compose(learner.steps, CHEAP, CheapMetrics._fields)
    params, world = learner.parameters(game(horizon)), setting(feasible)

    def run(repetitions: int) -> Numbers:
        out = np.empty((repetitions, 1, 3))
        play(params, world, seed_word(seed), 0, np.array([horizon]), np.zeros(1, np.uint8), out)
        return out[:, 0]

    return run


def game(horizon: int) -> ThresholdGame:
    """Return the game that the radii are for."""
    return ThresholdGame(Synthetic(), horizon, grid=GRID, batch_size=BATCH, parity_tolerance=TOLERANCE)


class _Search(ctypes.Structure):
    _fields_ = [
        ("n_actions", ctypes.c_int64),
        ("horizon", ctypes.c_int64),
        ("reward_radius", ctypes.c_double),
        ("parity_radius", ctypes.c_double),
        ("tolerance", ctypes.c_double),
        ("information", ctypes.c_double),
        ("chance", ctypes.c_void_p),
        ("gap", ctypes.c_void_p),
    ]


def search_in_c(library: ctypes.CDLL, horizon: int, seed: int, feasible: bool) -> Callable[[int], Numbers]:
    """Return the same function, played by threshold.c."""
    params, world = OptimisticFeasibleSearch().parameters(game(horizon)), setting(feasible)
    search = _Search(GRID, horizon, params.reward, params.parity, world.tolerance, world.information)
    search.chance, search.gap = world.chance.ctypes.data, world.gap.ctypes.data

    def run(repetitions: int) -> Numbers:
        out = np.empty((repetitions, 3))
        library.threshold_search(
            ctypes.byref(search),
            ctypes.c_uint64(seed),
            ctypes.c_int64(0),
            ctypes.c_int64(repetitions),
            ctypes.c_void_p(out.ctypes.data),
        )
        assert world.gap.ctypes.data == search.gap  # the arrays outlive the call
        return out

    return run
