"""Every argument of every public constructor and function against invalid and unusual values.

Each (argument, value) pair ends in a TypeError or ValueError of one line that names the argument, or in an object of
Python numbers and arrays of its own, from which the package works out finite numbers. At least 10,000 pairs.
"""

import dataclasses
import inspect
import math
import time
from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np
import polars
import pytest

from bandits.core.checks import shown
from sims import simulate
from tests import constructors
from tests.checked_functions import FUNCTIONS, checked_functions
from tests.constructors import base_of, fields_of, used
from tests.small_games import opponent

SECONDS = 5.0  # no pair takes longer


class _Index:
    def __index__(self):
        return 3


class _BadIndex:
    def __index__(self):
        raise RuntimeError("no")


class _NotANumber:
    def __float__(self):
        return math.nan


class _BadArray:
    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array")


class _BadName:
    def __repr__(self):
        raise RuntimeError("no name")


SCALARS = [
    *(None, True, np.True_, 0, -1, 1, 3, 7, 10**9, 2**31, 2**32, 2**56, 2**56 + 1, 2**63, 2**64, 10**400, -(10**400)),
    *(10**5000, 0.5, 2.0, -0.0, 1e-320, 1e-17, 1e308, -0.5, 1.0000000000000002, math.inf, -math.inf, math.nan),
    *(np.float16(0.5), np.float32(0.5), np.longdouble(0.5), np.longdouble("1e400"), np.int8(3), np.uint8(255)),
    *(np.uint64(2**64 - 1), np.complex64(1j), 1j, Fraction(1, 2), Decimal("0.5"), Decimal("nan"), Decimal("sNaN")),
    *("0.5", "", "ü漢", "two\nlines", b"1", np.str_("1"), np.datetime64("2020-01-01"), np.timedelta64(3)),
    *(_Index(), _BadIndex(), _NotANumber(), _BadArray(), _BadName(), object(), int, ..., NotImplemented, np.ma.masked),
]
VECTOR = np.array([0.5, 0.3, 0.4])
LONG = np.zeros(10**7)
ARRAYS = [
    *((), [], {}, {0.5}, [0.5], [math.nan], [math.inf, 0.5], [[0.5]], [[]], [[[0.5]]], [0.1, [0.2]], [None], ["a"]),
    *([True, False], [2, -1], [10**400], [1j], range(3), range(10**12), {"a": 0.5}, ["0.5"], b"abc", (x for x in "ab")),
    *(np.array(0.5), np.array(math.nan), np.zeros((0, 3)), VECTOR, VECTOR.astype(np.float16), VECTOR.astype(">f8")),
    *(np.array([1, 0, 2**64 - 1], np.uint64), VECTOR > 0.35, VECTOR.astype(object), np.array([0.5, None, "x"], object)),
    *(np.array(["0.5"]), np.array(["2020-01-01"], "M8[D]"), np.array([0.5, 0.3j]), np.array([0.5, math.nan, 0.3])),
    *(np.array([0.5, -0.1, 0.3]), np.array([0.5, 1 + 2**-52, 0.3]), np.ma.masked_array(VECTOR, [0, 1, 0])),
    *(
        [np.ma.masked_array(VECTOR, [0, 1, 0])],
        np.array([(1, 0.5)], [("a", int), ("b", float)]),
    ),
    *(memoryview(VECTOR), polars.Series([0.5, None]), polars.DataFrame({"a": [0.5, 0.3]}), np.full((3, 3), 0.5)),
    *(np.broadcast_to(0.5, (10**6, 10**6)), LONG),
]
HOSTILE = [*SCALARS, *ARRAYS]
assert len(HOSTILE) > 90


def variations(value):
    """Return arrays like a valid one, but for one thing: precision, order, strides, sign, size, a nan."""
    try:
        given = np.array(value, dtype=float)
    except (TypeError, ValueError):
        return []
    if given.ndim == 0:
        return []
    wrong = given.copy()
    wrong.flat[-1] = math.nan
    spread = np.zeros(tuple(2 * n for n in given.shape))[tuple(slice(None, None, 2) for _ in given.shape)]
    spread[...] = given
    like = [given.astype(np.float32), np.asfortranarray(given), spread, given.astype(object), given.tolist(), wrong]
    return [
        *like,
        -given,
        1e300 * given,
        given[:0],
        given[:1],
        given[None],
        given.ravel(),
        np.ma.masked_array(given, True),
    ]


def outcome(call, argument):
    """Return what a call returns and "", or None and how it ended: "refused", or what is wrong with the refusal."""
    start = time.perf_counter()
    try:
        result, end = call(), ""
    except Exception as error:  # every other end is what is looked for
        result, end = None, judged(error, argument)
    took = time.perf_counter() - start
    return result, end if took < SECONDS else f"took {took:.1f} s"


def judged(error, argument):
    """Return "refused", or what is wrong with the error of an argument."""
    text = str(error)
    wrong = [f"{type(error).__name__}"] if not isinstance(error, TypeError | ValueError) else []
    wrong += ["LinAlgError"] if isinstance(error, np.linalg.LinAlgError) else []
    wrong += ["lines"] if "\n" in text else []
    wrong += ["long"] if len(text) > 400 else []
    wrong += ["unnamed"] if argument not in text else []
    return f"{' '.join(wrong)}: {text[:150]}" if wrong else "refused"


def numbers_in(value):
    """Yield every number and array inside what the package made of an object."""
    if isinstance(value, tuple | list):
        for item in value[:1000]:
            yield from numbers_in(item)
    elif isinstance(value, np.ndarray | np.generic | int | float | Fraction | Decimal):
        yield value


