"""What verifies bounds, with one wrong edit: each mutant is rejected by a named check that the true module passes.

A mutant is a module executed from its own text with one edit. Every check is a function of a module, and raises
AssertionError where the module is wrong. All but one are exact: they enumerate streams of samples, plays or tables.
"""

import inspect
import itertools
import math
import sys
import types
from dataclasses import dataclass
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest

from bandits.losses import LossTable
from bandits.switching import BatchedExp3, Exp3, SwitchingCostGame
from theory import checks, confidence, rates
from theory.ranges import Range
from theory.switching import exact, ranges
from theory.switching.exact import informed, play, trees
from theory.switching.witnesses import alternating
from theory.switching.witnesses import minimax as games
from theory.verdict import Verdict


def edited(module, old, new):
    """Return the module executed from its text with `old`, which occurs once, replaced by `new`."""
    text = inspect.getsource(module)
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {module.__name__}"
    return executed(module, text.replace(old, new))


def executed(module, text):
    copy = types.ModuleType(module.__name__)
    exec(compile(text, f"<mutant of {module.__name__}>", "exec"), vars(copy))
    return copy


# ---------------------------------------------------------------- tests of means

NULLS = (0.1, 0.3, 0.5, 0.8)
STREAMS = np.array(list(itertools.product((0.0, 1.0), repeat=12)))  # every stream of 12 zeros and ones


def check_capital_is_fair(module):
    """E-values start at 1 at most, and one more sample of a 0/1 law with the null's mean does not raise them."""

    def e_values(samples, bound):
        return np.exp(module.MeanTest.start(0.0, 1.0, bound).add(samples).log_e()[0])

    for bound, start in itertools.product(NULLS, ([], [0.0], [1.0, 1.0], [0.2, 0.9, 0.4])):
        now, up, down = (e_values([*start, *more], bound) for more in ([], [1.0], [0.0]))
        assert start or (now <= 1.0 + 1e-12).all()
        assert (bound * up + (1.0 - bound) * down <= now * (1.0 + 1e-12)).all()


def check_both_sides_decide(module):
    """A mean far below the bound is found below it, and one far above it above."""
    samples = np.tile([0.0, 1.0], 100)
    assert module.MeanTest.start(0.0, 1.0, 0.9).add(samples).outcome(1e-3) == "below"
    assert module.MeanTest.start(0.0, 1.0, 0.1).add(samples).outcome(1e-3) == "above"


def check_no_sample_leaves_its_range(module):
    """A sample beyond its range is an error."""
    module.MeanTest.start(0.0, 1.0, 0.5).add([0.0, 0.5, 1.0])
    try:
        module.MeanTest.start(0.0, 1.0, 0.5).add([0.5, 1.0002])
    except module.RangeViolation:
        return
    raise AssertionError("a sample of 1.0002 was taken as one in [0, 1]")


def check_ends_miss_at_most_alpha(module):
    """Watched for 12 samples, each end of an interval is ever wrong with probability at most alpha."""
    for sequence in (module.hoeffding_sequence, module.empirical_bernstein_sequence):
        for alpha, mean in itertools.product((0.5, 0.1), NULLS):
            chance = np.where(STREAMS == 1.0, mean, 1.0 - mean).prod(axis=1)
            lower, upper = sequence(STREAMS, 0.0, 1.0, alpha)
            assert chance @ (lower > mean + 1e-12).any(axis=1) <= alpha + 1e-12
            assert chance @ (upper < mean - 1e-12).any(axis=1) <= alpha + 1e-12


def check_weights_do_not_see_their_sample(module):
    """The middle of an interval is a weighted mean: affine in the last sample if its weight was fixed before."""
    for sequence in (module.hoeffding_sequence, module.empirical_bernstein_sequence):
        ends = [sequence([0.3, 0.7, 0.45, 0.6, x], -5.0, 6.0, 0.95) for x in (0.0, 0.5, 1.0)]
        first, middle, last = (0.5 * (lower[-1] + upper[-1]) for lower, upper in ends)
        assert middle == pytest.approx(0.5 * (first + last), abs=1e-12)


