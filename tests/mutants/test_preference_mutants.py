"""Wrong learners, solvers and measures of the preference family, each rejected by a check that the right one passes."""

from dataclasses import dataclass
from typing import ClassVar

import jax.numpy as jnp
import numpy as np
import pytest

import theory
from bandits.preference import (
    EGPO,
    INPO,
    MMD,
    OMWU,
    ONPO,
    SPPO,
    HedgeSelfPlay,
    NashEMA,
    NashMD,
    NashMP,
    RegretMatchingPlus,
    feedback,
    log_regularized_nash,
    von_neumann_winner,
    winner,
)
from bandits.preference.measures import kl
from bandits.preference.prox import geometric_mixture, normalise, prox
from bandits.preference.self_play import inpo, nash_mp, optimistic_prox
from bandits.preference.self_play.conventions import (
    weight_from_inverse_step,
    weight_from_logit_step,
    weight_from_magnet_step,
)
from bandits.preference.self_play.problem import PreferenceRules
from sims.engines import self_play as engine
from tests.bandits.preference.self_play import laws
from tests.bandits.preference.self_play.known_answers import ROWS, check_first_policies
from tests.bandits.preference.self_play.playing import MU, REFERENCE, case, random_matrix
from tests.bandits.preference.self_play.test_facts import check_proximal_identity
from tests.bandits.preference.self_play.test_identities import check_egpo, check_inpo, check_mmd
from tests.bandits.preference.self_play.test_self_play import GAME, check_queries, check_simulation
from tests.bandits.preference.test_equilibria import check_regularized, check_winner
from tests.bandits.preference.test_measures import check_digits
from tests.mutants.rejection import rejected

KNOWN = case()
LARGER = case(random_matrix("uniform", 6, 2), np.array([0.3, 0.1, 0.2, 0.2, 0.15, 0.05]), 0.2)


# ---------------------------------------------------------------- the proximal step


def wrong_sign(w, gain, mu, tau, weight):
    return normalise((weight * w - tau * mu + gain) / (weight + tau))


def reference_dropped(w, gain, mu, tau, weight):
    return normalise((weight * w + gain) / (weight + tau))


def step_for_its_inverse(w, gain, mu, tau, weight):
    return normalise((weight * w + tau * mu + gain) * (weight + tau))


def transposed(w, gain, mu, tau, weight):
    return prox(w, -gain, mu, tau, weight)


def weights_exchanged(w, gain, mu, tau, weight):
    return normalise((tau * w + weight * mu + gain) / (weight + tau))


STEPS = [wrong_sign, reference_dropped, step_for_its_inverse, transposed, weights_exchanged]


def prox_checks(known):
    """Every law that a learner built on `prox` must pass on a game."""
    weight = 0.25 / known.tau
    return [
        (nash_mp, laws.check_contraction, (NashMP(), known, 1.0 / (1.0 + 2.0 * known.tau))),
        (nash_mp, laws.check_nash_mp_identity, (NashMP(), known, 0.5)),
        (inpo, laws.check_contraction, (INPO(), known, weight / (weight + known.tau))),
        (inpo, laws.check_inpo_identity, (INPO(), known, weight)),
        (optimistic_prox, laws.check_onpo_identity, (ONPO(), known, 1.0)),
    ]


@pytest.mark.parametrize("known", [KNOWN, LARGER], ids=["three actions", "six"])
def test_prox_mutants(monkeypatch, known):
    for module, check, arguments in prox_checks(known):
        check(*arguments)
        for wrong in STEPS:
            with monkeypatch.context() as patch:
                patch.setattr(module, "prox", wrong)
                rejected(check, *arguments)


def test_prox_mutants_have_other_first_policies(monkeypatch):
    for name, module in (
        ("Nash-MP, lambda = 1/2", nash_mp),
        ("INPO, eta = 2.6", inpo),
        ("ONPO, lambda = 3/2", optimistic_prox),
    ):
        for wrong in STEPS:
            with monkeypatch.context() as patch:
                patch.setattr(module, "prox", wrong)
                rejected(check_first_policies, *ROWS[name])


