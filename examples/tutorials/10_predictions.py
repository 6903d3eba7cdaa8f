"""
Predictions: how far to trust advice
====================================

*For the study of online algorithms and of forecasts.* A cache is told with every request whether the page may leave.
The advice may be wrong: how much is lost then, and what is guaranteed?
"""

# %%
# Requests for 60 pages, in phases that each use 14 of them; the cache holds 10. The bits are perfect first, and then
# wrong with growing probability, each in 20 rows.

from bandits.prediction import LRU, Flush, Mark0, PagingGame, phased_trace
from sims import compare, plot, simulate

requests = phased_trace(pages=60, horizon=10_000, working_set=14, length=200)
perfect = PagingGame(requests, cache=10, horizon=10_000)
for wrong in (0.0, 0.02, 0.1, 0.5):
    noisy = perfect.noisy(wrong_zeros=wrong, wrong_ones=wrong, seed=1, rows=20)
    runs = [simulate(noisy, rule, repetitions=20, seed=1) for rule in (LRU(), Flush(), Mark0())]
    print(f"bits wrong with probability {wrong}")
    print(compare(runs, ["misses", "optimum", "hit_rate"]))

# %%
# Bits of which every second one is wrong are worse than none. What is guaranteed holds for every sequence of requests
# and bits: the misses of `Flush` are at most those of the optimum plus k - 1 for each wrong 0 and one for each wrong 1.

from theory import verify

print(verify("antoniadis2023.flush", perfect.noisy(0.02, 0.02, seed=1), Flush()).explain())

# %%
# Forecasts of symbols: a mixture of experts loses at most -ln of the weight of the best expert more than it, so that
# a hundred useless experts cost little. Here the source has a memory of one symbol, which constant experts miss.

import numpy as np

from bandits.prediction import KT, BayesMixture, DoubleMixture, SequencePrediction

ones = np.linspace(0.05, 0.95, 19)
experts = np.column_stack([1 - ones, ones])  # (experts, symbols): constant laws
game = SequencePrediction(experts, [[0.8, 0.2], [0.3, 0.7]], horizon=2000)  # the law after a 0, after a 1
learners = [BayesMixture(), KT(), KT(1), DoubleMixture(3)]
runs = [simulate(game, learner, repetitions=20, seed=1) for learner in learners]
axes = plot(runs, "loss")
print(compare(runs, ["loss", "regret", "constant_regret"]))

# %%
# :doc:`/prediction` has traces from files, exact expectations, and the selection of answers by a proxy.
