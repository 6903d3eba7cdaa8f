"""The table of all cells of a sweep or folder."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sims.cell_files import KEY, SCHEMA, tags_of
from sims.files import replacing, temporary_of


def write_table(path: Path, cells: Iterable[pa.Table | None], labels: pa.Table) -> int:
    """Write the tables of cells (None is left out), one row of `labels` for each; return how many, in constant memory.

    The file's metadata, under "regretlab", name the number of cells and the versions that computed them.
    """
    schema = pa.schema([*labels.schema, *SCHEMA])
    count, versions = 0, dict[str, set[str]]()
    temporary = temporary_of(path)
    with replacing(path, temporary), pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
        batch: list[pa.Table] = []
        for number, table in enumerate(cells):
            if table is None:
                continue
            count += 1
            for name, known in tags_of(table).get("versions", {}).items():
                versions.setdefault(name, set()).add(known)
            own = labels.slice(number, 1).take(pa.array(np.zeros(len(table), np.int64)))
            batch.append(pa.table([*own.columns, *table.columns], schema=schema))
            if len(batch) >= 512:
                writer.write_table(pa.concat_tables(batch))
                batch = []
        if batch:
            writer.write_table(pa.concat_tables(batch))
        tags = {"cells": count, "versions": {name: sorted(found) for name, found in versions.items()}}
        writer.add_key_value_metadata({KEY.decode(): json.dumps(tags, sort_keys=True)})
    return count
