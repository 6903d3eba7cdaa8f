"""The bounds of Stackelberg play: random games below them, equality where it is claimed, values by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import theory
from bandits.preference import Comparisons, NoisyRow, StackelbergGame, StackelbergGDA, StackelbergMatch
from bandits.preference.measures import kl
from bandits.preference.prox import normalise
from bandits.preference.stackelberg import game as stackelberg
from tests.bandits.preference.stackelberg.test_game import plays, size
from tests.bandits.preference.stackelberg.test_problem import GAME, Shown, measure, path
from theory.cases import Case, default_cases
from theory.preference.stackelberg.bounds import BOUNDS
from theory.preference.stackelberg.witnesses import UseMatch
from theory.tightness import played


def check_path(game, learner, bounds=BOUNDS, rounds=(1, 2, 5, 12)):
    """Return the largest ratio of measured to bound of each exact bound; none may exceed 1."""
    ratios = {}
    measured = [
        measure(StackelbergMatch(game, 1), StackelbergMatch(game, 1).arrays(), play)._asdict()
        for play in path(learner, game, [game.preferences] * max(rounds))
    ]
    for horizon in rounds:
        match = StackelbergMatch(game, horizon)
        for bound in bounds:
            if bound.quantity not in measured[0] or bound.applies(match, learner):
                continue
            value, found = bound.value_for(match, learner), measured[horizon][bound.quantity]
            assert found <= value * (1.0 + 1e-9) + size(game), (bound.name, horizon)
            ratios[bound.name] = max(ratios.get(bound.name, 0.0), found / value if value > 1e-9 else 0.0)
    return ratios


@given(plays(), st.floats(0.05, 0.99), st.sampled_from([0.2, 1.0, 5.0, 10.0]))
def test_every_round_of_every_game_is_below(drawn, share, ratio):
    game, _, _ = drawn
    rate = share / max(game.leader_weight, ratio * game.follower_weight)
    check_path(game, StackelbergGDA(rate, ratio))
    check_path(game, StackelbergGDA(share / game.leader_weight, follower="best response"))


def test_which_bounds_apply():
    exact = {"slhf2025.leader_span", "slhf2025.leader_gap", "slhf2025.follower_gap"}
    assert set(check_path(GAME, StackelbergGDA(0.5))) == exact
    found = check_path(GAME, StackelbergGDA(0.5, follower="best response"))
    assert set(found) == {"slhf2025.best_response_span", "slhf2025.best_response"}
    assert found["slhf2025.best_response_span"] == pytest.approx(1.0, abs=1e-9)
    assert check_path(GAME, StackelbergGDA(0.5, geometry="projected")) == {}
    assert check_path(GAME, StackelbergGDA()) == {}


def test_values_by_hand():
    """T = 3, a = 0.5, b = 2, tau_L = 0.1, tau_F = 0.2: rho = 0.95, sigma = 0.6, sigma^2 = 0.36."""
    match, learner = StackelbergMatch(GAME, 3), StackelbergGDA(0.5, 4.0)
    worth, rows = np.ptp(GAME.solution.worth), 0.5  # rows differ by 0.5, 0.5 and 0.4
    assert match.preference_range == pytest.approx(rows, abs=1e-12)
    lag = 2.0 * 0.95**3 / (0.95 / 3.0 + 0.59)
    assert lag >= 0.95**2 + 0.95 * 0.36 + 0.36**2
    span = 0.95**3 * worth / 0.1 + 0.5 * rows**2 / 1.6 * lag
    assert theory.theorem("slhf2025.leader_span").value_for(match, learner) == pytest.approx(span, rel=1e-12)
    assert theory.theorem("slhf2025.leader_gap").value_for(match, learner) == pytest.approx(0.1 * span**2 / 8)
    assert theory.theorem("slhf2025.follower_gap").value_for(match, learner) == pytest.approx(0.6**6 * rows**2 / 1.6)


@pytest.mark.parametrize(
    ("name", "feedback", "expected"),
    [
        ("slhf2025.follower_bits", NoisyRow(2, True), 9 / 16 / (2 * 5 * 0.2)),
        ("slhf2025.follower_pairs", Comparisons(4), 9 * 4 / 64 / (4 * 5 * 0.2)),
    ],
)
def test_sampled_values_by_hand(name, feedback, expected):
    match = StackelbergMatch(GAME, 5, feedback)
    assert theory.theorem(name).value_for(match, StackelbergGDA()) == pytest.approx(expected, rel=1e-12)
    assert theory.theorem(name).applies(match, StackelbergGDA()) == []
    assert theory.theorem(name).applies(match, StackelbergGDA(0.1)) != []
    assert theory.theorem(name).applies(StackelbergMatch(GAME, 5, NoisyRow(2)), StackelbergGDA()) != []


def check_sampled(name, n, feedback, answers, rounds=5, weight=0.2, plays=4000):
    """Followers that answer averages of such tables, in a game of ties: the mean of their worst row is below the bound.

    Six standard errors below: a bound that is broken by more than these passes with chance 1e-9. Returns the ratio.
    """
    rng = np.random.default_rng(8)
    tables = np.array([answers(rng, n, rounds) for _ in range(plays)])
    policies = normalise(-tables / weight)
    worst = weight * kl(policies, np.full_like(policies, -math.log(n))).max(axis=1)
    value = theory.theorem(name).value(answers=feedback, horizon=rounds, follower_weight=weight, n_actions=n)
    assert worst.mean() + 6.0 * worst.std() / math.sqrt(plays) <= value
    return worst.mean() / value


def bits(rng, n, rounds):
    return rng.binomial(2 * rounds, 0.5, (n, n)) / (2.0 * rounds)


def pairs(rng, n, rounds):
    left, right = np.triu_indices(n, 1)
    drawn = rng.integers(0, len(left), 4 * rounds)
    table = np.full((n, n), 0.5)
    for pair in drawn:
        step = rng.choice([-0.5, 0.5]) * len(left) / (4.0 * rounds)
        table[left[pair], right[pair]] += step
        table[right[pair], left[pair]] -= step
    return table


def test_sampled_bounds():
    """No bound has a constant ten times too large in small games."""
    assert check_sampled("slhf2025.follower_bits", 2, 2, bits) > 0.1
    assert check_sampled("slhf2025.follower_bits", 12, 2, bits) > 0.1
    assert check_sampled("slhf2025.follower_pairs", 2, 4, pairs, plays=1000) > 0.1


class Drawn(Shown):
    """A table of bits, and one reply per answer for the leader."""

    def gradients(self, play):
        rng = np.random.default_rng(int(1e9 * self.table.sum() + 1e6 * self.table[0, 0]))
        cumulative = np.cumsum(np.exp(play.log_follower), axis=1)
        replies = (rng.uniform(size=(len(cumulative), 1)) * cumulative[:, -1:] > cumulative).sum(axis=1)
        return stackelberg.gradients(self.terms, play, self.table, np.eye(len(cumulative))[replies])


def test_the_leader_s_sampled_bound():
    """Six standard errors below, in a game of ties; the play is the learner's own, round by round."""
    game, rounds, rng = StackelbergGame(np.full((3, 3), 0.5), 0.5, 0.5), 6, np.random.default_rng(12)
    match, learner = StackelbergMatch(game, rounds, NoisyRow(1, True)), StackelbergGDA()
    gaps = []
    for _ in range(400):
        end = path(learner, game, rng.binomial(1, 0.5, (rounds, 3, 3)).astype(float), Drawn)[-1]
        gaps.append(measure(match, match.arrays(), end).leader_gap)
    value = theory.theorem("slhf2025.leader_bits").value_for(match, learner)
    size_3 = math.log(18.0)
    followed = 1 / 64 + math.pi**2 / 96 * (size_3**2 + 2 * size_3 + 2)
    assert value == pytest.approx((2 * (1 + math.log(6.0)) + followed / 0.25) / (2.0 * rounds), rel=1e-12)
    assert np.mean(gaps) + 6.0 * np.std(gaps) / 20.0 <= value
    assert np.mean(gaps) >= 0.01 * value


