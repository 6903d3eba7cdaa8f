"""The sweep language: axes, zips, conditions, and a clear error for every mistake."""

import jax
import pytest

from bandits.losses import BernoulliLosses, LossTable
from bandits.losses.random_walk import MultiScaleRandomWalk
from bandits.switching import BatchedExp3, Exp3, Hedge, SwitchingCostGame
from sims.config import build, canonical, describe, public_classes
from sims.spec import load_sweep, parse_sweep
from sims.sweep import Cell, Precision, grid

GAME = {"type": "SwitchingCostGame", "losses": {"type": "MultiScaleRandomWalk", "n_actions": 3}, "horizon": "$horizon"}


def spec(**changes):
    base = {
        "repetitions": 2,
        "axes": {"horizon": [64, 128]},
        "problem": [GAME],
        "learner": [{"type": "Exp3"}, {"type": "BatchedExp3", "batch_length": "$tau", "axes": {"tau": [1, 4]}}],
    }
    return base | changes


def test_product_of_shared_and_own_axes():
    cells = parse_sweep(spec())
    assert [(c.learner.name, c.problem.horizon, c.labels.get("tau")) for c in cells] == [
        ("Exp3", 64, None),
        ("BatchedExp3", 64, 1),
        ("BatchedExp3", 64, 4),
        ("Exp3", 128, None),
        ("BatchedExp3", 128, 1),
        ("BatchedExp3", 128, 4),
    ]
    assert len({c.address for c in cells}) == len(cells)


def test_zip_advances_lists_together():
    game = GAME | {"losses": {"type": "MultiScaleRandomWalk", "n_actions": "$k"}, "switching_cost": "$cost"}
    table = spec(zip=[{"k": [2, 5], "cost": [1.0, 0.5]}], problem=[game], learner=[{"type": "Exp3"}])
    assert [(c.problem.n_actions, c.problem.switching_cost) for c in parse_sweep(table)] == [(2, 1.0), (5, 0.5)] * 2


def test_when_restricts_a_learner_to_some_points():
    table = spec(learner=[{"type": "Exp3", "when": {"horizon": [128]}}])
    assert [c.problem.horizon for c in parse_sweep(table)] == [128]


