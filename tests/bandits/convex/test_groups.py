"""Experts that sleep, and groups: known answers, invariances, ridge regressions by NumPy; mostly interpreted."""

from dataclasses import replace
from functools import partial
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sims
from bandits import convex
from bandits.convex import (
    AdaNormalHedge,
    GroupedPeople,
    GroupedPrediction,
    OneForAll,
    OnePerIntersection,
    SleepingExperts,
    SleepingGroups,
    group_learners,
    groups,
    sleeping,
)
from bandits.core import sleeping_weights
from bandits.core.jit import kernel
from tests.drivers import plain, stream_of
from tests.mutants.rejection import rejected

simulate = partial(sims.simulate, backend="python")


def weights(losses, awake):
    game = SleepingExperts(losses, awake)
    return simulate(game, AdaNormalHedge(), repetitions=1, record=("actions",)).actions[0]


def check_known_answer():
    """w is 0.197806 at first; after losses (0, 1), C = 1/2 and w = (0.324361, 0.028564)."""
    assert plain(sleeping_weights.expert_weight)(0.0, 0.0) == pytest.approx(0.197806, abs=1e-6)
    played = weights([[0.0, 1.0], [0.0, 0.0]], np.ones((2, 2)))
    assert played == pytest.approx(np.array([[0.5, 0.5], [0.919065, 0.080935]]), abs=1e-6)
    assert plain(sleeping_weights.expert_weight)(0.5, 0.5) == pytest.approx(0.324361, abs=1e-6)
    assert plain(sleeping_weights.expert_weight)(-0.5, 0.5) == pytest.approx(0.028564, abs=1e-6)


def test_known_answer():
    check_known_answer()


