"""Regret bounds as objects, confidence sequences, and verification. Modules load when they are first used.

Each family has a folder with the same modules: `bounds` (BOUNDS, LOOSE, WITHOUT_THEOREM) and `cases` (CASES,
WITHOUT_CASE), and where they are known `exact` (exact expectations), `ranges` (proven ranges) and `witnesses`
(WITNESSES, SEARCHES, SPACES: problems on which a bound is nearly tight). LOOSE gives the reason where no witness comes
near the bound, WITHOUT_THEOREM lists questions without a theorem, each with its reason. The modules beside the folders
name no family: they find what they need by listing the folders.
"""

import importlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandits.core.lazy import lazy

if TYPE_CHECKING:
    from types import ModuleType

    from theory.bound import Bound
    from theory.suite import verify_all
    from theory.verdict import Verdict
    from theory.verification import verify

__all__ = ["Bound", "Verdict", "catalogue", "include", "theorem", "verify", "verify_all"]

_included: "dict[str, ModuleType]" = {}  # modules of the user's


def catalogue() -> "dict[str, Bound]":
    """Return every theorem by name, family by family, then those of included modules."""
    modules = (*modules_of_families("bounds"), *_included.values())
    return {bound.name: bound for module in modules for bound in getattr(module, "BOUNDS", ())}


def include(module: str) -> list[str]:
    """Add a module of your own to the catalogue for this process; return the names of its theorems.

    It has what a family's modules have: BOUNDS, a sequence of bounds, and as it likes CASES, WITHOUT_CASE, WITNESSES.
    Raises ValueError if it cannot be imported, has no BOUNDS, or one of them has the name of another theorem.
    """
    from theory.bound import Bound

    try:
        found = importlib.import_module(module)
    except Exception as error:  # importing a module may raise anything
        raise ValueError(f"module {module!r} cannot be imported: {type(error).__name__}: {error}") from None
    bounds = getattr(found, "BOUNDS", ())
    if not bounds or not all(isinstance(bound, Bound) for bound in bounds):
        raise ValueError(f"module {module!r} must have BOUNDS, a sequence of theory.Bound")
    _included.pop(module, None)
    names = [bound.name for bound in bounds]
    for name in names:
        if name in catalogue() or names.count(name) > 1:
            raise ValueError(f"module {module!r}: another theorem is named {name!r}")
    _included[module] = found
    return names


def included() -> tuple[str, ...]:
    """Return the names of the included modules."""
    return tuple(_included)


@cache
def modules_of_families(name: str) -> "tuple[ModuleType, ...]":
    """Return the modules of this name (`bounds`, `cases`, ...) in the families' folders, imported."""
    here = Path(__file__).parent
    files = (*here.glob(f"*/**/{name}.py"), *here.glob(f"*/**/{name}/__init__.py"))
    found = (file.parent if file.name == "__init__.py" else file.with_suffix("") for file in files)
    modules = sorted(".".join(("theory", *path.relative_to(here).parts)) for path in found)
    return tuple(importlib.import_module(module) for module in modules)


def registered(module: str, name: str) -> dict[str, Any]:
    """Return the mappings `name` of all families' modules `module` and of included ones, merged: theorem -> value."""
    mappings = (getattr(found, name, {}) for found in (*modules_of_families(module), *_included.values()))
    return {theorem: value for mapping in mappings for theorem, value in mapping.items()}


def first_answer(module: str, function: str, *arguments: Any) -> Any:
    """Call `function` of each family's module called `module`; return the first result that is not None, else None."""
    knowing = (found for found in modules_of_families(module) if hasattr(found, function))
    answers = (getattr(found, function)(*arguments) for found in knowing)
    return next((answer for answer in answers if answer is not None), None)


def theorem(name: str) -> "Bound":
    """Return the theorem of this name; KeyError names the nearest ones."""
    from theory.bound import nearest

    known = catalogue()
    if name not in known:
        raise KeyError(f"no theorem named {name!r}; {nearest(name, known)}")
    return known[name]


if not TYPE_CHECKING:
    _NAMES = {
        "theory.bound": "Bound",
        "theory.suite": "verify_all",
        "theory.verdict": "Verdict",
        "theory.verification": "verify",
    }
    __getattr__, __dir__ = lazy(__name__, _NAMES)
