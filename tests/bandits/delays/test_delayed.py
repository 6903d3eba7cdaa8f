"""The delayed game: without delay the game itself, bit for bit; schedules keep their laws; bad input is refused."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.core.shelf import shelf_for
from bandits.delays import (
    BlockDelay,
    Bold,
    Delayed,
    DelayedExp3,
    DelayedHedge,
    DelayTable,
    FixedDelay,
    GeometricDelay,
    HeavyTailedDelay,
    delayed,
)
from bandits.language import Helix, Words
from bandits.losses import BernoulliLosses, GaussianLosses
from bandits.partial import Exp3Signals
from bandits.preference import Duel
from bandits.stochastic import KLUCB
from bandits.switching import Bandit, Exp3, ExtraObservations, FullInformation, Hedge, SwitchingCostGame
from bandits.threshold import OptimisticFeasibleSearch
from sims import simulate
from tests.drivers import plain, stream_of
from tests.references import uniform
from tests.small_games import GAMES, one_sided_game, signal_game, threshold_game

LOSSES = BernoulliLosses([0.5, 0.25, 0.75])
BANDIT, INFORMED = (SwitchingCostGame(LOSSES, 24, 1.0, feedback) for feedback in (Bandit(), FullInformation()))


@pytest.mark.parametrize(
    ("game", "learner", "late"),
    [
        (BANDIT, Exp3(), DelayedExp3()),
        (INFORMED, Hedge(), DelayedHedge()),
        (BANDIT, Exp3(0.25), Bold(Exp3(0.25))),
    ],
    ids=["exp3", "hedge", "copies"],
)
def test_without_delay_it_is_the_game_itself(game, learner, late):
    options = {"repetitions": 2, "seed": 3, "checkpoints": [1, 7, 24], "backend": "python"}
    now = simulate(game, learner, **options)
    assert now.metrics == delayed(game, FixedDelay(0)).metrics
    for schedule in (FixedDelay(0), BlockDelay(1), DelayTable([0, 0])):
        assert np.array_equal(simulate(delayed(game, schedule), late, **options).values, now.values)


def test_one_copy_more_than_is_outstanding():
    """Copies on a slow schedule learn nothing within its blocks, and equal single plays of the blocks' rounds."""
    games = [Delayed(BANDIT, schedule) for schedule in (FixedDelay(3), BlockDelay(4), DelayTable([3, 2, 1, 0]))]
    assert [game.schedule.outstanding(24) for game in games] == [3, 3, 3]
    assert games[1].total_delay == games[2].total_delay == 6 * 6
    values = [simulate(game, Bold(Exp3(0.5)), repetitions=3, backend="python").values for game in games[1:]]
    assert np.array_equal(*values)


@pytest.mark.parametrize("schedule", [GeometricDelay(2.5), HeavyTailedDelay(0.7), HeavyTailedDelay(2.0, 9)])
def test_random_delays_have_their_law(schedule):
    """A delay is at least k where its uniform, of an address of its own, is at least 1 - P(d >= k), and is limited."""
    setting, env = schedule.setting(30), stream_of(5, 3, 1)

    def delay(u):
        return plain(type(schedule).delay, uniform=lambda *address: u)(setting, 0, 0, env)

    for k in range(1, 9):
        edge = 1.0 - schedule.tail(np.array([float(k)]))[0]
        assert delay(edge - 1e-9) == k - 1
        assert delay(edge + 1e-9) == k
    assert delay(1.0 - 2.0**-53) == (schedule.longest_delay or 30)
    drawn = plain(type(schedule).delay)
    assert [drawn(setting, t, 0, env) for t in range(9)] == [delay(uniform(5, 3, 1, t, 2**32 - 1)) for t in range(9)]


def test_room_is_made_for_the_longest_delay():
    assert [FixedDelay(n).longest(24) for n in (3, 40)] == [3, 24]
    assert [HeavyTailedDelay(1.0, n).longest(24) for n in (3, 40, None)] == [3, 24, 24]
    assert [delayed(BANDIT, FixedDelay(n)).places for n in (0, 1, 3, 4, 99)] == [1, 2, 4, 8, 32]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=5), st.integers(1, 20), st.integers(0, 25))
