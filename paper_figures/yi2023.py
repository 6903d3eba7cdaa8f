"""Yi et al. (2023): online matching of requests with items by diagonal LinUCB, and where its score goes wrong."""

from typing import Any

import numpy as np

from bandits.contextual import ContextualGame, DiagonalLinUCB, KnownWorld, LinearThompson, LinUCB, two_items
from paper_figures import kit
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import BLACK, BLUE, GREEN, RED, Look
from sims import Cell

PAPER = Paper(
    title="Online Matching: A Real-time Bandit System for Large-scale Recommendations",
    authors="Xinyang Yi, Shao-Chuan Wang, Ruining He, Hariharan Chandrasekaran and others",
    venue="RecSys 2023, arXiv:2307.15893",
    url="https://arxiv.org/abs/2307.15893",
)
LOOKS = {
    "raw": Look("Diag-LinUCB", RED, "o"),
    "normalised": Look("Diag-LinUCB, divided by links", BLUE, "s"),
    "LinUCB": Look("LinUCB", BLACK, "^"),
    "Thompson": Look("linear Thompson sampling", GREEN, "D"),
}


def matching_world(n_clusters: int, n_items: int, n_requests: int, seed: int) -> tuple[Any, Any]:
    """Return links (C, K) and a world of requests of three clusters each; an item without a link always loses.

    The mean reward of a linked item is the mean of its values at the linked clusters, weighted as in the request.
    """
    rng = np.random.default_rng(seed)
    edges = rng.random((n_clusters, n_items)) < 0.3
    edges[:, 0] = True
    values = rng.random((n_clusters, n_items)) * edges
    requests = np.zeros((n_requests, n_clusters))
    for request in requests:
        request[rng.choice(n_clusters, 3, replace=False)] = rng.dirichlet(np.ones(3))
    linked = requests @ edges
    rewards = np.divide(requests @ values, linked, out=np.zeros_like(linked), where=linked > 0.0)
    return edges, KnownWorld(requests, 1.0 - rewards)


class Matching(Figure):
    """Regret of diagonal LinUCB, raw and normalised, beside learners of the full matrix."""

    name = "yi2023_matching"
    title = "Diagonal LinUCB prefers items with many links"
    claim = """Diag-LinUCB (Yi et al. 2023) scores an item by a sum over the clusters of a request that are linked to
    it. With e links the sum is e times the mean reward, where requests are alike: an item with more links may be played
    for ever. Divided by e it is the mean (`bandits.contextual.matching`)."""
    caption = """Mean regret against the round, with pointwise 95% intervals over repetitions. (a) One request, two
    clusters, an item of reward 0.4 with two links and one of 0.7 with one: linear regret of the raw score. (b) A
    random graph; an item's reward is the weighted mean of its values at the linked clusters. There the divided score
    is better but not right either: each link is given the whole reward. LinUCB and Thompson sampling learn one linear
    model for each item and do not know the links."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(horizon=200, repetitions=3, n_requests=20)
    paper = changed(horizon=100_000, repetitions=64)

    horizon: int = setting("horizon T (rounds)", 3000)
    exploration: float = setting("alpha, also of LinUCB", 0.5)
    of_two: float = setting("alpha with two items", 2.0)
    n_clusters: int = setting("clusters", 6)
    n_items: int = setting("items", 10)
    n_requests: int = setting("requests", 200)
    repetitions: int = setting("repetitions", 24)
    seed: int = setting("seed", 2023)

    def data(self) -> Frame:
        """Return the regret at logarithmically spaced rounds."""
        edges, world = matching_world(self.n_clusters, self.n_items, self.n_requests, self.seed)
        rounds = np.unique(np.geomspace(10, self.horizon, 20).astype(int))
        games = {
            "two items": (two_items(), self.of_two, [[1, 1], [1, 0]]),
            "random graph": (world, self.exploration, edges.astype(float)),
        }
        made = []
        for name, (found, alpha, links) in games.items():
            learners = {
                "raw": DiagonalLinUCB(links, alpha),
                "normalised": DiagonalLinUCB(links, alpha, normalise=True),
                "LinUCB": LinUCB(width=alpha),
                "Thompson": LinearThompson(),
            }
            game = ContextualGame(found, self.horizon)
            for who, learner in learners.items():
                made.append((name, who, Cell(game, learner, self.repetitions, self.seed, tuple(rounds.tolist()))))
        tables = [
            kit.table({"world": name, "learner": who, "round": rounds} | kit.run_interval(run, "regret"))
            for (name, who, _), run in zip(made, runs([cell for *_, cell in made]), strict=True)
        ]
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the regret in one panel per world."""
        worlds = kit.values(frame, "world")
        for letter, panel, world in zip("ab", axes, worlds, strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "round", world=world):
                kit.curve(panel, rows, "round", "regret_{}", look, markevery=3)
            panel.set(xlabel="round $t$", ylabel="regret (reward)", title=f"({letter}) {world}")
        kit.shared_legend(axes, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the regret per round at the end."""
        rows = frame.filter(round=frame["round"].max()).iter_rows(named=True)
        return [
            f"{LOOKS[row['learner']].label}, {row['world']}: regret {row['regret_mean'] / row['round']:.3f} per round."
            for row in rows
        ]
