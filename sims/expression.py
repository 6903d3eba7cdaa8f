"""Problems and learners written as calls, "SwitchingCostGame(BernoulliLosses([0.5, 0.4]), horizon=1000)".

They are read, never evaluated: names of classes and makers, with literals and further calls as arguments.
"""

import ast
import inspect
from pathlib import Path
from typing import Any

from bandits.core.checks import shown
from sims.config import build, find_maker
from sims.modules import importable

_MOST = 100_000  # characters of a text


def made_from(text: str, where: str) -> Any:
    """Return the object that a call describes, by the names of sweep files; "mine.Own" is the class Own of module mine.

    Raises ValueError, naming the place `where`, for anything else than a call or a name, and as `sims.config.build`.
    """
    try:
        if len(text) > _MOST:
            raise ValueError
        body = ast.parse(text.strip(), mode="eval").body
        return build(_read(body if isinstance(body, ast.Call) else ast.Call(body, [], []), where), where)
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(f"{where} must be written as Name(argument, name=argument), got {shown(text)}") from None


def _read(node: ast.expr, where: str) -> Any:
    """Return plain data: a table with "type" for a call, Python's value for a literal."""
    if isinstance(node, ast.Call):
        return _table(node, where)
    if isinstance(node, (ast.List, ast.Tuple)):
        return [_read(item, where) for item in node.elts]
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        raise ValueError(f"{where}: {shown(ast.unparse(node))} is neither a value nor a call") from None


def _table(call: ast.Call, where: str) -> dict[str, Any]:
    name = ast.unparse(call.func)
    if not all(part.isidentifier() for part in name.split(".")):
        raise ValueError(f"{where}: {shown(name)} is not the name of a class or function")
    module, _, attribute = name.rpartition(".")
    kind = f"{module}:{attribute}" if module else attribute
    if module:
        importable(Path(), [module])
    parameters = inspect.signature(find_maker(kind, where)).parameters.values()
    places = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(call.args) > len(places):
        raise ValueError(f"{where}: {name} takes {len(places)} values without a name, got {len(call.args)}")
    given: dict[str, Any] = {"type": kind}
    for parameter, value in [
        *zip(places, call.args, strict=False),
        *((word.arg, word.value) for word in call.keywords),
    ]:
        if parameter is None or parameter in given or isinstance(value, ast.Starred):
            raise ValueError(f"{where}: {name} must be given its parameters, each once, by place or by name")
        given[parameter] = _read(value, where)
    return given
