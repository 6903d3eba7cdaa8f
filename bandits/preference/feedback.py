"""What the players of a matrix game see of its preferences P: rows, noisy rows or comparisons.

| feedback      | self-play asks for                           | a Stackelberg round shows                             |
|---------------|----------------------------------------------|-------------------------------------------------------|
| `ExactRow`    | the row y -> P(y > p) of a policy p          | P, and all replies                                    |
| `NoisyRow`    | the mean of that row over k opponents from p | P, or means of k answers per entry; k replies per row |
| `Comparisons` | b answers to pairs from policies it chooses  | an unbiased table from b answers to uniform pairs     |

A feedback says how many numbers per round draws, and answers from them. The functions use the arrays' own namespace.
`draws` gives uniforms in [0, 1) at the addresses of one round: `draws.environment(first, *shape)` those numbered
first, first + 1, ... of the environment's stream, in the given shape, and `draws.learner(first, *shape)` the learner's.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from bandits.core.arguments import Checked
from bandits.core.checks import integer
from bandits.preference.measures import payoff


class Feedback(Checked):
    """Base of what players see. A subclass has those of the four answers that it can give."""

    kind: ClassVar[str]
    row: Any  # (skew, log_policy, query, draws) -> y -> P(y > p) - 1/2 (n,), or an estimate; skew: P - 1/2 (n, n)
    sample: Any  # (log_policy, side, draws) -> actions (B,) of side 0 or 1 of the round's pairs, drawn from the policy
    compare: Any  # (skew, left, right, draws) -> the answers (B,) to pairs, 1.0 where `left` is preferred
    table: Any  # (preferences, draws) -> P (n, n), or an unbiased estimate

    def queries(self, rows: int) -> int:
        """Return what a round that asks for `rows` rows counts as."""
        return rows

    def row_draws(self, n_actions: int) -> int:
        """Return how many numbers of one stream per query of a row draws."""
        return 0

    def table_draws(self, n_actions: int) -> int:
        """Return how many numbers of one stream a table draws."""
        return n_actions * self.row_draws(n_actions)

    def replies(self, n_actions: int, draws: Any) -> Any:
        """Return the uniforms (n, k) that draw k replies to each action, or None where all replies are seen."""
        return None


@dataclass(frozen=True)
class ExactRow(Feedback):
    """A query returns the exact row y -> P(y > p)."""

    kind: ClassVar[str] = "exact row"

    def row(self, skew: Any, log_policy: Any, query: int, draws: Any) -> Any:
        """Return the row."""
        return payoff(skew, log_policy.__array_namespace__().exp(log_policy))

    def table(self, preferences: Any, draws: Any) -> Any:
        """Return P itself."""
        return preferences


@dataclass(frozen=True)
class NoisyRow(Feedback):
    """A query draws `samples` opponents from p, 1 to 2^20, and returns the mean of their rows.

    With `bits` each entry of these rows is one Bernoulli answer instead of a probability.
    """

    samples: int
    bits: bool = False
    kind: ClassVar[str] = "noisy row"

    def __post_init__(self) -> None:
        integer("samples", self.samples, 1, 2**20)

    def row_draws(self, n_actions: int) -> int:
        """Return the opponents, and with `bits` one answer per action and opponent."""
        return self.samples * (1 + (n_actions if self.bits else 0))

    def row(self, skew: Any, log_policy: Any, query: int, draws: Any) -> Any:
        """Return the mean (n,) of the sampled opponents' rows."""
        xp, n_actions = log_policy.__array_namespace__(), len(log_policy)
        first = query * self.row_draws(n_actions)
        rows = skew[:, drawn(log_policy, draws.environment(first, self.samples))]
        if self.bits:
            answers = draws.environment(first + self.samples, n_actions, self.samples)
            rows = xp.where(answers - 0.5 < rows, 0.5, -0.5)
        return rows.mean(axis=1)

    def table(self, preferences: Any, draws: Any) -> Any:
        """Return P, or with `bits` the means of `samples` answers per entry."""
        if not self.bits:
            return preferences
        answers = draws.environment(0, *preferences.shape, self.samples)
        wins = preferences.__array_namespace__().where(answers < preferences[:, :, None], 1.0, 0.0)
        return wins.mean(axis=-1)  # of float64: a mean of booleans would be in single precision

    def replies(self, n_actions: int, draws: Any) -> Any:
        """Return uniforms for `samples` replies to each action."""
        return draws.learner(0, n_actions, self.samples)


@dataclass(frozen=True)
class Comparisons(Feedback):
    """Every round shows `batch` pairs, 1 to 2^20, each judged by one Bernoulli(P[left, right]) answer."""

    batch: int
    kind: ClassVar[str] = "comparisons"

    def __post_init__(self) -> None:
        integer("batch", self.batch, 1, 2**20)

    def queries(self, rows: int) -> int:
        """Return the pairs."""
        return self.batch

    def row_draws(self, n_actions: int) -> int:
        """Return both sides' actions."""
        return 2 * self.batch

    def table_draws(self, n_actions: int) -> int:
        """Return one number per pair."""
        return self.batch

    def sample(self, log_policy: Any, side: int, draws: Any) -> Any:
        """Return the actions of one side."""
        return drawn(log_policy, draws.learner(side * self.batch, self.batch))

    def compare(self, skew: Any, left: Any, right: Any, draws: Any) -> Any:
        """Return the answers."""
        wins = draws.environment(0, len(left)) - 0.5 < skew[left, right]
        return skew.__array_namespace__().where(wins, 1.0, 0.0)

    def table(self, preferences: Any, draws: Any) -> Any:
        """Return the unbiased table from `batch` uniform pairs: an answer counts n (n - 1) / 2 times. JAX only."""
        xp, n = preferences.__array_namespace__(), preferences.shape[-1]
        first, second = np.triu_indices(n, 1)
        pair = (draws.learner(0, self.batch) * len(first)).astype(xp.int64)
        i, j = xp.asarray(first)[pair], xp.asarray(second)[pair]
        wins = xp.where(draws.environment(0, self.batch) < preferences[i, j], 0.5, -0.5)
        upper = xp.zeros((n, n)).at[i, j].add(wins * (len(first) / self.batch))
        return 0.5 + upper - upper.T


def drawn(log_policy: Any, u: Any) -> Any:
    """Return the actions at quantiles u: the first whose cumulative probability exceeds u times the sum."""
    xp = log_policy.__array_namespace__()
    weight = xp.exp(log_policy)
    cumulative = xp.cumsum(weight)
    last = len(log_policy) - 1 - xp.argmax((weight > 0.0)[::-1])  # rounding must not reach an action of weight 0
    return xp.minimum(xp.searchsorted(cumulative, u * cumulative[-1], side="right"), last)
