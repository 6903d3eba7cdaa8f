"""Wrong rules, feedback, metrics, bounds and fits around Stackelberg play, rejected where the right ones pass."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import theory
from bandits.preference import StackelbergGDA, fit_density, games, mixture_fit
from bandits.preference.stackelberg import game as stackelberg
from tests.bandits.preference import test_density
from tests.bandits.preference.self_play.playing import random_policy
from tests.bandits.preference.stackelberg import test_problem as test_stackelberg_match
from tests.bandits.preference.stackelberg.test_problem import GAME, Shown, measure
from tests.mutants.rejection import rejected
from tests.theory.preference import test_stackelberg

CHECKS = (test_stackelberg_match.check_descent, test_stackelberg_match.check_averaging)


# ---------------------------------------------------------------- rules


@dataclass(frozen=True)
class RatesExchanged(StackelbergGDA):
    """Leader and follower take each other's steps."""

    @property
    def step(self):
        right = super().step

        def step(params, play, t, ask):
            return right(params._replace(leader_rate=params[1], follower_rate=params[0]), play, t, ask)

        return step


@dataclass(frozen=True)
class InTurn(StackelbergGDA):
    """The leader sees the follower's next policy."""

    @property
    def step(self):
        right = super().step

        def step(params, play, t, ask):
            after = right(params, play, t, ask)
            seen = play._replace(log_follower=after.log_follower)
            return after._replace(log_leader=right(params, seen, t, ask).log_leader)

        return step


@dataclass(frozen=True)
class AnswersTooLate(StackelbergGDA):
    """The leader meets the follower that was, and the best response comes afterwards."""

    @property
    def step(self):
        def step(params, play, t, ask):
            after = stackelberg.mirror_step(ask, play, params.leader_rate, 0.0)
            return after._replace(log_follower=ask.best_response())

        return step


@dataclass(frozen=True)
class NeverSlower(StackelbergGDA):
    """Falling steps that do not fall."""

    def parameters(self, problem):
        return super().parameters(problem)._replace(fall=0.0)


@pytest.mark.parametrize("kind", [RatesExchanged, InTurn])
def test_descents(kind):
    rejected(test_stackelberg_match.check_descent, learner=kind(0.5, 4.0))


def test_best_responses():
    rejected(test_stackelberg_match.check_best_response, learner=AnswersTooLate(2.0, follower="best response"))


def test_falling_steps():
    rejected(test_stackelberg_match.check_averaging, learner=NeverSlower())


# ---------------------------------------------------------------- what the players see


class Undivided(Shown):
    """The follower's gradient keeps its factor pi(y)."""

    def gradients(self, play):
        up, down = super().gradients(play)
        return up, np.exp(play.log_leader)[:, None] * down


class WeightAdded(Shown):
    """tau_F rewards the follower's distance from its reference."""

    def gradients(self, play):
        up, down = super().gradients(play)
        return up, 2.0 * self.table - down


class LeaderUnpaid(Shown):
    """The leader's row leaves out the follower's regularisation."""

    def gradients(self, play):
        up, down = super().gradients(play)
        return up - self.terms.follower_weight * stackelberg.kl(
            play.log_follower, self.terms.log_follower_reference
        ), down


class Transposed(Shown):
    """P[y', y] for P[y, y']."""

    def gradients(self, play):
        return Shown(self.terms, self.table.T).gradients(play)

    def best_response(self):
        return Shown(self.terms, self.table.T).best_response()


@pytest.mark.parametrize("shown", [Undivided, WeightAdded, LeaderUnpaid, Transposed])
def test_gradients(shown):
    rejected(test_stackelberg_match.check_descent, shown=shown)


@pytest.mark.parametrize("shown", [Undivided, WeightAdded, Transposed])
def test_averages(shown):
    rejected(test_stackelberg_match.check_averaging, shown=shown)


@pytest.mark.parametrize("shown", [LeaderUnpaid, Transposed])
def test_gradients_against_best_responses(shown):
    rejected(test_stackelberg_match.check_best_response, shown=shown)


# ---------------------------------------------------------------- metrics


def drawn():
    rng = np.random.default_rng(9)
    play = stackelberg.StackelbergPlay(np.log(random_policy(3, rng)), np.log([random_policy(3, rng) for _ in range(3)]))
    return GAME, play, None


def weights_exchanged(match, arrays, play):
    goal = arrays.target
    swapped = goal._replace(leader_weight=goal.follower_weight, follower_weight=goal.leader_weight)
    return measure(match, arrays._replace(target=swapped), play)


def divergences_reversed(match, arrays, play):
    goal = arrays.target
    swapped = goal._replace(log_leader=play.log_leader, log_follower=play.log_follower)
    play = stackelberg.StackelbergPlay(goal.log_leader, goal.log_follower)
    return measure(match, arrays._replace(target=swapped), play)


@pytest.mark.parametrize("measured", [weights_exchanged, divergences_reversed])
def test_metrics(measured):
    test_stackelberg_match.check_metrics(drawn())
    rejected(test_stackelberg_match.check_metrics, drawn(), measured)


# ---------------------------------------------------------------- bounds

GENTLE = {"slhf2025.best_response_span": 1.01, "slhf2025.leader_span": 4.0, "slhf2025.follower_gap": 40.0}


@pytest.mark.parametrize("name", GENTLE)
def test_bounds_divided(name):
    """No exact bound survives division by these."""
    bound = theory.theorem(name)
    wrong = replace(bound, expression=bound.expression / GENTLE[name])
    follower = "best response" if "best_response" in name else "gradient"
    learner = StackelbergGDA(0.5, 4.0, follower=follower)
    test_stackelberg.check_path(GAME, learner, (bound,))
    rejected(test_stackelberg.check_path, GAME, learner, (wrong,))


def test_bounds_that_forget_the_follower():
    """On this cycle all answers have the worth 1/2, and what disturbs the leader is the follower's way there."""
    share = np.exp(1.0) / (1.0 + np.exp(1.0))
    rows = [[own, (1.0 - own) * share, (1.0 - own) * (1.0 - share)] for own in (0.98, 0.02, 0.02)]
    references = [np.roll(row, y) for y, row in enumerate(rows)]
    game = stackelberg.StackelbergGame(games.rock_paper_scissors(0.5), 0.1, 0.5, None, references)
    assert np.ptp(game.solution.worth) < 1e-12
    bound = theory.theorem("slhf2025.leader_span")
    alone = replace(bound, expression=theory.theorem("slhf2025.best_response_span").expression)
    test_stackelberg.check_path(game, StackelbergGDA(0.5, 2.0), (bound,))
    rejected(test_stackelberg.check_path, game, StackelbergGDA(0.5, 2.0), (alone,))


# ---------------------------------------------------------------- densities


def losses_for_wins(wins):
    return fit_density(np.transpose(wins))


def rewards_for_density(wins):
    return np.log(fit_density(wins))


def win_rates(wins):
    rate = np.asarray(wins).sum(axis=1)
    return rate / rate.sum()


@pytest.mark.parametrize("fit", [losses_for_wins, rewards_for_density, win_rates])
def test_densities(fit):
    rejected(test_density.check_recovery, fit)


def average_for_fit(weights, densities):
    found = mixture_fit(weights, densities)
    return found._replace(fitted=found.average)


def test_mixtures():
    rejected(test_density.check_digits, average_for_fit)


def test_right_ones_pass():
    for check in CHECKS:
        check()
    test_stackelberg_match.check_best_response()
    test_density.check_recovery()
    test_density.check_digits()
