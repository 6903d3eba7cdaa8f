"""What is claimed: bounds as objects, confidence sequences, verification. Parts load when they are used."""

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from theory.bound import Bound

_FAMILIES = ("switching", "one_sided", "threshold", "preference")
_LAZY = {"verify": "theory.verify", "verify_all": "theory.verify", "Verdict": "theory.verify"}


def catalogue() -> "dict[str, Bound]":
    """Return every theorem by name, family by family."""
    here = {module.name for module in pkgutil.iter_modules(__path__)}
    bounds: dict[str, Bound] = {}
    for family in _FAMILIES:
        if family in here:
            bounds |= {bound.name: bound for bound in importlib.import_module(f"theory.{family}").BOUNDS}
    return bounds


def theorem(name: str) -> "Bound":
    """Return the theorem of this name; KeyError names the nearest ones."""
    from theory.bound import nearest

    known = catalogue()
    if name not in known:
        raise KeyError(f"no theorem named {name!r}; {nearest(name, known)}")
    return known[name]
