"""Simulation: `simulate` joins a problem and a learner; a `Run` holds what was measured."""

from sims.run import Run as Run
from sims.simulate import simulate as simulate
