"""The game: compiled equals plain Python, metrics, refused arguments, sweeps over it."""

import itertools
import pickle
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest

import bandits.threshold
from bandits.core.jit import kernel
from bandits.protocol import Learner, LearnerSteps
from bandits.switching import Bandit, Exp3
from bandits.threshold import (
    BlockFeasibleSearch,
    ChosenThreshold,
    EmpiricalPools,
    EpochFeasibleSearch,
    ExploreThenCommit,
    FixedThreshold,
    FullScores,
    FullScoreSearch,
    RewardUCB,
    Synthetic,
    ThresholdGame,
    environments,
    late_average,
)
from sims import simulate
from sims.spec import parse_sweep
from tests.bandits.threshold.test_batches import POOLS, frozen
from tests.drivers import play_plainly, slow

PUBLIC = [getattr(bandits.threshold, name) for name in dir(bandits.threshold)]
LEARNERS = sorted(
    (item for item in PUBLIC if isinstance(item, type) and issubclass(item, Learner)), key=lambda item: item.__name__
)
OWN = {  # parameters that let a short play get past its first tries
    BlockFeasibleSearch: {"hold": 2, "width": 0.3},
    EpochFeasibleSearch: {"hold": 3, "width": 0.3},
    ExploreThenCommit: {"plays": 2},
}


def feedback_for(learner):
    return ChosenThreshold() if ChosenThreshold in learner.accepts else FullScores()


# ---------------------------------------------------------------- every learner in every environment


COMPILED = [LEARNERS[0], *map(slow, LEARNERS[1:])]


@pytest.mark.parametrize("kind", COMPILED, ids=lambda kind: kind.__name__)
def test_the_compiled_play_equals_its_plain_text_bit_for_bit(kind):
    learner = kind(**OWN.get(kind, {}))
    game = ThresholdGame(
        Synthetic(), 60, grid=5, batch_size=9, price=1.35, service=(0.2, 0.9), feedback=feedback_for(learner)
    )
    rounds = [1, 7, 30, 60]
    run = simulate(game, learner, repetitions=2, seed=11, checkpoints=rounds, threads=2)
    assert np.array_equal(run.values, play_plainly(game, learner, 2, 11, rounds))
    assert np.isfinite(run.values).all()
    alone = simulate(game, learner, seed=11, checkpoints=rounds, threads=1, first_repetition=1)
    assert np.array_equal(alone.values[0], run.values[1])


@pytest.mark.parametrize("name", ["synthetic", "german_credit", "compas"])
@pytest.mark.parametrize("kind", LEARNERS, ids=lambda kind: kind.__name__)
def test_every_learner_plays_every_environment_within_the_proven_ranges(kind, name):
    game = environments(60, grid=8, feedback=feedback_for(kind))[name]
    learner = kind()
    row = play_plainly(game, learner, seed=5)[0, 0]
    assert len(row) == len(game.metrics)
    for metric, value in zip(game.metrics, row, strict=True):
        low, high = game.metric_range(metric, learner)
        assert low <= value <= high, metric


# ---------------------------------------------------------------- metrics


class SequenceParams(NamedTuple):
    arms: Any


class SequenceState(NamedTuple):
    nothing: int


@kernel
def _init(params, rng):
    return SequenceState(0)


@kernel
def _act(params, state, t, rng):
    return params.arms[t]


@kernel
def _update(params, state, t, arm, outcome, rng):
    return state


@dataclass(frozen=True)
class Sequence(Learner):
    """Plays a fixed sequence of thresholds."""

    arms: tuple[int, ...]
    steps: ClassVar[LearnerSteps] = LearnerSteps(_init, _act, _update)
    accepts: ClassVar[tuple[type, ...]] = (ChosenThreshold, FullScores)

    def parameters(self, problem):
        return SequenceParams(np.array(self.arms))


