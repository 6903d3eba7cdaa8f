"""Version of the code that plays a (problem, learner) pair: the part of a cell's address that depends on code."""

import hashlib
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import cache
from importlib.metadata import distributions, packages_distributions
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from bandits.core.addresses import GlobalRandomness, NotAddressable, reach
from bandits.core.jit import origin_of, settings_of_numbers
from bandits.core.lanes import LANES
from bandits.plain import Plain
from bandits.protocol import Learner, Problem, RoundProblem, steps_of_pair
from sims.engines.backends import engine_of
from sims.engines.compiled import compose, in_lanes

_OWN = frozenset({"bandits"})  # every file of it is hashed for pairs that the compiled loop does not play


_MOMENT: ContextVar[dict[int, tuple[Any, str]] | None] = ContextVar("moment", default=None)


@contextmanager
def one_moment() -> Iterator[None]:
    """Within this context code is taken not to change: what a loop reads is compared with its digest once."""
    token = _MOMENT.set({})
    try:
        yield
    finally:
        _MOMENT.reset(token)


class Code(NamedTuple):
    """Hash of the code that plays a pair, or the reason why there is none: results are then computed but not stored."""

    version: str | None  # 16 hexadecimal digits
    reason: str


def code_of(problem: Problem, learner: Learner, backend: str = "numba") -> Code:
    """Return the version of the code that plays a pair; it changes when results may, not with comments."""
    try:
        engine = engine_of(problem, learner, backend)
        if isinstance(problem, RoundProblem) and engine == "compiled":
            return Code(_shortened(_loop_digest(problem, learner)), "")
        classes = dict.fromkeys([*_classes(learner), *_classes(problem)])
        if engine == "python":  # may use any library
            played = reach(*classes, *_interpreted(problem, learner), libraries=_OWN | _libraries()).digest
            return Code(_shortened(played + _every_file() + _installed()), "")
        played = reach(*classes, libraries=_OWN).digest  # and every file of these packages
        return Code(_shortened(played + _every_file() + _version("jaxlib")), "")
    except (NotAddressable, GlobalRandomness) as error:
        return Code(None, str(error))


def _classes(value: Any) -> Iterator[type]:
    """Yield the class of a learner or problem and, recursively, the classes of its fields."""
    if is_dataclass(value):
        yield type(value)
        for field in fields(value):
            yield from _classes(getattr(value, field.name, None))
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from _classes(item)


def _interpreted(problem: Problem, learner: Learner) -> list[Any]:
    """Return what the interpreter plays: a plain learner's object with its state, or the steps of both sides."""
    played = [learner.policy] if isinstance(learner, Plain) else []
    if isinstance(problem, RoundProblem):
        played += [problem.steps] if played else list(reversed(steps_of_pair(problem, learner)))
    return played


def _libraries() -> frozenset[str]:
    """Return the packages that are installed as copies; an editable one's code is read like that of a script."""
    homes = tuple(sysconfig.get_paths()[name] for name in ("purelib", "platlib"))
    return frozenset(name for name in _packages() if _file_of(name).startswith(homes))


def _file_of(package: str) -> str:
    """Return the file from which a package is imported, or would be; "" where there is none."""
    if package in sys.modules:
        return getattr(sys.modules[package], "__file__", None) or ""
    return _found_file(package)


@cache
def _found_file(package: str) -> str:
    try:
        found = find_spec(package)
    except (ImportError, ValueError):
        return ""
    return (found.origin or "") if found else ""


@cache
def _packages() -> tuple[str, ...]:
    return tuple(packages_distributions())


@cache
def _installed() -> str:
    """Return a digest of the installed distributions: their versions, and the hashes of their files."""
    found = sorted((d.name, d.version, d.read_text("RECORD") or "") for d in distributions())
    return hashlib.sha256(repr(found).encode()).hexdigest()


def _loop_digest(problem: RoundProblem, learner: Learner) -> str:
    steps = steps_of_pair(problem, learner)
    loops, lanes = [compose(*steps, problem.metrics)], in_lanes(*steps)
    if lanes:  # either may play
        loops.append(compose(*lanes, problem.metrics, LANES))
    return f"{' '.join(map(_digest_of, loops))} {settings_of_numbers() or ''}"


def _digest_of(play: Any) -> str:
    known = _MOMENT.get()
    if known is not None and id(play) in known:
        return known[id(play)][1]
    reached, reason = origin_of(play)
    if reached is None:
        raise NotAddressable(reason)
    digest = reach(play).digest if reached.changed() else reached.digest
    if known is not None:
        known[id(play)] = play, digest  # which is kept alive, so that its id stays its own
    return digest


def _shortened(text: str) -> str:
    return sys.intern(hashlib.sha256(text.encode()).hexdigest()[:16])  # one object for all cells


@cache
def _every_file() -> str:
    import bandits
    import sims.engines

    digest = hashlib.sha256()
    for package in (bandits, sims.engines):
        for file in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
