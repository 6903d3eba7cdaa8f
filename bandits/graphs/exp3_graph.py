"""EXP3 on feedback graphs: one kernel for EXP3-SET, EXP3.G and exploration of a cover, and one for late feedback.

Actions are drawn from p_t = (1 - gamma) q_t + gamma u, q_t the exponential weights of the estimated losses, and every
loss that is revealed is divided by the probability that it is:

    lhat_t(j) = l_t(j) 1{A_t reveals j} / P_t(j),   P_t(j) = sum of p_t(i) over the actions i that reveal j.

With loops only this is EXP3, with the complete graph Hedge, number for number. `theory.graphs.bounds` has the
theorems. Sources: Alon, Cesa-Bianchi, Gentile & Mansour, "From Bandits to Experts: A Tale of Domination and
Independence" (NIPS 2013, EXP3-SET); Alon, Cesa-Bianchi, Dekel & Koren (COLT 2015, EXP3.G).
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.checks import optional_real
from bandits.core.exponential_weights import (
    Estimated,
    Weights,
    add_loss,
    add_losses,
    draw,
    exponential,
    own_estimates,
    pick,
    remade_where,
    sum_of,
    uniform_weights,
)
from bandits.core.jit import kernel, rare_kernel
from bandits.core.lanes import alike, any_lane, in_lanes, where
from bandits.core.rng import Stream, uniform
from bandits.core.shelf import shelf_for
from bandits.delays.exponential_weights import LateLearner
from bandits.delays.problem import Arrivals, Delayed
from bandits.graphs.feedback import Links, Neighbours, graph_of
from bandits.protocol import Learner, LearnerSteps
from bandits.switching.feedback import Seen

_MANY = 32  # neighbours from which their sum is split
_LEAST_SHARE = 0.125  # of the total, below which a weight is not computed as a difference


class GraphParams(NamedTuple):
    """K, eta, gamma, u, the edges, and what u reveals."""

    n_actions: int
    learning_rate: float
    exploration: float
    explore: Any  # (G, K) float64, u for each graph
    links: Links
    covered: Any  # (G, K) float64, the probability under u that each loss is revealed
    reveals: Any  # (G, K, K) float64, the adjacency
    places: int  # rounds whose feedback may be outstanding; 1 without delays


@in_lanes()
@kernel
def _init(params: GraphParams, rng: Stream) -> Estimated:
    return own_estimates(params.n_actions, rng)


@kernel
def _act(params: GraphParams, state: Estimated, t: int, rng: Stream) -> int:
    u = uniform(rng, t, 0)
    if params.exploration == 0.0:
        return draw(state.weights, u)
    if u < params.exploration:
        return pick(params.explore[graph_of(params.links, t)], 1.0, u / params.exploration)
    return draw(state.weights, (u - params.exploration) / (1.0 - params.exploration))


@rare_kernel
def _sum_at(weight: Any, places: Any) -> float:
    """Return the sum of weight[places]; of many in four independent sums, which do not wait for each other."""
    first = second = third = fourth = alike(0.0, weight)
    whole = places.size & ~3 if places.size >= _MANY else 0
    for a in range(0, whole, 4):
        first += weight[places[a]]
        second += weight[places[a + 1]]
        third += weight[places[a + 2]]
        fourth += weight[places[a + 3]]
    for a in range(whole, places.size):
        first += weight[places[a]]
    return (first + second) + (third + fourth)


@kernel
def _mass(links: Links, weight: Any, total: float, g: int, j: int) -> float:
    """Return the weight of the actions that reveal j: where most do, the total less that of the others."""
    n, listed = links.n_into[g, j], links.into[g, j]
    others = listed.size - n
    if others < n and n >= _MANY:
        mass = total - _sum_at(weight, listed[n:])
        if mass > _LEAST_SHARE * total:  # else the difference would lose digits
            return mass
    return _sum_at(weight, listed[:n])


@kernel
def _chance(params: GraphParams, weight: Any, total: float, g: int, j: int) -> float:
    """Return P(j), the probability that the loss of j is revealed, for weights (K,) with this total."""
    mass = _mass(params.links, weight, total, g, j)
    return (1.0 - params.exploration) * (mass / total) + params.exploration * params.covered[g, j]


@kernel
def _learn(
    params: GraphParams, weights: Weights, estimates: Any, weight: Any, total: float, t: int, arm: int, seen: Seen
) -> Weights:
    """Return the weights after the feedback of round t, in which the weights were `weight` (K,)."""
    links = params.links
    g = graph_of(links, t)
    if links.complete[g]:
        return add_losses(weights, params.learning_rate, seen.losses)
    if seen.n == 1:
        if seen.losses[0] == 0.0:  # skips the divisions
            return weights
        j = links.out[g, arm, 0]
        return add_loss(weights, params.learning_rate, j, seen.losses[0] / _chance(params, weight, total, g, j))
    if seen.n == 0:
        return weights
    for i in range(params.n_actions):
        estimates[i] = 0.0
    for a in range(seen.n):
        if seen.losses[a] != 0.0:
            j = links.out[g, arm, a]
            estimates[j] = seen.losses[a] / _chance(params, weight, total, g, j)
    return add_losses(weights, params.learning_rate, estimates)


@in_lanes()
@kernel
def _update(params: GraphParams, state: Estimated, t: int, arm: int, seen: Seen, rng: Stream) -> Estimated:
    old = state.weights
    return Estimated(_learn(params, old, state.estimates, old.weight, old.total, t, arm, seen), state.estimates)


# ---------------------------------------------------------------- second texts, for lanes: `bandits.core.lanes`


@in_lanes(of=_act)
@kernel
def _lanes_act(params: GraphParams, state: Estimated, t: int, rng: Stream) -> Any:
    u, share = uniform(rng, t, 0), params.exploration
    if share == 0.0:
        return draw(state.weights, u)
    explores = u < share
    other = pick(params.explore[graph_of(params.links, t)], 1.0, where(explores, u / share, 0.0))
    return where(explores, other, draw(state.weights, where(explores, 0.0, (u - share) / (1.0 - share))))


@in_lanes(of=_mass)
@kernel
def _lanes_mass(links: Links, weight: Any, total: Any, g: int, j: int) -> Any:
    n, listed = links.n_into[g, j], links.into[g, j]
    others = listed.size - n
    if others < n and n >= _MANY:
        mass = total - _sum_at(weight, listed[n:])
        if not any_lane(mass <= _LEAST_SHARE * total):
            return mass
        return where(mass > _LEAST_SHARE * total, mass, _sum_at(weight, listed[:n]))
    return _sum_at(weight, listed[:n])


@in_lanes(of=_learn)
@kernel
def _lanes_learn(
    params: GraphParams, weights: Weights, estimates: Any, weight: Any, total: Any, t: int, arm: Any, seen: Seen
) -> Weights:
    """Where one loss is revealed and where several are, weights are updated as for one repetition."""
    links, rate = params.links, params.learning_rate
    g = graph_of(links, t)
    if links.complete[g]:
        return add_losses(weights, rate, seen.losses)
    _write_estimates(params, estimates, weight, total, g, arm, seen)
    if any_lane(seen.n > 1):
        weights = _add_losses_where(weights, rate, estimates, seen.n > 1)
    if any_lane(seen.n == 1):
        only = links.out[g, arm, 0]
        weights = add_loss(weights, rate, only, where(seen.n == 1, estimates[only], 0.0))
    return weights


@kernel
def _write_estimates(
    params: GraphParams, estimates: Any, weight: Any, total: Any, g: int, arm: Any, seen: Seen
) -> None:
    """Write the estimates of all losses (K,), 0 of those that are not revealed."""
    for j in range(params.n_actions):
        estimates[j] = 0.0
    for a in range(params.n_actions):
        if any_lane(a < seen.n):
            estimates[params.links.out[g, arm, a]] = where(a < seen.n, seen.losses[a], 0.0)
    for j in range(params.n_actions):
        chance = _chance(params, weight, total, g, j)
        estimates[j] = estimates[j] / where(estimates[j] != 0.0, chance, 1.0)


@kernel
def _add_losses_where(weights: Weights, rate: float, losses: Any, charged: Any) -> Weights:
    """Return `add_losses` where `charged` holds, elsewhere the weights as they are."""
    for i in range(losses.size):
        grown = weights.loss[i] + losses[i]
        new = exponential(-rate * (grown - weights.shift))
        weights.loss[i] = where(charged, grown, weights.loss[i])
        weights.weight[i] = where(charged, new, weights.weight[i])
    total = where(charged, sum_of(weights.weight), weights.total)
    updates = where(charged, 0, weights.updates)
    after = Weights(weights.loss, weights.weight, total, weights.shift, weights.floor, updates)
    return remade_where(after, rate, charged & ((total < weights.floor) | (total > losses.size)))


def graph_params(problem: Any, rate: float, share: float, u: Any = None, places: int = 1) -> GraphParams:
    """Return the parameters for eta, gamma and u, (G, K) or None: uniform, with graph feedback, late or not."""
    n, feedback = problem.n_actions, getattr(problem.feedback, "inner", problem.feedback)
    edges = feedback.setting(n)
    adjacency = np.array([graph.adjacency for graph in feedback.graphs], dtype=np.float64)
    explore = np.full((len(adjacency), n), 1.0 / n) if u is None else np.array(u)
    covered = np.array([row @ reveals for row, reveals in zip(explore, adjacency, strict=True)])
    return GraphParams(n, rate, share, explore, edges, covered, adjacency, places)


def _total_size(problem: Any, name: str) -> float:
    """Return the sum over the rounds of alpha (mas) of graphs that have all loops; ValueError for others."""
    feedback = getattr(problem.feedback, "inner", problem.feedback)
    for graph in feedback.graphs:
        if not graph.loops.all():
            hidden = int(np.argmin(graph.loops))
            raise ValueError(f"{name} needs graphs with all loops, but action {hidden} does not reveal its own loss")
    return float(feedback.total([graph.acyclic.most for graph in feedback.graphs], problem.horizon))


@dataclass(frozen=True)
class Exp3Set(Learner):
    """EXP3-SET, without exploration, on graphs with all loops; they may change unannounced.

    learning_rate: eta > 0; None means sqrt(2 ln K / sum_t alpha_t), with mas in place of alpha for directed graphs.
    """

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (Neighbours,)
    exact: ClassVar[str] = "theory.delays.exact:exp3_tree"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: Any) -> GraphParams:
        """Return eta and the edges."""
        size = _total_size(problem, self.name)
        return graph_params(problem, self.learning_rate or math.sqrt(2.0 * math.log(problem.n_actions) / size), 0.0)


@dataclass(frozen=True)
class Exp3G(Exp3Set):
    """EXP3.G: a share gamma of uniform play, for strongly observable graphs; on others eta and gamma must be given.

    learning_rate: eta > 0; None means sqrt(ln K / ((4 + 2 a) T)), at most 1/4, with a = alpha (mas, if directed) of the
    actions that reveal themselves. exploration: gamma in [0, 1]; None means 2 eta, at most 1/2.
    """

    exploration: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    exact: ClassVar[str] = "theory.delays.exact:exp3_tree"

    def __post_init__(self) -> None:
        super().__post_init__()
        optional_real("exploration", self.exploration, low=0.0, high=1.0)

    def parameters(self, problem: Any) -> GraphParams:
        """Return eta, gamma and the edges; ValueError where they are not given and a graph is not strong."""
        weak = [graph.kind for graph in problem.feedback.graphs if graph.kind != "strong"]
        if weak and None in (self.learning_rate, self.exploration):
            raise ValueError(
                f"{self.name} is tuned for strongly observable graphs only: in a graph that is {weak[0]} give "
                "learning_rate and exploration"
            )
        log_k, size = math.log(problem.n_actions), max(graph.looped.most for graph in problem.feedback.graphs)
        rate = self.learning_rate or min(0.25, math.sqrt(log_k / ((4.0 + 2.0 * size) * problem.horizon)))
        return graph_params(problem, rate, min(0.5, 2.0 * rate) if self.exploration is None else self.exploration)


@dataclass(frozen=True)
class ExploringExp3(Exp3G):
    """EXP3 with a share gamma of play by the best fractional cover, for observable graphs.

    Where graphs change the learner is informed: it knows the round's graph, and its cover, before it plays. With
    delta* = 1 / the least probability that a cover reveals a loss, on average over the rounds: exploration, gamma in
    (0, 1], None means (delta* ln K / (2 T))^(1/3), at most 1; learning_rate, eta > 0, None means
    sqrt(2 gamma ln K / (T delta*)).
    """

    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    exact: ClassVar[str] = "theory.delays.exact:exp3_tree"

    def __post_init__(self) -> None:
        super().__post_init__()
        optional_real("exploration", self.exploration, low=0.0, high=1.0, open_low=True)

    def parameters(self, problem: Any) -> GraphParams:
        """Return eta, gamma, the covers and the edges; ValueError where a graph never reveals a loss."""
        covers = [graph.cover for graph in problem.feedback.graphs]
        log_k, horizon = math.log(problem.n_actions), problem.horizon
        size = problem.feedback.total([cover.size for cover in covers], horizon) / horizon
        share = min(1.0, (size * log_k / (2.0 * horizon)) ** (1.0 / 3.0))
        share = share if self.exploration is None else self.exploration
        rate = self.learning_rate or math.sqrt(2.0 * share * log_k / (horizon * size))
        return graph_params(problem, rate, share, [cover.probabilities for cover in covers])


# ---------------------------------------------------------------- late feedback


_seen_at = shelf_for(Seen(0.0, np.zeros(1), 0)).get


class DelayedGraphState(NamedTuple):
    """The weights, those of the rounds whose feedback may be outstanding, and room for estimates and one feedback."""

    weights: Weights
    estimates: Any  # (K,) float64, scratch
    past: Any  # (places, K) float64, the weights of round s at s modulo places
    totals: Any  # (places,) float64, their sums


@kernel
def _late_init(params: GraphParams, rng: Stream) -> DelayedGraphState:
    n, places = params.n_actions, params.places
    return DelayedGraphState(uniform_weights(n), np.zeros(n), np.zeros((places, n)), np.zeros(places))


@kernel
def _late_update(
    params: GraphParams, state: DelayedGraphState, t: int, arm: int, arrivals: Arrivals, rng: Stream
) -> DelayedGraphState:
    weights, place = state.weights, t & (params.places - 1)
    for i in range(params.n_actions):
        state.past[place, i] = weights.weight[i]
    state.totals[place] = weights.total
    for j in range(arrivals.n):
        s = arrivals.rounds[j]
        past, total = state.past[s & (params.places - 1)], state.totals[s & (params.places - 1)]
        seen = _seen_at(arrivals.feedback, j)
        weights = _learn(params, weights, state.estimates, past, total, s, arrivals.actions[j], seen)
    return DelayedGraphState(weights, state.estimates, state.past, state.totals)


@dataclass(frozen=True)
class DelayedExp3Set(LateLearner):
    """EXP3-SET on feedback as it arrives, on graphs with all loops.

    learning_rate: eta > 0; None means sqrt(2 ln K / (sum_t alpha_t + 2 D)), mas in place of alpha if directed, and D
    the expected total delay.
    """

    learning_rate: float | None = None
    steps: ClassVar[LearnerSteps] = LearnerSteps(_late_init, _act, _late_update)
    inner_accepts: ClassVar[tuple[type, ...]] = (Neighbours,)
    exact: ClassVar[str] = "theory.delays.exact:exp3_tree"

    def __post_init__(self) -> None:
        optional_real("learning_rate", self.learning_rate, low=0.0, open_low=True)

    def parameters(self, problem: Delayed) -> GraphParams:
        """Return eta, the edges and the room for what is outstanding."""
        size, rate = _total_size(problem, self.name), self.learning_rate
        if rate is None:
            rate = math.sqrt(2.0 * math.log(problem.n_actions) / (size + 2.0 * problem.total_delay))
        return graph_params(problem, rate, 0.0, places=problem.places)
