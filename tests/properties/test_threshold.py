"""What holds for the threshold family on every input."""

import dataclasses

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bandits.core.limits import ROUNDING
from bandits.threshold import (
    BlockFeasibleSearch,
    DoublyOptimisticSearch,
    EpochFeasibleSearch,
    OptimisticFeasibleSearch,
    PessimisticSearch,
    Synthetic,
    ThresholdGame,
)
from bandits.threshold.batch import Constraints, Outcome, parity_violation, service_violation, write_residuals
from bandits.threshold.evidence import Evidence, best_feasible, radii, residual_radius, reward_radius
from bandits.threshold.lagrangian import lagrangian_loss
from bandits.threshold.population import acceptance, two_groups
from bandits.threshold.synthetic import group_rates
from tests.bandits.threshold.replay import Bounds, check_blind, check_blocks, check_choice, check_search, log_term
from tests.bandits.threshold.scripted import Script, arms, script
from tests.drivers import plain

SEEDS = st.integers(0, 2**32 - 1)
SERVICES = st.sampled_from([None, (0.2, 0.7), (0.45, 0.5)])
QUICK = settings(deadline=None)  # the first example compiles
FEW = settings(max_examples=25, deadline=None)  # each example replays a whole game


# ---------------------------------------------------------------- the selection rule


@FEW
@given(
    seed=SEEDS,
    service=SERVICES,
    width=st.sampled_from([0.0, 0.1, 0.3, 1.0]),
    tolerance=st.sampled_from([0.0, 0.1, 0.4]),
)
def test_the_search_follows_its_rule_in_every_round(seed, service, width, tolerance):
    problem = script(seed, service=service, tolerance=tolerance)
    check_search(problem, arms(problem, OptimisticFeasibleSearch(width=width)), width=width)


@QUICK
@given(
    value=st.lists(st.floats(-2, 2), min_size=1, max_size=8),
    data=st.data(),
)
def test_selection_by_brute_force(value, data):
    g = len(value)
    excess = data.draw(st.lists(st.sampled_from([0.0, 0.0, 0.1, 0.2]), min_size=g, max_size=g))
    looks_feasible = [i for i in range(g) if excess[i] == 0.0]
    pool, key = (looks_feasible, lambda i: (-value[i], i)) if looks_feasible else (range(g), lambda i: (excess[i], i))
    assert best_feasible(np.array(value), np.array(excess)) == min(pool, key=key)


@FEW
@given(seed=SEEDS)
def test_infinite_radii_try_every_threshold_once_first(seed):
    problem = script(seed, n_actions=6)
    assert arms(problem, OptimisticFeasibleSearch())[:6].tolist() == list(range(6))


@FEW
@given(seed=SEEDS, service=SERVICES)
def test_feedback_of_thresholds_not_chosen_never_changes_the_play(seed, service):
    check_blind(script(seed, service=service), OptimisticFeasibleSearch(width=0.3), seed)


@FEW
@given(seed=SEEDS)
def test_permuting_thresholds_permutes_the_choices_after_the_first_tries(seed):
    # every threshold is first met with outcomes that do not change in time, so the order of meeting cannot matter
    once = script(seed, horizon=1)
    horizon = 60
    problem = Script(
        np.repeat(once.reward, horizon, axis=0), np.repeat(once.rates, horizon, axis=0), np.full((horizon, 2), 10)
    )
    order = np.random.default_rng(seed).permutation(problem.n_actions)
    permuted = dataclasses.replace(problem, reward=problem.reward[:, order], rates=problem.rates[:, order])
    g = problem.n_actions
    learner = OptimisticFeasibleSearch(width=0.5)
    plain, moved = arms(problem, learner)[g:], order[arms(permuted, learner)][g:]
    log = log_term(problem, 0.05, horizon)
    for t in range(horizon - g):
        history = list(enumerate([*range(g), *plain[:t]]))
        bounds = Bounds(problem, log, horizon, history, width=0.5)
        key = bounds.optimistic if bounds.feasible.any() else -bounds.excess
        pool = np.sort(key[bounds.feasible] if bounds.feasible.any() else key)[::-1]
        if len(pool) > 1 and pool[0] - pool[1] < 1e-12:
            break  # a tie goes to the lowest index, which is not the same threshold
        assert plain[t] == moved[t]


