"""Speed compared with other libraries' bandit loops: `python benchmarks/peers.py [--only NAME] [--markdown FILE]`.

Each peer is installed from its package index into its own virtual environment under --envs DIR, which later runs use
again. All play one game: 10 arms with Bernoulli rewards of means 0.5, one of 0.6, with algorithms of the peer in its
own loop on one thread (peer_games.py), against ours of the same name, or EXP3 where there is none. Samples of a peer
and of ours alternate; factors are ratios of neighbours, so that a busy machine disturbs both. "Regret" is the mean
pseudo-regret divided by that of uniform play: a library that does not learn shows 1. A peer that cannot be installed,
imported or played is listed with the reason. Exit status: 0; 2 for bad usage.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from bandits.stochastic import KLUCB, UCB1, BetaThompson, stochastic_bandit
from bandits.switching import Exp3
from sims import simulate

ROUNDS, N_ARMS, GAP = 20_000, 10, 0.1
UNIFORM_REGRET = ROUNDS * GAP * (N_ARMS - 1) / N_ARMS
OURS_SECONDS = 0.2  # of one sample
OURS = {"UCB1": UCB1(), "KL-UCB": KLUCB(), "Thompson": BetaThompson()}  # EXP3 against all others
ENVIRONMENTS = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "regretlab" / "peers"


@dataclass(frozen=True)
class Peer:
    """A library: its name in the table, its game in peer_games.py, its package and what else pip is told."""

    label: str
    game: str
    algorithms: Sequence[str]
    package: str
    steps: Sequence[Sequence[str]] = ()  # arguments of `pip install`, in order; () means the package alone

    @property
    def installs(self) -> Sequence[Sequence[str]]:
        return self.steps or ((self.package,),)


OLD_SCIENCE = ("numpy==1.23.5", "scipy==1.9.3", "matplotlib<3.7", "scikit-learn<1.3", "pandas<2.1", "numba==0.57.1")
PEERS = (
    Peer("pymab (Rust core)", "pymab", ("EXP3", "UCB1", "KL-UCB", "Thompson"), "pymab"),
    Peer("river", "river", ("EXP3", "UCB1", "Thompson"), "river"),
    Peer(
        "SMPyBandits",
        "smpybandits",
        ("EXP3", "UCB1", "KL-UCB", "Thompson"),
        "SMPyBandits",
        ((*OLD_SCIENCE, "joblib", "seaborn<0.13", "tqdm", "setuptools<80"), ("--no-deps", "SMPyBandits")),
    ),
    Peer(
        "banditpylib",
        "banditpylib",
        ("EXP3", "UCB1", "Thompson"),
        "banditpylib",
        (
            ("numpy", "scipy", "matplotlib", "pandas", "seaborn", "absl-py", "protobuf==3.20.3"),
            ("--no-deps", "banditpylib @ git+https://github.com/Alanthink/banditpylib"),
        ),
    ),
    Peer("Vowpal Wabbit", "vowpalwabbit", ("softmax",), "vowpalwabbit"),
    Peer("MABWiser", "mabwiser", ("softmax", "UCB1", "Thompson"), "mabwiser"),
    Peer("coba", "coba", ("epsilon-greedy",), "coba"),
    Peer("obp", "obp", ("epsilon-greedy",), "obp", (("obp>=0.5.7",),)),
    Peer("pybandits", "pybandits", ("Thompson",), "pybandits"),
)


class Unplayable(RuntimeError):
    """A peer cannot be played; the message gives the reason."""


# ---------------------------------------------------------------- environments


def environment(peer: Peer, folder: Path, source: Path | None) -> Path:
    """Return the Python of the peer's environment, made and filled if it is not there yet."""
    home = folder / peer.game
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    steps = [list(step) for step in peer.installs]
    if source is not None:
        steps[-1][-1] = str(source)
    receipt = home / "installed.json"
    if receipt.exists() and json.loads(receipt.read_text()) == steps:
        return python
    home.parent.mkdir(parents=True, exist_ok=True)
    _call([sys.executable, "-m", "venv", "--clear", str(home)], "no virtual environment")
    for step in steps:
        _call([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *step], "not installed")
    receipt.write_text(json.dumps(steps))
    return python


