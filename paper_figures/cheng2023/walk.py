"""A sample path of the multi-scale random walk, its tree of parents, and the losses built on it."""

import numpy as np

from bandits.core.rng import ENVIRONMENT, seed_word, stream
from bandits.losses.random_walk import MultiScaleRandomWalk
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, changed, setting


class Walk(Figure):
    """One path of the walk of the lower bound."""

    name = "cheng2023_walk"
    title = "The adversary: a random walk on a tree, and one action slightly below it"
    claim = "The multi-scale random walk of the lower bound T^(2/3) (Dekel, Ding, Koren & Peres 2014, Section 3)."
    caption = """One path of the walk with the gap and the noise of the theorem. (a) Round t takes one Gaussian step
    from its parent, t with its lowest binary 1 cleared; a path from the root has at most one step per binary digit, so
    the walk stays near 0, while a cut between rounds crosses few edges. (b) All actions share the walk; the good one is
    lower by the gap. Full information reveals the gap in one round; a learner that sees its own action only must switch
    to see it, and an edge of the tree must cross the switch."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(horizon=16)

    horizon: int = setting("horizon T (rounds)", 64)
    n_actions: int = setting("actions K", 3)
    seed: int = setting("seed (repetition 0)", 2023)

    def data(self) -> Frame:
        """Return the walk round by round: height, parent, losses of the good action and of the others."""
        process = MultiScaleRandomWalk(self.n_actions)
        setup, steps = process.setting(self.horizon), process.steps
        env = stream(seed_word(self.seed), 0, ENVIRONMENT)
        state = steps.init(setup, env)
        height, rows = np.zeros(self.horizon + 1), []
        for t in range(1, self.horizon + 1):
            state = steps.advance(setup, state, t - 1, env)
            other = next(arm for arm in range(self.n_actions) if arm != state.good)
            losses = {arm: steps.loss(setup, state, t - 1, arm) for arm in (state.good, other)}
            height[t] = losses[other] - 0.5  # no loss is clipped at these heights
            row = {"round": t, "parent_round": t & (t - 1), "walk_loss": height[t]}
            row |= {"parent_walk_loss": height[t & (t - 1)], "good_action": int(state.good)}
            rows.append(row | {"good_action_loss": losses[state.good], "other_actions_loss": losses[other]})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw the walk on its tree, and the losses round by round."""
        t, height = frame["round"], frame["walk_loss"]
        for row in frame.iter_rows(named=True):
            ends = (row["parent_round"], row["round"]), (row["parent_walk_loss"], row["walk_loss"])
            axes[0].plot(*ends, color=style.SKY, linewidth=0.8, zorder=1)
        axes[0].plot(t, height, color=style.BLUE, marker="o", markersize=3, linestyle="none", label="$W_t$")
        step = "step from the parent $\\rho(t)$ to $t$"
        kit.legend_entry(axes[0], step, "-", color=style.SKY, linewidth=0.8)
        axes[0].plot([0], [0], color=style.BLACK, marker="s", markersize=5, linestyle="none", label="root $W_0 = 0$")
        axes[0].set(xlabel="round $t$", ylabel="walk $W_t$ (loss)")
        good, other = frame["good_action_loss"], frame["other_actions_loss"]
        axes[1].fill_between(t, good, other, step="mid", color=style.YELLOW, alpha=0.6, label="gap $\\epsilon$")
        axes[1].step(t, other, where="mid", color=style.GREY, linewidth=1.2, label="every other action")
        axes[1].step(t, good, where="mid", color=style.RED, linewidth=1.2, label="good action $\\chi$")
        axes[1].set(xlabel="round $t$", ylabel="loss $\\ell_t$")
        kit.finish(axes, ["the walk on its tree", "the losses"])

    def findings(self, frame: Frame) -> list[str]:
        """Return the gap and the depth of the tree."""
        gap = float((frame["other_actions_loss"] - frame["good_action_loss"]).mean())
        depth = max(int(t).bit_count() for t in frame["round"])
        good = frame["good_action"][0]
        return [f"Gap {gap:.5f} in every round; deepest path from the root: {depth} steps; the good action is {good}."]
