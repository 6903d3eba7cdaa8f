"""Worlds of language feedback: hypotheses that say what actions are worth and which words they earn.

Under hypothesis h of N, action a of K is worth `rewards[h, a]` and earns word o of O with probability `words[h, a, o]`.
The learner knows both tables, but neither the hypothesis that is true nor any reward that it earns.

It scores hypotheses against words by the verifier's loss l(a, o, h): in a world without noise 1 where o is not the word
of h, else 0; with noise the log loss -ln words[h, a, o]. Both are unbiased: under h no hypothesis has a smaller
expected loss than h, for any action (Assumption 3 of Xu et al. 2025). A verifier of one's own is a table in [0, 1].
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.core.arguments import Checked, Numbers, checked, read_only
from bandits.core.checks import array, as_array, choice, fits, instance, integer, integers, real, several

ANSWERS = ("reward", "position", "hint", "demonstration", "mask", "count")
MOST = 256  # hypotheses of the guessing games: their tables hold up to N^3 numbers
NUMBER_ANSWERS = ("reward", "direction", "distance")


@dataclass(frozen=True, eq=False)
class WordWorld(Checked):
    """N hypotheses on K actions and O words.

    rewards: (N, K) in [0, 1].  words: (N, K) integers from 0, the word of each hypothesis and action, or (N, K, O) laws
    of words, which sum to 1.  verifier: (K, O, N) in [0, 1], the loss of each hypothesis for each action and word; None
    takes the words' own.
    Raises ValueError for shapes that do not fit, laws that do not sum to 1, and a verifier that is biased: one whose
    expected loss under some hypothesis is smaller for another.
    """

    rewards: Numbers
    words: Numbers
    verifier: Numbers | None = None

    def __post_init__(self) -> None:
        rewards = array("rewards", self.rewards, 2, 0.0, 1.0)
        if rewards.size == 0:
            raise ValueError(f"rewards must be (N, K) with a hypothesis and an action, got shape {rewards.shape}")
        object.__setattr__(self, "rewards", rewards)
        object.__setattr__(self, "words", _laws(self.words, rewards.shape))
        if self.verifier is not None:
            n, k, o = self.words.shape
            verifier = array("verifier", self.verifier, 3, 0.0, 1.0)
            if verifier.shape != (k, o, n):
                raise ValueError(f"verifier must be (K, O, N) = {(k, o, n)}, got {verifier.shape}")
            object.__setattr__(self, "verifier", verifier)
            self._check_unbiased()

    def _check_unbiased(self) -> None:
        losses = self.expected_losses
        own = np.einsum("hha->ha", losses)
        worse = own - losses.min(axis=1)
        h, a = np.unravel_index(worse.argmax(), worse.shape)
        if worse[h, a] > 1e-12:
            better = losses[h, :, a].argmin()
            raise ValueError(
                f"verifier must be unbiased, got an expected loss of {own[h, a]:.6g} for hypothesis {h} and of "
                f"{losses[h, better, a]:.6g} for {better} where {h} is true and action {a} is played"
            )

    @property
    def n_hypotheses(self) -> int:
        """N."""
        return int(self.rewards.shape[0])

    @property
    def n_actions(self) -> int:
        """K."""
        return int(self.rewards.shape[1])

    @cached_property
    def certain(self) -> bool:
        """Whether each hypothesis and action has one word."""
        return bool(((self.words == 0.0) | (self.words == 1.0)).all())

    @cached_property
    @read_only
    def losses(self) -> NDArray[np.float64]:
        """The verifier's losses (K, O, N): given, 0 or 1 without noise, log losses (inf for impossible words) with."""
        if self.verifier is not None:
            return np.array(self.verifier)
        laws = np.ascontiguousarray(self.words.transpose(1, 2, 0))
        if self.certain:
            return 1.0 - laws
        with np.errstate(divide="ignore"):
            return -np.log(laws)

    @cached_property
    @read_only
    def expected_losses(self) -> NDArray[np.float64]:
        """Expected loss (N, N, K) of the second hypothesis where the first is true, for each action."""
        finite, words = np.where(np.isfinite(self.losses), self.losses, 0.0), self.words
        found = np.einsum("hao,aoj->hja", words, finite)
        if np.isinf(self.losses).any():
            found[np.einsum("hao,aoj->hja", words > 0.0, np.isinf(self.losses)) > 0] = np.inf
        return found

    @cached_property
    @read_only
    def hellinger(self) -> NDArray[np.float64]:
        """Squared Hellinger distance sum_o (sqrt p - sqrt q)^2 of the words of two hypotheses, (N, N, K), in [0, 2]."""
        roots = np.sqrt(self.words)
        return np.stack([((root - roots) ** 2).sum(axis=-1) for root in roots])

    @cached_property
    def discrimination(self) -> float:
        """The least C with (r_h(a) - r_h'(a))^2 <= C H2(f_h(a), f_h'(a)) for all h, h', a; inf where there is none."""
        gaps = (self.rewards[:, None] - self.rewards[None]) ** 2
        where = gaps > 0.0
        if not where.any():
            return 0.0
        with np.errstate(divide="ignore"):
            return float((gaps[where] / self.hellinger[where]).max())

    def refined(self, other: Any) -> "WordWorld":
        """Return the world that says this world's word and the other's; both without noise, with the same rewards."""
        instance("other", other, WordWorld, "a WordWorld")
        if not (self.certain and other.certain and np.array_equal(self.rewards, other.rewards)):
            raise ValueError("other must be a world without noise and with the same rewards, as this one must")
        mine, its = self.words.argmax(axis=2), other.words.argmax(axis=2)
        return WordWorld(self.rewards, mine * other.words.shape[2] + its)

    # ------------------------------------------------------------ constructors

    @classmethod
    @checked
    def password(cls, symbols: int, length: int, answer: str = "position") -> "WordWorld":
        """Return the guessing of a password: hypotheses and actions are the S^L words of length L over S symbols.

        symbols: S >= 1.  length: L in [1, 64]; S^L at most 256.  The reward is 1 for the password, else 0.
        answer: what is said of a guess, "reward" (right or wrong), "position" of the first wrong symbol, "hint" (that
        position and the right symbol there), "demonstration" (the password), "mask" (which positions are right),
        "count" (how many are).
        """
        integer("symbols", symbols, low=1)
        integer("length", length, low=1, high=64)
        if symbols > 1 and (length > 8 or symbols**length > MOST):
            raise ValueError(f"symbols and length must give at most {MOST} words, got {symbols}^{length}")
        return cls.word_list(["".join(map(chr, w)) for w in product(range(97, 97 + symbols), repeat=length)], answer)

    @classmethod
    @checked
    def word_list(cls, words: Any, answer: str = "position") -> "WordWorld":
        """Return the guessing of one of at most 256 different words of one length; answer: as in `password`."""
        choice("answer", answer, ANSWERS)
        known = several("words", words, str, "a list of words such as ['spare', 'spire']")
        if len(set(known)) < len(known) or len(set(map(len, known))) != 1 or not known[0]:
            raise ValueError("words must be different words of one length, at least 1")
        if len(known) > MOST:
            raise ValueError(f"words must be at most {MOST}, got {len(known)}")
        letters = np.array([list(map(ord, word)) for word in known])
        right = letters[:, None] == letters[None]  # (password, guess, position)
        return cls(right.all(axis=2).astype(float), _numbered(_answers(letters, right, answer)))

    @classmethod
    @checked
    def number_guess(cls, n: int, answer: str = "direction") -> "WordWorld":
        """Return the guessing of a number in 0, ..., n - 1, with reward 1 for the number, else 0.

        n: in [1, 256].  answer: "reward" (right or wrong), "direction" (lower, right, higher), or "distance" from it.
        """
        integer("n", n, low=1, high=MOST)
        choice("answer", answer, NUMBER_ANSWERS)
        difference = np.subtract.outer(np.arange(n), np.arange(n))
        said = {"reward": difference == 0, "direction": np.sign(difference) + 1, "distance": abs(difference)}
        return cls((difference == 0).astype(float), said[answer].astype(np.int64))

    @classmethod
    def tied(cls) -> "WordWorld":
        """Return two hypotheses, (1, 1) and (1, 0), that one word says the same of: action 0 is best under both."""
        return cls([[1.0, 1.0], [1.0, 0.0]], np.zeros((2, 2), np.int64))

    @checked
    def noisy(self, flip: float) -> "WordWorld":
        """Return the world in which a word is replaced with probability `flip`, in [0, 1), by one drawn uniformly."""
        real("flip", flip, low=0.0, high=1.0, open_high=True)
        return WordWorld(self.rewards, (1.0 - flip) * self.words + flip / self.words.shape[2])


