"""Valid arguments for every public constructor, and what is computed from an object.

`constructors()` finds them by itself; one that needs arguments and is missing in `BASES` raises a TypeError in the
tests that walk them.
"""

import dataclasses
from functools import cache
from pathlib import Path

import numpy as np

from bandits import (
    convex,
    delays,
    losses,
    one_sided,
    partial,
    preference,
    protocol,
    switching,
    threshold,
)
from bandits.contextual import LinUCB
from bandits.contextual.oracles import Oracle
from bandits.contextual.worlds import World
from bandits.core.arguments import Checked
from bandits.one_sided.auditors import Auditor
from bandits.one_sided.hypotheses import Hypotheses
from bandits.one_sided.people import People
from bandits.threshold.population import Population
from sims import Cell, config
from sims.sweep import Precision
from tests.small_games import (
    ASKING,
    AUDITOR,
    COINS,
    CONTEXTS,
    FEATURES,
    GRAPH,
    GROUPED,
    GUESSING,
    GUIDE,
    HORIZON,
    LANGUAGES,
    LISTED,
    MDP,
    PAGING,
    PANELS,
    PEOPLE,
    POOLS,
    PROCESS,
    PULLS,
    RECORD,
    ROUTING,
    RPS,
    SEQUENCE,
    TABLE,
    contextual_game,
    opponent,
    switching_game,
)

_ONE_SIDED = {
    "people": PEOPLE,
    "hypotheses": one_sided.GroupThresholds(5),
    "panels": PANELS,
    "horizon": HORIZON,
    "individuals": 2,
    "tolerance": 0.25,
    "slack": 0.125,
}
_DISTANCE = np.ones((12, 12)) - np.eye(12)

