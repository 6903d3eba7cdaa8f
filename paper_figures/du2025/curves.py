"""Learning curves: reward per round and cumulative violation of every learner in the three loops."""

import numpy as np

from paper_figures import kit
from paper_figures.du2025.loops import LOOKS, SEARCH, TITLES, LoopFigure, best_reward, draw_lines
from paper_figures.kit import Frame, Panels

# More curves than these hide each other; `du2025_plane` and the tables have all learners.
SHOWN = [SEARCH, "PessimisticSearch", "RewardUCB", "PrimalDualBandit", "FixedThreshold"]

_ENVIRONMENTS = """Three closed loops, parameters ours (below): a synthetic one in which acceptance lifts the scores of
a group, and two in which a score model was fitted to one half of German Credit (groups: aged up to 25, and older) or
COMPAS (the two largest race groups) and the composition of the other half reacts to acceptance. Every learner sees the
reward and the two signed parity residuals of the threshold it plays, and nothing else. Five of the learners are drawn;
all are in the table and in the plane of reward and violation. """


class _Curves(LoopFigure):
    """Reward per round since the last checkpoint and cumulative violation at each checkpoint."""

    size = (7.2, 6.2)

    def data(self) -> Frame:
        """Return one row per environment, learner and checkpoint."""
        tables = []
        for name, learner, run in self.runs():
            rounds = np.diff(run.rounds, prepend=0)
            reward = best_reward(run) - np.diff(run["regret"], axis=1, prepend=0.0) / rounds
            columns = {"environment": name, "learner": learner, "round": run.rounds}
            columns |= kit.interval("reward_per_round", reward) | kit.interval("violation", run["violation"])
            tables.append(kit.table(columns | {"best_feasible_reward_per_round": best_reward(run)}))
        return kit.stack(tables)


class Reward(_Curves):
    """Reward per round, one panel per environment."""

    name = "du2025_reward"
    title = "Reward while learning: closed loops with a parity constraint"
    claim = "The paper: optimistic feasible search earns more than unconstrained and primal-dual bandits."
    caption = (
        _ENVIRONMENTS
        + """Mean reward per round since the previous checkpoint, in the state of the population in
    that round (exact means, not draws). In the two data sets the threshold of highest reward violates parity, so
    learners that maximise reward alone rise above the oracle, which respects parity: more reward is no merit there
    without a look at the violation (next figure)."""
    )

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw reward per round, one panel per environment."""
        for panel, name in zip(axes, TITLES, strict=True):
            draw_lines(frame.filter(environment=name), panel, "reward_per_round_{}", SHOWN)
            panel.set(xscale="log", xlabel="round $t$", ylabel="reward per round\n(good acceptances per individual)")
        kit.finish(axes, list(TITLES.values()), legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the reward per round at the end of each environment, of the search and of the oracle."""
        sentences = []
        for name, title in TITLES.items():
            part = frame.filter(environment=name, learner=SEARCH).sort("round")
            row = kit.last(part)
            sentences.append(
                f"{title}: in its last {row['round'] - part['round'][-2]} rounds the search earns "
                f"{kit.with_interval(row, 'reward_per_round_{}', '.4f')} per round; the best feasible threshold "
                f"{row['best_feasible_reward_per_round']:.4f}."
            )
        return sentences


class Violation(_Curves):
    """Cumulative violation, one panel per environment."""

    name = "du2025_violation"
    title = "Cumulative violation while learning"
    claim = "The paper: optimistic feasible search violates the constraints far less in total."
    caption = (
        _ENVIRONMENTS
        + """Cumulative violation: sum over rounds of how far the true difference of the acceptance
    rates of the groups is beyond the tolerance. Linear from 0 to 1, logarithmic above. The pessimistic search starts
    from a threshold known to be safe and from a known slope; the others know nothing. The oracle holds its threshold
    from the start, which may be infeasible until the population has settled."""
    )

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw cumulative violation, one panel per environment."""
        for panel, name in zip(axes, TITLES, strict=True):
            draw_lines(frame.filter(environment=name), panel, "violation_{}", SHOWN)
            panel.set_yscale("symlog", linthresh=1.0)
            label = "cumulative violation\n(acceptance rate $\\times$ rounds)"
            panel.set(xscale="log", xlabel="round $t$", ylabel=label, ylim=(-0.05, None))
        kit.finish(axes, list(TITLES.values()), legends=())
        kit.share_limits(axes)
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the violation at the horizon of the search, the unconstrained and the primal-dual bandit."""
        sentences = []
        for name, title in TITLES.items():
            part = frame.filter(environment=name, round=frame["round"].max())
            final = dict(zip(part["learner"], part["violation_mean"]))
            others = ", ".join(
                f"{LOOKS[other].label} {final[other]:.0f}" for other in ("RewardUCB", "PrimalDualBandit")
            )
            sentences.append(f"{title}: cumulative violation of the search {final[SEARCH]:.0f}, {others}.")
        return sentences
