"""Games of more than two groups: draws, dynamics, the worst pair, every learner; two groups are the case K = 2."""

import itertools
from dataclasses import replace

import numpy as np
import polars
import pytest
from scipy.stats import chi2

from bandits.core.rng import ENVIRONMENT
from bandits.one_sided import Applicants
from bandits.threshold import (
    ChosenThreshold,
    CsvPopulation,
    EmpiricalPools,
    FixedThreshold,
    FullScoreSearch,
    OptimisticFeasibleSearch,
    ThresholdGame,
    acceptance_by_group,
    pools_from_table,
)
from bandits.threshold.group_pools import targets
from sims import simulate
from tests.bandits.threshold.test_game import LEARNERS, OWN, feedback_for
from tests.drivers import plain, play_plainly, stream_of


def pools(n_groups=3, seed=1, **changes):
    """Return pools of a hundred individuals whose scores fall with the group's number."""
    rng = np.random.default_rng(seed)
    group = np.arange(100) % n_groups
    scores = np.round(rng.random(100) * (1.0 - 0.5 * group / n_groups), 2)
    good = (rng.random(100) < scores).astype(int)
    return EmpiricalPools(scores=scores, good=good, group=group, **changes)


GAME = ThresholdGame(pools(), 60, grid=5, batch_size=9, price=0.5, service=(0.2, 0.7))


# ---------------------------------------------------------------- rounds


