"""Laws of actions from predictions: what they promise in a round, known answers, symmetries."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.contextual.laws import RULES
from tests.bandits.contextual.checks import (
    exact_is_an_equality,
    gammas,
    inequality,
    is_a_law,
    law,
    mean_losses,
    predictions,
)

TRIES = settings(max_examples=60)
shares = st.floats(1e-3, 1.0)


@TRIES
@given(gammas, predictions(most=100, lowest=-1.0), st.sampled_from([1.0, 1e-6, 1e6]))
def test_exact_rule_is_worst_for_every_action_alike(gamma, guess, scale):
    exact_is_an_equality(gamma, scale * guess)


@TRIES
@given(st.data(), st.sampled_from(RULES), gammas, shares, predictions())
def test_promise_of_a_round(data, rule, gamma, share, guess):
    inequality(rule, share if rule == "greedy" else gamma, guess, mean_losses(data.draw, guess))


@TRIES
@given(st.sampled_from(RULES), gammas, shares, predictions())
def test_is_a_law(rule, gamma, share, guess):
    is_a_law(rule, share if rule == "greedy" else gamma, guess)


@TRIES
@given(st.sampled_from(RULES[:3]), gammas, predictions(), st.randoms(use_true_random=False))
def test_symmetries(rule, gamma, guess, random):
    """Actions without ties may be renamed; constants do not matter to two rules, the scale does not to FastCB."""
    guess = guess + np.arange(len(guess)) * 1e-3
    order = list(range(len(guess)))
    random.shuffle(order)
    p = law(rule, gamma, guess)
    np.testing.assert_allclose(law(rule, gamma, guess[order]), p[order], rtol=1e-9, atol=1e-15)
    moved = 8.0 * guess if rule == "fastcb" else guess + 0.5
    np.testing.assert_allclose(law(rule, gamma, moved), p, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("rule", "gamma", "guess", "expected"),
    [
        ("exact", 10, (0.1, 0.2, 0.5), (0.5, 0.333333, 0.166667)),
        ("squarecb", 10, (0.1, 0.2, 0.5), (0.607143, 0.25, 0.142857)),
        ("fastcb", 10, (0.1, 0.2, 0.5), (0.899821, 0.076923, 0.023256)),
        ("exact", 100, (0.1, 0.2, 0.5), (0.885830, 0.089856, 0.024314)),
        ("exact", 1, (0.0, 1.0), (0.618034, 0.381966)),
        ("exact", 10, (1.0, 0.0), (0.090098, 0.909902)),
        ("exact", 2.5, (0.0, 1.0), (0.740312, 0.259688)),
        ("greedy", 0.3, (0.5, 0.1, 0.1), (0.1, 0.8, 0.1)),
        ("squarecb", 0, (0.5, 0.1, 0.1), (1 / 3, 1 / 3, 1 / 3)),
        ("exact", 0, (0.5, 0.1, 0.1), (1 / 3, 1 / 3, 1 / 3)),
        ("exact", 1e12, (0.5, 0.1, 0.2), (0.0, 1.0, 0.0)),
        ("fastcb", 7, (0.5, 0.0, 0.0), (0.0, 1.0, 0.0)),
    ],
)
def test_known_answers(rule, gamma, guess, expected):
    assert law(rule, gamma, guess) == pytest.approx(expected, abs=1e-6)


def test_half_of_squarecb_is_attained():
    """The worst case of SquareCB is nearly 2 (K - 1) / gamma: one tied action, the others far."""
    k, gamma, gap = 10, 1.0, 1e4
    guess = np.array([0.0, *([gap] * (k - 1))])
    p = law("squarecb", gamma, guess)
    worst = p @ guess - guess + (1.0 / p - 1.0) / gamma
    assert worst.max() * gamma / (k - 1) == pytest.approx(2.0, abs=0.01)
