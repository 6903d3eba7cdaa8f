"""The Python engine: plain learners, what it checks, and equality with the other engines (`test_every_learner`)."""

import pickle
import random
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

from bandits.core.interpreted import Interpreter
from bandits.core.jit import kernel
from bandits.core.rng import uniform
from bandits.losses import BernoulliLosses
from bandits.plain import Plain
from bandits.protocol import Learner, LearnerSteps
from bandits.switching import Bandit, Exp3, FullInformation, Hedge, SwitchingCostGame
from sims import simulate
from sims.config import build, describe
from sims.engines.python.players import global_generators
from sims.messages import one_line
from sims.simulate import InterpretedWarning
from theory import verify

GAME = SwitchingCostGame(BernoulliLosses([0.2, 0.5, 0.8]), horizon=60, switching_cost=0.0)
FAST = SwitchingCostGame(BernoulliLosses([0.2, 0.5, 0.8]), horizon=8)
FULL = SwitchingCostGame(BernoulliLosses([0.2, 0.5, 0.8]), horizon=20, feedback=FullInformation())


class Greedy:
    """Follow the smallest mean, with a tenth of the rounds at random."""

    accepts = (Bandit,)

    def __init__(self, epsilon=0.1):
        self.epsilon = epsilon

    def reset(self, problem, rng):
        self.loss, self.plays = np.zeros(problem.n_actions), np.ones(problem.n_actions)

    def act(self, observation, rng):
        if rng.random() < self.epsilon:
            return rng.integers(len(self.loss))
        return np.argmin(self.loss / self.plays)

    def update(self, observation, action, feedback, rng):
        self.loss[action] += feedback
        self.plays[action] += 1


def play(learner, game=GAME, **options):
    return simulate(game, learner, **({"repetitions": 3, "seed": 7, "backend": "python"} | options))


def test_a_repetition_depends_on_the_seed_and_its_number_alone():
    together = play(Greedy(), threads=2)  # processes
    alone = play(Greedy(), repetitions=1, first_repetition=2)
    assert np.array_equal(together.values[2:], alone.values)
    assert np.array_equal(together.values, play(Greedy()).values)
    assert len(set(play(Greedy(1.0), repetitions=8).final("loss"))) > 1  # repetitions draw differently


def test_a_plain_learner_meets_the_losses_of_a_compiled_one():
    class First(Greedy):
        def act(self, observation, rng):
            return 0

    @dataclass(frozen=True)
    class OfKernels(Exp3):
        steps: ClassVar[LearnerSteps] = Exp3.steps._replace(act=always_0)

    assert play(First()).final("loss").tolist() == play(OfKernels()).final("loss").tolist()


@kernel
def always_0(params, state, t, rng):
    return 0


def test_one_line_says_what_the_default_costs():
    with pytest.warns(InterpretedWarning, match=r'^Greedy is played by the Python interpreter: .*backend="python"'):
        simulate(GAME, Greedy())


def test_a_plain_learner_is_held_to_a_theorem_with_its_own_numbers():
    verdict = verify("bubeck2012.exp3", GAME, Greedy(), parameters="tuned", alpha=0.01, backend="python")
    assert verdict.holds
    assert verdict.learner == "Greedy"
    assert Plain(Greedy(0.25)).parameters(GAME).epsilon == 0.25
    assert repr(Plain(Greedy())) == "Greedy(epsilon=0.1)"


def test_global_generators_are_seeded_for_a_repetition_and_left_as_they_were():
    class Careless(Greedy):
        def act(self, observation, rng):
            return (random.randrange(3) + np.random.randint(3)) % 3  # noqa: NPY002

    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    assert np.array_equal(play(Careless()).values, play(Careless()).values)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before  # noqa: NPY002
    with global_generators(1, 0):
        first = random.random()
    with global_generators(1, 1):
        assert random.random() != first


class Seeded(Greedy):
    """Draw from a generator of its own, which every copy would begin with the same seed."""

    def __init__(self):
        self.held = {"dice": [np.random.default_rng(0)]}

    def act(self, observation, rng):
        return self.held["dice"][0].integers(3)


class Unseeded(Seeded):
    def reset(self, problem, rng):
        super().reset(problem, rng)
        self.held = {"dice": [np.random.default_rng()]}


@pytest.mark.parametrize("kind", [Seeded, Unseeded])
def test_generators_that_a_learner_holds_are_seeded_for_each_repetition(kind):
    run = play(kind(), record=["actions"])
    assert np.array_equal(run.values, play(kind()).values)
    assert len({tuple(row) for row in run.actions}) == 3


class Outlives(Greedy):
    played: ClassVar[list[int]] = []

    def act(self, observation, rng):
        print("once")
        self.played.append(0)
        return len(self.played) % 3  # it comes round with each repetition of 60 rounds


def test_what_outlives_a_repetition_is_noticed(capsys):
    with pytest.raises(ValueError, match=r"^Outlives takes other actions when repetition 0 is played again: something"):
        play(Outlives())
    assert capsys.readouterr().out == "once\n" * 3 * 60


