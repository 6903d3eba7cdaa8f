"""The figures on one-sided feedback at a tiny size: what the tables hold, and that they can be drawn."""

import math

import numpy as np
import pytest

import theory
from bandits.one_sided import Exp2OneSided, lending, three_points
from bandits.one_sided.problem import Report
from bandits.one_sided.reduction import estimate_losses, lagrangian_loss
from paper_figures.bechavod2022 import TUNINGS, drift, hidden_outcomes, members, sides
from paper_figures.bechavod2022.class_size import ClassSize
from paper_figures.bechavod2022.estimator import Estimator, second_moments
from paper_figures.bechavod2022.leaders import acceptance_error, calls
from paper_figures.bechavod2022.leaders import second_moments as weight_moments
from paper_figures.bechavod2022.policy import Policy
from paper_figures.bechavod2022.tuning import Tuning
from sims import simulate
from tests.drivers import plain


def test_tuning_table_is_what_simulate_says(table):
    table = table("bechavod2022_tuning")
    figure = Tuning.at("tiny")
    assert table.height == len(TUNINGS) * len(figure.horizons)
    row = table.filter((table["tuning"] == "quarter") & (table["horizon_rounds"] == 8192)).row(0, named=True)
    learner = Exp2OneSided(price_exponent=0.25)
    run = simulate(
        three_points(8192), learner, repetitions=figure.repetitions, seed=figure.seed + 13, checkpoints=[8192]
    )
    assert row["regret_mean"] == pytest.approx(run.final("error_regret_no_slack").mean(), rel=1e-12)
    assert row["violations_mean"] == pytest.approx(run.final("violations").mean(), rel=1e-12)
    bound = theory.theorem("ours.exp2_small_price_violations").value_for(three_points(8192), learner)
    assert row["violations_upper_bound"] == pytest.approx(bound, rel=1e-12)
    free = table.filter(table["tuning"] == "free")
    slopes = np.diff(np.log(free["violations_mean"])) / math.log(2)
    assert free["violations_local"].to_numpy()[1:] == pytest.approx(slopes, rel=1e-12)
    assert free["regret_upper_bound"].is_nan().all()


def test_hidden_outcomes_table(table):
    table = table("bechavod2022_hidden_outcomes")
    learners = [learner.name for learners in hidden_outcomes.LEARNERS.values() for learner in learners]
    assert table.height == len(learners) * len(hidden_outcomes.HiddenOutcomes.tiny["horizons"])
    bounded = table.filter(table["regret_upper_bound"].is_not_nan())
    assert set(bounded["learner"]) == set(hidden_outcomes.BOUNDS)
    assert (bounded["regret_low95"] <= bounded["regret_upper_bound"]).all()


def test_frontier_table(table):
    """Optima of environment A by hand (30 arrivals, two per round); violations fall as the multiplier grows."""
    table = table("bechavod2022_frontier")
    assert table["strict_errors"][0] == pytest.approx(2 * 9.2 / 30, abs=1e-9)
    assert table["lenient_errors"][0] == pytest.approx(2 * 8.0 / 30, abs=1e-9)
    assert table["unconstrained_errors"][0] == pytest.approx(2 * 5.0 / 30, abs=1e-9)
    for feedback in ("one-sided", "full"):
        fixed = table.filter((table["feedback"] == feedback) & (table["tuning"] == "fixed price")).sort("price")
        assert (np.diff(fixed["violations_mean"]) < 0).all()


def test_linear_program_in_the_frontier_table(table):
    """OPT of environment A by hand at levels 0, 0.1, 0.2, 0.4 and 0.7, and it never rises with the level."""
    table = table("bechavod2022_frontier")
    best = table.filter(table["feedback"] == "optimum").sort("level")
    assert (np.diff(best["errors_mean"]) <= 1e-9).all()
    for level, errors in ((0.0, 9.2), (0.1, 8.6), (0.2, 8.0), (0.4, 6.8), (0.7, 5.0)):
        found = best.filter((best["level"] - level).abs() < 1e-9)["errors_mean"][0]
        assert found == pytest.approx(2 * errors / 30, abs=1e-8)


