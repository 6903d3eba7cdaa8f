"""The timed computations: pairs of implementations, ours and another one, that must give the same numbers."""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import contextual_contest
import convex_contest
import numpy as np
import one_sided_contest
import preference_contest
from c_reference import CGame
from numpy.typing import NDArray
from own_learner import OwnExp3
from threshold_contest import GRID, search_in_c, searched

from bandits.core.jit import borrow, keep_alive, program
from bandits.core.rng import ENVIRONMENT, stream
from bandits.graphs import Exp3G, FeedbackGraph, Neighbours
from bandits.losses import BernoulliLosses, LossProcess, LossTable
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.protocol import Learner
from bandits.stochastic import KLUCB, UCB1, BetaThompson
from bandits.switching import (
    Bandit,
    BatchedExp3,
    Exp3,
    FullInformation,
    Hedge,
    LazyPerturbedLeader,
    ShrinkingDartboard,
    SwitchingCostGame,
)
from bandits.switching.exp3 import MANY_ACTIONS
from sims import simulate
from sims.simulate import Backend

SEED = 20
MOST_BYTES = 2**30  # of a table of losses
Play = Callable[[int, int], NDArray[np.float64]]  # (repetitions, threads) -> every number that it computed


@dataclass(frozen=True)
class Contest:
    """Two computations of the same numbers."""

    label: str
    n_actions: int
    horizon: int
    ours: Play
    rival: Play
    goal: float | None = None  # ns per round
    threaded: bool = True
    has_threads: bool = False  # of its own, as JAX has
    repetitions: int | None = None  # of every run; None means as many as fill the time
    compared: tuple[Play, Play] | None = None  # what must give the same numbers, where long runs part by a rounding
    tolerance: float = 0.0  # relative, of that comparison

    def agrees(self, repetitions: int, threads: int) -> bool:
        """Return whether both sides give the same numbers."""
        ours, rival = (play(repetitions, threads) for play in self.compared or (self.ours, self.rival))
        return bool(np.allclose(ours, rival, rtol=self.tolerance, atol=0.0))


@dataclass(frozen=True)
class Entry:
    """A contest not built yet: tables and linear programs are made for those that are played."""

    label: str
    n_actions: int
    build: Callable[[], Contest]


def against_c(library: ctypes.CDLL, horizon: int, sizes: Sequence[int]) -> Iterator[Entry]:
    """Yield every kernel that has a C reference; `sizes` are numbers of actions K >= 2, () for the usual ones.

    Chosen sizes are for the switching family. Tables of more than 1 GiB are left out.
    """
    for n_actions in sizes or (10,):
        yield from _switching(library, horizon, n_actions)
    if sizes:
        return
    for n_actions in (2, 100):
        yield _bandit(library, horizon, n_actions, "Bernoulli", lambda k: BernoulliLosses.with_gap(k, gap=0.1))
    yield _bandit(library, horizon, 1024, "random walk", MultiScaleRandomWalk, goal=90.0)
    walk = SwitchingCostGame(MultiScaleRandomWalk(10), horizon)
    yield Entry("random walk alone, two totals", 10, lambda: _walk_alone(library, walk))
    yield from _threshold_search(library, horizon)
    yield from _one_sided(library)
    yield _contextual(library, horizon)
    yield from _convex(library, horizon)
    yield _preference(library)


