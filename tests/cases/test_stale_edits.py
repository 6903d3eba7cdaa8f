"""An edit of anything that a step reads is noticed, by compiled code on disk and by the addresses of results.

A package is written in a first version, played, edited, and played again in a new process with the same kernel cache.
Every kind of edit must give the new value and another version of the code; an unedited one the same version.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COMPILED = {  # kind: (text of the module, expression in a kernel whose value is V)
    "number": ("A = V", "A"),
    "tuple": ("A = (V, 0)", "A[0]"),
    "tuple in a tuple": ("A = ((V, 1), 0)", "A[0][0]"),
    "boolean": ("A = V == 2", "2 if A else 1"),
    "array": ("A = np.array([V, 0])", "A[0]"),
    "array in a tuple": ("A = (np.array([V, 0]), 0)", "A[0][0]"),
    "slice of an array": ("A = np.array([0, 1, 2, 2])", "A[V : V + 1][0] + 0 * A.size"),
    "index with an ellipsis": ("A = np.array([[0, 1], [0, 2]])", "A[..., V - 1][1] + 1 + 0 * A.size - (V == 2)"),
    "set literal": ("", "V if 1 in {1, 3 * V} else 0"),
    "member of an enum": ("class M(enum.IntEnum):\n    A = V", "M.A.value"),
    "enum of another module": ("import lab.modes", "lab.modes.Mode.A.value"),
    "constant of a module": ("import plain", "plain.A"),
    "constant of a module in a package": ("import lab.settings", "lab.settings.A"),
    "constant of a module two packages deep": ("import lab.deep.inner", "lab.deep.inner.A"),
    "constant of a renamed module": ("import lab.settings as s", "s.A"),
    "imported constant": ("from lab.settings import A", "A"),
    "kernel of a module in a package": ("import lab.tools", "lab.tools.choose(3)"),
    "kernel": ("@kernel\ndef f():\n    return V", "f()"),
    "njit function": ("@numba.njit\ndef f():\n    return V", "f()"),
    "recursive function": ("@numba.njit\ndef f(n):\n    return V if n == 0 else f(n - 1)", "f(2)"),
    "default": ("@kernel\ndef f(x=V):\n    return x", "f()"),
    "closure": ("def g(a):\n    @kernel\n    def f():\n        return a\n    return f\nf = g(V)", "f()"),
    "module in a closure": (
        "import plain\ndef g(m):\n    @kernel\n    def f():\n        return m.A\n    return f\nf = g(plain)",
        "f()",
    ),
    "NamedTuple": ("class R(NamedTuple):\n    a: int\nA = R(V)", "A.a"),
    "vectorized function": ("@numba.vectorize\ndef f(x):\n    return x + V", "int(f(0))"),
    "vectorized function with signature": ("@numba.vectorize(['int64(int64)'])\ndef f(x):\n    return x + V", "f(0)"),
    "generalized universal function": (
        "@numba.guvectorize(['(int64[:], int64[:])'], '(n)->(n)')\ndef g(x, out):\n    out[:] = x + V\n"
        "@numba.njit\ndef f():\n    out = np.zeros(1, np.int64)\n    g(np.zeros(1, np.int64), out)\n    return out[0]",
        "f()",
    ),
    "method of a jitclass": (
        "@jitclass([('x', numba.int64)])\nclass J:\n    def __init__(self):\n        self.x = 0\n"
        "    def a(self):\n        return V",
        "J().a()",
    ),
    "property of a jitclass": (
        "@jitclass([('x', numba.int64)])\nclass J:\n    def __init__(self):\n        self.x = 0\n"
        "    @property\n    def a(self):\n        return V",
        "J().a",
    ),
    "overload": ("def f():\n    return 0\n@overload(f)\ndef _f():\n    return lambda: V", "f()"),
    "overload of a helper": (
        "@numba.njit\ndef g():\n    return V\ndef f():\n    return 0\n@overload(f)\ndef _f():\n    return lambda: g()",
        "f()",
    ),
    "overloaded method": (
        "@overload_method(types.Integer, 'plus')\ndef _plus(a):\n    return lambda a: a + V",
        "np.int64(0).plus()",
    ),
    "overloaded attribute": (
        "@overload_attribute(types.Integer, 'next')\ndef _next(a):\n    return lambda a: a + V",
        "np.int64(0).next",
    ),
    "intrinsic": (
        "@intrinsic\ndef f(context):\n    def code(c, b, s, a):\n        return c.get_constant(types.int64, V)\n"
        "    return types.int64(), code",
        "f()",
    ),
    "lowered function": (
        "def f():\n    return 0\n@type_callable(f)\ndef _t(context):\n    return lambda: types.int64\n"
        "@lower_builtin(f)\ndef _l(c, b, s, a):\n    return c.get_constant(types.int64, V)",
        "f()",
    ),
    "Python function called in object mode": (
        "def g():\n    return V\n@numba.njit\ndef f():\n    with numba.objmode(r='int64'):\n        r = g()\n"
        "    return r",
        "f()",
    ),
    "class used in object mode": (
        "class C:\n    def a(self):\n        return V\n@numba.njit\ndef f():\n    with numba.objmode(r='int64'):\n"
        "        r = C().a()\n    return r",
        "f()",
    ),
}
INTERPRETED = {  # kind: (text of the module, expression in a plain function whose value is V)
    "default of a NamedTuple": ("class R(NamedTuple):\n    a: int = V", "R().a"),
    "keyword default": ("def f(*, x=V):\n    return x", "f()"),
    "method of a class": ("class C:\n    def a(self):\n        return V", "C().a()"),
    "method of a base class": ("class B:\n    def a(self):\n        return V\nclass C(B):\n    pass", "C().a()"),
    "attribute of an instance": ("class C:\n    def __init__(self, a):\n        self.a = a\nc = C(V)", "c.a"),
    "slot of an instance": ("class C:\n    __slots__ = ('a',)\nc = C()\nc.a = V", "c.a"),
    "property of a class": ("class C:\n    @property\n    def a(self):\n        return V", "C().a"),
    "static method": ("class C:\n    @staticmethod\n    def a():\n        return V", "C.a()"),
    "partial function": ("def g(a):\n    return a\nf = functools.partial(g, V)", "f()"),
    "cached function": ("@functools.lru_cache\ndef f():\n    return V", "f()"),
    "dictionary": ("A = {'a': V}", "A['a']"),
    "function in a dictionary": ("A = {'a': lambda: V}", "A['a']()"),
    "list in a dictionary": ("A = {'a': [V]}", "A['a'][0]"),
    "module in a list": ("import plain\nA = [plain]", "A[0].A"),
    "default factory": ("@dataclass\nclass C:\n    a: list = field(default_factory=lambda: [V])", "C().a[0]"),
    "import inside": ("def f():\n    from lab.settings import A\n    return A", "f()"),
    "module imported inside": ("def f():\n    import lab.settings as s\n    return s.A", "f()"),
}
HEAD = """
import enum, functools
from dataclasses import dataclass, field
from typing import NamedTuple
import numba, numpy as np
from numba import types
from numba.experimental import jitclass
from numba.extending import intrinsic, lower_builtin, overload, overload_attribute, overload_method, type_callable
from bandits.jit import kernel
"""
PLAY = """
import importlib, json, sys
sys.path.insert(0, ".")
from bandits.addresses import reach
from bandits.jit import kernel, program
found = {}
for name in sys.argv[1:]:
    step = importlib.import_module(name).step
    whole = program(lambda: step())
    found[name] = whole(), reach(step).digest
