"""Learners of duels run by Python round by round, and what their papers say about each round, from the answers alone.

The checks rebuild everything (estimates, confidence bounds, probabilities) from the pairs and answers, without the
learner's state, and draw with the tests' own generator.
"""

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq

from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.preference import DuelingBandit, games
from bandits.preference.duels.double_thompson import beta_draw
from tests import references
from tests.drivers import plain, stream_of

SEED = 17


class Round(NamedTuple):
    """One round as anyone can see it."""

    t: int
    first: int
    second: int
    answer: float


def play(learner, problem, rounds, repetition=0):
    """Return the rounds of one repetition, the learner's and the problem's steps run by Python."""
    init, act, update = (plain(step) for step in learner.steps_for(problem))
    start, respond = (plain(step) for step in problem.steps[:2])
    rng, env = stream_of(SEED, repetition, LEARNER), stream_of(SEED, repetition, ENVIRONMENT)
    params, setting = learner.parameters(problem), problem.setting()
    state, world, seen = init(params, rng), start(setting, env), []
    for t in range(rounds):
        pair = act(params, state, t, rng)
        answer, world = respond(setting, world, t, pair, env)
        state = update(params, state, t, pair, answer, rng)
        seen.append(Round(t, pair.first, pair.second, answer))
    return seen


def uniforms(t, index, repetition=0):
    """Return the two uniforms of the learner at an address."""
    return [(word >> 11) / 2**53 for word in references.words(SEED, repetition, LEARNER, t, index)]


def drawn(p, u):
    """Return the first index whose cumulative probability exceeds u."""
    return int(np.searchsorted(np.cumsum(p), u * np.sum(p), side="right"))


def check_answers(seen, problem, repetition=0):
    """Every answer is a coin of the pair's preference, with the environment's uniform of the round."""
    for t, first, second, answer in seen:
        u = references.uniform(SEED, repetition, ENVIRONMENT, t, 0)
        assert answer == (u < problem.preferences[first, second])


def check_sparring_exp3(learner, problem, rounds=60):
    """Both sides draw from exp(-eta Lhat), Lhat the importance-weighted losses 1 - o and o."""
    eta, n = learner.parameters(problem).learning_rate, problem.n_actions
    estimates = np.zeros((2, n))
    for t, first, second, answer in play(learner, problem, rounds):
        laws = [references.softmax(-eta * side).astype(float) for side in estimates]
        assert [first, second] == [drawn(p, u) for p, u in zip(laws, uniforms(t, 0))]
        estimates[0, first] += (1.0 - answer) / laws[0][first]
        estimates[1, second] += answer / laws[1][second]


def tsallis(losses, eta):
    """Return 4 / (eta (L - x))^2 with sum 1, x by bisection."""
    low, high = losses.min() - 2.1 * math.sqrt(len(losses)) / eta, losses.min() - 1.9 / eta
    x = brentq(lambda x: (4.0 / (eta * (losses - x)) ** 2).sum() - 1.0, low, high, xtol=1e-15)
    return 4.0 / (eta * (losses - x)) ** 2


def check_versatile(learner, problem, rounds=60):
    """Both sides draw from the Tsallis law of their importance-weighted losses, with eta = 2 / sqrt(round)."""
    estimates = np.zeros((2, problem.n_actions))
    for t, first, second, answer in play(learner, problem, rounds):
        laws = [tsallis(side, 2.0 / math.sqrt(t + 1.0)) for side in estimates]
        assert [first, second] == [drawn(p, u) for p, u in zip(laws, uniforms(t, 0))]
        estimates[0, first] += (1.0 - answer) / laws[0][first]
        estimates[1, second] += answer / laws[1][second]


def bounds(wins, alpha, t):
    """Return lower and upper confidence bounds (n, n) of the preferences before round t 2 and -1 if unseen."""
    count = wins + wins.T
    mean = np.divide(wins, count, out=np.full_like(wins, 0.5), where=count > 0)
    half = np.sqrt(np.divide(alpha * math.log(t + 1), count, out=np.full_like(wins, 2.25), where=count > 0))
    np.fill_diagonal(half, 0.0)
    return mean - half, mean + half


def counted(wins, round_):
    if round_.first != round_.second:
        wins[round_.first, round_.second] += round_.answer
        wins[round_.second, round_.first] += 1.0 - round_.answer


def check_rucb(learner, problem, rounds=400):
    """Champion, lone candidate and challenger follow the paper; returns how often each case came up."""
    n, cases = problem.n_actions, {"none": 0, "one": 0, "lone": 0, "other": 0, "any": 0}
    wins, lone = np.zeros((n, n)), None
    for round_ in play(learner, problem, rounds):
        _, upper = bounds(wins, learner.alpha, round_.t)
        able = [i for i in range(n) if (upper[i] >= 0.5).all()]
        lone = able[0] if len(able) == 1 else lone if lone in able else None
        coin, which = uniforms(round_.t, 0)
        if not able:
            case, champion = "none", int(which * n)
        elif len(able) == 1:
            case, champion = "one", able[0]
        elif lone is not None and coin < 0.5:
            case, champion = "lone", lone
        else:
            rest = [i for i in able if i != lone]
            case, champion = ("any" if lone is None else "other"), rest[int(which * len(rest))]
        cases[case] += 1
        assert round_.first == champion
        against = upper[:, champion]
        best = [i for i in np.flatnonzero(against == against.max()) if i != champion] or [champion]
        assert round_.second == best[int(uniforms(round_.t, 1)[0] * len(best))]
        counted(wins, round_)
    return cases


def check_double_thompson(learner, problem, rounds=200):
    """Champion and challenger follow the paper, with the Beta samples at their addresses in order."""
    n, beta = problem.n_actions, plain(beta_draw)
    wins, rng = np.zeros((n, n)), stream_of(SEED, 0, LEARNER)
    for round_ in play(learner, problem, rounds):
        lower, upper = bounds(wins, learner.alpha, round_.t)
        scores = (upper > 0.5).sum(axis=1)
        able = np.flatnonzero(scores == scores.max())
        won, index = np.zeros(n), 1
        for i in range(n):
            for j in range(i + 1, n):
                theta, index = beta(wins[i, j], wins[j, i], rng, round_.t, index)
                won[i if theta > 0.5 else j] += 1
        best = able[won[able] == won[able].max()]
        champion = best[int(uniforms(round_.t, 0)[0] * len(best))]
        assert round_.first == champion
        sample = np.full(n, -1.0)
        sample[champion] = 0.5
        for i in range(n):
            if i != champion and lower[i, champion] <= 0.5:
                sample[i], index = beta(wins[i, champion], wins[champion, i], rng, round_.t, index)
        assert round_.second == np.argmax(sample)
        counted(wins, round_)


ARITHMETIC = DuelingBandit(games.arithmetic(4), 400)
CYCLE = DuelingBandit(games.rock_paper_scissors(0.3), 400)
