"""Contextual bandits: exact expectations by enumeration, known answers, EXP4 and its relatives; nothing is compiled."""

import math

import numpy as np
import pytest

from bandits.contextual import (
    Aggregating,
    ContextualExp4,
    ContextualGame,
    EveryLoss,
    FiniteWorld,
    InverseGapWeighting,
    KnownWorld,
    LinearThompson,
    LinUCB,
    Mixture,
    PlayedPair,
    PosteriorSampling,
    RoutingWorld,
    TableWorld,
)
from bandits.contextual.problem import Revealed
from bandits.delays import Bold, FixedDelay, UpdatedLate, delayed
from bandits.losses import LossTable
from bandits.switching import Exp3, Exp4, SwitchingCostGame
from sims import simulate
from tests.drivers import plain, stream_of
from tests.laws.enumeration import plays
from theory.switching.exact.trees import exp3

TWO = FiniteWorld([[[0.2, 0.6]], [[0.6, 0.2]]])  # no contexts: one row
ANSWERS = {  # regret, estimation, triangular at T = 1, 2, 4
    "exact": {
        1: (0.2, 0.040230137, 0.054456195),
        2: (0.388731935, 0.073907088, 0.100122213),
        4: (0.742893841, 0.127565547, 0.172687240),
    },
    "squarecb": {1: (0.2, 0.040230137), 2: (0.382218405, 0.073929997), 4: (0.717594391, 0.127566143)},
    "fastcb": {
        1: (0.2, 0.04, 0.053333333),
        2: (0.359365079, 0.073333333, 0.097656978),
        4: (0.626182993, 0.126142711, 0.167490174),
    },
}


def expected(game, learner):
    """Return the expected metrics."""
    played = list(plays(game, learner, lambda action, seen: None))
    assert math.fsum(chance for chance, _ in played) == pytest.approx(1.0, abs=1e-12)
    return {name: math.fsum(chance * path.metrics[name] for chance, path in played) for name in game.metrics}


@pytest.mark.parametrize("rule", ANSWERS)
def test_exact_expectations(rule):
    """Known to nine digits; the oracle's regret has the errors of the predictions for its mean."""
    learner = InverseGapWeighting(rule, 4.0, Mixture() if rule == "fastcb" else Aggregating())
    for horizon, numbers in ANSWERS[rule].items():
        found = expected(ContextualGame(TWO, horizon), learner)
        for name, number in zip(("law_regret", "estimation", "triangular"), numbers):
            assert found[name] == pytest.approx(number, abs=1e-8)
        assert found["regret"] == pytest.approx(found["law_regret"], abs=1e-12)
        assert found["oracle_regret"] == pytest.approx(found["estimation"], abs=1e-12)
        assert found["loss"] - found["best_loss"] == pytest.approx(found["regret"], abs=1e-12)
        assert found["best_loss"] == pytest.approx(0.2 * horizon, abs=1e-12)


def test_exp4_over_constant_policies_is_exp3():
    """Its regret on a table is that of EXP3, exactly; and with equal draws it plays the same actions."""
    table = np.array([[0.0, 1.0, 0.5], [1.0, 0.25, 0.0], [0.5, 0.5, 1.0]])
    constant = np.tile(1.0 - np.eye(3), (3, 1, 1))
    found = expected(ContextualGame(TableWorld(constant, table), 3), ContextualExp4(0.7))
    assert found["loss"] == pytest.approx(exp3(table, 0.7).loss, abs=1e-12)
    long = np.tile(table, (20, 1))
    game = ContextualGame(TableWorld(np.tile(constant, (20, 1, 1)), long), 60)
    options = {"repetitions": 2, "seed": 3, "backend": "python", "record": ["actions"]}
    actions = simulate(game, ContextualExp4(0.7), **options).records["actions"]
    other = simulate(SwitchingCostGame(LossTable(long), 60, 0.0), Exp3(0.7), **options).records["actions"]
    assert np.array_equal(actions, other)


