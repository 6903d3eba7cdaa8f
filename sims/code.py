"""Version of the code that plays a (problem, learner) pair: the part of a cell's address that depends on code."""

import hashlib
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bandits.core.addresses import GlobalRandomness, NotAddressable, reach
from bandits.core.jit import origin_of, settings_of_numbers
from bandits.protocol import Learner, Problem, RoundProblem
from sims.engines.backends import in_batches
from sims.engines.compiled import compose

_OWN = frozenset({"bandits"})  # every file of it is hashed for pairs that the compiled loop does not play


class Code(NamedTuple):
    """Hash of the code that plays a pair, or the reason why there is none: results are then computed but not stored."""

    version: str | None  # 16 hexadecimal digits
    reason: str


def code_of(problem: Problem, learner: Learner, backend: str = "numba") -> Code:
    """Return the version of the code that plays a pair; it changes when results may, not with comments."""
    try:
        if isinstance(problem, RoundProblem) and backend == "numba" and not in_batches(problem, learner):
            return Code(_shortened(_loop_digest(problem, learner)), "")
        classes = dict.fromkeys([*_classes(learner), *_classes(problem)])
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


def _loop_digest(problem: RoundProblem, learner: Learner) -> str:
    play = compose(learner.steps_for(problem), problem.steps, problem.metrics)
    reached, reason = origin_of(play)
    if reached is None:
        raise NotAddressable(reason)
    digest = reach(play).digest if reached.changed() else reached.digest
    return f"{digest} {settings_of_numbers() or ''}"


def _shortened(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


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
