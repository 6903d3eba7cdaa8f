"""Sweeps: lists of cells, written in Python or in a TOML file, validated as a whole before anything runs.

A cell is one (problem, learner, repetitions, seed): one address, one file of results. In Python a sweep is
a list of cells, usually a comprehension over `grid`. In TOML, `$name` stands for the value of an axis:

    repetitions = 64
    seed = 7
    backend = "jax"                          # of all learners; absent: the compiled loop

    [axes]                                   # every combination of these ...
    horizon = [4096, 16384]
    budget = { log = [64, 4096, 7] }         # 7 points from 64 to 4096, also { linear = [0, 1, 11] }

    [[zip]]                                  # ... and of these rows, whose lists advance together
    n_actions = [2, 8]
    cost = [1.0, 0.5]

    [[problem]]
    type = "SwitchingCostGame"
    losses = { type = "MultiScaleRandomWalk", n_actions = "$n_actions" }
    horizon = "$horizon"
    switching_cost = "$cost"
    feedback = { type = "ExtraObservations", budget = "$budget" }

    [[learner]]
    type = "ExtraObservationLearner"

    [[learner]]                              # an axis of this learner alone
    type = "BatchedDartboard"
    learning_rate = "$rate"
    axes = { rate = [0.01, 0.1] }

A problem or learner may carry `axes` of its own, which vary only where it takes part, and `when`, a table
of axis values for which it takes part (`when = { n_actions = [2] }`). A learner may name a `backend` of its own.
"""

import hashlib
import itertools
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from bandits.arguments import Checked, own
from bandits.checks import instance, integer, real, shown
from bandits.jit import fingerprint
from bandits.protocol import Learner, LearnerSteps, Problem, ProblemSteps
from sims.backends import Backend, check_backend, numbers_depend_on
from sims.config import build, canonical, describe
from sims.simulate import given_rounds

_TOP_LEVEL = {"repetitions", "seed", "axes", "zip", "problem", "learner", "precision", "checkpoints", "backend"}
_OF_THE_SWEEP = {"problem": ("axes", "when"), "learner": ("axes", "when", "backend")}  # and not of the object
_COLUMNS = {"cell", "problem", "learner", "seed", "repetition", "repetitions"}  # of the results, see `sims.store`
_COLUMNS |= {"round", "metric", "mean", "std", "minimum", "maximum"}
_AXIS = re.compile(r"\$([A-Za-z_][A-Za-z_0-9]*)")


@dataclass(frozen=True)
class Precision(Checked):
    """Ask for repetitions until the interval of a metric's final mean is narrow.

    half_width > 0 is relative to the mean's absolute value (relative=True) or absolute. Repetitions double
    until the Student t half-width at `level` is below it or `limit` is reached: a function of the seed alone.
    The interval is then a little optimistic (it was looked at more than once); a verdict needs `theory.verify`.
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
    `simulate`; a pair without a twin is refused here. Another backend, or kind of device, is another address.
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
        instance("learner", self.learner, Learner, "a learner such as Exp3()")
        if self.precision is not None:
            instance("precision", self.precision, Precision, "None or a Precision(half_width)")
        instance("labels", self.labels, Mapping, "a mapping from a column's name to its value")
        own: dict[str, Any] = {"problem": type(self.problem).__name__, "learner": self.learner.name}
        own |= {"seed": self.seed, "repetitions": self.repetitions}
        for name in _COLUMNS.intersection(self.labels):
            if self.labels[name] != own.get(name, self):  # one that says the same is merely said twice
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
        steps = getattr(self.learner, "steps", None)
        steps = self.learner.steps_for(self.problem) if steps else None
        return {
            "problem": describe(self.problem),
            "learner": describe(self.learner),
            "setting": describe(self.problem.setting()),
            "parameters": describe(self.learner.parameters(self.problem)),
            "repetitions": int(self.repetitions),
            "seed": int(self.seed),
            "checkpoints": describe(self.checkpoints),
            "precision": describe(self.precision),
            "code": code_version(steps, self.problem.steps, every_file=self.backend != "numba"),
            **numbers_depend_on(self.backend),
        }

    @cached_property
    def address(self) -> str:
        """Hash of the configuration, 32 hexadecimal digits."""
        return hashlib.sha256(canonical(self.configuration()).encode()).hexdigest()[:32]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the cached address when a cell travels to a worker."""
        return {name: value for name, value in self.__dict__.items() if name != "address"}


