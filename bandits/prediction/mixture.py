"""Prediction of a sequence under log loss: the learner posts a law over A symbols, then the symbol is shown.

In round t each of M experts posts a law P_t(i, .), which the learner sees; it posts q_t, sees x_t, loses -ln q_t(x_t).
Regret is against the best expert, and against the best constant law, whose loss is n times the empirical entropy.
The experts' laws are constant or depend on the last r symbols; before round 0 come symbols 0.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.core.actions import InvalidAction, Part, returns
from bandits.core.arguments import Checked, Numbers
from bandits.core.checks import array, as_array, integer, integers
from bandits.core.exponential_weights import pick
from bandits.core.jit import kernel, rare_kernel
from bandits.core.rng import Stream, uniform
from bandits.core.summation import Sum, close_block, empty_sum, plus, value
from bandits.protocol import ProblemSteps, RoundProblem, draws_nothing


@dataclass(frozen=True)
class Symbols(Checked):
    """The experts' laws (M, A) before the action, the symbol after it, an integer."""

    kind: ClassVar[str] = "symbols"


class SequenceSetting(NamedTuple):
    """What the compiled functions receive; the contexts are the last symbols, the newest counting least."""

    laws: Any  # (C, M, A) float64
    truth: Any  # (C', A) float64, of drawn symbols
    symbols: Any  # (T,) int64; empty where they are drawn


class SequenceWorld(NamedTuple):
    """The last symbols, the sums of the losses, and counts of symbols."""

    context: int
    loss: Sum
    whole: Any  # (M,) float64, losses of the experts in whole blocks of 4096 rounds
    part: Any  # (M,) float64, in the present block
    counts: Any  # (A,) int64


class Metrics(NamedTuple):
    """Metrics after a number of rounds."""

    loss: float
    best_loss: float
    regret: float
    constant_loss: float
    constant_regret: float


_check_action = returns(None, Part("the law", "number", 1))


@kernel
def _init(setting: SequenceSetting, env: Stream) -> SequenceWorld:
    _, m, a = setting.laws.shape
    return SequenceWorld(0, empty_sum(), np.zeros(m), np.zeros(m), np.zeros(a, np.int64))


@kernel
def _observe(setting: SequenceSetting, world: SequenceWorld, t: int, env: Stream) -> Any:
    return setting.laws[world.context % setting.laws.shape[0]], world


@kernel
def _check_law(law: Any, n_symbols: int, t: int) -> None:
    if law.size != n_symbols:
        raise InvalidAction("the law must have {} entries, got {}", t, n_symbols, law.size)
    total, fine = -1.0, True
    for p in law:
        total += p
        fine &= p >= 0.0
    if not (fine and abs(total) <= 1e-9):
        raise InvalidAction("the law must be probabilities that sum to 1, got a sum of {}", t, total + 1.0)


@kernel
def _respond(setting: SequenceSetting, world: SequenceWorld, t: int, action: Any, env: Stream) -> Any:
    _check_action(action)
    n_symbols = world.counts.size
    _check_law(action, n_symbols, t)
    if setting.symbols.size > 0:
        x = setting.symbols[t]
    else:
        x = pick(setting.truth[world.context % setting.truth.shape[0]], 1.0, uniform(env, t, 0))
    laws = setting.laws[world.context % setting.laws.shape[0]]
    for i in range(world.part.size):
        world.part[i] -= np.log(laws[i, x]) if laws[i, x] > 0.0 else -np.inf
    close_block(world.whole, world.part, t)
    world.counts[x] += 1
    most = max(setting.laws.shape[0], setting.truth.shape[0])
    loss = plus(world.loss, -np.log(action[x]) if action[x] > 0.0 else np.inf, t)
    return x, SequenceWorld((world.context * n_symbols + x) % most, loss, world.whole, world.part, world.counts)


@rare_kernel
def _measure(setting: SequenceSetting, world: SequenceWorld, n_rounds: int) -> Metrics:
    best, constant, loss = np.inf, 0.0, value(world.loss)
    for i in range(world.part.size):
        best = min(best, world.whole[i] + world.part[i])
    for n in world.counts:
        if n > 0:
            constant -= n * np.log(n / n_rounds)
    regret = loss - best if loss < np.inf else np.inf if best < np.inf else 0.0
    return Metrics(loss, best, regret, constant, loss - constant)


