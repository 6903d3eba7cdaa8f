"""Figures of COMAL's cycle, contextual games and Stackelberg play: what their tables must say."""

import numpy as np
import pytest

from bandits.preference import PreferenceGame, games
from bandits.preference.measures import gap0
from paper_figures.liu2024_comal import Cycle
from paper_figures.slhf2025.solutions import Solutions, solutions
from paper_figures.sokota2023 import Regularizers
from paper_figures.tiapkin2025.contexts import Contexts, play_contexts
from sims.engines.policies import trajectory

ENDS = {  # learner -> {round: gap0 from the uniform and from the uneven start}, from another program
    "HedgeSelfPlay": {1000: (0.302, 0.631)},
    "INPO": {1000: (0.024489777240, 0.058827738278)},
    "NashProx": {50: (1.67e-2, 0.103), 250: (9.8e-4, 5.5e-3), 500: (2.4e-5, 1.1e-4), 1000: (1.7e-8, 6.7e-8)},
    "OMWU": {1999: (1.1e-6, 4.7e-6)},  # the 2000th policy that is played
}


def check_cycle(**changed):
    figure = Cycle(**changed)
    starts = np.array([np.full(3, 1 / 3), figure.uneven])
    base = [games.comal_cycle()] * 2
    for learner, weight in figure.players():
        known = ENDS[learner.name]
        problem = PreferenceGame(base, max(known), weight, starts)
        for game in range(2):
            policies = np.exp(trajectory(problem, learner, max(known), game))
            for end, values in known.items():
                digits = 1e-10 if learner.name == "INPO" else 0.05 * values[game]  # as many as are known
                assert float(gap0(problem.skew[game], policies[end])) == pytest.approx(values[game], abs=digits)


def test_the_cycle_of_comal():
    check_cycle()


@pytest.mark.parametrize("wrong", [{"step": 0.33}, {"regularization": 0.11}, {"inner_rounds": 40}])
def test_other_parameters_give_other_gaps(wrong):
    with pytest.raises(AssertionError):
        check_cycle(**wrong)


def test_contexts_are_played_as_single_games():
    figure = Contexts()
    game = figure.game(3, 5, 0.1)
    for learner in figure.players(game).values():
        together = play_contexts(learner, game, (2, 9))
        for context in range(3):
            alone = trajectory(game, learner, 9, context)
            assert together[:, context] == pytest.approx(alone[[2, 9]], abs=1e-12)


def test_solutions_are_those_of_the_text():
    """On the even cycle leader and equilibrium are uniform; on the uneven one all four differ; ranked, all agree."""
    frame = Solutions().data()
    table = frame.filter(frame["panel"] == "solutions")
    policies = {
        (row["instance"], row["concept"]): [row[f"policy_{i}"] for i in range(3)] for row in table.iter_rows(named=True)
    }
    for concept in ("equilibrium", "Stackelberg leader"):
        assert policies["even cycle", concept] == pytest.approx([1 / 3] * 3, abs=1e-9)
    assert policies["uneven cycle", "equilibrium"] == pytest.approx([2 / 7, 2 / 7, 3 / 7], abs=1e-9)
    assert policies["uneven cycle", "Stackelberg leader"] == pytest.approx([0.5, 0.0, 0.5], abs=1e-12)
    assert policies["uneven cycle", "reward, uniform pairs"] == [1.0, 0.0, 0.0]
    assert policies["uneven cycle", "reward, skewed pairs"] == [0.0, 1.0, 0.0]
    assert all(policies["ranked actions", concept] == pytest.approx([1, 0, 0], abs=1e-9) for _, concept in policies)
    assert (table["wins_seen"] <= table["wins_unseen"] + 1e-12).all()
    assert (table["wins_seen"] <= 0.5).all()
    draws = frame.filter(frame["panel"] == "draws").sort("concept", "draw")["hit_probability"].to_list()
    assert draws[:3] == pytest.approx([1 / 3, 2 / 3, 1.0], abs=1e-12)
    assert draws[6:9] == pytest.approx([1 / 3, 5 / 9, 19 / 27], abs=1e-12)


def test_fitted_rewards_of_the_text():
    """Rewards fitted to uniform pairs are (.134, -.134, 0), and action 0 leads; pairs from (.5, .3, .2) too."""
    cycle = games.biased_rock_paper_scissors(0.3, 0.2, 0.2)
    for pairs in ((1 / 3, 1 / 3, 1 / 3), (0.5, 0.3, 0.2)):
        assert solutions(cycle, pairs)["reward, skewed pairs"].tolist() == [1.0, 0.0, 0.0]


def test_games_of_several_regularizers():
    frame = Regularizers(rounds=12, points=6).data()
    plays, equilibria = (frame.filter(part=part) for part in ("play", "equilibrium"))
    assert (plays["divergence"] <= plays["bound"] * (1.0 + 1e-9) + 1e-15).all()
    least = {name: rows.sort("tau")["least"] for (name,), rows in equilibria.group_by("regularizer")}
    assert least["Squares"][0] == 0.0 < least["Entropy"][0] < least["Tsallis"][0]
    assert all(rows.is_sorted() for rows in least.values())
