"""Inspection of a worker: the code and libraries that its numbers depend on, compared before it receives a cell."""

import hashlib
import pickle
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from sims.compute import Parcel, parcel
from sims.engines.backends import engine_of
from sims.messages import Failure, failure
from sims.modules import found_beside
from sims.sweep import Cell

_PACKAGES = ("numpy", "numba", "jax")


class Inspection(NamedTuple):
    """A worker's versions of code and libraries by name, and for one cell of each kind its address or a failure."""

    environment: dict[str, str]
    samples: tuple[str | Failure, ...]


def samples(cells: Sequence[Cell]) -> list[Parcel]:
    """Return one pickled cell per kind (problem, learner, backend); kinds that cannot be pickled are left out."""
    kinds = {(type(cell.problem), type(cell.learner), cell.backend): cell for cell in cells}
    packed = []
    for cell in kinds.values():
        try:
            packed.append(parcel(cell, modules=found_beside()))
        except Exception:  # such cells fail later, with the reason
            continue
    return packed


def blas_matters(cells: Sequence[Cell]) -> bool:
    """Return whether any cell's numbers may depend on BLAS kernels: those of pairs outside the compiled loop may.

    Results of linear algebra that enter the compiled loop are part of a cell's address and compared with it.
    """
    return any(engine_of(cell.problem, cell.learner, cell.backend) != "compiled" for cell in cells)


def inspect(packed: Sequence[Parcel], blas: bool) -> Inspection:
    """Return this process's versions and the addresses that it gives the sample cells. Never raises."""
    return Inspection(environment(blas), tuple(_address(sample) for sample in packed))


def _address(sample: Parcel) -> str | Failure:
    try:
        address: str = pickle.loads(sample.cell).address
        return address
    except BaseException as error:
        return failure(error)


def environment(blas: bool) -> dict[str, str]:
    """Return the versions of the code and the libraries; blas: also the BLAS kernels."""
    found = {"regretlab's code": _code(), "Python": "{}.{}".format(*sys.version_info)}
    found |= {name: _version(name) for name in _PACKAGES}
    return found | ({"BLAS kernel": _kernels()} if blas else {})


def differences(here: dict[str, str], there: dict[str, str]) -> str:
    """Return in a few words how `there` differs from `here`; "" if it does not."""
    parts = [
        f"{name} {there.get(name, 'unknown')} (here {known})"
        for name, known in here.items()
        if there.get(name) != known
    ]
    return ", ".join(parts)


def _code() -> str:
    """Return a hash of all files of `bandits` and `sims`."""
    import bandits
    import sims

    digest = hashlib.sha256()
    for package in (bandits, sims):
        for file in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:8]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"


def _kernels() -> str:
    import scipy.linalg  # noqa: F401 - loads SciPy's BLAS, so that it is listed
    from threadpoolctl import threadpool_info  # type: ignore[import-untyped]

    pools = [pool for pool in threadpool_info() if pool.get("user_api") == "blas"]
    return " and ".join(sorted({f"{pool['internal_api']} {pool.get('architecture', '')}".strip() for pool in pools}))
