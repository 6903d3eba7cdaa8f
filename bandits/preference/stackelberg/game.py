"""Stackelberg learning from human feedback: a leader answers, and a follower refines the answer that it sees.

Stackelberg learning from human feedback (arXiv:2512.16626). The leader draws y from pi, the follower y' from
omega(. | y), and with weights tau_L, tau_F on the references the leader maximises over pi the least, over omega, of

    E_{y ~ pi} [ E_{y' ~ omega(. | y)} P[y, y'] + tau_F KL(omega(. | y) || omega_ref(. | y)) ] - tau_L KL(pi || pi_ref).

As the follower sees y, its problem splits into one for each y, and both have entropic closed forms:

    V(y) = -tau_F log E_{omega_ref(. | y)} exp(-P[y, .] / tau_F),
    omega*(. | y) prop. to omega_ref(. | y) exp(-P[y, .] / tau_F),
    pi* prop. to pi_ref exp(V / tau_L),   value = tau_L log E_{pi_ref} exp(V / tau_L).

A weight of 0 is the limit: omega* keeps omega_ref on the best replies, V(y) = min_y' P[y, y'], and pi* keeps pi_ref on
the actions of the largest V. The value never exceeds 1/2 without follower's weight (the follower may copy y).

`stackelberg_gda` moves both at once by gradients of the objective f(pi, omega), the follower `ratio` times as fast;
`StackelbergGDA` plays the same steps in a `StackelbergMatch`, from exact preferences or from comparisons.
The follower's gradient is divided by pi(y), else rarely played actions would never be answered. With

    g(y) = <omega_y, P_y> + tau_F KL(omega_y || omega_ref,y) = V(y) + tau_F KL(omega_y || omega*_y),

mirror steps contract exactly, up to constants (which normalisation takes off): with steps a (leader) and b (follower)

    log omega - log omega*   <-  (1 - b tau_F) (log omega - log omega*),
    log pi - log pi*         <-  (1 - a tau_L) (log pi - log pi*) + a tau_F KL(omega || omega*).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import Checked, checked
from bandits.core.checks import instance, integer, real, shown
from bandits.core.limits import ROUNDING
from bandits.preference.games import distribution, preference_matrix
from bandits.preference.measures import kl
from bandits.preference.prox import normalise

_FLOOR = 1e-12  # the least probability of a projected step: logarithms stay finite


class StackelbergPlay(NamedTuple):
    """The two policies, as log-probabilities."""

    log_leader: Any  # (n,) log pi
    log_follower: Any  # (n, n) log omega, row y answers y


class HasGradients(Protocol):
    """What a step asks: a game, or a game seen through its feedback."""

    def gradients(self, play: StackelbergPlay) -> tuple[Any, Any]:
        """Return the gradients of f, as `StackelbergGame.gradients` or an estimate of them."""
        ...


class StackelbergTerms(NamedTuple):
    """What both players know: all of the game but the preferences."""

    log_reference: Any  # (n,) log pi_ref
    log_follower_reference: Any  # (n, n) log omega_ref
    leader_weight: Any  # tau_L
    follower_weight: Any  # tau_F


class StackelbergSolution(NamedTuple):
    """The only solution for positive weights; its limit where a weight is 0."""

    log_leader: Any  # (n,) log pi*, -inf outside its support
    log_follower: Any  # (n, n) log omega*
    worth: Any  # (n,) V
    value: float


@dataclass(frozen=True, eq=False)
class StackelbergGame(Checked):
    """The game of leader and follower on one preference matrix (n, n).

    leader_weight, follower_weight: tau_L, tau_F >= 0.  reference: pi_ref (n,), positive, uniform by default.
    follower_reference: omega_ref, (n,) for all answers alike or (n, n) one per row, positive; `reference` by default.
    Raises ValueError or TypeError naming the argument.
    """

    preferences: ArrayLike
    leader_weight: float
    follower_weight: float
    reference: ArrayLike | None = None
    follower_reference: ArrayLike | None = None

    def __post_init__(self) -> None:
        matrix = preference_matrix("preferences", self.preferences)
        if matrix.ndim != 2:
            raise ValueError(f"preferences must be one matrix (n, n), got shape {matrix.shape}")
        n = len(matrix)
        real("leader_weight", self.leader_weight, 0.0, divides=True)
        real("follower_weight", self.follower_weight, 0.0, divides=True)
        leader = self.reference if self.reference is not None else np.full(n, 1.0 / n)
        follower = self.follower_reference if self.follower_reference is not None else leader
        mu = distribution("reference", leader, interior=True)
        omega = distribution("follower_reference", follower, interior=True)
        if mu.shape != (n,):
            raise ValueError(f"reference must be one policy ({n},), got shape {mu.shape}")
        if omega.shape not in ((n,), (n, n)):
            raise ValueError(f"follower_reference must be ({n},) or ({n}, {n}), got shape {omega.shape}")
        object.__setattr__(self, "preferences", matrix)
        object.__setattr__(self, "reference", mu)
        object.__setattr__(self, "follower_reference", np.array(np.broadcast_to(omega, (n, n))))

    @property
    def start(self) -> StackelbergPlay:
        """Both references: where play starts."""
        return StackelbergPlay(np.log(np.asarray(self.reference)), np.log(np.asarray(self.follower_reference)))

    @property
    def terms(self) -> StackelbergTerms:
        """References and weights."""
        return StackelbergTerms(*self.start, float(self.leader_weight), float(self.follower_weight))

    @cached_property
    def solution(self) -> StackelbergSolution:
        """The solution in closed form."""
        start = self.start
        log_follower, least = entropic_best(start.log_follower, -np.asarray(self.preferences), self.follower_weight)
        log_leader, value = entropic_best(start.log_leader, -least, self.leader_weight)
        return StackelbergSolution(log_leader, log_follower, -least, float(value))

    def gain(self, log_follower: Any) -> Any:
        """Return g (n,): what each answer is worth to the leader against omega = exp(log_follower) (n, n)."""
        return gain(self.terms, log_follower, np.asarray(self.preferences), np.exp(log_follower))

    def gradients(self, play: StackelbergPlay) -> tuple[Any, Any]:
        """Return the gradients of f (n,) in pi and (n, n) in omega, the latter's row y divided by pi(y).

        Both up to a constant per policy, which neither normalisation nor projection sees.
        """
        return gradients(self.terms, play, np.asarray(self.preferences), np.exp(play.log_follower))

    def objective(self, log_leader: Any, log_follower: Any) -> float:
        """Return f(pi, omega) for log-probabilities (n,) and (n, n)."""
        won = np.exp(log_leader) @ self.gain(log_follower)
        return float(won - self.leader_weight * kl(log_leader, self.start.log_leader))


def gain(terms: StackelbergTerms, log_follower: Any, table: Any, law: Any) -> Any:
    """Return g (n,) against omega (n, n); table: (n, n), P or an estimate; law: (n, n), omega or replies' shares."""
    xp = log_follower.__array_namespace__()
    return xp.sum(law * table, axis=-1) + terms.follower_weight * kl(log_follower, terms.log_follower_reference)


