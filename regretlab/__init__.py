"""One import for everyday work: problems and learners of `bandits`, `theory`'s verification, `sims`' simulation.

    from regretlab import BernoulliLosses, Exp3, SwitchingCostGame, simulate, verify

Each name loads when it is first used. The packages have many more: `bandits`, `theory`, `sims`, `paper_figures`.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bandits.adapters import from_policy
    from bandits.jit import kernel
    from bandits.losses import BernoulliLosses, LossTable, MultiScaleRandomWalk
    from bandits.preference import PreferenceGame, regularized_nash, von_neumann_winner
    from bandits.preference.games import from_wins
    from bandits.protocol import Learner, LearnerSteps
    from bandits.rng import uniform_pair
    from bandits.stochastic import KLUCB, UCB1, BetaThompson, stochastic_bandit
    from bandits.switching import Bandit, BatchedExp3, Exp3, FullInformation, ShrinkingDartboard, SwitchingCostGame
    from bandits.threshold import EmpiricalPools, ThresholdGame, pools_from_table
    from sims import Cell, Run, compare, grid, plot, run_sweep, simulate
    from theory import Bound, Verdict, catalogue, theorem, verify
    from theory.testing import assert_bound_broken, assert_bound_holds

__version__ = "0.1.0"

__all__ = [
    "KLUCB",
    "UCB1",
    "Bandit",
    "BatchedExp3",
    "BernoulliLosses",
    "BetaThompson",
    "Bound",
    "Cell",
    "EmpiricalPools",
    "Exp3",
    "FullInformation",
    "Learner",
    "LearnerSteps",
    "LossTable",
    "MultiScaleRandomWalk",
    "PreferenceGame",
    "Run",
    "ShrinkingDartboard",
    "SwitchingCostGame",
    "ThresholdGame",
    "Verdict",
    "__version__",
    "assert_bound_broken",
    "assert_bound_holds",
    "catalogue",
    "compare",
    "from_policy",
    "from_wins",
    "grid",
    "kernel",
    "plot",
    "pools_from_table",
    "regularized_nash",
    "run_sweep",
    "simulate",
    "stochastic_bandit",
    "theorem",
    "uniform_pair",
    "verify",
    "von_neumann_winner",
]


def _check_packages() -> None:
    """Raise ImportError where a file or folder of the user's hides one of the packages."""
    for name in ("bandits", "theory", "sims", "paper_figures"):
        own, found = Path(__file__).resolve().parents[1] / name, find_spec(name)
        places = [found.origin or "", *(found.submodule_search_locations or ())] if found else []
        if own not in [Path(place).resolve() for place in places]:
            where = next(filter(None, places), "nothing")
            raise ImportError(
                f"regretlab needs its package {name} in {own}, but `import {name}` finds {where}: rename it"
            )


_check_packages()

if not TYPE_CHECKING:
    from bandits.core.lazy import lazy

    _NAMES = {
        "bandits.adapters": "from_policy",
        "bandits.jit": "kernel",
        "bandits.losses": "BernoulliLosses LossTable MultiScaleRandomWalk",
        "bandits.protocol": "Learner LearnerSteps",
        "bandits.preference": "PreferenceGame regularized_nash von_neumann_winner",
        "bandits.preference.games": "from_wins",
        "bandits.rng": "uniform_pair",
        "bandits.stochastic": "BetaThompson KLUCB UCB1 stochastic_bandit",
        "bandits.switching": "Bandit BatchedExp3 Exp3 FullInformation ShrinkingDartboard SwitchingCostGame",
        "bandits.threshold": "EmpiricalPools ThresholdGame pools_from_table",
        "sims": "Cell Run compare grid plot run_sweep simulate",
        "theory": "Bound Verdict catalogue theorem verify",
        "theory.testing": "assert_bound_broken assert_bound_holds",
    }
    __getattr__, __dir__ = lazy(__name__, _NAMES)
