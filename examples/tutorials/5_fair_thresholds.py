"""
Fair thresholds on your data
============================

*For algorithmic fairness.* One threshold on a score decides who is accepted; the outcome of those who are rejected is
never observed. The groups' acceptance rates may differ by 0.1 at most.
"""

# %%
# Any CSV file with an outcome, a group and some features will do. This one is synthetic: individuals of group B
# have a lower income, and at the same income the same probability of repaying.

import csv
import tempfile
from pathlib import Path

import numpy as np

from bandits.threshold import CsvPopulation, OptimisticFeasibleSearch, PrimalDualBandit, RewardUCB, ThresholdGame
from sims import compare, plot, simulate

rng = np.random.default_rng(1)
group = rng.choice(["A", "B"], size=2000, p=[0.7, 0.3])
income = rng.normal(np.where(group == "A", 3.2, 2.95), 0.8)
repaid = rng.random(2000) < 1.0 / (1.0 + np.exp(-2.0 * (income - 3.0)))
path = Path(tempfile.mkdtemp()) / "loans.csv"
with path.open("w", newline="") as file:
    csv.writer(file).writerows([("group", "income", "repaid"), *zip(group, income.round(2), repaid.astype(int))])

# %%
# A logistic regression on one half of the table gives the scores of the other half, from which the game draws 100
# individuals per round. A loan that is not repaid costs twice what a repaid one earns.

population = CsvPopulation(
    path=str(path), outcome="repaid", good_value="1", group="group", group_value="B", numbers=["income"]
)
game = ThresholdGame(population, horizon=50_000, grid=20, price=2.0, parity_tolerance=0.1)
means, best = game.fixed_points, game.fixed_points.best
print(f"best feasible threshold: {game.thresholds[best]:.2f}, reward {means.reward[best]:.3f} per round")
print(
    f"best of all thresholds:  {game.thresholds[means.reward.argmax()]:.2f}, reward {means.reward.max():.3f} per round"
)

# %%
# Three learners: a search among the thresholds that may be feasible, a primal-dual bandit, and one that
# maximises the reward alone.

learners = [OptimisticFeasibleSearch(), PrimalDualBandit(), RewardUCB()]
runs = [simulate(game, learner, repetitions=16, seed=1) for learner in learners]
compare(runs, ["reward", "violation"])

# %%
# The violation is the sum over rounds of the difference of rates beyond the tolerance. That of the search levels off,
# as its theorem says (`du2025.parity_violation`); that of the learner of the reward alone grows linearly.

axes = plot(runs, "violation")
axes.set_yscale("symlog", linthresh=1.0)

# %%
# :doc:`/threshold` has the theorems, and what happens when the population reacts to acceptance (`adaptation`, `lift`);
# :doc:`/one_sided` is about individual fairness.