# ---------------------------------------------------------------- learners


@dataclass(frozen=True)
class NoExtrapolation(NashMP):
    """Both halves at the row of the present policy: INPO at mirror prox's weight, for which nothing is proved."""

    @staticmethod
    def step(params, state, t, ask):
        here, reference = state
        ahead = prox(here, ask.row(here, 0), reference, *params)
        ask.row(ahead, 1)
        return state._replace(log_policy=ahead)


@dataclass(frozen=True)
class FromTheHalfStep(NashMP):
    """The second half starts where the first ended: two steps of INPO."""

    @staticmethod
    def step(params, state, t, ask):
        here, reference = state
        ahead = prox(here, ask.row(here, 0), reference, *params)
        return state._replace(log_policy=prox(ahead, ask.row(ahead, 1), reference, *params))


@pytest.mark.parametrize("mutant", [NoExtrapolation, FromTheHalfStep])
def test_extrapolation_mutants(mutant):
    rejected(laws.check_nash_mp_identity, mutant(), KNOWN, 0.5)
    rejected(check_first_policies, mutant(), ROWS["Nash-MP, lambda = 1/2"].policies)
    cycle = case(random_matrix("tournament", 5, 3), tau=0.02, mu=[0.2001, 0.1999, 0.2, 0.2, 0.2])
    laws.check_contraction(NashMP(), cycle, 1.0 / 1.04, rounds=200)
    rejected(laws.check_contraction, mutant(), cycle, 1.0 / 1.04, rounds=200)


def after_one_step(known, log_policy, weight):
    return prox(log_policy, known.skew @ np.exp(log_policy), known.log_mu, known.tau, weight)


def without_the_reference(known, log_policy, weight):
    return log_regularized_nash(known.preferences, known.tau + weight, np.exp(log_policy))


def mixed_the_other_way(known, log_policy, weight):
    centre = np.exp(geometric_mixture(known.log_mu, log_policy, known.tau / (known.tau + weight)))
    return log_regularized_nash(known.preferences, known.tau + weight, centre / centre.sum())


def of_the_reference_weight(known, log_policy, weight):
    centre = np.exp(geometric_mixture(log_policy, known.log_mu, known.tau / (known.tau + weight)))
    return log_regularized_nash(known.preferences, known.tau, centre / centre.sum())


@pytest.mark.parametrize("step", [after_one_step, without_the_reference, mixed_the_other_way, of_the_reference_weight])
def test_proximal_point_mutants(step):
    for known in (KNOWN, LARGER):
        check_proximal_identity(known, 0.5)
        rejected(check_proximal_identity, known, 0.5, step)


@dataclass(frozen=True)
class NoOptimism(OMWU):
    @staticmethod
    def policy(params, state):
        return state.log_weights


@dataclass(frozen=True)
class StaleOptimism(ONPO):
    """Takes the half step from the old centre."""

    @staticmethod
    def step(params, state, t, ask):
        gain = ask.row(state.log_policy)
        ahead = prox(state.log_centre, gain, state.log_reference, *params)
        return state._replace(log_centre=ahead, log_policy=ahead)


@dataclass(frozen=True)
class NeverForgets(RegretMatchingPlus):
    @staticmethod
    def step(params, state, t, ask):
        return state._replace(regret=state.regret + ask.row(RegretMatchingPlus.policy(params, state)))


@dataclass(frozen=True)
class IdealStep(SPPO):
    """Hedge's step, which SPPO's regression only approaches."""

    @staticmethod
    def step(params, state, t, ask):
        return state._replace(log_policy=normalise(state.log_policy + params.learning_rate * ask.row(state.log_policy)))


@dataclass(frozen=True)
class AverageOfTheOld(NashEMA):
    @staticmethod
    def step(params, state, t, ask):
        before = np.exp(state.log_policy)
        moved = NashEMA.step(params, state, t, ask)
        return moved._replace(average=0.5 * state.average + 0.5 * before)


