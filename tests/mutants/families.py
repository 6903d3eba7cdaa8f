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
_CORE = {"coins", "exponential_weights", "limits", "normal", "rng", "sampling", "stopping", "summation"}
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
FAMILIES = sorted(set(_PLACES.values()))
_BANDITS = "tests/bandits"
TESTS = {
    "switching": ["tests/laws/test_switching.py", f"{_BANDITS}/switching", "tests/theory/switching"],
    "one-sided": ["tests/laws/test_one_sided.py", f"{_BANDITS}/one_sided", "tests/theory/one_sided"],
    "threshold": [
        "tests/laws/test_threshold.py",
        f"{_BANDITS}/threshold",
        "tests/theory/threshold",
        "tests/properties/test_threshold.py",
        "tests/properties/test_threshold_populations.py",
    ],
    "self-play": [f"{_BANDITS}/preference/self_play", f"{_BANDITS}/preference/test_games.py"],
    "duels": ["tests/laws/test_duels.py", f"{_BANDITS}/preference/duels", "tests/theory/preference/test_duels.py"],
    "stackelberg": [f"{_BANDITS}/preference/stackelberg"],
    "trajectories": [f"{_BANDITS}/preference/trajectories"],
    "preference": [f"{_BANDITS}/preference"],
    "losses": [f"{_BANDITS}/losses"],
    "core": [
        f"{_BANDITS}/core",
        f"{_BANDITS}/test_combine.py",
        f"{_BANDITS}/switching",
        "tests/cases/test_near_ties.py",
    ],
    "theory": ["tests/theory"],
}


def modules() -> list[str]:
    """Return the modules whose mutants are tried, in order."""
    found = []
    for path in sorted([*(ROOT / "bandits").rglob("*.py"), *(ROOT / "theory").rglob("*.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        package, _, rest = name.partition(".")
        if path.stem == "__init__" or name in ("bandits.protocol", "bandits.jit", "bandits.rng"):
            continue
        if package == "theory" and rest not in _THEORY or name.startswith("bandits.core.") and path.stem not in _CORE:
            continue
        found.append(name)
    return found


def family_of(module: str) -> str:
    """Return the family of a module."""
    path = module.replace(".", "/")
    return next(family for place, family in _PLACES.items() if path.startswith(place))
