"""Exact numbers of the room `loops`: of the data loop (`data`), of exposure and of private herds (`herd`)."""

from theory.loops.exact.data import amplification as amplification
from theory.loops.exact.data import sampler_variance as sampler_variance
from theory.loops.exact.data import urn_law as urn_law
from theory.loops.exact.exposure import click_law as click_law
from theory.loops.exact.exposure import expected_concentration as expected_concentration
from theory.loops.exact.herd import binary_cascade as binary_cascade
from theory.loops.exact.herd import budget_growth as budget_growth
from theory.loops.exact.herd import herd_law as herd_law
from theory.loops.exact.herd import learning_speed as learning_speed
from theory.loops.exact.herd import log_survival as log_survival
from theory.loops.exact.herd import shrinking_growth as shrinking_growth
from theory.loops.exact.herd import tail_exponent as tail_exponent
from theory.loops.exact.herd import wrong_report_slope as wrong_report_slope
