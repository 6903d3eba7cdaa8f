"""Default cases of self-play: 200 random games each, for claims about every game.

Repetition r plays game r mod G, so a claim about every path is checked on each of the G games. The reference nearly
always plays one action, a bad one in some of the games: there convergence is slow, and the bounds nearly tight.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from theory.cases import Case, Cases

_GAMES, _ACTIONS = 200, 5


def _self_play(
    learner: str, horizon: int, tau: float = 0.0, share: float = 0.99, noisy: bool = False, **parameters: Any
) -> Case:
    """Return the case of a learner in random tournaments; the reference plays action 0 with probability `share`."""
    from bandits import preference
    from bandits.preference import games

    rng = np.random.default_rng(11)
    matrices = [games.tournament(_ACTIONS, rng) for _ in range(_GAMES)]
    reference = np.full(_ACTIONS, (1.0 - share) / (_ACTIONS - 1))
    reference[0] = share
    feedback = preference.NoisyRow(1) if noisy else preference.ExactRow()
    game = preference.PreferenceGame(matrices, horizon, tau, reference, feedback)
    options = {"sample_range": (0.0, _largest_kl(tau))} if noisy else {}
    return Case(game, getattr(preference, learner)(**parameters), options)


def _mirror() -> Case:
    """Return the case of mirror descent with another regulariser than that of Hedge, in the games of `_self_play`."""
    from bandits.preference import Tsallis

    return _self_play("MirrorDescent", 100, share=0.9, regularizer=Tsallis(0.5))


def _mirror_last() -> Case:
    """Return the case of mirror descent in games regularised by the Tsallis entropy, else as in `_self_play`."""
    from bandits.preference import MirrorDescent, Tsallis

    game, _, _ = _self_play("INPO", 32, 0.1)
    psi = Tsallis(0.5)
    return Case(replace(game, regularizer=psi), MirrorDescent(psi))


def _from_winners(*, horizon: int, share: float, **parameters: Any) -> Case:
    """Return the case of COMAL in random tournaments, with a reference of probability `share` for all actions but 0."""
    from bandits.preference import COMAL, games
    from theory.preference.self_play.witnesses import WinnerGame

    rng = np.random.default_rng(11)
    matrices = [games.tournament(_ACTIONS, rng) for _ in range(_GAMES)]
    reference = np.full(_ACTIONS, share)
    reference[0] = 1.0 - share * (_ACTIONS - 1)
    return Case(WinnerGame(matrices, horizon, 0.0, reference), COMAL(**parameters))


def _inexact(learner: str, horizon: int, tau: float, **parameters: Any) -> Case:
    """Return the case of a learner with inexact steps, in the games of `_self_play`."""
    from theory.preference.self_play import witnesses

    game, _, _ = _self_play("INPO", horizon, tau, 0.5)
    return Case(game, getattr(witnesses, learner)(**parameters))


def _largest_kl(tau: float) -> float:
    """Return an upper bound on KL(p* || p) for Nash-MD and similar learners, whatever the noise.

    A step takes log p / mu to (1 - eta tau) times itself plus eta times a row, so its span stays at most 1 / tau, as
    that of p* is. With x = log p* / p of span s <= 2 / tau, KL = E x + log E e^-x (over p*) <= min(s, s^2 / 8).
    """
    return min(2.0 / tau, 0.5 / tau**2) * (1.0 + 1e-9)


CASES: Cases = {
    "swamy2024.hedge_self_play": partial(_self_play, "HedgeSelfPlay", 100, share=0.9),
    "syrgkanis2015.omwu": partial(_self_play, "OMWU", 100),
    "nemirovski1983.mirror_descent": _mirror,
    "hart2000.regret_matching": partial(_self_play, "RegretMatching", 4),
    "tammelin2014.regret_matching_plus": partial(_self_play, "RegretMatchingPlus", 4),
    "zhang2024.inpo_average": partial(_self_play, "INPO", 64, 0.01, prox_weight=3.0),
    "zhang2025.onpo": partial(_self_play, "ONPO", 16, 0.01, 0.9),
    "sokota2023.mirror_descent": _mirror_last,
    "zhang2024.inpo": partial(_self_play, "INPO", 100, 0.01),
    "tiapkin2025.nash_mp": (
        partial(_self_play, "NashMP", 8, 0.03),
        partial(_self_play, "NashMP", 8, 0.03, prox_weight=2.0),
    ),
    "tiapkin2025.nash_mp_gap": partial(_self_play, "NashMP", 1, 3.0, 0.9, prox_weight=2.0),
    "tiapkin2025.nash_mp_span": partial(_self_play, "NashMP", 4, 1.0, prox_weight=2.0),
    "tiapkin2025.nash_prox": partial(_self_play, "NashProx", 200, 0.1, prox_weight=2.0, inner_rounds=25),
    "liu2024.comal": partial(_from_winners, horizon=50, share=1e-3, prox_weight=1.0),
    "munos2023.nash_md": partial(_self_play, "NashMD", 16, 0.03, 0.9),
    "munos2023.nash_md_constant": partial(_self_play, "NashMD", 64, 0.1, learning_rate=0.1),
    "ours.mixture_descent": partial(_self_play, "MixtureDescent", 64, 0.03),
    "munos2023.nash_md_noisy": partial(_self_play, "NashMD", 10, 0.5, 0.2, noisy=True),
    "munos2023.nash_md_constant_noisy": partial(_self_play, "NashMD", 10, 1.0, 0.2, noisy=True, learning_rate=0.5),
    "ours.mixture_descent_noisy": partial(_self_play, "MixtureDescent", 10, 0.5, 0.2, noisy=True),
    "zhang2024.inpo_noisy": partial(_self_play, "INPO", 10, 0.5, 0.2, noisy=True),
    "zhang2024.inpo_inexact": partial(_inexact, "InexactINPO", 100, 0.1, error=4.0),
    "tiapkin2025.nash_mp_inexact": partial(_inexact, "InexactNashMP", 100, 0.1, error=4.0),
}
