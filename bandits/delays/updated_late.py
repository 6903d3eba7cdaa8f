"""One learner that is updated when feedback arrives, instead of one copy for each outstanding round.

That is right for learners whose update uses nothing of the round in which they acted but the action and the feedback,
as least squares does (`Learner.updates_late`): after a delay of d their state is that of d rounds ago. UCB
then loses a term of order d for each action (Joulani, Gyorgy & Szepesvari, "Online Learning under Delayed Feedback",
ICML 2013), where d + 1 copies lose a factor of up to sqrt(d + 1). For inverse gap weighting and LinUCB the bounds of
`theory.contextual.bounds.late` have that factor, too.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from bandits.core.checks import instance
from bandits.core.jit import kernel
from bandits.core.rng import Stream
from bandits.core.shelf import shelf_for
from bandits.delays.exponential_weights import OfOneLearner
from bandits.delays.problem import Arrivals, Delayed
from bandits.protocol import Learner, LearnerSteps


@cache
def _steps(steps: LearnerSteps, feedback_at: Any) -> LearnerSteps:
    update_timely = steps.update

    @kernel
    def update(params: Any, state: Any, t: int, action: Any, arrivals: Arrivals, rng: Stream) -> Any:
        for j in range(arrivals.n):
            seen = feedback_at(arrivals.feedback, j)
            state = update_timely(params, state, arrivals.rounds[j], arrivals.actions[j], seen, rng)
        return state

    return LearnerSteps(steps.init, steps.act, update)


@dataclass(frozen=True)
class UpdatedLate(OfOneLearner):
    """`learner`, updated with the feedback of each round when it arrives; TypeError unless it `updates_late`."""

    learner: Learner

    def __post_init__(self) -> None:
        instance("learner", self.learner, Learner, "a learner such as LinUCB()")
        if not self.learner.updates_late:
            raise TypeError(f"learner must be one that can be updated late, such as LinUCB(), got {self.learner.name}")

    @property
    def name(self) -> str:
        """The inner learner's name."""
        return f"{self.learner.name}, updated late"

    def steps_for(self, problem: Delayed) -> LearnerSteps:
        """Return the inner learner's steps, updated with what arrives."""
        return _steps(self.learner.steps_for(problem.problem), shelf_for(problem.example()).get)

    def parameters(self, problem: Delayed) -> Any:
        """Return the inner learner's parameters for the problem without delays."""
        return self.learner.parameters(problem.problem)
