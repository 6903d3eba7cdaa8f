"""Print the mutation score; exit with 1 if a survivor is not listed, or a listed one is killed."""

import argparse
import importlib
import os
import subprocess
import sys
import time

from tests.mutants.families import FAMILIES, TESTS, family_of, modules
from tests.mutants.score import Score, environment, table


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--family", choices=FAMILIES)
    parser.add_argument("--module")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("-v", action="store_true")
    chosen = parser.parse_args()
    if os.environ.get("NUMBA_DISABLE_JIT") != "1":
        return subprocess.call([sys.executable, "-m", "tests.mutants", *sys.argv[1:]], env=environment())
    import pytest

    from tests.mutants.sites import ROOT, sample_of

    began = time.perf_counter()
    names = [name for name in modules() if chosen.module in (None, name) and chosen.family in (None, family_of(name))]
    for name in names:
        importlib.import_module(name)
    mutants = [mutant for name in names for mutant in sample_of(name)][:: chosen.every]
    tests = sorted({path for name in names for path in TESTS[family_of(name)] if (ROOT / path).exists()})
    score = Score(mutants)
    options = ["-q", "--no-header", "-p", "no:cacheprovider", "-W", "ignore", "--continue-on-collection-errors"]
    pytest.main([*options, *tests], plugins=[score])
    for outcome in score.outcomes:
        if chosen.v or not outcome.kind:
            print("|".join(outcome.mutant.key), "=>", outcome.kind or "SURVIVES", outcome.test)
    print(table(score.outcomes, family_of))
    print(f"{score.unused} tests not used ({score.began:.0f} s); {time.perf_counter() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
