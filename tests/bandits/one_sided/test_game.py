"""The game itself: its numbers replayed from what was seen, populations, feedback, messages, and a sweep file."""

import dataclasses
import tomllib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits import one_sided as family
from bandits.core.rng import ENVIRONMENT
from bandits.one_sided import (
    Applicants,
    Crowd,
    Exp2OneSided,
    FullInformationExp2,
    FullLabels,
    GroupThresholds,
    Lending,
    Listed,
    OmniscientFair,
    OneSidedGame,
    RecordedPeople,
    RevealingAction,
    applicants,
    hidden_outcomes,
    label_drift,
    lending,
    lending_panels,
    nobody_audits,
    policy_error,
    three_points,
)
from bandits.one_sided.fixed import FixedParams
from bandits.threshold import EmpiricalPools
from sims import simulate
from sims.config import build, describe, public_classes
from sims.spec import parse_sweep
from tests.bandits.one_sided.strategies import games, scattered_game
from tests.bandits.one_sided.tracing import trace
from tests.drivers import plain, stream_of


def error(acceptance, labels):
    return policy_error(np.clip(acceptance, 0.0, 1.0), labels)


_REGRETS = ("error_regret", "error_regret_half_slack", "error_regret_no_slack")


def panels_that_may_sit(panels, t):
    return panels.panels if panels.schedule != "cycle" else [panels.panels[t % len(panels.panels)]]


def objects(panel, game, r):
    """Return the pairs (k, k) of a round that enough of the panel's auditors object to, counted one by one."""
    gaps = r.acceptance[:, None] - r.acceptance[None]
    here = np.ix_(r.people, r.people)
    distances = [a.distances(game.people.features)[here] for a in panel.auditors]
    found = sum(gaps - d > game.tolerance for d in distances) >= panel.votes
    return found & ~np.eye(len(r.people), dtype=bool)


def check_metrics(game, learner, seed):
    """Every metric from its definition, by what each round showed."""
    played, measured = trace(game, learner, seed)
    fair = [policy.acceptance for policy in game.benchmarks]
    expected = dict.fromkeys(game.metrics, 0.0)
    for t, r in enumerate(played):
        wrong = r.accepted != r.labels
        own = error(r.acceptance, r.labels)
        against = [own - error(f[r.cells], r.labels) for f in fair]
        expected["loss"] += wrong.sum()
        expected["error"] += own
        expected["observations"] += (r.shown >= 0).sum()
        for name, value in zip(_REGRETS, against, strict=True):
            expected[name] += value
        votes = [objects(panel, game, r) for panel in panels_that_may_sit(game.panels, t)]
        unfair = [v.any() for v in votes]
        if game.panels.schedule == "cycle":
            assert (r.pair is not None) == unfair[0]
        elif game.panels.schedule == "adversarial":
            assert (r.pair is not None) == any(unfair)
        else:
            assert r.pair is None or any(unfair)
        expected["violations"] += r.pair is not None
        expected["reports"] += r.pair is not None
        expected["lagrangian_regret"] += against[0]
        if r.pair is not None:
            i, j = r.pair
            assert any(v[i, j] for v in votes)
            fair_gap = fair[0][r.cells[i]] - fair[0][r.cells[j]]
            expected["lagrangian_regret"] += r.price * (r.acceptance[i] - r.acceptance[j] - fair_gap)
        for group in range(game.people.n_groups if game.people.n_groups > 1 else 0):
            inside = game.people.groups[r.people] == group
            counted = (inside, r.accepted[inside], wrong[inside], (wrong & (r.accepted == 1))[inside])
            for name, value in zip(("arrivals", "acceptances", "errors", "seen_errors"), counted, strict=True):
                expected[f"{name}_{group}"] += value.sum()
    assert measured == pytest.approx(expected, rel=1e-12, abs=1e-9)
    assert measured["violations"] <= game.horizon
    assert 0.0 <= measured["error"] <= game.horizon * game.individuals + 1e-9
    check_ranges(game, learner, measured)
    return measured


def check_ranges(game, learner, measured):
    """Every metric is within its proven range; that of Lagrangian regret needs a Lagrange multiplier."""
    priced = hasattr(learner.parameters(game), "price")
    for name in game.metrics:
        if name == "lagrangian_regret" and not priced:
            with pytest.raises(ValueError, match="whose price is not known"):
                game.metric_range(name, learner)
        else:
            low, high = game.metric_range(name, learner)
            assert low - 1e-9 <= measured[name] <= high + 1e-9


