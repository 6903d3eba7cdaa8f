"""Settings of all tests: Hypothesis profiles, what `-m quick` and `-m slow` run, and Python's garbage collector.

HYPOTHESIS_PROFILE chooses a profile, `ci` (the same examples every time) where it is unset.
"""

import gc
import os
import signal
from functools import cache
from pathlib import Path

import pytest
from hypothesis import Phase, settings

settings.register_profile("ci", derandomize=True, deadline=None, database=None, max_examples=100, print_blob=True)
settings.register_profile("dev", deadline=None, max_examples=100)
settings.register_profile("nightly", deadline=None, max_examples=2000)
settings.register_profile(  # many runs, of which most fail: few examples, none of them shrunk
    "mutants",
    parent=settings.get_profile("ci"),
    max_examples=10,
    phases=(Phase.explicit, Phase.generate),
    print_blob=False,
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# For a minute's answer while working: the exact laws of all learners, and what compiles little.
QUICK = (
    "laws/test_*",
    "bandits/core/test_checks",
    "bandits/core/test_exponential_weights",
    "bandits/core/test_sampling",
    "bandits/one_sided/test_accounts",
    "bandits/one_sided/test_game",
    "bandits/one_sided/test_hypotheses",
    "bandits/one_sided/test_panels",
    "bandits/preference/test_*",
    "bandits/preference/self_play/test_known_answers",
    "bandits/threshold/test_populations",
    "cases/test_columns_of_classes",
    "cases/test_tables_of_people",
    "mutants/test_core_mutants",
    "mutants/test_preference_mutants",
    "mutants/test_threshold_mutants",
    "sims/test_cli",
    "sims/test_run",
    "sims/test_sweep",
    "theory/test_bound",
    "theory/test_confidence",
    "theory/test_generic",
    "theory/test_ranges",
    "theory/switching/test_bounds",
    "test_documents",
)

# What starts or loses processes, compiles or plays again and again, or draws every figure: `make slow-tests`, and CI.
SLOW = (
    "bandits/core/test_inner_numba",
    "bandits/core/test_jit",
    "bandits/core/test_kernel_cache",
    "bandits/preference/self_play/test_many_games",
    "cases/test_crafted_cells",
    "cases/test_ctrl_c",
    "cases/test_dask_workers",
    "cases/test_hostile_jax_settings",
    "cases/test_near_ties",
    "cases/test_numpy_error_settings",
    "cases/test_output_streams",
    "cases/test_processes_of_a_sweep",
    "cases/test_stable_addresses",
    "cases/test_stale_*",
    "docs/test_*",
    "examples/test_*",
    "mutants/test_score",
    "paper_figures/test_*",
    "sims/engines/test_jax*",
    "sims/test_execute",
    "sims/test_warm",
    "theory/convex/test_expectations",
    "theory/one_sided/test_lagrangian",
    "theory/test_adversary",
    "theory/test_tightness",
    "theory/threshold/test_bounds",
)


def pytest_configure() -> None:
    """Heed Ctrl-C where a background shell has it ignored: the processes that tests start and stop inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of `-m quick` and `-m slow`."""
    for item in items:
        for mark in _marks(item.path):
            item.add_marker(mark)


@cache
def _marks(file: Path) -> list[str]:
    place = file.relative_to(Path(__file__).parent).with_suffix("")
    marks = {"quick": QUICK, "slow": SLOW}
    return [mark for mark, patterns in marks.items() if any(place.match(pattern) for pattern in patterns)]


def pytest_collection_finish() -> None:
    """Take what is loaded by now out of all later collections, and collect less often: tests compile a lot."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
