"""Which modules are mutated, the families they belong to, and the tests that may kill their mutants."""

from tests.mutants.sites import ROOT

_PLACES = {  # first match counts
    "bandits/switching": "switching",
    "bandits/stochastic": "stochastic",
    "bandits/one_sided": "one-sided",
    "bandits/threshold": "threshold",
    "bandits/preference/self_play": "self-play",
    "bandits/preference/duels": "duels",
    "bandits/preference/stackelberg": "stackelberg",
    "bandits/preference/trajectories": "trajectories",
    "bandits/preference": "preference",
    "bandits/delays": "delays",
    "bandits/graphs": "graphs",
    "bandits/partial": "partial",
    "bandits/contextual": "contextual",
    "bandits/language": "language",
    "bandits/loops": "loops",
    "bandits/prediction": "prediction",
    "bandits/episodes": "episodes",
    "bandits/convex": "convex",
    "bandits/losses": "losses",
    "bandits/core/linear_algebra": "convex",
    "bandits/core/regions": "convex",
    "bandits/core/sleeping_weights": "convex",
    "bandits/core/shelf": "delays",
    "bandits/core": "core",
    "bandits": "core",
    "theory/convex": "convex",
    "theory": "theory",
}
_LEFT_OUT = {
    "__init__",
    "examples",
    "group_tables",
    "own_table",
    "scored",
    "tables",
}  # worked examples and readers of tables are data
_DOORS = {"bandits.adapters", "bandits.jit", "bandits.plain", "bandits.protocol", "bandits.rng"}  # to code elsewhere
_CORE = {
    "coins",
    "exponential_weights",
    "limits",
    "linear_algebra",
    "normal",
    "regions",
    "rng",
    "sampling",
    "shelf",
    "sleeping_weights",
    "summation",
}
_EXACT = {f"switching.exact.{name}" for name in ("informed", "play", "steady", "trees")}
_THEORY = {
    "confidence",
    "ranges",
    "switching.ranges",
    "convex.witnesses.certificates",
    "convex.witnesses.moving_comparator",
    *_EXACT,
}
FAMILIES = sorted(set(_PLACES.values()))
_BANDITS = "tests/bandits"
_STREAMS = "tests/laws/test_streams.py"
_ONE_SIDED, _PREFERENCE, _CORE_TESTS = f"{_BANDITS}/one_sided", f"{_BANDITS}/preference", f"{_BANDITS}/core"
_SELF_PLAY = f"{_PREFERENCE}/self_play"


def _in(folder: str, *names: str) -> list[str]:
    return [f"{folder}/test_{name}.py" for name in names]


