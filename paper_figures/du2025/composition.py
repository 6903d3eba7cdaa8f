"""What the decisions do to the population: latent scores of the synthetic groups, composition of the data's."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from paper_figures import style
from paper_figures.du2025 import loops
from paper_figures.du2025.loops import LOOKS, PAPER, QUICK, TITLES, LoopSettings
from paper_figures.du2025.source import DU
from paper_figures.figure import Figure

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

_SHOWN = ("OptimisticFeasibleSearch", "RewardUCB", "PrimalDualBandit", "ConstrainedThompson", "FixedThreshold")
_LABELS = {
    "synthetic": "latent mean score",
    "german_credit": "share aged up to 25",
    "compas": "share of the largest race group",
}


def composition_data(settings: LoopSettings) -> "polars.DataFrame":
    """Return the population's state at each checkpoint: `first` and, in the synthetic loop, `second`."""
    import polars

    tables = []
    for name, learner, run in loops.loop_runs(settings):
        if learner not in _SHOWN:
            continue
        observables: Any = run.problem.population.observables  # type: ignore[attr-defined]
        for observable in observables:
            columns = {"environment": name, "learner": learner, "observable": observable, "round": run.rounds}
            columns |= loops.interval_columns("state", run[observable])
            tables.append(polars.DataFrame(columns))
    return polars.concat(tables)


def draw_composition(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw the state against the round, a panel an environment."""
    for panel, name in zip(axes, TITLES, strict=True):
        part = frame.filter(frame["environment"] == name)
        for place, observable in enumerate(part["observable"].unique(maintain_order=True)):
            chosen = part.filter(part["observable"] == observable)
            loops.draw_lines(chosen, panel, "state_{}", linestyle="-" if place == 0 else (0, (4, 1.5)))
        panel.set(xscale="log", xlabel="round $t$", ylabel=_LABELS[name])
    style.panel_letters(axes, ["synthetic: group 0 —, group 1 - -", *list(TITLES.values())[1:]])
    handles, labels = axes[1].get_legend_handles_labels()
    canvas = axes[1].get_figure()
    assert canvas is not None
    canvas.legend(handles, labels, loc="outside lower center", ncols=3)


def ends(frame: "polars.DataFrame") -> list[str]:
    """Return where the populations start (first checkpoint) and end, for the search and for reward alone."""
    sentences = []
    last = frame["round"].max()
    for (name, observable), part in frame.group_by(["environment", "observable"], maintain_order=True):
        final = dict(part.filter(part["round"] == last).select("learner", "state_mean").iter_rows())
        shown = ", ".join(f"{LOOKS[learner].label} {final[learner]:.3f}" for learner in _SHOWN if learner in final)
        sentences.append(f"{TITLES[str(name)]}, {str(observable).replace('_', ' ')} at the end: {shown}.")
    return sentences


COMPOSITION = Figure(
    name="du2025_composition",
    title="The population answers: scores and composition over time",
    paper=DU,
    claim="Closed loop: decisions move the population that they are about, with a contraction for each threshold.",
    caption="State of the population after t rounds, mean over repetitions with 95% bands. (a) Latent means of the two "
    "groups, which rise with the acceptance that each meets: strict thresholds lower the scores that they select on. "
    "(b, c) Share of group 1, which grows with its acceptance relative to group 0's. The state answers within some ten "
    "rounds, so the curves follow the thresholds that are being tried.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=composition_data,
    paint=draw_composition,
    findings=ends,
    panels=3,
    size=(10.4, 4.4),
)
