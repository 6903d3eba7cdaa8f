"""The reads of a function's code: names with the attributes taken of them, all attribute names, imports."""

import dis
from collections.abc import Iterator
from functools import cache
from types import CodeType
from typing import Any, Literal, NamedTuple

_GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
_FREE = {"LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FROM_DICT_OR_DEREF"}
_ATTRIBUTES = {"LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"}
_BETWEEN = {"EXTENDED_ARG", "CACHE", "PUSH_NULL", "NOP"}


class Read(NamedTuple):
    """A name, where it is looked up, and the chain of attributes taken of it: a.b.c is (a, (b, c))."""

    source: Literal["global", "free", "import"]
    name: str
    attributes: tuple[str, ...]
    level: int = 0  # of a relative import


class Text(NamedTuple):
    """The reads of a code object and of the code inside it."""

    reads: tuple[Read, ...]  # of globals, closures and imported modules, in order
    attributes: frozenset[str]  # all attribute names
    constants: tuple[Any, ...]  # without a docstring, unless the code reads it


@cache
def text_of(code: CodeType) -> Text:
    """Return the reads of the code."""
    steps = [step for step in dis.get_instructions(code) if step.opname not in _BETWEEN]
    found, attributes = list(_reads(steps)), {step.argval for step in steps if step.opname in _ATTRIBUTES}
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            found += text_of(inner).reads
            attributes |= text_of(inner).attributes
    return Text(tuple(found), frozenset(attributes), _constants(code, steps))


def _reads(steps: list[dis.Instruction]) -> Iterator[Read]:
    pending: Read | None = None
    module: Read | None = None
    for position, step in enumerate(steps):
        name, what = step.opname, step.argval
        if name in _ATTRIBUTES and pending is not None:
            pending = pending._replace(attributes=(*pending.attributes, what))
            continue
        if pending is not None:
            yield pending
        pending = None
        if name in _GLOBALS:
            pending = Read("global", what, ())
        elif name in _FREE:
            pending = Read("free", what, ())
        elif name == "IMPORT_NAME":
            level = steps[position - 2].argval  # below the names that are imported
            module = pending = Read("import", what, (), level if isinstance(level, int) else 0)
        elif name == "IMPORT_FROM" and module is not None:
            yield module._replace(attributes=(what,))


def _constants(code: CodeType, steps: list[dis.Instruction]) -> tuple[Any, ...]:
    """Return the constants without a docstring: a first constant of type str that no instruction loads."""
    if not code.co_consts or not isinstance(code.co_consts[0], str):
        return code.co_consts
    loaded = any(step.opname.startswith("LOAD_CONST") and step.arg == 0 for step in steps)
    return code.co_consts if loaded else (None, *code.co_consts[1:])  # None, as without a docstring
