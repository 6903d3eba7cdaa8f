"""The how-to documents work as printed: their files are written into a separate folder and tested there."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(d for d in (ROOT / "docs" / "how_to").glob("*.md") if d.stem != "add_a_figure")  # has its own test


def files_of(document):
    """Return the files that a document contains, by name: blocks whose first line is `# folder/name.py`."""
    blocks = re.findall(r"```python\n# ([\w/]+\.py)\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    return dict(blocks)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_how_to(document, tmp_path):
    files = files_of(document)
    tests = [name for name in files if Path(name).name.startswith("test_")]
    assert tests
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--import-mode=importlib", *tests]
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