def _laws(words: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    given = as_array("words", words)
    if given.ndim == 2:
        if given.shape != shape:
            raise ValueError(f"words must be (N, K) = {shape} as rewards, or (N, K, O), got {given.shape}")
        said = np.array(integers("words", given.ravel(), 0)).reshape(shape)
        fits("words", said.size * 8 * (int(said.max()) + 1))
        return np.eye(int(said.max()) + 1)[said]
    laws = array("words", given, 3, 0.0, 1.0)
    if laws.shape[:2] != shape or laws.shape[2] == 0:
        raise ValueError(f"words must be (N, K) = {shape} as rewards, or (N, K, O), got {laws.shape}")
    totals = laws.sum(axis=2)
    h, a = np.unravel_index(abs(totals - 1.0).argmax(), shape)
    if abs(totals[h, a] - 1.0) > 1e-9:
        raise ValueError(f"words must be laws that sum to 1, got {totals[h, a]:.12g} for hypothesis {h}, action {a}")
    return np.asarray(laws / totals[..., None])


def _answers(letters: NDArray[Any], right: NDArray[np.bool_], answer: str) -> NDArray[Any]:
    """Return what is said, (N, N, parts): the first axis is the password, the second the guess."""
    n, length = letters.shape
    whole = np.asarray(right.all(axis=2))
    first = np.where(whole, length, right.argmin(axis=2))
    padded = np.column_stack([letters, np.zeros(n, letters.dtype)])
    if answer == "hint":
        return np.stack([first, padded[np.arange(n)[:, None], first]], axis=2)
    if answer == "mask":
        return right
    said = {"reward": whole, "position": first, "count": right.sum(axis=2)}
    return said[answer][..., None] if answer in said else np.broadcast_to(np.arange(n)[:, None, None], (n, n, 1))


def _numbered(answers: NDArray[Any]) -> NDArray[np.int64]:
    """Return a number for each different answer, (N, K)."""
    rows = answers.reshape(-1, answers.shape[2]).astype(np.int64)
    _, numbers = np.unique(rows, axis=0, return_inverse=True)
    return np.asarray(numbers, np.int64).reshape(answers.shape[:2])
