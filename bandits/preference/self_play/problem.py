"""Two players choose between n actions; a preference matrix says who wins; a reference policy may tie them.

The game: P[i, j] is the probability that action i is preferred to j. With `regularization` tau > 0 each player
pays tau KL(policy || reference), and the symmetric equilibrium p* is unique; with tau = 0 the equilibria are
the von Neumann winners. Learners play against themselves from the reference on, and see

| feedback            | what a learner may ask for in a round                                                       |
|---------------------|---------------------------------------------------------------------------------------------|
| `ExactRow()`        | the row y -> P(y > p) of a policy p                                                         |
| `NoisyRow(k)`       | the mean of that row over k opponents drawn from p; with `bits`, of Bernoulli answers       |
| `Comparisons(b)`    | b pairs of actions, drawn from policies of its choice, one Bernoulli answer each            |

A round is one update of the learner's policy; `queries` counts the rows (or the comparisons) that it cost.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import Checked
from bandits.core.checks import instance, integer, real
from bandits.preference.equilibria import regularized_nash
from bandits.preference.games import distribution, preference_matrix, skew
from bandits.preference.measures import kl
from bandits.protocol import Problem, ProblemSteps

_METRICS = ("queries", "gap0", "average_gap0")
_REGULARIZED_METRICS = ("gap_tau", "kl", "span", "average_gap_tau", "average_kl")


@dataclass(frozen=True)
class ExactRow(Checked):
    """A query returns the exact row y -> P(y > p)."""

    kind: ClassVar[str] = "exact row"


@dataclass(frozen=True)
class NoisyRow(Checked):
    """A query draws `samples` >= 1 opponents from p and returns the mean of their rows.

    With `bits` each entry of these rows is one Bernoulli answer instead of a probability.
    """

    samples: int
    bits: bool = False
    kind: ClassVar[str] = "noisy row"

    def __post_init__(self) -> None:
        integer("samples", self.samples, 1, 2**20)


@dataclass(frozen=True)
class Comparisons(Checked):
    """Every round shows `batch` >= 1 pairs, each judged by one Bernoulli(P[left, right]) answer."""

    batch: int
    kind: ClassVar[str] = "comparisons"

    def __post_init__(self) -> None:
        integer("batch", self.batch, 1, 2**20)


Feedback = ExactRow | NoisyRow | Comparisons


@dataclass(frozen=True, eq=False)
class PreferenceGame(Problem):
    """Self-play for `horizon` >= 1 rounds in one preference game, in many, or over contexts.

    preferences: (n, n), or (G, n, n): without `contexts` repetition r plays game r mod G.
    contexts: (G,) probabilities of contexts; then each repetition plays all G games, one a context, and the
    metrics are means over contexts (span: the largest).
    regularization: tau >= 0.  reference: mu (n,) or (G, n), positive; uniform by default. Play starts there.

    Metrics: queries, gap0 and average_gap0; with tau > 0 also gap_tau, kl = KL(p* || p), span of
    log p - log p*, average_gap_tau, average_kl. Those named average_ are of the mean of the policies played so
    far; the others are of the policy that comes next.
    Raises ValueError or TypeError naming the argument.
    """

    preferences: ArrayLike
    horizon: int
    regularization: float = 0.0
    reference: ArrayLike | None = None
    feedback: Feedback = field(default_factory=ExactRow)
    contexts: ArrayLike | None = None

    def __post_init__(self) -> None:
        matrix = preference_matrix("preferences", self.preferences)
        if matrix.ndim > 3:
            raise ValueError(f"preferences must be (n, n) or (G, n, n), got shape {matrix.shape}")
        integer("horizon", self.horizon, low=1)
        real("regularization", self.regularization, 0.0, divides=True)
        instance("feedback", self.feedback, get_args(Feedback), "ExactRow(), NoisyRow(samples) or Comparisons(batch)")
        object.__setattr__(self, "preferences", matrix)
        if self.reference is not None:
            object.__setattr__(self, "reference", self._checked_reference(matrix))
        if self.contexts is not None:
            object.__setattr__(self, "contexts", self._checked_contexts(matrix))

    def _checked_reference(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        mu = distribution("reference", self.reference, interior=True)  # type: ignore[arg-type]
        if mu.shape not in (matrix.shape[-1:], matrix.shape[:-1]):
            raise ValueError(f"reference must be (n,) or (G, n) like preferences {matrix.shape}, got shape {mu.shape}")
        return mu

    def _checked_contexts(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        weights = distribution("contexts", self.contexts)  # type: ignore[arg-type]
        if matrix.ndim != 3 or weights.shape != matrix.shape[:1]:
            raise ValueError(f"contexts must be one probability a game (G,), got shape {weights.shape}")
        return weights

    @property
    def n_actions(self) -> int:
        """Number of actions n."""
        return int(np.shape(self.preferences)[-1])

    @property
    def n_games(self) -> int:
        """Number of games G."""
        return len(self.skew)

    @cached_property
    def skew(self) -> NDArray[np.float64]:
        """S = P - 1/2 of every game, (G, n, n), exactly antisymmetric."""
        return skew(self.preferences).reshape(-1, self.n_actions, self.n_actions)

    @cached_property
    def log_reference(self) -> NDArray[np.float64]:
        """Log mu of every game, (G, n)."""
        n = self.n_actions
        mu = np.full(n, 1.0 / n) if self.reference is None else np.asarray(self.reference)
        return np.array(np.broadcast_to(np.log(mu), (self.n_games, n)))

    @cached_property
    def log_equilibrium(self) -> NDArray[np.float64]:
        """Log p* of every game, (G, n); the regularised equilibrium, tau > 0."""
        if self.regularization == 0.0:
            raise ValueError("regularization must be in (0, inf) for the equilibrium to be unique, got 0")
        return regularized_nash(0.5 + self.skew, self.regularization, np.exp(self.log_reference))

    @property
    def initial_kl(self) -> float:
        """Largest KL(p* || mu) over the games, tau > 0: the divergence that the rates start from."""
        return float(kl(self.log_equilibrium, self.log_reference).max())

    @property
    def reference_range(self) -> float:
        """D = log(1 / min mu), the largest KL(u || mu) of any policy u."""
        return float(-self.log_reference.min())

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured numbers."""
        return _METRICS + _REGULARIZED_METRICS if self.regularization > 0.0 else _METRICS

    @property
    def steps(self) -> ProblemSteps:
        """Functions that refuse: learners of this game play all repetitions at once (`SelfPlay.play`)."""
        return ProblemSteps(_no_loop, _no_loop, _no_loop)

    def setting(self) -> Any:
        """Return nothing: see `steps`."""
        return None


def _no_loop(*_: Any) -> Any:
    raise TypeError("PreferenceGame has no compiled loop: its learners are those of bandits.preference")
