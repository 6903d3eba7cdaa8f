"""Thompson sampling for normal losses: every mean loss is drawn from its posterior, the least draw is played.

Losses have deviation sigma and the prior is N(m, sigma^2): after N plays with losses summing to S the posterior is
N((S + m) / (N + 1), sigma^2 / (N + 1)); or the prior is flat, and after every action once it is N(S / N, sigma^2 / N)
(Lattimore & Szepesvari 2020, Algorithm 24). A reward of 0 is a loss of 1, which is the default m.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.core.checks import flag, real
from bandits.core.jit import kernel
from bandits.core.lanes import in_lanes, own, where
from bandits.core.normal import normal_quantile
from bandits.core.rng import Stream, uniform
from bandits.protocol import LearnerSteps
from bandits.stochastic.counts import BanditLearner, Counts, count, no_counts

_HALF_STEP = 2.0**-54


class GaussianParams(NamedTuple):
    """K, the deviation of the losses, the prior mean and the number of plays that the prior is worth: 0 or 1."""

    n_actions: int
    sigma: float
    prior_mean: float
    prior_plays: float


@kernel
def _act(params: GaussianParams, state: Counts, t: int, rng: Stream) -> int:
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


@in_lanes(of=_act)
@kernel
def _lanes_act(params: GaussianParams, state: Counts, t: int, rng: Stream) -> Any:
    best = own(t, rng)
    if t >= params.n_actions or params.prior_plays > 0.0:
        least = own(math.inf, rng)
        for i in range(params.n_actions):
            normal = normal_quantile(uniform(rng, t, i) + _HALF_STEP)
            drawn = state.mean[i] + state.derived[i] * normal
            best, least = where(drawn < least, i, best), where(drawn < least, drawn, least)
    return best


@kernel
def _posterior(params: GaussianParams, state: Counts, arm: int) -> None:
    plays = state.plays[arm] + params.prior_plays
    state.mean[arm] = (state.total[arm] + params.prior_plays * params.prior_mean) / plays
    state.derived[arm] = params.sigma / math.sqrt(plays)


@in_lanes()
@kernel
def _init(params: GaussianParams, rng: Stream) -> Counts:
    state = no_counts(params, rng)
    if params.prior_plays > 0.0:
        for arm in range(params.n_actions):
            _posterior(params, state, arm)
    return state


@in_lanes()
@kernel
def _update(params: GaussianParams, state: Counts, t: int, arm: int, loss: float, rng: Stream) -> Counts:
    count(state, arm, loss)
    _posterior(params, state, arm)
    return state


@dataclass(frozen=True)
class GaussianThompson(BanditLearner):
    """Thompson sampling for losses of deviation sigma > 0 (1/2 covers [0, 1]); prior N(prior_mean, sigma^2) or flat."""

    sigma: float = 0.5
    prior_mean: float = 1.0
    flat: bool = False
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    exact: ClassVar[str] = "gaussian_thompson"

    def __post_init__(self) -> None:
        real("sigma", self.sigma, low=0.0, open_low=True)
        real("prior_mean", self.prior_mean)
        flag("flat", self.flat)

    def parameters(self, problem: Any) -> GaussianParams:
        """Return K, sigma and the prior."""
        return GaussianParams(problem.n_actions, float(self.sigma), float(self.prior_mean), float(not self.flat))
