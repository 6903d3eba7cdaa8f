"""Assumptions of the self-play theorems on the game and the learner."""

from theory.assumptions import feedback_is, learner_has, parameters_have, play_has, problem_has
from theory.bound import ETA, Assumption

EXACT, NOISY = feedback_is("exact row"), feedback_is("noisy row")
UNREGULARIZED = problem_has("regularization is 0", lambda p: p.regularization == 0.0)
ENTROPIC = problem_has("the regularizer is the relative entropy", lambda p: "divergence" not in p.metrics)
OTHER = play_has(
    "the regularizer is the learner's, not the relative entropy",
    lambda p, learner: p.regularizer == learner.regularizer and "divergence" in p.metrics,
)
SCHEDULE = learner_has("the step follows the schedule", lambda learner: learner.learning_rate is None)
SMALL_STEP = learner_has("step at most 1", lambda learner: learner.learning_rate <= 1.0).where(ETA <= 1)
WHOLE_STEPS = play_has(
    "the horizon is a multiple of the inner rounds", lambda p, learner: p.horizon % learner.inner_rounds == 0
)


def declares(name: str, text: str) -> Assumption:
    """Assume that the learner's parameters have this field."""
    return parameters_have(f"the learner declares {text}", lambda p, params: hasattr(params, name))
