"""Lane numbers: one variable of a kernel that holds the values of `LANES` repetitions, as one vector of the processor.

A kernel without branches that depend on values has the same text for one repetition and for many: mark it
`@in_lanes()`. Compiled for lane numbers, its operators work on all lanes at once; a uniform number (the round, a
parameter) is the same in all lanes. A branch on a lane number is a type error. Instead there are `where`, for a choice
in each lane, and `any_lane`. Where the text for one repetition has such branches, a second text stands beside it,
marked `@in_lanes(of=the_first)`, and takes its place in every kernel that calls it. The two must agree
bit for bit, which `tests/sims/engines/test_lanes.py` tests.

An array of K lane numbers holds (K, LANES) numbers. `weight[i]` is a lane number; with a lane number as the index it
takes another entry in each lane, as `table[i, arm]` does of several axes. Each operation rounds as it does on one
number.
"""

from collections.abc import Callable, Iterable
from types import FunctionType
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.imputils import impl_ret_borrowed
from numba.core.typing.templates import signature
from numba.extending import lower_builtin, type_callable

from bandits.core.jit import inner_parts, instructions, is_compiled, kernel, rewired, types
from bandits.core.lane_types import LANES as LANES
from bandits.core.lane_types import Lanes, array_of, scalar_of, vector_call

# ---------------------------------------------------------------- marks


def in_lanes(of: Any = None, parts: Iterable[Any] = ()) -> Callable[[Any], Any]:
    """Return the decorator of kernels that run on lane numbers: their only text, or that of the kernel `of`.

    parts: kernels that are called, for functions that make kernels of others; without a mark on each, none is given.
    """

    def mark(function: Any) -> Any:
        if all("lanes" in _own(part) for part in parts):
            _own(function if of is None else of)["lanes"] = of is None or function
        return function

    return mark


def unchanged(step: Any) -> Any:
    """Return a kernel with the same text that is its own for lanes: in what it calls, too, nothing is replaced."""
    text = getattr(step, "py_func", step)
    made = FunctionType(text.__code__, text.__globals__, text.__name__, text.__defaults__, text.__closure__)
    made.__qualname__, made.__module__ = text.__qualname__, text.__module__
    same = kernel(made)
    return in_lanes(of=same)(same)


def lane_text(function: Any) -> Any:
    """Return the kernel that does on lane numbers what `function` does on numbers, or None.

    None, too, with plain Numba, which compiles every kernel for calls from Python as well: Python has no lane numbers.
    """
    marked = function is not None and is_compiled(function) and "lanes" in _own(function)
    return _in_lanes(function, {}) if marked and inner_parts() else None


def _in_lanes(function: Any, known: dict[Any, Any]) -> Any:
    """Return the second text of a kernel, or its own; in either, second texts replace what is called.

    known: what was found for other kernels of the same call.
    """
    if function not in known:
        found = _own(function).get("lanes", True)
        text = function if found is True else found
        known[function] = function  # for a call of itself, which a second text may make on one lane
        known[function] = text if found is function else rewired(text, lambda called: _in_lanes(called, known))
    return known[function]


def _own(function: Any) -> dict[str, Any]:
    """Return the attributes of a kernel's text, which travel with it and enter its address."""
    found: dict[str, Any] = getattr(function, "py_func", function).__dict__
    return found


# ---------------------------------------------------------------- numbers and arrays of each lane


def own(value: Any, rng: Any) -> Any:
    """Return a number as one of each repetition: a lane number where the stream is that of many repetitions."""
    return value


@instructions(own, lambda value, rng: _made_own(value, rng))
def _lower_own(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    return context.cast(builder, values[0], sig.args[0], sig.return_type)


def _made_own(value: Any, rng: Any) -> Any:
    return Lanes(scalar_of(value)) if any(isinstance(kind, Lanes) for kind in (value, *rng.types)) else scalar_of(value)


def lane_numbers() -> Any:
    """Return the lane number 0, 1, ..., LANES - 1."""
    return np.arange(LANES)


@instructions(lane_numbers, lambda: Lanes(types.int64))
def _lower_numbers(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(64), LANES), list(range(LANES)))


def own_array(shape: Any, value: Any, rng: Any) -> Any:
    """Return an array of numbers `value` of each repetition; for `init`, whose stream tells whether it is of many.

    shape: its length, or a tuple of the lengths of its axes.
    """
    return np.full(shape, value)


def lane_array(shape: Any, value: Any) -> Any:
    """Return an array of numbers `value` of each lane, in second texts that have no stream."""
    return np.full(shape, value)


def _axes(shape: Any) -> int:
    return len(shape) if isinstance(shape, types.BaseTuple) else 1


