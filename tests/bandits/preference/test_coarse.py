"""Coarse correlated equilibria, losses of rewards, entropy: known answers and what holds on every input."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bandits.preference import binary_loss, cce_gap, coarse, entropy_slope, pair_loss, sparsest_cce
from theory.prediction.exact import redundancy

PENNIES = np.array([[1.0, -1.0], [-1.0, 1.0]])
ROCK_PAPER_SCISSORS = np.array([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]])
CHICKEN = np.array([[0.0, 7.0], [2.0, 6.0]])
SHAPLEY = np.roll(np.eye(3), 1, axis=1)


def as_products(game, profiles):
    """Return profiles (k, n) as policies, one array (k, A_i) for each player."""
    return [np.eye(actions)[profiles[:, i]] for i, actions in enumerate(game.shape[1:])]


# ---------------------------------------------------------------- equilibria


@pytest.mark.parametrize(
    ("row", "column", "size"),
    [
        (PENNIES, -PENNIES, 4),
        (ROCK_PAPER_SCISSORS, -ROCK_PAPER_SCISSORS, 3),
        (CHICKEN, CHICKEN.T, 1),
        (SHAPLEY, SHAPLEY @ SHAPLEY, 2),
        (1e60 * PENNIES, -1e-60 * PENNIES, 4),
    ],
)
def test_the_fewest_profiles(row, column, size):
    game = np.array([row, column])
    weights, profiles = sparsest_cce(game)
    assert weights == pytest.approx(np.full(size, 1.0 / size), abs=1e-9)
    assert profiles.shape == (size, 2)
    assert (cce_gap(game, weights, as_products(game, profiles)) <= 1e-8 * np.ptp(game, axis=(1, 2))).all()


def test_a_support_that_the_solver_let_through_is_ruled_out(monkeypatch):
    """Of the two pure equilibria of chicken, the second is found where the first is said to be none."""
    game, solve = np.array([CHICKEN, CHICKEN.T]), coarse._on_support
    (first,) = sparsest_cce(game)[1].tolist()
    answers = iter([lambda gains: None, solve])
    monkeypatch.setattr(coarse, "_on_support", lambda gains: next(answers)(gains))
    assert sparsest_cce(game)[1].tolist() == [first[::-1]]
    monkeypatch.setattr(coarse, "_on_support", lambda gains: None)
    with pytest.raises(ArithmeticError, match="no equilibrium within its tolerance"):
        sparsest_cce(game)


def fewest(game):
    """Return the least size of a support, by a linear program for each."""
    profiles = list(itertools.product(*(range(actions) for actions in game.shape[1:])))
    gains = []
    for i, actions in enumerate(game.shape[1:]):
        for action in range(actions):
            instead = [(*profile[:i], action, *profile[i + 1 :]) for profile in profiles]
            gains.append([game[i][new] - game[i][old] for new, old in zip(instead, profiles, strict=True)])
    gains = np.array(gains)
    for size in range(1, len(profiles) + 1):
        for support in itertools.combinations(range(len(profiles)), size):
            part = gains[:, support]
            if linprog(np.zeros(size), part, np.zeros(len(part)), np.ones((1, size)), [1.0]).status == 0:
                return size
    raise AssertionError("an equilibrium exists")


@settings(max_examples=15)
@given(
    shape=st.sampled_from([(2, 2), (2, 3), (2, 1, 3)]),
    values=st.lists(st.integers(-3, 3), min_size=18, max_size=18),
)
def test_no_smaller_support_will_do(shape, values):
    game = np.array(values[: len(shape) * math.prod(shape)], dtype=float).reshape(len(shape), *shape)
    weights, profiles = sparsest_cce(game)
    assert len(weights) == fewest(game)
    assert len(weights) <= 1 + sum(shape)
    assert cce_gap(game, weights, as_products(game, profiles)).max() <= 1e-7


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), shape=st.sampled_from([(2, 3), (3, 2, 2), (4,)]), rounds=st.integers(1, 6))
def test_gaps_are_regrets_over_rounds(seed, shape, rounds):
    """After any T rounds each player's gap is its regret over T; actions enumerated."""
    rng = np.random.default_rng(seed)
    game = rng.normal(size=(len(shape), *shape))
    play = [rng.dirichlet(np.ones(actions), rounds) for actions in shape]
    regret = np.zeros(len(shape))
    for i, actions in enumerate(shape):
        for action in range(actions):
            gained = 0.0
            for t in range(rounds):
                for profile in itertools.product(*(range(k) for k in shape)):
                    chance = math.prod(law[t][a] for law, a in zip(play, profile, strict=True))
                    gained += chance * (game[i][(*profile[:i], action, *profile[i + 1 :])] - game[i][profile])
            regret[i] = gained if action == 0 else max(regret[i], gained)
    found = cce_gap(game, np.full(rounds, 1.0 / rounds), play)
    assert found * rounds == pytest.approx(regret, abs=1e-12)