_code_versions: dict[Any, str] = {}


def code_version(learner: LearnerSteps | None, problem: ProblemSteps, every_file: bool = False) -> str:
    """Return a hash of the compiled functions' text: it changes when the results may, not when a comment does.

    Where other text plays, in JAX or a learner's own, it is that of every file, too: of `bandits`.
    """
    key = (learner, problem, every_file)
    if key not in _code_versions:
        parts = [fingerprint(step, versions=False) for step in (*(learner or ()), *problem)]
        if learner is None or every_file or None in parts:
            parts.append(_source_version())
        _code_versions[key] = hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
    return _code_versions[key]


def _source_version() -> str:
    import bandits

    digest = hashlib.sha256()
    for file in sorted(Path(bandits.__path__[0]).rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def grid(**axes: Sequence[Any]) -> list[SimpleNamespace]:
    """Return every combination of the axes' values, the last axis fastest.

    `[p.a + p.b for p in grid(a=[1, 2], b=[10, 20])]` is `[11, 21, 12, 22]`.
    """
    for name, values in axes.items():
        if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
            raise TypeError(f"axis {name} must be a sequence of values, got {shown(values)}")
        if len(values) == 0:
            raise ValueError(f"axis {name} must have at least one value, got none")
    points = itertools.product(*(own(name, list(values)) for name, values in axes.items()))  # Python's numbers
    return [SimpleNamespace(**dict(zip(axes, point, strict=True))) for point in points]


# ---------------------------------------------------------------- the TOML form


def load_sweep(path: str | Path) -> list[Cell]:
    """Return the cells of a TOML file; ValueError names the place of the first mistake."""
    try:
        spec = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a TOML file: {error}") from None
    return parse_sweep(spec)


def parse_sweep(spec: Mapping[str, Any]) -> list[Cell]:
    """Return the cells of a sweep written as a table (see the module's text)."""
    unknown = set(spec) - _TOP_LEVEL
    if unknown:
        raise ValueError(f"unknown keys {sorted(unknown)}; there are {', '.join(sorted(_TOP_LEVEL))}")
    problems, learners = _tables(spec, "problem"), _tables(spec, "learner")
    cells: list[Cell] = []
    for shared in _points(spec):
        for i, j in itertools.product(range(len(problems)), range(len(learners))):
            places = (f"problem[{i}]", problems[i]), (f"learner[{j}]", learners[j])
            if not all(_takes_part(table, shared, where) for where, table in places):
                continue
            own = [_axes(table.get("axes", {}), f"{where}.axes") for where, table in places]
            for extra in itertools.product(*(_product(axes) for axes in own)):
                cells.append(_cell(spec, places, {**shared, **extra[0], **extra[1]}))
    if not cells:
        raise ValueError("the sweep has no cells: no problem and learner take part together")
    return cells


def _cell(spec: Mapping[str, Any], places: Any, point: Mapping[str, Any]) -> Cell:
    built = []
    for where, table in places:
        data = {name: item for name, item in table.items() if name not in _OF_THE_SWEEP[where.partition("[")[0]]}
        built.append(build(_substitute(data, point, where), where))
    common: dict[str, Any] = {
        name: _substitute(spec[name], point, name) for name in ("repetitions", "seed") if name in spec
    }
    for owner, where in ((spec, "backend"), (places[1][1], f"{places[1][0]}.backend")):
        if "backend" in owner:
            common["backend"] = _substitute(owner["backend"], point, where)
    if "checkpoints" in spec:
        rounds = _substitute(spec["checkpoints"], point, "checkpoints")
        common["checkpoints"] = tuple(rounds) if isinstance(rounds, list) else rounds
    if "precision" in spec:
        common["precision"] = _precision(_substitute(spec["precision"], point, "precision"))
    try:
        cell = Cell(built[0], built[1], labels=dict(point), **common)
        _ = cell.address  # needs the learner's parameters: what is wrong with them is found before anything runs
        return cell
    except (TypeError, ValueError) as error:
        raise ValueError(f"{places[0][0]} with {places[1][0]} at {dict(point)}: {error}") from None


def _precision(table: Any) -> Precision:
    known = [part.name for part in fields(Precision)]
    if not isinstance(table, Mapping) or "half_width" not in table or not set(table) <= set(known):
        raise ValueError(f"precision must be {{ half_width = ... }} with any of {', '.join(known)}, got {table!r}")
    try:
        return Precision(**table)
    except (TypeError, ValueError) as error:
        raise ValueError(f"precision: {error}") from None


def _tables(spec: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    tables = spec.get(name, [])
    tables = [tables] if isinstance(tables, Mapping) else tables
    if not tables:
        raise ValueError(f"the sweep needs at least one [[{name}]]")
    if not isinstance(tables, list):
        raise ValueError(f"{name} must be [[{name}]] tables, got {tables!r}")
    for i, table in enumerate(tables):
        if "type" not in _table(table, f"{name}[{i}]"):
            raise ValueError(f"{name}[{i}] needs a type")
    return tables


def _table(data: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ValueError(f"{where} must be a table, got {data!r}")
    return data


def _points(spec: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the combinations of the shared axes and of the rows of each [[zip]]."""
    rows: list[list[dict[str, Any]]] = [list(_product(_axes(spec.get("axes", {}), "axes")))]
    zipped = spec.get("zip", [])
    if not isinstance(zipped, list):
        raise ValueError(f"zip must be [[zip]] tables, got {zipped!r}")
    taken = set(spec.get("axes", {}))
    for i, table in enumerate(zipped):
        columns = _axes(table, f"zip[{i}]")
        if not columns or taken & set(columns):
            wrong = f"again has {', '.join(sorted(taken & set(columns)))}" if columns else "has no axis"
            raise ValueError(f"zip[{i}] {wrong}")
        taken |= set(columns)
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"zip[{i}]: lists that advance together must have one length, got {lengths}")
        rows.append([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])
    for combination in itertools.product(*rows):
        yield {name: value for part in combination for name, value in part.items()}


def _axes(table: Any, where: str) -> dict[str, list[Any]]:
    return {name: _values(values, f"{where}.{name}") for name, values in _table(table, where).items()}


def _values(values: Any, where: str) -> list[Any]:
    if isinstance(values, Mapping) and len(values) == 1 and next(iter(values)) in ("log", "linear"):
        kind, ends = next(iter(values.items()))
        if not isinstance(ends, list) or len(ends) != 3:
            raise ValueError(f"{where} must be {{ {kind} = [low, high, n] }}, got {values!r}")
        low, high, count = ends
        for end in (low, high):
            real(where, end, low=0.0 if kind == "log" else -math.inf, open_low=kind == "log")
        points = (np.geomspace if kind == "log" else np.linspace)(low, high, integer(where, count, low=1))
        whole = isinstance(low, int) and isinstance(high, int) and kind == "log"
        return list(dict.fromkeys(round(float(x)) for x in points)) if whole else [float(x) for x in points]
    if not isinstance(values, list) or not values:
        raise ValueError(
            f"{where} must be a non-empty list, {{ log = [low, high, n] }} or {{ linear = ... }}, got {values!r}"
        )
    return values


def _product(axes: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for point in itertools.product(*axes.values()):
        yield dict(zip(axes, point, strict=True))


def _takes_part(table: Mapping[str, Any], point: Mapping[str, Any], where: str) -> bool:
    """Return whether the point has the axis values for which the table takes part."""
    for name, wanted in _table(table.get("when", {}), f"{where}.when").items():
        _known_axis(name, point, f"{where}.when")
        if not isinstance(wanted, list):
            raise ValueError(f"{where}.when.{name} must be a list of the axis's values, got {wanted!r}")
        if point[name] not in wanted:
            return False
    return True


def _known_axis(name: str, point: Mapping[str, Any], where: str) -> None:
    if name not in point:
        raise ValueError(f"{where}: no axis {name!r}; there are {', '.join(sorted(point)) or 'none'}")


def _substitute(data: Any, point: Mapping[str, Any], where: str) -> Any:
    """Replace every "$axis" by the axis's value."""
    if isinstance(data, str) and (match := _AXIS.fullmatch(data)):
        _known_axis(match[1], point, where)
        return point[match[1]]
    if isinstance(data, Mapping):
        return {name: _substitute(item, point, f"{where}.{name}") for name, item in data.items()}
    if isinstance(data, list):
        return [_substitute(item, point, where) for item in data]
    return data
