"""Decorators for custom learners and problems, re-exported from `bandits.core.jit`."""

from bandits.core.jit import checking_kernel as checking_kernel
from bandits.core.jit import kernel as kernel
from bandits.core.jit import rare_kernel as rare_kernel
from bandits.core.jit import shared_kernel as shared_kernel
from bandits.core.lanes import alike as alike
from bandits.core.lanes import any_lane as any_lane
from bandits.core.lanes import in_lanes as in_lanes
from bandits.core.lanes import own as own
from bandits.core.lanes import own_array as own_array
from bandits.core.lanes import where as where
