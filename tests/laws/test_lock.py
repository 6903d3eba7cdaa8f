"""The lock, the revealing constant and coverability: exact values, enumeration, mutants; nothing is compiled."""

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.core.jit import kernel
from bandits.episodes import LockGame, RevealThenCommit, chain, lock, random_mdp, revealing_constant
from bandits.protocol import LearnerSteps
from tests.laws.enumeration import plays
from theory.episodes.bounds import COVERABILITY, LOCK_RATE, REVEALED
from theory.episodes.exact import coverability, coverage_potential, lock_regret


def regret(game, learner):
    """Return the expected regret, every draw enumerated."""
    return math.fsum(p * path.metrics["regret"] for p, path in plays(game, learner, lambda *a: None))


@pytest.mark.parametrize(("reveals", "value"), [(25, 500.969946), (101, 140.784912), (301, 181.474633)])
def test_known_answers(reveals, value):
    assert lock_regret(10**4, 4, 0.1, 0.2, reveals) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize(("n_bits", "horizon", "reveals"), [(1, 4, 3), (2, 3, 1), (2, 3, 2), (1, 3, 0), (2, 2, 2)])
def test_the_learner_plays_its_exact_law(n_bits, horizon, reveals):
    game = LockGame(n_bits, 0.25, 0.4, horizon)
    exact = lock_regret(horizon, n_bits, 0.25, 0.4, reveals)
    assert regret(game, RevealThenCommit(reveals)) == pytest.approx(exact, rel=1e-12)
    if reveals % 2:  # without ties all keys are alike
        keys = [regret(replace(game, key=key), RevealThenCommit(reveals)) for key in range(2**n_bits)]
        assert keys == pytest.approx([exact] * len(keys), rel=1e-12)


def test_what_a_lock_pays_and_shows():
    """The key 1, the entry 2 and a reveal: the joint law of rewards and bits, and the metrics."""

    @kernel
    def act(params, state, t, rng):
        return (1, 2, 4)[t]

    own = type("Own", (RevealThenCommit,), {"steps": LearnerSteps(lock._start, act, lock._update)})
    law = defaultdict(float)
    for chance, path in plays(LockGame(2, 0.25, 0.4, 3, key=1), own(1), lambda action, seen: tuple(seen)):
        (first, _), (second, _), (forfeited, shown) = path.actions
        law[first, second, shown] += chance
        assert (forfeited, path.metrics["regret"]) == (0.0, 0.75 + 0.25)
        assert (path.metrics["reveals"], path.metrics["wrong_entries"]) == (1, 1)
    bits = {0: 0.3 * 0.7, 1: 0.7 * 0.7, 2: 0.3 * 0.3, 3: 0.7 * 0.3}
    expected = {
        (first, second, shown): (0.75 if first else 0.25) * 0.5 * p
        for first in (0.0, 1.0)
        for second in (0.0, 1.0)
        for shown, p in bits.items()
    }
    assert law == pytest.approx(expected)
    assert regret(LockGame(2, 0.25, 0.4, 1, key=0), RevealThenCommit(0)) == 0.0  # bits that were never shown count as 0


@settings(max_examples=60)
@given(
    horizon=st.integers(1, 10**6),
    n_bits=st.integers(1, 12),
    gap=st.floats(1e-3, 0.5),
    more=st.floats(0.0, 0.5),
    reveals=st.none() | st.integers(0, 2000),
)
def test_bounds(horizon, n_bits, gap, more, reveals):
    game, learner = LockGame(n_bits, gap, gap + more, horizon), RevealThenCommit(reveals)
    n = learner.parameters(game).reveals
    assert n <= horizon
    exact = lock_regret(horizon, n_bits, gap, gap + more, n)
    assert exact <= REVEALED.value_for(game, learner) * (1 + 1e-9)
    if n:
        assert exact <= LOCK_RATE.value_for(game, learner) * (1 + 1e-9)
    more_bits = lock_regret(horizon, n_bits + 1, gap, gap + more, n)
    assert exact <= more_bits + 1e-9


@pytest.mark.parametrize(("n_bits", "worst"), [(1, 22299.68), (4, 45347.23), (8, 58507.61)])
def test_the_regret_at_the_hardest_gap_grows_like_two_thirds(n_bits, worst):
    values = []
    for horizon in (10**6, 10**7):
        gaps = np.geomspace(1e-4, 0.4, 60)
        n = RevealThenCommit().parameters(LockGame(n_bits, 0.1, 0.1, horizon)).reveals
        assert n % 2 == 1
        values.append(max(lock_regret(horizon, n_bits, gap, gap, n) for gap in gaps))
    assert values[1] == pytest.approx(worst, abs=0.01)
    assert math.log10(values[1] / values[0]) == pytest.approx(0.66, abs=0.012)


