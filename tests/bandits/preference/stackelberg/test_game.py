"""The Stackelberg game: its solution against digits and identities, gradient play, and refinement by asking again."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.preference import games, von_neumann_winner
from bandits.preference.stackelberg import game as module
from bandits.preference.stackelberg.game import (
    StackelbergGame,
    StackelbergPlay,
    hit_probabilities,
    projected_step,
    simplex_projection,
    stackelberg_gda,
)
from tests.bandits.preference.self_play.laws import softmax
from tests.bandits.preference.self_play.playing import MU, REFERENCE, divergence, matrices, random_policy

SHARP = {
    0.1: (
        [0.696308886049, 0.080284842219, 0.223406271731],
        [0.431048574037, 0.266109883919, 0.408997506880],
        0.397930047511,
    ),
    0.01: (
        [0.789466892516, 0.000008602018, 0.210524505466],
        [0.316094379073, 0.206931471806, 0.312039728030],
        0.311526881076,
    ),
}
FOLLOWERS = [
    [0.250909881995, 0.007495240469, 0.741594877535],
    [0.968459764278, 0.028930063497, 0.002610172225],
    [0.027237185870, 0.892259976380, 0.080502837749],
]


def check_digits(solve=lambda game: game.solution):
    """Solutions of the reference game, from another program, to 12 digits."""
    for weight, (leader, worth, value) in SHARP.items():
        found = solve(StackelbergGame(REFERENCE, weight, weight, MU))
        assert np.abs(np.exp(found.log_leader) - leader).max() < 1e-12
        assert np.abs(found.worth - worth).max() < 1e-12
        assert abs(found.value - value) < 1e-12
    found = solve(StackelbergGame(REFERENCE, 0.1, 0.1, MU))
    assert np.abs(np.exp(found.log_follower) - FOLLOWERS).max() < 1e-12


def test_digits():
    check_digits()


@st.composite
def plays(draw):
    """Draw a game, its play at two random policies, and a generator."""
    matrix = draw(matrices(least=2, most=6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, weights = len(matrix), [np.exp(draw(st.floats(np.log(0.05), np.log(2.0)))) for _ in range(2)]
    references = random_policy(n, rng), np.array([random_policy(n, rng) for _ in range(n)])
    game = StackelbergGame(matrix, *weights, *references)
    two = [
        StackelbergPlay(np.log(random_policy(n, rng)), np.log([random_policy(n, rng) for _ in range(n)]))
        for _ in range(2)
    ]
    return game, *two


def size(game, *policies):
    logs = [np.abs(p).max() for p in (*game.start, *game.solution[:2], *policies)]
    return 1e-12 * (1.0 + game.leader_weight + game.follower_weight) * (1.0 + max(logs))


def rows(left, right):
    return np.array([divergence(p, q) for p, q in zip(left, right)])


@given(plays())
def test_the_solution_is_the_only_equilibrium(drawn):
    """The objective's distance from the value, on either side, is a divergence from the solution."""
    game, play, _ = drawn
    best, slack = game.solution, size(game, *play)
    away = game.objective(play.log_leader, best.log_follower)
    assert abs(best.value - away - game.leader_weight * divergence(play.log_leader, best.log_leader)) <= slack
    lost = np.exp(play.log_leader) @ rows(play.log_follower, best.log_follower)
    there = game.objective(play.log_leader, play.log_follower)
    assert abs(there - away - game.follower_weight * lost) <= slack
    assert abs(game.objective(best.log_leader, best.log_follower) - best.value) <= slack


@given(plays())
def test_worth_lies_between_the_worst_and_the_mean_answer(drawn):
    game, _, _ = drawn
    mean = np.sum(game.follower_reference * game.preferences, axis=1)
    assert (game.solution.worth >= game.preferences.min(axis=1) - 1e-12).all()
    assert (game.solution.worth <= mean + 1e-12).all()


