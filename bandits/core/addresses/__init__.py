"""Addresses of results: hashes of all the code and all the values that a function can reach.

`reach` walks from functions, classes and values to everything they read: helpers in any module, through packages,
closures, defaults, enums, classes, `numba.vectorize` functions, jitclasses, and the bodies that were registered for a
function with `numba.extending`. Equal digests mean equal code and equal values throughout. Definitions of NumPy, Numba,
JAX and other libraries enter by name; the store adds their versions. What cannot be followed raises `NotAddressable`
with the reason: such a result can be computed but must not be stored.

Comments, docstrings and line numbers do not enter. What a program reads at run time (files, the environment, the
clock) cannot enter: code that opens a file, reads the clock or evaluates a string is not addressable.
"""

from bandits.core.addresses.walk import GlobalRandomness as GlobalRandomness
from bandits.core.addresses.walk import NotAddressable as NotAddressable
from bandits.core.addresses.walk import Reached as Reached
from bandits.core.addresses.walk import reach as reach
