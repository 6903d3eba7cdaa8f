"""Old names of `theory.cases` and of the hard losses in `theory.switching.witnesses`."""

import importlib
import warnings
from typing import Any

_LOSSES = "theory.switching.witnesses"
_MOVED = {"Instance": ("theory.cases", "Case"), "dear": (_LOSSES, "costly_losses")}
_MOVED |= {name: ("theory.cases", name) for name in ("default_cases", "freeze")}
_MOVED |= {name: (_LOSSES, name) for name in ("steady", "alternating", "ones_then_steady", "even_then_steady")}


def __getattr__(name: str) -> Any:
    """Return what the name stands for now, with a DeprecationWarning that says where."""
    if name not in _MOVED:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, new = _MOVED[name]
    warnings.warn(f"{__name__}.{name} is now {module}.{new}", DeprecationWarning, stacklevel=2)
    return getattr(importlib.import_module(module), new)