@given(plays())
def test_gradients_are_those_of_the_objective(drawn):
    """An entropic objective is its tangent less a divergence, exactly: that holds for no other gradient."""
    game, here, there = drawn
    up, down = game.gradients(here)
    slack = size(game, *here, *there)
    p, q = np.exp(here.log_leader), np.exp(there.log_leader)
    tangent = game.objective(*here) + (q - p) @ up
    curved = game.leader_weight * divergence(there.log_leader, here.log_leader)
    assert abs(game.objective(there.log_leader, here.log_follower) - (tangent - curved)) <= slack
    moved = np.sum((np.exp(there.log_follower) - np.exp(here.log_follower)) * down, axis=1)
    curved = game.follower_weight * rows(there.log_follower, here.log_follower)
    expected = game.objective(*here) + p @ (moved + curved)
    assert abs(game.objective(here.log_leader, there.log_follower) - expected) <= slack


def check_mirror_errors(game, start, leader_rate, ratio, step):
    """One step's errors follow the recursions of the module's text, up to a constant per policy."""
    best, after = game.solution, step(game, start, leader_rate, ratio * leader_rate)
    lag = np.array(rows(start.log_follower, best.log_follower))
    follower = (1.0 - ratio * leader_rate * game.follower_weight) * (start.log_follower - best.log_follower)
    leader = (1.0 - leader_rate * game.leader_weight) * (start.log_leader - best.log_leader)
    leader = leader + leader_rate * game.follower_weight * lag
    slack = 4.0 * size(game, *start) * (1.0 + leader_rate * (1.0 + ratio))
    assert np.ptp(after.log_leader - best.log_leader - leader) <= slack
    assert np.ptp(after.log_follower - best.log_follower - follower, axis=1).max() <= slack
    for policy in (after.log_leader, after.log_follower):
        assert np.abs(np.exp(policy).sum(axis=-1) - 1.0).max() <= 1e-12


@given(plays(), st.floats(0.01, 1.0), st.sampled_from([1.0, 5.0, 10.0]))
def test_mirror_steps_contract_as_derived(drawn, share, ratio):
    game, play, _ = drawn
    rate = share / max(game.leader_weight, ratio * game.follower_weight)
    check_mirror_errors(game, play, rate, ratio, module.mirror_step)


@given(st.integers(1, 6), st.integers(0, 2**32 - 1), st.floats(0.01, 100.0))
def test_projection_is_the_nearest_probability_vector(n, seed, scale):
    """The conditions of optimality: positive entries are all moved alike, the others by no more."""
    point = scale * np.random.default_rng(seed).standard_normal((3, n))
    found = simplex_projection(point)
    assert (found >= 0.0).all()
    assert np.abs(found.sum(axis=1) - 1.0).max() <= 1e-13 * (1.0 + scale)
    for before, after in zip(point, found):
        moved = before - after
        level = moved[after > 0.0]
        assert np.ptp(level) <= 1e-12 * (1.0 + scale)
        assert (moved <= level.max() + 1e-12 * (1.0 + scale)).all()


@given(plays(), st.floats(0.01, 1.0))
def test_no_step_leaves_the_solution(drawn, rate):
    """Where no probability is so small that the floor of projected steps touches it."""
    game, _, _ = drawn
    best = StackelbergPlay(*game.solution[:2])
    for step in (module.mirror_step, projected_step):
        for before, after in zip(best, step(game, best, rate, 5.0 * rate)):
            assert np.abs(np.exp(after) - np.exp(before)).max() <= 5.0 * rate * size(game) + 2e-12


@pytest.mark.parametrize("ratio", [1.0, 5.0, 10.0])
def test_mirror_steps_reach_the_solution(ratio):
    game = StackelbergGame(REFERENCE, 0.1, 0.1, MU)
    path = stackelberg_gda(game, 600, 0.5, ratio=ratio)
    assert path.log_leader.shape == (601, 3)
    assert path.log_follower.shape == (601, 3, 3)
    assert np.array_equal(path.log_leader[0], np.log(game.reference))
    for found, best in zip(path, game.solution[:2]):
        assert np.abs(np.exp(found[-1]) - np.exp(best)).max() < 1e-12


