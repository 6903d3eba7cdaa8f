"""The bounds of partial monitoring on every short sequence of outcomes, at exact expectations."""

from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import pytest
import sympy as sp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import theory
from bandits.core.jit import kernel
from bandits.partial import (
    Exp3Neighbours,
    Exp3Signals,
    FiniteGame,
    IndependentOutcomes,
    LabelEfficient,
    OutcomeTable,
    PartialMonitoring,
    RevealingExp3,
    WaterTransfer,
    certified,
)
from tests.bandits.partial.test_game import KNOWN, games
from theory.bound import ETA
from theory.partial import bounds
from theory.partial.exact import expectation
from theory.ranges import proven_range

PRICES = FiniteGame.pricing(3, 2.0)
CASES = {
    "ours.exp3_signals": (PRICES, Exp3Signals(), Exp3Signals(0.05, 0.5)),
    "ours.label_efficient": (FiniteGame.label_efficient(1.0), LabelEfficient(), LabelEfficient(0.3, 0.2)),
    "ours.apple_tasting": (FiniteGame.apple_tasting(), RevealingExp3(), RevealingExp3(0.1), RevealingExp3(0.4, 0.45)),
    "ours.water_transfer": (FiniteGame.label_efficient(0.5), WaterTransfer(), WaterTransfer(0.1), WaterTransfer(0.5)),
    "ours.exp3_neighbours": (FiniteGame.label_efficient(0.5), Exp3Neighbours(), Exp3Neighbours(0.1, 0.4)),
}
HORIZONS = {
    "ours.exp3_signals": 4,
    "ours.label_efficient": 6,
    "ours.apple_tasting": 7,
    "ours.water_transfer": 6,
    "ours.exp3_neighbours": 5,
}
EASY = {"apple tasting": 6, "middle action": 4, "cheap query": 4, "duelling": 2}  # horizons


def worst_ratio(bound, game, learner, horizon):
    """Return the largest regret over all sequences, divided by the bound."""
    regrets = []
    for outcomes in product(range(game.n_outcomes), repeat=horizon):
        problem = PartialMonitoring(game, OutcomeTable(outcomes), horizon)
        regrets.append(expectation(problem, learner, "regret")[0])
    assert bound.applies(problem, learner) == []
    return max(regrets) / bound.value_for(problem, learner)


@pytest.mark.parametrize("name", CASES)
def test_bounds_on_every_sequence(name):
    game, *learners = CASES[name]
    for learner in learners:
        assert worst_ratio(theory.theorem(name), game, learner, HORIZONS[name]) <= 1.0


@pytest.mark.parametrize("name", EASY)
def test_neighbours_in_easy_games(name):
    for learner in (Exp3Neighbours(), Exp3Neighbours(0.1, 0.4)):
        assert worst_ratio(bounds.EXP3_NEIGHBOURS, KNOWN[name][0], learner, EASY[name]) <= 1.0


@settings(max_examples=30)
@given(games(), st.floats(0.05, 1.0), st.lists(st.integers(0, 1), min_size=4, max_size=4))
def test_signals_in_every_game(game, share, outcomes):
    """At the largest rate that the theorem allows; games that it is not about are passed over."""
    assume(game.spread > 0.0 and len(game.optimal) > 1 and game.classify().kind != "hopeless")
    problem = PartialMonitoring(game, OutcomeTable(outcomes), 4)
    largest = np.abs(Exp3Signals().parameters(problem).estimators).max()
    learner = Exp3Signals(share / (largest * game.n_actions), share)
    assert bounds.EXP3_SIGNALS.applies(problem, learner) == []
    assert expectation(problem, learner, "regret")[0] <= bounds.EXP3_SIGNALS.value_for(problem, learner)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ours.exp3_signals", 3.0 * (2.0 * (3.0 * 1.625) ** 2 * np.log(3.0)) ** (1 / 3) * 1e6),
        ("ours.label_efficient", 3.0 * (np.log(2.0) / 2.0) ** (1 / 3) * 1e6),
        ("ours.apple_tasting", 2.0 * np.sqrt(2.0 * np.log(2.0)) * 10**4.5),
        ("ours.water_transfer", 2.0 * np.sqrt(np.log(2.0)) * 10**4.5),
        ("ours.exp3_neighbours", 2.0 * np.sqrt(np.e * np.log(2.0)) * 10**4.5),
    ],
)
def test_tuned_bounds(name, value):
    """What the statements say, at the learners' own tuning; T = 10^9. They grow in proportion to the losses."""
    game, learner, *_ = CASES[name]
    outcomes = IndependentOutcomes(np.full(game.n_outcomes, 1.0 / game.n_outcomes))
    bound, scaled = theory.theorem(name), FiniteGame(3.0 * game.losses, game.signals)
    problem = PartialMonitoring(scaled, outcomes, 10**9)
    assert bound.applies(problem, learner) == []
    assert bound.value_for(problem, learner) == pytest.approx(3.0 * value, rel=1e-4)


