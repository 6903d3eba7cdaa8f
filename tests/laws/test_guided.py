"""Imitation of a guide: known answers, identities and theorems on every path, mutants; nothing is compiled."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.core.jit import kernel
from bandits.core.summation import Sum
from bandits.episodes import (
    AggreVaTe,
    CloneGuide,
    Completions,
    EpisodicMDP,
    GuidedGame,
    OneStep,
    Policy,
    SampledAggreVaTe,
    chain,
    imitation,
    random_mdp,
)
from bandits.episodes.guided import Completed, Visited
from bandits.protocol import LearnerSteps
from sims import simulate
from tests.drivers import plain
from tests.laws.enumeration import plays
from theory.episodes.bounds import AGGREVATE, CLONING, SAMPLED

REWARDS = [[0.1, 0.3], [0.9, 0.2]]
MOVES = [[[1.0, 0.0], [0.5, 0.5]], [[0.0, 1.0], [0.2, 0.8]]]
SMALL = EpisodicMDP(REWARDS, MOVES, steps=2)


def played(game, learner, rounds=None):
    """Return the metrics (C,) at these episodes by name, as Python plays."""
    run = simulate(game, learner, checkpoints=rounds or [game.horizon], backend="python")
    return {name: np.squeeze(run.values[..., at]) for at, name in enumerate(game.metrics)}


def random_game(seed, episodes, sizes=(3, 2, 3)):
    mdp = random_mdp(*sizes, seed=seed)
    guide = np.random.default_rng(seed).dirichlet(np.full(mdp.shape[2], 0.5), mdp.shape[:2])
    return GuidedGame(mdp, guide, episodes)


def test_known_answers():
    game = GuidedGame(SMALL, SMALL.uniform, 100)
    expected = np.array([[[-0.1875, 0.1875], [0.385, -0.385]], [[-0.1, 0.1], [0.35, -0.35]]])
    assert game.advantages == pytest.approx(expected)
    assert AggreVaTe().parameters(game).learning_rate == pytest.approx(0.432496, abs=1e-6)
    found = played(game, AggreVaTe(), [1, 2, 3, 100])
    assert found["last_value"] == pytest.approx([0.487500, 0.508616, 0.530164, 0.898876], abs=1e-6)
    assert 0.4875 - found["guide_regret"][-1] / 100 == pytest.approx(0.844570, abs=1e-6)
    promised = 0.4875 + (found["improvement"][-1] - AGGREVATE.value_for(game, AggreVaTe())) / 100
    assert promised == pytest.approx(0.766128, abs=1e-6)
    assert found["regret"] == pytest.approx(found["guide_regret"] + 0.4125 * np.array([1, 2, 3, 100]))
    assert SMALL.best_value == pytest.approx(0.9)


def test_a_small_term_is_not_lost_in_a_long_sum():
    game, many = GuidedGame(SMALL, SMALL.uniform, 100), Sum(2.0**60, 0.0)
    world = plain(game.steps.init)(game.setting(), None)._replace(value=many, improvement=many)
    _, after = plain(game.steps.respond)(game.setting(), world, 0, Policy(game.guide), None)
    assert after.value.open == pytest.approx(0.4875)
    assert after.improvement.open > 0.1


def test_values_are_those_of_their_definition():
    """The best of all deterministic policies, and every policy's visits and value, by enumeration of episodes."""
    mdp = random_mdp(2, 2, 2, seed=1)
    values = []
    for choice in itertools.product((0, 1), repeat=4):
        policy = np.eye(2)[np.reshape(choice, (2, 2))]
        total = 0.0
        for s, after in itertools.product((0, 1), repeat=2):
            a = choice[s]
            chance = mdp.start[s] * mdp.transitions[0, s, a, after]
            total += chance * (mdp.rewards[0, s, a] + mdp.rewards[1, after, choice[2 + after]])
        values.append(total)
        assert mdp.value(policy) == pytest.approx(total)
        assert float((mdp.start * mdp.action_values(policy)[0][[0, 1], choice[:2]]).sum()) == pytest.approx(total)
    assert mdp.best_value == pytest.approx(max(values))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), episodes=st.integers(1, 12), rate=st.sampled_from([None, 0.1, 3.0]))
