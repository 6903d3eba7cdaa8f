"""Paging with advice: known answers, the theorem on every small case, exact expectations, references, mutants."""

from itertools import product

import numpy as np
import pytest

from bandits.core.jit import kernel
from bandits.prediction import (
    FIFO,
    LRU,
    Flush,
    Mark0,
    Marker,
    MarkPredict,
    PagingGame,
    cyclic_trace,
    phased_trace,
    read_trace,
    zipf_trace,
)
from bandits.protocol import LearnerSteps
from sims import simulate
from tests.laws.enumeration import plays
from theory.prediction.exact import expected_misses

SIX = ([0, 1, 2, 0, 1, 2], 2)
TWELVE = ([0, 1, 2, 3, 0, 1, 4, 0, 1, 2, 3, 4], 3)
TIGHT = ([0, 1, 2, 3, 0, 1], 3)
CIRCLE = ([0, 1, 2, 3] * 6, 3)


def game(requests, cache, bits=None, **more):
    return PagingGame(requests, cache, np.shape(requests)[-1], bits, **more)


def play(problem, learner, backend="python", repetitions=None):
    """Return the metrics (R,) of all rows by name."""
    run = simulate(problem, learner, repetitions=repetitions or len(problem.requests), backend=backend)
    return {name: run.final(name) for name in problem.metrics}


def misses(problem, learner):
    return play(problem, learner)["misses"].tolist()


def all_bits(n):
    return np.array(list(product((0, 1), repeat=n)))


def canonical(n, pages):
    """Return all requests (M, n) up to the names of pages: they are numbered in order of appearance."""
    rows = [row for row in product(range(pages), repeat=n) if list(dict.fromkeys(row)) == list(range(len(set(row))))]
    return np.array(rows)


def with_all_bits(requests):
    bits = all_bits(requests.shape[1])
    return np.repeat(requests, len(bits), axis=0), np.tile(bits, (len(requests), 1))


# ---------------------------------------------------------------- references, in sets and lists


def evictions(requests, cache, choose):
    """Return the misses of demand paging and the bits that are right about it; choose(cached, t): the page to evict."""
    cached, latest, missed, truth = [], {}, 0, np.zeros(len(requests), bool)
    for t, page in enumerate(requests):
        if page not in cached:
            missed += 1
            if len(cached) == cache:
                gone = choose(cached, t)
                cached.remove(gone)
                truth[latest[gone]] = True
            cached.append(page)
        latest[page] = t
    return missed, truth


def furthest(requests):
    def choose(cached, t):
        rest = list(requests[t:])
        return max(cached, key=lambda page: (rest.index(page) if page in rest else len(rest), page))

    return choose


def least_recent(requests):
    return lambda cached, t: min(cached, key=lambda page: max(s for s in range(t) if requests[s] == page))


RIVALS = {"optimum": furthest, "LRU": least_recent, "FIFO": lambda requests: lambda cached, t: cached[0]}


def flush_misses(requests, bits, cache, eager):
    """Return the misses of Flush on a list of slots, those with bit 0 first; the first of the others is evicted."""
    order, zeros, page_in, missed = list(range(cache)), 0, {}, 0
    for page, bit in zip(requests, bits, strict=True):
        slot = next((slot for slot in page_in if page_in[slot] == page), None)
        if slot is None:
            missed, slot = missed + 1, len(page_in)
            if slot == cache:
                if zeros == cache:
                    zeros, page_in = 0, {} if eager else page_in
                slot = order[zeros] if page_in else 0
        page_in[slot] = page
        place = order.index(slot)
        to = zeros if place >= zeros and not bit else zeros - 1 if place < zeros and bit else place
        order[place], order[to] = order[to], order[place]
        zeros += (place >= zeros and not bit) - (place < zeros and bit)
    return missed


# ---------------------------------------------------------------- known answers


@pytest.mark.parametrize(
    ("case", "truth", "optimum", "lru", "fifo"),
    [
        (SIX, [0, 1, 0, 1, 0, 0], 4, 6, 6),
        (TWELVE, [0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0], 7, 10, 9),
        (CIRCLE, [0, 0, 1] * 7 + [0, 0, 0], 10, 24, 24),
    ],
)
def test_known_answers(case, truth, optimum, lru, fifo):
    perfect = game(*case)
    assert perfect.perfect.truth[0].tolist() == truth
    assert perfect.totals.optimum.tolist() == [optimum]
    assert [misses(perfect, rule) for rule in (LRU(), FIFO(), Flush(), Flush(eager=True))] == [
        [lru],
        [fifo],
        [optimum],
        [optimum],
    ]


