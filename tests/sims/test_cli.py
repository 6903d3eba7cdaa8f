"""The command line: exit status, one line per mistake, resumable sweeps."""

import json
import signal
import subprocess
import sys
import time

import polars
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import regretlab
import theory
from bandits.losses import BernoulliLosses
from bandits.switching import BatchedExp3, SwitchingCostGame
from sims import simulate
from sims.cli import app
from sims.cli.theorems import _theorems
from sims.overrides import overridden
from sims.progress import progress
from sims.provenance import commit
from theory.suite import _verdict_at

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
        (("figures", "--list", "--module", "no_such"), "package 'no_such' cannot be imported: No module"),
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


@pytest.mark.slow
def test_ctrl_c_stops_cleanly_and_the_rest_follows(tmp_path):
    spec = tmp_path / "long.toml"
    spec.write_text(SPEC.replace("repetitions = 2", "repetitions = 20").replace("[64, 128]", "[64, 128, 3000000]"))
    command = [sys.executable, "-m", "sims", "sweep", str(spec), "--out", str(tmp_path / "out"), "--workers", "1"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while len(list(tmp_path.glob("out/cells/*/*.parquet"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "run the same command to go on" in errors
    assert "Traceback" not in errors
    assert len(list(tmp_path.glob("out/cells/*/*"))) >= 2
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


OWN = """
from dataclasses import dataclass
from bandits.switching import Exp3
@dataclass(frozen=True)
class Own{0}(Exp3):
    pass
"""


def test_modules_beside_the_file_are_found_and_never_another_of_their_name(spec, tmp_path):
    spec.write_text(SPEC.replace("BatchedExp3", "beside_the_sweep:Own"))
    (tmp_path / "beside_the_sweep.py").write_text(OWN.format(""))
    assert run("sweep", spec, "--out", tmp_path / "out", "-o", "horizon=64", "--dry-run").exit_code == 0
    other = tmp_path / "other" / "sweep.toml"
    other.parent.mkdir()
    other.write_text(spec.read_text())
    (other.parent / "beside_the_sweep.py").write_text(OWN.format("2"))
    result = run("sweep", other, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        f"regretlab: module 'beside_the_sweep': {other.parent / 'beside_the_sweep.py'} is hidden"
    )


def test_values_from_the_command_line(spec, tmp_path):
    changes = ("-o", "horizon=[32, 48]", "-o", "repetitions=3", "-o", "seed=5")
    assert run("sweep", spec, "--out", tmp_path / "out", *changes).exit_code == 0
    frame = polars.read_parquet(tmp_path / "out" / "results.parquet")
    assert {*frame.select("horizon", "repetitions", "seed").iter_rows()} == {(32, 3, 5), (48, 3, 5)}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("cost=1", "-o cost: the sweep has no such axis; there are backend, checkpoints, horizon, repetitions, seed"),
        ("horizon", "-o must be AXIS=VALUE, got 'horizon'"),
        ("horizon=[1", "-o horizon: '[1' is not a value in TOML"),
        ("horizon=0", "problem[0]: SwitchingCostGame: horizon must be at least 1, got 0"),
    ],
)
def test_wrong_values_from_the_command_line_are_one_line(spec, tmp_path, change, message):
    result = run("sweep", spec, "--out", tmp_path / "out", "-o", change)
    assert (result.exit_code, result.stderr) == (2, f"regretlab: {message}\n")


def test_axes_that_advance_together_are_changed_in_the_file_only():
    spec = {"zip": [{"a": [1], "b": [2]}], "learner": [{"type": "x", "axes": {"rate": [1]}}]}
    with pytest.raises(ValueError, match="-o a: the axis advances with others"):
        overridden(spec, ["a=2"])
    changed = overridden(spec, ["rate={ log = [1, 8, 4] }"])
    assert (changed["learner"][0]["axes"], spec["learner"][0]["axes"]) == ({"rate": {"log": [1, 8, 4]}}, {"rate": [1]})


def test_a_folder_tells_where_it_comes_from(spec, tmp_path):
    out = tmp_path / "out"
    for horizon in (32, 48, 48):
        assert run("sweep", spec, "--out", out, "-o", f"horizon={horizon}").exit_code == 0
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    assert [line["event"] for line in lines] == ["began", "ended"] * 3
    assert [line["computed"] for line in lines[1::2]] == [1, 1, 0]
    assert lines[2]["overrides"] == ["horizon=48"]
    assert {*lines[0]["versions"]} >= {"regretlab's code", "Python", "numpy"}
    assert (out / lines[0]["spec"]).read_bytes() == spec.read_bytes()
    said = json.loads(pq.read_metadata(out / "results.parquet").metadata[b"regretlab"])
    assert said["cells"] == 1
    assert [*said["versions"]] == ["jax", "numba", "numpy", "regretlab"]
    assert run("collect", out).stdout == f"2 cells\n{out / 'all.parquet'}\n"
    frame = polars.read_parquet(out / "all.parquet")
    assert {*frame["problem.horizon"]} == {32, 48}
    assert {*frame["learner.type"]} == {"bandits.switching.batched_exp3:BatchedExp3"}
    next(out.glob("cells/*/*")).write_bytes(b"PAR1")
    damaged = run("collect", out, "--out", tmp_path / "one.parquet")
    assert (damaged.exit_code, damaged.stdout) == (1, f"1 cells\n{tmp_path / 'one.parquet'}\n")
    assert "is damaged" in damaged.stderr
    assert "has no finished cells" in run("collect", tmp_path).stderr


def test_the_commit_is_that_of_the_folder(tmp_path):
    assert commit(tmp_path) is None
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path)]
    (tmp_path / "a").write_text("1")
    for command in (["init", "-q"], ["add", "a"], ["commit", "-qm", "a"]):
        subprocess.run([*git, *command], check=True)
    clean = commit(tmp_path)
    assert clean == subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
    (tmp_path / "a").write_text("2")
    assert commit(tmp_path) == f"{clean}-dirty"