print(json.dumps(found))
"""


def write(folder: Path, kinds: dict[str, tuple[str, str]], value: int) -> list[str]:
    """Write the package in a version and return the modules' names."""
    for package in ("lab", "lab/deep"):
        (folder / package).mkdir(parents=True, exist_ok=True)
        (folder / package / "__init__.py").write_text("")
    for path in ("plain.py", "lab/settings.py", "lab/deep/inner.py"):
        (folder / path).write_text(f"A = {value}\n")
    (folder / "lab/modes.py").write_text(f"import enum\nclass Mode(enum.IntEnum):\n    A = {value}\n")
    (folder / "lab/tools.py").write_text(
        f"from bandits.jit import kernel\n@kernel\ndef choose(t):\n    return {value} if t > 0 else 0\n"
    )
    names = []
    for number, (top, expression) in enumerate(kinds.values()):
        step = f"@kernel\ndef step():\n    return {expression}\n"
        (folder / f"kind{number}.py").write_text(f"{HEAD}\n{top}\n{step}".replace("V", str(value)))
        names.append(f"kind{number}")
    return names


def play(folder: Path, kinds: dict[str, tuple[str, str]], value: int, **settings: str) -> dict[str, tuple[int, str]]:
    """Return for each kind what its step gives in a new process, and the digest of what it reaches."""
    names = write(folder, kinds, value)
    environment = (
        os.environ | {"REGRETLAB_CACHE_DIR": str(folder / "kernels"), "PYTHONDONTWRITEBYTECODE": "1"} | settings
    )
    done = subprocess.run(
        [sys.executable, "-c", PLAY, *names], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(kinds, json.loads(done.stdout).values(), strict=True))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edits")
    return [play(folder, COMPILED, value) for value in (1, 1, 2)]


@pytest.fixture(scope="module")
def interpreted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("edits")
    return [play(folder, INTERPRETED, value, NUMBA_DISABLE_JIT="1") for value in (1, 1, 2)]


@pytest.mark.parametrize("kind", COMPILED)
def test_an_edit_of_compiled_text_is_noticed(compiled, kind):
    first, again, edited = (version[kind] for version in compiled)
    assert first == again
    assert (first[0], edited[0]) == (1, 2)
    assert first[1] != edited[1]


@pytest.mark.parametrize("kind", INTERPRETED)
def test_an_edit_of_interpreted_text_is_noticed(interpreted, kind):
    first, again, edited = (version[kind] for version in interpreted)
    assert first == again
    assert (first[0], edited[0]) == (1, 2)
    assert first[1] != edited[1]