def test_projected_steps_reach_the_solution():
    """At steps of half the least follower's probability over tau_F, where the follower's steps cannot overshoot."""
    game = StackelbergGame(REFERENCE, 0.1, 0.1, MU)
    path = stackelberg_gda(game, 3000, 0.013, ratio=1.0, step=projected_step)
    for found, best in zip(path, game.solution[:2]):
        assert np.abs(np.exp(found[-1]) - np.exp(best)).max() < 0.01 * np.abs(np.exp(found[0]) - np.exp(best)).max()


def test_projected_steps_by_hand():
    """One step on two actions, P01 = 0.8, uniform references: the leader moves by the mean row, the follower away."""
    game = StackelbergGame([[0.5, 0.8], [0.2, 0.5]], 0.1, 0.1)
    after = projected_step(game, game.start, 0.2, 1.0)
    assert np.exp(after.log_leader) == pytest.approx([0.53, 0.47], abs=1e-11)
    assert np.exp(after.log_follower) == pytest.approx(np.array([[0.65, 0.35], [0.65, 0.35]]), abs=1e-11)
    beyond = projected_step(game, game.start, 0.2, 100.0)
    assert np.exp(beyond.log_follower[:, 1]) == pytest.approx([5e-13, 5e-13], rel=1e-9)


# ---------------------------------------------------------------- what sets the solution apart


def test_rock_paper_scissors_tells_the_follower_what_to_beat():
    """The leader is uniform in both games, but a follower who sees the answer wins more than half."""
    game = StackelbergGame(games.rock_paper_scissors(0.3), 0.1, 0.05)
    best = game.solution
    assert np.exp(best.log_leader) == pytest.approx(np.full(3, 1 / 3), abs=1e-12)
    assert np.ptp(best.worth) < 1e-12
    assert np.argmax(best.log_follower, axis=1).tolist() == [2, 0, 1]
    assert best.value < 0.5
    sharp = StackelbergGame(games.rock_paper_scissors(0.3), 0.0, 0.0).solution
    assert sharp.value == pytest.approx(0.2, abs=1e-12)
    assert np.exp(sharp.log_follower) == pytest.approx(np.roll(np.eye(3), -1, axis=1), abs=1e-12)


def test_without_weights_the_leader_plays_the_largest_row_minimum():
    """Rows' minima .3, .2, .3: the leader keeps to actions 0 and 2 as the reference has them; Nash plays all three."""
    best = StackelbergGame(REFERENCE, 0.0, 0.0, MU).solution
    assert np.exp(best.log_leader) == pytest.approx([5 / 7, 0.0, 2 / 7], abs=1e-12)
    assert best.worth == pytest.approx([0.3, 0.2, 0.3], abs=1e-12)
    assert von_neumann_winner(REFERENCE) == pytest.approx(np.array([2, 2, 3]) / 7, abs=1e-9)


@given(matrices(least=1, most=7), st.integers(0, 2**32 - 1))
def test_small_weights_approach_the_limit(matrix, seed):
    """Within tau_F log(1 / min omega_ref) in V, and so, with tau_L log(1 / min pi_ref) more, in value."""
    mu = random_policy(len(matrix), np.random.default_rng(seed))
    sharp = StackelbergGame(matrix, 0.0, 0.0, mu).solution
    near = StackelbergGame(matrix, 1e-4, 1e-4, mu).solution
    assert sharp.worth == pytest.approx(matrix.min(axis=1), abs=1e-12)
    assert sharp.value == pytest.approx(matrix.min(axis=1).max(), abs=1e-12)
    assert sharp.value <= 0.5 + 1e-12
    room = -1e-4 * np.log(mu.min()) + 1e-11
    assert (near.worth >= sharp.worth - 1e-11).all()
    assert (near.worth <= sharp.worth + room).all()
    assert abs(near.value - sharp.value) <= room


