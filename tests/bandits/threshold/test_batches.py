"""The law of a batch: drawn through binomials, it is that of individuals drawn one by one."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from bandits.core.rng import ENVIRONMENT
from bandits.threshold import ChosenThreshold, EmpiricalPools, FixedThreshold, FullScores, ThresholdGame
from tests.drivers import plain, play_plainly, slow, stream_of

POOLS = EmpiricalPools(
    scores=[0.05, 0.2, 0.45, 0.6, 0.7, 0.9, 0.1, 0.3, 0.55, 0.8],
    good=[0, 0, 1, 1, 0, 1, 1, 0, 0, 1],
    group=[0, 0, 0, 0, 0, 0, 1, 1, 1, 1],
)


def batches(game, arm, n_rounds, seed=1):
    """Return what n_rounds rounds of one threshold reveal, by the game's own text.

    Reward (N,), residuals (N, rows, m) and information (N, m).
    """
    init, respond, _ = map(plain, game.steps[:3])
    setting, env, seen = game.setting(), stream_of(seed, 0, ENVIRONMENT), []
    world = init(setting, env)
    for t in range(n_rounds):
        outcome, world = respond(setting, world, t, arm, env)
        seen.append((outcome.reward, outcome.residuals.copy(), outcome.information.copy()))
    return tuple(np.array(column) for column in zip(*seen, strict=True))


def frozen(feedback, **changes):
    """Return a game in pools whose composition does not move, so that all batches have one law."""
    population = EmpiricalPools(adaptation=0.0, scores=POOLS.scores, good=POOLS.good, group=POOLS.group, share=0.3)
    return ThresholdGame(population, 10, [0.3, 0.5, 0.8], price=0.5, service=(0.2, 0.7), feedback=feedback, **changes)


def revealed(game, individuals, arm):
    """Return (reward, information, residuals or None where a group is absent) of a batch, from the definition."""
    n, seen = len(individuals), []
    sizes = [sum(1 for g, _, _ in individuals if g == group) for group in (0, 1)]
    rows = range(game.n_actions) if isinstance(game.feedback, FullScores) else [arm]
    for i in rows:
        accepted = [(g, y) for g, x, y in individuals if x >= game.thresholds[i]]
        overall = len(accepted) / n
        if i == arm:
            reward = sum(y - game.price * (1 - y) for _, y in accepted) / n
        a_0, a_1 = (sum(1 for g, _ in accepted if g == group) / max(1, sizes[group]) for group in (0, 1))
        parity = (a_0 - a_1 - 0.1, a_1 - a_0 - 0.1) if all(sizes) else (math.nan, math.nan)
        seen += [*parity, 0.2 - overall, overall - 0.7]
    return key((reward + game.price) / (1.0 + game.price), 4.0 * sizes[0] * sizes[1] / n, seen)


def key(reward, information, residuals):
    return (round(reward, 9), round(information, 9), *(None if math.isnan(r) else round(r, 9) + 0.0 for r in residuals))


def exact_law(game, arm):
    """Return the probability of everything that a batch can reveal, by going through all batches of individuals."""
    population, law = game.population, Counter()
    share, sizes = population.start, (6, 4)
    people = Counter()
    for g, x, y in zip(population.group, population.scores, population.good, strict=True):
        band = max([c for c in (-1.0, *game.thresholds) if c <= x])  # all that the thresholds can tell of a score
        people[g, float(band), y] += (share if g == 1 else 1.0 - share) / sizes[g]
    for batch in itertools.combinations_with_replacement(sorted(people), game.batch_size):
        counts = Counter(batch)
        ways = math.factorial(game.batch_size) / math.prod(map(math.factorial, counts.values()))
        law[revealed(game, batch, arm)] += ways * math.prod(people[kind] ** k for kind, k in counts.items())
    assert sum(law.values()) == pytest.approx(1.0)
    return law


@pytest.mark.parametrize(
    "feedback, n, n_rounds",
    [(ChosenThreshold(), 3, 12_000), slow(FullScores(), 2, 10_000)],
    ids=["chosen", "full scores"],
)
def test_binomial_batches_have_the_law_of_individuals(feedback, n, n_rounds):
    """The summed distance of K frequencies from their probabilities in N rounds exceeds sqrt(2 (K ln 2 + ln 10^9) / N).

    That has probability at most 10^-9 (Bretagnolle, Huber and Carol's inequality).
    """
    game = frozen(feedback, batch_size=n)
    check_law(game, 1, *batches(game, 1, n_rounds))


def check_law(game, arm, reward, residuals, information):
    """What N batches revealed has the law of individuals; the right law fails with probability at most 10^-9."""
    n_rounds = len(reward)
    residuals[information[:, 0] == 0.0, :, :2] = math.nan
    table = np.column_stack([reward, information[:, 0], residuals.reshape(n_rounds, -1)])
    distinct, counts = np.unique(np.round(table, 9), axis=0, return_counts=True)
    frequency = Counter()
    for row, count in zip(distinct, counts, strict=True):
        frequency[key(row[0], row[1], row[2:])] += count / n_rounds
    law = exact_law(game, arm)
    assert set(frequency) <= set(law), "a batch that no individuals can make"
    distance = sum(abs(law[seen] - frequency[seen]) for seen in law)
    assert distance <= math.sqrt(2.0 * (len(law) * math.log(2.0) + math.log(1e9)) / n_rounds)


def test_an_absent_group_repeats_its_last_rate_and_is_counted():
    game = frozen(ChosenThreshold(), batch_size=3)
    _, residuals, information = batches(game, 1, 500)
    absent = information[:, 0] == 0.0
    assert (information[:, 2:] == 3.0).all()
    assert 0 < absent.sum() < 500
    counted = play_plainly(game, FixedThreshold(1), seed=1)[0, 0, game.metrics.index("absent_groups")]
    assert counted == absent[:10].sum()
    gap = residuals[:, 0, 0] + 0.1
    for t in np.flatnonzero(absent[1:]) + 1:
        # one group's rate is that of the batch, all of it, the other's its last one
        rate = residuals[t, 0, 3] + 0.7
        before = [gap[s] for s in range(t) if not absent[s]]
        assert abs(gap[t]) <= 1.0
        if not absent[t - 1]:
            overall = residuals[t - 1, 0, 3] + 0.7
            last = {(a_0, a_1) for a_0, a_1 in rates(information[t - 1, 0], before[-1], overall)}
            assert any(abs(gap[t] - d) < 1e-9 for a_0, a_1 in last for d in (rate - a_1, a_0 - rate))


def rates(information, gap, overall, n=3):
    """Return the acceptance rates by group that make this gap and overall rate, for either group being larger."""
    for n_1 in range(1, n):
        if abs(4.0 * n_1 * (n - n_1) / n - information) < 1e-9:
            a_1 = overall - gap * (n - n_1) / n
            yield a_1 + gap, a_1


def test_the_signed_pair_is_unbiased_and_the_absolute_gap_is_not():
    """Means of N gaps in [-1, 1] are within sqrt(2 ln(2 10^9) / N) of their expectation but for 10^-9."""
    game = frozen(ChosenThreshold(), batch_size=4)
    _, residuals, information = batches(game, 1, 8000, seed=2)
    gap = (residuals[:, 0, 0] + 0.1)[information[:, 0] > 0.0]
    found = game.fixed_points.accept[1]
    radius = math.sqrt(2.0 * math.log(2e9) / len(gap))
    assert abs(gap.mean() - (found[0] - found[1])) <= radius
    assert np.abs(gap).mean() - abs(found[0] - found[1]) > radius
