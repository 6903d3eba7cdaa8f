"""Decision processes for duels of trajectories: from tables, and drawn at random."""

import numpy as np
from numpy.typing import ArrayLike

from bandits.arguments import checked
from bandits.checks import array, integer
from bandits.preference.linear_mdp import LinearMDP


@checked
def tabular_mdp(rewards: ArrayLike, transitions: ArrayLike, horizon: int, scale: float = 1.0) -> LinearMDP:
    """Return the process of rewards (H, S, A) in [0, 1] and probabilities (H, S, A, S): features are unit vectors."""
    table = array("rewards", rewards, 3, 0.0, 1.0)
    chances = array("transitions", transitions, 4, 0.0, 1.0)
    n_stages, n_states, n_actions = table.shape
    if chances.shape != (*table.shape, n_states):
        raise ValueError(f"transitions must be {(*table.shape, n_states)}, got shape {chances.shape}")
    d = n_states * n_actions
    features = np.eye(d).reshape(n_states, n_actions, d)
    return LinearMDP(features, chances.reshape(n_stages, d, n_states), table.reshape(n_stages, d), horizon, scale)


@checked
def random_tabular_mdp(
    n_states: int, n_actions: int, n_stages: int, horizon: int, *, scale: float = 1.0, seed: int = 0
) -> LinearMDP:
    """Return a process with rewards uniform in [0, 1] and next states' probabilities uniform on the simplex."""
    for name, number in (("n_states", n_states), ("n_actions", n_actions), ("n_stages", n_stages)):
        integer(name, number, low=1)
    rng = np.random.default_rng(integer("seed", seed, low=0))
    rewards = rng.random((n_stages, n_states, n_actions))
    chances = rng.dirichlet(np.ones(n_states), (n_stages, n_states, n_actions))
    return tabular_mdp(rewards, chances, horizon, scale)


@checked
def random_linear_mdp(
    n_states: int, n_actions: int, n_stages: int, n_features: int, horizon: int, *, scale: float = 1.0, seed: int = 0
) -> LinearMDP:
    """Return a process whose features are weights of `n_features` random laws of the next state.

    phi(s, a) is on the simplex and each component of psi_h is a law, so what they make is one; theta is uniform in
    [0, 1]^d, so rewards lie there too.
    """
    sizes = {"n_states": n_states, "n_actions": n_actions, "n_stages": n_stages, "n_features": n_features}
    for name, number in sizes.items():
        integer(name, number, low=1)
    rng = np.random.default_rng(integer("seed", seed, low=0))
    features = rng.dirichlet(np.full(n_features, 0.5), (n_states, n_actions))
    measures = rng.dirichlet(np.full(n_states, 0.5), (n_stages, n_features))
    return LinearMDP(features, measures, rng.random((n_stages, n_features)), horizon, scale)
