"""What the theorems of self-play meet beside the package's own learners: distances from a winner, and inexact steps.

`WinnerGame` measures the divergence from a von Neumann winner, which COMAL never takes farther. `InexactINPO` and
`InexactNashMP` are off by a known error in each round, always towards action 0, which is what hurts most where the
equilibrium hardly plays it.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.checks import real
from bandits.preference.equilibria import von_neumann_winner
from bandits.preference.measures import kl
from bandits.preference.prox import normalise, prox
from bandits.preference.self_play.inpo import INPO
from bandits.preference.self_play.learner import PolicyState
from bandits.preference.self_play.nash_mp import NashMP
from bandits.preference.self_play.problem import GameArrays, PreferenceGame, PreferenceRules


class WinnerMetrics(NamedTuple):
    """KL(v || p) of the coming policy p, v a von Neumann winner."""

    winner_kl: Any


class WinnerRules(PreferenceRules):
    """Rules that measure the divergence from the winner, which the arrays have in the place of the equilibrium."""

    def measure(self, game: GameArrays, policy: Any, total: Any, n_rounds: Any) -> WinnerMetrics:  # type: ignore[override]
        """Return the divergence."""
        return WinnerMetrics(kl(game.log_equilibrium, policy))


@dataclass(frozen=True, eq=False)
class WinnerGame(PreferenceGame):
    """A PreferenceGame without regularization whose only metric is winner_kl, of the linear program's winner.

    Raises ValueError or TypeError naming the argument.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        real("regularization", self.regularization, 0.0, 0.0)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The name of what is measured."""
        return WinnerMetrics._fields

    @property
    def log_winner(self) -> NDArray[np.float64]:
        """Log v of every game, (G, n); -inf outside its support."""
        with np.errstate(divide="ignore"):
            return np.log([von_neumann_winner(0.5 + matrix) for matrix in self.skew])

    def arrays(self) -> GameArrays:
        """Return the numbers of all games, with the winner in the place of the equilibrium."""
        return super().arrays()._replace(log_equilibrium=self.log_winner)

    def rules(self, learner: Any) -> WinnerRules:
        """Return the rules by which the learner plays against itself."""
        return WinnerRules(self.feedback, learner.queries, self.n_actions, False)


class InexactRowParams(NamedTuple):
    """tau, lambda and the error of each row, e >= 0."""

    regularization: float
    prox_weight: float
    row_error: float


class InexactStepParams(NamedTuple):
    """tau, lambda and the error of each round's steps, e >= 0."""

    regularization: float
    prox_weight: float
    step_error: float


@dataclass(frozen=True)
class InexactINPO(INPO):
    """INPO that sees `error` e >= 0 too much for action 0 in every row."""

    error: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        real("error", self.error, 0.0)

    def parameters(self, problem: PreferenceGame) -> InexactRowParams:
        """Return tau, lambda and e."""
        tau, weight = super().parameters(problem)
        return InexactRowParams(tau, weight, float(self.error))

    @staticmethod
    def step(params: Any, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Take the step of the wrong row."""
        here, reference = state
        row = ask.row(here) + params.row_error * _first(here)
        return PolicyState(prox(here, row, reference, params.regularization, params.prox_weight), reference)


@dataclass(frozen=True)
class InexactNashMP(NashMP):
    """Nash-MP whose half steps both end with `error` e / 2 >= 0 too much in the logarithm of action 0."""

    error: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        real("error", self.error, 0.0)

    def parameters(self, problem: PreferenceGame) -> InexactStepParams:
        """Return tau, lambda and e."""
        tau, weight = super().parameters(problem)
        return InexactStepParams(tau, weight, float(self.error))

    @staticmethod
    def step(params: Any, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Look ahead and move, both wrongly."""
        (here, reference), weights = state, (params.regularization, params.prox_weight)
        wrong = 0.5 * params.step_error * _first(here)
        ahead = normalise(prox(here, ask.row(here, 0), reference, *weights) + wrong)
        return PolicyState(normalise(prox(here, ask.row(ahead, 1), reference, *weights) + wrong), reference)


def _first(log_policy: Any) -> Any:
    """Return the indicator (n,) of action 0."""
    xp = log_policy.__array_namespace__()
    return xp.where(xp.arange(log_policy.shape[-1]) == 0, 1.0, 0.0)
