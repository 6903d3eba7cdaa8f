"""Where the time until a first result goes: `python benchmarks/first_result.py [NAME ...] [--json FILE]`.

NAME is one of simulate (a learner and a game of the switching family), verify (all theorems), figures (all, at
quality tiny) and tests (all; about 20 minutes). Each runs in one process of its own, first with an empty kernel cache,
then with what that left. Compilation is counted by the events of Numba and JAX, drawing around Matplotlib's layout and
files; the rest is simulation, exact laws and tables. Without NAME all but the tests run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("simulate", "verify", "figures", "tests")
PARTS = ("import", "compile", "draw", "rest", "all")


class Clock:
    """Seconds of each part; a part inside another counts for the outer one alone."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS[:3], 0.0)
        self._inside = False

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        if self._inside:
            yield
            return
        self._inside, start = True, time.perf_counter()
        try:
            yield
        finally:
            self._inside = False
            self.seconds[name] += time.perf_counter() - start

    def around(self, name: str, function: Callable) -> Callable:
        def timed(*arguments, **options):
            with self.part(name):
                return function(*arguments, **options)

        return timed


def inside(name: str) -> dict[str, float]:
    """Run `name` in this process and return the seconds of its parts."""
    clock, start = Clock(), time.perf_counter()
    with clock.part("import"):
        import jax
        import numba.core.event
        from matplotlib.figure import Figure

        import theory
        from paper_figures import gallery, style
        from theory.suite import verify_all

        theory.catalogue()
    _listen(clock, numba.core.event, jax.monitoring)
    Figure.savefig = clock.around("draw", Figure.savefig)
    style.lay_out = clock.around("draw", style.lay_out)
    with tempfile.TemporaryDirectory() as folder:
        if name == "simulate":
            _first_pair()
        elif name == "verify":
            for _ in verify_all():
                pass
        elif name == "figures":
            for _ in gallery.draw(quality="tiny", out=folder):
                pass
        else:
            import pytest

            pytest.main(["-q", "-p", "no:cacheprovider", str(ROOT / "tests")])
    total = time.perf_counter() - start
    return {**clock.seconds, "rest": total - sum(clock.seconds.values()), "all": total}


def _listen(clock: Clock, numba_events, jax_events) -> None:
    class Compilations(numba_events.Listener):
        def __init__(self):
            self.started = []

        def on_start(self, event):
            self.started.append(time.perf_counter())

        def on_end(self, event):
            start = self.started.pop()
            if not self.started:
                clock.seconds["compile"] += time.perf_counter() - start

    def compiled(name: str, seconds: float, **_) -> None:
        if name.startswith("/jax/core/compile"):
            clock.seconds["compile"] += seconds

    numba_events.register("numba:compile", Compilations())
    jax_events.register_event_duration_secs_listener(compiled)


def _first_pair() -> None:
    from bandits.losses import BernoulliLosses
    from bandits.switching import Exp3, SwitchingCostGame
    from sims import simulate

    simulate(SwitchingCostGame(BernoulliLosses.with_gap(10, gap=0.1), horizon=10_000), Exp3(), repetitions=2, seed=1)


def measured(name: str, cache: str) -> dict[str, float]:
    """Run `name` in a process of its own with the kernels in `cache`."""
    environment = {**os.environ, "REGRETLAB_CACHE_DIR": cache}
    command = [sys.executable, str(Path(__file__)), "--inside", name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=ROOT)
    if not done.stdout.strip() or done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*NAMES, []])
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the seconds, for compare.py")
    parser.add_argument("--inside", metavar="NAME", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(json.dumps(inside(options.inside)))
        return
    print(f"Load before the run: {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores; seconds, in one process.\n")
    print("| what | cache | " + " | ".join(PARTS) + " |\n|---|---|" + "---:|" * len(PARTS))
    kept = {}
    for name in options.names or NAMES[:3]:
        with tempfile.TemporaryDirectory() as cache:
            for state in ("empty", "warm"):
                seconds = measured(name, cache)
                kept |= {f"{name}, {state}: {part}": seconds[part] for part in PARTS}
                print(
                    f"| {name} | {state} | " + " | ".join(f"{seconds[part]:.1f}" for part in PARTS) + " |", flush=True
                )
    if options.json:
        options.json.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
