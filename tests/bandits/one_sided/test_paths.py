"""What holds on every path of the learners with exponential weights: identities, fair comparators, structure.

Each check runs on drawn games, for their corners, and on scattered ones, whose panels have much to report. Tolerances
are 1e-9 of the largest number that enters, a thousand times what the few hundred additions can lose.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.one_sided import Exp2OneSided, Exp4AppleTasting, FullInformationExp2, lagrangian_loss, policy_error
from tests.bandits.one_sided.strategies import games, laws, made_fair, scattered_game
from tests.bandits.one_sided.tracing import trace

SCATTERED = range(40)


class Path(NamedTuple):
    """A game, the learner's rate and Lagrange multiplier, the play, and any law over the class."""

    game: Any
    rate: float
    price: float
    played: Any
    law: Any


def play(game, rate, price, law, seed):
    kind = FullInformationExp2 if type(game.feedback).__name__ == "FullLabels" else Exp2OneSided
    return Path(game, rate, price, trace(game, kind(price=price, learning_rate=rate), seed)[0], law)


@st.composite
def paths(draw, full=False):
    game = draw(games(full=full))
    price = draw(st.one_of(st.floats(0.5, 8.0), st.just(0.0)))
    return play(game, draw(st.floats(0.01, 2.0)), price, draw(laws(game.n_hypotheses)), draw(st.integers(0, 99)))


def scattered_path(seed, full=False):
    rng = np.random.default_rng(seed)
    game = scattered_game(rng, full=full)
    law = rng.dirichlet(np.full(game.n_hypotheses, 0.5))
    return play(game, rng.uniform(0.05, 1.0), rng.uniform(0.2, 4.0), law, seed)


def error(acceptance, labels):
    return policy_error(np.clip(acceptance, 0.0, 1.0), labels)  # rounding leaves [0, 1] by an ulp


def lagrangian_of(acceptance, labels, pair, price):
    return lagrangian_loss(np.clip(acceptance, 0.0, 1.0), labels, pair, price)


def relative_entropy(law):
    return float(sum(p * math.log(p * len(law)) for p in law if p > 0.0))


def sums(played, comparator):
    """Return sum <p - pi*, g>, sum <p, g^2>, and 1 + the sum of the largest |g|."""
    gains = [(r.law - comparator) @ r.estimate for r in played]
    squares = [r.law @ r.estimate**2 for r in played]
    return math.fsum(gains), math.fsum(squares), 1.0 + sum(np.abs(r.estimate).max() for r in played)


# ---------------------------------------------------------------- exponential weights


def check_identity(path):
    """Telescoping identity for every h, (E1) and its refinements for every mixture."""
    game, rate, _, played, law = path
    total = sum(r.estimate for r in played)
    least = [r.estimate.min() for r in played]
    deltas = [
        r.law @ r.estimate - m + math.log(r.law @ np.exp(-rate * (r.estimate - m))) / rate
        for r, m in zip(played, least, strict=True)
    ]
    losses = rate * (total - total.min())
    log_final = math.log(game.n_hypotheses) - losses - math.log(np.exp(-losses).sum())  # ln p_{T+1} / p_1
    gain, square, scale = sums(played, law)
    paid = math.fsum(r.law @ r.estimate for r in played)
    for h in range(game.n_hypotheses):
        assert paid - total[h] == pytest.approx(math.fsum(deltas) + log_final[h] / rate, abs=1e-9 * scale / rate)
    for r, delta in zip(played, deltas, strict=True):
        assert -1e-9 * scale <= delta <= 0.5 * rate * (r.law @ r.estimate**2) + 1e-9 * scale
        assert delta <= rate * np.ptp(r.estimate) ** 2 / 8 + 1e-9 * scale
    final = np.exp(log_final) / len(law)
    mixed = sum(p * math.log(p / q) for p, q in zip(law, final, strict=True) if p > 0.0)
    exact = math.fsum(deltas) + (relative_entropy(law) - mixed) / rate
    assert gain == pytest.approx(exact, abs=1e-9 * scale / rate)
    assert gain <= relative_entropy(law) / rate + 0.5 * rate * square + 1e-9 * scale