def check_false_rejections(module):
    """Four independent nulls with e-values 0 or 2, each with probability 1/2: P(any is rejected at 1/2) <= 1/2."""
    lists = itertools.product((-math.inf, math.log(2.0) + 1e-12), repeat=4)
    assert np.mean([module.e_bh(log_e, 0.5).any() for log_e in lists]) <= 0.5


class Coins:
    """Repetitions of a problem that is a seed: fair coins, their mean exactly at a bound of 1/2."""

    def __init__(self, problem, *ignored):
        self.generator, self.values = np.random.default_rng(problem), np.empty(0)

    def more(self, count):
        batch = self.generator.integers(0, 2, count).astype(float)
        self.values = np.concatenate([self.values, batch])
        return batch


def check_verdicts_at_the_bound(module):
    """100 samplings of a mean at its bound, alpha 0.05: P(over 20 verdicts of one kind) < 1e-7; the seeds are fixed."""
    sampling = module.Sampling(alpha=0.05, limit=256, rate_limit=2, ends=Range(0.0, 1.0), threads=None)
    base = Verdict("mean", "undecided", "none", "coin", "upper", "coins", "nobody", bound_value=0.5)
    with patch.object(module, "Draws", Coins):
        verdicts = [module.check_samples(base, SimpleNamespace(quantity="coin"), n, None, sampling) for n in range(100)]
    for wrong in ("holds", "broken"):
        assert sum(verdict.outcome == wrong for verdict in verdicts) <= 20


# ---------------------------------------------------------------- exact expectations

TABLE = np.array([(0.2, 0.9, 0.5), (0.7, 0.1, 0.4), (0.3, 0.3, 1.0), (0.0, 0.6, 0.2)])
BITS = np.array(list(itertools.product((0.0, 1.0), repeat=8))).reshape(-1, 4, 2)  # every 0/1 table, T = 4, K = 2
RATE, COST = 0.7, 0.5


def weights(total):
    w = np.exp(-RATE * (np.asarray(total) - np.min(total)))
    return w / w.sum()


def hedge_law(path):
    return weights(TABLE[: len(path)].sum(axis=0))


def dartboard_law(path):
    if not path:
        return hedge_law(path)
    keep = math.exp(-RATE * TABLE[len(path) - 1, path[-1]])
    return (1.0 - keep) * hedge_law(path) + keep * np.eye(3)[path[-1]]


def exp3_law(path):
    total = np.zeros(3)
    for t, arm in enumerate(path):
        total[arm] += TABLE[t, arm] / weights(total)[arm]
    return weights(total)


def compare(law, play):
    """Assert that loss, switches and regret are their sums over all 3^4 sequences of actions."""
    loss = switches = 0.0
    for path in itertools.product(range(3), repeat=4):
        chance = math.prod(law(path[:t])[path[t]] for t in range(4))
        loss += chance * TABLE[range(4), path].sum()
        switches += chance * sum(a != b for a, b in itertools.pairwise(path))
    assert play.loss == pytest.approx(loss, abs=1e-12)
    assert play.switches == pytest.approx(switches, abs=1e-12)
    assert play.regret(COST) == pytest.approx(loss + COST * switches - TABLE.sum(axis=0).min(), abs=1e-12)


def hedge_of(module):
    """Return the exact play of Hedge by `informed`, or by the true one on top of `play`."""
    if hasattr(module, "hedge"):
        return module.hedge
    with patch.dict(sys.modules, {play.__name__: module}):
        return executed(informed, inspect.getsource(informed)).hedge


def check_hedge_by_enumeration(module):
    compare(hedge_law, hedge_of(module)(TABLE, RATE))


def check_dartboard_by_enumeration(module):
    compare(dartboard_law, module.shrinking_dartboard(TABLE, RATE))


def check_exp3_by_enumeration(module):
    compare(exp3_law, module.exp3(TABLE, RATE))


def check_dartboard_keeps_hedges_law(module):
    """Moved by the dartboard's transitions, the law of the action stays Hedge's."""
    moved = module.chain(TABLE, np.full(3, 1.0 / 3.0), module.dartboard_transitions(TABLE, RATE))
    np.testing.assert_allclose(moved.probabilities, [hedge_law(range(t)) for t in range(4)], rtol=0, atol=1e-14)


