"""The network learns by the gradient of its mean loss, and the softmax policy by that of its expected loss."""

import numpy as np
import pytest

from bandits.contextual import (
    ContextualGame,
    InverseGapWeighting,
    KnownWorld,
    NeuralNetwork,
    NeuralUCB,
    PolicyGradient,
    TableWorld,
    regress,
)
from bandits.contextual import neural as text
from bandits.contextual.linear import _act_gradient, _init_gradient, _update_gradient
from bandits.contextual.problem import Revealed
from bandits.contextual.worlds import Size
from sims import simulate
from tests.drivers import plain, stream_of

SIZE = Size(3, 3, 2, 10, 2.0, False)
SHARED = SIZE._replace(rows=1)
CONTEXT = np.array([[0.5, -1.0], [1.5, 0.25], [-0.75, 1.0]])
INIT, PREDICT, LEARN = (plain(step) for step in NeuralNetwork.steps)


def mean_loss(params, weights, start, x, loss):
    """Return the copies' mean loss, written from the docstring."""
    z, units = np.append(x * params.scale, 1.0), start.shape[1]
    value = (np.tile([1.0, -1.0], units // 2) * np.maximum(0.0, z @ weights)).sum() / np.sqrt(units)
    guess = 1.0 / (1.0 + np.exp(-(value + params.perturbation * ((weights - start).ravel() @ params.signs))))
    if params.log_loss:
        return -(loss * np.log(guess) + (1.0 - loss) * np.log(1.0 - guess)).mean()
    return ((guess - loss) ** 2).mean()


def gradient(function, weights, step=1e-5):
    """Return central differences, of error below 1e-8 here."""
    found = np.empty(weights.shape)
    for place in np.ndindex(found.shape):
        around = np.zeros(weights.shape)
        around[place] = step
        found[place] = (function(weights + around) - function(weights - around)) / (2.0 * step)
    return found


@pytest.mark.parametrize("loss", ["square", "log"])
@pytest.mark.parametrize("size", [SIZE, SHARED])
def test_a_step_is_that_of_the_gradient(loss, size):
    network = NeuralNetwork(loss, width=6, copies=3, perturbation=0.4, learning_rate=0.7, radius=50.0, seed=4)
    params, context = network.parameters(size), CONTEXT if size.rows > 1 else CONTEXT[:1]
    assert {*params.signs.ravel()} == {-1.0, 1.0}
    state = INIT(params)
    for arm, value in [(0, 1.0), (2, 0.25), (2, 0.0), (1, 0.5), (0, 0.75)]:
        model, row = (0, arm) if size.rows > 1 else (arm, 0)
        before, start = state.weights[model].copy(), params.start[model]
        slope = gradient(lambda w: mean_loss(params, w, start, context[row], value), before)  # noqa: B023
        state = LEARN(params, state, context, arm, value)
        assert state.weights[model] == pytest.approx(before - 0.7 * slope, abs=1e-8)
        learnt = (state.weights[model] - start).ravel()
        assert state.shift[model] == pytest.approx(params.perturbation * learnt @ params.signs, abs=1e-12)


def test_it_starts_at_one_half_and_stays_within_its_radius():
    network = NeuralNetwork(width=8, learning_rate=5.0, radius=0.5)
    params = network.parameters(SIZE)
    state, out = INIT(params), np.empty(3)
    PREDICT(params, state, CONTEXT, out)
    assert out == pytest.approx([0.5] * 3, abs=1e-15)
    for _ in range(50):
        state = LEARN(params, state, CONTEXT, 1, 1.0)
    assert np.linalg.norm(state.weights - params.start) == pytest.approx(0.5, rel=1e-12)
    learnt = (state.weights - params.start)[0].ravel()
    assert state.shift[0] == pytest.approx(params.perturbation * learnt @ params.signs, abs=1e-12)


def prediction(params, weights, start, x):
    """Return the mean of the copies' predictions, written from the docstring."""
    z, units = np.append(x * params.scale, 1.0), start.shape[1]
    value = (np.tile([1.0, -1.0], units // 2) * np.maximum(0.0, z @ weights)).sum() / np.sqrt(units)
    return (1.0 / (1.0 + np.exp(-value - params.perturbation * ((weights - start).ravel() @ params.signs)))).mean()


def test_predictions_parameters_and_the_radius():
    params = NeuralNetwork("log", width=16, copies=3, perturbation=0.5, radius=0.7, seed=1).parameters(SHARED)
    assert (params.scale, params.perturbation, params.log_loss, params.radius) == (0.5, 0.25, True, 0.7)
    assert not NeuralNetwork("square").parameters(SHARED).log_loss
    state, out = INIT(params), np.empty(3)
    state.weights[:] += np.random.default_rng(0).normal(size=state.weights.shape)
    for model, length in enumerate((0.6, 0.8, 9.0)):
        weights, start = state.weights[model], params.start[model]
        weights[:] = start + (weights - start) * length / np.linalg.norm(weights - start)
        plain(text._project)(params, weights, start, state.shift[model])
        assert np.linalg.norm(weights - start) == pytest.approx(min(length, 0.7))
    PREDICT(params, state, CONTEXT[:1], out)
    pairs = zip(state.weights, params.start, strict=True)
    assert out == pytest.approx([prediction(params, weights, start, CONTEXT[0]) for weights, start in pairs])


def test_optimism_plays_the_least_prediction_less_its_width_and_learns():
    learner = NeuralUCB(NeuralNetwork(width=4, copies=1, perturbation=0.0, seed=2), 0.75, 0.25)
    params = learner.parameters(ContextualGame(KnownWorld(CONTEXT[None], [[0.1, 0.5, 0.9]]), 10))
    init, act, update, width = (plain(step) for step in (*learner.steps, text._width_of))
    state = init(params, None)
    squares = np.full(state.squares.shape, 0.25)
    played = []
    for t, loss in enumerate((1.0, 0.25, 0.5, 0.75, 0.0)):
        guess = np.empty(3)
        PREDICT(params.network, state.network, CONTEXT, guess)
        index = guess - 0.75 * np.array(
            [width(params.network, state.network, squares, CONTEXT, a, False) for a in (0, 1, 2)]
        )
        arm = act(params, state, CONTEXT, t, None)
        assert arm == index.argmin()
        assert state.index == pytest.approx(index)
        width(params.network, state.network, squares, CONTEXT, arm, True)
        copy = state.network._replace(weights=state.network.weights.copy(), shift=state.network.shift.copy())
        expected = LEARN(params.network, copy, CONTEXT, arm, loss).weights
        state = update(params, state, t, arm, Revealed(CONTEXT, loss), None)
        assert (state.squares == squares).all()
        assert (state.network.weights == expected).all()
        played.append(arm)
    assert len({*played}) > 1


def test_it_learns_what_is_not_linear():
    rng = np.random.default_rng(1)
    x = rng.uniform(-1.0, 1.0, (4000, 2))
    values = 0.5 + 0.4 * np.sign(x[:, 0] * x[:, 1])
    for network in (NeuralNetwork("square"), NeuralNetwork("log")):
        assert ((regress(network, x, values) - values)[2000:] ** 2).mean() < 0.08  # no linear function is below 0.16


def test_the_width_of_a_prediction():
    """sqrt(sum g^2 / u) with g by differences of predictions, and u lambda plus the squares of what was played."""
    learner = NeuralUCB(NeuralNetwork(width=4, copies=2, perturbation=0.0, seed=2), exploration=1.0, regularization=0.1)
    params = learner.parameters(ContextualGame(KnownWorld(CONTEXT[None], [[0.1, 0.5, 0.9]]), 10))
    width, network = plain(text._width_of), INIT(params.network)
    squares = np.full(params.network.start.shape, 0.1)

    def derivatives(arm, step=1e-6):
        found, ends = np.empty(network.weights.shape[1:]), np.empty((2, 3))
        for place in np.ndindex(found.shape):
            for end, sign in zip(ends, (1.0, -1.0), strict=True):
                network.weights[(0, *place)] += sign * step
                PREDICT(params.network, network, CONTEXT, end)
                network.weights[(0, *place)] -= sign * step
            found[place] = (ends[0, arm] - ends[1, arm]) / (2.0 * step)
        return found

    expected = derivatives(1)
    assert width(params.network, network, squares, CONTEXT, 1, True) == pytest.approx(
        np.sqrt((expected**2 / 0.1).sum()), rel=1e-6
    )
    assert squares[0] == pytest.approx(0.1 + expected**2, rel=1e-6)


def test_the_policy_moves_by_the_gradient_of_its_expected_loss():
    learner = PolicyGradient(0.5)
    params = learner.parameters(ContextualGame(KnownWorld(CONTEXT[None], [[0.1, 0.5, 0.9]]), 10))
    init, act, update = plain(_init_gradient), plain(_act_gradient), plain(_update_gradient)
    assert params.scale == pytest.approx(1.0 / np.linalg.norm(CONTEXT, axis=1).max())
    rng = stream_of(0, 0, 0)
    state = init(params, rng)
    state.theta[:] = [[3e5, -7e5]]
    law = act(params, state, CONTEXT, 0, rng).law
    assert law.tolist() == np.eye(len(CONTEXT))[(CONTEXT @ state.theta[0]).argmax()].tolist()
    state.theta[:] = [[0.3, -0.7]]
    state = state._replace(mean=0.6, rounds=4.0)
    play, before = act(params, state, CONTEXT, 0, rng), state.theta.copy()
    logits = CONTEXT @ before[0] * params.scale
    law = np.exp(logits) / np.exp(logits).sum()
    assert play.law == pytest.approx(law, abs=1e-15)
    state = update(params, state, 0, play, Revealed(CONTEXT, 0.2), rng)
    slope = params.scale * (CONTEXT[play.arm] - law @ CONTEXT)  # of ln p(arm)
    assert state.theta[0] == pytest.approx(before[0] + 0.5 * (0.6 - 0.2) * slope, abs=1e-15)
    assert (state.mean, state.rounds) == (pytest.approx(0.6 - 0.4 / 5.0), 5.0)
    again = act(params, state, CONTEXT, 1, rng).law
    assert again == pytest.approx(np.exp(x := CONTEXT @ state.theta[0] * params.scale) / np.exp(x).sum(), abs=1e-15)
    first = update(params, init(params, rng), 0, play, Revealed(CONTEXT, 0.2), rng)
    assert (first.theta == 0.0).all()  # no loss to compare with
    before = state.theta.copy()
    lossless = update(params, state._replace(mean=0.0, rounds=3.0), 0, play, Revealed(CONTEXT, 0.2), rng)
    assert (lossless.theta != before).all()
    assert lossless.rounds == 4.0


WRONG = [
    (lambda: NeuralNetwork("kl"), "loss must be one of square, log"),
    (lambda: NeuralNetwork(width=7), "width must be even, got 7"),
    (lambda: NeuralNetwork(radius=0.0), r"radius must be finite and in \(0, inf\)"),
    (lambda: PolicyGradient(0.0), r"learning_rate must be finite and in \(0, inf\)"),
]


@pytest.mark.parametrize(("make", "said"), WRONG)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_gamma_must_be_given():
    game = ContextualGame(TableWorld(np.ones((4, 1)), np.zeros((4, 2))), 4)
    with pytest.raises(ValueError, match="no guarantee in square loss to be tuned to: give gamma"):
        simulate(game, InverseGapWeighting(oracle=NeuralNetwork()), backend="python")
