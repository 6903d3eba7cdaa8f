"""Losses and actions round by round, equal to those of a simulation with the same seed."""

import os
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core import stopping
from bandits.core.actions import arm_of
from bandits.core.jit import borrow, keep_alive, program
from bandits.core.rng import ENVIRONMENT, LEARNER, seed_word, stream
from bandits.losses import LossProcess, LossSteps
from bandits.protocol import Learner, LearnerSteps, ProblemSteps, RoundProblem
from sims.engines import compiled
from sims.engines.faults import clear_errors


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


def action_counts(
    problem: RoundProblem, learner: Learner, n_actions: int, repetitions: int, seed: int, threads: int | None = None
) -> NDArray[np.int64]:
    """Return how many of the repetitions 0, 1, ... play each action in each round, (horizon, n_actions).

    For problems whose actions are integers in [0, n_actions), or records with one first, and which refuse others.
    """
    params, setting, stop = learner.parameters(problem), problem.setting(), stopping.flag()
    workers = threads or os.cpu_count() or 1
    parts = compiled.pieces(repetitions, workers)
    counts = {part: np.zeros((problem.horizon, n_actions), np.int64) for part in [(0, 0), *parts]}

    def play(part: tuple[int, int]) -> None:
        count(params, setting, seed_word(seed), *part, stop, counts[part])

    with clear_errors(problem, learner):
        compiled.loop_of(problem, learner, params, setting)  # refuses what `simulate` refuses
        count = _counter(learner.steps_for(problem), problem.steps)
        compiled.compiled(problem, learner, lambda: play((0, 0)))  # once, not in every thread
        compiled.in_threads(play, parts, workers, stop)
    stopping.look(stop)
    total: NDArray[np.int64] = np.sum(list(counts.values()), axis=0)
    return total


@cache
def _counter(learner: LearnerSteps, problem: ProblemSteps) -> Any:
    init, act, update = learner
    start, respond, _, observe = problem
    decide = compiled.make_decide(act, observe)

    @program
    def count(params_owner: Any, setting_owner: Any, seed: Any, first: int, last: int, stop: Any, out: Any) -> None:
        params = borrow(params_owner)
        setting = borrow(setting_owner)
        for repetition in range(first, last):
            rng = stream(seed, repetition, LEARNER)
            env = stream(seed, repetition, ENVIRONMENT)
            state_owner = init(params, rng)
            world_owner = start(setting, env)
            state = borrow(state_owner)
            world = borrow(world_owner)
            for t in range(out.shape[0]):
                if stop[0] == 0:
                    action, world = decide(params, state, setting, world, t, rng, env)
                    feedback, world = respond(setting, world, t, action, env)
                    state = update(params, state, t, action, feedback, rng)
                    out[t, arm_of(action)] += 1
            keep_alive(state_owner)
            keep_alive(world_owner)
        keep_alive(params_owner)
        keep_alive(setting_owner)

    return count
