"""Check the EXP3 of other libraries against its theorem.

Auer, Cesa-Bianchi, Freund & Schapire (2002, Corollary 3.2): with gamma = min(1, sqrt(K ln K / ((e - 1) T))) the
expected regret of EXP3 is at most 2 sqrt(e - 1) sqrt(T K ln K), whatever the losses. Policies for random rewards are
compared with the same bound: the second losses are chosen against UCB1, which is deterministic; the action that it
plays next has loss 1, the others 0. Libraries that are not installed are left out.

    python examples/exp3_of_other_libraries.py
"""

import itertools
import math
from importlib import import_module

import numpy as np
import sympy as sp

from bandits.adapters import from_policy
from bandits.losses import LossTable
from bandits.switching import Exp3, SwitchingCostGame
from theory import verify
from theory.bound import Bound, K, Source, T
from theory.switching.witnesses import costly_losses

AUER = Bound(
    name="auer2002.exp3",
    learner="Exp3",
    quantity="regret",
    expression=2 * sp.sqrt(sp.E - 1) * sp.sqrt(T * K * sp.log(K)),
    source=Source("Auer, Cesa-Bianchi, Freund & Schapire 2002", "Corollary 3.2"),
    statement="EXP3 with gamma tuned to T and K.",
)


def exploration(problem):
    """Return gamma of the theorem."""
    n = problem.n_actions
    return min(1.0, math.sqrt(n * math.log(n) / ((math.e - 1) * problem.horizon)))


def from_river(problem):
    """Return river's EXP3."""
    return import_module("river.bandit").Exp3(gamma=exploration(problem))


def from_pymab(problem, rng):
    """Return pymab's EXP3, and the generator that it is to draw from."""
    return import_module("pymab.policies").EXP3Policy(n_arms=problem.n_actions, gamma=exploration(problem)), rng


def from_smpybandits(problem):
    """Return the EXP3 of SMPyBandits."""
    return import_module("SMPyBandits.Policies").Exp3(problem.n_actions, gamma=exploration(problem))


def from_mabwiser(problem):
    """Return MABWiser's UCB1."""
    mab = import_module("mabwiser.mab")
    return mab.MAB(list(range(problem.n_actions)), mab.LearningPolicy.UCB1())


LEARNERS = {
    "regretlab Exp3": Exp3(),
    "river Exp3": from_policy(from_river),
    "pymab EXP3Policy": from_policy(
        from_pymab,
        act=lambda pair, _: pair[0].select_action(rng=pair[1]),
        update=lambda pair, _, arm, loss: pair[0].update(action=arm, reward=1.0 - loss),
    ),
    "SMPyBandits Exp3": from_policy(
        from_smpybandits,
        act=lambda policy, _: policy.choice(),
        update=lambda policy, _, arm, loss: policy.getReward(arm, 1.0 - loss),
    ),
    "MABWiser UCB1": from_policy(from_mabwiser),
}


def losses_against_ucb(horizon, n_actions):
    """Return losses (T, K) that cost MABWiser's UCB1 1 in every round."""
    losses = np.zeros((horizon, n_actions))
    policy, rng = LEARNERS["MABWiser UCB1"].fresh(), np.random.default_rng(0)
    policy.reset(SwitchingCostGame(LossTable(losses), horizon), rng)
    for row in losses:
        arm = policy.act(None, rng)
        row[arm] = 1.0
        policy.update(None, arm, 1.0, rng)
    return losses


def verdicts(horizon=1000, n_actions=4, alpha=1e-3):
    """Return the verdicts of the installed libraries' policies, by library and losses."""
    tables = {"steady": costly_losses(horizon, n_actions, gap=0.6)}
    tables["against UCB1"] = losses_against_ucb(horizon, n_actions)
    found = {}
    for (name, learner), (kind, losses) in itertools.product(LEARNERS.items(), tables.items()):
        game = SwitchingCostGame(LossTable(losses), horizon, switching_cost=0.0)
        backend = "numba" if isinstance(learner, Exp3) else "python"
        try:
            found[name, kind] = verify(AUER, game, learner, alpha=alpha, max_repetitions=500, backend=backend)
        except ImportError as error:
            print(f"{name} is left out: {error}")
    return found


if __name__ == "__main__":
    for (name, kind), verdict in verdicts().items():
        numbers = f"regret {verdict.estimate:6.1f}, bound {verdict.bound_value:.1f}"
        print(f"{name:16} {kind + ' losses:':20} {verdict.outcome:8} {numbers}")
