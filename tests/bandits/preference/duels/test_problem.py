"""Learners of duels: every round as in their papers, their regret against known runs, refused arguments."""

import math

import numpy as np
import pytest
from scipy import stats

from bandits.preference import (
    RUCB,
    DoubleThompsonSampling,
    DuelingBandit,
    NashMP,
    PreferenceGame,
    SparringExp3,
    VersatileDB,
    games,
)
from bandits.preference.duels.double_thompson import beta_draw
from bandits.preference.measures import gap0
from bandits.switching.tsallis_switch import tsallis_probabilities
from sims import simulate
from tests.bandits.preference.duels import duels
from tests.bandits.preference.self_play.playing import REFERENCE
from tests.drivers import plain, play_plainly, slow, stream_of

LEARNERS = [SparringExp3(), VersatileDB(), RUCB(), DoubleThompsonSampling()]


@pytest.mark.parametrize("problem", [duels.ARITHMETIC, duels.CYCLE], ids=["winner", "cycle"])
def test_every_round_is_what_the_paper_says(problem):
    duels.check_sparring_exp3(SparringExp3(0.2), problem)
    duels.check_versatile(VersatileDB(), problem)
    duels.check_double_thompson(DoubleThompsonSampling(), problem)
    duels.check_rucb(RUCB(), problem)


def test_every_case_of_rucb_comes_up():
    cases = duels.check_rucb(RUCB(), DuelingBandit(games.arithmetic(4), 1500), rounds=1500)
    cycle = duels.check_rucb(RUCB(), DuelingBandit(games.rock_paper_scissors(0.5), 400))
    assert all(cases[case] + cycle[case] > 0 for case in cases), (cases, cycle)


def test_answers_and_metrics():
    for learner in LEARNERS:
        problem = DuelingBandit(REFERENCE, 50)
        seen = duels.play(learner, problem, 50)
        duels.check_answers(seen, problem)
        plays = np.zeros(3)
        for round_ in seen:
            plays[round_.first] += 1
            plays[round_.second] += 1
        winner = np.array([2, 2, 3]) / 7
        regret = plays @ (winner @ (REFERENCE - 0.5)) / 2
        gap = gap0(REFERENCE - 0.5, plays / 100)
        found = play_plainly(problem, learner, seed=duels.SEED)[0, 0]
        assert found == pytest.approx([regret, gap], abs=1e-12)


def test_regret_counts_what_the_condorcet_winner_would_win():
    problem = DuelingBandit(games.arithmetic(4), 60)
    seen = duels.play(VersatileDB(), problem, 60)
    preferences = games.arithmetic(4)
    expected = sum((preferences[0, r.first] + preferences[0, r.second] - 1.0) / 2.0 for r in seen)
    assert play_plainly(problem, VersatileDB(), seed=duels.SEED)[0, 0, 0] == pytest.approx(expected, abs=1e-12)
    low, high = problem.metric_range("regret", None)
    assert low == 0.0
    assert high == pytest.approx(60 * (preferences[0, 3] - 0.5), rel=1e-9)


@pytest.mark.parametrize(
    ("learner", "repetitions", "known"),
    [
        (RUCB(), 10, {1000: (164, 4), 10_000: (375, 53), 100_000: (461, 58)}),
        slow(DoubleThompsonSampling(), 4, {1000: (59, 14), 10_000: (100, 22), 100_000: (137, 31)}),
        slow(VersatileDB(), 10, {1000: (98, 10), 10_000: (295, 30), 100_000: (529, 48)}),
        (SparringExp3(), 10, {100_000: (1375, 42)}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_regret_beside_runs_of_other_programs(learner, repetitions, known):
    """Mean and deviation of ten runs on ten actions; ten Welch tests at 1e-4: false alarm 1e-3, seed fixed.

    Sparring EXP3 is tuned to its horizon, so only its end is comparable.
    """
    problem = DuelingBandit(games.arithmetic(10), 100_000)
    run = simulate(problem, learner, repetitions=repetitions, seed=1, checkpoints=list(known))
    for found, (mean, deviation) in zip(run["regret"].T, known.values()):
        ours = (found.mean(), found.std(ddof=1), repetitions)
        assert stats.ttest_ind_from_stats(*ours, mean, deviation, 10, equal_var=False).pvalue > 1e-4
    text = play_plainly(problem, learner, seed=1, checkpoints=[20])
    assert np.array_equal(simulate(problem, learner, seed=1, checkpoints=[20]).values, text)


def test_frequencies_approach_the_winner_of_a_cycle():
    """Mean gap below three times its expected size, 2 sqrt(2 K ln K / T), in the cycle of the reference game."""
    problem = DuelingBandit(REFERENCE, 100_000)
    for learner in (SparringExp3(), VersatileDB()):
        run = simulate(problem, learner, repetitions=8, checkpoints=[100_000])
        assert run.final("average_gap0").mean() < 2.0 * math.sqrt(2 * 3 * math.log(3) / 1e5)


@pytest.mark.parametrize(("wins", "losses"), [(0, 0), (0, 7), (12, 3), (400, 350)])
def test_beta_draws(wins, losses):
    """Kolmogorov-Smirnov against scipy, 1500 draws: false alarm 1e-6."""
    draw, rng = plain(beta_draw), stream_of(3, wins, 0)
    sample = [draw(float(wins), float(losses), rng, t, 0)[0] for t in range(1500)]
    assert stats.kstest(sample, stats.beta(wins + 1, losses + 1).cdf).pvalue > 1e-6


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (2.0, [0.695504399368, 0.206783494528, 0.097712106104]),
        (1.0, [0.534814335982, 0.286761628265, 0.178424035753]),
    ],
)
def test_tsallis_probabilities(rate, expected):
    out = np.zeros(3)
    tsallis_probabilities.py_func(np.array([0.0, 1.0, 2.0]), rate, out)
    assert np.abs(out - expected).max() < 1e-12
    assert np.abs(duels.tsallis(np.array([0.0, 1.0, 2.0]), rate) - expected).max() < 1e-12


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: DuelingBandit(REFERENCE, 0), ValueError, "horizon must be at least 1"),
        (lambda: DuelingBandit([REFERENCE] * 2, 5), ValueError, "preferences must be one matrix"),
        (lambda: RUCB(0.5), ValueError, "alpha must be finite and in"),
        (lambda: DoubleThompsonSampling(0.1), ValueError, "alpha must be finite and in"),
        (lambda: SparringExp3(-1.0), ValueError, "learning_rate must be finite and in"),
        (
            lambda: simulate(DuelingBandit(REFERENCE, 5), NashMP()),
            TypeError,
            "NashMP learns from ExactRow or NoisyRow feedback, but the problem gives Duel",
        ),
        (
            lambda: simulate(PreferenceGame(REFERENCE, 5), RUCB()),
            TypeError,
            "RUCB learns from Duel feedback, but the problem gives ExactRow",
        ),
    ],
)
def test_wrong_arguments(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_one_action_is_played():
    for learner in LEARNERS:
        problem = DuelingBandit([[0.5]], 3)
        assert [(r.first, r.second) for r in duels.play(learner, problem, 3)] == [(0, 0)] * 3