def test_both_sides_table(table):
    """The left side is below both right ones on every path, and those below the proved mean by the moments' bounds."""
    table = table("bechavod2022_sides")
    assert set(table["tuning"]) == set(TUNINGS)
    for side in sides.RIGHT:
        assert (table[f"least_{side}"] > 0.0).all()
        assert table[f"share_of_{side}_mean"].is_between(0.0, 1.0).all()
    assert (table["split_mean"] <= table["constant"]).all()


def test_recounted_answers_fall_with_the_votes(table):
    table = table("bechavod2022_members")
    for name in members.TAUGHT_BY:
        curve = table.filter(table["what"] == name).sort("votes")
        assert curve.height == members.Members.tiny["recounted"]
        assert (np.diff(curve["violations_mean"]) <= 0.0).all()
        learned = table.filter(
            (table["what"] == "learned") & (table["members"] == 3) & (table["votes"] == curve["taught"][0])
        )
        own = curve.filter(curve["votes"] == curve["taught"][0])["violations_mean"]
        for same in learned["violations_mean"]:  # the same runs: only the count is new
            assert same == own[0]


def test_drift_table(table):
    """D2's and the full-information bounds hold for labels without a law; slopes are those of the means."""
    table = table("bechavod2022_drift")
    assert table.height == 2 * len(drift.LEARNERS) * len(drift.Drift.tiny["horizons"])
    bounded = table.filter(table["regret_upper_bound"].is_not_nan())
    assert set(bounded["learner"]) == set(drift.BOUNDS)
    assert (bounded["regret_low95"] <= bounded["regret_upper_bound"]).all()
    first, last = table.filter((table["blocks"] == "short") & (table["learner"] == "full")).iter_rows(named=True)
    assert math.isnan(first["regret_local"])
    assert last["regret_local"] == pytest.approx(math.log(last["regret_mean"] / first["regret_mean"], 4), rel=1e-12)


# ---------------------------------------------------------------- the estimator's second moments

PREDICTIONS = np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 0.0]])


def estimates(law, labels, pair, price):
    """Return g (draw, hypothesis) of the code's estimator, from its own text."""
    found, acceptance = np.zeros((3, 3)), law @ PREDICTIONS
    for drawn in range(3):
        accepted = PREDICTIONS[drawn].astype(np.int64)
        report = Report(np.arange(2), np.array(labels), accepted, acceptance, *pair)
        plain(estimate_losses)(PREDICTIONS.T, report, price, found[drawn])
    return found


def test_second_moments_are_those_of_the_codes_estimator():
    """One step by hand (2 individuals, 3 hypotheses, C = 2): E <p, g^2> = 85 / 3 at the uniform law."""
    uniform = np.full(3, 1 / 3)
    shifted, _, _ = second_moments(uniform, PREDICTIONS, np.array([0.0, 1.0]), (0, 1), 2.0)
    assert shifted == pytest.approx(85 / 3, rel=1e-12)
    law = np.array([0.5, 0.2, 0.3])
    for labels in ((0, 0), (0, 1), (1, 0), (1, 1)):
        found = estimates(law, labels, (0, 1), 1.5)
        mine = second_moments(law, PREDICTIONS, np.array(labels, dtype=float), (0, 1), 1.5)
        assert mine[0] == pytest.approx(law @ found**2 @ law, rel=1e-12)


def test_total_loss_estimator_is_unbiased_and_within_its_bound():
    """g = 2 <a_h, P^+ a> <a, l>: its mean is 2 <a_h, l> = L + n0 + 2 C, found here from the moments' own parts."""
    law, labels, price = np.array([0.5, 0.2, 0.3]), np.array([0.0, 1.0]), 1.5
    features = np.column_stack([np.ones(3), PREDICTIONS])
    inverse = np.linalg.pinv(features.T @ (law[:, None] * features))
    right = np.array([lagrangian_loss(h, labels, (0, 1), price) for h in PREDICTIONS]) + 1.0 + 2 * price
    found = 2.0 * (0.5 * right)[:, None] * (features @ inverse @ features.T)
    assert law @ found == pytest.approx(right, rel=1e-9)
    moment = second_moments(law, PREDICTIONS, labels, (0, 1), price)[2]
    assert moment == pytest.approx(law @ found**2 @ law, rel=1e-9)
    assert moment <= 4 * 3 * (2 + 2 * price) ** 2


