"""
Nash learning from preferences
==============================

*For preference learning.* Where preferences are cyclic no answer is the best. Self-play finds the equilibrium,
regularised towards a reference policy.
"""

# %%
# P[i, j] is the probability that answer i is preferred to answer j: 0 beats 1, 1 beats 2, 2 beats 0.

import numpy as np

from bandits.preference import INPO, NashMD, NashMP, PreferenceGame, regularized_nash, von_neumann_winner
from regretlab import plot, simulate, theorem, verify
from sims import simplex, trajectory

preferences = np.array([[0.5, 0.8, 0.3], [0.2, 0.5, 0.7], [0.7, 0.3, 0.5]])
reference = np.array([0.5, 0.3, 0.2])
print("beaten by no answer:     ", von_neumann_winner(preferences).round(3))
print("regularised, tau = 0.1:  ", regularized_nash(preferences, 0.1, reference).round(3))

# %%
# Three learners in the same game. Each round queries the probabilities of winning against the present policy; Nash-MP
# queries two policies.

game = PreferenceGame(preferences, horizon=100, regularization=0.1, reference=reference)
runs = [simulate(game, learner) for learner in (NashMD(1.0), INPO(), NashMP())]
axes = plot(runs, "kl", bounds=[theorem("tiapkin2025.nash_mp")])
axes.set(yscale="log", ylim=(1e-12, 1.0), ylabel="divergence of the policy from the equilibrium")

# %%
# With constant steps Nash-MD stops near the equilibrium, the others reach it. The theorem about Nash-MP is about every
# path, and this play is deterministic, so that the check has no error.

print(verify("tiapkin2025.nash_mp", game, NashMP()).explain())

# %%
# The policies on the simplex of the three answers.

axes = None
for learner in (NashMD(1.0), NashMP()):
    axes = simplex(np.exp(trajectory(game, learner)), label=learner.name, ax=axes)

# %%
# :doc:`/preference` has the other learners, comparisons in place of probabilities (`Comparisons`), duels, and leader
# and follower.
