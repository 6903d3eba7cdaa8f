"""`regretlab simulate`: one problem and one learner, from the command line."""

from pathlib import Path
from typing import Annotated, Any

import typer

from sims.cli.screen import Quiet, clear_errors
from sims.tables import table

_PICTURES = (".png", ".pdf", ".svg")


def simulate(
    problem: Annotated[
        str, typer.Argument(help='As in "SwitchingCostGame(BernoulliLosses([0.5, 0.4]), horizon=10_000)".')
    ],
    learner: Annotated[str, typer.Argument(help='Exp3 or "Exp3(learning_rate=0.1)"; mine.Own is in module mine.')],
    repetitions: Annotated[int, typer.Option(help="Repetitions, at least 1.")] = 16,
    seed: Annotated[int, typer.Option(help="Seed of the random streams.")] = 0,
    backend: Annotated[str, typer.Option(help="numba, jax, jax-float32 or python.")] = "numba",
    plot: Annotated[Path | None, typer.Option(help="Picture to write (PNG, PDF, SVG): the metric by rounds.")] = None,
    metric: Annotated[str, typer.Option(help="Metric of the picture.")] = "regret",
    bound: Annotated[list[str] | None, typer.Option(help="Theorem to draw into the picture; several times.")] = None,
    quiet: Quiet = False,
) -> None:
    """Play a problem with a learner; print the metrics at the horizon, and draw one with --plot."""
    from sims import simulate as play
    from sims.expression import made_from
    from theory import theorem

    with clear_errors():
        if plot is None and bound:
            raise ValueError("--bound needs --plot, the picture to draw it into")
        bounds = [theorem(name) for name in bound or ()]
        game, player = made_from(problem, "problem"), made_from(learner, "learner")
        if plot is not None and metric not in game.metrics:
            raise ValueError(f"--metric {metric}: the problem has {', '.join(game.metrics)}")
        if plot is not None and plot.suffix not in _PICTURES:
            raise ValueError(f"--plot {plot}: its name must end in one of {', '.join(_PICTURES)}")
        run = play(game, player, repetitions=repetitions, seed=seed, backend=backend, progress=not quiet)  # type: ignore[arg-type]
        if plot is not None:
            _draw(run, metric, bounds, plot)
    if not quiet:
        header, *rows = _table(run)
        table(header, rows)
        print(f"{run.repetitions} repetitions, round {run.rounds[-1]}, seed {run.seed}" + (f"\n{plot}" if plot else ""))


def _table(run: Any) -> list[list[str]]:
    rows = [["metric", "mean", "low (95%)", "high (95%)"]]
    for metric in run.metrics:
        ends = run.interval(metric)
        rows.append([metric, *(f"{values[-1]:.5g}" for values in (run.mean(metric), *ends))])
    return rows


def _draw(run: Any, metric: str, bounds: list[Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    figure = run.plot(metric, bounds=bounds).figure
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path)