def check_batches_are_fed_means(module):
    """EXP3 over batches of two rounds is EXP3 on their means, its loss doubled."""
    means = TABLE.reshape(2, 2, 3).mean(axis=1)
    assert module.exp3(TABLE, RATE, 2).loss == pytest.approx(2.0 * exact.exp3(means, RATE).loss, abs=1e-12)


def check_nobody_beats_the_game(module):
    """On the worst 0/1 table Hedge's regret is at least the value of the game: less would be a look ahead."""
    assert max(hedge_of(module)(table, RATE).regret() for table in BITS) >= games.expert_value(4, 2) - 1e-12


# ---------------------------------------------------------------- values of games, exponents, ranges


def check_value_is_half_a_random_walk(module):
    for horizon in (1, 2, 5):
        walk = sum(math.comb(horizon, k) * abs(2 * k - horizon) for k in range(horizon + 1)) / 2**horizon
        assert module.expert_value(horizon, 2) == pytest.approx(walk / 2.0, abs=1e-9)


def check_knowing_less_cannot_help(module):
    assert module.bandit_value(4, 0.0) >= module.expert_value(4, 2) - 1e-9


def check_worst_table_is_the_worst_of_all(module):
    for lazy, law in ((True, exact.shrinking_dartboard), (False, exact.hedge)):
        worst = max(law(table, RATE).regret(COST) for table in BITS)
        assert module.worst_case_of_two(4, RATE, COST, lazy)[0] == pytest.approx(worst, abs=1e-12)


GRID = 2.0 ** np.arange(8, 17)


def check_a_noisy_point_is_not_believed(module):
    """Eight certain points on a line and a last one that is twice too high, give or take as much."""
    samples = np.tile(GRID ** (2 / 3), (2, 1))
    samples[:, -1] *= (0.1, 3.9)
    assert module.fit_exponent(GRID, samples, resamples=10).exponent == pytest.approx(2 / 3, abs=0.005)


def check_the_slope_is_that_of_the_mean(module):
    """The spread grows along the grid and the means are a power: so the exponent is the power's."""
    spread = np.linspace(0.0, 0.9, len(GRID))
    samples = GRID ** (2 / 3) * np.array([1.0 - spread, 1.0 + spread])
    assert module.fit_exponent(GRID, samples, resamples=10).exponent == pytest.approx(2 / 3, abs=1e-9)


@dataclass(frozen=True)
class OwnBatched(BatchedExp3):
    """A learner of one's own: nothing proves that its code holds an action over batches."""

    steps = Exp3.steps


def check_no_play_leaves_the_range(module):
    """Each of the 2^4 plays of a table lies in the proven range of the regret, for any learner."""
    table = alternating(4, 2)
    game = SwitchingCostGame(LossTable(table), 4, switching_cost=2.0)
    low, high = module.metric_range(game, "regret", OwnBatched(batch_length=2))
    for path in itertools.product((0, 1), repeat=4):
        regret = table[range(4), path].sum() - 2.0 + 2.0 * sum(a != b for a, b in itertools.pairwise(path))
        assert low <= regret <= high