@dataclass(frozen=True)
class AnswersItself(NashMD):
    """The mixture is the centre but not the opponent."""

    @staticmethod
    def step(params, state, t, ask):
        rate = params.learning_rate or 2.0 / (params.regularization * (t + 2.0))
        mixture = geometric_mixture(state.log_policy, state.log_reference, rate * params.regularization)
        ask.row(mixture)
        return state._replace(log_policy=normalise(mixture + rate * ask.row(state.log_policy)))


@dataclass(frozen=True)
class NoMixture(NashMD):
    """The reference is dropped."""

    @staticmethod
    def step(params, state, t, ask):
        rate = params.learning_rate or 2.0 / (params.regularization * (t + 2.0))
        return state._replace(log_policy=normalise(state.log_policy + rate * ask.row(state.log_policy)))


@pytest.mark.parametrize(
    ("mutant", "name"),
    [
        (NoOptimism(1.0), "OMWU, a = 1"),
        (StaleOptimism(1.5), "ONPO, lambda = 3/2"),
        (NeverForgets(), "RM+"),
        (IdealStep(0.5), "SPPO, eta = 1/2"),
        (AverageOfTheOld(0.4, 0.5), "Nash-EMA, b = 1/2, lambda = 0.4"),
        (NoMixture(), "Nash-MD, schedule"),
        (HedgeSelfPlay(0.9), "Hedge, a = 1"),
    ],
    ids=lambda x: type(x).__name__,
)
def test_first_policies_tell_mutants(mutant, name):
    check_first_policies(*ROWS[name])
    rejected(check_first_policies, mutant, ROWS[name].policies)


def test_nash_md_mutants():
    def rate(t):
        return 2.0 / (0.1 * (t + 2))

    laws.check_nash_md_identity(NashMD(), KNOWN, rate)
    rejected(laws.check_nash_md_identity, NoMixture(), KNOWN, rate)
    rejected(laws.check_nash_md_identity, AnswersItself(1.0), KNOWN, lambda t: 1.0)
    rejected(laws.check_nash_md_identity, NashMD(), KNOWN, lambda t: rate(t + 1))


def test_optimism_is_seen_by_what_hedge_must_do():
    """The optimistic form comes back to an interior equilibrium; the check that Hedge leaves it rejects it."""
    laws.check_leaves_interior_equilibria(HedgeSelfPlay(0.5), KNOWN, np.array([2, 2, 3]) / 7)
    rejected(laws.check_leaves_interior_equilibria, OMWU(0.5), KNOWN, np.array([2, 2, 3]) / 7)


@dataclass(frozen=True)
class Backwards(HedgeSelfPlay):
    """Moves along P^T instead of P."""

    @staticmethod
    def step(params, state, t, ask):
        return HedgeSelfPlay.step(params._replace(learning_rate=-params.learning_rate), state, t, ask)


def test_hedge_backwards_breaks_its_bound():
    """The equality of gap and regret holds for every play; the bound on it does not."""

    def check(learner):
        gap = laws.check_regret_is_the_gap(learner, case([[0.5, 0.9], [0.1, 0.5]], [0.5, 0.5]), 100)
        assert gap <= 2.0 * (np.log(2.0) / (0.3 * 100) + 0.3 / 8.0)

    check(HedgeSelfPlay(0.3))
    rejected(check, Backwards(0.3))


# ---------------------------------------------------------------- conventions


def test_conventions_of_other_papers_are_rejected():
    eta, tau = 0.4, KNOWN.tau
    check_egpo(EGPO(weight_from_logit_step(eta, tau)), KNOWN, eta)
    rejected(check_egpo, EGPO(weight_from_magnet_step(eta)), KNOWN, eta)  # beta not taken off
    rejected(check_egpo, EGPO(weight_from_inverse_step(eta, tau)), KNOWN, eta)  # a step read as its inverse
    check_inpo(INPO(weight_from_inverse_step(eta, tau)), KNOWN, eta)
    rejected(check_inpo, INPO(eta), KNOWN, eta)
    rejected(check_inpo, INPO(weight_from_magnet_step(eta)), KNOWN, eta)
    check_mmd(MMD(weight_from_magnet_step(eta)), KNOWN, eta)
    rejected(check_mmd, MMD(eta), KNOWN, eta)
    rejected(check_mmd, MMD(weight_from_logit_step(eta, tau)), KNOWN, eta)


