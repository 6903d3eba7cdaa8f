"""
Words: learn without a reward
=============================

*For the study of bandits and of language feedback.* The learner plays an action and is told a word, never the reward.
What the words say, and which hypothesis is followed, decide how many mistakes are made.
"""

# %%
# Guess a word of a list. Of each guess the position of the first wrong letter is said; a mistake is a round in which a
# better guess was possible. Repetition r is played with word r of the list as the truth.

from bandits.language import Helix, LanguageGame, PossibleSampling, WordWorld
from bandits.stochastic import UCB1
from bandits.switching import Bandit
from sims import compare, plot, simulate

words = ["spare", "spire", "stare", "store", "shore", "score", "snore", "shire", "share", "scare"]
world = WordWorld.word_list(words, answer="position")
game = LanguageGame(world, horizon=200, truth="each")
learners = [Helix(), Helix("halving"), PossibleSampling()]
runs = [simulate(game, learner, repetitions=100, seed=1) for learner in learners]
print(compare(runs, ["mistakes", "regret"]))

# %%
# A learner that sees rewards and no words has to try every guess.

rewarded = LanguageGame(world, horizon=200, truth="each", feedback=Bandit())
runs.append(simulate(rewarded, UCB1(), repetitions=100, seed=1))
axes = plot(runs, "regret")
axes.set_yscale("symlog", linthresh=1.0)

# %%
# How many mistakes are possible? With certain words HELiX makes at most as many as the transfer eluder dimension. A
# number guessed by "lower" and "higher" shows how far that can be from the least: N - 1 against log2 N.

from theory.language.exact import least_mistakes, transfer_eluder_dimension

for name, small in [
    ("password, right or wrong", WordWorld.password(symbols=3, length=2, answer="reward")),
    ("password, first wrong position", WordWorld.password(symbols=3, length=2, answer="position")),
    ("password, demonstrated", WordWorld.password(symbols=3, length=2, answer="demonstration")),
    ("number, lower or higher", WordWorld.number_guess(8)),
]:
    guesses = LanguageGame(small, horizon=9, truth="each")
    made = [simulate(guesses, Helix(tie), repetitions=9).final("mistakes").max() for tie in ("first", "halving")]
    print(f"{name}: dimension {transfer_eluder_dimension(small):.0f}, least possible {least_mistakes(small):.0f}")
    print(f"    made: {made[0]:.0f} with ties to the first, {made[1]:.0f} with halving")

# %%
# A theorem is a test: on every path, whatever is true.

from theory import verify

print(verify("xu2025.mistakes", LanguageGame(WordWorld.number_guess(8), horizon=9, truth="each"), Helix()).explain())

# %%
# :doc:`/language` has noisy words, worlds of your own and the theorems.
