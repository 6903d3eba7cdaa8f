"""Files that are replaced atomically: whatever stops a sweep, the old or the new one is there, complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sims.messages import one_line


class StoreError(ValueError):
    """The folder cannot be used: another sweep holds it, or it cannot be written."""


def temporary_of(path: Path) -> Path:
    """Return the path where a file is written before it is renamed; the folder's lock keeps other writers away."""
    return path.with_name(f"{path.name}.tmp")


@contextmanager
def replacing(path: Path, temporary: Path) -> Iterator[None]:
    """Replace `path` by the file that is written at `temporary`, once it is complete and on the disk.

    StoreError if it cannot be written; `path` is then unchanged.
    """
    try:
        temporary.unlink(missing_ok=True)  # a new file has the mode that the umask gives
        yield
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StoreError(f"cannot write {path}: {cause(error)}; finished cells are kept") from error
        raise


def cause(error: OSError) -> str:
    """Return why a file could not be read or written."""
    return error.strerror or one_line(error)


def write(path: Path, content: bytes, temporary: Path | None = None) -> None:
    """Replace `path` by a file with these bytes; it is first written at `temporary`, by default beside it."""
    temporary = temporary or temporary_of(path)
    with replacing(path, temporary):
        path.parent.mkdir(exist_ok=True)
        temporary.write_bytes(content)
