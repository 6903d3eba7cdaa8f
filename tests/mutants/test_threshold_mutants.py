"""Wrong threshold searches, games and populations, each rejected by a check that the right one passes.

A mutant replaces one name in a module of the family; the steps' text, run by Python, then calls it. The checks are
those used elsewhere: the rules replayed from their definitions, the metrics, the law of a batch, the dynamics.
"""

import dataclasses
import importlib
from functools import cache

import numpy as np
import pytest

from bandits.threshold import (
    BlockFeasibleSearch,
    ChosenThreshold,
    FullScores,
    OptimisticFeasibleSearch,
    Synthetic,
    ThresholdGame,
)
from bandits.threshold.batch import write_residuals
from bandits.threshold.evidence import Radii, observe, residual_radius, reward_radius
from bandits.threshold.fixed_points import FixedPoints
from bandits.threshold.population import State
from tests.bandits.threshold import test_batches, test_game, test_learners, test_populations
from tests.bandits.threshold.replay import check_blind, check_blocks, check_search
from tests.bandits.threshold.scripted import Script, arms, script
from tests.drivers import plain
from tests.properties.test_threshold_populations import apart, moved

# ---------------------------------------------------------------- the checks


def search_rule():
    for seed, service in ((1, None), (2, (0.3, 0.6)), (3, (0.45, 0.5))):
        problem = script(seed, service=service)
        first = np.random.default_rng(seed).integers(0, 21, problem.horizon)  # groups of very uneven sizes
        problem = dataclasses.replace(problem, sizes=np.stack([20 - first, first], axis=1), tolerance=0.15)
        for width in (0.02, 0.3):
            check_search(problem, arms(problem, OptimisticFeasibleSearch(width=width)), width=width)


def block_rule():
    for seed in (1, 2):
        problem = script(seed, diameter=0.2)
        check_blocks(problem, arms(problem, BlockFeasibleSearch(hold=3, width=0.3)), 3, 0.3)


def blindness():
    for seed in (1, 2, 3):
        check_blind(script(seed), OptimisticFeasibleSearch(width=0.3), seed)


def residual_identity():
    out = np.empty((1, 2))
    for a, b in ((0.2, 0.7), (0.7, 0.2)):
        limits = test_batches.frozen(ChosenThreshold()).constraints._replace(n_constraints=2)
        plain(BATCH.write_residuals)(limits, 2, np.array([[a, b]]), 0.5, 0, out)
        assert max(out[0]) == pytest.approx(abs(a - b) - 0.1)


def accounts():
    for swapped in (False, True):
        test_game.test_the_accounts_are_those_of_the_definition(swapped)


def law(feedback, n_rounds=2000):
    game = test_batches.frozen(feedback, batch_size=2)
    test_batches.check_law(game, 1, *test_batches.batches(game, 1, n_rounds))


def law_of_the_chosen():
    law(ChosenThreshold())


def law_of_all():
    law(FullScores())


def contraction():
    population, thresholds = Synthetic(lift=0.3), np.array([0.5])
    one, other = State(0.55, 0.4), State(0.7, 0.6)
    after, after_other = (moved(population, thresholds, state, 0)[0] for state in (one, other))
    assert apart(after, after_other) <= population.contraction * apart(one, other) + 1e-14


def fixed_points():
    game = ThresholdGame(Synthetic(), 10, grid=[0.4, 0.5])
    for i, state in enumerate(game.fixed_points.state):
        assert apart(moved(game.population, game.thresholds, State(*state), i)[0], State(*state)) <= 2e-15


def oracle():
    test_populations.test_the_oracle_of_the_synthetic_population_equals_brute_force()


def commitment():
    for seed, service in ((1, None), (2, (0.3, 0.6)), (3, (0.3, 0.6))):
        test_learners.test_explore_then_commit(seed, service, 6)


def multipliers():
    test_learners.test_the_primal_dual_bandit_plays_the_highest_bound_of_the_lagrangian(2, (0.3, 0.6), 0.2)


def weights():
    test_learners.test_exponential_weights_on_the_lagrangian_are_replayed_from_their_uniforms(2, (0.3, 0.6))


def posterior():
    test_learners.test_thompson_plays_the_best_threshold_of_its_own_draw(2, (0.3, 0.6))


@cache
def passes(check):
    """Run a check on the right code, once however many mutants it is to reject."""
    check()


# ---------------------------------------------------------------- the mutants

BATCH = importlib.import_module("bandits.threshold.batch")
_reward_radius, _residual_radius, _observe = plain(reward_radius), plain(residual_radius), plain(observe)
_respond = plain(Script.steps.respond)
_write = plain(write_residuals)


def radius_without_plays(radii: Radii, evidence, arm):
    return radii.reward if evidence.plays[arm] else np.inf


def pessimistic_excess(radii, evidence, arm):
    return sum(
        max(0.0, evidence.residual[arm, j] + _residual_radius(radii, evidence, arm, j))
        for j in range(radii.n_constraints)
    )


def ignores_feasibility(value, excess):
    return int(np.argmax(value))


def ties_to_the_highest(value, excess):
    feasible = [i for i in range(len(value)) if excess[i] == 0.0]
    return max(feasible, key=lambda i: (value[i], i)) if feasible else int(np.argmin(excess))


