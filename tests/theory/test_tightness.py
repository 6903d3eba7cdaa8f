"""Witnesses: none is beyond a true theorem, they come close where they should, and their laws are right."""

import dataclasses
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

import theory
from bandits.losses import LossTable
from bandits.switching import FullInformation, LazyPerturbedLeader, SwitchingCostGame
from sims import simulate
from tests.drivers import play_plainly
from theory.confidence import mean_interval
from theory.switching import exact
from theory.switching.exact import exp3_on_steady_losses, leader_switches, uniform_looks
from theory.switching.witnesses import minimax as games
from theory.switching.witnesses.search import worst_losses
from theory.tightness import FOUND, Witness, _best, climb, often_reached, played, ratio_at, table


@pytest.fixture(scope="module")
def rows():
    return table(search=False)


def test_every_theorem_with_a_value_has_a_row(rows):
    named = [row.bound for row in rows]
    assert list(dict.fromkeys(named)) == [b.name for b in theory.catalogue().values() if not b.rate_only]
    kinds = ("WITNESSES", "SPACES")
    known = {name for kind in kinds for name in theory.registered("witnesses", kind)}
    assert known == {row.bound for row in rows if row.method != "none"}


def test_no_witness_is_beyond_a_true_bound(rows):
    for row in rows:
        if row.method != "none":
            assert math.isfinite(row.ratio)
            assert row.ratio <= 1.0 + 1e-9 if row.direction == "upper" else row.ratio >= 1.0 - 1e-12, row


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("cesabianchi2006.hedge", 0.99),
        ("geulen2010.shrinking_dartboard", 0.88),
        ("geulen2010.shrinking_dartboard_switches", 0.94),
        ("kalai2005.lazy_leader", 0.53),
        ("kalai2005.lazy_leader_switches", 0.99),
        ("bubeck2012.exp3", 0.6),
        ("arora2012.batched_exp3", 0.5),
        ("arora2012.batched_exp3_switches", 1.0),
        ("cheng2023.bandit_looks", 0.5),
        ("cheng2023.full_looks", 0.83),
        ("cheng2023.flexible_looks", 0.62),
        ("cheng2023.extra_observations", 0.64),
    ],
)
def test_theorems_are_exercised(rows, name, least):
    """On each upper bound's witness the ratio is above one half: a bound ten times too small could not pass."""
    assert max(row.ratio for row in rows if row.bound == name) >= least


def test_a_witness_needs_the_theorems_assumptions():
    game = SwitchingCostGame(LossTable(np.zeros((10, 2))), 10)
    with pytest.raises(ValueError, match="does not apply to its witness: feedback is full information"):
        _best(theory.theorem("geulen2010.shrinking_dartboard"), [Witness(game, None, 1.0, "hand-made")])


# ---------------------------------------------------------------- the search


def test_the_search_beats_handmade_and_random_losses_on_hedge():
    n_actions, horizon = 5, 200
    t, arms = np.arange(horizon)[:, None], np.arange(n_actions)
    better = np.tile(1.0 * (arms > 0), (horizon, 1))
    level = np.where(arms % 2 == t % 2, 1.0, 0.0)
    handmade = [
        better,
        1.0 * (t % n_actions == arms),
        np.where(t < horizon // 2, 1.0, better),
        np.where(t < horizon // 2, better, 1.0 - better),
        np.where(t < horizon - math.sqrt(horizon), level, better),
    ]
    random = (np.random.default_rng(1).random((100, horizon, n_actions)) < 0.5).astype(float)
    rate = math.sqrt(8.0 * math.log(n_actions) / horizon)
    bound = math.sqrt(horizon * math.log(n_actions) / 2.0)
    witness = worst_losses("hedge", horizon, n_actions, rate, bound=bound, restarts=4, steps=100)
    assert max(exact.hedge(losses, rate).regret() for losses in [*handmade, *random]) < witness.regret <= bound


# ---------------------------------------------------------------- laws at long horizons


@pytest.mark.parametrize("rounds", [1, 2, 5, 10])
def test_exp3_on_steady_losses_is_the_tree(rounds):
    chain, tree = exp3_on_steady_losses(rounds, 0.4), exact.exp3(np.tile([0.0, 1.0], (rounds, 1)), 0.4)
    assert chain.loss == pytest.approx(tree.loss, abs=1e-13)
    assert chain.switches == pytest.approx(tree.switches, abs=1e-13)


@pytest.mark.parametrize("rounds", [1, 2, 5, 10])
def test_uniform_looks_are_the_tree(rounds):
    losses = (np.random.default_rng(rounds).random((rounds, 2)) < 0.6).astype(float)
    chain, tree = uniform_looks(losses, 0.3), exact.batched_dartboard(losses, 0.3, 1, "flexible")
    assert chain.loss == pytest.approx(tree.loss, abs=1e-13)
    assert chain.switches == pytest.approx(tree.switches, abs=1e-13)


def test_exp3_that_never_draws_again_stays_finite():
    play = exp3_on_steady_losses(200, 5.0)
    assert 0.5 < play.loss < 2.0
    assert math.isfinite(play.switches)


def test_the_leader_switches_as_its_law_says():
    """The mean of 1500 plays by the code; each end of the interval is wrong with probability at most 1e-9."""
    game = SwitchingCostGame(LossTable(np.ones((12, 3))), 12, feedback=FullInformation())
    values = play_plainly(game, LazyPerturbedLeader(0.8), 1500, seed=2)[:, 0, game.metrics.index("switches")]
    low, high = mean_interval(values, 0.0, 11.0, 1e-9)
    assert low <= leader_switches(12, 3, 0.8) <= high
    assert high - low < 1.1


def test_the_value_of_the_game_is_below_every_witness_of_hedge():
    worst, _ = games.worst_case_of_two(12, math.sqrt(8.0 * math.log(2.0) / 12.0), 0.0, lazy=False)
    assert games.expert_value(12, 2) <= worst


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exp3_on_steady_losses(0, 0.1), "rounds"),
        (lambda: uniform_looks([[0.5, 0.0]], 0.1), "0 or 1"),
        (lambda: leader_switches(5, 2, 0.0), "rate"),
    ],
)
def test_bad_arguments_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_number_that_is_often_reached_is_rarely_too_large():
    """1000 times 200 uniforms: the number for a share of 0.3 is above 0.7 in about alpha = 5% of them.

    P(Binomial(1000, 0.05) > 90) < 1e-7.
    """
    samples = np.random.default_rng(3).random((1000, 200))
    assert sum(often_reached(row, 0.3, 0.05) > 0.7 for row in samples) <= 90
    assert sum(often_reached(row, 0.3, 0.05, upper=False) < 0.3 for row in samples) <= 90
    assert often_reached(samples.ravel(), 0.3, 0.05) == pytest.approx(0.7, abs=0.01)
    assert often_reached(samples[0, :2], 0.3, 0.05) == -np.inf, "two samples say nothing: 0.3^2 is above alpha"