@pytest.mark.parametrize("kind", LEARNERS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("n_groups", [3, 5])
def test_every_learner_plays_within_the_proven_ranges(kind, n_groups):
    game = replace(GAME, population=pools(n_groups), feedback=feedback_for(kind))
    learner = kind(**OWN.get(kind, {}))
    for metric, value in zip(game.metrics, play_plainly(game, learner, seed=4)[0, 0], strict=True):
        low, high = game.metric_range(metric, learner)
        assert low <= value <= high, metric


@pytest.mark.slow
@pytest.mark.parametrize("kind", LEARNERS, ids=lambda kind: kind.__name__)
def test_the_compiled_play_equals_its_plain_text_bit_for_bit(kind):
    learner, rounds = kind(**OWN.get(kind, {})), [1, 20, 60]
    for population in (pools(), pools(4, share=(0.1, 0.2, 0.3, 0.4))):  # the compiled rounds serve any number of groups
        game = replace(GAME, population=population, feedback=feedback_for(kind))
        run = simulate(game, learner, repetitions=2, seed=11, checkpoints=rounds, threads=1)
        assert np.array_equal(run.values, play_plainly(game, learner, 2, 11, rounds))


def test_the_accounts_are_those_of_the_definition():
    game, arm, k = replace(GAME, parity_tolerance=0.05, horizon=40), 2, 3
    population, cut = game.population, game.thresholds[2]
    row = dict(zip(game.metrics, play_plainly(game, FixedThreshold(arm))[0, 0], strict=True))
    scores, good, group = (np.array(column) for column in (population.scores, population.good, population.group))
    rates = np.array([(scores[group == g] >= cut).mean() for g in range(k)])
    earned = np.array([((scores >= cut) * (good - 0.5 * (1 - good)))[group == g].mean() for g in range(k)])
    first = shares = np.bincount(group) / len(group)
    rest = [np.mean(np.delete(rates, g)) for g in range(k)]
    target = first + 0.3 * (rates - rest)
    assert target.min() > 0.1 / k
    parity = max(abs(a - b) for a, b in itertools.combinations(rates, 2)) - 0.05
    total, served = 0.0, 0.0
    for _ in range(40):
        total += game.fixed_points.reward[game.fixed_points.best] - shares @ earned
        served += max(0.0, 0.2 - shares @ rates, shares @ rates - 0.7)
        shares = 0.9 * shares + 0.1 * target
    assert parity > 0.0
    assert row["parity_violation"] == pytest.approx(40 * parity, abs=1e-12)
    assert row["service_violation"] == pytest.approx(served, abs=1e-12)
    assert row["regret"] == pytest.approx(total, abs=1e-12)
    assert [row[f"share_{g}"] for g in range(k)] == pytest.approx(shares, abs=1e-12)


def test_sizes_of_large_batches_are_multinomial():
    """Chi-square of the summed sizes of 2000 batches in 4 groups: the right law fails with probability 5e-7.

    The squared standardised sizes of a batch have mean 3: off by 4.9 standard errors with probability about 1e-6.
    """
    population = pools(4, adaptation=0.0, share=(0.4, 0.3, 0.2, 0.1))
    game = ThresholdGame(population, 10, grid=3, batch_size=12)
    init, respond, _ = map(plain, game.steps[:3])
    setting, env = game.setting(), stream_of(5, 0, ENVIRONMENT)
    world, sizes = init(setting, env), []
    for t in range(2000):
        _, world = respond(setting, world, t, 1, env)
        sizes.append(world.batch.sizes.copy())
    sizes, shares = np.array(sizes), population.starts
    assert (sizes.sum(axis=1) == 12).all()
    centred = sizes.sum(axis=0) - 2000 * 12 * shares
    statistic = (centred**2 / (2000 * 12 * shares)).sum()
    assert statistic < chi2.isf(5e-7, 3)
    covariance = 12 * (np.diag(shares) - np.outer(shares, shares))[:3, :3]  # of the first three sizes
    scores = np.linalg.solve(np.linalg.cholesky(covariance), (sizes[:, :3] - 12 * shares[:3]).T)
    squares = (scores**2).sum(axis=0)  # mean 3; variance 6 plus the multinomial's fourth cumulants
    assert abs(squares.mean() - 3.0) < 4.9 * squares.std() / np.sqrt(2000)


def test_records_are_by_group():
    options = {"record": ["rates"], "seed": 1, "backend": "python"}
    rates = simulate(replace(GAME, horizon=3), OptimisticFeasibleSearch(), **options).records["rates"]
    assert rates["shares"].shape == (1, 3, 3)
    assert rates["accept"][0].tolist() == GAME.setting().population.accept[:3].tolist()  # each threshold is tried
    assert rates["shares"].sum(axis=2) == pytest.approx(1.0)
    assert rates["shares"][0, 0].tolist() == GAME.population.starts.tolist()


@pytest.mark.slow
def test_compiled_records_equal_those_of_the_text():
    both = [
        simulate(GAME, OptimisticFeasibleSearch(), seed=1, backend=backend, record=["actions", "rates"]).records
        for backend in ("python", "numba")
    ]
    for name in ("actions", "rates"):
        assert both[0][name].tobytes() == both[1][name].tobytes()


# ---------------------------------------------------------------- dynamics


def test_two_groups_move_by_the_same_rule():
    rng = np.random.default_rng(3)
    accept, lift = rng.random((200, 2)), rng.random(200)
    for rates, each in zip(accept, lift, strict=True):
        share = 0.05 + 0.9 * rng.random()
        expected = np.clip(share + each * (rates[1] - rates[0]), 0.05, 0.95)
        assert targets(np.array([1.0 - share, share]), rates[None], each)[0, 1] == pytest.approx(expected, abs=1e-15)


def moved(population, thresholds, shares, index):
    """Return the shares after a round of a threshold, by the population's own text."""
    setting, steps = population.setting(thresholds), population.steps
    state = np.array(shares)
    target = plain(steps.target)(setting, plain(steps.rates)(setting, state, index))
    return plain(steps.advance)(population.adaptation, state, target)


@pytest.mark.parametrize("lift", [0.3, 1.0])
@pytest.mark.parametrize("n_groups", [3, 6])
def test_a_fixed_threshold_brings_the_shares_to_the_sweeps_state(n_groups, lift):
    population = pools(n_groups, lift=lift, share=tuple(np.r_[0.02, np.full(n_groups - 1, 0.98 / (n_groups - 1))]))
    game = ThresholdGame(population, 10, grid=6)
    for i in range(6):
        shares = [population.starts]
        for _ in range(400):
            shares.append(moved(population, game.thresholds, shares[-1], i))
        assert shares[-1] == pytest.approx(game.fixed_points.state[i], abs=1e-12)
        steps = np.diff(shares, axis=0)
        assert ((steps >= -1e-15) | (steps[0] < 0.0)).all()  # monotone in each coordinate
        assert ((steps <= 1e-15) | (steps[0] > 0.0)).all()
        for (low, high), path in zip(population.reachable, np.transpose(shares), strict=True):
            assert low - 1e-12 <= path.min() <= path.max() <= high + 1e-12
        assert np.sum(shares, axis=1) == pytest.approx(1.0)
        assert np.min(shares) >= 0.0


@pytest.mark.parametrize("n_groups", [3, 4])
def test_contraction_and_sensitivity(n_groups):
    population, rng = pools(n_groups), np.random.default_rng(2)
    thresholds, slope = np.linspace(0.0, 1.0, 9), population.sensitivity(0.5)
    setting = population.setting(thresholds)
    for i in range(9):
        one, other = rng.dirichlet(np.ones(n_groups), 2)
        distance = np.abs(one - other).max()
        after = np.abs(moved(population, thresholds, one, i) - moved(population, thresholds, other, i)).max()
        assert after <= population.contraction * distance + 1e-15
        means = (1.5 * setting.good[i] - 0.5 * setting.accept[i]) / 1.5
        assert abs((one - other) @ means) <= slope.reward * distance + 1e-15
        assert abs((one - other) @ setting.accept[i]) <= slope.service * distance + 1e-15
    tight = np.sort(setting.accept[:, :], axis=1)
    half = n_groups // 2
    assert (tight[:, -half:].sum(axis=1) - tight[:, :half].sum(axis=1)).max() <= slope.service


# ---------------------------------------------------------------- the worst pair


def test_the_worst_pair_is_that_of_the_table():
    rng = np.random.default_rng(7)
    region = rng.choice(["north", "south", "east", "west"], 400)
    scores = np.round(rng.random(400) * np.where(region == "east", 0.5, 1.0), 2)
    data = polars.DataFrame({"score": scores, "paid": (rng.random(400) < scores).astype(int), "region": region})
    roles = {"score": "score", "outcome": "paid", "group": "region"}
    population, cuts = pools_from_table(data, **roles, groups="all"), [0.25, 0.5, 0.75]
    game, found = (
        ThresholdGame(population, 10, grid=cuts),
        acceptance_by_group(data, cuts, group="region", score="score"),
    )
    assert population.group_names == tuple(dict.fromkeys(region.tolist()))
    for i, row in enumerate(found.rows(named=True)):
        assert tuple(game.worst_pair(i)) == (row["most"], row["least"], pytest.approx(row["gap"], abs=1e-15))
        assert game.fixed_points.violation[i] == pytest.approx(max(0.0, row["gap"] - 0.1), abs=1e-12)
        assert game.fixed_points.residuals[i].max() == pytest.approx(row["gap"] - 0.1, abs=1e-12)
    assert game.fixed_points.residuals.shape == (3, 12)
    some = pools_from_table(data, **roles, groups=["west", "east"])
    two = pools_from_table(data, **roles, group_value="east", other_value="west")
    assert replace(some, names=()) == two
    assert Applicants(population).n_groups == 4
    with pytest.raises(ValueError, match="index must be between 0 and 2, got 3"):
        game.worst_pair(3)


# ---------------------------------------------------------------- what is refused


TABLE = {"score": [0.5] * 9, "paid": [0, 1, 1] * 3, "region": list("aaabbbbcc")}


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"groups": "all", "smallest": 3}, ValueError, r"groups of fewer than smallest = 3 rows, 'c' \(2\): name the"),
        ({"groups": ["a", "d"]}, ValueError, "holds no groups 'd', only 'a', 'b', 'c'"),
        ({"groups": ["a", "a"]}, ValueError, "groups must be two or more different values"),
        ({"groups": ["a"]}, ValueError, "groups must be two or more different values"),
        ({"groups": "a"}, TypeError, 'groups must be a list of values or "all"'),
        ({"groups": "all", "merge_others": True}, ValueError, "groups takes the place of group_value, other_value and"),
        ({"groups": "all", "group_value": "a"}, ValueError, "groups takes the place of group_value, other_value and"),
        ({"groups": "all", "smallest": 0}, ValueError, "smallest must be at least 1"),
        ({"groups": "all", "smallest": 1, "share": 0.5}, ValueError, "share must be 3 positive numbers of sum 1"),
        ({"group_value": "a"}, ValueError, 'groups, a list of them or "all", makes a game of several groups'),
    ],
)
def test_mistakes_are_one_line(arguments, error, message):
    with pytest.raises(error, match=message) as caught:
        pools_from_table(polars.DataFrame(TABLE), score="score", outcome="paid", group="region", **arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"group": [0, 1, 3]}, r"all groups 0, \.\.\., 3 must be present, got none of group 2"),
        ({"group": [0, 1, 0.5]}, "group must hold whole numbers"),
        ({"group": [0, 1, 50]}, "group must lie in"),
        ({"names": ["a", "b"]}, "names must be 3 distinct names"),
        ({"names": ["a", "b", "b"]}, "names must be 3 distinct names"),
        ({"share": [0.5, 0.5, 0.0]}, "share must be 3 positive numbers of sum 1"),
        ({"share": [0.5, 0.2, 0.2]}, "share must be 3 positive numbers of sum 1"),
    ],
)
def test_pools_name_the_column_that_is_wrong(columns, message):
    with pytest.raises(ValueError, match=message):
        EmpiricalPools(**({"scores": [0.1, 0.2, 0.3], "good": [0, 1, 1], "group": [0, 1, 2]} | columns))


