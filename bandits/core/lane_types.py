"""The type of lane numbers in Numba: conversions, operators and arrays. See `bandits.core.lanes`."""

import math
import operator
from functools import reduce
from typing import Any

from llvmlite import ir
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.datamodel.registry import register_default
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, lower_cast

from bandits.core.jit import CompilationError, NumberType, types

LANES = 16  # two vectors of AVX-512, four of AVX2: 32 and 64 are no faster


class Lanes(NumberType):
    """The type of a lane number of some type of number."""

    def __init__(self, dtype: Any) -> None:
        if not isinstance(dtype, (types.Integer, types.Float, types.Boolean)):
            raise CompilationError(f"lanes hold real numbers and truth values, not {dtype}")
        self.dtype = dtype
        super().__init__(name=f"Lanes({dtype})")

    def can_convert_from(self, typingctx: Any, other: Any) -> Any:
        """Return how a number, or lane number of another type, converts to this type."""
        if isinstance(other, (Lanes, types.Number, types.Boolean)):
            return typingctx.can_convert(scalar_of(other), self.dtype) and Conversion.safe
        return None

    def unify(self, typingctx: Any, other: Any) -> Any:
        """Return the type that holds both."""
        if isinstance(other, (Lanes, types.Number, types.Boolean)):
            found = typingctx.unify_pairs(self.dtype, scalar_of(other))
            return None if found is None else Lanes(found)
        return None


def scalar_of(kind: Any) -> Any:
    """Return the type of number in a lane."""
    return kind.dtype if isinstance(kind, Lanes) else types.unliteral(kind)


@register_default(Lanes)
class _LanesModel(models.PrimitiveModel):
    """A vector of numbers; in memory, a truth value takes one byte, as in arrays of one repetition."""

    def __init__(self, manager: Any, kind: Any) -> None:
        element = manager[kind.dtype].get_value_type()
        super().__init__(manager, kind, ir.VectorType(ir.IntType(1) if kind.dtype == types.boolean else element, LANES))
        self._in_memory = ir.VectorType(manager[kind.dtype].get_data_type(), LANES)

    def get_data_type(self) -> Any:
        """Return the type of the vector in arrays."""
        return self._in_memory

    def as_data(self, builder: Any, value: Any) -> Any:
        """Return the vector as arrays hold it."""
        return value if value.type == self._in_memory else builder.zext(value, self._in_memory)

    def from_data(self, builder: Any, value: Any) -> Any:
        """Return the vector that is held in an array."""
        return value if self.be_type == self._in_memory else builder.trunc(value, self.be_type)


def array_of(dtype: Any, ndim: int = 1) -> Any:
    """Return the type of arrays of lane numbers (memory need not be aligned to whole vectors)."""
    return types.Array(Lanes(dtype), ndim, "C", aligned=False)


# ---------------------------------------------------------------- conversions


def _spread(builder: Any, value: Any) -> Any:
    one = builder.insert_element(ir.Constant(ir.VectorType(value.type, LANES), ir.Undefined), value, ir.IntType(32)(0))
    return builder.shuffle_vector(one, one, ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES))


@lower_cast(types.Number, Lanes)
@lower_cast(types.Boolean, Lanes)
def _from_number(context: Any, builder: Any, source: Any, target: Any, value: Any) -> Any:
    value = context.cast(builder, value, source, target.dtype)
    if target.dtype == types.boolean:
        value = builder.trunc(value, ir.IntType(1)) if value.type.width > 1 else value
    return _spread(builder, value)


@lower_cast(Lanes, Lanes)
def _from_lanes(context: Any, builder: Any, source: Any, target: Any, value: Any) -> Any:
    old, new, kind = source.dtype, target.dtype, context.get_value_type(target)
    if old == new:
        return value
    if isinstance(old, types.Float):
        return _from_floats(builder, old, new, value, kind)
    signed = isinstance(old, types.Integer) and old.signed
    if isinstance(new, types.Float):
        return (builder.sitofp if signed else builder.uitofp)(value, kind)
    if new == types.boolean:
        return builder.icmp_signed("!=", value, ir.Constant(value.type, None))
    width = 1 if old == types.boolean else old.bitwidth
    if new.bitwidth > width:
        return (builder.sext if signed else builder.zext)(value, kind)
    return builder.trunc(value, kind) if new.bitwidth < width else value