def test_ranked_actions_leave_no_difference():
    """With Bradley-Terry preferences leader and von Neumann winner are both the action of the largest reward."""
    rewards = np.array([0.3, 1.4, -0.7, 1.1])
    matrix = games.bradley_terry(rewards)
    assert np.exp(StackelbergGame(matrix, 0.0, 0.0).solution.log_leader) == pytest.approx([0, 1, 0, 0], abs=1e-12)
    assert von_neumann_winner(matrix) == pytest.approx([0, 1, 0, 0], abs=1e-9)


def test_asking_again():
    """On a 3-cycle: 1/3, 2/3, 1 with a follower that moves on, 1/3, 5/9, 19/27 with independent draws."""
    uniform = np.full(3, 1 / 3)
    follower = np.exp(StackelbergGame(games.rock_paper_scissors(0.3), 0.0, 0.0).solution.log_follower)
    assert hit_probabilities(uniform, follower, 3) == pytest.approx(np.array([[1, 2, 3]] * 3) / 3, abs=1e-12)
    assert hit_probabilities(uniform, uniform, 3) == pytest.approx(np.array([[9, 15, 19]] * 3) / 27, abs=1e-12)


@given(st.integers(2, 4), st.integers(0, 2**32 - 1))
def test_asking_again_by_enumeration(n, seed):
    rng = np.random.default_rng(seed)
    leader, follower = random_policy(n, rng), np.array([random_policy(n, rng) for _ in range(n)])
    expected = np.zeros((n, 3))
    for path in np.ndindex(n, n, n):
        weight = leader[path[0]] * follower[path[0], path[1]] * follower[path[1], path[2]]
        for action in set(path):
            expected[action, path.index(action) :] += weight
    assert hit_probabilities(leader, follower, 3) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: StackelbergGame([REFERENCE] * 2, 0.1, 0.1), ValueError, "preferences must be one matrix"),
        (lambda: StackelbergGame(REFERENCE, -0.1, 0.1), ValueError, "leader_weight must be finite and in"),
        (lambda: StackelbergGame(REFERENCE, 0.1, np.nan), ValueError, "follower_weight must be finite and in"),
        (lambda: StackelbergGame(REFERENCE, 0.1, 0.1, [0.5, 0.5]), ValueError, "reference must be one policy"),
        (lambda: StackelbergGame(REFERENCE, 0.1, 0.1, [1.0, 0.0, 0.0]), ValueError, "reference must be positive"),
        (lambda: StackelbergGame(REFERENCE, 0.1, 0.1, MU, [[0.5, 0.5]]), ValueError, r"follower_reference must be \(3"),
        (lambda: stackelberg_gda(REFERENCE, 5, 0.1), TypeError, "game must be a StackelbergGame"),
        (
            lambda: stackelberg_gda(StackelbergGame(REFERENCE, 0.5, 0.1), 5, 3.0),
            ValueError,
            r"leader_rate \* leader_weight must be finite and in \[0, 1\]",
        ),
        (
            lambda: stackelberg_gda(StackelbergGame(REFERENCE, 0.1, 0.5), 5, 1.0),
            ValueError,
            r"ratio \* leader_rate \* follower_weight must be finite and in \[0, 1\]",
        ),
        (lambda: hit_probabilities([0.5, 0.5], [1 / 3] * 3, 2), ValueError, "leader and follower must be"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_softmax_of_gains_is_the_leader():
    """The closed form once more, from the definition, with another normalisation."""
    game = StackelbergGame(REFERENCE, 0.3, 0.2, MU)
    worth = -0.2 * np.log(np.exp(-REFERENCE / 0.2) @ MU)
    assert game.solution.log_leader == pytest.approx(softmax(np.log(MU) + worth / 0.3), abs=1e-12)
