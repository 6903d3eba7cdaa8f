"""Games and inexact learners for the self-play theorems, and the games that hill climbing searches.

`WinnerGame` measures the divergence from a von Neumann winner, which never grows under COMAL. `InexactINPO` and
`InexactNashMP` make a known error in each round, always towards action 0, which costs most where the equilibrium hardly
plays it. SPACES are the games of three actions among which `theory.tightness` searches for the worst.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.checks import real
from bandits.preference.equilibria import von_neumann_winner
from bandits.preference.measures import kl
from bandits.preference.prox import normalise, prox
from bandits.preference.regularizers import Tsallis
from bandits.preference.self_play.hedge import OMWU, HedgeSelfPlay
from bandits.preference.self_play.inpo import INPO
from bandits.preference.self_play.learner import PolicyState
from bandits.preference.self_play.mirror_descent import MirrorDescent
from bandits.preference.self_play.mixture_descent import MixtureDescent
from bandits.preference.self_play.nash_md import NashMD
from bandits.preference.self_play.nash_mp import NashMP, least_prox_weight
from bandits.preference.self_play.nash_prox import NashProx
from bandits.preference.self_play.optimistic_prox import ONPO
from bandits.preference.self_play.problem import GameArrays, PreferenceGame, PreferenceRules
from bandits.preference.self_play.regret_matching import RegretMatching, RegretMatchingPlus
from theory.cases import Case
from theory.tightness import Space


class WinnerMetrics(NamedTuple):
    """KL(v || p) of the policy p of the next round, v a von Neumann winner."""

    winner_kl: Any


class WinnerRules(PreferenceRules):
    """Rules that measure the divergence from the winner; the arrays hold it in place of the equilibrium."""

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
        """Logarithm of the winner v of every game, (G, n); -inf outside its support."""
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
    """INPO with `error` e >= 0 added to the entry of action 0 in every row."""

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
        """Take a step with the inexact row."""
        here, reference = state
        row = ask.row(here) + params.row_error * _first(here)
        return PolicyState(prox(here, row, reference, params.regularization, params.prox_weight), reference)


@dataclass(frozen=True)
class InexactNashMP(NashMP):
    """Nash-MP with e / 2 added to the logarithm of action 0 after both half steps; `error` e >= 0."""

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
        """Take both half steps, each with its error."""
        (here, reference), weights = state, (params.regularization, params.prox_weight)
        wrong = 0.5 * params.step_error * _first(here)
        ahead = normalise(prox(here, ask.row(here, 0), reference, *weights) + wrong)
        return PolicyState(normalise(prox(here, ask.row(ahead, 1), reference, *weights) + wrong), reference)


def _first(log_policy: Any) -> Any:
    """Return the indicator (n,) of action 0."""
    xp = log_policy.__array_namespace__()
    return xp.where(xp.arange(log_policy.shape[-1]) == 0, 1.0, 0.0)


# ---------------------------------------------------------------- games for hill climbing


def _game(point: Sequence[float], regularized: bool, horizon: int, tau: float) -> PreferenceGame:
    """Return the game of three actions at a point: three preferences and the logarithms of the reference."""
    matrix = np.full((3, 3), 0.5)
    matrix[np.triu_indices(3, 1)] = point[:3]
    matrix = np.triu(matrix) + np.tril(1.0 - matrix.T, -1)
    reference = np.exp(14.0 * (np.array(point[3:6]) - max(point[3:6])))
    reference /= reference.sum()
    kind = PreferenceGame if regularized else WinnerGame
    return kind(matrix, horizon, tau if regularized else 0.0, reference)


def _space(learner: Callable[[float, float, float], Any], quantity: str = "") -> Space:
    """Return games of three actions with a learner for (tau, step, error), the last two in [0, 1].

    quantity: "gap0" where no reference is needed, "winner_kl" where there must be none.
    """

    def case(point: Sequence[float]) -> Case:
        tau = 0.01 * 300.0 ** point[6]
        player = learner(tau, point[7], point[8])
        length = getattr(player, "inner_rounds", 1)
        horizon = length * (1 + int(point[9] * (30.0 / length)))
        game = _game(point, quantity != "winner_kl", horizon, tau)
        return Case(replace(game, regularizer=getattr(player, "regularizer", game.regularizer)), player)

    return Space(10, case)


def _weight(step: float) -> float:
    return float(10.0 ** (2.0 * step - 1.0))


def _from(least: Callable[[float], float]) -> Callable[[float, float], float]:
    """Return (tau, step) -> a weight between the least allowed and ten times that."""
    return lambda tau, step: float(least(tau) * 10.0**step)


def _mirror(tau: float, step: float, share: float) -> MirrorDescent:
    """Return mirror descent with a Tsallis entropy of exponent 0.05 to 0.95, at a weight that the theorem allows."""
    exponent = 0.05 + 0.9 * share
    return MirrorDescent(Tsallis(exponent), _inpo(tau * exponent**2, step))


_inpo = _from(lambda tau: 0.25 / tau)
_mirror_prox = _from(least_prox_weight)
_onpo = _from(lambda tau: 0.5 * (math.sqrt(tau * tau + 4.0) - tau))

SPACES: Mapping[str, Space] = {
    "swamy2024.hedge_self_play": _space(lambda tau, step, _: HedgeSelfPlay(_weight(step)), "gap0"),
    "syrgkanis2015.omwu": _space(lambda tau, step, _: OMWU(0.01 + 0.99 * step), "gap0"),
    "hart2000.regret_matching": _space(lambda tau, step, _: RegretMatching(), "gap0"),
    "tammelin2014.regret_matching_plus": _space(lambda tau, step, _: RegretMatchingPlus(), "gap0"),
    "zhang2024.inpo_average": _space(lambda tau, step, _: INPO(_weight(step))),
    "zhang2025.onpo": _space(lambda tau, step, _: ONPO(_onpo(tau, step))),
    "zhang2024.inpo": _space(lambda tau, step, _: INPO(_inpo(tau, step))),
    "sokota2023.mirror_descent": _space(_mirror),
    "zhang2024.inpo_inexact": _space(lambda tau, step, e: InexactINPO(_inpo(tau, step), error=100.0**e - 1.0)),
    "tiapkin2025.nash_mp": _space(lambda tau, step, _: NashMP(_mirror_prox(tau, step))),
    "tiapkin2025.nash_mp_span": _space(lambda tau, step, _: NashMP(_mirror_prox(tau, step))),
    "tiapkin2025.nash_mp_gap": _space(lambda tau, step, _: NashMP(_mirror_prox(tau, step))),
    "tiapkin2025.nash_mp_inexact": _space(
        lambda tau, step, e: InexactNashMP(_mirror_prox(tau, step), error=100.0**e - 1.0)
    ),
    "tiapkin2025.nash_prox": _space(lambda tau, step, n: NashProx(_weight(step), 1 + int(20 * n))),
    "liu2024.comal": _space(lambda tau, step, n: NashProx(_weight(step), 1 + int(20 * n)), "winner_kl"),
    "munos2023.nash_md": _space(lambda tau, step, _: NashMD()),
    "munos2023.nash_md_constant": _space(lambda tau, step, _: NashMD((0.01 + 0.99 * step) / tau)),
    "ours.mixture_descent": _space(lambda tau, step, _: MixtureDescent()),
}
