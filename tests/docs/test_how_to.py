"""The how-to documents work as printed: their files are written into a separate folder and tested there."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = ROOT / "docs" / "how_to"
DOCUMENTS = sorted(path for path in GUIDES.glob("*.md") if path.stem != "add_a_figure")  # tested in this process


def files_of(document):
    """Return the files that a document contains, by name: blocks whose first line is `# folder/name.py`."""
    blocks = re.findall(r"```python\n# ([\w/]+\.py)\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL)
    return dict(blocks)


def write(document, folder):
    """Write the files of a document into packages in a folder; return their names."""
    files = files_of(document)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        (path.parent / "__init__.py").touch()
        path.write_text(text, encoding="utf-8")
    return list(files)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.stem)
def test_how_to(document, tmp_path):
    tests = [name for name in write(document, tmp_path) if Path(name).name.startswith("test_")]
    assert tests
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--import-mode=importlib", *tests]
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_how_to_add_a_figure(tmp_path, monkeypatch):
    write(GUIDES / "add_a_figure.md", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.import_module("my_figures.test_hedge").test_mean_regret_is_below_the_theorem(tmp_path)
