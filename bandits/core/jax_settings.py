"""JAX settings that hold for one computation of this package, in its thread only.

Importing this module imports JAX.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import jax


@contextmanager
def local_settings() -> Iterator[None]:
    """Set what the programs of this package need, whatever the settings of the process, and restore those.

    64-bit types; ordinary promotion of types and ranks; compiled programs, in which inf and nan raise no
    error; full precision of products; data may move to the device.
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