def test_every_path(seed, episodes, rate):
    game = random_game(seed, episodes)
    for learner in (AggreVaTe(rate), OneStep(), CloneGuide(0.25)):
        found = played(game, learner)
        assert found["shortfall"] == pytest.approx(found["guide_regret"] + found["improvement"])
        assert min(found["improvement"], found["shortfall"], found["regret"]) >= -1e-12
        for name in game.metrics:
            low, high = game.metric_range(name, learner)
            assert low <= found[name] <= high
    assert played(game, AggreVaTe(rate))["shortfall"] <= AGGREVATE.value_for(game, AggreVaTe(rate)) + 1e-9
    assert played(game, CloneGuide(0.25))["guide_regret"] <= CLONING.value_for(game, CloneGuide(0.25)) + 1e-9
    assert played(game, OneStep())["shortfall"] == pytest.approx(0.0, abs=1e-9)  # the improvement, exactly
    policy = np.random.default_rng(seed).dirichlet(np.ones(2), (3, 3))
    gained = (game.mdp.visits(policy)[:, :, None] * policy * game.advantages).sum()
    assert game.mdp.value(policy) - game.mdp.value(game.guide) == pytest.approx(gained, abs=1e-12)


def test_a_guide_that_is_best_is_reached():
    mdp = random_mdp(3, 2, 3, seed=4)
    best = np.eye(2)[mdp.action_values().argmax(axis=2)]
    found = played(GuidedGame(mdp, best, 400), AggreVaTe(1.0), [1, 400])
    assert found["improvement"][-1] == pytest.approx(0.0, abs=1e-12)
    assert mdp.best_value - found["last_value"][-1] < 0.02 * (mdp.best_value - found["last_value"][0])


def test_one_step_is_exponential_weights():
    game = GuidedGame(EpisodicMDP([REWARDS[0]], [[[1.0], [1.0]]], steps=1), [[0.5, 0.5]], 7)
    ((_, path),) = plays(game, AggreVaTe(0.5), lambda action, seen: action.probability.ravel().copy())
    for n, law in enumerate(path.actions):
        weights = np.exp(0.5 * n * np.array(REWARDS[0]))
        assert law == pytest.approx(weights / weights.sum(), rel=1e-14)


# ---------------------------------------------------------------- the chain


def test_a_clone_loses_quadratically_and_aggrevate_linearly():
    """As the episode grows, with 64 actions: a clone that has left the guide's state does not find back."""
    lost = {"clone": [], "own visits": []}
    for steps in (4, 8):
        guide = np.eye(64)[[63, 63]]
        game = GuidedGame(chain(steps, 64), guide, 30)
        clone = CloneGuide(1e-4)
        lost["clone"].append(played(game, clone)["guide_regret"])
        lost["own visits"].append(played(game, AggreVaTe())["guide_regret"])
        right, off = 1e-4 * 63 / 64, 1.0
        value = 0.0
        for _ in range(steps):  # off: the probability of being in the guide's state
            off = off * (1.0 - right) + (1.0 - off) / 64
            value += off
        assert lost["clone"][-1] / 30 == pytest.approx(steps - value, rel=1e-9)
    slope = {name: math.log2(values[1] / values[0]) for name, values in lost.items()}
    assert slope["clone"] == pytest.approx(math.log2(36 / 10), abs=0.03)  # H (H + 1) / 2
    assert 1.0 <= slope["own visits"] < 1.15


# ---------------------------------------------------------------- completions


@pytest.mark.parametrize("scale", [1.0, 0.25])
def test_completions_are_unbiased(scale):
    """The scale 1 / (H A) is the mutant without that factor."""
    mdp = random_mdp(2, 2, 3, seed=5)
    game = GuidedGame(mdp, random_game(5, 1, (2, 2, 3)).guide, 1, Completions())
    assert game.plays(SampledAggreVaTe()) is None
    mean = np.zeros(mdp.shape)
    for chance, path in plays(game, SampledAggreVaTe(), lambda action, seen: None):
        mean += chance * scale * path.state.gains
    left = np.arange(3, 0, -1)[:, None, None]
    expected = mdp.visits(mdp.uniform)[:, :, None] * (game.guide_values - left)
    assert np.allclose(mean, expected, atol=1e-12) == (scale == 1.0)


