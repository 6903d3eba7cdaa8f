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
_LEFT_OUT = {"__init__", "examples", "tables", "scored"}  # worked examples and readers of tables are data
_CORE = {"coins", "exponential_weights", "limits", "normal", "rng", "sampling", "summation"}
_THEORY = {"confidence", "ranges", "switching.exact", "switching.ranges"}
FAMILIES = sorted(set(_PLACES.values()))
_BANDITS = "tests/bandits"
_STREAMS = "tests/laws/test_streams.py"
_ONE_SIDED, _PREFERENCE, _CORE_TESTS = f"{_BANDITS}/one_sided", f"{_BANDITS}/preference", f"{_BANDITS}/core"
_SELF_PLAY = f"{_PREFERENCE}/self_play"


def _in(folder: str, *names: str) -> list[str]:
    return [f"{folder}/test_{name}.py" for name in names]


TESTS = {  # those that are quick when interpreted
    "switching": [
        *_in("tests/laws", "switching", "streams"),
        *_in(f"{_BANDITS}/switching", "full_information", "problem"),
    ],
    "one-sided": [
        *_in("tests/laws", "one_sided", "one_sided_game", "streams"),
        *_in(_ONE_SIDED, "accounts", "game", "hypotheses", "identities", "john", "panels"),
    ],
    "threshold": [
        *_in("tests/laws", "threshold", "streams"),
        *_in(f"{_BANDITS}/threshold", "batches", "game", "learners", "populations"),
        *_in("tests/properties", "threshold"),
    ],
    "self-play": [
        *_in("tests/laws", "self_play"),
        *_in(_SELF_PLAY, "known_answers", "facts", "identities", "problem", "sampled_inpo"),
        *_in(_PREFERENCE, "games"),
    ],
    "duels": [*_in("tests/laws", "duels", "streams"), *_in(f"{_PREFERENCE}/duels", "problem", "linear_duels", "vpo")],
    "stackelberg": [*_in("tests/laws", "stackelberg"), *_in(f"{_PREFERENCE}/stackelberg", "game", "problem")],
    "trajectories": [
        *_in("tests/laws", "trajectories", "streams"),
        *_in(f"{_PREFERENCE}/trajectories", "problem", "pr_lsvi"),
    ],
    "preference": [
        *_in("tests/laws", "duels", "self_play"),
        *_in(_PREFERENCE, "density", "equilibria", "games", "measures"),
        *_in(f"{_PREFERENCE}/duels", "vpo"),
        *_in(_SELF_PLAY, "known_answers", "identities", "problem"),
    ],
    "losses": [*_in("tests/laws", "losses", "streams"), *_in(f"{_BANDITS}/losses", "losses")],
    "core": [
        *_in("tests/laws", "losses", "switching", "streams"),
        *_in(_CORE_TESTS, "exponential_weights", "normal", "rng", "sampling", "summation"),
        *_in(_BANDITS, "combine"),
        *_in("tests/cases", "decimal_limits", "near_ties"),
    ],
    "theory": [
        *_in("tests/laws", "oracles"),
        *_in("tests/theory", "confidence", "ranges"),
        *_in("tests/theory/switching", "exact", "laws"),
    ],
}
# of the listed mutants
LISTED = [
    *_in("tests/laws", "switching", "one_sided", "threshold", "duels", "losses"),
    *_in(_SELF_PLAY, "known_answers"),
    *_in(f"{_BANDITS}/threshold", "learners"),
]


def modules() -> list[str]:
    """Return the modules whose mutants are tried, in order."""
    found = []
    for path in sorted([*(ROOT / "bandits").rglob("*.py"), *(ROOT / "theory").rglob("*.py")]):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        package, _, rest = name.partition(".")
        if path.stem in _LEFT_OUT or name in ("bandits.protocol", "bandits.jit", "bandits.rng"):
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
