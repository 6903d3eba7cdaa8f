"""Labels of every kind and mixture have a column before any work starts, and the table is never lost."""

import datetime

import numpy as np
import polars
import pyarrow as pa
import pytest

from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, SwitchingCostGame
from sims import Cell, run_sweep
from sims.labels import label_table

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 20)


@pytest.mark.parametrize(
    ("values", "kind", "shown"),
    [
        ([2**64 - 1, 1], pa.uint64(), [2**64 - 1, 1]),
        ([np.uint64(2**64 - 1), 0, None], pa.uint64(), [2**64 - 1, 0, None]),
        ([2**63 - 1, -(2**63)], pa.int64(), [2**63 - 1, -(2**63)]),
        ([2**63, -1], pa.string(), ["9223372036854775808", "-1"]),
        ([10**400, 1], pa.string(), [str(10**400), "1"]),
        ([2**53 + 1, 0.5], pa.string(), ["9007199254740993", "0.5"]),
        ([2**53, 0.5, None], pa.float64(), [2.0**53, 0.5, None]),
        ([1, np.float32(0.5)], pa.float64(), [1.0, 0.5]),
        ([True, None, np.bool_(False)], pa.bool_(), [True, None, False]),
        ([True, 2], pa.string(), ["True", "2"]),
        (["a", 1, None, True], pa.string(), ["a", "1", None, "True"]),
        ([None, None], pa.bool_(), [None, None]),
        (["\udc80", "\0"], pa.string(), ["\\udc80", "\0"]),
        ([[1, 2], {"a": 1}], pa.string(), ["[1, 2]", "{'a': 1}"]),
        ([datetime.date(2020, 1, 2), 3], pa.string(), ["2020-01-02", "3"]),
    ],
)
def test_a_column_holds_what_it_is_given(values, kind, shown):
    table = label_table([{"axis": value} for value in values], ["cell"])
    assert (table.schema.field("axis").type, table["axis"].to_pylist()) == (kind, shown)


def test_the_table_of_a_sweep_with_seeds_of_64_bits_and_mixed_labels(tmp_path):
    cells = [Cell(GAME, Exp3(), 2, s, labels={"replicate": s, "w": w}) for s, w in ((2**64 - 1, 2**53 + 1), (1, 0.5))]
    table = polars.read_parquet(run_sweep(cells, tmp_path).results).filter(metric="regret", round=20)
    assert table.select("replicate", "seed", "w").rows() == [(2**64 - 1, 2**64 - 1, "9007199254740993"), (1, 1, "0.5")]


class Unprintable:
    def __str__(self):
        raise RuntimeError("no text")


@pytest.mark.parametrize("labels", [{"axis": Unprintable()}, {3: 1}, {"\udc80": 1}])
def test_what_cannot_be_a_column_is_refused_before_anything_runs(labels, tmp_path):
    with pytest.raises((TypeError, ValueError), match="labels") as caught:
        run_sweep([Cell(GAME, Exp3(), labels=labels)], tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()
