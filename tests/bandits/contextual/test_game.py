"""The game: what is measured and revealed, plays that are refused, worlds, tables of one's own, other libraries."""

import math

import numpy as np
import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.adapters import from_policy
from bandits.contextual import (
    Aggregating,
    ContextualExp4,
    ContextualGame,
    EveryLoss,
    FiniteWorld,
    GreedyRegression,
    InverseGapWeighting,
    LeastMeanSquares,
    LinearWorld,
    LogisticDescent,
    Mixture,
    Play,
    PosteriorSampling,
    Ridge,
    TableWorld,
    VovkAzouryWarmuth,
    certified,
    linear_world,
    policy_world,
    world_from_table,
)
from bandits.contextual.gap_weighting import KL_TO_TRIANGLE
from bandits.core.actions import InvalidAction
from sims import simulate
from tests.bandits.contextual.checks import gammas, law
from theory import theorem

CONTEXTS = np.array([[1.0, 0.0], [0.5, 2.0], [0.0, -1.0]])
LOSSES = np.array([[0.0, 1.0, 0.5], [0.25, 0.5, 0.75], [1.0, 0.0, 0.0]])
TABLE = ContextualGame(TableWorld(CONTEXTS, LOSSES), 3)


class Scripted:
    """Plays given actions and keeps what it is shown."""

    def __init__(self, *plays):
        self.plays = plays

    def reset(self, problem, rng):
        self.t, self.shown, self.seen = 0, [], []

    def act(self, observation, rng):
        self.shown.append(np.array(observation))
        self.t += 1
        return self.plays[self.t - 1]

    def update(self, observation, action, feedback, rng):
        assert np.array_equal(observation, feedback.context)
        self.seen.append(np.array(feedback[1]))


def played(game, *plays):
    """Return the metrics, and the learner after the play."""
    run = simulate(game, Scripted(*plays), backend="python", record="everything")
    return {name: float(run.final(name)[0]) for name in game.metrics}, run


def play(arm, law=(), guess=()):
    return Play(arm, np.array(law, dtype=float), np.array(guess, dtype=float))


def test_metrics_by_hand():
    laws, guess = [[0.5, 0.25, 0.25], [0.0, 1.0, 0.0], [0.0, 0.5, 0.5]], [[0.25, 0.5, 0.5], [0.5] * 3, [0.0, 0.0, 1.0]]
    found, _ = played(TABLE, *map(play, (2, 1, 2), laws, guess))
    means = LOSSES - LOSSES.min(axis=1, keepdims=True)
    squares = (np.array(guess) - LOSSES) ** 2
    assert found["loss"] == 0.5 + 0.5 + 0.0
    assert found["best_loss"] == 0.25
    assert found["regret"] == 0.5 + 0.25 + 0.0
    assert found["law_regret"] == pytest.approx((laws * means).sum(), abs=1e-12)
    assert found["estimation"] == pytest.approx((laws * squares).sum(), abs=1e-12)
    sums = np.array(guess) + LOSSES
    parts = np.divide(squares, sums, out=np.zeros((3, 3)), where=sums > 0.0)
    assert found["triangular"] == pytest.approx((laws * parts).sum(), abs=1e-12)
    assert found["oracle_regret"] == pytest.approx(squares[[0, 1, 2], [2, 1, 2]].sum(), abs=1e-12)


def test_actions_without_a_law_or_predictions():
    """An integer is certain of its action; without predictions their errors are unknown."""
    whole, _ = played(TABLE, 2, 1, 0)
    empty, _ = played(TABLE, play(2), play(1), play(0))
    certain, _ = played(TABLE, *(play(a, np.eye(3)[a], [0.5] * 3) for a in (2, 1, 0)))
    guess, _ = played(TABLE, *(play(a, (), [0.5] * 3) for a in (2, 1, 0)))
    for name in ("loss", "best_loss", "regret", "law_regret"):
        assert whole[name] == empty[name] == certain[name] == guess[name]
    for name in ("estimation", "triangular", "oracle_regret"):
        assert math.isnan(whole[name])
        assert math.isnan(empty[name])
        assert certain[name] == pytest.approx(guess[name], abs=1e-15)


def test_contexts_and_losses_are_revealed():
    game = ContextualGame(TableWorld(CONTEXTS, LOSSES), 3, EveryLoss())
    _, run = played(game, 0, 0, 0)
    trace = run.trace[0]
    assert [np.array(round.observation).tolist() for round in trace] == CONTEXTS[:, None, :].tolist()
    assert [np.array(round.feedback.losses).tolist() for round in trace] == LOSSES.tolist()
    _, run = played(TABLE, 2, 1, 0)
    assert [float(round.feedback.loss) for round in run.trace[0]] == [0.5, 0.5, 1.0]


