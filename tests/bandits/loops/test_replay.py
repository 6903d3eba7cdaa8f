"""Replay: what is refused, ranges and payoff."""

import numpy as np
import pytest

from bandits.core.jit import kernel
from bandits.loops import BurnIn, PeriodicLanguage, ReplayGame, every_adversary, random_adversary
from sims import simulate
from tests.small_games import LANGUAGES, replay_game

WRONG = [
    (lambda: PeriodicLanguage(0, [0]), "modulus must be"),
    (lambda: PeriodicLanguage(2, [2]), "residues must be below modulus = 2, got 2"),
    (lambda: PeriodicLanguage(2, []), "residues must have at least one entry"),
    (lambda: PeriodicLanguage(2, [0], extra=[-1]), "extra must be"),
    (lambda: ReplayGame(LANGUAGES, 2, [1, 2], 2), "target must be between 0 and 1"),
    (lambda: ReplayGame(LANGUAGES, 1, [1, 2], 3), "shown must be integers"),
    (lambda: ReplayGame(LANGUAGES, 1, [1.5, 2.0], 2), "shown must be integers"),
    (
        lambda: ReplayGame(LANGUAGES, 1, [-1, 2], 2),
        "shown must replay earlier outputs only, got -1 in round 0 of row 0",
    ),
    (lambda: ReplayGame(LANGUAGES, 1, [1, -2], 2), "shown must replay earlier outputs only, got -2 in round 1"),
    (lambda: ReplayGame(LANGUAGES, 1, [1, 3], 2), "shown must be strings of the target or replays, got 3"),
    (
        lambda: ReplayGame(LANGUAGES, 1, np.array([1, 2**64 - 1], np.uint64), 2),
        "shown must be strings of at most",
    ),
    (lambda: ReplayGame(LANGUAGES[:1] * 1025, 0, [0], 1), "number of languages must be between 1 and 1024, got 1025"),
    (lambda: ReplayGame([], 0, [1], 1), "languages must not be empty"),
    (
        lambda: ReplayGame([PeriodicLanguage(m, [0]) for m in (1021, 1031)], 0, [0], 1),
        "languages must have a common",
    ),
    (lambda: BurnIn(-1), "burn_in must be"),
    (lambda: every_adversary(LANGUAGES[0], 20), "horizon and strings must make at most"),
    (lambda: random_adversary(LANGUAGES[0], 5, replays=1.5), "replays must be"),
]


@pytest.mark.parametrize(("make", "said"), WRONG)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("output", [-1, 2**57])
def test_wrong_outputs_are_refused(output):
    @kernel
    def act(params, state, string, t, rng):
        return output

    own = type("Own", (BurnIn,), {"steps": BurnIn.steps._replace(act=act)})
    with pytest.raises(ValueError, match=r"the output must be in 0, \.\.\., 2\^56, got"):
        simulate(replay_game(), own(), backend="python")


def test_ranges_and_payoff():
    game = ReplayGame(LANGUAGES, 1, [[1, 2], [2, -1]], 2)
    assert game.plays(BurnIn()) == 2
    assert game.payoff({"errors": 2.0}) == -2.0
    assert game.metric_range("errors", None) == (0.0, 2.0)


def test_random_adversaries_go_through_the_target():
    assert random_adversary(LANGUAGES[1], 5, replays=0.0).tolist() == [[1, 2, 4, 5, 7]]
    rows = random_adversary(LANGUAGES[1], 400, 3, 0.25, 7)
    assert abs((rows < 0).mean() - 0.25) < 0.06  # 4 deviations: false alarms below 1e-3
    assert np.all(rows >= -np.arange(400))
    assert set(rows[:, 1].tolist()) <= {2, -1}
