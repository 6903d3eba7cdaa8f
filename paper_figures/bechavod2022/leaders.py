"""How many leaders are enough: for the panel to see the policy, and for the weights of the labels."""

from dataclasses import replace

import numpy as np

from bandits.one_sided import InstanceFtpl, three_points
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look

WAYS = {
    "propensities": Look("propensities of the leaders", style.GREEN, "s"),
    "resampling": Look("geometric resampling, $L = R$", style.ORANGE, "v"),
}


class Leaders(Figure):
    """Lemma D.4 against its exact value, second moments of the weights, errors and violations against R."""

    name = "bechavod2022_leaders"
    title = "How many leaders per round: what the panel sees, and the weights of the labels"
    claim = """Lemma D.4: the mixture of R leaders accepts every individual of the run with a probability within
    sqrt(ln(2 k T / δ) / (2 R)) of that under the distribution of the leaders, with probability 1 - δ. Propensities of
    the mixture have the bias of resampling with L = R and need no further leaders (ours)."""
    caption = """(a) One individual per round with the same chance q of acceptance: the 1 - δ quantile of the largest
    error of the mixture over all rounds, exactly (binomial), and Lemma D.4. (b) Exactly: second moment of the weight
    that stands for 1 / q, over the rounds in which the individual is accepted. (c), (d) Environment A (three kinds of
    individuals, two arrivals per round), perturbed leaders with one Laplace variable per separator cell, the
    perturbation tuned for one R and the same for all; 95% intervals of means."""
    panels, size = 4, (7.2, 6.6)
    tiny = changed(leaders=(4, 64), rounds=50, played=(1, 4), horizon=64, repetitions=4)
    paper = changed(leaders=tuple(2**j for j in range(2, 15)), horizon=2**17, repetitions=64)

    leaders: tuple[int, ...] = setting("leaders R", tuple(2**j for j in range(2, 11)))
    rounds: int = setting("rounds in (a)", 1000)
    failure: float = setting("failure probability δ in (a)", 0.05)
    chances: tuple[float, ...] = setting("chances of acceptance q in (a)", (0.5, 0.1, 0.01))
    few: int = setting("leaders R and cap L in (b), and R for which (c) and (d) are tuned", 16)
    played: tuple[int, ...] = setting("leaders R in (c)", (1, 2, 4, 8, 16, 32, 64))
    horizon: int = setting("horizon T in (c) (rounds)", 2**12)
    tolerance: float = setting("tolerance in (c) (and slack ε)", 0.2)
    price: float = setting("price C in (c)", 2.0)
    repetitions: int = setting("repetitions in (c)", 16)
    seed: int = setting("seed", 2017)

    def data(self) -> Frame:
        """Return the rows of the four panels, distinguished by the column `what`."""
        from theory import theorem

        lemma, rows = theorem("bechavod2022.resampled_policy"), []
        for R in self.leaders:
            bound = lemma.value(individuals=1, horizon=self.rounds, failure_probability=self.failure, leaders=R)
            for q in self.chances:
                exact = acceptance_error(R, q, self.rounds, self.failure)
                rows.append({"what": "error", "series": f"{q:g}", "x": float(R), "value": exact, "bound": bound})
        for q in (float(q) for q in np.geomspace(0.01, 1.0, 41)):
            for way, moment in second_moments(self.few, q).items():
                row = {"what": "moment", "series": way, "x": q, "value": moment}
                row |= {"bias": (1.0 - q) ** self.few, "calls": calls(self.few, q, way)}
                rows.append(row | {"bound": min(2.0 / q, float(self.few))})
        return kit.stack([kit.table(rows), self._played()])

    def _played(self) -> Frame:
        points = [(way, R) for way in WAYS for R in self.played]
        game = three_points(self.horizon, self.tolerance)
        base = InstanceFtpl(price=self.price, leaders=self.few)
        base = replace(base, perturbation=base.parameters(game).perturbation)
        learners = [replace(base, leaders=R, resamples=R if way == "resampling" else None) for way, R in points]
        found = runs([final_cell(game, learner, self) for learner in learners])
        rows = []
        for (way, R), run in zip(points, found, strict=True):
            row: Row = {"what": "played", "series": way, "x": float(R)}
            row |= kit.interval("errors", run.final("error") / self.horizon)
            row |= kit.interval("violations", run.final("violations") / self.horizon)
            rows.append(row | {"bound": game.individuals * game.benchmarks[2].error})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the error of the mixture, the second moments of the weights, and the effect on errors and violations."""
        part = frame.filter(what="error").sort("x", maintain_order=True)
        for series, colour, marker in zip(kit.values(part, "series"), style.COLOURS, style.MARKERS):
            rows = part.filter(series=series)
            kit.marked(axes[0], rows["x"], rows["value"], Look(f"exact, $q$ = {series}", colour, marker))
        kit.theory_line(axes[0], rows["x"], rows["bound"], style.BLACK, "Lemma D.4")
        kit.log_axes(axes[0], "leaders $R$", r"error of $\hat\pi$ in all rounds, $1 - \delta$ quantile")
        for _, look, rows in kit.curves(frame, WAYS, "series", "x", what="moment"):
            kit.marked(axes[1], rows["x"], rows["value"], look, markevery=6)
        axes[1].plot(rows["x"], 1.0 / rows["x"], ":", color=style.GREY, label="$1 / q$: known chances")
        kit.theory_line(axes[1], rows["x"], rows["bound"], style.BLACK, "bound min(2 / $q$, $R$) of propensities")
        kit.log_axes(axes[1], "chance of acceptance $q$", "second moment of the weight", base=10)
        for _, look, rows in kit.curves(frame, WAYS, "series", "x", what="played"):
            kit.curve(axes[2], rows, "x", "errors_{}", look)
            kit.curve(axes[3], rows, "x", "violations_{}", look)
        axes[2].axhline(rows["bound"][0], color=style.BLACK, linestyle="--", lw=1.0, label="best fair policy, lenient")
        for panel, label in zip(axes[2:], ("errors per round", "share of rounds with a violation"), strict=True):
            kit.log_x(panel, "leaders $R$", label)
        kit.finish(axes, ["what the panel sees", "weights", "errors", "violations"], legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the bound over the exact error, the second moments at the smallest q, and both ends of (c), (d)."""
        part = frame.filter(what="error")
        sentences = [
            f"R = {row['x']:.0f}, q = {row['series']}: exact error {row['value']:.4f}, Lemma D.4 {row['bound']:.4f}."
            for row in part.filter(x=part["x"].max()).iter_rows(named=True)
        ]
        for name, look, ends in kit.curves(frame, WAYS, "series", "x", what="played"):
            moment = kit.first(frame.filter(what="moment", series=name).sort("x"))
            played = "; ".join(
                f"R = {row['x']:.0f}: {row['errors_mean']:.4f} errors and {row['violations_mean']:.4f} violations "
                "per round"
                for row in (kit.first(ends), kit.last(ends))
            )
            sentences.append(
                f"{kit.plain(look.label)}: second moment {moment['value']:.2f}, bias {moment['bias']:.2f} and "
                f"{moment['calls']:.2f} oracle calls at q = {moment['x']:.2g}; {played}."
            )
        return sentences


