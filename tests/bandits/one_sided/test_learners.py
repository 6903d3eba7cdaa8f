"""The family's learners: known answers, laws by enumeration, blindness to what is hidden, and the loop's own numbers.

Monte-Carlo checks use Hoeffding's radius at a false-alarm probability of 1e-9 each, with fixed seeds.
"""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandits.one_sided import (
    AppleTasting,
    ContextSemiBanditFtpl,
    EpsilonTasting,
    Exp2FullBandit,
    Exp2OneSided,
    Exp4AppleTasting,
    FollowObserved,
    FullInformationExp2,
    FullLabels,
    InstanceFtpl,
    Lending,
    Listed,
    OmniscientFair,
    OneSidedGame,
    Panel,
    Panels,
    RecordedPeople,
    RevealingAction,
    TableDistance,
    hidden_outcomes,
    label_drift,
    lending,
    nobody_audits,
    three_points,
)
from bandits.one_sided.full_bandit import gram_matrix, solve_in_range
from sims import simulate
from tests.bandits.one_sided.strategies import bits, games, scattered_game
from tests.bandits.one_sided.tracing import check_blind_to_hidden_labels, trace
from tests.drivers import plain, play_plainly

LEARNERS = [
    Exp2OneSided(price=2.0, learning_rate=0.3),
    Exp2FullBandit(1, 0.2, 0.1),
    ContextSemiBanditFtpl(1, leaders=3, resamples=3, perturbation=0.5),
    InstanceFtpl(1.5, leaders=4, resamples=3, perturbation=0.5),
    InstanceFtpl(1.5, leaders=4, perturbation=0.5),
    AppleTasting(1),
    Exp4AppleTasting(0.3),
    EpsilonTasting(0.7),
    RevealingAction(0.4, 0.3),
    FollowObserved(),
    FollowObserved("bad"),
    OmniscientFair(),
]


def name_of(learner):
    return repr(learner)[:40]


def radius(n, width=1.0):
    return width * math.sqrt(math.log(2e9) / (2 * n))


def recorded(predictions, people, labels, **rest):
    """Return a game over a fixed sequence without auditors."""
    n = np.shape(predictions)[1]
    crowd = RecordedPeople(np.arange(float(n))[:, None], people, labels)
    horizon, k = np.shape(people)
    return OneSidedGame(crowd, Listed(predictions), nobody_audits(n), horizon, k, **rest)


# ---------------------------------------------------------------- what is hidden stays hidden


@pytest.mark.parametrize("learner", LEARNERS, ids=name_of)
@settings(max_examples=12)
@given(st.data())
def test_hidden_labels_do_not_change_the_play(learner, data):
    check_blind_to_hidden_labels(data.draw(games(max_rounds=5)), learner, data.draw(st.integers(0, 9)))


@pytest.mark.parametrize("learner", LEARNERS, ids=name_of)
def test_hidden_labels_do_not_change_the_play_in_scattered_games(learner):
    for seed in range(5):
        check_blind_to_hidden_labels(scattered_game(np.random.default_rng(seed), max_rounds=8), learner, seed)


# ---------------------------------------------------------------- Exp2


def test_one_step_of_exp2():
    """N = 3, k = 2, one round by hand: the panel's report, both estimates and both laws after it."""
    distances = [TableDistance([[0.0, d], [d, 0.0]]) for d in (0.1, 0.5, 0.2)]
    people = RecordedPeople([[0.0], [1.0]], [[0, 1], [0, 1]], [[0, 1], [0, 1]])
    game = OneSidedGame(people, Listed([[1, 1], [1, 0], [0, 0]]), Panels(Panel(distances, 2)), 2, 2, 0.1)
    expected = {
        0: ((5, 8, 4), (0.348207427883735, 0.077695579148571, 0.574096992967695)),
        1: ((5, 8, 4), (0.348207427883735, 0.077695579148571, 0.574096992967695)),
        2: ((2, 5, 4), (0.628531719211762, 0.140244383166088, 0.231223897622149)),
    }
    moment = 0.0
    for h, (estimate, law) in expected.items():
        first, second = trace(game, Exp2OneSided(2.0, learning_rate=0.5), draws=(h, 0))[0]
        assert first.acceptance == pytest.approx([2 / 3, 1 / 3], rel=1e-15)
        assert first.pair == (0, 1)
        assert first.estimate == pytest.approx(estimate, rel=1e-14)
        assert second.law == pytest.approx(law, rel=1e-12)
        moment += first.law @ first.estimate**2 / 3
    assert moment == pytest.approx(85 / 3, rel=1e-14)


EXACT = [
    ([[1], [0]], [[0], [1], [1]], 0.5, 1.5975575724958946, (2, 3), 5.597557572495896),
    ([[1, 1], [0, 1], [0, 0]], [[0, 1], [1, 1], [0, 0]], 0.4, 2.8645094356752634, (6, 5, 6), 21.85547238273946),
]