BASES = {
    "BernoulliLosses": {"means": [0.5, 0.25, 0.75]},
    "HiddenCoin": {"n_actions": 3, "gap": 0.125},
    "FiniteLosses": {"values": [0.0, 0.5, 1.0], "weights": [[0.25, 0.5, 0.25], [1.0, 0.0, 0.0]]},
    "GaussianLosses": {"means": [0.5, 0.25, 0.75]},
    "PiecewiseLosses": {"means": [[0.5, 0.25], [0.125, 1.0]], "change_points": [20]},
    "LossTable": {"losses": TABLE},
    "OneSidedGame": _ONE_SIDED,
    "MahalanobisDistance": {"factor": np.eye(3)},
    "ScaledDistance": {"weights": [1.0, 0.5, 0.0]},
    "TableDistance": {"table": _DISTANCE},
    "Panel": {"auditors": [AUDITOR, one_sided.RandomDistance(1)]},
    "Panels": {"panels": [PANELS.panels[0]]},
    "FixedPolicy": {"weights": np.ones(25)},
    "Listed": {"predictions": LISTED},
    "Applicants": {"table": threshold.GermanCredit()},
    "Crowd": {
        "features": FEATURES,
        "chances": [0.25, 0.5, 0.5, 0.75, 0.5],
        "groups": [0, 1, 0, 1, 0],
        "weights": [1.0, 2.0, 3.0, 4.0, 5.0],
    },
    "RecordedPeople": {"features": FEATURES, "people": RECORD % 5, "labels": RECORD % 2, "groups": [0, 1, 0, 1, 0]},
    "DuelingBandit": {"preferences": RPS, "horizon": HORIZON},
    "LinearDuels": {"features": FEATURES, "weights": [0.5, -0.25], "horizon": HORIZON},
    "LinearMDP": {"features": MDP.features, "measures": MDP.measures, "weights": MDP.weights, "horizon": 8},
    "Comparisons": {"batch": 3},
    "NoisyRow": {"samples": 3},
    "PreferenceGame": {
        "preferences": RPS,
        "horizon": HORIZON,
        "regularization": 0.25,
        "reference": [0.5, 0.25, 0.25],
    },
    "StackelbergGame": {"preferences": RPS, "leader_weight": 0.25, "follower_weight": 0.25},
    "StackelbergMatch": {"game": preference.StackelbergGame(RPS, 0.25, 0.25), "horizon": HORIZON},
    "StackelbergGDA": {"leader_rate": 0.125},
    "Exp4": {"advice": [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [0.25, 0.25, 0.5]]},
    "FeedbackGraph": {"adjacency": GRAPH.adjacency},
    "Neighbours": {"graph": GRAPH},
    "PrivateHerd": {"horizon": HORIZON},
    "EpisodicMDP": {"rewards": PROCESS.rewards, "transitions": PROCESS.transitions},
    "GuidedGame": {"mdp": PROCESS, "guide": GUIDE, "horizon": HORIZON},
    "LockGame": {"n_bits": 2, "gap": 0.25, "reliability": 0.5, "horizon": HORIZON},
    "PeriodicLanguage": {"modulus": 4, "residues": [1, 2]},
    "ReplayGame": {"languages": LANGUAGES, "target": 1, "shown": [1, 2, -1] * 8, "horizon": HORIZON},
    "ProbeGame": {"gap": 0.25, "horizon": HORIZON},
    "DataLoop": {"shares": [0.25, 0.5], "horizon": HORIZON},
    "ExposureLoop": {"relevance": [0.25, 0.5], "horizon": HORIZON, "floor": 0.25},
    "WordWorld": {"rewards": GUESSING.rewards, "words": GUESSING.words},
    "LanguageGame": {"world": GUESSING, "horizon": HORIZON},
    "SequencePrediction": {"experts": SEQUENCE.experts[0], "source": SEQUENCE.source, "horizon": HORIZON},
    "SelectionGame": {
        "law": [0.5, 0.25, 0.25],
        "rewards": [0.5, 1.0, 0.0],
        "proxies": [0.5, 0.75, 1.0],
        "draws": 4,
        "submit": 2,
        "horizon": HORIZON,
    },
    "PagingGame": {"requests": PAGING.requests[0], "cache": 2, "horizon": HORIZON},
    "FiniteGame": {"losses": ASKING.losses, "signals": ASKING.signals},
    "OutcomeTable": {"outcomes": [0, 1, 1] * 8},
    "IndependentOutcomes": {"probabilities": [0.25, 0.75]},
    "NeighbourCertificate": {"learner": partial.Exp3Neighbours()},
    "PartialMonitoring": {"game": ASKING, "outcomes": partial.OutcomeTable([0, 1, 1] * 8), "horizon": HORIZON},
    "ContextualGame": {"world": CONTEXTS, "horizon": HORIZON},
    "FiniteWorld": {"functions": CONTEXTS.functions},
    "RoutingWorld": {"shortfall": ROUTING.shortfall, "cost": ROUTING.cost, "preferences": [0.25, 0.5]},
    "KnownWorld": {"features": [[0.5, 0.25], [0.0, 1.0]], "mean_losses": [[0.25, 0.5, 0.75], [0.5, 0.0, 0.25]]},
    "DiagonalLinUCB": {"edges": np.ones((2, 3))},
    "LinearWorld": {"features": np.full((2, 3, 2), 0.5), "parameter": [0.5, 0.25]},
    "TableWorld": {"contexts": np.ones((HORIZON, 2)), "losses": TABLE},
    "GapCertificate": {"rule": "exact", "gamma": 2.0},
    "Ball": {"dimension": 2},
    "Box": {"low": [-1.0, 0.0], "high": [0.5, 0.75]},
    "Simplex": {"dimension": 3},
    "GradientTable": {"gradients": PULLS},
    "QuadraticLosses": {"targets": PULLS},
    "SEALosses": {"mean": [0.5, -0.25]},
    "OwnLosses": {"value": print, "gradient": print, "params": (0.0,), "dimension": 2, "gradient_bound": 1.0},
    "ConvexGame": {"losses": convex.QuadraticLosses(PULLS), "domain": convex.Ball(2), "horizon": HORIZON},
    "GroupedPeople": {"features": PULLS, "labels": np.arange(HORIZON) % 2, "groups": np.ones((HORIZON, 1))},
    "GroupedPrediction": {"people": GROUPED},
    "SleepingExperts": {"losses": TABLE, "awake": np.ones_like(TABLE)},
    "Bold": {"learner": switching.Exp3(0.25)},
    "UpdatedLate": {"learner": LinUCB()},
    "ActionDelay": {"delays": [2, 0, 1]},
    "BlockDelay": {"length": 3},
    "Delayed": {"problem": switching_game(), "schedule": delays.FixedDelay(2)},
    "DelayTable": {"delays": [2, 0, 1]},
    "DelayedWeights": {"learning_rate": 0.5},
    "FixedDelay": {"rounds": 2},
    "GeometricDelay": {"mean": 2.5},
    "HeavyTailedDelay": {"exponent": 0.75},
    "Late": {"inner": switching.Bandit()},
    "Summed": {"inner": switching.Bandit()},
    "ExtraObservations": {"budget": 8},
    "TotalBudget": {"budget": 8},
    "SwitchingCostGame": {"losses": COINS, "horizon": HORIZON},
    "EmpiricalPools": POOLS,
    "ThresholdGame": {"population": threshold.Synthetic(), "horizon": HORIZON, "grid": 5, "service": (0.25, 0.75)},
    "CsvPopulation": {
        "path": str(Path(__file__).with_name("people.csv")),
        "outcome": "y",
        "group": "g",
        "numbers": ("a",),
        "categories": ("c",),
    },
    "Cell": {"problem": switching_game(), "learner": switching.Exp3(), "checkpoints": (10, 20)},
    "Precision": {"half_width": 0.5},
}


