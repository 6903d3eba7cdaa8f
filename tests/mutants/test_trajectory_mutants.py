"""Wrong processes, fits and learners of preferences between trajectories, rejected where the right ones pass."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from bandits.core.jit import kernel
from bandits.preference import PRLSVI
from bandits.preference.trajectories import fit as trajectory_fit
from bandits.preference.trajectories.pr_lsvi import count_answer, count_trajectories, count_visit, plan, query_level
from bandits.preference.trajectories.problem import PolicyPair
from bandits.protocol import LearnerSteps
from tests.bandits.preference.trajectories import test_pr_lsvi
from tests.bandits.preference.trajectories.test_pr_lsvi import ASKING, LEARNER_OF_TESTS, MDP
from tests.drivers import plain
from tests.mutants.rejection import rejected


def learner_of(right, **wrong):
    """Return `right` with other steps."""

    @dataclass(frozen=True)
    class Wrong(PRLSVI):
        steps: ClassVar[LearnerSteps] = PRLSVI.steps._replace(**wrong)

    return Wrong(**vars(right))


# ---------------------------------------------------------------- steps


@kernel
def _asks_anyway(params, state, t, rng):
    """The rule's level has the wrong sign, so every pair is asked about."""
    plan(params, state, t, rng)
    level = -query_level(params.threshold, params.reward_scale)
    return PolicyPair(state.policies[0], state.policies[1], state.reward_factor, level)


@kernel
def _newest_twice(params, state, t, rng):
    """Both trajectories come from the newest policy."""
    plan(params, state, t, rng)
    level = query_level(params.threshold, params.reward_scale)
    return PolicyPair(state.policies[0], state.policies[0], state.reward_factor, level)


@kernel
def _forgets_what_was_asked(params, state, t, action, pair, rng):
    """Sigma_r stays lambda I, so that what is known is asked about again."""
    count_trajectories(params, state, pair)
    for h in range(state.policies.shape[1]):
        for s in range(state.policies.shape[2]):
            state.policies[1, h, s] = state.policies[0, h, s]
    return state


@kernel
def _keeps_the_first_policy(params, state, t, action, pair, rng):
    """The second policy stays the arbitrary one of the start."""
    count_trajectories(params, state, pair)
    if pair.answer >= 0.0:
        count_answer(params, state, pair)
    return state


@kernel
def _counts_one_trajectory(params, state, t, action, pair, rng):
    """The visits of the older policy are left out."""
    for h in range(params.model.n_stages):
        count_visit(params, state, h, pair.states[0, h], pair.actions[0, h])
    if pair.answer >= 0.0:
        count_answer(params, state, pair)
    for h in range(state.policies.shape[1]):
        for s in range(state.policies.shape[2]):
            state.policies[1, h, s] = state.policies[0, h, s]
    return state


WRONG_STEPS = [
    {"act": _asks_anyway},
    {"act": _newest_twice},
    {"update": _forgets_what_was_asked},
    {"update": _keeps_the_first_policy},
    {"update": _counts_one_trajectory},
]


@pytest.mark.parametrize("steps", WRONG_STEPS, ids=lambda steps: next(iter(steps.values())).__name__)
def test_wrong_rounds(steps):
    rejected(test_pr_lsvi.check_rounds, learner_of(LEARNER_OF_TESTS, **steps))


@dataclass(frozen=True)
class Roomy(PRLSVI):
    """Room for one answer per round instead of the cap."""

    def parameters(self, problem):
        params = super().parameters(problem)
        return params._replace(model=params.model._replace(capacity=problem.horizon))


@dataclass(frozen=True)
class AsksAnyway(Roomy):
    steps: ClassVar[LearnerSteps] = PRLSVI.steps._replace(act=_asks_anyway)


@dataclass(frozen=True)
class ForgetsWhatWasAsked(Roomy):
    steps: ClassVar[LearnerSteps] = PRLSVI.steps._replace(update=_forgets_what_was_asked)


@pytest.mark.parametrize("kind", [AsksAnyway, ForgetsWhatWasAsked])
def test_the_cap_is_passed(kind):
    test_pr_lsvi.check_cap(Roomy(**vars(ASKING)))
    rejected(test_pr_lsvi.check_cap, kind(**vars(ASKING)))


def test_a_full_store_is_an_error():
    params = ASKING.parameters(MDP)
    model = params.model._replace(capacity=1)
    fit, states = plain(trajectory_fit.no_answers)(model), np.zeros((2, 3), np.int64)
    take = plain(trajectory_fit.take_answer)
    take(model, fit, states, states, 1.0)
    with pytest.raises(ValueError, match="more answers came than"):
        take(model, fit, states, states, 1.0)


# ---------------------------------------------------------------- parts


def half_variance(threshold, reward_scale):
    """One draw's spread in place of two draws' difference."""
    return 0.5 * np.pi * (threshold / reward_scale) ** 2


def standard_deviation(threshold, reward_scale):
    """The root of the mean square in place of the mean of the absolute value."""
    return 0.5 * (threshold / reward_scale) ** 2


@pytest.mark.parametrize("level", [half_variance, standard_deviation])
def test_wrong_rules(level):
    rejected(test_pr_lsvi.check_query_rule, level)


def undamped(params, fit, loss, decrement):
    """The whole step, stopped at 100 on either side so that Python can go on."""
    fit.theta[:] = np.clip(fit.theta - fit.vectors[trajectory_fit.STEP], -100.0, 100.0)
    gradient = fit.vectors[trajectory_fit.GRADIENT]
    return plain(trajectory_fit.loss_and_gradient)(params, fit, fit.theta, gradient)


def test_whole_steps_diverge():
    rejected(test_pr_lsvi.check_far_start, plain(trajectory_fit.refit, descend=undamped))


def one_step(params, fit):
    """A fit that stops after its first step."""
    loss = plain(trajectory_fit.loss_and_gradient)(params, fit, fit.theta, fit.vectors[trajectory_fit.GRADIENT])
    decrement = plain(trajectory_fit.newton_step)(fit)
    return plain(trajectory_fit.descend)(params, fit, loss, decrement)


def test_unfinished_fits():
    rejected(test_pr_lsvi.check_fit, one_step, MDP, 25, 0)
