"""Random learners, wrong and right, put through `verify`: does any wrong one hold, is any right one broken?

    python -m tests.theory.adversary [--wrong 200] [--right 50] [--seed 0]

The learners are exponential weights with faults drawn at random: another learning rate than they claim, a sign, losses
credited to a neighbour, weights that lag behind or are forgotten, a bad action mixed in. On a table of losses their law
is a recursion, computed here in NumPy, so it is known which of them violate the bound. Half of them also claim that
their law is Hedge's (`exact`), as an edit of Hedge's own code would. A last group breaks a claim about every path in a
small share of the paths.
"""

import argparse
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from bandits.core.jit import kernel
from bandits.core.rng import uniform
from bandits.losses import LossTable
from bandits.protocol import Learner, LearnerSteps
from bandits.switching import Bandit, FullInformation, SwitchingCostGame
from theory import verify
from theory.switching.witnesses import alternating, even_then_steady, ones_then_steady, steady
from theory.switching.witnesses.minimax import worst_case_of_two

ALPHA = 0.01
HORIZON = 300
HEDGE, SWITCHES = "cesabianchi2006.hedge", "arora2012.batched_exp3_switches"


class Faults(NamedTuple):
    """What may be wrong: the weights' rate and sign, when and to whom losses count, what is mixed in."""

    n_actions: int
    learning_rate: float  # the one that is claimed
    used_rate: float  # negative: the wrong sign
    lag: int  # rounds after which losses count
    lifetime: int  # rounds after which all is forgotten
    shift: int
    bad: int
    mixed: float


class State(NamedTuple):
    """Losses (lag + 1, K) that do not count yet, totals (K,) of those that do, and the probabilities (K,)."""

    waiting: Any
    total: Any
    chance: Any


@kernel
def init(params, rng):
    chance = np.full(params.n_actions, 1.0 / params.n_actions)
    return State(np.zeros((params.lag + 1, params.n_actions)), np.zeros(params.n_actions), chance)


@kernel
def act(params, state, t, rng):
    if uniform(rng, t, 1) < params.mixed:
        return params.bad
    u, arm = uniform(rng, t, 0), 0
    while u >= state.chance[arm] and arm < params.n_actions - 1:
        u -= state.chance[arm]
        arm += 1
    return arm


@kernel
def update(params, state, t, arm, losses, rng):
    n = params.n_actions
    now = t % (params.lag + 1)
    due = (t + 1) % (params.lag + 1)
    for i in range(n):
        state.waiting[now, (i + params.shift) % n] = losses[i]
    least = np.inf
    for i in range(n):
        state.total[i] += state.waiting[due, i]
        if (t + 1) % params.lifetime == 0:
            state.total[i] = 0.0
        least = min(least, params.used_rate * state.total[i])
    summed = 0.0
    for i in range(n):
        state.chance[i] = np.exp(least - params.used_rate * state.total[i])
        summed += state.chance[i]
    for i in range(n):
        state.chance[i] /= summed
    return state


@dataclass(frozen=True)
class Faulty(Learner):
    """Exponential weights with faults."""

    faults: Faults
    steps: ClassVar[LearnerSteps] = LearnerSteps(init, act, update)
    accepts: ClassVar[tuple[type, ...]] = (FullInformation,)

    def parameters(self, problem):
        return self.faults


@dataclass(frozen=True)
class Lying(Faulty):
    """The same, with the claim that its law is Hedge's at the claimed rate."""

    exact: ClassVar[str] = "hedge"


def law(faults, table):
    """Return the probabilities of the actions (T, K) on losses (T, K), by recursion."""
    total, chances = np.zeros(faults.n_actions), np.empty_like(table)
    credited = np.roll(table, faults.shift, axis=1)
    for t in range(len(table)):
        z = -faults.used_rate * total
        p = np.exp(z - z.max())
        chances[t] = (1.0 - faults.mixed) * p / p.sum()
        chances[t, faults.bad] += faults.mixed
        total += credited[t - faults.lag] if t >= faults.lag else 0.0
        if (t + 1) % faults.lifetime == 0:
            total = np.zeros_like(total)
    return chances


def true_regret(faults, table):
    """Return the expected regret on losses (T, K)."""
    return (law(faults, table) * table).sum() - table.sum(axis=0).min()


def some_faults(rng, n_actions):
    """Return one to three faults of random size."""
    rate = float(np.sqrt(8.0 * np.log(n_actions) / HORIZON))
    found = Faults(n_actions, rate, rate, 0, HORIZON + 1, 0, int(rng.integers(n_actions)), 0.0)
    for kind in rng.choice(6, size=rng.integers(1, 4), replace=False):
        changes = (
            {"used_rate": rate * float(np.exp(rng.uniform(-4.0, 3.0)))},
            {"used_rate": -rate * float(np.exp(rng.uniform(-4.0, 0.0)))},
            {"lag": int(rng.integers(1, 20))},
            {"lifetime": int(rng.integers(2, HORIZON))},
            {"shift": int(rng.integers(1, n_actions))},
            {"mixed": float(np.exp(rng.uniform(-6.0, -0.5)))},
        )
        found = found._replace(**changes[kind])
    return found


