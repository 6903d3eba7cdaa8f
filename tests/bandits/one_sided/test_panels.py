"""Panels: the swing vote is the vote, thresholds are whole numbers, and what is reported is what was objected to."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandits.core.limits import ROUNDING
from bandits.core.rng import ENVIRONMENT
from bandits.one_sided import (
    Listed,
    MahalanobisDistance,
    OmniscientFair,
    OneSidedGame,
    Panel,
    Panels,
    RandomDistance,
    RecordedPeople,
    ScaledDistance,
    TableDistance,
    votes_needed,
)
from bandits.one_sided.audit import AuditSetting, objection, reported_pair, sitting_panel
from bandits.one_sided.auditors import swing_distance
from bandits.one_sided.fixed import FixedParams
from tests.bandits.one_sided.strategies import distances, units, vector
from tests.bandits.one_sided.tracing import trace
from tests.drivers import plain, stream_of

RULES = {"largest": 0, "first": 1, "random": 2}


@st.composite
def votes(draw):
    """Draw (distances (m, n, n), acceptance (n,), alpha, votes)."""
    n, m = draw(st.integers(2, 4)), draw(st.integers(1, 5))
    return (
        np.stack([draw(distances(n)) for _ in range(m)]),
        vector(draw, units, n),
        draw(st.sampled_from([0.0, 0.1, 0.2, 0.7])),
        draw(st.integers(1, m)),
    )


def objections(given_distances, policy, tolerance):
    """Return the number of auditors that object to every ordered pair, (n, n)."""
    gaps = policy[:, None] - policy[None]
    return sum((gaps - d > tolerance + ROUNDING).astype(int) for d in given_distances)


@given(votes())
def test_swing_auditor_decides_every_vote(drawn):
    """Lemma B.1, bit for bit: s auditors object if and only if the one with the s-th smallest distance does."""
    table, policy, tolerance, needed = drawn
    swing = swing_distance(table, needed)
    gaps = policy[:, None] - policy[None]
    assert ((objections(table, policy, tolerance) >= needed) == (gaps - swing > tolerance)).all()
    assert (swing == swing.T).all()
    assert ((swing >= 0) & (swing <= 1)).all()


def check_reports(report, drawn, seed=0):
    """A rule reports a pair exactly if enough auditors object to one; "largest" and "first" say which."""
    table, policy, tolerance, needed = drawn
    n = len(policy)
    swing, people, env = swing_distance(table, needed), np.arange(n), stream_of(seed, 0, ENVIRONMENT)
    enough = (objections(table, policy, tolerance) >= needed) & ~np.eye(n, dtype=bool)
    excess = np.where(np.eye(n, dtype=bool), -np.inf, policy[:, None] - policy[None] - swing)
    for rule, code in RULES.items():
        first, second = report(swing, people, policy, tolerance, code, 3, env)
        assert (first >= 0) == enough.any()
        if first >= 0:
            assert enough[first, second]
            assert rule != "largest" or excess[first, second] >= excess.max() - ROUNDING
            assert rule != "first" or (first, second) == tuple(np.argwhere(enough)[0])
        else:
            assert (first, second) == (-1, -1)
    assert plain(objection)(swing, people, policy) == excess.max()


@given(votes(), st.integers(0, 7))
def test_reported_pair_is_one_that_enough_auditors_object_to(drawn, seed):
    check_reports(plain(reported_pair), drawn, seed)


@given(votes())
def test_violations_shrink_with_votes_and_tolerance(drawn):
    table, policy, tolerance, _ = drawn
    gaps = policy[:, None] - policy[None]
    found = [gaps - swing_distance(table, s) > tolerance for s in range(1, len(table) + 1)]
    for fewer, more in pairwise(found):
        assert (more <= fewer).all()
    assert ((gaps - table[0] > tolerance + 0.1) <= (gaps - table[0] > tolerance)).all()


def test_swing_distances_known_answers():
    d = np.array([0.42, 0.07, 0.31, 0.90, 0.18])
    assert [float(swing_distance(d, s)) for s in range(1, 6)] == [0.07, 0.18, 0.31, 0.42, 0.90]
    first = np.array([[0, 0.1, 0.9], [0.1, 0, 0.9], [0.9, 0.9, 0]])
    second = np.array([[0, 0.9, 0.9], [0.9, 0, 0.1], [0.9, 0.1, 0]])
    veto = swing_distance(np.stack([first, second]), 1)  # both are metrics, their minimum is not
    assert veto[0, 2] > veto[0, 1] + veto[1, 2]


def test_unanimity_of_metrics_is_a_metric():
    """The largest of metrics satisfies the triangle inequality, as the one that is largest does."""
    rng = np.random.default_rng(4)
    for _ in range(50):
        features = rng.standard_normal((5, 2))
        members = [MahalanobisDistance(rng.standard_normal((2, 2)), 0.3) for _ in range(3)]
        largest = Panel(members, 3).swing(features)
        assert (largest[:, None, :] <= largest[:, :, None] + largest[None] + 1e-12).all()


# ---------------------------------------------------------------- whole votes


def check_votes(needed):
    """The vote of a panel with gamma = j / m is j, for all j <= m <= 100."""
    for m in range(1, 101):
        assert [needed(Fraction(j, m), m) for j in range(1, m + 1)] == list(range(1, m + 1))


def test_votes_needed_is_exact():
    check_votes(votes_needed)
    assert votes_needed(Fraction(28, 100), 25) == 7
    assert votes_needed(Fraction(1, 3), 4) == 2


@given(st.integers(1, 4), st.fractions(0, 1).filter(bool))
def test_panel_takes_the_least_vote_that_is_enough(m, gamma):
    panel = Panel.with_fraction([RandomDistance(i) for i in range(m)], gamma)
    assert panel.fraction >= gamma > panel.fraction - Fraction(1, m)


@pytest.mark.parametrize("gamma", [Fraction(0), Fraction(9, 8), Fraction(-1, 2)])
def test_fractions_outside_are_refused(gamma):
    with pytest.raises(ValueError, match=r"gamma must be in \(0, 1\]"):
        votes_needed(gamma, 4)
    with pytest.raises(TypeError, match="gamma must be a Fraction"):
        Panel.with_fraction([RandomDistance()], 0.28)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: Panel([]), ValueError, "auditors must not be empty"),
        (lambda: Panel([RandomDistance()], 2), ValueError, "votes must be between 1 and 1, got 2"),
        (lambda: Panel([RandomDistance()], 0.5), TypeError, "votes must be an integer"),
        (lambda: Panel(["strict"]), TypeError, "auditors must be auditors such as"),
        (lambda: Panels([]), ValueError, "panels must not be empty"),
        (lambda: Panels(Panel(RandomDistance()), "weekly"), ValueError, "schedule must be one of cycle, random"),
        (lambda: TableDistance([[0.0, 0.1], [0.2, 0.0]]), ValueError, "table must be square and symmetric"),
        (lambda: TableDistance([[0.0, 1.5], [1.5, 0.0]]), ValueError, r"table must lie in \[0, 1\], got 1.5"),
        (lambda: RandomDistance(0, 0.6, 0.5), ValueError, "low must be at most high, got 0.6 and 0.5"),
        (lambda: ScaledDistance((1.0, -1.0)), ValueError, "weights must lie in"),
        (
            lambda: ScaledDistance((1.0,)).distances(np.zeros((3, 2))),
            ValueError,
            "weights must be one for each of the 2 features",
        ),
    ],
)
def test_messages(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_distances_of_features():
    features = np.array([[0.0, 0.0], [0.3, 0.4], [3.0, 4.0]])
    expected = [[0, 0.5, 1], [0.5, 0, 1], [1, 1, 0]]
    assert ScaledDistance((1.0, 1.0)).distances(features) == pytest.approx(np.array(expected))
    assert MahalanobisDistance(np.eye(2), 0.5).distances(features)[0] == pytest.approx([0, 0.25, 1])
    loose = RandomDistance(3, 0.2, 0.6).distances(features)
    assert (loose == loose.T).all()
    assert (np.diag(loose) == 0).all()
    assert ((loose[np.triu_indices(3, 1)] >= 0.2) & (loose[np.triu_indices(3, 1)] <= 0.6)).all()


# ---------------------------------------------------------------- who sits, and what they see


def test_schedules():
    strict, lenient = np.zeros((2, 2)), np.ones((2, 2)) - np.eye(2)
    people, policy = np.arange(2), np.array([1.0, 0.0])

    def sits(schedule, t, swings=(lenient, strict)):
        audits = AuditSetting(np.stack(swings), 0.1, schedule, 0, 0)
        env = stream_of(5, 0, ENVIRONMENT)
        return int(plain(sitting_panel)(audits, people, policy, t, env))

    assert [sits(0, t) for t in range(4)] == [0, 1, 0, 1]
    assert sits(2, 0) == 1
    assert sits(2, 0, (strict, lenient)) == 0
    assert {sits(1, t) for t in range(40)} == {0, 1}


class Even(OmniscientFair):
    """Play the first two hypotheses with equal weight for ever."""

    def parameters(self, problem):
        return FixedParams(np.array([0, 1]), np.array([0.5, 0.5]))


def test_lemma_d2_what_the_panel_sees():
    """Each hypothesis alone is unfair, their even mixture is not: the panel must see the policy."""
    people = RecordedPeople([[0.0], [1.0]], [[0, 1]] * 12, [[1, 1]] * 12)
    hypotheses = Listed([[1, 0], [0, 1], [1, 1]])
    reports = {}
    for audit in ("policy", "draw"):
        panels = Panels(Panel(TableDistance([[0.0, 0.1], [0.1, 0.0]])), audit=audit)
        game = OneSidedGame(people, hypotheses, panels, 12, tolerance=0.2)
        played, measured = trace(game, Even(), seed=1)
        assert all((r.policy == 0.5).all() for r in played)
        reports[audit] = measured["reports"], measured["violations"]
    assert reports == {"policy": (0, 0), "draw": (12, 0)}
