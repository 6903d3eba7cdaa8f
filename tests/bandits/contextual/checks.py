"""What laws and oracles of contextual bandits must satisfy, as functions of the code: mutants are tried on them too."""

import numpy as np
import pytest
from hypothesis import strategies as st

from bandits.contextual import laws
from bandits.contextual.laws import RULES
from bandits.contextual.worlds import Size
from bandits.core.linear_algebra import square_norm
from tests.drivers import plain

WRITE = plain(laws.write_law)


def law(rule, level, guess, write=WRITE):
    """Return the law (K,) of a rule's name for predictions (K,)."""
    out = np.full(len(guess), np.nan)
    write(RULES.index(rule), float(level), np.array(guess, dtype=float), out)
    return out


def errors(p, guess, f):
    """Return E_p (yhat - f)^2 and E_p (yhat - f)^2 / (yhat + f), 0 / 0 = 0."""
    square, total = (guess - f) ** 2, guess + f
    return p @ square, p @ np.divide(square, total, out=np.zeros_like(f), where=total > 0.0)


# ---------------------------------------------------------------- predictions and mean losses

gammas = st.floats(-3.0, 6.0).map(lambda power: 10.0**power)


@st.composite
def predictions(draw, most=12, lowest=0.0, largest=1.0):
    """Draw predictions (K,), 2 <= K <= most: free, tied, or nearly tied."""
    k = draw(st.integers(2, most))
    numbers = st.one_of(st.floats(lowest, largest), st.sampled_from([lowest, 0.25, 0.25 + 1e-9, largest]))
    return np.array(draw(st.lists(numbers, min_size=k, max_size=k)))


def mean_losses(draw, guess):
    """Draw mean losses (K,) in [0, 1]: near the predictions, or free."""
    return np.array([draw(st.one_of(st.just(y), st.sampled_from([0.0, 1.0]), st.floats(0.0, 1.0))) for y in guess])


# ---------------------------------------------------------------- Theorems 1 to 4


def exact_is_an_equality(gamma, guess, write=WRITE):
    """The largest regret less (gamma / 4) squared error is (K - 1) / gamma for every best action; relative 1e-9.

    Beyond that rounding may add a multiple of machine precision times the gaps, which cancel in the formula.
    """
    p, gap, k = law("exact", gamma, guess, write), guess - guess.min(), len(guess)
    value = p @ gap - gap + (1.0 / p - 1.0) / gamma
    allowed = 1e-9 * (k - 1) / gamma + 8 * k * np.finfo(float).eps * gap.max()
    assert np.abs(value - (k - 1) / gamma).max() <= allowed


def inequality(rule, level, guess, f, write=WRITE):
    """What the rule promises of regret, for mean losses f; rounding apart."""
    p, k = law(rule, level, guess, write), len(guess)
    square, triangular = errors(p, guess, f)
    right = {
        "exact": lambda: (k - 1) / level + level / 4 * square,
        "squarecb": lambda: 2 * (k - 1) / level + level / 4 * square,
        "fastcb": lambda: 2 * k / level * (p @ f) + level * triangular,
        "greedy": lambda: level * np.ptp(f) + np.sqrt(2 * k * square / level),
    }[rule]()
    assert p @ f - f.min() <= right * (1.0 + 1e-9) + 1e-12


def is_a_law(rule, level, guess, write=WRITE):
    """Probabilities that sum to 1, in the opposite order of the predictions, the first best action's at least 1 / K."""
    p, best = law(rule, level, guess, write), int(np.argmin(guess))
    assert (p >= 0.0).all()
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    order = np.argsort(guess, kind="stable")
    assert (np.diff(p[order]) <= 1e-12).all()
    assert p[best] >= 1.0 / len(guess) - 1e-12
    assert p[best] == p.max() or rule == "exact"


# ---------------------------------------------------------------- oracles


def predictor(oracle, size, steps=None):
    """Return (state, raw predictions, learn) of an oracle without the clipping of its predictions, as plain Python."""
    steps, params = steps or oracle.steps, oracle.parameters(size)
    init, predict, learn = plain(steps.init), plain(steps.predict, within=lambda value: value), plain(steps.learn)

    def guess(state, context, n=1):
        out = np.empty(n)
        predict(params, state, context, out)
        return out

    return init(params), guess, lambda state, context, arm, y: learn(params, state, context, arm, y)


def size_of(rows, n_actions=1):
    """Return the size of a regression on rows (T, d)."""
    norm = float(np.linalg.norm(rows, axis=1).max()) or 1.0
    return Size(n_actions, 1, rows.shape[1], len(rows), norm, bool((rows >= 0.0).all() and (rows <= 1.0).all()))