def tables(n_actions):
    """Return loss tables: the shapes of proofs, and for two actions the worst for Hedge."""
    shapes = [f(HORIZON, n_actions) for f in (alternating, even_then_steady, ones_then_steady, steady)]
    if n_actions == 2:
        shapes.append(worst_case_of_two(HORIZON, float(np.sqrt(8.0 * np.log(2) / HORIZON)), 0.0, lazy=False)[1])
    return shapes


def means(rng, count, wrong):
    """Yield (learner, table, method) of learners whose true mean violates the bound by up to twice it, or is within."""
    shapes = {n: tables(n) for n in (2, 3, 8)}
    while count:
        n = int(rng.choice((2, 3, 8)))
        which = int(rng.integers(len(shapes[n])))
        faults, table = some_faults(rng, n), shapes[n][which]
        ratio = true_regret(faults, table) / np.sqrt(HORIZON * np.log(n) / 2.0)
        if (1.0 < ratio <= 3.0) if wrong else (0.3 < ratio <= 1.0):
            count -= 1
            kind = (Faulty, Lying)[count % 2]
            yield kind(faults), table, "worst" if kind is Lying and which == 4 else "auto"


class RareParams(NamedTuple):
    """Batch length, and the share of paths in which it is not kept."""

    n_actions: int
    batch_length: int
    share: float


@kernel
def rare_init(params, rng):
    return State(np.zeros((1, 1)), np.zeros(1), np.zeros(1))


@kernel
def rare_act(params, state, t, rng):
    return t % 2 if uniform(rng, 0, 7) < params.share else (t // params.batch_length) % 2


@kernel
def rare_update(params, state, t, arm, loss, rng):
    return state


@dataclass(frozen=True)
class Rare(Learner):
    """Holds its action over batches, but in a share of the paths."""

    share: float
    steps: ClassVar[LearnerSteps] = LearnerSteps(rare_init, rare_act, rare_update)
    accepts: ClassVar[tuple[type, ...]] = (Bandit,)

    def parameters(self, problem):
        return RareParams(2, 4, self.share)


def outcome_of_paths(share, seed):
    """Return what is said of a learner that breaks the claim in a share of the paths, and whether that is false."""
    game = SwitchingCostGame(LossTable(alternating(40, 2)), 40, 0.0)
    verdict = verify(SWITCHES, game, Rare(share), alpha=ALPHA, seed=seed)
    false = verdict.broken if share == 0.0 else verdict.holds or verdict.share < share
    return verdict.outcome, bool(false)


def outcome_of_mean(learner, table, method, seed):
    """Return what is said of a learner on a table."""
    game = SwitchingCostGame(LossTable(table), HORIZON, 0.0, FullInformation())
    return verify(HEDGE, game, learner, alpha=ALPHA, seed=seed, method=method).outcome


def results(wrong, right, seed=0):
    """Return counts of (group, outcome), and how many verdicts of each group are false.

    A tenth of each kind of learner is judged by paths, the rest by means.
    """
    rng = np.random.default_rng(seed)
    said, false = Counter(), Counter()
    for name, count in (("wrong", wrong), ("right", right)):
        paths = count // 10
        for i, (learner, table, method) in enumerate(means(rng, count - paths, name == "wrong")):
            group = f"{name}: {'every input' if method == 'worst' else 'mean'}, {type(learner).__name__.lower()}"
            outcome = outcome_of_mean(learner, table, method, i)
            said[group, outcome] += 1
            false[name] += outcome == ("holds" if name == "wrong" else "broken")
        for i in range(paths):
            share = float(np.exp(rng.uniform(-9.0, -3.0))) if name == "wrong" else 0.0
            outcome, lies = outcome_of_paths(share, i)
            said[f"{name}: every path", outcome] += 1
            false[name] += lies
    return said, false


OUTCOMES = ("holds", "no violation found", "undecided", "broken", "vacuous")


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("wrong", 200), ("right", 50), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    said, false = results(given.wrong, given.right, given.seed)
    print(f"{'learners':<32}" + "".join(f"{outcome:>20}" for outcome in OUTCOMES))
    for group in dict.fromkeys(group for group, _ in said):
        print(f"{group:<32}" + "".join(f"{said[group, outcome]:>20}" for outcome in OUTCOMES))
    shown = ", ".join(f"{false[name]} of {getattr(given, name)} {name}" for name in ("wrong", "right"))
    print(f"false verdicts at alpha = {ALPHA}: {shown}")


if __name__ == "__main__":
    main()
