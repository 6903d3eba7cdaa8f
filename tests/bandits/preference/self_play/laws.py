"""Laws that hold on every game, as checks of a learner: used by the tests, and by the mutants that must fail them.

Divergences are computed from their definition in extended precision. SLACK is what rounding in float64
logarithms adds to an identity between terms of size `scale`.
"""

from itertools import pairwise

import numpy as np

from tests.bandits.preference.self_play.playing import Ask, divergence, trajectory

SLACK = 1e-12


def check_contraction(learner, known, factor, rounds=30):
    """KL(p* || p_{t+1}) <= factor KL(p* || p_t) at every round."""
    policies = trajectory(learner, known.game(), rounds)
    left = [divergence(known.log_star, p) for p in policies]
    scale = 1.0 + np.abs(known.log_star).max()
    for before, after in pairwise(left):
        assert after <= factor * before + SLACK * scale


def check_nash_mp_identity(learner, known, weight, rounds=5):
    """The exact balance of one round of mirror prox, with the half step that the learner itself asked for."""
    tau, star, ask = known.tau, known.log_star, Ask(known.skew)
    policies = trajectory(learner, known.game(), rounds, ask)
    assert len(ask.asked) == 2 * rounds
    for k in range(rounds):
        p, r, q = policies[k], policies[k + 1], ask.asked[2 * k + 1]
        assert np.array_equal(ask.asked[2 * k], p)
        cross = (np.exp(r) - np.exp(q)) @ known.skew @ (np.exp(q) - np.exp(p))
        spent = weight * divergence(q, p) + (tau + weight) * divergence(r, q) + tau * divergence(q, star)
        left = (tau + weight) * divergence(star, r)
        assert abs(left - (weight * divergence(star, p) - spent + cross)) <= scaled(known, weight)
        if 4.0 * weight * (weight + tau) >= 1.0:
            assert tau * divergence(q, star) <= weight * divergence(star, p) + scaled(known, weight)


def check_inpo_identity(learner, known, weight, rounds=5):
    """The exact balance of one round of mirror descent."""
    tau, star = known.tau, known.log_star
    policies = trajectory(learner, known.game(), rounds)
    for p, r in pairwise(policies):
        cross = (np.exp(star) - np.exp(r)) @ known.skew @ (np.exp(p) - np.exp(r))
        right = weight * (divergence(star, p) - divergence(r, p)) - tau * divergence(r, star) - cross
        assert abs((tau + weight) * divergence(star, r) - right) <= scaled(known, weight)


def check_nash_md_identity(learner, known, rate_at, rounds=5):
    """The exact balance of one round of Nash-MD; rate_at: t -> eta_t. The mixture is what the learner asked about."""
    tau, star, ask = known.tau, known.log_star, Ask(known.skew)
    policies = trajectory(learner, known.game(), rounds, ask)
    for t in range(rounds):
        p, r, m, eta = policies[t], policies[t + 1], ask.asked[t], rate_at(t)
        share = eta * tau
        log_mean = np.log(np.sum(np.exp(m + eta * (known.preferences @ np.exp(m))))) - 0.5 * eta
        right = (1.0 - share) * (divergence(star, p) - divergence(m, p)) - share * divergence(m, star) + log_mean
        scale = SLACK * (1.0 + eta) * (1.0 + np.abs(p).max() + np.abs(star).max())
        assert abs(divergence(star, r) - right) <= scale
        assert -scale <= log_mean <= eta**2 / 8.0 + scale


def check_onpo_identity(learner, known, weight, rounds=5):
    """The balance of optimistic steps against u = p*, with the centres rebuilt from the rows."""
    tau, star = known.tau, known.log_star
    policies = trajectory(learner, known.game(), rounds)
    centre, last = known.log_mu, np.zeros(len(star))
    for p in policies[:-1]:
        gain = known.skew @ np.exp(p)
        after = softmax((weight * centre + tau * known.log_mu + gain) / (weight + tau))
        kept = weight * divergence(star, centre) - (weight + tau) * divergence(star, after)
        spent = weight * divergence(p, centre) + (weight + tau) * divergence(after, p)
        moved = (np.exp(after) - np.exp(p)) @ (gain - last)
        assert abs(tau * divergence(p, star) - (kept - spent + moved)) <= scaled(known, weight)
        centre, last = after, gain


def check_leaves_interior_equilibria(learner, known, equilibrium, rounds=200):
    """KL(v || p_t) never falls for an interior equilibrium v of the game itself, and grows in all."""
    policies = trajectory(learner, known.game(), rounds)
    left = np.array([divergence(np.log(equilibrium), p) for p in policies])
    assert (np.diff(left) >= -SLACK).all()
    assert left[-1] > 1.5 * left[0]


def check_regret_is_the_gap(learner, known, rounds=40):
    """The gap of the mean of the policies played is twice their regret over the rounds; returns it."""
    played = np.exp(trajectory(learner, known.game(), rounds)[:-1])
    regret = (known.preferences @ played.sum(axis=0)).max() - rounds / 2.0
    mean = played.mean(axis=0)
    gap = (known.preferences @ mean).max() - (mean @ known.preferences).min()
    assert abs(gap - 2.0 * regret / rounds) <= SLACK
    return gap


def scaled(known, weight):
    return SLACK * (1.0 + weight + known.tau) * (1.0 + np.abs(known.log_star).max() + np.abs(known.log_mu).max())


def softmax(logits):
    shifted = logits - logits.max()
    return shifted - np.log(np.exp(shifted).sum())
