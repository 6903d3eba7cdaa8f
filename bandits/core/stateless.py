"""State and steps of what learns nothing: fixed policies, loss sequences that are a function of the round."""

from typing import Any, NamedTuple

from bandits.core.jit import kernel


class Stateless(NamedTuple):
    """No state; a record of compiled code needs a field."""

    unused: int


@kernel
def no_state(setting: Any, other: Any) -> Stateless:
    """Return the state at the start; for a learner's `init(params, rng)` and a probe's `init(setting, own)`."""
    return Stateless(0)


@kernel
def unchanged(params: Any, state: Stateless, t: int, action: Any, feedback: Any, rng: Any) -> Stateless:
    """Return the state after a learner's `update`."""
    return state