def test_log_and_linear_axes():
    learner = {"type": "Exp3", "learning_rate": "$eta", "axes": {"eta": {"linear": [0.1, 0.3, 3]}}}
    cells = parse_sweep(spec(axes={"horizon": {"log": [16, 64, 3]}}, learner=[learner]))
    assert sorted({c.problem.horizon for c in cells}) == [16, 32, 64]
    assert sorted({c.learner.learning_rate for c in cells}) == pytest.approx([0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learner": [{"type": "Exp3Q"}]}, r"learner\[0\]: unknown type 'Exp3Q'; did you mean 'Exp3'"),
        ({"learner": [{"type": "Exp3", "learning_rat": 1.0}]}, r"no parameter 'learning_rat'; did you mean"),
        ({"learner": [{"type": "Exp3", "learning_rate": -1.0}]}, r"learner\[0\]: Exp3: learning_rate must be"),
        ({"learner": [{"learning_rate": 1.0}]}, r"learner\[0\] needs a type"),
        ({"learner": []}, r"at least one \[\[learner\]\]"),
        ({"learner": [{"type": "Hedge"}]}, r"problem\[0\] with learner\[0\].*learns from FullInformation"),
        ({"axes": {"horizon": []}}, r"axes.horizon must be a non-empty list"),
        ({"axes": {}}, r"no axis 'horizon'"),
        ({"axe": {}}, r"unknown keys \['axe'\]"),
        ({"zip": [{"a": [1], "b": [1, 2]}]}, r"zip\[0\]: lists that advance together"),
        ({"learner": [{"type": "Exp3", "when": {"horizon": [1]}}]}, r"no cells"),
        ({"repetitions": 0}, r"repetitions must be at least 1, got 0"),
        ({"seed": -1}, r"seed must be between 0"),
        ({"learner": [{"type": "nowhere:Learner"}]}, r"cannot find 'nowhere:Learner'"),
        ({"precision": {"half_width": 0.1, "metric": "regrets"}}, r"precision.metric must be one of"),
        ({"precision": 0.1}, r"precision must be \{ half_width = ... \} with any of half_width, metric.*, got 0.1"),
        ({"precision": {"halfwidth": 0.1}}, r"precision must be .*, got \{'halfwidth': 0.1\}"),
        ({"precision": {"half_width": -0.1}}, r"precision: half_width must be finite and in \(0, inf\), got -0.1"),
        ({"checkpoints": [1, 100]}, r"problem\[0\] with learner\[0\].*checkpoints must be between 1 and 64, got 100"),
        ({"checkpoints": 5}, r"checkpoints must be a list, got 5"),
        ({"learner": [{"type": "BatchedExp3", "batch_length": 99}]}, r"batch_length must be between 1 and 64, got 99"),
        ({"learner": [{"type": "Exp3", "when": {"horizn": [1]}}]}, r"learner\[0\].when: no axis 'horizn'; there are"),
        ({"learner": [{"type": "Exp3", "when": {"horizon": 64}}]}, r"when.horizon must be a list .*, got 64"),
        ({"learner": [{"type": "Exp3", "axes": 3}]}, r"learner\[0\].axes must be a table, got 3"),
        ({"learner": "Exp3"}, r"learner must be \[\[learner\]\] tables, got 'Exp3'"),
        ({"learner": ["Exp3"]}, r"learner\[0\] must be a table, got 'Exp3'"),
        ({"learner": [{"type": ":Exp3"}]}, r"cannot find ':Exp3'"),
        ({"problem": [{"type": "SwitchingCostGame"}]}, r"SwitchingCostGame needs losses and horizon"),
        ({"axes": 3}, r"axes must be a table, got 3"),
        ({"axes": {"horizon": {"log": [1, 2]}}}, r"axes.horizon must be \{ log = \[low, high, n\] \}"),
        ({"axes": {"horizon": {"log": [0, 8, 2]}}}, r"axes.horizon must be finite and in \(0, inf\), got 0"),
        ({"zip": {"horizon": [1]}}, r"zip must be \[\[zip\]\] tables"),
        ({"zip": [{"horizon": [8]}]}, r"zip\[0\] again has horizon"),
        ({"zip": [{}]}, r"zip\[0\] has no axis"),
    ],
)
def test_mistakes_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        parse_sweep(spec(**changes))


def test_not_toml(tmp_path):
    file = tmp_path / "bad.toml"
    file.write_text("= 1")
    with pytest.raises(ValueError, match="not a TOML file"):
        load_sweep(file)


def test_grid_last_axis_fastest():
    assert [p.a + p.b for p in grid(a=[1, 2], b=[10, 20])] == [11, 21, 12, 22]
    with pytest.raises(ValueError, match="axis a must have at least one value"):
        grid(a=[])
    with pytest.raises(TypeError, match="axis a must be a sequence of values, got 3"):
        grid(a=3)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"checkpoints": (65,)}, ValueError, "checkpoints must be between 1 and 64, got 65"),
        ({"precision": 0.1}, TypeError, "precision must be None or a Precision"),
        ({"labels": 3}, TypeError, "labels must be a mapping from a column's name to its value, got int"),
        ({"repetitions": 2**32 + 1}, ValueError, "repetitions must be at most 4294967296, got 4294967297"),
    ],
)
def test_wrong_cells_are_refused_when_they_are_made(arguments, error, message):
    with pytest.raises(error, match=message):
        Cell(SwitchingCostGame(MultiScaleRandomWalk(3), 64), Exp3(), **arguments)


def test_description_round_trip():
    game = SwitchingCostGame(BernoulliLosses([0.25, 0.5]), 100, 0.1)
    assert build(describe(game)) == game
    assert {"Exp3", "SwitchingCostGame", "MultiScaleRandomWalk", "ExtraObservations"} <= set(public_classes())


