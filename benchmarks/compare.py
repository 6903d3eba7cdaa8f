"""Compare two runs of a benchmark: `python benchmarks/compare.py BEFORE.json AFTER.json`.

The files are those of `--json`, a number for each label. Prints both and the ratio after / before, and which labels
only one of them has. Ratios mean something if both ran on one machine under the same load.
"""

import json
import sys
from pathlib import Path


def main(before: str, after: str) -> None:
    old, new = (json.loads(Path(file).read_text(encoding="utf-8")) for file in (before, after))
    print("| label | before | after | after / before |\n|---|---:|---:|---:|")
    for label in old:
        if label in new:
            ratio = f"{new[label] / old[label]:.2f}" if old[label] else ""
            print(f"| {label} | {old[label]:.3g} | {new[label]:.3g} | {ratio} |")
    for file, ours, others in ((before, old, new), (after, new, old)):
        alone = [label for label in ours if label not in others]
        if alone:
            print(f"\nOnly in {file}: {'; '.join(alone)}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: python benchmarks/compare.py BEFORE.json AFTER.json")
    main(*sys.argv[1:])
