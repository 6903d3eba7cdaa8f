"""Programs made from text, edits of one of them, and what is known of a program."""

import numpy as np

from bandits.core.jit import kernel, origin_of, program, rare_kernel


def made(source, **names):
    """Return the function `main` of a module's text, freshly executed."""
    namespace = {"kernel": kernel, "rare_kernel": rare_kernel, "program": program, "np": np} | names
    exec(source, namespace)
    return namespace["main"]


def hits(compiled):
    """Return how many of a program's versions were read from the cache."""
    return sum(compiled.stats.cache_hits.values())


def digest(compiled):
    """Return the digest of what a program reaches."""
    return origin_of(compiled).reached.digest


BASE = """
SCALE = 2.0
WORD = "a"
TABLE = np.array([1.0, 2.0])

@rare_kernel
def deep(x):
    return x * SCALE + TABLE[1]

@kernel
def step(x, shift=0.25):
    return deep(x) + shift

def make(offset):
    @kernel
    def shifted(x):
        return step(x) - offset
    return shifted

shifted = make(10.0)

@program
def main(x):
    return shifted(x) + 1.0
"""

CHANGES = {
    "a constant of a callee's callee": ("x * SCALE", "x * 3.0"),
    "an operation": ("x * SCALE +", "x * SCALE -"),
    "a global number": ("SCALE = 2.0", "SCALE = 2.5"),
    "a global number's type": ("SCALE = 2.0", "SCALE = 2"),
    "a global array's entry": ("[1.0, 2.0]", "[1.0, 2.5]"),
    "a global array's type": ("np.array([1.0, 2.0])", "np.array([1.0, 2.0], dtype=np.float32)"),
    "an index": ("TABLE[1]", "TABLE[0]"),
    "a default": ("shift=0.25", "shift=0.5"),
    "a closed-over value": ("make(10.0)", "make(11.0)"),
    "the program itself": ("+ 1.0", "+ 2.0"),
    "how a callee is compiled": ("@rare_kernel", "@kernel"),
    "a name that a callee reads": ("step(x) - offset", "deep(x) - offset"),
}
IRRELEVANT = {
    "a comment": ("    return deep(x)", "    # the deep one\n    return deep(x)"),
    "a docstring": ("    return deep(x)", '    """Shift the deep one."""\n    return deep(x)'),
    "a global that nobody reads": ('WORD = "a"', 'WORD = "b"'),
}
