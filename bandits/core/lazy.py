"""Packages whose public names load when they are first used."""

import importlib
import sys
from collections.abc import Callable, Mapping
from typing import Any


def lazy(package: str, names: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the `__getattr__` and the `__dir__` of a package; names: module -> its names, separated by blanks.

    The package imports the same names under `TYPE_CHECKING` and lists them in `__all__`, for type checkers.
    """
    homes = {name: module for module, text in names.items() for name in text.split()}

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    def public() -> list[str]:
        return sorted({*vars(sys.modules[package]), *homes})

    return load, public
