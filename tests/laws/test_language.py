"""Language feedback: known answers, every truth of random worlds, laws of noise, mutants; nothing is compiled."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.combine import observed
from bandits.core.jit import kernel
from bandits.language import FirstPossible, Helix, LanguageGame, PossibleSampling, VersionSpace, WordWorld
from bandits.protocol import LearnerSteps
from bandits.switching import Bandit, Exp3
from sims import simulate
from tests.laws.enumeration import law_of, plays
from theory.language import bounds
from theory.language.exact import least_mistakes, transfer_eluder_dimension

ANSWERS = ("reward", "position", "hint", "demonstration", "mask", "count")
NUMBERS = ("reward", "direction", "distance")
PASSWORDS = {  # (symbols, length): (mistakes with ties to the first, the least, the dimension) of each answer
    (2, 2): ((3, 3, 3), (2, 2, 2), (2, 2, 2), (1, 1, 1), (1, 1, 1), (2, 2, 2)),
    (3, 2): ((8, 8, 8), (4, 4, 6), (2, 2, 3), (1, 1, 1), (2, 2, 3), (3, 3, 3)),
    (2, 3): ((7, 7, 7), (3, 3, 4), (3, 3, 4), (1, 1, 1), (1, 1, 1), (3, 3, 3)),
}
GUESSES = {4: ((3, 3, 3), (3, 2, 3), (1, 1, 2)), 8: ((7, 7, 7), (7, 3, 7), (1, 1, 2))}
KNOWN = [
    (name, parts, answer, values)
    for name, answers, table in (("password", ANSWERS, PASSWORDS), ("number_guess", NUMBERS, GUESSES))
    for parts, rows in table.items()
    for answer, values in zip(answers, rows, strict=True)
]
LIST = ["abc", "abd", "aec", "xbc", "xyc", "xyz"]


def made(name, parts, answer):
    return getattr(WordWorld, name)(*np.atleast_1d(parts).tolist(), answer)


def final(world, learner, horizon=None, **game):
    """Return the final metrics (N, M) under each hypothesis by name, as Python plays."""
    asked = observed(LanguageGame(world, horizon or world.n_hypotheses + 1, "each", **game), VersionSpace())
    run = simulate(asked, learner, repetitions=world.n_hypotheses, backend="python")
    return {name: run.final(name) for name in asked.metrics}


def mistakes(world, learner=None, **more):
    return int(final(world, learner or Helix(), **more)["mistakes"].max())


# ---------------------------------------------------------------- known answers


@pytest.mark.parametrize(("name", "parts", "answer", "values"), KNOWN)
def test_worst_cases(name, parts, answer, values):
    world = made(name, parts, answer)
    first, least, dimension = values
    assert (mistakes(world), least_mistakes(world), transfer_eluder_dimension(world)) == (first, least, dimension)
    assert least_mistakes(world, consistent=True) == least
    assert mistakes(world, Helix("halving")) == (first if name == "password" else least)


def test_halving_needs_few_guesses():
    for n in (3, 7, 16):
        assert mistakes(WordWorld.number_guess(n), Helix("halving")) == int(np.log2(n))
        assert least_mistakes(WordWorld.number_guess(n)) == int(np.log2(n))


SAID = {  # of a guess, by the definition
    "reward": lambda truth, guess: truth == guess,
    "position": lambda truth, guess: next((i for i in range(3) if truth[i] != guess[i]), 3),
    "hint": lambda truth, guess: next(((i, truth[i]) for i in range(3) if truth[i] != guess[i]), 3),
    "demonstration": lambda truth, guess: truth,
    "mask": lambda truth, guess: tuple(a == b for a, b in zip(truth, guess, strict=True)),
    "count": lambda truth, guess: sum(a == b for a, b in zip(truth, guess, strict=True)),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("words", [LIST, [word[::-1] for word in LIST]], ids=["list", "reversed"])
def test_lists_are_guessed_as_by_hand(words, answer):
    """The first word that is possible is guessed; unlike the passwords these lists do not treat both ends alike."""
    found = []
    for truth in words:
        possible, wrong = list(words), 0
        while possible[0] != truth:
            guess, wrong = possible[0], wrong + 1
            possible = [word for word in possible if SAID[answer](word, guess) == SAID[answer](truth, guess)]
        found.append(wrong)
    assert final(WordWorld.word_list(words, answer), Helix())["mistakes"].tolist() == found


def test_every_possible_hypothesis_may_be_drawn():
    game = LanguageGame(WordWorld.number_guess(3), 1, 0)
    law = law_of(plays(game, PossibleSampling(), lambda action, word: int(action)))
    assert law == pytest.approx({(0,): 1 / 3, (1,): 1 / 3, (2,): 1 / 3})


def test_consensus():
    """Under both hypotheses of the tied world action 0 is best, and no word tells them apart."""
    world = WordWorld.tied()
    assert transfer_eluder_dimension(world) == np.inf
    assert mistakes(world) == 0
    assert (final(world, Helix())["consensus"] == 0).all()
    flipped = WordWorld(world.rewards[:, ::-1], np.zeros((2, 2), np.int64))  # now action 1; the first is a mistake
    without = final(flipped, Helix(consensus=False), horizon=9)
    assert without["regret"].tolist() == [0.0, 9.0]
    assert mistakes(flipped, horizon=9) == 0


def test_rewards_instead_of_words():
    """Every learner of bandit feedback plays: it is shown one minus the reward."""
    world = WordWorld([[0.0, 0.75], [0.25, 0.5]], np.zeros((2, 2), np.int64))
    shown = final(world, Exp3(0.25), horizon=40, feedback=Bandit())
    assert shown["regret"] == pytest.approx(shown["mistakes"] * [0.75, 0.25])
    seen = simulate(LanguageGame(world, 40, 0, Bandit()), Exp3(0.25), record=["actions", "feedback"], backend="python")
    assert np.array_equal(np.ravel(seen.records["feedback"]), 1.0 - world.rewards[0][np.ravel(seen.actions)])


# ---------------------------------------------------------------- every world


@st.composite
def worlds(draw, most=5):
    n, k, o = draw(st.integers(1, most)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    rewards = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=n * k, max_size=n * k))
    words = draw(st.lists(st.integers(0, o - 1), min_size=n * k, max_size=n * k))
    return WordWorld(np.reshape(rewards, (n, k)), np.reshape(words, (n, k)))


@settings(max_examples=40)
@given(world=worlds(), learner=st.sampled_from([Helix(), Helix("random"), Helix("halving")]))
def test_mistakes_are_at_most_the_dimension(world, learner):
    found, dimension = final(world, learner), transfer_eluder_dimension(world)
    assert found["mistakes"].max() <= dimension
    assert (found["truth_lost"] == 0).all()
    assert (found["survivors"] >= 1).all()
    assert dimension >= least_mistakes(world, consistent=True) >= least_mistakes(world)


@settings(max_examples=30)
@given(world=worlds(), data=st.data())
def test_complexities_do_not_hang_on_names(world, data):
    n, k, o = world.words.shape
    order = [data.draw(st.permutations(range(size))) for size in (n, k, o)]
    renamed = WordWorld(world.rewards[np.ix_(*order[:2])], world.words[np.ix_(*order)])
    doubled = WordWorld(np.vstack([world.rewards, world.rewards[:1]]), np.concatenate([world.words, world.words[:1]]))
    for other in (renamed, doubled):
        assert transfer_eluder_dimension(other) == transfer_eluder_dimension(world)
        assert least_mistakes(other) == least_mistakes(world)


@settings(max_examples=30)
@given(world=worlds(), data=st.data())
def test_finer_words_are_never_harder(world, data):
    shape = world.rewards.shape
    more = data.draw(st.lists(st.integers(0, 1), min_size=world.rewards.size, max_size=world.rewards.size))
    finer = world.refined(WordWorld(world.rewards, np.reshape(more, shape)))
    assert transfer_eluder_dimension(finer) <= transfer_eluder_dimension(world)
    assert least_mistakes(finer) <= least_mistakes(world)
    demonstrated = WordWorld(world.rewards, np.repeat(np.arange(shape[0])[:, None], shape[1], axis=1))
    assert transfer_eluder_dimension(demonstrated) <= 1


@settings(max_examples=30)
@given(world=worlds(), flip=st.sampled_from([0.1, 0.5, 0.9]))
def test_noise(world, flip):
    """Two martingales have mean 1, and C is the least constant."""
    noisy = world.noisy(flip)
    laws = np.maximum(noisy.words, 1e-300)
    for h in range(world.n_hypotheses):
        ratio = laws / laws[h]
        assert (laws[h] * ratio).sum(axis=2) == pytest.approx(1.0, rel=1e-9)
        steps = np.sqrt(ratio) / (1.0 - noisy.hellinger[h][..., None] / 2.0)
        assert (laws[h] * steps).sum(axis=2) == pytest.approx(1.0, rel=1e-9)
        gaps = (world.rewards[h] - world.rewards) ** 2
        if np.isfinite(noisy.discrimination):
            assert (gaps <= noisy.discrimination * noisy.hellinger[h] * (1 + 1e-12)).all()
    losses = noisy.expected_losses
    assert (np.einsum("hha->ha", losses)[:, None] <= losses + 1e-9).all()  # log losses are unbiased


@settings(max_examples=25)
@given(world=worlds(), seed=st.integers(0, 99))
def test_the_version_space_is_that_of_the_likelihoods(world, seed):
    game = observed(LanguageGame(world.noisy(0.5), 6, 0), VersionSpace())
    run = simulate(game, PossibleSampling(), seed=seed, record=["actions", "feedback"], backend="python")
    actions, said = np.ravel(run.actions).astype(int), np.ravel(run.records["feedback"]).astype(int)
    words = game.world.words
    log = np.log(words[:, actions, said]).cumsum(axis=1)
    possible = log >= log.max(axis=0) - np.log(2 * world.n_hypotheses / 0.05) - 1e-9
    spent = ((np.sqrt(words[:, actions]) - np.sqrt(words[0, actions])) ** 2).sum(axis=2).cumsum(axis=1)
    assert run.final("survivors") == possible[:, -1].sum()
    assert run.final("truth_lost") == (not possible[0].all())
    assert run.final("budget") == pytest.approx((spent * possible).max())


# ---------------------------------------------------------------- what is wrong


@kernel
def _forgets(params, state, t, action, word, rng):
    """Learn of the word one round late: the version space lacks the newest word."""
    return state if t % 2 == 0 else Helix.steps.update(params, state, t, action, word, rng)


class Forgetful(Helix):
    steps = LearnerSteps(*Helix.steps[:2], _forgets)


class Anyone(Helix):
    """Prefers the best promise among all hypotheses, possible or not."""

    def parameters(self, problem):
        return super().parameters(problem)._replace(losses=np.zeros_like(problem.world.losses), threshold=1.0)


@pytest.mark.parametrize("mutant", [Forgetful(), Anyone(), FirstPossible()])
def test_mutants_make_more_mistakes_than_the_dimension(mutant):
    """FirstPossible plays action 0 for ever, which says nothing; optimism tries action 1."""
    cautious = WordWorld([[0.5, 0.0], [0.5, 1.0]], [[0, 0], [0, 1]])
    world = cautious if isinstance(mutant, FirstPossible) else WordWorld.password(3, 2, "hint")
    assert mistakes(world) <= transfer_eluder_dimension(world) < mistakes(world, mutant, horizon=9)


def test_the_consensus_is_of_those_that_are_possible():
    world = WordWorld.number_guess(4)
    assert final(world, Helix())["consensus"].tolist() == [1, 2, 3, 3]
    assert final(WordWorld([[1.0, 0.0], [0.0, 1.0]], [[0, 0], [1, 1]]), Helix())["consensus"].tolist() == [1, 1]


def test_theorems_name_what_they_need():
    same = WordWorld([[1.0, 0.0], [0.0, 1.0]], np.full((2, 2, 2), 0.5))
    assert "a finite transfer eluder dimension" in bounds.MISTAKES.applies(LanguageGame(WordWorld.tied(), 5), Helix())
    assert bounds.MISTAKES.applies(LanguageGame(WordWorld.number_guess(5), 5), Helix("random")) == []
    assert bounds.NOISY_REGRET.applies(LanguageGame(same, 5), Helix()) == [
        "words tell hypotheses apart where rewards differ"
    ]
    noisy = LanguageGame(WordWorld.number_guess(3).noisy(0.5), 5)
    assert bounds.NOISY_REGRET.applies(noisy, Helix()) == []
    assert bounds.NOISY_REGRET.applies(noisy, Helix(threshold=1.0)) == ["threshold at least ln(2 N / delta)"]
    assert bounds.BUDGET.applies(observed(noisy, VersionSpace()), Helix()) == []
    assert len(bounds.BUDGET.applies(observed(noisy, VersionSpace(threshold=9.0)), Helix())) == 1
