"""Games to try, and learners played in plain NumPy from the definition of self-play, without the batched engine."""

from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from bandits.preference import PreferenceGame, games, log_regularized_nash
from bandits.preference.games import skew

REFERENCE = np.array([[0.5, 0.8, 0.3], [0.2, 0.5, 0.7], [0.7, 0.3, 0.5]])
MU = np.array([0.5, 0.3, 0.2])


class Case(NamedTuple):
    """A game with its reference and weight, and its equilibrium as log-probabilities."""

    preferences: np.ndarray  # (n, n)
    mu: np.ndarray  # (n,)
    tau: float
    log_star: np.ndarray  # (n,)

    @property
    def skew(self):
        return skew(self.preferences)

    @property
    def log_mu(self):
        return np.log(self.mu)

    def game(self, horizon=10, tau=None):
        return PreferenceGame(self.preferences, horizon, self.tau if tau is None else tau, self.mu)


def case(preferences=REFERENCE, mu=MU, tau=0.1):
    return Case(np.asarray(preferences), np.asarray(mu), tau, log_regularized_nash(preferences, tau, mu))


KINDS = {
    "uniform": lambda n, rng: games.uniform_random(n, rng),
    "tournament": lambda n, rng: games.tournament(n, rng),
    "bradley-terry": lambda n, rng: games.bradley_terry(3.0 * rng.standard_normal(n)),
    "disc": lambda n, rng: games.disc(*rng.standard_normal((2, n, 2)), [4.0, 1.0], rng.standard_normal(n)),
    "annotators": lambda n, rng: games.annotator_mixture(rng.dirichlet(np.ones(3)), rng.standard_normal((3, n))),
    "tie": lambda n, rng: np.full((n, n), 0.5),
}


def random_matrix(kind, n, seed):
    return KINDS[kind](n, np.random.default_rng(seed))


def random_policy(n, rng, concentration=1.0):
    """Return a policy with full support; small concentrations give very uneven ones."""
    raw = rng.dirichlet(np.full(n, concentration)) + 1e-12
    return raw / raw.sum()


@st.composite
def matrices(draw, least=1, most=8):
    n, kind = draw(st.integers(least, most)), draw(st.sampled_from(sorted(KINDS)))
    return random_matrix(kind, n, draw(st.integers(0, 2**32 - 1)))


@st.composite
def cases(draw, least=1, most=8, smallest=0.02):
    """Draw a game, a reference with full support and a weight in [smallest, 2]."""
    preferences = draw(matrices(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mu = random_policy(len(preferences), rng, draw(st.sampled_from([1.0, 0.3, 100.0])))
    return case(preferences, mu, draw(st.floats(np.log(smallest), np.log(2.0)).map(np.exp)))


class Ask:
    """Exact rows, and a record of the policies that they were asked for."""

    def __init__(self, matrix):
        self.matrix, self.asked = matrix, []

    def row(self, log_policy, query=0):
        self.asked.append(np.array(log_policy))
        return self.matrix @ np.exp(log_policy)


def trajectory(learner, game, rounds, ask=None):
    """Return the log-policies (rounds + 1, n) of a learner against itself in a PreferenceGame with one game."""
    params = learner.parameters(game)
    state = learner.start(params, game.log_reference[0])
    ask = ask or Ask(game.skew[0])
    policies = [learner.policy(params, state)]
    for t in range(rounds):
        state = learner.step(params, state, t, ask)
        policies.append(learner.policy(params, state))
    return np.array(policies)


def divergence(log_p, log_q):
    """Return KL(p || q) from the definition, in extended precision."""
    p, q = np.asarray(log_p, np.longdouble), np.asarray(log_q, np.longdouble)
    weight = np.exp(p)
    terms = np.where(weight > 0.0, weight * (np.where(weight > 0.0, p, 0.0) - q), 0.0)
    return float(terms.sum())