# ---------------------------------------------------------------- solvers and measures


def test_solver_mutants():
    rejected(check_winner, REFERENCE, lambda p: von_neumann_winner(p[[2, 1, 0]][:, [2, 1, 0]]))
    rejected(check_winner, random_matrix("uniform", 6, 2), lambda p: von_neumann_winner(p.T))
    rejected(check_winner, REFERENCE, lambda p: np.exp(log_regularized_nash(p, 0.01)))
    wrong = {
        "transposed": lambda p, tau, mu: log_regularized_nash(p.T, tau, mu),
        "reference dropped": lambda p, tau, mu: log_regularized_nash(p, tau),
        "step for its inverse": lambda p, tau, mu: log_regularized_nash(p, 1.0 / tau, mu),
        "half the weight": lambda p, tau, mu: log_regularized_nash(p, tau / 2.0, mu),
        "wrong sign": lambda p, tau, mu: log_regularized_nash(p, tau, (1.0 / mu) / (1.0 / mu).sum()),
    }
    for solve in wrong.values():
        rejected(check_regularized, REFERENCE, 0.1, MU, solve)


@pytest.mark.parametrize("sharing", [lambda scaled: np.eye(len(scaled))[0], lambda scaled: -scaled[0]])
def test_a_wrong_guess_of_the_winner_is_found_out(monkeypatch, sharing):
    """The guess only suggests a support: without the exact check that follows it the winner would be beaten."""
    right = von_neumann_winner(REFERENCE)
    monkeypatch.setattr(winner, "_guess", sharing)
    assert np.array_equal(von_neumann_winner(REFERENCE), right)
    monkeypatch.setattr(winner, "_unbeaten", lambda *_: True)
    rejected(check_winner, REFERENCE)


def naive_kl(log_p, log_q):
    return float(np.sum(np.exp(log_p) * (log_p - log_q)))


def reversed_kl(log_p, log_q):
    return kl(log_q, log_p)


def test_divergence_mutants():
    size = 1e-7
    near = normalise(KNOWN.log_star + size * np.array([1.0, -1.0, 0.3]))
    check_digits(kl, near, KNOWN.log_star, size)
    rejected(check_digits, naive_kl, near, KNOWN.log_star, size)
    rejected(check_digits, reversed_kl, KNOWN.log_mu, KNOWN.log_star, 1.0)


# ---------------------------------------------------------------- the batched loop


@pytest.fixture
def recompiled():
    """Compile afresh before and after, so that patched rules are neither missed nor kept."""
    engine._program.cache_clear()
    yield
    engine._program.cache_clear()


@pytest.mark.usefixtures("recompiled")
def test_average_reported_as_last_iterate(monkeypatch):
    right = PreferenceRules.measure

    def wrong(rules, game, policy, total, n_rounds):
        return right(rules, game, jnp.log(total / n_rounds), total, n_rounds)

    monkeypatch.setattr(PreferenceRules, "measure", wrong)
    rejected(check_simulation, NashMP())
    assert theory.verify("tiapkin2025.nash_mp", GAME, NashMP()).broken


@pytest.mark.usefixtures("recompiled")
def test_transposed_rows_in_the_batched_loop(monkeypatch):
    monkeypatch.setattr(feedback, "payoff", lambda matrix, policy: policy @ matrix)
    rejected(check_simulation, NashMP())


def test_miscounted_queries():
    @dataclass(frozen=True)
    class Miscounted(NashMP):
        queries: ClassVar[int] = 1

    rejected(check_queries, Miscounted())