@settings(max_examples=60)
@given(games(), st.integers(0, 9))
def test_metrics_are_what_their_names_say(game, seed):
    check_metrics(game, Exp2OneSided(3.0, learning_rate=0.8), seed)


def test_metrics_of_scattered_games():
    reports = 0
    for seed in range(30):
        game = scattered_game(np.random.default_rng(seed))
        reports += check_metrics(game, Exp2OneSided(1.0, learning_rate=0.3), seed)["reports"] > 0
    assert reports >= 15


def test_metrics_of_groups_and_of_tasting():
    game = lending(30, Lending(12), GroupThresholds(3), votes=2, schedule="adversarial")
    check_metrics(game, RevealingAction(0.3, 0.5), 1)
    check_metrics(replace(game, feedback=FullLabels()), FullInformationExp2(2.0, learning_rate=0.5), 1)


@pytest.mark.slow
def test_sums_over_many_blocks():
    """Sums are closed every 4096 rounds; all labels are good and a quarter accepted: 2 x 3/4 errors per round."""
    game = three_points(3 * 4096 + 5)
    good = replace(game, people=Crowd(np.zeros((3, 1)), np.ones(3)))
    run = simulate(good, Quarter(), seed=1, checkpoints=[4095, 4096, 4097, game.horizon])
    assert run["error"][0] == pytest.approx(run.rounds * 1.5, rel=1e-12)
    assert run["error_regret"][0] == pytest.approx(run.rounds * 1.5, rel=1e-9)


class Quarter(OmniscientFair):
    """Accept all with probability 1/4, else reject all."""

    def parameters(self, problem):
        return FixedParams(np.array([0, 3]), np.array([0.75, 0.25]))


# ---------------------------------------------------------------- populations


