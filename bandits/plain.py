"""Learners in plain Python: any object with three methods, which may use NumPy, SciPy, PyTorch or another library.

    class Greedy:
        accepts = (Bandit,)                                  # optional: the feedback that it learns from

        def reset(self, problem, rng):                       # before the first round
            self.loss, self.plays = np.zeros(problem.n_actions), np.ones(problem.n_actions)

        def act(self, observation, rng):                     # observation: None where the problem shows nothing before
            return int(np.argmin(self.loss / self.plays))

        def update(self, observation, action, feedback, rng):
            self.loss[action] += feedback
            self.plays[action] += 1

`simulate`, `verify` and `Cell` take such an object for a learner. Every repetition plays a copy of it, with a generator
of its own (`numpy.random.Generator`), seeded by the seed and the number of the repetition alone. Losses and feedback
are those of a compiled learner. `parameters(problem)`, also optional, is a mapping with the parameters of a theorem;
without it they are the numbers among the attributes. The interpreter plays it (`backend="python"`).
"""

import copy
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

from bandits.protocol import Learner

METHODS = {"reset": "problem, rng", "act": "observation, rng", "update": "observation, action, feedback, rng"}


@dataclass(frozen=True, eq=False)
class Plain(Learner):
    """The learner that an object with `reset`, `act` and `update` is (see the module); it holds a copy of the object.

    Raises TypeError for an object that cannot be copied.
    """

    policy: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "policy", self.fresh())

    def fresh(self) -> Any:
        """Return a copy of the object, for one repetition."""
        try:
            return copy.deepcopy(self.policy)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
            raise TypeError(f"{self.name} cannot be copied, and each repetition plays a copy: {reason}") from None

    @property
    def accepts(self) -> tuple[type, ...]:  # type: ignore[override]
        """The kinds of feedback that the object names, or all."""
        return getattr(self.policy, "accepts", (object,))

    @property
    def name(self) -> str:
        """The object's `name`, or that of its class."""
        name = getattr(self.policy, "name", None)
        return name if isinstance(name, str) else type(self.policy).__name__

    def __repr__(self) -> str:
        return f"Plain({self.name})"

    def parameters(self, problem: Any) -> Any:
        """Return the parameters that the object declares for the problem, or the numbers among its attributes."""
        declared = getattr(self.policy, "parameters", None)
        found = declared(problem) if callable(declared) else getattr(self.policy, "__dict__", {})
        numbers = {
            name: value
            for name, value in found.items()
            if not name.startswith("_") and isinstance(value, (int, float)) and not isinstance(value, bool)
        }
        return namedtuple("Parameters", numbers)(**numbers)


def as_learner(value: Any) -> Any:
    """Return an object with `reset`, `act` and `update` as a `Plain` learner, anything else unchanged."""
    plain = not isinstance(value, (Learner, type)) and all(callable(getattr(value, name, None)) for name in METHODS)
    return Plain(value) if plain else value


def wanted(value: Any) -> str:
    """Return what a learner must be, or what the value lacks of a plain one, for `bandits.core.checks.instance`."""
    missing = [f"{name}({METHODS[name]})" for name in METHODS if not callable(getattr(value, name, None))]
    some = not isinstance(value, type) and 0 < len(missing) < len(METHODS)
    return f"one with {' and '.join(missing)} too" if some else "a learner such as Exp3()"