# ---------------------------------------------------------------- radii


@QUICK
@given(
    horizon=st.integers(2, 10**6),
    grid=st.integers(2, 100),
    plays=st.integers(1, 10**6),
    batch=st.integers(1, 1000),
)
def test_radii_fall_with_plays_and_rise_with_horizon_and_grid(horizon, grid, plays, batch):
    def made(t, g):
        game = ThresholdGame(Synthetic(adaptation=0.0), t, grid=g, batch_size=batch)
        return radii(game, 0.05, 1.0)

    here = made(horizon, grid)
    assert here.reward / np.sqrt(plays + 1) < here.reward / np.sqrt(plays)
    for larger in (made(2 * horizon, grid), made(horizon, grid + 1)):
        assert larger.reward > here.reward
        assert larger.service > here.service
        assert larger.log_term > here.log_term
    assert here.parity >= 2.0 * here.service  # R = 2, and S >= 1


@QUICK
@given(plays=st.integers(1, 10**6), fewer=st.floats(0, 1), width=st.sampled_from([0.0, 0.5, 1.0]))
def test_radii_of_a_threshold_fall_with_its_evidence_and_are_infinite_without(plays, fewer, width):
    game = ThresholdGame(Synthetic(adaptation=0.0), 1000, service=(0.2, 0.8))
    width_and_bias = radii(game, 0.05, width, bias=0.01)
    counts = np.array([0, max(1, int(fewer * plays)), plays])
    evidence = Evidence(counts, np.zeros(3), np.zeros((3, 4)), 100.0 * np.outer(counts, np.ones(4)))
    reward = [plain(reward_radius)(width_and_bias, evidence, i) for i in range(3)]
    residual = [[plain(residual_radius)(width_and_bias, evidence, i, j) for j in range(4)] for i in range(3)]
    for none, some, more in (reward, *zip(*residual, strict=True)):
        assert none == np.inf
        assert some >= more >= 0.0
        assert (some > more) == (counts[1] < counts[2] and width > 0.0)


# ---------------------------------------------------------------- searches that hold


@FEW
@given(seed=SEEDS, hold=st.integers(1, 6), diameter=st.sampled_from([0.0, 0.2]))
def test_the_block_search_holds_and_learns_from_the_last_round_only(seed, hold, diameter):
    problem = script(seed, diameter=diameter)
    check_blocks(problem, arms(problem, BlockFeasibleSearch(hold=hold, width=0.3)), hold, 0.3)


@FEW
@given(seed=SEEDS, hold=st.integers(1, 4))
def test_the_epoch_search_changes_seldom_and_follows_the_rule_when_it_does(seed, hold):
    problem = script(seed, horizon=200)
    played = arms(problem, EpochFeasibleSearch(hold=hold, width=0.3))
    log = log_term(problem, 0.05, problem.horizon)
    history, t, epochs, last = [], 0, 0, 0
    while t < problem.horizon:
        bounds = Bounds(problem, log, problem.horizon, history, 0.3)
        if t > 0:
            check_choice(bounds, played[t])
        settling = hold - 1 if t == 0 or played[t] != last else 0
        learned = range(t + settling, min(problem.horizon, t + settling + max(1, bounds.plays[played[t]])))
        end = learned.stop if len(learned) else problem.horizon
        assert len(set(played[t:end])) == 1
        history += [(s, played[s]) for s in learned]
        last, t, epochs = played[t], end, epochs + 1
    assert epochs <= problem.n_actions * (1 + np.log2(problem.horizon))


# ---------------------------------------------------------------- other learners


@FEW
@given(seed=SEEDS, service=SERVICES)
def test_doubly_optimistic_follows_its_rule(seed, service):
    problem = script(seed, service=service, horizon=60)
    played = arms(problem, DoublyOptimisticSearch(width=0.4))
    for t, arm in enumerate(played):
        history = list(enumerate(played[:t]))
        bounds = Bounds(problem, 1.0, problem.horizon, history, 0.4)
        k = np.maximum(bounds.plays, 1)
        root = np.sqrt(log_term(problem, 0.05, 1) + np.log(k * (k + 1.0)))
        optimistic = bounds.reward + root * bounds.reward_radius
        worst = (bounds.residual - root[:, None] * bounds.residual_radius).max(axis=1)
        if (worst <= 0.0).any():
            assert worst[arm] <= 1e-9
            assert optimistic[arm] >= optimistic[worst <= 0.0].max() - 1e-9
        else:
            assert worst[arm] <= worst.min() + 1e-9


