"""Losses and actions round by round, equal to those of a simulation with the same seed."""

import os
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.core import stopping
from bandits.core.actions import arm_of
from bandits.core.jit import borrow, keep_alive, kernel, program
from bandits.core.rng import ENVIRONMENT, LEARNER, seed_word, stream
from bandits.losses import LossProcess, LossSteps
from bandits.protocol import Learner, LearnerSteps, ProblemSteps, RoundProblem
from sims.engines import compiled
from sims.engines.faults import clear_errors
from sims.engines.python.rounds import Round


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
    counts = {part: np.zeros((1, problem.horizon, n_actions), np.int64) for part in [(0, 0), *parts]}

    def play(part: tuple[int, int]) -> None:
        count(params, setting, seed_word(seed), np.arange(*part), stop, counts[part])

    with clear_errors(problem, learner):
        compiled.loop_of(problem, learner, params, setting)  # refuses what `simulate` refuses
        count = followed(learner.steps_for(problem), problem.steps, _count, nothing_to_note)
        compiled.compiled(problem, learner, lambda: play((0, 0)))  # once, not in every thread
        compiled.in_threads(play, parts, workers, stop)
    stopping.look(stop)
    total: NDArray[np.int64] = np.sum(list(counts.values()), axis=(0, 1))
    return total


@kernel
def _count(of: Round, action: Any, observation: Any, out: Any) -> None:
    out[arm_of(action)] += 1


@kernel
def nothing_to_note(of: Round, feedback: Any, out: Any) -> None:
    """Note nothing of a feedback."""


@cache
def followed(learner: LearnerSteps, problem: ProblemSteps, act: Any, feedback: Any) -> Any:
    """Return the compiled loop of a pair that notes what happens in a round in out[row, t]; row = 0 if there is one.

    act: kernel (Round, action, observation, out[row, t]), before the problem responds; observation: None where there
    is none.  feedback: kernel (Round, feedback, out[row, t]), before the learner learns.
    """
    init, _, update = learner
    start, respond, _, observe = problem
    decide = _make_decide(learner.act, observe)

    @program
    def play(params_owner: Any, setting_owner: Any, seed: Any, repetitions: Any, stop: Any, out: Any) -> None:
        params = borrow(params_owner)
        setting = borrow(setting_owner)
        for row in range(repetitions.size):
            rng = stream(seed, repetitions[row], LEARNER)
            env = stream(seed, repetitions[row], ENVIRONMENT)
            state_owner = init(params, rng)
            world_owner = start(setting, env)
            state = borrow(state_owner)
            world = borrow(world_owner)
            for t in range(out.shape[1]):
                if stop[0] == 0:
                    here = out[row % out.shape[0], t]
                    observation, action, world = decide(params, state, setting, world, t, rng, env)
                    act(Round(params, state, setting, world, t), action, observation, here)
                    told, world = respond(setting, world, t, action, env)
                    feedback(Round(params, state, setting, world, t), told, here)
                    state = update(params, state, t, action, told, rng)
            keep_alive(state_owner)
            keep_alive(world_owner)
        keep_alive(params_owner)
        keep_alive(setting_owner)

    return play


def _make_decide(act: Any, observe: Any) -> Any:
    """Return the kernel of the learner's decision that also returns the observation, or None."""

    @kernel
    def blind(params: Any, state: Any, setting: Any, world: Any, t: int, rng: Any, env: Any) -> Any:
        return None, act(params, state, t, rng), world

    @kernel
    def observing(params: Any, state: Any, setting: Any, world: Any, t: int, rng: Any, env: Any) -> Any:
        observation, after = observe(setting, world, t, env)
        return observation, act(params, state, observation, t, rng), after

    return blind if observe is None else observing
