"""Processes in which mutants are tried: forked after all imports, so that a trial costs milliseconds."""

import gc
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FunctionType
from typing import Any

from tests.mutants.sites import ROOT

Place = tuple[str, str, int]  # file, qualified name and first line of a function


def place_of(code: CodeType) -> Place:
    """Return where a function's text is."""
    return code.co_filename, code.co_qualname, code.co_firstlineno


def functions_by_file() -> dict[str, list[FunctionType]]:
    """Return all functions of the package that exist now, closures and methods included."""
    gc.unfreeze()  # frozen objects are not listed
    found: dict[str, list[FunctionType]] = {}
    for one in gc.get_objects():
        if type(one) is FunctionType and one.__code__.co_filename.startswith(str(ROOT)):
            found.setdefault(one.__code__.co_filename, []).append(one)
    return found


def _codes(code: CodeType) -> Iterable[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def put_in_place(code: CodeType, functions: dict[str, list[FunctionType]]) -> int:
    """Give the existing functions of a file the code of its changed text; return how many changed."""
    new = {place_of(part): part for part in _codes(code)}
    changed = 0
    for function in functions.get(code.co_filename, ()):
        own = new.get(place_of(function.__code__))
        if own is not None and own != function.__code__:
            function.__code__ = own
            changed += 1
    return changed


def in_child(work: Callable[[], Iterable[Any]], limit: float) -> tuple[list[Any], str]:
    """Return the results that work yields in a forked process, as far as it came, and how it ended: "" if well.

    limit: seconds of the processor, which work may set anew (ITIMER_PROF); the clock allows ten times as long and 60.
    """
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receive)
        try:
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.setitimer(signal.ITIMER_PROF, limit)
            signal.setitimer(signal.ITIMER_REAL, 60.0 + 10.0 * limit)
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            with os.fdopen(send, "wb", buffering=0) as pipe:
                for result in work():
                    pipe.write(pickle.dumps(result))
            os._exit(0)
        except BaseException:
            os._exit(1)
    os.close(send)
    results: list[Any] = []
    with os.fdopen(receive, "rb") as stream:
        while True:
            try:
                results.append(pickle.load(stream))
            except (EOFError, pickle.UnpicklingError):
                break
    _, status = os.waitpid(child, 0)
    return results, "" if status == 0 else f"ended with status {status}"


def shared_out(tasks: Sequence[Any], work: Callable[[Any], Any], processes: int) -> list[Any]:
    """Return work(task) of every task, in order, from several forked processes that take the next task when free."""
    turns_out, turns_in = os.pipe()
    pieces = []
    for _ in range(processes):
        receive, send = os.pipe()
        if os.fork() == 0:
            os.close(receive)
            os.close(turns_in)
            with os.fdopen(send, "wb") as pipe:
                while turn := os.read(turns_out, 4):
                    place = int.from_bytes(turn, "little")
                    pickle.dump((place, work(tasks[place])), pipe)
            os._exit(0)
        os.close(send)
        pieces.append(receive)
    os.close(turns_out)
    feeder = threading.Thread(target=_feed, args=(turns_in, len(tasks)))
    feeder.start()
    results: list[Any] = [None] * len(tasks)
    for thread in (readers := [threading.Thread(target=_collect, args=(piece, results)) for piece in pieces]):
        thread.start()
    for thread in readers:
        thread.join()
    feeder.join()
    for _ in pieces:
        os.wait()
    return results


def _feed(pipe: int, count: int) -> None:
    for place in range(count):
        os.write(pipe, place.to_bytes(4, "little"))
    os.close(pipe)


def _collect(pipe: int, results: list[Any]) -> None:
    with os.fdopen(pipe, "rb") as stream:
        while True:
            try:
                place, result = pickle.load(stream)
            except EOFError:
                return
            results[place] = result


def reached_by(work: Callable[[], Any]) -> tuple[Any, set[Place], float]:
    """Return the result of work, the functions of the package that it called, and its processor seconds."""
    found: set[CodeType] = set()

    def note(frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            found.add(frame.f_code)

    threading.setprofile(note)
    sys.setprofile(note)
    began = time.process_time()
    try:
        result = work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    took = time.process_time() - began
    return result, {place_of(code) for code in found if code.co_filename.startswith(str(ROOT))}, took