@cache
def constructors():
    """Return every public dataclass of the families, the loss processes and the sweeps that converts arguments."""
    found = config.public_classes() | {"Cell": Cell, "Precision": Precision}
    return {name: cls for name, cls in found.items() if issubclass(cls, Checked)}


def base_of(name):
    """Return valid arguments: those of `BASES`, and the defaults of the other fields."""
    return dict(BASES.get(name, {}))


def fields_of(cls):
    """Return the fields that a constructor takes."""
    return [field for field in dataclasses.fields(cls) if field.init]


# ---------------------------------------------------------------- what an object is used for


def used(obj):
    """Return what the package computes from an object before anything is played, else None."""
    if isinstance(obj, protocol.Learner):
        problem = opponent(obj)
        obj.check(problem)
        return obj.parameters(problem)
    if isinstance(obj, Oracle):
        return obj.parameters(contextual_game().size)
    if isinstance(obj, World):
        return obj.setting(2)
    if isinstance(obj, losses.LossProcess):
        return obj.setting(HORIZON)
    if isinstance(obj, People):
        return obj.setting(HORIZON, 2), obj.features, obj.groups
    if isinstance(obj, Hypotheses):
        return obj.size(PEOPLE), obj.cells(PEOPLE), obj.setting(PEOPLE)
    if isinstance(obj, Auditor):
        return obj.distances(PEOPLE.features)
    if isinstance(obj, one_sided.Panel):
        return obj.swing(PEOPLE.features)
    if isinstance(obj, one_sided.Panels):
        return obj.swings(PEOPLE.features)
    if isinstance(obj, Population) and not isinstance(obj, threshold.CsvPopulation):
        return obj.setting(np.linspace(0, 1, 5))
    if isinstance(obj, preference.StackelbergGame):
        return obj.terms
    if isinstance(obj, protocol.Problem):
        return obj.metrics, obj.setting() if isinstance(obj, protocol.RoundProblem) else None
    return None
