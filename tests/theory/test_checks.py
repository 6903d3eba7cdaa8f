"""The kinds of check behind `verify`: what is said of a bound, how often it may be wrong, mutants of the checks."""

import inspect
import math
import sys
import types
from dataclasses import dataclass, replace

import pytest
import sympy as sp

import theory
from bandits.core.exponential_weights import draw
from bandits.core.jit import kernel
from bandits.core.rng import uniform_pair
from bandits.losses import LossTable
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import BatchedExp3, Exp3, FullInformation, Hedge, ShrinkingDartboard, SwitchingCostGame
from sims import simulate
from tests.drivers import play_plainly
from tests.theory.scripted import Coin, Scripted, claim
from theory import checks, verification, verify
from theory.bound import T
from theory.cases import freeze
from theory.confidence import RangeViolation
from theory.switching import exact
from theory.switching.witnesses import alternating, costly_losses, steady

# ---------------------------------------------------------------- how often a verdict is wrong


@pytest.mark.parametrize("direction", ["upper", "lower"])
def test_verdicts_on_a_mean_at_the_bound_are_seldom_decided(direction):
    """Mean 4 against a bound of 4, alpha 0.05: each side is said with probability at most 0.05 (100 seeds).

    More than 16 of 100 would have probability 2e-5.
    """
    said = [
        verify(claim(4, direction=direction), Scripted(), Coin(0.4), alpha=0.05, max_repetitions=200, seed=s).outcome
        for s in range(100)
    ]
    assert said.count("holds") <= 16
    assert said.count("broken") <= 16
    assert said.count("undecided") >= 75


@pytest.mark.parametrize(
    ("direction", "chance", "outcome"),
    [("upper", 0.2, "holds"), ("upper", 0.6, "broken"), ("lower", 0.6, "holds"), ("lower", 0.2, "broken")],
)
def test_means_off_the_bound_are_decided_both_ways(direction, chance, outcome):
    verdict = verify(claim(4, direction=direction), Scripted(), Coin(chance), alpha=1e-6, seed=3)
    assert verdict.outcome == outcome
    assert verdict.kind == "certified Monte Carlo"
    assert verdict.error_probability == 1e-6
    assert verdict.low <= 10 * chance <= verdict.high  # false alarm 2e-6
    assert (verdict.low_possible, verdict.high_possible) == (0.0, 10.0)
    assert verdict.ratio == pytest.approx(verdict.estimate / 4.0)


@pytest.mark.parametrize("direction", ["upper", "lower"])
@pytest.mark.parametrize(("delta", "outcome"), [(0.4, "holds"), (0.1, "broken")])
def test_a_bound_with_probability_is_about_the_share_beyond_it(direction, delta, outcome):
    """A share 0.25 of runs is beyond 4: fine for delta = 0.4, not for 0.1, though the mean obeys either."""
    coin = Coin(0.25, delta=delta) if direction == "upper" else Coin(0.75, delta=delta)
    bound = claim(4, direction=direction, mode="probability")
    verdict = verify(bound, Scripted(), coin, alpha=1e-6)
    assert verdict.outcome == outcome
    assert (verdict.direction, verdict.bound_value) == ("upper", delta)
    assert verdict.low <= 0.25 <= verdict.high  # false alarm 2e-6
    assert verdict.quantity == f"share of runs with score {'above' if direction == 'upper' else 'below'} 4"
    assert verdict.ratio == (2.5 if (direction == "upper") == (delta < 0.25) else 0.0)  # that quantile is 10 or 0, of 4
    assert "of the runs stay within" in verdict.explain()
    assert f"The worst run: {10 if direction == 'upper' else 0}." in verdict.note


def test_a_run_at_the_bound_is_not_beyond_it():
    for direction, at in (("upper", 4.0), ("lower", 4.0)):
        bound = claim(4, direction=direction, mode="probability")
        assert verify(bound, Scripted(), Coin(0.5, low=at, high=at)).estimate == 0.0


def test_failure_probability_comes_from_parameters_learner_or_problem():
    bound = claim(4, mode="probability")
    assert verify(bound, Scripted(), Coin(0.0), parameters={"failure_probability": 0.3}).bound_value == 0.3
    nobody = Coin(0.0, delta=None)
    with pytest.raises(TypeError, match="needs failure_probability, which neither the problem nor the learner has"):
        verify(bound, Scripted(), nobody)


