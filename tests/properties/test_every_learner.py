"""Every learner that the families export, found by walking them, in a small problem whose feedback it accepts."""

import pickle
from dataclasses import replace

import numba
import numpy as np
import pytest

from bandits.preference import PreferenceGame
from bandits.protocol import Learner, MatrixGame, RoundProblem, draws_nothing, known
from sims import simulate
from sims.config import public_classes
from tests.constructors import base_of
from tests.small_games import GAMES, opponent

LEARNERS = {name: cls for name, cls in public_classes().items() if issubclass(cls, Learner)}


def test_the_walk_finds_learners_of_every_problem():
    assert {"Exp3", "Exp2OneSided", "OptimisticFeasibleSearch", "NashMP", "RUCB", "StackelbergGDA", "PRLSVI"} <= set(
        LEARNERS
    )


def played(name, backend):
    """Return the run of a learner in its small problem."""
    learner = LEARNERS[name](**base_of(name))
    problem = opponent(learner)
    if isinstance(problem, PreferenceGame):
        problem = replace(problem, reference=[0.5, 0.3, 0.2])  # without ties, which rounding would break
    return simulate(problem, learner, repetitions=2, seed=5, checkpoints=[1, 7, problem.horizon], backend=backend)


@pytest.mark.parametrize("name", sorted(LEARNERS))
def test_its_numbers_are_numbers(name):
    run = played(name, "python")
    problem, learner = run.problem, run.learner
    unknown = np.isnan(run.values).any(axis=(0, 1))
    assert set(np.array(problem.metrics)[unknown]) <= set(problem.undefined)
    if isinstance(problem, RoundProblem):
        assert compiled_types(problem, learner) == compiled_types(*pickle.loads(pickle.dumps((problem, learner))))


QUICK = {"Exp3", "RUCB"}  # the others are compiled in the slow tests
COMPILED = [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in sorted(LEARNERS)]


@pytest.mark.parametrize("name", COMPILED)
def test_compiled_play_has_the_numbers_of_its_text_run_by_python(name):
    run, plain = played(name, "numba"), played(name, "python")
    if isinstance(run.problem, MatrixGame):  # XLA sums in another order
        np.testing.assert_allclose(plain.values, run.values, rtol=1e-9, atol=1e-7)
    else:
        assert np.array_equal(run.values, plain.values, equal_nan=True)


def compiled_types(problem, learner):
    """Return the types that a pair's program is compiled for: a worker process must find what its parent compiled."""
    return str([numba.typeof(record) for record in (learner.parameters(problem), problem.setting())])


@pytest.mark.parametrize("hook", ["probabilities", "switch_cap"])
def test_what_a_learner_declares_of_its_play_is_known(hook):
    learners = [cls(**base_of(name)) for name, cls in LEARNERS.items() if getattr(cls, hook) != getattr(Learner, hook)]
    assert learners
    assert [learner.name for learner in learners if known(learner, hook) != getattr(learner, hook)] == []


def test_all_plays_are_known_only_of_the_package_s_own_steps():
    """A subclass with steps of its own may draw, whatever it inherits."""
    still = [cls(**base_of(name)) for name, cls in LEARNERS.items() if not cls.draws and hasattr(cls, "steps")]
    assert len(still) > 15
    for learner in still:
        assert draws_nothing(learner)
        act = learner.steps.act
        own = type("Own", (type(learner),), {"steps": learner.steps._replace(act=lambda *a, act=act: act(*a))})
        assert not draws_nothing(own(**base_of(type(learner).__name__)))


def test_every_feedback_says_its_kind():
    kinds = [make().feedback.kind for make in GAMES.values()]
    assert all(isinstance(kind, str) for kind in kinds)
    assert len(set(kinds)) == len(kinds)