@settings(max_examples=200)
@given(st.floats(0.0, 50.0), st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_the_potential(size, where, r):
    """Phi(R + r, C + |r|) <= Phi(R, C) + w r + (3/2) |r| / (C + 1) for |R| <= C, |r| <= 1."""
    total = where * size

    def phi(regret, c):
        return np.exp(max(regret, 0.0) ** 2 / (3.0 * c)) if c > 0.0 else 1.0

    w = plain(sleeping_weights.expert_weight)(total, size)
    right = phi(total, size) + w * r + 1.5 * abs(r) / (size + 1.0)
    assert phi(total + r, size + abs(r)) <= right * (1.0 + 1e-12)


@st.composite
def nights(draw):
    T, n = draw(st.integers(1, 12)), draw(st.integers(1, 4))
    losses = draw(st.lists(st.sampled_from([0.0, 0.25, 1.0]), min_size=T * n, max_size=T * n))
    awake = np.reshape(draw(st.lists(st.booleans(), min_size=T * n, max_size=T * n)), (T, n))
    awake[:, 0] |= ~awake.any(axis=1)
    return np.reshape(losses, (T, n)), awake


def recount(losses, awake, p):
    """Return the regrets and their sizes (N,) and the ratio after every round."""
    r = np.where(awake, (p * losses).sum(axis=1, keepdims=True) - losses, 0.0)
    total, size = r.cumsum(axis=0), np.abs(r).cumsum(axis=0)
    n = r.shape[1]
    spread = np.log(n * (1.0 + 1.5 * (1.0 + np.log1p(size)).mean(axis=1, keepdims=True)))
    with np.errstate(invalid="ignore"):
        return total, size, np.nan_to_num(total / np.sqrt(3.0 * size * spread)).max(axis=1)


def check_night(losses, awake):
    game = SleepingExperts(losses, awake)
    run = simulate(game, AdaNormalHedge(), repetitions=1, checkpoints=range(1, len(losses) + 1), record=("actions",))
    p = run.actions[0]
    assert (p[~awake] == 0.0).all()
    assert p.sum(axis=1) == pytest.approx(np.ones(len(p)))
    total, size, ratio = recount(losses, awake, p)
    assert run["regret"][0] == pytest.approx(total.max(axis=1), abs=1e-12)
    assert run["ratio"][0] == pytest.approx(np.maximum(ratio, 0.0), abs=1e-12)
    assert ratio.max() <= 1.0
    before = plain(sleeping.weigh)
    w = [plain(sleeping_weights.expert_weight)(R, C) for R, C in zip(total[-1], size[-1], strict=True)]
    out = np.zeros(len(w))
    before(sleeping.Regrets(total[-1], size[-1]), np.ones(len(w), bool), out)
    expected = np.array(w) / sum(w) if sum(w) > 0.0 else np.full(len(w), 1.0 / len(w))
    assert out == pytest.approx(expected)
    return p


@settings(max_examples=40)
@given(nights())
def test_sleepers(night):
    """Those who sleep have no weight and learn nothing; the ratio is at most 1 at every prefix."""
    losses, awake = night
    p = check_night(losses, awake)
    beside = [np.column_stack([a, np.zeros(len(a))]) for a in (losses, awake)]
    assert weights(*beside)[:, :-1] == pytest.approx(p)  # one more that is never awake


@kernel
def without_second_phi(total, size):
    return 0.5 * np.exp(max(total + 1.0, 0.0) ** 2 / (3.0 * (size + 1.0)))


@kernel
def signed_sizes(regrets, awake, p, losses):
    mean = 0.0
    for i in range(p.size):
        mean += p[i] * losses[i]
    for i in range(p.size):
        if awake[i]:
            regrets.total[i] += mean - losses[i]
            regrets.size[i] += mean - losses[i]
    return mean


@kernel
def sleepers_learn(regrets, awake, p, losses):
    mean = 0.0
    for i in range(p.size):
        mean += p[i] * losses[i]
    for i in range(p.size):
        regrets.total[i] += mean - losses[i]
        regrets.size[i] += abs(mean - losses[i])
    return mean


@kernel
def bounds_of_their_own(regrets):
    worst = 0.0
    for i in range(regrets.size.size):
        spread = np.log(regrets.size.size * (2.5 + 1.5 * np.log1p(regrets.size[i])))
        if regrets.size[i] > 0.0:
            worst = max(worst, regrets.total[i] / np.sqrt(3.0 * regrets.size[i] * spread))
    return worst


def check_ratio():
    """C_1 = 1 and C_2 = 10^4: B is a mean over both."""
    regrets = sleeping.Regrets(np.array([0.5, -3.0]), np.array([1.0, 1e4]))
    B = 1.0 + 1.5 * (1.0 + (np.log(2.0) + np.log1p(1e4)) / 2)
    assert plain(sleeping.worst_ratio)(regrets) == pytest.approx(0.5 / np.sqrt(3.0 * np.log(2.0 * B)))


def test_mutants_of_the_master(monkeypatch):
    check_ratio()
    uneven = (
        np.array([[0.0, 1.0, 0.5], [1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]),
        np.array([[1, 1, 0], [1, 1, 1], [1, 1, 1]]) == 1,
    )
    check_night(*uneven)
    for module, name, mutant, check in (
        (sleeping_weights, "expert_weight", without_second_phi, check_known_answer),
        (sleeping, "count_regrets", signed_sizes, check_known_answer),
        (sleeping, "count_regrets", sleepers_learn, partial(check_night, *uneven)),
        (sleeping, "worst_ratio", bounds_of_their_own, check_ratio),
    ):
        with monkeypatch.context() as changed:
            changed.setattr(module, name, mutant)
            rejected(check)


# ---------------------------------------------------------------- groups

RNG = np.random.default_rng(4)
PEOPLE = convex.synthetic_groups(60, seed=1)
EVERYONE = GroupedPeople(PEOPLE.features, PEOPLE.labels, np.ones((60, 1)))


def predictions(people, learner, **options):
    game = GroupedPrediction(people, shuffled=False, **options)
    return simulate(game, learner, repetitions=1, record=("actions",)).actions[0]


def vaw(x, y, ridge):
    """Return the base learner's predictions, by NumPy."""
    A, b, found = ridge * np.eye(x.shape[1]), np.zeros(x.shape[1]), []
    for row, label in zip(x, y, strict=True):
        A = A + np.outer(row, row)
        found.append(np.clip(row @ np.linalg.solve(A, b), 0.0, 1.0))
        b = b + label * row
    return np.array(found)


def check_disjoint_groups():
    """Equal to separate learners; and the baseline per intersection is the same as the master of these groups."""
    halves = np.column_stack([PEOPLE.groups[:, 1], ~PEOPLE.groups[:, 1]])
    people = replace(PEOPLE, groups=halves, names=())
    expected = np.zeros(60)
    for g in range(2):
        here = halves[:, g]
        expected[here] = vaw(PEOPLE.features[here], PEOPLE.labels[here], 0.5)
    assert predictions(people, SleepingGroups(), ridge=0.5) == pytest.approx(expected, abs=1e-9)
    assert predictions(people, OnePerIntersection(0.5)) == pytest.approx(expected, abs=1e-9)


def test_the_base_learner():
    expected = vaw(PEOPLE.features, PEOPLE.labels, 0.01)
    alone = predictions(EVERYONE, SleepingGroups())
    assert alone == pytest.approx(expected, abs=1e-9)
    assert np.array_equal(alone, predictions(PEOPLE, OneForAll()))
    check_disjoint_groups()


def test_orders_and_copies_of_groups():
    """Groups in another order: the same predictions. Every group twice: the same weights for each pair."""
    order = RNG.permutation(PEOPLE.groups.shape[1])
    moved = replace(PEOPLE, groups=PEOPLE.groups[:, order], names=())
    expected = predictions(PEOPLE, SleepingGroups())
    assert predictions(moved, SleepingGroups()) == pytest.approx(expected, abs=1e-9)
    twice = replace(PEOPLE, groups=np.tile(PEOPLE.groups, 2), names=())
    assert predictions(twice, SleepingGroups()) == pytest.approx(expected, abs=1e-9)


def test_regrets_by_ridge_regression():
    """Of every group at every checkpoint, with the ratio; the order is drawn, so labels are matched by losses."""
    game = GroupedPrediction(PEOPLE, 50, ridge=0.3, shuffled=False)
    run = simulate(game, SleepingGroups(), repetitions=1, checkpoints=[20, 50], record=("actions",))
    p, y, x = run.actions[0], PEOPLE.labels, PEOPLE.features
    for at, n in enumerate((20, 50)):
        ratios = []
        for g in range(game.n_groups):
            here = np.flatnonzero(PEOPLE.groups[:n, g])
            X, Y = x[here], y[here]
            theta = np.linalg.solve(0.3 * np.eye(3) + X.T @ X, X.T @ Y)
            best = ((X @ theta - Y) ** 2).sum() + 0.3 * theta @ theta
            loss = ((p[here] - Y) ** 2).sum()
            assert run[f"group_loss_{g}"][0, at] == pytest.approx(loss)
            assert run[f"group_regret_{g}"][0, at] == pytest.approx(loss - best)
            assert run[f"group_rounds_{g}"][0, at] == len(here)
            spread = 3.0 * np.log(game.n_groups * (2.5 + 1.5 * np.log1p(n)))
            most = 3 * np.log1p(len(here) * (x**2).sum(axis=1).max() / 0.9) + np.sqrt(spread * len(here))
            ratios.append((loss - best) / most)
        assert run["ratio"][0, at] == pytest.approx(max(0.0, *ratios))
    assert run["loss"][0, -1] == pytest.approx(((p - y[:50]) ** 2).sum())


def test_orders_are_permutations():
    """Of their own in each repetition, uniform; 600 orders of three within five deviations, fixed seed."""
    setting, begin = GroupedPrediction(replace(EVERYONE, **first_rows(3))).setting(), plain(groups._init)
    orders = [tuple(begin(setting, stream_of(1, repetition, 1)).order.tolist()) for repetition in range(600)]
    counts = [orders.count(order) for order in permutations(range(3))]
    assert sum(counts) == 600
    assert max(abs(count - 100) for count in counts) < 5.0 * np.sqrt(600 * 5 / 36)


def first_rows(n):
    return {"features": EVERYONE.features[:n], "labels": EVERYONE.labels[:n], "groups": EVERYONE.groups[:n]}


@kernel
def learns_from_everyone(params, state, t, prediction, seen, rng):
    for i in range(params.n_experts):
        state.predictions[i] = (state.predictions[i] - seen.label) ** 2
        group_learners.base_update(
            state.inverse[i], state.moments[i], seen.individual.features, seen.label, state.direction
        )
    group_learners.count_regrets(state.regrets, state.awake, state.weights, state.predictions)
    return state


def test_mutant_of_the_base_learners(monkeypatch):
    monkeypatch.setattr(SleepingGroups, "steps", SleepingGroups.steps._replace(update=learns_from_everyone))
    rejected(check_disjoint_groups)


@pytest.mark.slow
def test_tables():
    """Sizes of groups as in the literature; on COMPAS the master's gain for the young; five shuffles, fixed seed."""
    compas, german = convex.compas_groups(), convex.german_credit_groups()
    sizes = dict(zip(compas.names, compas.groups.sum(axis=0).tolist(), strict=True))
    assert (sizes["all"], sizes["young"], sizes["African-American"]) == (7214, 1529, 3696)
    assert (german.labels.sum(), len(german.labels), german.groups[:, 3].sum()) == (300, 1000, 310)
    for people in (compas, german, PEOPLE):
        assert np.linalg.norm(people.features, axis=1).max() <= 1.0 + 1e-12
    game = GroupedPrediction(compas)
    young = [
        sims.simulate(game, learner, repetitions=5, seed=1, checkpoints=[7214]).mean("group_regret_1")[-1]
        for learner in (SleepingGroups(), OneForAll())
    ]
    assert young[0] < 10.0 < 15.0 < young[1]


def test_wrong_groups_are_refused():
    x, y = PEOPLE.features, PEOPLE.labels
    for make, text in [
        (lambda: GroupedPeople(x, y[:3], np.ones((60, 1))), "labels must be as many as features, 60, got 3"),
        (lambda: GroupedPeople(x, y, np.zeros((60, 2))), "groups must have a 1 in every row, got none in row 0"),
        (lambda: GroupedPeople(x, y, np.ones((60, 1)), ("a", "b")), "names must be 1 texts, one per group, got 2"),
        (lambda: GroupedPeople(x, y, np.full((60, 1), 0.3)), "groups must be 0 or 1, got 0.3"),
        (lambda: GroupedPrediction(PEOPLE, ridge=1e-9), "ridge must be at least 8.*e-09, 1e-8 of the largest"),
        (lambda: SleepingGroups(1e-9).parameters(GroupedPrediction(PEOPLE)), "ridge must be at least"),
        (lambda: GroupedPrediction(PEOPLE, 61), "horizon must be between 1 and 60, got 61"),
        (lambda: SleepingExperts([[0.5]], [[0.0]]), "awake must have a 1 in every row, got none in row 0"),
        (lambda: SleepingExperts([[0.5]], [[1.0, 1.0]]), "awake must have the shape of losses"),
    ]:
        with pytest.raises(ValueError, match=text):
            make()