def test_exp4_over_two_policies_for_three_actions():
    """Its loss is that of EXP4 with their advice, of which one plays action 2 and the other action 0."""
    table = np.array([[0.0, 1.0, 0.5], [1.0, 0.25, 0.0], [0.5, 0.5, 1.0]])
    functions = np.tile([[0.5, 0.25], [0.75, 1.0], [0.25, 0.5]], (3, 1, 1))
    found = expected(ContextualGame(TableWorld(functions, table), 3), ContextualExp4(0.7))
    advised = Exp4([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]], 0.7)
    assert found["loss"] == pytest.approx(
        expected(SwitchingCostGame(LossTable(table), 3, 0.0), advised)["loss"], abs=1e-12
    )


def test_posterior_sampling_by_hand():
    """Two rounds: the second action is drawn from the posterior after the first loss; one coin draws the truth."""
    world = FiniteWorld(TWO.functions, truth=None)
    regret = 0.0
    for truth in (0, 1):
        means = TWO.functions[truth, 0]
        for arm in (0, 1):
            for loss in (0, 1):
                likely = [f[0, arm] if loss else 1.0 - f[0, arm] for f in TWO.functions]
                wrong = likely[1 - truth] / sum(likely)
                regret += 0.5 * 0.5 * (means[arm] if loss else 1.0 - means[arm]) * 0.4 * wrong
    found = expected(ContextualGame(world, 2), PosteriorSampling())
    assert found["regret"] == pytest.approx(0.2 + regret, abs=1e-12)


def test_posterior_sampling_draws_once_in_each_round():
    """Number 0 of round t, on both sides of the middle of equal weights."""
    game, learner = ContextualGame(TWO, 9), PosteriorSampling()
    params, rng, asked = learner.parameters(game), stream_of(0, 0, 0), []
    for u, arm in ((0.25, 0), (0.75, 1)):
        act = plain(learner.steps.act, uniform=lambda rng, t, index, u=u: asked.append((t, index)) or u)
        assert act(params, plain(learner.steps.init)(params, rng), game.world.features[0], 5, rng) == arm
    assert asked == [(5, 0), (5, 0)]


def test_full_information():
    """The oracle learns both losses of a round, of one coin: after a round its weights are the posterior of both."""
    game, learner = ContextualGame(TWO, 1, EveryLoss()), InverseGapWeighting("fastcb", 4.0, Mixture())
    for chance, path in plays(game, learner, lambda action, seen: tuple(seen.losses)):
        (losses,) = path.actions
        likely = [math.prod(f if loss else 1.0 - f for f, loss in zip(row[0], losses)) for row in TWO.functions]
        weights = path.state.oracle.weights
        assert weights.weight / weights.total == pytest.approx(np.array(likely) / sum(likely), abs=1e-12)
        assert losses[0] <= losses[1]
        assert 0.0 < chance < 1.0


def test_late_feedback():
    """Without delay copies play as the learner does, bit for bit; with delays each copy learns from its own rounds."""
    world = FiniteWorld(np.arange(24).reshape(2, 4, 3) % 7 / 8.0)
    game, learner = ContextualGame(world, 20), InverseGapWeighting("fastcb", 9.0, Mixture())
    options = {"repetitions": 2, "seed": 3, "backend": "python"}
    timely, alone = simulate(game, learner, **options), delayed(game, FixedDelay(0))
    assert np.array_equal(simulate(alone, Bold(learner), **options).values, timely.values)
    run = simulate(delayed(game, FixedDelay(3)), Bold(learner), record="everything", **options)
    rounds = run.trace[0]
    shown = [round.observation for round in rounds]
    for t, late in enumerate(round.feedback for round in rounds):
        assert late.n == (1 if t >= 3 else 0)
        if late.n:
            assert late.rounds[0] == t - 3
            assert np.array_equal(late.feedback[0][0], shown[t - 3])
            assert late.actions[0] == rounds[t - 3].action.arm


OPPOSITE = FiniteWorld([[[0.0, 1.0]], [[1.0, 0.0]]])