def test_address_depends_on_everything_that_matters_and_on_nothing_else():
    def cell(**changes):
        arguments = {"cost": 1.0, "learner": Exp3(), "repetitions": 2, "seed": 0, "labels": {}} | changes
        game = SwitchingCostGame(MultiScaleRandomWalk(3), 64, arguments["cost"])
        return Cell(game, arguments["learner"], arguments["repetitions"], arguments["seed"], labels=arguments["labels"])

    base = cell().address
    assert cell().address == base
    assert cell(labels={"a": 1}).address == base
    others = [cell(cost=1.0 + 2**-52), cell(learner=BatchedExp3()), cell(repetitions=3), cell(seed=1)]
    assert len({base, *(c.address for c in others)}) == 5


def test_address_sees_the_content_of_a_table():
    def address(x):
        return Cell(SwitchingCostGame(LossTable([[0.0, x], [1.0, 0.5]]), 2), Exp3()).address

    assert address(0.5) == address(0.5) != address(0.25)


def test_canonical_text_keeps_floats_to_the_last_bit():
    assert canonical({"b": 0.1, "a": [1, None]}) == '{"a":[1,null],"b":"0x1.999999999999ap-4"}'


def test_cell_validates():
    game = SwitchingCostGame(BernoulliLosses([0.5, 0.5]), 10)
    with pytest.raises(TypeError, match="learns from FullInformation"):
        Cell(game, Hedge())
    with pytest.raises(ValueError, match="repetitions must be at least 2, got 1"):
        Cell(game, Exp3(), 1, precision=Precision(0.1))
    with pytest.raises(TypeError, match="the class itself"):
        Cell(game, Exp3)


# ---------------------------------------------------------------- backends

TABLE = {"type": "LossTable", "losses": [[0.0, 1.0], [1.0, 0.5]]}
FULL = {"type": "SwitchingCostGame", "losses": TABLE, "horizon": 2, "feedback": {"type": "FullInformation"}}


def test_backends_of_the_sweep_and_of_a_learner():
    learners = [{"type": "Hedge"}, {"type": "Hedge", "backend": "$where", "axes": {"where": ["numba", "jax-float32"]}}]
    cells = parse_sweep({"problem": [FULL], "learner": learners, "backend": "jax"})
    assert [cell.backend for cell in cells] == ["jax", "numba", "jax-float32"]
    assert len({cell.address for cell in cells}) == 3, "results of two backends are never mixed"
    plain, single = cells[1].configuration(), cells[2].configuration()
    assert (single["backend"], single["device"]) == ("jax-float32", jax.default_backend())
    assert "backend" not in plain, "addresses of the compiled loop are unchanged"
    assert cells[1].address == Cell(cells[1].problem, Hedge()).address


def test_a_changed_file_is_another_address_in_jax_alone(monkeypatch):
    cells = [Cell(build(FULL), Hedge(), backend=backend) for backend in ("numba", "jax")]
    before = [cell.configuration() for cell in cells]
    monkeypatch.setattr("sims.code._every_file", lambda: "changed")
    assert [cell.configuration() == old for cell, old in zip(cells, before, strict=True)] == [True, False]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"backend": "gpu"}, r"backend must be one of numba, numba-scalar, python, jax, jax-float32, got 'gpu'"),
        ({"learner": [{"type": "Exp3", "backend": "$nowhere"}]}, r"learner\[0\].backend: no axis 'nowhere'"),
        (
            {"backend": "jax", "learner": [{"type": "Exp3"}, {"type": "TsallisSwitch"}]},
            r"learner\[1\] at .*: the JAX backend plays Exp3 or .* in SwitchingCostGame on .*, got TsallisSwitch",
        ),
        (
            {
                "backend": "jax",
                "problem": [{"type": "three_points", "horizon": 5}],
                "learner": [{"type": "Exp2OneSided"}],
            },
            r"plays Exp3 or .*; OptimisticFeasible.*; SparringExp3 .*; got Exp2OneSided in OneSidedGame",
        ),
    ],
)
def test_backends_are_refused_before_anything_runs(changes, message):
    with pytest.raises(ValueError, match=message):
        parse_sweep(spec(axes={"horizon": [64]}) | changes)
