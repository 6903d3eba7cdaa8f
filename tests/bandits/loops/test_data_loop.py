"""Data loops: what is refused, and what the payoff and the ranges are."""

import pytest

from bandits.loops import DataLoop, LikelierLabel, TemperedLabels
from theory.loops.exact import amplification, urn_law

WRONG = [
    (lambda: DataLoop([1.5], 5), "shares"),
    (lambda: DataLoop([], 5), "shares"),
    (lambda: DataLoop([0.5], 5, people=0, model=0), "people and model must label at least one item"),
    (lambda: DataLoop([0.5], 5, start=0), "start must be"),
    (lambda: LikelierLabel(2.0), "sampled must be"),
    (lambda: TemperedLabels(-1.0), "exponent must be"),
    (lambda: amplification(0, 1, 1, 1), "start must be"),
    (lambda: urn_law(0, 1, 1), "ones must be"),
]


@pytest.mark.parametrize(("make", "said"), WRONG)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_payoff_and_ranges():
    loop = DataLoop([0.5, 0.25], 5, people=1, model=3)
    assert loop.payoff({"largest_bias": 0.25}) == -0.25
    assert [loop.metric_range(m, None) for m in ("bias", "largest_bias", "excess")] == [(-1, 1), (0, 1), (-4, 1)]
    assert loop.metric_range("model_bias", None) == (0, 2)  # the data after the round and the error before it
    assert DataLoop([0.5], 5, people=0, model=1).metric_range("excess", None) == (-2, 1)
    assert loop.plays(TemperedLabels()) is None
    assert DataLoop([0.5], 5, drawn=False).plays(TemperedLabels()) == 1
