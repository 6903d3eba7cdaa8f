"""Speed of the package compared with C, in one run: `python benchmarks/run.py [--quick] [--long] [--markdown FILE]`.

`--json FILE` keeps the ratios and times, which `compare.py` compares with those of another run.

`--actions 2 100 10000` and `--horizon 1000000` play the switching family with other numbers of actions and rounds;
a horizon of 10^9 takes minutes per kernel.

Every pair is first played once and its numbers are compared: C is an independent check as well as a baseline.
Then the two sides alternate, several times; ratios are of neighbouring runs, so that a busy machine disturbs both.
Exit status: 0; 1 if numbers differ or a long run takes too much memory; 2 without a C compiler or for bad usage.
"""

import argparse
import ctypes
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numba
from c_reference import FLAGS, NoCompiler, build, compiler_version
from contests import Contest, Entry, Play, against_c, batched_against_loop, own_against_built_in
from start_up import memory_table, start_up_table


class BadUsage(ValueError):
    """An option has a value that cannot be used."""


@dataclass(frozen=True)
class Score:
    """Seconds of every run, in order; `ours[i]` and `rival[i]` were neighbours.

    One thread is timed by its own processor time, which other work on the machine disturbs less than the clock.
    """

    contest: Contest
    repetitions: int
    agrees: bool
    ours: Sequence[float]
    rival: Sequence[float]
    ours_clock: Sequence[float]  # the same runs by the clock
    rival_clock: Sequence[float]
    ours_two: Sequence[float]  # with 2 threads, by the clock
    rival_two: Sequence[float]

    def nanoseconds(self, seconds: float) -> float:
        return 1e9 * seconds / (self.contest.horizon * self.repetitions)

    @property
    def ratios(self) -> list[float]:
        return sorted(ours / rival for ours, rival in zip(self.ours, self.rival, strict=True))


def measure(contest: Contest, samples: int, seconds: float) -> Score:
    """Compare the numbers of both sides, then time them in turn `samples` times, about `seconds` a run of the rival."""
    agrees = all(contest.agrees(2, threads) for threads in (1, 2))
    repetitions = contest.repetitions
    if repetitions is None:
        each = min(_seconds(contest.rival, 1, 1)[0] for _ in range(1 if contest.horizon > 10**7 else 3))
        repetitions = max(2, 4 * round(seconds / each / 4))
    contest.ours(repetitions, 1)  # JAX compiles for the number of repetitions
    times: tuple[list[float], ...] = ([], [], [], [], [], [])
    for _ in range(samples):
        for side, play in enumerate((contest.ours, contest.rival)):
            processor, clock = _seconds(play, repetitions, 1)
            times[side].append(clock if contest.has_threads else processor)
            times[2 + side].append(clock)
        if contest.threaded:
            for side, play in enumerate((contest.ours, contest.rival)):
                times[4 + side].append(_seconds(play, repetitions, 2)[1])
    return Score(contest, repetitions, agrees, *times)


def _seconds(play: Play, repetitions: int, threads: int) -> tuple[float, float]:
    """Return processor time of this process and time by the clock."""
    processor, clock = time.process_time(), time.perf_counter()
    play(repetitions, threads)
    return time.process_time() - processor, time.perf_counter() - clock


def table(scores: Sequence[Score], rival: str) -> list[str]:
    """Return the Markdown table of some contests, ratios first."""
    head = f"| kernel | K | ours / {rival} | spread | same numbers | ns per round | best | {rival} ns | best | goal |"
    lines = [head + f" 2 threads, ours | {rival} |", "|---|---:|---:|---|---|---:|---:|---:|---:|---:|---:|---:|"]
    return lines + [_row(score) for score in scores]


def _row(score: Score) -> str:
    ratios = score.ratios
    cells = [
        score.contest.label,
        str(score.contest.n_actions),
        f"**{median(ratios):.2f}**",
        f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
        "yes" if score.agrees else "**NO**",
        *(f"{score.nanoseconds(f(score.ours)):.1f}" for f in (median, min)),
        *(f"{score.nanoseconds(f(score.rival)):.1f}" for f in (median, min)),
        f"{score.contest.goal:g}" if score.contest.goal else "",
        _speed_up(score.ours_clock, score.ours_two),
        _speed_up(score.rival_clock, score.rival_two),
    ]
    return "| " + " | ".join(cells) + " |"


def _numbers(score: Score, rival: str) -> dict[str, float]:
    label = f"{score.contest.label}, K = {score.contest.n_actions}"
    return {f"{label}: ours / {rival}": median(score.ratios), f"{label}: ns": score.nanoseconds(median(score.ours))}


def _speed_up(one: Sequence[float], two: Sequence[float]) -> str:
    """Return the ratio of throughputs from neighbouring runs: median, and that of the fastest runs."""
    if not two:
        return ""
    return f"{median(a / b for a, b in zip(one, two, strict=True)):.2f} (best {min(one) / min(two):.2f})"


