"""Private herds: exact laws of short sequences, exponents, privacy, mutants; nothing is compiled."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import log_ndtr

from bandits.core.rng import uniform
from bandits.loops import ConstantResponse, PrivateHerd, Reporting, ShrinkingBudgets, SmoothResponse, UniformBudgets
from bandits.loops.herd import log_chance, log_normal_below
from sims import simulate
from tests.drivers import plain, stream_of
from theory.loops.exact import (
    binary_cascade,
    budget_growth,
    herd_law,
    learning_speed,
    log_survival,
    shrinking_growth,
    tail_exponent,
    wrong_report_slope,
)

CHANCE = plain(log_chance)
EPSILONS = st.floats(0.05, 5.0)


@pytest.mark.parametrize(
    ("epsilon", "expected"),
    [(1.0, (0.544636, 2.450847, 3.455667, 0.053184)), (math.inf, (0.802961, 2.979114, 4.258545, 0.014401))],
)
def test_laws_of_reports(epsilon, expected):
    three, ten = (herd_law(PrivateHerd(n), epsilon) for n in (3, 10))
    law = np.exp(ten[0])
    found = np.exp(three[0][-1]), three[1][-1], law @ ten[1], law[ten[1] < 0].sum()
    assert found == pytest.approx(expected, abs=1e-6)
    assert law.sum() == pytest.approx(1.0, rel=1e-12)
    assert np.exp(ten[0] - ten[1]).sum() == pytest.approx(1.0, rel=1e-12)  # the law where theta = -1: E_- e^l = 1
    assert np.sort(law) == pytest.approx(np.sort(np.exp(ten[0] - ten[1])), rel=1e-9)  # symmetry of +1 and -1


def test_exponents():
    found = [tail_exponent(e, 1.0) for e in (0.5, 1.0, 2.0, 2.5)] + [tail_exponent(0.9, 2.0)]
    assert found == pytest.approx([6.327907, 2.313035, 1.018657, 0.805427, 0.665574], abs=1e-6)
    assert wrong_report_slope(1.0, 1.0) == pytest.approx(0.455679, abs=1e-6)
    assert wrong_report_slope(2.5, 1.0) == wrong_report_slope(math.inf, 1.0) == math.inf  # kappa = 0.81 and 0
    survival = log_survival(1.0, 1.0, 40_000)
    slope = (survival[40_000] - survival[20_000]) / math.log(2.0)
    assert slope == pytest.approx(-tail_exponent(1.0, 1.0), rel=1e-3)
    assert np.exp(survival).sum() == pytest.approx(1.504085, abs=2e-5)
    assert np.exp(log_survival(math.inf, 1.0, 300)).sum() == pytest.approx(1.672715022978, rel=1e-9)


@pytest.mark.parametrize(("epsilon", "slope"), [(1.0, 2.0), (0.5, 4.0), (2.0, 1.0)])
def test_the_log_likelihood_grows_like_the_logarithm(epsilon, slope):
    """On the all-wrong path |l| rises by 2 / (epsilon sigma^2) per unit of ln n, without privacy like its root."""
    chances, ratio = [], 0.0
    for n in range(16_000):
        play = Reporting(-0.5 * ratio, epsilon, 0.5)
        ratio += CHANCE(-1, 1.0, 1.0, play) - CHANCE(-1, -1.0, 1.0, play)
        if n + 1 in (1000, 4000, 16_000):
            chances.append(-ratio)
    slopes = np.diff(chances) / math.log(4.0)
    assert slopes[1] == pytest.approx(slope, rel=5e-3)
    assert abs(slopes[1] - slope) < 0.5 * abs(slopes[0] - slope)


def test_the_first_right_report_may_take_for_ever():
    """Exact sums: where kappa is below 1 the expected wait grows like n^(1 - kappa), where above it is finite."""
    assert tail_exponent(0.9, 2.0) < 1.0 < tail_exponent(1.0, 1.0)  # epsilon in (0, 1) is not enough
    waits = np.exp(log_survival(0.9, 2.0, 50_000)).cumsum()
    assert waits[12_499] == pytest.approx(10.31, abs=0.01)
    late = [waits[4 * n] - waits[2 * n] for n in (6_250, 12_500)]
    assert math.log2(late[1] / late[0]) == pytest.approx(1.0 - tail_exponent(0.9, 2.0), rel=1e-3)


# ---------------------------------------------------------------- budgets that differ


def speed(epsilon, sigma, ratio):
    play = Reporting(-0.5 * sigma**2 * ratio, epsilon, 0.5)
    right, wrong = (np.array([CHANCE(report, s, sigma, play) for report in (1, -1)]) for s in (1.0, -1.0))
    return float(np.exp(right) @ (right - wrong))


@given(epsilon=EPSILONS, sigma=st.floats(0.5, 3.0), ratio=st.floats(-30.0, 30.0))
def test_the_speed_of_learning_is_that_of_the_reports(epsilon, sigma, ratio):
    assert learning_speed(epsilon, sigma, ratio) == pytest.approx(speed(epsilon, sigma, ratio), rel=1e-6, abs=1e-12)
    assert learning_speed(epsilon, sigma, ratio) >= -1e-15


@pytest.mark.parametrize("sigma", [1.0, 2.0])
def test_budgets_that_differ_do_not_reach_the_square_root(sigma):
    """Speed at l = 1000 over c / l^3 for uniform budgets, public or not, and the largest of any budget over c / l^2."""
    ratio, a = 1000.0, 500.0 * sigma**2

    def over_budgets(value):  # the mean over epsilon = u / a, uniform on [0, 1]
        parts = itertools.pairwise((0.0, 1.0, 4.0, 16.0, 64.0, a))
        return math.fsum(quad(lambda u: value(u / a) / a, *ends, epsabs=0.0, epsrel=1e-6)[0] for ends in parts)

    public = over_budgets(lambda epsilon: speed(epsilon, sigma, ratio))
    assert public * ratio**3 == pytest.approx(budget_growth(sigma, 1.0) ** 4 / 4.0, rel=0.005)
    right, wrong = (
        over_budgets(lambda epsilon, s=s: math.exp(CHANCE(-1, s, sigma, Reporting(-a, epsilon, 0.5))))
        for s in (1.0, -1.0)
    )
    hidden = right * math.log(right / wrong) + (1.0 - right) * math.log1p((wrong - right) / (1.0 - wrong))
    assert hidden * ratio**3 == pytest.approx(8.0 / sigma**6, rel=0.005)
    scales = np.geomspace(0.5, 8.0, 41)
    speeds = [learning_speed(scale / a, sigma, ratio) * ratio**2 for scale in scales]
    limits = [shrinking_growth(sigma, scale) ** 3 / 3.0 for scale in scales]
    assert speeds == pytest.approx(limits, rel=0.01)
    assert max(limits) <= shrinking_growth(sigma, 1.8414) ** 3 / 3.0
    assert learning_speed(20.0, sigma, ratio) < 1e-9  # nothing is learnt from budgets that stay large


def test_budgets_of_single_agents():
    herd, rng = PrivateHerd(5, sigma=2.0), stream_of(4, 0, 0)
    for rule, rate in (
        (UniformBudgets(0.5), lambda t, threshold: 0.5 * uniform(rng, t, 0)),
        (ShrinkingBudgets(3.0), lambda t, threshold: 3.0 / (1.0 + abs(threshold))),
    ):
        state = plain(rule.steps.init)(rule.parameters(herd), rng)._replace(log_ratio=1.5)
        for t in range(3):
            play = plain(rule.steps.act)(rule.parameters(herd), state, t, rng)
            assert play == pytest.approx((-3.0, rate(t, -3.0), 0.5))


def test_known_growths():
    assert budget_growth(1.0, 1.0) == pytest.approx(17.190822**0.25 * 4**0.25, rel=1e-6)
    assert budget_growth(2.0, 0.5) == pytest.approx(budget_growth(1.0, 1.0) * (2.0 / 64.0) ** 0.25, rel=1e-12)
    assert shrinking_growth(1.0, 1.8414) == pytest.approx((3.0 * 2.336292) ** (1.0 / 3.0), rel=1e-6)


def test_cascades():
    found = [binary_cascade(*pair) for pair in ((0.7, 1.0), (0.7, math.inf), (0.9, 0.3), (0.9, 1.0))]
    assert found == pytest.approx([0.754356, 0.844828, 0.916332, 0.911203], abs=1e-6)
    assert binary_cascade(0.9, 0.3) > binary_cascade(0.9, 1.0)  # more privacy, a better cascade


@pytest.mark.parametrize("pair", [(0.7, 1.0), (0.9, 0.3), (0.8, math.inf), (0.55, 2.0)])
def test_cascades_by_recursion(pair):
    """Agents weigh their signal against the reports that told something, until it no longer counts."""
    accuracy, flip = pair[0], 1.0 / (1.0 + math.exp(min(pair[1], 700.0)))
    q = accuracy * (1.0 - flip) + (1.0 - accuracy) * flip
    own, told = (math.log(share / (1.0 - share)) for share in (accuracy, q))
    law, right = {0: 1.0}, 0.0  # of right reports less wrong ones, where signals count
    for _ in range(6000):
        after = dict.fromkeys(law, 0.0)
        for lead, chance in law.items():
            for step, share in ((1, q), (-1, 1.0 - q)):
                if abs(lead + step) * told > own * (1.0 + 1e-12):  # at equality the own signal decides
                    right += chance * share if lead + step > 0 else 0.0
                else:
                    after[lead + step] = after.get(lead + step, 0.0) + chance * share
        law = after
    assert sum(law.values()) < 1e-12
    assert binary_cascade(*pair) == pytest.approx(right, rel=1e-9)


@given(
    theta=st.sampled_from([-1.0, 1.0]),
    sigma=st.floats(0.2, 5.0),
    threshold=st.floats(-50.0, 50.0),
    rate=st.one_of(st.floats(0.0, 20.0), st.just(math.inf)),
    chance=st.floats(0.0, 0.5),
)
def test_chances_of_reports(theta, sigma, threshold, rate, chance):
    """They sum to 1, mirror, and are those of the integral over the signal."""
    play = Reporting(threshold, rate, chance)
    right, wrong = (CHANCE(report, theta, sigma, play) for report in (1, -1))
    assert math.exp(right) + math.exp(wrong) == pytest.approx(1.0, rel=1e-9)
    assert CHANCE(-1, -theta, sigma, Reporting(-threshold, rate, chance)) == pytest.approx(right, rel=1e-12, abs=1e-300)
    z = (np.arange(4000) + 0.5) / 4000 * 17.0 - 8.5
    density = np.exp(-0.5 * z**2)
    gap = theta + sigma * z - threshold
    flip = np.zeros_like(z) if rate == math.inf else chance * np.exp(-rate * np.abs(gap))
    expected = (density * np.where(gap > 0, 1 - flip, flip)).sum() / density.sum()
    assert math.exp(right) == pytest.approx(expected, abs=3e-3)


@pytest.mark.parametrize("play", [Reporting(0.5, 2.0, 0.5), Reporting(-3.0, 0.5, 0.25), Reporting(2.0, 8.0, 0.5)])
@pytest.mark.parametrize("sigma", [0.5, 2.0])
def test_chances_of_reports_to_many_digits(play, sigma):
    def density(s):
        flip = play.chance * math.exp(-play.rate * abs(s - play.threshold))
        return math.exp(-0.5 * ((s - 1.0) / sigma) ** 2) * (1.0 - flip if s > play.threshold else flip)

    ends = sorted([-20.0, play.threshold, 20.0])
    expected = math.fsum(quad(density, *pair, epsabs=1e-13)[0] for pair in itertools.pairwise(ends))
    expected /= sigma * math.sqrt(2.0 * math.pi)
    assert CHANCE(1, 1.0, sigma, play) == pytest.approx(math.log(expected), rel=1e-8)


@given(signal=st.floats(-20, 20), other=st.floats(-20, 20), epsilon=EPSILONS)
def test_reports_are_private(signal, other, epsilon):
    """The chance of a report changes with the signal by a factor of e^{epsilon |s - s'|} at most."""

    def chances(s):
        flip = 0.5 * math.exp(-epsilon * abs(s))
        return (1 - flip, flip) if s > 0 else (flip, 1 - flip)

    for one, two in zip(chances(signal), chances(other), strict=True):
        assert abs(math.log(one) - math.log(two)) <= epsilon * abs(signal - other) + 1e-9


@pytest.mark.parametrize("sigma", [0.1, 1.0, 1000.0])
@pytest.mark.parametrize("rate", [1e6, 1e10, 1e300])
def test_flips_that_hardly_happen_leave_the_decision(rate, sigma):
    for threshold in (0.0, 0.5, -3.0):
        right, wrong = (CHANCE(report, 1.0, sigma, Reporting(threshold, rate, 0.5)) for report in (1, -1))
        assert math.exp(right) + math.exp(wrong) == pytest.approx(1.0, rel=1e-12)
        assert right == pytest.approx(float(log_ndtr((1.0 - threshold) / sigma)), abs=1e-5)


def test_tails_of_the_normal_law():
    for x in (-1e5, -100.0, -30.0, -29.9, -5.0, 0.0, 3.0, 40.0):
        assert plain(log_normal_below)(x) == pytest.approx(float(log_ndtr(x)), rel=1e-9, abs=1e-12)


def test_long_herds_stay_finite():
    """Far into the tails l keeps growing like its logarithm; probabilities in linear space would freeze or be nan."""
    theta, ratio, play = 1.0, 0.0, None
    for _ in range(3):
        ratio += 400.0
        play = Reporting(-0.5 * ratio, 1.0, 0.5)
        chances = [CHANCE(report, theta, 1.0, play) for report in (1, -1)]
        assert np.isfinite(chances).all()
        assert chances[1] == pytest.approx(0.5 - 1.0 - 0.5 * ratio - math.log(2.0), rel=1e-6)  # the tail of the flips


@pytest.mark.parametrize("rule", [SmoothResponse(), SmoothResponse(math.inf), ConstantResponse(0.5)])
def test_the_problem_counts_what_was_reported(rule):
    herd = PrivateHerd(40, sigma=1.5, theta=-1)
    run = simulate(herd, rule, record=["actions", "feedback"], backend="python", seed=3)
    reports = np.ravel(run.records["feedback"])
    assert run.final("wrong_reports") == (reports == 1).sum()
    assert run.final("first_correct") == np.flatnonzero(reports == -1)[0] + 1
    ratio, least = 0.0, 0.0
    params = rule.parameters(herd)
    for report in reports:
        play = Reporting(-0.5 * 1.5**2 * ratio, params.rate, params.chance)
        ratio += CHANCE(report, 1.0, 1.5, play) - CHANCE(report, -1.0, 1.5, play)
        least = max(least, ratio)
    assert run.final("log_likelihood") == pytest.approx(-ratio)
    assert run.final("most_wrong") == pytest.approx(least)


def test_without_flips_wrong_decisions_are_wrong_reports():
    run = simulate(PrivateHerd(5), SmoothResponse(math.inf), repetitions=20, backend="python")
    assert run.final("wrong_decisions").tolist() == run.final("wrong_reports").tolist()
    assert run.final("wrong_decisions").sum() > 0


WRONG = [
    (lambda: PrivateHerd(0), "horizon must be"),
    (lambda: PrivateHerd(5, sigma=0.0), "sigma must be"),
    (lambda: PrivateHerd(5, theta=2), "theta must be"),
    (lambda: SmoothResponse(0.0), "epsilon must be"),
    (lambda: UniformBudgets(0.0), "highest must be"),
    (lambda: shrinking_growth(1.0, math.inf), "scale must be finite"),
    (lambda: ShrinkingBudgets(0.0), "scale must be"),
    (lambda: herd_law(PrivateHerd(30), 1.0), "at most 20 agents, got 30"),
    (lambda: binary_cascade(0.5, 1.0), "accuracy must be"),
]


@pytest.mark.parametrize(("make", "said"), WRONG)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)
