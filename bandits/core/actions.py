"""Checks of the actions that a learner returns, made by the problem once per round before it uses them.

Types are checked when the pair of problem and learner is compiled, by the functions that `returns` makes; `index`
converts any integer of Numba to int64. Values are checked in every round: a kernel raises `InvalidAction(reason, t,
values...)`, whose text is formatted only when it is read, so that a valid round costs a few comparisons.
`sims.simulate` adds the learner's name. The interpreted engine makes the same checks.
"""

import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bandits.core.jit import instructions, types, without_owner
from bandits.core.lane_types import Lanes, array_of, scalar_of

_LARGEST = 2**63 - 1
_LONGEST = 80  # characters of a value in a message


class InvalidAction(ValueError):
    """A learner's action that the problem does not allow: (reason with {} for the values, round t from 0, values)."""

    def __str__(self) -> str:
        if len(self.args) == 1:
            return str(self.args[0])
        reason, t, *values = self.args
        return f"in round t = {t}, {reason.format(*values)}"

    def of(self, learner: str) -> "InvalidAction":
        """Return the error with the learner's name in front."""
        return type(self)(f"{learner} played an invalid action: {self}")


class InvalidActionType(TypeError):
    """A learner's action of a type that the problem does not take."""


class Part(NamedTuple):
    """What one field of an action must be: an "integer" or a "number", or an array of them with `axes` axes."""

    name: str
    base: str
    axes: int = 0

    def __str__(self) -> str:
        article = "an" if self.base == "integer" else "a"
        return f"an array of {self.base}s with {self.axes} axes" if self.axes else f"{article} {self.base}"


def returns(kind: type | None, *parts: Part, alone: bool = False) -> Callable[[Any], None]:
    """Return a function, callable in kernels too, that raises InvalidActionType unless an action has these parts.

    kind: the NamedTuple whose fields the parts are; None where the action itself is the one part.
    alone: the first part by itself is an action too (`arm_of` and `array_at` read both).
    """
    named = "" if kind is None else f"{kind.__name__}({', '.join(part.name for part in parts)})"

    def wanted(bare: bool) -> tuple[str, tuple[Part, ...]]:
        return ("", parts[:1]) if bare and alone else (named, parts)

    def check(action: Any) -> None:
        expected, asked = wanted(bare=not isinstance(action, tuple))
        if expected and not hasattr(action, "_fields"):
            raise InvalidActionType(f"act must return a {expected}, got {_shown(action)}")
        for part in asked:
            if expected and not hasattr(action, part.name):
                raise InvalidActionType(f"act must return a {expected}, got one without {part.name}")
            value = getattr(action, part.name) if expected else action
            if not _fits(value, part):
                raise InvalidActionType(f"{part.name} must be {part}, got {_shown(value)}")

    def checked(action: Any) -> Any:
        fields = getattr(action, "fields", ())
        expected, asked = wanted(bare=not isinstance(action, types.BaseTuple))
        if expected and not fields:
            raise InvalidActionType(f"act must return a {expected}, got {_in_words(action)}")
        for part in asked:
            if expected and part.name not in fields:
                raise InvalidActionType(f"act must return a {expected}, got one without {part.name}")
            value = action[fields.index(part.name)] if expected else action
            if not _type_fits(value, part):
                raise InvalidActionType(f"{part.name} must be {part}, got {_in_words(value)}")
        return types.none

    instructions(check, checked)(lambda context, builder, signature, arguments: context.get_dummy_value())
    return check


def index(value: Any) -> int:
    """Return an integer of any width as int64; larger ones, never valid actions, as the largest int64."""
    return min(operator.index(value), _LARGEST)


@instructions(index, lambda value: Lanes(types.int64) if isinstance(value, Lanes) else types.int64)
def _index(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    kind, value = types.unliteral(signature.args[0]), arguments[0]
    if kind == types.uint64:
        largest = context.get_constant(types.uint64, _LARGEST)
        value = builder.select(builder.icmp_unsigned("<", value, largest), value, largest)
    return context.cast(builder, value, kind, signature.return_type)


def arm_of(action: Any) -> int:
    """Return an action that is an integer, or the first field of one that is a record, as int64."""
    return index(action[0] if isinstance(action, tuple) else action)


def _type_of_arm(action: Any) -> Any:
    kind = action.types[0] if isinstance(action, types.BaseTuple) else action
    return Lanes(types.int64) if isinstance(kind, Lanes) else types.int64


@instructions(arm_of, _type_of_arm)
def _arm_of(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    kind, value = types.unliteral(signature.args[0]), arguments[0]
    if isinstance(kind, types.BaseTuple):
        kind, value = types.unliteral(kind.types[0]), builder.extract_value(value, 0)
    return context.cast(builder, value, kind, signature.return_type)


def array_at(place: int) -> Callable[[Any], Any]:
    """Return a function, callable in kernels too, from an action to the array (n,) float64 at a place of its record.

    The array is empty for an action that is an integer; it does not own its memory.
    """
    kinds = types.float64[::1], array_of(types.float64)

    def part(action: Any) -> Any:
        return action[place] if isinstance(action, tuple) else np.empty(0)

    def typed(action: Any) -> Any:
        kind = action.types[place] if isinstance(action, types.BaseTuple) else kinds[0]
        if kind not in kinds:
            raise InvalidActionType(f"{action.fields[place]} must be a contiguous array of float64")
        return kind

    @instructions(part, typed)
    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = signature.return_type
        if not isinstance(signature.args[0], types.BaseTuple):
            return context.get_constant_null(kind)
        return without_owner(context, builder, kind, builder.extract_value(arguments[0], place))

    return part


def _fits(value: Any, part: Part) -> bool:
    kinds = "iu" if part.base == "integer" else "iuf"
    if part.axes:
        return isinstance(value, np.ndarray) and value.ndim == part.axes and value.dtype.kind in kinds
    if isinstance(value, (bool, np.bool_)):
        return False
    return _is_integer(value) or (part.base == "number" and isinstance(value, (float, np.floating)))


def _is_integer(value: Any) -> bool:
    try:
        operator.index(value)
    except TypeError:
        return False
    return True


def _type_fits(kind: Any, part: Part) -> bool:
    if part.axes:
        return isinstance(kind, types.Array) and kind.ndim == part.axes and _type_fits(kind.dtype, Part("", part.base))
    kind = scalar_of(kind)
    if isinstance(kind, types.Boolean):
        return False
    return isinstance(kind, types.Integer) or (part.base == "number" and isinstance(kind, types.Float))


def _in_words(kind: Any) -> str:
    return f"{kind.type} or None" if isinstance(kind, types.Optional) else str(types.unliteral(kind))


def _shown(value: Any) -> str:
    text = f"{type(value).__name__} {value!r}".replace("\n", " ")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."
