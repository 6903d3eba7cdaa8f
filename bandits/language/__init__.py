"""Words instead of rewards: learning from language feedback, in tables."""

from bandits.language.learners import FirstPossible as FirstPossible
from bandits.language.learners import Helix as Helix
from bandits.language.learners import PossibleSampling as PossibleSampling
from bandits.language.problem import LanguageGame as LanguageGame
from bandits.language.problem import VersionSpace as VersionSpace
from bandits.language.problem import Words as Words
from bandits.language.world import WordWorld as WordWorld