@pytest.mark.parametrize("swapped", [False, True])
def test_the_accounts_are_those_of_the_definition(swapped):
    arms = tuple(np.random.default_rng(1).integers(0, 4, 30).tolist())
    group = 1 - np.array(POOLS.group) if swapped else np.array(POOLS.group)
    population = EmpiricalPools(scores=POOLS.scores, good=POOLS.good, group=group)
    game = ThresholdGame(
        population, 30, grid=[0.0, 0.4, 0.6, 0.9], price=0.5, parity_tolerance=0.05, service=(0.3, 0.8)
    )
    row = dict(zip(game.metrics, play_plainly(game, Sequence(arms))[0, 0], strict=True))

    scores, good, first = np.array(POOLS.scores), np.array(POOLS.good), group.mean()

    def means(threshold, share):
        weight = np.where(group == 1, share / (group == 1).sum(), (1.0 - share) / (group == 0).sum())
        accepted = scores >= threshold
        reward = (weight * accepted * (good - 0.5 * (1 - good))).sum()
        a_0, a_1 = (accepted[group == g].mean() for g in (0, 1))
        overall = (weight * accepted).sum()
        parity, service = max(0.0, abs(a_0 - a_1) - 0.05), max(0.0, 0.3 - overall, overall - 0.8)
        return reward, parity, service, np.clip(first + 0.3 * (a_1 - a_0), 0.05, 0.95)

    ends = [means(threshold, means(threshold, first)[3]) for threshold in game.thresholds]
    feasible = [end for end in ends if end[1] + end[2] == 0.0]
    best = max(end[0] for end in feasible) if feasible else min(ends, key=lambda end: end[1] + end[2])[0]
    share, totals, infeasible = first, np.zeros(3), 0
    for arm in arms:
        reward, parity, service, target = means(game.thresholds[arm], share)
        totals += best - reward, parity, service
        infeasible += parity + service > 0.0
        share = 0.9 * share + 0.1 * target
    assert (row["regret"], row["parity_violation"], row["service_violation"]) == pytest.approx(tuple(totals), abs=1e-12)
    assert row["violation"] == pytest.approx(totals[1] + totals[2], abs=1e-12)
    assert row["infeasible_rounds"] == infeasible
    assert row["settled_regret"] == pytest.approx(sum(best - ends[arm][0] for arm in arms), abs=1e-12)
    assert row["settled_violation"] == pytest.approx(sum(ends[arm][1] + ends[arm][2] for arm in arms), abs=1e-12)
    assert row["switches"] == sum(a != b for a, b in itertools.pairwise(arms))
    assert row["share"] == pytest.approx(share, abs=1e-12)


def test_full_scores_change_nothing_but_what_is_seen():
    arms = (0, 2, 1, 1)
    rows = []
    for feedback in (ChosenThreshold(), FullScores()):
        game = frozen(feedback, batch_size=5)
        rows.append(dict(zip(game.metrics, play_plainly(game, Sequence((*arms, *arms, 0, 0)))[0, 0], strict=True)))
    assert {name: value for name, value in rows[0].items() if name != "reward"} == {
        name: value for name, value in rows[1].items() if name != "reward"
    }


def test_ranges_are_met_in_a_population_that_stands_still():
    game = frozen(ChosenThreshold(), batch_size=5)
    for metric in ("regret", "violation", "parity_violation", "service_violation", "settled_regret"):
        ends = [play_plainly(game, FixedThreshold(i))[0, 0, game.metrics.index(metric)] for i in range(3)]
        assert game.metric_range(metric, RewardUCB()) == pytest.approx((min(ends), max(ends)), abs=1e-7)
        for i, end in enumerate(ends):
            assert game.metric_range(metric, FixedThreshold(i)) == pytest.approx((end, end), abs=1e-7)
    assert game.metric_range("switches", FixedThreshold(1)) == (0.0, 0.0)
    assert game.metric_range("switches", RewardUCB()) == (0.0, 9.0)
    with pytest.raises(ValueError, match="metric must be one of reward, regret"):
        game.metric_range("loss", RewardUCB())


