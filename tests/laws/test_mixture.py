"""Sequence prediction under log loss: identities, known answers, every short sequence, exact redundancies, mutants."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.core.jit import kernel
from bandits.prediction import KT, BayesMixture, DoubleMixture, Laplace, PlugIn, SequencePrediction
from bandits.protocol import LearnerSteps
from sims import simulate
from tests.drivers import slow
from theory import verify
from theory.prediction.exact import redundancy, shtarkov, subset_bound, worst_regret

THREE = [[0.8, 0.2], [0.5, 0.5], [0.2, 0.8]]
ONE = [[0.5, 0.5]]


def play(source, learner, experts=ONE, horizon=None, backend="python", record=()):
    problem = SequencePrediction(experts, source, horizon or len(source))
    run = simulate(problem, learner, backend=backend, record=list(record))
    return run if record else {name: float(run.final(name)[0]) for name in problem.metrics}


def losses(experts, symbols):
    """Return the losses (M,) of experts (C, M, A)."""
    contexts, _, a = np.shape(experts)
    context, total = 0, 0.0
    with np.errstate(divide="ignore"):
        for x in symbols:
            total = total - np.log(np.asarray(experts)[context, :, x])
            context = (context * a + x) % contexts
    return total


def mixed(prior, lost):
    with np.errstate(divide="ignore"):
        return -np.logaddexp.reduce(np.log(prior) - lost)


# ---------------------------------------------------------------- known answers


def test_known_answers():
    found = play([1, 1, 0, 1], BayesMixture(), THREE)
    assert found["loss"] == pytest.approx(2.862951, abs=1e-6)
    assert found["best_loss"] == pytest.approx(2.278869, abs=1e-6)
    assert found["regret"] == pytest.approx(0.584082, abs=1e-6)
    laws = play([1, 1, 0, 1, 0], BayesMixture(), THREE, record=["actions"]).actions
    assert np.ravel(laws)[-1] == pytest.approx(np.dot([0.037361, 0.364857, 0.597782], [0.2, 0.5, 0.8]), abs=1e-6)
    assert play([0] * 9, BayesMixture(), [[1.0, 0.0], [0.0, 1.0]])["loss"] == pytest.approx(np.log(2), abs=1e-12)
    alternating = [play([0, 1] * 5, rule)["loss"] for rule in (KT(), KT(1), KT(2), DoubleMixture(2))]
    assert alternating == pytest.approx([8.333515, 3.391872, 3.979659, 4.044070], abs=1e-6)
    assert play([0, 1], PlugIn())["loss"] == np.inf


def test_known_redundancies():
    sizes = (1, 10, 100, 1000)
    kt, laplace, least = [0.693147, 1.736152, 2.876200, 4.026368], np.log([2, 11, 101, 1001]), [0.693147, 1.539062]
    assert [worst_regret(n, 0.5) for n in sizes] == pytest.approx(kt, abs=1e-6)
    assert [worst_regret(n, 1.0) for n in sizes] == pytest.approx(laplace, abs=1e-9)
    assert [shtarkov(n) for n in sizes] == pytest.approx([*least, 2.580971, 3.696431], abs=1e-6)
    known = {(100, 10): (1.674603, 2.211030), (100, 100): (1.674580, 2.345321), (1000, 10): (5.438247, 7.625355)}
    known |= {(100, 10**4): (1.674580, 2.344559), (1000, 100): (2.816326, 3.509332)}
    for (n, k), (exact, bound) in known.items():
        thetas = (np.arange(k) + 0.5) / k
        assert redundancy(thetas, 0.3, n) == pytest.approx(exact, abs=1e-6)
        assert subset_bound(thetas, 0.3, n) == pytest.approx(bound, abs=1e-6)
    assert redundancy([0.3], 0.3, 50) == pytest.approx(0.0, abs=1e-12)
    assert redundancy([1.0], 0.3, 5) == np.inf


def test_redundancy_is_the_mean_over_sequences():
    thetas, prior, truth, n = [0.1, 0.4, 0.7], [0.5, 0.0, 0.5], 0.25, 6
    experts = [[[1 - p, p] for p in thetas]]
    total = 0.0
    for x in product((0, 1), repeat=n):
        own = -sum(np.log([1 - truth, truth])[list(x)])
        total += np.exp(-own) * (mixed(prior, losses(experts, x)) - own)
    assert redundancy(thetas, truth, n, prior) == pytest.approx(total, rel=1e-12)


@settings(max_examples=40)
@given(
    thetas=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6), truth=st.floats(0.0, 1.0), n=st.sampled_from([1, 7])
)
def test_redundancy_is_below_the_bound_of_neighbourhoods(thetas, truth, n):
    assert -1e-9 <= redundancy(thetas, truth, n) <= subset_bound(thetas, truth, n) + 1e-9


# ---------------------------------------------------------------- every sequence


@settings(max_examples=60)
@given(seed=st.integers(0, 10**6), a=st.integers(1, 3), order=st.integers(0, 2), m=st.integers(1, 4))
def test_identity_and_subsets(seed, a, order, m):
    """The loss is -ln sum w exp(-L), within each subset's bound; names and twins of experts mean nothing."""
    rng = np.random.default_rng(seed)
    experts, prior = rng.dirichlet([0.5] * a, (a**order, m)), rng.dirichlet([1.0] * m)
    symbols = rng.integers(0, a, 12)
    found, lost = play(symbols, BayesMixture(prior), experts), losses(experts, symbols)
    assert found["loss"] == pytest.approx(mixed(prior, lost), rel=1e-9, abs=1e-12)
    assert found["best_loss"] == pytest.approx(lost.min(), rel=1e-9, abs=1e-12)
    chosen = rng.random(m) < 0.5
    if chosen.any():
        weight = prior[chosen].sum()
        assert found["loss"] <= -np.log(weight) + (prior * lost)[chosen].sum() / weight + 1e-9
    renamed = rng.permutation(m)
    twins = np.concatenate([experts, experts[:, :1]], axis=1)
    halved = np.append(prior, prior[0] / 2) - np.append(prior[:1] / 2, [0.0] * m)
    for other, weights in ((experts[:, renamed], prior[renamed]), (twins, halved)):
        assert play(symbols, BayesMixture(weights), other)["loss"] == pytest.approx(found["loss"], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize(("rule", "added"), [(KT(), 0.5), (Laplace(), 1.0)])
def test_counts_on_every_short_sequence(rule, added):
    """The worst regret is the exact one, at least Shtarkov's, within the theorem; the order means nothing."""
    worst = -np.inf
    for ones in range(7):
        found = play([1] * ones + [0] * (6 - ones), rule)
        shuffled = play([0] * (6 - ones) + [1] * ones, rule)
        assert found["constant_regret"] == pytest.approx(shuffled["constant_regret"], abs=1e-12)
        worst = max(worst, found["constant_regret"])
    assert worst == pytest.approx(worst_regret(6, added), abs=1e-12)
    assert shtarkov(6) <= worst <= (np.log(6) / 2 + np.log(2) if added == 0.5 else np.log(7) + 1e-12)


def test_kt_for_all_counts():
    sizes = range(1, 400)
    slack = [np.log(n) / 2 + np.log(2) - worst_regret(n, 0.5) for n in sizes]
    assert slack[0] == pytest.approx(0.0, abs=1e-12)
    assert min(slack) >= -1e-12
    assert all(worst_regret(n, 0.5) >= shtarkov(n) - 1e-9 for n in sizes)


@settings(max_examples=30)
@given(symbols=st.lists(st.integers(0, 2), min_size=1, max_size=20))
def test_double_mixture_follows_each_order(symbols):
    three = [[1 / 3] * 3]
    each = [play(symbols, KT(order), three)["loss"] for order in (0, 1, 2)]
    found = play(symbols, DoubleMixture(2), three)["loss"]
    assert found == pytest.approx(mixed(np.full(3, 1 / 3), np.array(each)), rel=1e-9)
    assert found <= np.log(3) + min(each) + 1e-9


@pytest.mark.parametrize("horizon", [10**4, slow(10**6)])
def test_many_symbols(horizon):
    """In log space the identity holds to 1e-9; linear weights underflow after 2000."""
    thetas = np.linspace(0.05, 0.95, 19)
    symbols = (np.random.default_rng(0).random(horizon) < 0.3).astype(int)
    found = play(symbols, BayesMixture(), np.stack([1 - thetas, thetas], axis=1), backend="numba")
    ones = symbols.sum()
    lost = -ones * np.log(thetas) - (horizon - ones) * np.log(1 - thetas)
    assert found["loss"] == pytest.approx(mixed(np.full(19, 1 / 19), lost), rel=1e-9)
    assert found["best_loss"] == pytest.approx(lost.min(), rel=1e-9)


def test_drawn_symbols():
    """A Markov source that always changes: 1 0 1 0 ...; and the share of a drawn symbol."""
    experts = [[[0.5, 0.5]], [[0.5, 0.5]]]
    problem = SequencePrediction(experts, [[0.0, 1.0], [1.0, 0.0]], 6)
    shown = simulate(problem, KT(), record=["feedback"], backend="python").records["feedback"]
    assert np.ravel(shown).tolist() == [1, 0, 1, 0, 1, 0]
    skewed = play([[0.9, 0.1]], KT(), horizon=400)["constant_loss"]
    share = np.linspace(0.01, 0.21, 50)  # 2 to 84 of 400, with probability 1 - 1e-11
    entropies = -400 * (share * np.log(share) + (1 - share) * np.log(1 - share))
    assert entropies.min() <= skewed <= entropies.max()


# ---------------------------------------------------------------- what is wrong


@kernel
def _half_rate(params, state, t, law, symbol, rng):
    for i in range(state.log_weights.size):
        state.log_weights[i] += 0.5 * np.log(state.laws[i, symbol])
    return state


@kernel
def _twice(params, state, t, law, symbol, rng):
    for i in range(state.log_weights.size):
        state.log_weights[i] += 2.0 * np.log(state.laws[i, symbol])
    return state


@pytest.mark.parametrize("update", [_half_rate, _twice])
def test_mutants_break_the_identity(update):
    class Mutant(BayesMixture):
        steps = LearnerSteps(*BayesMixture.steps[:2], update)

    symbols = [1, 1, 0, 1]
    assert abs(play(symbols, Mutant(), THREE)["loss"] - play(symbols, BayesMixture(), THREE)["loss"]) > 1e-3


def test_experts_that_are_all_impossible():
    found = play([1, 0, 1], BayesMixture(), [[1.0, 0.0]])
    assert found["loss"] == found["best_loss"] == np.inf
    assert found["regret"] == 0.0


def test_an_infinite_loss_breaks_a_bound_on_every_path():
    game = SequencePrediction(ONE, [0, 1, 0], 3)
    assert verify("krichevsky1981.kt", game, PlugIn(), backend="python").broken


WRONG = [
    (lambda: SequencePrediction([[0.5, 0.4]], [0], 1), "experts must be laws that sum to 1, got a sum of 0.9"),
    (lambda: SequencePrediction([[0.5, 0.5]], [0, 2], 2), "source must be between 0 and 1, got 2"),
    (lambda: SequencePrediction([[0.5, 0.5]], [0], 2), "source must reach the horizon = 2, got 1"),
    (lambda: SequencePrediction([[0.5, 0.5]], [[0.5, 0.6]], 2), "source must be laws that sum to 1"),
    (lambda: SequencePrediction([[0.5, 0.5]], [[1.0]], 2), "source must have laws of 2 symbols"),
    (lambda: SequencePrediction([[[0.5, 0.5]]] * 3, [0], 1), "experts must have 1, A, A.2, ... contexts"),
    (lambda: SequencePrediction([0.5, 0.5], [0], 1), r"experts must be \(M, A\) or"),
    (lambda: BayesMixture([0.5, 0.6]), "prior must be laws that sum to 1"),
    (lambda: play([0], BayesMixture([0.5, 0.5])), "prior must have 1 probabilities, one per expert, got 2"),
    (lambda: KT(-1), "order must be"),
    (lambda: play([0], KT(13), [[0.25] * 4]), "order must give at most 1048576 contexts of 4 symbols, got 13"),
]


@pytest.mark.parametrize(("make", "said"), WRONG)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


@kernel
def _no_law(params, state, laws, t, rng):
    state.law[:] = 0.25
    return state.law


def test_laws_are_checked():
    class NoLaw(BayesMixture):
        steps = LearnerSteps(BayesMixture.steps.init, _no_law, BayesMixture.steps.update)

    with pytest.raises(ValueError, match=r"law must be probabilities that sum to 1, got a sum of 0\.5"):
        play([0], NoLaw())
