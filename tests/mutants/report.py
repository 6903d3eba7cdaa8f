"""The score as a table by family and kind of killer, and the known survivors compared with those found.

`survivors.tsv` has the known survivors, each with the reason why it is no gap: equivalent, or documented.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutants.families import family_of
from tests.mutants.score import KINDS, Outcome

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


def table(outcomes: Sequence[Outcome]) -> str:
    """Return killed of total by family, with the kinds of the killers."""
    rows: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        rows.setdefault(family_of(outcome.mutant.module), Counter())[outcome.kind] += 1
    lines = [f"{'family':<14}{'killed':>8}{'of':>6}" + "".join(f"{kind:>14}" for kind in [*KINDS, "timeout"])]
    for name, row in [*sorted(rows.items()), ("all", sum(rows.values(), Counter()))]:
        total = row.total()
        counts = "".join(f"{row[kind]:>14}" for kind in [*KINDS, "timeout"])
        lines.append(f"{name:<14}{total - row['']:>8}{total:>6}{counts}")
    killed, total = sum(bool(outcome.kind) for outcome in outcomes), len(outcomes)
    same = sum(not one.kind and known().get(one.mutant.key, "").startswith("equivalent") for one in outcomes)
    share = killed / max(1, total - same)
    lines.append(f"score {share:.1%} of {total - same} mutants, {same} equivalent ones left out")
    return "\n".join(lines)
