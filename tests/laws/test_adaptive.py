"""The joint law of the actions of learners that adapt, and of those with high probability, against NumPy."""

import math

import numpy as np
import pytest

from bandits.switching import (
    AdaHedge,
    AnytimeExp3,
    AnytimeHedge,
    Bandit,
    Exp3IX,
    Exp3P,
    Exp4,
    FullInformation,
    TsallisINF,
)
from tests.bandits.switching.known_answers import ROWS
from tests.drivers import slow
from tests.laws.test_switching import RATE, TABLES, check, game_of, softmin, tsallis, walk

TABLES = TABLES | {"ties": np.array([[0.5, 0.5, 1.0], [1.0, 0.0, 0.0], [0.0, 0.5, 0.0], [0.0, 0.0, 0.0]])}
TABLES["equal at first"] = np.array([[0.5, 0.5, 0.5], [1.0, 0.0, 0.5], [0.0, 0.5, 0.5], [0.2, 0.9, 0.1]])
each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def full_information_law(table, law):
    """law: (cumulative losses, round from 1) -> probabilities."""

    def after(losses, t):
        return [(p, i, losses + table[t]) for i, p in enumerate(law(losses, t + 1)) if p > 0]

    return walk(np.zeros(table.shape[1]), after, len(table))


def bandit_law(table, law, estimate):
    """law: (estimates, round from 1) -> probabilities.  estimate: (probabilities, action, loss, round) -> (K,)."""

    def after(losses, t):
        p = law(losses, t + 1)
        return [(p[i], i, losses + estimate(p, i, table[t, i], t + 1)) for i in range(len(p))]

    return walk(np.zeros(table.shape[1]), after, len(table))


def one_hot(p, i, value):
    return np.eye(len(p))[i] * value


@each_table
@pytest.mark.parametrize("scale", [1.0, 0.6])
def test_falling_rates(table, scale):
    n = table.shape[1]
    first = scale * 2 * math.sqrt(math.log(n))
    law = full_information_law(table, lambda losses, t: softmin(losses, first / math.sqrt(t)))
    check(table, AnytimeHedge(scale), FullInformation(), law)
    first = scale * math.sqrt(math.log(n) / n)
    law = bandit_law(
        table, lambda losses, t: softmin(losses, first / math.sqrt(t)), lambda p, i, loss, t: one_hot(p, i, loss / p[i])
    )
    check(table, AnytimeExp3(scale), Bandit(), law)


@each_table
def test_adahedge(table):
    n = table.shape[1]

    def after(state, t):
        losses, delta = state
        rate = math.log(n) / delta if delta > 0 else math.inf
        leads = losses == losses.min()
        p = softmin(losses, rate) if delta > 0 else leads / leads.sum()
        with np.errstate(divide="ignore"):
            mixed = -math.log((p * np.exp(-rate * table[t])).sum()) / rate if delta > 0 else table[t][leads].min()
        new = losses + table[t], delta + max(0.0, p @ table[t] - mixed)
        return [(chance, i, new) for i, chance in enumerate(p) if chance > 0]

    check(table, AdaHedge(), FullInformation(), walk((np.zeros(n), 0.0), after, len(table)))


@each_table
def test_implicit_exploration(table):
    rounds, n = table.shape

    def law(rate, gamma):
        return bandit_law(
            table, lambda losses, t: softmin(losses, rate), lambda p, i, loss, t: one_hot(p, i, loss / (p[i] + gamma))
        )

    check(table, Exp3IX(RATE), Bandit(), law(RATE, RATE / 2))
    check(table, Exp3IX(RATE, 0.1), Bandit(), law(RATE, 0.1))
    tuned = math.sqrt((math.log(n) + math.log((n + 1) / 0.2)) / (n * rounds))
    check(table, Exp3IX(failure_probability=0.2), Bandit(), law(tuned, tuned / 2))


