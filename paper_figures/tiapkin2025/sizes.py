"""The rate of mirror prox does not depend on the number of actions: from 3 to 3000."""

import numpy as np

from bandits.preference import NashMP, PreferenceGame, games
from bandits.preference.measures import gap_tau, kl
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, changed, setting
from sims.engines.policies import trajectory

_SMALLEST = 1e-20  # divergences below this are rounding


class Sizes(Figure):
    """Divergences along one play per size, the guarantee, and the certificate of the equilibrium."""

    name = "tiapkin2025_sizes"
    title = "Mirror prox: the rate does not depend on the number of actions"
    claim = "KL(p* ‖ policy) falls by 1 / (1 + 2 τ) per round in every game, whatever the number of actions."
    caption = """One random game of low rank per size, uniform reference, exact rows, Nash-MP at λ = 1/2. The
    equilibrium is the policy after further rounds, certified by its own gap: KL(policy ‖ p*) <= gap / (2 τ). (a)
    Divergence of the last iterate relative to that of the reference, while it is above 1e-20, and the theorem (broken).
    (b) The greatest factor of any round; a point above the broken line would refute the theorem."""
    panels, size = 2, (7.2, 4.4)
    tiny = changed(sizes=(3, 30))
    paper = changed(sizes=(3, 10, 30, 100, 300, 1000, 3000, 10_000), rank=10)

    sizes: tuple[int, ...] = setting("actions", (3, 10, 30, 100, 300, 1000, 3000))
    rank: int = setting("rank of U and V in the logits U Vᵀ - V Uᵀ", 2)
    scale: float = setting("standard deviation of the logits", 2.0)
    regularization: float = setting("weight τ of the reference", 0.2)
    rounds: int = setting("rounds drawn", 100)
    further: int = setting("further rounds to find the equilibrium", 40)
    seed: int = setting("seed of the games", 2025)

    def data(self) -> Frame:
        """Return one row per size and round."""
        return kit.stack([self._play(size) for size in self.sizes])

    def _play(self, size: int) -> Frame:
        """Play on to the end, which stands for the equilibrium: KL(end || p*) <= gap_tau(end) / (2 tau)."""
        preferences, tau = games.low_rank(size, self.rank, self.scale, self.seed), self.regularization
        game = PreferenceGame(preferences, self.rounds + self.further, tau)
        policies, rounds = trajectory(game, NashMP()), np.arange(self.rounds + 1)
        star = policies[-1]
        left = kl(star, policies[: self.rounds + 1])
        kept = left[: int(np.argmin(left > _SMALLEST)) or None]
        columns = {
            "n_actions": size,
            "round": rounds,
            "kl": left,
            "kl_guaranteed": left[0] * (1.0 + 2.0 * tau) ** -rounds.astype(float),
            "factor_worst": float((kept[1:] / kept[:-1]).max()),
            "factor_guaranteed": 1.0 / (1.0 + 2.0 * tau),
            "kl_certificate": float(gap_tau(game.skew[0], star, game.log_reference[0], tau)) / (2.0 * tau),
        }
        return kit.table(columns)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw divergences relative to the first, and the slowest round of each size."""
        sizes = sorted(set(frame["n_actions"]))
        for colour, size in zip((*style.COLOURS, style.YELLOW), sizes, strict=False):
            rows = frame.filter(n_actions=size).sort("round")
            kept = rows.filter(rows["kl"] > _SMALLEST)
            axes[0].plot(kept["round"], kept["kl"] / rows["kl"][0], color=colour, label=f"{size} actions")
        rows = frame.filter(n_actions=sizes[0]).sort("round")
        guaranteed = rows["kl_guaranteed"] / rows["kl_guaranteed"][0]
        kit.theory_line(axes[0], rows["round"], guaranteed, style.BLACK, r"guaranteed: $(1 + 2\tau)^{-k}$")
        axes[0].set(xlabel="rounds $k$ (two rows each)", ylabel="KL(p* ‖ policy) / KL(p* ‖ reference)", yscale="log")
        axes[0].set_ylim(bottom=_SMALLEST)
        each = frame.group_by("n_actions").first().sort("n_actions")
        x, slowest = each["n_actions"], style.Look("slowest round, measured", style.BLUE, "o")
        kit.marked(axes[1], x, each["factor_worst"], slowest, linestyle="none")
        kit.theory_line(axes[1], x, each["factor_guaranteed"], style.BLUE, r"guaranteed: $1 / (1 + 2\tau)$")
        kit.log_x(axes[1], "actions", "factor of KL per round", base=10, ylim=(0.0, 1.0))
        kit.finish(axes, ["last iterates", "the slowest round"], columns=2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the worst factors and the certificates."""
        each = frame.group_by("n_actions").first().sort("n_actions")
        factors = each.select("n_actions", "factor_worst").iter_rows()
        worst = ", ".join(f"{factor:.3f} ({size})" for size, factor in factors)
        certificate = float(each["kl_certificate"].to_numpy().max())
        return [
            f"Slowest factor per round by number of actions: {worst}; guaranteed {each['factor_guaranteed'][0]:.3f}.",
            f"The end of each play is certified to be within KL {certificate:.1e} of the equilibrium.",
        ]
