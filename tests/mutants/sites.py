"""Mutants of the package's code: every place where an operator applies, and a sample of them that is always the same.

A mutant is known by module, function, operator and what it changes, not by its line, so that edits elsewhere in a file
leave it as it is. From every function the mutants with the least hashes are taken, so that the sample of one function
does not depend on any other.
"""

import ast
import copy
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from tests.mutants.operators import OPERATORS, Scope

ROOT = Path(__file__).parents[2]
# argument checks and messages have tests of their own
_LEFT_OUT = {"__post_init__", "check", "name", "__repr__", "__str__"}


@dataclass(frozen=True)
class Mutant:
    """One change of one function; `place` counts equal changes in it."""

    module: str
    function: str  # qualified name
    operator: str
    before: str
    after: str
    place: int = 0

    @property
    def key(self) -> tuple[str, ...]:
        """Key that no other mutant has."""
        again = f" ({self.place + 1})" if self.place else ""
        return self.module, self.function, self.operator, f"{self.before} -> {self.after}{again}"

    @property
    def rank(self) -> str:
        """Its position in the sample of its function."""
        return sha256(repr(self.key).encode()).hexdigest()


def module_of(name: str) -> ModuleType:
    """Return an imported module."""
    return sys.modules[name]


@cache
def _tree(module: str) -> ast.Module:
    source = importlib.util.find_spec(module).origin  # type: ignore[union-attr]
    return ast.parse(Path(source).read_text(), source)  # type: ignore[arg-type]


def _functions(node: ast.AST, path: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef):
            yield path + child.name, child
            yield from _functions(child, f"{path}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{path}{child.name}.")
        elif not isinstance(child, ast.expr):
            yield from _functions(child, path)


def _places(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, str, int | None]]:
    """Yield (parent, field, index) of the nodes of a function's own body, without errors and nested functions."""

    def walk(node: ast.AST) -> Iterator[tuple[ast.AST, str, int | None]]:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "decorator_list"):
                continue
            for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(child, ast.AST) and not isinstance(child, (ast.Raise, ast.FunctionDef, ast.Assert)):
                    yield node, name, index
                    yield from walk(child)

    body = function.body
    for index, statement in enumerate(body):
        if not isinstance(statement, (ast.FunctionDef, ast.Raise, ast.Assert)):
            yield function, "body", index
            yield from walk(statement)


def _get(place: tuple[ast.AST, str, int | None]) -> Any:
    parent, name, index = place
    value = getattr(parent, name)
    return value if index is None else value[index]


def _put(place: tuple[ast.AST, str, int | None], node: Any) -> None:
    parent, name, index = place
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node


def _scope(module: str, function: ast.FunctionDef) -> Scope:
    names = vars(module_of(module))
    records = {}
    for argument in function.args.args:
        kind = names.get(argument.annotation.id) if isinstance(argument.annotation, ast.Name) else None
        if hasattr(kind, "_fields"):
            records[argument.arg] = kind
    return Scope(names, records)


def _found(module: str, path: str, function: ast.FunctionDef) -> Iterator[tuple[Mutant, Any, ast.AST]]:
    """Yield the mutants of a function, each with its place and the node to put there."""
    scope, counts = _scope(module, function), {}
    for place in _places(function):
        node = _get(place)
        before = ast.unparse(node)
        for name, operator in OPERATORS.items():
            for faulty in operator(node, scope):
                after = ast.unparse(faulty)
                same = (name, before, after)
                counts[same] = counts.get(same, -1) + 1
                yield Mutant(module, path, name, before, after, counts[same]), place, faulty


def mutants_of(module: str) -> dict[str, list[Mutant]]:
    """Return all mutants of a module, by function."""
    return {
        path: [mutant for mutant, _, _ in _found(module, path, function)]
        for path, function in _functions(_tree(module))
        if function.name not in _LEFT_OUT
    }


def mutated(mutant: Mutant) -> CodeType:
    """Return the compiled text of the module with the change."""
    tree = copy.deepcopy(_tree(mutant.module))
    for path, function in _functions(tree):
        if path == mutant.function and mutant.operator == "listed":
            _rewrite(function, mutant)
            _keep_names(tree, _tree(mutant.module))
            return compile(tree, module_of(mutant.module).__file__ or "", "exec")
        if path == mutant.function:
            for other, place, faulty in _found(mutant.module, path, function):
                if other == mutant:
                    _put(place, ast.fix_missing_locations(ast.copy_location(faulty, _get(place))))
                    _keep_names(tree, _tree(mutant.module))
                    return compile(tree, module_of(mutant.module).__file__ or "", "exec")
    raise LookupError(f"{mutant.key} is not in the text")


def _rewrite(function: ast.FunctionDef, mutant: Mutant) -> None:
    """Replace the text of a listed mutant; `place` tells which of several occurrences, where there are several."""
    parts = ast.unparse(function).split(mutant.before)
    if len(parts) < 2 or mutant.place >= len(parts) - 1 or (mutant.place == 0 and len(parts) != 2):
        raise LookupError(f"{mutant.key} is not in the text, or more than once")
    first, rest = parts[: mutant.place + 1], parts[mutant.place + 1 :]
    changed = ast.parse(mutant.before.join(first) + mutant.after + mutant.before.join(rest)).body[0]
    function.body = changed.body  # type: ignore[attr-defined]


def _keep_names(tree: ast.Module, original: ast.Module) -> None:
    """Let functions reach the same names of outer functions as before, so that their code fits the old functions."""
    for (_, function), (_, before) in zip(_functions(tree), _functions(original), strict=True):
        lost = {n.id for n in ast.walk(before) if isinstance(n, ast.Name)}
        lost -= {n.id for n in ast.walk(function) if isinstance(n, ast.Name)}
        for name in sorted(lost):
            never = ast.If(ast.Constant(0), [ast.Expr(ast.Name(name, ast.Load()))], [])
            function.body.append(ast.fix_missing_locations(ast.copy_location(never, function.body[-1])))


# ---------------------------------------------------------------- the sample

# the share of an operator's mutants that is tried: more where it has few places
SHARES = {
    "sign": 0.045,
    "off by one": 0.022,
    "stale": 0.07,
    "factor": 0.015,
    "swapped": 0.01,
    "comparison": 0.04,
    "no cut": 0.12,
    "wrong stream": 0.25,
    "reused draw": 0.35,
    "wrong field": 0.04,
}
LEAST = 3  # mutants per module, where it has so many


def sample_of(module: str) -> list[Mutant]:
    """Return the mutants of a module that are tried: those whose hash is below their operator's share."""
    ordered = sorted((mutant for found in mutants_of(module).values() for mutant in found), key=lambda m: m.rank)
    chosen = [mutant for mutant in ordered if int(mutant.rank[:8], 16) < SHARES[mutant.operator] * 16**8]
    return chosen + [mutant for mutant in ordered if mutant not in chosen][: max(0, LEAST - len(chosen))]
