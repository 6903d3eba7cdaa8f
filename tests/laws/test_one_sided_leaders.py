"""The policies of perturbed leaders of the one-sided game on all paths, with the draws of their own generator."""

import math

import numpy as np
import pytest

from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.one_sided import (
    ContextSemiBanditFtpl,
    InstanceFtpl,
)
from tests import references
from tests.drivers import plain, stream_of
from tests.laws.one_sided_paths import (
    game_of,
)


def laplace(u, rate):
    """Return the quantile u of the Laplace law."""
    return math.copysign(-math.log(1.0 - 2.0 * abs(u - 0.5)) / rate, u - 0.5)


class Leaders:
    """The leaders of one play: the oracle's answers to the risks of the cells with noise added."""

    def __init__(self, game, repetition, noises, rate):
        self.game, self.repetition, self.noises, self.rate = game, repetition, noises, rate
        self.risk = np.zeros(len(game.table))
        self.separator = game.hypotheses.separator(game.people)

    def uniform(self, t, index):
        return references.uniform(5, self.repetition, LEARNER, t, index)

    def leader(self, t, number):
        noisy, index = self.risk.copy(), 1 + number * len(self.separator) * self.noises
        for cell in self.separator:
            noisy[cell] += sum(laplace(self.uniform(t, index + i), self.rate) for i in range(self.noises))
            index += self.noises
        return int((noisy @ self.game.table.astype(float)).argmin())

    def waited(self, t, first, cell, most):
        """Return the number of further leaders until one accepts a cell, at most `most`."""
        return next((j for j in range(1, most) if self.game.table[cell, self.leader(t, first + j)]), most)


def learned(learner, leaders, t, report, count, resamples, price):
    """Add a round's estimates to the risks, as Algorithm 5 or with one noise per cell."""
    literal = isinstance(learner, ContextSemiBanditFtpl)
    waits = [
        leaders.waited(t, count, cell, resamples) if accepted and resamples else 0
        for cell, accepted in zip(report.cells, report.accepted)
    ]
    risk = leaders.risk.copy()
    for cell, y, accepted, q, j in zip(report.cells, report.labels, report.accepted, report.acceptance, waits):
        if literal:
            risk[cell] += j * (1 - y) * accepted - 0.5
        else:
            risk[cell] += (2 * (1 - y) * (j or 1 / q) if accepted else 0.0) - 1
    first, second = int(report.first), int(report.second)
    if literal:
        first, second = max(first, 0), max(second, 0)
        risk[report.cells[first]] += price * (waits[first] - 0.5)
        risk[report.cells[second]] -= price * 0.5
    elif first >= 0:
        risk[report.cells[first]] += price
        risk[report.cells[second]] -= price
    leaders.risk = risk


@pytest.mark.parametrize(
    "learner",
    [
        ContextSemiBanditFtpl(1, 2, 4, 0.4),
        ContextSemiBanditFtpl(),
        InstanceFtpl(0.7, None, 3, None, 0.4),
        InstanceFtpl(0.7, None, 2, 3, 1.5),
        InstanceFtpl(None, 0.5),
        InstanceFtpl(),
    ],
)
def test_perturbed_leaders(learner):
    game = game_of(4, rounds=4)
    n, k, s, horizon = game.n_hypotheses, 2, 3, 4
    literal = isinstance(learner, ContextSemiBanditFtpl)
    count = learner.leaders or math.ceil(horizon ** (16 / 45 if literal else 1 / 3))
    resamples = learner.resamples or (math.ceil(horizon ** (1 / 3)) if literal else 0)
    price = learner.price
    if literal:
        price = math.ceil(horizon ** (4 / 45)) if price is None else price
        m = k + 2 * price
        spread = 8 * (2 * m) ** 2 * s * resamples * m * horizon / math.sqrt(s * m)
    else:
        spread = 8 * math.sqrt(s) * k**2 * (1 + 8 * (resamples or count)) * horizon
    rate = learner.perturbation or math.sqrt(10 * math.log(n) / spread)
    if price is None:
        price = horizon**0.5 if learner.price_exponent else 0.08 / (16 * rate * s)
    init, act, update = map(plain, learner.steps_for(game))
    start, respond, _ = map(plain, game.steps[:3])
    params, setting = learner.parameters(game), game.setting()
    for repetition in range(2 if literal else 4):
        rng, env = stream_of(5, repetition, LEARNER), stream_of(5, repetition, ENVIRONMENT)
        state, world = init(params, rng), start(setting, env)
        leaders = Leaders(game, repetition, 2 * (k + 2 * price) if literal else 1, rate)
        for t in range(horizon):
            play = act(params, state, t, rng)
            expected = [leaders.leader(t, number) for number in range(count)]
            assert play.atoms.tolist() == expected
            assert play.drawn == expected[int(leaders.uniform(t, 0) * count)]
            assert play.price == pytest.approx(price, rel=1e-12)
            assert (play.weight / play.total).tolist() == pytest.approx([1 / count] * count)
            report, world = respond(setting, world, t, play, env)
            learned(learner, leaders, t, report, count, resamples, price)
            state = update(params, state, t, play, report, rng)
            np.testing.assert_allclose(state.risk, leaders.risk, atol=1e-9)
