"""Choice of the engine of a pair: the compiled loop plays every `RoundProblem`, JAX some pairs and all matrix games.

The interpreter (`sims.engines.python`) plays them all, and alone those whose learner is not written in kernels.

A family with JAX implementations has a module `sims.engines.jax.FAMILY.program`, with `PAIRS`, a sentence that lists
the pairs, and the functions

    check(problem, learner, precision)                                    # TypeError or ValueError: no implementation
    play(problem, learner, seed, first, count, rounds, precision) -> (count, C, M) float64

with precision "float64" or "float32". The module is found by the name of the problem's package and imported, with JAX,
on first use. A new family's programs need no line here.
"""

import importlib
import pkgutil
from types import ModuleType
from typing import Any, Literal, get_args

from bandits.core.jit import is_compiled
from bandits.plain import Plain
from bandits.protocol import Learner, MatrixGame, RoundProblem, steps_of_pair

Backend = Literal["numba", "numba-scalar", "python", "jax", "jax-float32"]
Engine = Literal["compiled", "python", "jax", "own"]


def precision_of(backend: str) -> str:
    """Return the precision of a JAX backend, "float64" or "float32"."""
    return "float32" if backend == "jax-float32" else "float64"


def check_backend(backend: Any, problem: Any, learner: Learner) -> None:
    """Raise ValueError for an unknown backend, and what `engine` and its program's `check` raise.

    A learner that overrides `Learner.play` is not checked further. Matrix games are played by
    `sims.engines.self_play` under any backend.
    """
    if backend not in get_args(Backend):
        raise ValueError(f"backend must be one of {', '.join(get_args(Backend))}, got {backend!r}")
    if engine_of(problem, learner, backend) == "jax" or (isinstance(problem, MatrixGame) and backend == "python"):
        engine(problem, learner).check(problem, learner, precision_of(backend))


def engine_of(problem: Any, learner: Learner, backend: str) -> Engine:
    """Return which engine plays a pair: "own" is `Learner.play`."""
    return "own" if type(learner).play is not Learner.play else engine_of_loop(problem, learner, backend)


def engine_of_loop(problem: Any, learner: Learner, backend: str) -> Engine:
    """Return which engine plays a pair unless `Learner.play` does."""
    if backend == "python":
        return "python"
    if isinstance(problem, MatrixGame) or not backend.startswith("numba"):
        return "jax"
    return "python" if _is_plain(problem, learner) else "compiled"


def _is_plain(problem: Any, learner: Learner) -> bool:
    """Return whether no step of a learner is a kernel; where some are, the compiled loop names the others."""
    if not isinstance(problem, RoundProblem):
        return False
    if isinstance(learner, Plain):
        return True
    own, others = steps_of_pair(problem, learner)
    return is_compiled(others.respond) and not any(map(is_compiled, own))


def engine(problem: Any, learner: Learner) -> ModuleType:
    """Return the module that plays a pair in JAX; a TypeError lists the pairs with a JAX implementation."""
    if isinstance(problem, MatrixGame):
        return importlib.import_module("sims.engines.self_play")
    for kind in type(problem).__mro__:
        package = kind.__module__.split(".")[:-1]
        if package[:1] == ["bandits"] and package[-1] in _families():
            return _program(package[-1])
    known = "; ".join(sorted(jax_pairs()))
    raise TypeError(f"the JAX backend plays {known}; got {type(learner).__name__} in {type(problem).__name__}")


def jax_pairs() -> list[str]:
    """Return one sentence per family on the pairs that have a JAX implementation; imports JAX."""
    return [str(_program(family).PAIRS) for family in _families()]


def _families() -> list[str]:
    from sims.engines import jax

    return [found.name for found in pkgutil.iter_modules(jax.__path__) if found.ispkg]


def _program(family: str) -> ModuleType:
    return importlib.import_module(f"sims.engines.jax.{family}.program")


def numbers_depend_on(backend: str) -> dict[str, str]:
    """Return what the rounding of a JAX backend depends on, its name and the kind of device; {} for Numba."""
    if backend.startswith("numba"):
        return {}
    if backend == "python":
        return {"backend": backend}
    import jax

    return {"backend": backend, "device": jax.default_backend()}
