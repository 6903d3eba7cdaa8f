"""Every learner that the families export, found by walking them, in a small problem whose feedback it accepts."""

import pickle

import numba
import numpy as np
import pytest

from bandits.protocol import Learner, RoundProblem
from sims import simulate
from sims.config import public_classes
from tests.constructors import GAMES, base_of, opponent

LEARNERS = {name: cls for name, cls in public_classes().items() if issubclass(cls, Learner)}


def test_the_walk_finds_learners_of_every_problem():
    assert {"Exp3", "Exp2OneSided", "OptimisticFeasibleSearch", "NashMP", "RUCB", "StackelbergGDA", "PRLSVI"} <= set(
        LEARNERS
    )


@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_its_numbers_are_numbers_and_those_of_its_text_run_by_python(name):
    learner = LEARNERS[name](**base_of(name))
    problem = opponent(learner)
    run = simulate(problem, learner, repetitions=2, seed=5)
    assert not np.isnan(run.values).any()
    if isinstance(problem, RoundProblem):
        plain = simulate(problem, learner, repetitions=2, seed=5, backend="python")
        assert np.array_equal(run.values, plain.values)
        assert compiled_types(problem, learner) == compiled_types(*pickle.loads(pickle.dumps((problem, learner))))


def compiled_types(problem, learner):
    """Return the types that a pair's program is compiled for: a worker process must find what its parent compiled."""
    return str([numba.typeof(record) for record in (learner.parameters(problem), problem.setting())])


def test_every_feedback_says_its_kind():
    kinds = [feedback.kind for feedback in GAMES]
    assert all(isinstance(kind, str) for kind in kinds)
    assert len(set(kinds)) == len(kinds)
