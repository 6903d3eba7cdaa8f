"""Search for the losses of largest regret: projected gradient ascent through a learner's exact expected regret.

The expected regret of Hedge and Shrinking Dartboard is a smooth function of the loss table but for the best action's
minimum (`theory.switching.exact`), so its gradient tells which loss to raise. Many starts (random, and the shapes that
proofs suggest) climb together by Adam, clipped to [0, 1] after each step, with a step that shrinks to 0. What they
reach is also rounded to 0/1, where the worst tables lie as a rule, and the best table of all is returned with its
regret computed afresh by `theory.switching.exact`: a witness, not a guess. EXP3's regret is differentiated through the
tree of its draws, on short horizons.

A witness is a lower bound on the worst case. Its ratio to a theorem's bound shows how tight the theorem is;
a ratio above 1 refutes it.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bandits.core.arguments import checked
from bandits.core.checks import integer, real
from bandits.protocol import known
from theory.switching import exact
from theory.switching.witnesses.losses import handmade

Rule = Literal["hedge", "dartboard", "exp3"]
_LEAVES = 2**15  # of EXP3's tree, differentiated for every start at once


@dataclass(frozen=True, eq=False)
class WorstLosses:
    """Losses (T, K) that cost a learner `regret` in expectation, beside a bound: ratio = regret / bound."""

    losses: NDArray[np.float64]
    regret: float
    bound: float
    ratio: float


@checked
def worst_losses(
    rule: Rule,
    horizon: int,
    n_actions: int,
    learning_rate: float,
    switching_cost: float = 0.0,
    *,
    bound: float,
    batch_length: int = 1,
    restarts: int = 16,
    steps: int = 400,
    seed: int = 0,
) -> WorstLosses:
    """Return the worst losses found for a rule with the given parameters.

    rule: "hedge" (drawn afresh every round), "dartboard" or "exp3" (over batches of batch_length, at most 2^15 leaves:
    n_actions^(number of batches - 1)).  horizon, n_actions, restarts, steps: at least 1.  learning_rate > 0,
    switching_cost >= 0.  bound > 0: what to compare with.  The same seed gives the same witness.
    """
    horizon = integer("horizon", horizon, low=1)
    n_actions = integer("n_actions", n_actions, low=1)
    rate = real("learning_rate", learning_rate, low=0.0, open_low=True)
    cost = real("switching_cost", switching_cost, low=0.0)
    length = integer("batch_length", batch_length, low=1, high=horizon)
    restarts, steps = integer("restarts", restarts, low=1), integer("steps", steps, low=1)
    if rule not in ("hedge", "dartboard", "exp3"):
        raise ValueError(f"rule must be 'hedge', 'dartboard' or 'exp3', got {rule!r}")
    if rule == "exp3" and n_actions ** (-(-horizon // length) - 1) > _LEAVES:
        raise ValueError(f"exp3 needs at most {_LEAVES} leaves: fewer batches than {-(-horizon // length)}")
    starts = np.concatenate([_random_tables(restarts, horizon, n_actions, seed), handmade(horizon, n_actions)])
    from bandits.core.jax_settings import local_settings

    with local_settings():
        climbed = np.asarray(_climber(rule, steps, length)(starts, rate, cost))
    candidates = np.concatenate([climbed, np.rint(climbed), starts])
    regrets = [_exact_regret(rule, table, rate, length, cost) for table in candidates]
    best, allowed = int(np.argmax(regrets)), real("bound", bound, low=0.0, open_low=True)
    return WorstLosses(candidates[best], regrets[best], allowed, regrets[best] / allowed)


def search(
    bound: Any, problem: Any, learner: Any, *, restarts: int = 16, steps: int = 400, seed: int = 0
) -> WorstLosses:
    """Return the worst losses found for `learner` in a game like `problem`, whose own losses are set aside.

    bound: a number, a bound of the catalogue or its name.  problem: a SwitchingCostGame; its horizon, actions and
    switching cost count.  learner: one whose exact law (`Learner.exact`) is that of Hedge, Shrinking Dartboard, or EXP3
    over few batches; TypeError for another.
    """
    rules: dict[str, Rule] = {"hedge": "hedge", "shrinking_dartboard": "dartboard", "exp3": "exp3"}
    law = known(learner, "exact")
    if law not in rules:
        raise TypeError(f"no exact regret to climb for {type(learner).__name__}; there is one for {', '.join(rules)}")
    if isinstance(bound, str):
        from theory import theorem

        bound = theorem(bound)
    value = bound.value_for(problem, learner) if hasattr(bound, "value_for") else bound
    params = learner.parameters(problem)
    return worst_losses(
        rules[law],
        problem.horizon,
        problem.n_actions,
        params.learning_rate,
        problem.switching_cost,
        bound=float(value),
        batch_length=getattr(params, "batch_length", 1),
        restarts=restarts,
        steps=steps,
        seed=seed,
    )


def _random_tables(count: int, horizon: int, n_actions: int, seed: int) -> NDArray[np.float64]:
    """Return random starts: uniform losses and, for every other one, random 0/1 losses."""
    tables = np.random.default_rng(integer("seed", seed, low=0)).random((count, horizon, n_actions))
    tables[1::2] = tables[1::2] < 0.5
    return tables


def _exact_regret(rule: Rule, table: Any, rate: float, length: int, cost: float) -> float:
    if rule == "exp3":
        return exact.exp3(table, rate, length).regret(cost)
    play = exact.hedge if rule == "hedge" else exact.shrinking_dartboard
    return play(table, rate).regret(cost)


# ---------------------------------------------------------------- the ascent, in JAX


@cache
def _climber(rule: Rule, steps: int, length: int) -> Any:
    """Return the compiled ascent (starts (N, T, K), rate, cost) -> tables (N, T, K)."""
    import jax
    import jax.numpy as jnp

    regret = _exp3_regret(length) if rule == "exp3" else _full_information_regret(rule == "dartboard")
    slope = jax.grad(regret)

    def climb(start: Any, rate: Any, cost: Any) -> Any:
        def step(state: Any, k: Any) -> Any:
            x, mean, square = state
            d = slope(x, rate, cost)
            mean = 0.9 * mean + 0.1 * d
            square = 0.99 * square + 0.01 * d * d
            move = mean / (jnp.sqrt(square) + 1e-12)
            return (jnp.clip(x + 0.2 * (1.0 - k / steps) * move, 0.0, 1.0), mean, square), None

        zero = jnp.zeros_like(start)
        (x, _, _), _ = jax.lax.scan(step, (start, zero, zero), jnp.arange(steps))
        return x

    return jax.jit(jax.vmap(climb, in_axes=(0, None, None)))


def _full_information_regret(lazy: bool) -> Any:
    import jax
    import jax.numpy as jnp

    def regret(losses: Any, rate: Any, cost: Any) -> Any:
        total = jnp.cumsum(losses, axis=0)
        before = jnp.concatenate([jnp.zeros((1, losses.shape[1])), total[:-1]])
        p = jax.nn.softmax(-rate * before, axis=1)
        leave = -jnp.expm1(-rate * losses[:-1]) if lazy else 1.0
        switches = (p[:-1] * leave * (1.0 - p[1:])).sum()
        return (p * losses).sum() + cost * switches - total[-1].min()

    return regret


def _exp3_regret(length: int) -> Any:
    import jax
    import jax.numpy as jnp

    def regret(losses: Any, rate: Any, cost: Any) -> Any:
        horizon, n_actions = losses.shape
        total, weight, last = jnp.zeros((1, n_actions)), jnp.ones(1), None
        paid = 0.0
        for start in range(0, horizon, length):
            batch = losses[start : start + length].sum(axis=0)
            p = jax.nn.softmax(-rate * total, axis=1)
            paid += (weight * (p @ batch)).sum()
            if last is not None:
                paid += cost * (weight * (1.0 - p[jnp.arange(len(last)), last])).sum()
            if start + length >= horizon:
                break
            likely = p > 1e-9  # 1 / p of a branch that is never taken would make the gradient nan
            estimate = jnp.where(likely, batch / length / jnp.where(likely, p, 1.0), 0.0)
            total = (total[:, None, :] + estimate[:, :, None] * jnp.eye(n_actions)).reshape(-1, n_actions)
            last = jnp.tile(jnp.arange(n_actions), len(weight))
            weight = (weight[:, None] * p).reshape(-1)
        return paid - losses.sum(axis=0).min()

    return regret