def check_exact_expectation(predictions, labels, rate, error, estimates, moment, kind):
    """All N^T draws, enumerated: expected error, expected estimates (unbiased) and second moment; regret below D1."""
    size, k = np.shape(predictions)
    game = recorded(predictions, np.tile(np.arange(k), (3, 1)), labels)
    found_error, found_moment, found = 0.0, 0.0, np.zeros(size)
    for draws in itertools.product(range(size), repeat=3):
        played, measured = trace(game, kind(0.0, learning_rate=rate), draws=draws)
        weight = math.prod(r.law[h] for r, h in zip(played, draws, strict=True))
        found_error += weight * measured["error"]
        found_moment += weight * sum(r.law @ r.estimate**2 for r in played)
        found += weight * sum(r.estimate for r in played)
    assert found_error == pytest.approx(error, rel=1e-13)
    assert found_moment == pytest.approx(moment, rel=1e-13)
    assert found == pytest.approx(estimates, rel=1e-13)
    losses = [sum(np.abs(np.array(h) - y).sum() for y in np.array(labels)) for h in predictions]
    assert found_error - min(losses) <= math.log(size) / rate + 0.5 * rate * found_moment


@pytest.mark.parametrize("case", EXACT)
def test_exact_expectation_of_exp2(case):
    check_exact_expectation(*case, Exp2OneSided)


# ---------------------------------------------------------------- Exp2 on the total loss


@settings(max_examples=60)
@given(st.data())
def test_full_bandit_estimates_are_unbiased(data):
    """E <a_h, P^+ a <a, l>> = <a_h, l> for every h: the law's own moment matrix, by enumeration of the draws."""
    size, k = data.draw(st.integers(2, 5)), data.draw(st.integers(1, 3))
    table, losses = bits(data.draw, size, k), np.array(data.draw(st.lists(st.floats(0, 1), min_size=k, max_size=k)))
    law = np.array(data.draw(st.lists(st.sampled_from([0.1, 0.5, 1.0]), min_size=size, max_size=size)))
    law /= law.sum()
    actions = np.column_stack([np.ones(size), table])
    paid = table @ losses + 0.5 * (1 - table).sum(axis=1)  # affine in the predictions
    mean = np.zeros(size)
    for h in range(size):
        gram, solution = np.zeros((k + 1, k + 1)), actions[h].copy()
        plain(gram_matrix)(np.ascontiguousarray(table.T, dtype=np.uint8), law, np.arange(k), gram)
        assert gram == pytest.approx((actions * law[:, None]).T @ actions, abs=1e-12)
        plain(solve_in_range)(gram.copy(), np.zeros(k + 1, np.int64), solution)
        assert gram @ solution == pytest.approx(actions[h], abs=1e-9)
        mean += law[h] * paid[h] * (actions @ solution)
    assert mean == pytest.approx(paid, abs=1e-8)


# ---------------------------------------------------------------- baselines


@pytest.mark.parametrize(("horizon", "tasting", "expected"), [(100, 0.1, 8.99976094741001), (10_000, 0.01, 99.0)])
def test_apple_tasting_pays_for_what_it_cannot_see(horizon, tasting, expected):
    """All good, first hypothesis rejects: mistakes are geometric, on average (1 - p) (1 - (1 - p)^T) / p."""
    game, learner, runs = hidden_outcomes(horizon, (1.0,)), AppleTasting(), 2000
    assert learner.parameters(game).tasting == pytest.approx(tasting)
    loss = simulate(game, learner, repetitions=runs, seed=3, checkpoints=[horizon]).final("loss")
    for m in (1, 3, round(1 / tasting), round(2 / tasting)):
        assert abs(np.mean(loss >= m) - (1 - tasting) ** m) <= radius(runs)
    exact = sum((1 - tasting) ** m for m in range(1, horizon + 1))
    assert exact == pytest.approx(expected, rel=1e-12)
    assert exact <= 2 * math.sqrt(horizon)


def test_following_what_was_seen_locks_in():
    """Ruin of a walk: P(rejecting for ever after round t), expected acceptances and regret."""
    runs, rounds = 10_000, [2, 4, 11, 101, 1000]
    run = simulate(hidden_outcomes(1000, (0.6,)), FollowObserved(), repetitions=runs, seed=2, checkpoints=rounds)
    locked = (run["observations"] < rounds).mean(axis=0)
    assert np.abs(locked - [0.4, 0.496, 0.588307456, 0.665362221, 2 / 3]).max() <= radius(runs)
    assert abs(run.final("observations").mean() - 336.666667) <= radius(runs, 1000)
    assert abs(run.final("error_regret").mean() - 132.666667) <= radius(runs, 2000)


def test_revealing_action_learns_only_when_everybody_was_accepted():
    game = three_points(40)
    played, _ = trace(game, RevealingAction(0.3, 0.5), seed=4)
    for r, s in itertools.pairwise(played):
        if r.drawn >= 0:
            assert (r.law == s.law).all()
        else:
            wrong = (game.table[r.cells] != r.labels[:, None]).sum(axis=0) / 0.3
            assert s.law == pytest.approx(r.law * np.exp(-0.5 * wrong) / (r.law @ np.exp(-0.5 * wrong)), rel=1e-12)
    assert {r.drawn < 0 for r in played} == {True, False}