def _own_array(shape: Any, value: Any, rng: Any) -> Any:
    made = _made_own(value, rng)
    return array_of(made.dtype, _axes(shape)) if isinstance(made, Lanes) else types.Array(made, _axes(shape), "C")


@instructions(own_array, _own_array)
@instructions(lane_array, lambda shape, value: array_of(scalar_of(value), _axes(shape)))
def _lower_own_array(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    def many(shape: Any, value: Any, zero: Any) -> Any:
        n = 1
        for length in shape:
            n *= length
        made = as_lanes(np.full((n, LANES), zero))
        for i in range(n):
            made[i] = value
        return made.reshape(shape)

    def one(shape: Any, value: Any, zero: Any) -> Any:
        return np.full(shape, value)

    dtype, made = sig.return_type.dtype, many if isinstance(sig.return_type.dtype, Lanes) else one
    given, axes = sig.args[0], values[0]
    if not isinstance(given, types.BaseTuple):
        given = types.UniTuple(given, 1)
        axes = context.make_tuple(builder, given, [axes])
    kinds = types.UniTuple(types.int64, sig.return_type.ndim), dtype, scalar_of(dtype)
    value = context.cast(builder, values[1], sig.args[1], dtype)
    given = context.cast(builder, axes, given, kinds[0]), value, context.get_constant_null(kinds[2])
    return context.compile_internal(builder, made, signature(sig.return_type, *kinds), given)


def as_lanes(array: Any) -> Any:
    """Return an array (K, LANES) as the array of K lane numbers."""
    return array


@instructions(as_lanes, lambda array: array_of(array.dtype))
def _lower_as_lanes(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    old = context.make_array(sig.args[0])(context, builder, values[0])
    new = context.make_array(sig.return_type)(context, builder)
    size = context.get_constant(types.intp, LANES * context.get_abi_sizeof(context.get_value_type(sig.args[0].dtype)))
    new.meminfo, new.parent = old.meminfo, old.parent
    new.nitems = builder.extract_value(old.shape, 0)
    new.itemsize = size
    new.shape = cgutils.pack_array(builder, [new.nitems])
    new.strides = cgutils.pack_array(builder, [size])
    new.data = builder.bitcast(old.data, new.data.type)
    return impl_ret_borrowed(context, builder, sig.return_type, new._getvalue())


def flat(array: Any) -> Any:
    """Return all numbers of a contiguous array, or of an array of lane numbers, as an array of one axis."""
    return array.reshape(-1)


@instructions(flat, lambda array: types.Array(scalar_of(array.dtype), 1, "C", readonly=not array.mutable))
def _lower_flat(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    old = context.make_array(sig.args[0])(context, builder, values[0])
    new = context.make_array(sig.return_type)(context, builder)
    size = context.get_constant(types.intp, context.get_abi_sizeof(context.get_value_type(sig.return_type.dtype)))
    lanes = LANES if isinstance(sig.args[0].dtype, Lanes) else 1
    new.meminfo, new.parent, new.itemsize = old.meminfo, old.parent, size
    new.nitems = builder.mul(old.nitems, context.get_constant(types.intp, lanes))
    new.shape = cgutils.pack_array(builder, [new.nitems])
    new.strides = cgutils.pack_array(builder, [size])
    new.data = builder.bitcast(old.data, new.data.type)
    return impl_ret_borrowed(context, builder, sig.return_type, new._getvalue())


# ---------------------------------------------------------------- functions


def where(condition: Any, yes: Any, no: Any) -> Any:
    """Return `yes` where the condition holds, else `no`: both are computed."""
    return yes if condition else no


def _where(context: Any) -> Any:
    def typed(condition: Any, yes: Any, no: Any) -> Any:
        found = context.unify_pairs(scalar_of(yes), scalar_of(no))
        return Lanes(found) if any(isinstance(kind, Lanes) for kind in (condition, yes, no)) else found

    return typed


type_callable(where)(_where)


@lower_builtin(where, types.VarArg(types.Any))
def _lower_where(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    given = zip(sig.args[1:], values[1:], strict=True)
    yes, no = (context.cast(builder, value, kind, sig.return_type) for kind, value in given)
    return builder.select(_truth(context, builder, sig.args[0], values[0]), yes, no)


def _truth(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """Return whether a number is not 0, in each lane of a lane number."""
    return context.cast(builder, value, kind, Lanes(types.boolean) if isinstance(kind, Lanes) else types.boolean)


def any_lane(condition: Any) -> bool:
    """Return whether a condition holds in some lane."""
    return bool(condition)


@instructions(any_lane, lambda condition: types.boolean)
def _lower_any(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    condition = _truth(context, builder, sig.args[0], values[0])
    if not isinstance(sig.args[0], Lanes):
        return condition
    word = builder.bitcast(condition, ir.IntType(LANES))
    return builder.icmp_unsigned("!=", word, ir.Constant(word.type, 0))


def alike(value: Any, like: Any) -> Any:
    """Return a number as one of the type of `like`, or of the numbers in the array `like`; lane numbers stay such."""
    return (like.dtype.type if isinstance(like, np.ndarray) else type(like))(value)


def _alike(value: Any, like: Any) -> Any:
    like = like.dtype if isinstance(like, types.Array) else types.unliteral(like)
    return Lanes(scalar_of(like)) if isinstance(value, Lanes) else like


@instructions(alike, _alike)
def _lower_alike(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    return context.cast(builder, values[0], sig.args[0], sig.return_type)


def bits_of(x: Any) -> Any:
    """Return the 64 bits of a float as an integer."""
    return np.float64(x).view(np.int64)


def with_bits(bits: Any) -> Any:
    """Return the float that has these 64 bits."""
    return float(np.int64(bits).view(np.float64))


def popcount(word: Any) -> int:
    """Return the number of one bits of an unsigned 64-bit word."""
    return int(word).bit_count()


def _as(dtype: Any) -> Any:
    return lambda kind: Lanes(dtype) if isinstance(kind, Lanes) else dtype


@instructions(bits_of, _as(types.int64))
@instructions(with_bits, _as(types.float64))
def _lower_bits(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    return builder.bitcast(values[0], context.get_value_type(sig.return_type))


@instructions(popcount, _as(types.int64))
def _lower_popcount(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    kind = sig.args[0]
    word = kind if isinstance(kind, Lanes) else types.uint64
    value = context.cast(builder, values[0], kind, word)
    return vector_call(builder, "llvm.ctpop", value) if isinstance(kind, Lanes) else builder.ctpop(value)


def lane_of(value: Any, lane: int) -> Any:
    """Return the value of one lane; of records, with arrays as views of the lane's entries, which own no memory."""
    return value


def _type_in_lane(kind: Any) -> Any:
    if isinstance(kind, Lanes):
        return kind.dtype
    if isinstance(kind, types.Array) and isinstance(kind.dtype, Lanes):
        return types.Array(kind.dtype.dtype, kind.ndim, "A")
    if isinstance(kind, types.BaseNamedTuple):
        parts = tuple(map(_type_in_lane, kind.types))
        alike = len(set(parts)) == 1
        made = types.NamedUniTuple(parts[0], len(parts), kind.instance_class) if alike else None
        return made or types.NamedTuple(parts, kind.instance_class)
    if isinstance(kind, types.BaseTuple):
        return types.Tuple(tuple(map(_type_in_lane, kind.types)))
    return types.unliteral(kind)


def _in_lane(context: Any, builder: Any, kind: Any, value: Any, lane: Any) -> Any:
    if isinstance(kind, Lanes):
        return builder.extract_element(value, lane)
    target = _type_in_lane(kind)
    if isinstance(kind, types.Array) and isinstance(kind.dtype, Lanes):
        old, new = context.make_array(kind)(context, builder, value), context.make_array(target)(context, builder)
        size = context.get_abi_sizeof(context.get_value_type(target.dtype))
        start = builder.bitcast(old.data, new.data.type)
        new.meminfo, new.parent = cgutils.get_null_value(old.meminfo.type), cgutils.get_null_value(old.parent.type)
        new.nitems, new.shape, new.strides = old.nitems, old.shape, old.strides
        new.itemsize = context.get_constant(types.intp, size)
        new.data = builder.gep(start, [lane])
        return new._getvalue()
    if isinstance(kind, types.BaseTuple):
        parts = [
            _in_lane(context, builder, part, builder.extract_value(value, i), lane) for i, part in enumerate(kind.types)
        ]
        return context.make_tuple(builder, target, parts)
    return value


@instructions(lane_of, lambda value, lane: _type_in_lane(value))
def _lower_lane_of(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    lane = context.cast(builder, values[1], sig.args[1], types.int64)
    return _in_lane(context, builder, sig.args[0], values[0], lane)


def with_lane(value: Any, lane: int, new: Any) -> Any:
    """Return a lane number with another value in one lane."""
    return new


@instructions(with_lane, lambda value, lane, new: value)
def _lower_with_lane(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    new = context.cast(builder, values[2], sig.args[2], sig.args[0].dtype)
    lane = context.cast(builder, values[1], sig.args[1], types.int64)
    return builder.insert_element(values[0], new, lane)
