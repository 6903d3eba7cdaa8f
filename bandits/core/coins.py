"""Words of 64 biased bits: uniforms compared with a mean digit by digit, all 64 at once; random signs.

A bit is 1 if a uniform with 64 binary digits is below the mean. The comparison starts at the leading digit and stops
when every bit is decided, after about 8 random words for 64 bits. For many arms the leading digits, in which most bits
are decided, are compared for all arms together: a branch-free, vectorised loop in less than half the time.
"""

from typing import Any

import numpy as np

from bandits.core.jit import kernel, rare_kernel, uint64
from bandits.core.lanes import any_lane, in_lanes, own, where
from bandits.core.rng import Stream, words


@rare_kernel
def bernoulli_word(digits: Any, env: Stream, block: int, arm: int) -> Any:
    """Return 64 independent bits, each one with probability digits / 2^64."""
    return _decided(digits, env, block, arm, 0, ~np.uint64(0))


@in_lanes(of=bernoulli_word)
@rare_kernel
def _lanes_word(digits: Any, env: Stream, block: int, arm: int) -> Any:
    below = own(np.uint64(0), env)
    undecided = ~below
    rest = digits
    index = arm * 32
    while any_lane((rest != np.uint64(0)) & (undecided != np.uint64(0))):
        for word in words(env, block, index):
            one = where(rest >> np.uint64(63) == np.uint64(1), ~np.uint64(0), np.uint64(0))
            below |= undecided & ~word & one
            undecided &= ~(word ^ one)
            rest = rest << np.uint64(1)
        index += 1
    return below


@rare_kernel
def bernoulli_words(digits: Any, env: Stream, block: int, bits: Any, undecided: Any) -> None:
    """Write the word of every arm into bits (K,) uint64, digits (K,) uint64; undecided (K,) uint64 is scratch."""
    for arm in range(digits.size):
        bits[arm] = np.uint64(0)
        undecided[arm] = ~np.uint64(0)
    digit = 0
    left = digits.size
    while 2 * left > digits.size:
        left = _two_digits(digits, env, block, digit, bits, undecided)
        digit += 2
    for arm in range(digits.size):
        if undecided[arm] != np.uint64(0):
            bits[arm] |= _decided(digits[arm], env, block, arm, digit, undecided[arm])


@in_lanes(of=bernoulli_words)
@kernel
def _lanes_words(digits: Any, env: Stream, block: int, bits: Any, undecided: Any) -> None:
    for arm in range(digits.size):
        bits[arm] = bernoulli_word(digits[arm], env, block, arm)


@kernel
def _two_digits(digits: Any, env: Stream, block: int, digit: int, bits: Any, undecided: Any) -> int:
    """Compare two more digits of every arm and return the number of arms with undecided bits (0 after 64 digits)."""
    left = 0
    for arm in range(digits.size):
        first, second = words(env, block, arm * 32 + (digit >> 1))
        rest = digits[arm] << np.uint64(digit)
        still = undecided[arm]
        one = ~np.uint64(0) if rest >> np.uint64(63) == np.uint64(1) else np.uint64(0)
        below = still & ~first & one
        still &= ~(first ^ one)
        one = ~np.uint64(0) if (rest << np.uint64(1)) >> np.uint64(63) == np.uint64(1) else np.uint64(0)
        bits[arm] |= below | (still & ~second & one)
        still &= ~(second ^ one)
        undecided[arm] = still if rest << np.uint64(2) != np.uint64(0) else np.uint64(0)
        left += 1 if undecided[arm] != np.uint64(0) else 0
    return left


@rare_kernel
def _decided(digits: Any, env: Stream, block: int, arm: int, digit: int, undecided: Any) -> Any:
    """Return which of the undecided bits are ones, comparing from an even digit on."""
    below = np.uint64(0)
    rest = digits << np.uint64(digit)
    index = arm * 32 + (digit >> 1)
    second = np.uint64(0)
    odd = False
    while undecided != np.uint64(0) and rest != np.uint64(0):
        if odd:
            word = second
        else:
            word, second = words(env, block, index)
            index += 1
        odd = not odd
        if rest >> np.uint64(63) == np.uint64(1):
            below |= undecided & ~word
            undecided &= word
        else:
            undecided &= ~word
        rest = rest << np.uint64(1)
    return below


@kernel
def add_signs(size: float, rng: Stream, t: int, out: Any) -> None:
    """Add `size` with random signs, fair coins of round t, to the entries of out (d,)."""
    bits = own(uint64(0), rng)
    for i in range(out.size):
        if i & 63 == 0:
            bits, _ = words(rng, t, i >> 6)
        out[i] += where(bits & uint64(1) == uint64(1), size, -size)
        bits = bits >> uint64(1)
