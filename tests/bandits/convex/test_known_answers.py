"""Plays of three and four rounds, worked out by hand or by other programs to six digits; nothing is compiled."""

from dataclasses import replace

import numpy as np
import pytest

from bandits.combine import observed
from bandits.convex import (
    OGD,
    AdaGradNorm,
    Ader,
    Ball,
    ConvexGame,
    FixedRateOGD,
    Gradient,
    GradientTable,
    HintedGradient,
    LazyOGD,
    OnlineNewtonStep,
    OptimisticDescent,
    OptimisticFTL,
    OptimisticFTRL,
    QuadraticLosses,
    StronglyConvexOGD,
    ader,
    optimistic,
)
from bandits.core.jit import kernel
from sims import simulate
from tests.mutants.rejection import rejected
from theory import theorem
from theory.convex.witnesses import certificates
from theory.convex.witnesses.certificates import (
    AdaGradCertificate,
    DescentCertificate,
    LeaderCertificate,
    NewtonCertificate,
    OptimisticCertificate,
    StrongCertificate,
)
from theory.convex.witnesses.moving_comparator import MovingComparator

LINE = ConvexGame(GradientTable([[1.0], [1.0], [-1.0]]), Ball(1), 3)
ROWS = [[0.3, -0.1], [-0.2, 0.4], [0.1, 0.1], [-0.4, 0.0]]
DISC = ConvexGame(GradientTable(ROWS, row_bound=1.0), Ball(2), 4)
CURVED = ConvexGame(QuadraticLosses(ROWS), Ball(2), 4)


def points(game, learner):
    return simulate(game, learner, repetitions=1, record=("actions",), backend="python").actions[0]


def final(game, learner, *names):
    run = simulate(game, learner, repetitions=1, checkpoints=[game.horizon], backend="python")
    return [float(run.final(name)[0]) for name in names]


ON_THE_LINE = {  # points after the first, which is 0
    "OptimisticDescent": (OptimisticDescent(1.0), [0, -1, -1]),
    "OptimisticFTRL": (OptimisticFTRL(4.0), [0, -0.8, -1]),
    "AdaGradNorm": (AdaGradNorm(), [0, -1, -1]),
    "OGD": (OGD(), [0, -1, -1]),
    "StronglyConvexOGD": (StronglyConvexOGD(1.0), [0, -1, -1]),
    "OnlineNewtonStep": (OnlineNewtonStep(0.5, 1.0), [0, -1, -1]),
}


@pytest.mark.parametrize("name", ON_THE_LINE)
def test_points_on_a_line(name):
    learner, expected = ON_THE_LINE[name]
    assert points(LINE, learner)[:, 0] == pytest.approx(expected, abs=1e-6)


IN_THE_DISC = {  # x_2, x_3, x_4 and the regret; no projection acts
    "OptimisticDescent": (
        OptimisticDescent(1.0),
        [(-0.534013, 0.178004), (0.077826, -0.602865), (-0.258910, -0.432508)],
        0.676278,
    ),
    "OptimisticFTRL": (
        OptimisticFTRL(4.0),
        [(-0.292683, 0.097561), (0.043594, -0.305157), (-0.126456, -0.210760)],
        0.569201,
    ),
    "AdaGradNorm": (AdaGradNorm(), [(-0.948683, 0.316228), (-0.432286, -0.716568), (-0.576685, -0.816967)], 0.879230),
    "OGD": (OGD(), [(-0.6, 0.2), (-0.317157, -0.365685), (-0.432627, -0.481155)], 0.751980),
    "StronglyConvexOGD": (StronglyConvexOGD(2.0), [(-0.15, 0.05), (-0.1, -0.05), (-0.116667, -0.066667)], None),
    "OptimisticFTL": (OptimisticFTL(2.0), [(-0.3, 0.1), (-0.125, -0.125), (-0.191667, -0.091667)], None),
    "OnlineNewtonStep": (
        OnlineNewtonStep(1.0, 0.5),
        [(-0.5, 0.166667), (-0.280488, -0.394309), (-0.463931, -0.568345)],
        None,
    ),
    "Ader": (Ader(3), [(-0.616228, 0.205409), (-0.138006, -0.612628), (-0.313171, -0.703262)], None),
}


def check_disc(name):
    learner, expected, regret = IN_THE_DISC[name]
    assert points(DISC, learner) == pytest.approx(np.array([(0.0, 0.0), *expected]), abs=1e-6)
    if regret is not None:
        assert final(DISC, learner, "regret", "linear_regret") == pytest.approx([regret, regret], abs=1e-6)


@pytest.mark.parametrize("name", IN_THE_DISC)
def test_points_in_a_disc(name):
    check_disc(name)


CERTIFIED = {  # certificate and excess
    "AdaGradCertificate": (AdaGradCertificate(), AdaGradNorm(), 4.898979, 1.0),
    "OptimisticCertificate": (OptimisticCertificate(1.0), OptimisticDescent(1.0), 9.486833, 1.0),
    "StrongCertificate": (StrongCertificate(1.0), StronglyConvexOGD(1.0), 0.916667, 0.5),
    "LeaderCertificate": (LeaderCertificate(1.0), OptimisticFTL(1.0), 1.166667, 0.5),
    "NewtonCertificate": (NewtonCertificate(0.5, 1.0), OnlineNewtonStep(0.5, 1.0), 1.636294, 0.75),
}


