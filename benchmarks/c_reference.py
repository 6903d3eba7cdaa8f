"""Build the C files of `reference/` and call them: the same games as `sims.simulate`, played by plain C."""

import ctypes
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.protocol import Learner
from bandits.switching import SwitchingCostGame

FLAGS = ("-std=c11", "-O3", "-march=native", "-ffp-contract=off", "-fPIC", "-shared")


class NoCompiler(RuntimeError):
    """No C compiler was found, or it rejects the flags."""


class _Game(ctypes.Structure):
    _fields_ = [
        ("n_actions", ctypes.c_int64),
        ("horizon", ctypes.c_int64),
        ("learning_rate", ctypes.c_double),
        ("batch_length", ctypes.c_int64),
        ("table", ctypes.c_void_p),
        ("totals", ctypes.c_void_p),
        ("mean", ctypes.c_void_p),
        ("digits", ctypes.c_void_p),
        ("gap", ctypes.c_double),
        ("noise", ctypes.c_double),
    ]


def build(folder: Path) -> ctypes.CDLL:
    """Compile the references into one library in `folder` and load it; NoCompiler says what is missing."""
    compiler = find_compiler()
    library = folder / "reference.so"
    sources = sorted(map(str, Path(__file__).with_name("reference").glob("*.c")))
    done = subprocess.run([compiler, *FLAGS, *sources, "-o", str(library), "-lm"], capture_output=True, text=True)
    if done.returncode != 0:
        raise NoCompiler(f"{compiler} could not build the references:\n{done.stderr}")
    return ctypes.CDLL(str(library))


def find_compiler() -> str:
    """Return the C compiler to use: $CC, cc, gcc or clang."""
    for name in (os.environ.get("CC", ""), "cc", "gcc", "clang"):
        found = shutil.which(name) if name else None
        if found:
            return found
    raise NoCompiler("the benchmark compares with C and found no compiler: install gcc or clang, or set CC")


def compiler_version() -> str:
    """Return the compiler's own first line about itself."""
    done = subprocess.run([find_compiler(), "--version"], capture_output=True, text=True)
    return done.stdout.splitlines()[0] if done.stdout else find_compiler()


class CGame:
    """One game and learner, played by the C function `kernel`."""

    def __init__(self, library: ctypes.CDLL, kernel: str, game: SwitchingCostGame, learner: Learner) -> None:
        self._function = getattr(library, kernel)
        self._problem = game
        self._setting = game.losses.setting(game.horizon)  # holds the arrays that the C side points at
        self._game = _describe(game, learner.parameters(game), self._setting)

    def play(self, seed: int, count: int, threads: int = 1) -> NDArray[np.float64]:
        """Return (count, 5): loss, switches, best action's loss, excess of means, clipped rounds."""
        out = np.empty((count, 5))
        pieces = np.array_split(np.arange(count), min(count, 8 * threads if threads > 1 else 1))

        def part(piece: NDArray[np.int64]) -> None:
            rows = out[piece[0] : piece[-1] + 1]
            self._function(
                ctypes.byref(self._game),
                ctypes.c_uint64(seed),
                ctypes.c_int64(int(piece[0])),
                ctypes.c_int64(len(piece)),
                ctypes.c_void_p(rows.ctypes.data),
            )

        if threads == 1:
            part(pieces[0])
        else:
            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(part, pieces))
        return out

    def metrics(self, out: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return C's numbers as the game's metrics, (count, len(game.metrics))."""
        game = self._problem
        loss, switches, best, excess, clipped = out.T
        paid = game.switching_cost * switches
        seen, _ = game.feedback.observation_range(game.horizon, game.n_actions)
        columns = {
            "loss": loss,
            "switches": switches,
            "observations": np.full_like(loss, seen),
            "best_loss": best,
            "regret": loss + paid - best,
            "pseudo_regret": excess + paid,
            "clipped_rounds": clipped,
        }
        return np.stack([columns[name] for name in game.metrics], axis=1)


def _describe(game: SwitchingCostGame, params: Any, setting: Any) -> _Game:
    shown = _Game(n_actions=game.n_actions, horizon=game.horizon)
    shown.learning_rate = getattr(params, "learning_rate", 0.0)
    shown.batch_length = getattr(params, "batch_length", 1)
    for name in ("table", "totals", "mean", "digits"):
        if hasattr(setting, name):
            setattr(shown, name, getattr(setting, name).ctypes.data)
    for name in ("gap", "noise"):
        setattr(shown, name, getattr(setting, name, 0.0))
    return shown