def aggregated(seen, functions):
    """Return the predictions (K,) of the aggregating forecaster after (action, loss) of some rounds."""
    weight = np.exp([-2.0 * sum((f[arm] - loss) ** 2 for arm, loss in seen) for f in functions])
    mixed = [np.log(weight / weight.sum() @ np.exp(-2.0 * (functions - y) ** 2)) / -2.0 for y in (0.0, 1.0)]
    return np.clip(0.5 + (mixed[0] - mixed[1]) / 2.0, 0.0, 1.0)


def late_errors(functions, delay, horizon, gamma, past=()):
    """Return the expected squared errors of predictions from what has arrived, of two actions; the first f is true."""
    if len(past) == horizon:
        return 0.0
    guess = aggregated(past[: max(0, len(past) - delay)], functions)
    gap = gamma * abs(guess[1] - guess[0])
    law = np.full(2, 1.0 / (1.0 - gap / 2.0 + math.sqrt(1.0 + gap * gap / 4.0)))
    law[guess.argmax() if gap > 0.0 else 1] = 1.0 - law[0]
    found = law @ (guess - functions[0]) ** 2
    for arm, loss in ((arm, loss) for arm in range(2) for loss in (0.0, 1.0)):
        chance = law[arm] * (functions[0, arm] if loss else 1.0 - functions[0, arm])
        if chance > 0.0:
            found += chance * late_errors(functions, delay, horizon, gamma, (*past, (arm, loss)))
    return found


def late_updates_are_right(world, delay, horizon, copies=None):
    """Errors are those of the definition, and at most m (ln 2) / 2; copies: m, one more than the delay."""
    game = delayed(ContextualGame(world, horizon), FixedDelay(delay))
    errors = expected(game, UpdatedLate(InverseGapWeighting(gamma=4.0, oracle=Aggregating())))["estimation"]
    assert errors == pytest.approx(late_errors(world.functions[:, 0], delay, horizon, 4.0), abs=1e-10)
    assert errors <= (copies or delay + 1) * math.log(2.0) / 2.0


def test_late_updates():
    """With functions that differ everywhere all rounds without feedback err by 1/4: m is needed in the bound."""
    late_updates_are_right(TWO, 1, 4)
    late_updates_are_right(OPPOSITE, 2, 5)


# ---------------------------------------------------------------- pairs

QUERIES = np.array([[1.0, 0.0], [0.5, 0.5]])
SHORTFALL = KnownWorld(QUERIES, [[0.25, 0.75], [0.5, 0.125]])
PRICES = KnownWorld(QUERIES, [[0.5, 0.0], [0.75, 0.25]])
PAIRS = ContextualGame(RoutingWorld(SHORTFALL, PRICES, [0.25, 0.75], [1, 2, 0]), 3, PlayedPair())
GAMMA = 12.0


def predicted(past, x):
    """Return the forward algorithm's predictions for x from rows (n, d) and values (n, 2), in [0, 1]."""
    rows, values = np.array([*past[0], x]), np.array([*past[1], (0.0, 0.0)])
    return np.clip(x @ np.linalg.solve(np.eye(2) + rows.T @ rows, rows.T @ values), 0.0, 1.0)


def routed(order, past=(((), ()), ((), ()))):
    """Return expected regret and squared errors over the contexts left; past: rows and values of each model."""
    if not order:
        return np.zeros(2)
    query, w = order[0] // 2, (0.25, 0.75)[order[0] % 2]
    x, u, c = QUERIES[query], SHORTFALL.mean_losses[query], PRICES.mean_losses[query]
    guess, mean = np.array([(1.0 - w, w) @ predicted(one, x) for one in past]), (1.0 - w) * u + w * c
    gap = GAMMA * abs(guess[1] - guess[0])
    law = np.full(2, 1.0 / (1.0 - gap / 2.0 + math.sqrt(1.0 + gap * gap / 4.0)))
    law[guess.argmax() if gap > 0.0 else 1] = 1.0 - law[0]
    found = np.array([law @ mean - mean.min(), law @ (guess - mean) ** 2])
    for a in range(2):
        for lacks, chance in ((1.0, u[a]), (0.0, 1.0 - u[a])):
            after = list(past)
            after[a] = ((*past[a][0], x), (*past[a][1], (lacks, c[a])))
            found += law[a] * chance * routed(order[1:], after)
    return found


