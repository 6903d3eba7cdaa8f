"""Default cases of the bounds for online convex optimisation."""

from functools import partial
from typing import Any

import numpy as np

from theory.cases import Case, Cases


def alternating(horizon: int, dimension: int) -> Any:
    """Return unit gradients (T, d) of the first coordinate that keep their sign for ever longer stretches."""
    signs = np.repeat((-1.0) ** np.arange(12), 2 ** np.arange(12))[:horizon]
    return np.concatenate([signs[:, None], np.zeros((horizon, dimension - 1))], axis=1)


def _against_sign(learner: str, *, cost: float = 0.0, **options: Any) -> Case:
    """Return the case of a learner (class name) whose gradients have the signs of its points."""
    from bandits import convex

    losses = convex.SEALosses([0.6, 0.8], "sign")
    game = convex.ConvexGame(losses, convex.Ball(2), 1000, switching_cost=cost)
    return Case(game, getattr(convex, learner)(**options))


def _certified(gradients: Any, learner: str, probe: str, options: Any, numbers: Any) -> Case:
    """Return the case of a learner with its certificate, on given gradients in the unit ball."""
    from bandits import convex
    from bandits.combine import observed

    game = convex.ConvexGame(convex.GradientTable(gradients), convex.Ball(np.shape(gradients)[1]), len(gradients))
    return Case(observed(game, getattr(convex, probe)(*numbers)), getattr(convex, learner)(*options))


def _constant(horizon: int) -> Any:
    return np.tile([[0.6, 0.8]], (horizon, 1))


def _strong() -> Case:
    return _certified(_constant(500), "StronglyConvexOGD", "StrongCertificate", (0.5,), (0.5,))


def _leader() -> Case:
    return _certified(_constant(1), "OptimisticFTL", "LeaderCertificate", (1.0,), (1.0,))


def _dynamic(learner: str, **options: Any) -> Case:
    """Return the case of a comparator that plays the best point of every round."""
    from bandits import convex
    from bandits.combine import observed

    g = alternating(1000, 2)
    game = convex.ConvexGame(convex.GradientTable(g), convex.Ball(2), len(g))
    return Case(observed(game, convex.MovingComparator(-g)), getattr(convex, learner)(**options))


def _curved(learner: str, feedback: str) -> Case:
    """Return the case of a learner on targets at two opposite points."""
    from bandits import convex

    targets = alternating(1000, 2)
    return Case(
        convex.ConvexGame(convex.QuadraticLosses(targets), convex.Ball(2), 1000, getattr(convex, feedback)()),
        getattr(convex, learner)(),
    )


def _noisy(learner: str, curvature: float) -> Case:
    from bandits import convex

    losses = convex.SEALosses([0.2, -0.1], noise=0.2, curvature=curvature)
    return Case(convex.ConvexGame(losses, convex.Ball(2), 1000), getattr(convex, learner)())


def _values(learner: str, feedback: str) -> Case:
    from bandits import convex

    game = convex.ConvexGame(
        convex.GradientTable(alternating(2000, 3)), convex.Ball(3), 2000, getattr(convex, feedback)()
    )
    return Case(game, getattr(convex, learner)())


CASES: Cases = {
    "zinkevich2003.ogd": partial(_against_sign, "OGD"),
    "ours.moving_ogd": partial(_against_sign, "OGD", cost=1.0),
    "ours.lazy_ogd": partial(_against_sign, "LazyOGD", cost=1.0, block=10),
    "streeter2010.adagrad_norm": lambda: _certified(alternating(1000, 2), "AdaGradNorm", "AdaGradCertificate", (), ()),
    "hazan2007.strong_path": _strong,
    "hazan2007.strong": partial(_curved, "StronglyConvexOGD", "Gradient"),
    "ours.leader": partial(_curved, "FollowTheLeader", "FullFunction"),
    "chen2024.path": lambda: _certified(
        alternating(1000, 2), "OptimisticDescent", "DescentCertificate", (1.0,), (1.0,)
    ),
    "chen2024.closed": lambda: _certified(
        alternating(1000, 2), "OptimisticDescent", "OptimisticCertificate", (1.0,), (1.0,)
    ),
    "sachs2022.path": partial(_against_sign, "OptimisticFTRL"),
    "sachs2022.leader": _leader,
    "hazan2007.newton": lambda: _certified(
        _constant(1), "OnlineNewtonStep", "NewtonCertificate", (0.5, 50.0), (0.5, 50.0)
    ),
    "zinkevich2003.dynamic": partial(_dynamic, "FixedRateOGD"),
    "zhang2018.ader": partial(_dynamic, "Ader"),
    "chen2024.sea": partial(_noisy, "OptimisticDescent", 0.3),
    "sachs2022.sea": partial(_noisy, "OptimisticFTRL", 0.3),
    "sachs2022.strong": partial(_noisy, "OptimisticFTL", 0.3),
    "bubeck2012.two_point": partial(_values, "TwoPointDescent", "TwoPoints"),
    "flaxman2005.one_point": partial(_values, "OnePointDescent", "OnePoint"),
}
