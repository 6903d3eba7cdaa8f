"""The figures of stochastic bandits at a tiny size: what the tables must say."""

import numpy as np

from paper_figures.lattimore2020.drift import Drift
from paper_figures.lattimore2020.exact import Exact
from paper_figures.lattimore2020.slope import Slope


def test_exact_regret_is_within_the_simulated_interval(table):
    """Intervals of 95% widened threefold: 6 learners and 20 rounds, seeds fixed."""
    frame = table(Exact.name)
    middle, low, high = (frame[f"regret_{end}"].to_numpy() for end in ("mean", "low95", "high95"))
    exact = frame["exact"].to_numpy()
    assert (abs(exact - middle) <= 1.5 * (high - low) + 1e-9).all()
    assert frame.height == 6 * Exact.tiny["horizon"]


def test_asymptotically_optimal_learners_have_less_regret(table):
    frame = table(Slope.name)
    last = frame.filter(frame["round"] == frame["round"].max())
    regret = dict(zip(last["learner"], last["regret_mean"], strict=True))
    assert max(regret["KLUCB"], regret["BetaThompson"]) < regret["UCB1"]
    assert np.allclose(frame["constant"], 17.445174)


def test_forgetting_pays_where_means_change(table):
    """In the last piece learners that never forget lose at least half as much again per round; seeds fixed."""
    frame = table(Drift.name).filter(change="sudden")
    late = frame.filter(frame["round"].is_in([1080, 1200]))
    lost = {
        name: np.diff(late.filter(learner=name).sort("round")["regret_mean"].to_numpy()).item()
        for name in ("BetaThompson", "SlidingWindowUCB", "DiscountedUCB")
    }
    assert lost["BetaThompson"] > 1.5 * max(lost["SlidingWindowUCB"], lost["DiscountedUCB"])
