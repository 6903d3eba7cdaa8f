"""Wrong Stackelberg play, fits of preferences and learners on features, rejected where the right ones pass."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from bandits.core.jit import kernel
from bandits.core.rng import uniform, uniform_pair
from bandits.preference.duels import apohf, feature_thompson, vpo
from bandits.preference.duels.problem import Pair
from bandits.preference.duels.vpo import value_incentivized_rewards
from bandits.preference.prox import normalise
from bandits.preference.reward_fit import cholesky, count_answer, refit, solve_lower
from bandits.preference.stackelberg import game as stackelberg
from bandits.preference.stackelberg.game import StackelbergGame, StackelbergPlay, StackelbergSolution
from bandits.protocol import LearnerSteps
from tests.bandits.preference.duels import test_linear_duels, test_vpo
from tests.bandits.preference.self_play.playing import MU, random_matrix, random_policy
from tests.bandits.preference.stackelberg import test_game as test_stackelberg_game
from tests.drivers import plain


def rejected(check, *arguments, **options):
    with pytest.raises(AssertionError):
        check(*arguments, **options)


def learner_of(kind, **wrong):
    @dataclass(frozen=True)
    class Wrong(kind):
        steps: ClassVar[LearnerSteps] = kind.steps._replace(**wrong)

    return Wrong


# ---------------------------------------------------------------- Stackelberg


def follower_helps(game):
    """The follower picks what the leader's answer beats."""
    start = game.start
    log_follower, worth = stackelberg.entropic_best(start.log_follower, game.preferences, game.follower_weight)
    log_leader, value = stackelberg.entropic_best(start.log_leader, worth, game.leader_weight)
    return StackelbergSolution(log_leader, log_follower, worth, value)


def follower_does_not_see(game):
    """One follower for all answers: the closed form of the mean row."""
    start = game.start
    mean = np.broadcast_to(-game.reference @ game.preferences, (3, 3))
    log_follower, _ = stackelberg.entropic_best(start.log_follower, mean, game.follower_weight)
    worth = game.gain(log_follower)
    log_leader, value = stackelberg.entropic_best(start.log_leader, worth, game.leader_weight)
    return StackelbergSolution(log_leader, log_follower, worth, value)


def weights_exchanged(game):
    return StackelbergGame(game.preferences, 2.0 * game.leader_weight, 0.5 * game.follower_weight, MU).solution


@pytest.mark.parametrize("solve", [follower_helps, follower_does_not_see, weights_exchanged])
def test_stackelberg_solutions(solve):
    rejected(test_stackelberg_game.check_digits, solve)


def starving(game, play, leader_rate, rate):
    """The follower's gradient keeps its factor pi(y)."""
    after = stackelberg.mirror_step(game, play, leader_rate, rate)
    _, down = game.gradients(play)
    slow = rate * np.exp(play.log_leader)[:, None]
    return StackelbergPlay(after.log_leader, normalise(play.log_follower - slow * down))


def in_turn(game, play, leader_rate, rate):
    """The leader moves after the follower, not at once with it."""
    after = stackelberg.mirror_step(game, play, leader_rate, rate)
    up, _ = game.gradients(StackelbergPlay(play.log_leader, after.log_follower))
    return StackelbergPlay(normalise(play.log_leader + leader_rate * up), after.log_follower)


def ascending(game, play, leader_rate, rate):
    return stackelberg.mirror_step(game, play, leader_rate, -rate)


@pytest.mark.parametrize("step", [starving, in_turn, ascending, stackelberg.projected_step])
def test_stackelberg_steps(step):
    rng = np.random.default_rng(5)
    game = StackelbergGame(random_matrix("uniform", 4, 3), 0.3, 0.2, random_policy(4, rng))
    play = StackelbergPlay(np.log(random_policy(4, rng)), np.log([random_policy(4, rng) for _ in range(4)]))
    test_stackelberg_game.check_mirror_errors(game, play, 0.4, 5.0, stackelberg.mirror_step)
    rejected(test_stackelberg_game.check_mirror_errors, game, play, 0.4, 5.0, step)


# ---------------------------------------------------------------- VPO

WINS = np.array([[0.0, 4.0, 1.0], [2.0, 0.0, 3.0], [1.0, 0.0, 0.0]])
OPTIONS = {
    "bound": 2.0,
    "temperature": 0.7,
    "reference": np.array([0.5, 0.3, 0.2]),
    "calibration": np.array([0.1, 0.1, 0.8]),
}


def sign_exchanged(wins, optimism, **options):
    return value_incentivized_rewards(wins, -optimism, **options)


def uncalibrated(wins, optimism, **options):
    return value_incentivized_rewards(wins, optimism, **{**options, "calibration": None})