def check_fair_comparator(path):
    """Lemma 3.3 per round, the split of Lagrangian regret, and the pathwise forms of D2 and D3."""
    game, rate, price, played, law = path
    comparator = made_fair(game, game.slack, law)
    fair = game.table @ comparator
    violations, errors, lagrangian, gaps, own_part, own_square = 0, 0.0, 0.0, 0.0, 0.0, 0.0
    for r in played:
        errors += error(r.acceptance, r.labels) - error(fair[r.cells], r.labels)
        lagrangian += lagrangian_of(r.acceptance, r.labels, r.pair, price)
        lagrangian -= lagrangian_of(fair[r.cells], r.labels, r.pair, price)
        own = r.estimate.copy()
        if r.pair is not None:
            violations += 1
            first, second = r.pair
            gap = r.acceptance[first] - r.acceptance[second] - fair[r.cells[first]] + fair[r.cells[second]]
            assert gap > game.slack - 1e-9
            gaps += gap
            own -= price * (1.0 + game.table[r.cells[first]] - game.table[r.cells[second]])
        own_part += (r.law - comparator) @ own
        own_square += r.law @ own**2
    scale = 1e-9 * (1 + price) * (1 + len(played)) * 4
    assert lagrangian == pytest.approx(errors + price * gaps, abs=scale)
    assert lagrangian >= price * game.slack * violations + errors - scale
    gain, square, size = sums(played, comparator)
    start = relative_entropy(comparator) / rate
    bound = start + 0.5 * rate * square
    assert gain <= start + rate * own_square + rate * price**2 * violations + 1e-9 * size
    assert price * game.slack * violations + own_part <= bound + 1e-9 * size
    return violations


def check_full_information(path):
    """Hoeffding in place of the second moment: Lagrangian regret <= KL / eta + (eta / 8) sum (k + 2 C v)^2."""
    game, rate, price, played, law = path
    comparator = made_fair(game, game.slack, law)
    fair, left, right = game.table @ comparator, 0.0, relative_entropy(comparator) / rate
    for r in played:
        left += lagrangian_of(r.acceptance, r.labels, r.pair, price)
        left -= lagrangian_of(fair[r.cells], r.labels, r.pair, price)
        right += rate / 8 * (len(r.labels) + 2 * price * (r.pair is not None)) ** 2
    assert left <= right + 1e-9 * (1 + price) * (1 + len(played)) * 4


def check_structure(path):
    for r in path.played:
        assert r.law.sum() == pytest.approx(1.0, abs=1e-12)
        assert ((r.acceptance >= 0.0) & (r.acceptance <= 1.0)).all()
        assert (r.acceptance[r.accepted == 1] > 0.0).all()
        assert (r.estimate >= -1e-9).all()
        assert (r.shown == np.where(r.accepted == 1, r.labels, -1)).all()
        assert r.acceptance == pytest.approx(r.policy[r.cells], abs=1e-12)
        assert (r.accepted == path.game.table[r.cells, r.drawn]).all()


@settings(max_examples=40)
@given(paths())
def test_every_path(path):
    check_identity(path)
    check_fair_comparator(path)
    check_structure(path)


@settings(max_examples=40)
@given(paths(full=True))
def test_every_path_with_all_labels(path):
    check_identity(path)
    check_fair_comparator(path)
    check_full_information(path)


def test_scattered_paths():
    reported = 0
    for seed in SCATTERED:
        path = scattered_path(seed)
        check_identity(path)
        reported += check_fair_comparator(path) > 0
        check_structure(path)
    assert reported >= len(SCATTERED) // 2  # the checks on reports were reached


def test_scattered_paths_with_all_labels():
    for seed in SCATTERED:
        path = scattered_path(seed, full=True)
        check_identity(path)
        check_fair_comparator(path)
        check_full_information(path)


# ---------------------------------------------------------------- EXP4.AT


def check_lemma_17(game, rate, seed):
    """sum <p, l> - min_h sum l(h) <= ln N / eta + eta sum [l(1) + p (1 - p) l(0)^2 + p l(1)^2] (Raman et al. 2024)."""
    played, _ = trace(game, Exp4AppleTasting(rate), seed)
    left, right = 0.0, math.log(game.n_hypotheses) / rate
    total = np.zeros(game.n_hypotheses)
    for r in played:
        p, seen = r.acceptance[0], r.accepted[0]
        accepting, rejecting = (seen * (r.labels[0] != y) / p for y in (1, 0))
        assert p == pytest.approx(rate + (1 - rate) * (r.law @ game.table[r.cells[0]]), rel=1e-12)
        expected = np.where(game.table[r.cells[0]] == 1, accepting, rejecting)
        assert r.estimate == pytest.approx(expected, rel=1e-12)
        total += expected
        left += p * accepting + (1 - p) * rejecting
        right += rate * (accepting + p * (1 - p) * rejecting**2 + p * accepting**2)
    assert left - total.min() <= right + 1e-9 * (1 + total.max())


@settings(max_examples=40)
@given(games(individuals=1), st.floats(0.01, 0.49), st.integers(0, 99))
def test_apple_tasting_on_every_path(game, rate, seed):
    check_lemma_17(game, rate, seed)


def test_apple_tasting_on_scattered_paths():
    for seed in SCATTERED:
        rng = np.random.default_rng(seed)
        check_lemma_17(scattered_game(rng, individuals=1), rng.uniform(0.05, 0.49), seed)
