"""Uses of private parts of Numba: faster compilation, and a cache by content.

Where a version of Numba lacks one of these parts or has changed it, `bandits.core.jit` does not use this module:
all code is then compiled by plain Numba, more slowly and in every process, with the same results.
"""

import gc
import inspect
import itertools
import os
import secrets
from collections.abc import Callable
from typing import Any

import numba
from llvmlite.binding import Linkage, parse_assembly
from numba.core.bytecode import FunctionIdentity
from numba.core.codegen import CPUCodegen, JITCodeLibrary
from numba.core.compiler import Compiler, CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.inline_closurecall import InlineWorker
from numba.core.ir import FunctionIR
from numba.core.registry import CPUDispatcher
from numba.core.runtime.context import NRTContext
from numba.core.untyped_passes import InlineInlinables

from bandits.core.inliner import Inlining
from bandits.core.kernel_cache import ContentCache as ContentCache
from bandits.core.kernel_cache import PartCache as PartCache

_ENVIRONMENT = "_ZN08NumbaEnv"  # how Numba's names of environments begin
_CALLED: dict[Callable[..., Any], tuple[str, ...]] = {
    NRTContext.get_meminfos: ("self", "builder", "ty", "val"),
    NRTContext.__init__: ("self", "context", "enabled"),
    Compiler.compile_extra: ("self", "func"),
    Compiler._compile_bytecode: ("self",),
    JITCodeLibrary._optimize_functions: ("self", "ll_module"),
    JITCodeLibrary._optimize_final_module: ("self",),
    JITCodeLibrary._finalize_final_module: ("self",),
    JITCodeLibrary._finalize_dynamic_globals: ("self",),
    JITCodeLibrary._verify_declare_only_symbols: ("self",),
    CPUCodegen._module_pass_manager: ("self", "kwargs"),
    CPUCodegen._create_empty_module: ("self", "name"),
    Dispatcher.__init__: ("self", "py_func", "locals", "targetoptions", "pipeline_class"),
    CompileResult._reduce: ("self",),
    InlineInlinables._do_work: ("self", "state", "work_list", "block", "i", "expr", "inline_worker"),
    InlineWorker.inline_ir: ("self", "caller_ir", "block", "i", "callee_ir", "callee_freevars", "arg_typs"),
    FunctionIR.__init__: (
        *("self", "blocks", "is_generator", "func_id", "loc", "definitions", "arg_count", "arg_names"),
    ),
}


def fits() -> bool:
    """Return whether the parts of Numba have the signatures that this module expects."""
    counted = isinstance(vars(FunctionIdentity).get("_unique_ids"), itertools.count)
    return counted and all(tuple(inspect.signature(part).parameters) == names for part, names in _CALLED.items())


def number_apart() -> None:
    """Number functions from a random number on, and anew in forked processes.

    Functions of one factory differ in machine code by that number alone, which Numba counts from 1 in every process.
    Where code kept by two processes met in a third, one function could then be called in place of another.
    """

    def begin() -> None:
        FunctionIdentity._unique_ids = itertools.count(secrets.randbits(60))

    begin()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=begin)


class References(NRTContext):
    """Reference counting that visits only the arrays of a value, not each of its numbers.

    Numba's own emits an instruction for every field of every tuple each time, most of the code of a loop, which the
    optimiser then removes.
    """

    def get_meminfos(self, builder: Any, ty: Any, val: Any) -> list[Any]:
        """Return the (type, memory) pairs inside the value."""
        models = self._context.data_model_manager
        model = models[ty]
        found = [(ty, model.get_nrt_meminfo(builder, val))] if model.has_nrt_meminfo() else []
        for kind, getter in model.traverse(builder):
            if models[kind].contains_nrt_meminfo():
                found += self.get_meminfos(builder, kind, getter(val))
        return found


class Library(JITCodeLibrary):
    """Machine code of a program, optimised as a whole.

    Numba optimises a function by itself first, before what it calls is linked; with that, compilation takes longer and
    threshold search is a fifth slower.
    """

    def _optimize_functions(self, ll_module: Any) -> None:
        ll_module.data_layout = self._codegen._data_layout


class PartLibrary(JITCodeLibrary):
    """Code of a step, which is linked into its callers and optimised with them: no machine code is made of it."""

    _final_module: Any

    def _optimize_final_module(self) -> None:
        """Run the passes that Numba runs first, before those that optimise."""
        quick = {"opt": self._codegen._opt_level, "loop_vectorize": False, "slp_vectorize": False, "cost": "cheap"}
        passes, builder = self._codegen._module_pass_manager(**quick)
        passes.run(self._final_module, builder)

    def _finalize_final_module(self) -> None:
        """Keep the code for callers; the process itself gets the places of the environments that it names, no more."""
        whole = self._final_module
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        for function in whole.functions:
            if not function.is_declaration and function.linkage == Linkage.external:
                function.linkage = Linkage.linkonce_odr
        named = [part.name for part in whole.global_variables if part.name.startswith(_ENVIRONMENT)]
        text = str(self._codegen._create_empty_module(self.name))
        text += "".join(f'@"{name}" = common global i64 0\n' for name in named)
        self._shared_module, self._final_module = whole, parse_assembly(text)
        super()._finalize_final_module()


class FastCompiler(Compiler):
    """Numba's pipeline with `References`, `Inlining` and `Library` (for programs), without Python's garbage collector.

    A compilation makes many objects, and repeated collections would take a fifth of its time in a large process.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        context = self.state.targetctx
        context.nrt = References(context, context.enable_nrt)

    def define_pipelines(self) -> Any:
        """Return the pipelines of Numba with a faster inliner."""
        managers = super().define_pipelines()
        for manager in managers:
            manager.passes = [(Inlining if kind is InlineInlinables else kind, text) for kind, text in manager.passes]
            manager.finalize()
        return managers

    def _compile_bytecode(self) -> Any:
        state = self.state
        kind = PartLibrary if state.flags.no_cpython_wrapper else Library  # for steps, and for programs
        state.library = kind(state.targetctx.codegen(), state.func_id.func_qualname)
        state.library.enable_object_caching()
        return super()._compile_bytecode()

    def compile_extra(self, func: Any) -> Any:
        """Run the pipeline on the function."""
        collecting = gc.isenabled()  # False inside the compilation of a caller
        gc.disable()
        try:
            return super().compile_extra(func)
        finally:
            if collecting:
                gc.enable()


class Step(CPUDispatcher):
    """A step function for calls from compiled code: compiled without the wrapper for calls from Python.

    A call from Python compiles a second version with the wrapper. When first compiled, it notes all that it reaches in
    `origin`, as `reach` returns it: later compilations of its callers do not read its text again.
    """

    def compile(self, sig: Any) -> Any:
        """Compile the function for a signature, or find its machine code."""
        if "origin" not in self.__dict__:
            self.origin = self.reach()
        return super().compile(sig)

    def __call__(self, *arguments: Any) -> Any:
        """Call the function from Python."""
        if "from_python" not in self.__dict__:
            own = ("nopython", "no_cpython_wrapper")
            options = {name: value for name, value in self.targetoptions.items() if name not in own}
            self.from_python = numba.njit(**options)(self.py_func)
        return self.from_python(*arguments)
