"""Generation with replay: every adversary, laws of languages, mutants; played by Python."""

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.core.jit import kernel
from bandits.loops import (
    BurnIn,
    CriticalLanguage,
    PeriodicLanguage,
    ReplayGame,
    WitnessProtection,
    closure_dimension,
    every_adversary,
    generators,
    random_adversary,
)
from bandits.protocol import LearnerSteps
from sims import simulate
from tests.laws.enumeration import plays

C = [PeriodicLanguage(4, [r], 8, x) for r, x in ((0, [0, 1, 2]), (1, [1, 2, 3]), (2, [0, 2, 4]))]
CLASSES = [PeriodicLanguage(6, [r]) for r in range(6)]
MODULI = [PeriodicLanguage(m, [r]) for m in (2, 3, 4) for r in range(m)]


def totals(languages, target, shown, learner, rounds=None):
    """Return the sum of each metric over all rows."""
    game = ReplayGame(languages, target, shown, rounds or np.shape(shown)[1])
    run = simulate(game, learner, repetitions=len(game.shown), backend="python")
    return {name: run.final(name).sum() for name in game.metrics}


@pytest.mark.parametrize(("languages", "strings"), [(C, 3), (CLASSES, 2)])
def test_no_adversary_makes_the_generator_err(languages, strings):
    """All plays of four rounds with the least strings of the target, and every replay."""
    for target in range(0, len(languages), 2):
        shown = every_adversary(languages[target], 4, strings)
        found = totals(languages, target, shown, BurnIn())
        assert found["late_errors"] == found["outside"] == 0.0
        if languages is CLASSES:
            assert found["errors"] == 0.0  # nothing to wait for


@pytest.mark.parametrize("target", [1, 2])
def test_a_burn_in_shorter_by_one_is_poisoned(target):
    """Two strings do not tell the languages of C apart: what is put out is replayed, and trusted."""
    found = totals(C, target, every_adversary(C[target], 4, 3), BurnIn(1))
    assert found["late_errors"] > 0.0
    assert found["outside"] > 0.0


def test_all_adversaries_are_listed_once():
    rows = every_adversary(C[1], 3, 2)
    assert len(rows) == 2 * 3 * 4
    assert len(np.unique(rows, axis=0)) == len(rows)
    assert set(rows[:, 2].tolist()) == {1, 2, -1, -2}


def test_errors_are_counted_as_defined():
    """Outputs 0, 0, 0, ... while 1, 2, then the own outputs are shown."""
    found = totals([PeriodicLanguage(2, [1], 3, [1, 2])], 0, [[1, 2, -1, 3]], Zero())
    assert found == {"errors": 4.0, "late_errors": 4.0, "outside": 1.0, "last_error": 4.0}
    found = totals([PeriodicLanguage(2, [1], 3, [0, 1, 2]), PeriodicLanguage(1, [0])], 0, [[1, 2, -1, 3]], Zero(), 3)
    assert found == {"errors": 1.0, "late_errors": 1.0, "outside": 0.0, "last_error": 3.0}


def test_closure_dimensions():
    assert closure_dimension(C) == 2
    assert closure_dimension(CLASSES) == closure_dimension(C[:1]) == 0
    assert closure_dimension([PeriodicLanguage(2, [0], 0, [1, 3, 5]), PeriodicLanguage(2, [1])]) == 3


