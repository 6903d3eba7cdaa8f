"""Why the residuals are a signed pair: the mean of an absolute difference is not the difference of the means."""

import numpy as np
from numpy.typing import NDArray

from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, changed, setting

_LOOKS = ((style.BLUE, "o"), (style.GREEN, "s"), (style.ORANGE, "^"))


class Bias(Figure):
    """Expected absolute difference of the acceptance rates of a batch; nothing is drawn at random."""

    name = "du2025_bias"
    title = "Measuring fairness by an absolute difference makes fair thresholds look unfair"
    claim = """Feedback on parity must be the signed pair a₀ - a₁ - δ, a₁ - a₀ - δ, whose means are the true residuals;
    |a₀ - a₁| - δ is too large on average, by E|X| ≥ |E X|."""
    caption = """Exact expectation of the absolute difference of the acceptance rates of a batch, for thresholds with
    the true differences shown by broken lines, all of them feasible. A learner that averages absolute differences keeps
    this bias however many rounds it plays: with small batches it rejects thresholds at which both groups are treated
    alike. The means of the signed pair are the broken lines for every n."""
    size = (6.4, 3.8)
    tiny = changed(sizes=(10, 20))

    sizes: tuple[int, ...] = setting("individuals per round n", (10, 20, 50, 100, 200, 500, 1000))
    share: float = setting("share of group 1, the sizes being exactly (1 - w) n and w n", 0.2)
    rate: float = setting("acceptance rate of group 0", 0.5)
    differences: tuple[float, ...] = setting("true differences of the rates", (0.0, 0.05, 0.1))
    parity_tolerance: float = setting("parity tolerance δ (acceptance rate)", 0.1)
    seed: str = setting("seed", "none: binomial laws are summed exactly")

    def data(self) -> Frame:
        """Return the expected absolute difference for each true difference and batch size."""
        rows = []
        for difference in self.differences:
            for n in self.sizes:
                n_1 = round(self.share * n)
                expected = mean_absolute(n - n_1, n_1, self.rate, self.rate - difference)
                row = {"true_difference": difference, "batch_size": n, "expected_absolute_difference": expected}
                rows.append(row | {"tolerance": self.parity_tolerance})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the expected absolute difference against the size of the batch, and the truth."""
        panel = axes[0]
        for (colour, marker), difference in zip(_LOOKS, kit.values(frame, "true_difference"), strict=True):
            rows = frame.filter(true_difference=difference)
            x, label = rows["batch_size"], f"mean of $|a_0 - a_1|$, truth {difference:g}"
            panel.plot(x, rows["expected_absolute_difference"], color=colour, marker=marker, label=label)
            panel.axhline(difference, color=colour, linestyle=(0, (4, 1.5)), linewidth=1.0)
        kit.legend_entry(panel, "true difference, same colour", (0, (4, 1.5)))
        panel.axhline(frame["tolerance"][0], color=style.RED, linestyle=":", linewidth=1.8, label="tolerance δ")
        panel.set(xlabel="individuals per round $n$", ylabel="difference of acceptance rates", ylim=(-0.005, None))
        panel.set_xscale("log")
        panel.legend(loc="upper right")

    def findings(self, frame: Frame) -> list[str]:
        """Return from which batch size on a threshold looks as feasible as it is."""
        sentences, limit = [], frame["tolerance"][0]
        for difference in kit.values(frame, "true_difference"):
            rows = frame.filter(frame["expected_absolute_difference"] <= limit, true_difference=difference)
            where = f"from n = {rows['batch_size'].min()} on" if rows.height else "at none of these n"
            text = f"A true difference of {difference:g} (tolerance {limit:g}) looks feasible on average {where}."
            sentences.append(text)
        return sentences


def mean_absolute(n_0: int, n_1: int, rate_0: float, rate_1: float) -> float:
    """Return E|X / n_0 - Y / n_1| for independent X ~ Bin(n_0, rate_0), Y ~ Bin(n_1, rate_1), by summation."""
    from scipy.stats import binom

    pmfs = (binom.pmf(np.arange(n + 1), n, rate) for n, rate in ((n_0, rate_0), (n_1, rate_1)))
    apart: NDArray[np.float64] = np.abs(np.arange(n_0 + 1)[:, None] / n_0 - np.arange(n_1 + 1) / n_1)
    first, second = pmfs
    return float(first @ apart @ second)
