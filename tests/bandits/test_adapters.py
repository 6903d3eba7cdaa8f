"""Policies of other libraries play, with a generator of their own in each repetition, and get verdicts."""

import random
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pytest
from mabwiser.mab import MAB, LearningPolicy
from river import bandit

from bandits.adapters import from_policy
from bandits.core.rng import uniform
from bandits.losses import BernoulliLosses
from bandits.protocol import ProblemSteps, RoundProblem
from bandits.switching import Bandit, FullInformation, SwitchingCostGame
from sims import simulate
from theory import verify

GAME = SwitchingCostGame(BernoulliLosses([0.1, 0.9, 0.9]), horizon=60, switching_cost=0.0)


def play(learner, game=GAME, **options):
    return simulate(game, learner, **({"repetitions": 6, "seed": 3, "backend": "python"} | options))


@pytest.mark.parametrize(
    "policy",
    [
        lambda problem: bandit.Exp3(gamma=0.3),
        bandit.EpsilonGreedy(0.2, seed=1),
        lambda problem: MAB([0, 1, 2], LearningPolicy.EpsilonGreedy(0.2)),
        MAB(["a", "b", "c"], LearningPolicy.Softmax(0.2)),
    ],
    ids=["river's EXP3", "a policy of river", "MABWiser", "a policy of MABWiser with named arms"],
)
def test_a_policy_plays_and_its_repetitions_are_independent(policy):
    run = play(from_policy(policy), record=["actions"])
    assert np.array_equal(run.values, play(from_policy(policy)).values)
    assert np.array_equal(run.values[4:5], play(from_policy(policy), first_repetition=4, repetitions=1).values)
    assert len({tuple(row) for row in run.actions}) == 6
    assert run.mean("loss")[-1] < 0.8 * 60 * (0.1 + 0.9 + 0.9) / 3  # it learns


def test_rivers_exp3_gets_a_verdict():
    learner = from_policy(lambda problem: bandit.Exp3(gamma=0.3), name="river's Exp3")
    verdict = verify("bubeck2012.exp3", GAME, learner, parameters="tuned", alpha=0.01, backend="python")
    assert verdict.learner == "river's Exp3"
    assert verdict.holds


class Contextual:
    """A policy with the methods of contextualbandits."""

    def __init__(self):
        self.given = []

    def partial_fit(self, X, a, r):
        self.given.append((X.shape, a.tolist(), r.tolist()))

    def predict(self, X):
        assert len(self.given) > 0
        return np.array([len(self.given) % 3])


def test_a_policy_that_fits_and_predicts_is_given_rows_and_rewards():
    kept = []

    def make(problem):
        kept.append(Contextual())
        return kept[-1]

    run = play(from_policy(make), repetitions=1, record=["actions", "feedback"])
    shapes, actions, rewards = zip(*kept[-1].given, strict=True)
    assert set(shapes) == {(1, 1)}
    assert [a for (a,) in actions] == run.actions[0].tolist()
    assert [r for (r,) in rewards] == (1.0 - run.records["feedback"][0]).tolist()


class Setting(NamedTuple):
    n: int


class World(NamedTuple):
    context: Any  # (2,) float64
    loss: float


class Losses(NamedTuple):
    loss: float


def observe(setting, world, t, env):
    return np.array([uniform(env, t, i) for i in range(setting.n)]), world


def respond(setting, world, t, action, env):
    loss = 1.0 - uniform(env, t, int(action))
    return loss, World(world.context, world.loss + loss)


@dataclass(frozen=True)
class Shown(RoundProblem):
    """The loss of an action is 1 less its entry in the context."""

    horizon: int = 60
    n_actions: int = 2
    feedback: ClassVar[Bandit] = Bandit()
    metrics: ClassVar[tuple[str, ...]] = ("loss",)
    steps: ClassVar[ProblemSteps] = ProblemSteps(
        lambda setting, env: World(np.zeros(2), 0.0), respond, lambda setting, world, n: Losses(world.loss), observe
    )

    def setting(self):
        return Setting(2)