def test_updates_are_those_of_their_definition():
    game = random_game(1, 7, (3, 2, 4))
    assert (game.n_states, game.n_actions, game.n_steps) == (3, 2, 4)
    params = SampledAggreVaTe().parameters(game)
    assert params[:3] == (4, 3, 2)
    assert params.learning_rate == pytest.approx(math.sqrt(2 * 3 * math.log(2) / (7 * 2 * (1 + 4 + 9 + 16))))
    state = plain(imitation._init)(params, None)
    plain(imitation._update_completed)(params, state, 0, None, Completed(1, 2, 1, 0.5), None)
    assert state.gains[1, 2].tolist() == [0.0, -4 * 2 * (4 - 1 - 0.5)]
    params = AggreVaTe(1.0, 0.25).parameters(game)
    state = plain(imitation._init)(params, None)
    visits = game.mdp.visits(game.mdp.uniform)
    plain(imitation._update)(params, state, 0, None, Visited(visits, game.guide_visits, game.guide_values), None)
    there = 0.75 * visits + 0.25 * game.guide_visits
    assert np.diff(state.gains)[..., 0] == pytest.approx(there * np.diff(game.guide_values)[..., 0])
    assert AggreVaTe().parameters(random_game(1, 7, (2, 1, 2))).learning_rate == 1.0


def test_weights_do_not_overflow():
    law = np.zeros(4)
    plain(imitation._weigh)(2.0, np.array([-1e4, 0.0, 1e4 - 1.0, 1e4]), law)
    assert law == pytest.approx([0.0, 0.0, math.exp(-2.0) / (1 + math.exp(-2.0)), 1 / (1 + math.exp(-2.0))])


def test_the_mean_shortfall_from_completions_is_bounded():
    game = GuidedGame(SMALL, SMALL.uniform, 2, Completions())
    mean = math.fsum(p * path.metrics["shortfall"] for p, path in plays(game, SampledAggreVaTe(0.05), lambda *a: None))
    assert 0.0 < mean <= SAMPLED.value_for(game, SampledAggreVaTe(0.05))
    first = played(replace(game, horizon=1), SampledAggreVaTe(0.05))["shortfall"]
    assert mean < 2.0 * first - 1e-4  # it learns


# ---------------------------------------------------------------- mutants


@kernel
def _wrong_way(params, state, t, action, seen, rng):
    turned = seen._replace(values=-seen.values)
    return imitation._update(params, state, t, action, turned, rng)


@kernel
def _scaled(params, state, t, action, seen, rng):
    small = seen._replace(values=0.05 * seen.values)
    return imitation._update(params, state, t, action, small, rng)


def _own_values(mdp):
    @kernel
    def update(params, state, t, action, seen, rng):
        own = seen._replace(values=mdp.action_values(action.probability))
        return imitation._update(params, state, t, action, own, rng)

    return update


def _later_rewards(mdp):
    @kernel
    def update(params, state, t, action, seen, rng):
        later = seen._replace(values=seen.values - mdp.rewards)
        return imitation._update(params, state, t, action, later, rng)

    return update


TWO = [[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [0.0, 1.0]]]  # the first action stays in state 0, the second leaves it
HEARSAY = EpisodicMDP(
    [[[0.0, 0.0]] * 2, [[0.5, 0.5], [0.0, 1.0]]], TWO
)  # state 1, where guides never go, can be learnt
PROUD = EpisodicMDP([[[0.0, 0.0]] * 2, [[0.0, 1.0], [0.3, 0.3]]], TWO)  # who trusts itself does not do as it is told
MUTANTS = {
    "sign": (random_game(6, 30, (2, 2, 2)), lambda mdp: _wrong_way),
    "scale": (random_game(6, 30, (2, 2, 2)), lambda mdp: _scaled),
    "rewards to come": (random_game(0, 30, (2, 2, 2)), _later_rewards),
    "own values": (GuidedGame(PROUD, [[1.0, 0.0]] * 2, 200), _own_values),
    "guide's visits": (GuidedGame(HEARSAY, [[1.0, 0.0], [0.5, 0.5]], 200), lambda mdp: imitation._update),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutants_break_the_theorem(mutant):
    game, change = MUTANTS[mutant]
    own = type("Own", (AggreVaTe,), {"steps": LearnerSteps(imitation._init, imitation._act, change(game.mdp))})
    limit = AGGREVATE.value_for(game, AggreVaTe())
    assert played(game, own(None, float(mutant == "guide's visits")))["shortfall"] > limit
    assert played(game, AggreVaTe())["shortfall"] <= limit