def check_certificate(name):
    probe, learner, right, left = CERTIFIED[name]
    found = final(observed(LINE, probe), learner, "certificate", "excess")
    assert found == pytest.approx([right, left - right], abs=1e-6)


@pytest.mark.parametrize("name", CERTIFIED)
def test_certificates_on_a_line(name):
    check_certificate(name)


def test_all_terms_of_optimistic_descent():
    """The right side less the negative terms: x_2 = -1 differs from w_2 = -eta_1."""
    negative, probe = (1.0 - 0.894427) ** 2 / (2 * 0.816497), DescentCertificate(1.0)
    found = final(observed(LINE, probe), OptimisticDescent(1.0), "certificate", "excess", "variation")
    assert found == pytest.approx([4.522871 + negative, 1.0 - 4.522871, 5.0], abs=1e-6)
    flat = ConvexGame(GradientTable(np.zeros((2, 1))), Ball(1), 2)
    with pytest.raises(ValueError, match="offset must be above 0 where all gradients are 0"):
        DescentCertificate(0.0).setting(flat)


def by_hand(g, D, steps, block=1):
    """Return the points of gradient descent in a ball with given step sizes, which moves once per block."""
    x, found, total = np.zeros(g.shape[1]), [], np.zeros(g.shape[1])
    for t, row in enumerate(g):
        found.append(x)
        total = total + row
        if (t + 1) % block == 0:
            x = x - steps[t // block] * total
            x = x / max(1.0, np.linalg.norm(x) / (D / 2.0))
            total = np.zeros(g.shape[1])
    return np.array(found)


def test_step_sizes():
    """Tuned ones, with a cost of movement too; blocks of three rounds; one rate; G is 2, D is 3."""
    g = np.array([[2.0, 0.0], [0.3, -1.0], [1.0, 1.0], [-0.7, 0.2]] * 3)
    game = ConvexGame(GradientTable(g), Ball(2, 1.5), 12)
    dear = replace(game, switching_cost=0.75)
    t = np.arange(1.0, 13.0)
    lazy = 3.0 / np.sqrt(2.0 * 6.0 * (6.0 + 1.5))
    for problem, learner, steps, block in (
        (game, OGD(), 1.5 / np.sqrt(t), 1),
        (dear, OGD(), 3.0 / np.sqrt(2.0 * 2.0 * 3.5) / np.sqrt(t), 1),
        (dear, LazyOGD(block=3), lazy / np.sqrt(t), 3),
        (game, FixedRateOGD(), np.full(12, 1.5 / np.sqrt(12.0)), 1),
        (game, Ader(1), np.full(12, 1.5 / np.sqrt(12.0)), 1),
    ):
        assert points(problem, learner) == pytest.approx(by_hand(g, 3.0, steps, block), abs=1e-12)
    assert Ader(3).parameters(game).rates == pytest.approx(np.array([1.0, 2.0, 4.0]) * 1.5 / np.sqrt(12.0))


def recounted(play, g, hints, mu, delta):
    """Return both sides of the leader's theorem and of optimistic descent's, on points in the unit disc."""
    error, t = ((g - hints) ** 2).sum(axis=1), np.arange(1, len(g) + 1)

    def disc(x):
        return x / max(1.0, np.linalg.norm(x))

    centres = (mu * play - g).cumsum(axis=0)
    off = sum(0.5 * mu * s * ((play[s] - disc(centres[s - 1] / (mu * s))) ** 2).sum() for s in range(1, len(g)))
    u = disc(centres[-1] / (mu * len(g)))
    left = ((g * (play - u)).sum(axis=1) - 0.5 * mu * ((play - u) ** 2).sum(axis=1)).sum()
    leader = (left + off, (error / (2.0 * mu * t)).sum())
    rates = 2.0 / np.sqrt(delta + np.concatenate([[0.0], error.cumsum()[:-1]]))
    w, off = np.zeros(2), 0.0
    for x, row, rate in zip(play, g, rates, strict=True):
        off += ((x - w) ** 2).sum() / (2.0 * rate)
        w = disc(w - rate * row)
    linear = (g * play).sum() + np.linalg.norm(g.sum(axis=0))
    return leader, (linear + off, 2.0 / rates[-1] + 0.5 * (rates * error).sum())


@pytest.mark.parametrize("told", [False, True])
def test_certificates_by_recount(told):
    """On points of another learner, with projections; hints of the game, or the last gradient."""
    rng = np.random.default_rng(2)
    g, hints = rng.normal(size=(2, 30, 2))
    game = ConvexGame(GradientTable(g), Ball(2), 30, HintedGradient(hints) if told else Gradient())
    hints = hints if told else np.vstack([np.zeros(2), g[:-1]])
    learner = OptimisticFTRL(9.0)
    play, delta = points(game, learner), 0.5 + 4.0 * game.gradient_bound**2
    leader, descent = recounted(play, g, hints, 0.7, delta)
    for probe, (left, right) in ((LeaderCertificate(0.7), leader), (DescentCertificate(0.5), descent)):
        found = final(observed(game, probe), learner, "certificate", "excess")
        assert found == pytest.approx([right, left - right], rel=1e-9)
    squares = (g**2).sum()
    allowed = (
        final(observed(game, AdaGradCertificate()), learner, "certificate")[0] / (2.0 * np.sqrt(2.0 * squares)) - 1.0
    )
    assert allowed == pytest.approx(1e-12 * np.sqrt(15.0), rel=1e-3)


def test_bounds_on_a_line():
    assert theorem("zinkevich2003.ogd").value_for(LINE, OGD()) == pytest.approx(5.196152, abs=1e-6)
    assert theorem("sachs2022.path").value_for(LINE, OptimisticFTRL(4.0)) == pytest.approx(22.696938, abs=1e-6)
    assert final(LINE, OptimisticFTRL(4.0), "regret") == pytest.approx([1.2])


def check_ader_on_curved_losses():
    """Gradients at the point that is played; two experts by hand, as the mean moves away from both."""
    played, params = points(CURVED, Ader(3)), Ader(3).parameters(CURVED)
    experts, lost = np.zeros((3, 2)), np.zeros(3)
    for x, target in zip(played, ROWS, strict=True):
        p = np.exp(-params.learning_rate * (lost - lost.min()))
        assert x == pytest.approx((p / p.sum()) @ experts, abs=1e-9)
        g = x - target
        lost += experts @ g
        experts -= params.rates[:, None] * g
        experts /= np.maximum(1.0, np.linalg.norm(experts, axis=1))[:, None]


def test_ader_takes_gradients_at_its_own_point():
    check_ader_on_curved_losses()


def test_regret_to_a_comparator_that_moves():
    """Descent plays 0, -1 and -1 against 1, 1/2 and -1/2."""
    game = observed(LINE, MovingComparator([[1.0], [0.5], [-0.5]]))
    assert final(game, OGD(), "dynamic_regret") == [-1.0 - 1.5 + 0.5]


def test_tuned_newton_step():
    """beta = 1 / (8 G D) for D = 2 and G = 1, and eps = 1 / (beta D)^2."""
    assert OnlineNewtonStep().parameters(DISC) == (1.0, 2, 0.0625, 64.0)


# ---------------------------------------------------------------- mutants


@kernel
def with_its_own_error(params, state, t, x, g, hint):
    errors = state.errors + ((g - hint) ** 2).sum()
    rate = np.sqrt(params.square / (params.offset + errors))
    optimistic.descend(params.region, state.base, rate, g)
    return optimistic.OptimisticState(state.x, state.base, state.hint, errors, rate)


@kernel
def one_sequence(params, state, t, x, g, hint):
    after = optimistic._learn_down(params, state, t, x, g, hint)
    for i in range(g.size):
        after.base[i] = x[i] - state.rate * g[i]
    return after


@pytest.mark.parametrize("mutant", [with_its_own_error, one_sequence])
def test_mutants_of_optimistic_descent(mutant, monkeypatch):
    """Step sizes that know the present error; descent from the point that was played instead of w_t."""
    steps = optimistic._steps(optimistic._init_at_start, optimistic._look_down, mutant)[0]
    monkeypatch.setattr(OptimisticDescent, "steps_for", lambda self, problem: steps)
    rejected(check_disc, "OptimisticDescent")


@kernel
def at_the_experts(params, state, t, x, g, rng):
    after = ader._update(params, state, t, x, g, rng)
    for i in range(params.rates.size):
        for j in range(g.size):
            after.experts[i, j] *= 1.0 - params.rates[i]  # |x - c|^2 / 2 has gradient x - c
    return after


def test_mutant_of_ader(monkeypatch):
    monkeypatch.setattr(Ader, "steps", Ader.steps._replace(update=at_the_experts))
    rejected(check_ader_on_curved_losses)


@kernel
def without_centres(own, kept, world, x):
    for i in range(x.size):
        kept.base[i] -= world.vectors.gradient[i]


def test_mutant_of_the_certificates(monkeypatch):
    monkeypatch.setattr(certificates, "_add_centre", without_centres)
    rejected(check_certificate, "StrongCertificate")


@pytest.mark.parametrize("learner", [OnlineNewtonStep(1.0, 1.0), OnlineNewtonStep(None, 1e-3)])
def test_a_newton_step_whose_ridge_is_lost_in_rounding_says_so(learner):
    game = ConvexGame(GradientTable([[5e99, 1e100], [1.0, 0.0]]), Ball(2), 2)
    with pytest.raises(ValueError, match=r"ridge must be above 1e-15 of the squares of gradients"):
        simulate(game, learner, backend="python")
    assert np.isfinite(simulate(game, OnlineNewtonStep(), backend="python").final("linear_regret")).all()
