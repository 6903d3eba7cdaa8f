"""Stackelberg play by rounds: rules against closed forms, the batched loop against plain ones, unbiased feedback."""

from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.core.rng_jax import stream
from bandits.preference import (
    Comparisons,
    ExactRow,
    NoisyRow,
    PreferenceGame,
    StackelbergGame,
    StackelbergGDA,
    StackelbergMatch,
    games,
    stackelberg_gda,
)
from bandits.preference.stackelberg import game as stackelberg
from bandits.preference.stackelberg.game import StackelbergPlay, projected_step
from bandits.preference.stackelberg.problem import Ask
from sims import simulate
from sims.engines.self_play import draws_of
from tests.bandits.preference.self_play.playing import MU, REFERENCE, divergence
from tests.bandits.preference.stackelberg.test_game import plays, rows, size

GAME = StackelbergGame(REFERENCE, 0.1, 0.2, MU, [MU, MU[::-1], [0.2, 0.5, 0.3]])
CHECKPOINTS = (1, 2, 7, 40)


class Shown(NamedTuple):
    """One round's feedback for a rule that NumPy runs: a table, seen whole."""

    terms: stackelberg.StackelbergTerms
    table: np.ndarray

    def gradients(self, play):
        return stackelberg.gradients(self.terms, play, self.table, np.exp(play.log_follower))

    def best_response(self):
        return stackelberg.normalise(self.terms.log_follower_reference - self.table / self.terms.follower_weight)


def path(learner, game, tables, shown=Shown):
    """Return the plays before the first round and after each, (T + 1) of them, when round t shows tables[t]."""
    params, here = learner.parameters(StackelbergMatch(game, len(tables))), game.start
    found = [here]
    for t, table in enumerate(tables):
        here = learner.step(params, here, t, shown(game.terms, table))
        found.append(here)
    return found


# ---------------------------------------------------------------- rules against closed forms


def check_descent(game=GAME, learner=None, shown=Shown, rounds=6):
    """From the references the follower's log-ratio is geometric, and the leader's a sum of what it left over."""
    learner = learner or StackelbergGDA(0.5, 4.0)
    a, b, _ = learner.parameters(StackelbergMatch(game, rounds))
    best, start = game.solution, game.start
    rho, sigma = 1.0 - a * game.leader_weight, 1.0 - b * game.follower_weight
    slack = 10.0 * size(game)
    error = start.log_leader - best.log_leader
    for t, play in enumerate(path(learner, game, [game.preferences] * rounds, shown)):
        geometric = sigma**t * (start.log_follower - best.log_follower)
        assert np.ptp(play.log_follower - best.log_follower - geometric, axis=1).max() <= slack
        assert np.ptp(play.log_leader - best.log_leader - error) <= slack
        error = rho * error + a * game.follower_weight * rows(play.log_follower, best.log_follower)


def check_best_response(game=GAME, learner=None, shown=Shown, rounds=6):
    """Against best responses the leader's log-ratio is geometric."""
    learner = learner or StackelbergGDA(2.0, follower="best response")
    best, start = game.solution, game.start
    rho, slack = 1.0 - learner.leader_rate * game.leader_weight, 10.0 * size(game)
    for t, play in enumerate(path(learner, game, [game.preferences] * rounds, shown)):
        geometric = rho**t * (start.log_leader - best.log_leader)
        assert np.ptp(play.log_leader - best.log_leader - geometric) <= slack
        if t > 0:
            assert np.ptp(play.log_follower - best.log_follower, axis=1).max() <= slack


def check_averaging(game=GAME, learner=None, shown=Shown, rounds=5):
    """With falling steps the follower best-responds to the average of the tables."""
    tables = np.random.default_rng(4).uniform(size=(rounds, *game.preferences.shape))
    end = path(learner or StackelbergGDA(), game, tables, shown)[-1]
    expected = game.start.log_follower - tables.mean(axis=0) / game.follower_weight
    assert np.ptp(end.log_follower - expected, axis=1).max() <= 10.0 * size(game)


def test_rules():
    check_descent()
    check_best_response()
    check_averaging()


