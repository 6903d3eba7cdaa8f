"""Thompson sampling: every action's mean is drawn from its posterior, and the action of least draw is played.

`BetaThompson` has uniform priors and 0/1 losses: Beta(1 + S, 1 + N - S) after N plays with S losses (Thompson 1933). A
loss in between counts as 1 with that probability (Agrawal & Goyal 2012). `GaussianThompson` has normal losses of
deviation sigma, and prior N(m, sigma^2) or a flat one: N((S + m) / (N + 1), sigma^2 / (N + 1)), or after every action
once N(S / N, sigma^2 / N). A reward of 0 is a loss of 1, which is the default m.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.beta import beta_draw
from bandits.core.checks import flag, real
from bandits.core.jit import kernel
from bandits.core.normal import normal_quantile
from bandits.core.rng import Stream, uniform
from bandits.protocol import Learner, LearnerSteps
from bandits.stochastic.counts import Counts, check_unit_losses, count, no_counts
from bandits.switching.feedback import Bandit

_COIN = 2**32 - 1  # the index of the draw that rounds a loss: beyond those of all actions
_HALF_STEP = 2.0**-54


class BetaParams(NamedTuple):
    """K."""

    n_actions: int


@kernel
def _beta_act(params: BetaParams, state: Counts, t: int, rng: Stream) -> int:
    best = 0
    least = 2.0
    for i in range(params.n_actions):
        ones = state.total[i]
        drawn = beta_draw(1.0 + ones, 1.0 + state.plays[i] - ones, rng, t, i, params.n_actions)
        if drawn < least:
            least = drawn
            best = i
    return best


@kernel
def _beta_update(params: BetaParams, state: Counts, t: int, arm: int, loss: float, rng: Stream) -> Counts:
    if loss != 0.0 and loss != 1.0:
        loss = 1.0 if uniform(rng, t, _COIN) < loss else 0.0
    count(state, arm, loss)
    return state


@dataclass(frozen=True)
class BetaThompson(Learner):
    """Thompson sampling with uniform priors, for losses in [0, 1]; asymptotically optimal where they are 0 or 1."""

    steps: ClassVar[LearnerSteps] = LearnerSteps(no_counts, _beta_act, _beta_update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    exact: ClassVar[str] = "beta_thompson"

    def check(self, problem: Any) -> None:
        """Raise TypeError for unsupported feedback, ValueError for losses that are not known to lie in [0, 1]."""
        super().check(problem)
        check_unit_losses(self, problem)

    def parameters(self, problem: Any) -> BetaParams:
        """Return K."""
        return BetaParams(problem.n_actions)


class GaussianParams(NamedTuple):
    """K, the deviation of the losses, the prior mean and the number of plays that the prior is worth: 0 or 1."""

    n_actions: int
    sigma: float
    prior_mean: float
    prior_plays: float


@kernel
def _gaussian_act(params: GaussianParams, state: Counts, t: int, rng: Stream) -> int:
    if t < params.n_actions and params.prior_plays == 0.0:
        return t
    best = 0
    least = math.inf
    for i in range(params.n_actions):
        normal = normal_quantile(uniform(rng, t, i) + _HALF_STEP)
        drawn = state.mean[i] + state.derived[i] * normal
        if drawn < least:
            least = drawn
            best = i
    return best


@kernel
def _posterior(params: GaussianParams, state: Counts, arm: int) -> None:
    plays = state.plays[arm] + params.prior_plays
    if plays > 0.0:
        state.mean[arm] = (state.total[arm] + params.prior_plays * params.prior_mean) / plays
        state.derived[arm] = params.sigma / math.sqrt(plays)


@kernel
def _gaussian_init(params: GaussianParams, rng: Stream) -> Counts:
    state = no_counts(params, rng)
    for arm in range(params.n_actions):
        _posterior(params, state, arm)
    return state


@kernel
def _gaussian_update(params: GaussianParams, state: Counts, t: int, arm: int, loss: float, rng: Stream) -> Counts:
    count(state, arm, loss)
    _posterior(params, state, arm)
    return state


@dataclass(frozen=True)
class GaussianThompson(Learner):
    """Thompson sampling for losses of deviation sigma > 0 (1/2 covers [0, 1]); prior N(prior_mean, sigma^2) or flat."""

    sigma: float = 0.5
    prior_mean: float = 1.0
    flat: bool = False
    steps: ClassVar[LearnerSteps] = LearnerSteps(_gaussian_init, _gaussian_act, _gaussian_update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    exact: ClassVar[str] = "gaussian_thompson"

    def __post_init__(self) -> None:
        real("sigma", self.sigma, low=0.0, open_low=True)
        real("prior_mean", self.prior_mean)
        flag("flat", self.flat)

    def parameters(self, problem: Any) -> GaussianParams:
        """Return K, sigma and the prior."""
        return GaussianParams(problem.n_actions, float(self.sigma), float(self.prior_mean), float(not self.flat))
