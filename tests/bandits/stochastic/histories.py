"""All histories of a stochastic bandit played by a learner's own steps, run by Python, with their probabilities."""

from collections import defaultdict
from itertools import product
from types import SimpleNamespace

import numpy as np

from bandits.core.rng import LEARNER
from tests.drivers import plain, stream_of
from tests.laws.enumeration import Draws, paths


def copied(record):
    """Return a state with its own arrays."""
    if isinstance(record, tuple):
        parts = [copied(part) for part in record]
        return type(record)(*parts) if hasattr(record, "_fields") else tuple(parts)
    return record.copy() if isinstance(record, np.ndarray) else record


def histories(learner, values, weights, horizon, key=lambda history: history, **others):
    """Yield (probability, history, law of the next action) for every history of fewer than `horizon` rounds.

    values (m,), weights (K, m): losses.  A history is a tuple of (action, number of the value).  key: histories of
    equal key are merged, by the first of them.  others: by name, functions (draws, ...) in the place of samplers.
    """
    current = [Draws([], 0)]
    drawing = {name: getattr(Draws, name) for name in ("uniform", "uniform_pair", "uniform_index")} | others
    instead = {n: lambda *arguments, f=function: f(current[0], *arguments) for n, function in drawing.items()}
    problem = SimpleNamespace(n_actions=len(weights), horizon=horizon)
    init, act, update = (plain(step, **instead) for step in learner.steps)
    params, rng = learner.parameters(problem), stream_of(0, 0, LEARNER)
    level = {(): (1.0, (), init(params, rng), ())}
    for t in range(horizon):
        following = {}
        for probability, history, state, coins in level.values():
            law = defaultdict(float)
            for chance, arm in _outcomes(current, t, act, params, state, t, rng):
                law[int(arm)] += chance
            yield probability, history, np.array([law.get(i, 0.0) for i in range(len(weights))])
            for (arm, chance), (j, value) in product(law.items(), enumerate(values)):
                new, taken = (*history, (arm, j)), probability * chance * weights[arm][j]
                after = _outcomes(current, t, update, params, state, t, arm, value, rng) if taken else ()
                for coin, (share, changed) in enumerate(after):
                    place = key(new), (*coins, coin)
                    before, *kept = following.get(place, (0.0, new, changed, (*coins, coin)))
                    following[place] = before + taken * share, *kept
        level = following


def _outcomes(current, t, step, params, state, *arguments):
    """Return the (probability, result) of a step of round t, whose draws are enumerated."""

    def play(draws):
        current[0] = draws
        return step(params, copied(state), *arguments)

    return list(paths(play, t + 1))


def counts_of(history):
    """Return the counts of a history: how often each action had each loss."""
    return tuple(sorted(history))


def marginals(nodes, horizon, n_actions):
    """Return the marginal law of the action in each round (T, K) from histories."""
    found = np.zeros((horizon, n_actions))
    for probability, history, law in nodes:
        found[len(history)] += probability * law
    return found
