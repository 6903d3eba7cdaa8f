"""The example that holds other libraries to a theorem runs, and says what it must."""

import runpy
from pathlib import Path

FILE = Path(__file__).parents[2] / "examples" / "exp3_of_other_libraries.py"


def test_exp3_obeys_its_theorem_and_ucb_is_beyond_it():
    verdicts = runpy.run_path(str(FILE))["verdicts"](horizon=150, alpha=0.01)
    assert verdicts["river Exp3", "steady"].holds
    assert verdicts["river Exp3", "against UCB1"].holds
    assert verdicts["MABWiser UCB1", "against UCB1"].broken
