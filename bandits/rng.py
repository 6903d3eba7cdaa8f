"""Random numbers for custom learners and problems, re-exported from `bandits.core.rng`."""

from bandits.core.rng import Stream as Stream
from bandits.core.rng import for_purpose as for_purpose
from bandits.core.rng import uniform as uniform
from bandits.core.rng import uniform_index as uniform_index
from bandits.core.rng import uniform_pair as uniform_pair