def test_assumptions():
    """A smaller share of exploration than the proofs allow, and games without a gap, are named."""
    apples = PartialMonitoring(FiniteGame.apple_tasting(), OutcomeTable([0, 1]), 2)
    assert bounds.APPLE_TASTING.applies(apples, RevealingExp3(0.3, 0.2)) == ["gamma >= eta s"]
    prices = PartialMonitoring(PRICES, OutcomeTable([0, 1]), 2)
    assert bounds.EXP3_SIGNALS.applies(prices, Exp3Signals(0.2, 0.2)) == ["gamma >= eta F k"]
    for cost, missing in ((0.2, ["the query is never the only best action"]), (0.5, [])):
        cheap = PartialMonitoring(FiniteGame.label_efficient(cost), OutcomeTable([0, 1]), 2)
        assert bounds.LABEL_EFFICIENT.applies(cheap, LabelEfficient()) == missing
    assert bounds.EXP3_NEIGHBOURS.applies(apples, Exp3Neighbours(0.1, 0.2)) == ["gamma >= eta B"]
    others = certified(apples, Exp3Neighbours(0.1, 0.3))
    assert bounds.CERTIFIED_NEIGHBOURS.applies(others, Exp3Neighbours(0.1, 0.4)) == [
        "the certificate is the learner's own"
    ]
    dear = PartialMonitoring(FiniteGame.label_efficient(0.6), OutcomeTable([0, 1]), 2)
    assert bounds.WATER_TRANSFER.applies(dear, WaterTransfer()) == ["the query loses the mean of both predictions"]


def test_ranges():
    """Proven ranges contain what is played, and are attained by the best and the worst play of a sequence."""
    outcomes = [0, 1, 1, 0, 1]
    given = PartialMonitoring(FiniteGame.label_efficient(2.0), OutcomeTable(outcomes), 5)
    assert proven_range(given, WaterTransfer(), "regret") == pytest.approx((-2.0, 8.0), abs=1e-9)
    assert proven_range(given, WaterTransfer(), "loss") == pytest.approx((0.0, 10.0), abs=1e-9)
    assert proven_range(given, WaterTransfer(), "best_loss") == pytest.approx((2.0, 2.0), abs=1e-9)
    drawn = replace(given, outcomes=IndependentOutcomes([0.5, 0.5]))
    assert proven_range(drawn, WaterTransfer(), "regret") == pytest.approx((-10.0, 10.0), abs=1e-9)


def test_smaller_constants_are_mutants():
    """ln N / eta is met within a factor; a bound with a tenth of it, or without it, is broken."""
    game = FiniteGame.label_efficient(0.5)
    for bound, cost, learner in (
        (bounds.WATER_TRANSFER, sp.Rational(9, 10) * sp.log(2), WaterTransfer(0.1)),
        (bounds.EXP3_NEIGHBOURS, sp.log(bounds.N), Exp3Neighbours(0.02)),
    ):
        for checked, fails in ((bound, False), (replace(bound, expression=bound.expression - cost / ETA), True)):
            ratio = worst_ratio(checked, game, learner, 6)
            assert (ratio > 1.0) == fails


@kernel
def always_asks(params, state, t, rng):
    return 0


@dataclass(frozen=True)
class Asking(WaterTransfer):
    """Names the law of water transfer, but always asks."""

    steps = WaterTransfer.steps._replace(act=always_asks)
    exact = WaterTransfer.exact


def test_code_is_compared_with_the_exact_law():
    """2000 repetitions; a false alarm of the comparison has probability at most alpha = 1e-6, and the seed is fixed."""
    problem = PartialMonitoring(FiniteGame.label_efficient(0.5), OutcomeTable([0, 1, 1, 0, 1, 1, 1, 1]), 8)
    verdict = theory.verify("ours.water_transfer", problem, WaterTransfer(0.4), alpha=1e-6, backend="python")
    assert (verdict.kind, verdict.outcome) == ("exact expectation", "holds")
    other = theory.verify("ours.water_transfer", problem, Asking(0.4), alpha=1e-6, backend="python")
    assert other.kind != "exact expectation"
    assert "The code is not the algorithm" in other.note
