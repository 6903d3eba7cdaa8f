"""The law of trajectories and answers, and the plans of PR-LSVI, against plain NumPy written from the definitions."""

import math
from collections import defaultdict
from dataclasses import replace
from itertools import product
from statistics import NormalDist

import numpy as np
import pytest
from scipy import optimize

from bandits.preference import PRLSVI, CertainRewardLSVI, LinearMDP, RandomPolicies, random_tabular_mdp
from bandits.preference.trajectories.fit import curvature
from bandits.preference.trajectories.steps import PolicyPair
from bandits.protocol import LearnerSteps
from tests import references
from tests.drivers import plain, stream_of
from tests.laws.enumeration import next_law, plays

MDP = random_tabular_mdp(2, 2, 2, 6, seed=3)


class TwoPolicies(RandomPolicies):
    """Two given policies (H, S), always queried, or where their widths are large."""

    first, second, level = [[0, 1], [1, 0]], [[1, 1], [0, 0]], -1.0

    @property
    def steps(self):
        first, second = np.array(self.first), np.array(self.second)
        init, _, update = RandomPolicies.steps
        return LearnerSteps(init, lambda p, s, t, rng: PolicyPair(first, second, np.eye(8) * 2.0, self.level), update)


def trajectories(mdp, policy):
    """Yield (probability, states, actions, reward) of a policy (H, S)."""
    stages, states = np.shape(policy)
    for following in product(range(states), repeat=stages - 1):
        path = [mdp.start, *following]
        chance = math.prod(
            mdp.setting().transitions[h, path[h], policy[h][path[h]], path[h + 1]] for h in range(stages - 1)
        )
        actions = [policy[h][s] for h, s in enumerate(path)]
        yield (
            chance,
            tuple(path),
            tuple(actions),
            sum(mdp.setting().rewards[h, s, a] for h, (s, a) in enumerate(zip(path, actions))),
        )


def test_trajectories_and_answers():
    mdp = replace(MDP, horizon=1)
    learner, expected, values = TwoPolicies(), defaultdict(float), [0.0, 0.0]
    for one, two in product(trajectories(mdp, learner.first), trajectories(mdp, learner.second)):
        wins = 1.0 / (1.0 + math.exp(-mdp.scale * (one[3] - two[3])))
        expected[one[1:3], two[1:3], 1.0] += one[0] * two[0] * wins
        expected[one[1:3], two[1:3], 0.0] += one[0] * two[0] * (1.0 - wins)
        values[0] += one[0] * two[0] * one[3]
        values[1] += one[0] * two[0] * two[3]

    def kept(pair, seen):
        rows = [(tuple(map(int, s)), tuple(map(int, a))) for s, a in zip(seen.states, seen.actions)]
        return (*rows, float(seen.answer))

    law, best = defaultdict(float), mdp.setting().best
    for chance, path in plays(mdp, learner, kept):
        law[path.actions[0]] += chance
        regret = 2 * best - sum(values)
        found = [path.metrics[name] for name in ("regret", "regret_per_episode", "queries", "gap")]
        assert found == pytest.approx([regret, regret, 1.0, best - values[0]], abs=1e-9)
    assert {key: value for key, value in law.items() if value > 1e-12} == pytest.approx(
        {key: value for key, value in expected.items() if value > 1e-12}, abs=1e-9
    )


def test_queries_where_the_width_is_above_the_level():
    features = np.asarray(MDP.features)

    class Careful(TwoPolicies):
        level = 0.6

    def kept(pair, seen):
        phi = [[features[s, a] for s, a in zip(seen.states[i], seen.actions[i])] for i in range(2)]
        width = (np.subtract(*phi) ** 2).sum() / 4.0
        assert (seen.answer >= 0.0) == (width > 0.6)
        return bool(width > 0.6)

    asked = {path.actions for _, path in plays(replace(MDP, horizon=1), Careful(), kept)}
    assert asked == {(True,), (False,)}


def test_uniform_policies():
    law = next_law(MDP, RandomPolicies(), [], lambda pair: (*map(int, pair.first.flat), *map(int, pair.second.flat)))
    assert len(law) == 2**8
    assert list(law.values()) == pytest.approx([2.0**-8] * 2**8)


# ---------------------------------------------------------------- PR-LSVI


