"""The protocol of learners and problems. Read this file first.

A *problem* generates losses and feedback and measures the play. A *learner* chooses actions and learns
from feedback. Both are small immutable Python objects (frozen dataclasses) with the parameters that a
user sets and a tuple of compiled step functions (`bandits.jit.kernel`). `sims.simulate` joins one of
each in a single loop, compiled once for the pair:

    state = learner.init(params, rng)
    world = problem.init(setting, env)
    for t in range(horizon):                                          # t counts from 0
        observation, world = problem.observe(setting, world, t, env)  # only where an observation precedes the action
        action = learner.act(params, state, t, rng)                   # then: act(params, state, observation, t, rng)
        feedback, world = problem.respond(setting, world, t, action, env)
        state = learner.update(params, state, t, action, feedback, rng)
        # at checkpoints, after n = t + 1 rounds:
        metrics = problem.measure(setting, world, n)                  # a NamedTuple of the metrics, by name

`params` and `setting` are NamedTuples of numbers and arrays, computed once by `Learner.parameters` and
`RoundProblem.setting` after validation. `state` and `world` are NamedTuples whose fields keep their types
from round to round; their arrays may be written in place, but only by `observe`, `respond` and `update`
(`act` may use scratch arrays). Only `init` and `measure` allocate arrays.

An argument from the other side (an observation, a feedback, an action) is valid until the next step function
of that side, which may overwrite its arrays: copy what you keep.

`rng` and `env` are `bandits.rng.Stream`s. A draw is addressed by (round, index), as in
`uniform(rng, t, 0)`, so calling it twice gives the same number and nothing depends on order.

Feedback is the information structure: a learner observes `observation` and `feedback` only.
"""

import inspect
import threading
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple

from bandits.core.arguments import Checked


class LearnerSteps(NamedTuple):
    """The compiled functions of a learner."""

    init: Any  # (params, rng) -> state
    act: Any  # (params, state, t, rng) -> action; (params, state, observation, t, rng) with observations
    update: Any  # (params, state, t, action, feedback, rng) -> state


class ProblemSteps(NamedTuple):
    """The compiled functions of a problem."""

    init: Any  # (setting, env) -> world
    respond: Any  # (setting, world, t, action, env) -> (feedback, world)
    measure: (
        Any  # (setting, world, n_rounds) -> NamedTuple of metrics (`bandits.core.records`); may write world's arrays
    )
    observe: Any = None  # (setting, world, t, env) -> (observation, world), for an observation before the action


class Problem(Checked):
    """Base of all problems: a frozen dataclass, either a `RoundProblem` or a `MatrixGame`."""

    horizon: int
    undefined: ClassVar[tuple[str, ...]] = ()  # metrics that may be nan; any other nan is an error

    @property
    @abstractmethod
    def metrics(self) -> tuple[str, ...]:
        """Names of the metrics, in order."""

    def plays(self, learner: Any) -> int | None:
        """Return n if repetitions 0..n-1 of the learner are all the plays that there are; None if draws decide."""
        return None


class RoundProblem(Problem):
    """Base of the problems that are played round by round in the loop above."""

    @property
    @abstractmethod
    def steps(self) -> ProblemSteps:
        """The compiled functions."""

    @abstractmethod
    def setting(self) -> Any:
        """Return the NamedTuple that the compiled functions receive."""

    def payoff(self, metrics: Mapping[str, float]) -> float:
        """Return what the learner has gained: the reward where it is a metric, else minus the loss or the regret."""
        if "reward" in metrics:
            return metrics["reward"]
        return -(metrics["loss"] if "loss" in metrics else metrics["regret"])

    def recordable(self) -> Mapping[str, Any]:
        """Return kernels (setting, world, t, action) -> number, array or NamedTuple, by the names that record them.

        They see the world before `respond`, and actions that it has not checked.
        """
        return {}

    def as_gymnasium(self) -> Any:
        """Return the problem as an environment of Gymnasium (`bandits.core.gymnasium_env`; extra `gym`).

        Raises TypeError where actions are not integers.
        """
        from bandits.core.gymnasium_env import Environment

        return Environment(self)


_PLAY = ("steps", "steps_for", "parameters", "play", "setting")  # these determine the play


def known(thing: Any, hook: str, package: str = "") -> Any:
    """Return the method or attribute `hook`, by which a learner or a loss process declares a property of its play.

    The declaration of a class holds for subclasses with the same steps and parameters. For other subclasses, and with
    `package` for a hook defined outside it, the default of the base class is returned, which declares nothing.
    """
    kind = type(thing)
    writers = [base for base in kind.__mro__ if hook in vars(base)]
    plays_alike = all(getattr(kind, name, None) is getattr(writers[0], name, None) for name in _PLAY)
    if plays_alike and f"{writers[0].__module__}.".startswith(f"{package}." if package else ""):
        return getattr(thing, hook)
    claim = vars(writers[-1])[hook]
    return claim.__get__(thing) if callable(claim) else claim


def draws_nothing(learner: Any) -> bool:
    """Return whether it is known that a learner's play depends on no draw of its own."""
    return hasattr(learner, "draws") and not known(learner, "draws", "bandits")


