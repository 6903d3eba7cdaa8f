"""Exact expectations of learners on loss tables, without sampling and without the learners' code.

Full information. Hedge plays A_t from p_t(i) proportional to exp(-eta L_{t-1}(i)), Shrinking Dartboard keeps A_t with
probability exp(-eta l_t(A_t)) and else draws from p_{t+1}; in both the law of A_t is p_t, so

    E loss = sum_t <p_t, l_t>,   E[switches, drawn afresh] = sum_t (1 - <p_t, p_{t+1}>),
    E[switches, dartboard] = sum_t sum_i p_t(i) (1 - exp(-eta l_t(i))) (1 - p_{t+1}(i)).

The law of the lazy perturbed leader has a closed form too: with a_i = exp(-eta (L(i) - min L)) and exponential
perturbations, P(i leads) = a_i int_0^1 prod_{j != i} (1 - a_j x) dx.

Bandit feedback and bought observations: the law depends on what was drawn, so every sequence of draws is enumerated,
level by level, with its probability (`exp3`, `budgeted_exp3`, `batched_dartboard`); short games only.

Long games, for losses that keep the law simple:

- EXP3 on two actions with constant losses 0 and 1: only the estimate of the second moves, by 1 / p when it is drawn,
  so the number of its draws determines p and is a Markov chain.
- One uniform observation per round, two actions, losses 0 or 1: what is observed does not depend on the play, and
  Lhat(0) - Lhat(1) is 2 d with d a walk on the integers; given it, the law of the action is that of the weights.
- The lazy perturbed leader while all K actions have loss 1: each perturbation grows by 1, or with probability
  r = 1 - exp(-eta) is redrawn below 1. The leader changes if it is redrawn and another is not, or all are and another
  is greatest: P(switch) = r (1 - r^(K-1) / K), in each round alike since the perturbations stay exponential.
"""

import pkgutil
from typing import Any

from bandits.protocol import known
from theory.switching.exact.informed import adahedge as adahedge
from theory.switching.exact.informed import anytime_hedge as anytime_hedge
from theory.switching.exact.informed import chain as chain
from theory.switching.exact.informed import dartboard_transitions as dartboard_transitions
from theory.switching.exact.informed import hedge as hedge
from theory.switching.exact.informed import hedge_probabilities as hedge_probabilities
from theory.switching.exact.informed import perturbed_leader_probabilities as perturbed_leader_probabilities
from theory.switching.exact.informed import shrinking_dartboard as shrinking_dartboard
from theory.switching.exact.play import MAX_NODES as MAX_NODES
from theory.switching.exact.play import Array
from theory.switching.exact.play import ExactPlay as ExactPlay
from theory.switching.exact.play import applied as applied
from theory.switching.exact.steady import exp3_on_steady_losses as exp3_on_steady_losses
from theory.switching.exact.steady import leader_switches as leader_switches
from theory.switching.exact.steady import uniform_looks as uniform_looks
from theory.switching.exact.trees import anytime_exp3 as anytime_exp3
from theory.switching.exact.trees import batched_dartboard as batched_dartboard
from theory.switching.exact.trees import budgeted_exp3 as budgeted_exp3
from theory.switching.exact.trees import exp3 as exp3
from theory.switching.exact.trees import exp3_ix as exp3_ix
from theory.switching.exact.trees import exp3_p as exp3_p
from theory.switching.exact.trees import tsallis_inf as tsallis_inf
from theory.switching.exact.trees import tsallis_switch as tsallis_switch
from theory.switching.ranges import known_table


def exact_play(game: Any, learner: Any) -> ExactPlay | None:
    """Return the exact play of a learner that names its law (`Learner.exact`) in a switching-cost game over a table.

    The law is a function of the losses and of parameters of the learner, or `looks`, by their names. None for random
    losses, for games and learners whose law is not known (subclasses too) and for trees that are too large.
    """
    from bandits.switching import SwitchingCostGame

    law = known(learner, "exact")
    table = known_table(game) if type(game) is SwitchingCostGame and (":" in law or law in globals()) else None
    if table is None:
        return None
    function = pkgutil.resolve_name(law) if ":" in law else globals()[law]
    fields = {"looks": getattr(game.feedback, "looks", "flexible"), **learner.parameters(game)._asdict()}
    return applied(function, table, fields)


def expectation(game: Any, learner: Any, quantity: str) -> tuple[float, float] | None:
    """Return an exact expectation, of "loss", "switches" or "regret", and its rounding; None where it is not known."""
    play = exact_play(game, learner) if quantity in ("loss", "switches", "regret") else None
    return None if play is None else play.expected(quantity, game.switching_cost)


def marginals(game: Any, learner: Any) -> Array | None:
    """Return the marginal law of the action in each round, (T, K); None where it is not known."""
    play = exact_play(game, learner)
    return None if play is None else play.probabilities
