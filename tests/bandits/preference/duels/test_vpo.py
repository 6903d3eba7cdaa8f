"""VPO: known policies, the conditions of optimality on random data, its two forms, and the learner round by round."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.preference import DuelingBandit, games
from bandits.preference.duels.vpo import VPO, value_incentivized_rewards
from sims import simulate
from tests.bandits.preference.duels import duels
from tests.bandits.preference.self_play.playing import random_policy
from tests.drivers import play_plainly

WINS = [[0, 6, 3], [2, 0, 1], [1, 1, 0]]


def check_digits(fitted=value_incentivized_rewards):
    """Policies of three actions from another program, to six digits."""
    known = {
        0.0: [0.6, 0.2, 0.2],
        0.5: [0.616215, 0.194312, 0.189473],
        -0.5: [0.585841, 0.205036, 0.209123],
    }
    for optimism, policy in known.items():
        found = np.exp(fitted(WINS, optimism, bound=3.0).log_policy)
        assert np.abs(found - policy).max() <= 5.1e-7


def test_digits():
    check_digits()


def test_optimism_may_lower_what_was_seen_least():
    """Action 2 was compared least often, and optimism lowers it: it is no bonus for the unseen."""
    optimistic, plain, pessimistic = (value_incentivized_rewards(WINS, a, bound=3.0).rewards for a in (0.5, 0.0, -0.5))
    assert optimistic[2] < plain[2] < pessimistic[2]
    assert optimistic[0] > plain[0] > pessimistic[0]


def log_loss(wins, rewards):
    gap = rewards[None, :] - rewards[:, None]
    return float(np.sum(wins * np.logaddexp(0.0, gap)))


def value(rewards, mu, beta):
    return float(beta * np.logaddexp.reduce(np.log(mu) + rewards / beta))


@st.composite
def data(draw, least_optimism=-5.0, most_optimism=5.0):
    """Draw wins and everything else that the fit takes: tables and features, unseen actions, balls of all sizes."""
    n, seed = draw(st.integers(2, 5)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    wins = rng.integers(0, draw(st.sampled_from([1, 2, 30])), (n, n)) * (rng.random((n, n)) < 0.7)
    options = {
        "bound": float(np.exp(draw(st.floats(-2.0, 2.0)))),
        "temperature": float(np.exp(draw(st.floats(-1.0, 1.5)))),
        "reference": random_policy(n, rng, 3.0),
        "calibration": random_policy(n, rng),
    }
    if draw(st.booleans()):
        options["features"] = rng.standard_normal((n, draw(st.integers(1, 4))))
    return wins * (1.0 - np.eye(n)), draw(st.floats(least_optimism, most_optimism)), options


def check_stationary(wins, optimism, options, fitted=value_incentivized_rewards):
    """The gradient, from the definition, vanishes inside the ball and points to its centre on the sphere."""
    found = fitted(wins, optimism, **options)
    n, mu, beta = len(wins), options["reference"], options["temperature"]
    features = options.get("features", np.eye(n))
    centred = features - options["calibration"] @ features
    assert np.abs(found.rewards - centred @ found.weights).max() <= 1e-12 * (1.0 + np.abs(found.rewards).max())
    assert abs(options["calibration"] @ found.rewards) <= 1e-12 * (1.0 + np.abs(found.rewards).max())
    policy = np.exp(found.log_policy)
    tilted = mu * np.exp((found.rewards - found.rewards.max()) / beta)
    assert np.abs(policy - tilted / tilted.sum()).max() <= 1e-12
    lost = 1.0 / (1.0 + np.exp(found.rewards[:, None] - found.rewards[None, :]))
    slope = (wins * lost).sum(axis=0) - (wins * lost).sum(axis=1)
    gradient = centred.T @ (slope - optimism * policy)
    norm, bound = np.linalg.norm(found.weights), options["bound"]
    assert norm <= bound * (1.0 + 1e-12)
    if norm > bound * (1.0 - 1e-9):
        multiplier = max(-gradient @ found.weights / bound**2, 0.0)
        gradient = gradient + multiplier * found.weights
    size = (1.0 + wins.sum() + abs(optimism) * (1.0 + 1.0 / beta)) * (1.0 + np.abs(centred).max() ** 2)
    assert np.abs(gradient).max() <= 1e-8 * size
    objective = log_loss(wins, found.rewards) - optimism * value(found.rewards, mu, beta)
    assert abs(found.objective - objective) <= 1e-12 * (1.0 + wins.sum()) * (1.0 + np.abs(found.rewards).max() / beta)
    return found


@given(data())
def test_the_result_is_stationary(drawn):
    wins, optimism, options = drawn
    found = check_stationary(wins, optimism, options)
    mu, beta = options["reference"], options["temperature"]
    start = log_loss(wins, np.zeros(len(wins))) - optimism * value(np.zeros(len(wins)), mu, beta)
    assert found.objective <= start + 1e-12 * (1.0 + abs(start))


@given(data(most_optimism=0.0), st.integers(0, 2**32 - 1))
def test_pessimism_has_one_minimum(drawn, seed):
    """No feasible point is better, and any start leads to the same value."""
    wins, optimism, options = drawn
    mu, beta, rng = options["reference"], options["temperature"], np.random.default_rng(seed)
    found = value_incentivized_rewards(wins, optimism, **options)
    features = options.get("features", np.eye(len(wins)))
    centred = features - options["calibration"] @ features
    slack = 1e-11 * (1.0 + abs(found.objective) + wins.sum())
    for size in (1e-3, 0.1, 1.0, 1.0):
        theta = found.weights + size * options["bound"] * rng.standard_normal(centred.shape[1])
        theta *= min(1.0, options["bound"] / np.linalg.norm(theta))
        other = log_loss(wins, centred @ theta) - optimism * value(centred @ theta, mu, beta)
        assert found.objective <= other + slack
    again = value_incentivized_rewards(wins, optimism, **options, start=theta)
    assert again.objective == pytest.approx(found.objective, abs=slack)


@given(data(most_optimism=0.0))
def test_pessimism_lowers_the_value(drawn):
    """A larger weight of the value never raises it at the minimum."""
    wins, optimism, options = drawn
    mu, beta = options["reference"], options["temperature"]
    worths = [
        value(value_incentivized_rewards(wins, a, **options).rewards, mu, beta) for a in (2.0 * optimism, optimism, 0.0)
    ]
    size = 1e-5 * (1.0 + np.abs(worths).max())  # flat objectives leave rewards free to about the root of rounding
    if optimism < -0.01:
        assert worths[0] <= worths[1] + size
        assert worths[1] <= worths[2] + size


@given(data())
def test_the_two_forms_are_one(drawn):
    """The objective in terms of the policy: direct preference optimisation and a signed pull to the calibration."""
    wins, optimism, options = drawn
    mu, beta, calibration = options["reference"], options["temperature"], options["calibration"]
    found = value_incentivized_rewards(wins, optimism, **options)
    ratio = found.log_policy - np.log(mu)
    worth = value(found.rewards, mu, beta)
    assert worth == pytest.approx(-beta * calibration @ ratio, abs=1e-12 * (1.0 + np.abs(found.rewards).max() + beta))
    policy_form = log_loss(wins, beta * ratio) + optimism * beta * calibration @ ratio
    size = (1.0 + wins.sum() + abs(optimism)) * (1.0 + np.abs(beta * ratio).max())
    assert found.objective == pytest.approx(policy_form, abs=1e-12 * size)


@pytest.mark.parametrize("optimism", [0.0, 0.7, -0.7])
def test_two_actions_by_scanning(optimism):
    """One unknown, the gap of rewards: 7 wins to 3, and a bound that it may meet."""
    gaps = np.linspace(-3.0, 3.0, 600_001)
    rewards = np.array([gaps, -gaps]) / 2.0
    worth = np.logaddexp.reduce(np.log(0.5) + rewards, axis=0)
    loss = 7.0 * np.logaddexp(0.0, -gaps) + 3.0 * np.logaddexp(0.0, gaps) - optimism * worth
    for bound in (0.3, 3.0):
        within = np.hypot(*rewards) <= bound
        best = rewards[:, within][:, np.argmin(loss[within])]
        assert value_incentivized_rewards([[0, 7], [3, 0]], optimism, bound=bound).rewards == pytest.approx(
            best, abs=1e-5
        )


# ---------------------------------------------------------------- the learner

PROBLEM = DuelingBandit(games.bradley_terry([0.0, 0.5, 1.0, 2.0]), 1000)


def check_rounds(learner, problem=PROBLEM, rounds=25):
    """Both actions are drawn from the fit to the answers so far, each fit searched from the one before."""
    wins, fit = np.zeros((4, 4)), value_incentivized_rewards(np.zeros((4, 4)), learner.optimism, bound=learner.bound)
    for t, first, second, answer in duels.play(learner, problem, rounds):
        policy = np.exp(fit.log_policy)
        assert [first, second] == [duels.drawn(policy, u) for u in duels.uniforms(t, 0)]
        if first != second:
            wins[first, second] += answer
            wins[second, first] += 1.0 - answer
            fit = value_incentivized_rewards(wins, learner.optimism, bound=learner.bound, start=fit.weights)
    assert wins.sum() > 10


def test_every_round_is_a_draw_from_the_fit():
    check_rounds(VPO(0.5, bound=2.0))


def test_the_policy_finds_the_best_action():
    """Against play at random, mean of 64 runs: half of its regret, more than ten standard errors away; seed fixed."""
    run = simulate(PROBLEM, VPO(1.0, bound=2.0, temperature=0.5), repetitions=64, seed=2)
    regret = run.final("regret")
    at_random = PROBLEM.horizon * PROBLEM.setting().gap.mean()
    assert regret.mean() + 10.0 * regret.std(ddof=1) / 8.0 < 0.5 * at_random
    text = play_plainly(PROBLEM, VPO(1.0, bound=2.0, temperature=0.5), seed=2, checkpoints=[12])
    assert np.array_equal(
        simulate(PROBLEM, VPO(1.0, bound=2.0, temperature=0.5), seed=2, checkpoints=[12]).values, text
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: value_incentivized_rewards([[0, 1]], 0.5, bound=1.0), ValueError, "wins must be square"),
        (lambda: value_incentivized_rewards([[0, -1], [1, 0]], 0.5, bound=1.0), ValueError, "wins must lie in"),
        (lambda: value_incentivized_rewards(WINS, np.inf, bound=1.0), ValueError, "optimism must be finite"),
        (lambda: value_incentivized_rewards(WINS, 0.5, bound=0.0), ValueError, "bound must be finite and in"),
        (lambda: value_incentivized_rewards(WINS, 0.5, bound=1.0, temperature=0.0), ValueError, "temperature must be"),
        (
            lambda: value_incentivized_rewards(WINS, 0.5, bound=1.0, calibration=[0.5, 0.5]),
            ValueError,
            "calibration must be one policy",
        ),
        (lambda: value_incentivized_rewards(WINS, 0.5, bound=1.0, features=[[1.0]]), ValueError, "features must have"),
        (lambda: value_incentivized_rewards(WINS, 0.5, bound=1.0, start=[2, 0, 0]), ValueError, "start must be"),
        (lambda: VPO(-0.1), ValueError, "optimism must be finite and in"),
        (lambda: VPO(bound=-1.0), ValueError, "bound must be finite and in"),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()
