"""Where a folder of results comes from: its log, with a copy of every sweep file that was run into it.

    OUT/log.jsonl        two lines per run of a sweep (JSON): how it began, how it ended; a killed run lacks the second
    OUT/specs/HASH.toml  the sweep files, by the hash of their content

How a run began: the command, the versions of Python, of the libraries and of regretlab's code, the commit of the
repository that holds the sweep file (else the working folder; "-dirty" where files differ from it), the sweep file, the
values that `-o` gave, and the number of cells. How it ended: seconds, and the numbers of cells computed, reused and
failed; or what stopped it. Times are in UTC.
"""

import hashlib
import json
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sims.cell_files import version_of
from sims.environment import environment
from sims.files import StoreError
from sims.messages import one_line

_PATIENCE = 5.0  # seconds for git


@dataclass(frozen=True)
class Origin:
    """The file that a sweep's cells were read from, and the overrides "axis=value" that were applied."""

    path: Path
    overrides: Sequence[str] = ()


@contextmanager
def logged(folder: Path, cells: int, origin: Origin | None) -> Iterator[dict[str, Any]]:
    """Write a run of a sweep into the folder's log; yield the mapping whose items become those of its last line.

    StoreError if the first line, or the copy of the sweep file, cannot be written.
    """
    home = Path.cwd() if origin is None else origin.path.parent
    versions = {"regretlab": version_of("regretlab"), **environment(False), "platform": platform.platform()}
    line = {"event": "began", "command": sys.argv, "versions": versions, "commit": commit(home.resolve())}
    try:
        if origin is not None:
            line |= {"spec": _copied(folder, origin.path), "overrides": [*origin.overrides]}
        _append(folder, line | {"cells": cells})
    except OSError as error:
        raise StoreError(f"cannot write the log of {folder}: {error.strerror or one_line(error)}") from None
    began, outcome = time.perf_counter(), dict[str, Any]()
    try:
        yield outcome
    except BaseException as error:
        outcome["stopped"] = one_line(error)
        raise
    finally:
        with suppress(OSError):  # the results are there without it
            _append(folder, {"event": "ended", "seconds": round(time.perf_counter() - began, 3), **outcome})


def _append(folder: Path, line: dict[str, Any]) -> None:
    stamped = {"time": datetime.now(UTC).isoformat(timespec="seconds"), **line}
    with (folder / "log.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(stamped) + "\n")


def _copied(folder: Path, path: Path) -> str:
    """Copy a sweep file into the folder, once for each content; return its path in the folder."""
    content = path.read_bytes()
    name = f"specs/{hashlib.sha256(content).hexdigest()[:12]}.toml"
    (folder / "specs").mkdir(exist_ok=True)
    (folder / name).write_bytes(content)
    return name


def commit(folder: Path) -> str | None:
    """Return the commit of the git repository that holds a folder, with "-dirty" if tracked files differ; else None."""
    command = ["git", "--no-optional-locks", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40"]
    try:
        said = subprocess.run(
            [*command, "--exclude=*"], capture_output=True, text=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return None
    return said.stdout.strip() or None