def planned(mdp, learner, episodes, t, noise):
    """Return the greedy policy (H, S) after episodes of (states (2, H), actions (2, H), answer)."""
    features, stages = np.asarray(mdp.features), mdp.n_stages
    n_states, n_actions, d = features.shape
    moments = np.stack([learner.ridge * np.eye(d)] * stages)
    nexts = np.zeros((stages, d, n_states))
    rows, answers = [], []
    for states, actions, answer in episodes:
        for side, h in product(range(2), range(stages)):
            phi = features[states[side][h], actions[side][h]]
            moments[h] += np.outer(phi, phi)
            if h + 1 < stages:
                nexts[h, :, states[side][h + 1]] += phi
        if answer >= 0.0:
            rows.append(
                np.concatenate(
                    [
                        features[states[0][h], actions[0][h]] - features[states[1][h], actions[1][h]]
                        for h in range(stages)
                    ]
                )
            )
            answers.append(answer)
    rows, answers = np.array(rows).reshape(-1, d * stages), np.array(answers)

    def loss(theta):
        margin = mdp.scale * rows @ theta
        return learner.ridge / 2 * theta @ theta + (np.logaddexp(0.0, margin) - answers * margin).sum()

    theta = optimize.minimize(loss, np.zeros(d * stages), method="BFGS", options={"gtol": 1e-10}).x
    moments_r = learner.ridge * np.eye(d * stages) + rows.T @ rows
    theta = theta + learner.reward_noise * np.linalg.inv(np.linalg.cholesky(moments_r)).T @ noise[0]
    values, policy = np.zeros(n_states), np.zeros((stages, n_states), int)
    for h in reversed(range(stages)):
        inverse = np.linalg.inv(moments[h])
        eta = learner.transition_scale * np.linalg.inv(np.linalg.cholesky(moments[h])).T @ noise[1][h * d : h * d + d]
        weight = theta[h * d : h * d + d] + inverse @ nexts[h] @ values + eta
        q = np.zeros((n_states, n_actions))
        for s, a in product(range(n_states), range(n_actions)):
            phi, top = features[s, a], stages - h
            width = math.sqrt(phi @ inverse @ phi)
            cut = min(max(phi @ weight, -top), top)
            if width <= learner.trusted_width:
                q[s, a] = cut
            elif width >= learner.unknown_width:
                q[s, a] = top
            else:
                share = (learner.unknown_width - width) / (learner.unknown_width - learner.trusted_width)
                q[s, a] = share * cut + (1 - share) * top
        policy[h], values = q.argmax(axis=1), q.max(axis=1)
    return policy, moments_r


@pytest.mark.parametrize(
    "learner",
    [
        PRLSVI(0.05, 0.8, 0.7, 0.6, 0.5, 0.9),
        PRLSVI(0.6, 0.3, 0.2, 1.5, 0.2, 0.4),
        CertainRewardLSVI(0.0, 0.8, 0.7, 0.6),
    ],
)
def test_pr_lsvi_plans(learner):
    init, act, update = map(plain, learner.steps)
    start, respond, _ = map(plain, MDP.steps[:3])
    params, setting = learner.parameters(MDP), MDP.setting()
    level = math.pi / 4 * (learner.threshold / learner.reward_scale) ** 2
    size = 2 * MDP.features.shape[2]
    for repetition in range(3):
        rng, env = stream_of(2, repetition, 0), stream_of(2, repetition, 1)
        state, world, episodes, last = init(params, rng), start(setting, env), [], np.zeros((2, 2), int)
        for t in range(MDP.horizon):
            pair = act(params, state, t, rng)
            words = [references.words(2, repetition, 0, t, k) for k in range(size)]
            noise = [[NormalDist().inv_cdf((w[i] >> 11) / 2**53 + 2.0**-54) for w in words] for i in range(2)]
            policy, moments = planned(MDP, learner, episodes, t, noise)
            assert (pair.first == policy).all()
            assert (pair.second == last).all()
            assert pair.level == pytest.approx(level, rel=1e-12)
            np.testing.assert_allclose(pair.factor @ pair.factor.T, moments, atol=1e-9)
            last = policy
            seen, world = respond(setting, world, t, pair, env)
            episodes.append((seen.states.copy(), seen.actions.copy(), float(seen.answer)))
            state = update(params, state, t, pair, seen, rng)


def test_the_mdp_is_as_described():
    assert isinstance(MDP, LinearMDP)
    assert np.asarray(MDP.features).shape == (2, 2, 4)
    assert np.allclose(MDP.setting().transitions[0].sum(axis=-1), 1.0)


def test_ranges_are_those_of_the_worst_policies():
    mdp = random_tabular_mdp(2, 2, 2, 6, seed=4)
    assert (np.asarray(mdp.features) == np.asarray(MDP.features)).all()
    values = [
        sum(chance * reward for chance, _, _, reward in trajectories(mdp, [[a, b], [c, d]]))
        for a, b, c, d in product(range(2), repeat=4)
    ]
    worst = max(values) - min(values)
    for metric, most in {"regret": 12 * worst, "regret_per_episode": 2 * worst, "gap": worst, "queries": 6.0}.items():
        low, high = mdp.metric_range(metric, None)
        assert low == pytest.approx(0.0, abs=1e-9)
        assert high == pytest.approx(most, rel=1e-9)


def test_curvature_of_one_answer():
    model = PRLSVI().parameters(MDP).model
    theta, x = np.array([0.3, -0.2, 0.5, 0.1, 0.4, -0.6, 0.2, 0.9]), np.linspace(-1.0, 1.0, 8)
    share = 1.0 / (1.0 + math.exp(-model.scale * theta @ x))
    assert plain(curvature)(model, theta, x) == pytest.approx(model.scale**2 * share * (1.0 - share), rel=1e-12)