def gradients(terms: StackelbergTerms, play: StackelbergPlay, table: Any, law: Any) -> tuple[Any, Any]:
    """Return the gradients of f as `StackelbergGame.gradients` does; table and law: see `gain`."""
    up = gain(terms, play.log_follower, table, law) - terms.leader_weight * (play.log_leader - terms.log_reference)
    return up, table + terms.follower_weight * (play.log_follower - terms.log_follower_reference)


def entropic_best(log_reference: Any, gain: Any, weight: float) -> tuple[Any, Any]:
    """Return argmax_u <u, gain> - weight KL(u || reference), as logarithms (..., n), and the maximum (...,).

    log_reference, gain: (..., n).  weight: >= 0; at 0 the reference restricted to the largest gains (within 1e-12).
    """
    best = np.max(gain, axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):
        tilt = (gain - best) / weight if weight > 0.0 else np.log((gain >= best - ROUNDING).astype(float))
    total = np.sum(np.exp(log_reference + tilt), axis=-1)
    return normalise(log_reference + tilt), best[..., 0] + (weight * np.log(total) if weight > 0.0 else 0.0)


def mirror_step(game: HasGradients, play: StackelbergPlay, leader_rate: Any, rate: Any) -> StackelbergPlay:
    """Return both policies after one step in the geometry of the divergence: leader up, follower down."""
    up, down = game.gradients(play)
    return StackelbergPlay(normalise(play.log_leader + leader_rate * up), normalise(play.log_follower - rate * down))