@given(plays(), st.floats(0.05, 1.0), st.sampled_from([0.2, 1.0, 5.0]))
def test_rules_in_every_game(drawn, share, ratio):
    game, _, _ = drawn
    check_descent(game, StackelbergGDA(share / max(game.leader_weight, ratio * game.follower_weight), ratio), rounds=3)
    check_best_response(game, StackelbergGDA(share / game.leader_weight, follower="best response"), rounds=3)
    check_averaging(game)


def test_projected_rule_is_the_projected_step():
    learner = StackelbergGDA(0.1, 2.0, "projected")
    plain = stackelberg_gda(GAME, 5, 0.1, ratio=2.0, step=projected_step)
    for t, play in enumerate(path(learner, GAME, [GAME.preferences] * 5)):
        assert np.array_equal(play.log_leader, plain.log_leader[t])
        assert np.array_equal(play.log_follower, plain.log_follower[t])


# ---------------------------------------------------------------- metrics


def measure(match, arrays, play, regret=0.0, rounds=1):
    return match.rules(None).measure(arrays, play, regret, rounds)


def check_metrics(drawn, measured=measure):
    """Gaps are differences of the objective at its partial optima."""
    game, play, _ = drawn
    best, slack = game.solution, size(game, *play)
    match = StackelbergMatch(game, 1)
    found = measured(match, match.arrays(), play)
    least = game.objective(play.log_leader, best.log_follower)
    assert abs(found.leader_gap - (best.value - least)) <= slack
    assert abs(found.follower_gap - (game.objective(*play) - least)) <= slack
    assert found.leader_kl == pytest.approx(divergence(best.log_leader, play.log_leader), rel=1e-9, abs=slack)
    assert found.follower_kl == pytest.approx(max(rows(best.log_follower, play.log_follower)), rel=1e-9, abs=slack)
    assert found.leader_span == pytest.approx(np.ptp(play.log_leader - best.log_leader), abs=slack)


@given(plays())
def test_metrics(drawn):
    check_metrics(drawn)


@given(plays())
def test_metrics_without_weights(drawn):
    game, play, _ = drawn
    bare = replace(game, leader_weight=0.0, follower_weight=0.0)
    match = StackelbergMatch(bare, 3)
    found = measure(match, match.arrays(), play)
    least, won = bare.preferences.min(axis=1), np.sum(np.exp(play.log_follower) * bare.preferences, axis=1)
    policy = np.exp(play.log_leader)
    assert found.leader_gap == pytest.approx(least.max() - policy @ least, abs=1e-12)
    assert found.follower_gap == pytest.approx(policy @ (won - least), abs=1e-12)
    ends = match.metric_range("leader_gap", StackelbergGDA(0.1))
    assert ends[0] <= found.leader_gap <= ends[1]


# ---------------------------------------------------------------- the batched loop


def test_exact_play_is_the_plain_loop():
    """Both ratios run one compiled program; all repetitions are alike."""
    for ratio in (1.0, 5.0):
        plain = stackelberg_gda(GAME, 40, 0.6, ratio=ratio)
        match = StackelbergMatch(GAME, 40)
        run = simulate(match, StackelbergGDA(0.6, ratio), repetitions=2, checkpoints=CHECKPOINTS)
        plays = [StackelbergPlay(*(p[t] for p in plain)) for t in range(41)]
        regret = np.cumsum([measure(match, match.arrays(), here).follower_gap for here in plays])
        for c, t in enumerate(CHECKPOINTS):
            expected = measure(match, match.arrays(), plays[t], regret[t - 1], t)
            assert expected.queries == 3.0 * t
            assert run.values[:, c] == pytest.approx(np.array([expected] * 2), rel=1e-9, abs=1e-13)


def test_repetitions_depend_on_their_number_alone():
    match, learner = StackelbergMatch(GAME, 20, Comparisons(6)), StackelbergGDA()
    many = simulate(match, learner, repetitions=70, seed=5, checkpoints=(3, 20))
    few = simulate(match, learner, repetitions=3, first_repetition=62, seed=5, checkpoints=(3, 20))
    assert np.array_equal(few.values, many.values[62:65])
    assert len(np.unique(many.final("leader_gap"))) == 70
    assert many.mean("queries").tolist() == [18.0, 120.0]
    assert not np.array_equal(simulate(match, learner, seed=6, checkpoints=(20,)).values[0], many.values[0, 1:])
    low, high = match.metric_range("follower_regret", learner)
    assert ((many["follower_regret"] >= low) & (many["follower_regret"] <= high)).all()


