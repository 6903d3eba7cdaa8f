"""Foster & Krishnamurthy (NeurIPS 2021): contextual bandits whose regret is small where losses are."""

from bandits.contextual import Aggregating, ContextualGame, InverseGapWeighting, Mixture, policy_world
from paper_figures import kit
from paper_figures.foster2020 import LOOKS
from paper_figures.foster2020.regret import THEOREMS
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.simulations import runs
from sims import Cell

PAPER = Paper(
    title="Efficient first-order contextual bandits: prediction, allocation, and triangular discrimination",
    authors="Dylan J. Foster and Akshay Krishnamurthy",
    venue="NeurIPS 2021, arXiv:2107.02237",
    url="https://arxiv.org/abs/2107.02237",
)


class SmallLosses(Figure):
    """Regret against the loss of the best policy, at one horizon."""

    name = "foster2021_small_losses"
    title = "FastCB loses little where the best policy does"
    claim = """With log loss and FastCB's law the regret is of order sqrt(K L* R) + K R, with L* what the best policy
    loses in all (Foster & Krishnamurthy 2021; constants derived here); rules for square loss have order sqrt(K T R)
    whatever L* is."""
    caption = """Mean regret at one horizon, with pointwise 95% intervals over repetitions, against the expected loss L*
    of the best of 16 policies; the other actions lose more by a fixed gap. FastCB is told L*. Dashed: the bounds."""
    panels, size = 1, (6.0, 4.2)
    tiny = changed(horizon=512, repetitions=4)
    paper = changed(horizon=2**17, repetitions=64)

    means: tuple[float, ...] = setting("mean loss of the best actions", (0.001, 0.003, 0.01, 0.03, 0.1, 0.3))
    gap: float = setting("gap", 0.4)
    horizon: int = setting("horizon T (rounds)", 2**14)
    repetitions: int = setting("repetitions", 20)
    seed: int = setting("seed", 2021)

    def data(self) -> Frame:
        """Return regret and bound of three rules for each mean loss."""
        made = []
        for mean in self.means:
            game = ContextualGame(policy_world(mean=mean, gap=self.gap), self.horizon)
            learners = {
                "exact": InverseGapWeighting(oracle=Aggregating()),
                "SquareCB": InverseGapWeighting("squarecb", oracle=Aggregating()),
                "FastCB": InverseGapWeighting("fastcb", oracle=Mixture(), best_loss=game.expected_best_loss),
            }
            cells = {n: Cell(game, one, self.repetitions, self.seed, (self.horizon,)) for n, one in learners.items()}
            made += [(name, mean * self.horizon, cell) for name, cell in cells.items()]
        rows = []
        for (name, best, _), run in zip(made, runs([cell for *_, cell in made]), strict=True):
            row = {"learner": name, "best_loss": best, "bound": kit.bound_value(THEOREMS[name], run)}
            rows.append(row | kit.final(kit.run_interval(run, "regret")))
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret and bounds on logarithmic axes."""
        (panel,) = axes
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "best_loss"):
            kit.curve(panel, rows, "best_loss", "regret_{}", look, bound="bound")
        kit.log_axes(panel, "expected loss $L^*$ of the best policy", "regret (loss)", base=10)
        kit.legend_entry(panel, "bound")
        kit.legend_below(panel, 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the regrets at the least and the greatest loss."""
        sentences = []
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "best_loss"):
            low, high = kit.first(rows), kit.last(rows)
            said = [
                f"{kit.with_interval(row, 'regret_{}', '.0f')} at L* = {row['best_loss']:.0f}" for row in (low, high)
            ]
            sentences.append(f"{look.label}: regret {' and '.join(said)}.")
        return sentences