def _call(command: Sequence[str], failure: str, limit: float = 900.0) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        raise Unplayable(f"{failure}: took more than {limit:g} s") from None
    if done.returncode != 0:
        raise Unplayable(f"{failure}: {reason(done.stdout + done.stderr)}")


def reason(said: str) -> str:
    """Return the line of pip's message that tells most, without its prefix."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for mark in ("No matching distribution", "fatal: ", "conflicting dependencies", "error: ", "ERROR: ", ""):
        for line in lines:
            if mark in line:
                return shorten(line.removeprefix("ERROR: ").removeprefix("error: ").removeprefix("fatal: "))
    return "no message"


def shorten(text: str, most: int = 140) -> str:
    """Return the text as one table cell."""
    line = " ".join(text.split()).replace("|", "/")
    return line if len(line) <= most else line[: most - 3] + "..."


# ---------------------------------------------------------------- playing


class Player:
    """A process in the peer's environment that plays when asked."""

    def __init__(self, python: Path, peer: Peer) -> None:
        script = str(Path(__file__).with_name("peer_games.py"))
        self._process = subprocess.Popen(
            [str(python), "-I", script, peer.game, peer.package],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )
        try:
            self.version = str(self._answer("does not import")["version"])
        except Unplayable:
            self.close()
            raise

    def play(self, repetitions: int, seed: int, rounds: int = ROUNDS, *more: int | str) -> tuple[float, float]:
        """Return seconds and mean pseudo-regret of `repetitions` games; more: what else the game wants to know."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, (rounds, repetitions, seed, *more))) + "\n")
        answer = self._answer("does not play")
        return float(answer["seconds"]), float(answer["regret"])

    def _answer(self, failure: str) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        answer = json.loads(line) if line else {"error": "the process died"}
        if "error" in answer:
            raise Unplayable(f"{failure}: {shorten(answer['error'])}")
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


def play_ours(repetitions: int, seed: int, algorithm: str = "EXP3") -> tuple[float, float]:
    """Return seconds and mean pseudo-regret of our own algorithm on one thread."""
    game = stochastic_bandit([0.5 + GAP] + [0.5] * (N_ARMS - 1), ROUNDS)
    began = time.perf_counter()
    run = simulate(
        game, OURS.get(algorithm, Exp3()), repetitions=repetitions, seed=seed, checkpoints=[ROUNDS], threads=1
    )
    return time.perf_counter() - began, float(run.final("pseudo_regret").mean())


@dataclass(frozen=True)
class Match:
    """What is played: our side, (repetitions, seed, algorithm) -> seconds and regret, rounds, uniform play's regret."""

    ours: Callable[[int, int, str], tuple[float, float]] = play_ours
    rounds: int = ROUNDS
    uniform: float = UNIFORM_REGRET


@dataclass
class Score:
    """Rounds per second of a peer and of ours, neighbours at the same index, and their regrets."""

    version: str
    theirs: list[float] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    regrets: list[float] = field(default_factory=list)
    our_regrets: list[float] = field(default_factory=list)


def measure(player: Player, algorithm: str, samples: int, seconds: float, match: Match) -> Score:
    """Take samples in turn, each of as many games as fill the time."""
    repetitions = fill(lambda count: player.play(count, 0, match.rounds, algorithm)[0], seconds)
    own = fill(lambda count: match.ours(count, 0, algorithm)[0], OURS_SECONDS)
    score = Score(player.version)
    for sample in range(1, samples + 1):
        theirs, regret = player.play(repetitions, sample, match.rounds, algorithm)
        ours, our_regret = match.ours(own, sample, algorithm)
        score.theirs.append(match.rounds * repetitions / theirs)
        score.ours.append(match.rounds * own / ours)
        score.regrets.append(regret)
        score.our_regrets.append(our_regret)
    return score


def fill(play: Any, seconds: float) -> int:
    """Return how many repetitions fill the time, from play(repetitions) -> seconds."""
    play(1)  # compiles, loads
    return max(1, round(seconds / play(1)))


