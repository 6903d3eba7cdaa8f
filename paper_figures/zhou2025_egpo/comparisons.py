"""The same learners from comparisons alone: divergence against answers, with the levels that biased ones stop at."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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
from paper_figures import style
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from paper_figures.style import Look
from paper_figures.tiapkin2025.source import labelled
from paper_figures.zhou2025_egpo.source import ZHOU, random_games
from sims import Cell

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

LOOKS = {
    "SampledINPO": Look("INPO", style.ORANGE, "s"),
    "SampledOnlineIPO": Look("online IPO, own pairs", style.SKY, "v"),
    "SampledIPOMD": Look("IPO-MD", style.PURPLE, "P"),
    "SampledNashMDGradient": Look("Nash-MD, policy gradient", style.RED, "D"),
    "SampledNashMP": Look("Nash-MP, policy gradient", style.GREEN, "^"),
}
_BIASED = ("SampledIPOMD", "SampledNashMDGradient")


@dataclass(frozen=True)
class ComparisonSettings:
    """Parameters of the figure."""

    learners: tuple[str, ...] = labelled("learners", tuple(LOOKS))
    rounds: int = labelled("rounds", 3200)
    batch: int = labelled("comparisons a round", 100)
    n_actions: int = labelled("actions", 10)
    regularization: float = labelled("weight β of the reference", 0.1)
    total_weight: float = labelled("INPO: λ + β", 10.0)
    rate: float = labelled("step of the gradient learners", 0.5)
    mixture: float = labelled("share of the reference in mixtures", 0.4)
    inner_rounds: int = labelled("Nash-MP: rounds of a half step", 100)
    repetitions: int = labelled("repetitions", 64)
    seed: int = labelled("seed of the game and of the draws", 2503)


QUICK = ComparisonSettings()
PAPER = ComparisonSettings(rounds=100_000)


def comparison_data(settings: ComparisonSettings) -> "polars.DataFrame":
    """Return mean divergences with 95% intervals at each checkpoint, and those of the fixed points."""
    import polars

    beta, share = settings.regularization, settings.mixture
    matrices, references = random_games(1, settings.n_actions, settings.seed)
    problem = PreferenceGame(matrices[0], settings.rounds, beta, references[0], Comparisons(settings.batch))
    learners: tuple[SelfPlay, ...] = (
        SampledINPO(settings.total_weight - beta),
        SampledOnlineIPO(settings.rate),
        SampledIPOMD(settings.rate, share),
        SampledNashMDGradient(settings.rate, share),
        SampledNashMP(0.5, settings.inner_rounds, settings.rate),
    )
    stop = float(kl(problem.log_equilibrium[0], mixture_fixed_point(matrices[0], beta, references[0], share)))
    tables = []
    chosen = [learner for learner in learners if learner.name in settings.learners]
    for run in runs([Cell(problem, learner, settings.repetitions, settings.seed) for learner in chosen]):
        low, high = run.interval("kl")
        columns = {"learner": run.learner.name, "comparisons": run.mean("queries"), "kl_mean": run.mean("kl")}
        ends = {"kl_low95": low, "kl_high95": high, "repetitions": run.repetitions}
        level = stop if run.learner.name in _BIASED else 0.0
        tables.append(polars.DataFrame({**columns, **ends, "kl_fixed_point": level}))
    return polars.concat(tables)


def _present(frame: "polars.DataFrame") -> list[tuple[str, Look]]:
    return [(name, look) for name, look in LOOKS.items() if name in set(frame["learner"])]


def draw_comparisons(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw divergences against answers, and the level at which mixtures stop."""
    least = 0.5 * float(frame["kl_mean"].min())
    for name, look in _present(frame):
        curve = frame.filter(frame["learner"] == name).sort("comparisons")
        mean, low, high = style.measured(curve, "kl_{}")
        y = (mean, np.maximum(low, least), high)
        style.band(axes[0], curve["comparisons"], y, look, markevery=3, markersize=4.5)
    axes[0].axhline(
        float(frame["kl_fixed_point"].max()),
        color=style.BLACK,
        linestyle="--",
        linewidth=1.0,
        label="fixed point of mixtures, exact",
    )
    style.log_axes(axes[0], "comparisons", "KL(p* ‖ last iterate)", base=10)
    axes[0].legend(loc="center left", bbox_to_anchor=(1.01, 0.5))


def comparison_findings(frame: "polars.DataFrame") -> list[str]:
    """Return the divergences at the end."""
    sentences = []
    for name, look in _present(frame):
        last: dict[str, Any] = frame.filter(frame["learner"] == name).sort("comparisons").tail(1).row(0, named=True)
        text = f"{look.label}: mean KL {last['kl_mean']:.2g} [{last['kl_low95']:.2g}, {last['kl_high95']:.2g}]"
        text += f" after {last['comparisons']:.3g} comparisons"
        if last["kl_fixed_point"] > 0.0:
            text += f"; its fixed point lies at {last['kl_fixed_point']:.2g}"
        sentences.append(text + ".")
    return sentences


COMPARISONS = Figure(
    name="zhou2025_comparisons",
    title="Self-play from comparisons alone",
    paper=ZHOU,
    claim="Learners that see one answer a pair approach the regularized equilibrium down to a noise floor, except "
    "those that answer a mixture with the reference: their fixed point is another policy.",
    caption="One of the paper's random games, one Bernoulli answer a pair. INPO solves its least squares on the "
    "round's pairs; the others take gradient steps on the logits. Means over repetitions with pointwise 95% intervals "
    "(Student's t). Broken: the divergence of the point where IPO-MD and Nash-MD's policy gradient stop, solved "
    "exactly: its mixture is the equilibrium of weight β / (1 - share). No rate is proved for the gradient learners "
    "here; steps are constant, so none converges fully.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=comparison_data,
    paint=draw_comparisons,
    findings=comparison_findings,
    panels=1,
    size=(7.6, 3.7),
)
