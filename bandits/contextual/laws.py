"""Laws of actions from predicted losses yhat, for a round; g_a = yhat_a - min yhat, b the first best action.

    exact      p_a = 1 / (lambda + gamma g_a), lambda in [1, K] the root of sum p = 1
    SquareCB   p_a = 1 / (K + gamma g_a) for a != b, and b the rest
    FastCB     p_a = yhat_b / (K yhat_b + gamma g_a) for a != b, and b the rest; certainty of b where yhat_b = 0
    greedy     epsilon / K each, and b the rest

`theory.contextual.bounds` has what each of them promises in a round, whatever the predictions and the mean losses.
"""

from typing import Any

from bandits.core.jit import kernel
from bandits.core.linear_algebra import first_least

RULES = ("exact", "squarecb", "fastcb", "greedy")
_EXACT, _SQUARECB, _FASTCB, _GREEDY = range(4)
_STEPS = 60  # of Newton's method; 3 to 6 are needed


@kernel
def write_law(rule: int, level: float, guess: Any, law: Any) -> None:
    """Write the law for predictions guess (K,) into law (K,), by a rule's place in RULES.

    level: gamma >= 0, or for greedy epsilon in [0, 1].
    """
    best = first_least(guess)
    if rule == _EXACT:
        _exact(level, guess, best, law)
    else:
        for a in range(guess.size):
            gap = guess[a] - guess[best]
            if rule == _SQUARECB:
                law[a] = 1.0 / (guess.size + level * gap)
            elif rule == _GREEDY:
                law[a] = level / guess.size
            elif guess[best] > 0.0:
                law[a] = guess[best] / (guess.size * guess[best] + level * gap)
            else:
                law[a] = 0.0
    rest = 1.0
    for a in range(guess.size):
        rest -= law[a] if a != best else 0.0
    law[best] = rest


@kernel
def _exact(gamma: float, guess: Any, best: int, law: Any) -> None:
    """Write 1 / (lambda + gamma g), by Newton's method for 1 / sum p = 1.

    The left side is concave and grows with lambda, so that lambda rises from where sum p >= 1, the number of actions
    without a gap, until rounding ends it.
    """
    level = 0.0
    for a in range(guess.size):
        law[a] = gamma * (guess[a] - guess[best])
        level += 1.0 if law[a] == 0.0 else 0.0
    for _ in range(_STEPS):
        total = 0.0
        slope = 0.0
        for a in range(guess.size):
            p = 1.0 / (level + law[a])
            total += p
            slope += p * p
        step = (total - 1.0) * total / slope
        level += step
        if step <= 4e-16 * level:
            break
    for a in range(guess.size):
        law[a] = 1.0 / (level + law[a])
