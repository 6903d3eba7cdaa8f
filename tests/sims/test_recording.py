"""Records of what passes in each round: the same from both engines, counted, and refused where there are none."""

from dataclasses import dataclass

import numpy as np
import pytest

from bandits import preference
from bandits.core.jit import kernel
from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, ExtraObservationLearner, ExtraObservations, SwitchingCostGame
from bandits.threshold import FixedThreshold, Synthetic, ThresholdGame
from sims import simulate
from tests.small_games import preference_game

GAME = SwitchingCostGame(BernoulliLosses([0.5, 0.25, 0.75]), horizon=24)
BOUGHT = SwitchingCostGame(BernoulliLosses([0.5, 0.25, 0.75]), horizon=24, feedback=ExtraObservations(8))


def records(game, learner, backend="numba", **options):
    return simulate(game, learner, seed=3, repetitions=4, backend=backend, **({"record": ["actions"]} | options))


@kernel
def _told(setting, world, t, action):
    return np.array([world.switches, t + action])


@dataclass(frozen=True)
class Tells(SwitchingCostGame):
    def recordable(self):
        return {"told": _told}


@pytest.mark.parametrize(
    ("game", "learner", "names"),
    [
        (Tells(GAME.losses, 24), Exp3(), ["actions", "feedback", "probabilities", "told"]),
        (BOUGHT, ExtraObservationLearner(), ["actions", "feedback"]),
    ],
    ids=["numbers", "records"],
)
def test_both_engines_record_the_same(game, learner, names):
    options = {"record": names, "record_repetitions": [1, 3]}
    runs = [records(game, learner, backend, **options) for backend in ("numba", "python")]
    assert runs[0].recorded == [1, 3]
    for name in names:
        compiled, plain = (run.records[name] for run in runs)
        assert compiled.dtype == plain.dtype
        assert compiled.shape[:2] == (2, 24)
        assert compiled.tobytes() == plain.tobytes()


def test_records_are_those_of_the_run():
    run = records(GAME, Exp3(), "python", record=["actions", "feedback"])
    assert run.actions.dtype == np.int64
    assert np.array_equal(run.records["feedback"].sum(axis=1), run.final("loss"))
    assert np.array_equal((np.diff(run.actions) != 0).sum(axis=1), run.final("switches"))
    counts = run.action_counts()
    assert counts.shape == (4, 3)
    assert np.array_equal(counts, [[(row == arm).sum() for arm in range(3)] for row in run.actions])


def test_what_a_problem_records_is_of_the_moment_before_it_responds():
    run = records(Tells(GAME.losses, 24), Exp3(), "python", record=["actions", "told"])
    switches, places = np.moveaxis(run.records["told"], 2, 0)
    assert np.array_equal(places, run.actions + np.arange(24))
    assert np.array_equal(switches[:, 2:], np.cumsum(np.diff(run.actions) != 0, axis=1)[:, :-1])


def test_acceptance_by_group():
    game = ThresholdGame(Synthetic(adaptation=0.0), 3, grid=4)
    rates = records(game, FixedThreshold(2), "python", record=["rates"]).records["rates"]
    found = game.fixed_points
    by_group = (1.0 - rates["share"]) * rates["good_0"] + rates["share"] * rates["good_1"]
    paid = (1.0 - rates["share"]) * rates["accept_0"] + rates["share"] * rates["accept_1"]
    assert 2.0 * by_group - paid == pytest.approx(np.full((4, 3), found.reward[2]), abs=1e-12)


class Alternates:
    def reset(self, problem, rng):
        self.p = np.array([0.5, 0.0, 0.5])

    def act(self, observation, rng):
        self.p = np.roll(self.p, 1)
        return rng.choice(3, p=self.p)

    def probabilities(self, observation):
        return self.p

    def update(self, observation, action, feedback, rng):
        """It learns nothing."""


