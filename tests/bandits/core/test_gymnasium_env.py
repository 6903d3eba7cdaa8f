"""A problem as an environment: Gymnasium's own checks, and the numbers of `simulate`."""

import pytest
from gymnasium.utils.env_checker import check_env

from bandits.switching import ExtraObservations, FullInformation
from sims import simulate
from tests.small_games import DUELS, replay_game, switching_game, threshold_game

GAMES = {
    "bandit": switching_game(),
    "full information": switching_game(FullInformation()),
    "thresholds": threshold_game(),
}


@pytest.mark.parametrize("name", GAMES)
@pytest.mark.filterwarnings("ignore:.*Box observation space.*:UserWarning", "ignore:.*render:UserWarning")
def test_gymnasium_accepts_it(name):
    check_env(GAMES[name].as_gymnasium(), skip_render_check=True)


class Always1:
    def reset(self, problem, rng):
        pass

    def act(self, observation, rng):
        return 1

    def update(self, observation, action, feedback, rng):
        pass


@pytest.mark.parametrize("name", GAMES)
def test_a_play_is_that_of_simulate(name):
    game = GAMES[name]
    run = simulate(game, Always1(), backend="python", seed=5, repetitions=3, checkpoints=range(1, 25))
    env = game.as_gymnasium()
    env.reset(seed=5, options={"repetition": 1})
    for _ in range(2):  # repetition 1, then 2
        rewards, ended, t = [], False, 0
        while not ended:
            _, reward, ended, _, metrics = env.step(1)
            rewards.append(reward)
            assert list(metrics.values()) == run.values[env._repetition, t].tolist()
            t += 1
        with pytest.raises(ValueError, match=r"^step: the 24 rounds have been played; call reset\(\)$"):
            env.step(1)
        assert t == game.horizon
        assert sum(rewards) == pytest.approx(game.payoff(metrics), abs=1e-12)
        env.reset()
    env.reset(options={"repetition": 0})
    assert env.step(1)[4]["loss"] == run["loss"][0, 0] if "loss" in game.metrics else True


def test_an_observation_is_the_feedback_of_the_last_round():
    env = switching_game(FullInformation(), switching_cost=0.5).as_gymnasium()
    first, _ = env.reset(seed=0)
    assert first.tolist() == [0.0, 0.0, 0.0]
    for action, paid in ((2, 0.0), (0, 0.5)):
        seen, reward, *_ = env.step(action)
        assert reward == -seen[action] - paid


@pytest.mark.parametrize("game", [DUELS, switching_game(ExtraObservations(8))])
def test_actions_that_are_records_are_refused(game):
    with pytest.raises(TypeError, match=r"^as_gymnasium needs actions that are integers; those of \w+ are not$"):
        game.as_gymnasium()


def test_games_with_any_natural_number_for_an_action_are_refused():
    with pytest.raises(TypeError, match=r"^as_gymnasium needs finitely many actions; ReplayGame has no n_actions$"):
        replay_game().as_gymnasium()