def machine() -> str:
    """Return the processor model and the number of cores."""
    model = platform.processor() or platform.machine()
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        names = [line.split(":", 1)[1].strip() for line in listing.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, {platform.system()}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time the package against plain C of the same algorithms.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs: about a minute")
    parser.add_argument("--long", action="store_true", help="also peak memory of runs of 10^9 rounds (a minute or two)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only kernels whose label contains TEXT")
    parser.add_argument("--actions", type=int, nargs="+", default=(), metavar="K", help="numbers of actions, from 2")
    parser.add_argument("--horizon", type=int, metavar="T", help="rounds of a repetition, from 1000 to 10^9")
    parser.add_argument("--samples", type=int, metavar="N", help="runs of each side")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the report to FILE")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write ratios and times to FILE, for compare.py")
    options = parser.parse_args()
    for option in ("markdown", "json"):
        file = getattr(options, option)
        if file and not file.resolve().parent.is_dir():
            parser.error(f"--{option} must name a file in an existing folder, got {file}")
    if min(options.actions, default=2) < 2 or max(options.actions, default=2) > 10**4:
        parser.error(f"--actions must be between 2 and 10000, got {options.actions}")
    if options.horizon is not None and not 1000 <= options.horizon <= 10**9:
        parser.error(f"--horizon must be between 1000 and 10^9, got {options.horizon}")
    if options.samples is not None and options.samples < 1:
        parser.error(f"--samples must be at least 1, got {options.samples}")
    return options


def report(options: argparse.Namespace, folder: Path) -> tuple[list[str], bool]:
    """Run everything and return the report's lines and whether all checks passed."""
    horizon, samples, seconds = (50_000, 7, 0.05) if options.quick else (100_000, 15, 0.2)
    horizon, samples = options.horizon or horizon, options.samples or samples
    chosen = _chosen(options, build(folder), horizon)
    lines = _heading(horizon, samples, seconds)
    passed, numbers = True, {}
    for rival, entries in chosen.items():
        scores = []
        for entry in entries:
            scores.append(measure(entry.build(), samples, seconds))
            print(_row(scores[-1]), file=sys.stderr, flush=True)
            numbers |= _numbers(scores[-1], rival)
        if scores:
            lines += [*table(scores, rival), ""]
            passed = passed and all(score.agrees for score in scores)
    if options.json:
        options.json.write_text(json.dumps(numbers, indent=1) + "\n", encoding="utf-8")
    if not options.only and not options.actions:
        lines += [*start_up_table(3 if options.quick else 5), ""]
    if options.long:
        memory, fits = memory_table(10**9)
        lines += [*memory, ""]
        passed = passed and fits
    return lines, passed


def _chosen(options: argparse.Namespace, library: ctypes.CDLL, horizon: int) -> dict[str, list[Entry]]:
    """Return the contests of each rival that the options ask for."""
    groups = {"C": list(against_c(library, horizon, options.actions))}
    if not options.actions:
        groups |= {"built-in": [own_against_built_in(horizon)]}
        groups |= {"Numba": list(batched_against_loop(min(horizon // 5, 20_000), 256))}
    chosen = {
        rival: [entry for entry in entries if options.only.lower() in entry.label.lower()]
        for rival, entries in groups.items()
    }
    if not any(chosen.values()):
        labels = sorted({entry.label for entries in groups.values() for entry in entries})
        raise BadUsage(f"--only must be part of one of these labels, got {options.only!r}: {'; '.join(labels)}")
    return chosen


def _heading(horizon: int, samples: int, seconds: float) -> list[str]:
    versions = f"{compiler_version()}; Python {platform.python_version()}, Numba {numba.__version__}"
    return [
        "# Speed compared with plain C",
        "",
        f"{machine()}; {versions}.",
        f"Repetitions of {horizon} rounds; {samples} runs of each side in turn, about {seconds:g} s each; medians of "
        "the ratios of neighbouring runs, medians and least times per round: processor time of the one thread, but for "
        "JAX, which has threads of its own and is timed by the clock like the 2-thread columns. "
        f"Load before the run: {os.getloadavg()[0]:.1f} (other work on the machine holds the 2-thread columns down).",
        f"C: `{' '.join(FLAGS[:4])}`, same algorithms, generator, accounting and order of operations.",
        "",
    ]


def main() -> int:
    options = arguments()
    try:
        with tempfile.TemporaryDirectory() as folder:
            lines, passed = report(options, Path(folder))
    except (NoCompiler, BadUsage) as error:
        print(f"benchmarks/run.py: {error}", file=sys.stderr)
        return 2
    text = "\n".join(lines)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    if not passed:
        print("benchmarks/run.py: numbers differ or a limit is exceeded, see the report", file=sys.stderr)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
