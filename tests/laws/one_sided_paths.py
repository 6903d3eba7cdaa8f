"""Paths of small one-sided games: the games, what is recorded along a path, and the comparison of laws."""

import math
from typing import Any, NamedTuple

import numpy as np

from bandits.one_sided import (
    FullLabels,
    Listed,
    OneSided,
    OneSidedGame,
    Panel,
    Panels,
    RecordedPeople,
    TableDistance,
)
from tests.laws.enumeration import plays


class Seen(NamedTuple):
    """A round, as the panel and the learner see it."""

    policy: Any  # (N,) law over the hypotheses, apart from forced exploration
    tasting: float
    drawn: int
    price: float
    cells: Any
    labels: Any
    accepted: Any
    acceptance: Any
    pair: tuple[int, int] | None


def game_of(seed, full=False, rounds=3, individuals=2):
    """Return a game over a recorded sequence with a class of 3 on 3 kinds, whose panel often objects."""
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.uniform(0.0, 0.1, (3, 3)), 1)
    return OneSidedGame(
        RecordedPeople(
            np.arange(3.0)[:, None],
            rng.integers(0, 3, (rounds, individuals)),
            rng.integers(0, 2, (rounds, individuals)),
        ),
        Listed([[0, 1, 0], [1, 1, 1], [1, 1, 0]]),
        Panels(Panel([TableDistance(upper + upper.T)])),
        rounds,
        individuals,
        0.1,
        0.08,
        FullLabels() if full else OneSided(),
    )


GAMES = [game_of(seed) for seed in (1, 4)]


def record(size):
    def kept(play, report):
        policy = np.zeros(size)
        atoms = play.atoms if len(play.atoms) else np.arange(size)
        np.add.at(policy, atoms, play.weight / play.total)
        pair = (int(report.first), int(report.second)) if report.first >= 0 else None
        seen = (np.array(part) for part in report[:4])
        return _Entry(policy, float(play.tasting), int(play.drawn), float(play.price), *seen, pair)

    return kept


class _Entry(Seen):
    """A round that can be a key: paths are not merged."""

    __hash__ = object.__hash__


def check(game, learner, policy_of, price=None, at_most=400):
    """Assert that every path plays policy_of(rounds before, t) = (law, forced exploration), with its probability."""
    total = reports = 0.0
    for probability, path in plays(game, learner, record(game.n_hypotheses)):
        product = 1.0
        for t, seen in enumerate(path.actions):
            law, tasting = policy_of(path.actions[:t], t)
            np.testing.assert_allclose(seen.policy, law, atol=1e-9)
            assert math.isclose(seen.tasting, tasting, abs_tol=1e-12)
            product *= tasting if seen.drawn < 0 else (1.0 - tasting) * law[seen.drawn]
            table = game.table[seen.cells]
            labels = game.people.labels[t]
            full = isinstance(game.feedback, FullLabels)
            assert (seen.labels == np.where((seen.accepted == 1) | full, labels, -1)).all()
            assert (seen.accepted == (table[:, seen.drawn] if seen.drawn >= 0 else 1)).all()
            np.testing.assert_allclose(seen.acceptance, tasting + (1.0 - tasting) * table @ law, atol=1e-9)
            assert price is None or math.isclose(seen.price, price, rel_tol=1e-12)
            reports += seen.pair is not None
        assert math.isclose(product, probability, rel_tol=1e-6, abs_tol=1e-12)
        total += probability
    assert math.isclose(total, 1.0, abs_tol=1e-9)
    return reports


def softmin(losses, rate):
    weight = np.exp(-rate * (losses - losses.min()))
    return weight / weight.sum()


def gap_of(table, seen):
    """Return h(rho1) - h(rho2) for all hypotheses, 0 where nothing is reported."""
    if seen.pair is None:
        return np.zeros(table.shape[1])
    return table[seen.cells[seen.pair[0]]] - table[seen.cells[seen.pair[1]]]


def shifted(game, price, seen):
    """Return (R2) of the module `reduction` for all hypotheses."""
    table = game.table.astype(float)
    losses = np.full(table.shape[1], 0.0 if seen.pair is None else price) + price * gap_of(table, seen)
    for cell, label, accepted, q in zip(seen.cells, seen.labels, seen.accepted, seen.acceptance, strict=True):
        losses += 1.0 - table[cell] + (2.0 * table[cell] * (1.0 - label) / q if accepted else 0.0)
    return losses


def known(game, price, seen):
    """Return the Lagrangian losses of all hypotheses, from known labels."""
    table = game.table.astype(float)
    errors = sum((table[c] != y).astype(float) for c, y in zip(seen.cells, seen.labels, strict=True))
    return errors + price * gap_of(table, seen)


def weighted_errors(game, seen, divide_by):
    table = game.table
    losses = np.zeros(table.shape[1])
    for cell, label, accepted, q in zip(seen.cells, seen.labels, seen.accepted, seen.acceptance, strict=True):
        if accepted:
            losses += (table[cell] != label) / (divide_by or q)
    return losses


def added_up(losses_of, rounds, size):
    return sum((losses_of(seen) for seen in rounds), np.zeros(size))
