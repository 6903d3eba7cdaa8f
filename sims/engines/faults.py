"""Errors of a learner's steps in one line: whose step, in which line of its file, what was expected and given."""

import os
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from bandits.core.actions import InvalidAction, InvalidActionType
from bandits.core.addresses import GlobalRandomness
from bandits.core.records import InvalidMetrics
from bandits.protocol import Learner, Problem

_ROOT = Path(__file__).parents[2]
_OURS = tuple(str(_ROOT / name) + os.sep for name in ("bandits", "sims", "theory"))
_OTHERS = tuple({sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_CLOSE = 1e-6  # allowed distance of the sum of a policy's probabilities from 1


@contextmanager
def clear_errors(problem: Problem, learner: Learner) -> Iterator[None]:
    """Turn the errors of steps that return invalid values into one line that names the learner."""
    pair = f"{learner.name} in {type(problem).__name__}"
    try:
        yield
    except GlobalRandomness as error:
        raise TypeError(f"{pair}: {error}; draw from bandits.rng, as in uniform(rng, t, 0)") from None
    except InvalidMetrics as error:
        raise TypeError(f"{type(problem).__name__}: {error}") from None
    except InvalidActionType as error:
        place = place_of(learner, "act")
        raise TypeError(f"{learner.name} cannot play {type(problem).__name__}: {error}{place}") from None
    except InvalidAction as error:
        raise error.of(learner.name) from None
    except TypeError as error:
        if not (str(error).startswith("expected ") and str(error).endswith("got None")):
            raise
        wrong = f"{learner.name}.update must return the state in every branch, and returned None"
        raise TypeError(f"{wrong}{place_of(learner, 'update')}") from None


def place_of(learner: Learner, step: str) -> str:
    """Return where a step of a learner is defined, as " (act in own.py, line 12)"; "" where there is no text."""
    function = getattr(getattr(learner, "policy", None) or getattr(learner, "steps", None), step, None)
    code = getattr(getattr(function, "py_func", function), "__code__", None)
    return f" ({code.co_name} in {in_file(code.co_filename, code.co_firstlineno)})" if code else ""


def is_users(file: str) -> bool:
    """Return whether a file is neither the package's nor one of a library."""
    return not file.startswith((*_OURS, *_OTHERS, "<"))


def user_line(error: BaseException) -> str:
    """Return the last line of a user's file in the traceback of an error, as "own.py, line 12"; "" for none."""
    place, trace = "", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        place = in_file(file, trace.tb_lineno) if is_users(file) else place
        trace = trace.tb_next
    return place


def in_file(name: str, line: int) -> str:
    """Return a place in a file, by its path from the current folder if the file is in it."""
    folder = os.getcwd() + os.sep
    return f"{name.removeprefix(folder)}, line {line}"


def faulty(totals: Any) -> Any:
    """Return where the sums of policies (...,) are not 1."""
    return ~(np.abs(totals - 1.0) <= _CLOSE)
