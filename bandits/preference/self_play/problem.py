"""Two players choose between n actions; a preference matrix says who wins; a reference policy may tie them.

The game: P[i, j] is the probability that action i is preferred to j. With `regularization` tau > 0 each player
pays tau KL(policy || reference), or tau times the divergence of another `regularizer`, and the symmetric equilibrium
p* is unique; with tau = 0 the equilibria are the von Neumann winners. Learners play against themselves from the
reference on, and see

| feedback            | what a learner may ask for in a round                                                       |
|---------------------|---------------------------------------------------------------------------------------------|
| `ExactRow()`        | the row y -> P(y > p) of a policy p                                                         |
| `NoisyRow(k)`       | the mean of that row over k opponents drawn from p; with `bits`, of Bernoulli answers       |
| `Comparisons(b)`    | b pairs of actions, drawn from policies of its choice, one Bernoulli answer each            |

A round is one update of the learner's policy; `queries` counts the rows (or the comparisons) that it cost.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import read_only
from bandits.core.checks import instance, integer, real
from bandits.preference.equilibria import log_regularized_nash
from bandits.preference.feedback import Comparisons as Comparisons
from bandits.preference.feedback import ExactRow as ExactRow
from bandits.preference.feedback import Feedback as Feedback
from bandits.preference.feedback import NoisyRow as NoisyRow
from bandits.preference.games import distribution, preference_matrix, reference_policy, skew
from bandits.preference.measures import gap0, gap_tau, kl, span
from bandits.preference.regularizers import ENTROPY, Entropy, Regularizer, checked_regularizer
from bandits.protocol import GameRules, MatrixGame


class Metrics(NamedTuple):
    """What is measured, see `PreferenceGame`; the last five are None where tau = 0."""

    queries: Any
    gap0: Any
    average_gap0: Any
    gap_tau: Any = None
    kl: Any = None
    span: Any = None
    average_gap_tau: Any = None
    average_kl: Any = None


class DivergenceMetrics(NamedTuple):
    """What is measured where the regulariser is not the relative entropy, see `PreferenceGame`."""

    queries: Any
    gap0: Any
    average_gap0: Any
    gap_tau: Any
    divergence: Any
    span: Any
    average_gap_tau: Any
    average_divergence: Any


class GameArrays(NamedTuple):
    """The numbers of one game."""

    skew: Any  # (n, n)
    log_reference: Any  # (n,)
    log_equilibrium: Any  # (n,), the reference where tau = 0
    regularization: Any


@dataclass(frozen=True)
class Ask:
    """The feedback of one round: what `SelfPlay.step` may call."""

    feedback: Feedback
    skew: Any  # (n, n)
    draws: Any = None

    def row(self, log_policy: Any, query: int = 0) -> Any:
        """Return y -> P(y > p) - 1/2 (n,), or its estimate; query: 0, 1, ... is the number of the row in its round."""
        return self.feedback.row(self.skew, log_policy, query, self.draws)

    def sample(self, log_policy: Any, side: int) -> Any:
        """Return the actions (B,) of one side of the round's pairs, drawn from the policy; side: 0 or 1."""
        return self.feedback.sample(log_policy, side, self.draws)

    def compare(self, left: Any, right: Any) -> Any:
        """Return the answers (B,) to the pairs, 1.0 where `left` is preferred."""
        return self.feedback.compare(self.skew, left, right, self.draws)


@dataclass(frozen=True)
class PreferenceRules(GameRules):
    """A learner against itself; the policies played are added up."""

    feedback: Feedback
    rows: int  # that a round asks for
    n_actions: int
    regularized: bool
    regularizer: Regularizer = ENTROPY

    @property
    def draws(self) -> int:
        """How many numbers of one stream per round draws."""
        return self.rows * self.feedback.row_draws(self.n_actions)

    def view(self, game: GameArrays) -> Any:
        """Return log mu (n,)."""
        return game.log_reference

    def ask(self, game: GameArrays, draws: Any) -> Ask:
        """Return the feedback of one round."""
        return Ask(self.feedback, game.skew, draws)

    def nothing(self, game: GameArrays) -> Any:
        """Return (n,) zeros: no policy was played."""
        return game.log_reference.__array_namespace__().zeros_like(game.log_reference)

    def add(self, game: GameArrays, total: Any, policy: Any) -> Any:
        """Return the sum (n,) of the policies played."""
        return total + policy.__array_namespace__().exp(policy)

    def measure(self, game: GameArrays, policy: Any, total: Any, n_rounds: Any) -> Metrics | DivergenceMetrics:
        """Return the metrics of the coming policy and of the mean of the policies played."""
        (matrix, mu, star, tau), psi = game, self.regularizer
        xp = policy.__array_namespace__()
        average = total / n_rounds
        queries = n_rounds * float(self.feedback.queries(self.rows))
        metrics = Metrics(queries, gap0(matrix, xp.exp(policy)), gap0(matrix, average))
        if not self.regularized:
            return metrics
        log_average = xp.log(average)
        last = gap_tau(matrix, policy, mu, tau, psi), psi.bregman(star, policy), span(psi.dual(policy), psi.dual(star))
        mean = gap_tau(matrix, log_average, mu, tau, psi), psi.bregman(star, log_average)
        return _metrics(psi)(*metrics[:3], *last, *mean)

    def laws(self, policy: Any, total: Any, n_rounds: Any) -> tuple[Any, ...]:
        """Return the coming policy and the mean of the policies played, (n,) each."""
        return policy.__array_namespace__().exp(policy), total / n_rounds


def _metrics(regularizer: Regularizer) -> type[Metrics] | type[DivergenceMetrics]:
    return Metrics if regularizer == ENTROPY else DivergenceMetrics


