"""A rate is compared with the exponent measured along the horizon or another field."""

from dataclasses import dataclass
from fractions import Fraction

import pytest
import sympy as sp

from tests.theory.scripted import Coin, Scripted, claim
from theory import verify
from theory.bound import K, T

POWER = T ** sp.Rational(2, 3)


@pytest.mark.parametrize(
    ("direction", "power", "outcome"),
    [
        ("upper", 2 / 3, "holds"),
        ("upper", 0.4, "holds"),
        ("upper", 0.8, "broken"),
        ("lower", 2 / 3, "holds"),
        ("lower", 0.8, "holds"),
        ("lower", 0.5, "broken"),
    ],
)
def test_a_rate_is_held_against_the_measured_exponent(direction, power, outcome):
    bound = claim(POWER, direction=direction, rate_only=True)
    verdict = verify(bound, lambda horizon: Scripted(horizon), Coin(0.5, low=0.9, high=1.1, power=power))
    assert (verdict.kind, verdict.outcome) == ("rate", outcome)
    assert verdict.estimate == pytest.approx(power, abs=0.01)
    assert verdict.bound_value == pytest.approx(2 / 3)


def test_a_curve_has_no_exponent():
    """Level up to T = 4096 and linear beyond: no line, no verdict."""

    @dataclass(frozen=True)
    class Bent(Coin):
        def play(self, problem, *rest):
            return super().play(problem, *rest) * max(1.0, problem.horizon / 4096)

    verdict = verify(claim(POWER, rate_only=True), Scripted(), Bent(0.5, low=0.9, high=1.1))
    assert verdict.undecided
    assert "not on a line" in verdict.note


def test_a_logarithm_has_no_exponent():
    with pytest.raises(ValueError, match="grows like a logarithm of the horizon"):
        verify(claim(3 * sp.log(T), rate_only=True), Scripted(), Coin(0.5, low=0.9, high=1.1))


def test_a_rate_along_another_field():
    """T sqrt(1 / n) along n = T^(5/6) is T^(7/12)."""
    bound = claim(T / sp.sqrt(K), rate_only=True)
    coin = Coin(0.5, low=0.9, high=1.1, power=7 / 12)
    verdict = verify(bound, Scripted(), coin, along={"n_actions": Fraction(5, 6)})
    assert verdict.holds
    assert verdict.bound_value == pytest.approx(7 / 12)
    with pytest.raises(ValueError, match="claims a rate only"):
        verify(bound, Scripted(), coin, method="sample")
