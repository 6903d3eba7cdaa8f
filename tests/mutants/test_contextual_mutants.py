"""Wrong laws, oracles and learners of contextual bandits, each rejected by the check that the right one passes."""

import inspect
import textwrap
from dataclasses import replace

import numpy as np
import pytest

from bandits.contextual import (
    Aggregating,
    ContextualExp4,
    ContextualGame,
    InverseGapWeighting,
    LeastMeanSquares,
    Mixture,
    PlayedPair,
    Ridge,
    TableWorld,
    VovkAzouryWarmuth,
    finite,
    gap_weighting,
    laws,
    linear,
    oracles,
    routing,
)
from bandits.core import linear_algebra
from bandits.core.jit import kernel
from bandits.delays import updated_late
from bandits.switching import exp4
from tests.bandits.contextual import checks
from tests.drivers import plain
from tests.laws import test_contextual as exact
from tests.mutants.rejection import rejected
from theory import theorem
from theory.contextual.cases import CASES
from theory.switching.exact.trees import exp3
from theory.testing import assert_bound_broken, assert_bound_holds


def mutant(function, old, new, **names):
    """Return a kernel with one wrong edit of its text, which occurs once; names: what it calls instead."""
    text = inspect.getsource(function.py_func).partition("def ")[2]
    assert text.count(old) == 1, (text.count(old), old)
    made = dict(function.py_func.__globals__) | names
    exec(textwrap.dedent("def " + text.replace(old, new)), made)
    return kernel(made[function.py_func.__name__])


def edited(factory, old, new):
    """Return a factory of the steps of learners around others with one wrong edit of its text, which occurs once."""
    text = inspect.getsource(factory.__wrapped__).partition("def ")[2]
    assert text.count(old) == 1, (text.count(old), old)
    made = dict(factory.__wrapped__.__globals__)
    exec("def " + text.replace(old, new), made)
    return made[factory.__name__]


# ---------------------------------------------------------------- laws

GUESS, F = np.array([0.5, 0.2, 0.9, 0.2]), np.array([0.1, 0.2, 1.0, 0.4])


def wrong_law(old, new):
    return plain(mutant(laws.write_law, old, new))


@pytest.mark.parametrize("gamma", ["gamma / 2.0", "2.0 * gamma"])
def test_wrong_scales_of_the_exact_rule(gamma):
    inner = mutant(laws._exact, "gamma * (", f"{gamma} * (")
    checks.exact_is_an_equality(8.0, GUESS)
    rejected(
        checks.exact_is_an_equality,
        8.0,
        GUESS,
        plain(mutant(laws.write_law, "rest = alike", "rest = alike", _exact=inner)),
    )


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("squarecb", "1.0 / (guess.size + level * gap)", "1.0 / (guess.size - 1 + level * gap)"),
        ("squarecb", "law[best] = rest", "law[best] = 1.0 / guess.size"),
        ("fastcb", "least / where(", "1.0 / where("),
        ("greedy", "level / guess.size", "level"),
    ],
)
def test_wrong_laws(rule, old, new):
    level = 0.6 if rule == "greedy" else 8.0
    checks.is_a_law(rule, level, GUESS)
    wrong = wrong_law(old, new)
    if rule == "fastcb":  # a law, but its scale is not that of the losses
        right, moved = (checks.law(rule, level, scale * GUESS, wrong) for scale in (1.0, 4.0))
        assert np.abs(right - moved).max() > 0.01
    else:
        rejected(checks.is_a_law, rule, level, np.zeros(4) if "- 1" in new else GUESS, wrong)


@pytest.mark.parametrize("sign", [">", "<="])
def test_largest_and_last_predictions(sign):
    """The greatest in the place of the least, and the last of ties."""
    best = mutant(linear_algebra.first_least, "values[i] < least", f"values[i] {sign} least")
    wrong = plain(mutant(laws.write_law, "rest = alike", "rest = alike", first_least=best))
    assert checks.law("greedy", 0.2, GUESS).argmax() == 1
    assert checks.law("greedy", 0.2, GUESS, wrong).argmax() == (2 if sign == ">" else 3)


# ---------------------------------------------------------------- oracles

RNG = np.random.default_rng(1)
ROWS, VALUES = RNG.uniform(-1.0, 1.0, (8, 3)), RNG.uniform(0.0, 1.0, 8)


def steps_of(oracle, **changed):
    return oracle.steps._replace(**changed)


