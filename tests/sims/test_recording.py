"""Records of what passes in each round: the same from both engines, counted, and refused where there are none."""

import numpy as np
import pytest

from bandits import preference
from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, ExtraObservationLearner, ExtraObservations, SwitchingCostGame
from sims import simulate
from tests.constructors import preference_game

GAME = SwitchingCostGame(BernoulliLosses([0.5, 0.25, 0.75]), horizon=24)
BOUGHT = SwitchingCostGame(BernoulliLosses([0.5, 0.25, 0.75]), horizon=24, feedback=ExtraObservations(8))


def records(game, learner, backend="numba", **options):
    return simulate(game, learner, seed=3, repetitions=4, backend=backend, **({"record": ["actions"]} | options))


@pytest.mark.parametrize(
    ("game", "learner"), [(GAME, Exp3()), (BOUGHT, ExtraObservationLearner())], ids=["numbers", "records"]
)
def test_both_engines_record_the_same(game, learner):
    options = {"record": ["actions", "feedback"], "record_repetitions": [1, 3]}
    runs = [records(game, learner, backend, **options) for backend in ("numba", "python")]
    assert runs[0].recorded == [1, 3]
    for name in ("actions", "feedback"):
        compiled, plain = (run.records[name] for run in runs)
        assert compiled.dtype == plain.dtype
        assert compiled.shape == (2, 24)
        assert compiled.tobytes() == plain.tobytes()


def test_records_are_those_of_the_run():
    run = records(GAME, Exp3(), "python", record=["actions", "feedback"])
    assert run.actions.dtype == np.int64
    assert np.array_equal(run.records["feedback"].sum(axis=1), run.final("loss"))
    assert np.array_equal((np.diff(run.actions) != 0).sum(axis=1), run.final("switches"))
    counts = run.action_counts()
    assert counts.shape == (4, 3)
    assert np.array_equal(counts, [[(row == arm).sum() for arm in range(3)] for row in run.actions])


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
        ({"record": None}, TypeError, r"^record must be a list of names, as in \['actions'\], got None$"),
        ({"record": [], "record_repetitions": [1]}, ValueError, "^record_repetitions needs record, the names of what"),
        ({"record_repetitions": []}, ValueError, "^record_repetitions must name a repetition, got none$"),
        ({"record": ["arms"]}, ValueError, "^record must be among actions, feedback in SwitchingCostGame, got 'arms'$"),
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