def test_wrong_bits():
    zeros, ones = [0] * 6, [1] * 6
    shown = play(game(*SIX, [zeros, ones]), Flush(eager=True))
    assert (shown["misses"].tolist(), shown["emptied"].tolist()) == ([6, 5], [2, 0])
    assert (shown["wrong_zeros"].tolist(), shown["wrong_ones"].tolist()) == ([2, 0], [0, 4])
    assert play(game(*TWELVE, [0] * 12), Flush(eager=True))["emptied"] == 3
    assert misses(game(*TWELVE, [0] * 12), Flush(eager=True)) == [12]
    assert misses(game(*CIRCLE, [0] * 24), Flush(eager=True)) == [24]
    tight = play(game(*TIGHT, zeros), Flush(eager=True))
    assert (tight["misses"], tight["wrong_zeros"], tight["regret"]) == (6, 1, 2)  # 4 + (k - 1)
    assert tight["hit_rate"] == 0.0
    assert game(*TIGHT).payoff({"misses": 6.0}) == -6.0


def test_phase_bits():
    """An error counts at the last request of a page in its phase: 0 1 2 | 3 0 1 | 4 0 1 | 2 3 4."""
    perfect = game(*TWELVE, advice="phase")
    assert perfect.perfect.truth[0].tolist() == [0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1]
    again = game([0, 0, 1, 0, 2, 1], 2, [1, 1, 0, 0, 0, 0], advice="phase")  # 0 0 1 0 | 2 1
    assert again.perfect.truth[0].tolist() == [1, 1, 0, 1, 1, 1]
    assert again.perfect.counts[0].tolist() == [0, 0, 1, 1, 1, 1]
    assert (again.totals.wrong_zeros, again.totals.wrong_ones) == (3, 0)


def test_expected_misses():
    assert expected_misses(game(*CIRCLE), "Marker") == pytest.approx(15.833333, abs=1e-6)
    shown = np.stack([game(*TWELVE).shown_bits[0], np.zeros(12, int), np.ones(12, int)])
    assert expected_misses(game(*TWELVE, shown), "Mark0") == pytest.approx([7, 9.333333, 8.983539], abs=1e-6)
    shown[0] = game(*TWELVE, advice="phase").shown_bits[0]
    phases = game(*TWELVE, shown, advice="phase")
    assert expected_misses(phases, "MarkPredict") == pytest.approx([7, 9.333333, 9.333333], abs=1e-6)


# ---------------------------------------------------------------- every small case


@pytest.fixture(scope="module")
def small():
    """Return all requests of length 7 of 3 pages, up to names, with all bits: 46,720 of the 279,936 cases.

    The rules know slots and not names, so the others play alike.
    """
    return game(*_with(canonical(7, 3), 2))


def _with(requests, cache):
    rows, bits = with_all_bits(requests)
    return rows, cache, bits


@pytest.mark.parametrize("eager", [False, True])
def test_flush_on_every_small_case(small, eager):
    """The theorem against the optimum, LRU and FIFO, and P1's equality somewhere; flushes are at most eta_0."""
    found = play(small, Flush(eager=eager), "numba")
    requests, n_bits = canonical(7, 3), 2**7
    for rival in RIVALS.values():
        cost, truth = zip(*[evictions(row, 2, rival(row)) for row in requests.tolist()], strict=True)
        right = np.repeat(truth, n_bits, axis=0)
        wrong_zeros, wrong_ones = (right & (small.bits == 0)).sum(axis=1), (~right & (small.bits == 1)).sum(axis=1)
        slack = found["misses"] - np.repeat(cost, n_bits) - wrong_zeros - wrong_ones
        assert slack.max() == 0
        assert (found["emptied"] <= wrong_zeros).all()
    assert ((found["misses"] >= found["optimum"]) & (found["misses"] <= 7)).all()
    assert found["emptied"].any() == eager


def test_the_optimum_is_the_least():
    """By search over all evictions, and with the advice that the reference gives."""
    for row in canonical(6, 4).tolist():
        problem = game(row, 2)
        assert problem.totals.optimum[0] == _least(row, 2)
        assert problem.perfect.truth[0].tolist() == evictions(row, 2, furthest(row))[1].tolist()


