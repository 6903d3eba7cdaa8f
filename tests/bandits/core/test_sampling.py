"""The binomial sampler: its masses against exact fractions, its law by covering the uniforms evenly; random signs."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from bandits.core.coins import add_signs
from bandits.core.jit import program
from bandits.core.rng import words
from bandits.core.sampling import _SEARCHES, binomial, binomial_mass, no_tables, recurring_binomial, table_slots
from tests.drivers import plain, stream_of


@program
def draws(n, p, out):
    """Draw at the midpoints of out.size equal cells of [0, 1)."""
    for i in range(out.size):
        out[i] = binomial((i + 0.5) / out.size, n, p)


def exact_mass(n, p, k):
    q = Fraction(p)
    return float(math.comb(n, k) * q**k * (1 - q) ** (n - k))


@settings(deadline=None)
@given(n=st.integers(1, 60), p=st.floats(1e-6, 1 - 1e-6), data=st.data())
def test_masses_equal_exact_fractions(n, p, data):
    k = data.draw(st.integers(0, n))
    exact = exact_mass(n, p, k)
    # away from the mode the deviance grows, and with it the rounding of its exponential
    tolerance = 1e-13 * (1.0 + abs(math.log(exact))) if exact > 1e-300 else 0.0
    assert binomial_mass(n, p, k) == pytest.approx(exact, rel=tolerance, abs=1e-300)


@pytest.mark.parametrize("n", [100, 10_000, 1_000_000])
@pytest.mark.parametrize("p", [1e-5, 0.02, 0.37, 0.5, 0.93])
def test_mass_at_the_mode_of_large_n(n, p):
    mode = int((n + 1) * p)
    assert binomial_mass(n, p, mode) == pytest.approx(float(binom.pmf(mode, n, p)), rel=1e-10)


@settings(deadline=None)
@given(n=st.integers(0, 300), p=st.floats(1e-12, 1.0 - 1e-12))
def test_every_value_covers_as_many_uniforms_as_its_mass_says(n, p):
    # each value owns one interval of uniforms, so an even cover counts it to within one cell
    cells = 4000
    out = np.empty(cells, np.int64)
    draws(n, p, out)
    assert out.min() >= 0
    assert out.max() <= n
    counts = np.bincount(out, minlength=n + 1)
    expected = cells * binom.pmf(np.arange(n + 1), n, p)
    assert np.abs(counts - expected).max() <= 1.0 + 1e-6


@pytest.mark.parametrize(
    ("n", "p", "value"), [(0, 0.5, 0), (7, 0.0, 0), (7, -1e-17, 0), (7, 1.0, 7), (7, 1.0 + 1e-16, 7)]
)
def test_degenerate_laws(n, p, value):
    assert all(binomial(u, n, p) == value for u in (0.0, 0.5, 1.0 - 2.0**-53))


@pytest.mark.parametrize("u", [0.0, 2.0**-53, 1.0 - 2.0**-53])
@pytest.mark.parametrize("p", [1e-300, 1e-12, 0.5, 1.0 - 1e-12])
def test_extreme_uniforms_stay_in_range(u, p):
    assert 0 <= binomial(u, 1000, p) <= 1000


def test_laws_that_recur_are_drawn_alike():
    """Of 12 laws that share four slots, each searched often: the value of `binomial`, from the table in the end."""
    table, direct, tables = plain(recurring_binomial), plain(binomial), plain(no_tables)(4, 40)
    rng = np.random.default_rng(1)
    laws = [(int(n), float(p)) for n, p in zip(rng.permutation(40)[:12] + 1, np.repeat(rng.random(3), 4), strict=True)]
    for n, p in laws:
        for count, u in enumerate(rng.random(_SEARCHES + 15)):
            assert ((tables.chance == p) & (tables.size == n)).any() == (count >= _SEARCHES)
            assert table(tables, u, n, p) == direct(u, n, p)
    for u in (0.0, np.nextafter(1.0, 0.0)):  # the ends of the last law
        assert table(tables, u, *laws[-1]) == direct(u, *laws[-1])
    assert [table(tables, 0.5, *law) for law in ((0, 0.5), (7, 0.0), (7, 1.0))] == [0, 0, 7]


def test_tables_pay_for_long_games_and_middling_batches():
    assert [table_slots(*size) > 0 for size in ((100, 10**4), (8, 10**4), (1000, 10**4), (100, 100))] == [1, 0, 0, 0]
    empty = plain(no_tables)(0, 1000)
    assert plain(recurring_binomial)(empty, 0.3, 1000, 0.5) == plain(binomial)(0.3, 1000, 0.5)
    assert (empty.seen == 0).all()


def test_random_signs_are_the_bits_of_words():
    out, rng = np.ones(70), stream_of(3, 2, 1)
    plain(add_signs)(0.25, rng, 5, out)
    drawn = [int(plain(words)(rng, 5, block)[0]) for block in range(2)]
    assert out.tolist() == [1.25 if drawn[i // 64] >> (i % 64) & 1 else 0.75 for i in range(70)]
