"""np.seterr(all="raise"), a common way to hunt nan, does not reach into the library: the numbers are the same."""

import numpy as np
import pytest

from bandits.losses import BernoulliLosses
from bandits.one_sided import Exp2OneSided
from bandits.preference import NashMP, SparringExp3, games, log_regularized_nash
from bandits.switching import Exp3, Hedge
from bandits.threshold import OptimisticFeasibleSearch
from sims import simulate
from tests.checked_functions import FUNCTIONS, checked_functions
from tests.constructors import base_of, constructors, used
from tests.small_games import opponent
from theory import verify
from theory.switching import exact


def same(one, other):
    """Return whether two results hold equal numbers."""
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(map(same, one, other))
    if hasattr(one, "__dataclass_fields__"):
        return all(same(vars(one)[name], vars(other)[name]) for name in vars(one) if name not in SECRET)
    return not isinstance(one, np.ndarray | float) or np.array_equal(one, other, equal_nan=True)


SECRET = {"seconds", "problem", "learner", "game", "losses"}


def assert_untouched(compute):
    plain = compute()
    with np.errstate(all="raise"):
        assert same(compute(), plain)


@pytest.mark.parametrize("name", sorted(constructors()))
def test_objects(name):
    cls, base = constructors()[name], base_of(name)
    assert_untouched(lambda: used(cls(**base)))


SLOW = ("theory.switching.witnesses", "theory.suite.verify_all", "theory.cases.freeze")


@pytest.mark.parametrize("name", [name for name in sorted(checked_functions()) if not name.startswith(SLOW)])
def test_functions(name):
    assert_untouched(lambda: checked_functions()[name](**FUNCTIONS[name]))


LEARNERS = [Exp3(), Hedge(), OptimisticFeasibleSearch(), Exp2OneSided(1.0), SparringExp3(), NashMP()]


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: learner.name)
def test_plays(learner):
    problem = opponent(learner)
    assert_untouched(lambda: simulate(problem, learner, repetitions=2, threads=1).values)


def test_underflow_where_it_is_meant():
    table = np.tile([0.0, 1.0], (5000, 1))
    assert_untouched(lambda: exact.hedge(table, 1.0).loss)
    assert_untouched(lambda: exact.perturbed_leader_probabilities(table, 1.0))
    assert_untouched(lambda: log_regularized_nash(games.bradley_terry([0, 1, 2, 3]), 1e-5))


def test_a_run_is_summarised():
    run = simulate(opponent(Exp3()), Exp3(), repetitions=3, threads=1)
    assert_untouched(lambda: (run.mean("regret"), run.final("loss")))
    losses = BernoulliLosses.with_gap(3, 0.25)
    assert_untouched(lambda: verify("bubeck2012.exp3", opponent(Exp3()), Exp3(), max_repetitions=50).estimate)
    assert losses.n_actions == 3
