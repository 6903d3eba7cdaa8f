"""Mutation operators: from an expression or a statement of the package's text to its faulty versions.

Each operator yields nodes to put in the place of the one it is given. They know the package's conventions: streams are
called `rng` and `env`, rounds `t`, and a parameter annotated with a NamedTuple of the module has its fields.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple


class Scope(NamedTuple):
    """What the names of a function stand for."""

    names: dict[str, Any]  # of the module
    records: dict[str, Any]  # NamedTuples among the annotations of the function's parameters


Operator = Callable[[Any, Scope], Iterator[ast.AST]]
_MIRRORED = {ast.Add: ast.Sub, ast.Sub: ast.Add}
_NEIGHBOURS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
_CUTS = {"min", "max", "minimum", "maximum", "clip"}
_SHAPES = {"sqrt", "abs", "exp", "log", "log1p", "expm1", "ceil", "floor"}
_STREAMS = {"rng", "env"}


def _called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _copy_with(node: Any, **changes: Any) -> Any:
    fields = {name: getattr(node, name, None) for name in node._fields} | changes
    return ast.copy_location(type(node)(**fields), node)


def _shifted(node: ast.AST, by: int) -> ast.AST:
    operator = ast.Add() if by > 0 else ast.Sub()
    return ast.BinOp(node, operator, ast.Constant(abs(by)))  # type: ignore[arg-type]


def sign(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """A + for a -, and the other way round; a minus that is dropped."""
    if isinstance(node, (ast.BinOp, ast.AugAssign)) and type(node.op) in _MIRRORED:
        yield _copy_with(node, op=_MIRRORED[type(node.op)]())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not _is_number(node.operand):
        yield node.operand


def off_by_one(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """The round after, the index before, one step of a range too few, one whole number too many."""
    if isinstance(node, ast.Name) and node.id == "t" and isinstance(node.ctx, ast.Load):
        yield _shifted(node, 1)
    if (
        isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Load)
        and isinstance(node.slice, (ast.Name, ast.BinOp))
    ):
        yield _copy_with(node, slice=_shifted(node.slice, -1))
    if isinstance(node, ast.Call) and _called(node) == "range":
        last = len(node.args) - 1 if len(node.args) < 3 else 1
        yield _copy_with(node, args=[_shifted(a, -1) if i == last else a for i, a in enumerate(node.args)])
    if isinstance(node, ast.Constant) and type(node.value) is int:
        yield ast.copy_location(ast.Constant(node.value + 1), node)


def stale(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """An update that is dropped: a write into an array, a call for its effect, a field that keeps its old value."""
    if isinstance(node, ast.AugAssign) or (
        isinstance(node, ast.Assign) and any(isinstance(target, ast.Subscript) for target in node.targets)
    ):
        yield ast.copy_location(ast.Pass(), node)
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield ast.copy_location(ast.Pass(), node)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        record = scope.names.get(node.func.id)
        owner = next((name for name, kind in scope.records.items() if kind is record), None)
        for i, argument in enumerate(node.args if owner else ()):
            old = ast.Attribute(ast.Name(owner, ast.Load()), record._fields[i], ast.Load())  # type: ignore[union-attr]
            if ast.unparse(old) != ast.unparse(argument):
                yield _copy_with(node, args=[*node.args[:i], old, *node.args[i + 1 :]])


def factor(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """A factor, a divisor or an exponent that is dropped, or a factor 2 too many."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div, ast.Pow, ast.MatMult)):
        yield node.left
        if isinstance(node.op, ast.Mult):
            yield node.right
        yield ast.BinOp(ast.Constant(2), ast.Mult(), node)
    if isinstance(node, ast.AugAssign) and isinstance(node.op, (ast.Add, ast.Sub)) and not _is_number(node.value):
        yield _copy_with(node, value=ast.BinOp(ast.Constant(2), ast.Mult(), node.value))
    if isinstance(node, ast.Call) and _called(node) in _SHAPES and len(node.args) == 1:
        yield node.args[0]


def swapped(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Two neighbouring arguments in the wrong order; the two cases of a conditional expression."""
    if isinstance(node, ast.Call) and _called(node) not in _CUTS | {"range", "isinstance", "getattr"}:
        for i, (one, two) in enumerate(zip(node.args, node.args[1:])):
            if ast.unparse(one) != ast.unparse(two) and not any(isinstance(a, ast.Starred) for a in (one, two)):
                yield _copy_with(node, args=[*node.args[:i], two, one, *node.args[i + 2 :]])
    if isinstance(node, ast.IfExp):
        yield _copy_with(node, body=node.orelse, orelse=node.body)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Sub, ast.Div, ast.MatMult)):
        yield _copy_with(node, left=node.right, right=node.left)


def comparison(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """< for <=, == for !=, and for or, a condition without its not."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _NEIGHBOURS:
        yield _copy_with(node, ops=[_NEIGHBOURS[type(node.ops[0])]()])
    if isinstance(node, ast.BoolOp):
        yield _copy_with(node, op=ast.And() if isinstance(node.op, ast.Or) else ast.Or())
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand


def no_cut(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """A min, max or clip that is dropped."""
    if isinstance(node, ast.Call) and _called(node) in _CUTS:
        if isinstance(node.func, ast.Attribute) and not node.args:
            return
        yield from node.args[: 1 if _called(node) == "clip" else 2] if len(node.args) > 1 else ()


def wrong_stream(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """A draw from the stream of another purpose."""
    if isinstance(node, ast.Call):
        for i, argument in enumerate(node.args):
            if isinstance(argument, ast.Name) and argument.id in _STREAMS:
                other = ast.parse(f"{argument.id}._replace(purpose={argument.id}.purpose ^ 1)", mode="eval").body
                yield _copy_with(node, args=[*node.args[:i], other, *node.args[i + 1 :]])


def reused_draw(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """One draw used in all rounds, or for all indices of a round."""
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Name) and node.args[0].id in _STREAMS:
        for i, argument in enumerate(node.args[1:3], 1):
            if not isinstance(argument, ast.Constant):
                yield _copy_with(node, args=[*node.args[:i], ast.Constant(0), *node.args[i + 1 :]])


def wrong_field(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """Another field of the same type, of a parameter whose NamedTuple is known."""
    if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and isinstance(node.ctx, ast.Load)):
        return
    fields = getattr(scope.records.get(node.value.id), "__annotations__", {})
    if node.attr in fields:
        alike = [name for name, kind in fields.items() if kind == fields[node.attr]]
        other = alike[(alike.index(node.attr) + 1) % len(alike)]
        if other != node.attr:
            yield _copy_with(node, attr=other)


OPERATORS: dict[str, Operator] = {
    "sign": sign,
    "off by one": off_by_one,
    "stale": stale,
    "factor": factor,
    "swapped": swapped,
    "comparison": comparison,
    "no cut": no_cut,
    "wrong stream": wrong_stream,
    "reused draw": reused_draw,
    "wrong field": wrong_field,
}
