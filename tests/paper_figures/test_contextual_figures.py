"""The figures of contextual bandits at a tiny size: what the tables must say."""

import numpy as np

from paper_figures.foster2020.delays import Delays
from paper_figures.foster2020.regret import Estimation, Regret
from paper_figures.foster2020.value import Value
from paper_figures.foster2021 import SmallLosses
from paper_figures.saito2020 import Clipping
from paper_figures.wei2025 import Frontier, Routing
from paper_figures.yi2023 import Matching


def test_worst_case_of_a_round(table):
    """The exact rule's is the least possible at every gap, SquareCB's less than twice that."""
    frame = table(Value.name)
    rows = frame.filter(law="exact")
    assert np.allclose(rows["value"], rows["n_actions"] - 1, rtol=1e-9)
    rows = frame.filter(law="squarecb")
    assert ((rows["value"] > rows["n_actions"] - 1) & (rows["value"] < 2 * (rows["n_actions"] - 1))).all()
    assert (frame["value"] >= (frame["n_actions"] - 1) * (1 - 1e-9)).all()


def test_means_are_within_the_bounds(table):
    """Regret of every learner; squared errors within twice their bound, whose interval is wide at 4 repetitions."""
    for name in (Regret.name, SmallLosses.name):
        frame = table(name)
        assert (frame["regret_mean"] <= frame["bound"]).all()
    frame = table(Estimation.name)
    assert np.allclose(frame["bound"], np.log(16) / 2)
    assert (frame["estimation_mean"] <= 2 * frame["bound"]).all()


def test_fastcb_stops_losing_where_the_best_policy_never_loses(table):
    rows = table(Regret.name).filter(mean_loss=0.0).sort("horizon")
    lost = {name: rows.filter(learner=name)["regret_mean"].to_numpy() for name in ("exact", "FastCB")}
    assert lost["FastCB"][-1] - lost["FastCB"][0] < 1.0
    assert lost["exact"][-1] > 2.0 * lost["FastCB"][-1]


def test_one_learner_routes_for_every_preference(table):
    """It is better than each model alone on average, and never than the best routing but for the few queries."""
    frame = table(Routing.name)
    singles = [frame[name].mean() for name in frame.columns if name.startswith("model_")]
    assert frame["loss_mean"].mean() < min(singles)
    assert (frame["loss_mean"] >= frame["best"] - 1e-9).all()


def test_pairs_teach_more_than_losses(table):
    """On average over preferences; the best routing has the least loss at each."""
    frame, m = table(Frontier.name), len(Frontier().preferences)
    w = frame.filter(who="pairs")["preference"].to_numpy()
    loss = {}
    for who in ("pairs", "losses", "best"):
        rows = frame.filter(who=who)
        assert rows.height == m
        loss[who] = (1.0 - w) * (1.0 - rows["quality_mean"].to_numpy()) + w * rows["cost_mean"].to_numpy()
    assert loss["pairs"].mean() < loss["losses"].mean()
    assert (loss["best"] <= np.minimum(loss["pairs"], loss["losses"]) + 1e-12).all()
    assert frame.filter(who="model").height == Frontier().n_models


def test_late_updates_lose_less_than_copies(table):
    frame = table(Delays.name)
    regret = {(row["learner"], row["delay"]): row["regret_mean"] for row in frame.iter_rows(named=True)}
    most = max(Delays.tiny["delays"])
    assert regret["late", most] < regret["copies", most]
    assert regret["LinUCB late", most] < regret["LinUCB copies", most]
    for name in ("copies", "late"):  # with a delay of 1 both bounds say something
        assert regret[name, 1] < frame.filter(learner=name, delay=1)["bound"].item()


def test_diagonal_scores(table):
    """The raw score loses in every round with two items, and more than the divided one; exact moments fit clicks."""
    frame = table(Matching.name)
    last = frame.filter(frame["round"] == frame["round"].max())
    regret = {(row["world"], row["learner"]): row["regret_mean"] for row in last.iter_rows(named=True)}
    assert regret["two items", "raw"] > 0.15 * Matching.tiny["horizon"]
    assert regret["two items", "raw"] > 2.0 * regret["two items", "normalised"]
    rows = table(Clipping.name).filter(table(Clipping.name)["simulated_variance"].is_not_null())
    assert np.allclose(rows["simulated_squared_error"], rows["squared_error"], rtol=0.5)
