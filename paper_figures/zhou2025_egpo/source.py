"""The paper, how its learners look, and its random games."""

from typing import Any

import numpy as np

from bandits.preference import PreferenceGame, games
from paper_figures import style
from paper_figures.figure import Paper
from paper_figures.style import Look

ZHOU = Paper(
    title="Extragradient Preference Optimization (EGPO): Beyond Last-Iterate Convergence for Nash Learning",
    authors="Runlong Zhou, Maryam Fazel and Simon S. Du",
    venue="2025, arXiv:2503.08942",
    url="https://arxiv.org/abs/2503.08942",
)

LOOKS = {
    "INPO": Look("mirror descent (online IPO, uniform pairs)", style.ORANGE, "s"),
    "NashMD": Look("Nash-MD", style.RED, "D"),
    "EGPO": Look("EGPO", style.BLUE, "o"),
    "NashMP": Look(r"Nash-MP, $\lambda = 1/2$", style.GREEN, "^"),
}


def random_games(count: int, n_actions: int, seed: int) -> tuple[Any, Any]:
    """Return the paper's games (count, n, n), i.i.d. uniform, and references (count, n), softmax of Gaussians."""
    rng = np.random.default_rng(seed)
    matrices = np.stack([games.uniform_random(n_actions, rng) for _ in range(count)])
    weights = np.exp(rng.standard_normal((count, n_actions)))
    return matrices, weights / weights.sum(axis=1, keepdims=True)


def game(settings: Any, weight: float, rounds: int, **rest: Any) -> PreferenceGame:
    """Return the problem of settings with `n_games`, `n_actions` and `seed`."""
    matrices, references = random_games(settings.n_games, settings.n_actions, settings.seed)
    return PreferenceGame(matrices, rounds, weight, references, **rest)
