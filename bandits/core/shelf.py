"""Shelves: room for several records of one type, such as feedback that has not arrived, or states of learners.

A record is a number, an array with up to three axes, or a NamedTuple of records. A shelf keeps each number of it as an
array over places, each array as one with a first axis over places.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from bandits.core.jit import kernel


class Shelf(NamedTuple):
    """Kernels that keep records of one type."""

    make: Any  # (places, example) -> rows, an empty shelf for records like the example
    put: Any  # (rows, place, record): copy the record to its place
    get: Any  # (rows, place) -> record, whose arrays are the shelf's own


def shelf_for(example: Any) -> Shelf:
    """Return the kernels for records of the example's type; TypeError for what cannot be kept."""
    return _shelf(_kind(example))


def _kind(example: Any) -> Any:
    """Return "integer", "number", "array" (one axis), "matrix", "cube", or (class, kinds of the fields)."""
    if isinstance(example, tuple) and hasattr(example, "_fields"):
        return (type(example), *map(_kind, example))
    axes = np.ndim(example) if np.asarray(example).dtype.kind in "biuf" else 4
    if axes > 3:
        raise TypeError(f"records are kept whose parts are numbers or arrays with up to three axes, got {example!r}")
    if axes == 0 and np.asarray(example).dtype.kind != "f":
        return "integer"
    return ("number", "array", "matrix", "cube")[axes]


@kernel
def _make_number(places: int, example: Any) -> Any:
    return np.full(places, example)


@kernel
def _make_array(places: int, example: Any) -> Any:
    return np.zeros((places, example.size), example.dtype)


@kernel
def _put_number(rows: Any, place: int, record: Any) -> None:
    rows[place] = record


@kernel
def _put_integer(rows: Any, place: int, record: Any) -> None:
    rows[place] = record
    if rows[place] != record:
        raise TypeError("a record that is kept must have one type: it was an integer first, and is none now")


@kernel
def _put_array(rows: Any, place: int, record: Any) -> None:
    for i in range(record.size):
        rows[place, i] = record[i]


@kernel
def _make_matrix(places: int, example: Any) -> Any:
    return np.zeros((places, example.shape[0], example.shape[1]), example.dtype)


@kernel
def _put_matrix(rows: Any, place: int, record: Any) -> None:
    for i in range(record.shape[0]):
        for j in range(record.shape[1]):
            rows[place, i, j] = record[i, j]


@kernel
def _make_cube(places: int, example: Any) -> Any:
    return np.zeros((places, example.shape[0], example.shape[1], example.shape[2]), example.dtype)


@kernel
def _put_cube(rows: Any, place: int, record: Any) -> None:
    for i in range(record.shape[0]):
        _put_matrix(rows[place], i, record[i])


@kernel
def _get(rows: Any, place: int) -> Any:
    return rows[place]


@cache
def _shelf(kind: Any) -> Shelf:
    if kind == "integer":
        return Shelf(_make_number, _put_integer, _get)
    if kind == "number":
        return Shelf(_make_number, _put_number, _get)
    if kind == "array":
        return Shelf(_make_array, _put_array, _get)
    if kind == "matrix":
        return Shelf(_make_matrix, _put_matrix, _get)
    if kind == "cube":
        return Shelf(_make_cube, _put_cube, _get)
    record, *fields = kind
    make, put, get_fields = _from_field(tuple(fields), 0)

    @kernel
    def get(rows: Any, place: int) -> Any:
        return record(*get_fields(rows, place))

    return Shelf(make, put, get)


@cache
def _from_field(kinds: tuple[Any, ...], first: int) -> Shelf:
    """Return the kernels for the fields from the place `first` on; their rows are (of the field, of the others)."""
    make_one, put_one, get_one = _shelf(kinds[first])
    if first + 1 == len(kinds):

        @kernel
        def make_last(places: int, example: Any) -> Any:
            return (make_one(places, example[first]),)

        @kernel
        def put_last(rows: Any, place: int, record: Any) -> None:
            put_one(rows[0], place, record[first])

        @kernel
        def get_last(rows: Any, place: int) -> Any:
            return (get_one(rows[0], place),)

        return Shelf(make_last, put_last, get_last)
    make_others, put_others, get_others = _from_field(kinds, first + 1)

    @kernel
    def make(places: int, example: Any) -> Any:
        return (make_one(places, example[first]), make_others(places, example))

    @kernel
    def put(rows: Any, place: int, record: Any) -> None:
        put_one(rows[0], place, record[first])
        put_others(rows[1], place, record)

    @kernel
    def get(rows: Any, place: int) -> Any:
        return (get_one(rows[0], place), *get_others(rows[1], place))

    return Shelf(make, put, get)