@pytest.mark.parametrize("direction", ["upper", "lower"])
def test_a_claim_about_every_path_falls_with_one_path(direction):
    """A score of 10 (of 0) comes once in 200: 688 repetitions miss it with probability 0.03, seed 0 does not."""
    coin = Coin(1 / 200) if direction == "upper" else Coin(1 - 1 / 200)
    broken = verify(claim(4, direction=direction, mode="every path"), Scripted(), coin, alpha=1e-3)
    assert broken.broken
    assert broken.kind == "sampled paths"
    assert broken.estimate == (10.0 if direction == "upper" else 0.0)
    assert broken.error_probability == 0.0, "a witness is certain"


PATHS = claim(4, mode="every path")


def test_sampled_paths_bound_the_share_that_violates_a_claim_and_do_not_show_it():
    verdict = verify(PATHS, Scripted(), Coin(1.0, high=4.0), alpha=1e-3)
    assert (verdict.outcome, verdict.kind) == ("no violation found", "sampled paths")
    assert not verdict.holds
    assert verdict.repetitions == math.ceil(math.log(1e-3) / math.log(0.99))
    assert 0.0099 < verdict.share <= 0.01
    assert "was violated on none of 688 paths" in verdict.explain()
    assert "confidence 1 - 0.001 a share of at most 0.01 of all paths violates" in verdict.explain()
    finer = verify(PATHS, Scripted(), Coin(1.0, high=4.0), alpha=1e-3, share=0.001)
    assert 0.00099 < finer.share <= 0.001
    few = verify(PATHS, Scripted(), Coin(1.0, high=4.0), alpha=1e-3, max_repetitions=5)
    assert (few.outcome, few.repetitions_needed) == ("undecided", 688)


def test_paths_with_a_violation_more_often_than_the_share_are_seldom_missed():
    """Violated on 2 paths in 100 where share 0.01 at alpha 0.05 is claimed of none: missed with 0.98^299 = 0.0024.

    More than 3 of 100 seeds would have probability 1e-4.
    """
    said = [verify(PATHS, Scripted(), Coin(0.02), alpha=0.05, seed=s).outcome for s in range(100)]
    assert said.count("no violation found") <= 3
    assert set(said) <= {"no violation found", "broken"}


@dataclass(frozen=True)
class Fixed(Scripted):
    """A problem of which the first three repetitions are all the plays there are."""

    def plays(self, learner):
        return 3


def test_a_claim_holds_on_every_path_where_all_are_played():
    """Seed 0 draws 0.64, 0.27, 0.04: a score of 10 only below 0.05 is in the third play."""
    verdict = verify(PATHS, Fixed(), Coin(0.03))
    assert (verdict.outcome, verdict.kind, verdict.repetitions) == ("holds", "every path", 3)
    assert verdict.error_probability == 0.0
    assert "holds on every path" in verdict.explain()
    assert verify(PATHS, Fixed(), Coin(0.05)).broken
    assert not verify(PATHS, Fixed(), Coin(0.03), max_repetitions=2).holds, "two plays of three"


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e9])
def test_an_equality_on_a_path_may_be_off_by_rounding_of_its_size(size):
    """Beyond T = 100 terms in [0, 1], only in the last digits; a millionth of its size is no rounding."""
    rounded, off = size * (1.0 + 1e-15), size * (1.0 + 1e-6) + 1e-8
    assert verify(claim(size, mode="every path"), Wide(), Coin(1.0, high=rounded)).outcome == "no violation found"
    assert verify(claim(size, mode="every path"), Wide(), Coin(1.0, high=off)).broken


class Wide(Scripted):
    """A problem whose score is not bounded."""

    metric_range = None


# ---------------------------------------------------------------- what is drawn


def test_batches_grow_and_no_repetition_is_drawn_twice(monkeypatch):
    calls = []

    def recorded(problem, learner, *, repetitions, first_repetition, **rest):
        calls.append((first_repetition, repetitions))
        return simulate(problem, learner, repetitions=repetitions, first_repetition=first_repetition, **rest)

    monkeypatch.setattr("sims.simulate", recorded)
    verdict = verify(claim(4), Scripted(), Coin(0.4), max_repetitions=500)
    assert verdict.undecided
    assert calls == [(0, 64), (64, 64), (128, 64), (192, 96), (288, 144), (432, 68)]
    every = Coin(0.4).play(Scripted(), 0, 0, 500, None)
    assert verdict.estimate == every.mean()


def test_the_same_seed_gives_the_same_verdict():
    once, again, other = (replace(verify(claim(5), Scripted(), Coin(0.4), seed=s), seconds=0.0) for s in (1, 1, 2))
    assert once == again
    assert once != other


