"""Every figure is drawn at quality tiny once, for all tests and all workers."""

import os
from functools import cache

import polars
import pytest
from filelock import FileLock

from paper_figures import catalogue, gallery


@pytest.fixture(scope="session")
def drawn(tmp_path_factory):
    """Return a function that draws a figure at quality tiny, unless another test did, and returns its folder."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "tiny_figures"

    def draw(name):
        with FileLock(f"{folder}.{catalogue()[name].simulations or name}.lock"):
            if not (folder / f"{name}.json").exists():
                (result,) = gallery.draw([name], "tiny", folder)
                if result.error is not None:
                    raise result.error
        return folder

    return draw


@pytest.fixture(scope="session")
def table(drawn):
    """Return a function from a figure's name to its table at quality tiny, as read from the file."""

    def read(name):
        return polars.read_csv(drawn(name) / f"{name}.csv", infer_schema_length=None)

    return read


@pytest.fixture(scope="session")
def canvas(table):
    """Return a function from a figure's name to the canvas drawn from that table, with other parameters."""

    @cache
    def picture(name):
        return gallery.picture(catalogue()[name](), table(name))

    return picture
