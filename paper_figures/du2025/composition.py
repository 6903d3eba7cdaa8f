"""What the decisions do to the population: latent scores of the synthetic groups, composition of the data sets."""

from typing import Any

from paper_figures import kit
from paper_figures.du2025.loops import LOOKS, TITLES, LoopFigure, draw_lines
from paper_figures.kit import Frame, Panels

_SHOWN = ("OptimisticFeasibleSearch", "RewardUCB", "PrimalDualBandit", "ConstrainedThompson", "FixedThreshold")
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
    caption = """State of the population after t rounds, mean over repetitions with 95% bands. (a) Latent means of the
    two groups, which rise with the acceptance rate of each: strict thresholds lower the scores that they select on. (b,
    c) Share of group 1, which grows with its acceptance rate relative to that of group 0. The state reacts within about
    ten rounds, so the curves follow the thresholds that are being tried."""
    size = (10.4, 4.4)

    def data(self) -> Frame:
        """Return the mean state of each environment under each of the learners that are shown."""
        tables = []
        for name, learner, run in self.runs():
            observables: Any = run.problem.population.observables if learner in _SHOWN else ()  # type: ignore[attr-defined]
            for observable in observables:
                columns = {"environment": name, "learner": learner, "observable": observable, "round": run.rounds}
                tables.append(kit.table(columns | kit.interval("state", run[observable])))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the state against the round, one panel per environment."""
        for panel, name in zip(axes, TITLES, strict=True):
            part = frame.filter(environment=name)
            for dash, observable in zip(("-", (0, (4, 1.5))), kit.values(part, "observable")):
                draw_lines(part.filter(observable=observable), panel, "state_{}", linestyle=dash)
            panel.set(xscale="log", xlabel="round $t$", ylabel=_LABELS[name])
        kit.finish(axes, ["synthetic: group 0 —, group 1 - -", *list(TITLES.values())[1:]], legends=())
        kit.shared_legend(axes[1], 3)

    def findings(self, frame: Frame) -> list[str]:
        """Return where the populations end, for each learner shown."""
        sentences = []
        for (name, observable), part in frame.group_by(["environment", "observable"], maintain_order=True):
            final = dict(part.filter(round=frame["round"].max()).select("learner", "state_mean").iter_rows())
            shown = ", ".join(f"{LOOKS[learner].label} {final[learner]:.3f}" for learner in _SHOWN if learner in final)
            sentences.append(f"{TITLES[str(name)]}, {str(observable).replace('_', ' ')} at the end: {shown}.")
        return sentences
