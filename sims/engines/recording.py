"""Round-by-round records of what passes between problem and learner, by playing chosen repetitions once more."""

from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core import stopping
from bandits.core.jit import borrow, keep_alive, kernel, program
from bandits.core.records import InvalidMetrics, columns, writer
from bandits.core.rng import ENVIRONMENT, LEARNER, seed_word, stream
from bandits.protocol import Learner, LearnerSteps, ProblemSteps, RoundProblem
from sims.engines import compiled
from sims.engines.faults import clear_errors
from sims.engines.python import rounds as interpreted

LIMIT = 2**32  # bytes


class Passed(NamedTuple):
    """What passes in a round, the kinds that can be recorded; None for what is not."""

    observations: Any
    actions: Any
    feedback: Any


def recorded(
    problem: RoundProblem, learner: Learner, names: Sequence[str], seed: int, repetitions: Any, last: int, engine: str
) -> dict[str, NDArray[Any]]:
    """Return what passed in rounds 1, ..., `last` of the repetitions (R,), by name; each array (R, last, ...).

    Numbers are int64, float64 or bool, arrays have their axis last, records are structured arrays with their fields.
    Raises ValueError for names other than those of `Passed`, and where more than `LIMIT` bytes would be needed.
    """
    example = _first(problem, learner, seed, int(repetitions[0]))
    for name in names:
        if name not in Passed._fields or getattr(example, name) is None:
            known = [field for field in Passed._fields if getattr(example, field) is not None]
            raise ValueError(f"record must be among {', '.join(known)} in {type(problem).__name__}, got {name!r}")
    kept = Passed(*(value if name in names else None for name, value in example._asdict().items()))
    try:
        titles = columns(kept)
    except InvalidMetrics as error:
        said = str(error).removeprefix("measure must return ")
        raise TypeError(f"records of {', '.join(names)} hold {said}") from None
    _refuse_absurd(names, len(repetitions), last, len(titles))
    out = np.empty((len(repetitions), last, len(titles)))
    if engine == "python":
        _interpret(problem, learner, kept, titles, seed, repetitions, out)
    else:
        _compile(problem, learner, kept, titles, seed, repetitions, out)
    return _split(kept, out)


def _first(problem: RoundProblem, learner: Learner, seed: int, repetition: int) -> Passed:
    """Return what passes in the first round."""
    seen: list[Passed] = []

    def note(repetition: int, t: int, *passed: Any) -> None:
        seen.append(deepcopy(Passed(*passed)))

    interpreted.play(problem, learner, seed, [repetition], [1], note)
    return seen[0]


def _refuse_absurd(names: Sequence[str], repetitions: int, last: int, width: int) -> None:
    needed = 16 * repetitions * last * width  # while it is converted, twice
    if needed > LIMIT:
        size = f"{repetitions} repetitions x {last} rounds x {width} numbers need {needed / 2**30:.3g} GiB"
        raise ValueError(
            f"record={list(names)}: {size}, and at most {LIMIT / 2**30:.3g} are allowed: choose fewer repetitions, "
            "as in record_repetitions=range(4), or a shorter horizon"
        )


def _split(kept: Passed, out: NDArray[np.float64]) -> dict[str, NDArray[Any]]:
    """Return the columns of each name in the types of the example."""
    found, at = {}, 0
    for name, value in kept._asdict().items():
        if value is None:
            continue
        fields = value._asdict() if hasattr(value, "_fields") else {"": value}
        fields = {field: part for field, part in fields.items() if part is not None}
        parts = {}
        for field, part in fields.items():
            width = len(columns(Passed(None, part, None)))
            block = out[:, :, at : at + width]
            parts[field] = _typed(part, block if np.ndim(part) or hasattr(part, "_fields") else block[:, :, 0])
            at += width
        found[name] = parts[""] if "" in parts else _structured(parts)
    return found


def _typed(example: Any, block: NDArray[np.float64]) -> NDArray[Any]:
    """Return numbers in the type of the first round's, if all are exact in it."""
    kind = {"i": np.int64, "u": np.int64, "b": np.bool_}.get(np.asarray(example).dtype.kind, np.float64)
    typed: NDArray[Any] = block.astype(kind)
    return typed if (typed == block).all() else block.copy()


