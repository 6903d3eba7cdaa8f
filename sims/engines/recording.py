"""Round-by-round records of a play, by playing chosen repetitions once more."""

import pickle
from collections import namedtuple
from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core import stopping
from bandits.core.interpreted import Interpreter
from bandits.core.jit import kernel
from bandits.core.records import InvalidMetrics, columns, writer
from bandits.core.rng import seed_word
from bandits.plain import Plain
from bandits.protocol import Learner, RoundProblem, known
from sims.engines import compiled
from sims.engines.faults import clear_errors
from sims.engines.python import rounds as interpreted
from sims.engines.python.rounds import Round
from sims.engines.recorder import followed

LIMIT = 2**32  # bytes


class Kind(NamedTuple):
    """What may be recorded: its name, and the kernel (Round, action, observation) -> value; None for the feedback."""

    name: str
    of: Any


class Happened(NamedTuple):
    """A round of a repetition, of `record="everything"`.

    state: the learner's after it has acted and before it learns, the attributes of a plain learner.  metrics: by name,
    after the round.
    """

    t: int
    state: Any
    observation: Any
    action: Any
    feedback: Any
    metrics: dict[str, float]


def recorded(
    problem: RoundProblem, learner: Learner, names: Sequence[str], seed: int, repetitions: Any, last: int, engine: str
) -> dict[str, NDArray[Any]]:
    """Return what happens in rounds 1, ..., `last` of the repetitions (R,), by name; each array (R, last, ...).

    Numbers are int64, float64 or bool, arrays have their axis last, records are structured arrays with their fields.
    Raises ValueError for names that the pair does not have, and where more than `LIMIT` bytes would be needed.
    """
    able = kinds_of(problem, learner)
    for name in names:
        if name not in able:
            raise ValueError(
                f"record must be among {', '.join(able)} for {learner.name} in {type(problem).__name__}, got {name!r}"
            )
    kinds = [kind for kind in able.values() if kind.name in names]
    example = _first(problem, learner, kinds, seed, int(repetitions[0]))
    titles = _titles(example)
    width = sum(map(len, titles))
    _refuse_absurd(f"record={list(names)}", len(repetitions), last, 16 * width, f"x {width} numbers")
    out = np.empty((len(repetitions), last, width))
    if engine == "python":
        interpreted.play(problem, learner, seed, repetitions, [last], _Rows(kinds, titles, repetitions, out))
    else:
        _compile(problem, learner, kinds, titles, seed, repetitions, out)
    return _split(example, titles, out)


def kinds_of(problem: RoundProblem, learner: Learner) -> dict[str, Kind]:
    """Return what can be recorded of a pair, by name, in the order of the columns: the feedback comes last."""
    found = {"observations": _observation} if problem.steps.observe else {}
    if isinstance(learner, Plain):
        law = _of_plain if callable(getattr(learner.policy, "probabilities", None)) else None
    else:
        law = _of_learner(known(learner, "probabilities")(problem))
    found |= {"probabilities": law} if law else {}
    found |= {name: _of_problem(of) for name, of in problem.recordable().items()}
    return {name: Kind(name, of) for name, of in {"actions": _action, **found, "feedback": None}.items()}


def everything(
    problem: RoundProblem, learner: Learner, seed: int, repetitions: Sequence[int], last: int
) -> list[list[Happened]]:
    """Return all that happens in rounds 1, ..., `last` of the repetitions; ValueError where it needs over `LIMIT`."""
    trace = _Trace()
    interpreted.play(problem, learner, seed, repetitions[:1], [1], trace)
    size = len(pickle.dumps(trace.rounds))
    _refuse_absurd('record="everything"', len(repetitions), last, 2 * size, f"of {size} bytes")
    trace.rounds.clear()
    values = interpreted.play(problem, learner, seed, repetitions, range(1, last + 1), trace)
    metrics = [dict(zip(problem.metrics, row.tolist(), strict=True)) for row in values.reshape(-1, values.shape[2])]
    found = [Happened(*parts, metrics=row) for parts, row in zip(trace.rounds, metrics, strict=True)]
    return [found[first : first + last] for first in range(0, len(found), last)]


