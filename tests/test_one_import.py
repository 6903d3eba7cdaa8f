"""`import regretlab`, and the packages whose names load late: users, Tab and type checkers see the same names."""

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import regretlab

ROOT = Path(__file__).parents[1]


def typed_imports(package):
    """Return the names that a type checker reads in a package: name -> module from which it is imported."""
    body = ast.parse(Path(package.__file__).read_text(encoding="utf-8")).body
    checked = [node for node in body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    imports = [node for block in (body, *(node.body for node in checked)) for node in block]
    found = [node for node in imports if isinstance(node, ast.ImportFrom)]
    return {alias.name: node.module for node in found for alias in node.names}


@pytest.mark.parametrize("name", ["regretlab", "sims", "theory"])
def test_every_public_name_is_there_for_users_tab_and_type_checkers(name):
    package = importlib.import_module(name)
    typed = typed_imports(package)
    for public in package.__all__:
        value = getattr(package, public)
        assert public in dir(package)
        if public in typed:
            assert value is getattr(importlib.import_module(typed[public]), public)
        else:  # defined in the package itself
            assert public in vars(package)
    late = {late for names in package._NAMES.values() for late in names.split()}
    assert late <= {*package.__all__} & {*typed}
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'nothing'"):
        package.nothing  # noqa: B018


def test_readme_takes_its_names_from_one_import():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^from regretlab import (.*)$", text, re.MULTILINE)
    names = {name.strip() for line in lines for name in line.split(",")}
    assert len(names) >= 12
    assert names <= {*regretlab.__all__}


HOOK = """
import sys
from importlib.machinery import PathFinder

class Hook:  # as an editable installation has it: asked after the folders of sys.path
    def find_spec(self, name, path=None, target=None):
        return PathFinder.find_spec(name, path or [sys.argv[1]])

sys.meta_path.append(Hook())
import regretlab
"""


@pytest.mark.parametrize("hidden", ["theory/__init__.py", "sims/notes.txt", "bandits.py"])
def test_a_file_of_ones_own_that_hides_a_package_is_named_in_one_line(tmp_path, hidden):
    place = tmp_path / hidden
    place.parent.mkdir(exist_ok=True)
    place.touch()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-S", "-c", HOOK, str(ROOT)]  # -S: no other installation of the package
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    name = re.match(r"\w+", hidden)[0]
    wanted = f"ImportError: regretlab needs its package {name} in {ROOT / name}, but `import {name}` finds {tmp_path}"
    assert done.stderr.splitlines()[-1].startswith(wanted)