def acceptance_error(leaders: int, chance: float, rounds: int, failure: float) -> float:
    """Return the least u with P(|B_t / R - q| <= u in all rounds t) >= 1 - failure, B_t ~ Bin(R, q) independent."""
    from scipy.stats import binom

    counts = np.arange(leaders + 1)
    away = np.abs(counts / leaders - chance)
    order = np.argsort(away, kind="stable")
    within = np.cumsum(binom.pmf(counts, leaders, chance)[order])
    wanted = (1.0 - failure) ** (1.0 / rounds)
    return float(away[order][min(int(np.searchsorted(within, wanted)), leaders)])


def second_moments(leaders: int, chance: float) -> dict[str, float]:
    """Return E of the squared weight over the rounds in which an individual is accepted; 1 / q would give 1 / q.

    propensities: E[R / B; B > 0], B ~ Bin(R, q).  resampling: q E[J^2], J = min(L, wait), L = R.
    """
    from scipy.stats import binom

    counts = np.arange(1, leaders + 1)
    wait = chance * (1.0 - chance) ** (counts - 1.0)
    wait[-1] = (1.0 - chance) ** (leaders - 1.0)
    return {
        "propensities": float(binom.pmf(counts, leaders, chance) @ (leaders / counts)),
        "resampling": float(chance * (wait @ counts.astype(float) ** 2)),
    }


def calls(leaders: int, chance: float, way: str) -> float:
    """Return the expected oracle calls in a round with one individual: R, and E min(R, wait) if it is resampled."""
    resampled = 1.0 - (1.0 - chance) ** leaders  # q E[J]
    return leaders + (resampled if way == "resampling" else 0.0)