@FEW
@given(seed=SEEDS, slope=st.sampled_from([0.0, 0.5, 2.0]))
def test_pessimistic_search_plays_only_what_is_certified(seed, slope):
    problem = script(seed, batch_size=400, tolerance=0.5)
    learner = PessimisticSearch(safe=1, slope=slope)
    played = arms(problem, learner)
    log, upper = log_term(problem, 0.05, problem.horizon), np.full((problem.n_actions, problem.n_constraints), np.inf)
    for t, arm in enumerate(played):
        if t > 0:
            bounds = Bounds(problem, log, problem.horizon, list(enumerate(played[:t])))
            last = played[t - 1]
            reach = slope * np.abs(problem.thresholds - problem.thresholds[last])
            upper = np.minimum(upper, (bounds.residual + bounds.residual_radius)[last] + reach[:, None])
        assert arm == 1 or (upper[arm] <= 1e-9).all()


@QUICK
@given(
    multiplier=st.lists(st.floats(0, 5), min_size=4, max_size=4),
    reward=st.floats(0, 1),
    rates=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    limits=st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)),
    m=st.sampled_from([2, 4]),
)
def test_the_lagrangian_loss_is_in_the_unit_interval(multiplier, reward, rates, limits, m):
    tolerance, low, high = limits[0], min(limits[1:]), max(limits[1:])
    residuals, lift = np.empty((1, m)), np.array([1.0 + tolerance, 1.0 + tolerance, 1.0, 1.0][:m])
    write_residuals(Constraints(m, tolerance, low, high), 2, np.array([rates[:2]]), rates[2], 0, residuals)
    loss = plain(lagrangian_loss)(np.array(multiplier[:m]), lift, Outcome(reward, residuals, np.ones(m)))
    assert -1e-12 <= loss <= 1.0 + 1e-12


# ---------------------------------------------------------------- residuals and rates


@QUICK
@given(a=st.floats(0, 1), b=st.floats(0, 1), share=st.floats(0.05, 0.95), tolerance=st.floats(0, 1))
@example(a=0.5, b=0.5, share=0.5, tolerance=1e-14)
def test_residual_identities(a, b, share, tolerance):
    limits = Constraints(4, tolerance, 0.3, 0.6)
    rates = two_groups(share, a, b, 0.0, 0.0)
    out = np.empty((1, 4))
    write_residuals(limits, 2, np.array([[a, b]]), acceptance(rates), 0, out)
    parity, overall = beyond(abs(a - b), tolerance), acceptance(rates)
    assert max(out[0, 0], out[0, 1]) == pytest.approx(parity, abs=1e-15)
    assert np.maximum(out[0, :2], 0.0).sum() == pytest.approx(parity_violation(limits, rates), abs=1e-15)
    assert np.maximum(out[0, 2:], 0.0).sum() == pytest.approx(service_violation(limits, rates), abs=1e-15)
    assert (out[0] <= 0.0).all() == (max(parity, beyond(0.3, overall), beyond(overall, 0.6)) <= 0.0)


def beyond(value, limit):
    """Return how far a value is above its limit, 0 where only rounding tells them apart."""
    return 0.0 if abs(value - limit) <= ROUNDING else value - limit


@QUICK
@given(mean=st.floats(-0.2, 1.2), spread=st.floats(0.01, 2.0), low=st.floats(0, 1), high=st.floats(0, 1))
def test_acceptance_falls_with_the_threshold_and_good_acceptances_are_part_of_it(mean, spread, low, high):
    low, high = min(low, high), max(low, high)
    more, good = group_rates(mean, spread, low)
    fewer, fewer_good = group_rates(mean, spread, high)
    assert 0.0 <= fewer <= more <= 1.0
    assert 0.0 <= good <= more
    assert fewer_good <= good + 1e-15
