"""Default cases of the theorems about language feedback."""

from functools import partial
from typing import Any

from theory.cases import Case, Cases

WITHOUT_CASE = {"xu2025.regret": "its exponent is of worst cases of large worlds, far above what small ones show"}


def _guessing(world: str, *arguments: Any) -> Case:
    """Return the case of HELiX, ties to the first, that goes through all hypotheses of a world (constructor)."""
    from bandits.language import Helix, LanguageGame, WordWorld

    made = getattr(WordWorld, world)(*arguments)
    return Case(LanguageGame(made, made.n_hypotheses + 2, truth="each"), Helix())


def _noisy(horizon: int, flip: float) -> Case:
    """Return the case of HELiX on noisy positions of the first wrong symbol of a password."""
    from bandits.combine import observed
    from bandits.language import Helix, LanguageGame, VersionSpace, WordWorld

    game = LanguageGame(WordWorld.password(2, 2).noisy(flip), horizon)
    return Case(observed(game, VersionSpace()), Helix())


CASES: Cases = {
    "xu2025.mistakes": (partial(_guessing, "number_guess", 8), partial(_guessing, "password", 3, 2, "reward")),
    "ours.truth_kept": partial(_noisy, 400, 0.5),
    "ours.word_budget": partial(_noisy, 400, 0.5),
    "ours.noisy_words": partial(_noisy, 4000, 0.5),
}
