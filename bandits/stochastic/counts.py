"""What stochastic learners count: plays and losses of every action; and their base class."""

from typing import Any, ClassVar, NamedTuple

from bandits.core.jit import kernel
from bandits.core.lanes import in_lanes, own_array
from bandits.core.rng import Stream
from bandits.protocol import Learner
from bandits.switching.feedback import Bandit


class Counts(NamedTuple):
    """Plays and losses of K actions, and what a learner derives from them."""

    plays: Any  # (K,) float64
    total: Any  # (K,) float64, losses
    mean: Any  # (K,) float64, total / plays; 0 before the first play
    derived: Any  # (K,) float64, of the learner's own


@in_lanes()
@kernel
def no_counts(params: Any, rng: Stream) -> Counts:
    """Return the state before the first round; for `init`."""
    n = params.n_actions
    return Counts(own_array(n, 0.0, rng), own_array(n, 0.0, rng), own_array(n, 0.0, rng), own_array(n, 0.0, rng))


@kernel
def count(counts: Counts, arm: int, loss: float) -> float:
    """Add a play of `arm` and its loss, in place; return its number of plays."""
    plays = counts.plays[arm] + 1.0
    total = counts.total[arm] + loss
    counts.plays[arm] = plays
    counts.total[arm] = total
    counts.mean[arm] = total / plays
    return plays


@in_lanes()
@kernel
def count_loss(params: Any, state: Counts, t: int, arm: int, loss: float, rng: Stream) -> Counts:
    """Return the counts after a round; for `update`."""
    count(state, arm, loss)
    return state


@kernel
def least_mean(counts: Counts) -> int:
    """Return the action of least mean loss, the first one of several."""
    best = 0
    for i in range(1, counts.mean.size):
        if counts.mean[i] < counts.mean[best]:
            best = i
    return best


class BanditLearner(Learner):
    """Base of the family's learners: bandit feedback, and where `unit_losses` is set losses in [0, 1] only."""

    accepts: ClassVar[tuple[type, ...]] = (Bandit,)
    unit_losses: ClassVar[bool] = False

    def check(self, problem: Any) -> None:
        """Raise TypeError for unsupported feedback, ValueError for losses that need not lie in [0, 1] but must."""
        super().check(problem)
        losses = getattr(problem, "losses", None)
        if self.unit_losses and losses is not None and not losses.bounded:
            kind = type(losses).__name__
            raise ValueError(f"{self.name} needs losses in [0, 1]: those of {kind} are not declared `bounded`")
