"""Learners of partial monitoring: exact laws by enumeration, known answers, mutants; nothing is compiled."""

import math
from dataclasses import replace

import numpy as np
import pytest

from bandits.core.exponential_weights import no_estimates
from bandits.core.jit import kernel
from bandits.partial import (
    Exp3Signals,
    FiniteGame,
    IndependentOutcomes,
    LabelEfficient,
    OutcomeTable,
    PartialMonitoring,
    RevealingExp3,
    WaterTransfer,
    learners,
)
from tests.bandits.switching.known_answers import ROWS
from tests.drivers import plain, stream_of
from tests.laws.enumeration import law_of, plays
from tests.mutants.rejection import rejected
from theory.partial.exact import exact_play

PRICES = FiniteGame.pricing(3, 2.0)
HALVES = FiniteGame(PRICES.losses / 2.0, PRICES.signals)
ASKING = FiniteGame.label_efficient(0.5)


def against(game, *outcomes):
    return PartialMonitoring(game, OutcomeTable(outcomes), len(outcomes))


def asking_about(table):
    """Return the game of predicting in a table of losses (T, K), or seeing the round's losses at no loss, action 0."""
    rows, outcomes = np.unique(table, axis=0, return_inverse=True)
    losses = np.vstack([np.zeros(len(rows)), rows.T])
    signals = np.zeros_like(losses)
    signals[0] = np.arange(len(rows))
    return against(FiniteGame(losses, signals), *outcomes.ravel())


def metrics(game, learner):
    """Return the expected metrics, with the law of the actions held to the enumeration of NumPy."""
    played = list(plays(game, learner, lambda action, signal: int(action)))
    exact = exact_play(game, learner)
    marginal = np.zeros_like(exact.probabilities)
    for actions, chance in law_of(played).items():
        marginal[np.arange(len(actions)), actions] += chance
    assert np.abs(marginal - exact.probabilities).max() < 1e-12
    return {name: math.fsum(chance * path.metrics[name] for chance, path in played) for name in game.metrics}


def check(game, learner, metric, expected, scale=1.0):
    assert metrics(game, learner)[metric] / scale == pytest.approx(expected, abs=1e-6)


CASES = {
    "pricing": (against(HALVES, 0, 2, 1, 2), Exp3Signals(0.05, 0.5), "regret", 0.174862),
    "apple tasting": (
        against(FiniteGame.apple_tasting(), 1, 0, 1, 1, 0, 0),
        RevealingExp3(0.3, 0.3),
        "regret",
        0.149584,
    ),
    "A": (asking_about(ROWS["two actions"].losses), LabelEfficient(0.5, 0.5), "loss", 2.615529, 0.5),
    "B": (asking_about(ROWS["three actions"].losses), LabelEfficient(0.7, 0.4), "loss", 1.774823, 0.6),
    "water": (against(ASKING, 0, 1, 1, 0, 1), WaterTransfer(0.3), "regret", 0.604072),
}


@pytest.mark.parametrize("name", CASES)
def test_known_answers(name):
    """A and B: label-efficient play of tables of losses; the query is free, and its rounds' losses are not counted."""
    check(*CASES[name])


def test_estimators_of_dynamic_pricing():
    assert np.abs(Exp3Signals().parameters(against(HALVES, 0)).estimators).max() == pytest.approx(0.8125)


def test_tuning():
    """Losses three times as large: eta is a third, and the share of exploration the same; T = 10^6."""
    for game, learner, rate, share in [
        (FiniteGame.apple_tasting(), RevealingExp3(), math.sqrt(math.log(2) / 2e6), None),
        (ASKING, WaterTransfer(), math.sqrt(math.log(2) / 1e6), None),
        (ASKING, LabelEfficient(), math.sqrt(0.00702423 * 2 * math.log(2) / 1e6), 0.00702423),
    ]:
        scaled = PartialMonitoring(FiniteGame(3 * game.losses, game.signals), IndependentOutcomes([0.5, 0.5]), 10**6)
        params = learner.parameters(scaled)
        assert params.learning_rate == pytest.approx(rate / 3, rel=1e-5)
        assert params.exploration == pytest.approx(share or rate, rel=1e-5)


