"""The probe game: the exact minimax value, laws by enumeration, slopes, mutants; nothing is compiled."""

import math
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.core.jit import kernel
from bandits.episodes import FreeSigns, MajoritySign, ProbeGame, ProbeThenCommit, SequentialProbes, probing
from bandits.episodes.stopping import boundary
from bandits.protocol import ProblemSteps
from tests.laws.enumeration import plays
from theory.episodes.bounds import COMMIT, MAJORITY
from theory.episodes.exact import commit_cost, free_value, paid_value

KNOWN = [
    (4, 0.5, 1.0, 0.578125),
    (20, 0.5, 3.375, 0.972003),
    (100, 0.3, 10.165390, 1.660209),
    (1000, 0.15, 47.816841, 3.333322),
]


def regret(problem, learner):
    """Return the expected regret, every draw enumerated."""
    return math.fsum(chance * path.metrics["regret"] for chance, path in plays(problem, learner, lambda a, s: int(a)))


def interleaved(horizon, gap):
    """Return the least expected regret of learners that may play and probe in any order, by recursion over sums."""

    def value(t, s):
        if t == horizon:
            return 0.0
        odds = ((1 + gap) / (1 - gap)) ** s
        plus = odds / (1 + odds)  # the probability that theta = +1
        up = plus * (1 + gap) / 2 + (1 - plus) * (1 - gap) / 2
        probe = 1.0 + up * value(t + 1, s + 1) + (1 - up) * value(t + 1, s - 1)
        return min(probe, gap * min(plus, 1 - plus) + value(t + 1, s))

    return value(0, 0)


@pytest.mark.parametrize(("horizon", "gap", "paid", "free"), KNOWN)
def test_values(horizon, gap, paid, free):
    assert paid_value(horizon, gap) == pytest.approx(paid, abs=1e-6)
    assert free_value(horizon, gap) == pytest.approx(free, abs=1e-6)
    if horizon == 4:
        assert interleaved(horizon, gap) == pytest.approx(paid, rel=1e-12)


@settings(max_examples=15)
@given(horizon=st.integers(1, 7), gap=st.floats(0.05, 0.95))
def test_probing_first_loses_nothing(horizon, gap):
    assert paid_value(horizon, gap) == pytest.approx(interleaved(horizon, gap), rel=1e-12)
    assert free_value(horizon, gap) <= paid_value(horizon, gap) + 1e-12
    assert paid_value(horizon + 1, gap) >= paid_value(horizon, gap) - 1e-12


@pytest.mark.parametrize(("horizon", "gap"), [(6, 0.8), (9, 0.6), (12, 0.5), (20, 0.7)])
def test_learners_play_their_exact_law(horizon, gap):
    paid, free = ProbeGame(gap, horizon), ProbeGame(gap, horizon, feedback=FreeSigns())
    assert regret(paid, SequentialProbes()) == pytest.approx(paid_value(horizon, gap), rel=1e-12)
    assert regret(paid, MajoritySign()) == pytest.approx(horizon * gap / 2, rel=1e-12)  # it learns nothing
    if horizon < 12:
        assert regret(free, MajoritySign()) == pytest.approx(free_value(horizon, gap), rel=1e-12)
    for probes in (1, 2, 5):
        assert regret(paid, ProbeThenCommit(probes)) == pytest.approx(commit_cost(horizon, gap, probes), rel=1e-12)
        assert commit_cost(horizon, gap, probes) >= paid_value(horizon, gap) - 1e-12


def test_metrics_and_ties():
    game = ProbeGame(0.5, 4, theta=-1)
    for _, path in plays(game, ProbeThenCommit(2), lambda action, sign: (int(action), int(sign))):
        signs = [sign for action, sign in path.actions if action == 2]
        wrong = 2 * (sum(signs) >= 0)  # +1 at a tie
        assert (len(signs), path.metrics["probes"], path.metrics["wrong_plays"]) == (2, 2, wrong)
        assert path.metrics["regret"] == 2 + 0.5 * wrong
    assert ProbeThenCommit().parameters(ProbeGame(0.1, 1000)).lead.size == 46
    assert ProbeThenCommit(9).parameters(game).lead.size == 4
    assert MajoritySign().parameters(game).lead.size == 0


@settings(max_examples=60)
@given(horizon=st.integers(1, 3000), gap=st.floats(0.001, 0.999), probes=st.integers(1, 300))
def test_bounds_hold_for_every_gap(horizon, gap, probes):
    game, free = ProbeGame(gap, horizon), ProbeGame(gap, horizon, feedback=FreeSigns())
    tuned = len(ProbeThenCommit().parameters(game).lead)
    assert tuned <= horizon
    assert commit_cost(horizon, gap, tuned) <= 1.3542 * horizon ** (2 / 3) + 1
    assert commit_cost(horizon, gap, min(probes, horizon)) <= COMMIT.value_for(game, ProbeThenCommit(probes)) + 1e-9
    assert free_value(horizon, gap) <= MAJORITY.value_for(free, MajoritySign())


def test_slopes():
    """At gaps that are hardest for the horizon: 2/3 where signs are paid for, 1/2 where they are free."""
    paid = [paid_value(t, 1.342 * t ** (-1 / 3)) for t in (1000, 10_000)]
    free = [free_value(t, 1.184 * t**-0.5) for t in (10_000, 100_000)]
    assert math.log10(paid[1] / paid[0]) == pytest.approx(0.668, abs=0.002)
    assert math.log10(free[1] / free[0]) == pytest.approx(0.5, abs=0.001)


def test_the_boundary_says_when_to_stop():
    lead, value = boundary(1000, 0.15)
    assert value == pytest.approx(47.816841, abs=1e-6)
    assert lead.tolist() == sorted(lead.tolist(), reverse=True)
    assert lead[0] == 5
    assert len(boundary(4, 0.5)[0]) == 0  # a probe costs as much as all plays of the wrong sign


# ---------------------------------------------------------------- mutants


@kernel
def _shows_for_free(setting, world, t, action, env):
    """Show a sign after a play, too."""
    sign, after = probing._respond(setting._replace(paid=False), world, t, min(action, 1), env)
    return sign, after._replace(probes=world.probes + (1 if action == 2 else 0))


@dataclass(frozen=True)
class Shown(ProbeGame):
    steps = ProblemSteps(probing._init, _shows_for_free, probing._measure)


@pytest.mark.parametrize("change", [lambda lead: lead + 1, lambda lead: lead[:0], lambda lead: lead + 2])
def test_other_boundaries_cost_more(change):
    class Other(SequentialProbes):
        def parameters(self, problem):
            params = super().parameters(problem)
            return params._replace(lead=change(params.lead))

    assert regret(ProbeGame(0.7, 12), Other()) > paid_value(12, 0.7) + 1e-3


def test_a_play_that_shows_its_sign_is_another_game():
    class Playful(MajoritySign):
        accepts = ProbeThenCommit.accepts

    assert regret(Shown(0.6, 9), Playful()) < paid_value(9, 0.6) - 0.1
