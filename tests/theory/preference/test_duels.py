"""Bounds of duels: values by hand, plays below them, growth by decades, and mutants that verification rejects."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from scipy import stats

import theory
from bandits.preference import (
    RUCB,
    DoubleThompsonSampling,
    DuelingBandit,
    PreferenceGame,
    SparringExp3,
    VersatileDB,
    games,
)
from sims import simulate
from theory.bound import ETA, K, T
from theory.cases import default_cases
from theory.preference.duels.bounds import ALPHA, BOUNDS, HARDNESS, INVERSE_GAPS, PAIR_GAPS
from theory.verification import bound_value

SPARRING, VERSATILE, RUCB_BOUND = "ailon2014.sparring_exp3", "saha2022.versatile_db", "zoghi2014.rucb"
LOGARITHMS = ("saha2022.versatile_db_gaps", "wu2016.double_thompson")
VERSATILE_GAPS = LOGARITHMS[0]
CYCLE = DuelingBandit(games.rock_paper_scissors(0.3), 100)
SURE = {"failure_probability": 0.1}


def value(name, problem, learner, **given):
    return bound_value(name, problem, learner, given or "own")


def test_values_by_hand():
    """With Delta = 0, 1/6, 1/3 for three actions, and C = (2 * 2 * 3 * 2 / (3 * 0.1))^(1/3) for RUCB."""
    problem = DuelingBandit(games.arithmetic(3), 2000)
    assert value(SPARRING, problem, SparringExp3()) == pytest.approx(math.sqrt(2 * 2000 * 3 * math.log(3)), rel=1e-12)
    limit = 4 * math.sqrt(6000) - 2 * math.sqrt(2000) - math.sqrt(3)
    assert value(VERSATILE, problem, VersatileDB()) == pytest.approx(limit, rel=1e-12)
    late, pairs = (24 / 0.3) ** (1 / 3), [(1 / 12, 1 / 6), (1 / 6, 1 / 3), (1 / 4, 1 / 6)]  # cost per round, least gap
    limit = late / 3 + sum(cost * (4 * 2 * math.log(2000) / least**2 + 1) for cost, least in pairs)
    assert value(RUCB_BOUND, problem, RUCB(2.0), **SURE) == pytest.approx(limit, rel=1e-12)
    limit = 9 * (7 * math.log(2000) + 4) + 14 * math.sqrt(3)
    assert value(VERSATILE_GAPS, problem, VersatileDB()) == pytest.approx(limit, rel=1e-12)


def test_constants_of_the_logarithm():
    """Those of the proof of Versatile-DB's second bound, on a fine grid of probabilities and a million rounds."""
    p, t = np.linspace(0.0, 1.0, 100_001), np.arange(1.0, 1e6)
    assert (1.0 - p + np.sqrt(p)).max() <= 1.25 + 1e-12
    assert (p**1.5 * (1.0 - p) + np.sqrt(p)).max() <= 1.05
    penalty = 2.0 * (np.sqrt(t) - np.sqrt(t - 1.0)) * np.sqrt(t)
    moves = np.where(t > 16, 1.25 + 1.05 / np.maximum(np.sqrt(t) - 1.0, 1.0), 0.0)
    assert penalty[1:16].max() <= 1.172
    assert (penalty + moves)[16:].max() <= 2.62
    assert (np.cumsum((penalty + moves) ** 2 / t) <= 7.0 * np.log(t) + 4.0).all()
    assert (1.0 / np.sqrt(t[:16])).sum() <= 6.67
    assert 2 * 6.67 <= 14


def test_narrow_intervals_leave_the_first_rounds_alone():
    """C passes every float for alpha near 1/2, but no more than T rounds can go wrong."""
    problem = DuelingBandit(games.arithmetic(10), 1000)
    limit = value(RUCB_BOUND, problem, RUCB(0.5001), **SURE)
    assert math.isfinite(limit)
    assert limit > 1000 * 0.45


def test_exponents():
    assert [b.exponent("horizon") for b in BOUNDS] == [Fraction(1, 2), Fraction(1, 2), 0, 0, 0]
    assert theory.theorem(VERSATILE).exponent("n_actions") == Fraction(1, 2)
    assert theory.theorem(VERSATILE_GAPS).exponent("inverse_gaps") == 1
    assert theory.theorem(LOGARITHMS[1]).exponent("n_actions") == 2


