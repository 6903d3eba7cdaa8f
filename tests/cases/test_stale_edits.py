"""An edit of anything that a step reads is noticed, by compiled code on disk and by the addresses of results.

A package is written in a first version, played, edited, and played again in a new process with the same kernel cache.
Every kind of edit must give the new value and another version of the code; an unedited one the same version.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from bandits.core.addresses import reach, walk
from bandits.core.addresses.numba_text import Registered
from bandits.switching import BatchedExp3

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
    "signature of an njit function": (
        "@numba.njit('int64(float64)' if V == 1 else 'int8(float64)')\ndef f(x):\n    return x",
        "1 if f(1000.5) == 1000 else 2",
    ),
    "type of a local variable": (
        "@numba.njit(locals={'y': numba.int64 if V == 1 else numba.int8})\ndef f(x):\n    y = x\n    return y",
        "1 if f(1000) == 1000 else 2",
    ),
    "signature of a vectorized function": (
        "@numba.vectorize(['int64(int64)'] if V == 1 else ['int8(int8)', 'int8(int64)'])\ndef f(x):\n    return x + 0",
        "1 if f(np.int64(1000)) == 1000 else 2",
    ),
    "signature of a C function": (
        "@numba.cfunc('int64(int64)' if V == 1 else 'int8(int64)')\ndef f(x):\n    return x",
        "1 if f(1000) == 1000 else 2",
    ),
    "options of an overload": (
        "def f(x):\n    return 0\n@overload(f, jit_options={'fastmath': V == 2})\ndef _f(x):\n"
        "    return lambda x: 1 if x != x else 2",
        "f(np.nan)",
    ),
    "overload of a class": ("class C:\n    pass\n@overload(C)\ndef _c():\n    return lambda: V", "C()"),
    "overload of an operator": (
        "class R(NamedTuple):\n    a: int\n@overload(operator.mul)\ndef _m(a, b):\n"
        "    if isinstance(a, types.BaseNamedTuple) and isinstance(b, types.BaseNamedTuple):\n"
        "        return lambda a, b: V",
        "R(1) * R(2)",
    ),
    "fields of a structref": (
        "from numba.experimental import structref\n@structref.register\nclass T(types.StructRef):\n    pass\n"
        "class S(structref.StructRefProxy):\n    pass\n"
        "structref.define_proxy(S, T, ['a', 'b'] if V == 1 else ['b', 'a'])",
        "int(S(1, 2).a)",
    ),
    "jitclass in a jitclass": (
        "@jitclass([('x', numba.int64)])\nclass I:\n    def __init__(self):\n        self.x = 0\n"
        "    def a(self):\n        return V\n"
        "@jitclass([('i', I.class_type.instance_type)])\nclass J:\n    def __init__(self):\n        self.i = I()\n"
        "    def a(self):\n        return self.i.a()",
        "J().a()",
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
    "metaclass": ("class M(type):\n    a = V\nclass C(metaclass=M):\n    pass", "C.a"),
    "method of a list's class": ("class C(list):\n    def a(self):\n        return V\nc = C()", "c.a()"),
    "method of a tuple's class": ("class C(tuple):\n    def a(self):\n        return V\nc = C()", "c.a()"),
    "method of an array's class": (
        "class C(np.ndarray):\n    def a(self):\n        return V\nc = np.zeros(1).view(C)",
        "c.a()",
    ),
    "attribute of a dictionary's class": ("class C(dict):\n    pass\nc = C()\nc.a = V", "c.a"),
    "default of a dictionary": ("c = collections.defaultdict(lambda: V)", "c[0]"),
    "special method of an enum": ("class M(enum.Enum):\n    A = 1\n    def __call__(self):\n        return V", "M.A()"),
    "constructor of an enum": (
        "class M(enum.Enum):\n    A = 1\n    def __init__(self, x):\n        self.a = V",
        "M.A.a",
    ),
    "constructor of a NamedTuple's subclass": (
        "class R(NamedTuple):\n    a: int\nclass S(R):\n    def __new__(cls):\n        return super().__new__(cls, V)",
        "S().a",
    ),
    "property of a NamedTuple's subclass": (
        "class R(NamedTuple):\n    a: int\nclass S(R):\n    @property\n    def a(self):\n        return V",
        "S(0).a",
    ),
    "constructor of a dataclass": (
        "@dataclass\nclass C:\n    a: int\n    def __init__(self):\n        self.a = V",
        "C().a",
    ),
    "default in a dataclass with slots": ("@dataclass(slots=True)\nclass C:\n    a: int = V", "C().a"),
    "attribute taken by its name": ("import plain", "getattr(plain, 'A')"),
    "attribute taken by a computed name": ("import plain", "getattr(plain, 'AB'[:1])"),
    "dictionary of a module": ("import plain", "plain.__dict__['A']"),
    "function wrapped in the name of a library's": ("@functools.wraps(np.sum)\ndef f(x=0):\n    return V", "f()"),
    "rule of a derivative": (
        "import jax\n@jax.custom_jvp\ndef f(x):\n    return x\n@f.defjvp\ndef _f(p, t):\n    return f(*p), V * t[0]",
        "int(jax.grad(f)(0.0))",
    ),
    "import inside": ("def f():\n    from lab.settings import A\n    return A", "f()"),
    "module imported inside": ("def f():\n    import lab.settings as s\n    return s.A", "f()"),
}
HEAD = """
import collections, enum, functools, operator
from dataclasses import dataclass, field
from typing import NamedTuple
import numba, numpy as np
from numba import types
from numba.experimental import jitclass
from numba.extending import intrinsic, lower_builtin, overload, overload_attribute, overload_method, type_callable
from bandits.core.jit import kernel
"""
PLAY = """
import importlib, json, sys
sys.path.insert(0, ".")
from bandits.core.addresses import reach
from bandits.core.jit import kernel, program
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
        f"from bandits.core.jit import kernel\n@kernel\ndef choose(t):\n    return {value} if t > 0 else 0\n"
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


lazy = ModuleType("lazy")


def test_a_module_may_compute_what_it_is_asked_for():
    lazy.__getattr__ = lambda name: np.array([1.5]) if name == "A" else float("2.5")
    found = reach(lambda: (lazy.A, lazy.B))
    assert found.changed() is None
    lazy.A = np.array([2.5])
    assert found.changed() == "lazy.A"


REGISTERED = """
import operator
from numba.extending import overload
from bandits.core.addresses import reach
def register(body):
    overload(operator.add)(lambda a, b: body if a is b is None else None)
weight = 1
register(lambda: weight)
first = reach(len)
assert reach(len).digest == first.digest
weight = 2
assert first.changed() == "weight", first.changed()
second = reach(len)
register(lambda: 3)
assert len({first.digest, second.digest, reach(len).digest}) == 3
"""


def test_what_operators_run_is_read_anew_where_it_has_changed():
    """The walk through their registered bodies is kept, until a name that one reads changes or one more is registered.

    In a process of its own, since nothing that is registered with Numba can be taken back.
    """
    subprocess.run([sys.executable, "-c", REGISTERED], check=True)


def test_a_walk_keeps_to_one_reading_of_what_is_registered(monkeypatch):
    """Another thread may register more, so that the next reading has other objects of the same content."""
    found = reach(BatchedExp3.steps.act).digest
    monkeypatch.setattr(walk, "registered", Registered)
    assert reach(BatchedExp3.steps.act).digest == found