@dataclass(frozen=True, eq=False)
class PreferenceGame(MatrixGame):
    """Self-play for `horizon` >= 1 rounds in one preference game, in many, or over contexts.

    preferences: (n, n), or (G, n, n): without `contexts` repetition r plays game r mod G.
    contexts: (G,) probabilities of contexts; then each repetition plays all G games, one per context, and the
    metrics are means over contexts (span: the largest).
    regularization: tau >= 0, the weight of the divergence from the reference.
    reference: mu (n,) or (G, n), positive; uniform by default. Play starts there.
    regularizer: psi, whose Bregman divergence D each player pays tau times; KL by default, that of the entropy.

    Metrics: queries, gap0 and average_gap0; with tau > 0 also gap_tau, kl = KL(p* || p), span of
    log p - log p*, average_gap_tau, average_kl. Those named average_ are of the mean of the policies played so
    far; the others are of the policy that comes next. With another regulariser they are of its divergence:
    divergence = D(p*, p) and average_divergence in the place of kl and average_kl, span of grad psi(p) - grad psi(p*).
    Raises ValueError or TypeError naming the argument.
    """

    preferences: ArrayLike
    horizon: int
    regularization: float = 0.0
    reference: ArrayLike | None = None
    feedback: Feedback = field(default_factory=ExactRow)
    contexts: ArrayLike | None = None
    regularizer: Regularizer = field(default_factory=Entropy)

    def __post_init__(self) -> None:
        matrix = preference_matrix("preferences", self.preferences)
        if matrix.ndim > 3:
            raise ValueError(f"preferences must be (n, n) or (G, n, n), got shape {matrix.shape}")
        integer("horizon", self.horizon, low=1)
        real("regularization", self.regularization, 0.0, divides=True)
        instance("feedback", self.feedback, Feedback, "ExactRow(), NoisyRow(samples) or Comparisons(batch)")
        checked_regularizer(self.regularizer)
        object.__setattr__(self, "preferences", matrix)
        if self.reference is not None:
            object.__setattr__(self, "reference", reference_policy(self.reference, matrix))
        if self.contexts is not None:
            object.__setattr__(self, "contexts", self._checked_contexts(matrix))

    def _checked_contexts(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        weights = distribution("contexts", self.contexts)  # type: ignore[arg-type]
        if matrix.ndim != 3 or weights.shape != matrix.shape[:1]:
            raise ValueError(f"contexts must be one probability per game (G,), got shape {weights.shape}")
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
    @read_only
    def skew(self) -> NDArray[np.float64]:
        """S = P - 1/2 of every game, (G, n, n), exactly antisymmetric."""
        return skew(self.preferences).reshape(-1, self.n_actions, self.n_actions)

    @cached_property
    @read_only
    def log_reference(self) -> NDArray[np.float64]:
        """Log mu of every game, (G, n)."""
        n = self.n_actions
        mu = np.full(n, 1.0 / n) if self.reference is None else np.asarray(self.reference)
        return np.array(np.broadcast_to(np.log(mu), (self.n_games, n)))

    @cached_property
    @read_only
    def log_equilibrium(self) -> NDArray[np.float64]:
        """Log p* of every game, (G, n); the regularised equilibrium, tau > 0."""
        if self.regularization == 0.0:
            raise ValueError("regularization must be in (0, inf) for the equilibrium to be unique, got 0")
        matrices, mu = 0.5 + self.skew, np.exp(self.log_reference)
        return log_regularized_nash(matrices, self.regularization, mu, self.regularizer)

    @property
    def initial_divergence(self) -> float:
        """Largest D(p*, mu) over the games, tau > 0: the divergence that the rates start from."""
        return float(self.regularizer.bregman(self.log_equilibrium, self.log_reference).max())

    @property
    def initial_kl(self) -> float:
        """Largest KL(p* || mu) over the games, tau > 0."""
        return float(kl(self.log_equilibrium, self.log_reference).max())

    @property
    def reference_range(self) -> float:
        """D = log(1 / min mu), the largest KL(u || mu) of any policy u."""
        return float(-self.log_reference.min())

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of the measured numbers."""
        return _metrics(self.regularizer)._fields if self.regularization > 0.0 else Metrics._fields[:3]

    @property
    def games_at_once(self) -> int:
        """Number of games that a repetition plays side by side: G with contexts, else 1."""
        return 1 if self.contexts is None else self.n_games

    def rules(self, learner: Any) -> PreferenceRules:
        """Return the rules by which the learner plays against itself."""
        regularized = self.regularization > 0.0
        regularizer = self.regularizer if regularized else ENTROPY
        return PreferenceRules(self.feedback, learner.queries, self.n_actions, regularized, regularizer)

    def arrays(self) -> GameArrays:
        """Return the numbers of all games; those of a single one share its matrix."""
        star = self.log_equilibrium if self.regularization > 0.0 else self.log_reference
        matrices = self.skew[0] if self.n_games == 1 else self.skew
        return GameArrays(matrices, self.log_reference, star, float(self.regularization))

    def axes(self) -> GameArrays:
        """Return which arrays have a first axis G: a single game's matrix has none, and is not copied for each play."""
        return GameArrays(None if self.n_games == 1 else 0, 0, 0, None)

    def joined(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return the metrics (R, C, M) of repetitions from those (R, G, C, M) of their contexts."""
        if self.contexts is None:
            return values[:, 0]
        mixed = np.einsum("g,rgcm->rcm", np.asarray(self.contexts), values)
        for metric, join in (("queries", np.sum), ("span", np.max)):
            if metric in self.metrics:
                which = self.metrics.index(metric)
                mixed[..., which] = join(values[..., which], axis=1)
        return np.asarray(mixed)
