"""Why the residuals come as a signed pair: the mean of an absolute difference is not the difference of the means."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from paper_figures import style
from paper_figures.du2025.loops import labelled
from paper_figures.du2025.source import DU
from paper_figures.figure import Figure

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

_LOOKS = ((style.BLUE, "o"), (style.GREEN, "s"), (style.ORANGE, "^"))


@dataclass(frozen=True)
class BiasSettings:
    """Parameters of the calculation; nothing is drawn at random."""

    sizes: tuple[int, ...] = labelled("individuals a round n", (10, 20, 50, 100, 200, 500, 1000))
    share: float = labelled("share of group 1, the sizes being exactly (1 - w) n and w n", 0.2)
    rate: float = labelled("acceptance rate of group 0", 0.5)
    differences: tuple[float, ...] = labelled("true differences of the rates", (0.0, 0.05, 0.1))
    parity_tolerance: float = labelled("parity tolerance δ (acceptance rate)", 0.1)
    seed: str = labelled("seed", "none: binomial laws are summed exactly")


SETTINGS = BiasSettings()


def mean_absolute(n_0: int, n_1: int, rate_0: float, rate_1: float) -> float:
    """Return E|X / n_0 - Y / n_1| for independent X ~ Bin(n_0, rate_0), Y ~ Bin(n_1, rate_1), by summation."""
    from scipy.stats import binom

    first, second = (binom.pmf(np.arange(n + 1), n, rate) for n, rate in ((n_0, rate_0), (n_1, rate_1)))
    apart: NDArray[np.float64] = np.abs(np.arange(n_0 + 1)[:, None] / n_0 - np.arange(n_1 + 1) / n_1)
    return float(first @ apart @ second)


def bias_data(settings: BiasSettings) -> "polars.DataFrame":
    """Return what the absolute and the signed difference of a batch's rates are on average."""
    import polars

    rows = []
    for difference in settings.differences:
        for n in settings.sizes:
            n_1 = round(settings.share * n)
            expected = mean_absolute(n - n_1, n_1, settings.rate, settings.rate - difference)
            row = {"true_difference": difference, "batch_size": n, "expected_absolute_difference": expected}
            rows.append(row | {"tolerance": settings.parity_tolerance})
    return polars.DataFrame(rows)


def draw_bias(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw the expected absolute difference against the batch's size, and the truth."""
    panel = axes[0]
    for (colour, marker), difference in zip(_LOOKS, frame["true_difference"].unique(maintain_order=True), strict=True):
        curve = frame.filter(frame["true_difference"] == difference)
        x, label = curve["batch_size"], f"mean of $|a_0 - a_1|$, truth {difference:g}"
        panel.plot(x, curve["expected_absolute_difference"], color=colour, marker=marker, label=label)
        panel.axhline(difference, color=colour, linestyle=(0, (4, 1.5)), linewidth=1.0)
    panel.axhline(frame["tolerance"][0], color=style.RED, linestyle=":", linewidth=1.8, label="tolerance δ")
    panel.set(
        xscale="log", xlabel="individuals a round $n$", ylabel="difference of acceptance rates", ylim=(-0.005, None)
    )
    panel.legend(loc="upper right")


def needed(frame: "polars.DataFrame") -> list[str]:
    """Return from which batch size on a threshold looks as feasible as it is."""
    sentences = []
    limit = frame["tolerance"][0]
    for difference in frame["true_difference"].unique(maintain_order=True):
        curve = frame.filter(
            (frame["true_difference"] == difference) & (frame["expected_absolute_difference"] <= limit)
        )
        looks = f"from n = {curve['batch_size'].min()} on" if curve.height else "at none of these n"
        sentences.append(
            f"A true difference of {difference:g} (tolerance {limit:g}) looks feasible on average {looks}."
        )
    return sentences


BIAS = Figure(
    name="du2025_bias",
    title="Measuring fairness by an absolute difference makes fair thresholds look unfair",
    paper=DU,
    claim="Feedback on parity must be the signed pair a₀ - a₁ - δ, a₁ - a₀ - δ, whose means are the true residuals; "
    "|a₀ - a₁| - δ is too large on average, by E|X| ≥ |E X|.",
    caption="Expectation of the absolute difference of a batch's acceptance rates, exact, for thresholds with the true "
    "differences of the broken lines, all of them feasible. A learner that averages absolute differences never learns "
    "better, however many rounds it plays: with small batches it rejects thresholds at which the groups fare alike. "
    "The signed pair's means are the broken lines for every n.",
    settings={"quick": SETTINGS, "paper": SETTINGS},
    compute=bias_data,
    paint=draw_bias,
    findings=needed,
    size=(6.4, 3.8),
)
