"""Arguments are converted and copied for a user's own objects too; masked entries and aliases are refused or cut."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

from bandits.losses import LossTable
from bandits.preference import DuelingBandit
from bandits.protocol import Learner
from bandits.switching import Bandit
from bandits.threshold import EmpiricalPools
from theory.confidence import mean_interval


class Params(NamedTuple):
    """What the learner plays with."""

    epsilon: float


@dataclass(frozen=True)
class Mine(Learner):
    """A learner without any checks of its own."""

    epsilon: float = 0.5
    length: int | None = None
    weights: Any = ()
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def parameters(self, problem):
        """Return epsilon."""
        return Params(self.epsilon)


@pytest.mark.parametrize("half", [np.float16(0.5), np.float32(0.5), np.longdouble(0.5), Fraction(1, 2)])
def test_a_learner_of_ones_own_gets_python_numbers(half):
    learner = Mine(epsilon=half, length=np.uint8(200), weights=[np.int8(3), half])
    assert [type(x) for x in (learner.epsilon, learner.length, *learner.weights)] == [float, int, int, float]
    assert learner == Mine(0.5, 200, [3, 0.5])


def test_a_learner_of_ones_own_refuses_by_name():
    with pytest.raises(TypeError, match=r"length must be an integer, got 2\.5"):
        Mine(length=2.5)
    with pytest.raises(TypeError, match="epsilon must be a number, got True"):
        Mine(epsilon=True)


def test_no_array_is_the_callers():
    table = np.full((4, 2), 0.5)
    mine, game = Mine(weights=table), LossTable(table)
    table[:] = 1.0
    assert mine.weights.max() == game.table.max() == 0.5
    with pytest.raises(ValueError, match="read-only"):
        game.table[0, 0] = 0.0


HIDDEN = np.ma.array([[0.5, 0.5], [0.5, 0.5]], mask=[[0, 1], [1, 0]])
ROW = np.ma.array([0.0, 1.0], mask=[0, 1])


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: LossTable(HIDDEN), "losses"),
        (lambda: LossTable([ROW, ROW]), "losses"),
        (lambda: DuelingBandit(HIDDEN, 10), "preferences"),
        (lambda: EmpiricalPools(scores=ROW, good=[0, 1], group=[0, 1]), "scores"),
        (lambda: mean_interval(ROW, 0, 1, 0.05), "samples"),
        (lambda: Mine(epsilon=np.ma.masked), "epsilon"),
    ],
)
def test_masked_entries_are_refused(call, argument):
    with pytest.raises(ValueError, match=f"{argument} must not have masked entries"):
        call()


def test_an_array_without_masked_entries_is_taken():
    assert LossTable(np.ma.array([[0.5, 0.25]])).table.tolist() == [[0.5, 0.25]]


PRICES = np.array([0.25, 0.5])


class Empty(Mine):
    """A learner whose parameters come in other ways than as fields."""

    def __init__(self, epsilon: float = np.float32(0.5), *lengths: int, prices: Any = PRICES, **rates: float) -> None:
        self.__dict__.update(epsilon=epsilon, lengths=lengths, prices=prices, rates=rates)


class Made(Learner):
    """A learner that is made by `__new__`."""

    def __new__(cls, length: int):
        made = super().__new__(cls)
        made.length = length
        return made

    def parameters(self, problem):
        return Params(0.0)


@dataclass(frozen=True, slots=True)
class Slotted(Learner):
    """A learner without a dictionary of attributes, with defaults that are NumPy's."""

    length: int = np.int32(3)
    prices: Any = None

    def parameters(self, problem):
        return Params(0.0)


def test_numbers_of_fixed_width_are_converted_however_they_come():
    made = Empty(0.5, np.int32(7), np.uint64(8), rate=np.float32(0.25))
    assert (made.lengths, made.rates) == ((7, 8), {"rate": 0.25})
    numbers = [*made.lengths, *made.rates.values(), Empty().epsilon, Made(np.int32(7)).length, Slotted().length]
    assert {type(number) for number in numbers} == {int, float}


def test_default_arrays_and_arrays_in_slots_are_copies_and_read_only():
    for prices in (Empty().prices, Slotted(prices=PRICES).prices):
        assert not np.shares_memory(prices, PRICES)
        assert not prices.flags.writeable
