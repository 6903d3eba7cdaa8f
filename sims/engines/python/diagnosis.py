"""Why a pair does not compile, in one line: found by playing a few rounds in the interpreter and looking at the types.

Only where the interpreter plays them is the compiler's own reason given.
"""

import inspect
import re
import time
from typing import Any

import numpy as np

from bandits.core.actions import InvalidActionType
from bandits.core.jit import RECORDS_HOLD, is_compiled
from bandits.protocol import Learner, LearnerSteps, RoundProblem
from sims.engines.faults import in_file, is_users, place_of, user_line
from sims.engines.python.players import NoState, OfKernels
from sims.engines.python.rounds import Follower, play

_ROUNDS = 20
_ARGUMENTS = {"init": "params, rng", "act": "params, state, t, rng"}
_ARGUMENTS |= {"update": "params, state, t, action, feedback, rng"}
_ELSE = '; backend="python" plays it as it is, some thousand times slower'


_ONE_AT_A_TIME = '; backend="numba-scalar" plays one repetition at a time'
_IN_LANES = {  # what the compiler says, and what to write instead
    r">>> bool\(Lanes": "a branch depends on a lane number: where(condition, yes, no) chooses in each lane",
    r">>> (int|float|<unknown function>)\(Lanes": "a lane number becomes another type by alike(value, 0) or "
    "alike(value, 0.0)",
    r"Cannot unify .*Lanes": "a number is one of each repetition here and the same for all there: own(value, rng) or "
    "alike(value, like) makes it one of each",
}


def explained(problem: RoundProblem, learner: Learner, error: Exception, lanes: bool = False) -> Exception:
    """Return a TypeError that says which step of the learner keeps the pair from being compiled, where and why."""
    steps, name = learner.steps_for(problem), f"{learner.name}'s steps do not compile in {type(problem).__name__}"
    reason = _wrong_function(learner, steps, problem.steps.observe is not None) or _wrong_play(problem, learner)
    if isinstance(reason, Exception):
        return reason
    if lanes and not reason:
        known = [hint for said, hint in _IN_LANES.items() if re.search(said, str(error))]
        said = "; ".join([*known[:1], _of_compiler(error, steps)])
        return TypeError(f"{name} for lanes, though marked `in_lanes`: {said}{_ONE_AT_A_TIME}")
    return TypeError(f"{name}: {reason or _of_compiler(error, steps) + _ELSE}")


def try_out(problem: RoundProblem, learner: Learner) -> None:
    """Play up to 256 rounds, for 0.05 s, in the interpreter, once per pair; IndexError or TypeError naming the line.

    Compiled code checks no index: one out of range may end the process, or spoil numbers. What else goes wrong here is
    left to the compiled loop, whose arithmetic differs: it divides by 0.
    """
    steps = learner.steps_for(problem)
    if not is_compiled(steps.update) or (steps, problem.steps) in _TRIED:
        return
    _TRIED.add((steps, problem.steps))
    try:
        play(problem, learner, 0, [0], [min(problem.horizon, 256)], _StopInTime(0.05), print=_print_nothing)
    except NoState as error:
        raise TypeError(f"{learner.name}'s {error}{place_of(learner, error.step)}") from None
    except IndexError as error:
        raise IndexError(f"{learner.name}'s {_where(steps, error) or error}") from None
    except Exception:
        return


def located(problem: RoundProblem, learner: Learner, seed: int, repetitions: range, last: int, error: Exception) -> str:
    """Return where an error of compiled code is raised, as "in own.py, line 12, round t = 3 of repetition 0".

    It is the place where the interpreter raises the same; "" if it does not within 2 s.
    """
    try:
        play(problem, learner, seed, repetitions, [last], _StopInTime(2.0), print=_print_nothing)
    except Exception as found:
        if (type(found), str(found)) == (type(error), str(error)):
            return "; ".join(getattr(found, "__notes__", [user_line(found)]))
    return ""


class _StopInTime(Follower):
    """Ends a trial after some seconds."""

    def __init__(self, seconds: float) -> None:
        self._late = time.monotonic() + seconds

    def acts(self, repetition: int, of: Any, action: Any, observation: Any) -> None:
        if time.monotonic() > self._late:
            raise _Enough


def _print_nothing(*_: Any, **__: Any) -> None:
    pass


class _Enough(Exception):
    """A trial has seen enough rounds."""


_TRIED: set[Any] = set()


def _wrong_function(learner: Learner, steps: LearnerSteps, observes: bool) -> str:
    """Return which step is not a kernel or takes other arguments; "" for none."""
    for step, function in steps._asdict().items():
        place = place_of(learner, step)
        if not is_compiled(function):
            return f"is {step} a kernel? It needs @kernel (bandits.jit) like the others{place}"
        wanted = _ARGUMENTS[step].replace("t, rng", "observation, t, rng" if observes and step == "act" else "t, rng")
        given = ", ".join(inspect.signature(function.py_func).parameters)
        if given.count(",") != wanted.count(","):
            return f"{step} must take ({wanted}), got ({given}){place}"
    return ""


