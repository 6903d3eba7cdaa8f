"""Worlds of words: what is refused, and a verifier of one's own."""

from dataclasses import replace

import numpy as np
import pytest

from bandits.language import Helix, LanguageGame, WordWorld, problem
from tests.laws.test_language import mistakes
from theory.language.exact import least_mistakes, transfer_eluder_dimension

BIASED = np.zeros((2, 2, 2))
BIASED[0, 0] = (1.0, 0.0)
WRONG = [
    (lambda: WordWorld([[0.5, 2.0]], [[0, 0]]), "rewards must"),
    (lambda: WordWorld([[0.5, 1.0]], [[0]]), r"words must be \(N, K\) = \(1, 2\)"),
    (lambda: WordWorld([[0.5, 1.0]], [[[0.5, 0.4], [1.0, 0.0]]]), "words must be laws that sum to 1, got 0.9 for"),
    (lambda: WordWorld([[0.5, 1.0]], [[-1, 0]]), "words must"),
    (lambda: WordWorld([[0.5, 1.0]] * 2, np.zeros((2, 2), int), BIASED[:1]), "verifier must be"),
    (lambda: WordWorld([[0.5, 1.0]] * 2, [[0, 1], [0, 1]], BIASED), "verifier must be unbiased, got an expected loss"),
    (lambda: WordWorld.password(10, 9), "at most 256 words"),
    (lambda: WordWorld.password(2, 2, "shout"), "answer must be"),
    (lambda: WordWorld.word_list(["ab", "abc"]), "words must be different words of one length"),
    (lambda: WordWorld.number_guess(3).noisy(1.0), "flip must be"),
    (lambda: LanguageGame(WordWorld.tied(), 5, 2), "truth must be"),
    (lambda: LanguageGame(WordWorld.tied(), 5, "any"), "truth must be 'drawn', 'each' or a hypothesis, got 'any'"),
    (lambda: Helix("last"), "tie must be"),
    (lambda: Helix(threshold=-1.0), "threshold must be"),
    (lambda: transfer_eluder_dimension(WordWorld.number_guess(10)), "world must have at most 9 hypotheses, got 10"),
    (lambda: transfer_eluder_dimension(WordWorld.number_guess(3).noisy(0.5)), "without noise"),
    (lambda: least_mistakes(WordWorld.number_guess(3).noisy(0.5)), "certain words, got laws"),
]


@pytest.mark.parametrize(("make", "said"), WRONG)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_ranges():
    game = LanguageGame(WordWorld([[0.25, 1.0], [0.5, 0.5]], [[0, 1], [1, 0]]), 8)
    assert game.metric_range("regret", None) == pytest.approx((0.0, 6.0))
    assert game.metric_range("mistakes", None) == (0.0, 8.0)
    assert game.payoff({"regret": 2.0}) == -2.0


def test_one_number_is_known():
    assert WordWorld.number_guess(1).rewards.tolist() == [[1.0]]


def test_finer_words_need_the_same_rewards():
    world = WordWorld.number_guess(3)
    with pytest.raises(TypeError, match="other must be a WordWorld"):
        world.refined(3)
    with pytest.raises(ValueError, match="other must be a world without noise and with the same rewards"):
        world.refined(WordWorld.number_guess(4))


def test_a_verifier_of_ones_own():
    """The words' own losses play as the words do; a verifier that blames the truth needs a threshold."""
    world = WordWorld.password(2, 2)
    own = replace(world, verifier=world.losses)
    assert mistakes(own) == mistakes(world)
    always = replace(world, verifier=np.full_like(world.losses, 0.5))
    with pytest.raises(ValueError, match="threshold must be given for a verifier under which the truth has losses"):
        Helix().parameters(LanguageGame(always, 4))
    assert Helix(threshold=1.0).parameters(LanguageGame(always, 4)).threshold == 1.0
    assert problem.threshold_of(world, None, 0.05) == 0.0