class Waits(Greedy):
    def act(self, observation, rng):
        time.sleep(1e-3)
        return np.random.randint(3)  # noqa: NPY002


def test_threads_do_not_share_the_global_generators():
    alone = play(Waits(), FAST).values
    with ThreadPoolExecutor(2) as pool:
        assert all(np.array_equal(run.values, alone) for run in pool.map(lambda _: play(Waits(), FAST), range(2)))


class Spoils(Greedy):
    accepts = (FullInformation,)

    def update(self, observation, action, feedback, rng):
        feedback[0] = 0.0


class Arrays(Greedy):
    def act(self, observation, rng):
        return np.array([1])


class Yields(Greedy):
    def act(self, observation, rng):
        yield 0


class Alone(Greedy):
    def act(self, observation):
        return 0


class Floats(Greedy):
    def act(self, observation, rng):
        return 0.5


class Fails(Greedy):
    def update(self, observation, action, feedback, rng):
        raise KeyError("mine")


class Half:
    def reset(self, problem, rng):
        """It has no act and no update."""


class Locked(Greedy):
    def __init__(self):
        self.generator = (i for i in range(3))


@pytest.mark.parametrize(
    ("learner", "game", "error", "message"),
    [
        (Spoils(), FULL, ValueError, "read-only"),
        (Floats(), GAME, TypeError, r"^Floats cannot play SwitchingCostGame: the action must be an integer, got float"),
        (Arrays(), GAME, TypeError, r"^Arrays cannot play .*: the action must be an integer, got ndarray"),
        (Yields(), GAME, TypeError, r"^Yields cannot play .*: the action must be an integer, got generator"),
        (Alone(), GAME, TypeError, r"^Alone\.act must take \(observation, rng\), got \(observation\)$"),
        (Fails(), GAME, KeyError, "mine"),
        (Half(), GAME, TypeError, r"^learner must be one with act\(observation, rng\) and update\(.*\) too, got Half$"),
        (Greedy, GAME, TypeError, "the class itself: call it"),
        (Greedy(), FULL, TypeError, "^Greedy learns from Bandit feedback, but the problem gives FullInformation$"),
    ],
)
def test_mistakes_of_plain_learners(learner, game, error, message):
    with pytest.raises(error, match=message):
        play(learner, game)


def test_an_error_says_in_which_round():
    with pytest.raises(KeyError) as caught:
        play(Fails(), first_repetition=4)
    (note,) = caught.value.__notes__
    assert re.fullmatch(r"in tests/sims/engines/test_python\.py, line \d+, round t = 0 of repetition 4", note)
    assert one_line(caught.value) == f"KeyError: 'mine' ({note})"


def test_what_cannot_be_copied_is_named():
    with pytest.raises(TypeError, match=r"^Locked cannot be copied, and each repetition plays a copy: TypeError"):
        play(Locked())


class Kept(NamedTuple):
    losses: Any


@kernel
def keep(params, state, t, action, losses, rng):
    return Kept(losses)


@kernel
def start(params, rng):
    return Kept(np.zeros(3))


@dataclass(frozen=True)
class Keeps(Hedge):
    steps: ClassVar[LearnerSteps] = LearnerSteps(start, always_0, keep)


def test_an_array_of_the_problem_must_be_copied_to_be_kept():
    with pytest.raises(TypeError, match=r"^Keeps keeps an array that the problem shows it and may overwrite"):
        play(Keeps(), FULL)


def test_the_text_is_the_kernels_own_with_its_files_and_lines():
    plain = Interpreter()(uniform)
    assert plain.__code__ is uniform.py_func.__code__
    assert plain.__globals__["words"].__code__ is uniform.py_func.__globals__["words"].py_func.__code__


@dataclass(frozen=True)
class OfFunctions(Learner):
    """Steps that are not kernels, with a state that compiled code cannot hold."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(
        lambda params, rng: Kept({}),
        lambda params, state, t, rng: int(3 * uniform(rng, t, 0)),
        lambda params, state, t, action, loss, rng: state,
    )
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def parameters(self, problem):
        return Kept(None)


def test_steps_that_are_not_kernels_are_interpreted():
    with pytest.warns(InterpretedWarning):
        run = simulate(GAME, OfFunctions(), seed=7)
    assert run.final("observations") == [60.0]


def test_a_plain_learner_in_a_sweep_file_is_told_from_others_by_its_numbers():
    made = build({"type": f"{__name__}:Greedy", "epsilon": 0.5}, "learner[0]")
    assert describe(Plain(made)) == {"type": f"{__name__}:Greedy", "epsilon": 0.5}
    with pytest.raises(ValueError, match=r"^learner\[0\]: Greedy has no parameter 'rate'; there are epsilon$"):
        build({"type": f"{__name__}:Greedy", "rate": 0.5}, "learner[0]")
    with pytest.raises(ValueError, match=r"nor a class with reset, act and update$"):
        build({"type": f"{__name__}:Half"}, "learner[0]")


def test_a_plain_learner_can_be_sent_to_a_worker():
    assert pickle.loads(pickle.dumps(Plain(Greedy(0.5)))).policy.epsilon == 0.5