def test_probabilities_are_those_that_the_action_was_drawn_from():
    run = records(GAME, Exp3(0.5), "python", record=["actions", "feedback", "probabilities"], checkpoints=[2])
    second = np.full(3, 1.0)
    second[run.actions[0, 0]] = np.exp(-0.5 * run.records["feedback"][0, 0] * 3)
    assert run.records["probabilities"][0] == pytest.approx(np.array([[1 / 3] * 3, second / second.sum()]), rel=1e-12)
    plain = records(GAME, Alternates(), "python", record=["actions", "probabilities"])
    assert plain.records["probabilities"][0, :2].tolist() == [[0.5, 0.5, 0.0], [0.0, 0.5, 0.5]]
    played = np.take_along_axis(plain.records["probabilities"], plain.actions[:, :, None], axis=2)
    assert (played == 0.5).all()
    many = SwitchingCostGame(BernoulliLosses([0.5] * 100), horizon=3)  # weights in a tree
    laws = records(many, Exp3(), "python", record=["probabilities"]).records["probabilities"]
    assert laws.shape == (4, 3, 100)
    assert laws.sum(axis=2) == pytest.approx(1.0)


def test_everything_is_a_list_of_rounds():
    run = records(GAME, Exp3(), "python", record="everything", record_repetitions=[2])
    ((first, *rest),) = run.trace
    assert (first.t, len(rest)) == (0, 23)
    assert first.state.weight.tolist() == [1.0, 1.0, 1.0]
    assert sum(row.feedback for row in run.trace[0]) == run.final("loss")[2] == rest[-1].metrics["loss"]
    assert records(GAME, Alternates(), "python", record="everything").trace[0][1].state["p"].tolist() == [0.0, 0.5, 0.5]


def test_records_end_with_the_last_checkpoint():
    assert records(GAME, Exp3(), "python", checkpoints=[5, 9]).actions.shape == (4, 9)


def test_fields_are_counted_by_name():
    run = records(BOUGHT, ExtraObservationLearner(), "python")
    assert run.action_counts("arm").sum() == 4 * 24
    for field in (None, "loss"):
        with pytest.raises(ValueError, match=r"^field must be among arm, looks, n_looks, got "):
            run.action_counts(field)
    with pytest.raises(ValueError, match=r"^only actions that are integers can be counted"):
        run.action_counts("looks")


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"record": "actions"}, TypeError, r"^record must be a list of names, as in \['actions'\], got 'ac"),
        ({"record": "everything", "backend": "numba"}, ValueError, '^record="everything" needs backend="python"$'),
        (
            {"record": "everything", "repetitions": 10**6},
            ValueError,
            '^record="everything": 1000000 repetitions x 24 rounds of .* bytes need .* GiB',
        ),
        ({"record": None}, TypeError, r"^record must be a list of names, as in \['actions'\], got None$"),
        ({"record": [], "record_repetitions": [1]}, ValueError, "^record_repetitions needs record, the names of what"),
        ({"record_repetitions": []}, ValueError, "^record_repetitions must name a repetition, got none$"),
        (
            {"record": ["arms"]},
            ValueError,
            "^record must be among actions, probabilities, feedback for Exp3 in .*, got 'arms'$",
        ),
        ({"record_repetitions": [4]}, ValueError, "^record_repetitions must be between 0 and 3, got 4$"),
        (
            {"repetitions": 10**8},
            ValueError,
            "100000000 repetitions x 24 rounds x 1 numbers need .* GiB, and at most 4",
        ),
        (
            {"backend": "jax"},
            TypeError,
            "^no records of Exp3 in SwitchingCostGame, whose rounds are played in a batch$",
        ),
    ],
)
def test_what_cannot_be_recorded_is_refused_before_it_is_played(options, error, message):
    with pytest.raises(error, match=message):
        simulate(GAME, Exp3(), **({"repetitions": 4, "record": ["actions"], "backend": "python"} | options))


def test_a_run_without_records_says_how_to_make_them():
    with pytest.raises(ValueError, match=r"play it with simulate\(\.\.\., record=\[\"actions\"\]\)"):
        _ = simulate(GAME, Exp3(), backend="python").actions


def test_self_play_has_no_rounds_to_record():
    with pytest.raises(TypeError, match=r"^no records of NashMP in PreferenceGame"):
        simulate(preference_game(), preference.NashMP(), record=["actions"])
