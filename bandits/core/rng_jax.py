"""The generator of `bandits.core.rng` for JAX: the same numbers at the same addresses, on arrays of any shape.

All functions work elementwise and broadcast. The 32 x 32 -> 64 bit products need 64-bit integers, so
these functions must be traced with 64-bit types on (`with bandits.core.jax_settings.local_settings()`) and raise
otherwise. Importing this module imports JAX and changes none of its settings.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import dtypes

from bandits.core.rng import Stream

_LOW = 0xFFFFFFFF
_SCALE = 2.0**-53


def philox4x32(k0: Any, k1: Any, c0: Any, c1: Any, c2: Any, c3: Any) -> tuple[Any, Any, Any, Any]:
    """Return the four uint32 words of the block with key (k0, k1) and counter (c0, c1, c2, c3)."""
    if dtypes.canonicalize_dtype(np.uint64) != np.uint64:
        raise RuntimeError(
            "bandits.core.rng_jax needs 64-bit types: trace it under `bandits.core.jax_settings.local_settings`"
        )
    k0, k1, c0, c1, c2, c3 = (jnp.asarray(word, jnp.uint32) for word in (k0, k1, c0, c1, c2, c3))
    for _ in range(10):
        left = jnp.uint64(0xD2511F53) * c0.astype(jnp.uint64)
        right = jnp.uint64(0xCD9E8D57) * c2.astype(jnp.uint64)
        c0, c2 = _high(right) ^ c1 ^ k0, _high(left) ^ c3 ^ k1
        c1, c3 = _low(right), _low(left)
        k0, k1 = k0 + jnp.uint32(0x9E3779B9), k1 + jnp.uint32(0xBB67AE85)
    return c0, c1, c2, c3


def _high(product: Any) -> Any:
    return (product >> jnp.uint64(32)).astype(jnp.uint32)


def _low(product: Any) -> Any:
    return (product & jnp.uint64(_LOW)).astype(jnp.uint32)


def stream(seed: Any, repetition: Any, purpose: int) -> Stream:
    """Return the stream of a repetition; seed: uint64, repetition: below 2^32, an array of them or one."""
    key = jnp.asarray(seed, jnp.uint64)
    return Stream(_low(key), _high(key), jnp.asarray(repetition, jnp.uint32), jnp.uint32(purpose))


def words(rng: Stream, t: Any, index: Any) -> tuple[Any, Any]:
    """Return two uint64 words for round t (0 <= t < 2^56) and index (0 <= index < 2^32); they broadcast."""
    round_ = jnp.asarray(t, jnp.uint64)
    high = (_high(round_) << jnp.uint32(8)) | rng.purpose
    block = philox4x32(rng.seed_low, rng.seed_high, _low(round_), index, rng.repetition, high)
    a, b, c, d = (word.astype(jnp.uint64) for word in block)
    return (a << jnp.uint64(32)) | b, (c << jnp.uint64(32)) | d


def uniform(rng: Stream, t: Any, index: Any) -> Any:
    """Return float64 uniforms on the 2^53 multiples of 2^-53 in [0, 1)."""
    first, _ = words(rng, t, index)
    return _unit(first)


def uniform_pair(rng: Stream, t: Any, index: Any) -> tuple[Any, Any]:
    """Return two independent float64 uniforms in [0, 1) at the cost of one; the first equals `uniform`."""
    first, second = words(rng, t, index)
    return _unit(first), _unit(second)


def _unit(word: Any) -> Any:
    return (word >> jnp.uint64(11)).astype(jnp.float64) * _SCALE
