"""
A first regret curve
====================

*For the study of bandits.* A game in which every change of action costs 1, played with bandit feedback (the loss of
the played action) and with full information (the losses of all).
"""

# %%
# A *problem* determines the losses, the feedback and the costs. The losses here are the random walk with which Dekel,
# Ding, Koren & Peres (2014) prove that regret of order T^(2/3) is unavoidable with bandit feedback.

from regretlab import (
    BatchedExp3,
    FullInformation,
    MultiScaleRandomWalk,
    ShrinkingDartboard,
    SwitchingCostGame,
    compare,
    plot,
    simulate,
    theorem,
)

walk = MultiScaleRandomWalk(n_actions=5, gap=0.2)
bandit = SwitchingCostGame(walk, horizon=20_000, switching_cost=1.0)
informed = SwitchingCostGame(walk, horizon=20_000, switching_cost=1.0, feedback=FullInformation())

# %%
# `simulate` plays a problem with a *learner*. The loop is compiled for the pair on first use; the numbers depend on the
# seed only, not on threads or machines.

runs = [
    simulate(bandit, BatchedExp3(), repetitions=64, seed=7),
    simulate(informed, ShrinkingDartboard(), repetitions=64, seed=7),
]
compare(runs, ["regret", "switches"])

# %%
# The regret over time, with 95% intervals of the mean, and the upper bounds of the two learners.

bounds = [theorem("arora2012.batched_exp3"), theorem("geulen2010.shrinking_dartboard")]
axes = plot(runs, "regret", bounds=bounds)
axes.set_yscale("log")

# %%
# Every metric of the game can be drawn. Batched EXP3 changes its action in nearly every batch, Shrinking Dartboard
# hardly ever: it keeps its action with a probability such that the law of each round is that of Hedge.

plot(runs, "switches")

# %%
# A run is also an array (repetitions, rounds at which it was measured) per metric, and a table.

print(runs[0]["regret"].shape, runs[0].rounds[-3:])
runs[0].to_frame().tail(3)
