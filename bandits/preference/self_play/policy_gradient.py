"""Gradient steps on the logits: Online IPO, IPO-MD and Nash-MD's policy gradient, from rows and from comparisons.

With h = log pi / mu and the mixture m prop. to pi^{1-b} mu^b, all three move the logits theta of pi by

    theta <- theta + eta law * (A - <law, A>),     A = P opponent - 1/2 - tau h,

| learner                                             | law | opponent |
|-----------------------------------------------------|-----|----------|
| Online IPO, Calandriello et al. 2024                | pi  | pi       |
| IPO-MD, Calandriello et al. 2024 (arXiv:2403.08635) | m   | m        |
| Nash-MD-PG, Munos et al. 2023 (arXiv:2312.00886)    | pi  | m        |

For Online IPO the direction is the gradient of the regularised payoff against oneself held fixed, and -(tau / 4)
times that of the paper's loss E (h(y) - h(y') - (P(y > y') - 1/2) / tau)^2, y and y' from pi held fixed.

Fixed points: A is constant on the support. Against pi that is p*. Against m it is not: m then satisfies
log m / mu = (1 - b) / tau P m + c, so **m is the equilibrium of weight tau / (1 - b)**, and pi is that equilibrium
with the mixture undone (`mixture_fixed_point`): the same as where Nash-MD stops with a constant step of eta tau = b.

From comparisons, the estimates are unbiased: for pairs from one law with answers z in {0, 1} the mean of
((z - 1/2) - tau (h(y) - h(y'))) (e_y - e_y') / 2, the gradient of IPO's loss with targets 1 / (2 tau) on (winner,
loser); for Nash-MD-PG, y from pi and y' from m, the mean of (z - 1/2 - tau h(y)) (e_y - pi). Unlike proximal steps,
these are slow where the policy is small: nothing is proved about their rate.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import real
from bandits.preference.equilibria import log_regularized_nash
from bandits.preference.games import preference_matrix, reference_policy
from bandits.preference.prox import geometric_mixture, normalise
from bandits.preference.self_play.learner import PolicyState, SelfPlay
from bandits.preference.self_play.problem import Comparisons, PreferenceGame


class GradientParams(NamedTuple):
    """tau, the step eta and the share b of the reference."""

    regularization: float
    learning_rate: float
    mixture: float


def ascent(log_law: Any, advantage: Any) -> Any:
    """Return law * (A - <law, A>) (n,): the gradient in the logits of <policy, A> at the law."""
    xp = advantage.__array_namespace__()
    law = xp.exp(log_law)
    return law * (advantage - xp.sum(law * advantage))


def pair_ascent(log_ratio: Any, regularization: Any, left: Any, right: Any, wins: Any) -> Any:
    """Return the mean (n,) over pairs of ((z - 1/2) - tau (h(y) - h(y'))) (e_y - e_y') / 2.

    log_ratio: h (n,).  left, right: y, y' (B,) actions.  wins: z (B,) 1.0 where the left one was preferred.
    """
    xp = wins.__array_namespace__()
    unit = xp.eye(log_ratio.shape[-1])
    residual = wins - 0.5 - regularization * (log_ratio[left] - log_ratio[right])
    return (unit[left] - unit[right]).T @ residual / (2.0 * wins.shape[0])


def score_ascent(log_policy: Any, advantage: Any, actions: Any) -> Any:
    """Return the mean (n,) over actions y (B,) of A (e_y - pi), for advantages A (B,) of these actions."""
    xp = advantage.__array_namespace__()
    unit = xp.eye(log_policy.shape[-1])
    return (unit[actions] - xp.exp(log_policy)).T @ advantage / advantage.shape[0]


@checked
def mixture_fixed_point(
    preferences: ArrayLike, regularization: float, reference: ArrayLike, mixture: float
) -> NDArray[np.float64]:
    """Return the log-policy (n,) where IPO-MD, Nash-MD-PG and Nash-MD with eta tau = `mixture` in [0, 1) stop.

    preferences (n, n), tau > 0, reference (n,).
    """
    tau = real("regularization", regularization, 0.0, open_low=True)
    share = real("mixture", mixture, 0.0, 1.0, open_high=True)
    mu = reference_policy(reference, preference_matrix("preferences", preferences))
    log_mixed = log_regularized_nash(preferences, tau / (1.0 - share), mu)
    return np.asarray(normalise((log_mixed - share * np.log(mu)) / (1.0 - share)))


@dataclass(frozen=True)
class OnlineIPO(SelfPlay):
    """Online IPO from rows, with step eta = `learning_rate` > 0 on the logits."""

    learning_rate: float = 1.0

    def __post_init__(self) -> None:
        real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: PreferenceGame) -> GradientParams:
        """Return tau and eta; nothing of the reference is mixed in."""
        return GradientParams(float(problem.regularization), float(self.learning_rate), 0.0)

    @staticmethod
    def step(params: GradientParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Climb against the policy itself."""
        return _climbed(params, state, ask, state.log_policy, state.log_policy)


@dataclass(frozen=True)
class _Mixed(OnlineIPO):
    """Adds `mixture` b in [0, 1], the share of the reference in m."""

    mixture: float = 0.25

    def __post_init__(self) -> None:
        super().__post_init__()
        real("mixture", self.mixture, 0.0, 1.0)

    def parameters(self, problem: PreferenceGame) -> GradientParams:
        """Return tau, eta and b."""
        return super().parameters(problem)._replace(mixture=float(self.mixture))


@dataclass(frozen=True)
class IPOMD(_Mixed):
    """IPO-MD from rows: both sides from m, of which the reference has the share `mixture` in [0, 1]."""

    @staticmethod
    def step(params: GradientParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Climb at the mixture and against it."""
        mixed = geometric_mixture(*state, params.mixture)
        return _climbed(params, state, ask, mixed, mixed)


@dataclass(frozen=True)
class NashMDGradient(_Mixed):
    """Nash-MD-PG from rows: climbs at pi against m, of which the reference has the share `mixture` in [0, 1]."""

    @staticmethod
    def step(params: GradientParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Climb at the policy against the mixture."""
        return _climbed(params, state, ask, state.log_policy, geometric_mixture(*state, params.mixture))


@dataclass(frozen=True)
class SampledIPOMD(_Mixed):
    """IPO-MD from comparisons of pairs, both from m; Online IPO (`SampledOnlineIPO`) has no mixture."""

    accepts: ClassVar[tuple[type, ...]] = (Comparisons,)

    @staticmethod
    def step(params: GradientParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Draw pairs from the mixture, ask who wins, and descend IPO's loss."""
        here, reference = state
        mixed = geometric_mixture(here, reference, params.mixture)
        left, right = ask.sample(mixed, 0), ask.sample(mixed, 1)
        wins = ask.compare(left, right)
        return _moved(params, state, pair_ascent(here - reference, params.regularization, left, right, wins))


@dataclass(frozen=True)
class SampledOnlineIPO(OnlineIPO):
    """Online IPO from comparisons of pairs, both from the present policy."""

    accepts: ClassVar[tuple[type, ...]] = (Comparisons,)

    @staticmethod
    def step(params: GradientParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Draw pairs, ask who wins, and descend IPO's loss."""
        return SampledIPOMD.step(params, state, t, ask)


@dataclass(frozen=True)
class SampledNashMDGradient(_Mixed):
    """Nash-MD-PG from comparisons: one side from pi, the other from m."""

    accepts: ClassVar[tuple[type, ...]] = (Comparisons,)

    @staticmethod
    def step(params: GradientParams, state: PolicyState, t: Any, ask: Any) -> PolicyState:
        """Draw the policy's actions and the mixture's, ask who wins, and follow the scores."""
        here, reference = state
        left = ask.sample(here, 0)
        right = ask.sample(geometric_mixture(here, reference, params.mixture), 1)
        advantage = ask.compare(left, right) - 0.5 - params.regularization * (here - reference)[left]
        return _moved(params, state, score_ascent(here, advantage, left))


def _climbed(params: GradientParams, state: PolicyState, ask: Any, log_law: Any, log_opponent: Any) -> PolicyState:
    advantage = ask.row(log_opponent) - params.regularization * (state.log_policy - state.log_reference)
    return _moved(params, state, ascent(log_law, advantage))


def _moved(params: GradientParams, state: PolicyState, direction: Any) -> PolicyState:
    log_policy = normalise(state.log_policy + params.learning_rate * direction)
    return PolicyState(log_policy, state.log_reference)
