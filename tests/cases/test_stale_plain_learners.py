"""An edit of what a plain learner reads changes the address of its cells; what cannot be followed is not kept."""

import importlib.util
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from bandits.adapters import from_policy
from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, SwitchingCostGame
from sims import Cell, run_sweep

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 20)
MODULE = '''
import numpy as np
LIMIT = 5
TABLE = np.zeros(3)

def helper(x):
    return x + 1

class Policy:
    """Another class."""
    def choose(self):
        return 0

class Mine:
    def __init__(self, rate=0.5):
        self.rate = rate
    def reset(self, problem, rng):
        self.policy = Policy()
    def act(self, observation, rng):
        return (helper(0) + LIMIT + int(TABLE[0]) + self.policy.choose()) % 2
    def update(self, observation, action, feedback, rng):
        """Learn nothing."""
'''


def version(tmp_path, text, make="Mine()"):
    """Return the version of the code of a cell whose learner a module of this text defines."""
    path = tmp_path / "stale_plain.py"
    path.write_text(textwrap.dedent(text))
    spec = importlib.util.spec_from_file_location("stale_plain", path)
    module = importlib.util.module_from_spec(spec)
    exec(compile(path.read_text(), str(path), "exec"), vars(module))
    return Cell(GAME, eval(make, vars(module))).code.version


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 5", "LIMIT = 6"),
        ("np.zeros(3)", "np.ones(3)"),
        ("return x + 1", "return x + 2"),
        ("return 0", "return 1"),
        ("% 2", "% 3"),
        ("rate=0.5", "rate=0.25"),
    ],
    ids=["constant", "array", "helper", "other class", "method", "attribute"],
)
def test_an_edit_is_noticed(tmp_path, old, new):
    before = version(tmp_path, MODULE)
    assert before is not None
    assert version(tmp_path, MODULE.replace(old, new)) != before
    assert (
        version(tmp_path, MODULE.replace('"""Another class."""', '"""Another docstring."""  # and a comment')) == before
    )


def test_the_backend_and_the_state_are_part_of_the_address(tmp_path):
    assert version(tmp_path, MODULE, "Mine(0.1)") != version(tmp_path, MODULE, "Mine(0.2)")
    cells = [Cell(GAME, Exp3(0.1)), Cell(GAME, Exp3(0.1), backend="python")]
    assert cells[0].address != cells[1].address


def test_an_adapted_policy_is_its_functions(tmp_path):
    text = "from bandits.adapters import from_policy\nSIZE = 1\n"
    make = "from_policy(lambda problem: SIZE, act=lambda policy, _: 0, update=lambda policy, _, action, loss: None)"
    before = version(tmp_path, text, make)
    assert before is not None
    assert version(tmp_path, text.replace("1", "2"), make) != before
    assert version(tmp_path, text, make.replace("_: 0", "_: 1")) != before


def test_a_generator_in_a_policy_is_computed_and_not_kept(tmp_path):
    policy = np.random.default_rng(0)
    learner = from_policy(policy, act=lambda p, _: int(p.integers(2)), update=lambda p, _, action, loss: None)
    report = run_sweep([Cell(GAME, learner, 2, backend="python")], tmp_path, workers=1)
    assert (report.computed, len(report.not_kept)) == (1, 1)
    assert "Generator in SwitchingCostGame" in report.not_kept[0]


def test_an_editable_package_is_read_even_if_it_is_imported_late(tmp_path, monkeypatch):
    """Only a package that is installed as a copy enters by its version and the hashes of its files."""
    package = tmp_path / "late_package.py"
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr("sims.code._packages", lambda: ("late_package", "river"))
    package.write_text("def choose():\n    return 0\n")
    text = MODULE.replace("return 0", "import late_package; return late_package.choose()")
    before = version(tmp_path, text)
    package.write_text("def choose():\n    return 10\n")
    sys.modules.pop("late_package")
    importlib.invalidate_caches()
    assert before is not None
    assert version(tmp_path, text) != before


def test_a_class_of_a_script_has_the_same_address_in_another_process(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(MODULE + SWEEP)
    for computed in (2, 0):
        command = [sys.executable, "-W", "error", str(script), str(tmp_path / "results")]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [str(computed), str(2 - computed), "0", "0"]


SWEEP = """
import sys
from bandits.losses import BernoulliLosses
from bandits.switching import SwitchingCostGame
from sims import Cell, run_sweep

if __name__ == "__main__":
    game = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 20)
    cells = [Cell(game, Mine(rate), 2, labels={"rate": rate}, backend="python") for rate in (0.5, 0.25)]
    report = run_sweep(cells, sys.argv[1], kind="processes", workers=2)
    print(report.computed, report.reused, len(report.failed), len(report.not_kept))
"""
