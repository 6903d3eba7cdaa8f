"""Repetitions in lanes against one at a time: `python benchmarks/lanes.py [PAIR ...] [--seconds S] [--json FILE]`.

Both sides play 64 repetitions in one thread, in turns; a time is the least processor time of a side's runs, per round
and repetition. The numbers of both sides are compared bit by bit. PAIR: parts of labels; all pairs by default.
Exit status: 0; 1 if numbers differ.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import convex_contest
import numpy as np

from bandits.contextual import ContextualGame, InverseGapWeighting, linear_world
from bandits.convex import (
    OGD,
    AdaGradNorm,
    AdaNormalHedge,
    Ball,
    Box,
    ConvexGame,
    GradientTable,
    HintedGradient,
    OptimisticDescent,
    OptimisticFTRL,
    QuadraticLosses,
    Simplex,
    SleepingExperts,
    StronglyConvexOGD,
)
from bandits.core import stopping
from bandits.core.jit import kernel
from bandits.core.lanes import LANES, in_lanes, own_array, where
from bandits.core.rng import Stream, seed_word, uniform_pair
from bandits.core.sleeping_weights import Regrets, count_regrets, own_regrets
from bandits.core.summation import Sum, own_sum, plus
from bandits.graphs import Exp3G, FeedbackGraph, Neighbours
from bandits.losses import BernoulliLosses, GaussianLosses, LossTable
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.preference import DuelingBandit, SparringExp3, VersatileDB
from bandits.preference.games import bradley_terry
from bandits.protocol import ProblemSteps
from bandits.stochastic import UCB1, GaussianThompson
from bandits.switching import (
    AdaHedge,
    AnytimeHedge,
    BatchedExp3,
    Exp3,
    Exp3P,
    FullInformation,
    Hedge,
    ShrinkingDartboard,
    SwitchingCostGame,
    TsallisINF,
)
from sims.engines import compiled

HORIZON, REPETITIONS = 20_000, 64


class Restless(NamedTuple):
    """The state of the game below."""

    loss: Sum
    regrets: Regrets
    awake: Any  # (N,) bool
    losses: Any  # (N,) float64


@in_lanes()
@kernel
def _nightfall(setting: Any, env: Stream) -> Restless:
    n = setting.losses.shape[1]
    return Restless(own_sum(env), own_regrets(n, env), own_array(n, False, env), own_array(n, 0.0, env))


@in_lanes()
@kernel
def _observe(setting: Any, world: Restless, t: int, env: Stream) -> Any:
    for i in range(world.losses.size):
        first, second = uniform_pair(env, t, i)
        world.awake[i] = (first < 0.5) | (i == 0)
        world.losses[i] = where(world.awake[i], second, 0.0)
    return world.awake, world


@in_lanes()
@kernel
def _respond(setting: Any, world: Restless, t: int, weights: Any, env: Stream) -> Any:
    loss = count_regrets(world.regrets, world.awake, weights, world.losses)
    return world.losses, Restless(plus(world.loss, loss, t), world.regrets, world.awake, world.losses)


class RestlessExperts(SleepingExperts):
    """Experts whose sleep and losses are drawn in each repetition, ten blocks of the generator per round."""

    steps: ClassVar[ProblemSteps] = ProblemSteps(_nightfall, _respond, SleepingExperts.steps.measure, _observe)


NIGHT = convex_contest.night(HORIZON)
COINS, WALK = BernoulliLosses.with_gap(10, 0.1), MultiScaleRandomWalk(10)
TABLE = LossTable(np.random.default_rng(0).random((HORIZON, 10)))
NORMAL = GaussianLosses(np.linspace(0.4, 0.6, 10), 0.5)
DUELS = DuelingBandit(bradley_terry(np.linspace(0.0, 1.0, 10)), HORIZON)
FULL = FullInformation()
NOISY = convex_contest.noisy(HORIZON)
CLIQUES, PATH = (Neighbours(graph) for graph in (FeedbackGraph.cliques(2, 5), FeedbackGraph.path(10)))
VECTORS = 0.4 * np.random.default_rng(0).normal(size=(HORIZON, 5))
QUADRATICS = ConvexGame(QuadraticLosses(VECTORS), Ball(5), HORIZON)
CUBE = Box(-np.ones(5), np.ones(5))

PAIRS: dict[str, tuple[Any, Any, float | None]] = {  # problem, learner and goal in nanoseconds
    "EXP3, Bernoulli": (SwitchingCostGame(COINS, HORIZON), Exp3(), 5.0),
    "EXP3, table": (SwitchingCostGame(TABLE, HORIZON), Exp3(), None),
    "EXP3, walk": (SwitchingCostGame(WALK, HORIZON), Exp3(), None),
    "EXP3.P, Bernoulli": (SwitchingCostGame(COINS, HORIZON), Exp3P(), None),
    "batched EXP3, Bernoulli": (SwitchingCostGame(COINS, HORIZON), BatchedExp3(), 2.0),
    "batched EXP3, walk": (SwitchingCostGame(WALK, HORIZON), BatchedExp3(), 4.0),
    "Hedge, table": (SwitchingCostGame(TABLE, HORIZON, feedback=FULL), Hedge(), 6.0),
    "Hedge, Bernoulli": (SwitchingCostGame(COINS, HORIZON, feedback=FULL), Hedge(), None),
    "anytime Hedge, table": (SwitchingCostGame(TABLE, HORIZON, feedback=FULL), AnytimeHedge(), None),
    "AdaHedge, table": (SwitchingCostGame(TABLE, HORIZON, feedback=FULL), AdaHedge(), None),
    "Shrinking Dartboard, table": (SwitchingCostGame(TABLE, HORIZON, feedback=FULL), ShrinkingDartboard(), None),
    "Shrinking Dartboard, Bernoulli": (SwitchingCostGame(COINS, HORIZON, feedback=FULL), ShrinkingDartboard(), None),
    "Tsallis-INF, Bernoulli": (SwitchingCostGame(COINS, HORIZON), TsallisINF(), None),
    "EXP3.G on two cliques, Bernoulli": (SwitchingCostGame(COINS, HORIZON, feedback=CLIQUES), Exp3G(), None),
    "EXP3.G on a path, table": (SwitchingCostGame(TABLE, HORIZON, feedback=PATH), Exp3G(), None),
    "UCB1, Bernoulli": (SwitchingCostGame(COINS, HORIZON, 0.0), UCB1(), 6.0),
    "Gaussian Thompson, normal": (SwitchingCostGame(NORMAL, HORIZON, 0.0), GaussianThompson(), None),
    "sparring EXP3, duels": (DUELS, SparringExp3(), None),
    "Versatile-DB, duels": (DUELS, VersatileDB(), None),
    "optimistic descent, noise": (NOISY, OptimisticDescent(), 20.0),
    "optimistic descent, hints": (replace(NOISY, feedback=HintedGradient(error=0.3)), OptimisticDescent(), None),
    "optimistic descent, noise, box": (replace(NOISY, domain=CUBE), OptimisticDescent(), None),
    "optimistic descent, noise, simplex": (replace(NOISY, domain=Simplex(5)), OptimisticDescent(), None),
    "optimistic descent, table": (ConvexGame(GradientTable(VECTORS), Ball(5), HORIZON), OptimisticDescent(), None),
    "optimistic FTRL, noise": (NOISY, OptimisticFTRL(), None),
    "gradient descent, noise": (NOISY, OGD(), None),
    "AdaGrad, noise": (NOISY, AdaGradNorm(), None),
    "strongly convex descent, table": (QUADRATICS, StronglyConvexOGD(), None),
    "AdaNormalHedge, experts that sleep": (NIGHT, AdaNormalHedge(), 60.0),
    "AdaNormalHedge, sleep and losses are drawn": (RestlessExperts(NIGHT.losses, NIGHT.awake), AdaNormalHedge(), 60.0),
    "inverse gap weighting, linear": (ContextualGame(linear_world(10, 5), HORIZON), InverseGapWeighting(), None),
}


def player(problem: Any, learner: Any, width: int) -> Callable[[], Any]:
    """Return the function that plays all repetitions, `width` at once, and returns the metrics; it has been called."""
    steps = learner.steps_for(problem), problem.steps
    lanes = compiled.in_lanes(*steps) if width > 1 else steps
    assert lanes is not None
    loop, rounds = compiled.compose(*lanes, problem.metrics, width), np.array([problem.horizon])

    def play() -> Any:
        values = np.empty((REPETITIONS, 1, len(problem.metrics)))
        loop(learner.parameters(problem), problem.setting(), seed_word(1), 0, rounds, stopping.flag(), values)
        return values

    play()
    return play


def measured(problem: Any, learner: Any, seconds: float) -> tuple[list[float], bool]:
    """Return the least nanoseconds per round and repetition, alone and in lanes, and whether the numbers are equal."""
    players, best, began = [player(problem, learner, width) for width in (1, LANES)], [np.inf, np.inf], time.time()
    same = np.array_equal(players[0](), players[1]())
    while time.time() < began + seconds or not np.isfinite(best).all():
        for side, play in enumerate(players):
            start = time.thread_time()
            play()
            best[side] = min(best[side], time.thread_time() - start)
    return [1e9 * least / (problem.horizon * REPETITIONS) for least in best], same


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a row for each pair."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pairs", nargs="*", metavar="PAIR")
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds per pair")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(arguments)
    print("| pair, K = 10 or d = 5 | one at a time, ns | in lanes, ns | ratio | goal | same numbers |")
    print("|---|---:|---:|---:|---:|---|")
    kept, equal = {}, True
    for label, (problem, learner, goal) in PAIRS.items():
        if given.pairs and not any(part in label for part in given.pairs):
            continue
        (alone, lanes), same = measured(problem, learner, given.seconds)
        said = f"{goal:g}" if goal else ""
        print(f"| {label} | {alone:.1f} | {lanes:.1f} | **{alone / lanes:.1f}** | {said} | {'yes' if same else 'NO'} |")
        kept[label], equal = {"alone": alone, "lanes": lanes}, equal and same
    if given.json:
        given.json.write_text(json.dumps(kept, indent=1))
    return 0 if equal else 1


if __name__ == "__main__":
    sys.exit(main())