class Learner(Checked):
    """Base of all learners: a frozen dataclass of the learner's own parameters.

    `accepts` lists the feedback classes that the learner can learn from; `check` compares them with
    the feedback of the problem before compilation.
    """

    steps: ClassVar[LearnerSteps]  # absent in learners with `play`
    accepts: ClassVar[tuple[type, ...]]
    draws: ClassVar[bool] = True  # whether it draws anything; declared beside the steps, read by `draws_nothing`
    updates_late: ClassVar[bool] = False  # whether `update` needs only action and feedback, so that it may come later
    exact: ClassVar[str] = ""  # function of `theory.<family>.exact`, or "module:function", with the exact expectation

    def switch_cap(self, problem: Any) -> int:
        """Return an upper bound on the switches. Read this and the next two hooks by `known`."""
        return int(problem.horizon) - 1

    def rounds_held(self, problem: Any) -> int:
        """Return the number of rounds for which the steps hold each action; 1 unless known."""
        return 1

    def only_action(self, problem: Any) -> int | None:
        """Return the action of a learner that always plays the same one, else None."""
        return None

    def probabilities(self, problem: Any) -> Any:
        """Return the kernel (params, state, t) -> (K,) float64 of the probabilities that `act` drew from, or None.

        It may allocate. Read it by `known`; `simulate(..., record=["probabilities"])` does.
        """
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
        """Raise TypeError unless `problem` gives a feedback that this learner, a frozen dataclass, accepts."""
        if vars(self) and not getattr(getattr(self, "__dataclass_params__", None), "frozen", False):
            raise TypeError(f"{self.name} must be a frozen dataclass: decorate it with @dataclass(frozen=True)")
        accepts = getattr(self, "accepts", None)
        if not (isinstance(accepts, tuple) and all(isinstance(kind, type) for kind in accepts)):
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


MAKING = threading.RLock()  # of steps and loops: else two threads could make those of one pair twice


def steps_of_pair(problem: RoundProblem, learner: Learner) -> tuple[LearnerSteps, ProblemSteps]:
    """Return the steps of a pair, the same ones in all threads."""
    with MAKING:
        return learner.steps_for(problem), problem.steps


class Draws(NamedTuple):
    """The uniforms of one round of a matrix game, by their indices."""

    chance: Callable[[int, tuple[int, ...]], Any]  # of opponents and answers, the same for all learners
    own: Callable[[int, tuple[int, ...]], Any]  # of the learner

    def environment(self, first: int, *shape: int) -> Any:
        """Return the environment's uniforms first, first + 1, ... in the given shape."""
        return self.chance(first, shape)

    def learner(self, first: int, *shape: int) -> Any:
        """Return the learner's uniforms first, first + 1, ... in the given shape."""
        return self.own(first, shape)


class GameRules:
    """Base of the rules by which one game is played and measured: a `MatrixGame` without its numbers.

    A frozen dataclass, so that one program is compiled for equal rules. `game` is the part of `MatrixGame.arrays` for
    one game, `policy` what the learner's `policy` returns. The functions use the arrays' own namespace.
    """

    @property
    @abstractmethod
    def draws(self) -> int:
        """Largest number of draws of one stream in a round, 0 for deterministic play."""

    @abstractmethod
    def view(self, game: Any) -> Any:
        """Return the information of a learner before the first round."""

    def reference(self, game: Any) -> Any:
        """Return a policy with the type and shapes that a learner's must have; the view unless overridden."""
        return self.view(game)

    @abstractmethod
    def ask(self, game: Any, draws: Draws) -> Any:
        """Return the feedback of one round, an object whose methods are the queries (`bandits.preference.feedback`)."""

    @abstractmethod
    def nothing(self, game: Any) -> Any:
        """Return the initial total, before the first round."""

    @abstractmethod
    def add(self, game: Any, total: Any, policy: Any) -> Any:
        """Return the total after a round in which `policy` is played."""

    @abstractmethod
    def measure(self, game: Any, policy: Any, total: Any, n_rounds: Any) -> Any:
        """Return the metrics after n rounds, None for those that the game lacks; policy: that of the next round."""

    @abstractmethod
    def laws(self, policy: Any, total: Any, n_rounds: Any) -> tuple[Any, ...]:
        """Return arrays (..., n) whose last axis sums to 1 wherever the learner's policies are probabilities."""


class MatrixGame(Problem):
    """Base of the problems that are played in batches of games, by learners that hold their policies as arrays.

    With few actions and all data in arrays, a repetition is one differentiable computation, and
    `sims.engines.self_play` computes all of them at once:

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
        """Number of games that a repetition plays in parallel: 1 or G."""
        return 1

    @abstractmethod
    def rules(self, learner: Any) -> GameRules:
        """Return the rules by which the learner plays."""

    def plays(self, learner: Any) -> int | None:
        """Return the number of games that are played one by one, if the engine plays them and draws nothing."""
        own = type(learner).play is not Learner.play
        return None if own or self.rules(learner).draws else self.n_games // self.games_at_once

    @abstractmethod
    def arrays(self) -> Any:
        """Return a NamedTuple of numbers and arrays; those that differ between games have a first axis G."""

    def axes(self) -> Any:
        """Return 0 for the arrays that have an axis G and None for the others, as a NamedTuple; None if none has."""
        return None

    def joined(self, values: Any) -> Any:
        """Return the metrics (R, C, M) of repetitions from those (R, G, C, M) of games played at once."""
        return values[:, 0]


class MatrixLearner(Learner):
    """Base of the learners of a MatrixGame; `params` and `state` are NamedTuples of numbers and arrays.

    The functions use the arrays' own namespace, so they run on NumPy arrays and inside JAX; branches on values are
    written with `where`. They are static, or the same object for equal learners: a program is compiled for each object.
    """

    @staticmethod
    @abstractmethod
    def start(params: Any, view: Any) -> Any:
        """Return the state before the first round."""

    @staticmethod
    @abstractmethod
    def policy(params: Any, state: Any) -> Any:
        """Return the policy of the next round: log-probabilities (..., n), one array or a NamedTuple of them."""

    @staticmethod
    @abstractmethod
    def step(params: Any, state: Any, t: Any, ask: Any) -> Any:
        """Return the state after round t."""
