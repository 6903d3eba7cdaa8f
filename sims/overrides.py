"""Values for the axes of a sweep file from the command line, as in `-o horizon=4096`."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from bandits.core.checks import shown

_SETTINGS = ("repetitions", "seed", "backend", "checkpoints")  # at the top of a file
_WORD = re.compile(r"[A-Za-z_][\w.:-]*")


def overridden(spec: Mapping[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """Return a copy of a sweep with the values of axes, or of its repetitions, seed, backend, checkpoints, replaced.

    assignments: texts "name=value", the value in TOML (words need no quotation marks). A list, or { log = ... }, has
    several values of an axis, anything else is its only one. ValueError for names that the sweep does not have, and for
    axes of a [[zip]], which advance with others.
    """
    out = {name: _copied(item) for name, item in spec.items()}
    for text in assignments:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not (name and equals and value):
            raise ValueError(f"-o must be AXIS=VALUE, got {shown(text)}")
        _replace(out, name, _value(name, value))
    return out


def _copied(item: Any) -> Any:
    if isinstance(item, Mapping):
        return {name: _copied(value) for name, value in item.items()}
    return [_copied(value) for value in item] if isinstance(item, list) else item


def _value(name: str, text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        if _WORD.fullmatch(text):
            return text
        raise ValueError(f"-o {name}: {shown(text)} is not a value in TOML") from None


def _replace(spec: dict[str, Any], name: str, value: Any) -> None:
    tables = [spec, *(table for kind in ("problem", "learner") for table in _tables(spec.get(kind)))]
    homes = [table["axes"] for table in tables if isinstance(table.get("axes"), dict)]
    if any(name in row for row in _tables(spec.get("zip"))):
        raise ValueError(f"-o {name}: the axis advances with others in a [[zip]]: change it in the file")
    having = [axes for axes in homes if name in axes]
    if not having and name not in _SETTINGS:
        known = sorted({*_SETTINGS, *(axis for axes in homes for axis in axes)})
        raise ValueError(f"-o {name}: the sweep has no such axis; there are {', '.join(known)}")
    several = isinstance(value, list) or (isinstance(value, dict) and {*value} <= {"log", "linear"})
    for axes in having:
        axes[name] = value if several else [value]
    if not having:
        spec[name] = value


def _tables(item: Any) -> list[dict[str, Any]]:
    return [table for table in (item if isinstance(item, list) else [item]) if isinstance(table, dict)]
