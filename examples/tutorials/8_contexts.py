"""
Contexts: decide with features
==============================

*For the study of bandits.* A context is shown before every action. A regression oracle predicts the losses of all
actions, and inverse gap weighting turns the predictions into a law of actions.
"""

# %%
# A table of one's own: a row of features per round, and the loss of every action. Here the losses of three actions
# depend on two features; any DataFrame, Parquet or CSV file will do.

import numpy as np
import polars

from bandits.contextual import ContextualGame, InverseGapWeighting, LinUCB, certified, world_from_table
from sims import compare, plot, simulate

rng = np.random.default_rng(1)
x, z = rng.uniform(0.0, 1.0, (2, 20_000))
noise = rng.uniform(-0.1, 0.1, (3, 20_000))
means = np.array([0.2 + 0.6 * x, 0.8 - 0.6 * x, 0.3 + 0.4 * z])
losses = np.clip(means + noise, 0.0, 1.0)
table = polars.DataFrame({"one": np.ones(20_000), "x": x, "z": z, "a": losses[0], "b": losses[1], "c": losses[2]})

game = ContextualGame(world_from_table(table, contexts=["one", "x", "z"], losses=["a", "b", "c"]), horizon=20_000)

# %%
# Two rules of inverse gap weighting over the forward algorithm, and LinUCB. In a table regret is against the best
# action of every round, noise included: it cannot vanish.

learners = [InverseGapWeighting("exact", 500.0), InverseGapWeighting("squarecb", 500.0), LinUCB(width=0.5)]
runs = [simulate(game, learner, repetitions=8, seed=1) for learner in learners]
print(compare(runs, ["loss", "regret"]))

# %%
axes = plot(runs, "regret")

# %%
# What the rule promises holds on every path, whatever the losses are: regret is at most (K - 1) / gamma per round plus
# gamma / 4 times the squared errors of the predictions. `certified` measures what is left: never more than 0.

checked = certified(game, learners[0])
print(simulate(checked, learners[0], repetitions=8, seed=1).final("gap_excess").max())

# %%
# :doc:`/contextual` has the other learners, worlds and theorems.
