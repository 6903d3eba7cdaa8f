"""The lock: what is refused, ranges and payoff."""

import pytest

from bandits.core.jit import kernel
from bandits.episodes import LockGame, OneStep, RevealThenCommit, revealing_constant
from sims import simulate
from theory.episodes.exact import coverability, lock_regret

WRONG = [
    (lambda: LockGame(0, 0.25, 0.5, 5), "n_bits must be between 1 and 40"),
    (lambda: LockGame(41, 0.25, 0.5, 5), "n_bits must be"),
    (lambda: LockGame(2, 0.75, 0.5, 5), "gap must be"),
    (lambda: LockGame(2, 0.25, 0.0, 5), "reliability must be"),
    (lambda: LockGame(2, 0.25, 0.5, 5, key=4), "key must be between -1 and 3"),
    (lambda: RevealThenCommit(-1), "reveals must be"),
    (lambda: lock_regret(5, 2, 0.25, 0.5, 6), "reveals must be between 0 and 5"),
    (lambda: revealing_constant([[0.5, 0.25]]), "emissions must be laws that sum to 1, got a sum of 0.75"),
    (lambda: coverability([[0.5, 0.25]]), "laws must be laws that sum to 1"),
]


@pytest.mark.parametrize(("make", "said"), WRONG)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("entry", [-1, 5])
def test_wrong_entries_are_refused(entry):
    @kernel
    def act(params, state, t, rng):
        return entry

    own = type("Own", (RevealThenCommit,), {"steps": RevealThenCommit.steps._replace(act=act)})
    with pytest.raises(ValueError, match=f"the action must be in 0, ..., 4, got {entry}"):
        simulate(LockGame(2, 0.25, 0.5, 3), own(), backend="python")


def test_ranges_payoff_and_actions():
    game = LockGame(40, 0.25, 0.5, 8)
    assert game.n_actions == 2**40 + 1
    assert game.payoff({"regret": 2.0}) == -2.0
    assert game.metric_range("regret", None) == pytest.approx((0.0, 6.0))
    assert game.metric_range("reveals", None) == pytest.approx((0.0, 8.0))
    assert simulate(game, RevealThenCommit(3), backend="python").final("reveals").tolist() == [3.0]
    with pytest.raises(TypeError, match="OneStep learns from GuideValues or Completions feedback"):
        simulate(game, OneStep(), backend="python")
