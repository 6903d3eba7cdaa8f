"""Inlining of step functions, as Numba does it, at a fraction of the cost.

Numba translates a function's bytecode again at each call that it inlines, with all calls inside inlined first, and
copies the result twice. Here a function is translated once per process; what is inlined is a fresh copy of that, and
the calls inside are inlined afterwards in the caller.
"""

import io
import pickle
from collections.abc import Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from numba.core import ir
from numba.core.bytecode import FunctionIdentity
from numba.core.compiler import DefaultPassBuilder
from numba.core.compiler_machinery import register_pass
from numba.core.inline_closurecall import InlineWorker
from numba.core.untyped_passes import InlineInlinables

_PARTS = (type(None), bool, int, float, str, tuple, list, dict)
_known: "WeakKeyDictionary[Callable[..., Any], Translated]" = WeakKeyDictionary()


@register_pass(mutates_CFG=True, analysis_only=False)
class Inlining(InlineInlinables):
    """The pass of Numba's compiler that replaces calls of step functions by their statements."""

    _name = "inlining"

    def _do_work(self, state: Any, work_list: Any, block: Any, i: int, expr: Any, inline_worker: Any) -> Any:
        inline_worker.__class__ = Inliner
        return super()._do_work(state, work_list, block, i, expr, inline_worker)


class Whole(ir.Block):
    """A block that is not copied: `InlineWorker` copies what it is given, which is a copy already."""

    def __deepcopy__(self, memo: Any) -> "Whole":
        return self


class Inliner(InlineWorker):
    """Numba's inliner, given copies of functions that were translated before."""

    def inline_function(self, caller_ir: Any, block: Any, i: int, function: Any, arg_typs: Any = None) -> Any:
        """Replace the call at statement `i` of a block by the statements of a function."""
        names = _read(function)
        translated = _known.get(function)
        if translated is None or not translated.reads(names):
            translated = _known[function] = Translated.of(self.translate(function), names)
        callee = translated.copy(function)
        replaced = self.inline_ir(caller_ir, block, i, callee, function.__code__.co_freevars, arg_typs=arg_typs)
        for part in callee.blocks.values():
            part.__class__ = ir.Block
        return replaced

    def translate(self, function: Any) -> Any:
        """Return Numba's intermediate representation of a function, the calls inside left as they are."""
        self._compiler_pipeline = _without_inlining
        return self.run_untyped_passes(function)


def _without_inlining(state: Any) -> Any:
    manager = DefaultPassBuilder.define_untyped_pipeline(state)
    manager.passes = [(kind, text) for kind, text in manager.passes if not issubclass(kind, InlineInlinables)]
    return manager


def _read(function: Any) -> list[Any]:
    """Return what a function's names mean now: its code, defaults, the variables of its module and around it."""
    code, scope = function.__code__, function.__globals__
    around = [cell.cell_contents for cell in function.__closure__ or ()]
    return [code, function.__defaults__, *around, *(scope.get(name, _read) for name in code.co_names)]


class Translated(NamedTuple):
    """A function in Numba's intermediate representation, from which copies are made."""

    blocks: bytes
    values: list[Any]  # what the blocks name and do not own: constants, functions, places in the source text
    arguments: tuple[str, ...]
    place: Any
    names: list[Any]

    @classmethod
    def of(cls, function: Any, names: list[Any]) -> "Translated":
        """Keep a function that was translated when its names meant these objects."""
        file, values = io.BytesIO(), list[Any]()
        _Pickler(file, values).dump(function.blocks)
        return cls(file.getvalue(), values, function.arg_names, function.loc, names)

    def reads(self, names: list[Any]) -> bool:
        """Return whether the function's names still mean the same objects."""
        return len(names) == len(self.names) and all(a is b for a, b in zip(names, self.names, strict=True))

    def copy(self, function: Any) -> Any:
        """Return a copy whose blocks are to be inlined as they are."""
        blocks = _Unpickler(io.BytesIO(self.blocks), self.values).load()
        for block in blocks.values():
            block.__class__ = Whole
        identity = FunctionIdentity.from_function(function)
        return ir.FunctionIR(blocks, False, identity, self.place, {}, len(self.arguments), self.arguments)


class _Pickler(pickle.Pickler):
    def __init__(self, file: Any, values: list[Any]) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self.values = values

    def persistent_id(self, value: Any) -> int | None:
        kind = type(value)
        if kind in _PARTS or (kind.__module__ == ir.__name__ and kind is not ir.Loc):
            return None
        self.values.append(value)
        return len(self.values) - 1


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: Any, values: list[Any]) -> None:
        super().__init__(file)
        self.values = values

    def persistent_load(self, place: int) -> Any:
        return self.values[place]
