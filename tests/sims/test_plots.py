"""What is drawn and written of runs is what they hold."""

import html
import re
from dataclasses import replace

import matplotlib as mpl
import numpy as np
import polars
import pytest
from matplotlib.figure import Figure

import theory
from bandits.losses import LossTable
from bandits.prediction import LRU, PagingGame
from bandits.switching import BatchedExp3, Exp3, FullInformation, Hedge, SwitchingCostGame
from sims import Cell, Run, compare, plot, run_sweep, simplex, simulate, to_latex
from sims.markup import html_table, latex_table

GAME = SwitchingCostGame(LossTable(np.full((64, 3), 0.5)), 64)
ROUNDS = np.array([1, 8, 64], dtype=np.int64)
BATCHED = BatchedExp3()
ARORA = theory.theorem("arora2012.batched_exp3")


def run_of(learner=BATCHED, repetitions=4, rounds=ROUNDS, seed=0):
    values = np.random.default_rng(1).random((repetitions, len(rounds), 5))
    return Run(GAME, learner, seed, 0, rounds, values)


def axes():
    return Figure().subplots()


def test_a_plot_holds_means_bands_and_the_bound_of_the_learner_it_names():
    ours, other = run_of(), run_of(Exp3())
    drawn = plot([ours, other], "loss", ax=axes())
    assert [line.get_label() for line in drawn.lines] == ["BatchedExp3", "Exp3"]
    assert drawn.lines[0].get_ydata().tolist() == ours.mean("loss").tolist()
    low, high = ours.interval("loss", 0.95)
    ends = drawn.collections[0].get_paths()[0].vertices[:, 1]
    assert (ends.min(), ends.max()) == (low.min(), high.max())
    bounded = plot([ours, other], bounds=[ARORA], ax=axes())
    (line,) = [line for line in bounded.lines if "arora" in line.get_label()]
    assert set(line.get_ydata()) == {ARORA.value_for(GAME, BatchedExp3())}
    assert line.get_color() == bounded.lines[0].get_color()
    assert run_of(repetitions=1).plot("switches", ax=axes()).collections[:] == []


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([],), ValueError, "runs must hold at least one run"),
        ((GAME,), TypeError, "runs must be a run or a list of runs, got SwitchingCostGame"),
        ((run_of(), "reward"), KeyError, "no metric 'reward'; this run has loss"),
        ((run_of(), "loss", ARORA), ValueError, "bounds must be about loss, arora2012.batched_exp3 is about regret"),
        ((run_of(), "regret", "arora"), TypeError, "bounds must be theorems, as theory.theorem"),
        (
            (run_of(rounds=ROUNDS[:2]), "regret", ARORA),
            ValueError,
            "bounds must be drawn of runs to the horizon 64, got 8",
        ),
        ((run_of(Exp3()), "regret", ARORA), TypeError, "arora2012.batched_exp3 needs batch_length"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_one_line(arguments, error, words):
    runs, metric, *bounds = (*arguments, "regret")[: max(2, len(arguments))]
    with pytest.raises(error, match=words):
        plot(runs, metric, bounds=bounds, ax=axes())


def test_comparison_and_its_latex():
    table = compare([run_of(), run_of(Exp3(0.25)), run_of(Exp3(0.5))], ["regret"])
    assert table.columns == ["run", "repetitions", "round", "regret", "regret_low", "regret_high"]
    assert table["run"].n_unique() == 3
    low, high = run_of().interval("regret")
    assert table.row(0)[1:] == (4, 64, run_of().mean("regret")[-1], low[-1], high[-1])
    assert [*compare(run_of()).columns][3::3] == list(GAME.metrics)
    first, *_ = [line for line in to_latex(table).splitlines() if line.startswith("BatchedExp3")]
    assert first.endswith(rf"& {table['regret'][0]:.4g} [{low[-1]:.4g}, {high[-1]:.4g}] \\")
    paging = simulate(PagingGame([0, 1, 2, 0, 1], cache=2, horizon=5), LRU(), backend="python")
    still = compare([paging], "misses")  # nothing is drawn: one repetition tells all
    assert still.select("misses_low", "misses", "misses_high").rows() == [(5.0, 5.0, 5.0)]
    assert "LRU & 1 & 5 & 5 \\\\" in to_latex(still)
    assert "a\\_b & c" in to_latex(polars.DataFrame({"a_b": [1], "c": [2.0]}))


def test_markup_escapes_all_but_formulas():
    text = "50% of $x_1$ & y_1 \N{MINUS SIGN} **2** ± 1"
    assert r"50\% of $x_1$ \& y\_1 $-$ \textbf{2} $\pm$ 1 & b \\" in latex_table(["a", "b"], [[text, "b"]])
    assert r"\multicolumn{2}{l}{all} \\" in latex_table(["a", "b"], [["all"]])
    assert '<tr><th colspan="2"><b>&lt;i&gt;</b></th></tr>' in html_table(["a", "b"], [["**<i>**"]])


def test_a_path_on_the_simplex_stays_in_its_triangle():
    drawn = simplex(np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]]), label="p", ax=axes())
    simplex(np.eye(3), ax=drawn)
    assert len(drawn.patches) == 1
    assert np.allclose(drawn.lines[0].get_xydata(), [[0.0, 0.0], [0.75, 0.75**0.5 / 2]])
    for wrong in (np.ones((2, 3)), np.eye(2), -np.eye(3)):
        with pytest.raises(ValueError, match="policies must be"):
            simplex(wrong, ax=axes())


def test_new_axes_leave_matplotlib_settings_as_they_were(monkeypatch):
    before = dict(mpl.rcParams)
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")
    drawn = run_of().plot()
    assert drawn.get_xscale() == "log"
    pyplot.close(drawn.figure)
    assert {**mpl.rcParams, "backend": before["backend"]} == before


def test_texts_for_notebooks_are_short_and_hold_no_arrays():
    run, verdict = run_of(), theory.verify(ARORA, replace(GAME, feedback=FullInformation()), Hedge())
    assert "LossTable(losses=ndarray of shape (64, 3))" in repr(run)
    assert len(repr(run)) < 300
    assert f"<td>{run.mean('regret')[-1]:.5g}</td>" in run._repr_html_()
    assert repr(verdict).startswith("Verdict('arora2012.batched_exp3', 'not applicable', Hedge in SwitchingCostGame(")
    assert "does not apply" in verdict._repr_html_()
    formula = html.unescape(re.sub("<[^>]+>", "", ARORA._repr_html_()))
    assert "regret\N{LESS-THAN OR EQUAL TO}c\N{INVISIBLE TIMES}(\N{LEFT CEILING}T\N{GREEK SMALL LETTER TAU}" in formula
    assert repr(ARORA).startswith("Bound('arora2012.batched_exp3', regret <= ")


def test_progress_is_told_and_changes_no_number(capsys, tmp_path):
    told = simulate(GAME, BatchedExp3(), repetitions=7, seed=3, threads=2, progress=True)
    assert "simulate: 4/4" in capsys.readouterr().err
    assert np.array_equal(told.values, simulate(GAME, BatchedExp3(), repetitions=7, seed=3).values)
    assert capsys.readouterr().err == ""
    report = run_sweep([Cell(GAME, BATCHED, seed=3)], tmp_path, progress=True)
    assert "sweep: 1/1" in capsys.readouterr().err
    assert repr(report).startswith("Report(total=1, computed=1, reused=0, failed=0, ")
    assert "<td>computed</td><td>1</td>" in report._repr_html_()
