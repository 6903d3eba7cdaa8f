"""Selection among drawn answers by a proxy: regret against the number of draws, and of submissions."""

import numpy as np

from bandits.prediction import SelectionGame
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.style import Look
from theory.prediction.exact import expected_regret

PAPER = Paper(
    title="Best-of-Majority: Minimax-Optimal Strategy for Pass@k Inference Scaling",
    authors="Qiwei Di, Kaixuan Ji, Xuheng Li, Heyang Zhao & Quanquan Gu",
    venue="arXiv:2510.03199",
    url="https://arxiv.org/abs/2510.03199",
)
RULES = {
    "best-of-N": Look("best-of-N", style.RED, "D"),
    "best-of-majority": Look("best-of-majority", style.BLUE, "o"),
}


class Selection(Figure):
    """Exact regret of best-of-N and best-of-majority."""

    name = "di2025_selection"
    title = "More draws mislead best-of-N, and not best-of-majority"
    claim = """With more draws best-of-N finds rare answers whose proxy is too high, and its regret rises, while
    best-of-majority drops rare answers, and its regret falls. On a hard instance it is near the least regret that any
    rule can have, which falls like the root of the number of submissions."""
    caption = """Nothing is simulated: exact expected regret of one round. (a) The best answer has probability 1/4 and
    reward 1, another 0.7 and 1/2; fifty rare ones have none, and proxies above all others. Best-of-majority drops what
    makes up less than 1/8 of the draws. (b) 2k of the answers have the same proxy, and one of them, anybody's guess,
    is good; with the error of the proxies fixed its reward depends on k. Broken line: the lower theorem, for every
    rule."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(draws=(2, 20), submit=(1, 2))
    paper = changed(draws=(2, 3, 5, 8, 12, 20, 30, 50, 80, 120, 200, 300, 400))

    draws: tuple[int, ...] = setting("draws N", (2, 5, 10, 20, 40, 100))
    submit: tuple[int, ...] = setting("submissions k", (1, 2, 3, 4, 5, 6))
    coverage: int = setting("1 / probability of the best answer, (b)", 14)
    proxy_error: float = setting("root mean squared error of the proxies, (b)", 0.1)

    def data(self) -> Frame:
        """Return a row for each rule and number of draws or submissions."""
        law, rewards = [0.25, 0.70] + [0.001] * 50, [1.0, 0.5] + [0.0] * 50
        rows: list[Row] = []
        for n in self.draws:
            game = SelectionGame(law, rewards, [1.0, 0.5] + [1.01] * 50, n, 1, 1)
            rows.append(self._row("draws", "best-of-N", n, expected_regret(game)))
            rows.append(self._row("draws", "best-of-majority", n, expected_regret(game, 0.125)))
        for k in self.submit:
            lower = self.proxy_error / 2 * float(np.sqrt(self.coverage / (2 * k - 1)))
            for rule, alpha in (("best-of-N", 0.0), ("best-of-majority", 0.5 / self.coverage)):
                found = np.mean([expected_regret(game, alpha) for game in self._hard(k)])
                rows.append(self._row("submit", rule, k, float(found), lower))
        return kit.table(rows)

    def _row(self, kind: str, rule: str, number: int, regret: float, lower: float | None = None) -> Row:
        return {"kind": kind, "rule": rule, "number": number, "regret": regret, "lower": lower}

    def _hard(self, k: int) -> list[SelectionGame]:
        good = self.proxy_error * np.sqrt(self.coverage / (2 * k - 1))
        law = np.append(np.full(2 * k, 1 / self.coverage), 1 - 2 * k / self.coverage)
        proxies = np.append(np.full(2 * k, good), 0.0)
        each = np.eye(2 * k, 2 * k + 1) * good
        return [SelectionGame(law, rewards, proxies, 4 * self.coverage, k, 1) for rewards in each]

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against draws and submissions."""
        for panel, kind in zip(axes, ("draws", "submit"), strict=True):
            for _, look, rows in kit.curves(frame, RULES, "rule", "number", kind=kind):
                kit.marked(panel, rows["number"], rows["regret"], look)
        rows = frame.filter(kind="submit", rule="best-of-N").sort("number")
        kit.theory_line(axes[1], rows["number"], rows["lower"], "k", "least for every rule")
        kit.log_x(axes[0], "draws $N$", "expected regret", base=10)
        axes[1].set(xlabel="submissions $k$", ylabel="expected regret", ylim=(0.0, None))
        kit.finish(axes, ["rare answers with high proxies", "the hard instance"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the regret at the ends of each curve."""
        said = []
        for kind, letter in (("draws", "N"), ("submit", "k")):
            for _, look, rows in kit.curves(frame, RULES, "rule", "number", kind=kind):
                low, high = kit.first(rows), kit.last(rows)
                said.append(
                    f"{look.label}: regret {low['regret']:.4f} at {letter} = {low['number']}, {high['regret']:.4f} at "
                    f"{letter} = {high['number']}."
                )
        return said
