"""The examples of README and guides run as printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = [
    pytest.param(text, id=f"{page.name}-{number}", marks=[] if page.name == "README.md" else [pytest.mark.slow])
    for page in PAGES
    for number, text in enumerate(re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
]

RUN_TESTS = """
for name, item in list(globals().items()):
    if name.startswith("test_"):
        item()
"""


def test_there_are_examples():
    assert len(EXAMPLES) >= 3


@pytest.mark.parametrize("text", EXAMPLES)
def test_example_runs_from_a_script_outside_the_package(text, tmp_path):
    script = tmp_path / "example.py"
    script.write_text(text + RUN_TESTS)
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
