"""What is learned: the probability with which each individual is accepted, and the distances that bound the gaps."""

from functools import cached_property

import numpy as np

from bandits.one_sided import Crowd, Exp2OneSided, Lending, Listed, OneSidedGame, Panels, lending, lending_panels
from paper_figures import kit, style
from paper_figures.kit import Array, Figure, Frame, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell

GROUPS = {0: Look("score fair", style.BLUE, "o"), 1: Look("score too low", style.RED, "D")}
POLICIES = {"strict": ("-.", "best fair policy, strict"), "lenient": ("--", "best fair policy, lenient")}


class Policy(Figure):
    """Distances of all pairs, and acceptance of every individual by window of time and by the benchmarks."""

    name = "bechavod2022_policy"
    title = "The learned policy, individual by individual, and the distances that constrain it"
    claim = """Section 2: a policy is fair if no two individuals are accepted with probabilities that differ by more
    than their distance plus the tolerance; Lemma B.1: the distance of a panel is that of its swing auditor."""
    caption = """Environment B: 40 individuals, 81 pairs of thresholds, six panels in turn, Exp2 with the shifted
    estimator and self-bounding price. (a) The least swing distance of the six panels for each pair, individuals ordered
    by group and score; dots: ordered pairs (x, x') that the best policy of all would violate at the tolerance. (b) to
    (d) Share of arrivals accepted, over all repetitions in three windows of time, against the score, with the best fair
    policies: strict at the tolerance minus the slack, lenient at the tolerance. Nothing makes the learner keep to the
    strict one: reports begin beyond the tolerance."""
    panels, size = 4, (7.2, 6.6)
    tiny = changed(ends=(32, 128, 256), starts=(0, 64, 192), n_people=12, repetitions=4)
    paper = changed(ends=(256, 4096, 2**20), starts=(0, 2048, 2**20 - 2**14), repetitions=64)

    ends: tuple[int, ...] = setting("rounds at which the windows end, the last one the horizon T", (256, 4096, 65536))
    starts: tuple[int, ...] = setting("rounds after which they start", (0, 2048, 49152))
    n_people: int = setting("individuals", 40)
    votes: int = setting("votes s of 5 for a report", 3)
    individuals: int = setting("arrivals per round k", 4)
    tolerance: float = setting("tolerance (and slack ε)", 0.2)
    repetitions: int = setting("repetitions", 16)
    seed: int = setting("seed", 2020)

    @cached_property
    def game(self) -> OneSidedGame:
        """Environment B with every individual in a group of its own, so that acceptances are counted one by one."""
        people = Lending(n_people=self.n_people)
        market = lending(1, people)
        predictions = market.table[market.hypotheses.cells(people)].T
        crowd = Crowd(people.features, people.law.chance[0], groups=np.arange(self.n_people))
        panels = Panels(lending_panels(self.votes))
        return OneSidedGame(crowd, Listed(predictions), panels, self.ends[-1], self.individuals, self.tolerance)

    def data(self) -> Frame:
        """Return one row per ordered pair, then one per policy and individual."""
        game = self.game
        features, shares, nearest = game.people.features, game.people.expected(1), game.swings.min(axis=0)
        order = np.lexsort((features[:, 0], features[:, 2]))
        best = game.table[:, int(((shares[0] - shares[1]) @ game.table).argmin())].astype(float)
        broken = best[:, None] - best[None] - nearest > self.tolerance
        rows: list[Row] = [
            {"what": "distance", "x": i, "y": j, "value": float(nearest[a, b]), "violated": int(broken[a, b])}
            for i, a in enumerate(order)
            for j, b in enumerate(order)
        ]
        policies = {"strict": game.benchmarks[0].acceptance, "lenient": game.benchmarks[2].acceptance}
        policies |= {f"window {w}": mean for w, mean in enumerate(self._windows())}
        for name, acceptance in policies.items():
            worst = float((acceptance[:, None] - acceptance[None] - nearest).max())
            for i, a in enumerate(order):
                row = {"what": name, "x": i, "y": int(features[a, 2]), "score": float(features[a, 0])}
                rows.append(row | {"value": float(acceptance[a]), "excess": worst})
        return kit.table(rows)

    def _windows(self) -> list[Array]:
        """Return the share of arrivals accepted, by individual (n,), in each window over all repetitions."""
        rounds = sorted({*self.ends, *self.starts} - {0})
        (run,) = runs([Cell(self.game, Exp2OneSided(), self.repetitions, self.seed, tuple(rounds))])
        n, at = self.n_people, [0, *rounds]
        accepted, arrived = (
            np.vstack([np.zeros(n), np.column_stack([run[f"{count}_{g}"].sum(axis=0) for g in range(n)])])
            for count in ("acceptances", "arrivals")
        )
        windows = [(at.index(start), at.index(end)) for start, end in zip(self.starts, self.ends, strict=True)]
        return [(accepted[e] - accepted[s]) / np.maximum(arrived[e] - arrived[s], 1.0) for s, e in windows]

    def draw(self, frame: Frame, axes: kit.Panels) -> None:
        """Draw the distances with the pairs that the best policy of all would violate, then each window."""
        _draw_distances(axes[0], frame.filter(what="distance").sort("x", "y"))
        for panel, name in zip(axes[1:], _windows(frame), strict=True):
            for group, look in GROUPS.items():
                for policy, (dash, words) in POLICIES.items():
                    rows = frame.filter(what=policy, y=group).sort("score")
                    kit.theory_line(panel, rows["score"], rows["value"], look.colour, dash=dash)
                    kit.legend_entry(panel, f"{words}, same colour", dash)
                rows = frame.filter(what=name, y=group).sort("score")
                line: Row = {"markeredgecolor": "white", "markersize": 5, "linestyle": "none"}
                kit.marked(panel, rows["score"], rows["value"], look, f"learned, group {group}: {look.label}", **line)
            panel.set(xlabel="score", ylabel="probability of acceptance", ylim=(-0.03, 1.03))
        kit.finish(axes, ["least distance of a panel", "first rounds", "later", "last rounds"], legends=())
        kit.shared_legend(axes, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the pairs that the best policy of all would violate, and the largest gap of each policy."""
        pairs = frame.filter(what="distance")
        broken = int(pairs["violated"].sum())
        sentences = [f"The best policy of all violates {broken} of {pairs.height} ordered pairs."]
        for name in ("strict", "lenient", *_windows(frame)):
            worst = frame.filter(what=name)["excess"][0]
            sentences.append(f"{name.capitalize()}: the largest gap is the distance plus {worst:.3f}.")
        return sentences


def _windows(frame: Frame) -> list[str]:
    return sorted(name for name in kit.values(frame, "what") if name.startswith("window"))


def _draw_distances(panel: kit.Axes, pairs: Frame) -> None:
    n = int(pairs["x"].to_numpy().max()) + 1
    image = panel.imshow(pairs["value"].to_numpy().reshape(n, n), origin="lower", cmap="Greys", vmin=0.0, vmax=1.0)
    panel.figure.colorbar(image, ax=panel, shrink=0.5, label="distance")
    broken = pairs.filter(violated=1)
    label = "pairs that the best policy violates"
    panel.plot(broken["y"], broken["x"], ".", color=style.ORANGE, markersize=2.2, label=label)
    panel.set(xlabel="individual x', by group and score", ylabel="individual x, by group and score", aspect="auto")
    panel.grid(visible=False)
