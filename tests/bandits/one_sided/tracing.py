"""Play a one-sided game from the source of its steps and keep everything; Python runs it, nothing is compiled."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from bandits.core.records import writer
from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.one_sided import OmniscientFair
from tests.drivers import plain, stream_of


class Round(NamedTuple):
    """One round, seen from outside."""

    law: Any  # weights over sum, (M,)
    tasting: float
    drawn: int
    price: float
    policy: Any  # (n_cells,) pi_t
    people: Any
    cells: Any
    labels: Any  # true ones
    shown: Any
    accepted: Any
    acceptance: Any
    pair: tuple[int, int] | None
    estimate: Any  # the learner's estimated losses of the round, None if it keeps none


def trace(game, learner, seed=0, repetition=0, draws=None):
    """Return the rounds and the measured metrics; draws: (T,) hypotheses to play instead of the learner's own."""
    learner.check(game)
    params, setting = learner.parameters(game), game.setting()
    init, act, update = map(plain, learner.steps_for(game))
    start, respond, measure = map(plain, game.steps[:3])
    rng, env = stream_of(seed, repetition, LEARNER), stream_of(seed, repetition, ENVIRONMENT)
    table, rounds, out = game.table, [], np.zeros(len(game.metrics))
    with np.errstate(all="ignore"):
        state, world = init(params, rng), start(setting, env)
        for t in range(game.horizon):
            play = act(params, state, t, rng)
            if draws is not None:
                play = play._replace(drawn=int(draws[t]))
            law = play.weight / play.total
            atoms = play.atoms if len(play.atoms) else np.arange(len(law))
            policy = play.tasting + (1.0 - play.tasting) * (table[:, atoms] @ law)
            report, world = respond(setting, world, t, play, env)
            seen = [np.array(a) for a in (world.people, report.cells, world.labels, report.labels, report.accepted)]
            pair = (int(report.first), int(report.second)) if report.first >= 0 else None
            entry = (
                law.copy(),
                play.tasting,
                int(play.drawn),
                play.price,
                policy,
                *seen,
                report.acceptance.copy(),
                pair,
            )
            state = update(params, state, t, play, report, rng)
            kept = getattr(state, "estimate", None)
            rounds.append(Round(*entry, None if kept is None else kept.copy()))
        writer(game.metrics)(measure(setting, world, game.horizon), out)
    return rounds, dict(zip(game.metrics, out.tolist(), strict=True))


def check_blind_to_hidden_labels(game, learner, seed=0):
    """Flipping the labels of all rejected individuals must leave all plays unchanged, bit for bit."""
    before, _ = trace(game, learner, seed)
    rejected = np.array([r.accepted == 0 for r in before])
    labels = np.where(rejected, 1 - game.people.labels, game.people.labels)
    other = replace(game, people=replace(game.people, labels=labels))
    if isinstance(learner, OmniscientFair):  # its policy is made from the labels' law, known beforehand
        other.__dict__["benchmarks"] = game.benchmarks
    after, _ = trace(other, learner, seed)
    for r, s in zip(before, after, strict=True):
        assert (r.law == s.law).all()
        assert (r.policy == s.policy).all()
        assert (r.drawn, r.tasting, r.price, r.pair) == (s.drawn, s.tasting, s.price, s.pair)
        assert (r.shown == s.shown).all()