EVIDENCE = "return log_sum_exp(self.log_capital + LOG_WEIGHTS)"
SLOPE_WEIGHT = "weight = 1.0 / (variance + floor**2) if floor > 0.0 else"
MOVES = "moves = list(itertools.product((0, 1), repeat=n_actions))"
SWITCHES = "switches = float((1.0 - (p[:-1]"
EDITS = [  # what is wrong, the check that sees it, the module, the right text, the wrong one
    ("bets fitted to the samples", check_capital_is_fair, confidence, EVIDENCE, "return self.log_capital.max(axis=-1)"),
    ("weights sum to 16", check_capital_is_fair, confidence, EVIDENCE, "return log_sum_exp(self.log_capital)"),
    ("bets see their sample", check_capital_is_fair, confidence, "np.log1p(bet * y)", "np.log1p(bet * np.abs(y))"),
    ("no second side", check_both_sides_decide, confidence, "self.impossible | above", "self.impossible"),
    ("range unchecked", check_no_sample_leaves_its_range, confidence, "~((x >= low) & (x <= high))", "np.isnan(x)"),
    ("half the radius", check_ends_miss_at_most_alpha, confidence, "budget / total", "0.5 * budget / total"),
    (
        "variance with the current sample",
        check_weights_do_not_see_their_sample,
        confidence,
        "np.concatenate([before[1], variance[..., : n - 1]], axis=-1)",
        "variance",
    ),
    ("alpha not shared", check_false_rejections, confidence, "np.log(len(evidence) / (level", "np.log(1.0 / (level"),
    ("alpha forgotten", check_verdicts_at_the_bound, checks, "test.outcome(sampling.alpha)", "test.outcome(0.99)"),
    (
        "undecided is called held",
        check_verdicts_at_the_bound,
        checks,
        'sampling.alpha)[0]), "undecided")',
        'sampling.alpha)[0]), "holds")',
    ),
    ("30 times the rate", check_hedge_by_enumeration, informed, "-rate * before(", "-30.0 * rate * before("),
    (
        "switches counted twice",
        check_hedge_by_enumeration,
        informed,
        SWITCHES,
        SWITCHES.replace("float", "2.0 * float"),
    ),
    ("switching cost left out", check_hedge_by_enumeration, play, "low=0.0) * self.switches", "low=0.0) * 0.0"),
    (
        "no keep probability",
        check_dartboard_by_enumeration,
        informed,
        "p[:-1] * -np.expm1(-rate * table[:-1])",
        "p[:-1]",
    ),
    ("redraws from the old law", check_dartboard_keeps_hedges_law, informed, "p[1:, None, :]", "p[:-1, None, :]"),
    ("no importance weight", check_exp3_by_enumeration, trees, "value / chance", "value"),
    (
        "batches fed their sum",
        check_batches_are_fed_means,
        trees,
        "batch.sum(0)[None] / length",
        "batch.sum(0)[None]",
    ),
    (
        "looks ahead",
        check_nobody_beats_the_game,
        play,
        "np.cumsum(table[:-1], axis=0, out=total[1:])",
        "np.cumsum(table, axis=0, out=total)",
    ),
    (
        "program without the simplex",
        check_value_is_half_a_random_walk,
        games,
        "np.array([[1.0] * n_actions + [0.0]])",
        "np.array([[1.0] + [0.0] * n_actions])",
    ),
    ("program without half the losses", check_value_is_half_a_random_walk, games, MOVES, MOVES + "[:2]"),
    ("program without the flow", check_knowing_less_cannot_help, games, "if t > 1:", "if t > horizon:"),
    (
        "last switch left out",
        check_worst_table_is_the_worst_of_all,
        games,
        "if t < horizon - 1:",
        "if t < horizon - 2:",
    ),
    (
        "slope without weights",
        check_a_noisy_point_is_not_believed,
        rates,
        SLOPE_WEIGHT,
        "weight = np.ones(len(x)) if floor > 0.0 else",
    ),
    (
        "mean of logarithms",
        check_the_slope_is_that_of_the_mean,
        rates,
        "return _positive_log(mean),",
        "return _positive_log(units).mean(axis=0),",
    ),
    ("range without switches", check_no_play_leaves_the_range, ranges, "game.switching_cost * switch", "0.0 * switch"),
    (
        "range that trusts a subclass",
        check_no_play_leaves_the_range,
        ranges,
        'known(learner, "rounds_held", "bandits")(game)',
        "learner.rounds_held(game)",
    ),
]


@pytest.mark.parametrize(("check", "module"), dict.fromkeys((check, module) for _, check, module, _, _ in EDITS))
def test_true_module_passes(check, module):
    check(module)


@pytest.mark.parametrize(
    ("check", "module", "old", "new"), [edit[1:] for edit in EDITS], ids=[edit[0] for edit in EDITS]
)
def test_mutant_module_is_rejected(check, module, old, new):
    mutant = edited(module, old, new)
    with pytest.raises(AssertionError):
        check(mutant)