def test_ridge_regression_is_not_the_forward_algorithm():
    checks.forward_identity(VovkAzouryWarmuth(), ROWS, VALUES)
    checks.ridge_identity(Ridge(), ROWS, VALUES)
    rejected(checks.forward_identity, Ridge(), ROWS, VALUES)
    rejected(checks.ridge_identity, VovkAzouryWarmuth(), ROWS, VALUES)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("scaled = image[i] / growth", "scaled = image[i]"),
        ("math.log(growth)", "math.log(growth) / 2.0"),
        ("state.log_det[model] += math.log(growth)", "pass"),
        ("miss = (loss - guess) / growth", "miss = loss - guess"),
    ],
)
def test_wrong_updates_of_least_squares(old, new):
    changed = mutant(oracles._rank_one, old, new)
    learn = mutant(oracles.ridge_learn, "return state", "return state", _rank_one=changed)
    rejected(checks.ridge_identity, Ridge(), ROWS, VALUES, steps_of(Ridge, learn=learn))


def test_gradient_steps_of_half_the_size():
    oracle, u = LeastMeanSquares(1.0, 0.3), np.array([0.5, -0.25, 0.1])
    checks.gradient_identity(oracle, ROWS, VALUES, u)
    learn = mutant(oracles._gradient_learn, "params.learning_rate", "0.5 * params.learning_rate")
    rejected(checks.gradient_identity, oracle, ROWS, VALUES, u, steps_of(LeastMeanSquares, learn=learn))


@pytest.mark.parametrize("rate", [3.0, 4.0])
def test_aggregation_at_higher_rates(rate):
    """Squares are not mixable there: the regret of two functions exceeds (ln 2) / 2."""
    changed = {"predict": finite._aggregate, "learn": finite._learn_square}
    changed = {name: _at_rate(step, rate) for name, step in changed.items()}
    worst = checks.worst_of_two(Aggregating(), 12, steps_of(Aggregating, **changed))
    assert worst == pytest.approx({3.0: 0.428, 4.0: 0.679}[rate], abs=1e-3)
    assert worst > np.log(2.0) / 2.0


def _at_rate(step, rate):
    text = inspect.getsource(step.py_func).partition("def ")[2].replace("0.25 * math", f"{0.5 / rate} * math")
    made = dict(step.py_func.__globals__) | {"_RATE": rate}
    exec("def " + text, made)
    return kernel(made[step.py_func.__name__])


def expected_errors(learner):
    """The oracle's expected regret is that of the squared errors."""
    found = exact.expected(ContextualGame(exact.TWO, 2), learner)
    assert found["oracle_regret"] == pytest.approx(found["estimation"], abs=1e-9)
    assert found["triangular"] == pytest.approx(exact.ANSWERS["fastcb"][2][2], abs=1e-8)


@pytest.mark.parametrize(
    ("factory", "old", "new"),
    [
        ("_reading", "learn(params, oracle, seen.context, arm, seen.loss)", "oracle"),
        ("_reading", "seen.context, arm, seen.loss", "seen.context, 0, seen.loss"),
        ("_steps", "seen, arm_of(play)", "seen._replace(loss=seen.loss / state.law[play.arm]), arm_of(play)"),
    ],
)
def test_mixture_that_learns_wrongly(factory, old, new, monkeypatch):
    """Nothing, the first action's loss whatever was played, or losses weighted by 1 / p."""
    right = InverseGapWeighting("fastcb", 4.0, Mixture())
    expected_errors(right)
    monkeypatch.setattr(gap_weighting, factory, edited(getattr(gap_weighting, factory), old, new))
    rejected(expected_errors, right)


PAIR_EDITS = [
    ("costs[a], asked.preference)", "costs[a], 1.0 - asked.preference)"),
    ("weighed(state.guess[a], costs[a], asked.preference)", "state.guess[a]"),
    ("1.0 - seen.quality", "seen.quality"),
    ("1.0 - seen.quality", "seen.loss"),
    ("features, arm, seen.cost", "features, arm, seen.loss"),
    ("features, arm, seen.cost", "features, 1 - arm, seen.cost"),
    ("learn(params, pair.cost,", "learn(params, pair.shortfall,"),
]


@pytest.mark.parametrize("edit", PAIR_EDITS)
def test_pairs_that_are_weighed_or_learnt_wrongly(edit, monkeypatch):
    """The preference turned round or left out, quality for its shortfall, the loss for either, the other's oracle."""
    exact.pairs_are_right()
    monkeypatch.setattr(gap_weighting, "_reading", edited(gap_weighting._reading, *edit))
    rejected(exact.pairs_are_right)


