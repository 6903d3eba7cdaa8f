"""Adaptive learners and bounds with high probability: known answers, and the theorems' inequalities on every path."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.switching import Bandit, Exp3IX
from tests.bandits.switching.known_answers import ROWS
from tests.bandits.switching.tracing import trace
from tests.laws.test_adaptive import bandit_law, one_hot
from tests.laws.test_switching import softmin
from tests.strategies import loss_tables
from theory.switching import exact
from theory.switching.exact.informed import adahedge

A, B = (ROWS[name].losses for name in ("two actions", "three actions"))


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (lambda table, rate: exact.tsallis_inf(table), (2.657111, 1.760348)),
        (lambda table, rate: exact.tsallis_inf(table, reduced=True), (2.669108, 1.755097)),
        (lambda table, rate: exact.exp3_ix(table, rate, rate / 2), (2.583592, 1.757014)),
        (lambda table, rate: exact.exp3_p(table, 0.5, 0.1, 0.3), (2.587027, 1.769127)),
        (lambda table, rate: exact.anytime_hedge(table, 2 * math.sqrt(math.log(table.shape[1]))), (2.764482, 1.840257)),
        (lambda table, rate: exact.adahedge(table), (2.8, 1.931207)),
    ],
    ids=["Tsallis-INF", "reduced variance", "EXP3-IX", "EXP3.P", "anytime Hedge", "AdaHedge"],
)
def test_known_answers(law, expected):
    assert (law(A, 0.5).loss, law(B, 0.7).loss) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("table", [A, B])
def test_exp3_with_falling_rates_equals_enumeration(table):
    first = math.sqrt(math.log(table.shape[1]) / table.shape[1])
    law = bandit_law(
        table, lambda losses, t: softmin(losses, first / math.sqrt(t)), lambda p, i, loss, t: one_hot(p, i, loss / p[i])
    )
    loss = sum(chance * table[np.arange(len(table)), list(actions)].sum() for actions, chance in law.items())
    assert exact.anytime_exp3(table, first).loss == pytest.approx(loss, rel=1e-12)


@pytest.mark.parametrize("n_actions", [1, 2, 5])
def test_switches_of_the_lazy_leader(n_actions):
    """A leader redrawn in every round is uniform; of two actions redrawn with probability 1/2, 3/8 switch."""
    assert exact.leader_switches(9, n_actions, 50.0) == pytest.approx(8 * (1 - 1 / n_actions), abs=1e-12)
    assert exact.leader_switches(9, 2, math.log(2)) == pytest.approx(8 * 3 / 8, abs=1e-12)
    assert exact.leader_switches(1, n_actions, 0.5) == exact.leader_switches(9, 1, 0.5) == 0.0


def test_adahedge_on_a_constant_gap_has_bounded_regret():
    assert adahedge(np.tile([0.0, 1.0], (10_000, 1))).loss == pytest.approx(0.836412, abs=1e-6)


@given(loss_tables())
def test_adahedge_does_not_see_scale_and_shift(table):
    """Its play on a l + b is that on l; sums of multiples of 1/64 are exact, so that ties stay ties."""
    table = np.round(64 * table) / 64
    same = adahedge(table).probabilities
    assert np.allclose(adahedge(table / 2).probabilities, same, atol=1e-6)
    assert np.allclose(adahedge(table / 2 + 0.5).probabilities, same, atol=1e-6)


@given(loss_tables())
def test_adahedge_inequalities(table):
    """Regret <= 2 Delta_T <= 2 sqrt(V ln K) + (4/3 ln K + 2) S, from the law alone."""
    p, log_k, delta = adahedge(table).probabilities, math.log(table.shape[1]), 0.0
    for law, row in zip(p, table, strict=True):
        least = row[law > 0].min()
        mixed = least
        if delta > 0:
            rate = min(log_k / delta, 1e300)
            mixed -= math.log(law @ np.exp(-rate * np.maximum(row - least, 0.0))) / rate
        delta += max(0.0, law @ row - mixed)
    variance = sum(law @ (row - law @ row) ** 2 for law, row in zip(p, table, strict=True))
    regret = (p * table).sum() - table.sum(axis=0).min()
    slack = 1e-9 * len(table)
    assert regret <= 2 * delta + slack
    assert 2 * delta <= 2 * math.sqrt(variance * log_k) + (4 / 3 * log_k + 2) * np.ptp(table, axis=1).max() + slack


@given(loss_tables(), st.floats(0.01, 2.0), st.floats(0.0, 1.0), st.integers(0, 2**32))
def test_implicit_exploration_on_every_path(table, rate, gamma, seed):
    seen = trace(Exp3IX(rate, gamma), table, Bandit(), seed=seed)
    played = np.arange(len(table)), seen.actions
    estimates = np.zeros_like(table)
    estimates[played] = table[played] / (seen.laws[played] + gamma)
    left = table[played].sum() - estimates.sum(axis=0)
    right = math.log(table.shape[1]) / rate + (rate / 2 + gamma) * estimates.sum()
    assert (left <= right * (1 + 1e-9) + 1e-9).all()


@pytest.mark.parametrize("gamma", [0.1, 0.5, 2.0])
def test_estimates_exceed_losses_rarely(gamma):
    """E exp(2 gamma (lhat - l)) <= 1 for every law and loss, over the whole grid."""
    for p, loss in product(np.linspace(0.001, 1.0, 101), np.linspace(0.0, 1.0, 51)):
        mean = (1 - p) * math.exp(-2 * gamma * loss) + p * math.exp(2 * gamma * (loss / (p + gamma) - loss))
        assert mean <= 1 + 1e-12


@given(st.integers(2, 6), st.floats(0.05, 3.0), st.integers(0, 2**32))
def test_a_variance_bounds_the_mixability_gap(n, rate, seed):
    """Bernstein: delta / eta <= v / 2 + s delta / 3."""
    rng = np.random.default_rng(seed)
    law, losses = rng.dirichlet(np.ones(n)), rng.random(n)
    gap = law @ losses + math.log(law @ np.exp(-rate * losses)) / rate
    variance = law @ (losses - law @ losses) ** 2
    assert gap / rate <= variance / 2 + np.ptp(losses) * gap / 3 + 1e-12


@pytest.mark.parametrize("horizon", range(1, 5))
def test_worst_tables_of_two_actions(horizon):
    """Tsallis-INF on all tables of 0 and 1: known worst regret, below the bound."""
    rows = [(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]
    worst = max(exact.tsallis_inf(np.array(table)).regret() for table in product(rows, repeat=horizon))
    known = (0.5, 0.829687, 1.087289, 1.305148)[horizon - 1]
    assert worst == pytest.approx(known, abs=1e-6)
    assert worst <= 4 * math.sqrt(2 * horizon) - 2 * math.sqrt(horizon) - math.sqrt(2)
