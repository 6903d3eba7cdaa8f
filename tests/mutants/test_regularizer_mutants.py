"""Wrong mirror descent, equilibria and divergences for any regulariser, each rejected by a check of the right one."""

from dataclasses import dataclass

import numpy as np
import pytest

from bandits.preference import MirrorDescent, Tsallis, regularized_nash
from bandits.preference.self_play.mirror_descent import MirrorState
from tests.bandits.preference.self_play.playing import MU, REFERENCE
from tests.bandits.preference.self_play.test_regularizers import Squares, check_balance
from tests.bandits.preference.test_equilibria import check_other
from tests.mutants.rejection import rejected


@dataclass(frozen=True)
class Wrong(MirrorDescent):
    """Mirror descent with another step of the dual: (params, dual, reference, row) -> the next dual."""

    rule: str = "right"

    @property
    def step(self):
        def step(params, state, t, ask):
            dual = RULES[self.rule](params, state.dual, state.reference_dual, ask.row(state.log_policy))
            return MirrorState(dual, self.regularizer.log_policy(dual), state.reference_dual)

        return step


RULES = {
    "right": lambda q, y, m, g: (q.prox_weight * y + q.regularization * m + g) / (q.prox_weight + q.regularization),
    "reference dropped": lambda q, y, m, g: (q.prox_weight * y + g) / (q.prox_weight + q.regularization),
    "not divided": lambda q, y, m, g: y + (q.regularization * (m - y) + g) / q.prox_weight,
    "weights exchanged": lambda q, y, m, g: (
        (q.regularization * y + q.prox_weight * m + g) / (q.prox_weight + q.regularization)
    ),
    "along the columns": lambda q, y, m, g: (
        (q.prox_weight * y + q.regularization * m - g) / (q.prox_weight + q.regularization)
    ),
}


@pytest.mark.parametrize("psi", [Squares(), Tsallis(0.5)], ids=lambda psi: type(psi).__name__)
def test_steps(psi):
    check_balance(psi, Wrong(psi, 2.0, "right"))
    for rule in RULES:
        if rule != "right":
            rejected(check_balance, psi, Wrong(psi, 2.0, rule))


@pytest.mark.parametrize("psi", [Squares(1 / 3), Tsallis(0.5)], ids=lambda psi: type(psi).__name__)
def test_equilibria(psi):
    check_other(REFERENCE, 0.1, MU, psi)
    wrong = {
        "transposed": lambda p, tau, mu, psi: regularized_nash(p.T, tau, mu, psi),
        "reference dropped": lambda p, tau, mu, psi: regularized_nash(p, tau, None, psi),
        "step for its inverse": lambda p, tau, mu, psi: regularized_nash(p, 1.0 / tau, mu, psi),
        "relative entropy": lambda p, tau, mu, psi: regularized_nash(p, tau, mu),
        "nearly": lambda p, tau, mu, psi: (1.0 - 1e-4) * regularized_nash(p, tau, mu, psi) + 1e-4 / 3,
    }
    for solve in wrong.values():
        rejected(check_other, REFERENCE, 0.1, MU, psi, solve)


def check_tsallis(divergence, size):
    """The divergence of nearby policies is, to first order, that of the second derivative, also where it is 1e-18."""
    psi, w = Tsallis(0.5), np.array([0.6, 0.3, 0.1])
    move = size * np.array([1.0, -0.4, -0.6])
    expected = 0.5 * (0.5 * w**-1.5 * move**2).sum()
    assert divergence(psi, w + move, w) == pytest.approx(expected, rel=1e-5, abs=0.0)


def test_divergences_of_nearby_policies():
    check_tsallis(lambda psi, u, w: psi.bregman(np.log(u), np.log(w)), 1e-7)
    rejected(check_tsallis, lambda psi, u, w: psi.divergence(u, w), 1e-8)
    rejected(check_tsallis, lambda psi, u, w: 2.0 * psi.bregman(np.log(u), np.log(w)), 1e-7)