def test_late_average_is_the_mean_of_the_last_rounds():
    rounds, totals = np.array([1, 50, 80, 90, 100]), np.array([[1.0, 50.0, 80.0, 95.0, 120.0]])
    assert late_average(rounds, totals).tolist() == [2.0]
    assert late_average(rounds, totals, share=0.1).tolist() == [2.5]
    with pytest.raises(ValueError, match="no checkpoint within the first"):
        late_average([90, 100], [1.0, 2.0])


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"population": Synthetic}, TypeError, "population must be a population"),
        ({"horizon": 0}, ValueError, "horizon must be at least 1"),
        ({"batch_size": 0}, ValueError, "batch_size must be between 1 and 1000000"),
        ({"price": -1.0}, ValueError, "price must be finite and in"),
        ({"price": float("nan")}, ValueError, "price must be finite and in"),
        ({"parity_tolerance": 1.5}, ValueError, "parity_tolerance must be finite and in"),
        ({"grid": 1}, ValueError, "grid must be between 2 and"),
        ({"grid": 5.0}, TypeError, "grid must be an integer"),
        ({"grid": [0.5]}, ValueError, "grid must hold 2 to 1000000 increasing thresholds"),
        ({"grid": [0.5, 0.5]}, ValueError, "grid must hold 2 to 1000000 increasing thresholds"),
        ({"grid": [0.5, 1.5]}, ValueError, "grid must lie in"),
        ({"service": 0.5}, ValueError, "service must"),
        ({"service": (0.8, 0.2)}, ValueError, "low <= high"),
        ({"service": (0.2, 0.5, 0.8)}, ValueError, "low <= high"),
        ({"service": (0.2, float("nan"))}, ValueError, "service must lie in"),
        ({"feedback": Bandit()}, TypeError, "feedback must be ChosenThreshold"),
    ],
)
def test_the_game_names_the_argument_that_is_wrong(arguments, error, message):
    with pytest.raises(error, match=message):
        ThresholdGame(**({"population": Synthetic(), "horizon": 10} | arguments))


def test_learners_and_games_that_do_not_fit_are_refused():
    game = frozen(ChosenThreshold(), batch_size=5)
    with pytest.raises(TypeError, match="Exp3 learns from Bandit feedback, but the problem gives ChosenThreshold"):
        simulate(game, Exp3())
    with pytest.raises(TypeError, match="FullScoreSearch learns from FullScores"):
        simulate(game, FullScoreSearch())
    with pytest.raises(ValueError, match="index must be between 0 and 2, got 3"):
        simulate(game, FixedThreshold(3))
    with pytest.raises(ValueError, match=r"the threshold must be in 0, \.\.\., "):
        play_plainly(game, Sequence((3,) * 10))


def test_games_are_values():
    game = ThresholdGame(POOLS, 30, grid=np.array([0.1, 0.4]), service=[0.3, 0.8])
    again = pickle.loads(pickle.dumps(game))
    assert (game == again, hash(game) == hash(again)) == (True, True)
    assert game.fixed_points.best == again.fixed_points.best
    assert ThresholdGame(Synthetic(), 30) != ThresholdGame(POOLS, 30)


# ---------------------------------------------------------------- sweeps


def test_a_sweep_file_reaches_the_family_by_its_names():
    problem = {
        "type": "ThresholdGame",
        "population": {"type": "Synthetic", "lift": "$lift"},
        "horizon": 60,
        "grid": 5,
        "service": [0.2, 0.9],
        "feedback": {"type": "ChosenThreshold"},
    }
    learners = [{"type": kind.__name__} for kind in LEARNERS if ChosenThreshold in kind.accepts]
    pools = {"type": "EmpiricalPools", "scores": list(POOLS.scores), "good": [0, 1] * 5, "group": [0] * 5 + [1] * 5}
    others = [problem | {"population": {"type": name}} for name in ("GermanCredit", "Compas")]
    spec = {
        "repetitions": 2,
        "axes": {"lift": [0.1, 0.2]},
        "problem": [problem, *others, problem | {"population": pools}],
        "learner": learners,
    }
    cells = parse_sweep(spec)
    assert len(cells) == 2 * 4 * len(learners)
    assert cells[0].problem == ThresholdGame(Synthetic(lift=0.1), 60, grid=5, service=(0.2, 0.9))
    assert len({cell.address for cell in cells}) == (2 + 3) * len(learners)
    full = problem | {"feedback": {"type": "FullScores"}}
    assert len(parse_sweep({**spec, "problem": full, "learner": {"type": "FullScoreSearch"}})) == 2
    with pytest.raises(ValueError, match="learns from FullScores feedback"):
        parse_sweep({**spec, "learner": {"type": "FullScoreSearch"}})
