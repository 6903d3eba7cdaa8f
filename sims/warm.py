"""Compile what a sweep will play ahead of it, in several processes: one process compiles one pair at a time."""

from collections.abc import Iterator, Sequence
from typing import Any

from bandits.protocol import RoundProblem, steps_of_pair
from sims.engines.backends import engine_of
from sims.engines.compiled import compile_pair, width_of
from sims.execute import worker_count
from sims.side_by_side import side_by_side
from sims.sweep import Cell


def pairs_of(cells: Sequence[Cell]) -> list[Cell]:
    """Return one cell of each pair that has a compiled loop of its own; JAX compiles its programs when they run."""
    found: dict[Any, Cell] = {}
    for cell in cells:
        problem, learner = cell.problem, cell.learner
        if isinstance(problem, RoundProblem) and engine_of(problem, learner, cell.backend) == "compiled":
            found.setdefault((*steps_of_pair(problem, learner), problem.metrics, _width(cell)), cell)
    return list(found.values())


def warm(cells: Sequence[Cell], workers: int | None = None) -> Iterator[tuple[Cell, BaseException | None]]:
    """Compile the pairs of a sweep into the kernel cache; yield (cell, error) as each is done.

    workers: processes, at least 1, None for one per processor.
    """
    yield from side_by_side(_compile, pairs_of(cells), worker_count(workers))


def _compile(cell: Cell) -> None:
    compile_pair(cell.problem, cell.learner, _width(cell))


def _width(cell: Cell) -> int:
    assert isinstance(cell.problem, RoundProblem)
    last = cell.checkpoints[-1] if cell.checkpoints else cell.problem.horizon
    return width_of(cell.problem, cell.learner, cell.repetitions, last, threads=1)
