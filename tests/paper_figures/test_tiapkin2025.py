"""The figures of Tiapkin et al. 2025 at a tiny size: what the tables must say, and pictures from the tables alone."""

import numpy as np
import polars
import pytest

from bandits.preference import games, von_neumann_winner
from paper_figures.simulations import kept_in
from paper_figures.tiapkin2025.contraction import Contraction
from paper_figures.tiapkin2025.trajectories import Trajectories, flat


@pytest.mark.parametrize("figure", [Trajectories, Contraction])
def test_kept_simulations_give_the_table_again(drawn, table, figure):
    frame = table(figure.name)
    with kept_in(drawn(figure.name) / "simulations"):
        again = figure.at("tiny").data()
    for column in again.columns:
        assert again[column].to_list() == frame[column].to_list()


def test_no_round_and_no_play_is_beyond_its_theorem(table):
    frame = table(Contraction.name)
    along = frame.filter(frame["panel"] == "queries")
    assert set(along["learner"]) == {"INPO", "NashMD", "NashMP"}
    assert (along["kl_greatest"] <= along["kl_guaranteed"] + 1e-12).all()
    assert (along["kl_least"] <= along["kl_median"]).all()
    for name in ("NashMP", "INPO", "NashMD"):
        assert along.filter(along["learner"] == name)["row_queries"].max() == Contraction.tiny["queries"]
    factors = frame.filter(frame["panel"] == "weights")
    assert factors.height == 2 * len(Contraction.tiny["weights"])
    assert (factors["factor_worst"] <= factors["factor_guaranteed"] + 1e-9).all()
    assert (factors["factor_worst"] > 0.0).all()


def test_trajectories_start_at_the_reference_and_show_the_equilibria(table):
    frame = table(Trajectories.name)
    settings = Trajectories()
    policies = frame.select("policy_0", "policy_1", "policy_2").to_numpy()
    assert np.abs(policies.sum(axis=1) - 1.0).max() < 1e-12
    starts = frame.filter((frame["round"] == 0) & (frame["learner"] != ""))
    assert np.abs(starts.select("policy_0", "policy_1", "policy_2").to_numpy() - settings.reference).max() < 1e-12
    winner = frame.filter(frame["iterate"] == "von Neumann winner").row(0, named=True)
    expected = von_neumann_winner(games.biased_rock_paper_scissors(*settings.strengths))
    assert np.abs([winner[f"policy_{i}"] for i in range(3)] - expected).max() < 1e-12
    last = frame.filter((frame["learner"] == "HedgeSelfPlay") & (frame["iterate"] == "last"))
    mean = frame.filter((frame["learner"] == "HedgeSelfPlay") & (frame["iterate"] == "average"))
    assert mean["policy_1"][9] == pytest.approx(last["policy_1"][:10].mean(), abs=1e-14)


def test_corners_of_the_simplex():
    corners = polars.DataFrame({f"policy_{i}": np.eye(3)[i] for i in range(3)})
    x, y = flat(corners)
    assert np.allclose(x, [0.0, 1.0, 0.5])
    assert np.allclose(y, [0.0, 0.0, 0.75**0.5])