def test_estimator_table_is_within_its_bounds(table):
    moments = table("bechavod2022_estimator").filter(table("bechavod2022_estimator")["second_moment"].is_not_null())
    bounded = moments.filter(moments["upper_bound"].is_not_nan())
    figure = Estimator.at("tiny")
    assert bounded.height == 2 * 2 * len(figure.prices + figure.people)
    assert (bounded["second_moment"] <= bounded["upper_bound"]).all()


# ---------------------------------------------------------------- leaders, policies, cost


def test_error_of_the_mixture_is_exact(table):
    """One leader errs by max(q, 1 - q) unless one side is rare enough; Lemma D.4 is never beaten."""
    assert acceptance_error(1, 0.3, 1, 0.4) == pytest.approx(0.3)  # P(B = 0) = 0.7
    assert acceptance_error(1, 0.3, 1, 0.2) == pytest.approx(0.7)
    assert acceptance_error(2, 0.5, 1, 0.5) == 0.0  # P(B = 1) = 1 / 2
    assert acceptance_error(2, 0.5, 2, 0.5) == pytest.approx(0.5)
    errors = table("bechavod2022_leaders").filter(table("bechavod2022_leaders")["what"] == "error")
    assert (errors["value"] <= errors["bound"]).all()


@pytest.mark.parametrize(
    ("q", "n", "inverse", "square"),
    [(0.3, 5, 2.8308675, 10.1119), (0.1, 20, 10.135457754142246, 118.26977379156418)],
)
def test_second_moments_of_weights(q, n, inverse, square):
    found = weight_moments(n, q)
    assert found["propensities"] == pytest.approx(inverse, rel=1e-9)
    assert found["resampling"] == pytest.approx(q * square, rel=1e-9)


def test_calls_of_the_oracle():
    """R for propensities; with resampling q E[J] = 1 - (1 - q)^L more."""
    assert calls(5, 0.3, "propensities") == 5.0
    assert calls(5, 0.3, "resampling") == pytest.approx(5 + 0.83193, rel=1e-9)


def test_weights_of_seen_labels(table):
    """Shares fall from 1; a seen label weighs 1 / P(seen) on average, as it is seen with probability q."""
    table = table("bechavod2022_estimator")
    curve = table.filter((table["sweep"] == "weight") & (table["law"] == "uniform"))
    share, weight = curve["share"].to_numpy(), curve["x"].to_numpy()
    mass = share - np.append(share[1:], 0.0)
    assert share[0] == pytest.approx(1.0)
    assert (mass > 0.0).all()
    game = lending(1, individuals=4)
    seen = game.table[game.hypotheses.cells(game.people)].mean()  # individuals and hypotheses are equally likely
    assert mass @ weight == pytest.approx(1.0 / seen, rel=1e-9)


def test_policy_table_counts_people(table):
    table = table("bechavod2022_policy")
    people = Policy.at("tiny").n_people
    assert table.filter(table["what"] == "distance").height == people**2
    for name, most in (("strict", 0.0), ("lenient", 0.2)):
        policy = table.filter(table["what"] == name)
        assert policy.height == people
        assert -1e-9 <= policy["excess"][0] <= most + 1e-9
    windows = table.filter(table["what"].str.starts_with("window"))
    assert windows.height == len(Policy.tiny["ends"]) * people
    assert windows["value"].is_between(0.0, 1.0).all()


def test_markets_of_the_cost_figure_grow_as_they_say():
    figure = ClassSize()
    for groups in (1, 5):
        game = figure.game(groups)
        assert game.n_hypotheses == 3**groups
        assert len(game.hypotheses.separator(game.people)) == 2 * groups
    assert figure.parameters().keys() >= {"groups G", "cuts per group q"}