def test_total_delays_are_those_of_their_definition(listed, T, patience):
    """Given delays by counting all rounds; random ones by summing tails over the rounds and what is left of them."""
    table, delays = DelayTable(listed), [listed[t % len(listed)] for t in range(T)]
    kept = sum(min(d, T - 1 - t) for t, d in enumerate(delays) if min(d, T) <= patience)
    assert table.expected(T, patience) == (kept, sum(min(d, T) > patience for d in delays))
    assert table.outstanding(T) == max(sum(s + delays[s] >= t for s in range(t)) for t in range(T))
    for random in (GeometricDelay(3.0), HeavyTailedDelay(0.7, 5)):
        tail = [random.tail(np.array([float(k)]))[0] * (k <= random.longest(T)) for k in range(1, T + 27)]
        late = tail[patience] if patience < T else 0.0
        endured = sum(tail[k] - late for m in range(T) for k in range(min(m, patience)))
        assert random.expected(T, patience) == pytest.approx((endured, late * T), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    ("game", "learner"),
    [(signal_game(), Exp3Signals()), (threshold_game(), OptimisticFeasibleSearch()), (GAMES[Words](), Helix())],
)
def test_feedback_of_any_room_may_be_late_where_actions_are_integers(game, learner):
    timely, prompt, late = (
        simulate(each, player, repetitions=2, backend="python").values
        for each, player in (
            (game, learner),
            (delayed(game, FixedDelay(0)), Bold(learner)),
            (delayed(game, FixedDelay(2)), Bold(learner)),
        )
    )
    np.testing.assert_array_equal(prompt, timely)
    assert (late != timely).any()


def test_what_cannot_be_late_says_why():
    with pytest.raises(TypeError, match=r"Duel feedback cannot be delayed: actions must be integers, but act must ret"):
        delayed(GAMES[Duel](), FixedDelay(1))
    shelf = shelf_for(0)
    rows = shelf.make.py_func(2, 0)
    with pytest.raises(TypeError, match="must have one type: it was an integer first"):
        shelf.put.py_func(rows, 1, 0.5)


def test_wrong_input_is_refused():
    for wrong in (lambda: FixedDelay(-1), lambda: GeometricDelay(-1.0), lambda: HeavyTailedDelay(0.0)):
        with pytest.raises(ValueError, match="must be"):
            wrong()
    with pytest.raises(ValueError, match="delays must not be empty"):
        DelayTable([])
    with pytest.raises(TypeError, match=r"schedule must be a schedule such as FixedDelay\(rounds=10\), got int"):
        delayed(BANDIT, 3)
    with pytest.raises(TypeError, match="OneSided feedback cannot be delayed"):
        delayed(one_sided_game(), FixedDelay(1))
    with pytest.raises(TypeError, match="ExtraObservations feedback cannot be delayed"):
        delayed(SwitchingCostGame(LOSSES, 24, 1.0, ExtraObservations(8)), FixedDelay(1))
    with pytest.raises(
        TypeError, match="DelayedExp3 learns from delayed Bandit feedback, but FullInformation is delayed"
    ):
        simulate(delayed(INFORMED, FixedDelay(1)), DelayedExp3())
    with pytest.raises(ValueError, match=r"KLUCB needs losses in \[0, 1\]"):  # as without delays
        simulate(delayed(SwitchingCostGame(GaussianLosses([0.5, 0.6]), 24), FixedDelay(1)), Bold(KLUCB()))
    for horizon, what in ((2**26, "copies"), (2**33, "horizon")):
        game = delayed(replace(BANDIT, horizon=horizon), GeometricDelay(2.0, 2**25))
        with pytest.raises(ValueError, match=f"{what} must be between 1 and"):  # streams of copies would meet
            simulate(game, Bold(Exp3()))
    with pytest.raises(TypeError, match="Exp3 learns from Bandit feedback, but the problem gives Late"):
        simulate(delayed(BANDIT, FixedDelay(1)), Exp3())
