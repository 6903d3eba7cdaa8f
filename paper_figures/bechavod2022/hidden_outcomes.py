"""What hidden outcomes cost: regret against the horizon if the outcome of a rejected individual is never seen."""

import numpy as np

from bandits.one_sided import (
    AppleTasting,
    EpsilonTasting,
    Exp2OneSided,
    Exp4AppleTasting,
    FollowObserved,
    FullInformationExp2,
    FullLabels,
    OneSided,
    OneSidedGame,
    RevealingAction,
    hidden_outcomes,
)
from bandits.protocol import Learner
from paper_figures import kit, style
from paper_figures.kit import FITTED, Figure, Frame, Panels, Row, changed, setting
from paper_figures.simulations import final_cell, runs
from paper_figures.style import Look
from theory.rates import fit_exponent

LOOKS = {
    "FollowObserved": Look("follow observed labels", style.GREY, "^"),
    "EpsilonTasting": Look("leader, exploration $t^{-1/3}$", style.ORANGE, "v"),
    "AppleTasting": Look("apple tasting (Helmbold et al.)", style.GREEN, "X"),
    "RevealingAction": Look("revealing action", style.RED, "D"),
    "Exp4AppleTasting": Look("EXP4.AT, forced exploration", style.SKY, "s"),
    "Exp2OneSided": Look("Exp2, shifted estimator", style.BLUE, "o"),
    "FullInformationExp2": Look("all labels seen", style.BLACK, "P"),
}
LEARNERS: dict[str, tuple[Learner, ...]] = {
    "hidden": (
        FollowObserved(),
        EpsilonTasting(),
        RevealingAction(),
        Exp4AppleTasting(),
        Exp2OneSided(price=0.0),
        FullInformationExp2(price=0.0),
    ),
    "realizable": (AppleTasting(), RevealingAction(), Exp4AppleTasting(), Exp2OneSided(price=0.0)),
}
TITLES = {"hidden": "uncertain outcomes", "realizable": "some hypothesis is right"}
BOUNDS = {
    "AppleTasting": "helmbold2000.apple_tasting",
    "RevealingAction": "cesabianchi2006.revealing_action",
    "Exp4AppleTasting": "raman2024.exp4_at",
    "Exp2OneSided": "ours.exp2_regret",
    "FullInformationExp2": "bechavod2020.full_information_regret",
}


class HiddenOutcomes(Figure):
    """Regret of each learner at each horizon, with bounds and fitted exponents."""

    name = "bechavod2022_hidden_outcomes"
    title = "Hidden outcomes: following observed labels only can reject good applicants for ever"
    claim = """One-sided feedback allows regret of order sqrt(T ln N) without any forced exploration (D1 at C = 0), the
    same as forced exploration at its best rate (EXP4.AT, Raman et al. 2024); a general revealing action has
    regret T^(2/3)."""
    caption = """Environment D: one applicant per round of a few kinds, all subsets as hypotheses, no auditors. An
    outcome is seen only if the applicant is accepted. Bands: 95% intervals of means, fresh repetitions at each T;
    broken lines: proved upper bounds. (a) Following the observed labels starts by accepting everybody, excludes a kind
    after bad luck and never learns better: its regret is linear. (b) Every kind is good for certain or bad for certain;
    apple tasting plays the first hypothesis that agrees with what was seen, and explores. Slopes: weighted least
    squares in logarithms with 95% bootstrap intervals."""
    panels, size = 2, (7.2, 5.6)
    tiny = changed(horizons=(2048, 4096, 8192), repetitions=48)
    paper = changed(horizons=tuple(2**k for k in range(10, 22)), repetitions=64)

    horizons: tuple[int, ...] = setting("horizons T (rounds)", tuple(2**k for k in range(10, 17)))
    chances: tuple[float, ...] = setting("chances of a good outcome, by kind", (0.7, 0.6, 0.4, 0.3))
    realizable: tuple[float, ...] = setting("the same in (b): some hypothesis is right", (1.0, 1.0, 0.0, 0.0))
    repetitions: int = setting("repetitions", 24)
    seed: int = setting("seed (plus log2 T)", 2006)

    def game(self, environment: str, learner: Learner, horizon: int) -> OneSidedGame:
        """Return environment D with the feedback that the learner asks for."""
        feedback = FullLabels() if isinstance(learner, FullInformationExp2) else OneSided()
        chances = self.chances if environment == "hidden" else self.realizable
        return hidden_outcomes(horizon, chances, feedback=feedback)

    def data(self) -> Frame:
        """Return one row per environment, learner and horizon."""
        rows: list[Row] = []
        pairs = [(environment, learner) for environment, learners in LEARNERS.items() for learner in learners]
        for environment, learner in pairs:
            found = runs([final_cell(self.game(environment, learner, T), learner, self, True) for T in self.horizons])
            fit = fit_exponent(self.horizons, np.column_stack([run.final("error_regret") for run in found]))
            for horizon, run in zip(self.horizons, found, strict=True):
                row: Row = {"world": environment, "learner": learner.name, "horizon_rounds": horizon}
                row |= {"repetitions": run.repetitions} | kit.final(kit.run_interval(run, "error_regret", "regret"))
                row |= {"regret_upper_bound": kit.bound_value(BOUNDS.get(learner.name), run)}
                rows.append(row | kit.fitted(fit) | {"last_slope": fit.local[-1]})
        return kit.table(rows)

    def draw(self, frame: Frame, axes: Panels) -> None:
        """Draw regret against the horizon for all learners, with their bounds, then where some hypothesis is right."""
        for panel, environment in zip(axes, TITLES, strict=True):
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon_rounds", world=environment):
                label = f"{look.label}: slope {kit.with_interval(kit.first(rows), 'exponent{}', '.2f', FITTED)}"
                kit.curve(panel, rows, "horizon_rounds", "regret_{}", look, label, bound="regret_upper_bound")
            kit.legend_entry(panel, "bound, same colour")
            kit.log_axes(panel, "horizon $T$ (rounds)", "error regret (errors)")
        kit.share_limits(axes)
        kit.finish(axes, list(TITLES.values()))

    def findings(self, frame: Frame) -> list[str]:
        """Return a sentence for the fitted exponent of each learner."""
        sentences = []
        for environment, title in TITLES.items():
            for _, look, rows in kit.curves(frame, LOOKS, "learner", "horizon_rounds", world=environment):
                row = kit.last(rows)
                sentences.append(
                    f"{title.capitalize()}, {kit.plain(look.label)}: "
                    f"T^{kit.with_interval(row, 'exponent{}', '.2f', FITTED)}, last slope {row['last_slope']:.2f}, "
                    f"regret {row['regret_mean']:.0f} at the last horizon."
                )
        return sentences
