"""JAX's settings for the duration of a computation of ours, and for its thread alone.

Importing this module imports JAX.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import jax


@contextmanager
def local_settings() -> Iterator[None]:
    """Set what our programs need, whatever the process has set, and leave the process's settings as they were.

    64-bit types; ordinary promotion of types and ranks; compiled programs, in which inf and nan are numbers like
    others; full precision of products; data may move to the device.
    """
    with ExitStack() as stack:
        for setting in (
            jax.enable_x64(True),
            jax.numpy_dtype_promotion("standard"),
            jax.numpy_rank_promotion("allow"),
            jax.default_matmul_precision("highest"),
            jax.debug_nans(False),
            jax.debug_infs(False),
            jax.disable_jit(False),
            jax.check_tracer_leaks(False),
            jax.transfer_guard("allow"),
        ):
            stack.enter_context(setting)
        yield
