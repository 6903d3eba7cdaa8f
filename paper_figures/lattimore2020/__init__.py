"""Lattimore & Szepesvari, "Bandit Algorithms" (Cambridge University Press, 2020): stochastic bandits."""

from paper_figures.kit import Paper
from paper_figures.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, Look

PAPER = Paper(
    title="Bandit Algorithms",
    authors="Tor Lattimore & Csaba Szepesvári",
    venue="Cambridge University Press (2020)",
    url="https://tor-lattimore.com/downloads/book/book.pdf",
)

LOOKS = {  # by the learner's name
    "UCB1": Look("UCB1", SKY, "o"),
    "UCB": Look("UCB(1/T²)", PURPLE, "v"),
    "UCBV": Look("UCB-V", GREY, "P"),
    "MOSS": Look("MOSS", BLUE, "s"),
    "KLUCB": Look("KL-UCB", ORANGE, "^"),
    "BetaThompson": Look("Thompson sampling", RED, "D"),
    "SlidingWindowUCB": Look("sliding-window UCB", BLACK, "X"),
    "DiscountedUCB": Look("discounted UCB", GREEN, "d"),
}
