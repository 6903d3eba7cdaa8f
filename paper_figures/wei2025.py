"""Wei et al. (2025): one router of queries to models for every preference between quality and cost."""

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from bandits.contextual import ContextualGame, InverseGapWeighting, PlayedLoss, PlayedPair, routing_world
from paper_figures import kit, style
from paper_figures.kit import Array, Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, simulate

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
SEEN = {
    "pairs": Look("learnt from quality and cost", style.BLUE, "o"),
    "losses": Look("learnt from the loss", style.ORANGE, "s"),
}


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

    pairs: ClassVar[bool] = False  # whether quality and cost make the losses

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
        offsets, costs = 2.0 * rank - 0.5, 0.8 * rank**2
        return routing_world(slopes, offsets, costs, queries, self.preferences, "logistic", self.pairs)

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


class Frontier(Routing):
    """Quality against cost as the preference sweeps, of learners that see pairs or losses, and the best routing."""

    name = "wei2025_frontier"
    title = "Quality and cost learnt at one preference serve all others"
    claim = """From pairs of quality and cost one learner serves all preferences: at preference w it adds (1 - w) times
    its prediction of what quality lacks to w times that of the cost (`ours.pair_gap_weighting`). What it learns at one
    preference is not lost at another."""
    caption = """Mean quality against mean cost, with pointwise 95% intervals of both over repetitions, as the weight of
    cost falls from 1 (left) to 0. Exact inverse gap weighting over the forward algorithm first answers queries at
    preference 1, where only cost counts, then all queries at each: from quality and cost, or from the loss alone, which
    says nothing of quality there. Black: the best model for each query at each preference; grey: each model alone.
    Quality is logistic in the query, so that no linear model is exact."""
    tiny = changed(learning=1000, repetitions=3, n_queries=40)
    paper = changed(learning=50_000, repetitions=64)
    pairs: ClassVar[bool] = True

    learnt_at: float = setting("preference while learning", 1.0)
    learning: int = setting("rounds at that preference", 10_000)
    gamma: float = setting("gamma", 300.0)
    preferences: tuple[float, ...] = setting("weights of cost w", tuple((10 - k) / 10 for k in range(11)))

    def data(self) -> Frame:
        """Return quality and cost at each preference, of the learners, the best routing and each model."""
        world, rng, n, m = self.world(), np.random.default_rng(self.seed), self.n_queries, len(self.preferences)
        first = rng.integers(n, size=self.learning) * m + self.preferences.index(self.learnt_at)
        order = np.concatenate([first, *(np.arange(n) * m + place for place in range(m))])
        quality, cost = 1.0 - world.shortfall.means[0], world.cost.means[0]
        tables = []
        for name, feedback in (("pairs", PlayedPair()), ("losses", PlayedLoss())):
            game = ContextualGame(replace(world, order=order), len(order), feedback)
            plays: Any = {"repetitions": self.repetitions, "seed": self.seed, "record": ["actions"]}
            run = simulate(game, InverseGapWeighting(gamma=self.gamma), **plays)
            played = run.records["actions"]["arm"][:, self.learning :].reshape(-1, m, n)
            columns: kit.Row = {"who": name, "preference": np.array(self.preferences)}
            for what, table in (("quality", quality), ("cost", cost)):
                columns |= kit.interval(what, table[np.arange(n), played].mean(axis=2))
            tables.append(kit.table(columns))
        best = world.means[0].reshape(n, m, -1).argmin(axis=2).T
        points = {"best": [table[np.arange(n), best].mean(axis=1) for table in (quality, cost)]}
        points["model"] = [table.mean(axis=0) for table in (quality, cost)]
        tables += [kit.table({"who": who, "quality_mean": q, "cost_mean": c}) for who, (q, c) in points.items()]
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw quality against cost."""
        (panel,) = axes
        rows = frame.filter(who="model")
        kit.marked(panel, rows["cost_mean"], rows["quality_mean"], SINGLE, linestyle="none", marker="x")
        rows = frame.filter(who="best")
        kit.marked(panel, rows["cost_mean"], rows["quality_mean"], BEST)
        for name, look in SEEN.items():
            rows = frame.filter(who=name)
            ends = [(rows[f"{what}_mean"] - rows[f"{what}_low95"]).to_numpy() for what in ("quality", "cost")]
            kit.marked(panel, rows["cost_mean"], rows["quality_mean"], look, linewidth=1.0)
            panel.errorbar(rows["cost_mean"], rows["quality_mean"], ends[0], ends[1], fmt="none", color=look.colour)
        panel.set(xlabel="mean cost", ylabel="mean quality")
        kit.legend_below(panel, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return quality and cost where only quality counts, and the loss on average over preferences."""
        said = []
        for who, label in (*((name, look.label) for name, look in SEEN.items()), ("best", BEST.label)):
            rows, w = frame.filter(who=who), np.array(kit.values(frame.filter(who="pairs"), "preference"))
            quality, cost = rows["quality_mean"].to_numpy(), rows["cost_mean"].to_numpy()
            loss = ((1.0 - w) * (1.0 - quality) + w * cost).mean()
            said.append(f"{label}: loss {loss:.3f} on average over preferences; quality {quality[-1]:.3f} at w = 0.")
        return said