@pytest.mark.parametrize("learner", [Exp3Signals, LabelEfficient, RevealingExp3, WaterTransfer])
def test_estimates_are_unbiased(learner):
    """sum_c f(b, c, signal of c) is the difference of the losses, for every outcome."""
    params = learner().parameters(against(ASKING, 0))
    f, losses = params.estimators, ASKING.losses[params.candidates]
    mean = np.array([[sum(f[b, c, ASKING.signals[c, x]] for c in range(3)) for x in range(2)] for b in range(len(f))])
    assert mean == pytest.approx(losses - losses[0])
    _, _, update = (plain(step) for step in learner.steps)
    state = no_estimates(len(f))
    update(params, state, 0, 0, 1, stream_of(1, 0, 0))
    assert state.estimates.min() == 0.0  # the weights never grow
    assert state.estimates.max() > 0.0


def test_drawn_outcomes_have_their_law():
    """Outcome 2 of 0, 1, 2 never comes; two rounds of action 1, whose loss is the outcome."""
    game = FiniteGame([[0.0, 0.0, 0.0], [0.0, 1.0, 5.0]], [[0, 0, 0], [0, 1, 2]])
    problem = PartialMonitoring(game, IndependentOutcomes([0.25, 0.75, 0.0]), 2)
    played = list(plays(problem, RevealingExp3(0.5, 1.0), lambda action, signal: int(signal)))
    law = law_of(played)
    assert {pair: pytest.approx(chance) for pair, chance in law.items()} == {
        (0, 0): 1 / 16,
        (0, 1): 3 / 16,
        (1, 0): 3 / 16,
        (1, 1): 9 / 16,
    }
    assert all(path.metrics["loss"] == path.metrics["regret"] == sum(path.actions) for _, path in played)


def test_learners_name_the_games_that_they_cannot_play():
    hopeless = against(FiniteGame(np.eye(2), np.zeros((2, 2))), 0)
    for learner, game, text in [
        (Exp3Signals(), hopeless, "Exp3Signals needs a game whose signals tell the differences of losses"),
        (RevealingExp3(), hopeless, "RevealingExp3 needs an action whose signals tell the differences of all losses"),
        (LabelEfficient(), against(FiniteGame.apple_tasting(), 0), "LabelEfficient needs an action whose signals tell"),
        (
            WaterTransfer(),
            asking_about(np.eye(3)),
            "WaterTransfer needs two predictions and a query, got 3",
        ),
    ]:
        with pytest.raises(ValueError, match=text):
            learner.parameters(game)


# ---------------------------------------------------------------- mutants


@kernel
def without_exploration(params, weights, arm):
    place = params.place[arm]
    return weights.weight[place] / weights.total if place >= 0 else 1.0


@kernel
def spare_without_mixing(params, state):
    return min(state.weights.weight[0], state.weights.weight[1]) / state.weights.total


@pytest.mark.parametrize(
    ("name", "mutant", "cases"),
    [
        ("_chance", without_exploration, ("pricing", "apple tasting", "A", "B")),
        ("_spare", spare_without_mixing, ("water",)),
    ],
)
def test_mutants(name, mutant, cases, monkeypatch):
    monkeypatch.setattr(learners, name, mutant)
    for case in cases:
        rejected(check, *CASES[case])


def test_mutant_of_the_estimators(monkeypatch):
    """Estimates of another size, though unbiased: not those of least squares."""
    least = FiniteGame.differences

    def others(self, actions, among):
        f = least(self, actions, among)
        f[1:, 0] += 0.1  # a constant taken from one action and given to another
        f[1:, 1] -= 0.1
        return f

    monkeypatch.setattr(FiniteGame, "differences", others)
    rejected(check, *CASES["pricing"])


def test_subclasses_with_parameters_of_their_own_have_no_known_law():
    class Mine(WaterTransfer):
        def parameters(self, problem):
            return replace(self, learning_rate=0.1).parameters(problem)

    assert exact_play(CASES["water"][0], Mine()) is None
