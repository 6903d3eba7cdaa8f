"""Duels on features: the problem, the penalised fit, and its two learners rebuilt round by round from the answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bandits.preference import RUCB, games
from bandits.preference.duels.apohf import APOHF, add_difference
from bandits.preference.duels.feature_thompson import FeatureDoubleThompson
from bandits.preference.duels.linear_duels import LinearDuels
from bandits.preference.duels.vpo import _fitted
from bandits.preference.reward_fit import FitParams, no_fit, refit
from sims import simulate
from tests.bandits.preference.duels import duels
from tests.drivers import plain, play_plainly


def problem_of(n, d, horizon, seed=1, size=2.0):
    rng = np.random.default_rng(seed)
    return LinearDuels(rng.standard_normal((n, d)), size * rng.standard_normal(d), horizon)


PROBLEM = problem_of(6, 3, 400)


# ---------------------------------------------------------------- the problem


def test_answers_and_metrics():
    rewards = PROBLEM.features @ PROBLEM.weights
    beats = 1.0 / (1.0 + np.exp(rewards[None, :] - rewards[:, None]))
    assert PROBLEM.preferences == pytest.approx(beats, abs=1e-12)
    seen = duels.play(RUCB(), PROBLEM, 60)
    duels.check_answers(seen, PROBLEM)
    played = np.array([[r.first, r.second] for r in seen])
    best = rewards.argmax()
    regret = (beats[best][played] - 0.5).sum() / 2.0
    reward_regret = (rewards[best] - rewards[played]).sum() / 2.0
    expected = [regret, reward_regret, rewards[best] - rewards[played[-1, 0]]]
    found = play_plainly(PROBLEM, RUCB(), seed=duels.SEED, checkpoints=[60])[0, 0]
    assert found == pytest.approx(expected, abs=1e-10)
    for metric, number in zip(PROBLEM.metrics, found):
        low, high = PROBLEM.metric_range(metric, None)
        assert low <= number <= high
    assert PROBLEM.metric_range("first_gap", None)[1] == pytest.approx(np.ptp(rewards), rel=1e-9)


# ---------------------------------------------------------------- the fit


def fitted(features, wins, ridge):
    """Return theta by Newton's method from the definition, by other text: halved steps, numpy's solver."""
    features, n = np.asarray(features), len(wins)
    pairs = [(i, j) for i in range(n) for j in range(n) if wins[i, j] > 0]
    rows = np.array([features[i] - features[j] for i, j in pairs]).reshape(-1, features.shape[1])
    count, theta = np.array([wins[pair] for pair in pairs]), np.zeros(features.shape[1])

    def loss(theta):
        return count @ np.logaddexp(0.0, -rows @ theta) + 0.5 * ridge * theta @ theta

    for _ in range(100):
        lost = 1.0 / (1.0 + np.exp(rows @ theta))
        gradient = ridge * theta - rows.T @ (count * lost)
        step = np.linalg.solve(hessian(features, wins, ridge, theta), gradient)
        length = 1.0
        while loss(theta - length * step) > loss(theta) + 1e-14 * abs(loss(theta)) and length > 1e-6:
            length /= 2.0
        theta = theta - length * step
        if np.abs(step).max() < 1e-13:
            break
    return theta


def hessian(features, wins, ridge, theta):
    rewards, n = features @ theta, len(wins)
    total = ridge * np.eye(features.shape[1])
    for i in range(n):
        for j in range(n):
            p = 1.0 / (1.0 + np.exp(rewards[j] - rewards[i]))
            total += wins[i, j] * p * (1.0 - p) * np.outer(features[i] - features[j], features[i] - features[j])
    return total


@given(st.integers(2, 5), st.integers(1, 4), st.integers(0, 2**32 - 1), st.floats(-3.0, 2.0))
def test_the_penalised_fit_is_the_minimum(n, d, seed, power):
    rng, ridge = np.random.default_rng(seed), 10.0**power
    features = rng.standard_normal((n, d)) * rng.choice([0.1, 1.0, 10.0])
    wins = rng.integers(0, rng.choice([2, 30]), (n, n)) * (1.0 - np.eye(n))
    theta = np.zeros(d)
    _fitted(FitParams(features, np.full(n, -np.log(n)), ridge, np.inf, 0.0, 1.0), wins, theta)
    rewards = features @ theta
    lost = wins / (1.0 + np.exp(rewards[:, None] - rewards[None, :]))
    gradient = ridge * theta + features.T @ (lost.sum(axis=0) - lost.sum(axis=1))
    assert np.abs(gradient).max() <= 1e-8 * (1.0 + wins.sum()) * (1.0 + np.abs(features).max())


@pytest.mark.slow
def test_fits_agree():
    wins = np.array([[0, 5, 2, 0], [1, 0, 0, 0], [3, 0, 0, 1], [0, 4, 0, 0]])
    features = problem_of(4, 3, 1).features
    for ridge in (0.1, 1.0):
        theta = np.zeros(3)
        _fitted(FitParams(features, np.full(4, -np.log(4)), ridge, np.inf, 0.0, 1.0), wins.astype(float), theta)
        assert theta == pytest.approx(fitted(features, wins, ridge), abs=1e-9)


def check_far_start(search):
    """From rewards far apart, two contrary answers bring theta back; whole steps would overshoot."""
    params = FitParams(np.array([[1.0], [0.0]]), np.full(2, -np.log(2.0)), 1e-3, np.inf, 0.0, 1.0)
    fit = plain(no_fit)(params)
    fit.theta[0] = 4.0
    search(params, np.array([[0.0, 1.0], [1.0, 0.0]]), fit)
    assert abs(fit.theta[0]) < 1e-9


def test_steps_are_halved():
    check_far_start(plain(refit))


@given(st.integers(1, 4), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_the_inverse_is_kept_up(d, rounds, seed):
    rng = np.random.default_rng(seed)
    features, inverse, total = rng.standard_normal((5, d)), np.eye(d) / 0.1, 0.1 * np.eye(d)
    for _ in range(rounds):
        i, j = rng.integers(0, 5, 2)
        plain(add_difference)(features, inverse, np.zeros(d), int(i), int(j))
        total += np.outer(features[i] - features[j], features[i] - features[j])
    assert inverse == pytest.approx(np.linalg.inv(total), abs=1e-9)


# ---------------------------------------------------------------- the learners


def counted(wins, round_):
    if round_.first != round_.second:
        wins[round_.first, round_.second] += round_.answer
        wins[round_.second, round_.first] += 1.0 - round_.answer


def features_of(problem):
    return np.asarray(getattr(problem, "features", np.eye(problem.n_actions)))


def check_apohf(learner, problem=PROBLEM, rounds=30):
    """After the random pairs: the best of the fit, and the highest bound relative to it with U recomputed."""
    features, n = features_of(problem), problem.n_actions
    wins, total = np.zeros((n, n)), learner.ridge * np.eye(features.shape[1])
    for round_ in duels.play(learner, problem, rounds):
        if round_.t < learner.warmup:
            left, right = duels.uniforms(round_.t, 0)
            first = int(left * n)
            assert (round_.first, round_.second) == (first, [i for i in range(n) if i != first][int(right * (n - 1))])
        else:
            rewards = features @ fitted(features, wins, learner.ridge)
            apart = features - features[round_.first]
            wide = np.einsum("ik,km,im->i", apart, np.linalg.inv(total), apart)
            upper = rewards + np.sqrt(learner.exploration * wide)
            upper[round_.first] = -np.inf
            assert rewards[round_.first] >= rewards.max() - 1e-9  # one of the best, where rounding decides between them
            assert upper[round_.second] >= upper.max() - 1e-9
        counted(wins, round_)
        apart = features[round_.first] - features[round_.second]
        total += np.outer(apart, apart)


def check_thompson(learner, problem=PROBLEM, rounds=30):
    """Samples of the Laplace posterior until two disagree, with the normals at their addresses; counts the cases."""
    features, n, cases = features_of(problem), problem.n_actions, {"first": 0, "later": 0, "none": 0}
    wins, d = np.zeros((n, n)), features.shape[1]
    for round_ in duels.play(learner, problem, rounds):
        theta = fitted(features, wins, learner.ridge)
        root = np.linalg.inv(np.linalg.cholesky(hessian(features, wins, learner.ridge, theta))).T

        def best(index, t=round_.t, theta=theta, root=root):
            normals = [stats.norm.ppf(duels.uniforms(t, index + k)[0] + 2.0**-54) for k in range(d)]
            return int(np.argmax(features @ (theta + learner.scale * root @ normals)))

        first = best(0)
        others = [best(d * (draw + 1)) for draw in range(learner.redraws)]
        different = [i for i, action in enumerate(others) if action != first]
        if different:
            second, case = others[different[0]], "first" if different[0] == 0 else "later"
        else:
            rest, case = [i for i in range(n) if i != first], "none"
            second = rest[int(duels.uniforms(round_.t, d * (learner.redraws + 1))[0] * (n - 1))]
        assert (round_.first, round_.second) == (first, second)
        cases[case] += 1
        counted(wins, round_)
    return cases


@pytest.mark.parametrize("learner", [APOHF(), APOHF(1.0, 4.0, 0)], ids=["default", "own"])
def test_every_round_of_apohf(learner):
    check_apohf(learner)


def test_every_round_of_double_thompson():
    cases = check_thompson(FeatureDoubleThompson(1.0, 0.5, 3))
    assert all(cases.values()), cases
    check_thompson(FeatureDoubleThompson(0.3, 1.0, 0), rounds=10)


def test_without_features_every_action_has_its_own():
    check_apohf(APOHF(warmup=2), duels.ARITHMETIC, rounds=15)
    check_thompson(FeatureDoubleThompson(redraws=2), duels.ARITHMETIC, rounds=15)


@pytest.mark.slow
def test_features_find_the_best_of_many_actions():
    """20 actions, 400 rounds, against play at random: half of its regret, ten standard errors of 64 runs away."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((20, 4))
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    problem = LinearDuels(features, np.array([3.0, 0.0, 0.0, 0.0]), 400)
    at_random = 400 * problem.setting().reward_gap.mean()
    for learner in (APOHF(exploration=10.0), FeatureDoubleThompson()):
        regret = simulate(problem, learner, repetitions=64, seed=3).final("reward_regret")
        assert regret.mean() + 10.0 * regret.std(ddof=1) / 8.0 < 0.5 * at_random
        text = play_plainly(PROBLEM, learner, seed=3, checkpoints=[15])
        assert simulate(PROBLEM, learner, seed=3, checkpoints=[15]).values == pytest.approx(text, abs=1e-12)