@settings(max_examples=30)
@given(st.data())
def test_expected_shares(data):
    """The mean law over the horizon is that of the rounds, piece by piece."""
    n, pieces = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    units = st.floats(0.0, 1.0)
    chances = np.array([data.draw(st.lists(units, min_size=n, max_size=n)) for _ in range(pieces)])
    weights = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))) + np.eye(n)[0]
    block, horizon = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 20))
    people = Crowd(np.zeros((n, 1)), chances, weights=weights, block=block)
    chance = np.mean([chances[t // block % pieces] for t in range(horizon)], axis=0)
    share = weights / weights.sum()
    assert people.expected(horizon) == pytest.approx(np.stack([share * (1 - chance), share * chance]), abs=1e-12)
    law = people.law.cumulative
    assert law[-1] == 1.0
    arrive, env = plain(people.steps.arrive), stream_of(1, 0, ENVIRONMENT)
    who, labels = np.zeros(20, np.int64), np.zeros(20, np.int64)
    arrive(people.setting(horizon, 20), 0, env, who, labels)
    assert (weights[who] > 0).all()
    assert (labels[chances[0][who] == 0.0] == 0).all()
    assert (labels[chances[0][who] == 1.0] == 1).all()


def test_arrivals_follow_their_law():
    """Frequencies of kinds and of good labels in 8000 arrivals, Hoeffding at 1e-9 each."""
    people = Crowd(np.zeros((3, 1)), (0.2, 0.8, 0.5), weights=(1, 2, 5))
    arrive = plain(people.steps.arrive)
    who, labels, n = np.zeros(8000, np.int64), np.zeros(8000, np.int64), 8000
    arrive(people.setting(1, n), 0, stream_of(3, 0, ENVIRONMENT), who, labels)
    radius = np.sqrt(np.log(2e9) / (2 * n))
    for kind, (share, chance) in enumerate(zip((1 / 8, 2 / 8, 5 / 8), (0.2, 0.8, 0.5), strict=True)):
        assert abs((who == kind).mean() - share) <= radius
        assert abs(((who == kind) & (labels == 1)).mean() - share * chance) <= radius


def test_credit_market_is_biased_against_group_1():
    people = Lending(400)
    score, merit, group = people.features.T
    assert people.groups.tolist() == [0, 1] * 200
    assert ((merit - score)[group == 1].mean() - (merit - score)[group == 0].mean()) == pytest.approx(0.9, abs=0.08)
    assert people.law.chance[0] == pytest.approx(1 / (1 + np.exp(-3 * merit)))


def test_real_applicants_keep_their_outcomes():
    scores, good, group = [0.9, 0.2, 0.7, 0.4, 0.6], [1, 0, 1, 0, 0], [0, 0, 1, 1, 1]
    game = applicants(12, EmpiricalPools(scores=scores, good=good, group=group), votes=3)
    assert game.people.features.tolist() == [[0.9, 0], [0.2, 0], [0.7, 1], [0.4, 1], [0.6, 1]]
    assert game.people.expected(5) == pytest.approx(np.array([[0, 1, 0, 1, 1], [1, 0, 1, 0, 0]]) / 5)
    played, _ = trace(game, RevealingAction(0.5, 0.5))
    for r in played:
        assert (r.labels == np.array(good)[r.people]).all()


def test_german_credit_as_applicants():
    """Half of the 1000 applicants, 70% good, groups by age; a fair benchmark that is better than accepting all."""
    game = applicants(100)
    assert game.people.n_kinds == 500
    assert game.people.expected(100)[1].sum() == pytest.approx(0.7, abs=0.01)
    assert game.people.groups.mean() == pytest.approx(0.19, abs=0.02)
    assert game.benchmarks[0].error < 0.3


def test_drift_turns_the_labels_round():
    game = label_drift(100, block=10)
    assert game.people.law.chance.shape == (2, 3)
    assert game.people.expected(100)[1] * 3 == pytest.approx([0.55, 0.7, 0.5])


def test_recorded_people_are_replayed():
    people = RecordedPeople([[0.0], [1.0]], [[0, 1], [1, 1]], [[1, 0], [0, 1]])
    game = OneSidedGame(people, Listed.stumps(2), nobody_audits(2), 2)
    played, _ = trace(game, RevealingAction(1.0, 0.5))
    assert [r.people.tolist() for r in played] == [[0, 1], [1, 1]]
    assert [r.labels.tolist() for r in played] == [r.shown.tolist() for r in played] == [[1, 0], [0, 1]]
    assert people.expected(1).tolist() == [[0, 0.5], [0.5, 0]]


# ---------------------------------------------------------------- messages and files

WORLD = three_points(10)


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: three_points(0), ValueError, "horizon must be at least 1, got 0"),
        (lambda: three_points(10, tolerance=1.5), ValueError, r"tolerance must be finite and in \[0, 1\]"),
        (lambda: three_points(10, slack=0.3), ValueError, "slack must be at most tolerance = 0.2, got 0.3"),
        (lambda: three_points(10, individuals=0), ValueError, "individuals must be between 1 and"),
        (lambda: replace(WORLD, people=Lending), TypeError, "people must be a population such as Lending"),
        (lambda: replace(WORLD, hypotheses="all"), TypeError, "hypotheses must be a class such as"),
        (lambda: replace(WORLD, panels=lending_panels(2)), TypeError, "panels must be panels such as"),
        (lambda: replace(WORLD, feedback="labels"), TypeError, r"feedback must be OneSided\(\) or FullLabels\(\)"),
        (lambda: replace(WORLD, hypotheses=Listed.stumps(4)), ValueError, "predictions must have 3 columns"),
        (lambda: WORLD.benchmark(0.5), ValueError, "slack must be finite and in"),
        (lambda: Crowd([[0.0]], (1.2,)), ValueError, r"chances must lie in \[0, 1\], got 1.2"),
        (lambda: Crowd([[0.0]], (0.2,), weights=(0.0,)), ValueError, "weights must not all be 0"),
        (lambda: Crowd([[0.0]], (0.2, 0.3)), ValueError, "one number for each of the 1 rows"),
        (lambda: Crowd([[0.0]], (0.2,), groups=(0.5,)), ValueError, "groups must"),
        (lambda: RecordedPeople([[0.0]], [[0]], [[0, 1]]), ValueError, "labels must have the shape of people"),
        (lambda: RecordedPeople([[0.0]], [[1]], [[0]]), ValueError, "people must be rows of features"),
        (
            lambda: OneSidedGame(RecordedPeople([[0.0]], [[0]], [[0]]), Listed.stumps(1), nobody_audits(1), 2, 1),
            ValueError,
            r"people must have shape \(at least 2, 1\)",
        ),
        (lambda: Lending(1), ValueError, "n_people must be between 2 and"),
        (lambda: Applicants(Lending()), TypeError, "table must be a population with pools"),
    ],
)
def test_messages(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


SWEEP = """
repetitions = 2

[problem]
type = "OneSidedGame"
horizon = "$horizon"
individuals = 2
tolerance = 0.2
feedback = {type = "OneSided"}
people = {type = "Crowd", features = [[0.0], [1.0], [2.0]], chances = [0.2, 0.8, 0.9]}
hypotheses = {type = "Listed", predictions = [[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1]]}

[problem.panels]
type = "Panels"

[[problem.panels.panels]]
type = "Panel"
votes = 1
auditors = [{type = "TableDistance", table = [[0, 0.3, 0.5], [0.3, 0, 0.1], [0.5, 0.1, 0]]}]

[[learner]]
type = "Exp2OneSided"
price = "$price"
axes = {price = [0.0, 2.0]}

[[learner]]
type = "InstanceFtpl"
leaders = 5

[axes]
horizon = [16, 32]
"""


@pytest.mark.slow
def test_sweep_file_reaches_every_part():
    cells = parse_sweep(tomllib.loads(SWEEP))
    assert [(c.problem.horizon, c.learner.name) for c in cells[:3]] == [
        (16, "Exp2OneSided"),
        (16, "Exp2OneSided"),
        (16, "InstanceFtpl"),
    ]
    assert len({c.address for c in cells}) == 6
    assert (cells[0].problem.table == three_points(16).table).all()
    assert (cells[0].problem.swings == three_points(16).swings).all()
    run = simulate(cells[1].problem, cells[1].learner, repetitions=2, checkpoints=[16], seed=3)
    batched = simulate(three_points(16), cells[1].learner, repetitions=2, checkpoints=[16], seed=3)
    assert (run.values == batched.values).all()


WORLDS = """
repetitions = 2

[[problem]]
type = "three_points"
horizon = "$horizon"
slack = 0.1

[[problem]]
type = "lending"
horizon = "$horizon"
votes = 2
people = {type = "Lending", n_people = 12}
individuals = 3

[[problem]]
type = "label_drift"
horizon = "$horizon"
block = 8

[[problem]]
type = "hidden_outcomes"
horizon = "$horizon"
chances = [0.7, 0.4]

[[problem]]
type = "applicants"
horizon = "$horizon"
votes = 1
table = {type = "GermanCredit"}

[[learner]]
type = "Exp2OneSided"

[axes]
horizon = [16]
"""


def test_sweep_file_calls_the_worlds_by_name():
    """The cells are those of the games that the functions make: same objects, same addresses."""
    cells = parse_sweep(tomllib.loads(WORLDS))
    expected = [
        three_points(16, slack=0.1),
        lending(16, Lending(12), votes=2, individuals=3),
        label_drift(16, 8),
        hidden_outcomes(16, (0.7, 0.4)),
        applicants(16, votes=1),
    ]
    assert [describe(c.problem) for c in cells] == [describe(game) for game in expected]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"type": "three_points"}, "three_points needs horizon"),
        ({"type": "three_point", "horizon": 3}, "unknown type 'three_point'; did you mean 'three_points'"),
        ({"type": "lending", "horizon": 3, "vote": 1}, "lending has no parameter 'vote'; did you mean 'votes'"),
        ({"type": "label_drift", "horizon": 0}, "label_drift: horizon must be at least 1, got 0"),
        ({"type": "three_points", "horizon": 3, "people": 1}, "three_points: .* multiple values"),
        ({"type": "bandits.one_sided:reduce"}, "is not a dataclass, nor a function annotated to return one"),
        ({"type": "bandits.one_sided.examples:_THREE_DISTANCES"}, "is not a dataclass"),
    ],
)
def test_mistakes_in_a_world_of_a_sweep_file(data, message):
    with pytest.raises(ValueError, match=message):
        build(data, "problem[0]")


def test_every_class_has_a_name_of_its_own():
    """A sweep finds the family's classes by short name: no other family may take it."""
    own = {name: kind for name, kind in vars(family).items() if dataclasses.is_dataclass(kind)}
    assert {name for name, kind in own.items() if public_classes()[name] is not kind} == set()
    assert {"OneSidedGame", "Exp2OneSided", "Panels", "Lending", "FullLabels"} <= set(own)
