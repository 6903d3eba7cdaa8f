"""What a fitted reward, the equilibrium and the Stackelberg leader answer on the same preferences; asking again."""

from collections.abc import Mapping, Sequence

import numpy as np

from bandits.preference import StackelbergGame, fit_density, games, hit_probabilities, von_neumann_winner
from paper_figures import kit, style
from paper_figures.kit import Array, Axes, Figure, Frame, Panels, Row, changed, setting
from paper_figures.style import Look

_CONCEPTS = ("reward, uniform pairs", "reward, skewed pairs", "equilibrium", "Stackelberg leader")
_COLOURS = (style.BLUE, style.ORANGE, style.GREEN)
_DRAWS = {
    "Stackelberg leader": Look("leader, then follower", style.BLUE, "o"),
    "equilibrium": Look("independent answers of the equilibrium", style.RED, "D"),
}
_TIE = 1e-9


class Solutions(Figure):
    """Panel "solutions" (policies and what they win) and panel "draws" (the chance that an action was drawn)."""

    name = "slhf2025_solutions"
    title = "One preference, four answers: fitted rewards, the equilibrium and the Stackelberg leader"
    claim = """On preferences with cycles a fitted reward names one action, which one depends on the pairs that were
    compared; the equilibrium mixes; the leader of the sequential game plays the actions whose worst reply is least bad,
    and the replies of its follower reach every action of a cycle in as many answers."""
    caption = """Three preferences on three actions, no regularization, exact. (a) The action of the largest
    Bradley-Terry reward fitted to uniform pairs, or to pairs whose sides are drawn from an uneven distribution; the von
    Neumann winner; the Stackelberg leader (largest row minimum, ties shared). To the right: the least share of
    comparisons won against an opponent who must choose before seeing the answer, and against one who sees it (never
    more than half: whoever sees an answer may copy it). With ranked actions all agree. (b) A user who wants one fixed
    action of the even cycle asks again: replies of the follower, who moves on along the cycle, against independent
    draws from the equilibrium. Deterministic."""
    panels, size = 2, (7.2, 4.8)
    tiny = changed(draws=4)

    advantage: float = setting("even cycle: P - 1/2 along it", 0.3)
    uneven: tuple[float, float, float] = setting("uneven cycle: P - 1/2 along it", (0.3, 0.2, 0.2))
    rewards: tuple[float, float, float] = setting("ranked actions: Bradley-Terry rewards", (1.0, 0.2, -0.5))
    pairs: tuple[float, float, float] = setting("distribution of each side of a skewed pair", (0.1, 0.1, 0.8))
    draws: int = setting("answers in panel (b)", 6)

    def preferences(self) -> Mapping[str, Array]:
        """Return the preference matrices by name."""
        return {
            "even cycle": games.rock_paper_scissors(self.advantage),
            "uneven cycle": games.biased_rock_paper_scissors(*self.uneven),
            "ranked actions": games.bradley_terry(self.rewards),
        }

    def data(self) -> Frame:
        """Return one row per preference and concept, then one per concept and draw."""
        rows: list[Row] = []
        for instance, preferences in self.preferences().items():
            for concept, policy in solutions(preferences, self.pairs).items():
                row: Row = {"panel": "solutions", "instance": instance, "concept": concept}
                row |= {f"policy_{i}": float(p) for i, p in enumerate(policy)}
                row |= {"wins_unseen": float((policy @ preferences).min())}
                rows.append(row | {"wins_seen": float(policy @ preferences.min(1))})
        cycle, uniform = self.preferences()["even cycle"], np.full(3, 1.0 / 3.0)
        follower = np.exp(StackelbergGame(cycle, 0.0, 0.0).solution.log_follower)
        for concept, replies in (("Stackelberg leader", follower), ("equilibrium", uniform)):
            hits = hit_probabilities(uniform, replies, self.draws).min(axis=0)
            for draw, hit in enumerate(hits, start=1):
                rows.append({"panel": "draws", "concept": concept, "draw": draw, "hit_probability": float(hit)})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw policies as bars with what they win, then the chances of meeting a wanted action."""
        places, names = _bars(axes[0], frame.filter(panel="solutions"))
        axes[0].set_yticks(places, names)
        axes[0].set(xlabel="probability", xlim=(0.0, 1.5), ylim=(-0.7, max(places) + 1.5))
        axes[0].invert_yaxis()
        axes[0].grid(visible=False)
        axes[0].set_xticks((0.0, 0.5, 1.0))
        for i, colour in enumerate(_COLOURS):
            axes[0].bar([0.0], [0.0], color=colour, label=f"action {i}")
        axes[0].legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)
        for _, look, rows in kit.curves(frame, _DRAWS, "concept", "draw", panel="draws"):
            kit.marked(axes[1], rows["draw"], rows["hit_probability"], look)
        axes[1].set(xlabel="answers asked for", ylim=(0.0, 1.05))
        axes[1].set_ylabel("chance that the wanted action came")
        axes[1].legend(loc="upper center", bbox_to_anchor=(0.5, -0.14))
        kit.finish(axes, ["policies and what they win", "asking again on the even cycle"], legends=())

    def findings(self, frame: Frame) -> list[str]:
        """Return the policies on the uneven cycle, and the chances after two and three answers."""
        sentences = []
        for row in frame.filter(panel="solutions", instance="uneven cycle").iter_rows(named=True):
            policy = ", ".join(f"{row[f'policy_{i}']:.3f}" for i in range(3))
            sentences.append(
                f"Uneven cycle, {row['concept']}: ({policy}); it wins at least {row['wins_unseen']:.3f} of comparisons "
                f"with an opponent who does not see the answer, {row['wins_seen']:.3f} with one who does."
            )
        for concept, _, rows in kit.curves(frame, _DRAWS, "concept", "draw", panel="draws"):
            hits = ", ".join(f"{hit:.4f}" for hit in rows["hit_probability"][:3])
            sentences.append(f"Asking again, {concept}: {hits} after 1, 2, 3 answers.")
        return sentences


def solutions(preferences: Array, pairs: Sequence[float]) -> dict[str, Array]:
    """Return the policy (n,) of each concept without regularization, ties shared equally."""
    skewed = np.outer(pairs, pairs)
    leader = np.exp(StackelbergGame(preferences, 0.0, 0.0).solution.log_leader)
    policies = {"Stackelberg leader": leader, "equilibrium": von_neumann_winner(preferences)}
    for name, weights in zip(_CONCEPTS, (np.ones_like(skewed), skewed), strict=False):
        density = fit_density(weights * preferences)
        best = density >= density.max() - _TIE
        policies[name] = best / best.sum()
    return policies


def _bars(panel: Axes, table: Frame) -> tuple[list[float], list[str]]:
    """Draw the bars; return their heights and names."""
    places, names, top = [], [], 0.0
    panel.annotate("unseen | seen", (1.02, 0.0), va="center", fontsize=8)
    for instance in kit.values(table, "instance"):
        panel.annotate(instance, (0.0, top), va="center", weight="bold")
        for concept in _CONCEPTS:
            top, left = top + 1.0, 0.0
            row = kit.first(table.filter(instance=instance, concept=concept))
            for i, colour in enumerate(_COLOURS):
                panel.barh(top, row[f"policy_{i}"], left=left, height=0.72, color=colour, edgecolor="white")
                left += row[f"policy_{i}"]
            text = f"{row['wins_unseen']:.2f} | {row['wins_seen']:.2f}"
            panel.annotate(text, (1.02, top), va="center", fontsize=8)
            places.append(top)
            names.append(concept)
        top += 1.4
    return places, names
