"""Von Neumann winners are a matter of signs and ratios: margins of any size, and of many sizes in one game."""

import os
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from bandits.preference import RUCB, DuelingBandit, games, von_neumann_winner
from bandits.preference.winner import _integers, _simplex
from sims import simulate


def beaten_by(matrix, policy):
    """Return the largest margin over the policy in exact arithmetic, relative to the largest margin."""
    skew = [
        [Fraction(a) - Fraction(b) for a, b in zip(row, column)]
        for row, column in zip(matrix.tolist(), matrix.T.tolist())
    ]
    shares = [Fraction(p) for p in policy.tolist()]
    largest = max(abs(value) for row in skew for value in row)
    return float(max(sum(v * p for v, p in zip(row, shares, strict=True)) for row in skew) / largest)


@pytest.mark.parametrize("scale", [0.5, 1e-3, 1e-7, 1e-9, 1e-12, 1e-15])
def test_margins_of_any_size(scale):
    for seed in range(20):
        matrix = games.skew_gaussian(7, scale, seed)
        policy = von_neumann_winner(matrix)
        assert policy.sum() == pytest.approx(1.0, abs=1e-14)
        assert beaten_by(matrix, policy) <= 1e-15


def test_margins_of_many_sizes():
    rng = np.random.default_rng(0)
    for n in (3, 4, 7, 12, 20):
        for _ in range(5):
            sizes = 10.0 ** rng.uniform(-14, -0.5, (n, n)) * rng.choice([-1.0, 1.0], (n, n))
            upper = np.triu(sizes, 1)
            matrix = 0.5 + 0.5 * (upper - upper.T)
            policy = von_neumann_winner(matrix)
            assert policy.min() >= 0.0
            assert beaten_by(matrix, policy) <= 1e-15


def test_a_winner_by_a_billionth():
    assert von_neumann_winner(games.bradley_terry([3.0, 3.0 + 1e-9, 0.0])).tolist() == [0.0, 1.0, 0.0]
    run = simulate(DuelingBandit(games.bradley_terry([3.0, 3.0 + 1e-9, 0.0]), 200), RUCB())
    assert np.isfinite(run.final("regret")).all()


@pytest.mark.parametrize("advantage", [0.3, 5e-10, 5e-12, 2.0**-50])
def test_cycles_of_any_size_are_played_in_thirds(advantage):
    assert von_neumann_winner(games.rock_paper_scissors(advantage)) == pytest.approx([1 / 3] * 3, abs=1e-6)


def test_a_cycle_within_a_tie():
    """Three near-ties on top of a loser: (second, third, first) / sum of the cycle's margins, 1e-11 each time."""
    matrix = np.full((4, 4), 0.5)
    units = np.array([3, 1, 2]) * 2.0**-40
    for (i, j), margin in zip(((0, 1), (1, 2), (2, 0)), units, strict=True):
        matrix[i, j] += margin
        matrix[j, i] -= margin
    matrix[:3, 3], matrix[3, :3] = 0.9, 0.1
    assert von_neumann_winner(matrix) == pytest.approx([1 / 6, 2 / 6, 3 / 6, 0.0], abs=1e-15)


def test_the_exact_simplex_method_alone():
    rng = np.random.default_rng(1)
    for n in (1, 2, 5, 9):
        for _ in range(10):
            upper = np.triu(rng.integers(-2, 3, (n, n)) / 8.0, 1)
            shares = _simplex(_integers(upper - upper.T))
            assert min(shares) >= 0
            assert not upper.any() or beaten_by(0.5 + upper - upper.T, np.array(shares) / sum(shares)) <= 1e-15


SCRIPT = """
import numpy as np
from bandits.preference import *
from bandits.preference import games
from sims import simulate
cases = [(DuelingBandit(game, 300), RUCB()) for game in (games.uniform_random(9, 1), games.skew_gaussian(8, 0.1, 2))]
cases.append((LinearDuels(np.random.default_rng(0).normal(size=(9, 5)), np.linspace(-1, 1, 5), 300), RUCB()))
cases.append((PreferenceGame(games.uniform_random(8, 0), 30, 0.05, feedback=Comparisons(16)), SampledINPO()))
print([simulate(problem, learner, repetitions=2).values.tobytes().hex() for problem, learner in cases])
"""


def test_the_numbers_do_not_hang_on_the_kernel_of_the_machine_s_linear_algebra():
    said = set()
    for kernel in ("Haswell", "Prescott", "Sandybridge"):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "OPENBLAS_CORETYPE": kernel},
            capture_output=True,
            text=True,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        said.add(done.stdout)
    assert len(said) == 1
