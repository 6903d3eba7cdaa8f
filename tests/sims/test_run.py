"""What a run gives back: slices by name, means, Student's intervals, tidy tables."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from bandits.losses import LossTable
from bandits.switching import BatchedExp3, SwitchingCostGame
from sims.run import Run
from tests.drivers import play_plainly

GAME = SwitchingCostGame(LossTable(np.random.default_rng(1).random((20, 3))), 20)
ROUNDS = np.array([1, 4, 20], dtype=np.int64)


def run_of(values, first=0):
    return Run(GAME, BatchedExp3(), 9, first, ROUNDS, np.asarray(values, dtype=np.float64))


def numbered(repetitions, first=0):
    """A run whose numbers are all different: 0, 1, 2, ... along (repetition, checkpoint, metric)."""
    return run_of(np.arange(repetitions * 15).reshape(repetitions, 3, 5), first)


def test_metrics_are_columns_by_name():
    run = numbered(4)
    assert run.metrics == ("loss", "switches", "observations", "best_loss", "regret")
    assert run.repetitions == 4
    for column, metric in enumerate(run.metrics):
        assert run[metric].shape == (4, 3)
        assert run[metric].tolist() == run.values[:, :, column].tolist()
        assert run.final(metric).tolist() == run.values[:, -1, column].tolist()
        assert run.mean(metric).tolist() == run.values[:, :, column].mean(axis=0).tolist()


def test_unknown_metrics_are_answered_with_those_there_are():
    for read in (Run.__getitem__, Run.final, Run.mean, Run.interval):
        with pytest.raises(KeyError, match="no metric 'reward'; this run has loss, switches, observations, best_loss"):
            read(numbered(2), "reward")


def test_a_real_run_obeys_the_identity_of_regret():
    run = run_of(play_plainly(GAME, BatchedExp3(), 3, 9, ROUNDS))
    paid = run["loss"] + GAME.switching_cost * run["switches"] - run["best_loss"]
    assert np.array_equal(run["regret"], paid)
    assert np.all(np.diff(run["loss"], axis=1) >= 0.0)


def quantile_reached(half_width, samples):
    """Return P(|t| <= half_width / standard error), the t density with n - 1 degrees integrated numerically."""
    n = len(samples)
    error = math.sqrt(sum((x - sum(samples) / n) ** 2 for x in samples) / (n - 1) / n)
    scale = math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2)) / math.sqrt((n - 1) * math.pi)
    return 2 * quad(lambda x: scale * (1 + x * x / (n - 1)) ** (-n / 2), 0.0, half_width / error, epsabs=1e-11)[0]


@given(st.lists(st.floats(-5.0, 5.0), min_size=3, max_size=8), st.sampled_from([0.5, 0.9, 0.95, 0.999]))
def test_intervals_are_students(samples, level):
    if np.std(samples) < 1e-3:
        samples = [*samples[:-1], samples[-1] + 1.0]
    run = run_of(np.tile(np.array(samples)[:, None, None], (1, 3, 5)))
    low, high = run.interval("regret", level)
    assert low.shape == high.shape == (3,)
    assert (low + high) / 2 == pytest.approx(run.mean("regret"), abs=1e-12)
    assert quantile_reached((high[0] - low[0]) / 2, samples) == pytest.approx(level, abs=1e-8)


def test_intervals_of_extreme_runs():
    low, high = numbered(1).interval("loss")
    assert low.tolist() == [-math.inf] * 3
    assert high.tolist() == [math.inf] * 3
    same = run_of(np.full((5, 3, 5), 2.0))
    assert [end.tolist() for end in same.interval("loss")] == [[2.0] * 3] * 2
    same.values[0, 1] = math.inf
    assert [end.tolist() for end in same.interval("loss")] == [[2.0, -math.inf, 2.0], [2.0, math.inf, 2.0]]


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 95, math.nan])
def test_levels_lie_strictly_between_zero_and_one(level):
    with pytest.raises(ValueError, match=rf"^level must be finite and in \(0, 1\), got {level}$"):
        numbered(3).interval("loss", level)


def test_tables_have_one_row_a_repetition_and_round():
    run = numbered(3, first=100)
    frame = run.to_frame()
    assert frame.columns == ["repetition", "round", *run.metrics]
    assert frame.height == 9
    for row in frame.iter_rows(named=True):
        r, c = row["repetition"] - 100, ROUNDS.tolist().index(row["round"])
        assert [row[metric] for metric in run.metrics] == run.values[r, c].tolist()


def test_a_run_says_what_it_is():
    assert repr(run_of(np.zeros((2, 3, 5)))).endswith("repetitions=2, rounds=20, seed=9)")
    assert repr(numbered(2)).startswith("Run(SwitchingCostGame(")
