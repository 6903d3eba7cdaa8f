"""The address of an unedited program does not depend on what else its process has compiled or imported."""

import subprocess
import sys

import pytest

COMPILED_BEFORE = (
    "import numba\nnumba.njit(lambda a: a.sum() + a.max() + a.shape[0] + a.mean())(__import__('numpy').ones(2))\n"
)
ADDRESS = """
from bandits.core.addresses import reach
from bandits.core.jit import kernel
@kernel
def step(a):
    return a.sum() + a.max() + a.shape[0] + a.mean()
print(reach(step).digest)
"""


@pytest.mark.parametrize("before", [COMPILED_BEFORE, "import bandits.preference, jax, scipy.special\n"])
def test_what_was_compiled_or_imported_before_does_not_enter(before):
    found = [subprocess.check_output([sys.executable, "-c", text]) for text in (ADDRESS, before + ADDRESS)]
    assert found[0] == found[1]
