"""Default cases of the bounds for online convex optimisation."""

from functools import partial
from typing import Any

import numpy as np

from theory.cases import Case, Cases


def alternating(horizon: int, dimension: int) -> Any:
    """Return unit gradients (T, d) along the first coordinate, whose sign changes in every round."""
    gradients = np.zeros((horizon, dimension))
    gradients[:, 0] = (-1.0) ** np.arange(horizon)
    return gradients


def _against_sign(learner: str, *, cost: float = 0.0, **options: Any) -> Case:
    """Return the case of a learner (class name) whose gradients have the signs of its points."""
    from bandits import convex

    losses = convex.SEALosses([0.6, 0.8], "sign")
    game = convex.ConvexGame(losses, convex.Ball(2), 1000, switching_cost=cost)
    return Case(game, getattr(convex, learner)(**options))


def _certified(rounds: int, learner: str, probe: str, options: Any, numbers: Any) -> Case:
    """Return the case of a learner with its certificate, whose gradients have the signs of its points."""
    from bandits import convex
    from bandits.combine import observed
    from theory.convex.witnesses import certificates

    game = convex.ConvexGame(convex.SEALosses([0.6, 0.8], "sign"), convex.Ball(2), rounds)
    return Case(observed(game, getattr(certificates, probe)(*numbers)), getattr(convex, learner)(*options))


def _dynamic(learner: str, **options: Any) -> Case:
    """Return the case of a comparator that plays the best point of every round."""
    from bandits import convex
    from bandits.combine import observed
    from theory.convex.witnesses.moving_comparator import MovingComparator

    g = alternating(1000, 2)
    game = convex.ConvexGame(convex.GradientTable(g), convex.Ball(2), len(g))
    return Case(observed(game, MovingComparator(-g)), getattr(convex, learner)(**options))


def _curved(learner: str, feedback: str) -> Case:
    """Return the case of a learner on targets at two opposite points."""
    from bandits import convex

    targets = alternating(1000, 2)
    return Case(
        convex.ConvexGame(convex.QuadraticLosses(targets), convex.Ball(2), 1000, getattr(convex, feedback)()),
        getattr(convex, learner)(),
    )


def _noisy(learner: str, curvature: float) -> Case:
    """Return the case of gradients with noise and one mean."""
    from bandits import convex

    losses = convex.SEALosses([0.2, -0.1], noise=0.2, curvature=curvature)
    return Case(convex.ConvexGame(losses, convex.Ball(2), 1000), getattr(convex, learner)())


def _flipping(learner: str, curvature: float) -> Case:
    """Return the case of gradients without noise, whose sign changes in every round."""
    from bandits import convex

    losses = convex.SEALosses([1.0, 0.0], "flips", curvature=curvature)
    return Case(convex.ConvexGame(losses, convex.Ball(2), 1000), getattr(convex, learner)())


def _values(learner: str, feedback: str) -> Case:
    """Return the case of a learner that has to cross the domain."""
    from bandits import convex

    losses = convex.GradientTable(np.tile([[1.0, 0.0, 0.0]], (2000, 1)))
    return Case(
        convex.ConvexGame(losses, convex.Ball(3), 2000, getattr(convex, feedback)()), getattr(convex, learner)()
    )


def _sleeping() -> Case:
    """Return the case of 8 experts, of which random ones are awake, and each round's losses are unlike the last."""
    from bandits import convex

    rng = np.random.default_rng(0)
    awake = rng.random((1000, 8)) < 0.5
    awake[:, 0] |= ~awake.any(axis=1)
    losses = (rng.random((1000, 8)) < np.linspace(0.3, 0.6, 8)).astype(float)
    return Case(convex.SleepingExperts(losses, awake), convex.AdaNormalHedge())


def _groups() -> Case:
    from bandits import convex

    return Case(convex.GroupedPrediction(convex.synthetic_groups(1000), shuffled=False), convex.SleepingGroups())


def _first_of_a_group() -> Case:
    """Return the case of one individual, at whose label nothing is known."""
    from bandits import convex

    people = convex.GroupedPeople([[1.0]], [1.0], [[1.0]])
    return Case(convex.GroupedPrediction(people, ridge=0.1, shuffled=False), convex.SleepingGroups())


CASES: Cases = {
    "zinkevich2003.ogd": partial(_against_sign, "OGD"),
    "ours.moving_ogd": partial(_against_sign, "OGD", cost=1.0),
    "ours.lazy_ogd": partial(_against_sign, "LazyOGD", cost=1.0, block=10),
    "streeter2010.adagrad_norm": partial(_certified, 1000, "AdaGradNorm", "AdaGradCertificate", (), ()),
    "hazan2007.strong_path": tuple(
        partial(_certified, rounds, "StronglyConvexOGD", "StrongCertificate", (1.0,), (1.0,)) for rounds in (1, 1000)
    ),
    "hazan2007.strong": partial(_curved, "StronglyConvexOGD", "Gradient"),
    "ours.leader": partial(_curved, "FollowTheLeader", "FullFunction"),
    "chen2024.path": partial(_certified, 1000, "OptimisticDescent", "DescentCertificate", (1.0,), (1.0,)),
    "chen2024.closed": partial(_certified, 1000, "OptimisticDescent", "OptimisticCertificate", (1.0,), (1.0,)),
    "sachs2022.path": partial(_against_sign, "OptimisticFTRL"),
    "sachs2022.leader": tuple(
        partial(_certified, rounds, "OptimisticFTL", "LeaderCertificate", (1.0,), (1.0,)) for rounds in (1, 1000)
    ),
    "hazan2007.newton": tuple(
        partial(_certified, rounds, "OnlineNewtonStep", "NewtonCertificate", numbers, numbers)
        for rounds, numbers in ((1, (0.05, 400.0)), (1000, (0.5, 1.0)))
    ),
    "zinkevich2003.dynamic": partial(_dynamic, "FixedRateOGD", learning_rate=2.0),
    "zhang2018.ader": partial(_dynamic, "Ader"),
    "luo2015.sleeping": _sleeping,
    "acharya2024.groups": (_groups, _first_of_a_group),
    "chen2024.sea": (partial(_noisy, "OptimisticDescent", 0.3), partial(_flipping, "OptimisticDescent", 0.0)),
    "sachs2022.sea": (partial(_noisy, "OptimisticFTRL", 0.3), partial(_flipping, "OptimisticFTRL", 0.0)),
    "sachs2022.strong": (partial(_noisy, "OptimisticFTL", 0.3), partial(_flipping, "OptimisticFTL", 0.5)),
    "bubeck2012.two_point": partial(_values, "TwoPointDescent", "TwoPoints"),
    "flaxman2005.one_point": partial(_values, "OnePointDescent", "OnePoint"),
}
