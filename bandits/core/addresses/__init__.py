"""What a result depends on: a digest of all the text and all the values that a function can reach.

`reach` walks from functions, classes and values to everything they read: helpers in any module, through packages,
closures, defaults, enums, classes, `numba.vectorize` functions, jitclasses, and the bodies that were registered for a
function with `numba.extending`. Two equal digests mean equal text and equal values all the way down; what NumPy,
Numba, JAX and the like define enters by name, and whoever keeps results adds the versions that matter. What cannot be
followed raises `NotAddressable` with the reason: such a result can be computed, and must not be kept.

Comments, docstrings and line numbers do not enter. What a program reads while it runs (files, the environment, the
clock) cannot enter either: text that opens a file, asks the clock or evaluates a string is not addressable.
"""

from bandits.core.addresses.walk import GlobalRandomness as GlobalRandomness
from bandits.core.addresses.walk import NotAddressable as NotAddressable
from bandits.core.addresses.walk import Reached as Reached
from bandits.core.addresses.walk import reach as reach
