"""What the decisions do to the population: latent scores of the synthetic groups, composition of the data sets."""

from typing import Any

from paper_figures import kit
from paper_figures.du2025.loops import LOOKS, TITLES, LoopFigure, draw_lines
from paper_figures.kit import Frame, Panels

_TOLD = ("OptimisticFeasibleSearch", "RewardUCB", "PrimalDualBandit", "ConstrainedThompson", "FixedThreshold")
_DRAWN = ["OptimisticFeasibleSearch", "RewardUCB", "PrimalDualBandit", "FixedThreshold"]
_LABELS = {
    "synthetic": "latent mean score",
    "german_credit": "share aged up to 25",
    "compas": "share of the largest race group",
}


class Composition(LoopFigure):
    """The state of the population at each checkpoint: one observable per environment, two in the synthetic one."""

    name = "du2025_composition"
    title = "The population reacts: scores and composition over time"
    claim = "Closed loop: decisions change the population that they are about, with a contraction for each threshold."
    caption = """State of the population after t rounds, mean over repetitions with 95% bands. (a, b) Latent means of
    the two groups, which rise with the acceptance rate of each: strict thresholds lower the scores that they select on.
    (c, d) Share of group 1, which grows with its acceptance rate relative to that of group 0. The state reacts within
    about ten rounds, so the curves follow the thresholds that are being tried."""
    panels, size = 4, (7.2, 6.2)

    def data(self) -> Frame:
        """Return the mean state of each environment under each of the learners that are shown."""
        tables = []
        for name, learner, run in self.runs():
            observables: Any = run.problem.population.observables if learner in _TOLD else ()  # type: ignore[attr-defined]
            for observable in observables:
                columns = {"environment": name, "learner": learner, "observable": observable, "round": run.rounds}
                tables.append(kit.table(columns | kit.interval("state", run[observable])))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the state against the round, one panel per environment."""
        states = frame.select("environment", "observable").unique(maintain_order=True).rows()
        titles = []
        for panel, (name, observable) in zip(axes, states, strict=False):
            rows = frame.filter(environment=name, observable=observable)
            draw_lines(rows, panel, "state_{}", [learner for learner in _DRAWN if learner in set(rows["learner"])])
            panel.set(xscale="log", xlabel="round $t$", ylabel=_LABELS[name])
            group = f", group {str(observable)[-1]}" if name == "synthetic" else ""
            titles.append(f"{TITLES[name]}{group}")
        for panel in axes[len(states) :]:
            panel.set_axis_off()
        kit.finish(axes, titles, legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return where the populations end, for each learner shown."""
        sentences = []
        for (name, observable), part in frame.group_by(["environment", "observable"], maintain_order=True):
            final = dict(part.filter(round=frame["round"].max()).select("learner", "state_mean").iter_rows())
            shown = ", ".join(f"{LOOKS[learner].label} {final[learner]:.3f}" for learner in _TOLD if learner in final)
            sentences.append(f"{TITLES[str(name)]}, {str(observable).replace('_', ' ')} at the end: {shown}.")
        return sentences
