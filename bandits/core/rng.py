"""Counter-based random numbers: every draw is a pure function of where it is used.

The generator is Philox-4x32 with 10 rounds (Salmon, Moraes, Dror & Shaw, "Parallel random numbers:
as easy as 1, 2, 3", SC 2011). The key is the user's 64-bit seed; the counter is the address
of a draw: (round, index within the round, repetition, purpose). There is no state, so results do not
depend on threads, chunks, order or the number of repetitions, and no two addresses share a block.

The layout of the four 32-bit counter words is: round modulo 2^32; index; repetition; purpose in the
low 8 bits and round // 2^32 in the upper 24.
"""

from typing import Any, NamedTuple

import numpy as np

from bandits.core.jit import kernel, shared_kernel, uint32, uint64
from bandits.core.lanes import alike, lane_numbers

LEARNER = 0
ENVIRONMENT = 1
OBSERVATION = 2

_SCALE = 2.0**-53


class Stream(NamedTuple):
    """Address of one repetition's draws for one purpose."""

    seed_low: Any  # uint32, low word of the seed
    seed_high: Any  # uint32, high word of the seed
    repetition: Any  # uint32, or a lane number
    purpose: Any  # uint32: LEARNER, ENVIRONMENT or OBSERVATION


@shared_kernel
def philox4x32(k0: Any, k1: Any, c0: Any, c1: Any, c2: Any, c3: Any) -> Any:
    """Return the four 32-bit words of the block with key (k0, k1) and counter (c0, c1, c2, c3), as uint64."""
    c0 = alike(c0, uint64(0))
    c1 = alike(c1, uint64(0))
    c2 = alike(c2, uint64(0))
    c3 = alike(c3, uint64(0))
    k0 = uint64(k0)
    k1 = uint64(k1)
    for _ in range(10):
        left = uint64(0xD2511F53) * c0
        right = uint64(0xCD9E8D57) * c2
        c0 = (right >> uint64(32)) ^ c1 ^ k0
        c2 = (left >> uint64(32)) ^ c3 ^ k1
        c1 = right & uint64(0xFFFFFFFF)
        c3 = left & uint64(0xFFFFFFFF)
        k0 = (k0 + uint64(0x9E3779B9)) & uint64(0xFFFFFFFF)
        k1 = (k1 + uint64(0xBB67AE85)) & uint64(0xFFFFFFFF)
    return c0, c1, c2, c3


@kernel
def stream(seed: Any, repetition: int, purpose: int) -> Stream:
    """Return the stream of a repetition; seed is a uint64, repetition < 2^32."""
    low = uint32(uint64(seed) & uint64(0xFFFFFFFF))
    return Stream(low, uint32(uint64(seed) >> uint64(32)), uint32(repetition), uint32(purpose))


@kernel
def lane_stream(seed: Any, repetition: int, purpose: int) -> Stream:
    """Return the streams of the repetitions from `repetition` on, one in each lane; numbers from 2^32 on wrap."""
    whole = stream(seed, repetition, purpose)
    repetitions = alike(lane_numbers() + repetition, uint32(0))
    return Stream(whole.seed_low, whole.seed_high, repetitions, whole.purpose)


@kernel
def for_purpose(rng: Stream, purpose: int) -> Stream:
    """Return the stream of the same repetition for another purpose."""
    return Stream(rng.seed_low, rng.seed_high, rng.repetition, uint32(purpose))


@shared_kernel
def words(rng: Stream, t: int, index: int) -> Any:
    """Return two independent uint64 words for round t (0 <= t < 2^56) and index (0 <= index < 2^32)."""
    low = uint32(uint64(t) & uint64(0xFFFFFFFF))
    high = uint32(((uint64(t) >> uint64(32)) << uint64(8)) & uint64(0xFFFFFF00))
    a, b, c, d = philox4x32(rng.seed_low, rng.seed_high, low, uint32(index), rng.repetition, high | rng.purpose)
    return (a << uint64(32)) | b, (c << uint64(32)) | d


@kernel
def uniform(rng: Stream, t: int, index: int) -> float:
    """Return a uniform on the 2^53 multiples of 2^-53 in [0, 1)."""
    first, _ = words(rng, t, index)
    return (first >> uint64(11)) * _SCALE


@kernel
def uniform_pair(rng: Stream, t: int, index: int) -> tuple[float, float]:
    """Return two independent uniforms in [0, 1) at the cost of one; the first equals `uniform`."""
    first, second = words(rng, t, index)
    return (first >> uint64(11)) * _SCALE, (second >> uint64(11)) * _SCALE


@kernel
def uniform_index(rng: Stream, t: int, index: int, n: int) -> int:
    """Return an integer uniform on 0..n-1 (bias below n 2^-53)."""
    return alike(uniform(rng, t, index) * n, 0)


def seed_word(seed: int) -> np.uint64:
    """Return the user's seed as the generator's key.

    Raises: TypeError if it is not an integer, ValueError outside [0, 2^64).
    """
    from bandits.core.checks import integer

    return np.uint64(integer("seed", seed, low=0, high=2**64 - 1))
