"""The cache of compiled programs: never stale, never broken, never code that others wrote."""

import os
import pickle
import subprocess
import sys
import time
import uuid
from collections import namedtuple
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
import pytest

from bandits.core import kernel_cache
from bandits.core.jit import kernel, pickled_by_value, program
from bandits.core.kernel_cache import CacheWarning, cache_directory
from bandits.core.rng import uniform
from tests.bandits.core.programs import BASE, CHANGES, hits, made


def test_nothing_stale_is_ever_returned(cache):
    """Every version of the text gives its own result from a shared cache; the second time all are read from disk."""
    changes = [("+ 1.0", "+ 1.0"), CHANGES["a global number"], CHANGES["a closed-over value"], CHANGES["a default"]]
    expected = [2 * 1.5 + 2 + 0.25 - 10 + 1, 2.5 * 1.5 + 2 + 0.25 - 10 + 1, 2 * 1.5 + 2 + 0.25 - 11 + 1]
    expected.append(2 * 1.5 + 2 + 0.5 - 10 + 1)
    for reads in (0, 1):
        programs = [made(BASE.replace(*change)) for change in changes]
        assert [compiled(1.5) for compiled in programs] == expected
        assert [hits(compiled) for compiled in programs] == [reads] * 4
        assert len(list(cache.iterdir())) == 4 + 2, "four programs, `deep` with two scales, nothing temporary left"


def test_each_signature_has_its_own_file(cache):
    compiled = made(BASE)
    assert compiled(1.5) == compiled(np.float32(1.5)) == -1.75 - 2.0
    assert len(list(cache.iterdir())) == 2 * 2, "the program and the part that it calls"


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x80\x05.", None], ids=["empty", "text", "pickle", "cut short"])
def test_broken_files_are_compiled_anew_and_replaced(cache, content):
    text = "@program\ndef main(x):\n    return 5 * x"
    assert made(text)(3) == 15
    (path,) = cache.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] if content is None else content)
    again = made(text)
    assert again(3) == 15
    assert hits(again) == 0
    once_more = made(text)
    assert once_more(3) == 15
    assert hits(once_more) == 1


@pytest.mark.parametrize("place", [0, 40, -1])
def test_a_file_with_one_damaged_byte_never_runs(cache, place):
    text = "@program\ndef main(x):\n    return 5 * x"
    assert made(text)(3) == 15
    (path,) = cache.iterdir()
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    again = made(text)
    assert (again(3), hits(again)) == (15, 0)
    third = made(text)
    assert (third(3), hits(third)) == (15, 1)


def test_a_cache_that_cannot_be_written_costs_time_alone(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("REGRETLAB_CACHE_DIR", str(tmp_path / "file" / "kernels"))
    assert made("@program\ndef main(x):\n    return 7 * x")(3) == 21


def test_where_the_cache_is(monkeypatch):
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("XDG_CACHE_HOME", "/fast")
    monkeypatch.setenv("REGRETLAB_CACHE_DIR", "/chosen")
    assert str(cache_directory()) == "/chosen"
    monkeypatch.delenv("REGRETLAB_CACHE_DIR")
    assert str(cache_directory()) == "/fast/regretlab/kernels"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert str(cache_directory()) == "/home/someone/.cache/regretlab/kernels"


def test_a_file_under_another_key_is_not_loaded(cache):
    """Swapped files: the right content, signed for another program."""
    texts = [f"@program\ndef main(x):\n    return {factor} * x" for factor in (5, 6)]
    assert [made(text)(3) for text in texts] == [15, 18]
    one, other = sorted(cache.iterdir())
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)
    programs = [made(text) for text in texts]
    assert [compiled(3) for compiled in programs] == [15, 18]
    assert [hits(compiled) for compiled in programs] == [0, 0]


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_others_can_write_is_not_loaded(cache, what):
    text = "@program\ndef main(x):\n    return 5 * x"
    assert made(text)(3) == 15
    (path,) = cache.iterdir()
    kernel_cache._say_once.cache_clear()
    (cache if what == "folder" else path).chmod(0o777)
    compiled = made(text)
    with pytest.warns(CacheWarning, match="others can write"):
        assert compiled(3) == 15
    assert hits(compiled) == 0


def test_the_compiler_settings_are_part_of_the_key(cache, monkeypatch):
    """A cache filled without bounds checks is not read with them."""
    text = "@program\ndef main(a, i):\n    return a[i]"
    assert made(text)(np.zeros(4), 0) == 0.0
    monkeypatch.setattr("numba.core.config.BOUNDSCHECK", 1)
    checked = made(text)
    with pytest.raises(IndexError):
        checked(np.zeros(4), 4)


