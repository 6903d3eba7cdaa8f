"""The listed mutants are killed by exact laws; `make mutants` runs the whole score."""

import subprocess
import sys

from tests.mutants.report import known
from tests.mutants.score import environment


def test_listed_mutants_are_killed():
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants", "--listed"], env=environment(), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def test_survivors_have_reasons():
    assert known()