TESTS = {  # exact laws, and what is quick when interpreted
    "switching": [
        *_in("tests/laws", "switching", "adaptive", "streams"),
        f"{_BANDITS}/switching/test_full_information.py::test_lazy_leader_follows_its_definition",
    ],
    "stochastic": [*_in("tests/laws", "stochastic", "streams"), *_in(f"{_BANDITS}/stochastic", "learners")],
    "one-sided": [
        *_in("tests/laws", "one_sided", "one_sided_leaders", "one_sided_game", "streams"),
        *_in(_ONE_SIDED, "hypotheses", "panels"),
    ],
    "threshold": [
        *_in("tests/laws", "threshold", "streams"),
        *_in(f"{_BANDITS}/threshold", "learners", "suggestions"),
        f"{_BANDITS}/threshold/test_groups.py::test_the_accounts_are_those_of_the_definition",
        f"{_BANDITS}/threshold/test_groups.py::test_every_learner_plays_within_the_proven_ranges",
        f"{_BANDITS}/threshold/test_groups.py::test_sizes_of_large_batches_are_multinomial",
        f"{_BANDITS}/threshold/test_groups.py::test_a_fixed_threshold_brings_the_shares_to_the_sweeps_state",
        f"{_BANDITS}/threshold/test_groups.py::test_contraction_and_sensitivity",
        f"{_BANDITS}/threshold/test_groups.py::test_records_are_by_group",
        f"{_BANDITS}/threshold/test_game.py::test_the_accounts_are_those_of_the_definition",
        f"{_BANDITS}/threshold/test_game.py::test_every_learner_plays_every_environment_within_the_proven_ranges",
        f"{_BANDITS}/threshold/test_game.py::test_the_game_names_the_argument_that_is_wrong",
        f"{_BANDITS}/threshold/test_populations.py::test_the_oracle_of_the_synthetic_population_equals_brute_force",
        f"{_BANDITS}/threshold/test_populations.py::test_a_fixed_threshold_brings_the_population_to_the_sweeps_state",
    ],
    "self-play": [
        *_in("tests/laws", "self_play"),
        *_in(_SELF_PLAY, "known_answers", "problem"),
        f"{_SELF_PLAY}/test_facts.py::test_tuned_inpo_can_need_fewer_queries_than_nash_mp",
        f"{_SELF_PLAY}/test_sampled_inpo.py::test_every_round_minimises_the_loss_on_its_answers",
    ],
    "duels": _in("tests/laws", "duels", "streams"),
    "stackelberg": [
        *_in("tests/laws", "stackelberg"),
        f"{_PREFERENCE}/stackelberg/test_game.py::test_projected_steps_by_hand",
        f"{_PREFERENCE}/stackelberg/test_problem.py::test_projected_rule_is_the_projected_step",
        f"{_PREFERENCE}/stackelberg/test_problem.py::test_rules",
    ],
    "trajectories": [
        *_in("tests/laws", "trajectories", "streams"),
        f"{_PREFERENCE}/trajectories/test_pr_lsvi.py::test_the_cap_is_the_last_number_that_its_inequality_allows",
        f"{_PREFERENCE}/trajectories/test_pr_lsvi.py::test_steps_are_halved",
    ],
    "preference": [
        *_in("tests/laws", "duels", "self_play"),
        *_in(_PREFERENCE, "coarse", "density", "games", "measures"),
        f"{_PREFERENCE}/test_equilibria.py::test_a_solver_that_fails_says_so",
        f"{_PREFERENCE}/duels/test_vpo.py::test_digits",
    ],
    "delays": [
        *_in(f"{_BANDITS}/delays", "updated_late"),
        *_in("tests/laws", "delays"),
        f"{_BANDITS}/delays/test_delayed.py::test_random_delays_have_their_law",
        f"{_BANDITS}/delays/test_delayed.py::test_total_delays_are_those_of_their_definition",
        f"{_BANDITS}/delays/test_delayed.py::test_room_is_made_for_the_longest_delay",
    ],
    "graphs": [
        *_in("tests/laws", "graphs"),
        *_in(f"{_BANDITS}/graphs", "numbers"),
    ],
    "partial": [
        *_in("tests/laws", "partial", "neighbours"),
        *_in(f"{_BANDITS}/partial", "game"),
        "tests/theory/partial/test_theorems.py::test_tuned_bounds",
    ],
    "contextual": [
        *_in("tests/laws", "contextual", "streams"),
        *_in(f"{_BANDITS}/contextual", "laws", "oracles", "neural", "game", "routing", "examples"),
        "tests/theory/contextual/test_bounds.py::test_values",
    ],
    "language": [*_in("tests/laws", "language", "streams"), f"{_BANDITS}/language/test_world.py"],
    "episodes": [
        *_in("tests/laws", "episodes", "lock", "guided", "streams"),
        *_in(f"{_BANDITS}/episodes", "probing", "lock", "guided"),
    ],
    "loops": [
        *_in("tests/laws", "loops", "exposure", "herds", "replay", "streams"),
        *_in(f"{_BANDITS}/loops", "data_loop", "missing", "replay"),
    ],
    "prediction": _in("tests/laws", "paging", "mixture", "selection", "streams"),
    "convex": [
        *_in(f"{_BANDITS}/convex", "known_answers", "game", "groups", "bandit_descent", "domains"),
        *_in("tests/theory/convex", "theorems"),
        *_in(_CORE_TESTS, "linear_algebra"),
    ],
    "losses": [
        *_in("tests/laws", "losses", "streams"),
        f"{_BANDITS}/losses/test_losses.py::test_with_gap_lowers_one_mean",
        f"{_BANDITS}/losses/test_losses.py::test_certain_losses_are_certain",
        f"{_BANDITS}/losses/test_losses.py::test_costly_actions_always_lose",
        f"{_BANDITS}/losses/test_losses.py::test_the_hidden_coin_is_one_of_the_coins_at_another_mean",
        f"{_BANDITS}/losses/test_losses.py::test_piecewise_changes_at_its_change_points",
    ],
    "core": [
        *_in("tests/laws", "losses", "switching", "streams"),
        *_in(_CORE_TESTS, "exponential_weights", "normal", "sampling"),
        f"{_CORE_TESTS}/test_summation.py::test_sums_across_blocks",
        "tests/cases/test_decimal_limits.py::test_single_precision_allows_four_epsilons",
    ],
    "theory": [
        *_in("tests/laws", "oracles"),
        *_in("tests/theory", "confidence", "ranges"),
        "tests/theory/switching/test_exact.py::test_batched_learners_equal_recursion",
        "tests/theory/switching/test_exact.py::test_dartboard_keeps_hedges_marginals",
        "tests/theory/switching/test_adaptive.py::test_known_answers",
        "tests/theory/switching/test_adaptive.py::test_adahedge_inequalities",
        "tests/theory/switching/test_adaptive.py::test_exp3_with_falling_rates_equals_enumeration",
        "tests/theory/switching/test_adaptive.py::test_switches_of_the_lazy_leader",
        "tests/theory/switching/test_exact.py::test_bad_arguments_are_named",
    ],
}
_LAWS = "tests/laws/test_"
LISTED = [  # what kills the listed mutants
    f"{_LAWS}switching.py::test_dartboard_on_bought_observations[0.6-flexible]",
    f"{_LAWS}switching.py::test_dartboard_on_bought_observations[0.6-full]",
    f"{_LAWS}switching.py::test_full_information",
    f"{_LAWS}switching.py::test_exp3_in_batches",
    f"{_LAWS}one_sided.py::test_apple_tasting_learns_from_its_own_acceptances",
    f"{_LAWS}one_sided.py::test_forced_exploration",
    f"{_LAWS}one_sided.py::test_exp2[options0-game0]",
    f"{_LAWS}one_sided.py::test_exp2_on_the_total_loss[2-uniform-game0]",
    f"{_LAWS}threshold.py::test_optimistic_search",
    f"{_LAWS}duels.py::test_beta_from_two_gammas",
    f"{_LAWS}duels.py::test_two_sides_of_bandits",
    f"{_LAWS}losses.py::test_random_walk",
    f"{_SELF_PLAY}/test_known_answers.py::test_first_divergences",
]


def modules() -> list[str]:
    """Return the modules whose mutants are tried, in order."""
    found = []
    for path in sorted([*(ROOT / "bandits").rglob("*.py"), *(ROOT / "theory").rglob("*.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        package, _, rest = name.partition(".")
        if path.stem in _LEFT_OUT or name in _DOORS:
            continue
        if (package == "theory" and rest not in _THEORY) or (
            name.startswith("bandits.core.") and path.stem not in _CORE
        ):
            continue
        found.append(name)
    return found


def family_of(module: str) -> str:
    """Return the family of a module."""
    path = module.replace(".", "/")
    return next(family for place, family in _PLACES.items() if path.startswith(place))