# ---------------------------------------------------------------- use of the solution


def check_use(name, bound=None):
    """Below the bound in 60 games in which action 0 beats all others, with random weights and references."""
    rng, bound = np.random.default_rng(5), bound or theory.theorem(name)
    for _ in range(60):
        n = int(rng.integers(2, 5))
        half = np.tril(rng.uniform(-0.5, 0.5, (n, n)), -1)
        half[1:, 0] = -rng.uniform(0.01, 0.5, n - 1)
        weights = 0.01 * 100.0 ** rng.random(2)
        references = [rng.dirichlet(np.ones(shape)) * 0.9 + 0.1 / n for shape in (n, n)]
        game = StackelbergGame(0.5 + half - half.T, *weights, *references)
        case = Case(UseMatch(game, int(rng.integers(1, 4))), StackelbergGDA(0.9 / weights[0], follower="best response"))
        assert bound.applies(case.problem, case.learner) == []
        assert played(case, bound.quantity) <= bound.value_for(case.problem, case.learner) + 1e-12


@pytest.mark.parametrize(("name", "least"), [("slhf2025.refinement", 0.1), ("slhf2025.consistency", 0.6)])
def test_what_the_solution_is_good_for(name, least):
    check_use(name)
    problem, learner, options = default_cases([name])[0].make()
    verdict = theory.verify(name, problem, learner, **options)
    assert verdict.holds
    assert verdict.ratio > least
    tenth = replace(theory.theorem(name), expression=theory.theorem(name).expression / 12)
    with pytest.raises(AssertionError):
        check_use(name, tenth)


def test_use_by_hand():
    """b = 3 e^{-(0.3 - 0.1 ln 4) / 0.2}, D_F = ln 4; one round with a tau_L = 0.9 leaves a tenth of R / tau_L."""
    game = StackelbergGame([[0.5, 0.8], [0.2, 0.5]], 0.2, 0.1, [0.25, 0.75])
    match, learner = UseMatch(game, 1), StackelbergGDA(4.5, follower="best response")
    odds = 3.0 * math.exp(-(0.3 - 0.1 * math.log(4.0)) / 0.2)
    value = 1.0 - math.exp(-0.1 * match.worth_range / 0.2) / (1.0 + odds)
    assert theory.theorem("slhf2025.consistency").value_for(match, learner) == pytest.approx(value, rel=1e-9)
    assert theory.theorem("slhf2025.refinement").value_for(match, learner) == pytest.approx(0.1 * math.log(4.0))
    tied = replace(match, game=replace(game, preferences=[[0.5, 0.5], [0.5, 0.5]]))
    assert theory.theorem("slhf2025.consistency").applies(tied, learner) == ["one action beats all others"]
