"""Regret matching and regret matching+ against itself (Hart & Mas-Colell 2000; Tammelin et al. 2015).

With r_t = P pi_t - 1/2, the regrets of every action against play (play itself wins half the time),

    regret matching:   Q <- Q + r_t,            pi proportional to max(Q, 0),
    regret matching+:  Q <- max(Q + r_t, 0),    pi proportional to Q,

and pi = mu where nothing is positive. Both have max_y sum_t r_t(y) <= sqrt(sum_t |r_t|^2) <= sqrt(n T) / 2, by
which gap0(average) <= sqrt(n / T). No parameter; the reference matters only to the first policy.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from bandits.preference.self_play.learner import SelfPlay
from bandits.preference.self_play.problem import PreferenceGame


class RegretMatchingParams(NamedTuple):
    """n, which the bound depends on."""

    n_actions: int


class RegretMatchingState(NamedTuple):
    """Regrets, and the policy that is played while none is positive."""

    regret: Any  # (n,)
    log_reference: Any  # (n,)


@dataclass(frozen=True)
class RegretMatching(SelfPlay):
    """Regret matching against itself."""

    any_regularizer: ClassVar[bool] = True

    def parameters(self, problem: PreferenceGame) -> RegretMatchingParams:
        """Return the number of actions."""
        return RegretMatchingParams(problem.n_actions)

    @staticmethod
    def start(params: RegretMatchingParams, log_reference: Any) -> RegretMatchingState:
        """Start without regrets."""
        return RegretMatchingState(0.0 * log_reference, log_reference)

    @staticmethod
    def policy(params: RegretMatchingParams, state: RegretMatchingState) -> Any:
        """Return the log of the positive regrets, normalised; -inf where there is none."""
        xp = state.regret.__array_namespace__()
        positive = xp.maximum(state.regret, 0.0)
        total = xp.sum(positive, axis=-1, keepdims=True)
        some = total > 0.0
        share = xp.where(some, positive / xp.where(some, total, 1.0), 1.0)
        log_share = xp.where(share > 0.0, xp.log(xp.where(share > 0.0, share, 1.0)), -xp.inf)
        return xp.where(some, log_share, state.log_reference)

    @staticmethod
    def step(params: RegretMatchingParams, state: RegretMatchingState, t: Any, ask: Any) -> RegretMatchingState:
        """Add the regrets of the round."""
        gain = ask.row(RegretMatching.policy(params, state))
        return state._replace(regret=state.regret + gain)


@dataclass(frozen=True)
class RegretMatchingPlus(RegretMatching):
    """Regret matching+ against itself: regrets are cut at 0 after each round."""

    @staticmethod
    def step(params: RegretMatchingParams, state: RegretMatchingState, t: Any, ask: Any) -> RegretMatchingState:
        """Add the regrets of the round and forget negative ones."""
        gain = ask.row(RegretMatching.policy(params, state))
        xp = gain.__array_namespace__()
        return state._replace(regret=xp.maximum(state.regret + gain, 0.0))
