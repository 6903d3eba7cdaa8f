"""The joint law of the actions of every learner of the switching-cost game, against NumPy from the papers.

The references walk over all histories of a small game: who knows a history knows the law of the next action. Nothing is
shared with the learners but the losses.
"""

import math
from collections import defaultdict
from itertools import product

import numpy as np
import pytest

from bandits.combine import Probe, ProbeSteps, blocked, observed
from bandits.core.actions import InvalidAction
from bandits.core.exponential_weights import add_loss, uniform_weights
from bandits.core.rng import LEARNER
from bandits.losses import BernoulliLosses, LossTable
from bandits.protocol import LearnerSteps
from bandits.switching import (
    Bandit,
    BatchedDartboard,
    BatchedExp3,
    BudgetedExp3,
    Exp3,
    ExtraObservationLearner,
    ExtraObservations,
    FullInformation,
    Hedge,
    ShrinkingDartboard,
    SwitchingCostGame,
    TotalBudget,
    TsallisSwitch,
)
from bandits.switching.budgeted import without_looks
from bandits.switching.feedback import Budget, Play
from tests.drivers import plain, stream_of
from tests.laws.enumeration import assert_same_law, law_of, plays
from tests.references import replay

PLAIN = np.random.default_rng(7)
TABLES = {"two actions": PLAIN.random((5, 2)), "three actions": PLAIN.random((4, 3))}
RATE = 0.7


def game_of(table, feedback, cost=0.6):
    return SwitchingCostGame(LossTable(table), len(table), cost, feedback)


def softmin(losses, rate=RATE):
    weight = np.exp(-rate * (losses - losses.min()))
    return weight / weight.sum()


def check(table, learner, feedback, expected, cost=0.6, kept=lambda arm, losses: int(arm)):
    """Assert the joint law of the actions, and the metrics of every path from its actions."""
    played = list(plays(game_of(table, feedback, cost), learner, kept))
    assert_same_law(law_of(played), expected)
    for _, path in played:
        for name, value in replay(table, path.actions, cost).items():
            assert math.isclose(path.metrics[name], value, abs_tol=1e-9), name
    return played


def walk(first, after, rounds):
    """Return the law of the actions; first: a history's state; after(state, t): (probability, action, next state)."""
    level = {(): [(1.0, first)]}
    for t in range(rounds):
        following = defaultdict(list)
        for actions, states in level.items():
            for weight, state in states:
                for chance, action, new in after(state, t):
                    following[(*actions, action)].append((weight * chance, new))
        level = following
    return {actions: math.fsum(weight for weight, _ in states) for actions, states in level.items()}


# ---------------------------------------------------------------- full information


def hedge_law(table, rate):
    rows = [softmin(table[:t].sum(axis=0), rate) for t in range(len(table))]
    return {a: math.prod(row[i] for row, i in zip(rows, a)) for a in product(range(table.shape[1]), repeat=len(table))}


def dartboard_law(table, rate):
    def after(held, t):
        law = softmin(table[:t].sum(axis=0), rate)
        keep = 0.0 if held is None else math.exp(-rate * table[t - 1, held])
        return [((keep if i == held else 0.0) + (1.0 - keep) * p, i, i) for i, p in enumerate(law)]

    return walk(None, after, len(table))


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("rate", [RATE, None])
def test_full_information(table, rate):
    rounds, n = table.shape
    tuned = rate or math.sqrt(8 * math.log(n) / rounds)
    check(table, Hedge(rate), FullInformation(), hedge_law(table, tuned))
    tuned = rate or math.sqrt(math.log(n) / (rounds * (0.6 + 1 / 8)))
    check(table, ShrinkingDartboard(rate), FullInformation(), dartboard_law(table, tuned))

    check(table, WholeDartboard(rate), FullInformation(), dartboard_law(table, tuned))


class WholeDartboard(ShrinkingDartboard):
    """The text of the paper, without the short cut."""

    def steps_for(self, problem):
        return self.steps


# ---------------------------------------------------------------- bandit feedback


