"""Zhou et al., "Extragradient Preference Optimization" (2025), arXiv:2503.08942."""

import numpy as np

from bandits.preference import games
from paper_figures.kit import Array, Paper

PAPER = Paper(
    title="Extragradient Preference Optimization (EGPO): Beyond Last-Iterate Convergence for Nash Learning",
    authors="Runlong Zhou, Maryam Fazel and Simon S. Du",
    venue="2025, arXiv:2503.08942",
    url="https://arxiv.org/abs/2503.08942",
)


def random_games(count: int, n_actions: int, seed: int) -> tuple[Array, Array]:
    """Return the games of the paper (count, n, n), i.i.d. uniform, and references (count, n), softmax of Gaussians."""
    rng = np.random.default_rng(seed)
    matrices = np.stack([games.uniform_random(n_actions, rng) for _ in range(count)])
    weights = np.exp(rng.standard_normal((count, n_actions)))
    return matrices, weights / weights.sum(axis=1, keepdims=True)