def _wrong_play(problem: RoundProblem, learner: Learner) -> str | Exception:
    """Return what goes wrong in the first rounds of the interpreter, "" for nothing."""
    rounds = np.array([min(_ROUNDS, problem.horizon)])
    try:
        play(problem, learner, 0, [0], rounds, player=_OfTypedKernels, print=_print_nothing)
    except NoState as error:
        return f"{error}{place_of(learner, error.step)}"
    except Exception as error:
        if isinstance(error.__context__, InvalidActionType):
            return error
        return _where(learner.steps_for(problem), error)
    return ""


def _where(steps: LearnerSteps, error: Exception) -> str:
    """Return an error that a step raised, with the step and the last line of the user's in its traceback."""
    of_step = {step.py_func.__code__: name for name, step in steps._asdict().items()}
    name, place, trace = "", "", error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        name = name or of_step.get(code, "")
        if name and (not place or is_users(code.co_filename)):
            place = in_file(code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return f"{name} raises {type(error).__name__}: {error} ({place})" if name else ""


class _WrongType(NoState):
    """A state that no compiled loop can hold."""


class _OfTypedKernels(OfKernels):
    """A learner whose state must keep its types, as in compiled code."""

    def _required(self, step: str, state: Any) -> Any:
        super()._required(step, state)
        _refuse_other_than_numbers(step, type(state).__name__, state)
        if step == "update":
            _refuse_other_types(state, self.state, type(state).__name__)
        return state


def _refuse_other_than_numbers(step: str, path: str, value: Any) -> None:
    if isinstance(value, tuple):
        for name, item in zip(getattr(value, "_fields", range(len(value))), value, strict=True):
            _refuse_other_than_numbers(step, f"{path}.{name}", item)
    elif _kind(value) is None:
        raise _WrongType(step, f"returns a {type(value).__name__} for {path}; {RECORDS_HOLD}")


def _refuse_other_types(after: Any, before: Any, path: str) -> None:
    if isinstance(after, tuple) and isinstance(before, tuple):
        if type(after) is not type(before) or len(after) != len(before):
            raise _WrongType(
                "update", f"returns a {type(after).__name__} where init returned a {type(before).__name__}"
            )
        for name, new, old in zip(getattr(after, "_fields", range(len(after))), after, before, strict=True):
            _refuse_other_types(new, old, f"{path}.{name}")
    elif _kind(after) != _kind(before):
        raise _WrongType("update", f"returns {_kind(after)} for {path}, which init made {_kind(before)}")


def _kind(value: Any) -> str | None:
    """Return the type of a number or array as compiled code distinguishes it, None for anything else."""
    for kinds, name in (
        ((bool, np.bool_), "a bool"),
        ((int, np.integer), "an integer"),
        ((float, np.floating), "a float"),
    ):
        if isinstance(value, kinds):
            return name
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        return f"an array of {value.dtype} with {value.ndim} axes"
    return {complex: "a complex number", type(None): "None"}.get(type(value))


def _of_compiler(error: Exception, steps: LearnerSteps) -> str:
    """Return the cause and place of a Numba error, without the frames of its pipeline."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    refused = [line for line in lines if RECORDS_HOLD in line]
    if refused:
        return refused[0].rpartition("Error: ")[2]
    if unknown := re.search(r"(?:NameError: name|Untyped global name) '(\w+)'", str(error)):
        return f"compiled code cannot use {unknown[1]}: is it a kernel (bandits.jit), or known to Numba?" + _user_of(
            unknown[1], steps
        )
    if short := _record_with_defaults(steps, str(error)):
        return short
    said = [line for line in lines if not line.startswith("Failed in ")]
    call = [line.removeprefix(">>> ") for line in said[1:6] if line.startswith(">>> ")][:1]
    places = re.findall(r'File "([^"]+)", line (\d+)', str(error))
    own = [in_file(file, int(line)) for file, line in places if is_users(file)]
    return "; ".join([*said[:1], *call]) + (f" ({own[-1]})" if own else "")


def _record_with_defaults(steps: LearnerSteps, text: str) -> str:
    """Return the record that a step may have made without some fields, where the compiler fails as it then does."""
    if not re.search(r"tuple index out of range|Can't index at|argument 2 is shorter|Cannot unify", text):
        return ""
    for step in steps:
        read = inspect.getclosurevars(step.py_func)
        for name, value in {**read.globals, **read.nonlocals}.items():
            if getattr(value, "_field_defaults", None):
                return (
                    f"compiled code does not fill in the defaults of {name}: give all its fields{_user_of(name, steps)}"
                )
    return ""


def _user_of(name: str, steps: LearnerSteps) -> str:
    """Return the place of the first step that reads a name, as " (act in own.py, line 12)"."""
    for step in steps:
        code = step.py_func.__code__
        if name in (*code.co_names, *code.co_freevars):
            return f" ({code.co_name} in {in_file(code.co_filename, code.co_firstlineno)})"
    return ""
