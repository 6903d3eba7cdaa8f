"""Laws of actions from predicted losses yhat, for a round; g_a = yhat_a - min yhat, b the first best action.

    exact      p_a = 1 / (lambda + gamma g_a), lambda in [1, K] the root of sum p = 1
    SquareCB   p_a = 1 / (K + gamma g_a) for a != b, and b the rest
    FastCB     p_a = yhat_b / (K yhat_b + gamma g_a) for a != b, and b the rest; certainty of b where yhat_b = 0
    greedy     epsilon / K each, and b the rest

`theory.contextual.bounds` has what each of them promises in a round, whatever the predictions and the mean losses.
"""

from typing import Any

from bandits.core.jit import kernel
from bandits.core.lanes import alike, any_lane, where
from bandits.core.linear_algebra import first_least

RULES = ("exact", "squarecb", "fastcb", "greedy")
_EXACT, _SQUARECB, _FASTCB, _GREEDY = range(4)
_STEPS = 60  # of Newton's method; 3 to 6 are needed


@kernel
def write_law(rule: int, level: float, guess: Any, law: Any) -> None:
    """Write the law for predictions guess (K,) into law (K,), by a rule's place in RULES.

    level: gamma >= 0, or for greedy epsilon in [0, 1].
    """
    best, least = first_least(guess)
    if rule == _EXACT:
        _exact(level, guess, least, law)
    else:
        for a in range(guess.size):
            gap = guess[a] - least
            if rule == _SQUARECB:
                law[a] = 1.0 / (guess.size + level * gap)
            elif rule == _GREEDY:
                law[a] = level / guess.size
            else:
                law[a] = least / where(least > 0.0, guess.size * least + level * gap, 1.0)
    rest = alike(1.0, guess)
    for a in range(guess.size):
        rest -= where(best != a, law[a], 0.0)
    law[best] = rest


@kernel
def _exact(gamma: float, guess: Any, least: float, law: Any) -> None:
    """Write 1 / (lambda + gamma g), by Newton's method for 1 / sum p = 1.

    The left side is concave and grows with lambda, so that lambda rises from where sum p >= 1, the number of actions
    without a gap, until rounding ends it.
    """
    level = alike(0.0, guess)
    for a in range(guess.size):
        law[a] = gamma * (guess[a] - least)
        level += where(law[a] == 0.0, 1.0, 0.0)
    rises = level > 0.0
    for _ in range(_STEPS):
        total = alike(0.0, guess)
        slope = alike(0.0, guess)
        for a in range(guess.size):
            p = 1.0 / (level + law[a])
            total += p
            slope += p * p
        step = (total - 1.0) * total / slope
        level = where(rises, level + step, level)
        rises = rises & (step > 4e-16 * level)
        if not any_lane(rises):
            break
    for a in range(guess.size):
        law[a] = 1.0 / (level + law[a])