@settings(max_examples=40)
@given(seed=st.integers(0, 10**6))
def test_the_closure_dimension_is_that_of_its_definition(seed):
    rng = np.random.default_rng(seed)
    languages = [
        PeriodicLanguage(3, [int(rng.integers(3))], 5, rng.permutation(5)[: rng.integers(4)].tolist()) for _ in range(4)
    ]
    window = range(5 + 3)  # one period after all starts: what holds one of its last three strings is infinite
    largest = 0
    for size in range(6):
        for strings in itertools.combinations(range(5), size):
            holding = [language for language in languages if all(x in language for x in strings)]
            shared = [x for x in window if all(x in language for language in holding)]
            if holding and max(shared, default=0) < 5:
                largest = max(largest, size)
    assert closure_dimension(languages) == largest


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), target=st.integers(0, 8), replays=st.sampled_from([0.0, 0.5, 0.9]))
def test_witnesses_are_protected(seed, target, replays):
    """No error once the target's place is reached and sure strings tell it from earlier languages that lack some."""
    game = ReplayGame(MODULI, target, random_adversary(MODULI[target], 16, 1, replays, seed), 16)
    ((_, path),) = plays(game, WitnessProtection(), lambda output, string: (output, string))
    lacking = [one for one in MODULI[:target] if any(x in MODULI[target] and x not in one for x in range(12))]
    outputs, sure, settled = [], [], 16
    for t, (output, string) in enumerate(path.actions):
        if string not in outputs:
            assert string in MODULI[target]
            sure.append(string)
        if t >= target and all(any(x not in one for x in sure) for one in lacking):
            settled = min(settled, t)
        outputs.append(output)
    assert path.metrics["last_error"] <= settled
    assert replays > 0.0 or settled < 16 or target == 8  # reached


EVENS, THREES, ODDS = PeriodicLanguage(2, [0]), PeriodicLanguage(3, [0]), PeriodicLanguage(2, [1])


@pytest.mark.parametrize(
    ("languages", "learner", "shown", "outputs"),
    [
        ([EVENS, THREES, EVENS], WitnessProtection(), [0] * 5, [2, 4, 6, 10, 12]),  # 8 tells the third from the second
        ([EVENS, THREES, EVENS], CriticalLanguage(), [0] * 5, [2] * 5),
        ([PeriodicLanguage(1, [0]), EVENS], WitnessProtection(), [0, 2, 4], [1, 4, 6]),
        ([EVENS, ODDS], WitnessProtection(), [1, 3, 5], [0, 5, 7]),  # none is active in round 0, the last one later
        ([EVENS, ODDS], CriticalLanguage(), [1, 3, 5], [0, 5, 7]),
    ],
)
def test_outputs_by_hand(languages, learner, shown, outputs):
    game = ReplayGame(languages, len(languages) - 1, shown, len(shown))
    ((_, path),) = plays(game, learner, lambda output, string: output)
    assert list(path.actions) == outputs


def test_who_takes_replays_for_examples_errs_for_ever():
    shown = random_adversary(MODULI[8], 24, 4, 0.5, 1)
    plain = random_adversary(MODULI[8], 24, 1, 0.0, 1)
    assert totals(MODULI, 8, plain, CriticalLanguage())["last_error"] <= 8
    assert totals(MODULI, 8, shown, CriticalLanguage())["last_error"] > 4 * 20
    assert totals(MODULI, 8, shown, WitnessProtection())["last_error"] <= 4 * 8


# ---------------------------------------------------------------- mutants


@kernel
def _zero(params, state, string, t, rng):
    return 0


@kernel
def _fresh(params, state, string, t, rng):
    """Put out a new string of some language while burning in."""
    return generators._act(params._replace(burn_in=0), state, string, t, rng)


@kernel
def _any(params, state, string, t, rng):
    """Put out what one language allows, instead of what all do."""
    alone = state.possible.copy()
    for i in range(alone.size):
        alone[i] = state.possible[i] and not alone[:i].any()
    return generators._act(params, generators.ClosureState(state.seen, state.n_seen, alone), string, t, rng)


@dataclass(frozen=True)
class Zero(BurnIn):
    steps = LearnerSteps(generators._init, _zero, generators._update)


@pytest.mark.parametrize("act", [_fresh, _any])
def test_mutants_are_poisoned(act):
    own = type("Own", (BurnIn,), {"steps": LearnerSteps(generators._init, act, generators._update)})
    found = totals(C, 2, every_adversary(C[2], 4, 3), own())
    assert found["late_errors"] > 0.0
