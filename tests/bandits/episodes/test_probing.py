"""The probe game: what is refused, ranges and payoff."""

import pytest

from bandits.episodes import FreeSigns, ProbeGame, ProbeThenCommit, SequentialProbes
from sims import simulate
from theory.episodes.exact import commit_cost, paid_value

WRONG = [
    (lambda: ProbeGame(0.0, 5), "gap must be"),
    (lambda: ProbeGame(0.5, 0), "horizon must be"),
    (lambda: ProbeGame(0.5, 5, theta=2), "theta must be"),
    (lambda: ProbeThenCommit(-1), "probes must be"),
    (lambda: SequentialProbes(1.0), "gap must be"),
    (lambda: SequentialProbes().parameters(ProbeGame(0.9, 10**9)), "horizon must be at most 10\\^7"),
    (lambda: ProbeThenCommit().parameters(ProbeGame(0.9, 2**56)), "probes asks for"),
    (lambda: paid_value(10**8, 0.5), "horizon must be"),
    (lambda: commit_cost(5, 0.5, 6), "probes must be"),
]


@pytest.mark.parametrize(("make", "said"), WRONG)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_probes_need_paid_signs():
    with pytest.raises(
        TypeError, match="ProbeThenCommit learns from PaidSigns feedback, but the problem gives FreeSig"
    ):
        simulate(ProbeGame(0.5, 5, feedback=FreeSigns()), ProbeThenCommit(), backend="python")


def test_ranges_and_payoff():
    game, free = ProbeGame(0.25, 8), ProbeGame(0.25, 8, feedback=FreeSigns())
    assert game.metric_range("regret", None) == pytest.approx((0.0, 8.0))
    assert free.metric_range("regret", None) == pytest.approx((0.0, 2.0))
    assert free.metric_range("probes", None) == (0.0, 0.0)
    assert game.payoff({"regret": 2.0}) == -2.0
    assert (game.n_actions, free.n_actions) == (3, 2)