def _from_floats(builder: Any, old: Any, new: Any, value: Any, kind: Any) -> Any:
    if isinstance(new, types.Float):
        return (builder.fpext if new.bitwidth > old.bitwidth else builder.fptrunc)(value, kind)
    if new == types.boolean:
        return builder.fcmp_unordered("!=", value, ir.Constant(value.type, None))
    if new.bitwidth < 32:  # by way of 32 bits, as processors convert one number: the same where it is out of range
        return builder.trunc(builder.fptosi(value, ir.VectorType(ir.IntType(32), LANES)), kind)
    return (builder.fptosi if new.signed else builder.fptoui)(value, kind)


# ---------------------------------------------------------------- operators

_FLOAT: dict[Any, str] = {
    operator.add: "fadd",
    operator.sub: "fsub",
    operator.mul: "fmul",
    operator.truediv: "fdiv",
    operator.neg: "fneg",
}
_INTEGER: dict[Any, str] = {
    operator.add: "add",
    operator.sub: "sub",
    operator.mul: "mul",
    operator.and_: "and_",
    operator.or_: "or_",
    operator.xor: "xor",
    operator.lshift: "shl",
    operator.rshift: "lshr",
    operator.neg: "neg",
    operator.invert: "not_",
}
_UNARY: set[Any] = {operator.neg, operator.invert}
_COMPARED: dict[Any, str] = {
    operator.lt: "<",
    operator.le: "<=",
    operator.gt: ">",
    operator.ge: ">=",
    operator.eq: "==",
    operator.ne: "!=",
}
_INPLACE = {getattr(operator, f"i{op.__name__.rstrip('_')}"): op for op in {**_FLOAT, **_INTEGER} if op not in _UNARY}