def _refuse_absurd(what: str, repetitions: int, last: int, size: int, words: str) -> None:
    needed = repetitions * last * size
    if needed > LIMIT:
        raise ValueError(
            f"{what}: {repetitions} repetitions x {last} rounds {words} need {needed / 2**30:.3g} GiB, and at most "
            f"{LIMIT / 2**30:.3g} are allowed: choose fewer repetitions, as in record_repetitions=range(4), or a "
            "shorter horizon"
        )


# ---------------------------------------------------------------- what can be recorded


@kernel
def _action(of: Round, action: Any, observation: Any) -> Any:
    return action


@kernel
def _observation(of: Round, action: Any, observation: Any) -> Any:
    return observation


def _of_plain(of: Round, action: Any, observation: Any) -> Any:
    return of.state.probabilities(observation)


@cache
def _of_learner(law: Any) -> Any:
    @kernel
    def of_learner(of: Round, action: Any, observation: Any) -> Any:
        return law(of.params, of.state, of.t)

    return None if law is None else of_learner


@cache
def _of_problem(value: Any) -> Any:
    @kernel
    def of_problem(of: Round, action: Any, observation: Any) -> Any:
        return value(of.setting, of.world, of.t, action)

    return of_problem


# ---------------------------------------------------------------- by the interpreter


class _Values(interpreted.Follower):
    """Notes the value of each kind, as kernels return it."""

    def __init__(self, kinds: Sequence[Kind]) -> None:
        interpret = Interpreter()
        self._kinds = [Kind(kind.name, kind.of and interpret.step(kind.of)) for kind in kinds]

    def acts(self, repetition: int, of: Round, action: Any, observation: Any) -> None:
        values = {kind.name: kind.of(of, action, observation) for kind in self._kinds if kind.of}
        self.values = deepcopy(values)  # the learner and the problem may write into them
        self.place = repetition, of.t

    def learns(self, feedback: Any) -> None:
        if self._kinds and self._kinds[-1].of is None:
            self.values[self._kinds[-1].name] = deepcopy(feedback)


class _Rows(_Values):
    """Writes the values into the rows of an array."""

    def __init__(self, kinds: Sequence[Kind], titles: Any, repetitions: Any, out: NDArray[np.float64]) -> None:
        super().__init__(kinds)
        self._write = writer(sum(titles, ()), empty=True)
        self._row_of, self._out = {int(r): row for row, r in enumerate(repetitions)}, out

    def learns(self, feedback: Any) -> None:
        super().learns(feedback)
        repetition, t = self.place
        self._write(_record(self.values), self._out[self._row_of[repetition], t])


class _Trace(interpreted.Follower):
    """Keeps copies of everything but the metrics."""

    def __init__(self) -> None:
        self.rounds: list[tuple[Any, Any, Any, Any, Any]] = []

    def acts(self, repetition: int, of: Round, action: Any, observation: Any) -> None:
        state = of.state if isinstance(of.state, tuple) else getattr(of.state, "__dict__", of.state)
        self._now = deepcopy((of.t, state, observation, action))

    def learns(self, feedback: Any) -> None:
        self.rounds.append((*self._now, deepcopy(feedback)))


def _first(problem: RoundProblem, learner: Learner, kinds: Sequence[Kind], seed: int, repetition: int) -> Any:
    """Return what is recorded of the first round."""
    values = _Values(kinds)
    interpreted.play(problem, learner, seed, [repetition], [1], values)
    return _record(values.values)


def _record(values: dict[str, Any]) -> Any:
    return _record_type(tuple(values))(**values)


@cache
def _record_type(names: tuple[str, ...]) -> Any:
    return namedtuple("Record", names)


