"""The shape of the project: imports and their cost, one module that calls Numba, docstrings, file lengths."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("bandits", "theory", "sims", "paper_figures", "regretlab")
OURS = {*PACKAGES, "tests", "benchmarks"}
MEET_LEARNERS = {
    "theory.verification",
    "theory.switching.exact",
    "theory.switching.witnesses",
}  # modules of theory/ that may import the simulator
LONGEST, LONGEST_FUNCTION = 400, 50  # lines of a file and of a function
HEAVY = ("jax", "matplotlib", "sympy", "polars", "pyarrow", "sklearn", "scipy.stats")


def module_of(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))}


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(text_tree, package):
    """Return the names of all modules imported anywhere in a module's tree, relative ones made absolute."""
    found = set()
    for node in ast.walk(text_tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.rsplit(".", node.level - 1)[0] if node.level else ""
            name = ".".join(part for part in (base, node.module) if part)
            found |= {name} | {f"{name}.{alias.name}" for alias in node.names}
    return found


def imported(module):
    path = MODULES[module]
    return imports(tree(path), module if path.name == "__init__.py" else module.rpartition(".")[0])


def tops(module):
    return {name.split(".")[0] for name in imported(module)} & OURS


def in_package(name):
    return [module for module in MODULES if module.split(".")[0] == name]


def test_the_walk_finds_the_packages():
    assert {"bandits.protocol", "sims.simulate", "theory.bound", "paper_figures.gallery"} <= set(MODULES)
    assert imported("sims.simulate") >= {"bandits.protocol", "bandits.core.rng.seed_word", "sims.run"}
    assert imports(ast.parse("from . import a\nfrom ..b import c\ndef f():\n    import d.e"), "p.q") >= {
        "p.q.a",
        "p.b.c",
        "d.e",
    }


@pytest.mark.parametrize("module", in_package("bandits"))
def test_bandits_knows_nothing_of_the_rest(module):
    assert tops(module) <= {"bandits"}


@pytest.mark.parametrize("module", in_package("sims"))
def test_sims_knows_bandits_only(module):
    allowed = {"bandits", "sims"}
    if module.startswith("sims.cli"):  # the command line imports everything
        allowed |= {"theory", "paper_figures", "regretlab"}
    assert tops(module) <= allowed


PURE = [m for m in in_package("theory") if {"bound", "bounds"} & set(m.split("."))]


@pytest.mark.parametrize("module", PURE)
def test_theorems_are_pure_mathematics(module):
    assert tops(module) <= {"theory", "bandits"}
    ours = {".".join(name.split(".")[:3]) for name in imported(module) if name.startswith("bandits.")}
    alike = {"bandits.core.arguments", "bandits.core.checks", "bandits.core.limits"}  # in the whole package
    assert ours <= alike


@pytest.mark.parametrize("module", in_package("theory"))
def test_theory_never_reads_figures(module):
    assert tops(module) <= {"theory", "bandits", "sims"}


def test_packages_import_neither_tests_nor_benchmarks():
    assert [m for m in MODULES if tops(m) & {"tests", "benchmarks"}] == []


def test_one_door_to_numba():
    users = {m for m in MODULES if any(name.split(".")[0] in ("numba", "llvmlite") for name in imported(m))}
    assert users == {
        "bandits.core.jit",
        "bandits.core.inliner",
        "bandits.core.inner_numba",
        "bandits.core.kernel_cache",
        "bandits.core.lane_types",
        "bandits.core.lanes",
        "bandits.core.addresses.numba_text",
    }


@pytest.mark.parametrize("module", MODULES)
def test_every_public_thing_has_a_docstring(module):
    assert missing_docstrings(tree(MODULES[module])) == []


def missing_docstrings(node, where="module"):
    """Return the public modules, classes, functions and methods without a docstring, by name."""
    missing = [] if ast.get_docstring(node) else [where]
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef) and not child.name.startswith("_"):
            if isinstance(child, ast.ClassDef):
                missing += missing_docstrings(child, child.name)
            elif not ast.get_docstring(child) and not is_overload(child):
                missing.append(f"{where}.{child.name}")
    return missing


def is_overload(function):
    return any(isinstance(d, ast.Name) and d.id == "overload" for d in function.decorator_list)


def test_missing_docstrings_are_found():
    text = "class A:\n    'A.'\n    def f(self): ...\n    def _g(self): ...\ndef h(): ...\ndef i():\n    'I.'"
    assert missing_docstrings(ast.parse(text)) == ["module", "A.f", "module.h"]


