"""Plots of runs: curves with intervals and bounds, and policies on the simplex."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from bandits.core.arguments import checked
from bandits.core.checks import instance, real
from sims import Run
from sims.comparison import checked_runs, labels_of
from sims.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, RC, RED, SKY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SERIES = ((BLUE, "o"), (ORANGE, "s"), (GREEN, "D"), (RED, "^"), (PURPLE, "v"), (SKY, "P"), (BLACK, "X"))
_DASHES = ("--", ":", "-.")


def plot(
    runs: "Run | Sequence[Run]",
    metric: str = "regret",
    *,
    bounds: Sequence[Any] = (),
    level: float = 0.95,
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw a metric's mean against the round, one curve per run, with a band for the mean; return the axes.

    bounds: one theorem about the metric or several, as `theory.theorem(name)` returns them. Each is drawn as a broken
    line in the colour of the run whose learner it names (of all runs, where it names none of theirs) at its value for
    the last round: before that it need not hold, since learners are tuned to the horizon.
    level: of the pointwise Student's t interval, in (0, 1); without band for a single repetition.
    ax: Matplotlib axes to draw into; new ones by default, with a logarithmic axis of rounds.

    Raises KeyError for an unknown metric, TypeError for what is no run or no bound, ValueError for no runs and for a
    bound that is about another metric, claims a rate only, or does not apply to a run.
    """
    bounds = [bounds] if hasattr(bounds, "value_for") else bounds
    runs, level = checked_runs(runs), real("level", level, 0.0, 1.0, open_low=True, open_high=True)
    lines = [(bound, run, _height(bound, run, metric)) for bound in bounds for run in _meant(bound, runs)]
    axes = _new_axes(xscale="log") if ax is None else _checked(ax)
    for place, (label, run) in enumerate(zip(labels_of(runs), runs, strict=True)):
        colour, marker = _SERIES[place % len(_SERIES)]
        line: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 4.0, "markevery": 2}
        axes.plot(run.rounds, run.mean(metric), label=label, **line)
        if run.repetitions > 1:
            axes.fill_between(run.rounds, *run.interval(metric, level), color=colour, alpha=0.22, linewidth=0)
        for number, (bound, height) in enumerate((bound, height) for bound, of, height in lines if of is run):
            words, dash = f"{bound.name} at round {run.rounds[-1]}", _DASHES[number % len(_DASHES)]
            axes.plot(run.rounds[[0, -1]], [height, height], dash, color=colour, linewidth=1.0, label=words)
    axes.set(xlabel="round", ylabel=f"{metric.replace('_', ' ')}, mean of the repetitions")
    axes.legend(frameon=False, fontsize=8)
    return axes


def _meant(bound: Any, runs: Sequence[Run]) -> Sequence[Run]:
    """Return the runs of the learner that a theorem names; all where it names none of them."""
    if not hasattr(bound, "value_for"):
        raise TypeError(f"bounds must be theorems, as theory.theorem('name') returns them, got {bound!r}")
    return [run for run in runs if run.learner.name == bound.learner] or runs


def _height(bound: Any, run: Run, metric: str) -> float:
    """Return the value of a theorem's bound on a run's metric at its last round."""
    if bound.quantity != metric:
        raise ValueError(f"bounds must be about {metric}, {bound.name} is about {bound.quantity}")
    if int(run.rounds[-1]) != run.problem.horizon:
        raise ValueError(
            f"bounds must be drawn of runs to the horizon {run.problem.horizon}, got {run.rounds[-1]} rounds"
        )
    if failing := bound.applies(run.problem, run.learner):
        raise ValueError(f"{bound.name} does not apply to {run.learner.name}: {'; '.join(failing)}")
    return float(bound.value_for(run.problem, run.learner))


@checked
def simplex(policies: ArrayLike, *, label: str = "", ax: "Axes | None" = None) -> "Axes":
    """Draw a path of policies over three actions in the triangle of all such policies; return the axes.

    policies: (N, 3), rows of probabilities, as `np.exp(sims.trajectory(game, learner))`; ValueError for others.
    Action 0 is in the left corner, 1 in the right, 2 on top; a dot marks the first policy. ax: Matplotlib axes to draw
    into; the triangle is drawn once.
    """
    path = np.asarray(policies, dtype=np.float64)
    if path.ndim != 2 or path.shape[1] != 3:
        raise ValueError(f"policies must be (N, 3), rows of probabilities of three actions, got shape {path.shape}")
    if not ((path >= 0.0).all() and np.allclose(path.sum(axis=1), 1.0, rtol=0.0, atol=1e-6)):
        raise ValueError("policies must be rows of probabilities: at least 0, of sum 1")
    axes = _new_axes() if ax is None else _checked(ax)
    triangle(axes)
    x, y = flat(path)
    (line,) = axes.plot(x, y, label=label or None)
    axes.plot(x[:1], y[:1], "o", color=line.get_color(), markersize=4.0)
    if label:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.06), frameon=False)
    return axes


def flat(policies: Any) -> tuple[Any, Any]:
    """Return the points of the simplex in the plane, of policies (N, 3): action 0 left, 1 right, 2 above."""
    return policies[:, 1] + 0.5 * policies[:, 2], 0.75**0.5 * policies[:, 2]


def triangle(axes: "Axes") -> None:
    """Draw the simplex of three actions with its corners named, unless the axes have it."""
    from matplotlib.patches import Polygon

    if any(isinstance(patch, Polygon) for patch in axes.patches):
        return
    corners = flat(np.eye(3))
    axes.add_patch(Polygon(np.column_stack(corners), closed=True, fill=False, edgecolor=GREY, linewidth=0.9))
    for action, (place, side, end) in enumerate(
        (((0, -4), "left", "top"), ((0, -4), "right", "top"), ((0, 3), "center", "bottom"))
    ):
        at = (float(corners[0][action]), float(corners[1][action]))
        axes.annotate(f"action {action}", at, place, textcoords="offset points", ha=side, va=end)
    axes.set_aspect("equal")
    axes.set_axis_off()


def _checked(ax: Any) -> "Axes":
    """Return axes to draw into; TypeError for anything else."""
    from matplotlib.axes import Axes

    axes: Axes = instance("ax", ax, Axes, "Matplotlib axes, as plt.subplots() returns them beside the figure")
    return axes


def _new_axes(**settings: Any) -> "Axes":
    from matplotlib import pyplot, rc_context

    with rc_context(RC):
        _, axes = pyplot.subplots(figsize=(6.4, 4.0), layout="constrained")
        axes.set(**settings)
    return axes
