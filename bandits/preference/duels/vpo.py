"""VPO: value-incentivised preference optimisation, a preference fit that leans on the value of its rewards.

Cen et al. 2024 (arXiv:2405.19320). With wins w_ij of i over j, Bradley-Terry rewards r, and the value of the best
policy J(r) = max_pi <pi, r> - beta KL(pi || mu) = beta log E_mu exp(r / beta),

    r_t = argmin_r  sum_ij w_ij log(1 + exp(r_j - r_i)) - alpha J(r),   pi_t prop. to mu exp(r_t / beta),

over rewards in a bounded class with <pi_cal, r> = 0, for a calibration policy pi_cal. alpha > 0 is optimism, for
learning online; alpha < 0 is pessimism, for data that are given; alpha = 0 is plain maximum likelihood. The bound is
needed: with alpha > 0 an action that was never compared could else have any reward.

Here r_i = theta . (phi_i - E_{pi_cal} phi) with |theta|_2 <= bound: centred features calibrate every theta. In a table
phi is the identity. As <pi_cal, r> = 0, J(r) = -beta sum_i pi_cal(i) log(pi_r(i) / mu(i)): in terms of the policy the
objective is direct preference optimisation's loss and alpha beta E_{pi_cal} log(pi / mu), no reward in sight.

With alpha <= 0 the problem is convex; with alpha > 0 the result is a stationary point, see
`bandits.preference.reward_fit`. Optimism for the value is no bonus for what was seen seldom: it may raise the leader
and lower the rest. And where bound / beta is large a few answers can make pi_t nearly deterministic; then both actions
are the same and nothing more is learned.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import checked
from bandits.core.checks import array, real
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel, program
from bandits.core.rng import Stream, uniform_pair
from bandits.preference.duels.features import FitState, features_of
from bandits.preference.duels.problem import DuelingBandit, DuelLearner, Pair
from bandits.preference.games import distribution
from bandits.preference.reward_fit import FitParams, count_answer, no_fit, refit
from bandits.protocol import LearnerSteps

_LARGEST = 1e6  # of wins and features: sums of their products stay far from overflow


class RewardFit(NamedTuple):
    """Rewards, the policy that is best for them, and the objective's value."""

    rewards: Any  # (n,) float64, <pi_cal, r> = 0
    log_policy: Any  # (n,) float64, log pi
    weights: Any  # (d,) float64, theta
    objective: float


@program
def _fitted(params: FitParams, wins: Any, theta: Any) -> float:
    fit = no_fit(params)
    for k in range(theta.size):
        fit.theta[k] = theta[k]
    objective = refit(params, wins, fit)
    for k in range(theta.size):
        theta[k] = fit.theta[k]
    return objective


@checked
def value_incentivized_rewards(
    wins: ArrayLike,
    optimism: float,
    *,
    bound: float,
    temperature: float = 1.0,
    reference: ArrayLike | None = None,
    calibration: ArrayLike | None = None,
    features: ArrayLike | None = None,
    start: ArrayLike | None = None,
) -> RewardFit:
    """Return the rewards of VPO for wins (n, n), w_ij in [0, 1e6] those of i over j (the diagonal tells nothing).

    optimism: alpha, negative for pessimism.  bound: > 0, of |theta|_2.  temperature: beta > 0.
    reference: mu (n,), positive, uniform by default.  calibration: pi_cal (n,), the reference by default.
    features: (n, d) in [-1e6, 1e6], the identity by default.  start: theta (d,) to search from, 0 by default.
    Raises ValueError or TypeError naming the argument.
    """
    won = array("wins", wins, 2, 0.0, _LARGEST)
    if won.shape[0] != won.shape[1]:
        raise ValueError(f"wins must be square, got shape {won.shape}")
    base = np.eye(len(won)) if features is None else array("features", features, 2, -_LARGEST, _LARGEST)
    params = fit_params(base, real("optimism", optimism), bound, temperature, reference, calibration)
    if len(params.features) != len(won):
        raise ValueError(f"features must have one row per action, {len(won)}, got {len(params.features)}")
    size = params.features.shape[1]
    theta = np.zeros(size) if start is None else array("start", start, 1, -_LARGEST, _LARGEST).copy()
    if theta.shape != (size,) or np.linalg.norm(theta) > params.radius * (1.0 + 1e-12):
        raise ValueError(f"start must be ({size},) of norm at most {params.radius:g}, got shape {theta.shape}")
    objective = float(_fitted(params, won, theta))
    rewards = params.features @ theta
    logits = params.log_reference + rewards / params.temperature
    return RewardFit(rewards, logits - np.logaddexp.reduce(logits), theta, objective)


def fit_params(
    features: NDArray[np.float64], optimism: float, bound: float, temperature: float, reference: Any, calibration: Any
) -> FitParams:
    """Return what the fit receives: features centred by the calibration policy, everything else checked."""
    n = len(features)
    mu = distribution("reference", np.full(n, 1.0 / n) if reference is None else reference, interior=True)
    centre = mu if calibration is None else distribution("calibration", calibration)
    for name, policy in (("reference", mu), ("calibration", centre)):
        if policy.shape != (n,):
            raise ValueError(f"{name} must be one policy ({n},), got shape {policy.shape}")
    centred = np.ascontiguousarray(features - centre @ features)
    radius = real("bound", bound, 0.0, open_low=True)
    beta = real("temperature", temperature, 0.0, open_low=True)
    return FitParams(centred, np.log(mu), 0.0, radius, float(optimism), beta)


@kernel
def _init(params: FitParams, rng: Stream) -> FitState:
    n_actions = params.log_reference.size
    return FitState(np.zeros((n_actions, n_actions)), no_fit(params))


@kernel
def _act(params: FitParams, state: FitState, t: int, rng: Stream) -> Pair:
    left, right = uniform_pair(rng, t, 0)
    return Pair(pick(state.fit.policy, 1.0, left), pick(state.fit.policy, 1.0, right))


@kernel
def _update(params: FitParams, state: FitState, t: int, pair: Pair, answer: float, rng: Stream) -> FitState:
    if count_answer(state.wins, pair, answer):
        refit(params, state.wins, state.fit)
    return state


@dataclass(frozen=True, eq=False)
class VPO(DuelLearner):
    """VPO on duels: both actions are drawn from the policy of the rewards fitted to all answers so far.

    optimism: alpha >= 0.  bound: > 0, of |theta|_2.  temperature: beta > 0.  reference, calibration: (n,) as in
    `value_incentivized_rewards`. Rewards are linear in the problem's features where it has them, else one per action.
    """

    optimism: float = 1.0
    bound: float = 5.0
    temperature: float = 1.0
    reference: ArrayLike | None = None
    calibration: ArrayLike | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)

    def __post_init__(self) -> None:
        real("optimism", self.optimism, 0.0)
        real("bound", self.bound, 0.0, open_low=True)
        real("temperature", self.temperature, 0.0, open_low=True)

    def parameters(self, problem: DuelingBandit) -> FitParams:
        """Return the model for the problem's features."""
        return fit_params(
            features_of(problem), self.optimism, self.bound, self.temperature, self.reference, self.calibration
        )