def test_a_scored_table_of_several_groups(tmp_path):
    rng = np.random.default_rng(1)
    rows = [f"{rng.normal():.4f},{rng.integers(0, 2)},{'abc'[i % 3]}" for i in range(90)]
    (tmp_path / "people.csv").write_text("\n".join(["income,paid,region", *rows]))
    roles = {"path": str(tmp_path / "people.csv"), "outcome": "paid", "group": "region", "numbers": ["income"]}
    population = CsvPopulation(**roles, groups=["c", "a", "b"])
    assert population.group_names == ("c", "a", "b")
    assert [len(part) for part in population.pools.scores] == pytest.approx([15, 15, 15], abs=1)
    assert ThresholdGame(population, 10, feedback=ChosenThreshold()).n_constraints == 6
    with pytest.raises(ValueError, match="column 'region' holds no groups 'd'"):
        CsvPopulation(**roles, groups=["a", "d"])
    with pytest.raises(ValueError, match="groups takes the place of group_value"):
        CsvPopulation(**roles, groups=["a", "b"], group_value="a")


def test_the_search_that_sees_scores_learns_from_every_pair():
    game = replace(GAME, feedback=feedback_for(FullScoreSearch), horizon=200, batch_size=400, service=None)
    game = replace(game, parity_tolerance=0.05)
    violation = play_plainly(game, FullScoreSearch(width=0.2))[0, 0, game.metrics.index("violation")]
    worst = game.fixed_points.violation[int(game.fixed_points.reward.argmax())]
    assert worst > 0.05
    assert violation < 0.1 * 200 * worst
