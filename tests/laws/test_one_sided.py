"""The policies of every learner of the one-sided game on all paths of small games, against NumPy from the papers.

On every path the policy of each round is a function of what was reported before; the path's probability is the product
of the policies' probabilities of the draws, so both together are the joint law.
"""

import math
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest

from bandits.core.rng import ENVIRONMENT, LEARNER
from bandits.one_sided import (
    AppleTasting,
    ContextSemiBanditFtpl,
    EpsilonTasting,
    Exp2FullBandit,
    Exp2OneSided,
    Exp4AppleTasting,
    FixedPolicy,
    FollowObserved,
    FullInformationExp2,
    FullLabels,
    InstanceFtpl,
    Listed,
    OmniscientFair,
    OneSided,
    OneSidedGame,
    Panel,
    Panels,
    RecordedPeople,
    RevealingAction,
    TableDistance,
)
from bandits.one_sided.john import class_design
from tests import references
from tests.drivers import plain, stream_of
from tests.laws.enumeration import plays


class Seen(NamedTuple):
    """A round, as the panel and the learner see it."""

    policy: Any  # (N,) law over the hypotheses, apart from forced exploration
    tasting: float
    drawn: int
    price: float
    cells: Any
    labels: Any
    accepted: Any
    acceptance: Any
    pair: tuple[int, int] | None


def game_of(seed, full=False, rounds=3, individuals=2):
    """Return a game over a recorded sequence with a class of 3 on 3 kinds, whose panel often objects."""
    rng = np.random.default_rng(seed)
    upper = np.triu(rng.uniform(0.0, 0.1, (3, 3)), 1)
    return OneSidedGame(
        RecordedPeople(
            np.arange(3.0)[:, None],
            rng.integers(0, 3, (rounds, individuals)),
            rng.integers(0, 2, (rounds, individuals)),
        ),
        Listed([[0, 1, 0], [1, 1, 1], [1, 1, 0]]),
        Panels(Panel([TableDistance(upper + upper.T)])),
        rounds,
        individuals,
        0.1,
        0.08,
        FullLabels() if full else OneSided(),
    )


GAMES = [game_of(seed) for seed in (1, 4)]


def record(size):
    def kept(play, report):
        policy = np.zeros(size)
        atoms = play.atoms if len(play.atoms) else np.arange(size)
        np.add.at(policy, atoms, play.weight / play.total)
        pair = (int(report.first), int(report.second)) if report.first >= 0 else None
        seen = (np.array(part) for part in report[:4])
        return _Entry(policy, float(play.tasting), int(play.drawn), float(play.price), *seen, pair)

    return kept


class _Entry(Seen):
    """A round that can be a key: paths are not merged."""

    __hash__ = object.__hash__


def check(game, learner, policy_of, price=None, at_most=400):
    """Assert that every path plays policy_of(rounds before, t) = (law, forced exploration), with its probability."""
    total = reports = 0.0
    for probability, path in plays(game, learner, record(game.n_hypotheses)):
        product = 1.0
        for t, seen in enumerate(path.actions):
            law, tasting = policy_of(path.actions[:t], t)
            np.testing.assert_allclose(seen.policy, law, atol=1e-9)
            assert math.isclose(seen.tasting, tasting, abs_tol=1e-12)
            product *= tasting if seen.drawn < 0 else (1.0 - tasting) * law[seen.drawn]
            table = game.table[seen.cells]
            labels = game.people.labels[t]
            full = isinstance(game.feedback, FullLabels)
            assert (seen.labels == np.where((seen.accepted == 1) | full, labels, -1)).all()
            assert (seen.accepted == (table[:, seen.drawn] if seen.drawn >= 0 else 1)).all()
            np.testing.assert_allclose(seen.acceptance, tasting + (1.0 - tasting) * table @ law, atol=1e-9)
            assert price is None or math.isclose(seen.price, price, rel_tol=1e-12)
            reports += seen.pair is not None
        assert math.isclose(product, probability, rel_tol=1e-6, abs_tol=1e-12)
        total += probability
    assert math.isclose(total, 1.0, abs_tol=1e-9)
    return reports


def softmin(losses, rate):
    weight = np.exp(-rate * (losses - losses.min()))
    return weight / weight.sum()


def gap_of(table, seen):
    """Return h(rho1) - h(rho2) for all hypotheses, 0 where nothing is reported."""
    if seen.pair is None:
        return np.zeros(table.shape[1])
    return table[seen.cells[seen.pair[0]]] - table[seen.cells[seen.pair[1]]]


def shifted(game, price, seen):
    """Return (R2) of the module `reduction` for all hypotheses."""
    table = game.table.astype(float)
    losses = np.full(table.shape[1], 0.0 if seen.pair is None else price) + price * gap_of(table, seen)
    for cell, label, accepted, q in zip(seen.cells, seen.labels, seen.accepted, seen.acceptance, strict=True):
        losses += 1.0 - table[cell] + (2.0 * table[cell] * (1.0 - label) / q if accepted else 0.0)
    return losses


def known(game, price, seen):
    """Return the Lagrangian losses of all hypotheses, from known labels."""
    table = game.table.astype(float)
    errors = sum((table[c] != y).astype(float) for c, y in zip(seen.cells, seen.labels, strict=True))
    return errors + price * gap_of(table, seen)


