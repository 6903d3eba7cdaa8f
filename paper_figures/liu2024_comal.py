"""Liu et al., "COMAL" (2024), arXiv:2410.23223: four self-play methods on the cycle of three actions of the paper."""

import numpy as np

from bandits.preference import COMAL, INPO, OMWU, HedgeSelfPlay, PreferenceGame, games
from bandits.preference.measures import gap0
from bandits.preference.self_play.conventions import weight_from_inverse_step
from bandits.preference.self_play.learner import SelfPlay
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Paper, changed, setting
from paper_figures.style import Look
from sims.engines.policies import trajectory

PAPER = Paper(
    title="COMAL: A Convergent Meta-Algorithm for Aligning LLMs with General Preferences",
    authors="Yixin Liu, Argyris Oikonomou, Weiqiang Zheng, Yang Cai, Arman Cohan",
    venue="2024, arXiv:2410.23223",
    url="https://arxiv.org/abs/2410.23223",
)

LOOKS = {
    "HedgeSelfPlay": Look("Hedge", style.BLACK, "^"),
    "INPO": Look("INPO, fixed reference", style.ORANGE, "s"),
    "NashProx": Look("COMAL, moving reference", style.BLUE, "o"),
    "OMWU": Look("optimistic Hedge", style.GREEN, "P"),
}
_SMALLEST = 1e-12  # gaps below this are rounding


class Cycle(Figure):
    """gap0 of the last iterate of every learner from both starts."""

    name = "liu2024_cycle"
    title = "A moving reference reaches the equilibrium of a cycle, a fixed one stalls"
    claim = """On a cycle of three actions earlier self-play methods either diverge or converge to the equilibrium of a
    modified game; moving the reference to the solution of the last regularized game converges to the true one."""
    caption = """Preferences P(b > a) = P(c > b) = 0.9, P(a > c) = 0.8, von Neumann winner (4, 3, 4) / 11, exact rows.
    Duality gap: max over policies u of P(u > policy) minus the min of P(policy > u), twice the exploitability. INPO
    plays the game with weight τ on its start and stalls at the equilibrium of that game; COMAL restarts from there
    every few rounds. Deterministic: there is no seed."""
    panels, size = 2, (7.2, 4.2)
    tiny = changed(rounds=60)

    rounds: int = setting("rounds", 4000)
    step: float = setting("step 1 / (λ + τ) of Hedge, INPO and the inner rounds of COMAL", 0.3)
    regularization: float = setting("weight τ of the reference of INPO and COMAL", 0.1)
    inner_rounds: int = setting("COMAL: rounds before the reference moves", 50)
    optimistic_step: float = setting("step of optimistic Hedge", 0.5)
    uneven: tuple[float, float, float] = setting("uneven start and reference", (0.2, 0.5, 0.3))
    points: int = setting("rounds drawn", 160)

    def players(self) -> list[tuple[SelfPlay, float]]:
        """Return each learner and the weight of the reference in its game."""
        tau = self.regularization
        inner = weight_from_inverse_step(1.0 / self.step, tau)
        return [
            (HedgeSelfPlay(self.step), 0.0),
            (INPO(inner), tau),
            (COMAL(tau, self.inner_rounds, inner), 0.0),  # its tau weighs the outer policy, which replaces mu
            (OMWU(self.optimistic_step), 0.0),
        ]

    def data(self) -> Frame:
        """Return one row per start, learner and round drawn."""
        drawn = np.linspace(1, self.rounds, min(self.points, self.rounds))
        rounds, tables = np.unique(np.rint(drawn).astype(int)), []
        for name, start in (("uniform", np.full(3, 1.0 / 3.0)), ("uneven", np.array(self.uneven))):
            for learner, tau in self.players():
                game = PreferenceGame(games.comal_cycle(), self.rounds, tau, start)
                gaps = gap0(game.skew[0], np.exp(trajectory(game, learner)[rounds]))
                tables.append(kit.table({"learner": learner.name, "start": name, "round": rounds, "gap0": gaps}))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw one panel per start."""
        for panel, start in zip(axes, ("uniform", "uneven"), strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "round", start=start):
                kept = rows.filter(rows["gap0"] > _SMALLEST)
                kit.marked(panel, kept["round"], kept["gap0"], look, markersize=4.5, markevery=0.08)
            label = "duality gap of the last iterate"
            panel.set(xlabel="rounds (one row each)", ylabel=label, yscale="log", ylim=(_SMALLEST, 2.0))
        kit.finish(axes, ["from the uniform policy", "from an uneven policy"], columns=2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the gaps at the end."""
        sentences = []
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "round"):
            ends = [
                f"{kit.last(rows.filter(start=start))['gap0']:.3g} from the {start} start"
                for start in ("uniform", "uneven")
            ]
            sentences.append(f"{look.label}: gap0 {' and '.join(ends)} after {frame['round'].max()} rounds.")
        return sentences
