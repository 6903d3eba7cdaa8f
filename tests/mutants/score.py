"""The mutation score: mutants of the package's text, and which of them the tests kill.

    python -m tests.mutants [--family NAME] [--module NAME] [--listed]

Everything runs interpreted (NUMBA_DISABLE_JIT=1): nothing is compiled, and a mutant is put in place by giving existing
functions another code. Killers are tests, in the order in which a reader would trust them; a test that needs more than
`SLOW` seconds interpreted, or that fails on the right text there, is not used.
"""

import os
import re
import signal
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pytest
from _pytest.runner import runtestprotocol

from tests.mutants import trials
from tests.mutants.families import TESTS, family_of
from tests.mutants.sites import Mutant, module_of, mutated

SLOW = 2.0
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


def _measured(items: Sequence[Any]) -> list[Killer]:
    """Return the killers among some tests: a process runs one after the other, and dies of one that is slow."""
    found, begin = [], 0
    while begin < len(items):
        answers, _ = trials.in_child(lambda begin=begin: map(_seen, items[begin:]), 10.0)
        for item, answer in zip(items[begin:], answers):
            if answer:
                found.append(Killer(item.nodeid, kind_of(item), answer[1], frozenset(answer[0])))
        begin += len(answers) + 1
    return found


def _seen(item: Any) -> tuple[set[trials.Place], float] | None:
    """Return what a test reached and its seconds, or None if it fails."""
    signal.setitimer(signal.ITIMER_PROF, 10.0 if kind_of(item) == "exact law" else SLOW)
    passed, places, seconds = trials.reached_by(lambda: passes(item))
    return (places, seconds) if passed else None


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
        unseen = {mutant.module for mutant in self.mutants if module_of(mutant.module).__file__ not in functions}
        assert not unseen, f"no function of {', '.join(sorted(unseen))} is there to be changed"

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

    def first() -> Iterator[int]:
        trials.put_in_place(code, functions)
        yield next((i for i, killer in enumerate(able) if killed_by(killer)), -1)

    answers, end = trials.in_child(first, 60.0)
    if not answers:
        return Outcome(mutant, "timeout", end)
    answer = answers[0]
    if answer < 0:
        return Outcome(mutant, "", f"{len(able)} tests")
    return Outcome(mutant, able[answer].kind, able[answer].item.nodeid)


def environment() -> dict[str, str]:
    """Return the environment in which the score is found."""
    return os.environ | {"NUMBA_DISABLE_JIT": "1", "HYPOTHESIS_PROFILE": "mutants"}