def trace(oracle, rows, values, steps=None):
    """Return the states before each round and the last one, copied, and the raw predictions (T,)."""
    state, guess, learn = predictor(oracle, size_of(rows), steps)
    states, made = [], []
    for x, y in zip(rows, values, strict=True):
        states.append(copied(state))
        made.append(guess(state, x[None])[0])
        state = learn(state, x[None], 0, y)
    return [*states, copied(state)], np.array(made)


def copied(state):
    return type(state)(*(copied(part) if isinstance(part, tuple) else np.copy(part) for part in state))


def least_squares(rows, values, weight):
    """Return the least of lambda |theta|^2 + sum (y - theta'x)^2."""
    gram = weight * np.eye(rows.shape[1]) + rows.T @ rows
    return values @ values - (rows.T @ values) @ np.linalg.solve(gram, rows.T @ values)


def ridge_identity(oracle, rows, values, steps=None):
    """Sum (y - yhat)^2 / (1 + x'A^-1 x) is the least value of ridge regression; A and theta are those of definition."""
    states, made = trace(oracle, rows, values, steps)
    weight = oracle.regularization
    widths = np.array([plain_norm(state, x) for state, x in zip(states, rows)])
    total = ((values - made) ** 2 / (1.0 + widths)).sum()
    assert total == pytest.approx(least_squares(rows, values, weight), rel=1e-9, abs=1e-9)
    matches_the_definition(states[-1], rows, values, weight)
    growth = np.minimum(1.0, widths).sum()
    assert np.log1p(widths).sum() == pytest.approx(float(states[-1].log_det[0]), rel=1e-9, abs=1e-9)
    assert growth <= 2.0 * float(states[-1].log_det[0]) + 1e-9


def forward_identity(oracle, rows, values, steps=None):
    """The forward algorithm's regret, exactly."""
    states, made = trace(oracle, rows, values, steps)
    before = np.array([plain_norm(state, x) for state, x in zip(states, rows)])
    after = np.array([plain_norm(state, x) for state, x in zip(states[1:], rows)])
    regret = ((values - made) ** 2).sum() - least_squares(rows, values, oracle.regularization)
    assert regret == pytest.approx((values**2 @ after) - (made**2 @ before), rel=1e-9, abs=1e-9)


def matches_the_definition(state, rows, values, weight):
    gram = weight * np.eye(rows.shape[1]) + rows.T @ rows
    np.testing.assert_allclose(state.inverse[0], np.linalg.inv(gram), rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(state.theta[0], np.linalg.solve(gram, rows.T @ values), rtol=1e-6, atol=1e-7)
    assert float(state.log_det[0]) == pytest.approx(np.linalg.slogdet(gram / weight)[1], rel=1e-9, abs=1e-9)


def plain_norm(state, x):
    return plain(square_norm)(state.inverse[0], x)


def gradient_identity(oracle, rows, values, u, steps=None):
    """Sum 2 eta e (e - e_u) - eta^2 e^2 |x|^2 = |u - w_1|^2 - |u - w_(T+1)|^2, e = y - w'x, e_u = y - u'x."""
    states, made = trace(oracle, rows, values, steps)
    rate = oracle.parameters(size_of(rows)).learning_rate
    e, e_u = values - made, values - rows @ u
    left = (2 * rate * e * (e - e_u) - rate**2 * e**2 * (rows**2).sum(axis=1)).sum()
    first, last = (((u - state.weights[0]) ** 2).sum() for state in (states[0], states[-1]))
    assert left == pytest.approx(first - last, rel=1e-9, abs=1e-9)


def finite_regret(oracle, functions, values, steps=None):
    """Return the loss of an oracle of a finite class less that of the best function; functions (T, N), values (T,)."""
    _, made = trace(oracle, functions, values, steps)
    made = np.clip(made, 0.0, 1.0)
    if oracle.log_loss:
        with np.errstate(divide="ignore"):
            loss = lambda guess: -np.log(np.where(values > 0.5, guess, 1.0 - guess))  # noqa: E731
            return loss(made).sum() - min(loss(column).sum() for column in functions.T)
    return ((made - values) ** 2).sum() - min(((column - values) ** 2).sum() for column in functions.T)


def worst_of_two(oracle, rounds, steps=None):
    """Return the largest regret of an oracle over the functions 0 and 1, on all sequences of values 0 and 1.

    Its predictions depend on the counts of both values only, so the largest loss is found for all counts in turn.
    """
    losses = {(0, 0): 0.0}
    for _ in range(rounds):
        after = {}
        for (zeros, ones), loss in losses.items():
            seen = np.repeat([0.0, 1.0, 0.0], [zeros, ones, 1])  # the last value is not read
            guess = np.clip(trace(oracle, np.tile([0.0, 1.0], (len(seen), 1)), seen, steps)[1][-1], 0.0, 1.0)
            for y in (0, 1):
                counts = (zeros + 1 - y, ones + y)
                after[counts] = max(after.get(counts, 0.0), loss + (guess - y) ** 2)
        losses = after
    return max(loss - min(counts) for counts, loss in losses.items())
