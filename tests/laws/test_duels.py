"""The joint law of pairs and answers of every learner of duels on small games, against NumPy from the papers."""

import math
from collections import defaultdict
from itertools import product

import numpy as np
import pytest
from scipy import optimize

from bandits.preference.duels import double_thompson
from bandits.preference.duels.apohf import APOHF
from bandits.preference.duels.double_thompson import DoubleThompsonSampling
from bandits.preference.duels.feature_thompson import FeatureDoubleThompson
from bandits.preference.duels.linear_duels import LinearDuels
from bandits.preference.duels.problem import DuelingBandit, Pair
from bandits.preference.duels.rucb import RUCB
from bandits.preference.duels.sparring_exp3 import SparringExp3
from bandits.preference.duels.versatile_db import VersatileDB
from bandits.preference.duels.vpo import VPO, value_incentivized_rewards
from bandits.preference.reward_fit import FitParams, penalised_loss
from tests import references
from tests.drivers import plain, stream_of
from tests.laws.enumeration import assert_same_law, law_of, next_law, plays
from tests.laws.test_switching import softmin, tsallis

THREE = np.array([[0.5, 0.7, 0.35], [0.3, 0.5, 0.8], [0.65, 0.2, 0.5]])
TWO = np.array([[0.5, 0.6], [0.4, 0.5]])
FEATURES, WEIGHTS = np.array([[0.3, -0.2], [1.0, 0.4], [-0.5, 0.9]]), np.array([0.8, -0.5])


def kept(pair, answer):
    return int(pair.first), int(pair.second), int(answer)


def joint_law(preferences, pairs_of, rounds):
    """Return the law of histories ((first, second, answer), ...); pairs_of(history): {(first, second): probability}."""
    law = {(): 1.0}
    for _ in range(rounds):
        following = defaultdict(float)
        for history, chance in law.items():
            for (a, b), share in pairs_of(history).items():
                for answer, wins in ((1, preferences[a, b]), (0, 1.0 - preferences[a, b])):
                    following[(*history, (a, b, answer))] += chance * share * wins
        law = {history: chance for history, chance in following.items() if chance > 0.0}
    return law


def check(problem, learner, pairs_of, rounds=4, seed=0, tolerance=1e-9, **instead):
    """Assert the law of the pair after arbitrary histories, a few of every length."""
    rng = np.random.default_rng(seed)
    for length in [0, *range(1, rounds + 1), rounds]:
        history = [
            tuple(int(x) for x in (*rng.integers(0, problem.n_actions, 2), rng.integers(2))) for _ in range(length)
        ]
        answers = [(Pair(a, b), float(answer)) for a, b, answer in history]
        law = next_law(problem, learner, answers, lambda pair: (int(pair.first), int(pair.second)), **instead)
        assert_same_law(law, pairs_of(history), tolerance)


def wins_of(history, n):
    wins = np.zeros((n, n))
    for a, b, answer in history:
        if a != b:
            wins[a, b] += answer
            wins[b, a] += 1 - answer
    return wins


def independent(first, second):
    return {(a, b): p * q for (a, p), (b, q) in product(enumerate(first), enumerate(second))}


@pytest.mark.parametrize("preferences", [TWO, THREE], ids=["two", "three"])
def test_two_sides_of_bandits(preferences):
    n, rounds = len(preferences), 3 if len(preferences) == 2 else 2
    game = DuelingBandit(preferences, rounds)

    def pairs(history, laws_of):
        sides = np.zeros((2, n))
        for s, (a, b, answer) in enumerate(history):
            first, second = laws_of(sides, s)
            sides[0, a] += (1 - answer) / first[a]
            sides[1, b] += answer / second[b]
        return independent(*laws_of(sides, len(history)))

    for given in (0.8, None):
        rate = given or math.sqrt(2 * math.log(n) / (rounds * n))
        after = lambda h, rate=rate: pairs(h, lambda sides, s: [softmin(x, rate) for x in sides])  # noqa: E731
        check(game, SparringExp3(given), after)
        assert_same_law(law_of(plays(game, SparringExp3(given), kept)), joint_law(preferences, after, rounds))
    check(game, VersatileDB(), lambda h: pairs(h, lambda sides, s: [tsallis(x, 2 / math.sqrt(s + 1)) for x in sides]))


