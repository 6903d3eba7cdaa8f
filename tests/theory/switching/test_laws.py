"""Exact laws that learners name: found by name or path, and believed of the steps that they were written for."""

from dataclasses import dataclass

import numpy as np

from bandits.losses import LossTable
from bandits.switching import FullInformation, Hedge, SwitchingCostGame
from theory.switching import exact


def halved(losses, learning_rate):
    """Return the exact play of Hedge at half the rate."""
    return exact.hedge(losses, 0.5 * learning_rate)


def test_a_learner_from_outside_names_its_own_law():
    """A law is looked up by its path, read with the learner's parameters, and not inherited by other steps."""

    @dataclass(frozen=True)
    class Halved(Hedge):
        steps = Hedge.steps._replace()
        exact = f"{__name__}:halved"

    @dataclass(frozen=True)
    class Other(Halved):
        steps = Hedge.steps._replace()

    @dataclass(frozen=True)
    class OtherHedge(Hedge):
        steps = Hedge.steps._replace()

    table = np.random.default_rng(4).random((9, 3))
    game = SwitchingCostGame(LossTable(table), 9, feedback=FullInformation())
    assert exact.exact_play(game, Halved(0.6)).loss == exact.hedge(table, 0.3).loss
    assert exact.exact_play(game, Hedge(0.6)).loss == exact.hedge(table, 0.6).loss
    assert exact.exact_play(game, Other(0.6)) is None
    assert exact.exact_play(game, OtherHedge(0.6)) is None