def losses_for_wins(wins, optimism, **options):
    return value_incentivized_rewards(np.transpose(wins), optimism, **options)


def unbounded(wins, optimism, **options):
    return value_incentivized_rewards(wins, optimism, **{**options, "bound": 50.0})


def cold(wins, optimism, **options):
    """The policy of beta = 1 at every temperature."""
    return value_incentivized_rewards(wins, optimism, **{**options, "temperature": 1.0})


@pytest.mark.parametrize("fitted", [sign_exchanged, uncalibrated, losses_for_wins, cold])
def test_vpo_fits(fitted):
    test_vpo.check_stationary(WINS, 0.8, OPTIONS)
    rejected(test_vpo.check_stationary, WINS, 0.8, OPTIONS, fitted)


def test_vpo_digits_and_bound():
    rejected(test_vpo.check_digits, sign_exchanged)
    rejected(test_vpo.check_digits, losses_for_wins)
    certain = np.triu(np.ones((3, 3)), 1)
    test_vpo.check_stationary(certain, 0.8, OPTIONS)
    rejected(test_vpo.check_stationary, certain, 0.8, OPTIONS, unbounded)


@kernel
def _first_always_wins(params, state, t, pair, answer, rng):
    count_answer(state.wins, pair, 1.0)
    refit(params, state.wins, state.fit)
    return state


@kernel
def _never_refitted(params, state, t, pair, answer, rng):
    count_answer(state.wins, pair, answer)
    return state


@pytest.mark.parametrize("update", [_first_always_wins, _never_refitted])
def test_vpo_learners(update):
    rejected(test_vpo.check_rounds, learner_of(vpo.VPO, update=update)(0.5, bound=2.0))


# ---------------------------------------------------------------- duels on features


def undamped(params, wins, fit, loss):
    """The whole step, stopped at 100 on either side so that Python can go on."""
    before = fit.theta.copy()
    fit.theta[:] = np.clip(fit.trial, -100.0, 100.0)
    return float(np.abs(fit.theta - before).max())


def test_undamped_fits():
    rejected(test_linear_duels.check_far_start, plain(refit, descend=undamped))


@kernel
def _widths_forgotten(params, state, t, pair, answer, rng):
    if count_answer(state.wins, pair, answer):
        refit(params.model, state.wins, state.fit)
    return state


@kernel
def _greedy_rival(params, state, t, rng):
    """The second best of the fit."""
    if t < params.warmup:
        left, right = uniform_pair(rng, t, 0)
        return apohf.random_pair(state.fit.score.size, left, right)
    first = apohf.largest(state.fit.score)
    second = 1 if first == 0 else 0
    for i in range(state.fit.score.size):
        if i != first and state.fit.score[i] > state.fit.score[second]:
            second = i
    return Pair(first, second)


@kernel
def _no_warmup(params, state, t, rng):
    first = apohf.largest(state.fit.score)
    return Pair(first, apohf.optimistic_rival(params, state, first))


@pytest.mark.parametrize("steps", [{"update": _widths_forgotten}, {"act": _greedy_rival}, {"act": _no_warmup}])
def test_apohf(steps):
    rejected(test_linear_duels.check_apohf, learner_of(apohf.APOHF, **steps)())


@kernel
def _prior_only(params, state, t, pair, answer, rng):
    if count_answer(state.wins, pair, answer):
        refit(params.model, state.wins, state.fit)
        cholesky(np.eye(state.fit.theta.size), 0.0, state.fit.factor)
    return state


@kernel
def _no_second_sample(params, state, t, rng):
    """The second action is uniform instead of from further samples."""
    first = feature_thompson.sampled_best(params, state.fit, rng, t, 0)
    n, d = params.model.features.shape
    second = int(uniform(rng, t, d) * (n - 1))
    return Pair(first, second + 1 if second >= first else second)


@pytest.mark.parametrize("steps", [{"update": _prior_only}, {"act": _no_second_sample}])
def test_double_thompson(steps):
    wrong = learner_of(feature_thompson.FeatureDoubleThompson, **steps)
    rejected(test_linear_duels.check_thompson, wrong(1.0, 0.5, 3))


def test_samples_need_the_transposed_factor(monkeypatch):
    """L^-1 z has another covariance than the posterior's."""
    monkeypatch.setattr(feature_thompson, "solve_upper", solve_lower)
    rejected(test_linear_duels.check_thompson, feature_thompson.FeatureDoubleThompson(1.0, 0.5, 3))


def test_right_learners_pass():
    test_linear_duels.check_apohf(apohf.APOHF(), rounds=20)
    test_linear_duels.check_thompson(feature_thompson.FeatureDoubleThompson(1.0, 0.5, 3), rounds=10)
    test_vpo.check_rounds(vpo.VPO(0.5, bound=2.0))
