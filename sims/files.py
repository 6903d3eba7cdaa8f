"""Files that are replaced atomically: whatever stops a sweep, the old or the new one is there, complete."""

import ctypes
import os
import sys
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
        synced(temporary)
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


def synced(*paths: Path) -> None:
    """Return once these files and folders are on the disk."""
    for path in paths:
        if path.is_dir() and sys.platform == "win32":  # which cannot open folders
            continue
        handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextmanager
def locked(lock: Path, what: Path, other: str) -> Iterator[None]:
    """Hold a lock file while `what` is written; StoreError if another process holds it, or it cannot be written."""
    from filelock import FileLock, Timeout

    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise StoreError(f"{what} is being written by another {other}") from None
    except OSError as error:
        raise StoreError(f"{what} cannot be written: {cause(error)}") from None
    try:
        yield
    finally:
        held.release()


def swap(new: Path, old: Path) -> None:
    """Put a file or folder in the place of another in one step; what was at `old` is then at `new`, or gone.

    Where the system cannot exchange a folder in one step, `old` is first renamed; if that is as far as it came,
    `restore` takes it back.
    """
    if not os.path.lexists(old) or not (new.is_dir() or old.is_dir()):
        new.replace(old)
    elif not _exchanged(new, old):
        aside = _aside(old)
        old.rename(aside)
        try:
            new.rename(old)
        except BaseException:
            aside.rename(old)
            raise
        aside.rename(new)


def restore(path: Path) -> None:
    """Put back what a `swap` that was killed half-way had renamed."""
    aside = _aside(path)
    if os.path.lexists(aside):
        aside.rename(temporary_of(path) if path.exists() else path)


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.replaced")


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two paths; False, and nothing is changed, where the system or the file system cannot."""
    if sys.platform not in ("linux", "darwin"):
        return False
    library, names = ctypes.CDLL(None), (os.fsencode(one), os.fsencode(other))
    if sys.platform == "darwin":
        call, arguments = getattr(library, "renamex_np", None), (*names, 2)  # RENAME_SWAP
    else:
        here = -100  # AT_FDCWD: relative paths are those of the working folder
        call, arguments = getattr(library, "renameat2", None), (here, names[0], here, names[1], 2)  # RENAME_EXCHANGE
    return call is not None and call(*arguments) == 0
