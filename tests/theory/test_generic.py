"""What theory knows of families: nothing outside their folders, and in each folder modules of the same names."""

import ast
import importlib
import inspect
import pkgutil
import warnings
from pathlib import Path

import pytest

import bandits
import theory
from theory.cases import default_cases

ROOT = Path(theory.__file__).parent
GENERIC = sorted(path for path in ROOT.glob("*.py"))
SHARED = {"plain", "protocol", "losses", "core", "combine", "jit", "rng"}  # of bandits: no family
FAMILIES = sorted(path.parent for path in ROOT.rglob("cases.py") if path.parent != ROOT)
NAMES = {"bounds", "cases", "exact", "ranges", "witnesses"}
LONGEST = 50


def classes_of_families():
    """Return the names of all classes that a family's modules define."""
    found = set()
    for module in pkgutil.walk_packages(bandits.__path__, "bandits."):
        if module.name.split(".")[1] not in SHARED:
            loaded = importlib.import_module(module.name)
            found |= {
                name for name, kind in vars(loaded).items() if inspect.isclass(kind) and kind.__module__ == module.name
            }
    return found


CLASSES = classes_of_families()


def imported(tree):
    """Yield the full names of what a module imports, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def family_names(text):
    """Return the families' modules and classes that a module imports or has as a string."""
    tree = ast.parse(text)
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    names = {name for name in imported(tree) if name.startswith(("bandits.", "theory."))}
    modules = {name for name in names if name.split(".")[1] not in SHARED and name.startswith("bandits.")}
    return modules | {name for name in names if name.split(".")[1] in FOLDERS} | strings & CLASSES


FOLDERS = {path.relative_to(ROOT).parts[0] for path in FAMILIES}


@pytest.mark.parametrize("path", [path for path in GENERIC if path.name != "instances.py"], ids=lambda p: p.stem)
def test_generic_modules_name_no_family(path):
    assert family_names(path.read_text()) == set()


def test_a_name_of_a_family_is_noticed():
    assert {"Hedge", "Duel", "OneSided", "TotalBudget"} <= CLASSES
    assert family_names("def f(p):\n    return type(p.feedback).__name__ == 'Duel'") == {"Duel"}
    assert family_names("def f():\n    from bandits.switching import Hedge") == {"bandits.switching.Hedge"}
    assert family_names("from theory.switching import exact") == {"theory.switching.exact"}


def test_families_are_found():
    assert {path.relative_to(ROOT).as_posix() for path in FAMILIES} >= {"switching", "one_sided", "threshold"}
    assert len(theory.modules_of_families("bounds")) == len(theory.modules_of_families("cases")) == len(FAMILIES)


@pytest.mark.parametrize("path", FAMILIES, ids=lambda p: p.name)
def test_every_family_has_the_same_modules(path):
    inside = {child.stem for child in path.iterdir() if child.suffix == ".py" or (child / "__init__.py").exists()}
    inside.discard("__init__")
    assert {"bounds", "cases"} <= inside <= NAMES


def test_assumptions_say_no_to_the_plays_of_other_families():
    """Instead of an error about a number that those lack: one play per pair of classes of problem and learner."""
    cases = {}
    for default in default_cases():
        if default.make is not None:
            case = default.make()
            cases[type(case.problem), type(case.learner)] = case
    for case in cases.values():
        for bound in theory.catalogue().values():
            assert set(bound.applies(case.problem, case.learner)) <= {a.text for a in bound.assumptions}


def length(function):
    """Return the lines of a function without its docstring."""
    text = function.body[0] if ast.get_docstring(function) else None
    return function.end_lineno - function.lineno + 1 - (text.end_lineno - text.lineno + 1 if text else 0)


@pytest.mark.parametrize("path", sorted(ROOT.rglob("*.py")), ids=lambda p: p.relative_to(ROOT).as_posix())
def test_no_function_is_long(path):
    functions = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)]
    assert {f.name: length(f) for f in functions if length(f) > LONGEST} == {}


def test_old_names_still_work_and_say_where_they_went():
    import theory.instances as old
    from theory.cases import Case
    from theory.switching.witnesses import costly_losses, steady

    for name, new, where in (
        ("dear", costly_losses, "theory.switching.witnesses.costly_losses"),
        ("steady", steady, "theory.switching.witnesses.steady"),
        ("Instance", Case, "theory.cases.Case"),
    ):
        with pytest.warns(DeprecationWarning, match=f"theory.instances.{name} is now {where}"):
            assert getattr(old, name) is new
    with warnings.catch_warnings(), pytest.raises(AttributeError, match="no attribute 'anything'"):
        old.anything  # noqa: B018