def foreign(obj, given):
    """Return what an object holds that is not its own: numbers of other types, arrays of others or writable ones."""
    for field in fields_of(type(obj)):
        for value in numbers_in(getattr(obj, field.name)):
            if not isinstance(value, np.ndarray):
                if type(value) not in (bool, int, float):
                    return f"holds a {type(value).__name__} in {field.name}"
            elif isinstance(given, np.ndarray) and np.may_share_memory(value, given):
                return f"shares {field.name} with the caller"
    held = [value for value in vars(obj).values() if isinstance(value, np.ndarray)]
    return "holds arrays that can be written" if any(value.flags.writeable for value in held) else ""


def has_nan(found):
    """Return whether any computed value is nan."""
    arrays = [np.asarray(value) for value in numbers_in(found)]
    return any(np.isnan(array).any() for array in arrays if array.dtype.kind in "fc")


def pairs(cls_or_function, base, arguments):
    """Yield (argument, value, call): the valid arguments with one replaced by a hostile value."""
    for argument in arguments:
        for value in [*HOSTILE, *variations(base.get(argument))]:
            yield argument, value, partial(cls_or_function, **(base | {argument: value}))


def names(table):
    return sorted(table)


@pytest.mark.parametrize("name", names(constructors.constructors()))
def test_constructors_refuse_in_one_line_or_hold_numbers_of_their_own(name):
    cls, base = constructors.constructors()[name], base_of(name)
    assert not has_nan(used(cls(**base)))
    faults = []
    for argument, value, call in pairs(cls, base, [field.name for field in fields_of(cls)]):
        obj, end = outcome(call, argument)
        if end == "":
            end = foreign(obj, value)
        if end == "":
            found, end = outcome(partial(used, obj), argument)
            end = "gives nan" if end == "" and has_nan(found) else end
        if end not in ("", "refused"):
            faults.append((argument, shown(value), end))
    assert faults == []


@pytest.mark.parametrize("name", [name for name in names(checked_functions()) if name.startswith("bandits")])
def test_functions_refuse_in_one_line(name):
    function, base = checked_functions()[name], FUNCTIONS[name]
    assert not has_nan(function(**base)) or name == "theory.switching.exact.informed.chain"  # whose redraws are unknown
    parameters = inspect.signature(function).parameters.values()
    faults = []
    for argument, value, call in pairs(function, base, [p.name for p in parameters if p.kind is not p.VAR_KEYWORD]):
        _, end = outcome(call, argument)
        if end not in ("", "refused"):
            faults.append((argument, shown(value), end))
    assert faults == []


def test_there_are_enough_pairs():
    fields = sum(len(fields_of(cls)) for cls in constructors.constructors().values())
    assert fields * len(HOSTILE) >= 10_000


def test_every_public_dataclass_converts_its_arguments():
    from sims.config import public_classes

    results = {"FairPolicy"}  # what the package returns, never what it is given
    assert {name for name in public_classes() if name not in constructors.constructors()} == results


# ---------------------------------------------------------------- numbers of every type

INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
FLOATS = [np.float16, np.float32, np.float64, np.longdouble, Fraction, lambda x: Decimal(x)]


def same(one, other):
    """Return whether two results are equal to the last bit, and of the same types."""
    one, other = list(numbers_in(one)), list(numbers_in(other))
    return len(one) == len(other) and all(
        type(a) is type(b) and np.array_equal(np.asarray(a), np.asarray(b), equal_nan=True)
        for a, b in zip(one, other, strict=True)
    )


def holds(kind, number):
    """Return whether a type has a number exactly."""
    try:
        return float(kind(number)) == number
    except OverflowError:
        return False


def scalars_of(annotation, value):
    """Return numbers for a field, each with the types that hold it exactly; () for a field without numbers."""
    text = str(annotation)
    if isinstance(value, bool) or "bool" in text or "Literal" in text or "str" in text:
        return []
    whole = isinstance(value, int) or (value is None and "int" in text)
    real = isinstance(value, float) or (value is None and "float" in text)
    if whole:
        return [(number, INTEGERS) for number in {value or 3, 3, 100}]
    return [(number, FLOATS) for number in {value or 0.5, 0.25, 0.5, 1.0}] if real else []


@pytest.mark.parametrize("name", names(constructors.constructors()))
def test_a_number_of_any_type_is_the_python_number(name):
    cls, base = constructors.constructors()[name], base_of(name)
    for field in fields_of(cls):
        value = base.get(field.name, None if field.default is dataclasses.MISSING else field.default)
        for number, kinds in scalars_of(field.type, value):
            try:
                expected = cls(**(base | {field.name: number}))
                wanted = used(expected)
            except (TypeError, ValueError):
                continue
            for kind in kinds:
                if not holds(kind, number):
                    continue
                made = cls(**(base | {field.name: kind(number)}))
                assert type(getattr(made, field.name)) is type(getattr(expected, field.name)), (field.name, kind)
                assert same(used(made), wanted), (field.name, kind)


# ---------------------------------------------------------------- a sample is played

PLAYED = ["Exp3", "BatchedExp3", "Hedge", "OptimisticFeasibleSearch", "LagrangianExp3", "Exp2OneSided", "RUCB"]


@pytest.mark.parametrize("name", PLAYED)
def test_what_is_accepted_plays_to_finite_numbers(name):
    cls = constructors.constructors()[name]
    for field in fields_of(cls):
        for value in (1e-17, 1.0, 3, 1e17, 1e100, np.float16(0.5), np.uint8(3)):
            try:
                learner = cls(**{field.name: value})
                problem = opponent(learner)
                learner.parameters(problem)
            except (TypeError, ValueError):
                continue
            assert np.isfinite(simulate(problem, learner, backend="python").values).all()
