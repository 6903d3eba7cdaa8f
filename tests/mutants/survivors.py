"""The survivors that are known, with the reason why each is no gap: `survivors.tsv`, held against what is found."""

from collections.abc import Sequence
from pathlib import Path

from tests.mutants.score import Outcome

TABLE = Path(__file__).with_name("survivors.tsv")


def known() -> dict[tuple[str, ...], str]:
    """Return the reasons by the survivors' keys: module, function, operator and change."""
    rows = [line.split("\t") for line in TABLE.read_text().splitlines() if line]
    assert all(len(row) == 5 and row[4] for row in rows), "five columns, the last a reason"
    return {tuple(row[:4]): row[4] for row in rows}


def contradictions(outcomes: Sequence[Outcome], whole: bool) -> list[str]:
    """Return what is wrong: survivors that are not known, known ones that were killed or, in a whole run, not tried."""
    reasons, found = known(), {outcome.mutant.key: outcome for outcome in outcomes}
    wrong = [f"survives: {chr(9).join(key)}" for key, one in found.items() if not one.kind and key not in reasons]
    wrong += [
        f"no survivor, killed by {found[key].test or found[key].kind}: {chr(9).join(key)}"
        for key in reasons
        if key in found and found[key].kind
    ]
    return wrong + [f"no mutant: {chr(9).join(key)}" for key in reasons if whole and key not in found]
