"""
Verify a theorem
================

*For the study of bandits.* A theorem is an object, and any learner can be checked against it. The verdict has a stated
probability of being wrong.
"""

# %%
# The catalogue has every theorem with its constants, source and assumptions.

from dataclasses import dataclass

from regretlab import Exp3, LossTable, SwitchingCostGame, plot, simulate, theorem, verify
from theory.switching.witnesses import costly_losses

bound = theorem("bubeck2012.exp3")
print(bound.explain())

# %%
# It has a formula (in a notebook, `bound` shows it), and at the learning rate that minimises it an exponent in each
# field: EXP3 may switch every round, so that with a switching cost the bound is linear in the horizon.

print(bound.latex())
print({name: str(bound.exponent(name)) for name in ("horizon", "n_actions", "switching_cost")})

# %%
# Losses that are hard for the learner make a sharp check: these are chosen for EXP3 with five actions.

game = SwitchingCostGame(LossTable(costly_losses(2000, 5, gap=0.3)), horizon=2000, switching_cost=0.0)
print(f"The bound says at most {bound.value_for(game, Exp3()):.1f}")
print(verify(bound, game, Exp3(), alpha=1e-6).explain())
plot(simulate(game, Exp3(), repetitions=64, seed=1), bounds=[bound])

# %%
# A mistake is detected. This learner runs at 30 times the tuned rate.


@dataclass(frozen=True)
class HastyExp3(Exp3):
    """EXP3 whose learning rate is 30 times too high."""

    def parameters(self, problem):
        """Return the parameters that the compiled steps use."""
        tuned = super().parameters(problem)
        return tuned._replace(learning_rate=30.0 * tuned.learning_rate)


verdict = verify(bound, game, HastyExp3(), alpha=1e-6, parameters="tuned")
verdict

# %%
# With `parameters="tuned"` the bound is evaluated at the rate that minimises it. In a test, write
# `assert_bound_holds("bubeck2012.exp3", game, MyLearner(), alpha=1e-6)`; a learner that violates the bound passes with
# probability at most alpha.

assert verdict.broken
