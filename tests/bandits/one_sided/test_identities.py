"""What holds on every input of the one-sided family: the reduction, the estimator, what resampling changes.

Tolerances are 1e-9 of the largest number that enters, a thousand times what the few hundred additions can lose.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.one_sided import (
    lagrangian_loss,
    policy_error,
    reduce,
)
from bandits.one_sided.problem import Report
from bandits.one_sided.reduction import estimate_losses, known_losses
from tests.bandits.one_sided.strategies import bits, units
from tests.drivers import plain

NULL = st.none()


@st.composite
def rounds(draw):
    """Draw (predictions of a class (N, k), labels (k,), law (N,), reported positions or None)."""
    size, k = draw(st.integers(1, 5)), draw(st.integers(1, 4))
    law = np.array(draw(st.lists(st.sampled_from([0.0, 1e-12, 0.2, 1.0]), min_size=size, max_size=size)))
    law[draw(st.integers(0, size - 1))] += 1.0
    pair = draw(st.one_of(NULL, st.tuples(st.integers(0, k - 1), st.integers(0, k - 1)).filter(lambda p: p[0] != p[1])))
    return bits(draw, size, k), bits(draw, k), law / law.sum(), pair


def lagrangian_of(acceptance, labels, pair, price):
    return lagrangian_loss(np.clip(acceptance, 0.0, 1.0), labels, pair, price)  # rounding leaves [0, 1] by an ulp


def estimate(kernel, table, drawn, labels, law, pair, price):
    """Return the estimated losses (N,) that a learner with this law makes of the round in which `drawn` decided."""
    accepted = table[drawn]
    shown = np.where(accepted == 1, labels, -1) if kernel is estimate_losses else labels
    first, second = pair or (-1, -1)
    report = Report(np.arange(len(labels)), shown, accepted, law @ table, first, second)
    out = np.zeros(len(table))
    plain(kernel)(np.ascontiguousarray(table.T, dtype=np.uint8), report, price, out)
    return out


# ---------------------------------------------------------------- 1. the reduction


@given(rounds(), st.integers(0, 6))
def test_reduced_loss_is_half_the_lagrangian_for_every_hypothesis(round_, copies):
    table, labels, _, pair = round_
    for h in table:
        reduced = reduce(h, labels, pair, copies)
        known = np.sum(labels == 0) + 2 * copies
        assert 2 * reduced.action @ reduced.losses == lagrangian_loss(h, labels, pair, copies) + known
        # Algorithm 2 as printed: k' individuals, loss 1 - y for accepting and 1/2 for rejecting, k' ones in a_h
        half = len(reduced.individuals)
        assert half == len(labels) + 2 * copies
        assert reduced.action.sum() == half
        assert (reduced.losses[:half] == 1 - reduced.labels).all()
        assert (reduced.losses[half:] == 0.5).all()
        assert (reduced.action[:half] == h[reduced.individuals]).all()
        own = reduced.action[: len(labels)] @ reduced.losses[: len(labels)] + 0.5 * (1 - h).sum()
        if pair is None:  # the copies of the null pair cost C whatever is played
            assert reduced.action @ reduced.losses - own == copies


@given(rounds(), st.integers(0, 6))
def test_theorem_3_1_differences_of_policies(round_, copies):
    """L(pi) - L(pi') = 2 (E_pi - E_pi') <a, l>, and 0 <= <a, l> <= k'."""
    table, labels, law, pair = round_
    reduced = [reduce(h, labels, pair, copies) for h in table]
    paid = np.array([r.action @ r.losses for r in reduced])
    assert (paid >= 0).all()
    assert (paid <= len(labels) + 2 * copies).all()
    for h, own in zip(table, paid, strict=True):
        left = lagrangian_of(law @ table, labels, pair, copies) - lagrangian_loss(h, labels, pair, copies)
        assert left == pytest.approx(2 * (law @ paid - own), abs=1e-11 * (1 + copies))


def test_reduction_known_answer():
    """k = 2, y = (1, 0), the pair (x1, x2), C = 3: error, Lagrangian and semi-bandit loss by hand."""
    expected = {(0, 0): (1, 1, 4), (0, 1): (2, -1, 3), (1, 0): (0, 3, 5), (1, 1): (1, 1, 4)}
    for h, (error, lagrangian, paid) in expected.items():
        reduced = reduce(h, (1, 0), (0, 1), 3)
        found = policy_error(h, (1, 0)), lagrangian_loss(h, (1, 0), (0, 1), 3), reduced.action @ reduced.losses
        assert found == (error, lagrangian, paid)


# ---------------------------------------------------------------- 3. the estimator


def check_unbiased(kernel, round_, price):
    """sum_h' p(h') g^(h')(h) = L(h) + n0 + v C for every h that can be drawn, and g >= 0."""
    table, labels, law, pair = round_
    played = np.flatnonzero(law)
    each = [estimate(kernel, table, h, labels, law, pair, price) for h in played]
    known = np.sum(labels == 0) + (0 if pair is None else price)
    exact = np.array([lagrangian_loss(table[h], labels, pair, price) + known for h in played])
    assert (law[played] @ each)[played] == pytest.approx(exact, abs=1e-9 * (1 + price))
    assert all((one >= 0.0).all() for one in each)


@given(rounds(), st.floats(0.0, 20.0))
def test_estimator_is_unbiased_by_enumeration(round_, price):
    check_unbiased(estimate_losses, round_, price)
    check_unbiased(known_losses, round_, price)


@given(rounds(), st.floats(0.0, 20.0))
def test_second_moment(round_, price):
    """E <p, g^2> <= 10 k^2 + 8 C^2 v, and 4 (1 - y) 1{q > 0} + 1 - q exactly for k = 1 without a report."""
    table, labels, law, pair = round_
    k, v = len(labels), 0 if pair is None else 1
    moment = sum(
        law[h] * law @ estimate(estimate_losses, table, h, labels, law, pair, price) ** 2 for h in np.flatnonzero(law)
    )
    assert moment <= (10 * k**2 + 8 * price**2 * v) * (1 + 1e-12)
    one = table[:, :1], labels[:1], law
    q = float(law @ table[:, 0])
    single = sum(
        law[h] * law @ estimate(estimate_losses, one[0], h, one[1], law, None, 0.0) ** 2
        for h in range(len(law))
        if law[h] > 0
    )
    exact = 4 * (1 - labels[0]) * (q > 0) + 1 - q
    assert single == pytest.approx(exact, abs=1e-9)


# ---------------------------------------------------------------- 9. resampling


@given(st.data())
def test_resampled_policy_changes_the_lagrangian_by_little(data):
    k = data.draw(st.integers(2, 4))
    q, other = (np.array(data.draw(st.lists(units, min_size=k, max_size=k))) for _ in range(2))
    labels, price = bits(data.draw, k), data.draw(st.floats(0.0, 9.0))
    pair = (0, k - 1)
    moved = np.abs(q - other)
    left = abs(lagrangian_of(q, labels, pair, price) - lagrangian_of(other, labels, pair, price))
    assert left <= moved.sum() + price * (moved[0] + moved[-1]) + 1e-9
    assert left <= (k + 2 * price) * moved.max() + 1e-9
