"""A problem as a Gymnasium environment: `RoundProblem.as_gymnasium`."""

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from bandits.core.actions import InvalidActionType
from bandits.core.checks import integer
from bandits.core.interpreted import Interpreter
from bandits.core.records import writer
from bandits.core.rng import ENVIRONMENT, seed_word, stream

Env: Any = gymnasium.Env


class Environment(Env):
    """One play of a problem, round by round, by the interpreter.

    Actions are 0, ..., n_actions - 1. An observation (d,) float64 holds what the problem shows before the action and
    the feedback of the last round, 0 before the first. The reward is the change of `problem.payoff`; info holds the
    metrics.
    `reset(seed=s, options={"repetition": r})` starts the play that `simulate` numbers r with this seed,
    `reset()` the next one.
    """

    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own declaration
    render_mode = None

    def __init__(self, problem: Any) -> None:
        interpret = Interpreter()
        self.problem, self._setting, self._stream = problem, problem.setting(), interpret(stream)
        self._write = writer(problem.metrics)
        self._start, self._respond, self._measure, self._observe = map(interpret.step, problem.steps)
        self._seed, self._repetition = 0, -1
        self._t, self._payoff = 0, 0.0
        self._world: Any = None
        self._shown: Any = None
        self._feedback: Any = None
        self._begin()
        self._unknown = np.zeros_like(_numbers(self._first_feedback()))
        self.action_space = gymnasium.spaces.Discrete(int(problem.n_actions))
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, self._observation().shape, np.float64)

    def _first_feedback(self) -> Any:
        """Return a feedback, to learn its size; TypeError where actions are not integers below a number of them."""
        kind = type(self.problem).__name__
        try:
            feedback = self._respond(self._setting, self._world, 0, 0, self._env)[0]
        except InvalidActionType:
            raise TypeError(f"as_gymnasium needs actions that are integers; those of {kind} are not") from None
        if not hasattr(self.problem, "n_actions"):
            raise TypeError(f"as_gymnasium needs finitely many actions; {kind} has no n_actions")
        return feedback

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        """Start a play; return the observation before the first action, and an empty dict."""
        super().reset(seed=seed)
        following = 0 if seed is not None else self._repetition + 1
        self._seed = self._seed if seed is None else seed
        self._repetition = integer("repetition", (options or {}).get("repetition", following), 0, 2**32 - 1)
        self._begin()
        return self._observation(), {}

    def step(self, action: Any) -> Any:
        """Play a round; return observation, reward, whether the horizon is reached, False, and the metrics.

        Raises ValueError for an invalid action, and after the last round.
        """
        if self._t >= self.problem.horizon:
            raise ValueError(f"step: the {self.problem.horizon} rounds have been played; call reset()")
        self._feedback, self._world = self._respond(self._setting, self._world, self._t, action, self._env)
        self._t += 1
        ended = self._t >= self.problem.horizon
        if not ended:
            self._look()
        row = np.empty(len(self.problem.metrics))
        self._write(self._measure(self._setting, self._world, self._t), row)
        metrics = dict(zip(self.problem.metrics, row.tolist(), strict=True))
        before, self._payoff = self._payoff, float(self.problem.payoff(metrics))
        return self._observation(), self._payoff - before, ended, False, metrics

    def _begin(self) -> None:
        self._env = self._stream(seed_word(self._seed), max(self._repetition, 0), ENVIRONMENT)
        self._world, self._t, self._payoff = self._start(self._setting, self._env), 0, 0.0
        self._look()

    def _look(self) -> None:
        if self._observe is not None:
            self._shown, self._world = self._observe(self._setting, self._world, self._t, self._env)

    def _observation(self) -> Any:
        feedback = _numbers(self._feedback) if self._t > 0 else self._unknown
        return np.concatenate([_numbers(self._shown), feedback])


def _numbers(value: Any) -> NDArray[np.float64]:
    """Return the numbers of a record, its arrays flattened."""
    if isinstance(value, tuple):
        return np.concatenate([np.empty(0), *map(_numbers, value)])
    return np.empty(0) if value is None else np.ravel(value).astype(np.float64)