def test_undecided_says_how_many_repetitions_would_decide():
    """From 1000 repetitions the promise is good to within a factor 2 (seed 1)."""
    few = verify(claim(4.5), Scripted(), Coin(0.4), max_repetitions=1000, seed=1)
    assert few.undecided
    promised = int(few.note.split("about ")[1].split()[0])
    enough = verify(claim(4.5), Scripted(), Coin(0.4), seed=1)
    assert enough.holds
    assert promised / 2 <= enough.repetitions <= 2 * promised


def test_undecided_goes_on_until_decided_where_that_is_in_sight(monkeypatch):
    few = verify(claim(4.5), Scripted(), Coin(0.4), max_repetitions=1000, until_decided=True, seed=1)
    assert few.holds
    assert few.repetitions > 1000
    monkeypatch.setattr(checks, "DECIDING_LIMIT", 1200)
    capped = verify(claim(4.5), Scripted(), Coin(0.4), max_repetitions=1000, until_decided=True, seed=1)
    assert (capped.outcome, capped.repetitions) == ("undecided", 1000)
    assert 1200 < capped.repetitions_needed < 20_000
    never = verify(claim(4), Scripted(), Coin(1.0, high=4.0), max_repetitions=100, until_decided=True)
    assert (never.outcome, never.repetitions, never.repetitions_needed) == ("undecided", 100, math.inf)
    assert "no number of repetitions is in sight" in never.note


@pytest.mark.parametrize("mode", ["expectation", "every path", "probability"])
@pytest.mark.parametrize(("bound", "direction"), [(10, "upper"), (0, "lower")])
def test_a_bound_that_nothing_can_break_is_vacuous(bound, direction, mode):
    verdict = verify(claim(bound, direction=direction, mode=mode), Scripted(), Coin(0.5))
    assert verdict.vacuous
    assert not verdict.holds
    assert verdict.error_probability == 0.0
    assert "is vacuous" in verdict.explain()


def test_a_sample_outside_the_proven_range_is_an_error():
    with pytest.raises(RangeViolation, match="outside its range"):
        verify(claim(2), Scripted(top=5.0), Coin(0.5))


# ---------------------------------------------------------------- exact checks, on real learners

SHORT = SwitchingCostGame(LossTable(costly_losses(14, 2, 0.8)), 14, 0.0)


def test_an_exact_value_stands_beside_the_certified_mean_of_the_code():
    expected = exact.exp3(costly_losses(14, 2, 0.8), Exp3().parameters(SHORT).learning_rate).regret()
    verdict = verify("bubeck2012.exp3", SHORT, Exp3())
    assert verdict.holds
    assert (verdict.kind, verdict.estimate, verdict.exact) == ("exact expectation", expected, expected)
    assert verdict.low <= expected <= verdict.high <= verdict.bound_value
    assert (verdict.false_holds, verdict.false_broken) == (1e-6, 1e-6)
    assert "it plays each action in each round as often as the algorithm" in verdict.explain()
    bound = theory.theorem("bubeck2012.exp3")

    def scaled(factor):
        return replace(bound, expression=bound.expression * sp.Float(factor * expected / verdict.bound_value))

    assert verify(scaled(0.8), SHORT, Exp3()).broken
    for factor in (0.999, 1.001):  # known to be beyond and within, and not certified of the code
        near = verify(scaled(factor), SHORT, Exp3(), max_repetitions=500)
        assert near.undecided
        assert near.repetitions_needed > 500


def test_code_that_does_not_follow_the_law_is_judged_by_its_samples(monkeypatch):
    true = exact.exact_play(SHORT, Exp3())
    monkeypatch.setattr(exact, "exact_play", lambda *_: replace(true, loss=true.loss - 3.0))
    verdict = verify("bubeck2012.exp3", SHORT, Exp3())
    assert verdict.holds
    assert verdict.kind == "certified Monte Carlo"
    assert math.isnan(verdict.exact)
    assert "The code is not the algorithm, whose exact regret is" in verdict.note


@pytest.mark.slow
def test_worst_losses_of_two_actions():
    game = SwitchingCostGame(LossTable(alternating(200, 2)), 200, 1.0, FullInformation())
    verdict = verify("geulen2010.shrinking_dartboard", game, ShrinkingDartboard(), method="worst")
    assert (verdict.kind, verdict.outcome, round(verdict.estimate, 4)) == ("every input", "holds", 16.3616)
    free = replace(game, switching_cost=0.0)
    bound = theory.theorem("cesabianchi2006.hedge")
    halved = replace(bound, expression=bound.expression / 2)
    assert verify(bound, free, Hedge(), method="worst").holds
    assert verify(halved, free, Hedge(), method="worst").broken


