"""The figures of closed loops: what their tables hold, and what their findings say of the paper's claims."""

import math

import numpy as np
import polars
import pytest

import theory
from bandits.threshold import OptimisticFeasibleSearch
from paper_figures import kit
from paper_figures.du2025 import loops
from paper_figures.du2025.bias import mean_absolute
from paper_figures.du2025.horizon import Growth
from paper_figures.du2025.loops import SEARCH, TITLES, LoopFigure
from paper_figures.du2025.outcomes import Plane

SETTINGS = LoopFigure.at("tiny")


@pytest.fixture(scope="module")
def found():
    return SETTINGS.runs()


@pytest.fixture(scope="module")
def outcome(table):
    return table("du2025_plane")


# ---------------------------------------------------------------- tables


def test_every_learner_meets_every_environment(outcome):
    assert outcome.select("environment", "learner").rows() == [
        (name, learner) for name in TITLES for learner in SETTINGS.learners
    ]


def test_paper_quality_draws_every_learner_of_the_family():
    from bandits import threshold
    from bandits.protocol import Learner

    family = {name for name in vars(threshold) if isinstance(getattr(threshold, name), type)}
    family = {name for name in family if issubclass(getattr(threshold, name), Learner)}
    paper = LoopFigure.at("paper")
    assert set(loops.LOOKS) == set(paper.learners) == {p.name for p in paper.players()} == family
    assert set(LoopFigure().learners) < family


def test_looks_differ():
    looks = {(look.colour, look.marker) for look in loops.LOOKS.values()}
    assert len(looks) == len(loops.LOOKS)
    seen = [(look.colour, name in loops.BROKEN) for name, look in loops.LOOKS.items() if look.colour != "#CC79A7"]
    assert len(set(seen)) >= len(seen) - 1  # apart without their marks too, but for the doubly-optimistic's colour


def test_reward_is_what_the_individuals_paid(found, outcome):
    """Exact means against drawn rewards: Hoeffding over R T n individuals, false alarm 9 times 1e-9 at a free seed."""
    individuals = SETTINGS.repetitions * SETTINGS.horizon * SETTINGS.batch_size
    radius = math.sqrt(math.log(2 / 1e-9) / (2 * individuals))
    for (_, _, run), row in zip(found, outcome.iter_rows(named=True), strict=True):
        drawn = run.final("reward").mean() / SETTINGS.horizon
        assert abs(drawn - row["reward_per_round_mean"]) <= run.problem.reward_range * radius


def test_curves_add_up_to_the_outcome(table, outcome):
    curves = table("du2025_reward")
    for row in outcome.iter_rows(named=True):
        same = (curves["environment"] == row["environment"]) & (curves["learner"] == row["learner"])
        curve = curves.filter(same)
        lengths = np.diff(curve["round"], prepend=0)
        total = (curve["reward_per_round_mean"] * lengths).sum()
        assert total / SETTINGS.horizon == pytest.approx(row["reward_per_round_mean"], abs=1e-12)
        assert curve["violation_mean"][-1] == pytest.approx(row["violation_mean"], abs=1e-12)


def test_the_lead_is_taken_repetition_by_repetition(found, outcome):
    regret = {(name, learner): run.final("regret") for name, learner, run in found}
    for row in outcome.iter_rows(named=True):
        key = row["environment"]
        lead = (regret[key, row["learner"]] - regret[key, SEARCH]) / SETTINGS.horizon
        assert row["search_lead_mean"] == pytest.approx(lead.mean(), abs=1e-15)
        if row["learner"] == SEARCH:
            assert row["search_lead_low95"] == row["search_lead_high95"] == 0.0


def test_intervals_are_those_of_runs(found):
    run = found[0][2]
    low, high = run.interval("violation")
    columns = kit.interval("violation", run["violation"])
    np.testing.assert_allclose(columns["violation_low95"], low, rtol=1e-12)
    np.testing.assert_allclose(columns["violation_high95"], high, rtol=1e-12)


def test_checkpoints_hold_the_start_of_the_steady_state():
    for settings in map(LoopFigure.at, kit.QUALITIES):
        assert round(0.8 * settings.horizon) in settings.rounds
        assert settings.rounds[-1] == settings.horizon
        assert (np.diff(settings.rounds) > 0).all()


def test_the_sweep_marks_what_is_feasible_and_best(table):
    frame = table("du2025_sweep")
    for _, part in frame.group_by("environment"):
        fair = (part["acceptance_rate_0"] - part["acceptance_rate_1"]).abs() <= part["tolerance"]
        assert part["feasible"].cast(polars.Boolean).to_list() == fair.to_list()
        assert part.filter(part["best_feasible"] == 1)["reward_per_round"].to_list() == [
            part.filter(fair)["reward_per_round"].max()
        ]


def test_growth_stands_under_the_theorems_that_apply(table):
    figure = Growth.at("tiny")
    learner = OptimisticFeasibleSearch(figure.failure_probability)
    for row in table("du2025_horizon").iter_rows(named=True):
        bound = theory.theorem(row["upper_bound_name"])
        assert bound.quantity == row["metric"]
        assert row["upper_bound"] == bound.value_for(figure.cell(learner, row["horizon_rounds"]).problem, learner)
        assert row["measured_mean"] < row["upper_bound"]


def test_mean_absolute_difference_by_enumeration():
    # n_0 = 2, n_1 = 1, fair coins: |a_0 - a_1| is 0, 1/2 or 1 with probabilities 1/4, 1/2, 1/4
    assert mean_absolute(2, 1, 0.5, 0.5) == pytest.approx(0.5)
    assert mean_absolute(3, 4, 1.0, 0.0) == 1.0
    assert mean_absolute(400, 100, 0.5, 0.45) > 0.05


# ---------------------------------------------------------------- findings


def written(lead, gap):
    """Return the findings from a table with these intervals for the lead over the rivals and the steady-state gap."""
    rows = []
    for name in TITLES:
        for learner in (SEARCH, "RewardUCB", "PrimalDualBandit"):
            row = {"environment": name, "learner": learner, "reward_per_round_mean": 0.5, "violation_mean": 2.0}
            row |= {f"search_lead_{end}": x for end, x in zip(("low95", "mean", "high95"), lead, strict=True)}
            row |= {f"late_gap_{end}": x for end, x in zip(("low95", "mean", "high95"), gap, strict=True)}
            rows.append(row | {"late_violation_per_round_mean": 0.1})
    return Plane().findings(polars.DataFrame(rows))


@pytest.mark.parametrize(
    ("lead", "gap", "ordering", "closeness"),
    [
        ((0.1, 0.2, 0.3), (0.0, 0.001, 0.0029), "holds", "holds; gap"),
        ((-0.3, -0.2, -0.1), (0.0031, 0.004, 0.005), "does not hold", "does not hold; gap"),
        ((-0.1, 0.1, 0.3), (0.0, 0.002, 0.004), "is undecided", "is undecided; gap"),
        ((0.1, 0.2, 0.3), (-0.02, -0.015, -0.01), "holds", "in size it does not; gap"),
    ],
)
def test_findings_say_where_the_papers_ordering_holds(lead, gap, ordering, closeness):
    sentences = written(lead, gap)
    assert len(sentences) == len(TITLES) * 3  # two rivals and the steady state
    for sentence in sentences:
        if "more reward than" in sentence:
            assert f": {ordering} (" in sentence
        else:
            assert closeness in sentence
