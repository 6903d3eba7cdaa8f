"""Errors of a learner's steps in one line: whose step, in which line of its file, what was expected and given."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from bandits.core.actions import InvalidAction, InvalidActionType
from bandits.core.addresses import GlobalRandomness
from bandits.core.records import InvalidMetrics
from bandits.protocol import Learner, Problem

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


def in_file(name: str, line: int) -> str:
    """Return a place in a file, by its path from the current folder if the file is in it."""
    folder = os.getcwd() + os.sep
    return f"{name.removeprefix(folder)}, line {line}"


def faulty(totals: Any) -> Any:
    """Return where the sums of policies (...,) are not 1."""
    return ~(np.abs(totals - 1.0) <= _CLOSE)
