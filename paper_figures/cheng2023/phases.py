"""Phase diagrams: the exponent of T in the minimax regret against the exponent of the budget."""

from paper_figures import kit, style
from paper_figures.kit import Axes, Figure, Frame, Panels, changed, setting


class Phases(Figure):
    """The exponents that the theorems give; nothing is simulated."""

    name = "cheng2023_phases"
    title = "Phase diagrams: what a budget of observations is worth"
    claim = "Minimax regret for fixed K, without logarithms (Cheng, Zhou & Ji 2023, Sections 3 to 5)."
    caption = """Exponent of T in the minimax regret with unit switching cost, against the exponent of the budget.
    Nothing is simulated. (a) Free bandit feedback and B_ex extra observations: no gain up to B_ex = T^(2/3), then T /
    sqrt(B_ex), down to the rate of full information. (b) B observations in total: up to B = T^(2/3) it does not matter
    what they show; beyond, observations of the played action alone no longer help, the others do. The curves for
    flexible observations and for all actions of a round coincide."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(steps=6)

    steps: int = setting("points on the axis of log_T B, from 0 to 1", 24)

    def data(self) -> Frame:
        """Return the exponents on a grid that contains the kink."""
        from sympy import Rational

        from theory.switching.bounds import X, minimax_exponent

        rows = []
        for looks in ("extra", "bandit", "flexible", "full"):
            exponent = minimax_exponent(looks)
            for x in (Rational(step, self.steps) for step in range(self.steps + 1)):
                rows.append({"looks": looks, "log_T_budget": float(x), "minimax_exponent": float(exponent.subs(X, x))})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the two diagrams: extra observations, and a total budget."""
        _line(axes[0], frame, "extra", style.GREEN, 2.4, "-", "bandit + extra observations")
        _line(axes[1], frame, "flexible", style.GREEN, 4.5, "-", "flexible observations")
        _line(axes[1], frame, "full", style.BLUE, 1.8, "-", "all actions of a round")
        _line(axes[1], frame, "bandit", style.RED, 1.8, "--", "played action only")
        for panel, budget in zip(axes, ("B_{\\mathrm{ex}}", "B"), strict=True):
            for height, text in ((2 / 3, "bandit feedback: 2/3"), (1 / 2, "full information: 1/2")):
                panel.axhline(height, color=style.GREY, linewidth=0.9, linestyle=":", zorder=1, gid="annotated")
                panel.annotate(text, (0.02, height), (0, -3), textcoords="offset points", va="top", color=style.GREY)
            panel.axvline(2 / 3, color=style.GREY, linewidth=0.9, linestyle=":", zorder=1, gid="annotated")
            panel.set(xlim=(0, 1), ylim=(0.44, 1.03))
            panel.set(xlabel=f"$\\log_T\\, {budget}$", ylabel="exponent of $T$ in the regret")
            panel.set_xticks([0, 1 / 3, 2 / 3, 1], ["0", "1/3", "2/3", "1"])
            panel.set_yticks([1 / 2, 2 / 3, 5 / 6, 1], ["1/2", "2/3", "5/6", "1"])
        axes[0].annotate("too few observations\nto help", (1 / 3, 0.69), ha="center")
        axes[0].annotate("$T/\\sqrt{B_{\\mathrm{ex}}}$", (0.83, 0.61), ha="left")
        axes[1].annotate("$T/\\sqrt{B}$", (0.36, 0.85), ha="left")
        kit.finish(axes, ["extra observations", "total budget"])


def _line(axes: Axes, frame: Frame, looks: str, colour: str, width: float, dashes: str, label: str) -> None:
    rows = frame.filter(looks=looks)
    x, y = rows["log_T_budget"], rows["minimax_exponent"]
    axes.plot(x, y, color=colour, linewidth=width, linestyle=dashes, label=label, solid_capstyle="butt")
