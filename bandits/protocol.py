"""What a learner and a problem are. Read this file first.

A *problem* says who sets the losses, what is revealed and what is paid. A *learner* says how to act
and what to do with feedback. Both are small immutable Python objects (frozen dataclasses) that hold
what a user writes, and a tuple of compiled step functions (`bandits.jit.kernel`) that do the work.
`sims.simulate` joins one of each in a single loop, compiled once for the pair:

    state = learner.init(params, rng)
    world = problem.init(setting, env)
    for t in range(horizon):                                          # t counts from 0
        observation, world = problem.observe(setting, world, t, env)  # only where something is shown before the action
        action = learner.act(params, state, t, rng)                   # there: act(params, state, observation, t, rng)
        feedback, world = problem.respond(setting, world, t, action, env)
        state = learner.update(params, state, t, action, feedback, rng)
        # at checkpoints, after n = t + 1 rounds:
        metrics = problem.measure(setting, world, n)                  # a NamedTuple of the metrics, by name

`params` and `setting` are NamedTuples of numbers and arrays, made once by `Learner.parameters` and
`RoundProblem.setting` after validation. `state` and `world` are NamedTuples whose fields keep their types
from round to round; their arrays may be written in place, but only by `observe`, `respond` and `update`
(`act` may use scratch arrays). A step function never allocates: arrays are made in `init`. `measure` may.

What a step function is shown (an observation, a feedback, an action) is valid until the next step function of
the side that showed it: arrays are used again. What is to be kept is copied.

`rng` and `env` are `bandits.rng.Stream`s. A draw is addressed by (round, index), as in
`uniform(rng, t, 0)`, so calling it twice gives the same number and nothing depends on order.

Feedback is the information structure: whatever a learner may see is in the observation and in `feedback`, and
nothing else reaches it.
"""

import inspect
from abc import abstractmethod
from typing import Any, ClassVar, NamedTuple

from bandits.core.arguments import Checked


class LearnerSteps(NamedTuple):
    """The compiled functions of a learner."""

    init: Any  # (params, rng) -> state
    act: Any  # (params, state, t, rng) -> action; (params, state, observation, t, rng) where there is one
    update: Any  # (params, state, t, action, feedback, rng) -> state


class ProblemSteps(NamedTuple):
    """The compiled functions of a problem."""

    init: Any  # (setting, env) -> world
    respond: Any  # (setting, world, t, action, env) -> (feedback, world)
    measure: (
        Any  # (setting, world, n_rounds) -> NamedTuple of metrics (`bandits.core.records`); may write world's arrays
    )
    observe: Any = None  # (setting, world, t, env) -> (observation, world), where something is shown before the action


class Problem(Checked):
    """Base of all problems: a frozen dataclass. How it is played, `RoundProblem` and `MatrixGame` say."""

    horizon: int
    undefined: ClassVar[tuple[str, ...]] = ()  # metrics that may be nan; any other nan is an error

    @property
    @abstractmethod
    def metrics(self) -> tuple[str, ...]:
        """Names of the numbers that are measured, in order."""


class RoundProblem(Problem):
    """Base of the problems that are played round by round, in the loop above."""

    @property
    @abstractmethod
    def steps(self) -> ProblemSteps:
        """The compiled functions."""

    @abstractmethod
    def setting(self) -> Any:
        """Return the NamedTuple that the compiled functions receive."""


_PLAY = ("steps", "steps_for", "parameters", "play", "setting")  # what decides how a learner or its losses behave


def known(thing: Any, hook: str, package: str = "") -> Any:
    """Return what a learner, or a loss process, says of itself in the method or attribute `hook`.

    Only a class that plays as the one that wrote the hook is what the hook is about: for one with other steps or
    parameters, and with `package` for a hook from outside it, the base class's is returned, which claims nothing.
    """
    kind = type(thing)
    writers = [base for base in kind.__mro__ if hook in vars(base)]
    plays_alike = all(getattr(kind, name, None) is getattr(writers[0], name, None) for name in _PLAY)
    if plays_alike and f"{writers[0].__module__}.".startswith(f"{package}." if package else ""):
        return getattr(thing, hook)
    claim = vars(writers[-1])[hook]
    return claim.__get__(thing) if callable(claim) else claim


