"""Self-play from comparisons alone: divergence against answers, with the levels at which biased learners stop."""

import numpy as np

from bandits.preference import (
    Comparisons,
    PreferenceGame,
    SampledINPO,
    SampledIPOMD,
    SampledNashMDGradient,
    SampledNashMP,
    SampledOnlineIPO,
)
from bandits.preference.measures import kl
from bandits.preference.self_play.learner import SelfPlay
from bandits.preference.self_play.policy_gradient import mixture_fixed_point
from paper_figures import kit, style
from paper_figures.kit import Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from paper_figures.zhou2025_egpo import random_games
from sims import Cell

LOOKS = {
    "SampledINPO": Look("INPO", style.ORANGE, "s"),
    "SampledOnlineIPO": Look("online IPO, own pairs", style.SKY, "v"),
    "SampledIPOMD": Look("IPO-MD", style.PURPLE, "P"),
    "SampledNashMDGradient": Look("Nash-MD, policy gradient", style.RED, "D"),
    "SampledNashMP": Look("Nash-MP, policy gradient", style.GREEN, "^"),
}
_BIASED = ("SampledIPOMD", "SampledNashMDGradient")


class ComparisonsAlone(Figure):
    """Mean divergences with 95% intervals at each checkpoint, and those of the fixed points."""

    name = "zhou2025_comparisons"
    title = "Self-play from comparisons alone"
    claim = """Learners that see one answer per pair approach the regularized equilibrium down to a noise floor, except
    those that answer a mixture with the reference: their fixed point is another policy."""
    caption = """One of the random games of the paper, one Bernoulli answer per pair. INPO solves its least squares on
    the pairs of the round; the others take gradient steps on the logits. Means over repetitions with pointwise 95%
    intervals (Student's t). Broken: the divergence of the point where IPO-MD and the policy gradient of Nash-MD stop,
    solved exactly: its mixture is the equilibrium of weight β / (1 - share). No rate is proved for the gradient
    learners here; steps are constant, so none converges fully."""
    size = (7.2, 3.7)
    tiny = changed(learners=("SampledINPO",), rounds=12, batch=4, n_actions=3, inner_rounds=2, repetitions=4)
    paper = changed(rounds=100_000)

    learners: tuple[str, ...] = setting("learners", tuple(LOOKS))
    rounds: int = setting("rounds", 3200)
    batch: int = setting("comparisons per round", 100)
    n_actions: int = setting("actions", 10)
    regularization: float = setting("weight β of the reference", 0.1)
    total_weight: float = setting("INPO: λ + β", 10.0)
    rate: float = setting("step of the gradient learners", 0.5)
    mixture: float = setting("share of the reference in mixtures", 0.4)
    inner_rounds: int = setting("Nash-MP: rounds per half step", 100)
    repetitions: int = setting("repetitions", 32)
    seed: int = setting("seed of the game and of the draws", 2503)

    def data(self) -> Frame:
        """Return one row per learner and checkpoint."""
        beta, share = self.regularization, self.mixture
        matrices, references = random_games(1, self.n_actions, self.seed)
        problem = PreferenceGame(matrices[0], self.rounds, beta, references[0], Comparisons(self.batch))
        learners: tuple[SelfPlay, ...] = (
            SampledINPO(self.total_weight - beta),
            SampledOnlineIPO(self.rate),
            SampledIPOMD(self.rate, share),
            SampledNashMDGradient(self.rate, share),
            SampledNashMP(0.5, self.inner_rounds, self.rate),
        )
        stop = float(kl(problem.log_equilibrium[0], mixture_fixed_point(matrices[0], beta, references[0], share)))
        cells = [Cell(problem, x, self.repetitions, self.seed) for x in learners if x.name in self.learners]
        tables = []
        for run in runs(cells):
            columns: Row = {"learner": run.learner.name, "comparisons": run.mean("queries")}
            columns |= kit.run_interval(run, "kl") | {"repetitions": run.repetitions}
            tables.append(kit.table(columns | {"kl_fixed_point": stop if run.learner.name in _BIASED else 0.0}))
        return kit.stack(tables)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw divergences against answers, and the level at which mixtures stop."""
        least = 0.5 * float(np.min(frame["kl_mean"].to_numpy()))
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "comparisons"):
            mean, low, high = kit.measured(rows, "kl_{}")
            y = (mean, np.maximum(low, least), high)
            kit.band(axes[0], rows["comparisons"], y, look, markevery=3, markersize=4.5)
        level = float(np.max(frame["kl_fixed_point"].to_numpy()))
        label = "fixed point of mixtures, exact"
        axes[0].axhline(level, color=style.BLACK, linestyle="--", linewidth=1.0, label=label)
        kit.log_axes(axes[0], "comparisons", "KL(p* ‖ last iterate)", base=10)
        kit.legend_below(axes[0], 2)

    def findings(self, frame: Frame) -> list[str]:
        """Return the divergences at the end."""
        sentences = []
        for _, look, rows in kit.curves(frame, LOOKS, "learner", "comparisons"):
            last = kit.last(rows)
            text = f"{look.label}: mean KL {kit.with_interval(last, 'kl_{}', '.2g')} after "
            text += f"{last['comparisons']:.3g} comparisons"
            if last["kl_fixed_point"] > 0.0:
                text += f"; its fixed point lies at {last['kl_fixed_point']:.2g}"
            sentences.append(text + ".")
        return sentences