def test_one_pair_with_a_picture(tmp_path):
    game = "SwitchingCostGame(BernoulliLosses(means=[0.5, 0.4]), 64)"
    picture = tmp_path / "new" / "regret.png"
    result = run("simulate", game, "BatchedExp3", "--repetitions", 2, "--seed", 3, "--plot", picture)
    assert result.exit_code == 0
    played = simulate(SwitchingCostGame(BernoulliLosses([0.5, 0.4]), 64), BatchedExp3(), repetitions=2, seed=3)
    assert f"\nregret\t{played.mean('regret')[-1]:.5g}\t" in result.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    wrong = run("simulate", game, "BatchedExp3", "--plot", tmp_path / "regret.bmp")
    assert wrong.stderr.endswith("regret.bmp: its name must end in one of .png, .pdf, .svg\n")


@pytest.mark.parametrize(
    ("problem", "learner", "message"),
    [
        ("three_points(", "Exp3", "problem must be written as Name(argument, name=argument), got 'three_points('"),
        ("SwitchingCostGame(1 + 1, 3)", "Exp3", "problem: '1 + 1' is neither a value nor a call"),
        ("f().g()", "Exp3", "problem: 'f().g' is not the name of a class or function"),
        (
            "BernoulliLosses([0.1], means=[1])",
            "Exp3",
            "problem: BernoulliLosses must be given its parameters, each once",
        ),
        ("three_points(9)", "Exp3Q", "learner: unknown type 'Exp3Q'; did you mean 'Exp3'?"),
        ("three_points(9)", "Exp3(1, 2, 3, 4)", "learner: Exp3 takes "),
        ("three_points(9)", "nowhere.Own", "learner: cannot find 'nowhere:Own': ModuleNotFoundError"),
    ],
)
def test_pairs_that_are_none(problem, learner, message):
    result = run("simulate", problem, learner)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"regretlab: {message}")


OWN_THEOREM = """
from dataclasses import replace
from theory import theorem
BOUNDS = (replace(theorem("cesabianchi2006.hedge"), name="{0}"),)
WITHOUT_CASE = {{"mine.hedge": "a test of names"}}
"""


def test_theorems_of_ones_own(tmp_path, monkeypatch):
    monkeypatch.setattr(theory, "_included", {})
    file = tmp_path / "theorems_of_a_user.py"
    file.write_text(OWN_THEOREM.format("mine.hedge"))
    listed = run("bounds", "--module", file)
    assert (listed.exit_code, listed.stdout.count("\n")) == (0, 2)
    assert "\nmine.hedge\tHedge\t" in listed.stdout
    verified = run("verify", "--module", file)
    assert (verified.exit_code, verified.stdout.count("\nmine.hedge\t")) == (0, 1)
    assert "It has no default case: a test of names." in verified.stdout
    theory._included.clear()  # as in a new process
    assert _verdict_at(("mine.hedge",), ("theorems_of_a_user",), {}, 0).bound == "mine.hedge"
    file.with_name("theorems_twice.py").write_text(OWN_THEOREM.format("cesabianchi2006.hedge"))
    twice = run("verify", "--module", tmp_path / "theorems_twice.py")
    assert twice.stderr == ("regretlab: module 'theorems_twice': another theorem is named 'cesabianchi2006.hedge'\n")


def test_version_and_completion():
    assert run("--version").stdout == f"regretlab {regretlab.__version__}\n"
    assert "bubeck2012.exp3" in _theorems("bubeck2012.e")
