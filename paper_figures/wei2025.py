"""Wei et al. (2025): one router of queries to models for every preference between quality and cost."""

from dataclasses import replace
from typing import Any

import numpy as np

from bandits.contextual import ContextualGame, InverseGapWeighting, routing_world
from paper_figures import kit, style
from paper_figures.kit import Array, Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell

PAPER = Paper(
    title="Learning to Route LLMs from Bandit Feedback: One Policy, Many Trade-offs",
    authors="Wang Wei, Tiankai Yang, Hongjie Chen, Yue Zhao and others",
    venue="2025, arXiv:2510.07429",
    url="https://arxiv.org/abs/2510.07429",
)
LEARNER, BEST, SINGLE = (
    Look("one learner for all preferences", style.BLUE, "o"),
    Look("best model for each query", style.BLACK, ""),
    Look("one model for all queries", style.GREY, ""),
)


class Routing(Figure):
    """Loss against the preference, of one learner, the best routing and each model alone."""

    name = "wei2025_routing"
    title = "One learner routes queries for every preference"
    claim = """A query comes with a preference w, and a model of quality q and cost c has loss (1 - w) (1 - q) + w c (as
    in Wei et al. 2025). It is linear in (1 - w, w), so that one regression for each model serves all preferences."""
    caption = """Mean loss against the weight of cost, with pointwise 95% intervals over repetitions, of exact inverse
    gap weighting over the forward algorithm: it learns from queries at random preferences, then answers all queries at
    each. Quality is logistic in the query, so that the linear model is not exact. Black: the best model for each query,
    the least possible; grey: each model for all queries."""
    panels, size = 1, (6.0, 4.0)
    tiny = changed(learning=500, repetitions=3, n_queries=20)
    paper = changed(learning=200_000, repetitions=64)

    n_models: int = setting("models K", 4)
    dimension: int = setting("features of a query d", 5)
    n_queries: int = setting("queries", 200)
    preferences: tuple[float, ...] = setting("weights of cost w", tuple(k / 10 for k in range(11)))
    learning: int = setting("rounds at random preferences", 20_000)
    gamma: float = setting("gamma", 1000.0)
    repetitions: int = setting("repetitions", 16)
    seed: int = setting("seed", 2025)

    def data(self) -> Frame:
        """Return the loss at each preference of the learner, the best routing and each model."""
        world = self.world()
        rng = np.random.default_rng(self.seed)
        m, n = len(self.preferences), self.n_queries
        asked = [np.arange(n) * m + place for place in range(m)]  # all queries at one preference
        order = np.concatenate([rng.integers(n * m, size=self.learning), *asked])
        game = ContextualGame(replace(world, order=order), len(order))
        ends = tuple(self.learning + n * np.arange(m + 1))
        cell = Cell(game, InverseGapWeighting(gamma=self.gamma), self.repetitions, self.seed, tuple(map(int, ends)))
        (run,) = runs([cell])
        losses: Array = np.diff(run["regret"] + run["best_loss"], axis=1) / n
        means = world.means[0].reshape(n, m, self.n_models)
        columns: kit.Row = {"preference": np.array(self.preferences), "best": means.min(axis=2).mean(axis=0)}
        columns |= {f"model_{k}": means[:, :, k].mean(axis=0) for k in range(self.n_models)}
        return kit.table(columns | kit.interval("loss", losses))

    def world(self) -> Any:
        """Return models of which some are better and dearer, and queries of unit norm."""
        rng = np.random.default_rng(self.seed)
        rank = np.linspace(0.0, 1.0, self.n_models)
        queries = rng.standard_normal((self.n_queries, self.dimension))
        queries /= np.linalg.norm(queries, axis=1, keepdims=True)
        slopes = 2.0 * rng.standard_normal((self.n_models, self.dimension))
        return routing_world(slopes, 2.0 * rank - 0.5, 0.8 * rank**2, queries, self.preferences, "logistic")

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the losses against the preference."""
        (panel,) = axes
        for name in (column for column in frame.columns if column.startswith("model_")):
            kit.marked(panel, frame["preference"], frame[name], SINGLE, linewidth=1.0, linestyle=":")
        kit.marked(panel, frame["preference"], frame["best"], BEST)
        kit.curve(panel, frame, "preference", "loss_{}", LEARNER)
        panel.set(xlabel="weight $w$ of cost", ylabel="mean loss", ylim=(0.0, None))
        kit.shared_legend(axes, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the losses on average over preferences."""
        singles = [frame[name].mean() for name in frame.columns if name.startswith("model_")]
        return [
            f"On average over preferences: loss {frame['loss_mean'].mean():.3f}, best routing "
            f"{frame['best'].mean():.3f}, best single model {min(singles):.3f}."
        ]
