"""Blocked sums against exact ones."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bandits.core.jit import program
from bandits.core.summation import Sum, close_block, empty_sum, least, plus, value
from tests.drivers import plain


@program
def blocked(terms):
    total = empty_sum()
    for t in range(terms.size):
        total = plus(total, terms[t], t)
    return value(total)


@program
def of_one_term(term, n):
    total, naive = empty_sum(), 0.0
    for t in range(n):
        total = plus(total, term, t)
        naive += term
    return value(total), naive


@given(st.lists(st.floats(0.0, 1.0), max_size=200))
def test_short_sums(terms):
    exact = math.fsum(terms)
    assert abs(blocked(np.array(terms, dtype=np.float64)) - exact) <= len(terms) * 2.0**-53 * exact


def test_sums_across_blocks():
    for n in (4095, 4096, 4097, 8192, 50_000):
        terms = np.random.default_rng(n).normal(size=n)
        bound = (4096 + n / 4096) * 2.0**-53 * np.abs(terms).sum()
        assert abs(blocked(terms) - math.fsum(terms)) <= bound
    whole = np.random.default_rng(1).integers(0, 1000, 50_000).astype(float)
    assert blocked(whole) == whole.sum()
    total, add, close = Sum(2.0**60, 0.0), plain(plus), plain(close_block)  # 1 is below half an ulp of 2^60
    closed, part = np.array([2.0**60, 0.0]), np.zeros(2)
    for t in range(4096):
        assert (total.closed, part[0]) == (2.0**60, t)
        total = add(total, 1.0, t)
        part += (1.0, 0.25)
        close(closed, part, t)
    assert total == Sum(2.0**60 + 4096.0, 0.0)
    assert closed.tolist() == [2.0**60 + 4096.0, 1024.0]
    assert part.tolist() == [0.0, 0.0]


def test_twenty_million_terms_where_the_naive_sum_fails():
    """The stated bound, (4096 + n / 4096) 2^-53 relative, is 1e-12 here; the naive sum is a hundred times worse."""
    n = 20_000_000
    total, naive = of_one_term(0.1, n)
    exact = n * Fraction(0.1)
    bound = (4096 + n / 4096) * 2.0**-53
    assert abs(Fraction(total) - exact) <= bound * exact
    assert abs(Fraction(naive) - exact) > 100 * bound * exact


def test_no_terms():
    assert blocked(np.zeros(0)) == 0.0


@given(st.lists(st.floats(-1e300, 1e300) | st.just(float("nan")), min_size=1, max_size=6))
def test_the_least_is_that_of_numpy(totals):
    np.testing.assert_equal(plain(least)(np.array(totals)), np.min(totals))