def pairs_are_right():
    """Predictions of shortfall and cost, each from its own values, weighed by the preference of the round."""
    found = expected(PAIRS, InverseGapWeighting(gamma=GAMMA))
    assert (found["law_regret"], found["estimation"]) == pytest.approx(tuple(routed((1, 2, 0))), abs=1e-10)
    assert found["oracle_regret"] == pytest.approx(found["estimation"], abs=1e-10)
    assert found["loss"] - found["best_loss"] == pytest.approx(found["regret"], abs=1e-10)


def test_pairs():
    pairs_are_right()


# ---------------------------------------------------------------- LinUCB and Thompson sampling

FEATURES = (np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]), np.array([[0.8, 0.6], [0.0, 1.0], [1.0, 0.0]]))
LOSSES = (0.2, 0.5, 0.4)
INDICES = ((-1.0, -1.0, -1.0), (-0.607107, -1.0, -0.845539), (-0.477107, -0.457107, -0.607107))
INDICES = (*INDICES, (-0.317163, -0.457107, -0.377350))


def linear_game(horizon=4):
    order = [0, 0, 1, 1]
    return ContextualGame(TableWorld([FEATURES[i] for i in order][:horizon], np.tile(LOSSES, (horizon, 1))), horizon)


def linucb(steps=LinUCB.steps):
    """Return the indices of four rounds, the actions, and ln det at the end."""
    game = linear_game()
    init, act, update = (plain(step) for step in steps)
    params, rng = LinUCB(width=1.0).parameters(game), stream_of(0, 0, 0)
    state, indices, arms = init(params, rng), [], []
    for t in range(4):
        context = game.world.features[t]
        arms.append(act(params, state, context, t, rng))
        indices.append(state.index.copy())
        state = update(params, state, t, arms[-1], Revealed(context, LOSSES[arms[-1]]), rng)
    return np.array(indices), arms, float(state.ridge.log_det[0])


def test_linucb_by_hand():
    indices, arms, log_det = linucb()
    assert indices == pytest.approx(np.array(INDICES), abs=1e-6)
    assert arms == [0, 1, 2, 1]
    assert log_det == pytest.approx(2.197225, abs=1e-6)


def test_width_of_linucb():
    """The confidence set's: sqrt(lambda) S + (1/2) sqrt(2 ln(1 / delta) + ln det(A / lambda))."""
    from bandits.contextual.linear import _width

    learner = LinUCB(regularization=4.0, norm=0.5, failure_probability=0.1)
    params = learner.parameters(linear_game())
    width = plain(_width)(params, np.array([0.5, 0.25]))
    assert width == pytest.approx(1.0 + 0.5 * math.sqrt(2.0 * math.log(10.0) + 0.75), abs=1e-12)
    assert params.determinant == pytest.approx(2.0 * math.log1p(4.0 / 8.0), abs=1e-12)
    assert params.largest_width == pytest.approx(plain(_width)(params, np.array([params.determinant])), abs=1e-12)


def test_thompson_samples_have_their_covariance():
    """Over unit normals in turn the draw is theta plus the columns of a factor of v^2 A^-1."""
    game, learner = linear_game(), LinearThompson(deviation=0.5)
    params, rng = learner.parameters(game), stream_of(0, 0, 0)
    init, _, update = (plain(step) for step in learner.steps)
    state = init(params, rng)
    for t, arm in enumerate((0, 2, 1)):
        state = update(params, state, t, arm, Revealed(game.world.features[t], LOSSES[arm]), rng)
    columns, uniforms = [], []
    for chosen in range(2):

        def number(u, chosen=chosen):
            uniforms.append(u)
            return 1.0 if len(uniforms) % 2 == 1 - chosen else 0.0

        act = plain(learner.steps.act, normal_quantile=number)
        act(params, state, game.world.features[0], 3, rng)
        columns.append(state.draw[0] - state.ridge.theta[0])
    assert uniforms[:2] == uniforms[2:]
    assert uniforms[0] != uniforms[1]
    found = np.array(columns).T
    np.testing.assert_allclose(found @ found.T, 0.25 * state.ridge.inverse[0], atol=1e-12)
