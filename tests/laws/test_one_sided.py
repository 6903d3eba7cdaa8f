"""The policies of every learner of the one-sided game on all paths of small games, against NumPy from the papers.

On every path the policy of each round is a function of what was reported before; the path's probability is the product
of the policies' probabilities of the draws, so both together are the joint law.
"""

import math
from dataclasses import replace

import numpy as np
import pytest

from bandits.one_sided import (
    AppleTasting,
    EpsilonTasting,
    Exp2FullBandit,
    Exp2OneSided,
    Exp4AppleTasting,
    FixedPolicy,
    FollowObserved,
    FullInformationExp2,
    FullLabels,
    Listed,
    OmniscientFair,
    RecordedPeople,
    RevealingAction,
)
from bandits.one_sided.john import class_design
from tests.laws.one_sided_paths import (
    GAMES,
    added_up,
    check,
    game_of,
    known,
    shifted,
    softmin,
    weighted_errors,
)


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("options", [{"price": 0.7, "learning_rate": 0.3}, {"price": 0.5}, {"price_exponent": 0.5}, {}])
def test_exp2(game, options):
    k, horizon, n = game.individuals, game.horizon, game.n_hypotheses
    for learner, losses, five, eight in (
        (Exp2OneSided(**options), shifted, 5.0, 8.0),
        (FullInformationExp2(**options), known, 0.25, 2.0),
    ):
        price = options.get("price", horizon ** options["price_exponent"] if "price_exponent" in options else None)
        rate = options.get("learning_rate")
        if rate is None and price is None:  # the least of ln N / eta + five eta k^2 T
            rate = math.sqrt(math.log(n) / (five * k**2 * horizon))
        elif rate is None:  # of ln N / eta + five / 2 eta (k + 2 C)^2 T
            rate = math.sqrt(2 * math.log(n) / (five * horizon)) / (k + 2 * price)
        price = 0.08 / (eight * rate) if price is None else price
        own = game if losses is shifted else _with_all_labels(game)
        assert check(own, learner, weighted(game, losses, price, rate), price)


def weighted(game, losses, price, rate):
    """Return the policy of exponential weights on a price's losses."""
    size = game.n_hypotheses
    return lambda rounds, t: (softmin(added_up(lambda seen: losses(game, price, seen), rounds, size), rate), 0.0)


def always(law, tasting):
    """Return the policy that law(rounds, t) and tasting(t) make."""
    return lambda rounds, t: (law(rounds, t), tasting(t))


def _with_all_labels(game):
    return replace(game, feedback=FullLabels())


@pytest.mark.parametrize("game", GAMES)
def test_forced_exploration(game):
    horizon, n, k = game.horizon, game.n_hypotheses, game.individuals

    def leader(losses):
        return np.eye(n)[int(np.flatnonzero(losses <= losses.min() + 1e-12)[0])]

    for given in (0.3, None):
        eta = given or min(math.sqrt(math.log(n) / (2 * horizon)), 0.49)
        policy = lambda rounds, t: (softmin(added_up(lambda s: weighted_errors(game, s, 0), rounds, n), eta), eta)  # noqa
        check(game, Exp4AppleTasting(given), policy, 0.0)
        beta = given or min(1.0, (math.log(n) / (2 * horizon)) ** (1 / 3))
        rate = math.sqrt(2 * beta * math.log(n) / horizon) / k

        def revealing(rounds, t, beta=beta, rate=rate):
            explored = [seen for seen in rounds if seen.drawn < 0]
            return softmin(added_up(lambda s: weighted_errors(game, s, beta), explored, n), rate), beta

        check(game, RevealingAction(given), revealing)
    for scale in (0.4, 1.0):

        def decreasing(t, scale=scale):
            return min(1.0, scale * (t + 1) ** (-1 / 3))

        law = always(lambda rounds, t: leader(added_up(lambda s: weighted_errors(game, s, 0), rounds, n)), decreasing)
        check(game, EpsilonTasting(scale), law)
    for most in (0, 1, None, 9):
        share = min(1.0, math.sqrt((n - 1 if most is None else most) / horizon))
        # the first hypothesis that agrees with every label seen, whether by exploration or by its own acceptance
        check(game, AppleTasting(most), always(lambda rounds, t: _first_consistent(game, rounds), lambda t, s=share: s))


