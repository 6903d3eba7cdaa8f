"""What the one-sided game reports, measures and estimates, against the definitions."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from bandits.combine import observed
from bandits.core.actions import InvalidAction
from bandits.one_sided import (
    Conjunctions,
    Crowd,
    Exp2Analysis,
    Exp2OneSided,
    FixedPolicy,
    FullInformationExp2,
    GroupThresholds,
    Lending,
    Listed,
    OneSidedGame,
    Panel,
    Panels,
    RecordedPeople,
    TableDistance,
    ViolationsByVotes,
    reduce,
)
from bandits.one_sided.benchmark import _constant
from bandits.one_sided.examples import nobody_audits
from bandits.one_sided.exponential import ceil_power
from bandits.one_sided.john import john_design
from bandits.one_sided.problem import Play, Report
from bandits.one_sided.reduction import estimate_losses
from bandits.protocol import LearnerSteps
from tests.bandits.one_sided.strategies import scattered_game
from tests.bandits.one_sided.test_game import check_metrics
from tests.drivers import plain
from tests.laws.enumeration import plays
from tests.laws.one_sided_paths import Seen, check, game_of, record, shifted
from tests.laws.test_one_sided import weighted


@pytest.mark.parametrize("seed", range(8))
def test_metrics_from_their_definitions(seed):
    game = scattered_game(np.random.default_rng(seed), 6, full=seed % 2 == 1)
    check_metrics(game, FullInformationExp2(0.6) if seed % 2 else Exp2OneSided(0.6), seed)


@pytest.mark.parametrize("rule", ["largest", "first", "random"])
@pytest.mark.parametrize("schedule", ["cycle", "random", "adversarial"])
def test_reports(rule, schedule):
    """The law of the reported pair for a fixed policy, over the draws of panels and pairs."""
    rng = np.random.default_rng(5)
    arrivals, found = rng.permuted(np.tile(np.arange(4), (2, 1)), axis=1)[:, :3], set()
    for trial in range(6):
        upper = [np.triu(np.random.default_rng(trial + i).uniform(0.0, 0.5, (4, 4)), 1) for i in range(2)]
        distances = [u + u.T for u in upper]
        game = OneSidedGame(
            RecordedPeople(np.arange(4.0)[:, None], arrivals, np.zeros((2, 3))),
            Listed(np.vstack([np.ones(4), rng.integers(0, 2, (2, 4))])),
            Panels([Panel(TableDistance(d)) for d in distances], schedule, rule),
            1,
            3,
            0.1,
        )
        law = np.array([0.5, 0.3, 0.2])
        pi, people = (game.table @ law), arrivals[0]

        def objections(distance, pi=pi, people=people):
            """Return the excesses of the pairs that are objected to, and the largest excess of all."""
            pairs = [(i, j) for i in range(3) for j in range(3) if i != j]
            excess = {(i, j): pi[people[i]] - pi[people[j]] - distance[people[i], people[j]] for i, j in pairs}
            return {pair: value for pair, value in excess.items() if value > 0.1 + 1e-12}, max(excess.values())

        each = [objections(distance) for distance in distances]
        worst = int(each[1][1] > each[0][1] + 1e-12)
        sitting = {"cycle": [(1.0, 0)], "random": [(0.5, 0), (0.5, 1)], "adversarial": [(1.0, worst)]}[schedule]
        expected = {}
        for chance, panel in sitting:
            pairs = each[panel][0]
            chosen = list(pairs) or [None]
            if rule == "largest" and pairs:
                chosen = [max(pairs, key=lambda pair: (round(pairs[pair], 12), -pair[0], -pair[1]))]
            for pair in chosen[:1] if rule == "first" else chosen:
                expected[pair] = expected.get(pair, 0.0) + chance / len(chosen[:1] if rule == "first" else chosen)
        reported = {}
        for probability, path in plays(game, FixedPolicy(law), record(3)):
            pair = path.actions[0].pair
            reported[pair] = reported.get(pair, 0.0) + probability
        assert reported == pytest.approx(expected, abs=1e-9)
        found |= set(expected)
    assert len(found) > 2


def test_a_class_of_seven():
    """Acceptances are summed four hypotheses at a time, and the rest one by one."""
    rng = np.random.default_rng(3)
    game = replace(game_of(4, rounds=2), hypotheses=Listed(np.vstack([np.ones(3), rng.integers(0, 2, (6, 3))])))
    check(game, Exp2OneSided(0.6, None, 0.5), weighted(game, shifted, 0.6, 0.5))


def test_estimates_have_their_constant_part():
    """(R2) itself, not only up to a constant, whoever is reported."""
    table = np.array([[1, 0, 1], [1, 1, 0]], dtype=np.uint8)
    for first, second in ((0, 1), (1, 0), (-1, -1)):
        report = Report(np.array([0, 1]), np.array([0, 1]), np.array([1, 1]), np.array([0.5, 0.8]), first, second)
        out, pair = np.zeros(3), (first, second) if first >= 0 else None
        plain(estimate_losses)(table, report, 0.7, out)
        seen = Seen(None, 0.0, 0, 0.7, *report[:4], pair)
        np.testing.assert_allclose(out, shifted(SimpleNamespace(table=table), 0.7, seen), atol=1e-12)


def test_pairs_are_positions():
    for pair in ((0, 2), (-1, 0), (0, 1, 1), (2, 0)):
        with pytest.raises(ValueError, match="pair must be two positions"):
            reduce([1, 0], [1, 1], pair, 1)


@pytest.mark.parametrize(("numerator", "denominator"), [(1, 3), (1, 5), (16, 45), (4, 45)])
def test_powers_are_rounded_up(numerator, denominator):
    for base in (1, 2, 7, 8, 9, 27, 32, 33, 243, 10**5, 10**5 + 1, 10**10):
        n = ceil_power(base, numerator, denominator)
        assert n**denominator >= base**numerator > (n - 1) ** denominator or n == 1 == base


def test_a_total_that_is_no_sum_is_refused():
    game = game_of(4)

    class Careless(FixedPolicy):
        def steps_for(self, problem):
            init, _, update = self.steps
            play = Play(np.ones(3), 2.0, np.zeros(0, np.int64), 0.0, 0, 0.0)
            return LearnerSteps(init, lambda *_: play, update)

    with pytest.raises(InvalidAction, match="total must be the sum of weight"):
        list(plays(game, Careless([1.0, 1.0, 1.0]), record(3)))


def test_groups_are_whole_numbers_one_for_each_kind():
    for groups in ([0.5, 0.0], [0, 1, 0]):
        with pytest.raises(ValueError, match="groups must be 2 whole numbers"):
            Crowd([[0.0], [1.0]], (0.2, 0.8), groups=groups)


def test_conjunctions_need_no_more_features_than_bits():
    people = Crowd([[0.0, 1.0], [1.0, 1.0]], (0.2, 0.8))
    assert Conjunctions((0.5, 0.5)).cells(people).tolist() == [2, 3]


# ---------------------------------------------------------------- more numbers about a play


@pytest.mark.parametrize("seed", [1, 4])
def test_terms_of_the_analysis(seed):
    """Moments of the estimates under the policy, and the regret of the estimates themselves."""
    game, price = game_of(seed), 0.7
    for _, path in plays(observed(game, Exp2Analysis()), Exp2OneSided(price, None, 0.5), record(3)):
        every = [(seen.policy, shifted(game, price, seen), shifted(game, 0.0, seen)) for seen in path.actions]
        found = [path.metrics[name] for name in ("labels_moment", "second_moment", "estimated_regret")]
        regret = sum(law @ g for law, g, _ in every) - min(sum(g for _, g, _ in every))
        expected = [sum(law @ x**2 for law, _, x in every), sum(law @ g**2 for law, g, _ in every), regret]
        assert found == pytest.approx(expected, rel=1e-9)


def test_violations_by_the_votes_needed():
    rng, found = np.random.default_rng(7), set()
    upper = np.triu(rng.uniform(0.0, 0.6, (3, 3, 3)), 1)
    distances = [u + u.T for u in upper]
    panels = Panels(Panel([TableDistance(d) for d in distances], 2))
    arrivals = np.random.default_rng(4).integers(0, 3, (4, 2))
    people = RecordedPeople(np.arange(3.0)[:, None], arrivals, np.zeros((4, 2)))
    game = observed(replace(game_of(4, rounds=4), panels=panels, people=people), ViolationsByVotes())
    for _, path in plays(game, FixedPolicy([2.0, 0.0, 6.0]), record(3)):
        counts = [0, 0, 0]
        for t, seen in enumerate(path.actions):
            people, pi = arrivals[t], seen.acceptance
            votes = max(
                sum(pi[i] - pi[j] - d[people[i], people[j]] > 0.1 for d in distances) for i, j in ((0, 1), (1, 0))
            )
            counts = [count + (votes > s) for s, count in enumerate(counts)]
        assert [path.metrics[f"violations_votes_{s}"] for s in (1, 2, 3)] == counts
        found.add(tuple(counts))
    assert max(found) > (0, 0, 0)


def test_the_constant_of_a_block():
    """The first column that accepts all cells of its block, or none."""
    columns = np.array([[1.0, 0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0, 1.0]])
    found = _constant(SimpleNamespace(block=np.array([0, 0, 0, 1, 1]), columns=columns))
    assert found.tolist() == [0.0, 1.0, 0.0, 0.0, 1.0]


def test_designs_reach_the_rank_from_above_and_below():
    cases = [(1e-6, 7, 3, seed) for seed in range(10)] + [(1e-3, 30, 5, 22), (1e-5, 30, 5, 49), (1e-5, 60, 8, 2)]
    for tolerance, n, d, seed in cases:
        design = john_design(np.random.default_rng(seed).standard_normal((n, d)), tolerance)
        assert design.leverage.max() <= d * (1.0 + 1.001 * tolerance)
        assert design.leverage[design.weight > 0.0].min() >= d * (1.0 - 1.001 * tolerance)
        assert design.weight.sum() == pytest.approx(1.0)


def test_thresholds_of_groups():
    """Hypothesis h accepts whoever's score is at least the cut of their group."""
    people, hypotheses = Lending(6), GroupThresholds(4)
    game = OneSidedGame(people, hypotheses, nobody_audits(6), 3)
    predict, setting = plain(hypotheses.steps.predict), hypotheses.setting(people)
    found = [[predict(setting, h, cell) for h in range(game.n_hypotheses)] for cell in range(len(game.table))]
    assert found == game.table.tolist()