@pytest.mark.slow
def test_preferences_turned_round_break_the_bound(monkeypatch):
    """alpha = 1e-6 each; the right learner keeps the bound, and breaks a fifth of it."""
    bound, case = theorem("ours.pair_gap_weighting"), CASES["ours.pair_gap_weighting"]()
    game = replace(case.problem, horizon=2**13)
    assert_bound_holds(bound, game, case.learner)
    assert_bound_broken(replace(bound, expression=bound.expression / 5), game, case.learner)
    monkeypatch.setattr(gap_weighting, "_reading", edited(gap_weighting._reading, *PAIR_EDITS[0]))
    assert_bound_broken(bound, game, case.learner)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("world.coin < pairs.shortfalls[query, arm]", "world.coin >= pairs.shortfalls[query, arm]"),
        ("pairs.costs[query, arm]), world", "pairs.costs[query, 0]), world"),
        ("world.context // pairs", "world.context % pairs"),
    ],
)
def test_pairs_that_are_revealed_wrongly(old, new, monkeypatch):
    respond = mutant(routing._respond, old, new)
    monkeypatch.setattr(PlayedPair, "steps", PlayedPair.steps._replace(respond=respond))
    rejected(exact.pairs_are_right)


def test_late_updates_without_their_number_of_copies():
    exact.late_updates_are_right(exact.OPPOSITE, 2, 5)
    rejected(exact.late_updates_are_right, exact.OPPOSITE, 2, 5, copies=2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("arrivals.actions[j], seen", "1 - arrivals.actions[j], seen"),
        ("arrivals.actions[j], seen", "action.arm, seen"),
        ("range(arrivals.n)", "range(arrivals.n - 1)"),
        ("feedback_at(arrivals.feedback, j)", "feedback_at(arrivals.feedback, 0 * j + 1)"),
    ],
)
def test_wrong_late_updates(old, new, monkeypatch):
    """The other action, that of the round in which the feedback arrives, none at all, the feedback of before."""
    monkeypatch.setattr(updated_late, "_steps", edited(updated_late._steps, old, new))
    rejected(exact.late_updates_are_right, exact.TWO, 1, 4)


@pytest.mark.slow
def test_late_updates_that_break_their_bounds(monkeypatch):
    """alpha = 1e-6 each; a right learner keeps the bound and breaks half of it, and one without updates breaks it."""
    bound, case = theorem("ours.late_estimation"), CASES["ours.late_estimation"]()
    assert_bound_holds(bound, case.problem, case.learner)
    assert_bound_broken(replace(bound, expression=bound.expression / 2), case.problem, case.learner)
    monkeypatch.setattr(updated_late, "_steps", edited(updated_late._steps, "range(arrivals.n)", "range(0)"))
    assert_bound_broken(bound, case.problem, case.learner)


# ---------------------------------------------------------------- learners

TABLE = np.array([[0.0, 1.0, 0.5], [1.0, 0.25, 0.0], [0.5, 0.5, 1.0]])
ADVICE = np.tile(1.0 - np.eye(3), (3, 1, 1))


def is_exp3(learner):
    found = exact.expected(ContextualGame(TableWorld(ADVICE, TABLE), 3), learner)
    assert found["loss"] == pytest.approx(exp3(TABLE, 0.7).loss, abs=1e-9)


def test_exp4_without_importance_weights(monkeypatch):
    is_exp3(ContextualExp4(0.7))
    wrong = mutant(exp4.learn_from, "loss * weights.total / mass", "loss")
    update = mutant(finite._update, "_advise(state.advice", "_advise(state.advice", learn_from=wrong)
    monkeypatch.setattr(ContextualExp4, "steps", ContextualExp4.steps._replace(update=update))
    rejected(is_exp3, ContextualExp4(0.7))


def linucb_is_right(steps=linear.LinUCB.steps):
    indices, arms, log_det = exact.linucb(steps)
    assert indices == pytest.approx(np.array(exact.INDICES), abs=1e-6)
    assert arms == [0, 1, 2, 1]
    assert log_det == pytest.approx(2.197225, abs=1e-6)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("math.sqrt(max(0.0, square_norm(ridge.inverse[model], x)))", "square_norm(ridge.inverse[model], x)"),
        ("- width * radius", "+ width * radius"),
    ],
)
def test_wrong_indices_of_linucb(old, new):
    linucb_is_right()
    act = mutant(linear._act_ucb, old, new)
    rejected(linucb_is_right, linear.LinUCB.steps._replace(act=act))


def test_linucb_that_learns_the_wrong_features():
    update = mutant(linear._update, "seen.context, arm, seen.loss", "seen.context, 0, seen.loss")
    rejected(linucb_is_right, linear.LinUCB.steps._replace(update=update))
