"""Which modules are mutated, the families they belong to, and the tests that may kill their mutants."""

from tests.mutants.sites import ROOT

_PLACES = {  # first match counts
    "bandits/switching": "switching",
    "bandits/one_sided": "one-sided",
    "bandits/threshold": "threshold",
    "bandits/preference/self_play": "self-play",
    "bandits/preference/duels": "duels",
    "bandits/preference/stackelberg": "stackelberg",
    "bandits/preference/trajectories": "trajectories",
    "bandits/preference": "preference",
    "bandits/losses": "losses",
    "bandits/core": "core",
    "bandits": "core",
    "theory": "theory",
}
_CORE = {"coins", "exponential_weights", "limits", "normal", "rng", "sampling", "summation"}
_THEORY = {
    "checks",
    "confidence",
    "ranges",
    "rates",
    "tightness",
    "verdict",
    "verification",
    "switching.exact",
    "switching.ranges",
    "switching.witnesses.losses",
    "switching.witnesses.minimax",
    "one_sided.witnesses",
}
_LAWS = ["switching", "one_sided", "threshold", "duels", "trajectories", "losses"]
FAMILIES = sorted(set(_PLACES.values()))
_BANDITS = "tests/bandits"
_STREAMS = "tests/laws/test_streams.py"
_PREFERENCE = f"{_BANDITS}/preference"
TESTS = {
    "switching": [
        "tests/laws/test_switching.py",
        _STREAMS,
        f"{_BANDITS}/switching",
        f"{_BANDITS}/losses/test_losses.py",
    ],
    "one-sided": ["tests/laws/test_one_sided.py", _STREAMS, f"{_BANDITS}/one_sided"],
    "threshold": [
        "tests/laws/test_threshold.py",
        _STREAMS,
        f"{_BANDITS}/threshold",
        "tests/properties/test_threshold.py",
        "tests/properties/test_threshold_populations.py",
    ],
    "self-play": [
        f"{_PREFERENCE}/self_play/test_known_answers.py",
        f"{_PREFERENCE}/self_play",
        f"{_PREFERENCE}/test_games.py",
    ],
    "duels": ["tests/laws/test_duels.py", _STREAMS, f"{_PREFERENCE}/duels"],
    "stackelberg": [f"{_PREFERENCE}/stackelberg"],
    "trajectories": ["tests/laws/test_trajectories.py", _STREAMS, f"{_PREFERENCE}/trajectories"],
    "preference": [
        "tests/laws/test_duels.py",
        f"{_PREFERENCE}/test_density.py",
        f"{_PREFERENCE}/test_equilibria.py",
        f"{_PREFERENCE}/test_games.py",
        f"{_PREFERENCE}/test_measures.py",
        f"{_PREFERENCE}/duels",
        f"{_PREFERENCE}/self_play/test_known_answers.py",
        f"{_PREFERENCE}/self_play/test_problem.py",
        f"{_PREFERENCE}/self_play/test_facts.py",
        f"{_PREFERENCE}/self_play/test_sampled_inpo.py",
    ],
    "losses": ["tests/laws/test_losses.py", _STREAMS, f"{_BANDITS}/losses"],
    "core": [
        "tests/laws/test_switching.py",
        _STREAMS,
        f"{_BANDITS}/core/test_exponential_weights.py",
        f"{_BANDITS}/core/test_normal.py",
        f"{_BANDITS}/core/test_rng.py",
        f"{_BANDITS}/core/test_sampling.py",
        f"{_BANDITS}/core/test_summation.py",
        f"{_BANDITS}/losses",
        f"{_BANDITS}/test_combine.py",
        "tests/cases/test_near_ties.py",
        "tests/cases/test_decimal_limits.py",
        "tests/laws/test_losses.py",
    ],
    "laws": [
        *(f"tests/laws/test_{name}.py" for name in _LAWS),
        f"{_PREFERENCE}/self_play/test_known_answers.py",
        f"{_BANDITS}/threshold/test_learners.py",
    ],
    "theory": [
        "tests/theory/test_checks.py",
        "tests/theory/test_confidence.py",
        "tests/theory/test_ranges.py",
        "tests/theory/test_rates.py",
        "tests/theory/test_tightness.py",
        "tests/theory/test_verification.py",
        "tests/theory/test_testing.py",
        "tests/theory/switching",
        "tests/theory/one_sided",
    ],
}


def modules() -> list[str]:
    """Return the modules whose mutants are tried, in order."""
    found = []
    for path in sorted([*(ROOT / "bandits").rglob("*.py"), *(ROOT / "theory").rglob("*.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        package, _, rest = name.partition(".")
        if path.stem == "__init__" or name in ("bandits.protocol", "bandits.jit", "bandits.rng"):
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