def _switching(library: ctypes.CDLL, horizon: int, n_actions: int) -> Iterator[Entry]:
    """Yield every learner of the family on every loss process for which C has it."""
    means = np.where(np.arange(n_actions) == min(3, n_actions - 1), 0.4, 0.5)

    def coins(k: int) -> LossProcess:
        return BernoulliLosses.with_gap(k, gap=0.1)

    def general(k: int) -> LossProcess:
        return LossTable(np.random.default_rng(1).random((horizon, k)) * (2.0 * means))

    def binary(k: int) -> LossProcess:
        return LossTable((np.random.default_rng(1).random((horizon, k)) < means).astype(float))

    def entry(label: str, kernel: str, make: Any, learner: Learner, goal: float | None = None) -> Entry:
        return _entry(library, horizon, n_actions, label, kernel, make, learner, goal if n_actions == 10 else None)

    walk, has_table = MultiScaleRandomWalk, 8 * horizon * n_actions <= MOST_BYTES
    yield _bandit(library, horizon, n_actions, "Bernoulli", coins, 25.0 if n_actions == 10 else None)
    yield _bandit(library, horizon, n_actions, "random walk", walk)
    batched = "batched_tree" if n_actions >= MANY_ACTIONS else "batched"
    for label, kernel, learner, goal in (
        ("UCB1", "ucb1", UCB1(), 25.0),
        ("KL-UCB", "kl_ucb", KLUCB(), 150.0),
        ("Thompson sampling", "thompson", BetaThompson(), 120.0),
    ):
        yield entry(f"{label}, Bernoulli", f"{kernel}_bernoulli", coins, learner, goal)
    yield entry("batched EXP3, Bernoulli", f"{batched}_bernoulli", coins, BatchedExp3())
    yield entry("batched EXP3, random walk", f"{batched}_walk", walk, BatchedExp3())
    yield entry("Hedge, random walk", "hedge_walk", walk, Hedge())
    for label, kernel, process, count in (
        ("EXP3.G, one clique, random walk", "hedge_walk", walk, 1),
        ("EXP3.G, loops only, Bernoulli", "exp3_bernoulli", coins, n_actions),
    ):
        yield Entry(label, n_actions, partial(_on_cliques, library, horizon, n_actions, label, kernel, process, count))
    yield entry("Shrinking Dartboard, Bernoulli", "dartboard_bernoulli", coins, ShrinkingDartboard())
    yield entry("Shrinking Dartboard, random walk", "dartboard_walk", walk, ShrinkingDartboard())
    if has_table:
        yield _bandit(library, horizon, n_actions, "table", general)
        yield entry("batched EXP3, loss table", f"{batched}_table", general, BatchedExp3())
        yield entry("Hedge, loss table", "hedge_table", general, Hedge())
        yield entry("Shrinking Dartboard, general table", "dartboard_table", general, ShrinkingDartboard(), 60.0)
        yield entry("Shrinking Dartboard, binary table", "dartboard_table", binary, ShrinkingDartboard(), 15.0)
        yield entry("lazy perturbed leader, loss table", "perturbed_table", general, LazyPerturbedLeader())


