"""Default cases of preferences between trajectories: a small table, whose features are unit vectors."""

from collections.abc import Mapping

from theory.cases import Case, Cases


def _asking() -> Case:
    """Return policies as good as random, and a ridge with which every answer tells little more than what is needed."""
    from bandits.preference import PRLSVI, random_tabular_mdp

    return Case(random_tabular_mdp(2, 2, 2, 400, seed=1), PRLSVI(0.185, transition_scale=3.0, ridge=4.0))


CASES: Cases = {"wu2023.queries": _asking}
WITHOUT_CASE: Mapping[str, str] = {
    "wu2023.regret": "the theorem's scales of noise are known to us up to constants only; the figure wu2023_tradeoff "
    "measures the growth for fixed ones"
}
