"""Decorators for custom learners and problems, re-exported from `bandits.core.jit`."""

from bandits.core.jit import checking_kernel as checking_kernel
from bandits.core.jit import kernel as kernel
from bandits.core.jit import rare_kernel as rare_kernel
from bandits.core.jit import shared_kernel as shared_kernel
