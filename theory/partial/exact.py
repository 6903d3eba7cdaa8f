"""Exact expectations of learners of partial monitoring in short games, without sampling and without their code.

Every action of every round is followed, with its probability. Estimates, eta, gamma and the candidates are as in the
learner's parameters.
"""

import inspect
import math
import pkgutil
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.protocol import known
from theory.switching.exact.play import MAX_NODES, NEVER, softmax

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PartialPlay:
    """Expected loss, the loss of the best action, and the law (T, k) of the action in each round."""

    loss: float
    best_loss: float
    probabilities: Array
    rounding: float

    @property
    def regret(self) -> float:
        """Expected regret."""
        return self.loss - self.best_loss


def mixing(
    losses: Array,
    estimates: Array,
    candidates: Any,
    learning_rate: float,
    exploration: float,
    explore: Array,
) -> PartialPlay:
    """Return the play of exponential weights mixed with `explore` (k,), on the losses (T, k) of T rounds.

    estimates: (T, N, k), added to the loss of candidate b when action a is played in round t, before it is divided by
    the probability of a.  candidates: (N,), integers.  exploration: gamma, the share of `explore`.
    """

    def law(q: Array) -> Array:
        p = np.tile(exploration * explore, (len(q), 1))
        p[:, candidates] += (1.0 - exploration) * q
        return p

    return _tree(losses, estimates.shape[1], learning_rate, law, lambda t, q, node, arm: estimates[t].T[arm])


def water(losses: Array, estimates: Array, candidates: Any, learning_rate: float, exploration: float) -> PartialPlay:
    """Return the play of water transfer on losses (T, 3); the arguments are those of `mixing`."""

    def law(w: Array) -> Array:
        q = (1.0 - exploration) * w + exploration / 2.0
        spare = q.min(axis=1, keepdims=True)
        p = np.tile(2.0 * spare, (1, 3))
        p[:, candidates] = q - spare
        return p

    return _tree(losses, estimates.shape[1], learning_rate, law, lambda t, q, node, arm: estimates[t].T[arm])


def neighbours(
    losses: Array,
    signals: Any,
    candidates: Any,
    learning_rate: float,
    exploration: float,
    rates: Array,
    terms: Any,
    spare: float,
) -> PartialPlay:
    """Return the play of exponential weights on steps between neighbours, on the losses (T, k) of T rounds.

    signals: (T, k), integers, of each action.  rates, terms, spare: as in `bandits.partial.transport`.
    """
    n, k = len(candidates), losses.shape[1]
    i, j, action, share, weight, f = terms
    places = np.array(candidates)

    def flows(w: Array) -> tuple[Array, Array]:
        mixed = np.einsum("nb,bij->nij", (1.0 - exploration) * w + exploration / n, rates)
        p = stationary(mixed)
        return p, p[:, :, None] * mixed

    def law(w: Array) -> Array:
        p, flow = flows(w)
        wanted = weight * (flow[:, i, j] + flow[:, j, i])
        gives = np.stack([share * wanted, (1.0 - share) * wanted], axis=2)  # of i and of j
        given = np.zeros_like(p)
        for term in range(len(i)):
            given[:, i[term]] += gives[:, term, 0]
            given[:, j[term]] += gives[:, term, 1]
        part = np.minimum(1.0, np.divide(spare * p, given, out=np.ones_like(p), where=given > 0.0))
        part = np.minimum(part[:, i], part[:, j])
        play = np.zeros((len(w), k))
        play[:, places] = p
        for term in range(len(i)):
            play[:, action[term]] += wanted[:, term] * part[:, term]
            play[:, places[i[term]]] -= gives[:, term, 0] * part[:, term]
            play[:, places[j[term]]] -= gives[:, term, 1] * part[:, term]
        return np.maximum(play, 0.0)

    def learnt(t: int, w: Array, node: Any, arm: Any) -> Array:
        p, _ = flows(w)
        steps = np.einsum("ni,bij->nbij", p, rates)
        net = (steps - steps.swapaxes(2, 3))[:, :, i, j]  # (nodes, N, terms)
        told = np.array([f[:, signals[t, a]] * (action == a) for a in range(k)])
        return np.einsum("nbm,nm->nb", net[node], told[arm])

    return _tree(losses, n, learning_rate, law, learnt)


def stationary(steps: Array) -> Array:
    """Return the laws (n, N) that are stationary under steps with rates (n, N, N), by elimination of states."""
    chain, size = steps.copy(), steps.shape[1]
    for last in range(size - 1, 0, -1):
        chain[:, :last, last] /= chain[:, last, :last].sum(axis=1, keepdims=True)
        chain[:, :last, :last] += chain[:, :last, last, None] * chain[:, last, None, :last]
    p = np.ones((len(steps), size))
    for state in range(1, size):
        p[:, state] = (p[:, :state] * chain[:, :state, state]).sum(axis=1)
    return np.asarray(p / p.sum(axis=1, keepdims=True))


def _tree(losses: Array, n_candidates: int, rate: float, law: Any, learnt: Any) -> PartialPlay:
    """Follow every action, of law(q); learnt(t, q, node, arm), divided by its chance, is added to the losses."""
    weight, total = np.ones(1), np.zeros((1, n_candidates))
    found = np.empty_like(losses)
    for t in range(len(losses)):
        q = softmax(-rate * total)
        p = law(q)
        found[t] = weight @ p
        node, arm = np.nonzero(p > NEVER)
        if t == len(losses) - 1:
            break
        chance = p[node, arm]
        weight, total = weight[node] * chance, total[node] + learnt(t, q, node, arm) / chance[:, None]
    size = float(np.abs(losses).max()) * len(losses)
    rounding = 16.0 * np.finfo(float).eps * (1.0 + size) * len(losses) * (1.0 + rate * float(np.abs(total).max()))
    return PartialPlay(float((found * losses).sum()), float(losses.sum(axis=0).min()), found, rounding)


def exact_play(problem: Any, learner: Any) -> PartialPlay | None:
    """Return the exact play of a learner that names its law (`Learner.exact`) on given outcomes.

    None for others, and where k^(T - 1) is more than 4 million.
    """
    from bandits.partial import OutcomeTable, PartialMonitoring

    law = known(learner, "exact")
    if type(problem) is not PartialMonitoring or type(problem.outcomes) is not OutcomeTable or ":" not in law:
        return None
    T, k = problem.horizon, problem.n_actions
    if (T - 1) * math.log(k) > math.log(MAX_NODES):
        return None
    params, outcomes = learner.parameters(problem), problem.outcomes.outcomes[:T]
    signals, losses = problem.game.signals[:, outcomes], problem.game.losses[:, outcomes].T
    play = pkgutil.resolve_name(law)
    fields = {"losses": losses, "signals": signals.T, **params._asdict()}
    if "estimators" in fields:
        fields["estimates"] = params.estimators[:, np.arange(k)[:, None], signals].transpose(2, 0, 1)
    found: PartialPlay = play(**{name: fields[name] for name in inspect.signature(play).parameters})
    return found


def expectation(problem: Any, learner: Any, quantity: str) -> tuple[float, float] | None:
    """Return an exact expectation, of "loss" or "regret", and its rounding; None where it is not known."""
    play = exact_play(problem, learner) if quantity in ("loss", "regret") else None
    return None if play is None else (float(getattr(play, quantity)), play.rounding)


def marginals(problem: Any, learner: Any) -> Array | None:
    """Return the marginal law of the action in each round, (T, k); None where it is not known."""
    play = exact_play(problem, learner)
    return None if play is None else play.probabilities