def test_without_a_home_nothing_is_kept_and_it_is_said(monkeypatch):
    kernel_cache._say_once.cache_clear()
    monkeypatch.delenv("REGRETLAB_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr("pathlib.Path.home", _no_home)
    with pytest.warns(CacheWarning, match="REGRETLAB_CACHE_DIR"):
        assert made("@program\ndef main(x):\n    return 7 * x")(3) == 21


def _no_home():
    raise RuntimeError("Could not determine home directory.")


def test_a_large_global_array_is_read_and_not_cached(cache):
    kernel_cache._say_once.cache_clear()
    compiled = made("TABLE = np.arange(200_000.0)\n@program\ndef main(i):\n    return TABLE[i]")
    with pytest.warns(CacheWarning, match="global array above 1 MB"):
        assert compiled(3) == 3.0


def test_what_cannot_be_pickled_is_compiled_and_not_kept(cache, monkeypatch):
    def refuse(_):
        raise TypeError("cannot pickle it")

    kernel_cache._say_once.cache_clear()
    monkeypatch.setattr(kernel_cache, "dumps", refuse)
    with pytest.warns(CacheWarning, match="main is compiled in every process: cannot pickle it"):
        assert made("@program\ndef main(x):\n    return 9 * x")(3) == 27
    assert not cache.exists()


SCRIPT = """
import sys
from typing import NamedTuple

import numpy as np
from bandits.core.jit import kernel, program
from helper import bonus

class Params(NamedTuple):
    factor: float
    weights: np.ndarray

class State(NamedTuple):
    total: float

@kernel
def step(params, state, t):
    return State(state.total + FACTOR * params.factor * params.weights[t] + bonus(t))

@program
def play(params, n):
    state = State(0.0)
    for t in range(n):
        state = step(params, state, t)
    return state.total

print(play(Params(2.0, np.arange(4.0)), 4), sum(play.stats.cache_hits.values()))
"""


def test_scripts_with_their_own_classes_are_cached_and_never_stale(cache, tmp_path):
    """Classes of `__main__`, a kernel of the script and one of another file, edited between processes."""
    script, helper = tmp_path / "script.py", tmp_path / "helper.py"
    environment = os.environ | {"REGRETLAB_CACHE_DIR": str(cache), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(factor, bonus):
        script.write_text(SCRIPT.replace("FACTOR", str(factor)))
        helper.write_text(f"from bandits.core.jit import kernel\n@kernel\ndef bonus(t):\n    return {bonus}\n")
        done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        total, read = done.stdout.split()
        return float(total), int(read)

    assert run(1.0, 0.5) == (12.0 + 2.0, 0)
    assert run(1.0, 0.5) == (12.0 + 2.0, 1)
    assert run(1.0, 0.25) == (12.0 + 1.0, 0)
    assert run(3.0, 0.25) == (36.0 + 1.0, 0)


def test_twin_named_tuples_of_two_learners_are_not_confused(cache):
    """Two classes of one name and fields: each program compiled for its own steps."""

    def learner(sign):
        class Params(NamedTuple):
            rate: float

        @kernel
        def step(params):
            return sign * params.rate

        @program
        def play(params):
            return step(params)

        return play, Params

    (up, up_params), (down, down_params) = learner(1.0), learner(-1.0)
    assert [up(up_params(2.0)), down(down_params(2.0))] == [2.0, -2.0]


def test_kernels_of_modules_are_sent_by_name():
    """A copy would not be the one that the problem's kernels call: cells of scripts would have another address."""
    assert len(pickled_by_value(uniform)) < 100
    assert pickle.loads(pickled_by_value(uniform)) is uniform


def test_threads_may_pickle_one_function_at_once(monkeypatch):
    @kernel
    def step(x):
        return x + 1

    def slow_name(named=uuid.uuid4):
        time.sleep(0.1)
        return named()

    monkeypatch.setattr("numba.core.dispatcher.uuid.uuid4", slow_name)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(pickled_by_value, [step, step])
    assert first == second


def test_records_of_one_name_with_other_fields_are_told_apart(cache):
    """Numba's text of their types is the same, and the program names neither class."""
    text = "@rare_kernel\ndef first(p):\n    return p.a\n\n@program\ndef main(p):\n    return first(p) + p.a / 4"
    for fields in ("a b", "b a"):
        pair = namedtuple("Pair", fields)
        assert made(text)(pair(a=1.0, b=2.0)) == 1.25


def test_parts_are_linked_from_the_cache_into_other_programs(cache):
    """Of another program that calls `deep`, an edit of what it reads included."""
    assert made(BASE)(1.5) == -3.75
    other = BASE.replace("shifted(x) + 1.0", "deep(x)")
    for text, expected, reads in ((other, 5.0, 1), (other.replace("SCALE = 2.0", "SCALE = 3.0"), 6.5, 0)):
        main = made(text)
        assert main(1.5) == expected
        assert hits(main.py_func.__globals__["deep"]) == reads


def test_parts_with_records_of_a_script_are_not_kept(cache, monkeypatch):
    """Another process would not find their class, and would return a copy that is another type."""
    pair = namedtuple("Pair", "a b", module=__name__)
    monkeypatch.setitem(globals(), "Pair", pair)
    for here in (True, False):
        swap = "@rare_kernel\ndef swap(p):\n    return Pair(p.b, p.a)\n\n"
        text = swap + "@program\ndef main(x, z):\n    return swap(Pair(x, z)).a"
        before = len(list(cache.iterdir())) if cache.exists() else 0
        kind = pair if here else namedtuple("Pair", "a b", module="__main__")
        assert made(text, Pair=kind)(1.0, 2.0) == 2.0
        assert len(list(cache.iterdir())) == before + (2 if here else 1)
