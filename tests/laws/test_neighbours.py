"""Steps between neighbours: exact fractions, exact laws by enumeration, EXP3 as a special case, mutants."""

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bandits.core.exponential_weights import Weights
from bandits.core.jit import kernel
from bandits.partial import (
    Exp3Neighbours,
    FiniteGame,
    IndependentOutcomes,
    PartialMonitoring,
    certificate,
    certified,
    neighbours,
)
from bandits.partial.transport import transport
from tests.bandits.partial.test_game import KNOWN, MIDDLE, games
from tests.drivers import plain
from tests.laws.enumeration import plays
from tests.laws.test_partial import against, metrics
from tests.mutants.rejection import rejected
from theory.partial.exact import mixing
from theory.ranges import proven_range

CHAIN = [[4.0, 0.0], [2.5, 1.0], [1.0, 2.5], [0.0, 4.0]]
GAMES = {
    "apple tasting": KNOWN["apple tasting"][0],
    "query at 1/2": KNOWN["query at 1/2"][0],
    "cheap query": KNOWN["cheap query"][0],
    "middle action": KNOWN["middle action"][0],
    "duelling": KNOWN["duelling"][0],
    "chain": FiniteGame(CHAIN, [[0, 1]] * 4),
    "query near the second": FiniteGame([[0.0, 1.0], [1.0, 0.0], [0.75, 0.25]], [[0, 0], [0, 0], [0, 1]]),
    "revealing twin": FiniteGame([*MIDDLE, MIDDLE[1]], [[0, 0], [0, 0], [0, 0], [0, 1]]),
    "both between": FiniteGame(
        [[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [0.5, 0.5, 1.0], [0.25, 0.75, 1.0]],
        [[0, 1, 1], [0, 0, 0], [0, 1, 2], [0, 1, 1]],
    ),
}


def near(values):
    """Return an array of small fractions nearest to given floats, from which they differ by rounding only."""
    found = np.array([Fraction(float(v)).limit_denominator(5000) for v in np.ravel(values)], dtype=object)
    assert np.abs(found.astype(float) - np.ravel(values)).max(initial=0.0) < 1e-12
    return found.reshape(np.shape(values))


def state_of(params, w):
    """Return the learner's state, as Python computes it, whose weights are w (N,)."""
    state = plain(neighbours.start)(params, None)
    weights = Weights(np.zeros(len(w)), np.array(w, dtype=float), float(sum(w)), 0.0, 0.0, 0)
    state = state._replace(weights=weights)
    plain(neighbours._prepare)(params, state)
    return state


def exact_step(params, w):
    """Return p (N,), play (k,) and D(b, c, signal) in fractions, from the definition; p by Cramer's rule."""
    n, gamma = len(w), Fraction(params.exploration)
    rates, f = near(params.rates), near(params.terms.estimators)
    share, weight = near(params.terms.share), near(params.terms.weight)
    mixed = [(1 - gamma) * v + gamma / n for v in w]
    steps = sum(mixed[b] * rates[b] for b in range(n))
    out = np.diag(steps.sum(axis=1)) - steps
    p = np.array([determinant(np.delete(np.delete(out, i, 0), i, 1)) for i in range(n)], dtype=object)
    p = p / p.sum()
    flow, k = p[:, None] * steps, len(params.begin) - 1
    terms = list(zip(params.terms.first, params.terms.second, params.terms.action, share, weight, strict=True))
    wanted = [v * (flow[i, j] + flow[j, i]) for i, j, _, _, v in terms]
    given = [Fraction(0)] * n
    for (i, j, _, s, _), h in zip(terms, wanted, strict=True):
        given[i] += s * h
        given[j] += (1 - s) * h
    part = [min(Fraction(1), Fraction(params.spare) * p[i] / given[i]) if given[i] else Fraction(1) for i in range(n)]
    play = np.array([Fraction(0)] * k, dtype=object)
    for i, a in enumerate(params.candidates):
        play[a] += p[i]
    for (i, j, c, s, _), h in zip(terms, wanted, strict=True):
        moved = h * min(part[i], part[j])
        play[c] += moved
        play[params.candidates[i]] -= s * moved
        play[params.candidates[j]] -= (1 - s) * moved
    told = np.zeros((n, k, f.shape[1]), dtype=object)
    for (i, j, c, _, _), row in zip(terms, f, strict=True):
        for b in range(n):
            told[b, c] += (p[i] * rates[b, i, j] - p[j] * rates[b, j, i]) * row
    return p, play, told / np.where(play > 0, play, Fraction(1))[:, None], np.array(mixed, dtype=object)


def determinant(matrix):
    """Return the determinant of a matrix of fractions, by expansion."""
    if not len(matrix):
        return Fraction(1)
    minors = (np.delete(matrix[1:], j, axis=1) for j in range(len(matrix)))
    return sum((-1) ** j * matrix[0, j] * determinant(minor) for j, minor in enumerate(minors))


WEIGHTS = {2: ("9/10", "1/10"), 3: ("3/4", "1/5", "1/20"), 4: ("1/2", "1/50", "12/25", "0")}


def check_step(name):
    """The identities of the proof hold in fractions, and the compiled learner's source computes the same numbers."""
    game = GAMES[name]
    params = Exp3Neighbours(0.25, 0.125).parameters(against(game, 0))
    w = [Fraction(v) for v in WEIGHTS[params.n_candidates]]
    p, play, told, mixed = exact_step(params, w)
    losses, rates = near(game.losses), near(params.rates)
    own = losses[params.candidates]
    mean = sum(p[i] * own[i] for i in range(len(p)))
    assert play.sum() == p.sum() == 1
    assert min(play) >= 0
    assert all(sum(play[a] * losses[a] for a in range(len(play))) == mean)
    gain = sum(p[i] * rates[:, i, j, None] * (own[j] - own[i]) for i in range(len(p)) for j in range(len(p)))
    assert all(sum(mixed[b] * gain[b] for b in range(len(p))) == 0)
    assert (gain <= own - mean).all()
    for x in range(game.n_outcomes):
        estimated = sum(play[c] * told[:, c, game.signals[c, x]] for c in range(game.n_actions))
        assert (estimated == gain[:, x]).all()
    state = state_of(params, w)
    for rate in (0.25, 4.0):  # at the second, exponents are above 1
        costs = []
        for x in range(game.n_outcomes):
            exponents = -rate * told[:, np.arange(game.n_actions), game.signals[:, x]].astype(float)
            costs.append(math.log(np.array(w, float) @ np.exp(exponents) @ play.astype(float)) / rate)
        cost = plain(certificate._cost)(against(game, 0).setting(), params._replace(learning_rate=rate), state)
        assert cost == pytest.approx(max(costs), rel=1e-9)
    assert state.p == pytest.approx(p.astype(float), rel=1e-12)
    assert state.play == pytest.approx(play.astype(float), rel=1e-10, abs=1e-15)
    for c, x in np.ndindex(game.losses.shape):
        if play[c] > 0:
            plain(neighbours.estimate)(params, state, c, game.signals[c, x])
            assert state.estimates == pytest.approx(told[:, c, game.signals[c, x]].astype(float), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", GAMES)
def test_a_round_in_fractions(name):
    check_step(name)


OUTCOMES = {"apple tasting": (1, 0, 1, 1, 0), "duelling": (1, 2, 5), "both between": (2, 1, 1), "chain": (0, 1, 1)}


def check_law(name):
    """The law of the actions by enumeration of the learner's source is that of NumPy (in `metrics`)."""
    metrics(against(GAMES[name], *OUTCOMES.get(name, (0, 1, 1, 0))), Exp3Neighbours(0.4, 0.25))


@pytest.mark.parametrize("name", GAMES)
def test_exact_law(name):
    check_law(name)


def test_exp3_is_the_case_in_which_all_are_neighbours():
    """In a bandit with losses 0 and 1 the law is that of EXP3 with losses less 1/2, for every sequence of outcomes."""
    game = KNOWN["bandit"][0]
    problem, learner = against(game, 5, 3, 6, 1), Exp3Neighbours(0.5, 0.25)
    rows = game.losses[:, problem.outcomes.outcomes].T
    estimates = (rows - 0.5)[:, :, None] * np.eye(3)
    law = mixing(rows, estimates, np.arange(3), 0.5, 0.25, np.full(3, 1 / 3))
    assert metrics(problem, learner)["loss"] == pytest.approx(law.loss, abs=1e-12)


def constants(game):
    """Return V and B, term by term from their definition in `theory.partial.bounds`."""
    found = transport(game)
    n = len(found.rates)
    C = max(found.rates[b, i].sum() for b in range(n) for i in range(n))
    F, S, taken = np.zeros(n), np.zeros((n, n)), {}
    for i, j, c, share, weight, f in zip(*found.terms, strict=True):
        size = np.abs(f).max()
        if c in game.optimal:
            F[game.optimal.index(c)] = max(F[game.optimal.index(c)], size)
        else:
            S[i, j], S[j, i] = S[i, j] + size, S[j, i] + size
            taken[i, j, i] = taken.get((i, j, i), 0.0) + share * weight
            taken[i, j, j] = taken.get((i, j, j), 0.0) + (1 - share) * weight
    kappa = 2 if F.any() and S.any() else 1
    rho = max(1, 2 * C * max(taken.values(), default=0) * kappa)  # spare is 1 / kappa
    m = found.rates.max(axis=0)
    V = kappa * (3 * C**2 * F.max() ** 2 + C * max(m[i] @ F**2 for i in range(n)))
    V += rho * S.max() * max(m[i] @ S[i] for i in range(n))
    return V, max(kappa * C * (n + 1) * F.max(), n * S.max() * rho)


@pytest.mark.parametrize("name", GAMES)
def test_constants(name):
    game = FiniteGame(GAMES[name].losses, GAMES[name].signals)  # a game's transport is kept with it
    found = transport(game)
    assert (found.second_moment, found.reach) == pytest.approx(constants(game))


class Used(NamedTuple):
    """What weights use of the constants, as shares: of the closed form of lambda, of V, and of B."""

    closed: float
    second_moment: float
    reach: float


def used(game, w, share):
    """Return what weights w use at exploration `share` and the largest rate that the theorem allows."""
    reach, problem = transport(game).reach, against(game, 0)
    params = Exp3Neighbours(share / reach, share).parameters(problem)
    state = state_of(params, w)
    cost = plain(certificate._cost)(problem.setting(), params, state)
    closed = ((math.e - 2) * params.learning_rate * params.second_moment + share * game.spread) / (1 - share)
    mixed, moments, largest = (1 - share) * np.array(w) + share / len(w), np.zeros(game.n_outcomes), 0.0
    for a, x in np.ndindex(game.losses.shape):
        if state.play[a] > 0:
            plain(neighbours.estimate)(params, state, a, game.signals[a, x])
            moments[x] += state.play[a] * float(mixed @ state.estimates**2)
            largest = max(largest, float(np.abs(state.estimates).max()))
    return Used(cost / closed, moments.max() / params.second_moment, largest * share / params.reach)


laws = st.lists(st.floats(0.0, 1.0), min_size=8, max_size=8)


@settings(max_examples=30)
@given(games(), laws, st.sampled_from([0.05, 0.3, 0.9]))
def test_the_constants_in_every_easy_game(game, w, share):
    """Steps satisfy their inequality, and no weights need more than V, B and the closed form of lambda."""
    assume(len(game.optimal) > 1 and game.classify().kind == "easy")
    own, rates = game.losses[list(game.optimal)], transport(game).rates
    gaps = own[:, None] - own  # (i, j, d)
    assert (np.einsum("bij,ijd->ibd", rates, gaps) >= gaps - 1e-9).all()
    chances = np.array(w[: len(own)]) ** 3 + 1e-12
    assert max(used(game, chances / chances.sum(), share)) <= 1.0 + 1e-9


@pytest.mark.parametrize("name", GAMES)
def test_the_constants_at_known_games(name):
    """They suffice, and a tenth of V or of B would not, nor two fifths of them in the games that need them most."""
    n = transport(GAMES[name]).rates.shape[0]
    corners = [np.full(n, 1e-6) + (1 - n * 1e-6) * np.eye(n)[b] for b in range(n)]
    most = [max(shares) for shares in zip(*(used(GAMES[name], w, 0.05) for w in (np.full(n, 1 / n), *corners)))]
    assert max(most) <= 1.0
    assert min(most[1:]) > (0.4 if name in ("query at 1/2", "duelling") else 0.1)


CERTIFIED = {"query at 1/2": (0, 1, 1, 0), "middle action": (1, 1, 0, 1), "cheap query": (0, 0, 1, 0)}


def uncertified(name, learner, outcomes=None):
    """Return the expected regret and both parts of the expected certificate of a short game."""
    problem = certified(against(GAMES[name], *(outcomes or CERTIFIED[name])), learner)
    params = learner.parameters(problem)
    played = list(plays(problem, learner, lambda action, signal: int(action)))
    total = [math.fsum(chance * path.metrics[m] for chance, path in played) for m in ("regret", "certificate")]
    left = math.fsum(chance * path.metrics["uncertified"] for chance, path in played)
    assert left == pytest.approx(total[0] - total[1], abs=1e-9)
    start = math.log(params.n_candidates) / params.learning_rate
    return total[0], start, total[1] - start


@pytest.mark.parametrize("name", CERTIFIED)
@pytest.mark.parametrize("learner", [Exp3Neighbours(0.4, 0.25), Exp3Neighbours(2.0, 0.1), Exp3Neighbours(8.0, 1.0)])
def test_certificates_hold(name, learner):
    """Exactly, also at rates for which there is no closed form."""
    regret, start, rounds = uncertified(name, learner)
    assert regret <= start + rounds


def test_both_parts_of_the_certificate_are_needed():
    """Mutants: without ln N / eta, or without the sum of lambda_t, it is below the regret."""
    regret, start, rounds = uncertified("query at 1/2", Exp3Neighbours(0.1, 0.2), (1, 1, 1))
    assert rounds < regret <= start + rounds
    regret, start, rounds = uncertified("query at 1/2", Exp3Neighbours(8.0, 0.25), (0, 1, 1))
    assert start < regret <= start + rounds


def test_range_of_what_is_not_certified():
    """From the closed form, with V = 1, B = 2 and rates of sum 1 at most; none without it."""

    def problem(*rates):
        return certified(against(GAMES["query at 1/2"], 0, 1, 1), Exp3Neighbours(*rates))

    start = math.log(2) / 0.1
    most, least = start + 3 * ((math.e - 2) * 0.1 + 0.4) / 0.6, start - 3 * 0.4 / 0.6
    found = proven_range(problem(0.1, 0.4), Exp3Neighbours(0.1, 0.4), "uncertified")
    assert found == pytest.approx((-3.0 - most, 3.0 - least))
    for wrong, metric in (((0.3, 0.4), "uncertified"), ((0.1, 1.0), "uncertified"), ((0.1, 0.4), "certificate")):
        with pytest.raises(ValueError, match=f"no proven range of '{metric}'"):
            proven_range(problem(*wrong), Exp3Neighbours(*wrong), metric)


def test_tuning():
    """Losses three times as large: eta is a third, and the share of exploration the same; T = 10^6."""
    game = KNOWN["query at 1/2"][0]  # V = s^2, B = 2 s
    rate = math.sqrt(math.log(2) / (math.e * 1e6))
    scaled = PartialMonitoring(FiniteGame(3 * game.losses, game.signals), IndependentOutcomes([0.5, 0.5]), 10**6)
    params = Exp3Neighbours().parameters(scaled)
    assert (params.second_moment, params.reach) == pytest.approx((9.0, 6.0))
    assert (params.learning_rate, params.exploration) == pytest.approx((rate / 3, 2 * rate))


def test_hard_and_hopeless_games_are_refused():
    for game, kind in ((FiniteGame.pricing(3, 2.0), "hard"), (KNOWN["no feedback"][0], "hopeless")):
        with pytest.raises(ValueError, match=f"^Exp3Neighbours needs an easy game, got one that is {kind}$"):
            Exp3Neighbours().parameters(against(game, 0))
    with pytest.raises(ValueError, match=r"exploration must be finite and in \(0, 1\], got 0.0"):
        Exp3Neighbours(exploration=0.0)
    with pytest.raises(ValueError, match="NeighbourCertificate needs a game in which no action is always best"):
        certified(against(KNOWN["one is best"][0], 0), Exp3Neighbours())


# ---------------------------------------------------------------- mutants


@kernel
def the_weights_themselves(steps, chain, p):
    p[:] = steps.sum(axis=0) / steps.sum()


@kernel
def one_way_only(params, state, arm, signal):
    for b in range(params.n_candidates):
        total = 0.0
        for n in range(params.begin[arm], params.begin[arm + 1]):
            i, j = params.terms.first[n], params.terms.second[n]
            total += state.p[i] * params.rates[b, i, j] * params.terms.estimators[n, signal]
        state.estimates[b] = total / state.play[arm]


@kernel
def wanted_one_way(params, state, n):
    return params.terms.weight[n] * state.p[params.terms.first[n]]


@pytest.mark.parametrize(
    ("name", "mutant", "games_that_tell"),
    [
        ("_stationary", the_weights_themselves, ("middle action", "cheap query", "chain")),
        ("estimate", one_way_only, ("apple tasting", "query at 1/2", "chain")),
        ("_wanted", wanted_one_way, ("query at 1/2", "duelling")),
    ],
)
def test_mutants(name, mutant, games_that_tell, monkeypatch):
    monkeypatch.setattr(neighbours, name, mutant)
    for game in games_that_tell:
        rejected(check_step, game)
        rejected(check_law, game)


@kernel
def mean_over_outcomes(setting, params, state):
    total = 0.0
    for x in range(setting.losses.shape[1]):
        for a in range(state.play.size):
            if state.play[a] > 0.0:
                neighbours.estimate(params, state, a, setting.signals[a, x])
                for b in range(params.n_candidates):
                    chance = state.play[a] * state.weights.weight[b] / state.weights.total
                    total += chance * math.expm1(-params.learning_rate * state.estimates[b])
    return math.log1p(total / setting.losses.shape[1]) / params.learning_rate


def test_mutant_of_the_certificate(monkeypatch):
    monkeypatch.setattr(certificate, "_cost", mean_over_outcomes)
    for game in ("middle action", "cheap query", "chain"):
        rejected(check_step, game)
