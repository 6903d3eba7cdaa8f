"""A theorem as an assertion in your own tests.

    from theory.testing import assert_bound_holds

    def test_my_learner_obeys_the_bound_of_exp3():
        game = SwitchingCostGame(LossTable(my_losses), horizon=1000, switching_cost=0.0)
        assert_bound_holds("bubeck2012.exp3", game, MyLearner(), parameters="tuned")

A correct learner fails such a test with probability at most alpha over the choice of the seed, however many
repetitions it takes; with the seed fixed the test gives the same answer each time. The bound is that of the parameters
in `MyLearner.parameters(game)`, or with parameters="tuned" its minimum over the parameters, which a learner whose rate
is wrong, or not the one that it claims, has to meet. What passes is this learner on these losses: take hard ones
(`theory.cases`).
"""

from typing import Any

from theory.verdict import Verdict
from theory.verification import verify


def assert_bound_holds(bound: Any, problem: Any, learner: Any, *, alpha: float = 1e-6, **options: Any) -> Verdict:
    """Return the verdict if `bound` is found to hold, else raise AssertionError with the verdict in plain words.

    bound: a bound of the catalogue or its name.  Undecided (raise max_repetitions, or take losses that are less hard)
    and not applicable are failures too: a test that tested nothing must not pass.  options: those of `verify`.
    """
    __tracebackhide__ = True
    verdict = verify(bound, problem, learner, alpha=alpha, **options)
    if not verdict.holds:
        raise AssertionError(verdict.explain())
    return verdict


def assert_bound_broken(bound: Any, problem: Any, learner: Any, *, alpha: float = 1e-6, **options: Any) -> Verdict:
    """Return the verdict if `bound` is found to be broken, else raise AssertionError: for tests of wrong learners."""
    __tracebackhide__ = True
    verdict = verify(bound, problem, learner, alpha=alpha, **options)
    if not verdict.broken:
        raise AssertionError(verdict.explain())
    return verdict