def projected_step(game: HasGradients, play: StackelbergPlay, leader_rate: Any, rate: Any) -> StackelbergPlay:
    """Return both policies after one Euclidean gradient step, projected on probabilities of at least 1e-12 / n."""
    xp = play.log_leader.__array_namespace__()
    up, down = game.gradients(play)
    leader = simplex_projection(xp.exp(play.log_leader) + leader_rate * up)
    follower = simplex_projection(xp.exp(play.log_follower) - rate * down)
    n = len(leader)
    shrunk = [(1.0 - _FLOOR) * policy + _FLOOR / n for policy in (leader, follower)]
    return StackelbergPlay(xp.log(shrunk[0]), xp.log(shrunk[1]))


def simplex_projection(points: Any) -> Any:
    """Return the probability vectors (..., n) nearest to `points` (..., n) (Held, Wolfe & Crowder 1974)."""
    xp = points.__array_namespace__()
    descending = -xp.sort(-points, axis=-1)
    count = xp.arange(1, points.shape[-1] + 1)
    levels = (xp.cumsum(descending, axis=-1) - 1.0) / count
    kept = xp.sum(descending > levels, axis=-1, keepdims=True)
    return xp.maximum(points - xp.take_along_axis(levels, kept - 1, axis=-1), 0.0)


Step = Callable[[HasGradients, StackelbergPlay, Any, Any], StackelbergPlay]


@checked
def stackelberg_gda(
    game: StackelbergGame, rounds: int, leader_rate: float, *, ratio: float = 5.0, step: Step = mirror_step
) -> StackelbergPlay:
    """Return the policies before the first round and after each, (rounds + 1, n) and (rounds + 1, n, n) logarithms.

    rounds: at least 1.  leader_rate: the leader's step a > 0; the follower's is ratio * a, ratio > 0.
    step: `mirror_step`, or `projected_step` with Euclidean geometry. With mirror steps a tau_L <= 1 and
    ratio a tau_F <= 1 are needed, ValueError otherwise: beyond them the errors change sign and may grow.
    """
    instance("game", game, StackelbergGame, "a StackelbergGame")
    count = integer("rounds", rounds, low=1, high=10**7)
    real("ratio", ratio, 0.0, open_low=True)
    if step is not mirror_step and step is not projected_step:
        raise ValueError(f"step must be mirror_step or projected_step, got {shown(step)}")
    rate, follower_rate = checked_rates(game, leader_rate, ratio, step)
    plays = [game.start]
    for _ in range(count):
        plays.append(step(game, plays[-1], rate, follower_rate))
    return StackelbergPlay(np.array([p.log_leader for p in plays]), np.array([p.log_follower for p in plays]))


def checked_rates(game: StackelbergGame, leader_rate: float, ratio: float, step: Step) -> tuple[float, float]:
    """Return the steps a = leader_rate > 0 and b = ratio a, ratio >= 0 (0: the follower moves by no gradient).

    With mirror steps a tau_L <= 1 and b tau_F <= 1, ValueError otherwise.
    """
    rate = real("leader_rate", leader_rate, 0.0, open_low=True)
    follower_rate = rate * real("ratio", ratio, 0.0)
    if step is mirror_step:
        real("leader_rate * leader_weight", rate * game.leader_weight, 0.0, 1.0)
        real("ratio * leader_rate * follower_weight", follower_rate * game.follower_weight, 0.0, 1.0)
    return rate, follower_rate


@checked
def hit_probabilities(leader: ArrayLike, follower: ArrayLike, draws: int) -> NDArray[np.float64]:
    """Return (n, draws) float64: the chance that each action is among the first 1, ..., `draws` answers.

    leader: (n,) law of the first answer.  follower: (n, n), row y the law of the answer that replaces y; (n,) for
    answers drawn alike whatever came before.  draws: at least 1.  Refinement at the time of use: a user who wants one
    action asks again until it comes.
    """
    first, count = distribution("leader", leader), integer("draws", draws, low=1, high=10**5)
    replies = distribution("follower", follower)
    n = first.size
    if first.shape != (n,) or replies.shape not in ((n,), (n, n)):
        raise ValueError(f"leader and follower must be (n,) and (n,) or (n, n), got {first.shape}, {replies.shape}")
    replies = np.broadcast_to(replies, (n, n))
    missing = np.array(np.broadcast_to(first, (n, n))) * (1.0 - np.eye(n))  # row i: where the last answer is, i not yet
    found = [1.0 - missing.sum(axis=1)]
    for _ in range(count - 1):
        missing = (missing @ replies) * (1.0 - np.eye(n))
        found.append(1.0 - missing.sum(axis=1))
    return np.array(found).T
