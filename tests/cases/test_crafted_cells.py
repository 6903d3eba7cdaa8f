"""A cell's file is used only if every byte of it is as it was written for this cell."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bandits.losses import BernoulliLosses
from bandits.switching import Exp3, SwitchingCostGame
from sims import Cell, run_sweep
from sims.files import StoreError
from sims.store import Store

GAME = SwitchingCostGame(BernoulliLosses([0.3, 0.5]), 20)
CELLS = [Cell(GAME, Exp3(), 2, seed) for seed in range(2)]


def written(table, tags, **options):
    """Return a Parquet file with these rows and this text as the module's metadata."""
    sink = io.BytesIO()
    pq.write_table(table.replace_schema_metadata({b"regretlab": tags}), sink, **options)
    return sink.getvalue()


def forgeries(good, other):
    table = pq.read_table(io.BytesIO(good))
    tags = table.schema.metadata[b"regretlab"]
    zero = table.set_column(table.schema.names.index("mean"), "mean", pa.array(np.zeros(len(table))))
    without_kept = {name: value for name, value in json.loads(tags).items() if name != "kept"}
    yield from (written(zero, tags), written(table, tags), written(table, tags, compression="zstd"))
    yield from (written(table.slice(0, 3), tags), written(pq.read_table(io.BytesIO(other)), tags), other)
    for text in (b"[]", b"5", b"null", b"", b"{", b"[" * 100_000, b"\xff", json.dumps(without_kept).encode()):
        yield written(table, text)
    yield from (b"", b"PAR1PAR1", good[:-8] + b"\xff\xff\xff\x7f" + b"PAR1", good + b"\0", b"a,b\n1,2\n")
    rng = np.random.default_rng(5)
    for place in rng.integers(len(good), size=60):
        yield good[:place]
        yield good[:place] + bytes([good[place] ^ (1 << rng.integers(8))]) + good[place + 1 :]


def test_no_forgery_is_believed_and_none_ends_the_sweep(tmp_path):
    wanted = run_sweep(CELLS, tmp_path).results.read_bytes()
    path, other = (Store(tmp_path).path(cell) for cell in CELLS)
    good = path.read_bytes()
    for forgery in forgeries(good, other.read_bytes()):
        path.write_bytes(forgery)
        report = run_sweep(CELLS, tmp_path, workers=1)
        assert (report.computed, len(report.damaged), report.failed) == (1, 1, {})
        assert "\n" not in report.damaged[0]
        assert path.read_bytes() == good
    assert report.results.read_bytes() == wanted


def test_a_cell_that_cannot_be_read_is_not_lost_in_silence(tmp_path):
    run_sweep(CELLS, tmp_path)
    path = Store(tmp_path).path(CELLS[0])
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreError, match="cannot write"):
        run_sweep(CELLS, tmp_path)