def hedge_gaps(rounds):
    """Return the gaps of Hedge against Hedge in a two-by-two game."""
    game, rate = (
        np.array([[[3.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [2.0, 0.0]]]),
        math.sqrt(8.0 * math.log(2.0) / rounds) / 3.0,
    )
    gains, play = np.zeros((2, 2)), np.empty((2, rounds, 2))
    for t in range(rounds):
        weight = np.exp(rate * (gains - gains.max(axis=1, keepdims=True)))
        play[:, t] = weight / weight.sum(axis=1, keepdims=True)
        gains += np.array([game[0] @ play[1, t], play[0, t] @ game[1]])
    return cce_gap(game, np.full(rounds, 1.0 / rounds), list(play))


def test_hedge_leaves_a_sparse_equilibrium():
    for rounds, gaps in ((10, (0.272108, 0.111964)), (100, (0.029450, 0.076782)), (1000, (0.024588, 0.024259))):
        found = hedge_gaps(rounds)
        assert found == pytest.approx(gaps, abs=1e-6)
        assert found.max() <= 3.0 * math.sqrt(math.log(2.0) / (2.0 * rounds))


def test_predicting_the_others_costs_the_logarithm_of_the_components():
    """Bayes over the N components of a mixture: the sum of E KL(live, predicted) is at most ln N."""
    for n in (1, 5, 20):
        assert redundancy([0.2, 0.5, 0.8], 0.5, n) <= math.log(3.0)
        assert redundancy([0.0, 1.0], 1.0, n) == pytest.approx(math.log(2.0), rel=1e-12)  # the first round tells


# ---------------------------------------------------------------- losses and entropy


@given(chosen=st.floats(-50, 50), rejected=st.floats(-50, 50), shift=st.floats(-50, 50), apart=st.floats(100, 1e6))
def test_telling_apart_one_by_one_costs_more_than_in_pairs(chosen, rejected, shift, apart):
    pairs = float(pair_loss(chosen, rejected))
    assert pairs == pytest.approx(math.log1p(math.exp(-abs(chosen - rejected))) + max(rejected - chosen, 0.0))
    assert float(binary_loss(chosen, rejected, shift)) >= pairs * (1 - 1e-12)
    limit = float(binary_loss(chosen, chosen - apart, chosen + 2 * apart))  # nearly equal where a chosen one is missed
    assert limit >= float(pair_loss(chosen, chosen - apart))


def test_losses_meet_in_the_limit():
    assert float(binary_loss(-100.0, 100.0, 0.0)) == pytest.approx(float(pair_loss(-100.0, 100.0)), rel=1e-12)


@given(seed=st.integers(0, 2**32 - 1))
def test_entropy_along_a_natural_gradient(seed):
    rng = np.random.default_rng(seed)
    policy, advantages, step = rng.dirichlet(np.ones(4)), rng.normal(size=4), 1e-5

    def entropy(eta):
        weight = policy * np.exp(eta * advantages)
        law = weight / weight.sum()
        return -(law * np.log(law)).sum()

    slope = (entropy(step) - entropy(-step)) / (2 * step)
    assert entropy_slope(policy, advantages) == pytest.approx(slope, abs=1e-7)
    assert entropy_slope([0.5, 0.5, 0.0], [1.0, -1.0, 9.0]) == pytest.approx(0.0, abs=1e-15)
    assert entropy_slope([0.75, 0.25], [1.0, 0.0]) == pytest.approx(-0.1875 * math.log(3.0), rel=1e-12)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: cce_gap([[[1.0, 2.0]]], [1.0], []), "payoffs must be"),
        (lambda: cce_gap([PENNIES, PENNIES], [1.0], [[[0.5, 0.5]]]), "policies must have the shapes"),
        (lambda: cce_gap([PENNIES, PENNIES], [0.5], [[[0.5, 0.5]]] * 2), "weights must sum to 1"),
        (lambda: sparsest_cce(np.zeros((2, 17, 16))), "at most 256 profiles, got 272"),
        (lambda: entropy_slope([0.5, 0.5], [1.0]), "advantages must be of shape"),
        (lambda: pair_loss([1.0, 2.0], [1.0]), "rejected must be of shape"),
    ],
)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)