def exp3_law(table, rate, length=1):
    """Return the law of EXP3 on blocks; a short last block is not learned from."""
    n = table.shape[1]

    def after(state, t):
        losses, held = state
        p = softmin(losses, rate)
        chances = enumerate(p) if t % length == 0 else [(held, 1.0)]
        following = []
        for i, chance in chances:
            new = losses
            if (t + 1) % length == 0:
                new = losses + np.eye(n)[i] * table[t + 1 - length : t + 1, i].mean() / p[i]
            following.append((chance, i, (new, i)))
        return following

    return walk((np.zeros(n), 0), after, len(table))


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_exp3(table, monkeypatch):
    rounds, n = table.shape
    tuned = math.sqrt(2 * math.log(n) / (rounds * n))
    check(table, Exp3(RATE), Bandit(), exp3_law(table, RATE))
    check(table, Exp3(), Bandit(), exp3_law(table, tuned))
    monkeypatch.setattr("bandits.switching.exp3.MANY_ACTIONS", 2)
    check(table, Exp3(RATE), Bandit(), exp3_law(table, RATE))
    check(table, BatchedExp3(RATE, 2), Bandit(), exp3_law(table, RATE, 2))


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("length", [2, 3])
def test_exp3_in_batches(table, length):
    rounds, n = table.shape
    check(table, BatchedExp3(RATE, length), Bandit(), exp3_law(table, RATE, length))
    check(table, blocked(Exp3(RATE), length), Bandit(), exp3_law(table, RATE, length))
    batches = math.ceil(rounds / length)
    tuned = math.sqrt(2 * math.log(n) / (batches * n))
    check(table, BatchedExp3(None, length), Bandit(), exp3_law(table, tuned, length))


@pytest.mark.parametrize("cost", [0.0, 0.4, 1.0, 1.7, 9.0])
def test_batches_as_long_as_the_bound_wants(cost):
    """The least of tau sqrt(2 n K ln K) + c n over tau, by the derivative."""
    table = TABLES["two actions"]
    rounds, n = table.shape
    length = min(rounds, max(1, math.ceil((2 * cost**2 * rounds / (n * math.log(n))) ** (1 / 3))))
    tuned = math.sqrt(2 * math.log(n) / (math.ceil(rounds / length) * n))
    check(table, BatchedExp3(), Bandit(), exp3_law(table, tuned, length), cost)
    assert BatchedExp3().rounds_held(game_of(table, Bandit(), cost)) == length


def tsallis(losses, rate):
    """Return the law of the 1/2-Tsallis regulariser by bisection on its normaliser."""
    low, high = losses.min() - 2 * math.sqrt(len(losses)) / rate, losses.min() - 2 / rate * (1 - 1e-15)
    for _ in range(200):
        x = (low + high) / 2
        low, high = (low, x) if (4 / (rate * (losses - x)) ** 2).sum() > 1 else (x, high)
    return 4 / (rate * (losses - low)) ** 2


def tsallis_law(table, cost, scale):
    rounds, n = table.shape
    lengths = [max(1, math.ceil(1.5 * cost * math.sqrt(m / n))) for m in range(1, rounds + 1)]
    starts = np.cumsum([0, *lengths]).tolist()

    def after(state, t):
        losses, held = state
        block = max(m for m, start in enumerate(starts) if start <= t)
        squares = sum(length**2 for length in lengths[: block + 1])
        p = tsallis(losses, 2 * scale / math.sqrt(squares))
        following = []
        for i, chance in enumerate(p) if starts[block] == t else [(held, 1.0)]:
            new = losses
            if t + 1 == starts[block + 1]:
                new = losses + np.eye(n)[i] * table[starts[block] : t + 1, i].sum() / p[i]
            following.append((chance, i, (new, i)))
        return following

    return walk((np.zeros(n), 0), after, rounds)


@pytest.mark.parametrize(("cost", "scale"), [(0.5, 1.0), (1.2, 0.6), (2.0, 1.5)])
@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_tsallis(table, cost, scale):
    learner, rounds = TsallisSwitch(scale), len(table)
    played = check(table, learner, Bandit(), tsallis_law(table, cost, scale), cost)
    most = max(path.metrics["switches"] for _, path in played)
    assert learner.switch_cap(game_of(table, Bandit(), cost)) == most < rounds