def test_one_action_is_played():
    problem = LinearDuels([[1.0, 2.0]], [0.5, -0.5], 3)
    for learner in (APOHF(), APOHF(warmup=0), FeatureDoubleThompson()):
        assert [(r.first, r.second) for r in duels.play(learner, problem, 3)] == [(0, 0)] * 3


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: LinearDuels([[1.0, 2.0]], [1.0], 5), ValueError, r"weights must be \(2,\)"),
        (lambda: LinearDuels([1.0, 2.0], [1.0], 5), ValueError, "features must have 2 non-empty axes"),
        (lambda: LinearDuels([[1.0]], [np.nan], 5), ValueError, "weights must lie in"),
        (lambda: LinearDuels([[1.0]], [1.0], 0), ValueError, "horizon must be at least 1"),
        (lambda: APOHF(ridge=0.0), ValueError, "ridge must be finite and in"),
        (lambda: APOHF(exploration=-1.0), ValueError, "exploration must be finite and in"),
        (lambda: APOHF(warmup=-1), ValueError, "warmup must be at least 0"),
        (lambda: FeatureDoubleThompson(ridge=-1.0), ValueError, "ridge must be finite and in"),
        (lambda: FeatureDoubleThompson(scale=-1.0), ValueError, "scale must be finite and in"),
        (lambda: FeatureDoubleThompson(redraws=0.5), TypeError, "redraws must be an integer"),
        (lambda: simulate(PROBLEM, games), TypeError, "learner must be"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
