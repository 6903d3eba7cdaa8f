"""
Feedback between one loss and all
=================================

*For the study of bandits.* The same game, with more or less revealed, sooner or later: every learner says which
feedback it accepts, and every bound which game it is about.
"""

# %%
# One game, four kinds of feedback: all losses; those of the neighbours in a graph; the one played; the one played,
# 20 rounds later.

from bandits.delays import DelayedExp3, FixedDelay, delayed
from bandits.graphs import Exp3Set, FeedbackGraph, Neighbours
from bandits.losses import BernoulliLosses
from bandits.switching import Bandit, Exp3, FullInformation, Hedge, SwitchingCostGame
from sims import compare, plot, simulate

coins = BernoulliLosses([0.5, 0.5, 0.5, 0.5, 0.5, 0.4])
groups = FeedbackGraph.cliques(2, 3)  # two groups of three actions that reveal each other


def game(feedback):
    """Return the game of 20,000 rounds without switching costs."""
    return SwitchingCostGame(coins, horizon=20_000, switching_cost=0.0, feedback=feedback)


pairs = [
    (game(FullInformation()), Hedge()),
    (game(Neighbours(groups)), Exp3Set()),
    (game(Bandit()), Exp3()),
    (delayed(game(Bandit()), FixedDelay(20)), DelayedExp3()),
]
runs = [simulate(problem, learner, repetitions=32, seed=1) for problem, learner in pairs]
print(compare(runs, ["regret"]))

# %%
axes = plot(runs, "regret")

# %%
# Each has its theorem, with its constants. The graph enters by its independence number, the delay by its sum.

from theory import verify

print(groups.kind, groups.independence)
for name, (problem, learner) in zip(["alon2013.exp3_set", "thune2019.delayed_exp3"], [pairs[1], pairs[3]]):
    print(verify(name, problem, learner).explain())

# %%
# Which games can be learnt at all? A finite game is classified by linear programs: its least regret grows like 0,
# sqrt(T), T^(2/3) or T.

from bandits.partial import FiniteGame

for name, finite in [
    ("apple tasting", FiniteGame.apple_tasting()),
    ("label-efficient", FiniteGame.label_efficient()),
]:
    print(name, finite.classify())

# %%
# Where losses are drawn independently, the regret is logarithmic, and exact by counts.

from bandits.stochastic import KLUCB, UCB1, BetaThompson, stochastic_bandit

arms = stochastic_bandit([0.6, 0.5, 0.4], horizon=10_000)
stochastic = [simulate(arms, learner, repetitions=64, seed=1) for learner in (UCB1(), KLUCB(), BetaThompson())]
axes = plot(stochastic, "regret")

# %%
# :doc:`/graphs_delays`, :doc:`/partial_monitoring` and :doc:`/stochastic` have the rest.
