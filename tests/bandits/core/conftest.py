"""Fixtures of what compiles."""

import pytest


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Keep compiled programs in an empty folder."""
    monkeypatch.setenv("REGRETLAB_CACHE_DIR", str(tmp_path / "kernels"))
    return tmp_path / "kernels"