def test_metrics_of_duels():
    game, skew = DuelingBandit(THREE, 2), THREE - 0.5
    for _, path in plays(game, SparringExp3(0.8), kept):
        counts = np.zeros(3)
        regret = 0.0
        for a, b, _ in path.actions:
            counts[a] += 1
            counts[b] += 1
            regret += (game.winner @ skew[:, a] + game.winner @ skew[:, b]) / 2
        assert path.metrics["regret"] == pytest.approx(regret, abs=1e-9)
        assert path.metrics["average_gap0"] == pytest.approx(max(0.0, (skew @ (counts / 4)).max() * 2), abs=1e-9)


# ---------------------------------------------------------------- counts


def upper(wins, i, j, alpha, t):
    """Return the upper confidence bound of P[i, j]; x / 0 is 1 in the papers, more than any other here."""
    if i == j:
        return 0.5
    n = wins[i, j] + wins[j, i]
    return wins[i, j] / n + math.sqrt(alpha * math.log(t) / n) if n else 2.0


def shares(options, weight=1.0):
    return {option: weight / len(options) for option in options}


def lone_after(history, alpha, n):
    """Return RUCB's set B after the rounds of a history: the last lone candidate while it stays one."""
    lone = None
    for s in range(len(history) + 1):
        wins = wins_of(history[:s], n)
        marked = [i for i in range(n) if all(upper(wins, i, j, alpha, s + 1) >= 0.5 for j in range(n))]
        lone = marked[0] if len(marked) == 1 else lone if lone in marked else None
    return lone, marked


@pytest.mark.parametrize(("n", "alpha"), [(2, 0.51), (3, 0.51), (4, 0.9)])
def test_rucb(n, alpha):

    def pairs(history):
        lone, marked = lone_after(history, alpha, n)
        wins, t = wins_of(history, n), len(history) + 1
        rest = [i for i in marked if i != lone]
        if not marked:
            champions = shares(range(n))
        elif lone is not None and rest:
            champions = {lone: 0.5} | shares(rest, 0.5)
        else:
            champions = {lone: 1.0} if lone is not None else shares(marked)
        chosen = defaultdict(float)
        for champion, chance in champions.items():
            bounds = [upper(wins, i, champion, alpha, t) for i in range(n)]
            best = [i for i in range(n) if bounds[i] == max(bounds)]
            for rival, share in shares([i for i in best if i != champion] or [champion], chance).items():
                chosen[champion, rival] += share
        return chosen

    for seed in range(8):
        check(DuelingBandit(np.full((n, n), 0.5), 20), RUCB(alpha), pairs, 14, seed)


ATOMS = (0.3, 0.6, 0.9)


def beta_law(wins, losses):
    """Return a law on ATOMS in place of the Beta's: it only has to tell all counts apart."""
    weight = np.array([x ** (wins + 0.3) * (1.0 - x) ** (0.8 * losses + 0.1) for x in ATOMS])
    return weight / weight.sum()


def beta_atom(draws, wins, losses, rng, t, index):
    u, atom = draws.uniform(rng, t, index), 0
    for level in np.cumsum(beta_law(wins, losses))[:-1]:
        if u < level:
            break
        atom += 1
    return ATOMS[atom], index + 1


@pytest.mark.parametrize("n", [2, 3])
def test_double_thompson(n):
    """With the Beta laws replaced by laws on three atoms, so that champion and challenger can be enumerated."""
    alpha = 0.6

    def pairs(history):
        wins, t, chosen = wins_of(history, n), len(history) + 1, defaultdict(float)
        scores = [sum(upper(wins, i, j, alpha, t) > 0.5 for j in range(n) if j != i) for i in range(n)]
        marked = [i for i in range(n) if scores[i] == max(scores)]
        couples = [(i, j) for i in range(n) for j in range(i + 1, n)]
        above = {(i, j): beta_law(wins[i, j], wins[j, i])[1:].sum() for i, j in couples}
        for outcome in product((True, False), repeat=len(couples)):
            chance = math.prod(above[c] if won else 1.0 - above[c] for c, won in zip(couples, outcome))
            won = [sum((c[0] if first else c[1]) == i for c, first in zip(couples, outcome)) for i in range(n)]
            best = [i for i in marked if won[i] == max(won[j] for j in marked)]
            for champion, share in shares(best, chance).items():
                for rival, part in challengers(wins, champion, t).items():
                    chosen[champion, rival] += share * part
        return chosen

    def challengers(wins, champion, t):
        def lower(i):
            n_ = wins[i, champion] + wins[champion, i]
            return wins[i, champion] / n_ - math.sqrt(alpha * math.log(t) / n_) if n_ else -1.0

        open_ = [i for i in range(n) if i != champion and lower(i) <= 0.5]
        law = defaultdict(float)
        for atoms in product(range(len(ATOMS)), repeat=len(open_)):
            chance = math.prod(beta_law(wins[i, champion], wins[champion, i])[a] for i, a in zip(open_, atoms))
            sampled = {champion: 0.5} | {i: ATOMS[a] for i, a in zip(open_, atoms)}
            first = max(sampled, key=lambda i: (sampled[i], i == champion, -i))
            law[first] += chance
        return law

    for seed in range(3):
        game = DuelingBandit(np.full((n, n), 0.5), 20)
        check(game, DoubleThompsonSampling(alpha), pairs, 8 if n == 2 else 4, seed, beta_draw=beta_atom)