# ---------------------------------------------------------------- bought observations


def arm(play, seen):
    return int(play.arm)


def budgeted_law(table, rate, length):
    """EXP3 on batches, each with one observation of the own action in a uniform round."""
    rounds, n = table.shape

    def after(state, t):
        losses, held, moments = state
        p = softmin(losses, rate)
        if t % length:
            return [(1.0, held, (learned(losses, held, t, moments), held, moments))]
        size = min(length, rounds - t)
        return [
            (p[i] / size, i, (learned(losses, i, t, (u, p[i])), i, (u, p[i])))
            for i in range(n)
            for u in range(t, t + size)
        ]

    def learned(losses, held, t, moments):
        round_, chance = moments
        if (t + 1) % length:
            return losses
        return losses + np.eye(n)[held] * table[round_, held] / chance

    return walk((np.zeros(n), 0, None), after, rounds)


def batched_dartboard_law(table, rate, length, full):
    """Shrinking Dartboard on the batches' estimates, from one uniform round: of one uniform action, or of all."""
    rounds, n = table.shape

    def after(state, t):
        losses, held, keep = state
        if t % length:
            return [(1.0, held, state)]
        size = min(length, rounds - t)
        law = softmin(losses, rate)
        following = []
        for u, j in product(range(t, t + size), range(1 if full else n)):
            estimate = table[u] * size / length if full else n * np.eye(n)[j] * table[u, j] * size / length
            new = losses + estimate
            for i, p in enumerate(law):
                chance = (keep if i == held else 0.0) + (1.0 - keep) * p
                chance /= size * (1 if full else n)
                following.append((chance, i, (new, i, math.exp(-rate * estimate[i]))))
        return following

    return walk((np.zeros(n), None, 0.0), after, rounds)


def test_own_observations():
    for table in (TABLES["two actions"], TABLES["three actions"][:3]):
        rounds, n = table.shape
        for budget in {n, rounds}:
            batches = max(1, min(budget, math.floor((rounds**2 * n * math.log(n) / (2 * 0.6**2)) ** (1 / 3))))
            length = math.ceil(rounds / batches)
            law = budgeted_law(table, RATE, length)
            check(table, BudgetedExp3(RATE), TotalBudget(budget, "bandit"), law, kept=arm)
        tuned = math.sqrt(2 * math.log(n) / (math.ceil(rounds / length) * n))
        check(table, BudgetedExp3(), TotalBudget(budget, "bandit"), budgeted_law(table, tuned, length), kept=arm)


