"""Modules of the user's: found as Python finds them, else in the folder of the file that names them."""

import os
import sys
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from sims.engines.faults import is_users

_HOMES: set[str] = set()  # folders that are searched for modules


def importable(folder: str | Path, modules: Iterable[str]) -> None:
    """Let `folder` be searched for modules, after all other places.

    ValueError if it has one of these modules, and importing its name would find another of that name.
    """
    home = Path(folder).resolve()
    _HOMES.add(str(home) + os.sep)
    if str(home) not in sys.path:
        sys.path.append(str(home))
    for name in sorted({module.partition(".")[0] for module in modules} - {"", "__main__"}):
        mine = [place for place in (home / f"{name}.py", home / name) if place.exists()]
        found = find_spec(name) if mine else None
        places = [found.origin or "", *(found.submodule_search_locations or ())] if found else []
        if mine and not {*mine} & {Path(place).resolve() for place in places if place}:
            where = next(filter(None, places), "nothing")
            raise ValueError(f"module {name!r}: {mine[0]} is hidden by {where}: rename it")


def found_beside() -> list[ModuleType]:
    """Return the user's modules that have been imported from folders given to `importable`."""
    files = {name: getattr(module, "__file__", None) or "" for name, module in sys.modules.items()}
    own = [name for name, file in files.items() if file.startswith(tuple(_HOMES)) and is_users(file)]
    return [sys.modules[name] for name in own if name != "__main__"]


def modules_named(spec: Any) -> set[str]:
    """Return the modules in the values "module:name" of the keys `type` of a sweep file, at any depth."""
    if isinstance(spec, list):
        return set().union(*map(modules_named, spec))
    if not isinstance(spec, Mapping):
        return set()
    own = spec.get("type")
    named = {own.partition(":")[0]} if isinstance(own, str) and ":" in own else set()
    return named.union(*map(modules_named, spec.values()))


def importable_module(name: str) -> str:
    """Return the name to import of a module, or of a file FILE.py, of the working folder or installed."""
    file = Path(name)
    if file.suffix == ".py" and not file.is_file():
        raise ValueError(f"module: no file {name}")
    folder, module = (file.parent, file.stem) if file.suffix == ".py" else (Path(), name)
    importable(folder, [module])
    return module