def test_beta_from_two_gammas():
    """Beta(w + 1, l + 1) is G / (G + H) for Gammas of shapes w + 1 and l + 1, from draws of their own."""
    asked = []

    def gamma(shape, rng, t, index):
        asked.append((shape, rng, t, index))
        return {4.0: 3.0, 3.0: 5.0}[shape], index + 7

    rng = stream_of(1, 2, 0)
    assert plain(double_thompson.beta_draw, gamma_draw=gamma)(3.0, 2.0, rng, 5, 11) == (3.0 / 8.0, 25)
    assert asked == [(4.0, rng, 5, 11), (3.0, rng, 5, 18)]


@pytest.mark.parametrize("shape", [1.0, 1.7, 6.0])
def test_gammas_by_rejection(shape):
    """Marsaglia & Tsang: d V with V = (1 + x / sqrt(9 d))^3 and d = shape - 1/3, from the generator's own uniforms."""
    from statistics import NormalDist

    d = shape - 1 / 3
    drawn = [plain(double_thompson.gamma_draw)(shape, stream_of(3, r, 0), 4, 9) for r in range(120)]
    for r, (value, after) in enumerate(drawn):
        index = 9
        while True:
            first, second = references.words(3, r, 0, 4, index)
            x = NormalDist().inv_cdf((first >> 11) / 2**53 + 2.0**-54)
            u, v = (second >> 11) / 2**53 + 2.0**-54, (1 + x / math.sqrt(9 * d)) ** 3
            index += 1
            if v > 0 and math.log(u) < x * x / 2 + d * (1 - v + math.log(v)):
                break
        assert after == index
        assert value == pytest.approx(d * v, rel=1e-9)
    assert np.mean([value for value, _ in drawn]) == pytest.approx(shape, abs=6 * math.sqrt(shape / 120))


# ---------------------------------------------------------------- rewards linear in features


def fitted(features, wins, ridge):
    """Return the penalised logistic fit and its Hessian, by a general optimiser and by the formula."""
    n, d = features.shape
    rows = [(features[i] - features[j], wins[i, j]) for i, j in product(range(n), repeat=2) if i != j]

    def loss(theta):
        return ridge / 2 * theta @ theta + sum(w * np.logaddexp(0.0, -theta @ x) for x, w in rows)

    def slope(theta):
        return ridge * theta - sum(w * x / (1 + math.exp(theta @ x)) for x, w in rows)

    theta = optimize.minimize(loss, np.zeros(d), jac=slope, method="BFGS", options={"gtol": 1e-12}).x
    hessian = ridge * np.eye(d)
    for x, w in rows:
        share = 1 / (1 + math.exp(-theta @ x))
        hessian += w * share * (1 - share) * np.outer(x, x)
    return theta, hessian


@pytest.mark.parametrize("warmup", [0, 1])
@pytest.mark.parametrize("exploration", [0.4, 2.0])
def test_apohf(warmup, exploration):
    game, n, ridge = LinearDuels(FEATURES, WEIGHTS, 4), 3, 0.3

    def pairs(history):
        if len(history) < warmup:
            return shares([(a, b) for a, b in product(range(n), repeat=2) if a != b])
        theta, _ = fitted(FEATURES, wins_of(history, n), ridge) if history else (np.zeros(2), None)
        moments = ridge * np.eye(2)
        for a, b, _ in history:
            moments += np.outer(FEATURES[a] - FEATURES[b], FEATURES[a] - FEATURES[b])
        score = FEATURES @ theta
        first = int(score.argmax())
        gaps = FEATURES - FEATURES[first]
        bonus = np.sqrt(exploration * np.einsum("ij,jk,ik->i", gaps, np.linalg.inv(moments), gaps))
        return {(first, max((i for i in range(n) if i != first), key=lambda i: (score + bonus)[i])): 1.0}

    check(game, APOHF(ridge, exploration, warmup), pairs, seed=5, tolerance=1e-7)