# ---------------------------------------------------------------- the report


def row(peer: Peer, algorithm: str, score: Score, uniform: float) -> str:
    factors = sorted(ours / theirs for ours, theirs in zip(score.ours, score.theirs, strict=True))
    cells = [
        peer.label,
        score.version,
        algorithm,
        f"{median(score.theirs):,.0f}",
        f"{median(score.ours):,.0f}",
        f"**{median(factors):,.0f}**",
        f"{factors[0]:,.0f} to {factors[-1]:,.0f}",
        f"{median(score.regrets) / uniform:.3f}",
        f"{median(score.our_regrets) / uniform:.3f}",
    ]
    return "| " + " | ".join(cells) + " |"


def heading(samples: int) -> list[str]:
    return [
        "# Speed compared with other libraries",
        "",
        f"{N_ARMS} Bernoulli arms, {ROUNDS} rounds per game, one thread; Python {platform.python_version()}, "
        f"{os.cpu_count()} cores, load before the run {os.getloadavg()[0]:.1f}. {samples} samples of each side in "
        "turn; medians, and the spread of the ratios of neighbours. Ours is played by `simulate`. Regret: a share of "
        "uniform play's.",
        "",
        "| peer | version | algorithm | rounds per second | ours | ours / peer | spread | regret | ours |",
        "|---|---|---|---:|---:|---:|---|---:|---:|",
    ]


def report(options: argparse.Namespace) -> list[str]:
    """Install and play every chosen peer; return the report's lines."""
    return compared(options, heading(options.samples), Match())


def compared(options: argparse.Namespace, lines: list[str], match: Match) -> list[str]:
    """Return the lines, one more for each algorithm of each peer, and the peers that cannot be played."""
    missing: list[str] = []
    for peer in options.peers:
        print(f"{peer.label} ...", file=sys.stderr, flush=True)
        try:
            python = environment(peer, options.envs, options.sources.get(peer.game))
            player = Player(python, peer)
            try:
                for algorithm in peer.algorithms:
                    score = measure(player, algorithm, options.samples, options.seconds, match)
                    lines.append(row(peer, algorithm, score, match.uniform))
                    print(lines[-1], file=sys.stderr, flush=True)
            finally:
                player.close()
        except Unplayable as error:
            missing.append(f"| {peer.label} | {error} |")
            print(missing[-1], file=sys.stderr, flush=True)
    if missing:
        lines += ["", "| not measured | reason |", "|---|---|", *missing]
    return lines


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time the package against other libraries' bandit loops.")
    parser.add_argument(
        "--envs", type=Path, default=ENVIRONMENTS, metavar="DIR", help="where the environments are (%(default)s)"
    )
    parser.add_argument("--only", default="", metavar="NAME", help="only peers whose name contains NAME")
    parser.add_argument("--samples", type=int, default=5, metavar="N", help="samples of each side (default 5)")
    parser.add_argument("--seconds", type=float, default=1.0, metavar="S", help="of a peer's sample (default 1)")
    parser.add_argument(
        "--source", action="append", default=[], metavar="NAME=DIR", help="install NAME from a checkout"
    )
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="also write the report to FILE")
    options = parser.parse_args()
    if options.samples < 1 or not options.seconds > 0.0:
        parser.error(f"--samples must be >= 1 and --seconds > 0, got {options.samples} and {options.seconds}")
    if options.markdown and not options.markdown.resolve().parent.is_dir():
        parser.error(f"--markdown must name a file in an existing folder, got {options.markdown}")
    names = [peer.game for peer in PEERS]
    options.peers = [peer for peer in PEERS if options.only.lower() in peer.game]
    if not options.peers:
        parser.error(f"--only must be part of one of these names, got {options.only!r}: {', '.join(names)}")
    options.sources = {}
    for text in options.source:
        name, _, folder = text.partition("=")
        if name not in names or not Path(folder).is_dir():
            parser.error(f"--source must be NAME=DIR with a peer's name and a folder, got {text!r}")
        options.sources[name] = Path(folder).resolve()
    return options


def main() -> int:
    options = arguments()
    text = "\n".join(report(options)) + "\n"
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