def _structured(parts: dict[str, NDArray[Any]]) -> NDArray[Any]:
    kinds = [(field, part.dtype, part.shape[2:]) for field, part in parts.items()]
    joined = np.empty(next(iter(parts.values())).shape[:2], dtype=kinds)
    for field, part in parts.items():
        joined[field] = part
    return joined


# ---------------------------------------------------------------- by either engine


def _interpret(
    problem: RoundProblem, learner: Learner, kept: Passed, titles: Any, seed: int, repetitions: Any, out: Any
) -> None:
    write, row_of = writer(titles, empty=True), {int(r): row for row, r in enumerate(repetitions)}

    def note(repetition: int, t: int, *passed: Any) -> None:
        chosen = (value if example is not None else None for value, example in zip(passed, kept, strict=True))
        write(Passed(*chosen), out[row_of[repetition], t])

    interpreted.play(problem, learner, seed, row_of, [out.shape[1]], note)


def _compile(
    problem: RoundProblem, learner: Learner, kept: Passed, titles: Any, seed: int, repetitions: Any, out: Any
) -> None:
    params, setting, stop = learner.parameters(problem), problem.setting(), stopping.flag()
    chosen = tuple(value is not None for value in kept)
    with clear_errors(problem, learner):
        compiled.loop_of(problem, learner, params, setting)  # refuses what `simulate` refuses
        width = len(columns(Passed(kept.observations, None, None)))
        record = _recorder(learner.steps_for(problem), problem.steps, titles, width, chosen)

        def part(rows: tuple[int, int]) -> None:
            each = np.asarray(repetitions, np.int64)[rows[0] : rows[1]]
            record(params, setting, seed_word(seed), each, stop, out[rows[0] : rows[1]])

        compiled.compiled(problem, learner, lambda: part((0, 0)))
        compiled.in_threads(part, [(0, len(out))], 1, stop)
    stopping.look(stop)


@kernel
def _keep(value: Any) -> Any:
    return value


@kernel
def _drop(value: Any) -> None:
    return None


@cache
def _recorder(
    learner: LearnerSteps, problem: ProblemSteps, titles: tuple[str, ...], width: int, chosen: tuple[bool, ...]
) -> Any:
    """Return the loop that writes what is chosen into rows; the first `width` columns are of the observation."""
    init, act, update = learner
    start, respond, _, observe = problem
    decide, write_seen, write = (
        _make_decide(act, observe, chosen[0]),
        writer(titles[:width], empty=True),
        writer(titles[width:], empty=True),
    )
    of_action, of_feedback = (_keep if keep else _drop for keep in chosen[1:])

    @program
    def record(params_owner: Any, setting_owner: Any, seed: Any, repetitions: Any, stop: Any, out: Any) -> None:
        params = borrow(params_owner)
        setting = borrow(setting_owner)
        for row in range(out.shape[0]):
            rng = stream(seed, repetitions[row], LEARNER)
            env = stream(seed, repetitions[row], ENVIRONMENT)
            state_owner = init(params, rng)
            world_owner = start(setting, env)
            state = borrow(state_owner)
            world = borrow(world_owner)
            for t in range(out.shape[1]):
                if stop[0] == 0:
                    observation, action, world = decide(params, state, setting, world, t, rng, env)
                    write_seen(Passed(observation, None, None), out[row, t, :width])  # `respond` may overwrite it
                    feedback, world = respond(setting, world, t, action, env)
                    write(Passed(None, of_action(action), of_feedback(feedback)), out[row, t, width:])
                    state = update(params, state, t, action, feedback, rng)
            keep_alive(state_owner)
            keep_alive(world_owner)
        keep_alive(params_owner)
        keep_alive(setting_owner)

    return record


def _make_decide(act: Any, observe: Any, keep: bool) -> Any:
    """Return the kernel of the learner's decision that also returns the observation, or None."""
    of_observation = _keep if keep else _drop

    @kernel
    def blind(params: Any, state: Any, setting: Any, world: Any, t: int, rng: Any, env: Any) -> Any:
        return None, act(params, state, t, rng), world

    @kernel
    def observing(params: Any, state: Any, setting: Any, world: Any, t: int, rng: Any, env: Any) -> Any:
        observation, after = observe(setting, world, t, env)
        return of_observation(observation), act(params, state, observation, t, rng), after

    return blind if observe is None else observing
