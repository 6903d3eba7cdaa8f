"""Preference matrices: what makes one, the named ones entry by entry, and what is refused."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.preference import games
from tests.bandits.preference.self_play.playing import matrices


def check_preferences(matrix):
    """P + P^T = 1 to the last bit or two, the diagonal exactly 1/2, all in [0, 1]; S exactly antisymmetric."""
    assert matrix.dtype == np.float64
    assert np.abs(matrix + matrix.T - 1.0).max() < 1e-15
    assert (np.diag(matrix) == 0.5).all()
    assert matrix.min() >= 0.0
    assert matrix.max() <= 1.0
    assert np.array_equal(games.skew(matrix), -games.skew(matrix).T)


@given(matrices(most=12))
def test_random_games_are_games(preferences):
    check_preferences(preferences)


NAMED = {
    "rock paper scissors": (games.rock_paper_scissors(), [[0.5, 1, 0], [0, 0.5, 1], [1, 0, 0.5]]),
    "biased": (
        games.biased_rock_paper_scissors(0.1, 0.2, 0.3),
        [[0.5, 0.6, 0.2], [0.4, 0.5, 0.7], [0.8, 0.3, 0.5]],
    ),
    "dice": (games.dice(), [[1 / 2, 5 / 9, 4 / 9], [4 / 9, 1 / 2, 5 / 9], [5 / 9, 4 / 9, 1 / 2]]),
    "COMAL": (games.comal_cycle(), [[0.5, 0.1, 0.8], [0.9, 0.5, 0.1], [0.2, 0.9, 0.5]]),
    "three raters": (
        games.three_raters(0.0),
        [[1 / 2, 1 / 3, 2 / 3], [2 / 3, 1 / 2, 1 / 3], [1 / 3, 2 / 3, 1 / 2]],
    ),
    "arithmetic": (games.arithmetic(3), [[1 / 2, 4 / 6, 5 / 6], [2 / 6, 1 / 2, 4 / 6], [1 / 6, 2 / 6, 1 / 2]]),
    "Bradley-Terry": (games.bradley_terry([0.0, np.log(9.0)]), [[0.5, 0.1], [0.9, 0.5]]),
    "Luce": (games.luce([0.6, 0.3, 0.1]), [[1 / 2, 2 / 3, 6 / 7], [1 / 3, 1 / 2, 3 / 4], [1 / 7, 1 / 4, 1 / 2]]),
    "hard annotators": (
        games.annotator_mixture([0.25, 0.75], [[1, 0, 0], [0, 0, 1]], hard=True),
        [[0.5, 0.625, 0.25], [0.375, 0.5, 0.125], [0.75, 0.875, 0.5]],
    ),
    "five in a circle": (games.condorcet_cycle(5, 0.25)[:1], [[0.5, 0.75, 0.75, 0.25, 0.25]]),
    "extreme rewards": (games.bradley_terry([1e100, -1e100]), [[0.5, 1.0], [0.0, 0.5]]),
}


@pytest.mark.parametrize("name", NAMED)
def test_named_games(name):
    found, expected = NAMED[name]
    assert np.abs(found - expected).max() < 1e-15
    if len(found) == len(found.T):
        check_preferences(found)


def test_three_raters_are_a_mixture():
    """P[y2 > y1] grows with the first kind only: mass 1/3 - epsilon against 1/2 shares of the ties."""
    matrix = games.three_raters(0.2)
    first, others = 1 / 3 - 0.2, 1 / 3 + 0.1
    assert matrix[1, 0] == pytest.approx(first + 0.5 * 2 * others, abs=1e-15)
    assert matrix[0, 2] == pytest.approx(others + 0.5 * (first + others), abs=1e-15)


def test_annotators_with_one_voice_are_bradley_terry():
    rewards = [0.3, -1.0, 2.0]
    assert np.allclose(games.annotator_mixture([1.0], [rewards]), games.bradley_terry(rewards), atol=1e-16)


def test_blades_and_chests_and_discs():
    rng = np.random.default_rng(1)
    u, v = rng.standard_normal((2, 4, 2))
    logits = np.array([[u[i] @ v[j] - u[j] @ v[i] for j in range(4)] for i in range(4)])
    assert np.abs(games.blade_chest(u, v) - 1 / (1 + np.exp(-logits))).max() < 1e-15
    strengths, rewards = [2.0, 0.5], rng.standard_normal(4)
    turn = [
        [sum(s * (u[i] * v[j] - v[i] * u[j])[m] for m, s in enumerate(strengths)) for j in range(4)] for i in range(4)
    ]
    logits = np.array(turn) + rewards[:, None] - rewards
    assert np.abs(games.disc(u, v, strengths, rewards) - 1 / (1 + np.exp(-logits))).max() < 1e-15
    flat = games.disc(u, v, strengths)
    assert np.abs(flat - games.disc(u, v, strengths, np.zeros(4))).max() == 0.0


def test_scales_of_random_logits():
    """Logits have the stated standard deviation: 3000 pairs, so 4 % is 3 standard errors and more."""
    for matrix in (games.skew_gaussian(80, 0.5, 3), games.low_rank(80, 5, 0.5, 3)):
        above = matrix[np.triu_indices(80, 1)]
        assert np.log(above / (1 - above)).std() == pytest.approx(0.5, rel=0.15)
    assert np.linalg.matrix_rank(np.log(games.low_rank(9, 2, 1.0, 1) / games.low_rank(9, 2, 1.0, 1).T), tol=1e-9) == 4
    uniform = games.uniform_random(80, 3)[np.triu_indices(80, 1)]
    assert np.abs(np.sort(uniform) - np.linspace(0, 1, len(uniform))).max() < 0.055  # KS at 1e-7
    assert set(np.unique(games.tournament(9, 1))) == {0.0, 0.5, 1.0}


def test_seeds_and_generators():
    assert np.array_equal(games.uniform_random(5, 3), games.uniform_random(5, np.random.default_rng(3)))
    assert not np.array_equal(games.uniform_random(5, 3), games.uniform_random(5, 4))


@given(matrices(least=2), st.floats(2e-6, 0.2), st.integers(0, 2**32 - 1))
def test_what_is_not_a_preference_matrix(preferences, error, seed):
    i, j = np.random.default_rng(seed).integers(0, len(preferences), 2)
    wrong = preferences.copy()
    wrong[i, j] += -error if wrong[i, j] >= error else error
    with pytest.raises(ValueError, match=r"must satisfy P \+ P\^T = 1"):
        games.preference_matrix("preferences", wrong)
    assert np.abs(games.preference_matrix("preferences", preferences) - preferences).max() <= 2.0**-53


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: games.rock_paper_scissors(0.6), r"advantage must be finite and in \[0, 0.5\], got 0.6"),
        (lambda: games.condorcet_cycle(4, 0.1), "n_actions must be odd, got 4"),
        (lambda: games.three_raters(0.5), "epsilon must be finite and in"),
        (lambda: games.bradley_terry([1.0, np.nan]), "rewards must lie in"),
        (lambda: games.luce([0.5, 0.0, 0.5]), "density must be positive everywhere"),
        (lambda: games.luce([0.5, 0.6]), "density must sum to 1"),
        (lambda: games.annotator_mixture([1.0], [[1, 2], [3, 4]]), "one row an annotator, got 1 and 2"),
        (lambda: games.blade_chest(np.ones((2, 3)), np.ones((3, 2))), "must have one shape"),
        (lambda: games.disc(np.ones((2, 3)), np.ones((2, 3)), [1.0]), "x, y and strengths must be"),
        (lambda: games.uniform_random(0, 1), "n_actions must be between 1 and 8192, got 0"),
        (lambda: games.low_rank(3, 0, 1.0, 1), "rank must be between 1 and 8192, got 0"),
        (lambda: games.skew_gaussian(3, -1.0, 1), "scale must be finite and in"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_preferences_from_wins():
    wins = np.array([[9, 3, 0], [1, 0, 2], [4, 2, 7]])
    wanted = np.array([[0.5, 0.75, 0.0], [0.25, 0.5, 0.5], [1.0, 0.5, 0.5]])
    assert games.from_wins(wins) == pytest.approx(wanted, abs=1e-15)
    assert games.from_wins(wins, 1.0)[0] == pytest.approx([0.5, 4 / 6, 1 / 6], abs=1e-15)
    assert games.from_wins(np.zeros((2, 2)), 0.5).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    rounded = np.array([[0.5, 0.7], [0.31, 0.5]], dtype=np.float32)
    with pytest.raises(ValueError, match=r"games\.from_wins normalises"):
        games.preference_matrix("preferences", rounded)
    assert games.from_wins(rounded)[0, 1] == pytest.approx(0.7 / 1.01, abs=1e-7)
    with pytest.raises(ValueError, match=r"wins must compare every pair.*: \(0, 1\) has none"):
        games.from_wins(np.eye(2))
    with pytest.raises(ValueError, match="wins must be square"):
        games.from_wins(np.ones((2, 3)))
