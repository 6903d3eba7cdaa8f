"""Assumptions of theorems in terms of any family: on the feedback, the numbers of the problem, and the learner's.

A family adds its own with `problem_has`, `learner_has`, `parameters_have` and `play_has`. A test that asks for an
attribute which a problem or learner of another family lacks, or has in another form, fails: the theorem is not about
it.
"""

from collections.abc import Callable
from typing import Any

import sympy as sp

from bandits.protocol import known
from theory.bound import Assumption, K

_ROUNDING = 1e-12  # of products such as 4 lambda tau at the weight that makes them 1


def declared(thing: Any, hook: str, package: str = "bandits") -> Any:
    """Return the hook of an object of the package; the base's, which declares nothing, where it plays otherwise."""
    return known(thing, hook, package)


def problem_has(text: str, test: Callable[[Any], bool]) -> Assumption:
    """Assume that the problem passes `test(problem)`."""
    return play_has(text, lambda problem, learner: test(problem))


def learner_has(text: str, test: Callable[[Any], bool]) -> Assumption:
    """Assume that the learner passes `test(learner)`."""
    return play_has(text, lambda problem, learner: test(learner))


def parameters_have(text: str, test: Callable[[Any, Any], bool]) -> Assumption:
    """Assume that the problem and the parameters of its learner pass `test(problem, parameters)`."""
    return play_has(text, lambda problem, learner: test(problem, learner.parameters(problem)))


def play_has(text: str, test: Callable[[Any, Any], bool]) -> Assumption:
    """Assume that problem and learner pass `test(problem, learner)`; they fail where it asks for what they lack."""

    def holds(problem: Any, learner: Any) -> bool:
        try:
            return bool(test(problem, learner))
        except (AttributeError, IndexError, TypeError):
            return False

    return Assumption(text, holds)


def at_least_one(text: str, number: Callable[[Any, Any], float]) -> Assumption:
    """Assume number(problem, parameters) >= 1, up to rounding."""
    return parameters_have(text, lambda problem, parameters: number(problem, parameters) >= 1.0 - _ROUNDING)


def feedback_is(*kinds: str, looks: tuple[str, ...] = ()) -> Assumption:
    """Assume feedback of one of these kinds, and for bought observations one of these `looks`."""
    text = f"feedback is {' or '.join(kinds)}" + (f" with looks {' or '.join(looks)}" if looks else "")

    def holds(problem: Any) -> bool:
        feedback = problem.feedback
        return feedback.kind in kinds and (not looks or getattr(feedback, "looks", looks[0]) in looks)

    return problem_has(text, holds)


def losses_are(family: str, text: str, test: Callable[[Any], bool] = lambda losses: True) -> Assumption:
    """Assume losses of a family (`LossProcess.family`) that pass `test(losses)`.

    The name counts for the package's own processes only: for your own process pass the text to `verify(assume=...)`.
    """
    return problem_has(f"losses are {text}", lambda p: declared(p.losses, "family") == family and test(p.losses))


UNIT_LOSSES = problem_has("losses in [0, 1]", lambda problem: problem.losses.bounded)
AT_LEAST_TWO = problem_has("at least two actions", lambda problem: problem.n_actions >= 2).where(sp.Ge(K, 2))
REGULARIZED = problem_has("regularization is positive", lambda problem: problem.regularization > 0.0)
