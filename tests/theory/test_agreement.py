"""Action frequencies of code against an exact law: false alarms, what is noticed, and what is counted."""

import numpy as np
import pytest

from bandits.core.jit import kernel
from bandits.losses import LossTable
from bandits.switching import (
    BatchedExp3,
    Exp3,
    FullInformation,
    Hedge,
    ShrinkingDartboard,
    SwitchingCostGame,
    TotalBudget,
)
from bandits.switching.budgeted import BatchedDartboard, BudgetedExp3
from sims import simulate
from sims.engines.recorder import action_counts
from theory.agreement import MISSED, REPETITIONS, agreement, compare
from theory.switching.exact import exact_play, marginals
from theory.switching.witnesses import costly_losses

LAW = np.array([[0.5, 0.5], [0.9, 0.1], [1.0, 0.0]])


def drawn(law, repetitions, seed):
    """Return counts of actions whose first one has these probabilities."""
    first = np.random.default_rng(seed).binomial(repetitions, law[:, 0])
    return np.stack([first, repetitions - first], axis=1)


def test_the_law_itself_is_seldom_refused():
    """alpha 0.05: more than 8 alarms of 50 have probability 2e-3 at most (the test is conservative: none comes)."""
    assert sum(bool(compare(drawn(LAW, 500, seed), LAW, 500, 0.05).against) for seed in range(50)) <= 8


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("repetitions", [500, REPETITIONS])
def test_a_deviation_of_the_stated_size_is_noticed(place, repetitions):
    """Missed with probability at most 0.01: more than 3 of 50 seeds have probability 2e-3."""
    noticed = compare(drawn(LAW, repetitions, 0), LAW, repetitions, 1e-6).noticed
    assert noticed < 0.25
    off = LAW.copy()
    off[place] += (-noticed, noticed)
    missed = [not compare(drawn(off, repetitions, seed), LAW, repetitions, 1e-6).against for seed in range(50)]
    assert sum(missed) <= 3, MISSED


def test_what_is_refused_is_named():
    counts = np.array([[250, 250], [450, 50], [400, 100]])
    found = compare(counts, LAW, 500, 1e-6)
    assert found.against == "in round 3 it plays action 0 with frequency 0.8 instead of 1"


TABLE = LossTable(costly_losses(8, 2, 0.8))
PAIRS = [
    (SwitchingCostGame(TABLE, 8, 0.5), Exp3()),
    (SwitchingCostGame(TABLE, 8, 0.5), BatchedExp3(batch_length=3)),
    (SwitchingCostGame(TABLE, 8, 0.5, FullInformation()), Hedge()),
    (SwitchingCostGame(TABLE, 8, 0.5, FullInformation()), ShrinkingDartboard()),
    (SwitchingCostGame(TABLE, 8, 0.5, TotalBudget(4, "bandit")), BudgetedExp3()),
    (SwitchingCostGame(TABLE, 8, 0.5, TotalBudget(8, "full")), BatchedDartboard()),
]


@pytest.mark.parametrize(("game", "learner"), PAIRS, ids=lambda part: type(part).__name__)
def test_learners_play_their_exact_law_in_every_round(game, learner):
    """False alarm 1e-6 each."""
    law = marginals(game, learner)
    assert law.sum(axis=1) == pytest.approx(np.ones(8), abs=1e-12)
    play = exact_play(game, learner)
    assert float((law * TABLE.table).sum()) == pytest.approx(play.loss, rel=1e-12)
    found = agreement(game, learner, 2000, 0, 1e-6, None)
    assert found.against == ""


def test_actions_are_those_of_a_simulation():
    """The counted actions cost what `simulate` says, in any number of threads."""
    game, learner = PAIRS[0]
    counts = action_counts(game, learner, 2, 300, 5, threads=1)
    assert (counts.sum(axis=1) == 300).all()
    loss = simulate(game, learner, repetitions=300, seed=5).final("loss").sum()
    assert (counts * TABLE.table).sum() == pytest.approx(loss, rel=1e-12)
    assert (action_counts(game, learner, 2, 300, 5, threads=2) == counts).all()


def test_a_right_mean_does_not_hide_a_wrong_law(monkeypatch):
    """Equal losses: no action costs more, and the play is wrong all the same."""

    @kernel
    def always_first(params, state, t, rng):
        return 0

    game = SwitchingCostGame(LossTable(np.ones((8, 2))), 8, 0.0, FullInformation())
    assert agreement(game, Hedge(), 500, 0, 1e-6, None).against == ""
    monkeypatch.setattr(Hedge, "steps", Hedge.steps._replace(act=always_first))
    assert "plays action 0 with frequency 1 instead of 0.5" in agreement(game, Hedge(), 500, 0, 1e-6, None).against