@pytest.mark.parametrize("name", ["ties", *map(slow, sorted(TABLES.keys() - {"ties"}))])
def test_exp3_p(name):
    table = TABLES[name]
    rounds, n = table.shape

    def law(rate, beta, gamma):
        def estimate(p, i, loss, t):
            return -(one_hot(p, i, 1 - loss) + beta) / p

        return bandit_law(table, lambda losses, t: (1 - gamma) * softmin(losses, rate) + gamma / n, estimate)

    check(table, Exp3P(RATE, 0.1, 0.3), Bandit(), law(RATE, 0.1, 0.3))
    size = n * rounds
    gamma = min(1.0, 1.05 * math.sqrt(n * math.log(n) / rounds))
    expected = law(0.95 * math.sqrt(math.log(n) / size), math.sqrt(math.log(n / 0.2) / size), gamma)
    check(table, Exp3P(failure_probability=0.2), Bandit(), expected)


@each_table
@pytest.mark.parametrize("scale", [1.0, 0.2])
def test_tsallis_inf(table, scale):
    def law(factor):
        return lambda losses, t: tsallis(losses, factor * scale / math.sqrt(t))

    weighted = bandit_law(table, law(2), lambda p, i, loss, t: one_hot(p, i, loss / p[i]))
    check(table, TsallisINF(scale=scale), Bandit(), weighted)

    def reduced(p, i, loss, t):
        base = 0.5 * (p >= (4 * scale) ** 2 / t)
        return base + one_hot(p, i, (loss - base[i]) / p[i])

    check(table, TsallisINF("reduced-variance", scale), Bandit(), bandit_law(table, law(4), reduced))


# ---------------------------------------------------------------- experts


def expert_law(table, advice, rate):
    """advice: (T, N, K)."""

    def after(losses, t):
        p = softmin(losses, rate) @ advice[t]
        return [(p[i], i, losses + advice[t][:, i] * table[t, i] / p[i]) for i in range(len(p)) if p[i] > 0]

    return walk(np.zeros(advice.shape[1]), after, len(table))


def rolled():
    """Return the advice (4, 4, 3) of experts on three actions, rolled right by t in round t."""
    experts = np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5], [1 / 3, 1 / 3, 1 / 3], [0.0, 0.0, 1.0]])
    return np.stack([np.roll(experts, t, axis=1) for t in range(4)])


def loss_of(table, law):
    return math.fsum(chance * table[range(len(actions)), actions].sum() for actions, chance in law.items())


def test_experts():
    table = ROWS["three actions"].losses
    learner = Exp4(rolled(), 0.7)
    law = expert_law(table, rolled(), 0.7)
    check(table, learner, Bandit(), law)
    assert loss_of(table, law) == pytest.approx(1.709415, abs=1e-6)
    assert learner.parameters(game_of(table, Bandit(), 0.0)).advice_size == pytest.approx(10 / 4)
    bandit = expert_law(table, np.tile(np.eye(3), (4, 1, 1)), 0.7)
    check(table, Exp4(np.eye(3), 0.7), Bandit(), bandit)
    assert loss_of(table, bandit) == pytest.approx(1.765894, abs=1e-6)


def test_the_bound_of_experts_on_every_advice():
    """60 random advices and tables: regret against the best expert, at the exact expectation."""
    draw = np.random.default_rng(18)
    for _ in range(60):
        n, rate = draw.integers(2, 6), draw.uniform(0.1, 2.0)
        advice, table = draw.dirichlet(np.full(3, 0.3), size=(4, n)), draw.integers(0, 2, (4, 3)).astype(float)
        params = Exp4(advice, rate).parameters(game_of(table, Bandit(), 0.0))
        bound = math.log(n) / rate + rate / 2 * params.advice_size * 4
        experts = (advice * table[:, None]).sum(axis=(0, 2))
        assert loss_of(table, expert_law(table, params.advice, rate)) - experts.min() <= bound


def test_wrong_advice_is_refused():
    table = ROWS["three actions"].losses
    for advice, text in [
        ([0.5, 0.5], r"advice must have shape \(N, K\) or \(T, N, K\), got \(2,\)"),
        ([[0.5, 0.4]], "advice must be probabilities that sum to 1, got a sum of 0.9"),
        (np.eye(2), "advice must be on 3 actions, got 2"),
        (rolled()[:3], "advice must reach the horizon = 4, got 3 rounds"),
    ]:
        with pytest.raises(ValueError, match=text):
            Exp4(advice).parameters(game_of(table, Bandit(), 0.0))
