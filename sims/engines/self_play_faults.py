"""Diagnosis of a failed play of a matrix game: which function of the learner fails, in which round, and how.

The engine calls it only when a program does not compile, or when its policies do not sum to 1.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from bandits.protocol import GameRules, Learner
from sims.engines.faults import faulty

_TRACING = (jax.errors.JAXTypeError, jax.errors.JAXIndexError)
_LONGEST = 120  # characters of another library's message


def explained(learner: Any, params: Any, rules: GameRules, game: Any, asks: Any, error: Exception) -> Exception:
    """Return a TypeError that names the function that fails and how; the error itself if none does.

    game: the arrays of one game.  asks: (t) -> the feedback of round t.
    """
    start = _traced(learner, "start", lambda: learner.start(params, rules.view(game)))
    if isinstance(start, Exception):
        return start
    policy = _traced(learner, "policy", lambda state: learner.policy(params, state), start)
    if isinstance(policy, Exception):
        return policy
    wrong = _other_policy(learner, policy, rules.reference(game))
    if wrong:
        return wrong
    after = _traced(learner, "step", lambda state: learner.step(params, state, jnp.int64(0), asks(jnp.int64(0))), start)
    if isinstance(after, Exception):
        return after
    return _compared(learner, start, after) or error


def _other_policy(learner: Learner, policy: Any, wanted: Any) -> Exception | None:
    """Return a TypeError unless a policy has the reference's structure and shapes, else None."""
    if repr(jax.tree.structure(policy)) == repr(jax.tree.structure(wanted)):
        pairs = zip(jax.tree.leaves(policy), jax.tree.leaves(wanted), strict=True)
        if all(getattr(found, "shape", None) == leaf.shape for found, leaf in pairs):
            return None
    shapes = " and ".join(str(leaf.shape) for leaf in jax.tree.leaves(wanted))
    return TypeError(f"{learner.name}.policy must return log-probabilities of shape {shapes}, got {_kind(policy)}")


def _traced(learner: Learner, function: str, call: Any, *given: Any) -> Any:
    """Return the shapes that a function returns, or a TypeError where it cannot be traced."""
    try:
        return jax.eval_shape(call, *given)
    except Exception as error:
        reason = f"{learner.name}.{function} fails when JAX traces it: {_in_short(error)}"
        without = '; backend="python" plays it without tracing' if isinstance(error, _TRACING) else ""
        return TypeError(reason + without)


def _in_short(error: Exception) -> str:
    """Return an error in one line."""
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    return reason if len(reason) <= _LONGEST else reason[: _LONGEST - 3] + "..."


def _compared(learner: Learner, start: Any, after: Any) -> Exception | None:
    where = f"{learner.name}.step must return a state like that of start"
    if repr(jax.tree.structure(start)) != repr(jax.tree.structure(after)):
        return TypeError(f"{where}, a {type(start).__name__}, got {_kind(after)}")
    names = getattr(type(start), "_fields", None) or [str(i) for i in range(len(jax.tree.leaves(start)))]
    for name, old, new in zip(names, jax.tree.leaves(start), jax.tree.leaves(after), strict=False):
        if old.shape != new.shape or old.dtype != new.dtype:
            return TypeError(f"{where}: its {name} was {_kind(old)} and is {_kind(new)}")
    return None


def _kind(value: Any) -> str:
    return f"{value.dtype} of shape {value.shape}" if hasattr(value, "shape") else type(value).__name__


def fault_of_play(learner: Any, params: Any, rules: GameRules, game: Any, asks: Any, rounds: int) -> str:
    """Return the first fault of a policy in rounds 0, ..., `rounds` of a play, found by playing it round by round."""
    step = jax.jit(lambda state, t: learner.step(params, state, t, asks(t)))
    policy = jax.jit(lambda state: learner.policy(params, state))
    state = learner.start(params, rules.view(game))
    for t in range(rounds + 1):
        for found in map(np.asarray, jax.tree.leaves(policy(state))):
            sums = np.exp(found).sum(axis=-1)
            if faulty(sums).any():
                total = sums.flat[np.argmax(faulty(sums))]
                said = "nan" if np.isnan(found).any() else f"numbers whose exponentials sum to {total:.6g}"
                return f"{learner.name}.policy must return log-probabilities: in round t = {t} it returned {said}"
        state = step(state, jnp.int64(t))
    return f"{learner.name}.policy must return log-probabilities: its policies do not sum to 1 on average"