@pytest.mark.parametrize(
    ("action", "error", "text"),
    [
        (3, InvalidAction, "the action must be in 0, ..., 2, got 3"),
        (play(-1), InvalidAction, "the action must be in 0, ..., 2, got -1"),
        (play(0, [1.0]), InvalidAction, "law and guess must have 3 entries or none, got 1 and 0"),
        (play(0, (), [0.5, 0.5]), InvalidAction, "law and guess must have 3 entries or none, got 0 and 2"),
        (play(0, [0.5, 0.4, 0.2]), InvalidAction, "law must be probabilities that sum to 1"),
        (play(0, [1.5, -0.5, 0.0]), InvalidAction, "law must be probabilities that sum to 1"),
        (play(0, (), [0.5, 1.5, 0.0]), InvalidAction, "guess must lie in .* got 0.0 to 1.5"),
        (play(0, (), [np.nan, 0.5, 0.0]), InvalidAction, "guess must lie in .* got nan to nan"),
        (0.5, TypeError, "arm must be an integer, got float 0.5"),
        (play(0.5), TypeError, "arm must be an integer"),
        (play(0, [[0.5]]), TypeError, "law must be an array of numbers with 1 axes"),
        ((0, 1), TypeError, "act must return a Play"),
    ],
)
def test_invalid_plays_are_named(action, error, text):
    with pytest.raises(error, match=text):
        simulate(TABLE, Scripted(action, 0, 0), backend="python")


# ---------------------------------------------------------------- worlds


def test_linear_worlds():
    world = linear_world(4, 3, 50, 0.5, seed=3)
    assert np.linalg.norm(world.features, axis=2) == pytest.approx(1.0)
    assert world.means[0] == pytest.approx(world.features @ world.parameter)
    assert world.parameter_norm == pytest.approx(0.5)
    shared = LinearWorld(CONTEXTS[:2], [[0.5, 0.25], [0.0, 0.125]])
    assert shared.means.tolist() == [[[0.5, 0.0], [0.75, 0.25]]]
    assert ContextualGame(shared, 5).size.models == 2
    odds = LinearWorld(CONTEXTS, [[0.0, 0.0], [1.0, 1.0]], "logistic")
    assert odds.means[0, :, 1] == pytest.approx(1.0 / (1.0 + np.exp([-1.0, -2.5, 1.0])))
    assert LogisticDescent(1.5).covers(odds)
    assert not LogisticDescent(1.4).covers(odds)
    with pytest.raises(AttributeError, match="the link is logistic"):
        Ridge().covers(odds)


def test_policy_worlds():
    world = policy_world(3, 4, 0.25, 0.5, 200, seed=1)
    assert np.array_equal(world.features[:, :, 2], world.functions[2])
    assert ((world.functions == 0.25).sum(axis=2) == 1).all()
    assert set(np.unique(world.functions)) == {0.25, 0.75}
    assert np.array_equal(world.means[0], world.functions[0])
    game = ContextualGame(world, 10)
    assert (game.gap, game.expected_best_loss) == (0.5, 2.5)
    assert policy_world(truth=None).means.shape[0] == 16


def test_order_of_contexts():
    world = FiniteWorld(np.arange(12).reshape(2, 3, 2) / 12, order=[2, 0, 2])
    _, run = played(ContextualGame(world, 3), 0, 0, 0)
    assert [round.observation.tolist() for round in run.trace[0]] == [world.features[i].tolist() for i in (2, 0, 2)]
    shown = simulate(ContextualGame(world, 3), Scripted(0, 0, 0), backend="python", record=["context"])
    assert shown.records["context"].tolist() == [[2, 0, 2]]
    with pytest.raises(ValueError, match="order must reach the horizon = 4, got 3 rounds"):
        ContextualGame(world, 4)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: LinearWorld(CONTEXTS, [[1.0, 1.0]]), "parameter must be .* with K >= 2 actions, got .1, 2."),
        (
            lambda: LinearWorld(CONTEXTS, [[1.0, 1.0], [0.0, 0.0]]),
            "features times parameter must lie in .* got -1 to 2.5",
        ),
        (lambda: LinearWorld(CONTEXTS, [0.5, 0.5]), "features and parameter must be .* got .3, 2. and .2,."),
        (lambda: LinearWorld([[1.0, np.nan]], [[0.5, 0.5]]), "features must lie in .* got nan at index .0, 1."),
        (lambda: LinearWorld([[1.0, 2.0], [1.0]], [[0.5, 0.5]]), "features must be an array of numbers"),
        (lambda: FiniteWorld(np.full((2, 3, 2), 1.5)), "functions must lie in .0, 1."),
        (lambda: FiniteWorld(np.full((2, 3, 2), 0.5), order=[3]), "order must be between 0 and 2, got 3"),
        (lambda: FiniteWorld(np.full((2, 3, 2), 0.5), truth=2), "truth must be between 0 and 1, got 2"),
        (lambda: TableWorld(CONTEXTS, LOSSES[:2]), "contexts must have shape .2, d. or .2, 3, d. for these losses"),
        (lambda: TableWorld(np.ones((3, 2, 4)), LOSSES), "contexts must have shape .* got .3, 2, 4."),
        (lambda: ContextualGame(TableWorld(CONTEXTS, LOSSES), 4), "losses must reach the horizon = 4, got 3 rounds"),
        (lambda: policy_world(mean=0.7), "mean . gap must be at most 1, got 0.7 . 0.4"),
    ],
)
def test_wrong_worlds_are_named(make, text):
    with pytest.raises((ValueError, TypeError), match=text):
        make()


