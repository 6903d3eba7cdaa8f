"""A theorem as an assertion in your own tests.

    from theory.testing import assert_bound_holds

    def test_my_learner_obeys_the_bound_of_exp3():
        game = SwitchingCostGame(LossTable(my_losses), horizon=1000, switching_cost=0.0)
        assert_bound_holds("bubeck2012.exp3", game, MyLearner(), parameters="tuned")

Over the choice of the seed, a learner that violates the bound passes with probability at most alpha, and a correct one
is called broken with probability at most alpha; one whose mean is near the bound may remain undecided, which is a
failure that says how many repetitions decide. With the seed fixed the test gives the same answer each time. The bound
is that of the parameters in `MyLearner.parameters(game)`, or with parameters="tuned" its minimum over the parameters,
which a learner with a wrong rate, or another than it declares, must satisfy too. What passes is this learner on these
losses: take hard ones (`theory.cases`).
"""

from typing import Any

from theory.verdict import Verdict
from theory.verification import verify


def assert_bound_holds(
    bound: Any,
    problem: Any,
    learner: Any,
    *,
    alpha: float = 1e-6,
    share: float | None = None,
    allow_vacuous: bool = False,
    **options: Any,
) -> Verdict:
    """Return the verdict if `bound` is found to hold, else raise AssertionError with the verdict in plain words.

    bound: a bound of the catalogue or its name.  options: those of `verify`.
    Undecided and not applicable are failures too: a test that tested nothing must not pass. A correct learner whose
    mean is near the bound may be undecided: the message says how many repetitions decide; raise `max_repetitions`, or
    pass `until_decided=True`.
    share: accept of a claim about every path that paths are sampled and that, with confidence 1 - alpha, at most this
    share of them violates it. Sampling never shows that none does.
    allow_vacuous: accept a bound that no play of the problem can violate.
    """
    __tracebackhide__ = True
    if share is not None:
        options["share"] = share
    verdict = verify(bound, problem, learner, alpha=alpha, **options)
    few = share is not None and verdict.outcome == "no violation found"
    if verdict.holds or few or (allow_vacuous and verdict.vacuous):
        return verdict
    raise AssertionError(verdict.explain())


def assert_bound_broken(bound: Any, problem: Any, learner: Any, *, alpha: float = 1e-6, **options: Any) -> Verdict:
    """Return the verdict if `bound` is found to be broken, else raise AssertionError: for tests of wrong learners."""
    __tracebackhide__ = True
    verdict = verify(bound, problem, learner, alpha=alpha, **options)
    if not verdict.broken:
        raise AssertionError(verdict.explain())
    return verdict
