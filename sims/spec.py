"""Sweeps written in TOML files.

`$name` stands for the value of an axis:

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

A problem or learner may have its own `axes`, which vary for it alone, and `when`, a table of the axis values for which
it is included (`when = { n_actions = [2] }`). A learner may have its own `backend`.
"""

import itertools
import math
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from bandits.core.checks import integer, real, shown
from bandits.core.text import read_text
from sims.code import one_moment
from sims.config import build
from sims.messages import one_line
from sims.modules import importable, modules_named
from sims.overrides import overridden
from sims.sweep import Cell, Precision

_TOP_LEVEL = {"repetitions", "seed", "axes", "zip", "problem", "learner", "precision", "checkpoints", "backend"}
_OF_THE_SWEEP = {"problem": ("axes", "when"), "learner": ("axes", "when", "backend")}  # keys that are not parameters
_AXIS = re.compile(r"\$([A-Za-z_][A-Za-z_0-9]*)")
_MOST_CELLS = 1_000_000  # of a file: some minutes to validate, most of a gigabyte
_MOST_BYTES = 1 << 24  # of a file


def load_sweep(path: str | Path, overrides: Sequence[str] = ()) -> list[Cell]:
    """Return the cells of a TOML file; a ValueError of one line names the place of the first mistake.

    overrides: texts "axis=value" that replace the file's values (`sims.overrides`).
    Modules and functions that the file names are imported and called; modules may lie beside the file. At most a
    million cells and 16 MB.
    """
    text = read_text(path, _MOST_BYTES)
    try:
        spec = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: not a TOML file: {' '.join(str(error).split())}") from None
    except RecursionError:
        raise ValueError(f"{path}: nested too deeply") from None
    spec = overridden(spec, overrides)
    importable(Path(path).parent, modules_named(spec))
    return parse_sweep(spec)


def parse_sweep(spec: Mapping[str, Any]) -> list[Cell]:
    """Return the cells of a sweep given as a table (see the module's docstring); raises as `load_sweep`."""
    try:
        with one_moment():
            return _parsed(spec)
    except RecursionError:
        raise ValueError("the sweep is nested too deeply") from None


def _parsed(spec: Mapping[str, Any]) -> list[Cell]:
    unknown = set(spec) - _TOP_LEVEL
    if unknown:
        raise ValueError(f"unknown keys {shown(sorted(unknown))}; there are {', '.join(sorted(_TOP_LEVEL))}")
    problems, learners = _tables(spec, "problem"), _tables(spec, "learner")
    rows = _rows(spec)
    made: dict[str, Any] = {}  # description -> object: each is made once
    own = {
        where: _axes(table.get("axes", {}), f"{where}.axes") for where, table in (*problems.items(), *learners.items())
    }
    _count(rows, [[own[where] for where in tables] for tables in (problems, learners)])
    cells: list[Cell] = []
    for shared in _points(rows):
        for places in itertools.product(problems.items(), learners.items()):
            if all(_takes_part(table, shared, where) for where, table in places):
                for extra in itertools.product(*(_product(own[where]) for where, _ in places)):
                    cells.append(_cell(spec, places, {**shared, **extra[0], **extra[1]}, made))
    if not cells:
        raise ValueError("the sweep has no cells: no problem and learner take part together")
    return cells


def _count(rows: Sequence[Sequence[Any]], own: Sequence[Sequence[Mapping[str, list[Any]]]]) -> None:
    """Raise ValueError if there are more combinations than a file may have, before any is made."""
    shared = math.prod(len(part) for part in rows)
    each = [sum(math.prod(len(values) for values in axes.values()) for axes in tables) for tables in own]
    total = shared * math.prod(each)
    if total > _MOST_CELLS:
        raise ValueError(f"the sweep has {total:.3g} combinations, a file may have at most {_MOST_CELLS}")


def _cell(spec: Mapping[str, Any], places: Any, point: Mapping[str, Any], made: dict[str, Any]) -> Cell:
    built = []
    for where, table in places:
        data = {name: item for name, item in table.items() if name not in _OF_THE_SWEEP[where.partition("[")[0]]}
        plain = _substitute(data, point, where)
        key = where + repr(plain)
        if key not in made:
            made[key] = build(plain, where)
        built.append(made[key])
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
        _ = cell.address  # resolves the learner's parameters, so that errors in them are found before anything runs
        return cell
    except Exception as error:  # users' learners may raise anything
        text = str(error) if isinstance(error, TypeError | ValueError) else one_line(error)
        raise ValueError(f"{places[0][0]} with {places[1][0]} at {shown(dict(point))}: {text}") from None