@pytest.mark.parametrize("looks", ["flexible", "full", "extra"])
@pytest.mark.parametrize("cost", [0.6, 2.0])
def test_dartboard_on_bought_observations(looks, cost):
    for table in (TABLES["two actions"], TABLES["three actions"][:3]):
        rounds, n = table.shape
        full = looks == "full"
        for budget in {n, n + 1, rounds * n if full else rounds}:
            feedback = ExtraObservations(budget) if looks == "extra" else TotalBudget(budget, looks)
            length = math.ceil(rounds / min(rounds, budget // n if full else budget))
            batches = math.ceil(rounds / length)
            spread = length / 8 if full else length * n / 2
            tuned = math.sqrt(length * math.log(n) / (batches * (spread + cost)))
            law = batched_dartboard_law(table, tuned, length, full)
            played = check(table, BatchedDartboard(), feedback, law, cost, arm)
            assert {path.metrics["observations"] for _, path in played} == {batches * (n if full else 1)}


def test_extra_observations_are_bought_where_their_bound_is_less():
    """Both bounds by their formulas; the law is the chosen learner's."""
    chosen = set()
    for cost, rounds, budget in product([0.2, 1.0, 3.0], [3, 5], [1, 2, 3, 5, 100]):
        table = TABLES["two actions"][:rounds]
        n, log_k = 2, math.log(2)
        tau = min(rounds, max(1, math.ceil((2 * cost**2 * rounds / (n * log_k)) ** (1 / 3))))
        m = math.ceil(rounds / tau)
        free = tau * math.sqrt(2 * m * n * log_k) + cost * (m - 1)
        length = math.ceil(rounds / min(budget, rounds))
        batches = math.ceil(rounds / length)
        rate = math.sqrt(length * log_k / (batches * (length * n / 2 + cost)))
        bought = length * (log_k / rate + rate * batches * n / 2) + cost * (log_k + rate * batches)
        game, learner = game_of(table, ExtraObservations(budget), cost), ExtraObservationLearner()
        assert learner.uses_looks(game) == (bought < free)
        assert learner.rounds_held(game) == (length if bought < free else tau)
        if (bought < free, rounds) not in chosen:
            chosen.add((bought < free, rounds))
            law = batched_dartboard_law(table, rate, length, False) if bought < free else None
            law = law or exp3_law(table, math.sqrt(2 * log_k / (m * n)), tau)
            check(table, learner, ExtraObservations(budget), law, cost, arm)
    assert {used for used, _ in chosen} == {True, False}


def test_a_bandit_learner_that_ignores_the_observations_it_may_buy():
    table = TABLES["two actions"]

    class Ignoring(Exp3):
        accepts = (ExtraObservations,)

        def steps_for(self, problem):
            return without_looks(Exp3.steps)

    check(table, Ignoring(RATE), ExtraObservations(3), exp3_law(table, RATE), kept=arm)


def test_an_observation_needs_a_place_for_its_action():
    class Careless(BudgetedExp3):
        def steps_for(self, problem):
            init, _, update = self.steps
            return LearnerSteps(init, lambda *_: Play(0, np.zeros(0, np.int64), 1), update)

    game = game_of(TABLES["two actions"], TotalBudget(2, "bandit"))
    with pytest.raises(InvalidAction, match="at most the length of looks 0"):
        list(plays(game, Careless(RATE), arm))


def test_pseudo_regret_adds_the_gaps_of_the_arms_played():
    means = [0.3, 0.5, 0.9]
    game = SwitchingCostGame(BernoulliLosses(means), 3, 0.6)
    for _, path in plays(game, Exp3(RATE), lambda action, loss: int(action)):
        gaps = sum(means[i] - 0.3 for i in path.actions)
        switches = sum(a != b for a, b in zip(path.actions, path.actions[1:]))
        assert math.isclose(path.metrics["pseudo_regret"], gaps + 0.6 * switches, abs_tol=1e-9)


def test_the_short_cut_of_the_dartboard_over_several_words_of_64_rounds():
    """Equal to the paper's formula action by action."""
    table = np.random.default_rng(3).random((150, 3))
    game, played = game_of(table, FullInformation()), []
    for learner in (ShrinkingDartboard(0.3), WholeDartboard(0.3)):
        init, act, update = map(plain, learner.steps_for(game))
        params, rng, actions = learner.parameters(game), stream_of(1, 0, LEARNER), []
        state = init(params, rng)
        for t, losses in enumerate(table):
            actions.append(act(params, state, t, rng))
            state = update(params, state, t, actions[-1], losses, rng)
        played.append(actions)
    assert played[0] == played[1]
    assert len(set(played[0][128:])) > 1


class Constant(Probe):
    """A probe that measures its own setting."""

    steps = ProbeSteps(
        lambda setting, own: own, lambda setting, own, kept, *play: kept, lambda setting, own, kept, *_: own
    )

    def metrics(self, problem):
        return Budget._fields

    def setting(self, problem):
        return Budget(17)


def test_a_probe_measures_with_its_own_setting():
    game = observed(game_of(TABLES["two actions"], Bandit()), Constant())
    assert {path.metrics["budget"] for _, path in plays(game, Exp3(RATE), lambda action, loss: int(action))} == {17.0}


def test_weights_are_computed_again_after_many_single_updates():
    weights = plain(uniform_weights)(2)
    for _ in range(600):
        weights = plain(add_loss)(weights, 0.01, 0, 0.5)
        assert 0 <= weights.updates <= 256
    assert weights.total == pytest.approx(weights.weight.sum(), rel=1e-13)