@pytest.mark.parametrize(("name", "least"), [("bechavod2022.resampled_policy", 0.7), ("zoghi2014.rucb", 0.25)])
def test_cases_with_parameters_of_their_own_have_rows(name, least):
    """Bounds with a probability: what some run reaches, over the value at the case's failure probability."""
    (row,) = table([name], search=False, cases=True)
    assert row.method == "default case"
    assert least < row.ratio <= 1.0


# ---------------------------------------------------------------- hill climbing

SPACES = theory.registered("witnesses", "SPACES")
KEPT = json.loads(FOUND.read_text())


@pytest.mark.parametrize("name", sorted(SPACES))
def test_the_worst_instances_are_as_bad_as_they_are_said_to_be(name):
    """Played again, each reaches the ratio that is kept, up to rounding; none violates its bound."""
    assert set(KEPT) == set(SPACES)
    ratio = ratio_at(theory.theorem(name), SPACES[name], KEPT[name]["point"])
    assert ratio == pytest.approx(KEPT[name]["ratio"], rel=1e-6)
    assert ratio <= 1.0 + 1e-9


def test_play_in_numpy_is_that_of_the_engine():
    for name in ("tiapkin2025.nash_mp", "slhf2025.leader_span"):
        case, quantity = SPACES[name].case(KEPT[name]["point"]), theory.theorem(name).quantity
        run = simulate(case.problem, case.learner)
        assert played(case, quantity) == pytest.approx(run.final(quantity)[0], rel=1e-9)


def test_climbing_finds_what_is_bad():
    """From the centre it comes to within a tenth of the best that is known, and stays in the cube."""
    name = "slhf2025.best_response_span"
    point, ratio = climb(theory.theorem(name), SPACES[name], evaluations=60, seed=1)
    assert ratio > 0.9
    assert all(0.0 <= x <= 1.0 for x in point)
    doubled = dataclasses.replace(theory.theorem(name), expression=2 * theory.theorem(name).expression)
    assert ratio_at(doubled, SPACES[name], point) == pytest.approx(ratio / 2, rel=1e-9)


# ---------------------------------------------------------------- the page

PAGE = Path(__file__).parents[2] / "docs" / "tightness.md"


def test_the_page_has_every_theorem_and_a_reason_for_each_low_ratio():
    bounds, loose, page = theory.catalogue(), theory.registered("bounds", "LOOSE"), PAGE.read_text()
    ratios = {name: float(ratio) for name, ratio in re.findall(r"^\| (\w+\.\w+) \| (\S+) \|", page, re.MULTILINE)}
    assert list(ratios) == [bound.name for bound in bounds.values() if not bound.rate_only]
    for name, ratio in ratios.items():
        far = ratio > 10.0 if bounds[name].direction == "lower" else not ratio >= 0.1
        assert far == (name in loose), (name, ratio)
        assert name not in KEPT or ratio >= KEPT[name]["ratio"] - 0.001
    for mapping in (loose, theory.registered("bounds", "WITHOUT_THEOREM")):
        assert all(reason in page for reason in mapping.values())
    assert sum(ratio < 0.05 for ratio in ratios.values()) <= 5
