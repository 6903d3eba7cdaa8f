"""Linear Markov decision processes: values against enumeration, laws of rows and duels, wrong input refused."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.preference import (
    PRLSVI,
    LinearMDP,
    RandomPolicies,
    random_linear_mdp,
    random_tabular_mdp,
    tabular_mdp,
)
from bandits.preference.trajectories import steps as trajectory_steps
from tests.drivers import plain, stream_of

MDP = random_linear_mdp(3, 2, 3, 4, 20, scale=3.0, seed=2)
TABLE = random_tabular_mdp(2, 2, 2, 200, scale=4.0, seed=3)


def all_policies(mdp):
    n = mdp.n_stages * mdp.n_states
    for actions in itertools.product(range(mdp.n_actions), repeat=n):
        yield np.array(actions).reshape(mdp.n_stages, mdp.n_states)


def value_of(mdp, policy):
    """Return the value of a policy by recursion over states."""

    def worth(h, s):
        a = policy[h, s]
        later = 0.0
        if h + 1 < mdp.n_stages:
            later = sum(p * worth(h + 1, x) for x, p in enumerate(mdp.transitions[h, s, a]))
        return mdp.rewards[h, s, a] + later

    return worth(0, mdp.start)


@pytest.mark.parametrize("start", [0, 1])
def test_backward_induction_is_the_best_of_all_policies(start):
    drawn = random_linear_mdp(2, 2, 3, 3, 1, seed=5)
    mdp = LinearMDP(drawn.features, drawn.measures, drawn.weights, 1, start=start)
    values = {tuple(policy.flat): value_of(mdp, policy) for policy in all_policies(mdp)}
    assert mdp.optimal_value == pytest.approx(max(values.values()), abs=1e-12)
    assert mdp.worst_value == pytest.approx(min(values.values()), abs=1e-12)
    assert values[tuple(mdp.optimal_policy.flat)] == pytest.approx(mdp.optimal_value, abs=1e-12)
    compiled, law = plain(trajectory_steps.policy_value), np.zeros((2, 2))
    for policy, value in values.items():
        assert compiled(mdp.setting(), np.array(policy).reshape(3, 2), law, 0) == pytest.approx(value, abs=1e-12)


@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_random_processes_are_linear_and_their_values_lie_between_0_and_the_stages(n, actions, stages, d, seed):
    mdp = random_linear_mdp(n, actions, stages, d, 1, seed=seed)
    assert mdp.transitions.shape == (stages, n, actions, n)
    assert mdp.transitions.min() >= 0.0
    np.testing.assert_allclose(mdp.transitions.sum(axis=3), 1.0, rtol=0, atol=1e-12)
    np.testing.assert_allclose(mdp.transitions, np.tensordot(mdp.features, mdp.measures, (2, 1)).transpose(2, 0, 1, 3))
    rng = np.random.default_rng(seed)
    policy = rng.integers(0, actions, (stages, n))
    value = plain(trajectory_steps.policy_value)(mdp.setting(), policy, np.zeros((2, n)), 0)
    assert -1e-12 <= value <= mdp.optimal_value + 1e-12 <= stages + 1e-11
    assert 0.0 <= mdp.optimal_value - value + 1e-12 <= stages + 1e-11
    assert mdp.worst_value <= value + 1e-12


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_differences_of_trajectories_stay_in_their_ball_and_space(n, actions, stages, seed):
    mdp = random_linear_mdp(n, actions, stages, 3, 1, seed=seed)
    rng, d = np.random.default_rng(seed), mdp.n_parameters
    rows, x = [], np.zeros(d)
    for _ in range(2 * d):
        states, chosen = rng.integers(0, n, (2, stages)), rng.integers(0, actions, (2, stages))
        states[:, 0] = mdp.start
        plain(trajectory_steps.feature_difference)(np.asarray(mdp.features), states, chosen, x)
        first, second = (np.asarray(mdp.features)[states[i], chosen[i]].ravel() for i in range(2))
        np.testing.assert_array_equal(x, first - second)
        assert np.linalg.norm(x) <= mdp.largest_difference + 1e-12
        rows.append(x.copy())
    assert np.linalg.matrix_rank(np.array(rows), tol=1e-9) <= mdp.difference_dimension <= d


def test_what_a_learner_sees_and_what_is_measured():
    """The rounds of a random pair of policies, rebuilt: trajectories that they can have, values, and every answer."""
    seen = []
    learner = RandomPolicies()
    init, act, _ = (plain(step) for step in learner.steps)
    start, respond, measure = (plain(step) for step in MDP.steps[:3])
    params, setting = learner.parameters(MDP), MDP.setting()
    rng, env = stream_of(7, 0, LEARNER), stream_of(7, 0, ENVIRONMENT)
    state, world, out = init(params, rng), start(setting, env), np.zeros(4)
    regret = queries = 0.0
    level = 0.5  # asks about some of the pairs: the rule is the learner's
    for t in range(200):
        pair = act(params, state, t, rng)._replace(level=level)
        feedback, world = respond(setting, world, t, pair, env)
        gaps = [MDP.optimal_value - value_of(MDP, policy) for policy in (pair.first, pair.second)]
        features = [np.asarray(MDP.features)[feedback.states[i], feedback.actions[i]] for i in range(2)]
        asked = ((features[0] - features[1]) ** 2).sum() > level
        assert (feedback.answer >= 0.0) == asked
        for side, policy in enumerate((pair.first, pair.second)):
            assert feedback.states[side, 0] == MDP.start
            chosen = policy[np.arange(MDP.n_stages), feedback.states[side]]
            np.testing.assert_array_equal(feedback.actions[side], chosen)
        regret, queries = regret + sum(gaps), queries + asked
        out[:] = measure(setting, world, t + 1)
        assert out == pytest.approx([regret, regret / (t + 1), queries, gaps[0]], abs=1e-10)
        rewards = [(features[i] * np.asarray(MDP.weights)).sum() for i in range(2)]
        seen.append((asked, feedback.answer, 1.0 / (1.0 + math.exp(-3.0 * (rewards[0] - rewards[1])))))
        for metric, number in zip(MDP.metrics, out):
            low, high = LinearMDP(MDP.features, MDP.measures, MDP.weights, t + 1).metric_range(metric, None)
            assert low <= number <= high
    answers = np.array([(answer, p) for asked, answer, p in seen if asked])
    assert 20 < len(answers) < 180
    # Hoeffding: the sum of answers is 4 sqrt(n) off its mean with probability below 2 e^-32; the seed is fixed
    assert abs((answers[:, 0] - answers[:, 1]).sum()) < 4.0 * math.sqrt(len(answers))


def test_next_states_follow_their_law():
    """8000 next states per stage, at most 5.6 standard deviations off in each of 18 cells: false alarm below 5e-7."""
    mdp = random_linear_mdp(3, 2, 2, 3, 1, seed=4)
    pair, counts = np.zeros((2, 2, 3), np.int64), np.zeros((2, 3))
    pair[1, 0] = 1
    roll, setting, env = plain(trajectory_steps.roll_out), mdp.setting(), stream_of(3, 0, ENVIRONMENT)
    world = plain(mdp.steps.init)(setting, env)
    for t in range(4000):
        for side in range(2):
            roll(setting, world, t, side, pair[side], env)
            counts[side, world.states[side, 1]] += 1
    law = mdp.transitions[0, 0]
    spread = np.sqrt(4000 * law * (1.0 - law))
    assert (np.abs(counts - 4000 * law) <= 5.6 * spread + 1e-9).all()


WRONG = [
    ({"features": np.full((2, 2, 4), 0.6)}, "features must have rows of length at most 1, got 1.2"),
    (
        {"weights": np.full((2, 4), 1.5)},
        r"features and weights must give rewards in \[0, 1\], got .* in \[1.5, 1.5\]",
    ),
    ({"weights": np.full((2, 3), 0.5)}, r"weights must be \(H, 4\) for these features, got shape \(2, 3\)"),
    (
        {"measures": np.full((2, 4, 2), 0.6)},
        "features and measures must give probabilities >= 0 that sum to 1, got 1.2",
    ),
    ({"measures": np.full((2, 4, 3), 0.6)}, r"measures must be \(2, 4, 2\)"),
    ({"horizon": 0}, "horizon must be at least 1"),
    ({"scale": 0.0}, r"scale must be finite and in \(0, 100\]"),
    ({"start": 2}, "start must be between 0 and 1"),
]


@pytest.mark.parametrize(("wrong", "message"), WRONG)
def test_wrong_processes_are_named(wrong, message):
    right = {"features": TABLE.features, "measures": TABLE.measures, "weights": TABLE.weights, "horizon": 5}
    with pytest.raises(ValueError, match=message):
        LinearMDP(**{**right, **wrong})


def test_wrong_learners_and_tables_are_named():
    with pytest.raises(ValueError, match="trusted_width must be at most unknown_width"):
        PRLSVI(trusted_width=0.5, unknown_width=0.4)
    with pytest.raises(ValueError, match="reward_scale"):
        PRLSVI(reward_scale=0.0)
    with pytest.raises(ValueError, match=r"transitions must be \(1, 2, 2, 2\)"):
        tabular_mdp(np.zeros((1, 2, 2)), np.ones((1, 2, 2, 3)) / 3, 5)
    with pytest.raises(ValueError, match="n_states must be between 1 and"):
        random_tabular_mdp(0, 1, 1, 1)
    setting, law = TABLE.setting(), np.zeros((2, 2))
    with pytest.raises(ValueError, match=r"must hold actions in 0, \.\.\., 1, got 2"):
        plain(trajectory_steps.policy_value)(setting, np.full((2, 2), 2), law, 0)
