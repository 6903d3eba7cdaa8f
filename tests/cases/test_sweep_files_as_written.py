"""Sweep files as other programs write them, with modules that misbehave: read, or refused in one line."""

import sys

import pytest

from sims.spec import load_sweep

SPEC = """
repetitions = 2  # première
[axes]
horizon = [64, 128]
[[problem]]
type = "SwitchingCostGame"
losses = { type = "BernoulliLosses", means = [0.5, 0.4] }
horizon = "$horizon"
[[learner]]
type = "Exp3"
"""


RAISES = """
from dataclasses import dataclass
@dataclass
class Own:
    def __post_init__(self):
        raise OSError(5, "no luck")
"""


@pytest.fixture
def load(tmp_path):
    def from_bytes(content):
        (tmp_path / "sweep.toml").write_bytes(content)
        return load_sweep(tmp_path / "sweep.toml")

    return from_bytes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_marks_and_line_ends_are_understood(encoding, end, load):
    assert [cell.problem.horizon for cell in load(SPEC.replace("\n", end).encode(encoding))] == [64, 128]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (SPEC.encode("latin-1"), r"not UTF-8 in line 2 \(byte 0xe8\); save it as UTF-8"),
        (SPEC.encode("utf-16-le"), "not UTF-8 in line 2|a NUL character in line 1"),
        (SPEC.encode() + b"\0", "a NUL character"),
        (b"#" * (1 << 25), "longer than 16777216 bytes"),
        (SPEC.replace("[0.5, 0.4]", "[" * 5000 + "]" * 5000).encode(), "nested too deeply"),
        (SPEC.replace("[64, 128]", "[64]\n" + "\n".join(f"a{i} = [1, 2, 3, 4]" for i in range(20))).encode(), "1.1e"),
        (
            SPEC.replace("[64, 128]", "{ log = [1, 1e12, 1000000000] }").encode(),
            "between 1 and 1000000, got",
        ),
        (SPEC.replace("[64, 128]", '["' + "x" * 1000 + '"]').encode(), "horizon must be an integer"),
    ],
)
def test_what_cannot_be_read_is_one_line(content, message, load):
    with pytest.raises(ValueError, match=message) as caught:
        load(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("raise SystemExit(7)", "SystemExit: 7"),
        ("raise RuntimeError('two\\nlines')", "RuntimeError: two lines"),
        ("def (", "SyntaxError"),
        ("while True: pass", "TimeoutError: importing 'module_of_a_sweep' did not end"),
        ("import module_that_is_not_there", "ModuleNotFoundError"),
        (RAISES, "OSError: .*no luck"),
    ],
)
def test_a_module_that_misbehaves_is_one_line(text, message, load, tmp_path, monkeypatch):
    (tmp_path / "module_of_a_sweep.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sims.config._IMPORT", 0.2)
    monkeypatch.delitem(sys.modules, "module_of_a_sweep", raising=False)
    with pytest.raises(ValueError, match=rf"learner\[0\]: .*{message}") as caught:
        load(SPEC.replace('"Exp3"', '"module_of_a_sweep:Own"').encode())
    assert "\n" not in str(caught.value)


def test_makers_are_called_once_for_what_they_make(load, tmp_path, monkeypatch):
    (tmp_path / "maker_of_a_sweep.py").write_text(
        "from bandits.switching import Exp3\ncalls = []\ndef make(rate: float) -> Exp3:\n"
        "    calls.append(rate)\n    return Exp3(rate)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    text = SPEC.replace('type = "Exp3"', 'type = "maker_of_a_sweep:make"\nrate = "$rate"\naxes = { rate = [0.1, 0.2] }')
    assert len(load(text.encode())) == 4
    assert sorted(sys.modules["maker_of_a_sweep"].calls) == [0.1, 0.2]
