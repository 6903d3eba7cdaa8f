"""Imitation of a guide: loss against the length of episodes, and what is learnt by where the learner asks."""

import numpy as np

from bandits.episodes import AggreVaTe, CloneGuide, EpisodicMDP, GuidedGame, chain
from bandits.protocol import Learner
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell

PAPER = Paper(
    title="Learning to Generate Better Than Your LLM",
    authors="Jonathan D. Chang, Kianté Brantley, Rajkumar Ramamurthy, Dipendra Misra & Wen Sun",
    venue="arXiv:2306.11816",
    url="https://arxiv.org/abs/2306.11816",
)
LEARNERS: dict[str, tuple[Look, str]] = {
    "clone": (Look("clone", style.RED, "D"), "ross2010.cloning"),
    "asks": (Look("AggreVaTe", style.BLUE, "o"), "chang2023.guided"),
}
LOOKS = {name: look for name, (look, _) in LEARNERS.items()}
SHARES = {
    0.0: Look("0: AggreVaTe", style.BLUE, "o"),
    0.75: Look("3/4", style.GREEN, "s"),
    1.0: Look("1: wrong roll-in", style.RED, "D"),
}
MOVES = [[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]]  # the second action leaves state 0 for good
AVOIDED = EpisodicMDP([[[0.0, 0.0], [0.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]], MOVES)
GUIDE = [[1.0, 0.0], [0.5, 0.5]]  # never in state 1, where much can be learnt


class Guided(Figure):
    """Loss of a clone and of AggreVaTe on the chain, and the shortfall by where the guide is asked."""

    name = "chang2023_guided"
    title = "Who asks a guide where it goes itself loses linearly in the length of episodes, a clone quadratically"
    claim = """Learning from a guide's completions is at least as good as the guide on average, and better by one step
    of improvement (AggreVaTe's theorem); a clone that errs with probability epsilon where the guide goes loses of order
    epsilon H^2 (Ross & Bagnell 2010)."""
    caption = """Deterministic: values are exact. (a) Loss per episode against the guide, on the chain, where whoever
    has left the guide's state must find back among all actions; the mean over all episodes for AggreVaTe. Broken lines:
    the theorems. (b) A process in which the guide never visits a state where actions differ much: shortfall per episode
    from the guide and one step of improvement, by the share of the gains that come from the guide's states instead of
    the learner's. Broken line: the theorem for share 0."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(lengths=(4, 8), n_actions=16, episodes=50)
    paper = changed(lengths=(4, 8, 16, 32, 64, 128, 256), n_actions=512, episodes=10_000)

    lengths: tuple[int, ...] = setting("steps H of an episode", (4, 8, 16, 32, 64))
    n_actions: int = setting("actions A of the chain", 128)
    error: float = setting("error epsilon of the clone", 0.002)
    episodes: int = setting("episodes N", 1000)

    def data(self) -> Frame:
        """Return a row for each learner and length, and for each share and checkpoint."""
        made: list[tuple[str, int, Cell]] = []
        guide = np.eye(self.n_actions)[[-1, -1]]
        for steps in self.lengths:
            game = GuidedGame(chain(steps, self.n_actions), guide, self.episodes)
            learners: dict[str, Learner] = {"clone": CloneGuide(self.error), "asks": AggreVaTe()}
            made += [(name, steps, Cell(game, learner, 1)) for name, learner in learners.items()]
        rounds = tuple(np.unique(np.geomspace(1, self.episodes, 16).round().astype(int)).tolist())
        game = GuidedGame(AVOIDED, GUIDE, self.episodes)
        shares = [Cell(game, AggreVaTe(guide_share=share), 1, checkpoints=rounds) for share in SHARES]
        found = runs([cell for _, _, cell in made] + shares)
        rows: list[Row] = []
        for (name, steps, _), run in zip(made, found, strict=False):
            limit = kit.bound_value(LEARNERS[name][1], run) / self.episodes
            row: Row = {"learner": name, "steps": steps, "guaranteed": limit}
            rows.append(row | {"loss": run.final("guide_regret")[0] / self.episodes})
        tables = [kit.table(rows)]
        for share, run in zip(SHARES, found[len(made) :], strict=True):
            lost = run.mean("shortfall") / run.rounds
            holds = kit.bound_value("ross2014.aggrevate", run) / self.episodes if share == 0.0 else None
            tables.append(kit.table({"share": share, "episode": run.rounds, "shortfall": lost, "guaranteed": holds}))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw loss against the length, and shortfall against the number of episodes."""
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "steps"):
            kit.marked(axes[0], rows["steps"], rows["loss"], look)
            kit.theory_line(axes[0], rows["steps"], rows["guaranteed"], look.colour)
        kit.legend_entry(axes[0], "guaranteed, same colour")
        for share, look, rows in kit.curves(frame, SHARES, "share", "episode"):
            kit.marked(axes[1], rows["episode"], rows["shortfall"], look)
            if share == 0.0:
                axes[1].axhline(kit.last(rows)["guaranteed"], color=look.colour, linestyle="--", linewidth=1.0)
        kit.legend_entry(axes[1], "guaranteed for 0 at the end", color=style.BLUE)
        kit.log_axes(axes[0], "steps $H$ of an episode", "loss per episode")
        kit.log_x(axes[1], "episodes", "shortfall per episode", base=10)
        kit.finish(axes, ["on the chain", "by the guide's share of gains"], legends=())
        for panel in axes:
            kit.legend_below(panel)

    def findings(self, frame: Frame) -> list[str]:
        """Return the slopes on the chain and the shortfalls at the end."""
        said = []
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "steps"):
            slope = np.polyfit(np.log(rows["steps"].to_numpy()), np.log(rows["loss"].to_numpy()), 1)[0]
            row = kit.last(rows)
            said.append(
                f"{look.label}: loss {row['loss']:.4f} per episode of {row['steps']} steps, guaranteed "
                f"{row['guaranteed']:.4f}; fitted exponent of H {slope:.2f}."
            )
        for share, _, rows in kit.curves(frame, SHARES, "share", "episode"):
            said.append(
                f"Share {share:g} of the guide's states: shortfall {kit.last(rows)['shortfall']:.4f} per episode."
            )
        return said