def _elementwise(op: Any, plain: Any) -> None:
    """Let an operator act on lane numbers, by the types that `plain` has for numbers."""
    comparison, of_floats, of_integers = (names.get(plain, "") for names in (_COMPARED, _FLOAT, _INTEGER))

    @infer_global(op)
    class Typed(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if not any(isinstance(kind, Lanes) for kind in args):
                return None
            if not all(isinstance(kind, (Lanes, types.Number, types.Boolean)) for kind in args):
                return None
            found = self.context.resolve_function_type(plain, tuple(map(scalar_of, args)), {})
            return signature(Lanes(found.return_type), *map(Lanes, found.args))

    @lower_builtin(op, *[Lanes] * (1 if plain in _UNARY else 2))
    def lower(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        if comparison:
            return _compared(builder, comparison, sig.args[0].dtype, *values)
        if len(values) == 1:  # as on one number, the type is made wider afterwards, but for a truth value
            made = sig.return_type if sig.args[0].dtype == types.boolean else sig.args[0]
            value = context.cast(builder, values[0], sig.args[0], made)
            name = of_floats if isinstance(made.dtype, types.Float) else of_integers
            return context.cast(builder, getattr(builder, name)(value), made, sig.return_type)
        kind = sig.return_type.dtype
        given = zip(values, sig.args, strict=True)
        values = [context.cast(builder, value, old, sig.return_type) for value, old in given]
        if isinstance(kind, types.Float):
            return getattr(builder, of_floats)(*values)
        if of_integers in ("shl", "lshr"):  # by the low bits of the count, as processors shift one number
            values[1] = builder.and_(values[1], ir.Constant(values[1].type, [kind.bitwidth - 1] * LANES))
        if of_integers == "lshr" and kind.signed:
            return builder.ashr(*values)
        return getattr(builder, of_integers)(*values)


def _compared(builder: Any, comparison: str, kind: Any, left: Any, right: Any) -> Any:
    """Return where a comparison holds between two lane numbers of some type of number."""
    if isinstance(kind, types.Float):
        return (builder.fcmp_unordered if comparison == "!=" else builder.fcmp_ordered)(comparison, left, right)
    signed = isinstance(kind, types.Integer) and kind.signed
    return (builder.icmp_signed if signed else builder.icmp_unsigned)(comparison, left, right)


@infer_global(operator.not_)
class _Negated(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        return signature(Lanes(types.boolean), Lanes(types.boolean)) if isinstance(args[0], Lanes) else None


@lower_builtin(operator.not_, Lanes)
def _negated(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    return builder.not_(values[0])


for _op in {**_FLOAT, **_INTEGER, **_COMPARED}:
    _elementwise(_op, _op)
for _op, _plain in _INPLACE.items():
    _elementwise(_op, _plain)


# ---------------------------------------------------------------- functions of the math module


def vector_call(builder: Any, intrinsic: str, value: Any) -> Any:
    """Call an intrinsic function of LLVM, from one type to itself, on a vector."""
    name = f"{intrinsic}.v{LANES}{value.type.element.intrinsic_name}"
    return builder.call(
        cgutils.get_or_insert_function(builder.module, ir.FunctionType(value.type, [value.type]), name), [value]
    )


def _lane_by_lane(function: Any) -> None:
    """Let a function of one number act on lane numbers."""

    @infer_global(function)
    class Typed(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) != 1 or not isinstance(args[0], Lanes):
                return None
            found = self.context.resolve_function_type(function, (args[0].dtype,), {})
            return signature(Lanes(found.return_type), *map(Lanes, found.args))

    @lower_builtin(function, Lanes)
    def lower(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        kind = context.get_value_type(sig.return_type)
        if function is math.sqrt:  # rounded correctly, as on one number
            return vector_call(builder, "llvm.sqrt", context.cast(builder, values[0], sig.args[0], sig.return_type))
        one = context.get_function(function, signature(sig.return_type.dtype, sig.args[0].dtype))
        found = ir.Constant(kind, ir.Undefined)
        for lane in range(LANES):
            place = ir.IntType(32)(lane)
            result = one(builder, [builder.extract_element(values[0], place)])
            found = builder.insert_element(found, result, place)
        return found


def _of_two(function: Any, comparison: str) -> None:
    """Let `min` or `max` act on lane numbers: the second where the comparison holds for it and the first."""

    @infer_global(function)
    class Typed(AbstractTemplate):
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) != 2 or not any(isinstance(kind, Lanes) for kind in args):
                return None
            found = Lanes(self.context.unify_pairs(*map(scalar_of, args)))
            return signature(found, found, found)

    @lower_builtin(function, Lanes, Lanes)
    def lower(context: Any, builder: Any, sig: Any, values: Any) -> Any:
        first, second = values
        return builder.select(_compared(builder, comparison, sig.args[0].dtype, second, first), second, first)


@infer_global(abs)
class _Absolute(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        if len(args) != 1 or not isinstance(args[0], Lanes):
            return None
        found = Lanes(self.context.resolve_function_type(abs, (args[0].dtype,), {}).return_type)
        return signature(found, found)


@lower_builtin(abs, Lanes)
def _absolute(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    value, kind = values[0], sig.args[0].dtype
    if isinstance(kind, types.Float):
        return vector_call(builder, "llvm.fabs", value)
    if not kind.signed:
        return value
    return builder.select(builder.icmp_signed("<", value, ir.Constant(value.type, None)), builder.neg(value), value)


_of_two(min, "<")
_of_two(max, ">")
for _function in (math.sqrt, math.exp, math.log, math.log1p):
    _lane_by_lane(_function)


# ---------------------------------------------------------------- arrays


class Indices(types.Type):
    """The type of a tuple of indices, one per axis of an array, some of which differ by lane."""

    def __init__(self, kinds: Any) -> None:
        self.kinds = [Lanes(types.int64) if isinstance(kind, Lanes) else types.int64 for kind in kinds]
        super().__init__(name=f"Indices({self.kinds})")

    def can_convert_from(self, typingctx: Any, other: Any) -> Any:
        """Return how indices, alone or in a tuple, convert to this type."""
        return Conversion.safe


@register_default(Indices)
class _IndicesModel(models.StructModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, [(f"axis_{i}", axis) for i, axis in enumerate(kind.kinds)])


@lower_cast(types.BaseTuple, Indices)
@lower_cast(Lanes, Indices)
def _from_indices(context: Any, builder: Any, source: Any, target: Any, value: Any) -> Any:
    found, alone = cgutils.create_struct_proxy(target)(context, builder), isinstance(source, Lanes)
    for i, kind in enumerate(target.kinds):
        part, given = (value, source) if alone else (builder.extract_value(value, i), source[i])
        setattr(found, f"axis_{i}", context.cast(builder, part, given, kind))
    return found._getvalue()


def _indices(array: Any, index: Any) -> Any:
    """Return the type of indices that take another entry of an array in each lane, None for others."""
    if isinstance(index, Indices):  # when the call of what was found is compiled
        return index
    kinds = tuple(index) if isinstance(index, types.BaseTuple) else (index,)
    whole = all(isinstance(scalar_of(kind), types.Integer) for kind in kinds)
    chosen = isinstance(array, types.Array) and len(kinds) == array.ndim and any(isinstance(k, Lanes) for k in kinds)
    return Indices(kinds) if whole and chosen else None


@infer_global(operator.getitem)
class _Taken(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        array, index = args[0], _indices(*args)
        if index is None:
            return None
        return signature(array.dtype if isinstance(array.dtype, Lanes) else Lanes(array.dtype), array, index)


@infer_global(operator.setitem)
class _Put(AbstractTemplate):
    def generic(self, args: Any, kws: Any) -> Any:
        array, index = args[0], _indices(*args[:2])
        if index is None or not isinstance(array.dtype, Lanes):
            return None
        return signature(types.none, array, index, array.dtype)


def _places(context: Any, builder: Any, kind: Any, array: Any, index: Any, given: Any) -> Any:
    """Return the addresses array[index] in each lane, a vector of pointers; a negative index counts from the end."""
    array, word, of_lanes = context.make_array(kind)(context, builder, array), ir.IntType(64), []
    base = builder.ptrtoint(array.data, word)
    for axis, one in enumerate(index.kinds):
        many, at = isinstance(one, Lanes), builder.extract_value(given, axis)
        length, stride = (builder.extract_value(sizes, axis) for sizes in (array.shape, array.strides))
        length, stride = (_spread(builder, size) if many else size for size in (length, stride))
        from_end = builder.icmp_signed("<", at, ir.Constant(at.type, None if many else 0))
        step = builder.mul(builder.select(from_end, builder.add(at, length), at), stride)
        if many:
            of_lanes.append(step)
        else:
            base = builder.add(base, step)
    places = reduce(builder.add, of_lanes, _spread(builder, base))
    if isinstance(kind.dtype, Lanes):
        size = context.get_abi_sizeof(context.get_value_type(kind.dtype.dtype))
        places = builder.add(places, ir.Constant(ir.VectorType(word, LANES), [size * i for i in range(LANES)]))
    return places


@lower_builtin(operator.getitem, types.Array, Indices)
def _take(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    """Load the entries by one instruction where the processor has one and LLVM finds that it pays."""
    places = _places(context, builder, sig.args[0], values[0], sig.args[1], values[1])
    held, all_lanes = (
        context.get_data_type(sig.return_type),
        ir.Constant(ir.VectorType(ir.IntType(1), LANES), [1] * LANES),
    )
    pointers = builder.inttoptr(places, ir.VectorType(ir.PointerType(), LANES))
    given = [pointers, ir.IntType(32)(1), all_lanes, ir.Constant(held, ir.Undefined)]  # aligned to bytes
    name = f"llvm.masked.gather.v{LANES}{held.element.intrinsic_name}.v{LANES}p0"
    kind = ir.FunctionType(held, [value.type for value in given])
    found = builder.call(cgutils.get_or_insert_function(builder.module, kind, name), given)
    return context.data_model_manager[sig.return_type].from_data(builder, found)


@lower_builtin(operator.setitem, types.Array, Indices, Lanes)
def _put(context: Any, builder: Any, sig: Any, values: Any) -> Any:
    places = _places(context, builder, sig.args[0], values[0], sig.args[1], values[1])
    pointer = context.get_data_type(sig.args[2].dtype).as_pointer()
    for lane in range(LANES):
        place, entry = (builder.extract_element(many, ir.IntType(32)(lane)) for many in (places, values[2]))
        place = builder.inttoptr(place, pointer)
        context.pack_value(builder, sig.args[2].dtype, entry, place)
    return context.get_dummy_value()
