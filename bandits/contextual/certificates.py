"""Certificates of inverse gap weighting, round by round: a probe of contextual games."""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.combine import Observed, Probe, ProbeSteps, observed
from bandits.contextual.gap_weighting import InverseGapWeighting, Rule
from bandits.contextual.laws import RULES
from bandits.contextual.problem import (
    ContextualGame,
    ContextualState,
    Revealed,
    errors,
    guess_of,
    law_of,
)
from bandits.contextual.worlds import ContextualSetting
from bandits.core.actions import arm_of
from bandits.core.arguments import checked
from bandits.core.checks import instance, real
from bandits.core.jit import kernel, rare_kernel


class Own(NamedTuple):
    """The rule, as a place in RULES, and gamma."""

    rule: int
    gamma: float


class Kept(NamedTuple):
    """Sums of regret less its certificate, and of differences in log loss."""

    sums: Any  # (2,) float64


class Terms(NamedTuple):
    """What the certificate and the log loss leave."""

    gap_excess: float
    log_regret: float


@kernel
def _init(setting: ContextualSetting, own: Own) -> Kept:
    return Kept(np.zeros(2))


@kernel
def _log_loss(value: float, loss: float) -> float:
    """Return -loss ln(value) - (1 - loss) ln(1 - value), 0 ln 0 = 0."""
    return -loss * _log(value) - (1.0 - loss) * _log(1.0 - value)


@kernel
def _log(value: float) -> float:
    """Return ln(value), at 0 a finite number below that of any other: 0 ln 0 is 0, and no difference is nan."""
    return math.log(value) if value > 0.0 else -1000.0


@kernel
def _update(
    setting: ContextualSetting, own: Own, kept: Kept, world: ContextualState, t: int, action: Any, seen: Revealed
) -> Kept:
    law, guess, arm = law_of(action), guess_of(action), arm_of(action)
    if law.size == 0 or guess.size == 0:
        kept.sums[0] = np.nan
        kept.sums[1] = np.nan
        return kept
    means, least = setting.means[world.truth, world.context], setting.least[world.truth, world.context]
    mean, square, triangular = errors(law, guess, means)
    if own.rule == 2:
        allowed = 2.0 * law.size / own.gamma * mean + own.gamma * triangular
    else:
        allowed = (1.0 + own.rule) * (law.size - 1.0) / own.gamma + own.gamma / 4.0 * square
    kept.sums[0] += mean - least - allowed
    kept.sums[1] += _log_loss(guess[arm], seen.loss) - _log_loss(means[arm], seen.loss)
    return kept


@rare_kernel
def _measure(setting: ContextualSetting, own: Own, kept: Kept, world: ContextualState, n_rounds: int) -> Terms:
    return Terms(kept.sums[0], kept.sums[1])


@dataclass(frozen=True)
class GapCertificate(Probe):
    """What a rule of inverse gap weighting with gamma > 0 promises of every round, held against the play.

    Metrics, nan for a learner without law or predictions: gap_excess, law_regret less the sum of
    (K - 1) / gamma + (gamma / 4) E (yhat - f)^2 ("exact"), 2 (K - 1) / gamma + (gamma / 4) E (yhat - f)^2 ("squarecb"),
    or (2 K / gamma) E f + gamma E (yhat - f)^2 / (yhat + f) ("fastcb"), which is at most 0 on every path;
    log_regret, the log loss of the predictions for the actions played less that of their mean losses.
    """

    rule: Rule
    gamma: float
    steps: ClassVar[ProbeSteps] = ProbeSteps(_init, _update, _measure)
    undefined: ClassVar[tuple[str, ...]] = Terms._fields

    def __post_init__(self) -> None:
        real("gamma", self.gamma, low=0.0, open_low=True)

    def metrics(self, problem: Any) -> tuple[str, ...]:
        """Return the names of the metrics."""
        return Terms._fields

    def setting(self, problem: Any) -> Own:
        """Return rule and gamma; ValueError unless the problem is a contextual game with the played action's loss."""
        if getattr(getattr(problem, "feedback", None), "kind", "") not in ("contextual bandit", "contextual pairs"):
            raise ValueError("GapCertificate is a probe of a ContextualGame with the played action's loss as feedback")
        return Own(RULES.index(self.rule), self.gamma)


@checked
def certified(game: ContextualGame, learner: InverseGapWeighting) -> Observed:
    """Return the game with the metrics of the learner's `GapCertificate`."""
    instance("game", game, ContextualGame, "a ContextualGame")
    instance("learner", learner, InverseGapWeighting, "InverseGapWeighting(...)")
    return observed(game, GapCertificate(learner.rule, learner.parameters(game).level))