@dataclass(frozen=True, eq=False)
class SequencePrediction(RoundProblem):
    """`horizon` symbols (1 to 2^56) in 0, ..., A - 1.

    experts: (M, A), constant laws, or (A^r, M, A), laws after each r symbols, read as a number in base A.  source: (N,)
    integers, the symbols themselves, N >= horizon; (1, A), the law they are drawn from, or (A^r, A), those after each r
    symbols. Raises ValueError for laws that do not sum to 1 and for symbols outside 0, ..., A - 1.

    A learner posts a law (A,), float64. Metrics in nats: loss; best_loss and regret, of the best expert;
    constant_loss and constant_regret, of the best constant law. A symbol of probability 0 costs infinity; regret is 0
    where learner and best expert both lose infinitely much.
    """

    experts: Numbers
    source: Numbers
    horizon: int
    feedback: ClassVar[Symbols] = Symbols()
    steps: ClassVar[ProblemSteps] = ProblemSteps(_init, _respond, _measure, _observe)
    metrics: ClassVar[tuple[str, ...]] = Metrics._fields

    def __post_init__(self) -> None:
        integer("horizon", self.horizon, low=1)
        experts = as_array("experts", self.experts)
        if experts.ndim not in (2, 3) or experts.size == 0:
            raise ValueError(f"experts must be (M, A) or (A^r, M, A), got shape {experts.shape}")
        experts = as_laws("experts", experts.reshape(-1, *experts.shape[-2:]), 3)
        object.__setattr__(self, "experts", experts)
        _check_contexts("experts", len(experts), self.n_symbols)
        object.__setattr__(self, "source", self._source(as_array("source", self.source)))

    def _source(self, given: NDArray[Any]) -> NDArray[Any]:
        a = self.n_symbols
        if given.ndim == 2:
            laws = as_laws("source", given, 2)
            _check_contexts("source", len(laws), a)
            if laws.shape[1] != a:
                raise ValueError(f"source must have laws of {a} symbols as experts, got {laws.shape[1]}")
            return laws
        symbols = np.array(integers("source", given, 0, a - 1), np.int64)
        if symbols.size < self.horizon:
            raise ValueError(f"source must reach the horizon = {self.horizon}, got {symbols.size} symbols")
        return symbols[: self.horizon]

    @property
    def n_experts(self) -> int:
        """Number of experts M."""
        return int(self.experts.shape[1])

    @property
    def n_symbols(self) -> int:
        """Number of symbols A."""
        return int(self.experts.shape[2])

    @cached_property
    def _setting(self) -> SequenceSetting:
        drawn = self.source.ndim == 2
        truth = self.source if drawn else np.full((1, self.n_symbols), 1.0 / self.n_symbols)
        return SequenceSetting(self.experts, truth, np.zeros(0, np.int64) if drawn else self.source)

    def setting(self) -> SequenceSetting:
        """Return what the compiled functions receive."""
        return self._setting

    def plays(self, learner: Any) -> int | None:
        """Return 1 where the symbols are given and the learner draws nothing."""
        return 1 if self.source.ndim == 1 and draws_nothing(learner) else None


def as_laws(name: str, given: Any, ndim: int) -> NDArray[np.float64]:
    """Return probabilities whose last axis sums to 1; ValueError for others."""
    laws = array(name, given, ndim, 0.0, 1.0)
    totals = np.atleast_1d(laws.sum(axis=-1))
    worst = totals.flat[abs(totals - 1.0).argmax()]
    if abs(worst - 1.0) > 1e-9:
        raise ValueError(f"{name} must be laws that sum to 1, got a sum of {worst:.12g}")
    return np.asarray(laws / laws.sum(axis=-1, keepdims=True))


def _check_contexts(name: str, contexts: int, n_symbols: int) -> None:
    size = 1
    while size < contexts and n_symbols > 1:
        size *= n_symbols
    if size != contexts:
        raise ValueError(f"{name} must have 1, A, A^2, ... contexts for A = {n_symbols} symbols, got {contexts}")
