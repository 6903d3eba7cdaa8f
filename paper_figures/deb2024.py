"""Deb, Ban, Zuo, He & Banerjee (ICLR 2024): inverse gap weighting over neural networks."""

import numpy as np

from bandits.contextual import (
    ContextualGame,
    InverseGapWeighting,
    KnownWorld,
    NeuralNetwork,
    NeuralUCB,
    PolicyGradient,
    screening_world,
)
from bandits.contextual.worlds import World
from bandits.protocol import Learner
from bandits.threshold import Compas
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell

PAPER = Paper(
    title="Contextual Bandits with Online Neural Regression",
    authors="Rohan Deb, Yikun Ban, Shiliang Zuo, Jingrui He & Arindam Banerjee",
    venue="ICLR 2024, arXiv:2312.07145",
    url="https://arxiv.org/abs/2312.07145",
)
LOOKS = {
    "linear": Look("SquareCB, linear oracle", style.BLACK, "s"),
    "policy": Look("softmax policy gradient", style.PURPLE, "^"),
    "square": Look("NeuSquareCB", style.BLUE, "o"),
    "log": Look("NeuFastCB", style.GREEN, "D"),
    "ucb": Look("NeuralUCB, diagonal", style.RED, "v"),
}
TITLES = {"cosine": "cosine", "square": "square", "compas": "COMPAS"}


class Neural(Figure):
    """Regret against rounds in two nonlinear worlds and in screening."""

    name = "deb2024_neural"
    title = "Networks learn what no linear oracle can, and lose where one suffices"
    claim = """Inverse gap weighting takes any oracle. Over wide perturbed networks its regret is of order sqrt(K T),
    and with log loss and FastCB's law sqrt(K L*) (Deb et al. 2024; rates for very wide networks, no numbers for finite
    ones)."""
    caption = """Mean regret against the round with pointwise 95% intervals over repetitions. Four actions whose
    features are uniform on a sphere; with v the inner product of features and a hidden unit vector the mean loss is (a)
    (1 - cos(4.5 v)) / 2, (b) 1 - min(1, 4 v^2). (c) Defendants of COMPAS in random order, accepted or rejected; regret
    is against the right decision in every round, which no features determine. All networks have 64 hidden units and a
    learning rate of 1, those under SquareCB and FastCB four perturbed copies."""
    panels, size = 3, (7.2, 3.6)
    tiny = changed(horizon=60, contexts=50, repetitions=2, checkpoints=3)
    paper = changed(horizon=20_000, repetitions=64)

    horizon: int = setting("horizon T (rounds)", 3000)
    gamma: float = setting("gamma of inverse gap weighting", 300.0)
    exploration: float = setting("beta of NeuralUCB", 0.1)
    dimension: int = setting("features d", 10)
    contexts: int = setting("contexts", 4000)
    repetitions: int = setting("repetitions", 8)
    checkpoints: int = setting("checkpoints", 16)
    seed: int = setting("seed", 2024)

    @property
    def worlds(self) -> dict[str, World]:
        """The worlds by name; features and the hidden vector are drawn with the seed."""
        rng = np.random.default_rng(self.seed)
        features = rng.standard_normal((self.contexts, 4, self.dimension))
        hidden = rng.standard_normal(self.dimension)
        features /= np.linalg.norm(features, axis=2, keepdims=True)
        v = features @ (hidden / np.linalg.norm(hidden))
        return {
            "cosine": KnownWorld(features, 0.5 * (1.0 - np.cos(4.5 * v))),
            "square": KnownWorld(features, 1.0 - np.minimum(1.0, 4.0 * v**2)),
            "compas": screening_world(Compas()),
        }

    @property
    def learners(self) -> dict[str, Learner]:
        """The learners by name."""
        return {
            "linear": InverseGapWeighting("squarecb", self.gamma),
            "policy": PolicyGradient(),
            "square": InverseGapWeighting("squarecb", self.gamma, NeuralNetwork("square")),
            "log": InverseGapWeighting("fastcb", self.gamma, NeuralNetwork("log")),
            "ucb": NeuralUCB(exploration=self.exploration),
        }

    def data(self) -> Frame:
        """Return a row for each world, learner and checkpoint."""
        rounds = tuple(np.unique(np.linspace(1, self.horizon, self.checkpoints).astype(int)).tolist())
        named = [(place, name) for place in TITLES for name in LOOKS]
        worlds, learners = self.worlds, self.learners
        cells = [
            Cell(ContextualGame(worlds[place], self.horizon), learners[name], self.repetitions, self.seed, rounds)
            for place, name in named
        ]
        tables = []
        for (place, name), run in zip(named, runs(cells), strict=True):
            given = {"world": place, "learner": name, "round": run.rounds}
            tables.append(kit.table(given | kit.run_interval(run, "regret")))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against the round."""
        for panel, place in zip(axes, TITLES, strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "round", world=place):
                kit.curve(panel, rows, "round", "regret_{}", look)
            panel.set(xlabel="round $t$", ylabel="regret (loss)")
        kit.finish(axes, list(TITLES.values()), legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the last regret of each learner in each world."""
        said = []
        for place, title in TITLES.items():
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "round", world=place):
                said.append(f"{title}, {look.label}: regret {kit.with_interval(kit.last(rows), 'regret_{}', '.0f')}.")
        return said
