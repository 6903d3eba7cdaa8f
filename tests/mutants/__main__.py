"""Print the mutation score; exit with 1 if a survivor is not known, or a known one is killed."""

import argparse
import importlib
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.mutants.families import FAMILIES, LISTED, TESTS, family_of, modules
from tests.mutants.listed import listed
from tests.mutants.report import contradictions, table
from tests.mutants.score import Score, environment
from tests.mutants.sites import sample_of

_OPTIONS = ["-q", "--no-header", "--no-summary", "-p", "no:cacheprovider", "-W", "ignore"]


def arguments() -> Any:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--family", choices=FAMILIES, help="only this family")
    parser.add_argument("--module", help="only this module, such as bandits.switching.exp3")
    parser.add_argument("--listed", action="store_true", help="only the listed mutants, by a few tests")
    parser.add_argument("-v", action="store_true", help="print what became of every mutant")
    return parser.parse_args()


def main() -> int:
    """Run the score and print it."""
    chosen = arguments()
    if os.environ.get("NUMBA_DISABLE_JIT") != "1":
        return subprocess.call([sys.executable, "-m", "tests.mutants", *sys.argv[1:]], env=environment())
    began = time.perf_counter()
    names = [name for name in modules() if chosen.module in (None, name) and chosen.family in (None, family_of(name))]
    for name in names:
        importlib.import_module(name)
    mutants = [] if chosen.listed else [mutant for name in names for mutant in sample_of(name)]
    mutants += listed(names)
    tests = {path for name in {mutant.module for mutant in mutants} for path in TESTS[family_of(name)]}
    score = Score(mutants)
    pytest.main([*_OPTIONS, *(LISTED if chosen.listed else sorted(tests))], plugins=[score])
    for outcome in score.outcomes if chosen.v else ():
        print("\t".join(outcome.mutant.key), "=>", outcome.kind or "SURVIVES", outcome.test)
    print(table(score.outcomes))
    print(f"{score.unused} slow tests not used; {time.perf_counter() - began:.0f} s")
    faults = contradictions(score.outcomes, whole=len(names) == len(modules()) and not chosen.listed)
    print(*faults, sep="\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