NORMALS = (-0.7, 1.1)


def test_thompson_on_features():
    """With standard normals replaced by two atoms, so that the samples can be enumerated."""
    game, n, ridge, scale = LinearDuels(FEATURES, WEIGHTS, 2), 3, 0.5, 0.8

    def pairs(history):
        theta, hessian = fitted(FEATURES, wins_of(history, n), ridge) if history else (np.zeros(2), ridge * np.eye(2))
        root = np.linalg.inv(np.linalg.cholesky(hessian)).T
        law = defaultdict(float)
        for z in product(NORMALS, repeat=2):
            law[int((FEATURES @ (theta + scale * root @ z)).argmax())] += 1 / 4
        chosen = defaultdict(float)
        for first, chance in law.items():
            for second, share in law.items():
                if second != first:
                    chosen[first, second] += chance * share
            for second in set(range(n)) - {first}:  # the only further sample agreed
                chosen[first, second] += chance * law[first] / (n - 1)
        return chosen

    def atom(draws, u):
        return NORMALS[0 if u < 0.5 + 2.0**-54 else 1]

    check(game, FeatureDoubleThompson(ridge, scale, 1), pairs, normal_quantile=atom)


def test_vpo():
    game = LinearDuels(FEATURES, WEIGHTS, 9)
    options = {"bound": 2.0, "temperature": 0.7, "reference": [0.5, 0.3, 0.2]}

    def pairs(history):
        law = np.array(options["reference"])
        if any(a != b for a, b, _ in history):
            law = np.exp(value_incentivized_rewards(wins_of(history, 3), 0.4, features=FEATURES, **options).log_policy)
        return independent(law, law)

    check(game, VPO(0.4, **options), pairs, 2, tolerance=1e-6)


def test_candidates_beat_the_most_others():
    rng = np.random.default_rng(4)
    for _ in range(30):
        wins, t = rng.integers(0, 9, (4, 4)).astype(float), 12
        scores = [sum(upper(wins, i, j, 0.6, t) > 0.5 for j in range(4) if j != i) for i in range(4)]
        marked = np.zeros(4, np.bool_)
        plain(double_thompson.copeland_candidates)(wins, 0.6 * math.log(t), marked)
        assert marked.tolist() == [score == max(scores) for score in scores]


def test_metrics_of_linear_duels():
    game = LinearDuels(FEATURES, WEIGHTS, 2)
    rewards, shares_ = FEATURES @ WEIGHTS, game.preferences
    best = int(rewards.argmax())
    for _, path in plays(game, SparringExp3(0.8), kept):
        pairs = [pair[:2] for pair in path.actions]
        regret = sum((shares_[best, a] + shares_[best, b] - 1.0) / 2 for a, b in pairs)
        reward = sum(rewards[best] - (rewards[a] + rewards[b]) / 2 for a, b in pairs)
        found = [path.metrics[name] for name in ("regret", "reward_regret", "first_gap")]
        assert found == pytest.approx([regret, reward, rewards[best] - rewards[pairs[-1][0]]], abs=1e-9)


def test_the_search_of_vpo_begins_where_it_is_told():
    """Without wins, optimism alone has a best point on either side."""
    for side in (1.0, -1.0):
        fit = value_incentivized_rewards(np.zeros((2, 2)), 1.0, bound=1.0, start=[0.5 * side, -0.5 * side])
        assert np.sign(fit.rewards[0] - fit.rewards[1]) == side


def test_the_objective_of_the_fit():
    rng = np.random.default_rng(6)
    wins, theta, mu = rng.integers(0, 5, (3, 3)) * (1.0 - np.eye(3)), np.array([0.3, -0.7]), np.array([0.5, 0.3, 0.2])
    params = FitParams(FEATURES, np.log(mu), 0.4, math.inf, 0.6, 0.8)
    rewards = FEATURES @ theta
    losses = [wins[i, j] * math.log1p(math.exp(rewards[j] - rewards[i])) for i, j in product(range(3), repeat=2)]
    value = 0.8 * math.log(mu @ np.exp(rewards / 0.8))
    score, policy = np.zeros(3), np.zeros(3)
    found = plain(penalised_loss)(params, wins, theta, score, policy)
    assert found == pytest.approx(sum(losses) + 0.2 * theta @ theta - 0.6 * value, rel=1e-12)
    np.testing.assert_allclose(score, rewards)
    np.testing.assert_allclose(policy, mu * np.exp(rewards / 0.8) / (mu @ np.exp(rewards / 0.8)))
