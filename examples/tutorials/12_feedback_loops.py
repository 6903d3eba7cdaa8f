"""
Loops: predictions that come back as data, and the price of a look
==================================================================

*For the study of feedback loops and of partial observation.* What a model says becomes what the next one learns from;
what a recommender shows decides what it hears; and where a state is hidden, a look at it costs something.
"""

# %%
# People label 10 items per round and the model 90, and the next model is fitted to all of them. One that samples its
# labels leaves the data as they are on average; one that gives the likelier label takes them over.

from bandits.loops import DataLoop, LikelierLabel, SampleLabels
from sims import compare, plot, simulate

loop = DataLoop(shares=[0.6, 0.3], horizon=1000, start=1000, people=10, model=90)
runs = [simulate(loop, model, repetitions=20, seed=1) for model in (SampleLabels(), LikelierLabel())]
print(compare(runs, ["largest_bias", "model_error"]))
axes = plot(runs, "largest_bias")

# %%
# A recommender that shows items in proportion to their clicks invents a preference: five items that are all alike end
# with unequal shares, which follow Polya's urn. A floor under the probabilities, and clicks divided by them, do not.

from bandits.loops import ClippedInverse, ExposureLoop, Popularity

alike = [0.3] * 5
runs = [
    simulate(ExposureLoop(alike, 2000), Popularity(start=1.0), repetitions=50, seed=1),
    simulate(ExposureLoop(alike, 2000, floor=0.1), ClippedInverse(clip=0.02), repetitions=50, seed=1),
]
print(compare(runs, ["concentration", "least_exposure"]))

# %%
# A hidden sign is the state. Where a noisy sign has to be paid for with a round, the least regret at the hardest gap
# grows like T^(2/3); where every play shows one, far less is lost at the same gap. Both least values are exact.

from bandits.episodes import ProbeGame, SequentialProbes
from theory.episodes.exact import free_value, paid_value

for horizon in (100, 1000, 10_000):
    gap = horizon ** (-1 / 3)
    print(f"T = {horizon}: paid {paid_value(horizon, gap):.1f}, free {free_value(horizon, gap):.1f}")
probes = simulate(ProbeGame(gap=0.1, horizon=1000), SequentialProbes(), repetitions=200, seed=1)
print(probes.mean("regret")[-1], "regret for a value of", paid_value(1000, 0.1))

# %%
# A guide can be asked how an episode goes on under it. The loss of a clone that copies what the guide does, and errs
# with probability 0.001, is multiplied by four when episodes get twice as long; that of a learner that asks where it
# goes itself by about two, and it vanishes with the number of episodes.

from bandits.episodes import AggreVaTe, CloneGuide, GuidedGame, chain

for steps in (16, 32, 64):
    game = GuidedGame(chain(steps=steps, n_actions=steps), guide=[[0.0] * (steps - 1) + [1.0]] * 2, horizon=100)
    clone, asking = (simulate(game, learner).final("guide_regret")[0] for learner in (CloneGuide(0.001), AggreVaTe()))
    print(f"H = {steps}: clone {clone / 100:.3f}, AggreVaTe {asking / 100:.3f} per episode")

# %%
# :doc:`/loops` and :doc:`/episodes` have herds, replay, locks and the theorems.
