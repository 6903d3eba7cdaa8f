"""The mutation score: mutants of the package's text, and which of them the tests kill.

    python -m tests.mutants [--family NAME] [--module NAME] [--listed]

Everything runs interpreted (NUMBA_DISABLE_JIT=1): nothing is compiled, and a mutant is put in place by giving existing
functions another code. Killers are tests, in the order in which a reader would trust them; a test that needs more than
`SLOW` seconds interpreted, or that fails on the right text there, is not used.
"""

import os
import re
import signal
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol

from tests.mutants import trials
from tests.mutants.families import TESTS, family_of
from tests.mutants.sites import Mutant, module_of, mutated

SLOW = 0.4
KINDS = ["exact law", "known answer", "identity", "verdict"]
_KNOWN = re.compile("known|by_hand|reference|definition|published|textbook|closed_form|enumerat|exact|brute")


class Killer(NamedTuple):
    """A test that passes on the right text."""

    item: Any
    kind: str
    seconds: float
    reached: frozenset[trials.Place]


class Outcome(NamedTuple):
    """What became of a mutant: killed by a kind of test, or by an endless loop, or not."""

    mutant: Mutant
    kind: str  # of KINDS, "timeout" or "" for a survivor
    test: str


def kind_of(item: Any) -> str:
    """Return the kind of a test, by where it is and what it is called."""
    name = item.nodeid
    if "tests/laws/" in name:
        return "exact law"
    if "tests/theory/" in name:
        return "verdict"
    return "known answer" if _KNOWN.search(name) else "identity"


def passes(item: Any) -> bool:
    """Run a test and return whether it passed or was skipped."""
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


class _Late(BaseException):
    """A test took too long."""


def _late(*_: Any) -> None:
    raise _Late


def _measured(items: Sequence[Any]) -> list[Killer]:
    """Return the killers among some tests, run in one process; one by one where they do not come to an end there."""

    def work() -> list[tuple[int, set[trials.Place], float]]:
        signal.signal(signal.SIGVTALRM, _late)
        return [(i, *found) for i, item in enumerate(items) if (found := _seen(item))]

    how, answers = trials.in_child(work, 5.0 + 2.0 * sum(map(_limit, items)))
    if how != "done":
        return [] if len(items) == 1 else [killer for item in items for killer in _measured([item])]
    return [Killer(items[i].nodeid, kind_of(items[i]), seconds, frozenset(places)) for i, places, seconds in answers]


def _limit(item: Any) -> float:
    return SLOW if kind_of(item) != "exact law" else 10.0


def _seen(item: Any) -> tuple[set[trials.Place], float] | None:
    """Return what a test reached and its seconds; None if it fails or is slow."""
    signal.setitimer(signal.ITIMER_VIRTUAL, _limit(item))
    try:
        passed, places, seconds = trials.reached_by(lambda: passes(item))
    except _Late:
        return None
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    return (places, seconds) if passed and seconds < _limit(item) else None


class Score:
    """The pytest plugin that replaces the run of the collected tests by the trials of mutants."""

    def __init__(self, mutants: Sequence[Mutant], processes: int = 2) -> None:
        self.mutants, self.processes = mutants, processes
        self.outcomes: list[Outcome] = []
        self.unused = 0

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        items = {item.nodeid: item for item in session.items}
        chunks = [session.items[i : i + 20] for i in range(0, len(session.items), 20)]
        measured = trials.shared_out(chunks, _measured, self.processes)
        killers = [killer._replace(item=items[killer.item]) for chunk in measured for killer in chunk]
        killers.sort(key=lambda killer: (KINDS.index(killer.kind), killer.seconds))
        self.unused = len(items) - len(killers)
        functions = trials.functions_by_file()

        def trial(mutant: Mutant) -> Outcome:
            return _tried(mutant, killers, functions)

        self.outcomes = trials.shared_out(self.mutants, trial, self.processes)
        return True


def _tried(mutant: Mutant, killers: list[Killer], functions: Any) -> Outcome:
    code = mutated(mutant)
    file = module_of(mutant.module).__file__
    tests = tuple(TESTS[family_of(mutant.module)])
    near = [killer for killer in killers if killer.item.nodeid.startswith(tests)]
    able = [k for k in near if any(place[0] == file and place[1] == mutant.function for place in k.reached)]

    def killed_by(killer: Killer) -> bool:
        signal.setitimer(signal.ITIMER_PROF, 2.0 + 10.0 * killer.seconds)  # its end is that of the process
        return not passes(killer.item)

    def first() -> int:
        trials.put_in_place(code, functions)
        return next((i for i, killer in enumerate(able) if killed_by(killer)), -1)

    how, answer = trials.in_child(first, 60.0)
    if how != "done":
        return Outcome(mutant, "timeout", how if how == "late" else f"died with {answer}")
    if answer < 0:
        return Outcome(mutant, "", f"{len(able)} tests")
    return Outcome(mutant, able[answer].kind, able[answer].item.nodeid)


def table(outcomes: Sequence[Outcome]) -> str:
    """Return killed of total by family, with the kinds of the killers."""
    rows: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        rows.setdefault(family_of(outcome.mutant.module), Counter())[outcome.kind] += 1
    lines = [f"{'family':<14}{'killed':>8}{'of':>6}" + "".join(f"{kind:>14}" for kind in [*KINDS, "timeout"])]
    for name, row in [*sorted(rows.items()), ("all", sum(rows.values(), Counter()))]:
        total = row.total()
        counts = "".join(f"{row[kind]:>14}" for kind in [*KINDS, "timeout"])
        lines.append(f"{name:<14}{total - row['']:>8}{total:>6}{counts}")
    return "\n".join(lines)


def environment() -> dict[str, str]:
    """Return the environment in which the score is found."""
    return os.environ | {"NUMBA_DISABLE_JIT": "1", "HYPOTHESIS_PROFILE": "mutants"}