def test_no_file_is_long():
    lengths = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in MODULES.values()}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def functions(module):
    return [node for node in ast.walk(tree(MODULES[module])) if isinstance(node, ast.FunctionDef)]


def lines_of(function):
    """Return the lines of a function without its docstring."""
    said = ast.get_docstring(function, clean=False) or ""
    return function.end_lineno - function.lineno + 1 - (said.count("\n") + 1 if said else 0)


def test_no_function_is_long():
    lengths = {f"{m}.{f.name}": lines_of(f) for m in MODULES for f in functions(m)}
    assert {name: n for name, n in lengths.items() if n > LONGEST_FUNCTION} == {}


# ---------------------------------------------------------------- which way the arrows point


def circles(arrows):
    """Return the groups of nodes that reach each other, in a mapping from a node to those that it points to."""
    reach = {node: set(heads) for node, heads in arrows.items()}
    changed = True
    while changed:
        changed = False
        for heads in reach.values():
            further = set().union(*(reach.get(head, set()) for head in heads)) - heads
            heads |= further
            changed |= bool(further)
    return sorted(node for node, heads in reach.items() if node in heads)


def test_circles_are_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]


def test_modules_do_not_import_each_other_in_circles():
    doors = {m for m in MODULES if MODULES[m].name == "__init__.py"}  # they load their parts when asked
    arrows = {m: (imported(m) & set(MODULES)) - {m} - doors for m in MODULES if m not in doors}
    assert circles(arrows) == []


def room(module):
    """Return a family, as "preference.duels", or a shared part of bandits, as "core"; "" for bandits itself."""
    parts = module.split(".")[1:]
    return ".".join(parts[:2]) if parts[:1] == ["preference"] and len(parts) > 2 else "".join(parts[:1])


FAMILIES = sorted(str(p.parent.relative_to(ROOT / "bandits")) for p in (ROOT / "bandits").rglob("problem.py"))
SHARED = {"core": set(), "protocol": {"core"}, "losses": {"core", "protocol"}, "combine": {"core", "protocol"}}


def test_bandits_are_built_from_the_core_up():
    rooms = {}
    for module in in_package("bandits"):
        used = {room(name) for name in imported(module) & set(MODULES) if name.startswith("bandits.")}
        rooms.setdefault(room(module), set()).update(used - {room(module), ""})
    for name, below in SHARED.items():
        assert rooms.get(name, set()) <= below, name
    assert circles({name: used for name, used in rooms.items() if name != "preference"}) == []


def test_a_family_has_the_same_files_everywhere():
    assert {"switching", "one_sided", "threshold", "preference/duels", "preference/self_play"} <= set(FAMILIES)
    wanted = [f"theory/{family}/{name}" for family in FAMILIES for name in ("bounds", "cases")]
    wanted += [f"tests/bandits/{family}" for family in FAMILIES]
    assert [name for name in wanted if not ((ROOT / name).exists() or (ROOT / f"{name}.py").exists())] == []


# ---------------------------------------------------------------- loops

STEPS = {"act", "respond"}  # what a loop of rounds calls


def loops(node):
    """Return the lines of the loops in which a step function is called."""
    found = []
    for loop in [n for n in ast.walk(node) if isinstance(n, ast.For | ast.While)]:
        called = [n.func for n in ast.walk(loop) if isinstance(n, ast.Call)]
        names = {getattr(function, "id", getattr(function, "attr", "")) for function in called}
        found += [loop.lineno] if names & STEPS else []
    return found


def test_loops_are_found():
    assert loops(ast.parse("for t in range(9):\n    a = learner.act(p, s, t, r)")) == [1]


@pytest.mark.parametrize("module", [m for m in MODULES if not m.startswith("sims.engines.")])
def test_rounds_are_played_in_the_engines_alone(module):
    assert loops(tree(MODULES[module])) == []
    borrowing = {"bandits.core.jit.borrow", "bandits.core.jit.keep_alive"}
    assert not imported(module) & borrowing


IMPORT = """
import sys, time
start = time.process_time()
import bandits, theory, sims, regretlab
seconds = time.process_time() - start
print(seconds, *sorted(set(sys.argv[1:]) & set(sys.modules)))
"""


def test_importing_is_cheap_and_loads_nothing_heavy():
    """Under 0.7 s of processor time as the best of three processes, so that a busy machine does not fail it."""
    fastest = 1e9
    for _ in range(3):
        command = [sys.executable, "-W", "error", "-c", IMPORT, *HEAVY]
        seconds, *loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        assert loaded == []
        fastest = min(fastest, float(seconds))
    assert fastest < 0.7