def most_violating(value, excess):
    return int(np.argmax(np.where(excess == 0.0, value, -1.0))) if (excess == 0.0).any() else int(np.argmax(excess))


def unweighted(evidence, arm, row, outcome):  # residuals of uneven groups count as much as those of even ones
    for j in range(len(outcome.information)):
        evidence.information[arm, j] += outcome.information[j]
        evidence.residual[arm, j] += (outcome.residuals[row, j] - evidence.residual[arm, j]) / evidence.plays[arm]


def neighbour_too(evidence, arm, outcome):  # credits a threshold that was not played
    _observe(evidence, arm, outcome)
    _observe(evidence, (arm + 1) % len(evidence.plays), outcome)


def without_absolute_value(limits, rates):
    return max(0.0, rates.accept[0] - rates.accept[1] - limits.tolerance)


def one_sided_pair(limits, n_groups, rates, overall, row, out):
    _write(limits, n_groups, rates, overall, row, out)
    out[row, 1] = out[row, 0]


def absolute_pair(limits, n_groups, rates, overall, row, out):
    _write(limits, n_groups, -np.sort(-rates), overall, row, out)


def reward_without_price(accepted, good, n, price):
    return (good / n + price) / (1.0 + price)


def state_that_jumps(adaptation, state, target):
    return target


def rates_of_another_population(mean, spread, threshold):
    return mean, 0.5 * mean


def best_without_constraints(*fields):
    return FixedPoints(*fields)._replace(best=int(fields[FixedPoints._fields.index("reward")].argmax()))


def leaking(setting, world, t, arm, env):  # the reward tells of all thresholds
    outcome, after = _respond(setting, world, t, arm, env)
    return outcome._replace(reward=setting.reward[t].mean()), after


def one_uniform(tables, u, n, p):  # as if each uniform were one individual's
    return n if u < p else 0


def good_apart_from_scores(env, t, index, left_0, left_1, keep_0, keep_1):
    """Thins without its own uniforms: all individuals stay or none does."""
    return (left_0, left_1) if keep_0 > 0.5 else (0, 0)


def flipped_multipliers(multiplier, step, largest, outcome):
    for j in range(len(multiplier)):
        multiplier[j] = min(max(multiplier[j] - step * outcome.residuals[0, j], 0.0), largest)


def loss_of_the_reward_alone(multiplier, lift, outcome):
    return 1.0 - outcome.reward


def posterior_that_forgets_to_narrow(mean, prior, seen, spread, normal):
    return (mean * seen + prior) / (seen + 1.0) + spread * normal


@pytest.mark.parametrize(
    "check, module, name, mutant",
    [
        (search_rule, "optimistic_search", "reward_radius", lambda *a: -_reward_radius(*a)),
        (search_rule, "optimistic_search", "reward_radius", radius_without_plays),
        (search_rule, "evidence", "residual_radius", lambda *a: 0.0),
        (search_rule, "optimistic_search", "optimistic_excess", pessimistic_excess),
        (search_rule, "optimistic_search", "best_feasible", ignores_feasibility),
        (search_rule, "optimistic_search", "best_feasible", most_violating),
        (search_rule, "evidence", "observe_residuals", unweighted),
        (search_rule, "optimistic_search", "observe", neighbour_too),
        (block_rule, "block_search", "best_feasible", ignores_feasibility),
        (block_rule, "block_search", "observe", neighbour_too),
        (residual_identity, "batch", "write_residuals", one_sided_pair),
        (accounts, "rounds", "parity_violation", without_absolute_value),
        (accounts, "rounds", "service_violation", lambda limits, rates: 0.0),
        (accounts, "rounds", "mean_reward", lambda rates, price: rates.good[0]),
        (accounts, "pools", "_STEPS", test_batches.POOLS.steps._replace(advance=state_that_jumps)),
        (law_of_the_chosen, "batch", "write_residuals", absolute_pair),
        (law_of_the_chosen, "rounds", "scaled_reward", reward_without_price),
        (law_of_the_chosen, "batch", "recurring_binomial", one_uniform),
        (law_of_all, "batch", "thin", good_apart_from_scores),
        (blindness, Script, "steps", Script.steps._replace(respond=leaking)),
        (fixed_points, "synthetic", "group_rates", rates_of_another_population),
        (contraction, Synthetic, "steepest", 1.0),
        (oracle, "fixed_points", "FixedPoints", best_without_constraints),
        (commitment, "explore_then_commit", "best_feasible", ignores_feasibility),
        (multipliers, "lagrangian", "step_multipliers", flipped_multipliers),
        (weights, "lagrangian", "lagrangian_loss", loss_of_the_reward_alone),
        (weights, "lagrangian", "probability", lambda weights, arm: 1.0),
        (posterior, "thompson", "posterior", posterior_that_forgets_to_narrow),
    ],
    ids=lambda part: getattr(part, "__name__", part),
)
def test_a_mutant_is_rejected_by_a_check_that_the_right_one_passes(check, module, name, mutant, monkeypatch):
    passes(check)
    place = importlib.import_module(f"bandits.threshold.{module}") if isinstance(module, str) else module
    monkeypatch.setattr(place, name, mutant)
    with pytest.raises(AssertionError):
        check()
