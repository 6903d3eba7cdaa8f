"""The law of a batch of the threshold game, person by person, and what a learner is shown of it."""

import math
from collections import defaultdict
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from bandits.threshold import ChosenThreshold, FixedThreshold, FullScores, Synthetic, ThresholdGame
from tests.drivers import plain
from tests.laws.enumeration import plays

GAME = ThresholdGame(Synthetic(), 1, [0.2, 0.5, 0.7], 2, 0.4, 0.1, (0.3, 0.6))


def kinds(game):
    """Return {(group, number of thresholds that accept, good): probability} of one individual."""
    setting = game.setting()
    world = plain(game.steps.init)(setting, None)
    rates_of = plain(game.population.steps.rates)
    rates = [rates_of(setting.population, world.state, i) for i in range(game.n_actions)]
    law = {}
    for group in (0, 1):
        share = rates[0].share if group else 1.0 - rates[0].share
        accept = [1.0, *[r[1 + group] for r in rates], 0.0]
        good = [r[3 + group] for r in rates]  # good and accepted
        for n in range(game.n_actions + 1):
            inside = accept[n] - accept[n + 1]
            if n == 0:  # their outcomes are never seen
                law[group, n, 0] = share * inside
                continue
            of_good = good[n - 1] - (good[n] if n < game.n_actions else 0.0)
            law[group, n, 1], law[group, n, 0] = share * of_good, share * (inside - of_good)
    assert math.isclose(math.fsum(law.values()), 1.0, abs_tol=1e-12)
    return law


def residuals(game, people, arm):
    """Return the residuals of a threshold; the rate of an absent group is that of the round before, at first 0."""
    rates = [0.0, 0.0]
    for group in (0, 1):
        inside = [n > arm for g, n, _ in people if g == group]
        rates[group] = sum(inside) / len(inside) if inside else 0.0
    overall = sum(n > arm for _, n, _ in people) / len(people)
    low, high = game.service
    gap = rates[0] - rates[1]
    return gap - game.parity_tolerance, -gap - game.parity_tolerance, low - overall, overall - high


@pytest.mark.parametrize("arm", [0, 1, 2])
@pytest.mark.parametrize("feedback", [ChosenThreshold(), FullScores()])
def test_a_batch(arm, feedback):
    game = replace(GAME, feedback=feedback)
    full = isinstance(feedback, FullScores)
    expected, law = defaultdict(float), kinds(game)
    for people in product(law, repeat=game.batch_size):
        chance = math.prod(law[one] for one in people)
        accepted = sum(n > arm for _, n, _ in people)
        good = sum(n > arm and y for _, n, y in people)
        reward = ((1 + game.price) * good - game.price * accepted) / game.batch_size
        rows = [residuals(game, people, i) for i in (range(game.n_actions) if full else [arm])]
        ones = sum(group for group, _, _ in people)
        size = game.batch_size
        information = [4 * ones * (size - ones) / size] * 2 + [size] * 2
        shown = [(reward + game.price) / (1 + game.price), *np.ravel(rows), *information]
        expected[tuple(np.round(shown, 9) + 0.0)] += chance

    def kept(action, outcome):
        shown = [outcome.reward, *outcome.residuals.flat, *outcome.information]
        return tuple(np.round(np.array(shown, dtype=float), 9) + 0.0)

    found = defaultdict(float)
    for chance, path in plays(game, _fixed(game, arm), kept):
        found[path.actions[0]] += chance
    assert {k: v for k, v in found.items() if v > 1e-10} == pytest.approx(
        {k: v for k, v in expected.items() if v > 1e-10}, abs=1e-9
    )


def _fixed(game, arm):
    class Anywhere(FixedThreshold):
        accepts = (ChosenThreshold, FullScores)

    return Anywhere(arm)
