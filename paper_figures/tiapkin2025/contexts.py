"""Contextual games of low rank: last iterates against row queries, and mirror prox from single answers."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

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
from paper_figures import kit, style
from paper_figures.kit import Array, Axes, Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import runs
from paper_figures.style import Look
from sims import Cell, Run

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


class Contexts(Figure):
    """Panel "rows" (every learner with exact rows) and panel "bits" (mirror prox from single answers)."""

    name = "tiapkin2025_contexts"
    title = "Contextual games of low rank: last iterates against row queries"
    claim = """Mirror prox approaches the regularized equilibrium at the rate (1 + 2β)^(-N/2) in N row queries, without
    a condition on the step that depends on the game; gradient steps from single answers follow it down to their
    noise."""
    caption = """Games with preferences sigmoid(U Vᵀ - V Uᵀ), one per context, equally likely contexts, uniform
    reference, means over contexts. (a), (b) Divergence of the last iterate from p* against the number of row queries
    (mirror prox makes two per round); broken: the theorem. The best local λ of INPO is computed
    from the equilibrium, which no learner knows, for the least stable context. (c) Nash-MP with half steps by policy
    gradients from single Bernoulli answers, a smaller game, first β; means with pointwise 95% intervals (Student's t).
    Sizes and generator are ours."""
    panels, size = 3, (7.2, 6.4)
    tiny = changed(n_contexts=2, n_actions=4, queries=(8, 16), batches=(4,), gradient_steps=2, outer=3, repetitions=4)
    paper = changed(queries=(400, 4000), few_contexts=16, few_actions=20, gradient_steps=200, rate=0.3, repetitions=4)

    n_contexts: int = setting("contexts", 16)
    n_actions: int = setting("actions", 100)
    rank: int = setting("rank of U and V in the logits U Vᵀ - V Uᵀ", 10)
    scale: float = setting("standard deviation of the logits", 2.0)
    regularizations: tuple[float, ...] = setting("weights β of the reference", (0.1, 0.01))
    queries: tuple[int, ...] = setting("row queries for each β", (240, 1200))
    constant: float = setting("Nash-MD: constant step", 1.0)
    inner_rounds: int = setting("Nash-Prox: inner rounds, λ = 1/2", 8)
    batches: tuple[int, ...] = setting("panel (c): comparisons per gradient step", (32, 256))
    few_contexts: int = setting("panel (c): contexts", 1)
    few_actions: int = setting("panel (c): actions", 5)
    gradient_steps: int = setting("panel (c): gradient steps per half step", 20)
    outer: int = setting("panel (c): outer steps", 16)
    rate: float = setting("panel (c): step on the logits", 1.0)
    repetitions: int = setting("panel (c): repetitions", 64)
    seed: int = setting("seed of the games and of the draws", 2505)

    def game(self, n_contexts: int, n_actions: int, beta: float) -> PreferenceGame:
        """Return the game over equally likely contexts; one round."""
        rng = np.random.default_rng(self.seed)
        matrices = [games.low_rank(n_actions, min(self.rank, n_actions), self.scale, rng) for _ in range(n_contexts)]
        return PreferenceGame(np.stack(matrices), 1, beta, contexts=np.full(n_contexts, 1.0 / n_contexts))

    def players(self, game: PreferenceGame) -> dict[str, SelfPlay]:
        """Return the learners, tuned to the game; the locally best weight is that of its least stable context."""
        beta, policies = float(game.regularization), np.exp(game.log_equilibrium)
        total = max(stability(0.5 + s, p, beta).best for s, p in zip(game.skew, policies, strict=True))
        return {
            "mp": NashMP(),
            "mp_least": NashMP(least_prox_weight(beta)),
            "prox": NashProx(0.5, self.inner_rounds),
            "inpo": INPO(),
            "inpo_tuned": INPO(total - beta),
            "md": NashMD(),
            "md_constant": NashMD(self.constant),
        }

    def data(self) -> Frame:
        """Return the divergences along both kinds of play, and what is guaranteed."""
        tables = []
        for beta, queries in zip(self.regularizations, self.queries, strict=True):
            game = self.game(self.n_contexts, self.n_actions, beta)
            row_queries = np.unique(2 * np.rint(np.linspace(1, queries / 2, _POINTS)).astype(int))
            tables += [_rows(key, learner, game, row_queries) for key, learner in self.players(game).items()]
        return kit.stack(tables + [_bits(run) for run in runs(self._sampled())])

    def _sampled(self) -> list[Cell]:
        game = self.game(self.few_contexts, self.few_actions, self.regularizations[0])
        learner, step = SampledNashMP(0.5, self.gradient_steps, self.rate), 2 * self.gradient_steps
        horizon = step * self.outer
        ends = tuple(range(step, horizon + 1, step))
        problems = [replace(game, horizon=horizon, feedback=Comparisons(batch)) for batch in self.batches]
        return [Cell(problem, learner, self.repetitions, self.seed, checkpoints=ends) for problem in problems]

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw divergences at either weight, then those of play from answers."""
        rows = frame.filter(panel="rows")
        weights = sorted(set(rows["regularization"]), reverse=True)
        for panel, beta in zip(axes, (weights[0], weights[-1]), strict=False):
            for key, look, along in kit.curves(rows, LOOKS, "learner", "row_queries", regularization=beta):
                kept = along.filter(along["kl"] > _SMALLEST)
                kit.marked(panel, kept["row_queries"], kept["kl"], look, markersize=4.5, markevery=(2, 4))
                if key == "mp":
                    label = "guaranteed for Nash-MP"
                    kit.theory_line(panel, along["row_queries"], along["kl_guaranteed"], look.colour, label)
            panel.set(xlabel="row queries $N$", ylabel="KL(p* ‖ last iterate)", yscale="log", ylim=(_SMALLEST, 10.0))
            panel.locator_params("x", nbins=4)
        _draw_bits(frame.filter(panel="bits"), axes[2])
        titles = [f"exact rows, β = {weights[0]:g}", f"exact rows, β = {weights[-1]:g}", "from answers"]
        kit.finish(axes, titles, legends=())
        kit.shared_legend(axes)

    def findings(self, frame: Frame) -> list[str]:
        """Return the divergences at the end."""
        rows, bits, sentences = frame.filter(panel="rows"), frame.filter(panel="bits"), []
        for beta in sorted(set(rows["regularization"]), reverse=True):
            ends = []
            for _, look, along in kit.curves(rows, LOOKS, "learner", "row_queries", regularization=beta):
                last = kit.last(along)
                ends.append(f"{look.label} {last['kl']:.1e} ({last['sub']:.1e})")
            total = rows.filter(regularization=beta)["row_queries"].max()
            sentences.append(f"β = {beta:g}: KL (and suboptimality) after {total} row queries: {', '.join(ends)}.")
        for batch in sorted(set(bits["batch"])):
            end = kit.last(bits.filter(batch=batch).sort("outer"))
            sentences.append(
                f"{batch} answers per step: mean KL {kit.with_interval(end, 'kl_{}', '.2g')} after {end['outer']} "
                f"outer steps, {end['kl_guaranteed']:.2g} with exact ones."
            )
        return sentences


class _Rows:
    """Exact rows of all contexts at once."""

    def __init__(self, skew: Array) -> None:
        self.skew = skew

    def row(self, log_policy: Any, query: int = 0) -> Any:
        """Return y -> P(y > p) - 1/2 of each context (G, n)."""
        return payoff(self.skew, np.exp(log_policy))


def play_contexts(learner: SelfPlay, game: PreferenceGame, rounds: Sequence[int]) -> Array:
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


def _rows(key: str, learner: SelfPlay, game: PreferenceGame, row_queries: NDArray[Any]) -> Frame:
    policies = play_contexts(learner, game, (row_queries // learner.queries).tolist())
    share, beta = np.asarray(game.contexts), game.regularization
    columns: Row = {"panel": "rows", "learner": key, "regularization": beta, "row_queries": row_queries}
    columns |= {"kl": kl(game.log_equilibrium, policies) @ share}
    columns |= {"sub": sub_tau(game.skew, policies, game.log_reference, beta) @ share}
    if key == "mp":
        columns["kl_guaranteed"] = _start(game) * (1.0 + 2.0 * beta) ** (-0.5 * row_queries)
    return kit.table(columns)


def _start(game: PreferenceGame) -> float:
    """Return the mean over contexts of KL(p* || reference)."""
    return float(np.asarray(game.contexts) @ kl(game.log_equilibrium, game.log_reference))


def _bits(run: Run) -> Frame:
    game: Any = run.problem
    outer = np.arange(1, len(run.rounds) + 1)
    columns: Row = {"panel": "bits", "batch": game.feedback.batch, "outer": outer} | kit.run_interval(run, "kl")
    columns["kl_guaranteed"] = _start(game) * (1.0 + 2.0 * game.regularization) ** -outer.astype(float)
    return kit.table(columns)


def _draw_bits(frame: Frame, panel: Axes) -> None:
    for (colour, marker), batch in zip(_BATCHES, sorted(set(frame["batch"])), strict=False):
        rows = frame.filter(batch=batch).sort("outer")
        kit.curve(panel, rows, "outer", "kl_{}", Look(f"{batch} answers per step", colour, marker))
    kit.theory_line(panel, rows["outer"], rows["kl_guaranteed"], style.BLACK, "guaranteed with exact half steps")
    panel.set(xlabel="outer steps", ylabel="KL(p* ‖ last iterate)", yscale="log")
