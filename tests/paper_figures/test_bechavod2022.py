"""The figures on one-sided feedback at a tiny size: what the tables hold, and that they can be drawn."""

import math

import numpy as np
import pytest
from matplotlib.figure import Figure as Canvas

import theory
from bandits.one_sided import Exp2OneSided, three_points
from paper_figures.bechavod2022 import FIGURES, FRONTIER, HIDDEN_OUTCOMES, TUNING
from paper_figures.bechavod2022.frontier import FrontierSettings
from paper_figures.bechavod2022.hidden import HiddenSettings
from paper_figures.bechavod2022.horizon import TuningSettings
from sims import simulate

HORIZONS = (2048, 4096, 8192)


@pytest.fixture(scope="module")
def tables():
    tuning = TuningSettings(horizons=HORIZONS, repetitions=16)
    hidden = HiddenSettings(horizons=HORIZONS, repetitions=48)
    frontier = FrontierSettings(horizon=2048, prices=(0.0, 2.0, 16.0), repetitions=8)
    return {
        TUNING.name: TUNING.compute(tuning),
        FRONTIER.name: FRONTIER.compute(frontier),
        HIDDEN_OUTCOMES.name: HIDDEN_OUTCOMES.compute(hidden),
    }


def test_tuning_table_is_what_simulate_says(tables):
    table = tables[TUNING.name]
    assert table.height == 4 * len(HORIZONS)
    row = table.filter((table["tuning"] == "quarter") & (table["horizon_rounds"] == 8192)).row(0, named=True)
    learner = Exp2OneSided(price_exponent=0.25)
    run = simulate(three_points(8192), learner, repetitions=16, seed=2022 + 13, checkpoints=[8192])
    assert row["regret_mean"] == pytest.approx(run.final("error_regret_no_slack").mean(), rel=1e-12)
    assert row["violations_mean"] == pytest.approx(run.final("violations").mean(), rel=1e-12)
    bound = theory.theorem("ours.exp2_violations").value_for(three_points(8192), learner)
    assert row["violations_upper_bound"] == pytest.approx(bound, rel=1e-12)
    free = table.filter(table["tuning"] == "free")
    slopes = np.diff(np.log(free["violations_mean"])) / math.log(2)
    assert free["violations_local"].to_numpy()[1:] == pytest.approx(slopes, rel=1e-12)
    assert free["regret_upper_bound"].is_nan().all()


def test_hidden_outcomes_table(tables):
    table = tables[HIDDEN_OUTCOMES.name]
    assert table.height == 6 * len(HORIZONS)
    bounded = table.filter(table["regret_upper_bound"].is_not_nan())
    assert bounded["learner"].n_unique() == 4
    assert (bounded["regret_low95"] <= bounded["regret_upper_bound"]).all()


def test_frontier_table(tables):
    """World A's optima by hand (of 30 arrivals, two a round); violations fall as the price grows."""
    table = tables[FRONTIER.name]
    assert table["strict_errors"][0] == pytest.approx(2 * 9.2 / 30, abs=1e-9)
    assert table["lenient_errors"][0] == pytest.approx(2 * 8.0 / 30, abs=1e-9)
    assert table["unconstrained_errors"][0] == pytest.approx(2 * 5.0 / 30, abs=1e-9)
    for feedback in ("one-sided", "full"):
        fixed = table.filter((table["feedback"] == feedback) & (table["tuning"] == "fixed price")).sort("price")
        assert (np.diff(fixed["violations_mean"]) < 0).all()


@pytest.mark.parametrize("figure", FIGURES, ids=lambda f: f.name)
def test_drawn_and_described(tables, figure):
    canvas = Canvas()
    axes = list(canvas.subplots(1, figure.panels, squeeze=False)[0])
    figure.draw(tables[figure.name], axes)
    assert all(panel.get_lines() for panel in axes)
    for sentence in figure.findings(tables[figure.name]):
        assert "nan" not in sentence
    for quality in ("quick", "paper"):
        named = set(figure.parameters(quality))
        assert "repetitions" in named
        assert named & {"horizons T (rounds)", "horizon T (rounds)"}