def test_assumptions():
    winner = DuelingBandit(games.bradley_terry([0.0, 2.0, 1.0]), 10)
    rows = PreferenceGame(games.rock_paper_scissors(), 10)
    for bound in BOUNDS:
        assert bound.applies(winner, None) == []
        assert "feedback is duel" in bound.applies(rows, None)
        needs_winner = bound.name in (RUCB_BOUND, *LOGARITHMS)
        assert bound.applies(CYCLE, None) == (["one action beats all others"] if needs_winner else [])
    tied = DuelingBandit([[0.5, 0.5], [0.5, 0.5]], 10)
    assert theory.theorem(RUCB_BOUND).applies(tied, None) == ["one action beats all others"]


def test_learners_use_the_tuning_that_minimises_the_bound():
    best = theory.theorem(SPARRING).tunings[0].best.subs({T: 2000, K: 10})
    rate = SparringExp3().parameters(DuelingBandit(games.arithmetic(10), 2000)).learning_rate
    assert float(best) == pytest.approx(rate, rel=1e-12)


# ---------------------------------------------------------------- the bounds against play


def cases(name):
    return [case.make() for case in default_cases([name])]


@pytest.mark.parametrize(("name", "least"), [(SPARRING, 0.6), (VERSATILE, 0.3), (VERSATILE_GAPS, 0.14)])
def test_hard_duels_come_near_the_bounds(name, least):
    """Certified means, wrong with probability 1e-6 each; the estimate is above the stated share of the bound."""
    ((problem, learner, options),) = cases(name)
    verdict = theory.verify(name, problem, learner, **options)
    assert verdict.holds, verdict.explain()
    assert verdict.ratio > least
    assert name == VERSATILE_GAPS or theory.verify(name, CYCLE, learner).vacuous, "no action of a cycle has a gap"


def test_rucb_stays_below_its_bound():
    for problem, learner, options in cases(RUCB_BOUND):
        verdict = theory.verify(RUCB_BOUND, problem, learner, **options)
        assert verdict.holds, verdict.explain()
        assert verdict.bound_value == options["parameters"]["failure_probability"]


CLAIMS = {
    "the number of actions forgotten": (SPARRING, 2 * sp.sqrt(2 * T)),
    "one side's step counted alone": (SPARRING, sp.log(K) / (2 * ETA)),
    "the root of K forgotten": (VERSATILE, 2 * sp.sqrt(T)),
    "a logarithm for every game": (VERSATILE, 10 * sp.log(T)),
    "the gaps forgotten": (VERSATILE_GAPS, 7 * sp.log(sp.log(T))),
    "half a logarithm": (VERSATILE_GAPS, sp.log(T) * INVERSE_GAPS / 2),
    "the logarithm forgotten": (RUCB_BOUND, ALPHA * HARDNESS + PAIR_GAPS),
    "each pair compared once": (RUCB_BOUND, PAIR_GAPS + sp.log(T)),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_bounds_that_claim_too_much_are_broken(claim):
    name, expression = CLAIMS[claim]
    bound = replace(theory.theorem(name), expression=expression)
    problem, learner, options = cases(name)[0]
    assert theory.verify(bound, problem, learner, **options).broken


# ---------------------------------------------------------------- logarithms


def check_logarithmic(learner):
    """A decade more adds less than sqrt(10) times the last one's regret: a t test that would say so by luck in 0.1 %.

    A logarithm adds the same each decade, a root of T sqrt(10) = 3.2 times as much.
    """
    regret = []
    for horizon in (1000, 10_000, 100_000):  # one game each: a learner may know its horizon
        problem = DuelingBandit(games.arithmetic(3), horizon)
        regret.append(simulate(problem, learner, repetitions=16, seed=1, checkpoints=[horizon]).final("regret"))
    first, second, third = regret
    slower = math.sqrt(10.0) * (second - first) - (third - second)
    assert stats.ttest_1samp(slower, 0.0, alternative="greater").pvalue < 1e-3


@pytest.mark.parametrize("learner", [RUCB(), DoubleThompsonSampling(), VersatileDB()], ids=lambda x: x.name)
def test_regret_grows_like_a_logarithm(learner):
    check_logarithmic(learner)


def test_a_root_of_the_horizon_is_no_logarithm():
    with pytest.raises(AssertionError):
        check_logarithmic(SparringExp3())
