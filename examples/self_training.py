"""Self-training: a model is fitted to its own answers, weighted by their rewards.

With probabilities pi of the answers and rewards r > 0, one round of ReST-EM, in the limit of many samples, makes pi'
proportional to pi r, so that pi_t is proportional to pi_0 r^t. The mean reward J rises by exactly Var_pi(r) / J: as
much as answers still differ. With n samples per prompt, prompts without a single success teach nothing: sum_i (1 -
p_i)^n of them are expected, and training is narrowed to the prompts that were solved already.

    python examples/self_training.py
"""

import numpy as np


def trained(policy, rewards):
    """Return pi' proportional to pi r."""
    weight = np.asarray(policy, dtype=float) * rewards
    return weight / weight.sum()


def mean_rewards(policy, rewards, rounds):
    """Return J after 0, ..., `rounds` rounds."""
    found = []
    for _ in range(rounds + 1):
        found.append(float(np.dot(policy, rewards)))
        policy = trained(policy, rewards)
    return found


def unsolved(chances, samples):
    """Return the expected number of prompts without a success among `samples` answers; chances: of a success."""
    return float(((1.0 - np.asarray(chances)) ** samples).sum())


if __name__ == "__main__":
    policy, rewards = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.5, 0.9])
    for t, value in enumerate(mean_rewards(policy, rewards, 5)):
        spread = float(policy @ (rewards - policy @ rewards) ** 2)
        print(f"round {t}: mean reward {value:.6f}, next one higher by {spread / value:.6f}")
        policy = trained(policy, rewards)
    for samples in (1, 4, 16, 64):
        print(f"{samples:2} samples: {unsolved([0.5, 0.1, 0.01, 0.001], samples):.6f} of 4 prompts teach nothing")