def test_epsilon_tasting_plays_the_weighted_leader():
    game = three_points(40)
    played, _ = trace(game, EpsilonTasting(0.8), seed=4)
    total = np.zeros(4)
    for t, r in enumerate(played):
        assert r.tasting == pytest.approx(min(1.0, 0.8 * (t + 1) ** (-1 / 3)), rel=1e-14)
        leader = game.table[:, np.argmin(total)]
        assert r.acceptance == pytest.approx(r.tasting + (1 - r.tasting) * leader[r.cells], rel=1e-14)
        total += ((game.table[r.cells] != r.labels[:, None]) * (r.accepted / r.acceptance)[:, None]).sum(axis=0)


@pytest.mark.parametrize("unseen", ["ignored", "bad"])
def test_follow_observed_counts_what_it_may(unseen):
    game = label_drift(60, block=7)
    played, _ = trace(game, FollowObserved(unseen), seed=4)
    errors, most = np.zeros(4), game.table.sum(axis=0)
    for r in played:
        best = np.flatnonzero(errors == errors.min())
        assert (game.table[:, best[np.argmax(most[best])]] == r.policy).all()
        counted = (r.accepted == 1) | (unseen == "bad")
        taken = np.where(r.accepted == 1, r.labels, 0)
        errors += ((game.table[r.cells] != taken[:, None]) & counted[:, None]).sum(axis=0)


def test_imputing_bad_labels_changes_nothing_for_thresholds():
    """Rejected individuals distinguish only thresholds other than the leader: neither way brings it back."""
    game = lending(40, Lending(12), individuals=3)
    seen, imputed = (play_plainly(game, FollowObserved(unseen), 3, 7) for unseen in ("ignored", "bad"))
    assert (seen == imputed).all()
    assert seen[:, 0, game.metrics.index("observations")].max() < 40 * 3  # some were rejected


def test_omniscient_policy_never_violates():
    game = lending(2000, votes=2, schedule="adversarial")
    run = simulate(game, OmniscientFair(), repetitions=4, seed=1)
    assert (run.final("violations") == 0).all()
    assert run.final("error_regret") == pytest.approx(0.0, abs=1e-6)
    loose = simulate(game, OmniscientFair(slack=0.0), repetitions=4, seed=1)
    assert loose.final("error_regret_no_slack") == pytest.approx(0.0, abs=1e-6)
    assert (loose.final("violations") == 0).all()


# ---------------------------------------------------------------- the loop's own numbers


def test_full_information_learner_in_the_compiled_loop():
    game = replace(three_points(40), feedback=FullLabels())
    learner = FullInformationExp2()
    run = simulate(game, learner, repetitions=2, seed=5, threads=1)
    assert run.values[:, -1:] == pytest.approx(play_plainly(game, learner, 2, 5), rel=1e-9, abs=1e-9)
    assert (run.final("observations") == 80).all()
    more = simulate(game, learner, repetitions=5, seed=5, threads=2)
    assert (more.values[:2] == run.values).all()  # whatever the number of threads and repetitions


MESSAGES = [
    (lambda: Exp2OneSided(price=-1.0), ValueError, "price must be finite and in"),
    (lambda: Exp2OneSided(price=1.0, price_exponent=0.2), ValueError, "give price or price_exponent, not both"),
    (lambda: Exp2OneSided(learning_rate=0.0), ValueError, "learning_rate must be finite and in"),
    (lambda: Exp2FullBandit(price=1.5), TypeError, "price must be an integer"),
    (lambda: Exp4AppleTasting(0.5), ValueError, "learning_rate must be finite and in"),
    (lambda: InstanceFtpl(leaders=0), ValueError, "leaders must be between 1 and 1048576, got 0"),
    (lambda: ContextSemiBanditFtpl(resamples=0), ValueError, "resamples must be between 1 and 1048576, got 0"),
    (lambda: FollowObserved("guessed"), ValueError, "unseen must be one of ignored, bad, got 'guessed'"),
    (lambda: simulate(three_points(5), FullInformationExp2()), TypeError, "learns from FullLabels feedback"),
    (lambda: simulate(three_points(5, slack=0.0), Exp2OneSided()), ValueError, "the problem's slack, which is 0"),
    (lambda: simulate(recorded([[1]], [[0]], [[1]]), InstanceFtpl()), ValueError, "at least 2 hypotheses"),
    (lambda: simulate(recorded([[1]], [[0]], [[1]]), Exp2OneSided()), ValueError, "at least 2 hypotheses"),
]


@pytest.mark.parametrize(("make", "kind", "message"), MESSAGES)
def test_messages(make, kind, message):
    with pytest.raises(kind, match=message):
        make()
