"""The features that a round shows: for one repetition in place, for many copied beside one another."""

from typing import Any

import numpy as np

from bandits.core.jit import kernel
from bandits.core.lanes import in_lanes, own_array
from bandits.core.rng import Stream


@kernel
def room_for(features: Any, env: Stream) -> Any:
    """Return the room that `show` needs for a context of features (M, R, d): none where they are shown in place."""
    return np.zeros((0, 0))


@kernel
def show(features: Any, context: int, room: Any) -> None:
    """Copy the features (R, d) of the context of each lane into the room."""


@kernel
def shown(features: Any, context: int, room: Any) -> Any:
    """Return the features (R, d) of the context."""
    return features[context]


@in_lanes(of=room_for)
@kernel
def _lanes_room_for(features: Any, env: Stream) -> Any:
    return own_array((features.shape[1], features.shape[2]), 0.0, env)


@in_lanes(of=show)
@kernel
def _lanes_show(features: Any, context: Any, room: Any) -> None:
    for a in range(room.shape[0]):
        for i in range(room.shape[1]):
            room[a, i] = features[context, a, i]


@in_lanes(of=shown)
@kernel
def _lanes_shown(features: Any, context: Any, room: Any) -> Any:
    return room