@pytest.mark.parametrize("right", range(4))
def test_apple_tasting_learns_from_its_own_acceptances(right):
    """Without exploration the only labels are those of the individuals that its hypothesis accepts."""
    table = np.array([[1, 1, 1], [1, 1, 0], [0, 1, 0], [0, 0, 1]])
    arrivals = np.random.default_rng(right).integers(0, 3, (8, 2))
    game = replace(
        game_of(4, rounds=8),
        people=RecordedPeople(np.arange(3.0)[:, None], arrivals, table[right][arrivals]),
        hypotheses=Listed(table),
    )
    check(game, AppleTasting(0), lambda rounds, t: (_first_consistent(game, rounds), 0.0))


def _first_consistent(game, rounds):
    seen = [(c, y) for s in rounds for c, y, a in zip(s.cells, s.labels, s.accepted, strict=True) if a]
    fits = [all(game.table[c, h] == y for c, y in seen) for h in range(game.n_hypotheses)]
    return np.eye(game.n_hypotheses)[fits.index(True) if any(fits) else 0]


@pytest.mark.parametrize("game", [game_of(seed, rounds=5) for seed in range(4)])
def test_baselines(game):
    n = game.n_hypotheses
    order = np.argsort(-game.table.sum(axis=0, dtype=int), kind="stable")
    for own in (game, _with_all_labels(game)):
        for unseen in ("ignored", "bad"):

            def leader(rounds, t, unseen=unseen):
                errors = np.zeros(n)
                for seen in rounds:
                    for cell, label in zip(seen.cells, seen.labels, strict=True):
                        if label >= 0 or unseen == "bad":
                            errors += game.table[cell] != max(label, 0)
                return np.eye(n)[next(h for h in order if errors[h] == errors.min())], 0.0

            check(own, FollowObserved(unseen), leader)
    for slack in (None, 0.0, 0.05):
        policy = game.benchmark(0.08 if slack is None else slack)
        law = np.zeros(n)
        law[policy.atoms] = policy.weight
        if game.horizon * len(policy.atoms) < 12:
            check(game, OmniscientFair(slack), always(lambda rounds, t, law=law: law, lambda t: 0.0))


def test_fixed_policy():
    check(game_of(3), FixedPolicy([2.0, 0.0, 6.0]), lambda rounds, t: (np.array([0.25, 0.0, 0.75]), 0.0))


# ---------------------------------------------------------------- the full-bandit estimator


def reduced(table, cells, pair, copies):
    """Return the actions (N, 2 k') and losses' makers of Algorithm 2, copy by copy."""
    first, second = pair or (0, 0)
    everyone = [*cells, *[cells[first]] * copies, *[cells[second]] * copies]
    predictions = table[everyone].T.astype(float)
    return np.hstack([predictions, 1.0 - predictions])


@pytest.mark.parametrize("game", GAMES)
@pytest.mark.parametrize("explorer", ["uniform", "john"])
@pytest.mark.parametrize("copies", [0, 2])
def test_exp2_on_the_total_loss(game, explorer, copies):
    """Estimates P^+ a <a, l> of the 2 k' coordinates, with losses over k' = k + 2 C, by the pseudo-inverse."""
    n, k, horizon = game.n_hypotheses, game.individuals, game.horizon
    size = k + 2 * copies
    law = np.full(n, 1.0 / n) if explorer == "uniform" else class_design(game.table).weight
    design = np.column_stack([np.ones(n), game.table.T])
    spread = np.einsum("ij,jk,ik->i", design, np.linalg.pinv(design.T @ (law[:, None] * design)), design).max()
    tuned = math.sqrt(math.log(n) / (3 * 2 * size * horizon))
    reach = max(2 * size, spread) if explorer == "john" else 2 * size
    for rate, g in ((0.5, 0.2), (None, None)):
        eta = rate or tuned
        mixed = g or min(1.0, eta * reach)

        def policy(rounds, t, eta=eta, mixed=mixed):
            losses = np.zeros(n)
            for seen in rounds:
                actions = reduced(game.table, seen.cells, seen.pair, copies)
                played = actions[seen.drawn]
                labels = [*np.maximum(seen.labels, 0), *[0] * copies, *[1] * copies]
                paid = played @ np.concatenate([1.0 - np.array(labels), np.full(size, 0.5)]) / size
                moments = actions.T @ (seen.policy[:, None] * actions)
                losses += actions @ (np.linalg.pinv(moments, rcond=1e-9) @ played) * paid
            return (1.0 - mixed) * softmin(losses, eta) + mixed * law, 0.0

        check(game, Exp2FullBandit(copies, rate, g, explorer), policy, float(copies))
