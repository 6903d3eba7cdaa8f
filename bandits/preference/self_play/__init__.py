"""Self-play on preference games: the game, and learners that play it against themselves.

Import them from `bandits.preference`; `SelfPlay`, the base of learners of your own, is here.
"""

from bandits.preference.self_play.learner import SelfPlay as SelfPlay