@pytest.mark.parametrize("feedback", [NoisyRow(3, True), Comparisons(5)])
def test_tables_have_no_bias(feedback):
    """Over 20 000 rounds no entry's mean is off by what Bernstein's inequality leaves to chance 1e-9."""
    preferences, rounds = games.uniform_random(4, 3), 20_000

    def shown(t):
        rng = [stream(np.uint64(1), np.uint32(2), purpose) for purpose in (ENVIRONMENT, LEARNER)]
        return feedback.table(jax.numpy.asarray(preferences), draws_of(*rng, t, 0))

    with jax.enable_x64(True):
        tables = np.array(jax.jit(jax.vmap(shown))(np.arange(rounds)))
    variance, largest = (6 / 20, 3.5) if isinstance(feedback, Comparisons) else (1 / 12, 1.0)
    chance = np.log(2.0 * 16.0 / 1e-9)
    room = np.sqrt(2.0 * variance * chance / rounds) + 2.0 * largest * chance / (3.0 * rounds)
    assert np.abs(tables.mean(axis=0) - preferences).max() <= room
    if isinstance(feedback, Comparisons):
        assert tables + tables.swapaxes(1, 2) == pytest.approx(np.ones_like(tables), abs=1e-12)


def test_leaders_meet_replies_drawn_from_the_follower():
    """The law of the replies is that of the uniforms' quantiles."""

    @jax.jit
    def asked(play, terms, preferences, u):
        return Ask(terms, preferences, u).gradients(play)

    u = np.random.default_rng(2).uniform(size=(3, 5))
    with jax.enable_x64(True):
        up, down = asked(GAME.start, GAME.terms, GAME.preferences, u)
    cumulative = np.cumsum(GAME.follower_reference, axis=1)
    replies = [np.searchsorted(cumulative[y], u[y], side="right") for y in range(3)]
    assert np.asarray(up) == pytest.approx([GAME.preferences[y, replies[y]].mean() for y in range(3)], abs=1e-12)
    assert np.asarray(down) == pytest.approx(GAME.preferences, abs=1e-12)


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: StackelbergMatch(REFERENCE, 5), TypeError, "game must be a StackelbergGame"),
        (lambda: StackelbergMatch(GAME, 0), ValueError, "horizon must be at least 1"),
        (lambda: StackelbergMatch(GAME, 5, "exact"), TypeError, "feedback must be ExactRow"),
        (
            lambda: StackelbergMatch(StackelbergGame([[0.5]], 0.1, 0.1), 5, Comparisons(1)),
            ValueError,
            "preferences must have at least 2 actions",
        ),
        (lambda: StackelbergMatch(GAME, 5).metric_range("leader_kl", None), ValueError, "metric must be one of"),
        (lambda: StackelbergGDA(-1.0), ValueError, "leader_rate must be finite and in"),
        (lambda: StackelbergGDA(1.0, 0.0), ValueError, "ratio must be finite and in"),
        (lambda: StackelbergGDA(1.0, geometry="flat"), ValueError, "geometry must be one of mirror, projected"),
        (lambda: StackelbergGDA(1.0, follower="none"), ValueError, "follower must be one of gradient, best response"),
        (lambda: simulate(PreferenceGame(REFERENCE, 5), StackelbergGDA(1.0)), TypeError, "problem must be a Stackel"),
        (
            lambda: simulate(StackelbergMatch(GAME, 5, NoisyRow(2)), StackelbergGDA(1.0, follower="best response")),
            TypeError,
            "feedback must be ExactRow",
        ),
        (lambda: simulate(StackelbergMatch(GAME, 5), StackelbergGDA(11.0)), ValueError, "leader_rate . leader_weight"),
        (
            lambda: StackelbergGDA().parameters(StackelbergMatch(StackelbergGame(REFERENCE, 0.0, 0.1), 5)),
            ValueError,
            "leader_weight must be finite and in",
        ),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_feedback_is_exact_by_default():
    assert StackelbergMatch(GAME, 5).feedback == ExactRow()
