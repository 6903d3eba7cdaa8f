"""Processes, guides and imitation: what is refused, ranges and payoff."""

from dataclasses import dataclass

import numpy as np
import pytest

from bandits.core.jit import kernel
from bandits.episodes import (
    AggreVaTe,
    CloneGuide,
    EpisodicMDP,
    GuidedGame,
    OneStep,
    Policy,
    SampledAggreVaTe,
    chain,
    imitation,
    random_mdp,
)
from sims import simulate
from tests.small_games import GUIDE, PROCESS, guided_game

REWARDS, MOVES = [[0.5, 1.0]], [[[1.0], [1.0]]]
WRONG = [
    (lambda: EpisodicMDP([0.5], MOVES, steps=2), "rewards must be \\(S, A\\) or \\(H, S, A\\)"),
    (lambda: EpisodicMDP([[0.5, 1.5]], MOVES, steps=2), "rewards must lie in"),
    (lambda: EpisodicMDP(REWARDS, MOVES), "steps must be given"),
    (lambda: EpisodicMDP([REWARDS] * 2, MOVES, steps=3), "steps must be given"),
    (lambda: EpisodicMDP(REWARDS, MOVES, steps=0), "steps must be at least 1|steps must be between"),
    (
        lambda: EpisodicMDP(REWARDS, [[[0.5], [1.0]]], steps=2),
        "transitions must be laws that sum to 1, got a sum of 0.5",
    ),
    (lambda: EpisodicMDP(REWARDS, [[[1.0]]], steps=2), "transitions must end in"),
    (lambda: EpisodicMDP(REWARDS, MOVES, [0.5, 0.5], 2), "start must have as many entries"),
    (lambda: EpisodicMDP(REWARDS, MOVES, [0.5], 2), "start must be laws that sum to 1"),
    (lambda: chain(2, 1), "n_actions must be"),
    (lambda: random_mdp(0, 2, 2), "n_states must be"),
    (lambda: random_mdp(2**20, 2**20, 2**20), "n_states, n_actions and steps asks for"),
    (lambda: GuidedGame(PROCESS, [[1.0, 0.0]], 5), "guide must be \\(2, 2\\) or \\(2, 2, 2\\)"),
    (lambda: GuidedGame(PROCESS, [[0.5, 0.0]] * 2, 5), "guide must be laws that sum to 1"),
    (lambda: GuidedGame(PROCESS, GUIDE, 0), "horizon must be"),
    (lambda: AggreVaTe(0.0), "learning_rate must be"),
    (lambda: AggreVaTe(guide_share=1.5), "guide_share must be"),
    (lambda: SampledAggreVaTe(-1.0), "learning_rate must be"),
    (lambda: CloneGuide(2.0), "error must be"),
]


@pytest.mark.parametrize(("make", "said"), WRONG)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("law", "said"),
    [
        (np.full((2, 2, 2), 0.25), "probability must sum to 1, got a sum of 0.5 at 0, 0"),
        (np.full((2, 2, 2), [1.5, -0.5]), "probability must be in \\[0, 1\\], got 1.5 at 0, 0, 0"),
        (np.full((2, 2, 2), np.nan), "probability must be in \\[0, 1\\], got nan"),
        (np.full((2, 2, 3), 1 / 3), "probability must be \\(2, 2, 2\\), got \\(2, 2, 3\\)"),
    ],
)
def test_wrong_policies_are_refused(law, said):
    @kernel
    def act(params, state, t, rng):
        return Policy(law)

    @dataclass(frozen=True)
    class Wrong(OneStep):
        steps = imitation.OneStep.steps._replace(act=act)

    with pytest.raises(ValueError, match=f"Wrong played an invalid action: in round t = 0, {said}"):
        simulate(guided_game(), Wrong(), backend="python")


def test_a_policy_of_the_wrong_type_is_refused():
    @kernel
    def act(params, state, t, rng):
        return params.policy

    own = type("Own", (OneStep,), {"steps": OneStep.steps._replace(act=act)})
    with pytest.raises(TypeError, match="act must return a Policy"):
        simulate(guided_game(), own(), backend="python")


def test_ranges_payoff_and_sizes():
    game = guided_game()
    assert (game.n_steps, game.n_states, game.n_actions) == (2, 2, 2)
    assert game.payoff({"regret": 2.0}) == -2.0
    assert game.metric_range("last_value", None) == pytest.approx((0.0, PROCESS.best_value))
    assert game.metric_range("shortfall", None)[1] == pytest.approx(24 * 2 * game.spread)
    assert game.plays(AggreVaTe()) == game.plays(CloneGuide()) == 1


def test_processes_of_one_action_or_equal_values_are_played():
    alone = GuidedGame(EpisodicMDP([[0.5]], [[[1.0]]], steps=3), [[1.0]], 4)
    alike = GuidedGame(EpisodicMDP([[0.5, 0.5]], MOVES, steps=3), [[0.5, 0.5]], 4)
    for game in (alone, alike):
        assert AggreVaTe().parameters(game).learning_rate == 1.0
        assert simulate(game, AggreVaTe(), backend="python").final("regret").tolist() == [0.0]
