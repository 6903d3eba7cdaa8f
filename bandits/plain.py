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
of its own (`numpy.random.Generator`), seeded by the seed and the number of the repetition alone. Generators of `random`
and of NumPy that the object holds are seeded from it before `reset` and after it: else all repetitions would draw the
same. Losses and feedback are those of a compiled learner. `parameters(problem)`, also optional, is a mapping with the
parameters of a theorem; without it they are the numbers among the attributes. The interpreter plays it
(`backend="python"`).
"""

import copy
import inspect
import random
from collections import namedtuple
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from types import ModuleType
from typing import Any

import numpy as np

from bandits.core.checks import instance
from bandits.protocol import Learner

_GENERATORS = (random.Random, np.random.Generator, np.random.RandomState)
_WITHOUT = (type, ModuleType, str, int, float, np.ndarray)  # these hold none
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

    def started(self, problem: Any, rng: np.random.Generator) -> Any:
        """Return a copy of the object, reset for the problem; the generators that it holds are seeded from `rng`."""
        policy = self.fresh()
        _seed_all(policy, rng)
        policy.reset(problem, rng)
        _seed_all(policy, rng)
        return policy

    def check(self, problem: Any) -> None:
        """Raise TypeError unless the methods take what they are given, and the object accepts the feedback."""
        for name, arguments in METHODS.items():
            must_take(f"{self.name}.{name}", getattr(self.policy, name), arguments)
        super().check(problem)

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
        """Return the name with the numbers and texts among the attributes, as in "Greedy(epsilon=0.1)"."""
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.described.items())})"

    @property
    def described(self) -> dict[str, Any]:
        """The numbers and texts among the object's attributes, but for its name."""
        held, kinds = getattr(self.policy, "__dict__", {}), (bool, int, float, str, np.generic)
        shown = {name: value for name, value in held.items() if _is_public(name) and isinstance(value, kinds)}
        return {name: value for name, value in shown.items() if name != "name"}

    def parameters(self, problem: Any) -> Any:
        """Return the parameters that the object declares for the problem, or the numbers among its attributes."""
        declared = getattr(self.policy, "parameters", None)
        found = declared(problem) if callable(declared) else getattr(self.policy, "__dict__", {})
        instance(f"{self.name}.parameters", found, Mapping, "a mapping of parameters by name")
        numbers = {
            name: value
            for name, value in found.items()
            if _is_public(name) and isinstance(value, (int, float)) and not isinstance(value, bool)
        }
        return namedtuple("Parameters", numbers)(**numbers)


def must_take(name: str, function: Any, arguments: str) -> None:
    """Raise TypeError unless a function can be called with arguments, "observation, rng"."""
    try:
        given = inspect.signature(function)
    except ValueError:  # it has none
        return
    try:
        given.bind(*arguments.split(", "))
    except TypeError:
        raise TypeError(f"{name} must take ({arguments}), got {given}") from None


def _is_public(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name) and not name.startswith("_")


def as_learner(value: Any) -> Any:
    """Return an object with `reset`, `act` and `update` as a `Plain` learner, anything else unchanged."""
    return value if isinstance(value, (Learner, type)) or wanting(value) else Plain(value)


def wanting(value: Any) -> list[str]:
    """Return the methods that an object or class lacks of a plain learner's."""
    return [f"{name}({METHODS[name]})" for name in METHODS if not callable(getattr(value, name, None))]


def wanted(value: Any) -> str:
    """Return what a learner must be, or what the value lacks of a plain one, for `bandits.core.checks.instance`."""
    missing = wanting(value)
    some = not isinstance(value, type) and 0 < len(missing) < len(METHODS)
    return f"one with {' and '.join(missing)} too" if some else "a learner such as Exp3()"


def _seed_all(policy: Any, rng: np.random.Generator) -> None:
    """Seed the generators that an object holds."""
    for generator in _generators(policy):
        if isinstance(generator, np.random.Generator):
            generator.bit_generator.state = type(generator.bit_generator)(rng.integers(2**63)).state
        else:
            generator.seed(int(rng.integers(2**32)))


def _generators(policy: Any) -> Iterator[Any]:
    """Yield the generators among an object's attributes, items and their attributes, each once, in a fixed order."""
    seen: dict[int, Any] = {}
    ahead = [policy]
    while ahead:
        value = ahead.pop()
        if id(value) in seen or inspect.isroutine(value) or isinstance(value, _WITHOUT):
            continue
        seen[id(value)] = value
        if isinstance(value, _GENERATORS):
            yield value
            continue
        parts = list(value.values()) if isinstance(value, dict) else []
        parts += list(value) if isinstance(value, (list, tuple)) else []
        parts += list(getattr(value, "__dict__", {}).values())
        ahead += reversed(parts)