def test_frozen_losses_are_those_that_are_played():
    walk = MultiScaleRandomWalk(3)
    game = SwitchingCostGame(walk, 100)
    played = play_plainly(game, BatchedExp3(), repetitions=3, seed=9)[:, -1, game.metrics.index("best_loss")]
    tables = [freeze(walk, 100, seed=9, repetition=r).table for r in range(3)]
    assert played == pytest.approx([table.sum(axis=0).min() for table in tables], rel=1e-13)


# ---------------------------------------------------------------- mutants of the checks


def check_directions(verify):
    assert verify(claim(4, direction="lower"), Scripted(), Coin(0.6)).holds
    assert verify(claim(4, direction="lower"), Scripted(), Coin(0.2)).broken


def check_fresh_repetitions(verify):
    verdict = verify(claim(4), Scripted(), Coin(0.4), max_repetitions=500, seed=1)
    assert verdict.estimate == Coin(0.4).play(Scripted(), 1, 0, 500, None).mean()


def check_a_single_path(verify):
    assert verify(claim(4, mode="every path"), Scripted(), Coin(1 / 200), alpha=1e-3).broken


def check_share_at_the_bound(verify):
    assert verify(claim(4, mode="probability"), Scripted(), Coin(1.0, high=4.0)).holds


def check_share_of_lower_bounds(verify):
    assert verify(claim(4, mode="probability", direction="lower"), Scripted(), Coin(0.95, delta=0.3)).holds


def check_slow_growth(verify):
    bound = claim(T ** sp.Rational(2, 3), direction="lower", rate_only=True)
    assert verify(bound, Scripted(), Coin(0.5, low=0.9, high=1.1, power=0.5)).broken


def check_path_beyond(verify):
    assert verify(PATHS, Scripted(), Coin(1.0, high=5.0)).broken


def check_paths_are_not_shown(verify):
    assert not verify(PATHS, Scripted(), Coin(1.0, high=3.0), alpha=1e-3).holds


def check_few_repetitions(verify):
    assert verify("cesabianchi2006.hedge", PLAIN, Hedge(), max_repetitions=1).undecided


def check_code_beside_the_law(verify):
    """Hedge's law is within the bound; the code plays the worse action in one round in 3."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Hedge, "steps", Hedge.steps._replace(act=act_carelessly))
        assert verify("cesabianchi2006.hedge", PLAIN, Hedge(), alpha=1e-3).broken


PLAIN = SwitchingCostGame(LossTable(steady(200, 2)), 200, 0.0, FullInformation())


@kernel
def act_carelessly(params, state, t, rng):
    pick, fault = uniform_pair(rng, t, 0)
    return 1 if fault < 1 / 3 else draw(state, pick)


SIGN = 'sign = 1.0 if base.direction == "upper" else -1.0'
EDITS = {
    "lower bounds tested as upper ones": (check_directions, f"    {SIGN}\n    test", "    sign = 1.0\n    test"),
    "the same repetitions again": (check_fresh_repetitions, "first_repetition=len(self.values)", "first_repetition=0"),
    "mean of the paths": (check_a_single_path, "x.max() if base", "x.mean() if base"),
    "at the bound is beyond": (check_share_at_the_bound, "x > limit", "x >= limit"),
    "runs above a lower bound counted": (check_share_of_lower_bounds, "else x < limit", "else x > limit"),
    "rates of lower bounds tested as upper ones": (
        check_slow_growth,
        f"    {SIGN}\n    nearest",
        "    sign = 1.0\n    nearest",
    ),
    "tolerance of a bound's own size": (
        check_path_beyond,
        "rounding_of_a_path(problem, worst, base.bound_value):",
        "base.bound_value:",
    ),
    "paths that were sampled taken for all": (
        check_paths_are_not_shown,
        'outcome="no violation found", share',
        'outcome="holds", share',
    ),
    "the law taken for the code": (
        check_few_repetitions,
        'kind="exact expectation", estimate',
        'kind="exact expectation", outcome="holds", estimate',
    ),
    "disagreement overlooked": (
        check_code_beside_the_law,
        "    if against:\n",
        "    return replace(sampled, outcome='holds')\n    if against:\n",
    ),
}


@pytest.mark.parametrize(("check", "old", "new"), EDITS.values(), ids=EDITS)
def test_mutants_of_the_checks_are_rejected(check, old, new, monkeypatch):
    check(verify)
    text = inspect.getsource(checks)
    assert text.count(old) == 1
    mutant = types.ModuleType(checks.__name__)
    monkeypatch.setitem(sys.modules, checks.__name__, mutant)  # dataclasses look up their module
    exec(compile(text.replace(old, new), "<mutant of theory.checks>", "exec"), vars(mutant))
    monkeypatch.setattr(verification, "checks", mutant)
    with pytest.raises(AssertionError):
        check(verify)