def _titles(example: Any) -> list[tuple[str, ...]]:
    """Return the names of the numbers of each part of a record; TypeError for what is no number."""
    try:
        return [columns(_record({name: value})) for name, value in example._asdict().items()]
    except InvalidMetrics as error:
        said = str(error).removeprefix("measure must return ")
        raise TypeError(f"records of {', '.join(example._fields)} hold {said}") from None


# ---------------------------------------------------------------- by compiled code


def _compile(
    problem: RoundProblem, learner: Learner, kinds: Sequence[Kind], titles: Any, seed: int, repetitions: Any, out: Any
) -> None:
    params, setting, stop = learner.parameters(problem), problem.setting(), stopping.flag()
    with clear_errors(problem, learner):
        compiled.loop_of(problem, learner, params, setting)  # refuses what `simulate` refuses
        act, feedback = _noting(tuple(kinds), tuple(titles))
        play = followed(learner.steps_for(problem), problem.steps, act, feedback)

        def part(rows: tuple[int, int]) -> None:
            each = np.asarray(repetitions, np.int64)[rows[0] : rows[1]]
            play(params, setting, seed_word(seed), each, stop, out[rows[0] : max(rows[1], 1)])

        compiled.compiled(problem, learner, lambda: part((0, 0)))
        compiled.in_threads(part, [(0, len(out))], 1, stop)
    stopping.look(stop)


@cache
def _noting(kinds: tuple[Kind, ...], titles: tuple[tuple[str, ...], ...]) -> tuple[Any, Any]:
    """Return the kernels that write what is recorded of an action and of a feedback into a row."""
    place = sum(map(len, titles))

    @kernel
    def act(of: Round, action: Any, observation: Any, out: Any) -> None:
        pass

    @kernel
    def learn(of: Round, feedback: Any, out: Any) -> None:
        pass

    for kind, names in reversed([*zip(kinds, titles, strict=True)]):
        place -= len(names)
        if kind.of is None:
            learn = _writing_feedback(names, place)
        else:
            act = _writing(kind, names, place, act)
    return act, learn


def _writing_feedback(names: tuple[str, ...], place: int) -> Any:
    write, record, end = writer(names, empty=True), _record_type(("feedback",)), place + len(names)

    @kernel
    def learn(of: Round, feedback: Any, out: Any) -> None:
        write(record(feedback), out[place:end])

    return learn


def _writing(kind: Kind, names: tuple[str, ...], place: int, others: Any) -> Any:
    value, write, record = kind.of, writer(names, empty=True), _record_type((kind.name,))
    end = place + len(names)

    @kernel
    def act(of: Round, action: Any, observation: Any, out: Any) -> None:
        write(record(value(of, action, observation)), out[place:end])
        others(of, action, observation, out)

    return act


# ---------------------------------------------------------------- from columns to arrays


def _split(example: Any, titles: Sequence[tuple[str, ...]], out: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Return the columns of each name in the types of the example."""
    found, at = {}, 0
    for (name, value), names in zip(example._asdict().items(), titles, strict=True):
        found[name] = _shaped(value, out[:, :, at : at + len(names)])
        at += len(names)
    return found


def _shaped(value: Any, block: NDArray[np.float64]) -> NDArray[Any]:
    if not hasattr(value, "_fields"):
        return _typed(value, block if np.ndim(value) else block[:, :, 0])
    parts, at = {}, 0
    for field, part in value._asdict().items():
        width = len(columns(_record({field: part})))
        if part is not None:
            parts[field] = _shaped(part, block[:, :, at : at + width])
        at += width
    joined = np.empty(block.shape[:2], dtype=[(field, part.dtype, part.shape[2:]) for field, part in parts.items()])
    for field, part in parts.items():
        joined[field] = part
    return joined


def _typed(example: Any, block: NDArray[np.float64]) -> NDArray[Any]:
    """Return numbers in the type of the first round's, if all are exact in it."""
    kind = {"i": np.int64, "u": np.int64, "b": np.bool_}.get(np.asarray(example).dtype.kind, np.float64)
    typed: NDArray[Any] = block.astype(kind)
    return typed if (typed == block).all() else block.copy()