def test_rates():
    assert LOCK_RATE.exponent("horizon") == Fraction(2, 3)
    assert LOCK_RATE.exponent("hardness") == Fraction(1, 3)


def test_rare_errors_keep_their_digits():
    """One reveal that is wrong with probability 5e-13, of eight bits."""
    lost = lock_regret(10**4 + 1, 8, 0.25, 1.0 - 1e-12, 1) - 0.75
    assert lost == pytest.approx(10**4 * 0.25 * 8 * 0.5e-12, rel=1e-3)


def test_revealing_constants():
    assert revealing_constant(np.eye(3)) == pytest.approx(1.0)
    assert revealing_constant([[0.5, 0.5], [0.5, 0.5]]) == pytest.approx(0.0, abs=1e-15)
    for c in (0.1, 0.75):
        channel = np.array([[1 + c, 1 - c], [1 - c, 1 + c]]) / 2
        assert revealing_constant(channel) == pytest.approx(c)
        assert revealing_constant(np.kron(channel, channel)) == pytest.approx(c * c)  # two bits at once
        assert revealing_constant(np.hstack([channel, np.zeros((2, 1))])) == pytest.approx(c)  # a sign never seen
    assert revealing_constant([[1.0], [1.0]]) == 0.0  # blank
    assert revealing_constant([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]) == 0.0  # the second looks like a mixture


# ---------------------------------------------------------------- coverability


@settings(max_examples=150)
@given(
    seed=st.integers(0, 10**6), laws=st.integers(1, 12), points=st.integers(1, 6), sharp=st.sampled_from([0.02, 1.0])
)
def test_coverability_bounds_the_potential(seed, laws, points, sharp):
    rng = np.random.default_rng(seed)
    d = rng.dirichlet(np.full(points, sharp), laws)
    c, potential = coverability(d), coverage_potential(d)
    assert 1.0 - 1e-12 <= c <= min(laws, points) + 1e-12
    assert potential <= COVERABILITY.value(coverability=c, horizon=laws) * (1 + 1e-12)
    mu = rng.dirichlet(np.ones(points))
    assert np.nanmax(np.where(d > 0, d / np.where(mu > 0, mu, 1e-300), 0.0)) >= c * (1 - 1e-12)
    assert coverage_potential(np.hstack([d, np.zeros((laws, 2))])) == pytest.approx(potential)


def test_coverability_of_one_law_and_of_laws_apart():
    assert (coverability([[0.25, 0.75]]), coverage_potential([[0.25, 0.75]])) == (1.0, 1.0)  # C log2(2): equality
    assert coverage_potential(np.eye(3)) == 3.0
    assert coverage_potential([[1.0, 0.0]] * 3) == pytest.approx(1 + 1 / 2 + 1 / 3)


def test_visits_of_policies_are_covered():
    """C of the visits of any policies at a step is at most the number of states."""
    mdp = random_mdp(3, 2, 4, seed=2)
    policies = np.random.default_rng(0).dirichlet(np.ones(2), (20, 4, 3))
    visits = np.array([mdp.visits(policy)[3] for policy in policies])
    assert coverability(visits) <= 3.0
    assert coverage_potential(visits) <= coverability(visits) * math.log2(21)
    assert chain(3).visits(chain(3).uniform).tolist() == [[1.0, 0.0], [0.5, 0.5], [0.5, 0.5]]


# ---------------------------------------------------------------- mutants


@kernel
def _pays(setting, world, t, action, env):
    """Let an entry show the key, too: then nobody needs to reveal."""
    tried, after = lock._respond(setting, world, t, action, env)
    if tried.shown < 0:
        tried = lock._respond(setting, world, t, 1 << setting.n_bits, env)[0]
    return tried, after


@dataclass(frozen=True)
class Talkative(LockGame):
    steps = LockGame.steps._replace(respond=_pays)


@kernel
def _last(params, state, t, action, tried, rng):
    """Believe the last reveal instead of the majority."""
    votes = state.votes * 0
    return lock._update(params, lock.LockState(votes, state.entry), t, action, tried, rng)


def test_mutants_have_another_law():
    game, learner = LockGame(1, 0.25, 0.4, 4), RevealThenCommit(3)
    own = type("Own", (RevealThenCommit,), {"steps": LearnerSteps(lock._start, lock._act, _last)})
    assert regret(game, own(3)) > regret(game, learner) + 1e-3
    free = regret(Talkative(1, 0.25, 0.4, 4), RevealThenCommit(0))
    assert free < lock_regret(4, 1, 0.25, 0.4, 0) - 0.05
