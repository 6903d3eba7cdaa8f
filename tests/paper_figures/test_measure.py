"""The parts that figures of simulations are made of."""

from types import SimpleNamespace

import numpy as np
import pytest

import theory
from bandits.switching import Bandit, BatchedExp3, FullInformation, ShrinkingDartboard
from paper_figures.cheng2023 import measure, theorems
from paper_figures.cheng2023.phases import Phases
from sims.compute import simulate_cell

SETTINGS = SimpleNamespace(n_actions=3, switching_cost=1.0, gaps=(0.01, 0.3, 0.05), repetitions=6, pilot=24)
STUBBORN = BatchedExp3(batch_length=64)  # one action for the whole game: its regret is 64 gaps or nothing


def request(game_of, learner, gaps=SETTINGS.gaps):
    return measure.Request(game_of, learner, gaps, seed=5)


def test_worst_gap_is_found():
    """One action drawn uniformly and held: mean regret 2/3 64 gap. Wrong only if all 24 pilots draw the good: 3^-24."""
    asked = request(measure.walk_game(SETTINGS, 64, Bandit()), STUBBORN)
    single = request(asked.game_of, STUBBORN, (0.05,))
    assert measure.worst_gaps([asked, single, asked], SETTINGS.pilot) == [0.3, 0.05, 0.3]
    rows = [point.row["gap_loss_per_round"] for point in measure.points([single, asked], SETTINGS)]
    assert rows == [0.05, 0.3]


def test_the_pilot_is_not_the_run_that_is_reported(monkeypatch):
    seeds = []

    def spy(cells):
        seeds.append({cell.seed for cell in cells})
        return [simulate_cell(cell) for cell in cells]

    monkeypatch.setattr(measure, "runs", spy)
    measure.points([request(measure.walk_game(SETTINGS, 64, Bandit()), BatchedExp3())], SETTINGS)
    pilot, reported = seeds
    assert reported == {5}
    assert not pilot & reported


def test_point_is_the_mean_of_its_samples():
    game_of = measure.walk_game(SETTINGS, 64, Bandit())
    (point,) = measure.points([request(game_of, BatchedExp3(), (None,))], SETTINGS)
    assert point.regret.shape == point.switches.shape == (6,)
    assert point.row["regret_mean_loss"] == point.regret.mean()
    assert point.row["switches_low95"] <= point.switches.mean() <= point.row["switches_high95"]
    expected = (3 / 64) ** (1 / 3) / (9 * 6)  # the theorem's gap at T = 64, K = 3
    assert point.row["gap_loss_per_round"] == pytest.approx(expected, rel=1e-14)


def bound(name, value, direction="upper", learner="BatchedExp3", fails=(), rate_only=False):
    return SimpleNamespace(
        name=name,
        learner=learner,
        quantity="regret",
        direction=direction,
        rate_only=rate_only,
        applies=lambda problem, learner: list(fails),
        value_for=lambda problem, learner: value,
    )


def test_the_tightest_theorem_that_applies_is_drawn(monkeypatch):
    bounds = [
        bound("loose", 9.0),
        bound("tight", 7.0),
        bound("fails", 1.0, fails=["losses must be stochastic"]),
        bound("rate", 2.0, rate_only=True),
        bound("of another", 3.0, learner="Exp3"),
        bound("below", 0.5, direction="lower", learner=""),
        bound("further below", 0.25, direction="lower", learner=""),
    ]
    monkeypatch.setattr(theory, "catalogue", lambda: {b.name: b for b in bounds}, raising=False)
    game = measure.walk_game(SETTINGS, 64, Bandit())(None)
    assert theorems.upper(game, BatchedExp3()) == (7.0, "tight")
    assert theorems.lower(game, BatchedExp3()) == (0.5, "below")
    value, name = theorems.upper(game, BatchedExp3(), "switches")
    assert (np.isnan(value), name) == (True, "")


def test_bounds_of_the_catalogue_hold_their_learner_between_them():
    """The real theorems on a small game, means over 6 repetitions: far from both ends (factors 1.5 and 10)."""
    for feedback, learner in ((Bandit(), BatchedExp3()), (FullInformation(), ShrinkingDartboard())):
        (point,) = measure.points([request(measure.walk_game(SETTINGS, 256, feedback), learner, (None,))], SETTINGS)
        game, mean = point.game, point.row["regret_mean_loss"]
        assert mean <= theorems.upper(game, learner).value
        below = theorems.lower(game, learner).value
        assert np.isnan(below) or below <= mean


def test_phases_start_meet_and_end_where_the_paper_says():
    frame = Phases(steps=3).data()
    expected = {  # at log_T(budget) = 0, 1/3, 2/3, 1
        "extra": [2 / 3, 2 / 3, 2 / 3, 1 / 2],
        "bandit": [1.0, 5 / 6, 2 / 3, 2 / 3],
        "flexible": [1.0, 5 / 6, 2 / 3, 1 / 2],
        "full": [1.0, 5 / 6, 2 / 3, 1 / 2],
    }
    assert set(frame["looks"]) == set(expected)
    for looks, exponents in expected.items():
        assert frame.filter(frame["looks"] == looks)["minimax_exponent"].to_list() == pytest.approx(exponents)
