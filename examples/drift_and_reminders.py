"""Drift of a long conversation, and how often to remind the model of its task.

The divergence D of a model's answers from the task moves towards an equilibrium m and is disturbed ("Drift No More",
arXiv:2510.07777; this process of first order is ours), D' = D - lambda (D - m) + noise, kept in [0, most]. A reminder
takes away a share rho of it and costs c. Two things are exact. Under common noise two conversations approach,
|D - D'| <= (1 - lambda)^turns (1 - rho)^reminders |D_0 - D_0'|, clipping included. And with a reminder every P turns,
a = (1 - lambda)^P, and no clipping, D is x = (1 - rho) m (1 - a) / (1 - (1 - rho) a) after a reminder and
m + (x - m) (1 - a) / (P lambda) on average.

    python examples/drift_and_reminders.py
"""

import numpy as np


def mean_drift(rate, equilibrium, cut, period):
    """Return the average of D in the long run, with a reminder after every `period` turns."""
    kept = (1.0 - rate) ** period
    after = (1.0 - cut) * equilibrium * (1.0 - kept) / (1.0 - (1.0 - cut) * kept)
    return equilibrium + (after - equilibrium) * (1.0 - kept) / (period * rate)


def best_period(rate, equilibrium, cut, cost, longest=100):
    """Return the period of the least mean drift plus cost per turn."""
    costs = [mean_drift(rate, equilibrium, cut, period) + cost / period for period in range(1, longest + 1)]
    return 1 + int(np.argmin(costs))


def conversation(noise, start, rate, equilibrium, cut, period, most=np.inf):
    """Return D at the start of each turn; noise: (turns,), added at its end."""
    drift, turns = start, []
    for t, shock in enumerate(noise):
        if t > 0 and t % period == 0:
            drift *= 1.0 - cut
        turns.append(drift)
        drift = min(max(drift - rate * (drift - equilibrium) + shock, 0.0), most)
    return np.array(turns)


if __name__ == "__main__":
    noise = np.random.default_rng(0).normal(0.0, 0.02, 100_000)
    for period in (1, 3, 5, 10):
        played = conversation(noise, 0.5, 0.2, 1.0, 0.5, period).mean()
        exact = mean_drift(0.2, 1.0, 0.5, period)
        print(f"a reminder every {period:2} turns: mean drift {exact:.4f}, played {played:.4f}")
    for cost in (0.05, 0.2, 0.5, 1.0):
        print(f"cost {cost:4}: remind every {best_period(0.2, 1.0, 0.5, cost)} turns")
