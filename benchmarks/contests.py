"""What is timed: pairs of computations that must give the same numbers, ours and a rival's."""

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from c_reference import CGame
from numpy.typing import NDArray
from own_learner import OwnExp3
from threshold_contest import GRID, search_in_c, searched

from bandits.jit import borrow, keep_alive, program
from bandits.losses import BernoulliLosses, LossTable
from bandits.protocol import Learner
from bandits.random_walk import MultiScaleRandomWalk
from bandits.rng import ENVIRONMENT, stream
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
Play = Callable[[int, int], NDArray[np.float64]]  # (repetitions, threads) -> every number that it computed


@dataclass(frozen=True)
class Contest:
    """Two computations of the same numbers."""

    label: str
    n_actions: int
    horizon: int
    ours: Play
    rival: Play
    goal: float | None = None  # ns a round
    threaded: bool = True
    repetitions: int | None = None  # of every run; None means as many as fill the time
    compared: tuple[Play, Play] | None = None  # what must give the same numbers, where long runs part by a rounding


def against_c(library: ctypes.CDLL, horizon: int, quick: bool) -> Iterator[Contest]:
    """Yield every kernel that has a C reference."""
    random = np.random.default_rng(1)
    means = np.where(np.arange(10) == 3, 0.4, 0.5)
    general = LossTable(random.random((horizon, 10)) * (2.0 * means))
    binary = LossTable((random.random((horizon, 10)) < means).astype(float))
    walk = MultiScaleRandomWalk(10)

    def contest(label: str, kernel: str, losses: Any, learner: Learner, goal: float | None = None) -> Contest:
        game = SwitchingCostGame(losses, horizon, feedback=Bandit() if Bandit in learner.accepts else FullInformation())
        return _with_c(library, label, kernel, game, learner, goal)

    for n_actions in (10, 2, 100) if quick else (10, 2, 100, 1000):
        bernoulli = BernoulliLosses.with_gap(n_actions, gap=0.1)
        kernel = "exp3_tree_bernoulli" if n_actions >= MANY_ACTIONS else "exp3_bernoulli"
        yield contest("EXP3, Bernoulli", kernel, bernoulli, Exp3(), 25.0 if n_actions == 10 else None)
    yield contest("EXP3, loss table", "exp3_table", general, Exp3())
    yield contest("EXP3, random walk", "exp3_walk", walk, Exp3())
    yield contest("EXP3, random walk", "exp3_tree_walk", MultiScaleRandomWalk(1024), Exp3(), 90.0)
    yield contest("batched EXP3, Bernoulli", "batched_bernoulli", BernoulliLosses.with_gap(10, 0.1), BatchedExp3())
    yield contest("batched EXP3, loss table", "batched_table", general, BatchedExp3())
    yield contest("batched EXP3, random walk", "batched_walk", walk, BatchedExp3())
    yield contest("Hedge, loss table", "hedge_table", general, Hedge())
    yield contest("Hedge, random walk", "hedge_walk", walk, Hedge())
    yield contest("Shrinking Dartboard, general table", "dartboard_table", general, ShrinkingDartboard(), 60.0)
    yield contest("Shrinking Dartboard, binary table", "dartboard_table", binary, ShrinkingDartboard())
    yield contest("Shrinking Dartboard, random walk", "dartboard_walk", walk, ShrinkingDartboard())
    yield contest("lazy perturbed leader, loss table", "perturbed_table", general, LazyPerturbedLeader())
    yield _walk_alone(library, SwitchingCostGame(walk, horizon))
    yield from _threshold_search(library, horizon)


def own_against_built_in(horizon: int) -> Contest:
    """Return the user's own EXP3 (as ours) beside the built-in one (as rival)."""
    game = SwitchingCostGame(BernoulliLosses.with_gap(10, gap=0.1), horizon)
    label = "EXP3 written outside the package, Bernoulli"
    return Contest(label, 10, horizon, _simulated(game, OwnExp3()), _simulated(game, Exp3()))


def batched_against_loop(horizon: int, repetitions: int) -> Iterator[Contest]:
    """Yield the JAX backend, all repetitions at once (as ours), beside the compiled loop on one thread (as rival).

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
            yield Contest(f"{label}, {backend}", 10, horizon, ours, rival, goal, False, repetitions, compared)


def _simulated(game: SwitchingCostGame, learner: Learner, backend: Backend = "numba") -> Play:
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


def _threshold_search(library: ctypes.CDLL, horizon: int) -> Iterator[Contest]:
    """Yield the search where thresholds look feasible, and where none does and every round goes over the grid."""
    for label, feasible, goal in (
        ("threshold search", True, 130.0),
        ("threshold search, nothing feasible", False, None),
    ):
        play, rival = searched(horizon, SEED, feasible), search_in_c(library, horizon, SEED, feasible)
        yield Contest(
            label,
            GRID,
            horizon,
            lambda repetitions, threads, play=play: play(repetitions),
            lambda repetitions, threads, rival=rival: rival(repetitions),
            goal,
            threaded=False,
        )


def _walk_alone(library: ctypes.CDLL, game: SwitchingCostGame) -> Contest:
    """Return the random walk without a learner: both totals and the clipped rounds."""
    init, advance, _, totals, _, clipped = game.losses.steps
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