def _least(requests, cache):
    costs = {frozenset(): 0}
    for page in requests:
        after = {}
        for cached, cost in costs.items():
            options = [cached | {page}]
            if page not in cached and len(cached) == cache:
                options = [cached - {gone} | {page} for gone in cached]
            for option in options:
                after[option] = min(after.get(option, 99), cost + (page not in cached))
        costs = after
    return min(costs.values())


@pytest.mark.parametrize(("rule", "advice"), [("Mark0", "discard"), ("MarkPredict", "phase")])
def test_randomised_rules_on_every_small_case(rule, advice):
    problem = game(*_with(canonical(6, 3), 2), advice=advice)
    expected, (best, zeros, ones) = expected_misses(problem, rule), problem.totals
    harmonic = 1.5
    bound = best + 2 * harmonic * zeros + ones if rule == "Mark0" else 2 * best + harmonic * zeros + ones
    assert (expected <= bound + 1e-9).all()
    assert (expected >= best - 1e-9).all()
    if rule == "Mark0":
        assert (expected[(zeros == 0) & (ones == 0)] == best[(zeros == 0) & (ones == 0)]).all()


# ---------------------------------------------------------------- random larger ones

RNG = np.random.default_rng(8)
RANDOM = [
    game(RNG.integers(0, pages, (40, 50)), cache, RNG.integers(0, 2, (40, 50)), pages=pages)
    for cache, pages in ((1, 3), (2, 5), (3, 4), (4, 9), (5, 7))
]


@pytest.mark.parametrize("problem", RANDOM)
def test_rules_play_as_their_definitions(problem):
    rows = [(row, bits) for row, bits in zip(problem.requests.tolist(), problem.bits.tolist(), strict=True)][:8]
    for eager in (False, True):
        found = play(problem, Flush(eager=eager), "numba")
        assert found["misses"][:8].tolist() == [flush_misses(*row, problem.cache, eager) for row in rows]
        bound = found["optimum"] + (problem.cache - 1) * found["wrong_zeros"] + found["wrong_ones"]
        assert (found["misses"] <= bound).all()
        right = game(problem.requests, problem.cache)
        assert (play(right, Flush(eager=eager), "numba")["regret"] == 0).all()
    for rule, name in ((LRU(), "LRU"), (FIFO(), "FIFO")):
        found = play(problem, rule, repetitions=8)["misses"].tolist()
        assert found == [evictions(row, problem.cache, RIVALS[name](row))[0] for row, _ in rows]


@pytest.mark.parametrize("rule", [Marker(), Mark0(), MarkPredict()])
@pytest.mark.parametrize("bits", ["000000000000", "111111111111", "011010010110", "110001101001"])
def test_randomised_rules_play_as_their_laws(rule, bits):
    problem = game(*TWELVE, [int(bit) for bit in bits])
    expected = sum(chance * path.metrics["misses"] for chance, path in plays(problem, rule, lambda action, _: action))
    assert expected == pytest.approx(expected_misses(problem, rule.name)[0], abs=1e-12)


def test_names_of_pages_mean_nothing():
    problem = RANDOM[3]
    names = np.random.default_rng(5).permutation(9)
    renamed = game(names[problem.requests], problem.cache, problem.bits, pages=9)
    for rule in (Flush(), Flush(eager=True)):
        assert np.array_equal(play(renamed, rule, "numba")["misses"], play(problem, rule, "numba")["misses"])
    assert np.array_equal(renamed.totals.optimum, problem.totals.optimum)


# ---------------------------------------------------------------- mutants


@kernel
def _never_refreshed(params, slots, t, action, served, rng):
    return slots if served.hit else Flush.steps.update(params, slots, t, action, served, rng)


@kernel
def _inverted(params, slots, t, action, served, rng):
    return Flush.steps.update(params, slots, t, action, served._replace(bit=1 - served.bit), rng)


@kernel
def _never_flushes(params, slots, t, action, served, rng):
    quiet = served._replace(full=False)
    return Flush.steps.update(params, slots, t, action, quiet, rng)


@pytest.mark.parametrize("update", [_never_refreshed, _inverted, _never_flushes])
def test_mutants_break_the_theorem(update):
    """Perfect bits on random requests, and bits 0 on two pages in turn, which need a flush."""

    class Mutant(Flush):
        steps = LearnerSteps(*Flush.steps[:2], update)

    rng = np.random.default_rng(1)
    worst = -np.inf
    for requests in (rng.integers(0, 5, (20, 40)), np.array([[0, 1, 2] + [3, 4] * 20])):
        problem = game(requests, 3, None if update is not _never_flushes else np.zeros(requests.shape, int))
        found = play(problem, Mutant())
        worst = max(worst, (found["misses"] - found["optimum"] - 2 * found["wrong_zeros"] - found["wrong_ones"]).max())
        true = play(problem, Flush())
        assert (true["misses"] <= true["optimum"] + 2 * true["wrong_zeros"] + true["wrong_ones"]).all()
    assert worst > 0


