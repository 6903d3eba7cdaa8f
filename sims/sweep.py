"""Sweeps: lists of cells, validated as a whole before anything runs. `sims.spec` reads them from files.

A cell is one (problem, learner, repetitions, seed), with one address and one file of results. A sweep is a list of
cells, usually a comprehension over `grid`.
"""

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import numpy as np

from bandits.core.arguments import Checked, own
from bandits.core.checks import instance, integer, real, shown
from bandits.plain import as_learner, wanted
from bandits.protocol import Learner, Problem, RoundProblem
from sims.code import Code, code_of
from sims.config import canonical, describe
from sims.engines.backends import Backend, check_backend, numbers_depend_on
from sims.simulate import given_rounds

_COLUMNS = {"cell", "problem", "learner", "seed", "repetition", "repetitions"}  # columns of `sims.cell_files.SCHEMA`
_COLUMNS |= {"round", "metric", "mean", "std", "minimum", "maximum"}


@dataclass(frozen=True)
class Precision(Checked):
    """Ask for repetitions until the interval of a metric's final mean is narrow.

    half_width > 0 is relative to the mean's absolute value (relative=True) or absolute. Repetitions double
    until the Student t half-width at `level` is below it or `limit` is reached: a function of the seed alone.
    The final interval covers slightly less than `level` (it is computed repeatedly); a verdict needs `theory.verify`.
    """

    half_width: float
    metric: str = "regret"
    level: float = 0.95
    relative: bool = True
    limit: int = 100_000

    def __post_init__(self) -> None:
        real("half_width", self.half_width, low=0.0, open_low=True)
        real("level", self.level, 0.0, 1.0, open_low=True, open_high=True)
        integer("limit", self.limit, low=2)


@dataclass(frozen=True)
class Cell(Checked):
    """One simulation of a sweep.

    repetitions >= 1, seed in [0, 2^64), checkpoints None (log-spaced) or increasing rounds; precision asks
    for more repetitions; labels are columns to find the cell by and not part of its address. backend: as in
    `simulate`, part of the address together with the kind of device; a pair without a JAX implementation is refused.
    """

    problem: Problem
    learner: Learner
    repetitions: int = 1
    seed: int = 0
    checkpoints: tuple[int, ...] | None = None
    precision: Precision | None = None
    labels: Mapping[str, Any] = field(default_factory=dict, compare=False)
    backend: Backend = "numba"

    def __post_init__(self) -> None:
        instance("problem", self.problem, Problem, "a problem such as SwitchingCostGame(...)")
        object.__setattr__(self, "learner", as_learner(self.learner))
        instance("learner", self.learner, Learner, wanted(self.learner))
        if self.precision is not None:
            instance("precision", self.precision, Precision, "None or a Precision(half_width)")
        instance("labels", self.labels, Mapping, "a mapping from a column's name to its value")
        own: dict[str, Any] = {"problem": type(self.problem).__name__, "learner": self.learner.name}
        own |= {"seed": self.seed, "repetitions": self.repetitions}
        for name in _COLUMNS.intersection(self.labels):
            if self.labels[name] != own.get(name, self):  # a duplicate label with the same value is allowed
                raise ValueError(f"labels must not contain {name!r}: the results have a column of that name")
        integer("repetitions", self.repetitions, low=2 if self.precision else 1)
        integer("repetitions", self.repetitions, high=2**32)
        integer("seed", self.seed, low=0, high=2**64 - 1)
        self.learner.check(self.problem)
        check_backend(self.backend, self.problem, self.learner)
        if self.checkpoints is not None:
            given_rounds(self.checkpoints, self.problem.horizon)
        if self.precision and self.precision.metric not in self.problem.metrics:
            raise ValueError(f"precision.metric must be one of {self.problem.metrics}, got {self.precision.metric!r}")

    def configuration(self) -> dict[str, Any]:
        """Return all that the results depend on, as JSON-able data: objects, resolved parameters, code."""
        return {
            "problem": describe(self.problem),
            "learner": describe(self.learner),
            "setting": describe(self.problem.setting()) if isinstance(self.problem, RoundProblem) else None,
            "parameters": describe(self.learner.parameters(self.problem)),
            "repetitions": int(self.repetitions),
            "seed": int(self.seed),
            "checkpoints": describe(self.checkpoints),
            "precision": describe(self.precision),
            "horizon": int(self.problem.horizon),
            "name": self.learner.name,
            "metrics": list(self.problem.metrics),
            "code": self.version,
            **numbers_depend_on(self.backend),
        }

    @property
    def pair(self) -> str:
        """Learner and problem by name, for messages."""
        return f"{self.learner.name} in {type(self.problem).__name__}"

    @property
    def code(self) -> Code:
        """Version of the code that the results depend on, or why it is unknown."""
        return code_of(self.problem, self.learner, self.backend)

    @property
    def version(self) -> str | None:
        """The code's version, None if it is unknown; once there is an address, that of the address."""
        if "addressed" in self.__dict__:
            known: str | None = self.__dict__["addressed"]
            return known
        return self.code.version

    @cached_property
    def address(self) -> str:
        """Hash of the configuration, 32 hexadecimal digits; unique to this object where the code is unknown."""
        configuration = self.configuration()
        self.__dict__["addressed"] = configuration["code"]
        if configuration["code"] is None:
            return uuid4().hex
        return hashlib.sha256(canonical(configuration).encode()).hexdigest()[:32]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the cached address when a cell is sent to a worker, unless it is a random number."""
        cached = () if self.version is None else ("address", "addressed")
        return {name: value for name, value in self.__dict__.items() if name not in cached}


def grid(**axes: Sequence[Any]) -> list[SimpleNamespace]:
    """Return every combination of the axes' values, the last axis fastest.

    `[p.a + p.b for p in grid(a=[1, 2], b=[10, 20])]` is `[11, 21, 12, 22]`.
    """
    for name, values in axes.items():
        if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
            raise TypeError(f"axis {name} must be a sequence of values, got {shown(values)}")
        if len(values) == 0:
            raise ValueError(f"axis {name} must have at least one value, got none")
    points = itertools.product(*(own(name, list(values)) for name, values in axes.items()))  # as Python numbers
    return [SimpleNamespace(**dict(zip(axes, point, strict=True))) for point in points]