# ---------------------------------------------------------------- a table of one's own


@pytest.fixture
def frame():
    columns = {"x": CONTEXTS[:, 0], "z": CONTEXTS[:, 1], "a": LOSSES[:, 0], "b": LOSSES[:, 1], "c": LOSSES[:, 2]}
    return polars.DataFrame(columns | {"answer": ["no", "yes", "no"]})


def test_tables(frame, tmp_path):
    frame.write_parquet(tmp_path / "t.parquet")
    frame.write_csv(tmp_path / "t.csv")
    for data in (frame, *tmp_path.iterdir()):
        world = world_from_table(data, contexts=["x", "z"], losses=["a", "b", "c"])
        assert np.array_equal(world.contexts[:, 0], CONTEXTS)
        assert np.array_equal(world.losses, LOSSES)
        labelled = world_from_table(data, contexts=["z"], label="answer")
        assert labelled.losses.tolist() == [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]


def test_wrong_tables_are_named(frame):
    wrong = frame.with_columns(polars.Series("x", [1.0, None, 2.0]), polars.Series("a", [0.5, 2.0, 0.0]))
    for options, text in (
        ({"contexts": ["x"], "losses": ["b"]}, "column 'x' must hold finite numbers, got 'None' in row 1"),
        ({"contexts": ["z"], "losses": ["a", "b"]}, "losses must lie in .0, 1., got 2.0 at index .1, 0."),
        ({"contexts": ["z"], "losses": ["b"]}, "losses must have a column for each of K >= 2 actions"),
        ({"contexts": ["w"], "losses": ["a"]}, "no column 'w'; its columns are x, z, a"),
        ({"contexts": ["z"]}, "either losses .columns. or label .a column. must be given"),
        ({"contexts": "z", "label": "answer"}, "contexts must be a list of column names, got 'z'"),
    ):
        with pytest.raises((ValueError, TypeError), match=text):
            world_from_table(wrong, **options)


# ---------------------------------------------------------------- tuning, and other libraries


def test_tuning():
    game = ContextualGame(policy_world(5, 16, 0.3, 0.4, 10), 1024)
    squares, log = 0.5 * math.log(16), math.log(16)
    exact = InverseGapWeighting("exact", oracle=Mixture())
    assert exact.parameters(game).level == pytest.approx(2.0 * math.sqrt(4 * 1024 / squares))
    squarecb = InverseGapWeighting("squarecb", oracle=Aggregating()).parameters(game)
    assert squarecb.level == pytest.approx(2.0 * math.sqrt(8 * 1024 / squares))
    fastcb = InverseGapWeighting("fastcb", oracle=Mixture(), best_loss=0.0).parameters(game)
    assert fastcb.level == 20.0
    worst = InverseGapWeighting("fastcb", oracle=Mixture()).parameters(game)
    assert worst.level == pytest.approx(10.0 + math.sqrt(100.0 + 10.0 * 1024 / (KL_TO_TRIANGLE * log)))
    greedy = GreedyRegression(oracle=Aggregating()).parameters(game)
    assert (greedy.level, greedy.error) == (pytest.approx((5 * squares / 2048) ** (1 / 3)), pytest.approx(squares))
    linear = ContextualGame(linear_world(3, 2, 10), 100).size
    assert VovkAzouryWarmuth(2.0, 0.5).error(linear) == pytest.approx(2 * math.log1p(100 / 4) + 0.5, rel=1e-9)
    assert LeastMeanSquares(1.0, 0.5).error(linear) == pytest.approx((2.0 + 0.125 * 100) / 1.5, rel=1e-9)
    assert LeastMeanSquares().parameters(linear).learning_rate == pytest.approx(0.2, rel=1e-9)
    assert LeastMeanSquares(1.0, 3.0).error(linear) == math.inf
    with pytest.raises(ValueError, match="has no guarantee in square loss to be tuned to: give gamma"):
        InverseGapWeighting(oracle=Ridge()).parameters(game)
    single = ContextualGame(policy_world(n_functions=1, n_contexts=2), 64)  # nothing to learn: R = 0
    with pytest.raises(ValueError, match="has a guarantee of 0 in square loss to be tuned to: give gamma"):
        InverseGapWeighting(oracle=Aggregating()).parameters(single)
    given = InverseGapWeighting(gamma=8.0, oracle=Aggregating())
    assert theorem("ours.inverse_gap_weighting").value_for(single, given) == pytest.approx(4 * 64 / 8)
    assert theorem("auer2002.contextual_exp4").value_for(single, ContextualExp4()) == pytest.approx(32.0)
    with pytest.raises(ValueError, match=r"Mixture needs features \(K, N\) in \[0, 1\]"):
        InverseGapWeighting(oracle=Mixture()).parameters(TABLE)
    for learner in (PosteriorSampling(), ContextualExp4()):  # features in [0, 1], but no predictions
        with pytest.raises(ValueError, match=r"needs features \(K, N\) in \[0, 1\], the predictions of N functions"):
            learner.parameters(ContextualGame(linear_world(3, 2, 10), 100))


