"""
Regret for every group
======================

*For algorithmic fairness.* A prediction that is good on average may be bad for a group. Groups overlap: a person is
young, and has an origin, and a job. Here a learner promises each group what it would have had alone.
"""

# %%
# The defendants of the COMPAS table, their features scaled, the label recidivism within two years, and ten groups.
# ``GroupedPeople(features, labels, groups)`` takes your own arrays.

from bandits.convex import GroupedPrediction, OneForAll, OnePerIntersection, SleepingGroups, compas_groups
from sims import plot, simulate
from theory import verify

people = compas_groups()
for name, size in zip(people.names, people.groups.sum(axis=0), strict=True):
    print(f"{name:<18}{size:>6}")

# %%
# One regression for everybody; one for each combination of groups; and one for each group, with a master over the
# groups to which a person belongs. Each play takes the persons in an order of its own. The regret of a group is its
# loss less that of its own best regression in hindsight.

game = GroupedPrediction(people)
learners = (OneForAll(), OnePerIntersection(), SleepingGroups())
runs = [simulate(game, learner, repetitions=10, seed=1) for learner in learners]
print(f"{'':<18}" + "".join(f"{run.learner.name:>20}" for run in runs))
for g, name in enumerate(people.names):
    print(f"{name:<18}" + "".join(f"{run.mean(f'group_regret_{g}')[-1]:>20.1f}" for run in runs))

# %%
# The regret of the young, group 1, over time.

plot(runs, "group_regret_1")

# %%
# The master's guarantee holds for every group, in every order of the persons: the largest regret, divided by its bound,
# is at most 1. In a given order there is one play, so that the verdict is about all there are.

in_order = GroupedPrediction(people, shuffled=False)
print(verify("acharya2024.groups", in_order, SleepingGroups()).explain())

# %%
# :doc:`/convex` has the bound and the game of experts that sleep; the figure `acharya2024_groups` has intervals, and
# German Credit.
