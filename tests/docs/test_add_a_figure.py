"""The figure of docs/how_to/add_a_figure.md, taken from the document and drawn as its reader would."""

import re
from pathlib import Path

import polars
import pytest
from typer.testing import CliRunner

from sims.cli import app

DOCUMENT = Path(__file__).parents[2] / "docs" / "how_to" / "add_a_figure.md"


@pytest.fixture
def package(tmp_path, monkeypatch):
    (module,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    home = tmp_path / "my_figures"
    home.mkdir()
    (home / "__init__.py").touch()
    (home / "hedge.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    return "my_figures"


def test_the_figure_of_the_document_is_found_and_drawn(package, tmp_path):
    text = DOCUMENT.read_text(encoding="utf-8")
    (command,) = re.findall(r"^    regretlab (figures .*) --out \S+$", text, re.MULTILINE)
    result = CliRunner().invoke(app, [*command.split(), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    frame = polars.read_csv(tmp_path / "out" / "hedge_regret.csv")
    assert (frame["regret_low95"] < frame["bound"]).all()
    for ending in ("png", "pdf"):
        assert (tmp_path / "out" / f"hedge_regret.{ending}").stat().st_size > 1000
    page = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "Hedge on random losses" in page
    assert "regretlab figures hedge_regret --quality tiny --package my_figures" in page


def test_a_package_that_is_not_there_is_named():
    result = CliRunner().invoke(app, ["figures", "--package", "no_such_package", "--list"])
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no_such_package" in result.stderr
