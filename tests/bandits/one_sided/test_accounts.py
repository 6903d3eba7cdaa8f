"""Games with probes: terms of the EXP analysis, and violations at other thresholds. The play is unchanged."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bandits.combine import observed
from bandits.one_sided import (
    Exp2Analysis,
    Exp2OneSided,
    Exp4AppleTasting,
    InstanceFtpl,
    Panel,
    Panels,
    RandomDistance,
    ViolationsByVotes,
    three_points,
)
from tests.bandits.one_sided.strategies import scattered_game
from tests.bandits.one_sided.tracing import trace
from tests.drivers import play_plainly

LEARNER = Exp2OneSided(1.5, learning_rate=0.2)


def test_account_is_what_the_rounds_say():
    """Every sum from the traced rounds: laws, estimates, and what reports add to them."""
    reports = 0
    for seed in range(12):
        game = scattered_game(np.random.default_rng(seed))
        played, plain_metrics = trace(game, LEARNER, seed)
        other = observed(game, Exp2Analysis())
        found = dict(zip(other.metrics, play_plainly(other, LEARNER, 1, seed)[0, -1], strict=True))
        assert {name: found[name] for name in game.metrics} == pytest.approx(plain_metrics, rel=1e-12, abs=1e-12)
        total, labels, both, paid = 0.0, 0.0, 0.0, 0.0
        for r in played:
            x = r.estimate.copy()
            if r.pair is not None:
                reports += 1
                first, second = (game.table[r.cells[i]].astype(float) for i in r.pair)
                x -= 1.5 * (1.0 + first - second)
            total, paid = total + r.estimate, paid + r.law @ r.estimate
            labels, both = labels + r.law @ x**2, both + r.law @ r.estimate**2
        expected = (labels, both, paid - total.min())
        assert [found[name] for name in other.metrics[-3:]] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    assert reports > 5


@pytest.mark.parametrize("learner", [InstanceFtpl(1.0, leaders=2), Exp4AppleTasting(0.3)], ids=lambda x: x.name)
def test_account_of_other_plays_is_not_a_number(learner):
    game = observed(three_points(4), Exp2Analysis())
    values = play_plainly(game, learner, 1, 0)[0, -1]
    assert np.isnan(values[-3:]).all()
    assert np.isfinite(values[:-3]).all()


def test_ranges_of_the_account():
    game = observed(three_points(4), Exp2Analysis())
    assert game.metric_range("violations", LEARNER) == (0.0, 4.0)
    with pytest.raises(ValueError, match="no proven range of 'second_moment'"):
        game.metric_range("second_moment", LEARNER)


def several(game, seed, votes):
    auditors = tuple(RandomDistance(seed * 10 + i, 0.0, 0.6) for i in range(3))
    return observed(replace(game, panels=Panels(Panel(auditors, votes))), ViolationsByVotes())


def test_recounts_are_votes_counted_one_by_one():
    """Thresholds 1, 2 and 3 of three auditors: rounds with a pair that enough of them object to."""
    seen = np.zeros(3)
    for seed in range(8):
        game = several(scattered_game(np.random.default_rng(seed)), seed, 1 + seed % 3)
        counts = dict(zip(game.metrics, play_plainly(game, LEARNER, 1, seed)[0, -1], strict=True))
        played, measured = trace(game.problem, LEARNER, seed)
        distances = [a.distances(game.people.features) for a in game.panels.panels[0].auditors]
        expected = np.zeros(3, int)
        for r in played:
            gaps = r.acceptance[:, None] - r.acceptance[None]
            np.fill_diagonal(gaps, -math.inf)
            votes = sum(gaps - d[np.ix_(r.people, r.people)] > game.tolerance for d in distances)
            expected += votes.max() >= np.arange(1, 4)
        found = [counts[f"violations_votes_{s}"] for s in (1, 2, 3)]
        assert found == expected.tolist()
        assert found == sorted(found, reverse=True)
        assert found[game.panels.panels[0].votes - 1] == counts["violations"] == measured["violations"]
        assert game.metric_range("violations_votes_2", LEARNER) == (0.0, float(game.horizon))
        seen += expected
    assert (seen > 0).all()
    assert seen[0] > seen[2]


def test_recount_needs_one_panel():
    panel = three_points(4).panels.panels[0]
    with pytest.raises(ValueError, match="panels must be one panel to count its votes, got 2"):
        observed(replace(three_points(4), panels=Panels((panel, panel))), ViolationsByVotes())


def test_lock_in_by_the_exact_recursion():
    """One kind, good with chance p: the law of (goods less bads) gives the greedy leader's acceptances exactly."""
    for p, lost in ((0.6, 2 / 3), (0.7, 3 / 7), (0.55, 9 / 11)):
        horizon = 5000
        walk, accepted = np.zeros(horizon + 2), 0.0
        walk[0] = 1.0  # goods less bads; who falls below 0 rejects for ever
        for _ in range(horizon):
            accepted += walk.sum()
            walk = p * np.append(0.0, walk[:-1]) + (1 - p) * np.append(walk[1:], 0.0)
        assert 1.0 - walk.sum() == pytest.approx(lost, abs=1e-3 if p < 0.6 else 1e-9)
        if p == 0.6:
            assert (2 * p - 1) * (horizon - accepted) == pytest.approx(666.0, abs=1e-6)
            bound = lost * ((2 * p - 1) * horizon - 1)
            assert bound <= (2 * p - 1) * (horizon - accepted) <= bound + 1.0
