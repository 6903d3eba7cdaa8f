"""Mutants that the operators do not make: faults that were made, that papers warn of, or that once survived.

Each is (module, function, text as Python prints it, faulty text); the text must occur once in the function.
"""

from tests.mutants.sites import Mutant

_BUDGETED = "bandits.switching.budgeted"
_TASTING = "bandits.one_sided.tasting"
_DARTBOARD = "bandits.switching.shrinking_dartboard"
_GAME = "bandits.switching.problem"
_SEARCH = "bandits.threshold.optimistic_search"
_DUELS = "bandits.preference.duels"
_SELF_PLAY = "bandits.preference.self_play"
_TEXTS = [
    # the observation is weighted by K, the action kept as if it were not
    (
        _BUDGETED,
        "_lazy_update",
        "math.exp(-params.learning_rate * loss) if",
        "math.exp(-params.learning_rate * seen.losses[0] * scale) if",
    ),
    # observations in the first round of a batch instead of a uniform one
    (_BUDGETED, "_look_round", "start + uniform_index(rng, start, 1, max(1, _length(params, start)))", "start"),
    # a short last batch counts as a whole one
    (_BUDGETED, "_length", "min(params.batch_length, params.horizon - start)", "params.batch_length"),
    # estimates of the batch feed the own action
    (_BUDGETED, "_lazy_update", "looked = state.looks[0]", "looked = play.arm"),
    # learns from forced exploration only
    (_TASTING, "_apple_update", "report.accepted[i] == 1", "report.accepted[i] == 1 and play.drawn < 0"),
    # learns from all rounds
    (_TASTING, "_revealing_update", "play.drawn < 0", "True"),
    # the loss is not in [0, 1]
    (
        "bandits.one_sided.full_bandit",
        "_update",
        "paid_loss(report, params.price) / (params.individuals + 2.0 * params.price)",
        "paid_loss(report, params.price)",
    ),
    # hidden labels imputed as bad; nothing pulls towards acceptance
    ("bandits.one_sided.reduction", "risk_weight", "return -1.0", "return 1.0 if accepted == 0 else -1.0"),
    ("bandits.one_sided.reduction", "risk_weight", "return -1.0", "return 0.0"),
    # plays counted for threshold 0
    (
        _SEARCH,
        "_update_all",
        "observe_reward(evidence, arm, outcome.reward)",
        "observe_reward(evidence, 0, outcome.reward)",
    ),
    ("bandits.threshold.evidence", "observe_reward", "evidence.plays[arm] += 1", "evidence.plays[0] += 1"),
    # a prior one count short
    (f"{_DUELS}.double_thompson", "beta_draw", "wins + 1.0", "max(wins, 1.0)"),
    (f"{_DUELS}.double_thompson", "beta_draw", "losses + 1.0", "max(losses, 1.0)"),
    # the second side told what the first was told
    (f"{_DUELS}.sparring_exp3", "_update", "answer / probability", "(1.0 - answer) / probability"),
    # no importance weight
    ("bandits.core.exponential_weights", "weighted", "loss / probability(weights, arm)", "loss"),
    # keeps by the loss of the round before; keeps too often; redraws always
    (
        _DARTBOARD,
        "_lazy_update",
        "LazyState(state.weights, arm, losses[arm], doubtful)",
        "LazyState(state.weights, arm, state.loss, doubtful)",
    ),
    (_DARTBOARD, "_update", "-params.learning_rate * losses[arm]", "-0.5 * params.learning_rate * losses[arm]"),
    (_DARTBOARD, "keep_or_draw", "first < state.keep", "False"),
    (_DARTBOARD, "keep_or_draw", "draw(state.weights, second)", "draw(state.weights, first)"),
    # the switching cost left out; the first action counted as a switch
    (_GAME, "_make_measure.<locals>.measure", "loss + paid - best", "loss - best"),
    (_GAME, "_make_paying.<locals>.paying", "(arm != world.last_arm) & (t > 0)", "arm != world.last_arm"),
    # the sum of a block for its mean; a new draw in every round of a block
    ("bandits.combine", "blocked_steps.<locals>.update", "total / params.batch_length", "total"),
    ("bandits.combine", "blocked_steps.<locals>.act", "t == state.start", "True"),
    # the parent of a step of the walk; nothing clipped
    ("bandits.losses.random_walk", "walk_step", "t & t - 1", "t - 1"),
    ("bandits.losses.random_walk", "_clip", "where(above < 1.0, above, 1.0)", "x"),
    # no step ahead; the move starts from the point ahead
    (f"{_SELF_PLAY}.nash_mp", "NashMP.step", "ask.row(ahead, 1)", "ask.row(here, 1)"),
    (f"{_SELF_PLAY}.nash_mp", "NashMP.step", "PolicyState(prox(here, ", "PolicyState(prox(ahead, "),
]


def listed(modules: list[str]) -> list[Mutant]:
    """Return the listed mutants of these modules."""
    made = [Mutant(text[0], text[1], "listed", text[2], text[3], *text[4:]) for text in _TEXTS]
    return [mutant for mutant in made if mutant.module in modules]
