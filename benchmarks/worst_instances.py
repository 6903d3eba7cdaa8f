"""Hill climbing for the worst problem of each theorem whose games have no noise; keeps the best points.

    python benchmarks/worst_instances.py [THEOREM ...]

Writes theory/data/worst_instances.json; a point that is there already is replaced by a better one only.
"""

import json
import sys

import theory
from theory.tightness import FOUND, climb, ratio_at


def main(names: list[str]) -> None:
    """Climb for the named theorems, or for all that have a space."""
    spaces = theory.registered("witnesses", "SPACES")
    kept = json.loads(FOUND.read_text()) if FOUND.exists() else {}
    for name in names or sorted(spaces):
        bound, before = theory.theorem(name), kept.get(name)
        found = [climb(bound, spaces[name], seed=seed) for seed in range(2)]
        if before is not None:
            found.append((before["point"], ratio_at(bound, spaces[name], before["point"])))
        point, ratio = max(found, key=lambda pair: pair[1])
        kept[name] = {"point": point, "ratio": ratio}
        print(f"{name}: {ratio:.4g}", flush=True)
    lines = [f"{json.dumps(name)}: {json.dumps(kept[name])}" for name in sorted(kept)]
    FOUND.parent.mkdir(exist_ok=True)
    FOUND.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
