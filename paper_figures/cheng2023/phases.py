"""Phase diagrams: the exponent of T in the minimax regret against the exponent of the budget."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from paper_figures import style
from paper_figures.cheng2023.measure import labelled
from paper_figures.cheng2023.source import CHENG
from paper_figures.figure import Figure

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class PhaseSettings:
    """Parameters of the phase diagrams."""

    steps: int = labelled("points on the axis of log_T B, from 0 to 1", 24)


SETTINGS = PhaseSettings()


def phase_data(settings: PhaseSettings) -> "polars.DataFrame":
    """Return the exponents on a grid that contains the kink."""
    import polars
    from sympy import Rational

    from theory.switching.bounds import X, minimax_exponent

    rows: list[dict[str, Any]] = []
    for looks in ("extra", "bandit", "flexible", "full"):
        exponent = minimax_exponent(looks)
        for step in range(settings.steps + 1):
            x = Rational(step, settings.steps)
            rows.append({"looks": looks, "log_T_budget": float(x), "minimax_exponent": float(exponent.subs(X, x))})
    return polars.DataFrame(rows)


def draw_phases(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw the two diagrams: extra observations, and a total budget."""
    _line(axes[0], frame, "extra", style.GREEN, 2.4, "-", "bandit + extra observations")
    _line(axes[1], frame, "flexible", style.GREEN, 4.5, "-", "flexible looks")
    _line(axes[1], frame, "full", style.BLUE, 1.8, "-", "all actions of a round")
    _line(axes[1], frame, "bandit", style.RED, 1.8, "--", "own action only")
    for panel, budget in zip(axes, ("B_{\\mathrm{ex}}", "B"), strict=True):
        for height, text in ((2 / 3, "bandit feedback: 2/3"), (1 / 2, "full information: 1/2")):
            panel.axhline(height, color=style.GREY, linewidth=0.9, linestyle=":", zorder=1)
            panel.annotate(text, (0.02, height), (0, -3), textcoords="offset points", va="top", color=style.GREY)
        panel.axvline(2 / 3, color=style.GREY, linewidth=0.9, linestyle=":", zorder=1)
        panel.set(xlim=(0, 1), ylim=(0.44, 1.03))
        panel.set(xlabel=f"$\\log_T\\, {budget}$", ylabel="exponent of $T$ in the regret")
        panel.set_xticks([0, 1 / 3, 2 / 3, 1], ["0", "1/3", "2/3", "1"])
        panel.set_yticks([1 / 2, 2 / 3, 5 / 6, 1], ["1/2", "2/3", "5/6", "1"])
        style.legend_below(panel)
    axes[0].annotate("looks too few\nto help", (1 / 3, 0.69), ha="center")
    axes[0].annotate("$T/\\sqrt{B_{\\mathrm{ex}}}$", (0.83, 0.61), ha="left")
    axes[1].annotate("$T/\\sqrt{B}$", (0.36, 0.85), ha="left")
    style.panel_letters(axes, ["extra observations", "total budget"])


def _line(
    axes: "Axes", frame: "polars.DataFrame", looks: str, colour: str, width: float, dashes: str, label: str
) -> None:
    curve = frame.filter(frame["looks"] == looks)
    x, y = curve["log_T_budget"], curve["minimax_exponent"]
    axes.plot(x, y, color=colour, linewidth=width, linestyle=dashes, label=label, solid_capstyle="butt")


def phase_findings(frame: "polars.DataFrame") -> list[str]:
    """Return nothing: these curves are theorems, not measurements."""
    return []


PHASES = Figure(
    name="cheng2023_phases",
    title="Phase diagrams: what a budget of observations is worth",
    paper=CHENG,
    claim="Minimax regret, K fixed and logarithms left out (Cheng, Zhou & Ji 2023, Sections 3 to 5).",
    caption="Exponent of T in the minimax regret with unit switching cost, against the exponent of the budget. "
    "Nothing is simulated here. (a) Free bandit feedback and B_ex extra observations: no gain up to B_ex = "
    "T^(2/3), then T / sqrt(B_ex), down to the rate of full information. (b) B observations in all: the kind "
    "of look does not matter up to B = T^(2/3); beyond it, looks at the played action no longer help, the "
    "others do. The curves for flexible looks and for looks at all actions of a round coincide.",
    settings={"quick": SETTINGS, "paper": SETTINGS},
    compute=phase_data,
    paint=draw_phases,
    findings=phase_findings,
    panels=2,
    size=(7.6, 4.2),
)
