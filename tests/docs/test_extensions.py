"""What the site is made of: docstrings, links and kept verdicts. Nothing here needs Sphinx."""

import json
import sys
from pathlib import Path

import pytest

from theory.cases import Case, default_cases

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def extensions(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(DOCS / "extensions"), *sys.path])


def test_docstrings_become_restructured_text(extensions):
    from docstrings import restructured

    text = "Return `x` of *args.\n    code_ * 2\n\nlevel (n,): in (0, 1).  ax, at: axes_.\n\n- one\n  two"
    wanted = [
        "Return ``x`` of \\*args.\n\n::\n\n    code_ * 2",
        ":param level: (n,) in (0, 1).\n:param ax, at: axes\\_.",
        "- one\n  two",
    ]
    assert restructured(text, {"level", "ax", "at"}) == "\n\n".join(wanted)


def test_links_that_lead_nowhere_are_found(extensions, tmp_path):
    from links import broken_links

    (tmp_path / "b.html").write_text('<h2 id="here"></h2>')
    good = '<a href="b.html#here"></a><a href="https://example.org/none"></a><a href="#top"></a>'
    (tmp_path / "a.html").write_text(f'{good}<a href="b.html#there"></a><img src="c.png">')
    wanted = ["a.html: b.html#there leads nowhere", "a.html: c.png leads nowhere"]
    assert broken_links(tmp_path) == wanted


def test_kept_verdicts_are_of_the_theorems_as_they_are():
    """A theorem whose cases or whose value have changed has no kept verdict: `regretlab verify --out` writes them."""
    cases = default_cases()
    verdicts = [json.loads(line) for line in (DOCS / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [verdict["bound"] for verdict in verdicts] == [case.bound.name for case in cases]
    assert not any(verdict["outcome"] in ("broken", "undecided") for verdict in verdicts)
    compared = 0
    for case, verdict in zip(cases, verdicts):
        if case.bound.mode == "expectation" and verdict["kind"] not in ("none", "rate"):
            problem, learner, _ = Case(*case.make())
            assert verdict["bound_value"] == pytest.approx(case.bound.value_for(problem, learner), rel=1e-9), verdict
            compared += 1
    assert compared > 40