def _on_cliques(
    library: ctypes.CDLL, horizon: int, n_actions: int, label: str, kernel: str, make: Any, count: int
) -> Contest:
    """Return EXP3.G without exploration on a graph of `count` cliques: Hedge on one, EXP3 on loops only."""
    graph = Neighbours(FeedbackGraph.cliques(count, n_actions // count))
    game = SwitchingCostGame(make(n_actions), horizon, feedback=graph)
    rate = (Hedge() if count == 1 else Exp3()).parameters(game).learning_rate
    return _with_c(library, label, kernel, game, Exp3G(rate, 0.0), None)


def _bandit(
    library: ctypes.CDLL, horizon: int, n_actions: int, process: str, make: Any, goal: float | None = None
) -> Entry:
    """Return EXP3, which has a tree for many actions."""
    names = {"Bernoulli": "bernoulli", "random walk": "walk", "table": "table"}
    kernel = ("exp3_tree_" if n_actions >= MANY_ACTIONS else "exp3_") + names[process]
    label = "EXP3, loss table" if process == "table" else f"EXP3, {process}"
    return _entry(library, horizon, n_actions, label, kernel, make, Exp3(), goal)


def _entry(
    library: ctypes.CDLL,
    horizon: int,
    n_actions: int,
    label: str,
    kernel: str,
    make: Callable[[int], LossProcess],
    learner: Learner,
    goal: float | None,
) -> Entry:
    def build() -> Contest:
        feedback = Bandit() if Bandit in learner.accepts else FullInformation()
        game = SwitchingCostGame(make(n_actions), horizon, feedback=feedback)
        return _with_c(library, label, kernel, game, learner, goal)

    return Entry(label, n_actions, build)


def own_against_built_in(horizon: int) -> Entry:
    """Return the user's own EXP3 (as ours) and the built-in one (as rival)."""
    game = SwitchingCostGame(BernoulliLosses.with_gap(10, gap=0.1), horizon)
    label = "EXP3 written outside the package, Bernoulli"
    return Entry(label, 10, lambda: Contest(label, 10, horizon, _simulated(game, OwnExp3()), _simulated(game, Exp3())))


def batched_against_loop(horizon: int, repetitions: int) -> Iterator[Entry]:
    """Yield the JAX backend, all repetitions at once (as ours), and the compiled loop on one thread (as rival).

    Numbers are compared over the first 1000 rounds in double precision: on long runs the learners magnify roundings
    until trajectories part, and single precision has its own.
    """
    losses = BernoulliLosses.with_gap(10, gap=0.1)
    table = LossTable(np.random.default_rng(1).random((horizon, 10)))
    for label, process, learner in (
        ("EXP3, Bernoulli", losses, Exp3()),
        ("Hedge, loss table", table, Hedge()),
        ("Shrinking Dartboard, loss table", table, ShrinkingDartboard()),
    ):
        feedback = Bandit() if Bandit in learner.accepts else FullInformation()
        game, short = (SwitchingCostGame(process, n, feedback=feedback) for n in (horizon, 1000))
        compared = _simulated(short, learner, "jax"), _simulated(short, learner)
        for backend in ("jax", "jax-float32"):
            goal = 25.0 if backend == "jax-float32" and process is losses else None
            ours, rival = _simulated(game, learner, backend), _simulated(game, learner)
            contest = Contest(
                f"{label}, {backend}",
                10,
                horizon,
                ours,
                rival,
                goal,
                threaded=False,
                has_threads=True,
                repetitions=repetitions,
                compared=compared,
            )
            yield Entry(contest.label, 10, lambda contest=contest: contest)


def _simulated(game: SwitchingCostGame, learner: Learner, backend: Backend = "numba-scalar") -> Play:
    def play(repetitions: int, threads: int) -> NDArray[np.float64]:
        run = simulate(
            game,
            learner,
            repetitions=repetitions,
            seed=SEED,
            checkpoints=[game.horizon],
            threads=threads,
            backend=backend,
        )
        return run.values[:, -1, :]

    return play


def _with_c(
    library: ctypes.CDLL, label: str, kernel: str, game: SwitchingCostGame, learner: Learner, goal: float | None
) -> Contest:
    reference = CGame(library, kernel, game, learner)

    def rival(repetitions: int, threads: int) -> NDArray[np.float64]:
        return reference.metrics(reference.play(SEED, repetitions, threads))

    return Contest(label, game.n_actions, game.horizon, _simulated(game, learner), rival, goal)


def _threshold_search(library: ctypes.CDLL, horizon: int) -> Iterator[Entry]:
    """Yield the search where thresholds look feasible, and where none does and every round goes over the grid."""

    def build(label: str, feasible: bool, goal: float | None) -> Contest:
        play, rival = searched(horizon, SEED, feasible), search_in_c(library, horizon, SEED, feasible)
        ours, theirs = (lambda repetitions, threads, f=f: f(repetitions) for f in (play, rival))
        return Contest(label, GRID, horizon, ours, theirs, goal, threaded=False)

    for label, feasible, goal in (
        ("threshold search", True, 130.0),
        ("threshold search, nothing feasible", False, None),
    ):
        yield Entry(label, GRID, partial(build, label, feasible, goal))


def _one_sided(library: ctypes.CDLL) -> Iterator[Entry]:
    """Yield one-sided Exp2 with 100 and with 10 000 hypotheses."""

    def build(cuts: int, horizon: int) -> Contest:
        game, ours = one_sided_contest.played(horizon, cuts, SEED)
        rival = one_sided_contest.in_c(library, game, SEED)
        return Contest("Exp2, one-sided", cuts**2, horizon, ours, rival, threaded=False)

    for cuts, horizon in ((10, 1000), (100, 200)):
        yield Entry("Exp2, one-sided", cuts**2, partial(build, cuts, horizon))


def _contextual(library: ctypes.CDLL, horizon: int) -> Entry:
    """Return inverse gap weighting over the forward algorithm."""

    def build() -> Contest:
        game = contextual_contest.game(horizon)
        ours, rival = contextual_contest.played(game, SEED), contextual_contest.in_c(library, game, SEED)
        return Contest("inverse gap weighting, d = 5", 10, horizon, ours, rival, 1000.0, threaded=False)

    return Entry("inverse gap weighting, d = 5", 10, build)


def _convex(library: ctypes.CDLL, horizon: int) -> Iterator[Entry]:
    """Yield optimistic descent in five dimensions, and AdaNormalHedge with ten experts."""

    def descent() -> Contest:
        game = convex_contest.noisy(horizon)
        ours, rival = convex_contest.descent(game, SEED), convex_contest.descent_in_c(library, game, SEED)
        return Contest("optimistic descent, d = 5", 5, horizon, ours, rival, 20.0, threaded=False)

    def master() -> Contest:
        game = convex_contest.night(horizon)
        ours, rival = convex_contest.hedged(game), convex_contest.hedged_in_c(library, game)
        return Contest("AdaNormalHedge, experts that sleep", 10, horizon, ours, rival, 60.0, threaded=False)

    yield Entry("optimistic descent, d = 5", 5, descent)
    yield Entry("AdaNormalHedge, experts that sleep", 10, master)


def _preference(library: ctypes.CDLL) -> Entry:
    """Return Nash-MP from comparisons; XLA's logarithms and sums are not those of the C library to the last bit."""

    def build() -> Contest:
        games = [preference_contest.game(10, horizon) for horizon in (2000, 500)]
        plays = [
            (preference_contest.played(game, SEED), preference_contest.in_c(library, game, SEED)) for game in games
        ]
        return Contest(
            "Nash-MP from comparisons (JAX)",
            10,
            2000,
            *plays[0],
            threaded=False,
            has_threads=True,
            repetitions=64,
            compared=plays[1],
            tolerance=1e-12,
        )

    return Entry("Nash-MP from comparisons (JAX)", 10, build)


def _walk_alone(library: ctypes.CDLL, game: SwitchingCostGame) -> Contest:
    """Return the random walk without a learner: both totals and the clipped rounds."""
    steps = game.losses.steps
    init, advance, totals, clipped = steps.init, steps.advance, steps.totals, steps.clipped
    setting = game.losses.setting(game.horizon)

    @program
    def play(setting_owner: Any, seed: Any, first: int, n_rounds: int, out: Any) -> None:
        setting = borrow(setting_owner)
        for row in range(out.shape[0]):
            env = stream(seed, first + row, ENVIRONMENT)
            owner = init(setting, env)
            state = borrow(owner)
            for t in range(n_rounds):
                state = advance(setting, state, t, env)
            totals(setting, state, n_rounds, out[row, :-1])
            out[row, out.shape[1] - 1] = clipped(state)
            keep_alive(owner)
        keep_alive(setting_owner)

    def ours(repetitions: int, threads: int) -> NDArray[np.float64]:
        out = np.empty((repetitions, game.n_actions + 1))
        play(setting, np.uint64(SEED), 0, game.horizon, out)
        return np.stack([out[:, :-1].max(axis=1), out[:, :-1].min(axis=1), out[:, -1]], axis=1)

    reference = CGame(library, "stream_walk", game, Exp3())

    def rival(repetitions: int, threads: int) -> NDArray[np.float64]:
        return reference.play(SEED, repetitions)[:, [0, 2, 4]]

    return Contest("random walk alone, two totals", 10, game.horizon, ours, rival, goal=15.0, threaded=False)
