"""The rules of the threshold learners written out again from their definitions, in plain NumPy."""

import dataclasses
import math

import numpy as np

from tests.bandits.threshold.scripted import arms


def log_term(problem, failure_probability, decisions):
    return math.log(2.0 * problem.n_actions * (problem.n_constraints + 1) * decisions / failure_probability)


class Bounds:
    """Means and radii after some rounds, recomputed from the whole history each time."""

    def __init__(self, problem, log, decisions, arms, width=1.0, bias=0.0):
        g, m = problem.n_actions, problem.n_constraints
        n, horizon = problem.batch_size, decisions
        stretch = math.cosh(math.log(n * horizon) / (4.0 * horizon))
        ranges = np.array([2.0 * stretch, 2.0 * stretch, 1.0, 1.0][:m])
        slopes = np.array([problem.sensitivity.parity] * 2 + [problem.sensitivity.service] * 2)[:m]
        self.plays = np.zeros(g, dtype=int)
        self.reward, self.reward_radius = np.zeros(g), np.full(g, np.inf)
        self.residual, self.residual_radius = np.zeros((g, m)), np.full((g, m), np.inf)
        for i in range(g):
            rounds = np.array([t for t, arm in arms if arm == i], dtype=int)
            self.plays[i] = len(rounds)
            if len(rounds) == 0:
                continue
            self.reward[i] = problem.reward[rounds, i].mean()
            self.reward_radius[i] = width * math.sqrt(log / (2 * n * len(rounds))) + problem.sensitivity.reward * bias
            for j in range(m):
                weights = problem.information[rounds, j]
                if weights.sum() > 0.0:
                    self.residual[i, j] = np.average(problem.residuals[rounds, i, j], weights=weights)
                    radius = width * ranges[j] * math.sqrt(log / (2.0 * weights.sum()))
                    self.residual_radius[i, j] = radius + slopes[j] * bias

    @property
    def optimistic(self):
        return self.reward + self.reward_radius

    @property
    def excess(self):
        return np.maximum(0.0, self.residual - self.residual_radius).sum(axis=1)

    @property
    def feasible(self):
        return (self.residual - self.residual_radius <= 0.0).all(axis=1)


def check_choice(bounds, chosen, slack=1e-9):
    """The chosen threshold looks feasible if any does, and none that does is more optimistic; else least excess."""
    if bounds.feasible.any():
        assert bounds.excess[chosen] <= slack, f"threshold {chosen} looks infeasible though a feasible one exists"
        others = bounds.optimistic[bounds.feasible]
        assert bounds.optimistic[chosen] >= others.max() - slack, f"threshold {chosen} is not the most optimistic"
    else:
        assert bounds.excess[chosen] <= bounds.excess.min() + slack, f"threshold {chosen} has not the least excess"


def check_search(problem, played, failure_probability=0.05, width=1.0):
    """Every choice of Optimistic Feasible Search follows its rule."""
    log = log_term(problem, failure_probability, problem.horizon)
    for t, arm in enumerate(played):
        history = list(enumerate(played[:t]))
        check_choice(Bounds(problem, log, problem.horizon, history, width), arm)


def check_blocks(problem, played, hold, width):
    """Every block of `hold` rounds is one threshold, chosen by the rule from the last rounds of the blocks before."""
    blocks = -(-problem.horizon // hold)
    log, bias = log_term(problem, 0.05, blocks), problem.diameter * problem.contraction ** (hold - 1)
    for start in range(0, problem.horizon, hold):
        assert len(set(played[start : start + hold])) == 1, f"block from round {start} is not held"
        history = [(end, played[end]) for end in range(hold - 1, start, hold)]
        check_choice(Bounds(problem, log, blocks, history, width, bias), played[start])


def check_blind(problem, learner, seed):
    """The play stays the same when all outcomes of thresholds not chosen are drawn again."""
    played = arms(problem, learner)
    rng = np.random.default_rng(seed)
    chosen = np.zeros((problem.horizon, problem.n_actions), dtype=bool)
    chosen[np.arange(problem.horizon), played] = True
    reward = np.where(chosen, problem.reward, rng.random(problem.reward.shape))
    rates = np.where(chosen[..., None], problem.rates, rng.random(problem.rates.shape))
    changed = dataclasses.replace(problem, reward=reward, rates=rates)
    assert arms(changed, learner).tolist() == played.tolist(), "outcomes of thresholds not chosen change the play"