class Workspace:
    """Has the methods of a Workspace of Vowpal Wabbit, and the best of what it is shown."""

    def __init__(self):
        self.learnt = []

    def predict(self, text):
        assert text.startswith("| x0:0.")
        values = [float(part.partition(":")[2]) for part in text.split()[1:]]
        return np.float32([0.1, 0.9] if values[1] > values[0] else [0.9, 0.1])

    def learn(self, text):
        label, _, features = text.partition(" ")
        arm, cost, p = map(float, label.split(":"))
        values = [float(part.partition(":")[2]) for part in features.split()[1:]]
        assert 1.0 - cost == pytest.approx(values[int(arm) - 1])
        assert p == pytest.approx(0.9 if values[int(arm) - 1] == max(values) else 0.1)


@pytest.mark.parametrize(
    "policy",
    [
        lambda problem: bandit.LinUCBDisjoint(alpha=0.2),
        MAB([0, 1], LearningPolicy.LinUCB(alpha=0.2, l2_lambda=0.1)),
        lambda: Workspace(),
    ],
    ids=["river", "MABWiser", "Vowpal Wabbit's methods"],
)
def test_policies_are_given_contexts(policy):
    run = play(from_policy(policy), Shown(), record=["observations", "actions"])
    best = run.records["observations"].argmax(axis=2)
    assert (run.actions == best)[:, 20:].mean() > 0.85  # at random 0.5


@pytest.mark.parametrize("policy", [bandit.LinUCBDisjoint(alpha=0.2), MAB([0, 1, 2], LearningPolicy.LinUCB(0.2))])
def test_policies_for_contexts_play_without(policy):
    assert play(from_policy(policy)).mean("loss")[-1] < 0.8 * 60 * (0.1 + 0.9 + 0.9) / 3


def test_policies_without_contexts_play_where_there_are_some():
    assert set(play(from_policy(MAB([0, 1], LearningPolicy.UCB1())), Shown(), record=["actions"]).actions.flat) == {
        0,
        1,
    }


class Regressor:
    """Not a policy, though its methods are named like one's."""

    def partial_fit(self, X, y, sample_weight=None):
        raise AssertionError

    def predict(self, X):
        raise AssertionError


def test_functions_of_ones_own():
    learner = from_policy(
        lambda problem, rng: {"rng": rng, "n": problem.n_actions},
        act=lambda policy, context: int(policy["rng"].integers(policy["n"])),
        update=lambda policy, context, action, loss: policy.setdefault(action, loss),
        name="dice",
    )
    assert play(learner).learner.name == "dice"
    assert len(set(play(learner).final("loss"))) > 1


@pytest.mark.parametrize(
    ("make", "game", "message"),
    [
        (
            lambda: from_policy(object(), act=lambda p, _: 0),
            GAME,
            "^from_policy needs both act and update, or neither$",
        ),
        (lambda: from_policy(random.Random(0)), GAME, "^from_policy knows no library with the methods of "),
        (
            lambda: from_policy(object(), act=lambda p: 0, update=lambda p, x, i, loss: None),
            GAME,
            r"^act must take \(policy, observation\), got \(p\)$",
        ),
        (lambda: from_policy(Regressor()), GAME, "^from_policy knows no library with the methods of "),
        (lambda: from_policy(MAB([0], LearningPolicy.Random())), GAME, "^the policy has 1 arms, and the problem 3 act"),
        (
            lambda: from_policy(bandit.Exp3(0.1)),
            SwitchingCostGame(BernoulliLosses([0.5, 0.5]), 9, feedback=FullInformation()),
            "^Exp3 learns from the loss of its action; for other feedback give act and update$",
        ),
    ],
)
def test_what_cannot_be_adapted(make, game, message):
    assert isinstance(GAME.feedback, Bandit)
    with pytest.raises(TypeError, match=message):
        play(make(), game)
