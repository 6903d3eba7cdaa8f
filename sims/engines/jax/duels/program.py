"""Dueling bandits in JAX: all repetitions of a call at once, for sweeps with many repetitions and for accelerators.

The learners of `sims.engines.jax.duels.learners` draw from the same addresses as the compiled steps. The weights of
sparring EXP3 are recomputed from the estimated losses every few rounds (see `sims.engines.jax.switching.program`).
Metrics are computed from counts of plays, so they are as exact as the compiled loop's. Self-play learners are JAX
programs of `sims.engines.self_play`. Importing this module imports JAX.
"""

from functools import cache
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from bandits.core.rng import Stream
from bandits.core.rng_jax import uniform
from bandits.preference.duels.problem import DuelingBandit
from bandits.protocol import Learner
from sims.engines.jax.duels.learners import LEARNERS
from sims.engines.jax.rounds import Programmed, compiled, computed_once, player
from sims.engines.jax.switching.program import chunk_length

_MOST_ACTIONS = 64  # a round's program is unrolled over the actions

PAIRS = f"{' or '.join(kind.__name__ for kind in LEARNERS)} in DuelingBandit, in double precision"


class Played(NamedTuple):
    """The learner's state, and the number of plays of each action on either side."""

    state: Any
    plays: Any  # (K, R) float64


def check(problem: Any, learner: Learner, precision: str) -> None:
    """Raise TypeError unless the pair has a JAX implementation, ValueError for float32 or too many actions."""
    if type(problem) is not DuelingBandit or type(learner) not in LEARNERS:  # not a subclass
        raise TypeError(f"the JAX backend plays {PAIRS}, got {type(learner).__name__} in {type(problem).__name__}")
    if precision == "float32":
        raise ValueError("backend must be 'jax' for DuelingBandit: its learners play in double precision")
    if problem.n_actions > _MOST_ACTIONS:
        raise ValueError(f"the JAX backend takes at most {_MOST_ACTIONS} actions in duels, got {problem.n_actions}")


def _programmed(problem: Any, learner: Learner, precision: str) -> Programmed:
    params, setting = learner.parameters(problem), problem.setting()

    def start(repetitions: int) -> Played:
        state = LEARNERS[type(learner)].start(problem.n_actions, repetitions)
        return Played(state, np.zeros((problem.n_actions, repetitions)))

    def measure(played: Played, n_rounds: int, out: NDArray[np.float64]) -> None:
        plays = np.asarray(played.plays)
        out[:, 0] = 0.5 * np.cumsum(plays * setting.gap[:, None], axis=0)[-1]
        rows = np.cumsum(setting.skew[:, :, None] * plays, axis=1)[:, -1]
        out[:, 1] = np.maximum(rows.max(axis=0), 0.0) / n_rounds

    rate = getattr(params, "learning_rate", 0.0)
    advance = program(type(learner), chunk_length(rate, precision))
    return Programmed(advance, (params, setting.skew), start, measure)


play = player(check, _programmed)


@cache
def program(kind: type[Learner], chunk: int) -> Any:
    """Return the compiled rounds of a learner; JAX compiles again for another precision or number of actions."""
    learner = LEARNERS[kind]

    def play_round(given: Any, played: Played, t: Any, rng: Stream, env: Stream) -> Played:
        params, skew = given

        def duel() -> Any:
            first, second, kept = learner.act(params, played.state, t, rng)
            answer = (uniform(env, t, 0) - 0.5 < skew[first, second]).astype(jnp.float64)
            return first, second, answer, kept

        first, second, answer, kept = computed_once(t, duel)
        actions = jnp.arange(len(skew), dtype=jnp.int32)[:, None]
        plays = played.plays + (actions == first) + (actions == second)
        return Played(learner.update(params, played.state, t, first, second, answer, kept, chunk), plays)

    return compiled(play_round)