def weighted_errors(game, seen, divide_by):
    table = game.table
    losses = np.zeros(table.shape[1])
    for cell, label, accepted, q in zip(seen.cells, seen.labels, seen.accepted, seen.acceptance, strict=True):
        if accepted:
            losses += (table[cell] != label) / (divide_by or q)
    return losses


def added_up(losses_of, rounds, size):
    return sum((losses_of(seen) for seen in rounds), np.zeros(size))


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


# ---------------------------------------------------------------- perturbed leaders, with the generator's own noise


def laplace(u, rate):
    """Return the quantile u of the Laplace law."""
    return math.copysign(-math.log(1.0 - 2.0 * abs(u - 0.5)) / rate, u - 0.5)


class Leaders:
    """The leaders of one play: the oracle's answers to the risks of the cells with noise added."""

    def __init__(self, game, repetition, noises, rate):
        self.game, self.repetition, self.noises, self.rate = game, repetition, noises, rate
        self.risk = np.zeros(len(game.table))
        self.separator = game.hypotheses.separator(game.people)

    def uniform(self, t, index):
        return references.uniform(5, self.repetition, LEARNER, t, index)

    def leader(self, t, number):
        noisy, index = self.risk.copy(), 1 + number * len(self.separator) * self.noises
        for cell in self.separator:
            noisy[cell] += sum(laplace(self.uniform(t, index + i), self.rate) for i in range(self.noises))
            index += self.noises
        return int((noisy @ self.game.table.astype(float)).argmin())

    def waited(self, t, first, cell, most):
        """Return the number of further leaders until one accepts a cell, at most `most`."""
        return next((j for j in range(1, most) if self.game.table[cell, self.leader(t, first + j)]), most)


def learned(learner, leaders, t, report, count, resamples, price):
    """Add a round's estimates to the risks, as Algorithm 5 or with one noise per cell."""
    literal = isinstance(learner, ContextSemiBanditFtpl)
    waits = [
        leaders.waited(t, count, cell, resamples) if accepted and resamples else 0
        for cell, accepted in zip(report.cells, report.accepted)
    ]
    risk = leaders.risk.copy()
    for cell, y, accepted, q, j in zip(report.cells, report.labels, report.accepted, report.acceptance, waits):
        if literal:
            risk[cell] += j * (1 - y) * accepted - 0.5
        else:
            risk[cell] += (2 * (1 - y) * (j or 1 / q) if accepted else 0.0) - 1
    first, second = int(report.first), int(report.second)
    if literal:
        first, second = max(first, 0), max(second, 0)
        risk[report.cells[first]] += price * (waits[first] - 0.5)
        risk[report.cells[second]] -= price * 0.5
    elif first >= 0:
        risk[report.cells[first]] += price
        risk[report.cells[second]] -= price
    leaders.risk = risk


@pytest.mark.parametrize(
    "learner",
    [
        ContextSemiBanditFtpl(1, 2, 4, 0.4),
        ContextSemiBanditFtpl(),
        InstanceFtpl(0.7, None, 3, None, 0.4),
        InstanceFtpl(0.7, None, 2, 3, 1.5),
        InstanceFtpl(None, 0.5),
        InstanceFtpl(),
    ],
)
def test_perturbed_leaders(learner):
    game = game_of(4, rounds=4)
    n, k, s, horizon = game.n_hypotheses, 2, 3, 4
    literal = isinstance(learner, ContextSemiBanditFtpl)
    count = learner.leaders or math.ceil(horizon ** (16 / 45 if literal else 1 / 3))
    resamples = learner.resamples or (math.ceil(horizon ** (1 / 3)) if literal else 0)
    price = learner.price
    if literal:
        price = math.ceil(horizon ** (4 / 45)) if price is None else price
        m = k + 2 * price
        spread = 8 * (2 * m) ** 2 * s * resamples * m * horizon / math.sqrt(s * m)
    else:
        spread = 8 * math.sqrt(s) * k**2 * (1 + 8 * (resamples or count)) * horizon
    rate = learner.perturbation or math.sqrt(10 * math.log(n) / spread)
    if price is None:
        price = horizon**0.5 if learner.price_exponent else 0.08 / (16 * rate * s)
    init, act, update = map(plain, learner.steps_for(game))
    start, respond, _ = map(plain, game.steps[:3])
    params, setting = learner.parameters(game), game.setting()
    for repetition in range(2 if literal else 4):
        rng, env = stream_of(5, repetition, LEARNER), stream_of(5, repetition, ENVIRONMENT)
        state, world = init(params, rng), start(setting, env)
        leaders = Leaders(game, repetition, 2 * (k + 2 * price) if literal else 1, rate)
        for t in range(horizon):
            play = act(params, state, t, rng)
            expected = [leaders.leader(t, number) for number in range(count)]
            assert play.atoms.tolist() == expected
            assert play.drawn == expected[int(leaders.uniform(t, 0) * count)]
            assert play.price == pytest.approx(price, rel=1e-12)
            assert (play.weight / play.total).tolist() == pytest.approx([1 / count] * count)
            report, world = respond(setting, world, t, play, env)
            learned(learner, leaders, t, report, count, resamples, price)
            state = update(params, state, t, play, report, rng)
            np.testing.assert_allclose(state.risk, leaders.risk, atol=1e-9)
