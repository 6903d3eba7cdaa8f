"""Exact numbers of predictions: costs of paging rules (`paging`), redundancies, selection by a proxy (`selection`)."""

from theory.prediction.exact.expected import expectation as expectation
from theory.prediction.exact.paging import expected_misses as expected_misses
from theory.prediction.exact.redundancy import redundancy as redundancy
from theory.prediction.exact.redundancy import shtarkov as shtarkov
from theory.prediction.exact.redundancy import subset_bound as subset_bound
from theory.prediction.exact.redundancy import worst_regret as worst_regret
from theory.prediction.exact.selection import expected_regret as expected_regret