def _precision(table: Any) -> Precision:
    known = [part.name for part in fields(Precision)]
    if not isinstance(table, Mapping) or "half_width" not in table or not set(table) <= set(known):
        raise ValueError(f"precision must be {{ half_width = ... }} with any of {', '.join(known)}, got {shown(table)}")
    try:
        return Precision(**table)
    except (TypeError, ValueError) as error:
        raise ValueError(f"precision: {error}") from None


def _tables(spec: Mapping[str, Any], name: str) -> dict[str, Mapping[str, Any]]:
    """Return the [[name]] tables by their places."""
    tables = spec.get(name, [])
    tables = [tables] if isinstance(tables, Mapping) else tables
    if not tables:
        raise ValueError(f"the sweep needs at least one [[{name}]]")
    if not isinstance(tables, list):
        raise ValueError(f"{name} must be [[{name}]] tables, got {shown(tables)}")
    for i, table in enumerate(tables):
        if not isinstance(_table(table, f"{name}[{i}]").get("type"), str):
            raise ValueError(f"{name}[{i}] needs a type, a name; several are several [[{name}]] tables")
    return {f"{name}[{i}]": table for i, table in enumerate(tables)}


def _table(data: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise ValueError(f"{where} must be a table, got {shown(data)}")
    return data


def _rows(spec: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the values of each shared axis, and the rows of each [[zip]], as parts of a point."""
    shared = _axes(spec.get("axes", {}), "axes")
    rows = [[{name: value} for value in values] for name, values in shared.items()]
    zipped = spec.get("zip", [])
    if not isinstance(zipped, list):
        raise ValueError(f"zip must be [[zip]] tables, got {shown(zipped)}")
    taken = set(shared)
    for i, table in enumerate(zipped):
        columns = _axes(table, f"zip[{i}]")
        if not columns or taken & set(columns):
            wrong = f"again has {', '.join(sorted(taken & set(columns)))}" if columns else "has no axis"
            raise ValueError(f"zip[{i}] {wrong}")
        taken |= set(columns)
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"zip[{i}]: lists that advance together must have one length, got {shown(lengths)}")
        rows.append([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])
    return rows


def _points(rows: Sequence[Sequence[Mapping[str, Any]]]) -> Iterator[dict[str, Any]]:
    """Yield the combinations of the parts."""
    for combination in itertools.product(*rows):
        yield {name: value for part in combination for name, value in part.items()}


def _axes(table: Any, where: str) -> dict[str, list[Any]]:
    return {name: _values(values, f"{where}.{name}") for name, values in _table(table, where).items()}


def _values(values: Any, where: str) -> list[Any]:
    if isinstance(values, Mapping) and len(values) == 1 and next(iter(values)) in ("log", "linear"):
        kind, ends = next(iter(values.items()))
        if not isinstance(ends, list) or len(ends) != 3:
            raise ValueError(f"{where} must be {{ {kind} = [low, high, n] }}, got {shown(values)}")
        low, high, count = ends
        for end in (low, high):
            real(where, end, low=0.0 if kind == "log" else -math.inf, open_low=kind == "log")
        points = (np.geomspace if kind == "log" else np.linspace)(
            low, high, integer(where, count, low=1, high=_MOST_CELLS)
        )
        whole = isinstance(low, int) and isinstance(high, int) and kind == "log"
        return list(dict.fromkeys(round(float(x)) for x in points)) if whole else [float(x) for x in points]
    if not isinstance(values, list) or not values:
        raise ValueError(
            f"{where} must be a non-empty list, {{ log = [low, high, n] }} or {{ linear = ... }}, got {shown(values)}"
        )
    return values


def _product(axes: Mapping[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for point in itertools.product(*axes.values()):
        yield dict(zip(axes, point, strict=True))


def _takes_part(table: Mapping[str, Any], point: Mapping[str, Any], where: str) -> bool:
    """Return whether the point has the axis values for which the table is included."""
    for name, wanted in _table(table.get("when", {}), f"{where}.when").items():
        _known_axis(name, point, f"{where}.when")
        if not isinstance(wanted, list):
            raise ValueError(f"{where}.when.{name} must be a list of the axis's values, got {shown(wanted)}")
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
