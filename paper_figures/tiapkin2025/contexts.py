"""Contextual games of low rank: last iterates against row queries, and mirror prox from single answers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandits.preference import (
    INPO,
    Comparisons,
    NashMD,
    NashMP,
    NashProx,
    PreferenceGame,
    SampledNashMP,
    games,
    least_prox_weight,
    stability,
)
from bandits.preference.measures import kl, payoff, sub_tau
from bandits.preference.self_play.learner import SelfPlay
from paper_figures import style
from paper_figures.figure import Figure
from paper_figures.simulations import runs
from paper_figures.style import Look
from paper_figures.tiapkin2025.source import TIAPKIN, labelled
from sims import Cell, Run

if TYPE_CHECKING:
    import polars
    from matplotlib.axes import Axes

LOOKS = {
    "mp": Look("Nash-MP, λ = 1/2", style.BLUE, "o"),
    "mp_least": Look("Nash-MP, least λ", style.SKY, "v"),
    "prox": Look("Nash-Prox", style.PURPLE, "P"),
    "inpo": Look("INPO, λ = 1/(4β)", style.ORANGE, "s"),
    "inpo_tuned": Look("INPO, best local λ", style.GREEN, "X"),
    "md": Look("Nash-MD, falling steps", style.RED, "D"),
    "md_constant": Look("Nash-MD, constant step", style.GREY, "D"),
}
_BATCHES = ((style.ORANGE, "s"), (style.BLUE, "o"))
_POINTS = 40  # at most, along the play
_SMALLEST = 1e-14  # divergences and gaps below this are rounding


@dataclass(frozen=True)
class ContextSettings:
    """Parameters of the figure."""

    n_contexts: int = labelled("contexts", 16)
    n_actions: int = labelled("actions", 100)
    rank: int = labelled("rank of U and V in the logits U Vᵀ - V Uᵀ", 10)
    scale: float = labelled("standard deviation of the logits", 2.0)
    regularizations: tuple[float, ...] = labelled("weights β of the reference", (0.1, 0.01))
    queries: tuple[int, ...] = labelled("row queries for each β", (240, 1200))
    constant: float = labelled("Nash-MD: constant step", 1.0)
    inner_rounds: int = labelled("Nash-Prox: inner rounds, λ = 1/2", 8)
    batches: tuple[int, ...] = labelled("panel (c): comparisons a gradient step", (32, 256))
    few_contexts: int = labelled("panel (c): contexts", 1)
    few_actions: int = labelled("panel (c): actions", 5)
    gradient_steps: int = labelled("panel (c): gradient steps of a half step", 20)
    outer: int = labelled("panel (c): outer steps", 16)
    rate: float = labelled("panel (c): step on the logits", 1.0)
    repetitions: int = labelled("panel (c): repetitions", 64)
    seed: int = labelled("seed of the games and of the draws", 2505)


QUICK = ContextSettings()
PAPER = ContextSettings(
    queries=(400, 4000), few_contexts=16, few_actions=20, gradient_steps=200, rate=0.3, repetitions=4
)


def contextual_game(settings: ContextSettings, n_contexts: int, n_actions: int, beta: float) -> PreferenceGame:
    """Return the game over equally likely contexts; one round."""
    rng = np.random.default_rng(settings.seed)
    rank = min(settings.rank, n_actions)
    matrices = [games.low_rank(n_actions, rank, settings.scale, rng) for _ in range(n_contexts)]
    return PreferenceGame(np.stack(matrices), 1, beta, contexts=np.full(n_contexts, 1.0 / n_contexts))


def players(settings: ContextSettings, game: PreferenceGame) -> dict[str, SelfPlay]:
    """Return the learners, tuned to the game; the locally best weight is that of its least stable context."""
    beta = float(game.regularization)
    policies = np.exp(game.log_equilibrium)
    total = max(stability(0.5 + s, p, beta).best for s, p in zip(game.skew, policies, strict=True))
    return {
        "mp": NashMP(),
        "mp_least": NashMP(least_prox_weight(beta)),
        "prox": NashProx(0.5, settings.inner_rounds),
        "inpo": INPO(),
        "inpo_tuned": INPO(total - beta),
        "md": NashMD(),
        "md_constant": NashMD(settings.constant),
    }


class _Rows:
    """Exact rows of all contexts at once."""

    def __init__(self, skew: NDArray[np.float64]) -> None:
        self.skew = skew

    def row(self, log_policy: Any, query: int = 0) -> Any:
        """Return y -> P(y > p) - 1/2 of each context (G, n)."""
        return payoff(self.skew, np.exp(log_policy))


def play_contexts(learner: SelfPlay, game: PreferenceGame, rounds: Sequence[int]) -> NDArray[np.float64]:
    """Return the log-policies (C, G, n) of all contexts after the given rounds, increasing.

    For learners made of proximal steps, which work in the last axis: one plain loop for all contexts, cheaper than
    compiling each learner for a few hundred rounds.
    """
    params, ask = learner.parameters(game), _Rows(game.skew)
    state, found, wanted = learner.start(params, game.log_reference), [], set(rounds)
    for t in range(max(rounds)):
        state = learner.step(params, state, t, ask)
        if t + 1 in wanted:
            found.append(learner.policy(params, state))
    return np.array(found)


def context_data(settings: ContextSettings) -> "polars.DataFrame":
    """Return panel "rows" (every learner with exact rows) and panel "bits" (mirror prox from single answers)."""
    import polars

    tables = []
    for beta, queries in zip(settings.regularizations, settings.queries, strict=True):
        game = contextual_game(settings, settings.n_contexts, settings.n_actions, beta)
        row_queries = np.unique(2 * np.rint(np.linspace(1, queries / 2, _POINTS)).astype(int))
        tables += [_rows(key, learner, game, row_queries) for key, learner in players(settings, game).items()]
    tables += [_bits(run) for run in runs(_sampled(settings))]
    return polars.concat(tables, how="diagonal_relaxed")


def _sampled(settings: ContextSettings) -> list[Cell]:
    beta = settings.regularizations[0]
    game = contextual_game(settings, settings.few_contexts, settings.few_actions, beta)
    learner = SampledNashMP(0.5, settings.gradient_steps, settings.rate)
    horizon = 2 * settings.gradient_steps * settings.outer
    ends = tuple(range(2 * settings.gradient_steps, horizon + 1, 2 * settings.gradient_steps))
    problems = [replace(game, horizon=horizon, feedback=Comparisons(batch)) for batch in settings.batches]
    return [Cell(problem, learner, settings.repetitions, settings.seed, checkpoints=ends) for problem in problems]


def _rows(key: str, learner: SelfPlay, game: PreferenceGame, row_queries: NDArray[Any]) -> "polars.DataFrame":
    import polars

    policies = play_contexts(learner, game, (row_queries // learner.queries).tolist())
    share = np.asarray(game.contexts)
    columns: dict[str, Any] = {
        "panel": "rows",
        "learner": key,
        "regularization": game.regularization,
        "row_queries": row_queries,
        "kl": kl(game.log_equilibrium, policies) @ share,
        "sub": sub_tau(game.skew, policies, game.log_reference, game.regularization) @ share,
    }
    if key == "mp":
        columns["kl_guaranteed"] = _start(game) * (1.0 + 2.0 * game.regularization) ** (-0.5 * row_queries)
    return polars.DataFrame(columns)


def _start(game: PreferenceGame) -> float:
    """Return the mean over contexts of KL(p* || reference)."""
    return float(np.asarray(game.contexts) @ kl(game.log_equilibrium, game.log_reference))


def _bits(run: Run) -> "polars.DataFrame":
    import polars

    game: Any = run.problem
    outer = np.arange(1, len(run.rounds) + 1)
    low, high = run.interval("kl")
    columns: dict[str, Any] = {"panel": "bits", "batch": game.feedback.batch, "outer": outer}
    columns |= {"kl_mean": run.mean("kl"), "kl_low95": low, "kl_high95": high}
    columns["kl_guaranteed"] = _start(game) * (1.0 + 2.0 * game.regularization) ** -outer.astype(float)
    return polars.DataFrame(columns)


def draw_contexts(frame: "polars.DataFrame", axes: "Sequence[Axes]") -> None:
    """Draw divergences at either weight, then those of play from answers."""
    rows = frame.filter(frame["panel"] == "rows")
    weights = sorted(set(rows["regularization"]), reverse=True)
    for panel, beta in zip(axes, (weights[0], weights[-1]), strict=False):
        for key, look in LOOKS.items():
            curve = rows.filter((rows["learner"] == key) & (rows["regularization"] == beta)).sort("row_queries")
            kept = curve.filter(curve["kl"] > _SMALLEST)
            line: Any = {"color": look.colour, "marker": look.marker, "markersize": 4.5, "markevery": (2, 4)}
            panel.plot(kept["row_queries"], kept["kl"], label=look.label, **line)
            if key == "mp":
                style.theory(panel, curve["row_queries"], curve["kl_guaranteed"], look.colour, "guaranteed for Nash-MP")
        panel.set_yscale("log")
        panel.set(xlabel="row queries $N$", ylabel="KL(p* ‖ last iterate)", ylim=(_SMALLEST, 10.0))
    handles, labels = axes[0].get_legend_handles_labels()
    half = (len(handles) + 1) // 2
    for panel, part in zip(axes, (slice(0, half), slice(half, None)), strict=False):  # one legend under both panels
        panel.legend(handles[part], labels[part], loc="upper left", bbox_to_anchor=(0.0, -0.2), borderaxespad=0.0)
    _draw_bits(frame.filter(frame["panel"] == "bits"), axes[2])
    style.legend_below(axes[2])
    style.panel_letters(axes, [f"exact rows, β = {weights[0]:g}", f"exact rows, β = {weights[-1]:g}", "from answers"])


def _draw_bits(frame: "polars.DataFrame", panel: "Axes") -> None:
    for (colour, marker), batch in zip(_BATCHES, sorted(set(frame["batch"])), strict=False):
        curve = frame.filter(frame["batch"] == batch).sort("outer")
        style.band(
            panel, curve["outer"], style.measured(curve, "kl_{}"), Look(f"{batch} answers a step", colour, marker)
        )
    curve = frame.filter(frame["batch"] == frame["batch"].max()).sort("outer")
    style.theory(panel, curve["outer"], curve["kl_guaranteed"], style.BLACK, "guaranteed with exact half steps")
    panel.set_yscale("log")
    panel.set(xlabel="outer steps", ylabel="KL(p* ‖ last iterate)")


def context_findings(frame: "polars.DataFrame") -> list[str]:
    """Return the divergences at the end."""
    rows = frame.filter(frame["panel"] == "rows")
    sentences = []
    for beta in sorted(set(rows["regularization"]), reverse=True):
        ends = []
        for key, look in LOOKS.items():
            last = rows.filter((rows["learner"] == key) & (rows["regularization"] == beta)).sort("row_queries").tail(1)
            ends.append(f"{look.label} {last['kl'][0]:.1e} ({last['sub'][0]:.1e})")
        total = rows.filter(rows["regularization"] == beta)["row_queries"].max()
        sentences.append(f"β = {beta:g}: KL (and suboptimality) after {total} row queries: {', '.join(ends)}.")
    bits = frame.filter(frame["panel"] == "bits")
    for batch in sorted(set(bits["batch"])):
        end: dict[str, Any] = bits.filter(bits["batch"] == batch).sort("outer").tail(1).row(0, named=True)
        text = f"{batch} answers a step: mean KL {end['kl_mean']:.2g} [{end['kl_low95']:.2g}, {end['kl_high95']:.2g}]"
        sentences.append(f"{text} after {end['outer']} outer steps, {end['kl_guaranteed']:.2g} with exact ones.")
    return sentences


CONTEXTS = Figure(
    name="tiapkin2025_contexts",
    title="Contextual games of low rank: last iterates against row queries",
    paper=TIAPKIN,
    claim="Mirror prox approaches the regularized equilibrium at the rate (1 + 2β)^(-N/2) in N row queries, without a "
    "condition on the step that depends on the game; gradient steps from single answers follow it down to their noise.",
    caption="Games with preferences sigmoid(U Vᵀ - V Uᵀ), one a context, equally likely contexts, uniform reference, "
    "means over contexts. (a), (b) Divergence of the last iterate from p* against rows asked for (mirror prox asks for "
    "two a round); one legend for both; broken: the theorem. The best local λ of INPO is computed from the "
    "equilibrium, which no learner knows, for the least stable context. (c) Nash-MP with half steps by policy "
    "gradients from single Bernoulli answers, a smaller game, first β; means with pointwise 95% intervals (Student's "
    "t). Sizes and generator are ours.",
    settings={"quick": QUICK, "paper": PAPER},
    compute=context_data,
    paint=draw_contexts,
    findings=context_findings,
    panels=3,
    size=(11.4, 4.6),
)