# ---------------------------------------------------------------- input


def test_a_trace_of_ones_own(tmp_path):
    file = tmp_path / "trace.txt"
    file.write_text("/index\n/a b\n\n/index\n/c\n", encoding="utf-8")
    assert read_trace(file).tolist() == [0, 1, 0, 2]
    file.write_bytes("\ufeffa\r\nb\u2028b\r\na".encode())  # a mark of the byte order; only line ends part pages
    assert read_trace(file).tolist() == [0, 1, 0]
    file.write_text("x\ny\nx\n", encoding="utf-16")
    assert read_trace(file).tolist() == [0, 1, 0]
    file.write_text("\n\n", encoding="utf-8")
    with pytest.raises(ValueError, match="without a page"):
        read_trace(file)
    with pytest.raises(ValueError, match="path must be a text file with one page per line"):
        read_trace(tmp_path / "missing")


def test_traces():
    assert cyclic_trace(3, 7).tolist() == [0, 1, 2, 0, 1, 2, 0]
    drawn = zipf_trace(4, 4000, 1.0, seed=1)
    expected = 4000 * np.array([12, 6, 4, 3]) / 25
    assert np.bincount(drawn, minlength=4) == pytest.approx(expected, abs=5 * 4000**0.5 / 2)
    phased = phased_trace(20, 95, 3, 30)
    assert phased.size == 95
    assert all(len(set(part)) <= 3 for part in np.split(phased, [30, 60, 90]))


def test_bits_may_be_truth_values():
    assert game(*SIX, np.array([1, 0, 1, 0, 0, 1], bool)).shown_bits.tolist() == [[1, 0, 1, 0, 0, 1]]


def test_noise():
    problem = game(cyclic_trace(4, 4000), 3)
    ones = int(problem.perfect.truth.sum())
    noisy = problem.noisy(0.25, 0.0, seed=1, rows=3)
    assert noisy.totals.wrong_ones.tolist() == [0, 0, 0]
    assert noisy.totals.wrong_zeros == pytest.approx([ones / 4] * 3, abs=5 * ones**0.5 / 2)
    assert len(set(noisy.totals.wrong_zeros.tolist())) > 1
    assert problem.noisy(1.0, 1.0, seed=1).totals.wrong_zeros == [ones]


WRONG = [
    (lambda: PagingGame([0, 1, 5], 2, 3, pages=5), "requests must be below pages = 5, got 5"),
    (lambda: PagingGame([0, -1], 2, 2), "requests must be between 0 and"),
    (lambda: PagingGame([0, 1], 0, 2), "cache must be between 1"),
    (lambda: PagingGame([0, 1], 1, 3), "requests must reach the horizon = 3, got 2"),
    (lambda: PagingGame([0, 1], 1, 2, [0, 2]), "bits must be between 0 and 1, got 2"),
    (lambda: PagingGame([0, 1], 1, 2, [0]), "bits must reach the horizon = 2, got 1"),
    (
        lambda: PagingGame([[0, 1]] * 2, 1, 2, [[0, 1]] * 3),
        "bits must have one row or as many as requests, got 3 and 2",
    ),
    (lambda: PagingGame([0, 1], 1, 2, advice="lru"), "advice must be one of discard, phase"),
    (lambda: PagingGame([], 1, 1), "requests must be"),
    (lambda: expected_misses(game([0, 1], 1, pages=9), "Marker"), "game must have at most 8 pages"),
    (lambda: phased_trace(3, 9, 4, 3), "working_set must be"),
]


@pytest.mark.parametrize(("make", "said"), WRONG)
def test_bad_input_is_one_line(make, said):
    with pytest.raises(ValueError, match=said) as caught:
        make()
    assert "\n" not in str(caught.value)


@kernel
def _outside(params, slots, request, t, rng):
    return 7


def test_slots_are_checked():
    class Outside(Flush):
        steps = LearnerSteps(Flush.steps.init, _outside, Flush.steps.update)

    with pytest.raises(ValueError, match=r"in round t = 0, the slot must be in -1, ..., 1, got 7"):
        simulate(game(*SIX), Outside(), backend="python")