def test_largest_ratio_of_triangle_to_relative_entropy():
    x = np.linspace(1e-6, 1.0 - 1e-4, 2_000_001)
    ratio = (1.0 - x) ** 2 / ((1.0 + x) * (x * np.log(x) - x + 1.0))
    assert KL_TO_TRIANGLE - 1e-6 < ratio.max() <= KL_TO_TRIANGLE
    assert x[ratio.argmax()] == pytest.approx(0.223379, abs=1e-5)


def test_policies_of_other_libraries_see_the_context():
    """A policy with pull(arms, context) and update(arm, context, reward), as river's: 1 - loss is its reward."""

    class Policy:
        def pull(self, arms, context):
            self.context = context
            return arms[-1]

        def update(self, arm, context, reward):
            assert context == self.context
            self.rewards = [*getattr(self, "rewards", []), reward]
            if len(self.rewards) == 3:
                assert self.rewards == [0.5, 0.25, 1.0]
                assert context == {"0": 0.0, "1": -1.0}

    run = simulate(TABLE, from_policy(Policy), backend="python")
    assert float(run.final("regret")[0]) == 1.0


@settings(max_examples=20)
@given(st.data(), st.sampled_from(["exact", "squarecb", "fastcb"]), gammas)
def test_certificates_hold_on_every_path(data, rule, gamma):
    """For any predictions, losses and actions."""
    unit = st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 1.0]))
    losses, guesses = np.array(data.draw(st.lists(unit, min_size=24, max_size=24))).reshape(2, 4, 3)
    game = ContextualGame(TableWorld(np.ones((4, 1)), losses), 4)
    plays = [play(t % 3, law(rule, gamma, guess), guess) for t, guess in enumerate(guesses)]
    found, _ = played(certified(game, InverseGapWeighting(rule, gamma)), *plays)
    assert found["gap_excess"] <= 1e-12 * (1.0 + gamma)


def test_certificate_by_hand():
    """The terms of one round for each rule; log loss 0 ln 0 = 0."""
    game = ContextualGame(TableWorld(CONTEXTS[:1], LOSSES[:1]), 1)
    law, guess = np.array([0.5, 0.25, 0.25]), np.array([0.25, 0.5, 0.5])
    square, mean = law @ (guess - LOSSES[0]) ** 2, law @ LOSSES[0]
    triangular = law @ ((guess - LOSSES[0]) ** 2 / (guess + LOSSES[0]))
    allowed = {"exact": 2 / 4 + square, "squarecb": 4 / 4 + square, "fastcb": 6 / 4 * mean + 4 * triangular}
    for rule, right in allowed.items():
        watched = certified(game, InverseGapWeighting(rule, 4.0))
        found, _ = played(watched, play(1, law, guess))
        assert found["gap_excess"] == pytest.approx(mean - right, abs=1e-12)
        assert found["log_regret"] == pytest.approx(math.log(2.0), abs=1e-12)
        assert math.isnan(played(watched, 1)[0]["gap_excess"])


def test_certificates_of_other_games_and_learners_are_refused():
    with pytest.raises(TypeError, match="game must be a ContextualGame, got LinearWorld"):
        certified(linear_world(2, 2, 2), InverseGapWeighting(gamma=4.0))
    with pytest.raises(TypeError, match=r"learner must be InverseGapWeighting\(...\), got GreedyRegression"):
        certified(TABLE, GreedyRegression())
