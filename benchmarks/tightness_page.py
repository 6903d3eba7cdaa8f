"""Write docs/tightness.md: the worst problem found for each theorem, and why some are far from the bound.

    python benchmarks/tightness_page.py [THEOREM ...]

Takes minutes: default cases are sampled, and give a 99.9% confidence limit.
"""

import math
import sys
from pathlib import Path

import theory
from theory.tightness import Row, table

PAGE = Path(__file__).parent.parent / "docs" / "tightness.md"
HEAD = """# How tight the theorems are

For each theorem with a value: the worst instance that was found, over what the theorem allows. It is at most 1 for an
upper bound, at least 1 for a lower one. Methods: `theory.tightness`. Where play is random, a default case has the
99.9% confidence limit of the mean that is farther from the bound (of the quantile, if the bound is on a probability).
Written by `python benchmarks/tightness_page.py`.

| theorem | ratio | found by | where |
|---|---:|---|---|
"""


def best(rows: list[Row], name: str) -> Row:
    """Return the row of a theorem with the greatest ratio (least, for a lower bound)."""
    found = [row for row in rows if row.bound == name and math.isfinite(row.ratio)]
    none = Row(name, "upper", "none", "", math.nan, math.nan)
    return (min if found and found[0].direction == "lower" else max)(found, key=lambda row: row.ratio, default=none)


def line(row: Row) -> str:
    """Return the line of a theorem."""
    return f"| {row.bound} | {row.ratio:.3g} | {row.method} | {row.setting or '-'} |"


def main(names: list[str]) -> None:
    """Write the page; with names of theorems, only their lines anew."""
    known = [bound.name for bound in theory.catalogue().values() if not bound.rate_only]
    kept = [text for text in PAGE.read_text().splitlines() if text.startswith("| ")] if PAGE.exists() else []
    lines = {text.split(" | ")[0].removeprefix("| "): text for text in kept}
    rows = table(names or None, cases=True, seed=2023)
    lines |= {name: line(best(rows, name)) for name in names or known}
    page = HEAD + "\n".join(lines[name] for name in known) + "\n\n## Ratios below a tenth\n\n"
    page += "\n".join(f"- `{name}`: {reason}." for name, reason in theory.registered("bounds", "LOOSE").items())
    page += "\n\n## Questions without a theorem\n\n"
    page += "\n".join(f"- {what}: {why}." for what, why in theory.registered("bounds", "WITHOUT_THEOREM").items())
    PAGE.write_text(page + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