class Learner(Checked):
    """Base of all learners: a frozen dataclass of the learner's own parameters.

    `accepts` lists the feedback classes that the learner can learn from; `check` compares them with
    the problem's before anything is compiled.
    """

    steps: ClassVar[LearnerSteps]  # absent where `play` does the work
    accepts: ClassVar[tuple[type, ...]]
    exact: ClassVar[str] = ""  # function of `theory.<family>.exact`, or "module:function", with the exact expectation

    def switch_cap(self, problem: Any) -> int:
        """Return a number of switches that the steps cannot exceed. Read it by `known`, and the next two."""
        return int(problem.horizon) - 1

    def rounds_held(self, problem: Any) -> int:
        """Return over how many rounds at a time, from the first on, the steps hold an action; 1 unless known."""
        return 1

    def only_action(self, problem: Any) -> int | None:
        """Return the one action that the steps ever play, or None."""
        return None

    @abstractmethod
    def parameters(self, problem: Any) -> Any:
        """Return the NamedTuple that the compiled functions receive, tuned for `problem`."""

    def steps_for(self, problem: Any) -> LearnerSteps:
        """Return the compiled functions to play `problem` with; TypeError where the class has none."""
        if not isinstance(getattr(self, "steps", None), LearnerSteps):
            raise TypeError(f"{self.name} must have `steps`, a LearnerSteps(init, act, update) of kernels")
        return self.steps

    def play(self, problem: Any, seed: int, first: int, count: int, rounds: Any) -> Any:
        """Play repetitions first..first+count-1 in one batched computation, or return None to use the loop.

        For learners whose rounds are dense and differentiable (JAX): returns (count, len(rounds), len(metrics))
        float64, the metrics at the checkpoints `rounds` (C,) int64, each repetition a function of (seed, its number).
        """
        return None

    @property
    def name(self) -> str:
        """Name shown in tables and legends."""
        return type(self).__name__

    def check(self, problem: Any) -> None:
        """Raise TypeError unless `problem` gives a feedback that this learner accepts."""
        if not isinstance(getattr(self, "accepts", None), tuple):
            raise TypeError(f"{self.name} must have `accepts`, a tuple of the feedback classes that it learns from")
        given = getattr(problem, "feedback", None)
        if not isinstance(given, self.accepts):
            wanted = " or ".join(kind.__name__ for kind in self.accepts)
            raise TypeError(f"{self.name} learns from {wanted} feedback, but the problem gives {type(given).__name__}")
        if isinstance(problem, RoundProblem) and isinstance(getattr(self, "steps", None), LearnerSteps):
            self._check_observation(problem)

    def _check_observation(self, problem: RoundProblem) -> None:
        shows = problem.steps.observe is not None
        act = self.steps_for(problem).act
        takes = len(inspect.signature(getattr(act, "py_func", act)).parameters) == 5
        if shows != takes:
            said = "shows something before the action" if shows else "shows nothing before the action"
            wanted = "act(params, state, observation, t, rng)" if shows else "act(params, state, t, rng)"
            raise TypeError(f"{self.name} cannot play {type(problem).__name__}, which {said}: it needs {wanted}")


# ---------------------------------------------------------------- self-play on matrix games


class GameRules:
    """Base of how one game is played and measured: all of a `MatrixGame` but its numbers.

    A frozen dataclass, as one program is compiled for equal rules. `game` is what `MatrixGame.arrays` says of one
    game, `policy` what the learner's `policy` returns. The functions use the arrays' own namespace.
    """

    @property
    @abstractmethod
    def draws(self) -> int:
        """How many numbers of one stream a round may draw, 0 for play without chance."""

    @abstractmethod
    def view(self, game: Any) -> Any:
        """Return what a learner knows before the first round."""

    def reference(self, game: Any) -> Any:
        """Return a policy, such as a learner's must be in kind and shapes: the view, unless overridden."""
        return self.view(game)

    @abstractmethod
    def ask(self, game: Any, draws: Any) -> Any:
        """Return the feedback of one round, an object whose methods answer (draws: `bandits.preference.feedback`)."""

    @abstractmethod
    def nothing(self, game: Any) -> Any:
        """Return what is added up over rounds, before the first."""

    @abstractmethod
    def add(self, game: Any, total: Any, policy: Any) -> Any:
        """Return the total with the round that `policy` plays."""

    @abstractmethod
    def measure(self, game: Any, policy: Any, total: Any, n_rounds: Any) -> Any:
        """Return the metrics after n rounds, None for those that the game has not; policy: of the coming round."""

    @abstractmethod
    def laws(self, policy: Any, total: Any, n_rounds: Any) -> tuple[Any, ...]:
        """Return arrays (..., n) whose last axis sums to 1 wherever the learner's policies are probabilities."""


class MatrixGame(Problem):
    """Base of the problems that are played in batches of games, by learners that hold their policies as arrays.

    Where the actions are few and everything is an array, a repetition is one differentiable computation, and
    `sims.engines.self_play` plays all of them at once:

        state, total = learner.start(params, rules.view(game)), rules.nothing(game)
        for t in range(horizon):                                      # t counts from 0
            total = rules.add(game, total, learner.policy(params, state))
            state = learner.step(params, state, t, rules.ask(game, draws))
            # at checkpoints, after n = t + 1 rounds:
            metrics = rules.measure(game, learner.policy(params, state), total, n)

    Draws are addressed by (repetition, round, index) as in the loop above, so nothing depends on the batch.
    """

    feedback: Any

    @property
    def n_games(self) -> int:
        """Number of games G: repetition r plays game r mod G, or all of them (`games_at_once`)."""
        return 1

    @property
    def games_at_once(self) -> int:
        """Number of games that a repetition plays side by side: 1 or G."""
        return 1

    @abstractmethod
    def rules(self, learner: Any) -> GameRules:
        """Return the rules by which the learner plays."""

    @abstractmethod
    def arrays(self) -> Any:
        """Return a NamedTuple of numbers and arrays, those that differ between games with a first axis G."""

    def axes(self) -> Any:
        """Return 0 for the arrays that have an axis G and None for the others, as a NamedTuple; None where none has."""
        return None

    def joined(self, values: Any) -> Any:
        """Return the metrics (R, C, M) of repetitions from those (R, G, C, M) of games played at once."""
        return values[:, 0]


class MatrixLearner(Learner):
    """Base of the learners of a MatrixGame; `params` and `state` are NamedTuples of numbers and arrays.

    The functions use the arrays' own namespace, so they run on NumPy arrays and inside JAX; branches on values are
    written with `where`. They are static, or one object for equal learners: a program is compiled for each.
    """

    @staticmethod
    @abstractmethod
    def start(params: Any, view: Any) -> Any:
        """Return the state before the first round."""

    @staticmethod
    @abstractmethod
    def policy(params: Any, state: Any) -> Any:
        """Return the coming round's policy: log-probabilities (..., n), one array or a NamedTuple of them."""

    @staticmethod
    @abstractmethod
    def step(params: Any, state: Any, t: Any, ask: Any) -> Any:
        """Return the state after round t."""
