"""The command line: exit status, one line per mistake, resumable sweeps."""

import json
import signal
import subprocess
import sys
import time

import polars
import pytest
from typer.testing import CliRunner

from sims.cli import app
from sims.progress import progress

SPEC = """
repetitions = 2
seed = 3
[axes]
horizon = [64, 128]
[[problem]]
type = "SwitchingCostGame"
losses = { type = "BernoulliLosses", means = [0.5, 0.4] }
horizon = "$horizon"
[[learner]]
type = "BatchedExp3"
"""


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


@pytest.fixture
def spec(tmp_path):
    file = tmp_path / "sweep.toml"
    file.write_text(SPEC)
    return file


def test_sweep_runs_then_reuses(spec, tmp_path):
    dry = run("sweep", spec, "--out", tmp_path / "out", "--dry-run")
    assert dry.exit_code == 0
    assert dry.output.startswith("2 cells, 0 done, 2 to do, about ")
    first = run("sweep", spec, "--out", tmp_path / "out")
    assert first.exit_code == 0
    assert "2 computed, 0 reused, 0 failed" in first.output
    header, row = (line.split("\t") for line in first.stdout.splitlines()[:2])
    frame = polars.read_parquet(tmp_path / "out" / "results.parquet")
    last = frame.filter((polars.col("round") == polars.col("horizon")) & (polars.col("metric") == row[-2]))
    means = last.sort("mean")["mean"]
    assert dict(zip(header, row))["cells"] == "2"
    assert row[-1] == f"{means[0]:.4g} to {means[1]:.4g}"
    assert "sweep: 2/2" in first.stderr, "plain lines when not on a terminal"
    again = run("sweep", spec, "--out", tmp_path / "out", "--quiet")
    assert (again.exit_code, again.output) == (0, "")
    assert set(polars.read_parquet(tmp_path / "out" / "results.parquet")["horizon"]) == {64, 128}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            SPEC.replace("BatchedExp3", "BatchedExp4"),
            "learner[0]: unknown type 'BatchedExp4'; did you mean 'BatchedExp3'?",
        ),
        (
            SPEC.replace("means", "mean"),
            "problem[0].losses: BernoulliLosses has no parameter 'mean'; did you mean 'means'?",
        ),
        (SPEC.replace("[64, 128]", "[64, 0]"), "problem[0]: SwitchingCostGame: horizon must be at least 1, got 0"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(spec, tmp_path, text, message):
    spec.write_text(text)
    result = run("sweep", spec, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert result.stderr.strip().splitlines() == [f"regretlab: {message}"]
    assert not (tmp_path / "out").exists(), "nothing is written before the whole sweep is valid"


def test_missing_file_and_folder_in_the_way(spec, tmp_path):
    missing = run("sweep", tmp_path / "none.toml", "--out", tmp_path / "out")
    assert missing.exit_code == 2
    assert missing.stderr == f"regretlab: cannot use {tmp_path / 'none.toml'}: No such file or directory\n"
    result = run("sweep", spec, "--out", spec)
    assert result.exit_code == 2
    assert "cannot be written" in result.stderr
    dry = run("sweep", spec, "--out", spec, "--dry-run")
    assert (dry.exit_code, dry.stderr) == (2, f"regretlab: {spec} is not a folder\n")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (("figures", "--workers", 0), "workers must be at least 1, got 0"),
        (("figures", "--list", "no_such"), "no figure named 'no_such'"),
        (("figures", "--list", "--package", "no_such"), "package 'no_such' cannot be imported: No module"),
        (("figures", "--cluster", "nowhere"), "cluster: no Dask scheduler answers at nowhere"),
        (("verify", "--seed", -1), f"seed must be between 0 and {2**64 - 1}, got -1"),
    ],
)
def test_wrong_options_are_one_line_before_anything_runs(command, message, tmp_path):
    out = ("--out", tmp_path / "out") if command[0] == "figures" else ()
    result = run(*command, *out)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith(f"regretlab: {message}")
    assert not (tmp_path / "out").exists()


def test_verdicts_are_kept_as_lines_of_json(tmp_path):
    name = "bubeck2012.exp2_violations"  # it has no default case, so that nothing is played
    result = run("verify", name, "--quiet", "--out", tmp_path / "verdicts.jsonl")
    (line,) = (tmp_path / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    assert (result.exit_code, json.loads(line)["label"]) == (0, "not applicable")
    refused = run("verify", name, "--out", tmp_path / "none" / "verdicts.jsonl")
    assert (refused.exit_code, refused.stderr.count("\n")) == (2, 1)


def test_dry_run_refuses_no_workers(spec, tmp_path):
    result = run("sweep", spec, "--out", tmp_path / "out", "--dry-run", "--workers", 0)
    assert (result.exit_code, result.stderr) == (2, "regretlab: workers must be at least 1, got 0\n")


def test_a_failed_cell_gives_status_1(spec, tmp_path, monkeypatch):
    def fail(cell, keep):
        raise ArithmeticError("made to fail")

    monkeypatch.setattr("sims.execute.compute", fail)
    result = run("sweep", spec, "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert result.stderr.count("made to fail") == 2


def test_ctrl_c_stops_cleanly_and_the_rest_follows(tmp_path):
    spec = tmp_path / "long.toml"
    spec.write_text(SPEC.replace("repetitions = 2", "repetitions = 20").replace("[64, 128]", "[64, 128, 3000000]"))
    command = [sys.executable, "-m", "sims", "sweep", str(spec), "--out", str(tmp_path / "out"), "--workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("out/cells/*.parquet"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command to go on" in errors
    assert "Traceback" not in errors
    assert len(list((tmp_path / "out" / "cells").iterdir())) >= 2
    again = run("sweep", spec, "--out", tmp_path / "out")
    assert again.exit_code == 0
    assert "0 computed" in again.output or "2 reused" in again.output


def test_progress_lines(capsys):
    with progress("work", 2, "rounds") as advance:
        advance(1000.0)
        advance(1000.0, failed=True)
    shown = capsys.readouterr().err
    assert "work: 2/2, 1 failed" in shown
    assert "rounds/s" in shown
    with progress("work", 1, quiet=True) as advance:
        advance()
    assert capsys.readouterr().err == ""


def test_bounds_are_listed_shown_and_printed_as_latex():
    listed = run("bounds")
    assert listed.exit_code == 0
    assert "bubeck2012.exp3\tExp3\tregret\t<= " in listed.output
    shown = run("bounds", "bubeck2012.exp3")
    assert "source: Bubeck & Cesa-Bianchi 2012, Theorem 3.1" in shown.output
    latex = run("bounds", "bubeck2012.exp3", "--latex")
    assert latex.output.strip().count("\n") == 0
    assert r"\frac" in latex.output


def test_unknown_bound_and_missing_name():
    wrong = run("bounds", "bubeck2012.exp")
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)
    assert "did you mean bubeck2012.exp3" in wrong.stderr
    assert run("bounds", "--latex").exit_code == 2


def test_figures_are_listed_and_unknown_names_refused(tmp_path):
    assert "cheng2023_phases" in run("figures", "--list").output
    wrong = run("figures", "no_such_figure", "--out", tmp_path / "out")
    assert wrong.exit_code == 2
    assert "`regretlab figures --list` lists all" in wrong.stderr
    assert not (tmp_path / "out").exists()
